"""Texts as code points."""


def cases(tf, np):
    raw = tf.raw_ops
    free = [(None,)]
    broken = np.array(
        [b"", b"ab\xc3\xa9", b"a\xffb", b"\xe2\x82", b"\xe2\x82a", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\x01\n\x7f\x00x",
         b"\xef\xbb\xbfa", b"\xef\xbf\xbd"], object
    )  # fmt: skip
    wide = np.array(
        [b"", b"\x00a", b"\xd8\x00\x00a", b"\xdc\x00\x00a", b"\xd8=\xde\n", b"\xd8=", b"\x00a\x00", b"\xd8=\x00", b"\xfe\xff\x00a"], object
    )
    wider = np.array([b"", b"\x00\x00\x00a", b"\x00\x11\x00\x00", b"\x00\x00\xd8\x00", b"\x00\x00\x00", b"\x00\x00\x00a\x00\x00"], object)
    for encoding, data in [
        ("UTF-8", broken),
        ("UTF-16-BE", wide),
        ("UTF-16-LE", wide),
        ("UTF-32-BE", wider),
        ("US-ASCII", broken),
        ("latin1", broken),
    ]:
        for errors in ("replace", "ignore"):
            for controls in (False, True):
                yield (
                    f"decode_{encoding}_{errors}_{controls}",
                    lambda x, e=encoding, how=errors, c=controls: list(
                        raw.UnicodeDecodeWithOffsets(
                            input=x, input_encoding=e, errors=how, replace_control_characters=c, replacement_char=33
                        )
                    ),
                    [data],
                    free,
                )
            yield (
                f"transcode_{encoding}_{errors}",
                lambda x, e=encoding, how=errors: [
                    raw.UnicodeTranscode(input=x, input_encoding=e, output_encoding=to, errors=how)
                    for to in ("UTF-8", "UTF-16-BE", "UTF-32-BE")
                ],
                [data],
                free,
            )
    every = np.array([bytes([k]) for k in range(256)], object)
    for encoding in ("ISO-8859-2", "iso-8859-7", "windows-1252", "windows-1251", "windows-1250", "windows-1254", "windows-1256", "KOI8-R"):
        yield f"decode_{encoding}", lambda x, e=encoding: list(raw.UnicodeDecode(input=x, input_encoding=e)), [every]
    yield (
        "decode_square",
        lambda x: list(raw.UnicodeDecode(input=x, input_encoding="UTF-8", Tsplits="int32")),
        [broken.reshape(3, 4)],
        [(None, 4)],
    )
    yield (
        "decode_scalar",
        lambda x: list(raw.UnicodeDecode(input=x, input_encoding="UTF-8", errors="strict")),
        [np.array("añ😀".encode(), object)],
    )
    codes, starts = np.array([97, 233, 128512, 0xD800, 0x110000, -1, 0xFFFF, 0], np.int32), np.array([0, 3, 3, 6, 8], np.int64)
    for encoding in ("UTF-8", "UTF-16-BE", "UTF-32-BE"):
        for errors in ("replace", "ignore"):
            yield (
                f"encode_{encoding}_{errors}",
                lambda v, s, e=encoding, how=errors: raw.UnicodeEncode(input_values=v, input_splits=s, output_encoding=e, errors=how),
                [codes, starts],
                [(None,), (None,)],
            )
    yield (
        "encode_strict",
        lambda v, s: raw.UnicodeEncode(input_values=v, input_splits=s, output_encoding="UTF-8", errors="strict"),
        [codes[:3], starts[:2]],
    )
    many = np.array([0, 97, 0x3B1, 0x4E00, 0x3042, 0x1F600, 0x10FFFF, -1, 0x110000, 0xD800, 0x300, 0x10400, 0x5D0, 0xAC00], np.int32)
    yield "script", lambda x: raw.UnicodeScript(input=x), [many.reshape(2, 7)], [(None, 7)]
