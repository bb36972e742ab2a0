"""Elements picked by places and flags, one-hot vectors."""


def cases(tf, np):
    draw, ops = np.random.RandomState(0), tf.raw_ops

    def some(dtype, *shape):
        if dtype == "string":
            return np.array([b"s%d" % v for v in draw.randint(0, 9, shape).ravel()], object).reshape(shape)
        return draw.randint(0, 5, shape).astype(tf.as_dtype(dtype).as_numpy_dtype)

    places, free = np.array([[1, 0], [1, 1]], np.int32), [(None, 3, 2), (None, 2)]
    for dtype in "float32 float64 float16 bfloat16 int8 int64 uint16 bool string".split():
        x = some(dtype, 4, 3, 2)
        for axis in range(-2, 2) if dtype in ("float32", "string") else [1]:
            yield f"gather_{axis}_{dtype}", lambda x, i, a=axis: ops.GatherV2(params=x, indices=i, axis=a), [x, places], free
        pairs = [x, np.array([[3, 1], [0, 0]], np.int32)]
        yield f"gather_nd_{dtype}", lambda x, i: ops.GatherNd(params=x, indices=i), pairs, free
        if dtype in ("float32", "bool", "string"):
            ignoring = lambda x, i: ops.GatherNd(params=x, indices=i, bad_indices_policy="IGNORE")  # noqa: E731
            yield f"ignoring_{dtype}", ignoring, [x, np.array([[3, 1], [0, -1], [4, 0]], np.int32)], free
        hot = lambda i, on, off: tf.one_hot(i, 4, on, off, axis=1)  # noqa: E731
        yield f"one_hot_{dtype}", hot, [draw.randint(-1, 5, (2, 3)), some(dtype), some(dtype)], [(None, 3), (), ()]
        if dtype not in ("string", "float16"):
            yield f"where_{dtype}", lambda x: ops.Where(condition=x), [x], [(None, 3, 2)]

    x = np.arange(120.0).reshape(2, 3, 4, 5)
    for batch in range(3):
        for axis in range(batch, 4):
            of = lambda x, i, a=axis, n=batch: ops.GatherV2(params=x, indices=i, axis=a, batch_dims=n)  # noqa: E731
            yield f"gather_axis_{axis}_batch_{batch}", of, [x, draw.randint(0, 2, (2, 3))], [(None,) * 4, (None, None)]
        of = lambda x, i, n=batch: tf.gather_nd(x, i, batch_dims=n)  # noqa: E731
        yield f"gather_nd_batch_{batch}", of, [x, draw.randint(0, 2, (2, 3, 2))], [(None,) * 4, (None, None, 2)]
    wide = [(None,) * 4, (None, 2)]
    yield "gather_batch_counted_back", lambda x, i: ops.GatherV2(params=x, indices=i, axis=-2, batch_dims=-1), [x, places]
    yield "gather_scalar", lambda x, i: tf.gather(x, i, axis=-1), [x, np.int32(1)]
    yield "gather_old", lambda x, i: ops.Gather(params=x, indices=i), [x, np.array([1, 1])]
    yield "gather_nothing", lambda x, i: tf.gather(x, i, axis=1), [x[:0], np.zeros((0, 2), np.int32)], wide
    yield "gather_nothing_of_batch", lambda x, i: tf.gather(x, i, axis=2, batch_dims=1), [x[:0], np.zeros((0, 2), np.int32)], wide
    yield "gather_nd_all", lambda x, i: ops.GatherNd(params=x, indices=i), [x, np.zeros((3, 0), np.int32)], [(None,) * 4, (None, 0)]
    yield "gather_nd_element", lambda x, i: ops.GatherNd(params=x, indices=i), [x, np.array([1, 2, 3, 4])]
    for axis in (-1, 0, 1):
        of = lambda i, n, a=axis: tf.one_hot(i, n, axis=a)  # noqa: E731
        yield f"one_hot_depth_{axis}", of, [draw.randint(-1, 5, (2, 3)), np.int32(4)], [(None, None), ()]
    yield "one_hot_number", lambda i, n: tf.one_hot(i, n), [np.int64(2), np.int32(4)]
    yield "one_hot_nothing", lambda i, n: tf.one_hot(i, n), [np.array([1, 2], np.uint8), np.int32(0)]
    yield "where_nan", lambda x: ops.Where(condition=x), [np.array([[np.nan, 0, -0.0, np.inf]], np.float32)]
    yield "where_nothing", lambda x: tf.where(x > 0), [np.zeros((0, 3), np.float32)], [(None, None)]
