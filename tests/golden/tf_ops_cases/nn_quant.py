"""Floats rounded to what a few bits hold, and quantized types. A function is traced before the next is made."""


def cases(tf, np):
    raw = tf.raw_ops
    random = np.random.RandomState(0)
    x = np.concatenate([random.randn(16) * 3, [0.0, -0.0, 100.0, -100.0, 0.5, -0.5, 1.5, 2.5]]).astype(np.float32)
    free = [(None,)]
    for bits, narrow, (low, high) in (
        (8, False, (-6.0, 6.0)), (8, True, (-6.0, 6.0)), (4, False, (-1.0, 3.0)), (16, False, (-2.5, 0.0)),
        (8, False, (1.0, 5.0)), (5, True, (-0.1, 7.3)),
    ):  # fmt: skip
        how = {"num_bits": bits, "narrow_range": narrow}
        name = f"{bits}_{narrow}_{low}_{high}"
        yield f"fake_args_{name}", lambda x: raw.FakeQuantWithMinMaxArgs(inputs=x, min=low, max=high, **how), [x], free
        ends = [np.float32(low), np.float32(high)]
        yield f"fake_vars_{name}", lambda x, a, b: raw.FakeQuantWithMinMaxVars(inputs=x, min=a, max=b, **how), [x, *ends], [(None,), (), ()]
    yield "fake_vars_zero", lambda x, a: raw.FakeQuantWithMinMaxVars(inputs=x, min=a, max=a), [x, np.float32(0)]
    yield "fake_vars_constant", lambda x: raw.FakeQuantWithMinMaxVars(inputs=x, min=-3.0, max=4.0), [x]
    rows = x.reshape(2, 3, 4)
    ends = [-np.abs(random.randn(4)).astype(np.float32), np.abs(random.randn(4)).astype(np.float32)]
    ends[0][2] = ends[1][2] = 0

    def each(x, a, b):
        return raw.FakeQuantWithMinMaxVarsPerChannel(inputs=x, min=a, max=b, num_bits=6, narrow_range=True)

    yield "fake_channels", each, [rows, *ends], [(None, None, 4), (4,), (4,)]
    yield "fake_channels_vector", each, [rows[0, 0], *ends]
    yield "fake_channels_constant", lambda x: raw.FakeQuantWithMinMaxVarsPerChannel(inputs=x, min=ends[0], max=ends[1]), [rows]
    yield "fake_special", lambda x: raw.FakeQuantWithMinMaxArgs(inputs=x), [np.array([np.nan, 1, np.nan], np.float32)]

    for op in (raw.QuantizeAndDequantizeV2, raw.QuantizeAndDequantizeV4):
        for given, signed, narrow, mode in (
            (True, True, False, "HALF_TO_EVEN"), (True, False, False, "HALF_UP"), (False, True, True, "HALF_UP"),
            (False, False, False, "HALF_TO_EVEN"), (False, True, False, "HALF_TO_EVEN"), (True, True, True, "HALF_TO_EVEN"),
        ):  # fmt: skip
            if op is raw.QuantizeAndDequantizeV4 and mode == "HALF_TO_EVEN":
                continue
            how = {"signed_input": signed, "range_given": given, "narrow_range": narrow, "round_mode": mode, "num_bits": 5}
            yield f"{op.__name__}_{given}_{signed}_{narrow}_{mode}", lambda x, a, b: op(input=x, input_min=a, input_max=b, **how), [
                x, np.float32(-2.0), np.float32(6.5)
            ], [(None,), (), ()]  # fmt: skip
    three = raw.QuantizeAndDequantizeV3
    yield "and_back_v3", lambda x: three(input=x, input_min=-2.0, input_max=5.0, num_bits=7), [x]
    yield "and_back_v3_own", lambda x: three(input=x, input_min=0.0, input_max=0.0, num_bits=7, range_given=False), [x], free
    two = raw.QuantizeAndDequantizeV2
    for axis in (0, 1, 2):
        n = rows.shape[axis]
        low, high = -np.arange(n).astype(np.float32), np.arange(n, 0, -1).astype(np.float32)
        yield (
            f"and_back_axis_{axis}",
            lambda x, a, b: three(input=x, input_min=a, input_max=b, num_bits=8, axis=axis),
            [rows, low, high],
        )
        yield f"and_back_axis_{axis}_own", lambda x, a, b: two(input=x, input_min=a, input_max=b, axis=axis), [rows, low, high], [
            (None, None, None), (None,), (None,)
        ]  # fmt: skip
    yield (
        "and_back_float64",
        lambda x: two(input=x, input_min=np.float64(-1), input_max=np.float64(4), range_given=True, num_bits=12),
        [x.astype(np.float64)],
    )
    yield "and_back_zero", lambda x, a: two(input=x, input_min=a, input_max=a, range_given=True), [x, np.float32(0)]
    yield "and_back_many_bits", lambda x: two(input=x, input_min=-2.0, input_max=5.0, range_given=True, num_bits=30), [x]
    yield "and_back_scalar", lambda x: two(input=x, input_min=0.0, input_max=0.0), [np.float32(3.3)]

    plain = ("qint8", "quint8", "qint16", "quint16")
    for name in plain:
        for mode in ("MIN_COMBINED", "MIN_FIRST", "SCALED"):

            def both(x, a, b):
                codes, low, high = raw.QuantizeV2(input=x, min_range=a, max_range=b, T=getattr(tf, name), mode=mode)
                back = raw.Dequantize(input=codes, min_range=low, max_range=high, mode=mode)
                return [tf.cast(codes, tf.int32) if "8" in name else back, low, high, back]

            for low, high in ((-2.3, 6.0), (0.0, 3.0)) if "8" in name else ((-7.0, 5.0),):
                yield f"{name}_{mode}_{high}", both, [x, np.float32(low), np.float32(high)], [(None,), (), ()]

    def codes(x, **how):
        found = raw.QuantizeV2(input=x, **{"T": tf.qint8, **how})
        return [tf.cast(found[0], tf.int32), *found[1:]]

    yield "quantize_narrow", lambda x: codes(x, min_range=-2.0, max_range=6.0, mode="SCALED", narrow_range=True), [x]
    yield "quantize_no_width", lambda x: codes(x, min_range=0.0, max_range=0.0), [x]
    yield "quantize_above_zero", lambda x: codes(x, min_range=1.0, max_range=6.0, T=tf.quint8), [x]
    yield "quantize_below_zero", lambda x: codes(x, min_range=-9.0, max_range=-6.0, T=tf.quint8), [x]
    yield "quantize_apart", lambda x: codes(x, min_range=1.0, max_range=1.1, ensure_minimum_range=0.5), [x]
    for mode in ("MIN_COMBINED", "SCALED"):
        for axis in (0, 2):
            n = rows.shape[axis]
            how = {"min_range": -np.arange(n).astype(np.float32), "max_range": np.arange(n, 0, -1).astype(np.float32)}
            yield (
                f"quantize_axis_{axis}_{mode}",
                lambda x: codes(x, **how, axis=axis, mode=mode),
                [rows],
                [(None, None, 4) if axis else None],
            )

            def there_and_back(x):
                found = raw.QuantizeV2(input=x, **how, axis=axis, mode=mode, T=tf.qint8)
                return raw.Dequantize(input=found[0], min_range=found[1], max_range=found[2], axis=axis, mode=mode)

            yield f"dequantize_axis_{axis}_{mode}", there_and_back, [rows]
    weights = (random.rand(24) * 255).astype(np.uint8)
    for mode in ("MIN_COMBINED", "MIN_FIRST", "SCALED"):
        for name in ("qint8", "qint32"):
            constant = tf.constant(weights.astype(np.int32) - (128 if name == "qint8" else 0), getattr(tf, name))
            yield f"dequantize_{name}_{mode}", lambda a, b: raw.Dequantize(input=constant, min_range=a, max_range=b, mode=mode), [
                np.float32(-2.3), np.float32(7.1)
            ]  # fmt: skip
    yield "dequantize_narrow", lambda a, b: raw.Dequantize(
        input=tf.constant(weights.astype(np.int32) - 128, tf.qint8), min_range=a, max_range=b, mode="SCALED", narrow_range=True
    ), [np.float32(-2.3), np.float32(0.1)]  # fmt: skip

    for name, (least, most) in {"qint8": (-128, 127), "qint32": (-(2**31), 2**31 - 1)}.items():
        ends = {"quantization_min_val": least, "quantization_max_val": most}

        def uniform(x, s, z):
            return tf.cast(raw.UniformQuantize(input=x, scales=s, zero_points=z, Tout=getattr(tf, name), **ends), tf.int32)

        yield f"uniform_{name}", uniform, [x, np.float32(0.3), np.int32(3)]
    narrow = {"quantization_min_val": -127, "quantization_max_val": 127, "quantization_axis": 2}
    rates, zeros = (np.arange(4) / 8 + 0.1).astype(np.float32), np.arange(4).astype(np.int32) - 4

    def uniform_both(x, s, z):
        found = raw.UniformQuantize(input=x, scales=s, zero_points=z, Tout=tf.qint8, **narrow)
        back = raw.UniformDequantize(input=found, scales=s, zero_points=z, Tout=tf.float32, **narrow)
        return [tf.cast(found, tf.int32), back]

    yield "uniform_axis", uniform_both, [rows, rates, zeros], [(None, None, 4), (4,), (4,)]
