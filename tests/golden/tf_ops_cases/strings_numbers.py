"""Numbers as text and back, and tensors in texts."""


def cases(tf, np):
    raw = tf.raw_ops

    def text(*items):
        return np.array(items, object)

    reals = np.array([1.5, -2.25, np.inf, -np.inf, np.nan, -np.nan, -0.0, 1e30, 1e-10, 123456.789, 0.0001])
    forms = [
        {}, {"precision": 2}, {"precision": 0}, {"scientific": True}, {"shortest": True}, {"width": 12}, {"width": 12, "fill": "0"}, {"fill": "+"},
        {"width": 12, "fill": "-"}, {"width": 12, "fill": "+", "precision": 3}, {"width": 14, "fill": " "}, {"shortest": True, "width": 12, "fill": "#"},
        {"width": 0, "fill": "0"}, {"scientific": True, "precision": 3, "width": 15, "fill": "0"},
    ]  # fmt: skip
    for k, form in enumerate(forms):
        for dtype in ("float32", "float64") if k > 4 else ("float16", "bfloat16", "float32", "float64"):
            array = tf.cast(reals, dtype).numpy()
            yield f"as_string_{k}_{dtype}", lambda x, form=form: raw.AsString(input=x, **form), [array], [(None,)]
        if k < 5:
            values = np.array([1.5 - 2j, complex(np.nan, np.inf)], np.complex64)
            yield f"as_string_{k}_complex64", lambda x, form=form: raw.AsString(input=x, **form), [values]
    integers = [{}, {"width": 6}, *({"width": 6, "fill": fill} for fill in "0-+ #"), {"fill": "+"}]
    for k, form in enumerate(integers):
        for dtype in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64") if k in (0, 4) else ("int32", "uint8"):
            array = np.array([0, 7, np.iinfo(dtype).max, np.iinfo(dtype).min], dtype)
            yield f"as_string_i{k}_{dtype}", lambda x, form=form: raw.AsString(input=x, **form), [array], [(None,)]
        yield f"as_string_s{k}", lambda x, form=form: raw.AsString(input=x, **form), [text(b"abcd", b"\xc3\xa9", b"a\x00b")]
        yield f"as_string_b{k}", lambda x, form=form: raw.AsString(input=x, **form), [np.array([True, False])]
    yield "as_string_cut", lambda x: raw.AsString(input=x, width=5, precision=2), [text(b"abcd", b"a")]
    yield "as_string_scalar", lambda x: raw.AsString(input=x), [np.float32(3)]

    reals = [
        b"1", b" 1 ", b"+1", b"-1.5", b"1e5", b"0x10", b"0x1.8p3", b"-0X1F", b"1e400", b"-1e400", b"1e-400", b"inf", b"-INFINITY", b"nan", b".5",
        b"5.", b"\t1\n\v", b"3.4028236e38", b"3.40282356779733661e38", b"3.40282356779733662e38", b"16777217.0000001", b"16777217", b"-0", b"0.1",
        b"7.0064923216240854e-46", b"7.0064923216240853e-46", b"0x1.000001p0", b"0x1.00000100001p0", b"0x1.000001p-150", b"nan(a_1)", b"1E+05",
    ]  # fmt: skip
    for dtype in ("float32", "float64"):
        yield f"number_{dtype}", lambda x, dtype=dtype: raw.StringToNumber(string_tensor=x, out_type=dtype), [text(*reals)], [(None,)]
    for dtype in ("int32", "int64", "uint32", "uint64"):
        span = np.iinfo(dtype)
        found = [
            b" 1 ",
            b"+7",
            b"-0" if span.min else b"0",
            b"0012",
            b"\t5\n",
            b"0" * 40 + b"3",
            str(span.max).encode(),
            str(span.min).encode(),
        ]
        yield f"number_{dtype}", lambda x, dtype=dtype: raw.StringToNumber(string_tensor=x, out_type=dtype), [text(*found)], [(None,)]

    for k, (shape, dtype, most) in enumerate(
        [((9,), "int64", 3), ((2, 2), "float32", 3), ((10, 10), "int32", 2), ((10, 10), "int32", -1), ((3, 3, 3), "float64", 1), ((0,), "int32", 3),
         ((3, 0), "float32", 3), ((), "float32", 3), ((4,), "bool", 3), ((5,), "uint8", 0), ((6,), "int8", 3)]
    ):  # fmt: skip
        array = (np.arange(np.prod(shape)).reshape(shape) / 3 if "float" in dtype else np.arange(np.prod(shape)).reshape(shape)).astype(
            dtype
        )
        yield f"format_{k}", lambda x, most=most: raw.StringFormat(inputs=[x], template="<%s>", summarize=most), [array]
    awkward = text(b"a\n\"b\xff\\'", b"", b"\x01\x7f")
    yield "format_strings", lambda x, y: tf.strings.format("{} and {}", [x, y]), [awkward, np.float32(1e20)]
    yield "format_nothing", lambda x: tf.strings.join([tf.strings.format("just text", []), x]), [np.array(b"x", object)]
    half = np.array([0.1, 1e4, 65504, 1 / 3, np.nan], np.float16)
    yield "format_half", lambda x: raw.StringFormat(inputs=[x], summarize=9), [half]
    wide = np.array([1e20, 1e-10, 0.1, 1 / 3, 123456789.0, 1e5, 1e16, np.inf, -0.0])
    yield "format_double", lambda x: raw.StringFormat(inputs=[x], summarize=9), [wide]
    yield "format_single", lambda x: raw.StringFormat(inputs=[x], summarize=9), [wide.astype(np.float32)]
