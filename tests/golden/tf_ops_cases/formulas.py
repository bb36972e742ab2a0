"""Formulas that graphs spell out and loadstone brings back to one op: normalizations, activations, attention, places from the end."""


def cases(tf, np):
    rng = np.random.default_rng(7)
    x = rng.standard_normal((2, 3, 8)).astype(np.float32)
    free = [(None, None, 8)]
    gamma, beta = (rng.standard_normal(8).astype(np.float32) for _ in range(2))

    def moments(x, axes=(-1,)):
        return tf.nn.moments(x, list(axes), keepdims=True)

    def keras_3(x):
        mean, variance = moments(x)
        inverse = tf.math.rsqrt(variance + 1e-3) * gamma
        return x * inverse + (-mean * inverse + beta)

    def keras_2(x):
        shape = tf.shape(x)
        rows = tf.reshape(x, [1, shape[0] * shape[1], 8, 1])
        ones, zeros = tf.ones([shape[0] * shape[1]]), tf.zeros([shape[0] * shape[1]])
        y, _, _ = tf.compat.v1.nn.fused_batch_norm(rows, ones, zeros, epsilon=1.001e-5, data_format="NCHW")
        return tf.reshape(y, shape) * gamma + beta

    def softmax(x):
        power = tf.exp(x - tf.reduce_max(x, 1, keepdims=True))
        return power / tf.reduce_sum(power, 1, keepdims=True)

    yield "layer_norm_keras_3", keras_3, [x], free
    yield "layer_norm_keras_2", keras_2, [x], free
    yield "layer_norm_batch_normalization", lambda x: tf.nn.batch_normalization(x, *moments(x), beta, gamma, 1e-5), [x], free
    yield "layer_norm_by_hand", lambda x: gamma * (x - moments(x)[0]) / tf.sqrt(moments(x)[1] + 1e-6) + beta, [x], free
    yield "layer_norm_two_axes", lambda x: (x - moments(x, (1, 2))[0]) * tf.math.rsqrt(moments(x, (1, 2))[1] + 1e-6), [x], [(None, 3, 8)]
    yield "gelu", lambda x: tf.nn.gelu(x), [x * 3], free
    yield "gelu_approximate", lambda x: tf.nn.gelu(x, approximate=True), [x * 3], free
    yield "gelu_erf", lambda x: x * 0.5 * (1.0 + tf.math.erf(x / tf.sqrt(2.0))), [x * 3], free
    yield "softmax_in_parts", softmax, [x], free
    yield "swish", lambda x: tf.nn.swish(x), [x], free
    yield "hard_swish", lambda x: x * (tf.nn.relu6(x + 3.0) * (1.0 / 6.0)), [x * 3], free
    yield "clip", lambda x: tf.minimum(tf.maximum(x, -0.5), 0.5), [x], free

    q, k, v = (rng.standard_normal((2, 4, 3, 5)).astype(np.float32) for _ in range(3))

    def attention(q, k, v):
        scores = tf.einsum("aecd,abcd->acbe", k, q * 0.4)
        return tf.einsum("acbe,aecd->abcd", tf.nn.softmax(scores), v)

    yield "attention", attention, [q, k, v], [(None, None, 3, 5)] * 3
    kernel = rng.standard_normal((8, 3, 5)).astype(np.float32)
    yield "projection", lambda x: tf.einsum("abc,cde->abde", x, kernel), [x], free
    yield "projection_back", lambda x: tf.einsum("abcd,cde->abe", x, kernel.transpose(1, 2, 0)), [q], [(None, None, 3, 5)]
    yield "tensordot", lambda x: tf.nn.bias_add(tf.tensordot(x, kernel[:, 0], [[2], [0]]), kernel[0, 0]), [x], free
    table = rng.standard_normal((7, 4)).astype(np.float32)
    places = np.array([[0, 6, -1], [-7, 3, -2]], np.int32)
    yield "places_from_the_end", lambda i: tf.gather(table, tf.where(i < 0, i + 7, i)), [places], [(None, None)]
