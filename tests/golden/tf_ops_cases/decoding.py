"""Bytes as numbers, fields of CSV and tensors."""


def cases(tf, np):
    raw = tf.raw_ops

    def text(*items):
        return np.array(items, object)

    bytes_ = bytes(range(250, 256)) + bytes(range(10)) + b"\x00\x3c\x80\xbf" * 4
    for dtype in "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 bool complex64 complex128 bfloat16".split():
        for little in (True, False) if dtype != "uint8" else (True,):
            yield (
                f"raw_{dtype}_{little}",
                lambda x, dtype=dtype, little=little: raw.DecodeRaw(bytes=x, out_type=dtype, little_endian=little),
                [text(bytes_, bytes_[::-1])],
                [(None,)],
            )
    yield "raw_scalar", lambda x: raw.DecodeRaw(bytes=x, out_type="uint8"), [np.array(b"abc", object)]
    yield "raw_nothing", lambda x: raw.DecodeRaw(bytes=x, out_type="int32"), [text().reshape(0, 2)], [(None, 2)]
    yield "raw_empty", lambda x: raw.DecodeRaw(bytes=x, out_type="int32"), [text(b"", b"")], [(None,)]
    for dtype in "float32 float64 int8 int16 int32 int64 uint8 uint16".split():
        for little in (True, False):
            yield (
                f"padded_{dtype}_{little}",
                lambda x, n, dtype=dtype, little=little: raw.DecodePaddedRaw(
                    input_bytes=x, fixed_length=n, out_type=dtype, little_endian=little
                ),
                [text(b"abcdefghijklmnopqrstuvwxyz", b"", b"\x01\x02\x03"), np.int32(16)],
                [(None,), ()],
            )
    yield (
        "padded_known",
        lambda x: raw.DecodePaddedRaw(input_bytes=x, fixed_length=4, out_type="uint8"),
        [text(b"abcdef", b"x").reshape(2, 1)],
    )

    import gzip
    import zlib

    plain = [b"", b"hello " * 100, bytes(range(256))]
    yield "zlib", lambda x: raw.DecodeCompressed(bytes=x, compression_type="ZLIB"), [text(*(zlib.compress(t) for t in plain))], [(None,)]
    yield (
        "gzip",
        lambda x: raw.DecodeCompressed(bytes=x, compression_type="GZIP"),
        [text(*(gzip.compress(t, mtime=0) for t in plain))],
        [(None,)],
    )
    yield "uncompressed", lambda x: raw.DecodeCompressed(bytes=x, compression_type=""), [text(*plain)], [(None,)]

    lines = text(b"1,2.5,abc,,7", b'"3","-1e3","a ""quoted"", b",x,', b' 4 ,inf,,"multi\nline",0', b"\n5,nan,NA,NA,NA")
    defaults = [
        tf.constant([], tf.int32),
        tf.constant([0.0], tf.float32),
        tf.constant(["none"]),
        tf.constant("scalar"),
        tf.constant([-1], tf.int64),
    ]
    yield "csv", lambda x: raw.DecodeCSV(records=x, record_defaults=defaults, na_value="NA"), [lines], [(None,)]
    yield (
        "csv_columns",
        lambda x: raw.DecodeCSV(records=x, record_defaults=[tf.constant([], tf.float64), tf.constant(["n"])], select_cols=[1, 3]),
        [lines],
        [(None,)],
    )
    yield (
        "csv_delimiter",
        lambda x: raw.DecodeCSV(records=x, record_defaults=[tf.constant([0]), tf.constant([""]), tf.constant([""])], field_delim="|", use_quote_delim=False),
        [text(b'1|"a"|b,c', b'|"|', b'2|"|"', b'3|a|').reshape(2, 2)],
        [(None, 2)],
    )  # fmt: skip
    yield (
        "csv_default_given",
        lambda x, d: raw.DecodeCSV(records=x, record_defaults=[d, tf.constant(["z"])]),
        [text(b",", b"5,"), np.array([8], np.int64)],
    )
    yield (
        "csv_one",
        lambda x: raw.DecodeCSV(records=x, record_defaults=[tf.constant([""])]),
        [text(b'"a,b"', b"c", b'""', b'","')],
        [(None,)],
    )

    for dtype in "float16 bfloat16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool complex64 complex128".split():
        array = tf.cast(np.array([[0, 1, 5], [7, 0, 100]]), dtype).numpy()
        yield f"serialize_{dtype}", lambda x: tf.reshape(raw.SerializeTensor(tensor=x), [1]), [array], [(None, 3)]
    yield "serialize_string", lambda x: tf.reshape(raw.SerializeTensor(tensor=x), [1]), [text(b"a", b"", b"x" * 200)], [(None,)]
    yield "serialize_scalar", lambda x: tf.reshape(raw.SerializeTensor(tensor=x), [1]), [np.float32(2.5)]
    yield "serialize_empty", lambda x: tf.reshape(raw.SerializeTensor(tensor=x), [1]), [np.zeros((0, 3), np.float32)], [(None, 3)]
    message = tf.io.serialize_tensor(tf.constant([[1.5, 2.5]])).numpy()
    yield "parse_constant", lambda x: raw.ParseTensor(serialized=message, out_type="float32") + x, [np.float32(1)]
    repeated = tf.make_tensor_proto([1.0] * 6, shape=[2, 3])
    repeated.float_val[:] = [1.0, 2.0]
    repeated.tensor_content = b""
    yield "parse_repeated", lambda x: raw.ParseTensor(serialized=repeated.SerializeToString(), out_type="float32") + x, [np.float32(1)]
    strings = tf.io.serialize_tensor(tf.constant(["a", "b"])).numpy()
    yield "parse_strings", lambda x: tf.strings.join([raw.ParseTensor(serialized=strings, out_type="string"), x]), [np.array(b"!", object)]
