"""Strings split, joined, cut, counted, hashed and read as numbers."""


def cases(tf, np):
    raw = tf.raw_ops

    def text(*items):
        return np.array(items, object)

    words = text(b"a b  c", b"", b" ", b" lead and trail ", b"a,b;c,,d", b"\xc3\xa9\tx\n")
    free = [(None,)]
    for name, by, skip in [("space", b" ", True), ("keep", b" ", False), ("several", b",; ", True), ("bytes", b"", True)]:
        yield f"split_{name}", lambda x, by=by, skip=skip: list(raw.StringSplit(input=x, delimiter=by, skip_empty=skip)), [words], free
    yield "split_computed", lambda x, d: list(raw.StringSplit(input=x, delimiter=d)), [words, np.array(b",", object)], [(None,), ()]
    yield "split_nothing", lambda x: list(raw.StringSplit(input=x, delimiter=" ")), [text()], free
    for sep, most in [(b"", -1), (b"", 0), (b"", 1), (b"", 2), (b"", 3), (b"", -2), (b",", -1), (b",", 2), (b" ", -1), (b"  ", 1)]:
        yield (
            f"split2_{sep.decode().replace(' ', '_')}_{most}",
            lambda x, sep=sep, most=most: list(raw.StringSplitV2(input=x, sep=sep, maxsplit=most)),
            [words],
            free,
        )
    yield "ragged_split", lambda x: tf.strings.split(x).flat_values, [words], free
    yield "ragged_split_rows", lambda x: tf.strings.split(x).row_splits, [words], free

    pair = text(b"x", b"y", b"z"), text(b"1", b"2", b"3")
    yield "join", lambda x, y: raw.StringJoin(inputs=[x, "and", y], separator=" "), list(pair), [(None,), (None,)]
    yield "join_scalars", lambda x: raw.StringJoin(inputs=[x, "!"]), [np.array(b"s", object)]
    yield "join_one", lambda x: raw.StringJoin(inputs=[x]), [pair[0]]
    square = text(b"a", b"b", b"c", b"d", b"e", b"f").reshape(2, 3)
    for k, axes in enumerate(([0], [1], [-1], [0, 1], [1, 0], [])):
        for keep in (False, True):
            yield (
                f"reduce_join_{k}_{keep}",
                lambda x, a=axes, keep=keep: raw.ReduceJoin(
                    inputs=x, reduction_indices=tf.constant(a, tf.int32), keep_dims=keep, separator="-"
                ),
                [square],
                [(None, None)],
            )
    yield "reduce_join_empty", lambda x: raw.ReduceJoin(inputs=x, reduction_indices=0), [text().reshape(0, 3)], [(None, 3)]
    ids = np.array([2, 0, 2], np.int32)
    yield "segment_join", lambda x, i: raw.UnsortedSegmentJoin(inputs=x, segment_ids=i, num_segments=4, separator=","), [pair[0], ids]
    yield (
        "segment_join_rows",
        lambda x, i: raw.UnsortedSegmentJoin(inputs=x, segment_ids=i, num_segments=3, separator=","),
        [square, np.array([1, 1], np.int64)],
        [(None, 3), (None,)],
    )
    yield (
        "segment_join_all",
        lambda x, i, n: raw.UnsortedSegmentJoin(inputs=x, segment_ids=i, num_segments=n, separator=","),
        [square, np.array([[1, 1, 0], [0, 1, 3]], np.int64), np.int32(5)],
    )

    letters = text(b"aB\xc3\x84\xc3\xa4\xff", "ǅ ﬁ ß İI ΑΣ Σ ŉ".encode(), b"", b"Hello World 123")
    for encoding in ("", "utf-8"):
        yield f"lower_{encoding}", lambda x, e=encoding: raw.StringLower(input=x, encoding=e), [letters], free
        yield f"upper_{encoding}", lambda x, e=encoding: raw.StringUpper(input=x, encoding=e), [letters], free
    yield "strip", lambda x: raw.StringStrip(input=x), [text(b" \t\n\v\f\r a b \x1c\xc2\x85 ", b"", b"\x00 a\x00")], free
    strange = text(b"a\xc3\xa9", b"\xff\x80", b"", b"\xf0\x9f\x98\x80b", b"\xc3", b"\x80\x80a\x80").reshape(2, 3)
    for unit in ("BYTE", "UTF8_CHAR"):
        yield f"length_{unit}", lambda x, u=unit: raw.StringLength(input=x, unit=u), [strange], [(None, 3)]
    yield "length_scalar", lambda x: raw.StringLength(input=x), [np.array(b"scalar", object)]

    hello = text(b"hello", b"world")
    for k, (at, n) in enumerate([(1, 2), (-3, 2), (5, 1), (0, 100), (-5, 1), (1, -1), (1, 0), ([1, 2], [2, 3]), ([[1], [2]], [[2], [3]])]):
        yield f"substr_{k}", lambda x, at=at, n=n: raw.Substr(input=x, pos=at, len=n), [hello], free
    yield "substr_scalar", lambda x, p: raw.Substr(input=x, pos=p, len=[2, 3]), [np.array(b"hello", object), np.array([1, 2], np.int64)]
    emoji = text("😊aéb".encode(), b"abcd")
    for at, n in [(0, 1), (1, 2), (-1, 1), (-2, 2), (3, 5), (-4, 1), (4, 1), (1, 0)]:
        yield f"substr_utf8_{at}_{n}", lambda x, at=at, n=n: raw.Substr(input=x, pos=at, len=n, unit="UTF8_CHAR"), [emoji], free

    tokens, starts = text(b"a", b"b", b"c", b"d", b"e"), np.array([0, 2, 2, 5], np.int64)
    for widths, pad, short in [
        ([2], 0, False),
        ([1, 2], -1, False),
        ([3], 1, True),
        ([3], 0, True),
        ([6], 2, True),
        ([9, 1], -1, False),
        ([2, 3], 5, True),
    ]:
        yield (
            f"ngrams_{'_'.join(map(str, widths))}_{pad}_{short}",
            lambda x, s, widths=widths, pad=pad, short=short: list(
                raw.StringNGrams(
                    data=x, data_splits=s, separator="|", ngram_widths=widths, left_pad="<", right_pad=">", pad_width=pad,
                    preserve_short_sequences=short,
                )
            ),
            [tokens, starts.astype(np.int32) if short else starts],
            [(None,), (None,)],
        )  # fmt: skip

    plain = text(b"", b"a", b"ab", b"abc", b"\xff\xfe\xfd\xfb\xef\xbe")
    for pad in (False, True):
        yield f"base64_{pad}", lambda x, pad=pad: raw.EncodeBase64(input=x, pad=pad), [plain], free
    yield (
        "unbase64",
        lambda x: raw.DecodeBase64(input=x),
        [text(b"", b"YQ", b"YQ==", b"YWI", b"YWI=", b"YWJj", b"__79", b"-_-_", b"YR")],
        free,
    )

    yield from _numbers(tf, np, text)
    yield from _hashes(tf, np, text)
    yield from _moved(tf, np, text)


def _numbers(tf, np, text):
    raw = tf.raw_ops
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


def _hashes(tf, np, text):
    raw = tf.raw_ops
    items = text(b"", b"a", b"12345678", b"hello world, this is longer than sixteen", b"x" * 33, b"y" * 100, b"\x00\xff" * 7)
    yield "bucket", lambda x: raw.StringToHashBucket(string_tensor=x, num_buckets=1000000007), [items], [(None,)]
    yield "bucket_fast", lambda x: raw.StringToHashBucketFast(input=x, num_buckets=2**61), [items], [(None,)]
    yield "bucket_strong", lambda x: raw.StringToHashBucketStrong(input=x, num_buckets=97, key=[-1, 2**62]), [items], [(None,)]
    for name, array in {
        "strings": items, "column": items.reshape(-1, 1), "rows": items[:6].reshape(2, 3), "deep": items[:6].reshape(1, 3, 2),
        "int32": np.arange(6, dtype=np.int32).reshape(2, 3), "float64": np.linspace(0, 1, 4), "bool": np.array([[True, False]]),
        "empty_rows": np.zeros((2, 0), np.float32), "no_rows": np.zeros((0, 3), np.float32), "half": np.ones((2, 2), np.float16),
    }.items():  # fmt: skip
        free = [(None, *array.shape[1:])]
        yield f"fingerprint_{name}", lambda x: raw.Fingerprint(data=x, method="farmhash64"), [array], free


def _moved(tf, np, text):
    """What moves elements about, of strings."""
    raw = tf.raw_ops
    square = text(b"a", b"", b"c\x00c", b"\xff\xc3", b"e", "é".encode()).reshape(2, 3)
    free = [(None, 3)]
    yield "reshape", lambda x: tf.reshape(x, [-1]), [square], free
    yield "transpose", lambda x: tf.transpose(x), [square], free
    yield "reverse", lambda x: tf.reverse(x, [1]), [square], free
    yield "gather", lambda x, i: tf.gather(x, i, axis=1), [square, np.array([2, 0], np.int32)], [(None, 3), (None,)]
    yield "gather_nd", lambda x, i: tf.gather_nd(x, i), [square, np.array([[0, 2], [1, 1]], np.int32)], [(None, 3), (None, 2)]
    yield "concat", lambda x: tf.concat([x, x, [[b"k", b"l", b"m"]]], 0), [square], free
    yield "stack", lambda x: tf.stack([x, x], 1), [square], free
    yield "unstack", lambda x: tf.unstack(x, axis=1), [square], free
    yield "slice", lambda x: x[:1, 1:], [square], free
    yield "tile", lambda x: tf.tile(x, [2, 2]), [square], free
    yield "where", lambda c, x: tf.where(c, x, "other"), [np.array([[True, False, True]]), square], [(None, 3), (None, 3)]
    yield "equal", lambda x, y: [tf.equal(x, y), tf.not_equal(x, y)], [square, square[:, ::-1]], [(None, 3), (None, 3)]
    yield "fill", lambda x: tf.fill([2, tf.shape(x)[0]], x[0, 0]), [square], free
    yield "expand", lambda x: tf.expand_dims(x, 1), [square], free
    yield "squeeze", lambda x: tf.squeeze(x[:1], 0), [square], free
    yield "split_axis", lambda x: tf.split(x, 3, axis=1), [square], free
    yield "broadcast", lambda x: tf.broadcast_to(x[:, :1], [2, 4]), [square], [(2, 3)]
    yield "zeros_like", lambda x: tf.zeros_like(x), [square], free
    yield "shape", lambda x: tf.shape(x), [square], free
    yield (
        "scatter",
        lambda x, i: tf.tensor_scatter_nd_update(x, i, [[b"p", b"q", b"r"]]),
        [square, np.array([[1]], np.int32)],
        [(None, 3), (1, 1)],
    )
    yield "empty", lambda x: tf.concat([x, x], 0), [text().reshape(0, 3)], free
    yield "identity", lambda x: tf.identity(x), [square], free
    yield "pad", lambda x: tf.pad(x, [[1, 0], [0, 1]], constant_values="."), [square], free
    yield "pad_empty", lambda x: raw.Pad(input=x, paddings=[[1, 0], [0, 1]]), [square], free
    yield "repeat", lambda x: tf.repeat(x, 2, axis=0), [square], [(2, 3)]
    yield "boolean_mask", lambda x: tf.boolean_mask(x, [True, False, True], axis=1), [square], free
    yield "roll", lambda x: tf.roll(x, 1, 1), [square], free
