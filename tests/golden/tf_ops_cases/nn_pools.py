"""Pools in all layouts, paddings and dtypes that TensorFlow runs on a CPU. A function is traced before the next is made."""

from itertools import product


def cases(tf, np):
    raw = tf.raw_ops
    random = np.random.RandomState(0)

    def floats(*shape, dtype=np.float32):
        return random.randn(*shape).astype(dtype)

    x = np.round(floats(2, 6, 5, 4), 2)
    free = [(None, None, None, 4)]
    for kind, padding, (size, stride) in product(("Max", "Avg"), ("SAME", "VALID"), ((1, 3), (2, 2), (2, 3), (3, 1))):
        how = {"ksize": [1, size, size, 1], "strides": [1, stride, stride, 1], "padding": padding}
        op, name = (raw.MaxPool, "input") if kind == "Max" else (raw.AvgPool, "value")
        yield f"{kind}_{padding}_{size}_{stride}", lambda x: op(**{name: x}, **how), [x], free
    for kind in ("Max", "Avg"):
        op, name = (raw.MaxPool, "input") if kind == "Max" else (raw.AvgPool, "value")
        how = {"ksize": [1, 2, 3, 1], "strides": [1, 2, 1, 1], "padding": "SAME"}
        yield f"{kind}_known", lambda x: op(**{name: x}, **how), [x]
        nchw = {"ksize": [1, 1, 2, 3], "strides": [1, 1, 2, 1], "padding": "SAME", "data_format": "NCHW"}
        first = x.transpose(0, 3, 1, 2)
        yield f"{kind}_nchw", lambda x: op(**{name: x}, **nchw), [first], [(None, 4, None, None)]
        for dtype in ("float64", "float16") + (("int32", "int64", "uint8", "int8", "int16") if kind == "Max" else ()):
            for padding in ("SAME", "VALID"):
                how = {"ksize": [1, 2, 3, 1], "strides": [1, 2, 1, 1], "padding": padding}

                def made(x):
                    return op(**{name: x}, **how)

                yield f"{kind}_{padding}_{dtype}", made, [np.abs(30 * x).astype(dtype)], free
        volume, shape = x[..., None], [(None, None, None, None, 1)]
        op = raw.MaxPool3D if kind == "Max" else raw.AvgPool3D
        for padding in ("SAME", "VALID"):
            how = {"ksize": [1, 2, 3, 2, 1], "strides": [1, 2, 1, 2, 1], "padding": padding}
            yield f"{kind}_3d_{padding}", lambda x: op(input=x, **how), [volume], shape
        how = {"ksize": [1, 1, 2, 3, 2], "strides": [1, 1, 2, 1, 2], "padding": "SAME", "data_format": "NCDHW"}
        yield f"{kind}_3d_ncdhw", lambda x: op(input=x, **how), [volume.transpose(0, 4, 1, 2, 3)]
        api = tf.nn.max_pool1d if kind == "Max" else tf.nn.avg_pool1d
        yield f"{kind}_1d", lambda x: api(x, 3, 2, "SAME"), [x[:, 0]], [(None, None, 4)]
    yield (
        "Max_large_int64",
        lambda x: raw.MaxPool(input=x, ksize=[1, 2, 2, 1], strides=[1] * 4, padding="SAME"),
        [(2**60 + np.arange(48)).reshape(2, 3, 4, 2)],
    )
    explicit = {"padding": "EXPLICIT", "explicit_paddings": [0, 0, 1, 0, 1, 1, 0, 0]}
    yield "Max_explicit", lambda x: raw.MaxPool(input=x, ksize=[1, 2, 3, 1], strides=[1, 2, 2, 1], **explicit), [x], free
    yield "Max_channels", lambda x: raw.MaxPool(input=x, ksize=[1, 1, 1, 2], strides=[1, 1, 1, 2], padding="VALID"), [x], free
    yield "Max_v2", lambda x: raw.MaxPoolV2(input=x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID"), [x], free
    special = x.copy()
    special[0, 2, 2], special[1, 0, 0] = -np.inf, np.inf
    yield "Max_special", lambda x: raw.MaxPool(input=x, ksize=[1, 2, 2, 1], strides=[1] * 4, padding="SAME"), [special]
    yield "Max_no_samples", lambda x: raw.MaxPool(input=x, ksize=[1, 2, 2, 1], strides=[1] * 4, padding="SAME"), [x[:0]], free
    few = np.round(x)
    for padding, batch, target in zip(("SAME", "VALID"), (False, True), (tf.int64, tf.int32)):
        how = {"padding": padding, "include_batch_in_index": batch, "Targmax": target}
        yield (
            f"argmax_{padding}_{batch}_{target.name}",
            lambda x: raw.MaxPoolWithArgmax(input=x, ksize=[1, 2, 3, 1], strides=[1, 2, 2, 1], **how),
            [few],
            free,
        )
    yield "argmax_known", lambda x: raw.MaxPoolWithArgmax(input=x, ksize=[1, 2, 3, 1], strides=[1, 3, 1, 1], padding="SAME"), [few]
    yield (
        "argmax_int32",
        lambda x: raw.MaxPoolWithArgmax(input=x, ksize=[1, 2, 3, 1], strides=[1, 3, 1, 1], padding="SAME"),
        [few.astype(np.int32)],
    )
    for padding, stride, rate in (("SAME", 1, 1), ("SAME", 2, 1), ("VALID", 1, 2)):
        how = {"strides": [1, stride, stride, 1], "rates": [1, rate, rate, 1], "padding": padding}
        yield f"dilation_{padding}_{stride}_{rate}", lambda x, w: raw.Dilation2D(input=x, filter=w, **how), [
            x, floats(2, 3, 4)
        ], [(None, None, None, 4), (2, 3, 4)]  # fmt: skip
    yield (
        "dilation_float64",
        lambda x: raw.Dilation2D(input=x, filter=np.ones((2, 2, 4)), strides=[1] * 4, rates=[1] * 4, padding="SAME"),
        [x.astype(np.float64)],
    )
