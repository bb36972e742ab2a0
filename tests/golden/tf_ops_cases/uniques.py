"""Elements once each, and differences of lists."""


def cases(tf, np):
    draw, ops = np.random.RandomState(0), tf.raw_ops

    def some(dtype, *shape):
        if dtype == "string":
            return np.array([b"s%d" % v for v in draw.randint(0, 9, shape).ravel()], object).reshape(shape)
        return draw.randint(0, 5, shape).astype(tf.as_dtype(dtype).as_numpy_dtype)

    for dtype in "float32 float64 float16 bfloat16 int8 int32 int64 uint8 uint64 bool string".split():
        yield f"unique_{dtype}", lambda x: ops.Unique(x=x), [some(dtype, 9)], [(None,)]
        yield f"counts_{dtype}", lambda x: ops.UniqueWithCounts(x=x, out_idx=tf.int64), [some(dtype, 9)], [(None,)]
        if dtype != "bool":
            yield f"difference_{dtype}", lambda x, y: ops.ListDiff(x=x, y=y), [some(dtype, 9), some(dtype, 3)], [(None,)] * 2
    for dtype in ("float32", "int32", "string"):
        for axis in (0, 1, -1):
            x = np.repeat(some(dtype, 2, 4, 2), 2, axis)
            yield f"along_{axis}_{dtype}", lambda x, a=axis: ops.UniqueWithCountsV2(x=x, axis=[a]), [x], [(None,) * 3]
        yield f"without_axis_{dtype}", lambda x: ops.UniqueV2(x=x, axis=tf.constant([], tf.int32)), [some(dtype, 7)]
        yield f"of_nothing_{dtype}", lambda x: ops.UniqueWithCounts(x=x), [some(dtype, 0)], [(None,)]
        yield f"of_empty_rows_{dtype}", lambda x: ops.UniqueWithCountsV2(x=x, axis=[0]), [some(dtype, 3, 0)], [(None, None)]
    nan = np.nan
    yield "nan", lambda x: ops.UniqueWithCounts(x=x), [np.array([nan, 1, nan, -0.0, 0.0, 1, np.inf, np.inf], np.float32)]
    yield "nan_rows", lambda x: ops.UniqueWithCountsV2(x=x, axis=[0]), [np.array([[nan, 1], [nan, 1], [0, 2], [-0.0, 2]])]
    yield "nan_difference", lambda x, y: ops.ListDiff(x=x, y=y, out_idx=tf.int64), [np.array([nan, 1, 0.0]), np.array([nan, -0.0])]
    turned = lambda x: tf.transpose(x, tf.concat([[1], ops.ListDiff(x=tf.range(3), y=[1])[0]], 0))  # noqa: E731
    yield "difference_of_axes", turned, [np.arange(6.0).reshape(1, 2, 3)]
