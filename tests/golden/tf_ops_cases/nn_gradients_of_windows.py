"""Gradients of convolutions and pools; those by the input are transposed convolutions. A function is traced before the next is made."""

from itertools import product


def cases(tf, np):
    raw = tf.raw_ops
    random = np.random.RandomState(0)

    def floats(*shape, dtype=np.float32):
        return random.randn(*shape).astype(dtype)

    w = np.round(floats(3, 2, 4, 3), 2)  # height, width, channels of the result, channels of the gradient
    for padding, stride, rate in product(("SAME", "VALID"), (1, 2, 4), (1, 2)):
        if stride > 1 and rate > 1:
            continue
        how = {"strides": [1, stride, stride, 1], "padding": padding, "dilations": [1, rate, rate, 1]}
        for height, width in ((5, 7),) if padding == "SAME" else ((6, 7),):
            windows = tf.nn.conv2d(np.zeros((2, height, width, 4), np.float32), w, **how).shape
            y, sizes = floats(*windows), [2, height, width, 4]

            def made(y):
                return raw.Conv2DBackpropInput(input_sizes=sizes, filter=w, out_backprop=y, **how)

            yield f"transposed_{padding}_{stride}_{rate}_{height}", made, [y]

            def late(y, s):
                return raw.Conv2DBackpropInput(input_sizes=s, filter=w, out_backprop=y, **how)

            free = [(None, None, None, 3), (4,)]
            yield f"transposed_{padding}_{stride}_{rate}_{height}_free", late, [y, np.asarray(sizes, np.int32)], free
    y = floats(2, 4, 5, 3)

    def doubled(y):
        shape = tf.shape(y)
        return tf.nn.conv2d_transpose(y, w, tf.stack([shape[0], shape[1] * 2, shape[2] * 2, 4]), 2, "SAME")

    yield "transposed_of_api", doubled, [y], [(None, None, None, 3)]
    yield (
        "transposed_space_alone",
        lambda y: raw.Conv2DBackpropInput(input_sizes=[8, 10], filter=w, out_backprop=y, strides=[1, 2, 2, 1], padding="SAME"),
        [y],
    )
    explicit = {"padding": "EXPLICIT", "explicit_paddings": [0, 0, 1, 1, 0, 1, 0, 0], "strides": [1, 1, 1, 1]}
    yield "transposed_explicit", lambda y: raw.Conv2DBackpropInput(input_sizes=[2, 4, 5, 4], filter=w, out_backprop=y, **explicit), [y]
    nchw = {"strides": [1, 1, 2, 2], "padding": "SAME", "data_format": "NCHW"}
    first = y.transpose(0, 3, 1, 2)
    yield "transposed_nchw", lambda y: raw.Conv2DBackpropInput(input_sizes=[2, 4, 7, 10], filter=w, out_backprop=y, **nchw), [first]
    yield (
        "transposed_computed",
        lambda y, w: raw.Conv2DBackpropInput(input_sizes=[2, 8, 10, 4], filter=w, out_backprop=y, strides=[1, 2, 2, 1], padding="SAME"),
        [y, w],
    )
    for dtype in ("float64", "int32"):
        yield (
            f"transposed_{dtype}",
            lambda y: raw.Conv2DBackpropInput(
                input_sizes=[2, 8, 10, 4], filter=(3 * w).astype(dtype), out_backprop=y, strides=[1, 2, 2, 1], padding="SAME"
            ),
            [(3 * y).astype(dtype)],
        )
    yield (
        "transposed_groups",
        lambda y: raw.Conv2DBackpropInput(input_sizes=[2, 4, 5, 12], filter=w, out_backprop=y, strides=[1] * 4, padding="SAME"),
        [y],
    )
    yield "transposed_1d", lambda y: tf.nn.conv1d_transpose(y, w[0], [2, 10, 4], 2, "SAME"), [y[:, 0]]
    v, z = floats(2, 3, 2, 2, 3), floats(1, 2, 3, 4, 3)
    for padding, sizes in (("SAME", [1, 4, 5, 8, 2]), ("VALID", [1, 4, 7, 8, 2])):
        how = {"strides": [1, 2, 2, 2, 1], "padding": padding}
        yield f"transposed_3d_{padding}", lambda y: raw.Conv3DBackpropInputV2(input_sizes=sizes, filter=v, out_backprop=y, **how), [z]
    yield (
        "transposed_3d_ncdhw",
        lambda y: raw.Conv3DBackpropInputV2(
            input_sizes=[1, 2, 2, 3, 4], filter=v, out_backprop=y, strides=[1] * 5, padding="SAME", data_format="NCDHW"
        ),
        [z.transpose(0, 4, 1, 2, 3)],
    )
    deep, g = floats(2, 3, 4, 2), floats(2, 3, 4, 8)
    for padding, sizes in (("SAME", [2, 6, 7, 4]), ("VALID", [2, 7, 9, 4])):
        yield (
            f"depthwise_transposed_{padding}",
            lambda y: raw.DepthwiseConv2dNativeBackpropInput(
                input_sizes=sizes, filter=deep, out_backprop=y, strides=[1, 2, 2, 1], padding=padding
            ),
            [g],
        )
    x = np.round(floats(2, 5, 4, 4), 2)
    for padding, stride in product(("SAME", "VALID"), (1, 2)):
        how = {"strides": [1, stride, stride, 1], "padding": padding}
        g = floats(*tf.nn.conv2d(x, w, **how).shape)
        yield (
            f"kernel_{padding}_{stride}",
            lambda x, g: raw.Conv2DBackpropFilter(input=x, filter_sizes=[3, 2, 4, 3], out_backprop=g, **how),
            [x, g],
        )
    few = np.round(x)
    for padding, stride in product(("SAME", "VALID"), (1, 2)):
        how = {"ksize": [1, 2, 3, 1], "strides": [1, stride, stride, 1], "padding": padding}
        g = floats(*tf.nn.max_pool2d(x, [2, 3], stride, padding).shape)
        yield (
            f"Max_gradient_{padding}_{stride}",
            lambda x, g: raw.MaxPoolGrad(
                orig_input=x, orig_output=tf.nn.max_pool2d(x, how["ksize"], how["strides"], how["padding"]), grad=g, **how
            ),
            [few, g],
            [(None, None, None, 4), (None, *g.shape[1:])],
        )
        yield f"Avg_gradient_{padding}_{stride}", lambda g: raw.AvgPoolGrad(orig_input_shape=x.shape, grad=g, **how), [g]
        yield f"Avg_gradient_{padding}_{stride}_free", lambda s, g: raw.AvgPoolGrad(orig_input_shape=s, grad=g, **how), [
            np.asarray(x.shape, np.int32), g
        ], [(4,), (None, None, None, 4)]  # fmt: skip
