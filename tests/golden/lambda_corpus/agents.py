"""Reinforcement learning, mixtures of experts, factorization machines and small formulas of tables of numbers."""

from .world import K, np, on, tf


def dueling(a):
    return K.expand_dims(a[:, 0], -1) + a[:, 1:] - K.mean(a[:, 1:], axis=1, keepdims=True)


def scale_actions(x):
    return x * 2.0


def action_range(low, high):
    return lambda x: (x + 1.0) / 2.0 * (high - low) + low


def c51_values(x):
    z = K.constant(np.linspace(-10.0, 10.0, 4))
    return K.sum(K.softmax(x) * z, axis=-1)


def naf(x, nb_actions=2):
    mu, l_flat = x[:, :2], x[:, 2:5]
    diag = K.exp(l_flat[:, :2]) + K.epsilon()
    l00, l11, l10 = diag[:, 0:1], diag[:, 1:2], l_flat[:, 2:3]
    zero = K.zeros_like(l00)
    lower = K.reshape(K.concatenate([l00, zero, l10, l11], axis=1), (-1, 2, 2))
    p = K.batch_dot(lower, K.permute_dimensions(lower, (0, 2, 1)))
    d = K.expand_dims(mu, -1)
    return -0.5 * K.reshape(K.batch_dot(K.batch_dot(K.permute_dimensions(d, (0, 2, 1)), p), d), (-1, 1))


def gumbel(x):
    return K.softmax((x - K.log(-K.log(K.random_uniform(K.shape(x)) + 1e-20) + 1e-20)) / 0.5)


def squashed_gaussian(args):
    mean, log_std = args
    log_std = tf.clip_by_value(log_std, -20.0, 2.0)
    return tf.tanh(mean) * tf.exp(log_std)


def moe(tensors):
    gate, experts = tensors
    return K.sum(K.expand_dims(K.softmax(gate), axis=2) * experts, axis=1)


def moe_repeat(inputs, units=4):
    gate_output, expert_outputs = inputs
    expanded = K.expand_dims(gate_output, axis=1)
    weighted = K.permute_dimensions(expert_outputs, (0, 2, 1)) * K.repeat_elements(expanded, units, axis=1)
    return K.sum(weighted, axis=2)


def top_gating(x, k=2):
    values, indices = tf.math.top_k(x, k=k)
    threshold = tf.reduce_min(values, axis=-1, keepdims=True)
    masked = tf.where(x >= threshold, x, tf.fill(tf.shape(x), -1e9))
    return tf.nn.softmax(masked)


def nalu(x):
    g = K.sigmoid(x[:, :4])
    a = x[:, 4:]
    m = K.exp(K.log(K.abs(a) + 1e-7))
    return g * a + (1 - g) * m


def fm(x):
    square_of_sum = tf.square(tf.reduce_sum(x, axis=1, keepdims=True))
    sum_of_square = tf.reduce_sum(x * x, axis=1, keepdims=True)
    cross_term = square_of_sum - sum_of_square
    return 0.5 * tf.reduce_sum(cross_term, axis=2, keepdims=False)


def fm_k(x):
    a = K.square(K.sum(x, axis=1))
    b = K.sum(K.square(x), axis=1)
    return K.sum(a - b, 1, keepdims=True) * 0.5


def cross(tensors):
    x0, xl = tensors
    return K.batch_dot(K.expand_dims(x0, 2), K.expand_dims(xl, 1)) if K.ndim(x0) == 2 else x0


def inner_products(x):
    rows, columns = [], []
    for i in range(4):
        for j in range(i + 1, 5):
            rows.append(i)
            columns.append(j)
    p = tf.gather(x, rows, axis=1)
    q = tf.gather(x, columns, axis=1)
    return tf.reduce_sum(p * q, axis=-1)


def rbf(x, gamma=0.5):
    centres = K.constant(np.arange(16.0).reshape(2, 8) / 10)
    diff = K.expand_dims(x, 1) - centres
    return K.exp(-gamma * K.sum(K.square(diff), axis=-1))


def mdn(x):
    pi, mu, sigma = x[:, :2], x[:, 2:4], x[:, 4:6]
    return K.concatenate([K.softmax(pi), mu, K.elu(sigma) + 1.0], axis=-1)


def mdn_split(params):
    pi, mu, sigma = tf.split(params, num_or_size_splits=[2, 3, 3], axis=1)
    return tf.concat([tf.nn.softmax(pi), mu, tf.exp(sigma)], axis=-1)


def survival(x):
    return K.cumprod(1.0 - K.sigmoid(x), axis=1)


def weibull(ab, init_alpha=1.0, max_beta=5.0):
    a, b = tf.unstack(ab[:, :2], axis=1) if hasattr(tf, "unstack") else (ab[:, 0], ab[:, 1])
    a = init_alpha * K.exp(a)
    b = max_beta * K.sigmoid(b)
    return K.stack([a, b], axis=1)


def ordinal(x):
    return K.cumsum(K.softplus(x), axis=-1)


def log_loss(args):
    y_true, y_pred = args
    return K.mean(K.binary_crossentropy(K.sigmoid(y_true), K.sigmoid(y_pred)), axis=-1, keepdims=True)


def clipped_error(args):
    y_true, y_pred, mask = args
    x = y_true - y_pred
    condition = K.abs(x) < 1.0
    squared_loss = 0.5 * K.square(x)
    linear_loss = 1.0 * (K.abs(x) - 0.5)
    loss = tf.where(condition, squared_loss, linear_loss)
    return K.sum(loss * mask, axis=-1)


def noisy(x):
    return x + K.random_normal(shape=K.shape(x), mean=0.0, stddev=0.1)


def grl(x, hp_lambda=1.0):
    return K.stop_gradient(x * (1.0 + hp_lambda)) - x * hp_lambda


def winner(x):
    return K.cast(K.equal(x, K.max(x, axis=-1, keepdims=True)), K.floatx()) * x


def switch_sign(x):
    return K.switch(K.less(x, 0), K.zeros_like(x), x)


def polynomials(x):
    return K.concatenate([x**i for i in range(1, 4)], axis=-1)


def fourier(x, n=3):
    parts = []
    for k in range(1, n + 1):
        parts += [K.sin(k * np.pi * x), K.cos(k * np.pi * x)]
    return K.concatenate(parts, axis=-1)


def quaternion(q):
    q = q[:, :4]
    w, x, y, z = tf.unstack(tf.nn.l2_normalize(q, axis=-1), axis=-1)
    m = [
        1 - 2 * (y * y + z * z),
        2 * (x * y - z * w),
        2 * (x * z + y * w),
        2 * (x * y + z * w),
        1 - 2 * (x * x + z * z),
        2 * (y * z - x * w),
    ]
    return tf.reshape(tf.stack(m, axis=-1), (-1, 2, 3))


def rotation(theta):
    c, s = tf.cos(theta), tf.sin(theta)
    return tf.concat([tf.concat([c, -s], axis=1), tf.concat([s, c], axis=1)], axis=-1)


def pendulum(x):
    import math

    return K.concatenate([K.cos(x), K.sin(x), x / math.pi], axis=-1)


FUNCTIONS = {
    "dueling": on("a", dueling),
    "dueling_lambda": on("a", lambda a: K.expand_dims(a[:, 0], -1) + a[:, 1:] - K.mean(a[:, 1:], axis=1, keepdims=True), output_shape=(4,)),
    "dueling_avg": on("a", lambda a: K.expand_dims(a[:, 0], dim=-1) + a[:, 1:] - K.mean(a[:, 1:], keepdims=True)),
    "dueling_max": on("a", lambda a: K.expand_dims(a[:, 0], -1) + a[:, 1:] - K.max(a[:, 1:], axis=1, keepdims=True)),
    "dueling_naive": on("a", lambda a: K.expand_dims(a[:, 0], -1) + a[:, 1:]),
    "dueling_pair": on("sa", lambda w: w[0] + (w[1] - K.mean(w[1], axis=1, keepdims=True))),
    "advantage_mean": on("a", lambda x: x - tf.reduce_mean(x, axis=1, keepdims=True)),
    "advantage_old": on("a", lambda x: x - tf.reduce_mean(x, reduction_indices=1, keep_dims=True)),
    "scale_actions": on("s", scale_actions),
    "action_range": on("s", action_range(-2.0, 4.0)),
    "action_bound": on("a", lambda x: x * [1.0, 2.0, 3.0, 4.0, 5.0]),
    "action_array": on("a", lambda x, bound: x * bound, bound=np.array([1.0, 2.0, 3.0, 4.0, 5.0])),
    "action_tanh": on("s", lambda i: K.tanh(i) * 2),
    "c51": on("x", c51_values),
    "quantile_mean": on("x", lambda x: K.mean(x, axis=2)),
    "naf": on("v", naf),
    "q_of_action": on("at", lambda x: K.sum(x[0] * K.one_hot(x[1][:, 0], 5), axis=1, keepdims=True)),
    "gumbel": on("a", gumbel, drawn=True),
    "squashed": on("vw", squashed_gaussian),
    "log_std": on("a", lambda x: K.clip(x, -20, 2)),
    "exp_clip": on("a", lambda x: K.exp(K.clip(x, -5.0, 5.0))),
    "frames_scale": on("i", lambda x: x / 255.0, output_shape=(6, 6, 3)),
    "entropy": on("b", lambda p: -K.sum(p * K.log(p + 1e-8), axis=-1)),
    "normal_log": on("vw", lambda t: -0.5 * K.sum(K.square(t[0] - t[1]) + np.log(2 * np.pi), axis=-1)),
    "clipped_error": on("vwu", clipped_error),
    # experts and tables
    "moe": on("ax", moe),
    "moe_repeat": on("ax", moe_repeat),
    "top_gating": on("v", top_gating),
    "nalu": on("v", nalu),
    "fm": on("x", fm),
    "fm_k": on("x", fm_k),
    "cross": on("vw", cross),
    "inner_products": on("x", inner_products),
    "rbf": on("v", rbf),
    "mdn": on("v", mdn),
    "mdn_split": on("v", mdn_split),
    "survival": on("v", survival),
    "weibull": on("v", weibull),
    "ordinal": on("a", ordinal),
    "log_loss": on("vw", log_loss),
    "grl": on("v", grl),
    "winner": on("v", winner),
    "switch_sign": on("v", switch_sign),
    "polynomials": on("v", polynomials),
    "fourier": on("s", fourier),
    "quaternion": on("v", quaternion),
    "rotation": on("s", rotation),
    "pendulum": on("s", pendulum),
    "round_half": on("v", lambda x: K.round(x * 2) / 2),
    "binarize": on("v", lambda x: K.cast(K.greater(x, 0.5), "float32")),
    "binarize_tf": on("v", lambda x: tf.cast(x > 0.5, dtype=tf.float32)),
    "binarize_where": on("v", lambda x: tf.where(x > 0.0, tf.ones_like(x), -tf.ones_like(x))),
    "where_number": on("v", lambda x: tf.where(x > 0.0, x, 0.0)),
    "sign": on("v", lambda x: tf.sign(x)),
    "hard_step": on("v", lambda x: (K.sign(x) + 1) / 2),
    "straight_through": on("v", lambda x: x + K.stop_gradient(K.round(x) - x)),
    "one_minus": on("v", lambda x: 1 - x),
    "one_minus_float": on("v", lambda x: 1.0 - x),
    "reciprocal": on("v", lambda x: 1.0 / (x + 10.0)),
    "power": on("v", lambda x: x**2),
    "python_pow": on("v", lambda x: pow(x, 2)),
    "sqrt_half": on("b", lambda x: x**0.5),
    "negative": on("v", lambda x: -x),
    "log1p": on("b", lambda x: tf.math.log1p(x)),
    "log_plus": on("b", lambda x: K.log(1 + x)),
    "expm1": on("b", lambda x: tf.math.expm1(x)),
    "rating": on("s", lambda x: K.sigmoid(x) * (5.0 - 0.5) + 0.5),
    "rating_const": on("s", lambda x: x * tf.constant(5.5 - 0.0) + tf.constant(0.0)),
    "user_item": on("vw", lambda x: K.sum(x[0] * x[1], axis=-1, keepdims=True)),
    "columns": on("v", lambda x: x[:, 2:5]),
    "column": on("v", lambda x: x[:, 3]),
    "column_keep": on("v", lambda x: K.expand_dims(x[:, 3], 1)),
    "columns_slice": on("v", lambda x: tf.slice(x, [0, 1], [-1, 3])),
    "k_slice": on("v", lambda x: K.slice(x, [0, 1], [-1, 3])),
    "columns_gather": on("v", lambda x: tf.gather(x, [0, 5, 2], axis=1)),
    "columns_gather_k": on("v", lambda x: K.transpose(K.gather(K.transpose(x), [0, 3]))),
    "bucketize": on("v", lambda x: tf.raw_ops.Bucketize(input=x, boundaries=[-1.0, 0.0, 1.0])),
    "cast_int": on("v", lambda x: K.cast(x, "int32")),
    "cast_bool": on("v", lambda x: K.cast(K.cast(x, "bool"), "float32")),
    "to_float": on("t", lambda x: tf.to_float(x)),
    "float16": on("v", lambda x: tf.cast(tf.cast(x, tf.float16), tf.float32)),
    "float64": on("v", lambda x: K.cast(x, "float64")),
    "clip_norm": on("v", lambda x: tf.clip_by_norm(x, 1.0, axes=[1])),
    "clip_value": on("v", lambda x: tf.clip_by_value(x, -0.5, 0.5)),
    "std_features": on("v", lambda x: (x - K.constant(np.arange(8))) / K.constant(np.ones(8) * 3)),
    "sort": on("v", lambda x: tf.sort(x, axis=-1, direction="DESCENDING")),
    "argsort": on("v", lambda x: tf.argsort(x)),
    "median": on("v", lambda x: tf.sort(x, axis=1)[:, 4:5]),
    "segment": on("v", lambda x: tf.reduce_sum(tf.reshape(x, (-1, 2, 4)), -1)),
    "outer": on("vw", lambda x: K.expand_dims(x[0], 2) * K.expand_dims(x[1], 1)),
    "einsum": on("vw", lambda x: tf.einsum("bi,bj->bij", x[0], x[1])),
    "logsumexp": on("v", lambda x: K.logsumexp(x, axis=-1, keepdims=True)),
    "log_sum_hand": on("v", lambda x: K.log(K.sum(K.exp(x), axis=1))),
    "norm_sum": on("b", lambda x: x / K.sum(x, axis=-1, keepdims=True)),
    "norm_sum_tf": on("b", lambda x: tf.divide(x, tf.reduce_sum(x, axis=-1, keepdims=True))),
    "any": on("t", lambda x: K.cast(K.any(K.not_equal(x, 0), axis=1), "float32")),
    "all": on("t", lambda x: K.all(K.greater(x, -1), axis=1, keepdims=True)),
    "var": on("v", lambda x: K.var(x, axis=-1)),
    "moments": on("v", lambda x: tf.concat(tf.nn.moments(x, [1], keepdims=True), 1)),
    "constant_out": on("v", lambda x: K.ones_like(x[:, :1]) * 3),
    "zeros_batch": on("v", lambda x: K.zeros((K.shape(x)[0], 2)) if False else K.zeros_like(x)[:, :2]),
    "tf_zeros_batch": on("v", lambda x: tf.zeros((tf.shape(x)[0], 3))),
    "tf_zeros_stack": on("v", lambda x: tf.zeros(tf.stack([tf.shape(x)[0], 3]))),
    "ones_batch": on("v", lambda x: tf.ones([tf.shape(x)[0], 1], dtype=tf.float32)),
    "tf_print": on("v", lambda x: tf.Print(x, [x], "x")),
    "identity": on("v", lambda x: x),
    "tf_identity": on("v", lambda x: tf.identity(x, name="out")),
    "nan_to_zero": on("v", lambda x: tf.where(tf.math.is_nan(x), tf.zeros_like(x), x)),
    "divide_no_nan": on("vw", lambda x: tf.math.divide_no_nan(x[0], x[1])),
    "squared_difference": on("vw", lambda x: tf.math.squared_difference(x[0], x[1])),
    "minimum_zero": on("v", lambda x: K.minimum(x, 0.0)),
    "maximum_list": on("vwu", lambda x: K.maximum(K.maximum(x[0], x[1]), x[2])),
    "sum_list": on("vwu", lambda x: sum(x) / float(len(x))),
    "add_n": on("vwu", lambda x: tf.add_n(x)),
    "three": on("vwu", lambda x: x[0] + x[1] * x[2]),
}
