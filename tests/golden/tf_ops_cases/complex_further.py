"""Complex tensors: lengths of vectors, and ops that do the same with both parts."""


def cases(tf, np):
    raw = tf.raw_ops
    x = (np.arange(24).reshape(2, 3, 4) / 7 - 1 + 1j * np.cos(np.arange(24)).reshape(2, 3, 4)).astype(np.complex64)
    free = [(None, 3, None)]
    for keep in (False, True):
        for axis in ([1], [0, -1], []):
            norm = lambda x, axis=axis, keep=keep: raw.EuclideanNorm(input=x, axis=tf.constant(axis, tf.int32), keep_dims=keep)  # noqa: E731
            yield f"norm_{axis}_{keep}", norm, [x], free
    yield "norm_128", lambda x: tf.math.reduce_euclidean_norm(x, 1), [x.astype(np.complex128)], free
    yield "bias", lambda x, v: raw.BiasAddV1(value=x, bias=v), [x, x[0, 0]], [(None, 3, 4), (4,)]
    yield "reverse", lambda x: raw.Reverse(tensor=x, dims=[True, False, True]), [x], free
    yield "guarantee", lambda x: raw.GuaranteeConst(input=x), [x], free
    yield "parallel_concat", lambda x: raw.ParallelConcat(values=[x[:1], x[1:]], shape=[2, 3, 4]), [x]
    yield "scatter_add", lambda x, v: raw.ScatterNdNonAliasingAdd(input=x, indices=[[0], [1], [0]], updates=v), [x, x[[0, 1, 1]]]
    yield "patches", lambda x: tf.image.extract_patches(x, [1, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1], "SAME"), [x[..., None]]
    yield "slice_update", lambda x, v: raw.TensorStridedSliceUpdate(input=x, begin=[0], end=[1], strides=[1], value=v), [x, x[1:]], free * 2
    yield "chosen", lambda p, x: tf.cond(p, lambda: tf.map_fn(lambda row: row * 2, x), lambda: x), [np.asarray(True), x], [(), *free]
