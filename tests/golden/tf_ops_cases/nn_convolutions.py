"""Convolutions in all layouts, paddings and dtypes that TensorFlow runs on a CPU. A function is traced before the next is made."""

from itertools import product


def cases(tf, np):
    raw = tf.raw_ops
    random = np.random.RandomState(0)

    def floats(*shape, dtype=np.float32):
        return random.randn(*shape).astype(dtype)

    x, w = np.round(floats(2, 6, 5, 4), 2), np.round(floats(3, 2, 4, 3), 2)
    free = [(None, None, None, 4)]
    for padding, stride, rate in product(("SAME", "VALID"), (1, 2), (1, 2)):
        if stride > 1 and rate > 1:
            continue
        how = {"strides": [1, stride, stride, 1], "padding": padding, "dilations": [1, rate, rate, 1]}
        for shapes, name in ((None, ""), (free, "_free")):

            def made(x):
                return raw.Conv2D(input=x, filter=w, **how)

            yield (f"conv2d_{padding}_{stride}_{rate}{name}", made, [x], *([shapes] if shapes else []))
    yield (
        "conv2d_both_free",
        lambda x: raw.Conv2D(input=x, filter=w, strides=[1, 2, 1, 1], padding="SAME", dilations=[1, 1, 2, 1]),
        [x],
        free,
    )
    yield "conv2d_short_windows", lambda x: raw.Conv2D(input=x, filter=w[:1], strides=[1, 3, 3, 1], padding="SAME"), [x], free
    explicit = [0, 0, 1, 2, 0, 3, 0, 0]
    yield (
        "conv2d_explicit",
        lambda x: raw.Conv2D(input=x, filter=w, strides=[1] * 4, padding="EXPLICIT", explicit_paddings=explicit),
        [x],
        free,
    )
    yield "conv2d_computed", lambda x, w: raw.Conv2D(input=x, filter=w, strides=[1, 2, 2, 1], padding="SAME"), [x, w]
    any_kernel = [(None, None, None, 4), (None, None, 4, None)]
    yield "conv2d_computed_free", lambda x, w: raw.Conv2D(input=x, filter=w, strides=[1, 2, 2, 1], padding="SAME"), [x, w], any_kernel
    yield "conv2d_computed_valid", lambda x, w: raw.Conv2D(input=x, filter=w, strides=[1, 1, 1, 1], padding="VALID"), [x, w], any_kernel
    yield "conv2d_groups", lambda x: raw.Conv2D(input=x, filter=w[:, :, :2, :2], strides=[1] * 4, padding="SAME"), [x], free
    first = x.transpose(0, 3, 1, 2)
    yield "conv2d_nchw", lambda x: raw.Conv2D(input=x, filter=w, strides=[1, 1, 2, 2], padding="SAME", data_format="NCHW"), [first]
    pads = [0, 0, 0, 0, 1, 2, 0, 1]
    nchw = {"padding": "EXPLICIT", "explicit_paddings": pads, "data_format": "NCHW", "strides": [1] * 4}
    yield "conv2d_nchw_explicit", lambda x: raw.Conv2D(input=x, filter=w, **nchw), [first], [(None, 4, None, None)]
    for dtype in ("float64", "int32"):
        y, v = (3 * x).astype(dtype), (3 * w).astype(dtype)
        for padding in ("SAME", "VALID"):

            def made(x):
                return raw.Conv2D(input=x, filter=v, strides=[1, 2, 1, 1], padding=padding)

            yield f"conv2d_{padding}_{dtype}", made, [y], free
    yield "conv2d_bfloat16", lambda x: tf.cast(tf.nn.conv2d(tf.cast(x, tf.bfloat16), tf.cast(w, tf.bfloat16), 1, "SAME"), tf.float32), [x]
    yield "conv2d_many_axes", lambda x: tf.nn.conv2d(x, w, 1, "SAME"), [x[None, None]], [(None, 1, None, 6, 5, 4)]
    yield "conv2d_list", lambda x: tf.nn.conv2d(x, w, 2, [[0, 0], [1, 0], [2, 2], [0, 0]]), [x]
    yield "conv1d", lambda x: tf.nn.conv1d(x, w[0], 2, "SAME"), [x[:, 0]], [(None, None, 4)]
    yield "atrous", lambda x: tf.nn.atrous_conv2d(x, w, 2, "SAME"), [x]
    yield "dilated_of_api", lambda x: tf.nn.convolution(x, w, padding="SAME", dilations=2), [x], [(None, 6, 5, 4)]
    z, v = floats(1, 4, 5, 3, 2), floats(2, 3, 2, 2, 3)
    for padding in ("SAME", "VALID"):

        def made(x):
            return raw.Conv3D(input=x, filter=v, strides=[1, 2, 1, 1, 1], padding=padding)

        yield f"conv3d_{padding}", made, [z], [(None, None, None, None, 2)]
    yield "conv3d_dilated", lambda x: raw.Conv3D(input=x, filter=v, strides=[1] * 5, padding="SAME", dilations=[1, 2, 1, 1, 1]), [z]
    ncdhw = z.transpose(0, 4, 1, 2, 3)
    yield "conv3d_ncdhw", lambda x: raw.Conv3D(input=x, filter=v, strides=[1] * 5, padding="SAME", data_format="NCDHW"), [ncdhw]
    yield "conv", lambda x: raw.Conv(input=x, filter=w, strides=[1, 2, 2, 1], padding="SAME"), [x], free
    yield "conv_batch_dims", lambda x: raw.Conv(input=x, filter=w, strides=[1] * 4, padding="VALID", batch_dims=2), [x[None]]
    yield "conv_volume", lambda x: raw.Conv(input=x, filter=v, strides=[1] * 5, padding="SAME"), [z]

    deep = floats(2, 3, 4, 2)
    for padding, stride in product(("SAME", "VALID"), (1, 2)):
        how = {"strides": [1, stride, stride, 1], "padding": padding}
        yield f"depthwise_{padding}_{stride}", lambda x: raw.DepthwiseConv2dNative(input=x, filter=deep, **how), [x], free
    yield "depthwise_computed", lambda x, w: raw.DepthwiseConv2dNative(input=x, filter=w, strides=[1] * 4, padding="SAME"), [x, deep]
    free_kernel = [(None, None, None, 4), (None, None, 4, None)]
    yield (
        "depthwise_free",
        lambda x, w: raw.DepthwiseConv2dNative(input=x, filter=w, strides=[1] * 4, padding="VALID"),
        [x, deep],
        free_kernel,
    )
    spread = {"strides": [1] * 4, "padding": "SAME", "dilations": [1, 2, 2, 1]}
    yield "depthwise_dilated", lambda x: raw.DepthwiseConv2dNative(input=x, filter=deep, **spread), [x], free
    yield (
        "depthwise_explicit",
        lambda x: raw.DepthwiseConv2dNative(input=x, filter=deep, strides=[1] * 4, padding="EXPLICIT", explicit_paddings=explicit),
        [x],
    )
    yield (
        "depthwise_nchw",
        lambda x: raw.DepthwiseConv2dNative(input=x, filter=deep, strides=[1] * 4, padding="SAME", data_format="NCHW"),
        [first],
    )
    yield "depthwise_of_api", lambda x: tf.nn.depthwise_conv2d(x, deep, [1] * 4, "SAME", dilations=[2, 2]), [x], free
    yield "separable", lambda x: tf.nn.separable_conv2d(x, deep, floats(1, 1, 8, 3) * 0 + 1, [1, 2, 2, 1], "SAME"), [x]
    for mode in ("REFLECT", "SYMMETRIC"):
        pads = {"paddings": [[0, 0], [1, 2], [2, 1], [0, 0]], "mode": mode, "strides": [1] * 4, "padding": "VALID"}
        yield f"padded_{mode}", lambda x: raw.FusedPadConv2D(input=x, filter=w, **pads), [x[:1]]
        yield f"resized_{mode}", lambda x: raw.FusedResizeAndPadConv2D(input=x, size=[9, 8], filter=w, **pads), [x[:1]]
