"""Lookup tables that a graph fills from constants before it looks something up."""


def cases(tf, np):
    raw = tf.raw_ops
    unique = iter(range(1000))  # tables of one name are shared by all cases

    def filled(make, keys, values, then, op=raw.LookupTableImportV2):
        def function(*inputs):
            table = make()
            with tf.control_dependencies([op(table_handle=table, keys=tf.constant(keys), values=tf.constant(values))]):
                return then(table, *inputs)

        return function

    def plain(key, value):
        return lambda: raw.HashTableV2(key_dtype=key, value_dtype=value, shared_name=f"plain_{next(unique)}")

    def find(default):
        return lambda table, x: raw.LookupTableFindV2(table_handle=table, keys=x, default_value=default)

    def text(*items):
        return np.array(items, object)

    sets = {
        "string": (text(b"a", b"", b"\xff\x00", "é".encode()), text(b"a", b"b", b"\xff\x00", b"", b"\xff", "é".encode())),
        "int32": (np.array([3, -7, 0], np.int32), np.array([0, 1, 2, 3, -7, -8], np.int32)),
        "int64": (np.array([2**62, -1, 5]), np.array([2**62, 5, 6, -1, 0, 2**62 + 1])),
    }
    results = {
        "string": (lambda n: text(*(b"v%d" % i for i in range(n))), b"none"),
        "int32": (lambda n: np.arange(n, dtype=np.int32) * 3, -1),
        "int64": (lambda n: np.arange(n) * 2**40, -1),
        "float32": (lambda n: np.arange(n, dtype=np.float32) / 3, np.nan),
        "float64": (lambda n: np.arange(n) / 3, -0.5),
        "bool": (lambda n: np.arange(n) % 2 == 0, True),
    }
    for key in sets:
        for value in results:
            if value == "bool" and key != "string" or (key, value) in (("int32", "int64"), ("int64", "bool")):
                continue
            keys, asked = sets[key]
            make, default = results[value]
            values = make(len(keys))
            default = tf.constant(default, value)
            for op in (raw.LookupTableImportV2, raw.InitializeTableV2) if key == "string" else (raw.LookupTableImportV2,):
                name = f"find_{key}_{value}_{op.__name__.lower()}"
                yield name, filled(plain(key, value), keys, values, find(default), op), [asked.reshape(2, 3)], [(None, 3)]
    keys, values = sets["string"][0], np.arange(4)
    yield "scalar", filled(plain("string", "int64"), keys, values, find(np.int64(9))), [np.array(b"", object)]
    yield "nothing", filled(plain("string", "int64"), keys, values, find(np.int64(9))), [text()], [(None,)]
    yield (
        "default_computed",
        filled(plain("string", "int64"), keys, values, lambda t, x, d: raw.LookupTableFindV2(table_handle=t, keys=x, default_value=d)),
        [sets["string"][1], np.int64(77)],
    )
    twice = text(b"a", b"a", b"b"), np.array([1, 1, 2])
    yield "twice", filled(plain("string", "int64"), *twice, find(np.int64(9))), [text(b"a", b"c")]
    yield "size", filled(plain("string", "int64"), *twice, lambda t, x: raw.LookupTableSizeV2(table_handle=t) + x), [np.int64(1)]
    yield "export", filled(plain("int64", "int64"), np.array([4]), np.array([5]), lambda t, x: [
        v + x for v in raw.LookupTableExportV2(table_handle=t, Tkeys=tf.int64, Tvalues=tf.int64)]), [np.int64(1)]  # fmt: skip

    def mutable(key, value):
        return lambda: raw.MutableHashTableV2(key_dtype=key, value_dtype=value, shared_name=f"mutable_{next(unique)}")

    yield "mutable", filled(mutable("string", "int64"), text(b"a", b"a"), np.array([1, 2]), find(np.int64(9))), [text(b"a", b"c")]
    yield "mutable_empty", filled(mutable("string", "float32"), text(), np.zeros(0, np.float32), find(np.float32(9))), [text(b"a", b"c")]
    yield (
        "mutable_defaults",
        filled(mutable("int64", "float32"), np.array([1, 2]), np.array([1, 2], np.float32),
               lambda t, x, d: raw.LookupTableFindV2(table_handle=t, keys=x, default_value=d)),
        [np.array([[1, 5], [6, 2]]), np.array([[10, 20], [30, 40]], np.float32)],
        [(None, 2), (None, 2)],
    )  # fmt: skip

    def tensors():
        return raw.MutableHashTableOfTensorsV2(
            key_dtype="string", value_dtype="float32", value_shape=[2], shared_name=f"tensors_{next(unique)}"
        )

    rows = np.array([[1, 2], [3, 4]], np.float32)
    yield "tensors", filled(tensors, text(b"a", b"b"), rows, find(np.array([8, 9], np.float32))), [text(b"b", b"x", b"a")], [(None,)]
    yield (
        "tensors_square",
        filled(tensors, text(b"a", b"b"), rows, find(np.array([8, 9], np.float32))),
        [text(b"b", b"x", b"a", b"a").reshape(2, 2)],
        [(None, 2)],
    )

    yield "two_tables", _chained(tf, raw), [text(b"x", b"y", b"z")], [(None,)]
    yield (
        "anonymous",
        filled(lambda: raw.AnonymousHashTable(key_dtype="string", value_dtype="int64"), keys, values, find(np.int64(9))),
        [text(b"a", b"q")],
    )
    vocabulary = tf.constant(["p", "q", "r"])
    yield (
        "inside_a_function",
        filled(plain("string", "int64"), ["p", "q"], np.array([0, 1]), lambda t, x: tf.function(
            lambda t, x: raw.LookupTableFindV2(table_handle=t, keys=tf.strings.lower(x), default_value=np.int64(-1)))(t, x)),
        [text(b"P", b"q", b"z")],
    )  # fmt: skip
    yield (
        "computed_constants",
        lambda x: _computed(tf, raw, vocabulary, x),
        [text(b"p-0", b"r-2", b"p")],
        [(None,)],
    )


def _chained(tf, raw):
    def function(x):
        one = raw.HashTableV2(key_dtype="string", value_dtype="int64", shared_name="one")
        other = raw.HashTableV2(key_dtype="int64", value_dtype="string", shared_name="other")
        words, numbers = tf.constant(["x", "y"]), tf.constant([10, 20], tf.int64)
        fill = [
            raw.LookupTableImportV2(table_handle=one, keys=words, values=numbers),
            raw.LookupTableImportV2(table_handle=other, keys=numbers, values=words),
        ]
        with tf.control_dependencies(fill):
            found = raw.LookupTableFindV2(table_handle=one, keys=x, default_value=tf.constant(-1, tf.int64))
            return raw.LookupTableFindV2(table_handle=other, keys=found, default_value="?")

    return function


def _computed(tf, raw, vocabulary, x):
    table = raw.HashTableV2(key_dtype="string", value_dtype="int64", shared_name="computed")
    keys = tf.strings.join([vocabulary, tf.strings.as_string(tf.range(3))], "-")
    with tf.control_dependencies([raw.LookupTableImportV2(table_handle=table, keys=keys, values=tf.range(3, dtype=tf.int64))]):
        return raw.LookupTableFindV2(table_handle=table, keys=x, default_value=tf.constant(-1, tf.int64))
