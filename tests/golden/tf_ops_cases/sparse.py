"""Sparse tensors: with dense ones, in other orders and shapes, embeddings."""


def cases(tf, np):
    draw, ops = np.random.RandomState(0), tf.raw_ops

    def some(dtype, *shape):
        if dtype == "string":
            return np.array([b"s%d" % v for v in draw.randint(0, 9, shape).ravel()], object).reshape(shape)
        return draw.randint(0, 5, shape).astype(tf.as_dtype(dtype).as_numpy_dtype)

    at, other, shape = np.array([[0, 1], [0, 2], [2, 0], [3, 3]]), np.array([[0, 1], [1, 2], [2, 0], [3, 2], [4, 1]]), np.array([5, 4])
    free = [(None, 2), (None,), (2,)]
    to_dense = lambda i, s, v, d: ops.SparseToDense(sparse_indices=i, output_shape=s, sparse_values=v, default_value=d)  # noqa: E731
    order = lambda i, v, s: ops.SparseReorder(input_indices=i, input_values=v, input_shape=s)  # noqa: E731
    join = lambda i, v, s, j, w, axis=1: ops.SparseConcat(indices=[i, j], values=[v, w], shapes=[s, s], concat_dim=axis)  # noqa: E731
    cut = lambda i, v, s, n=3, axis=0: [  # noqa: E731
        part for parts in ops.SparseSplit(split_dim=axis, indices=i, values=v, shape=s, num_split=n) for part in parts]  # fmt: skip
    part = lambda i, v, s, a, n: ops.SparseSlice(indices=i, values=v, shape=s, start=a, size=n)  # noqa: E731
    fill = lambda i, v, s, d: ops.SparseFillEmptyRows(indices=i, values=v, dense_shape=s, default_value=d)  # noqa: E731
    times = lambda i, v, s, d, **how: ops.SparseTensorDenseMatMul(a_indices=i, a_values=v, a_shape=s, b=d, **how)  # noqa: E731
    plus = lambda i, v, s, d: ops.SparseTensorDenseAdd(a_indices=i, a_values=v, a_shape=s, b=d)  # noqa: E731
    for dtype in "float32 int32 bool string".split():
        yield f"to_dense_{dtype}", to_dense, [at, shape, some(dtype, 4), some(dtype)], [(None, 2), (2,), (None,), ()]
        yield f"to_dense_one_{dtype}", to_dense, [at.astype(np.int32), shape.astype(np.int32), some(dtype), some(dtype)]
        yield f"order_{dtype}", order, [at[[2, 0, 3, 1]], some(dtype, 4), shape], free
        yield f"join_{dtype}", join, [at, some(dtype, 4), shape, other, some(dtype, 5)], [*free, *free[:2]]
        yield f"cut_{dtype}", cut, [at, some(dtype, 4), shape], free
        yield f"part_{dtype}", part, [at, some(dtype, 4), shape, np.array([0, 1]), np.array([3, 7])], [*free, (2,), (2,)]
        yield f"fill_{dtype}", fill, [at, some(dtype, 4), shape, some(dtype)], [*free, ()]
    yield "join_rows", lambda *x: join(*x, axis=-2), [at, some("int32", 4), shape, other, some("int32", 5)]
    yield "cut_columns", lambda *x: cut(*x, n=2, axis=-1), [at, some("int32", 4), shape]
    yield "fill_out_of_order", fill, [at[[3, 1, 0, 2]], some("float32", 4), shape, np.float32(9)]
    yield "fill_all", fill, [at[:0], some("float32", 0), shape, np.float32(9)], [*free, ()]
    vector = lambda i, v: ops.SparseToDense(sparse_indices=i, output_shape=[7], sparse_values=v, default_value=-1.0)  # noqa: E731
    yield "to_dense_vector", vector, [np.array([1, 4, 5]), some("float32", 3)], [(None,), (None,)]
    yield "to_dense_element", vector, [np.int64(3), np.float32(2)]
    for k, (old, new) in enumerate([([5, 4], [20]), ([5, 4], [2, -1, 5]), ([5, 4], [20, 1, 1])]):
        reshape = lambda i, s, n: ops.SparseReshape(input_indices=i, input_shape=s, new_shape=n)  # noqa: E731
        yield f"reshape_{k}", reshape, [at, np.array(old), np.array(new)], [(None, 2), (2,), (None,)]
    for dtype in "float32 float64 float16 int32".split():
        if dtype != "float16":
            yield f"times_{dtype}", times, [at, some(dtype, 4), shape, some(dtype, 4, 3)], [*free, (None, None)]
        yield f"plus_{dtype}", plus, [at, some(dtype, 4), shape, some(dtype, 5, 4)], [*free, (None, None)]
    for k, (a, d) in enumerate([(True, False), (False, True), (True, True)]):
        of = lambda *x, a=a, d=d: times(*x, adjoint_a=a, adjoint_b=d)  # noqa: E731
        dense = some("float32", 5 if a else 4, 3)
        yield f"times_turned_{k}", of, [at, some("float32", 4), shape, dense.T if d else dense], [*free, (None, None)]
    x, table = np.array([[0, 1, 2], [3, 0, 0], [0, 0, 0]]), some("float32", 5, 2)
    embed = lambda x, w: tf.nn.safe_embedding_lookup_sparse(w, tf.sparse.from_dense(x), combiner="mean")  # noqa: E731
    yield "embedding", embed, [x, table], [(None, 3), (5, 2)]
    rooted = lambda x, w: tf.nn.embedding_lookup_sparse(w, tf.sparse.from_dense(x), None, combiner="sqrtn")  # noqa: E731
    yield "embedding_sqrtn", rooted, [x[:2], table], [(None, 3), (5, 2)]
