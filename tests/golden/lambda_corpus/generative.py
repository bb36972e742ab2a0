"""Generators and autoencoders: sampling, normalisation inside lambdas, styles, gradients' reversal."""

from .world import K, np, on, tf


def sampling(args):
    z_mean, z_log_var = args
    batch = K.shape(z_mean)[0]
    dim = K.int_shape(z_mean)[1]
    epsilon = K.random_normal(shape=(batch, dim))
    return z_mean + K.exp(0.5 * z_log_var) * epsilon


def sampling_tf(args):
    z_mean, z_log_sigma = args
    epsilon = tf.random_normal(tf.shape(z_log_sigma), 0, 1, dtype=tf.float32)
    return z_mean + tf.exp(z_log_sigma / 2) * epsilon


def sampling_tf2(args):
    mean, logvar = args
    eps = tf.random.normal(shape=tf.shape(mean))
    return eps * tf.exp(logvar * 0.5) + mean


def kl(args):
    z_mean, z_log_var = args
    return -0.5 * K.sum(1 + z_log_var - K.square(z_mean) - K.exp(z_log_var), axis=-1)


def sampling_phase(args):
    mean, log_var = args
    return K.in_train_phase(mean + K.random_normal(K.shape(mean)) * K.exp(log_var / 2), mean)


def minibatch_std(x):
    group_size = tf.minimum(2, tf.shape(x)[0])
    s = x.shape
    y = tf.reshape(x, [group_size, -1, s[1], s[2], s[3]])
    y = tf.cast(y, tf.float32)
    y -= tf.reduce_mean(y, axis=0, keepdims=True)
    y = tf.reduce_mean(tf.square(y), axis=0)
    y = tf.sqrt(y + 1e-8)
    y = tf.reduce_mean(y, axis=[1, 2, 3], keepdims=True)
    y = tf.tile(y, [group_size, s[1], s[2], 1])
    return tf.concat([x, y], axis=-1)


def minibatch_std_k(x):
    std = K.mean(K.std(x, axis=0, keepdims=True))
    return K.concatenate([x, K.ones_like(x[..., :1]) * std], axis=-1)


def minibatch_discrimination(x):
    x = K.reshape(x, (-1, 2, 4))
    diffs = K.expand_dims(x, 3) - K.expand_dims(K.permute_dimensions(x, [1, 2, 0]), 0)
    abs_diffs = K.sum(K.abs(diffs), axis=2)
    return K.sum(K.exp(-abs_diffs), axis=2)


def pixel_norm(x):
    return x / K.sqrt(K.mean(x**2, axis=-1, keepdims=True) + 1e-8)


def adain(inputs):
    content, style = inputs
    c_mean = K.mean(content, axis=[1, 2], keepdims=True)
    c_std = K.std(content, axis=[1, 2], keepdims=True) + 1e-5
    s_mean = K.mean(style, axis=[1, 2], keepdims=True)
    s_std = K.std(style, axis=[1, 2], keepdims=True) + 1e-5
    return (content - c_mean) / c_std * s_std + s_mean


def adain_moments(inputs, alpha=0.8, epsilon=1e-5):
    content, style = inputs
    cm, cv = tf.nn.moments(content, [1, 2], keepdims=True)
    sm, sv = tf.nn.moments(style, [1, 2], keepdims=True)
    n = tf.nn.batch_normalization(content, cm, cv, sm, tf.sqrt(sv), epsilon)
    return alpha * n + (1 - alpha) * content


def spade(inputs):
    x, m = inputs
    mean, var = tf.nn.moments(x, axes=(0, 1, 2), keepdims=True)
    return (x - mean) / tf.sqrt(var + 1e-5) * (1 + m)


def instance_norm(x, eps=1e-3):
    mean = K.mean(x, axis=(1, 2), keepdims=True)
    variance = K.mean(K.square(x - mean), axis=(1, 2), keepdims=True)
    return (x - mean) / K.sqrt(variance + eps)


def group_norm(x, groups=4):
    n, h, w, c = K.int_shape(x)
    x = K.reshape(x, (-1, h, w, groups, c // groups))
    mean = K.mean(x, axis=[1, 2, 4], keepdims=True)
    var = K.var(x, axis=[1, 2, 4], keepdims=True)
    x = (x - mean) / K.sqrt(var + 1e-5)
    return K.reshape(x, (-1, h, w, c))


def interpolate(inputs):
    weights = K.random_uniform((2, 1, 1, 1))
    return weights * inputs[0] + (1 - weights) * inputs[1]


def label_concat(inputs):
    x, labels = inputs
    maps = K.repeat_elements(K.repeat_elements(labels[:, None, None, :], 4, axis=1), 4, axis=2)
    return K.concatenate([x, maps])


def label_tile(args):
    image, label = args
    label = K.reshape(label, (-1, 1, 1, 8))
    return K.concatenate([image, K.tile(label, (1, 4, 4, 1))], axis=3)


def gram_matrix(x):
    x = K.permute_dimensions(x, (0, 3, 1, 2))
    s = K.shape(x)
    features = K.reshape(x, (s[0], s[1], s[2] * s[3]))
    return K.batch_dot(features, features, axes=2) / K.cast(s[1] * s[2] * s[3], x.dtype)


def denorm(x):
    return (tf.clip_by_value(x, -1.0, 1.0) + 1.0) * 127.5


def composite(inputs):
    mask, (bgr, raw) = inputs[0][..., :1], inputs[:2]
    mask = K.sigmoid(mask)
    return mask * bgr + (1.0 - mask) * raw


def alpha_blend(x):
    alpha, bgr = tf.sigmoid(x[..., :1]), x[..., 1:]
    return tf.concat([alpha, alpha * bgr], -1)


def upscale(x, scale=2):
    b, h, w, c = K.int_shape(x)
    x = K.reshape(x, (-1, h, 1, w, 1, c))
    x = K.tile(x, (1, 1, scale, 1, scale, 1))
    return K.reshape(x, (-1, h * scale, w * scale, c))


def phase_shift(x, r=2):
    bsize, a, b, c = x.get_shape().as_list()
    x = tf.reshape(x, [-1, a, b, r, r, c // (r * r)])
    x = tf.transpose(x, [0, 1, 3, 2, 4, 5])
    return tf.reshape(x, [-1, a * r, b * r, c // (r * r)])


def subpixel_split(inputs, r=2):
    x = tf.split(inputs, 4, axis=3)
    x = tf.concat([tf.concat(x[:2], axis=2), tf.concat(x[2:], axis=2)], axis=1)
    return x


def vq(x):
    codes = K.constant(np.linspace(-1.0, 1.0, 24).reshape(8, 3))
    distances = K.sum(x**2, axis=-1, keepdims=True) - 2 * K.dot(x, codes) + K.sum(codes**2, axis=0)
    return K.argmin(distances, axis=-1)


def warp(tensors):
    image, flow = tensors
    return tf.clip_by_value(image + flow, 0.0, 1.0)


def perceptual(tensors):
    x, y = tensors
    return K.mean(K.square(x - y), axis=[1, 2, 3])


def gaussian_noise(x, stddev=0.1):
    return x + tf.random.normal(tf.shape(x), stddev=stddev)


def dropout_inside(x):
    return K.dropout(x, 0.3)


def dropout_tf(x):
    return tf.nn.dropout(x, 0.5)


FUNCTIONS = {
    "sampling": on("vw", sampling, drawn=True),
    "sampling_lambda": on("vw", lambda p: p[0] + K.random_normal(shape=K.shape(p[0])) * K.exp(p[1] / 2), drawn=True),
    "sampling_tf": on("vw", sampling_tf, drawn=True),
    "sampling_tf2": on("vw", sampling_tf2, drawn=True),
    "sampling_phase": on("vw", sampling_phase),
    "kl": on("vw", kl),
    "kl_mean": on("vw", lambda x: 0.5 * K.mean(K.exp(x[1]) + K.square(x[0]) - 1.0 - x[1], axis=-1, keepdims=True)),
    "minibatch_std": on("f", minibatch_std),
    "minibatch_std_k": on("f", minibatch_std_k),
    "minibatch_discrimination": on("v", minibatch_discrimination),
    "pixel_norm": on("f", pixel_norm),
    "pixel_norm_tf": on("f", lambda x: x * tf.math.rsqrt(tf.reduce_mean(tf.square(x), axis=-1, keepdims=True) + 1e-8)),
    "pixel_norm_old": on("f", lambda x: x * tf.rsqrt(tf.reduce_mean(tf.square(x), axis=3, keep_dims=True) + 1e-8)),
    "adain": on("fg", adain),
    "adain_moments": on("fg", adain_moments),
    "spade": on("fg", spade),
    "instance_norm": on("f", instance_norm),
    "group_norm": on("f", group_norm),
    "interpolate": on("fg", interpolate, drawn=True),
    "label_concat": on("fv", label_concat),
    "label_tile": on("fv", label_tile),
    "gram_matrix": on("f", gram_matrix),
    "denorm": on("f", denorm),
    "composite": on("fg", composite),
    "alpha_blend": on("f", alpha_blend),
    "upscale": on("f", upscale),
    "phase_shift": on("f", phase_shift),
    "subpixel_split": on("f", subpixel_split),
    "vq": on("f", vq),
    "warp": on("fg", warp),
    "perceptual": on("fg", perceptual),
    "gaussian_noise": on("v", gaussian_noise, drawn=True),
    "dropout_inside": on("v", dropout_inside, drawn=True),
    "dropout_tf": on("v", dropout_tf, drawn=True),
    "dropout_train": on("v", lambda x: K.in_train_phase(K.dropout(x, 0.3), x)),
    "tanh_range": on("f", lambda x: (K.tanh(x) + 1) / 2),
    "mirror": on("f", lambda x: K.concatenate([x, x[:, :, ::-1, :]], axis=2)),
    "channel_mean": on("f", lambda x: x - K.mean(x, axis=-1, keepdims=True)),
    "noise_zero": on("v", lambda x: K.zeros_like(x) + x * 0.0),
    "batch_norm_k": on("f", lambda x: K.batch_normalization(x, K.zeros((8,)), K.ones((8,)), K.zeros((8,)), K.ones((8,)), epsilon=1e-3)),
    "tf_batch_norm": on("f", lambda x: tf.nn.batch_normalization(x, 0.1, 2.0, None, None, 1e-3)),
    "conv_fixed": on("f", lambda x: K.conv2d(x, K.constant(np.ones((3, 3, 8, 2)) / 72.0), padding="same", data_format="channels_last")),
    "tf_conv": on("f", lambda x: tf.nn.conv2d(x, tf.ones((2, 2, 8, 1)), strides=[1, 1, 1, 1], padding="VALID")),
    "tf_deconv": on("f", lambda x: tf.nn.conv2d_transpose(x, tf.ones((2, 2, 3, 8)), tf.stack([tf.shape(x)[0], 8, 8, 3]), [1, 2, 2, 1])),
    "laplacian": on("f", lambda x: x - tf.nn.avg_pool(x, [1, 3, 3, 1], [1, 1, 1, 1], "SAME")),
}
