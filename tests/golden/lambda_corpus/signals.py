"""Sequences of numbers: CRNN with CTC, WaveNet and temporal convolutions, sound, forecasting."""

from .world import K, np, on, tf


def ctc_lambda_func(args):
    y_pred, labels, input_length, label_length = args
    # the 2 is critical here since the first couple outputs of the RNN tend to be garbage:
    y_pred = y_pred[:, 2:, :]
    return K.ctc_batch_cost(labels, y_pred, input_length, label_length)


def ctc_of(args):
    y_pred, labels, lengths = args
    y_pred = K.softmax(y_pred)
    input_length = K.ones_like(lengths) * 5
    label_length = K.ones_like(lengths) * 2
    return K.ctc_batch_cost(labels[:, :2] % 3, y_pred, input_length, label_length)


def ctc_decode(x):
    p = K.softmax(x)
    n = K.ones_like(p[:, 0, 0]) * 5
    return K.ctc_decode(p, n, greedy=True)[0][0]


def gated(x):
    n = K.int_shape(x)[-1] // 2
    return K.tanh(x[..., :n]) * K.sigmoid(x[..., n:])


def causal_crop(x, crop=2):
    return x[:, crop:, :]


def channel_normalization(x):
    max_values = K.max(K.abs(x), 2, keepdims=True) + 1e-5
    return x / max_values


def wave_norm_relu(x):
    x = K.relu(x)
    max_values = K.max(x, 2, keepdims=True) + 1e-5
    return x / max_values


def mu_law(x, mu=255):
    return K.sign(x) * K.log(1.0 + mu * K.abs(x)) / np.log(1.0 + mu)


def attention_pool(inputs, **kwargs):
    cla, att = inputs
    att = K.clip(K.sigmoid(att), 1e-7, 1.0)
    p = att / K.sum(att, axis=1)[:, None, :]
    return K.sum(cla * p, axis=1)


def decibel(x):
    log_spec = 10.0 * K.log(K.maximum(x, 1e-10)) / np.log(10).astype(K.floatx())
    return K.maximum(log_spec, K.max(log_spec, axis=[1, 2], keepdims=True) - 80.0)


def log10(x):
    numerator = tf.math.log(x)
    denominator = tf.math.log(tf.constant(10, dtype=numerator.dtype))
    return numerator / denominator


def spectrogram(x):
    x = tf.squeeze(x, -1)
    stft = tf.signal.stft(x, frame_length=8, frame_step=4, fft_length=8)
    return tf.abs(stft)


def power_spectrum(x):
    import tensorflow as tf

    return tf.square(tf.abs(tf.signal.rfft(x[:, :, 0])))


def mel(x):
    spec = tf.abs(tf.signal.stft(x[..., 0], 8, 4))
    matrix = tf.signal.linear_to_mel_weight_matrix(4, spec.shape[-1], 16000, 80.0, 7600.0)
    return tf.math.log(tf.tensordot(spec, matrix, 1) + 1e-6)


def frames(x, size=4, step=2):
    return tf.signal.frame(x[:, :, 0], size, step)


def frames_v1(x):
    return tf.contrib.signal.frame(x[:, :, 0], 4, 2)


def quantile(y, qs=(0.1, 0.5, 0.9)):
    return K.concatenate([y * q for q in qs], axis=-1)


def nbeats_trend(x, length=4):
    t = np.linspace(0.0, 1.0, length)
    basis = K.constant(np.array([t**p for p in range(4)]))
    return K.dot(x[:, 0, :], basis)


def seasonality(thetas, backcast_length=6):
    p = thetas.get_shape().as_list()[-1]
    p1, p2 = (p // 2, p // 2) if p % 2 == 0 else (p // 2, p // 2 + 1)
    t = np.arange(backcast_length) / backcast_length
    s1 = K.stack([K.cast(K.constant(np.cos(2 * np.pi * i * t)), "float32") for i in range(p1)], axis=0)
    s2 = K.stack([K.cast(K.constant(np.sin(2 * np.pi * i * t)), "float32") for i in range(p2)], axis=0)
    return K.dot(thetas, K.concatenate([s1, s2], axis=0))


def autoregressive(x, window=3):
    x = x[:, -window:, :]
    x = K.permute_dimensions(x, (0, 2, 1))
    return K.reshape(x, (-1, window))


def lstnet_skip(x, pt=2, skip=2):
    import tensorflow as tf

    s = x[:, -pt * skip :, :]
    s = tf.reshape(s, [-1, pt, skip, 4])
    s = tf.transpose(s, perm=[0, 2, 1, 3])
    return tf.reshape(s, [-1, pt, 4])


def differences(x):
    return x[:, 1:] - x[:, :-1]


def fft_mix(x):
    return tf.math.real(tf.signal.fft2d(tf.cast(x, tf.complex64)))


FUNCTIONS = {
    "ctc": on("xtnn", ctc_lambda_func, output_shape=(1,)),
    "ctc_of": on("xtn", ctc_of),
    "ctc_decode": on("x", ctc_decode),
    "crnn_reshape": on("f", lambda x: K.reshape(K.permute_dimensions(x, (0, 2, 1, 3)), (-1, 4, 32))),
    "crnn_squeeze": on("f", lambda x: K.squeeze(K.max(x, axis=1, keepdims=True), 1)),
    "map_to_sequence": on("f", lambda x: tf.reshape(tf.transpose(x, (0, 2, 1, 3)), (tf.shape(x)[0], tf.shape(x)[2], -1))),
    "crnn_stn": on("f", lambda x: tf.squeeze(tf.reduce_mean(x, 1, keepdims=True), axis=1)),
    "gated": on("x", gated),
    "causal_crop": on("x", causal_crop, crop=2),
    "wavenet_shift": on("x", lambda x: K.asymmetric_temporal_padding(x, 1, 0)[:, :5]),
    "channel_norm": on("x", channel_normalization),
    "channel_norm_relu": on("x", wave_norm_relu),
    "tcn_last": on("x", lambda tt: tt[:, -1, :]),
    "tcn_slice": on("x", lambda tt, output_slice_index=2: tt[:, output_slice_index, :]),
    "mu_law": on("o", mu_law),
    "attention_pool": on("xy", attention_pool),
    "decibel": on("b", decibel),
    "log10": on("b", lambda x: tf.math.log(x + 1e-3) / tf.math.log(10.0)),
    "log10_def": on("b", log10),
    "spectrogram": on("o", spectrogram),
    "power_spectrum": on("o", power_spectrum),
    "mel": on("o", mel),
    "frames": on("o", frames),
    "frames_v1": on("o", frames_v1),
    "fft_mix": on("x", fft_mix),
    "dct": on("x", lambda x: tf.signal.dct(x, type=2, norm="ortho")),
    "rfft_abs": on("x", lambda x: tf.abs(tf.spectral.rfft(x))),
    "quantile": on("s", quantile),
    "nbeats_trend": on("x", nbeats_trend),
    "nbeats_seasonality": on("v", seasonality),
    "autoregressive": on("x", autoregressive),
    "lstnet_skip": on("x", lstnet_skip),
    "lstnet_ar": on("x", lambda z: z[:, -3:, :], output_shape=(3, 4)),
    "differences": on("x", differences),
    "forecast_expand": on("x", lambda x: tf.expand_dims(x, axis=-1)),
    "scale_200": on("s", lambda x: x * 200.0),
    "residual_last": on("xa", lambda x: x[1] + x[0][:, -1, :1]),
    "roll": on("x", lambda x: tf.roll(x, shift=1, axis=1)),
    "moving_average": on("x", lambda x: (x[:, :-2] + x[:, 1:-1] + x[:, 2:]) / 3),
    "conv1d_fixed": on("o", lambda x: tf.nn.conv1d(x, tf.constant(np.ones((3, 1, 1)), tf.float32), stride=1, padding="SAME")),
    "k_conv1d": on("o", lambda x: K.conv1d(x, K.ones((3, 1, 2)), strides=2, padding="causal")),
    "pre_emphasis": on("o", lambda x: K.concatenate([x[:, :1], x[:, 1:] - 0.97 * x[:, :-1]], axis=1)),
    "zscore_time": on("x", lambda x: (x - K.mean(x, 1, keepdims=True)) / K.std(x, 1, keepdims=True)),
    "energy": on("o", lambda x: tf.reduce_mean(tf.square(x), axis=1)),
    "envelope": on("o", lambda x: tf.nn.pool(x, window_shape=[4], pooling_type="AVG", padding="SAME", strides=[2])),
    "bins": on("x", lambda x: tf.cast(tf.floor(x * 10), tf.int32) % 7),
    "floor_div": on("t", lambda x: x // 2),
    "true_div": on("t", lambda x: x / 2),
    "mod": on("x", lambda x: x % 0.5),
    "int_pow": on("t", lambda x: x**2),
}
