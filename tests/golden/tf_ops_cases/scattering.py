"""Tensors changed at places: replaced, added to, the smaller and larger of both; rows in place; places that are ignored."""


def cases(tf, np):
    draw, ops = np.random.RandomState(0), tf.raw_ops

    def some(dtype, *shape):
        if dtype == "string":
            return np.array([b"s%d" % v for v in draw.randint(0, 9, shape).ravel()], object).reshape(shape)
        return draw.randint(0, 5, shape).astype(tf.as_dtype(dtype).as_numpy_dtype)

    row, twice, pairs = np.array([[3], [0]], np.int32), np.array([[3], [0], [3]], np.int32), np.array([[[3, 1], [0, 0]]])
    free = [(None, 3, 2), (None, 1), (None, 3, 2)]
    for dtype in "float32 float64 float16 bfloat16 int8 int32 int64 uint8 uint64 bool string".split():
        x = some(dtype, 4, 3, 2)
        for kind in "Update Add Sub Min Max".split() if dtype not in ("bool", "string") else ["Update"]:
            op = getattr(ops, f"TensorScatter{kind}")
            of = lambda x, i, u, op=op: op(tensor=x, indices=i, updates=u)  # noqa: E731
            yield f"{kind}_{dtype}", of, [x, twice, some(dtype, 3, 3, 2)], free
            if dtype in ("float32", "int32", "bool", "string"):
                yield f"{kind}_pairs_{dtype}", of, [x, pairs, some(dtype, 1, 2, 2)], [(None,) * 3, (None, None, 2), (None,) * 3]
        yield f"zeros_{dtype}", lambda i, u: ops.ScatterNd(indices=i, updates=u, shape=[5, 3, 2]), [row, some(dtype, 2, 3, 2)], free[1:]
        if dtype in ("float32", "bool", "string", "int32"):
            of_shape = lambda i, u, s: ops.ScatterNd(indices=i, updates=u, shape=s)  # noqa: E731
            yield f"zeros_of_shape_{dtype}", of_shape, [twice, some(dtype, 3), np.array([5], np.int32)], [(None, 1), (None,), (1,)]
            for kind in "Update Add Sub".split() if dtype in ("float32", "int32") else ["Update"]:
                op = getattr(ops, f"Inplace{kind}")
                rows = [x, np.array([5, -1, 2], np.int32), some(dtype, 3, 3, 2)]
                yield f"rows_{kind}_{dtype}", lambda x, i, v, op=op: op(x=x, i=i, v=v), rows, [(None, 3, 2), (None,), (None, 3, 2)]
    x, nan = np.arange(6, dtype=np.float32).reshape(3, 2), np.nan
    free = [(None, None), (None, 1), (None, None)]
    for kind in "Update Add Min Max".split():
        op = getattr(ops, f"TensorScatter{kind}")
        of = lambda x, i, u, op=op: op(tensor=x, indices=i, updates=u)  # noqa: E731
        yield f"nothing_{kind}", of, [x, np.zeros((0, 1), np.int32), np.ones((0, 2), np.float32)], free
        updates = np.array([1, nan, nan, 5, nan, -5], np.float32)
        if kind != "Update":
            yield f"nan_{kind}", of, [np.array([nan, 0, 1, nan], np.float32), np.array([[0], [1], [2], [2], [3], [3]]), updates]
        ignoring = lambda x, i, u, op=op: op(tensor=x, indices=i, updates=u, bad_indices_policy="IGNORE")  # noqa: E731
        yield f"ignoring_{kind}", ignoring, [x, np.array([[-1], [1], [5]]), np.ones((3, 2), np.float32)], free
    yield "added", lambda x, i, u: ops.ScatterNdNonAliasingAdd(input=x, indices=i, updates=u), [x, row % 3, x[:2] + 1]
