"""Strings split, joined, cut, and counted."""


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

    letters = text(b"aB\xc3\x84\xc3\xa4\xff", "ǅ ﬁ ß İI ΑΣ Σ ŉ".encode(), b"", b"Hello World 123", b"Cut\x00Here")
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
