"""What moves elements about, of strings; hashes."""


def cases(tf, np):
    raw = tf.raw_ops

    def text(*items):
        return np.array(items, object)

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
