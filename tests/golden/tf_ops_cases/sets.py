"""Sets in the rows of dense and sparse tensors, and distances of sequences."""


def cases(tf, np):
    draw, ops = np.random.RandomState(0), tf.raw_ops

    def some(dtype, *shape):
        if dtype == "string":
            return np.array([b"s%d" % v for v in draw.randint(0, 9, shape).ravel()], object).reshape(shape)
        return draw.randint(0, 5, shape).astype(tf.as_dtype(dtype).as_numpy_dtype)

    places, shape = np.array([[0, 0, 0], [0, 0, 2], [1, 1, 0], [1, 1, 1]]), np.array([2, 2, 5])
    sparse = [(None, 3), (None,), (3,)]
    for dtype in ("int32", "int64", "uint8", "string"):
        for how in ("a-b", "b-a", "intersection", "union") if dtype in ("int64", "string") else ["union"]:
            of = lambda x, y, how=how: ops.DenseToDenseSetOperation(set1=x, set2=y, set_operation=how)  # noqa: E731
            yield f"sets_{how}_{dtype}", of, [some(dtype, 2, 2, 3), some(dtype, 2, 2, 4)], [(None,) * 3] * 2
            of = lambda x, i, v, s, how=how: ops.DenseToSparseSetOperation(  # noqa: E731
                set1=x, set2_indices=i, set2_values=v, set2_shape=s, set_operation=how)  # fmt: skip
            yield f"sets_sparse_{how}_{dtype}", of, [some(dtype, 2, 2, 3), places, some(dtype, 4), shape], [(None,) * 3, *sparse]
        both = lambda j, w, i, v, s: ops.SparseToSparseSetOperation(  # noqa: E731
            set1_indices=j, set1_values=w, set1_shape=s, set2_indices=i, set2_values=v, set2_shape=s, set_operation="union")  # fmt: skip
        yield f"sets_both_sparse_{dtype}", both, [places[1:], some(dtype, 3), places, some(dtype, 4), shape]
        size = lambda i, v, s: tf.sets.size(tf.SparseTensor(i, v, s))  # noqa: E731
        yield f"set_size_{dtype}", size, [places, some(dtype, 4), shape], sparse
    yield "sets_of_nothing", lambda x, y: ops.DenseToDenseSetOperation(set1=x, set2=y, set_operation="union"), [some("int32", 2, 0)] * 2

    def sequences(dtype, rows, columns):
        x = draw.randint(0, 4, (rows, columns))
        x[1] = 0
        at = np.argwhere(x)
        values = x[tuple(at.T)]
        return at, np.array([b"%d" % v for v in values], object) if dtype == "string" else values.astype(dtype), np.array([rows, columns])

    for dtype in ("float32", "int64", "string"):
        for normalize in (True, False):
            distance = lambda i, v, s, j, w, t, n=normalize: ops.EditDistance(  # noqa: E731
                hypothesis_indices=i, hypothesis_values=v, hypothesis_shape=s, truth_indices=j, truth_values=w, truth_shape=t, normalize=n)  # fmt: skip
            given = [*sequences(dtype, 3, 6), *sequences(dtype, 4, 5)]
            yield f"distance_{normalize}_{dtype}", distance, given, [(None, 2), (None,), (2,)] * 2
    one = sequences("int32", 3, 4)
    yield "distance_to_nothing", distance, [*one, one[0][:0], one[1][:0], one[2]]
