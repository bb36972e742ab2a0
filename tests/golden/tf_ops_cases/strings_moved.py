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

    yield from _kept(tf, np, text)
    yield from _in_loops(tf, np, text)


def _kept(tf, np, text):
    """Through ops of other families."""
    sq, v = text(b"a", b"", b"c", b"d", b"e", b"f").reshape(2, 3), text(b"b", b"a", b"b", b"")
    free = [(None, 3)]
    wide = text(*(b"%d" % k for k in range(24))).reshape(2, 3, 4)
    yield (
        "slices",
        lambda x: [tf.gather(x, [1, 0]), tf.gather(x, [2, 0], axis=1), tf.gather_nd(x, [[1], [0]]), x[1]],
        [wide],
        [(None, 3, 4)],
    )
    yield "unique", lambda x: list(tf.unique(x)), [v], [(None,)]
    yield "unique_counts", lambda x: list(tf.unique_with_counts(x)), [v], [(None,)]
    yield "revseq", lambda x: tf.reverse_sequence(x, [2, 3], seq_axis=1), [sq]
    yield "gather_batch", lambda x, i: tf.gather(x, i, batch_dims=1), [sq, np.array([[0, 2], [1, 1]])], [(None, 3), (None, 2)]
    yield "repeat_free", lambda x: tf.repeat(x, 2, axis=0), [sq], free
    yield "scatter_nd", lambda x: tf.scatter_nd([[1], [3]], x, [5, 3]), [sq]
    yield "reflect", lambda x: tf.pad(x, [[0, 0], [1, 1]], mode="REFLECT"), [sq], free
    yield "symmetric", lambda x: tf.pad(x, [[0, 0], [1, 1]], mode="SYMMETRIC"), [sq], free
    yield "dense", lambda x: tf.sparse.to_dense(tf.sparse.SparseTensor([[0, 1], [2, 0]], x, [3, 2]), default_value="-"), [v[:2]]
    yield "ragged", lambda x: tf.strings.split(x).to_tensor(), [text(b"a b c", b"", b"d")], [(None,)]
    yield (
        "ragged_join",
        lambda x: tf.strings.reduce_join(tf.strings.split(x), axis=-1, separator="_"),
        [text(b"a b c", b"", b"d")],
        [(None,)],
    )
    yield "bytes_split", lambda x: tf.strings.bytes_split(x).to_tensor(), [text(b"abc", b"", b"d")], [(None,)]
    yield "usplit", lambda x: tf.strings.unicode_split(x, "UTF-8").to_tensor(), [text("aé".encode(), b"", b"d")], [(None,)]
    yield "where_idx", lambda x: tf.where(tf.not_equal(x, "")), [sq], free
    yield "partition", lambda x: tf.dynamic_partition(x, [0, 1, 0, 1], 2), [v]
    yield "stitch", lambda x: tf.dynamic_stitch([[0, 2], [1, 3]], [x[:2], x[2:]]), [v]
    yield "argsort_by", lambda x: tf.gather(x, tf.argsort([3, 1, 2, 0])), [v]
    yield "ngr", lambda x: tf.strings.ngrams(tf.strings.split(x), 2).to_tensor(), [text(b"a b c", b"x", b"d e")], [(None,)]
    yield "lookup_pad", lambda x: tf.strings.split(x, sep=",").to_tensor("[PAD]", shape=[None, 4]), [text(b"a,b", b"c")], [(None,)]
    yield "setdiff", lambda x: list(tf.raw_ops.ListDiff(x=x, y=["a"])), [v]


def _in_loops(tf, np, text):
    """Through loops and conditions, which keep what they are given."""
    sq, v = text(*(b"s%d" % k for k in range(6))).reshape(2, 3), text(b"p", b"q", b"r")
    free = [(None, 3)]
    yield "map_rev", lambda x: [tf.map_fn(lambda s: tf.reverse(s, [0]), x), x], [sq], free
    yield "map_pair", lambda x: tf.map_fn(lambda s: tf.stack([s, s]), x), [sq], free
    yield "map_outer", lambda x: tf.map_fn(lambda i: x[i], tf.constant([1, 0, 1]), fn_output_signature=tf.string), [sq], free
    yield "map_whole", lambda x: [tf.map_fn(lambda i: x, tf.constant([1, 0, 1]), fn_output_signature=tf.string), x], [sq], [(2, 3)]
    yield "cond_x", lambda x: [tf.cond(tf.size(x) > 3, lambda: x, lambda: tf.reverse(x, [0])), x], [sq], free
    yield "cond_x2", lambda x: [tf.cond(tf.size(x) > 300, lambda: tf.reverse(x, [0]), lambda: x), x, tf.reverse(x, [1])], [sq], free
    yield "while_x", lambda x: [tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, tf.concat([s[1:], s[:1]], 0)), [0, x])[1], x], [v]
    yield "while_same", lambda x: [tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s), [0, x])[1], x], [v]
    yield (
        "while_two",
        lambda x: list(tf.while_loop(lambda i, s, t: i < 3, lambda i, s, t: (i + 1, t, s), [0, x, tf.reverse(x, [0])]))[1:] + [x],
        [v],
    )
    yield "while_outer", lambda x: [tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, x), [0, tf.reverse(x, [0])])[1], x], [v]
    yield "while_zero", lambda x: [tf.while_loop(lambda i, s: i < 0, lambda i, s: (i + 1, tf.reverse(s, [0])), [0, x])[1], x], [v]
    yield "scan", lambda x: tf.scan(lambda a, s: tf.where(tf.equal(s, "q"), s, a), x), [v]
