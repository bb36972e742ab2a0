"""Images before a network, and tf.image: normalisation, crops, channel orders, resizes."""

from .world import K, np, on, tf


def resize_and_normalise(image):
    from keras.backend import tf as ktf

    resized = ktf.image.resize_images(image, (4, 8))
    return resized / 255.0 - 0.5


def resize_function(input):
    from keras.backend import tf as ktf

    return ktf.image.resize_images(input, (3, 3))


def nvidia_resize(img):
    import tensorflow as tf

    img = tf.image.resize_images(img, (5, 7))
    return img


def preprocess_input(x, data_format=None, mode="caffe"):
    if data_format is None:
        data_format = K.image_data_format()
    if mode == "tf":
        x /= 127.5
        x -= 1.0
        return x
    if data_format == "channels_first":
        x = x[:, ::-1, ...]
    else:
        x = x[..., ::-1]
    mean = [103.939, 116.779, 123.68]
    mean_tensor = K.constant(-np.array(mean))
    x = K.bias_add(x, K.cast(mean_tensor, K.dtype(x)))
    return x


def imagenet_mean(x):
    mean = np.array([123.68, 116.779, 103.939]).reshape((1, 1, 3))
    x = x - mean
    return x[:, ::-1]


def vgg_preprocess(x):
    vgg_mean = np.array([123.68, 116.779, 103.939], dtype=np.float32)
    x = x - vgg_mean
    return x[:, :, :, ::-1]


def torch_norm(x):
    x = x / 255.0
    mean = K.constant([0.485, 0.456, 0.406])
    std = K.constant([0.229, 0.224, 0.225])
    return (x - mean) / std


def standardize(x):
    return tf.map_fn(lambda img: tf.image.per_image_standardization(img), x)


def deprocess(x):
    return (x + 1) * 127.5


def norm_input(x):
    return (x - 0.4) / 0.3


def rgb_to_ycbcr(x):
    r, g, b = x[..., 0], x[..., 1], x[..., 2]
    yy = 0.299 * r + 0.587 * g + 0.114 * b
    cb = -0.168736 * r - 0.331264 * g + 0.5 * b + 128
    cr = 0.5 * r - 0.418688 * g - 0.081312 * b + 128
    return K.stack([yy, cb, cr], axis=-1)


def gray(x):
    weights = tf.constant([0.2989, 0.587, 0.114], shape=(1, 1, 1, 3))
    return tf.reduce_sum(x * weights, axis=3, keepdims=True)


def coord_channels(x):
    shape = K.shape(x)
    batch, h, w = shape[0], shape[1], shape[2]
    yy = K.tile(K.reshape(K.cast(K.arange(h), "float32"), (1, -1, 1, 1)), [batch, 1, w, 1])
    xx = K.tile(K.reshape(K.cast(K.arange(w), "float32"), (1, 1, -1, 1)), [batch, h, 1, 1])
    yy = yy / K.cast(h - 1, "float32") * 2.0 - 1.0
    xx = xx / K.cast(w - 1, "float32") * 2.0 - 1.0
    return K.concatenate([x, yy, xx], axis=-1)


def sub_pixel(x, scale=2):
    return tf.depth_to_space(x, scale)


def pixel_shuffle(scale):
    return lambda x: tf.nn.depth_to_space(x, scale)


def normalize_01(x):
    return x / 255.0


def normalize_m11(x):
    return x / 127.5 - 1


def reflect(x):
    return tf.pad(x, [[0, 0], [1, 1], [2, 2], [0, 0]], "REFLECT")


def min_max(x):
    low = K.min(x, axis=[1, 2, 3], keepdims=True)
    high = K.max(x, axis=[1, 2, 3], keepdims=True)
    return (x - low) / (high - low + K.epsilon())


def bilinear_by_size(size):
    h, w = size

    def resize(x):
        return tf.image.resize(x, [h, w], method="bilinear")

    return resize


def gaussian_blur(x):
    kernel = np.array([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]) / 16.0
    kernel = np.repeat(kernel[:, :, np.newaxis, np.newaxis], 3, axis=2)
    return tf.nn.depthwise_conv2d(x, tf.constant(kernel, tf.float32), [1, 1, 1, 1], "SAME")


def patches(x, size=2):
    p = tf.image.extract_patches(images=x, sizes=[1, size, size, 1], strides=[1, size, size, 1], rates=[1, 1, 1, 1], padding="VALID")
    return tf.reshape(p, [tf.shape(x)[0], -1, p.shape[-1]])


FUNCTIONS = {
    "normalise": on("i", lambda x: x / 127.5 - 1.0),
    "normalise_255": on("i", lambda x: x / 255.0 - 0.5),
    "normalise_int": on("i", lambda x: x / 255),
    "normalise_centre": on("i", lambda x: (x - 128.0) / 128.0),
    "normalise_named": on("i", normalize_m11),
    "normalise_tf": on("i", lambda x: tf.cast(x, tf.float32) / 255.0),
    "normalise_k": on("i", lambda x: K.cast(x, "float32") * (1.0 / 255) - 0.5),
    "bgr": on("i", lambda x: x[..., ::-1]),
    "bgr_4d": on("i", lambda x: x[:, :, :, ::-1]),
    "bgr_reverse": on("i", lambda x: K.reverse(x, axes=-1)),
    "bgr_tf": on("i", lambda x: tf.reverse(x, axis=[-1])),
    "bgr_gather": on("i", lambda x: tf.gather(x, [2, 1, 0], axis=3)),
    "caffe": on("i", lambda x: x[..., ::-1] - np.array([103.939, 116.779, 123.68])),
    "caffe_32": on("i", lambda x: x - np.array([123.68, 116.779, 103.939], dtype="float32")),
    "preprocess": on("i", preprocess_input),
    "preprocess_tf": on("i", preprocess_input, mode="tf"),
    "vgg_preprocess": on("i", vgg_preprocess),
    "imagenet_mean": on("i", imagenet_mean),
    "torch_norm": on("i", torch_norm),
    "deprocess": on("i", deprocess),
    "norm_input": on("i", norm_input),
    "min_max": on("i", min_max),
    "standardize": on("i", standardize),
    "per_image": on("i", lambda x: tf.image.per_image_standardization(x)),
    "samplewise": on("i", lambda x: (x - K.mean(x, axis=[1, 2, 3], keepdims=True)) / (K.std(x, axis=[1, 2, 3], keepdims=True) + 1e-7)),
    "ycbcr": on("i", rgb_to_ycbcr),
    "gray": on("i", gray),
    "gray_tf": on("i", lambda x: tf.image.rgb_to_grayscale(x)),
    "gray_to_rgb": on("o", lambda x: K.repeat_elements(x, 3, axis=2)),
    "to_rgb_concat": on("i", lambda x: K.concatenate([x[..., :1]] * 3, axis=-1)),
    "hsv": on("i", lambda x: tf.image.rgb_to_hsv(x / 255.0)),
    "yuv": on("i", lambda x: tf.image.rgb_to_yuv(x)),
    "crop_top": on("i", lambda x: x[:, 2:, :, :]),
    "crop_slice": on("i", lambda x: x[:, 1:-1, 1:-1, :]),
    "crop_central": on("i", lambda x: tf.image.central_crop(x, 0.5)),
    "crop_box": on("i", lambda x: tf.image.crop_to_bounding_box(x, 1, 2, 3, 3)),
    "crop_or_pad": on("i", lambda x: tf.image.resize_image_with_crop_or_pad(x, 4, 8)),
    "crop_or_pad_2": on("i", lambda x: tf.image.resize_with_crop_or_pad(x, 8, 4)),
    "strided": on("i", lambda x: x[:, ::2, ::2, :]),
    "resize_normalise": on("i", resize_and_normalise),
    "resize_function": on("i", resize_function),
    "nvidia_resize": on("i", nvidia_resize),
    "resize_ktf": on("i", lambda x: K.tf.image.resize_images(x, (4, 5))),
    "resize_images_v1": on("i", lambda image: tf.image.resize_images(image, [9, 9])),
    "resize_align": on("i", lambda image: tf.image.resize_images(image, [9, 11], align_corners=True)),
    "resize_bilinear_v1": on("i", lambda x: tf.image.resize_bilinear(x, [12, 10])),
    "resize_bilinear_align": on("i", lambda x: tf.image.resize_bilinear(x, size=(11, 11), align_corners=True)),
    "resize_nearest_v1": on("i", lambda x: tf.image.resize_nearest_neighbor(x, [12, 12])),
    "resize_compat": on("i", lambda x: tf.compat.v1.image.resize_bilinear(x, (8, 8), align_corners=True)),
    "resize_compat_images": on("i", lambda x: tf.compat.v1.image.resize(x, (8, 10), align_corners=True)),
    "resize": on("i", lambda x: tf.image.resize(x, (12, 9))),
    "resize_nearest": on("i", lambda x: tf.image.resize(x, (12, 9), method="nearest")),
    "resize_bicubic": on("i", lambda x: tf.image.resize(x, [8, 8], method="bicubic")),
    "resize_area": on("i", lambda x: tf.image.resize(x, [3, 3], method=tf.image.ResizeMethod.AREA)),
    "resize_enum": on("i", lambda x: tf.image.resize(x, [3, 4], method=tf.image.ResizeMethod.NEAREST_NEIGHBOR)),
    "resize_enum_v1": on("i", lambda x: tf.image.resize_images(x, [12, 12], method=tf.image.ResizeMethod.NEAREST_NEIGHBOR)),
    "resize_antialias": on("i", lambda x: tf.image.resize(x, [3, 3], antialias=True)),
    "resize_pad": on("i", lambda x: tf.image.resize_with_pad(x, 8, 10)),
    "resize_closure": on("i", bilinear_by_size((7, 5))),
    "resize_factor": on("i", lambda x: tf.image.resize(x, (x.shape[1] * 2, x.shape[2] * 2))),
    "resize_shape": on("i", lambda x: tf.image.resize(x, tf.shape(x)[1:3] * 2)),
    "resize_k": on("i", lambda x: K.resize_images(x, 2, 2, "channels_last")),
    "resize_k_bilinear": on("i", lambda x: K.resize_images(x, 2, 3, "channels_last", interpolation="bilinear")),
    "flip": on("i", lambda x: tf.image.flip_left_right(x)),
    "flip_k": on("i", lambda x: K.reverse(x, 2)),
    "rot90": on("i", lambda x: tf.image.rot90(x, k=1)),
    "transpose_image": on("i", lambda x: tf.transpose(x, perm=[0, 2, 1, 3])),
    "to_first": on("i", lambda x: K.permute_dimensions(x, (0, 3, 1, 2))),
    "coord": on("i", coord_channels),
    "sub_pixel": on("f", sub_pixel),
    "pixel_shuffle": on("f", pixel_shuffle(2)),
    "reflect": on("i", reflect),
    "symmetric": on("i", lambda x: tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="SYMMETRIC")),
    "pad_k": on("i", lambda x: K.spatial_2d_padding(x, padding=((1, 0), (0, 2)))),
    "blur": on("i", gaussian_blur),
    "patches": on("i", patches),
    "gradients": on("i", lambda x: K.concatenate(list(tf.image.image_gradients(x)), axis=-1)),
    "sobel": on("i", lambda x: tf.reshape(tf.image.sobel_edges(x), (-1, 6, 6, 6))),
    "total_variation": on("i", lambda x: K.expand_dims(tf.image.total_variation(x), -1)),
    "ssim": on("f", lambda x: tf.reshape(tf.image.ssim(x[..., :4], x[..., 4:], 2.0, filter_size=3), (-1, 1))),
    "uint8": on("i", lambda x: tf.cast(tf.cast(x, tf.uint8), tf.float32) / 255.0),
    "convert": on("i", lambda x: tf.image.convert_image_dtype(tf.cast(x, tf.uint8), tf.float32)),
    "brightness": on("i", lambda x: tf.image.adjust_brightness(x, 0.2)),
    "random_flip": on("i", lambda x: tf.image.random_flip_left_right(x), drawn=True),
    "gamma": on("i", lambda x: K.pow(x / 255.0, 2.2)),
    "log_scale": on("i", lambda x: K.log(x + 1.0) / np.log(256.0)),
    "clip_255": on("i", lambda x: K.clip(x, 0, 255)),
    "round_clip": on("i", lambda x: K.round(K.clip(x, 0.0, 100.0))),
    "quantize": on("i", lambda x: tf.floor(x / 32.0) * 32.0),
}
