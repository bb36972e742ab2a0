"""Element by element ops in every type that TensorFlow has a kernel for: a graph for each type, with the results of all ops stacked."""

FLOATS = "float16 bfloat16 float32 float64".split()
INTEGERS = "int8 int16 int32 int64 uint8 uint16 uint32 uint64".split()
UNARY = """Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Erf Erfc Exp Expm1 Floor Invert IsFinite IsInf IsNan Log Log1p Neg OnesLike
    Reciprocal Relu Rint Round Rsqrt Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Square Tan Tanh ZerosLike""".split()
BROKEN = {("OnesLike", "uint32"), ("OnesLike", "uint64"), *(("Round", dtype) for dtype in INTEGERS)}  # kernels of 2.21 that give zeros
BINARY = {
    "any": """Add AddV2 ApproximateEqual Atan2 BitwiseAnd BitwiseOr BitwiseXor DivNoNan Equal Greater GreaterEqual LeftShift Less LessEqual
        Maximum Minimum Mul MulNoNan NotEqual RealDiv RightShift SquaredDifference Sub Xdivy Xlog1py Xlogy""".split(),
    "divisors": "Div FloorDiv FloorMod Mod TruncateDiv TruncateMod".split(),
    "powers": ["Pow"],
}


def cases(tf, np):
    raw = tf.raw_ops
    numbers = [0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 0.7, -3.3, 10.25, np.inf, -np.inf, np.nan]

    def values(dtype):
        if dtype in FLOATS:
            return np.array(numbers).astype(tf.as_dtype(dtype).as_numpy_dtype)
        info = np.iinfo(dtype)
        return np.array([0, 1, 2, 3, 7, 100, info.max, info.min, *([-1, -2, -7] if info.min else [])]).astype(dtype)

    def pairs(dtype, kind):
        x = values(dtype)
        x, y = (v.reshape(-1) for v in np.meshgrid(x, x))
        keep = np.ones(len(x), bool)
        if kind == "divisors":
            keep = np.isfinite(x.astype(float)) & np.isfinite(y.astype(float)) & (y != 0)
            if dtype in INTEGERS and np.iinfo(dtype).min:
                keep &= ~((y == -1) & (x == np.iinfo(dtype).min))  # overflows
        elif kind == "powers" and dtype in INTEGERS:
            keep = (y >= 0) & (y <= 100)
        return x[keep], y[keep]

    def one(name, x):
        return getattr(raw, name)(**{"features" if name in ("Relu", "Softplus", "Softsign") else "x": x})

    def two(name, x, y):
        return raw.Atan2(y=x, x=y) if name == "Atan2" else getattr(raw, name)(x=x, y=y)

    def stacked(function, names):
        """The results of all ops, those of one type in one tensor."""

        def of(*inputs):
            found = [function(name, *inputs) for name in names]
            return [tf.stack([y for y in found if y.dtype == d]) for d in dict.fromkeys(y.dtype for y in found)]

        return of

    def usable(function, names, dtype, *arrays):
        def works(name):
            try:
                function(name, *(tf.constant(a) for a in arrays))
            except Exception:  # no kernel
                return False
            return (name, dtype) not in BROKEN

        return [name for name in names if works(name)]

    for dtype in FLOATS + INTEGERS:
        x = values(dtype)
        names = usable(one, UNARY, dtype, x)
        bounded = [name for name in names if name in ("Sin", "Cos", "Tan", "Erf")]
        yield f"unary_{dtype}", stacked(one, [name for name in names if name not in bounded]), [x]
        if bounded:
            yield f"bounded_{dtype}", stacked(one, bounded), [np.where(np.isinf(x), 2, x).astype(x.dtype)]
        for kind, given in BINARY.items():
            arrays = pairs(dtype, kind)
            if names := usable(two, given, dtype, *arrays):
                yield f"{kind}_{dtype}", stacked(two, names), list(arrays)

    a, b = np.int32([7, -7, 7, -7]), np.int32([2, 2, -2, -2])
    yield "constant_divisors", lambda x: [x // 2, x % 2, x // -2, x % -3, tf.truncatediv(x, 2), tf.truncatemod(x, -2)], [a]
    yield "turned", lambda x, y: [x // y, tf.truncatediv(x, y)], [np.int32([-(2**31) + 1, 5, 0]), np.int32([-1, -1, -1])]
    yield "divisors", lambda x, y: [x // y, x % y, x / y], [a, b], [(None,)] * 2
    yield "equal", lambda x, y: [x == y, x != y], [a, np.int32(7)], [(None,), ()]
    yield "equal_not_alike", lambda x, y: [tf.constant([1, 2]) + tf.cast(x == y, tf.int32), x != y], [a, np.int32([1, 2, 3])]
    yield "add_n", lambda *xs: tf.add_n(xs), [np.float32([i, 1]) for i in range(9)]
    yield "accumulate", lambda x, y: raw.AccumulateNV2(inputs=[x, y], shape=[2]), [np.float32([1, 2]), np.float32([3, 4])]
    x = np.array([-3, 0.5, 9, np.nan], np.float32)
    yield "clip", lambda x, lo, hi: [raw.ClipByValue(t=x, clip_value_min=lo, clip_value_max=hi)], [x, np.float32(-1), np.float32(2)]
    yield "clip_int", lambda x: tf.clip_by_value(x, 1, 5), [np.array([-3, 2, 9], np.int8)]
    c = np.array([True, False])
    pair = [np.arange(6, dtype=np.float32).reshape(2, 3), np.ones((2, 3), np.float32)]
    yield "select_rows", lambda c, x, y: raw.Select(condition=c, x=x, y=y), [c, *pair]
    yield "select_scalar", lambda c, x, y: raw.Select(condition=c, x=x, y=y), [np.array(True), *pair]
    yield "select_all", lambda c, x, y: raw.Select(condition=c, x=x, y=y), [pair[0] > 2, *pair]
    yield "select_spread", lambda c, x, y: raw.SelectV2(condition=c, t=x, e=y), [np.array([[True], [False]]), pair[0], np.float32(7)]
    flags = [np.array([True, True, False, False]), np.array([True, False, True, False])]
    yield "logic", lambda x, y: [tf.math.logical_and(x, y), x | y, tf.math.logical_xor(x, y), ~x, x == y], flags
    for d in ("int8", "uint8", "int32", "int64", "uint64"):
        y = np.array([-5, -1, 0, 1, 7, 8, 31, 63, 100]).astype(d)
        yield f"shift_{d}", lambda x, y: [raw.LeftShift(x=x, y=y), raw.RightShift(x=x, y=y)], [np.full(9, 93, d), y]
        yield f"bits_{d}", lambda x: raw.PopulationCount(x=x), [y]
    yield "bitcast", lambda x: [tf.bitcast(x, tf.int32), tf.bitcast(x, tf.uint8), tf.bitcast(x, tf.float16)], [x], [(None,)]
    yield "bitcast_joined", lambda x: tf.bitcast(x, tf.float32), [np.arange(8, dtype=np.uint8).reshape(2, 4)], [(None, 4)]
    yield "next", lambda x, y: raw.NextAfter(x1=x, x2=y), [np.array([0, 1, -1, 1e30]), np.array([1, 1, 0, np.inf])]
    yield "next_single", lambda x, y: raw.NextAfter(x1=x, x2=y), [np.float32([0, 1, -1, 1e30]), np.float32([1, 2, 0, 0])]
    yield "empty", lambda x: [tf.abs(x), x + x, x // x, tf.exp(x)], [np.zeros((0, 3), np.float32)], [(None, 3)]
