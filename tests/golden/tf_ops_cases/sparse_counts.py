"""Counts of numbers in the rows of dense, sparse and ragged tensors."""


def cases(tf, np):
    draw, ops = np.random.RandomState(0), tf.raw_ops

    def some(dtype, *shape):
        if dtype == "string":
            return np.array([b"s%d" % v for v in draw.randint(0, 9, shape).ravel()], object).reshape(shape)
        return draw.randint(0, 5, shape).astype(tf.as_dtype(dtype).as_numpy_dtype)

    free = [(None, 2), (None,), (2,)]
    at, values, shape = np.array([[0, 0], [0, 1], [0, 2], [2, 0], [2, 1]]), np.array([2, 0, 2, 3, 7]), np.array([4, 3])
    for dtype in ("float32", "int64"):
        for weights in (some(dtype, 5), some(dtype, 0)):
            for binary in (False,) if len(weights) else (False, True):
                end = f"{len(weights)}_{binary}_{dtype}"
                sparse = lambda i, v, s, n, w, b=binary: ops.SparseBincount(  # noqa: E731
                    indices=i, values=v, dense_shape=s, size=n, weights=w, binary_output=b)  # fmt: skip
                yield f"bincount_{end}", sparse, [at, values, shape, np.int64(4), weights], [*free, (), (None,)]
                ragged = lambda s, v, n, w, b=binary: ops.RaggedBincount(splits=s, values=v, size=n, weights=w, binary_output=b)  # noqa: E731
                rows = [np.array([0, 3, 3, 5]), values, np.int64(4), weights]
                yield f"ragged_bincount_{end}", ragged, rows, [(None,), (None,), (), (None,)]
                for low, high in ((-1, -1), (9, -1), (-1, 3)) if dtype == "float32" else [(-1, -1)]:
                    of = lambda i, v, s, w, low=low, high=high, b=binary: ops.SparseCountSparseOutput(  # noqa: E731
                        indices=i, values=v, dense_shape=s, weights=w, minlength=low, maxlength=high, binary_output=b)  # fmt: skip
                    yield f"count_{low}_{high}_{end}", of, [at, values, shape, weights], [*free, (None,)]
                    of = lambda v, w, low=low, high=high, b=binary: ops.DenseCountSparseOutput(  # noqa: E731
                        values=v, weights=w, minlength=low, maxlength=high, binary_output=b
                    )
                    yield f"dense_count_{low}_{high}_{end}", of, [values, weights], [(None,), (None,)]
                of = lambda s, v, w, low=low, high=high, b=binary: ops.RaggedCountSparseOutput(  # noqa: E731
                    splits=s, values=v, weights=w, minlength=low, maxlength=high, binary_output=b
                )
                yield f"ragged_count_{end}", of, [rows[0], values, weights], [(None,)] * 3
    two = lambda v, w: ops.DenseCountSparseOutput(values=v, weights=w, binary_output=False)  # noqa: E731
    yield "dense_count_rows", two, [np.stack([values, values[::-1]]), np.stack([values, values]) / 2], [(None, None)] * 2
    yield "dense_count_nothing", two, [values[:0], some("int32", 0)], [(None,), (None,)]
