"""Complex tensors: made, taken apart, computed with, moved about, and as inputs and outputs of graphs."""


def cases(tf, np):
    rng = np.random.default_rng(1)

    def parts(*shape, scale=2.0, dtype=np.float32):
        return [(rng.standard_normal(shape) * scale).astype(dtype) for _ in range(2)]

    def whole(*shape, scale=2.0, dtype=np.complex64):
        return (rng.standard_normal(shape) * scale + 1j * rng.standard_normal(shape) * scale).astype(dtype)

    raw = tf.raw_ops
    yield "made", lambda x, y: tf.complex(x, y), parts(2, 3), [(None, 3)] * 2
    yield "made_double", lambda x, y: tf.complex(x, y), parts(2, 3, dtype=np.float64)
    yield "made_spread", lambda x, y: tf.complex(x, y), [parts(2, 3)[0], parts(3)[0]], [(None, 3), (None,)]
    for kind in (np.complex64, np.complex128):
        z = whole(3, 4, dtype=kind)
        yield f"apart_{kind.__name__}", lambda z: [tf.math.real(z), tf.math.imag(z), tf.abs(z), tf.math.angle(z)], [z], [(None, 4)]
        yield f"through_{kind.__name__}", lambda z: tf.math.conj(z), [z]
    odd = np.array([0, 1, -1, 1j, -1j, 3 + 4j, -3 + 4j, -3 - 4j, 3e20 + 4e20j, 1e-30 + 1e-30j, np.inf + 1j, 2.5, -2.5], np.complex64)
    yield "apart_odd", lambda z: [tf.abs(z), tf.math.angle(z), tf.math.real(z), tf.math.imag(z)], [odd]
    unary = "acos acosh asin asinh atan atanh cos cosh exp expm1 log log1p reciprocal rsqrt sigmoid sin sinh sqrt square tan tanh sign"
    names = unary.split()
    for i in range(0, len(names), 3):
        functions = [getattr(tf.math, name) for name in names[i : i + 3]]
        inputs = [whole(12), whole(6, dtype=np.complex128)]
        yield f"one_{'_'.join(names[i : i + 3])}", lambda z, w, fs=functions: [f(v) for f in fs for v in (z, w)], inputs, [(None,), (6,)]
    small = (whole(12) * 1e-4).astype(np.complex64)
    yield "small", lambda z: [tf.math.expm1(z), tf.math.log1p(z), tf.sqrt(z), tf.sinh(z), tf.tanh(z), tf.sin(z)], [small]
    z = np.array([0, 1, -1, 1j, -1j, 4, -4, 30, -30, 30j, -30j], np.complex64)
    yield "axes", lambda z: [tf.exp(z), tf.sqrt(z), tf.tanh(z), tf.square(z), tf.sigmoid(z)], [z]
    yield "log_axes", lambda z: [tf.math.log(z), tf.math.reciprocal(z)], [z[1:]]
    binary = "Add AddV2 Sub Mul Div RealDiv Pow SquaredDifference DivNoNan MulNoNan Xdivy Xlogy Xlog1py".split()
    for i in range(0, len(binary), 3):
        functions = [getattr(raw, name) for name in binary[i : i + 3]]
        name = "_".join(binary[i : i + 3])
        yield f"two_{name}", lambda x, y, fs=functions: [f(x=x, y=y) for f in fs], [whole(3, 4), whole(4)], [(None, 4), (4,)]
    yield "two_double", lambda x, y: [x * y, x / y, x**y, x - y], [whole(5, dtype=np.complex128), whole(5, dtype=np.complex128)]
    holes = np.array([0, 0, 1 + 1j, 2j], np.complex64)
    yield "no_nan", lambda x, y: [tf.math.divide_no_nan(x, y), tf.math.xdivy(y, x), tf.math.xlogy(y, x)], [whole(4), holes]
    yield "mul_no_nan", lambda x, y: tf.math.multiply_no_nan(x, y), [np.array([np.inf, np.nan, 1, 2], np.complex64), holes]
    yield "divided_far", lambda x, y: x / y, [whole(4, scale=1e25), whole(4, scale=1e25)]
    yield "equal", lambda x, y: [x == y, x != y], [z, np.where(np.arange(11) % 2, z, z + 1j).astype(np.complex64)]
    yield "add_n", lambda x, y, z: tf.add_n([x, y, z]), [whole(2, 2) for _ in range(3)]
    yield "constants", lambda z: (z * (1 + 2j) + 3j) / tf.constant(2 - 1j, tf.complex64), [z]
    yield "cast_to", lambda x: [tf.cast(x, tf.complex64), tf.cast(x, tf.complex128)], [parts(3)[0]], [(None,)]
    yield "cast_int", lambda x: tf.cast(x, tf.complex64), [np.arange(4, dtype=np.int32)]
    yield "cast_from", lambda z: [tf.cast(z, tf.float32), tf.cast(z, tf.float64), tf.cast(z, tf.complex128)], [whole(3)]
    yield "euler", lambda x: tf.exp(tf.complex(tf.zeros_like(x), x)), [parts(6)[0]], [(None,)]
    yield "phase", lambda x, y: tf.cast(x, tf.complex64) * tf.exp(1j * tf.cast(y, tf.complex64)), parts(6), [(None,)] * 2

    x = whole(2, 3, 4)
    free = [(None, 3, None)]
    yield "reshape", lambda z: tf.reshape(z, [-1, 6]), [x], [(None, 3, 4)]
    yield "moved", lambda z: [tf.transpose(z, [2, 0, 1]), tf.transpose(z, [0, 2, 1], conjugate=True), tf.linalg.adjoint(z)], [x], free
    yield "axes_made", lambda z: [tf.expand_dims(z, 1), tf.squeeze(z[:, :1], 1), z[..., tf.newaxis]], [x], free
    yield "slices", lambda z: [z[:, 1], z[1:, ::2], tf.slice(z, [0, 1, 0], [1, 2, 3]), z[..., -1]], [x]
    yield "joined", lambda z: [tf.concat([z, z], 1), tf.stack([z, z], 0), tf.tile(z, [2, 1, 1])], [x]
    yield "cut", lambda z: [*tf.unstack(z, axis=1), *tf.split(z, 2, axis=2), *tf.split(z, [1, 2], axis=1)], [x]
    yield "pad", lambda z: [tf.pad(z, [[0, 0], [1, 1], [0, 2]]), tf.pad(z, [[1, 0], [0, 0], [0, 0]], constant_values=1 - 2j)], [x]
    yield "pad_reflect", lambda z: tf.pad(z, [[0, 0], [1, 1], [2, 0]], "REFLECT"), [x]
    yield "picked", lambda z, i: [tf.gather(z, i, axis=1), tf.reverse(z, [2]), tf.roll(z, 1, 2)], [x, np.array([2, 0, 1])]
    yield "gather_nd", lambda z, i: tf.gather_nd(z, i), [x, np.array([[1, 2], [0, 0]])]
    yield "shapes", lambda z: [tf.shape(z), tf.rank(z), tf.size(z), tf.zeros_like(z), tf.ones_like(z)], [x], free
    yield "where", lambda c, a, b: [tf.where(c, a, b), tf.compat.v1.where(c, a, b)], [np.array([True, False]), whole(2), whole(2)]
    yield "reduced", lambda z: [tf.reduce_sum(z, 1), tf.reduce_mean(z, [0, 2], keepdims=True), tf.reduce_prod(z, 2), tf.reduce_sum(z)], [x]
    yield "cumulative", lambda z: [tf.cumsum(z, 1), tf.cumsum(z, 2, exclusive=True, reverse=True), tf.math.cumprod(z, 1)], [x]
    yield "fill", lambda n: tf.fill([n, 2], tf.constant(1 + 2j, tf.complex64)), [np.int32(3)]
    yield "broadcast", lambda z: tf.broadcast_to(z, [3, 2, 3, 4]), [x]

    a, c = whole(2, 3, 4), whole(2, 4, 5)
    yield "matmul", lambda a, b: tf.matmul(a, b), [a, c], [(None, 3, 4), (None, 4, 5)]
    yield "matmul_adjoint", lambda a, b: tf.matmul(a, b, adjoint_a=True, adjoint_b=True), [whole(2, 4, 3), whole(2, 5, 4)]
    yield "matmul_transposed", lambda a, b: tf.matmul(a, b, transpose_a=True), [whole(4, 3), whole(4, 5)]
    yield (
        "matmul_flat",
        lambda a, b: raw.MatMul(a=a, b=b, transpose_b=True),
        [whole(3, 4, dtype=np.complex128), whole(5, 4, dtype=np.complex128)],
    )
    yield "batch_matmul", lambda a, b: raw.BatchMatMulV2(x=a, y=b, adj_x=True), [whole(2, 4, 3), whole(1, 4, 2)]
    yield "einsum", lambda a, b: tf.einsum("bij,bjk->bki", a, b), [a, c]
    yield "einsum_one", lambda a: tf.einsum("bij->bi", a), [a]
    yield "bits", lambda z: tf.bitcast(z, tf.float32), [x]
    yield "bits_back", lambda z: tf.bitcast(z, tf.complex64), [parts(3, 2)[0]], [(None, 2)]
    yield "function", lambda z: tf.function(lambda v: v * v, autograph=False)(z), [x]
    table = tf.Variable(whole(4, 2))
    yield "weights", lambda i: tf.gather(table, i), [np.array([3, 0])]
    yield "empty", lambda z: [z * z, tf.reduce_sum(z, 0), tf.exp(z)], [np.zeros((0, 3), np.complex64)], [(None, 3)]
    yield "condition", lambda z, c: tf.cond(c, lambda: z * z, lambda: tf.math.conj(z)), [whole(3), np.array(False)], [(None,), ()]

    def mandelbrot(c, n):
        return tf.while_loop(lambda i, z: i < n, lambda i, z: (i + 1, z * z + c), [tf.constant(0), tf.zeros_like(c)])[1]

    yield "loop", mandelbrot, [np.array([0.1 + 0.2j, -0.5 + 0.5j], np.complex64), np.int32(5)], [(None,), ()]
    yield "map", lambda z: tf.map_fn(lambda v: v * tf.math.conj(v), z), [whole(3, 2)], [(None, 2)]

    def gathered(z):
        array = tf.TensorArray(tf.complex64, size=3)
        for i in range(3):
            array = array.write(i, z * (i + 1))
        return [array.stack(), array.read(1)]

    yield "array", gathered, [whole(2)], [(None,)]
