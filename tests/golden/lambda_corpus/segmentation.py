"""Segmentation and the blocks of image networks: DeepLab, PSPNet, ICNet, HRNet, ShuffleNet, ResNeXt, attention over channels."""

from .world import K, np, on, tf


def interp(x, shape):
    from keras.backend import tf as ktf

    new_height, new_width = shape
    resized = ktf.image.resize_images(x, [int(new_height), int(new_width)], align_corners=True)
    return resized


def interp_tf(x, shape):
    import tensorflow as tf

    return tf.image.resize(x, shape)


def channel_shuffle(x, groups=2):
    height, width, in_channels = x.shape.as_list()[1:]
    channels_per_group = in_channels // groups
    x = K.reshape(x, [-1, height, width, groups, channels_per_group])
    x = K.permute_dimensions(x, (0, 1, 2, 4, 3))
    x = K.reshape(x, [-1, height, width, in_channels])
    return x


def channel_shuffle_int(x):
    height, width, channels = K.int_shape(x)[1:]
    channels_per_split = channels // 2
    x = K.reshape(x, [-1, height, width, 2, channels_per_split])
    x = K.permute_dimensions(x, (0, 1, 2, 4, 3))
    return K.reshape(x, [-1, height, width, channels])


def channel_shuffle_tf(x, num_groups=4):
    n, h, w, c = x.get_shape().as_list()
    x = tf.reshape(x, [-1, h, w, num_groups, c // num_groups])
    x = tf.transpose(x, perm=[0, 1, 2, 4, 3])
    return tf.reshape(x, [-1, h, w, c])


def slice_channels(x, index, group_channels):
    return x[:, :, :, index * group_channels : (index + 1) * group_channels]


def group_of(c, grouped_channels):
    return lambda z: (
        z[:, :, :, c * grouped_channels : (c + 1) * grouped_channels]
        if K.image_data_format() == "channels_last"
        else z[:, c * grouped_channels : (c + 1) * grouped_channels, :, :]
    )


def group_if(c, size):
    if getattr(K, "image_dim_ordering", lambda: "tf")() == "tf":
        return lambda z: z[:, :, :, c * size : (c + 1) * size]
    return lambda z: z[:, c * size : (c + 1) * size, :, :]


def hw_flatten(x):
    return K.reshape(x, shape=[K.shape(x)[0], K.shape(x)[1] * K.shape(x)[2], K.shape(x)[-1]])


def non_local(tensors):
    theta, phi = tensors
    b, h, w, c = K.int_shape(theta)
    theta = K.reshape(theta, (-1, h * w, c))
    phi = K.reshape(phi, (-1, h * w, c))
    f = K.batch_dot(theta, phi, axes=(2, 2))
    f = f / (1.0 / float(h * w)) if h * w < 0 else K.softmax(f)
    y = K.batch_dot(f, phi, axes=[2, 1])
    return K.reshape(y, (-1, h, w, c)) + tensors[0]


def make_self_attention():
    def hw(x):
        return K.reshape(x, (-1, 16, 8))

    def attend(tensors):
        f, g = tensors
        s = K.batch_dot(hw(g), K.permute_dimensions(hw(f), (0, 2, 1)))
        beta = K.softmax(s, axis=-1)
        o = K.batch_dot(beta, hw(g))
        return K.reshape(o, K.shape(f)) + f

    return attend


def global_context(x):
    import tensorflow as tf

    pooled = tf.reduce_mean(x, [1, 2], keepdims=True)
    return tf.image.resize(pooled, tf.shape(x)[1:3])


def global_context_v1(x):
    pooled = K.mean(x, axis=[1, 2], keepdims=True)
    return K.tf.image.resize_bilinear(pooled, K.int_shape(x)[1:3], align_corners=True)


def aspp_expand(x):
    return K.expand_dims(K.expand_dims(K.mean(x, axis=(1, 2)), 1), 1)


def relu6(x):
    return K.relu(x, max_value=6)


def hard_swish(x):
    return x * K.relu(x + 3.0, max_value=6.0) / 6.0


def h_sigmoid(x):
    return tf.nn.relu6(x + 3) / 6


def swish(x):
    return x * K.sigmoid(x)


def gelu(x):
    return 0.5 * x * (1.0 + tf.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * tf.pow(x, 3))))


def gelu_erf(x):
    return 0.5 * x * (1.0 + tf.math.erf(x / tf.sqrt(2.0)))


def octave_split(x, alpha=0.5):
    low = int(x.shape[-1] * alpha)
    return [x[..., low:], x[..., :low]]


def pool_with_argmax(x):
    pooled, _ = tf.nn.max_pool_with_argmax(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
    return pooled


def max_unpool(x):
    shape = K.int_shape(x)
    out = K.concatenate([x, K.zeros_like(x)], axis=3)
    out = K.concatenate([out, K.zeros_like(out)], axis=2)
    return K.reshape(out, (-1, shape[1] * 2, shape[2] * 2, shape[3]))


def shortcut_pad(x, filters=16):
    channels = filters - K.int_shape(x)[3]
    x = K.pool2d(x, (1, 1), (2, 2), "same", "channels_last")
    return tf.pad(x, [[0, 0], [0, 0], [0, 0], [channels // 2, channels - channels // 2]])


def fixed_padding(inputs, kernel_size=3, data_format="channels_last"):
    pad_total = kernel_size - 1
    pad_beg = pad_total // 2
    pad_end = pad_total - pad_beg
    if data_format == "channels_first":
        return tf.pad(inputs, [[0, 0], [0, 0], [pad_beg, pad_end], [pad_beg, pad_end]])
    return tf.pad(inputs, [[0, 0], [pad_beg, pad_end], [pad_beg, pad_end], [0, 0]])


def spatial_softmax(x):
    n, h, w, c = x.get_shape().as_list()
    pos_x, pos_y = np.meshgrid(np.linspace(-1.0, 1.0, h), np.linspace(-1.0, 1.0, w))
    pos_x = tf.constant(pos_x.reshape([h * w]), tf.float32)
    pos_y = tf.constant(pos_y.reshape([h * w]), tf.float32)
    x = tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [-1, h * w])
    attention = tf.nn.softmax(x)
    expected_x = tf.reduce_sum(pos_x * attention, [1], keepdims=True)
    expected_y = tf.reduce_sum(pos_y * attention, [1], keepdims=True)
    return tf.reshape(tf.concat([expected_x, expected_y], 1), [-1, c * 2])


def soft_argmax(x, beta=10.0):
    x = K.reshape(x, (-1, 16, 8))
    p = K.softmax(beta * x, axis=1)
    places = K.reshape(K.arange(0, 16, dtype="float32"), (1, 16, 1))
    return K.sum(p * places, axis=1)


def crf_like(x):
    return K.exp(x) / K.sum(K.exp(x), axis=-1, keepdims=True)


FUNCTIONS = {
    "interp": on("f", interp, shape=(6, 7)),
    "interp_tf": on("f", interp_tf, shape=(6, 7)),
    "deeplab_resize": on("f", lambda xx: tf.compat.v1.image.resize(xx, (4, 4), method="bilinear", align_corners=True)),
    "deeplab_resize_v1": on("f", lambda x: K.tf.image.resize_bilinear(x, size=(7, 7), align_corners=True)),
    "bilinear_upsampling": on(
        "f", lambda x: tf.image.resize_bilinear(x, (x.get_shape().as_list()[1] * 2, x.get_shape().as_list()[2] * 2), align_corners=True)
    ),
    "icnet_resize": on("f", lambda x: tf.image.resize_bilinear(x, size=[int(x.shape[1]) // 2, int(x.shape[2]) // 2])),
    "icnet_resize_2": on("f", lambda x: tf.image.resize(x, size=(int(x.shape[1]) * 2, int(x.shape[2]) * 2))),
    "hrnet_upsample": on("fi", lambda t: tf.image.resize(t[0], tf.shape(t[1])[1:3], method="bilinear")),
    "resize_like": on("fi", lambda inputs: tf.image.resize_nearest_neighbor(inputs[0], K.int_shape(inputs[1])[1:3])),
    "global_context": on("f", global_context),
    "global_context_v1": on("f", global_context_v1),
    "global_mean": on("f", lambda x: tf.reduce_mean(x, axis=[1, 2], keepdims=True)),
    "global_mean_old": on("f", lambda x: tf.reduce_mean(x, [1, 2], keep_dims=True, name="global_pool")),
    "aspp_expand": on("f", aspp_expand),
    "expand_twice": on("v", lambda x: K.expand_dims(K.expand_dims(x, 1), 1)),
    "argmax_map": on("f", lambda x: K.cast(K.argmax(x, axis=-1), "uint8")),
    "softmax_map": on("f", lambda x: K.softmax(x, axis=-1)),
    "reshape_softmax": on("f", lambda x: K.reshape(K.softmax(K.reshape(x, (-1, 8))), K.shape(x))),
    "crf_like": on("f", crf_like),
    # groups of channels
    "channel_shuffle": on("f", channel_shuffle),
    "channel_shuffle_4": on("f", channel_shuffle, groups=4),
    "channel_shuffle_int": on("f", channel_shuffle_int),
    "channel_shuffle_tf": on("f", channel_shuffle_tf),
    "split_half": on("f", lambda z: z[:, :, :, 0 : z.shape.as_list()[-1] // 2]),
    "split_rest": on("f", lambda z: z[:, :, :, int(z.shape[-1]) // 2 :]),
    "slice_channels": on("f", slice_channels, index=1, group_channels=3),
    "group_of": on("f", group_of(1, 4)),
    "group_if": on("f", group_if(0, 4)),
    "tf_split": on("f", lambda x: tf.split(x, num_or_size_splits=4, axis=-1)[2]),
    "tf_split_sizes": on("f", lambda x: tf.split(x, [3, 5], 3)[1]),
    "tf_split_sum": on("f", lambda x: tf.add_n(tf.split(x, 2, axis=3))),
    "octave": on("f", octave_split),
    "ghost": on("f", lambda x: x[..., :5]),
    "cardinality": on("f", lambda x: K.reshape(K.sum(K.reshape(x, (-1, 4, 4, 2, 4)), axis=3), (-1, 4, 4, 4))),
    # attention over channels and places
    "se_scale": on("fv", lambda x: x[0] * K.reshape(K.sigmoid(x[1][:2] if False else x[0][:, 0, 0, :]), (-1, 1, 1, 8))),
    "se": on("f", lambda x: x * K.sigmoid(K.mean(x, axis=[1, 2], keepdims=True))),
    "cbam_mean": on("f", lambda x: K.mean(x, axis=3, keepdims=True)),
    "cbam_max": on("f", lambda x: K.max(x, axis=3, keepdims=True)),
    "cbam_both": on(
        "f", lambda x: tf.concat([tf.reduce_mean(x, axis=-1, keepdims=True), tf.reduce_max(x, axis=-1, keepdims=True)], axis=-1)
    ),
    "hw_flatten": on("f", hw_flatten),
    "non_local": on("fg", non_local),
    "self_attention": on("fg", make_self_attention()),
    "attention_gate": on("fg", lambda x: x[0] * K.repeat_elements(K.sigmoid(x[1][..., :1]), 8, axis=3)),
    "add_weighted": on("fg", lambda x, a=0.3: a * x[0] + (1.0 - a) * x[1]),
    "mean_of": on("fg", lambda x: (x[0] + x[1]) / 2),
    "max_of": on("fg", lambda x: K.max(K.stack(x, axis=-1), axis=-1)),
    "spatial_softmax": on("f", spatial_softmax),
    "soft_argmax": on("f", soft_argmax),
    # activations
    "relu6": on("f", relu6),
    "relu6_tf": on("f", lambda x: tf.nn.relu6(x)),
    "hard_swish": on("f", hard_swish),
    "h_sigmoid": on("f", h_sigmoid),
    "swish": on("f", swish),
    "swish_tf": on("f", lambda x: tf.nn.swish(x)),
    "swish_beta": on("f", lambda x: x * K.sigmoid(1.5 * x)),
    "gelu": on("f", gelu),
    "gelu_erf": on("f", gelu_erf),
    "leaky": on("f", lambda x: K.relu(x, alpha=0.1)),
    "leaky_tf": on("f", lambda x: tf.nn.leaky_relu(x, alpha=0.1)),
    "leaky_max": on("f", lambda x: tf.maximum(0.2 * x, x)),
    "prelu_like": on("f", lambda x: K.relu(x) - 0.25 * K.relu(-x)),
    "crelu": on("f", lambda x: tf.nn.crelu(x)),
    "crelu_k": on("f", lambda x: K.concatenate([K.relu(x), K.relu(-x)], axis=-1)),
    "maxout": on("f", lambda x: K.max(K.reshape(x, (-1, 4, 4, 4, 2)), axis=-1)),
    "mfm": on("f", lambda x: K.maximum(x[:, :, :, :4], x[:, :, :, 4:])),
    "selu_tf": on("f", lambda x: tf.nn.selu(x)),
    "elu_k": on("f", lambda x: K.elu(x, alpha=0.5)),
    "sin": on("f", lambda x: tf.sin(30.0 * x)),
    # pools and padding
    "pool_argmax": on("f", pool_with_argmax),
    "max_unpool": on("f", max_unpool),
    "shortcut_pad": on("f", shortcut_pad),
    "shortcut_zeros": on("f", lambda x: K.concatenate([x[:, ::2, ::2, :], K.zeros_like(x[:, ::2, ::2, :])], axis=-1)),
    "fixed_padding": on("f", fixed_padding),
    "pad_channels": on("f", lambda x: tf.pad(x, tf.constant([[0, 0], [0, 0], [0, 0], [4, 4]]), "CONSTANT")),
    "min_pool": on("f", lambda x: -K.pool2d(-x, pool_size=(2, 2), strides=(2, 2), data_format="channels_last")),
    "avg_pool": on("f", lambda x: K.pool2d(x, (2, 2), (1, 1), padding="same", data_format="channels_last", pool_mode="avg")),
    "tf_max_pool2d": on("f", lambda x: tf.nn.max_pool2d(x, 2, 2, "SAME")),
    "tf_avg_pool": on("f", lambda x: tf.nn.avg_pool(x, [1, 3, 3, 1], [1, 1, 1, 1], padding="SAME")),
    "blur_pool": on(
        "f",
        lambda x: tf.nn.depthwise_conv2d(
            x, tf.tile(tf.constant([[[[0.25]], [[0.25]]], [[[0.25]], [[0.25]]]]), [1, 1, 8, 1]), [1, 2, 2, 1], "SAME"
        ),
    ),
    "sum_pool": on("f", lambda x: K.sum(x, axis=[1, 2])),
    "gem": on("f", lambda x: K.pow(K.mean(K.pow(K.maximum(x, 1e-6), 3.0), axis=[1, 2]), 1.0 / 3.0)),
    "gem_tf": on("f", lambda x, p=3: tf.pow(tf.reduce_mean(tf.pow(tf.maximum(x, 1e-6), p), axis=[1, 2]), 1.0 / p)),
    "bilinear_pool": on("fg", lambda x: K.batch_dot(K.reshape(x[0], (-1, 16, 8)), K.reshape(x[1], (-1, 16, 8)), axes=[1, 1]) / 16.0),
    "signed_sqrt": on("v", lambda x: K.sign(x) * K.sqrt(K.abs(x) + 1e-9)),
    "gram": on("f", lambda x: tf.einsum("bijc,bijd->bcd", x, x) / 16.0),
    "stop_gradient": on("f", lambda x: K.stop_gradient(x)),
}
