"""Regular expressions in RE2's syntax."""


def cases(tf, np):
    raw = tf.raw_ops
    texts = np.array(
        [
            b"",
            b"Hello, World! <br />",
            b"a1b22c333",
            "é ñ Ünï 😀 x".encode(),
            b"a\xffb\xc3",
            b"line\nnext  line\n",
            b"aaa",
            b"foo.bar@baz.com",
        ],
        object,
    )
    free = [(None,)]
    replacements = [
        (rb"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]", b""), (rb"<br />", b" "), (rb"\s+", b" "), (rb"a*", b"-"), (rb"(\w)(\d)", rb"\2\1"),
        (rb"(?i)[A-L]+", rb"<\0>"), (rb"\bline\b", b"LINE"), (rb"^.", b"*"), (rb"(?m)^", b"> "), (rb"$", b"!"), (rb"[^a-z]", b"_"), (rb".", b"."),
        ("é|ñ".encode(), b"e"), (rb"(a|b)?c", rb"[\1]"), (rb"(\w+)@(\w+)", rb"\\\2 \1"), (rb"x{0,2}?", b"~"), (rb"\d{2,}", b"N"), (rb"b", rb"\1"),
        (rb"b", rb"q\x"), (rb"(?s).*", b"all"), (rb"(?:)", b"|"), (rb"[[:punct:]]+", b"."), (rb"[\d_]", b"0"),
    ]  # fmt: skip
    for k, (pattern, rewrite) in enumerate(replacements):
        for everywhere in (True, False):
            yield (
                f"replace_{k}_{everywhere}",
                lambda x, p=pattern, r=rewrite, g=everywhere: raw.StaticRegexReplace(input=x, pattern=p, rewrite=r, replace_global=g),
                [texts],
                free,
            )
    yield (
        "replace_computed",
        lambda x, p, r: raw.RegexReplace(input=x, pattern=p, rewrite=r),
        [texts, np.array(rb"[aeiou]", object), np.array(rb"<\0>", object)],
    )
    yield "replace_constant", lambda x: tf.strings.regex_replace(x, "[aeiou]", "v"), [texts.reshape(2, 4)], [(None, 4)]
    for k, pattern in enumerate([rb"", rb"a.*", rb"\w+", rb"(?s).*", rb"[^@]+@[\w.]+", rb"a|aa|aaa", rb"(?i)HELLO.*", rb"[a-z0-9]*"]):
        yield f"match_{k}", lambda x, p=pattern: raw.StaticRegexFullMatch(input=x, pattern=p), [texts], free
    yield "match_computed", lambda x, p: raw.RegexFullMatch(input=x, pattern=p), [texts, np.array(rb"a+", object)]
    yield "match_constant", lambda x: tf.strings.regex_full_match(x, "a+"), [texts], free
