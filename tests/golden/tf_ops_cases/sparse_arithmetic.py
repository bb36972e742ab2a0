"""Sparse tensors added, compared, reduced, and combined with dense ones."""


def cases(tf, np):
    draw, ops = np.random.RandomState(0), tf.raw_ops

    def some(dtype, *shape):
        return draw.randint(0, 5, shape).astype(dtype)

    at, other, shape = np.array([[0, 1], [0, 2], [2, 0], [3, 3]]), np.array([[0, 1], [1, 2], [2, 0], [3, 2], [4, 1]]), np.array([5, 4])
    free = [(None, 2), (None,), (2,)]
    for dtype in ("float32", "int32"):
        values = [at, some(dtype, 4) - np.asarray(2, dtype), shape, other, some(dtype, 5) - np.asarray(2, dtype)]
        for threshold in (0, 3):
            add = lambda i, v, s, j, w, t: ops.SparseAdd(  # noqa: E731
                a_indices=i, a_values=v, a_shape=s, b_indices=j, b_values=w, b_shape=s, thresh=t)  # fmt: skip
            yield f"add_{threshold}_{dtype}", add, [*values, np.array(threshold, dtype)], [*free, *free[:2], ()]
        for name in ("Maximum", "Minimum"):
            of = lambda i, v, s, j, w, op=getattr(ops, f"SparseSparse{name}"): op(  # noqa: E731
                a_indices=i, a_values=v, a_shape=s, b_indices=j, b_values=w, b_shape=s)  # fmt: skip
            yield f"{name}_{dtype}", of, values, [*free, *free[:2]]
        for name in ("Add", "Mul", "Div"):
            for k, dims in enumerate(((1, 4), (5, 1), (4,), ()) if dtype == "float32" else [(4,)]):
                of = lambda i, v, s, d, op=getattr(ops, f"SparseDenseCwise{name}"): op(sp_indices=i, sp_values=v, sp_shape=s, dense=d)  # noqa: E731
                dense = some(dtype, *dims) + np.asarray(1, dtype)
                yield f"dense_{name}_{k}_{dtype}", of, [*values[:3], dense], [*free, (None,) * len(dims)]
        for name in ("Sum", "Max"):
            for axes in ([0], [-1], [0, 1], []) if dtype == "float32" else [[1]]:
                for keep in (False, True):
                    for rest in ("", "Sparse"):
                        of = lambda i, v, s, op=getattr(ops, f"SparseReduce{name}{rest}"), a=axes, k=keep: op(  # noqa: E731
                            input_indices=i, input_values=v, input_shape=s, reduction_axes=tf.constant(a, tf.int32), keep_dims=k)  # fmt: skip
                        yield f"{name}{rest}_{axes}_{keep}_{dtype}", of, [other, values[4], shape], free
    softmax = lambda i, v, s: ops.SparseSoftmax(sp_indices=i, sp_values=v, sp_shape=s)  # noqa: E731
    yield "softmax", softmax, [at, some("float32", 4), shape], free
