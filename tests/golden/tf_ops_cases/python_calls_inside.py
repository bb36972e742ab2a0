"""Control flow around ops that have no form in the engine: Python calls in branches and in the rounds of loops."""


def cases(tf, np):
    words = np.array(["Pear plum", "apple", "kiwi fig date"], object)

    def counted(x):
        return tf.map_fn(lambda s: tf.size(tf.strings.split(s, sep=" ").values if hasattr(tf.strings.split(s, sep=" "), "values") else
                                           tf.strings.split(s, sep=" ")), x, fn_output_signature=tf.int32)  # fmt: skip

    yield "words_of_each", counted, [words], [(None,)]
    yield "words_of_none", counted, [words[:0]], [(None,)]

    def lowered(x, flag):
        return tf.cond(flag, lambda: tf.strings.upper(x), lambda: tf.strings.join([x, tf.strings.lower(x)]))

    for flag in (True, False):
        yield f"one_of_two_{flag}", lowered, [words, np.array(flag)]

    def repeated(x, n):
        def body(i, s, total):
            return i + 1, tf.strings.join([s, tf.strings.as_string(i)]), total * 2.0 + tf.cast(tf.strings.length(s)[0], tf.float32)

        return list(tf.while_loop(lambda i, s, t: i < n, body, [0, x, tf.constant(1.0)]))

    for n in (0, 3):
        yield f"rounds_{n}", repeated, [words, np.int32(n)]

    def nested(x, n):
        def body(i, s):
            inner = tf.while_loop(lambda j, t: j < i, lambda j, t: (j + 1, tf.strings.join([t, "x"])), [0, s])[1]
            return i + 1, tf.cond(i % 2 == 0, lambda: inner, lambda: tf.strings.upper(inner))

        return tf.while_loop(lambda i, s: i < n, body, [0, x])[1]

    yield "nested", nested, [words, np.int32(4)]
