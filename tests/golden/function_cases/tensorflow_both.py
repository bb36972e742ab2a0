"""Functions of `tf` that TensorFlow 1 and 2 have with one meaning."""

import numpy as np

from function_cases import FLAT, INT, X, cases, numbers
from function_cases import Tensor as T

OWNER = "tensorflow"
CASES, t = cases()
IMAGE = numbers(2, 6, 5, 3, low=0.0)
BYTES = (numbers(2, 6, 5, 3, low=0.0) * 255).astype("uint8")
SQUARE = numbers(2, 3, 3) + np.eye(3, dtype="float32") * 3
SYMMETRIC = (SQUARE + SQUARE.transpose(0, 2, 1)).astype("float32")

# -- images ------------------------------------------------------------------------------------------------------------

for name in "flip_left_right flip_up_down".split():
    t("image." + name, T(IMAGE))
    t("image." + name, T(IMAGE[0], [6, 5, 3]))
for k in range(4):
    t("image.rot90", T(IMAGE), k)
t("image.rot90", image=T(IMAGE), k=-1)
t("image.rot90", T(IMAGE[0], [6, 5, 3]))
t("image.rgb_to_grayscale", T(IMAGE))
t("image.rgb_to_grayscale", T(BYTES))
t("image.grayscale_to_rgb", T(IMAGE[..., :1]))
t("image.per_image_standardization", T(IMAGE))
t("image.per_image_standardization", T(np.ones((2, 4, 4, 3), "float32")))
t("image.crop_to_bounding_box", T(IMAGE), 1, 2, 3, 2)
t("image.pad_to_bounding_box", T(IMAGE), 1, 2, 9, 8)
t("image.central_crop", T(IMAGE), 0.5)
t("image.central_crop", T(IMAGE), central_fraction=0.875)
t("image.convert_image_dtype", T(BYTES), "float32")
t("image.convert_image_dtype", T(IMAGE), "uint8")
t("image.convert_image_dtype", T(IMAGE * 2), "uint8", saturate=True)
t("image.adjust_brightness", T(IMAGE), 0.25)
t("image.adjust_brightness", T(BYTES), delta=0.25)
t("image.adjust_contrast", T(IMAGE), 1.5)
t("image.adjust_hue", T(IMAGE), 0.2)
t("image.adjust_saturation", T(IMAGE), 0.5)
t("image.adjust_gamma", T(IMAGE), 2.0, 1.5)
t("image.rgb_to_hsv", T(IMAGE))
t("image.hsv_to_rgb", T(IMAGE))
for name in "rgb_to_yiq yiq_to_rgb rgb_to_yuv yuv_to_rgb".split():
    t("image." + name, T(IMAGE))
t("image.total_variation", T(IMAGE))
t("image.resize_with_crop_or_pad", T(IMAGE), 4, 8)
t("image.resize_with_crop_or_pad", T(IMAGE), target_height=7, target_width=2)
t("image.crop_and_resize", T(IMAGE), np.array([[0.0, 0.0, 0.5, 1.0]], "float32"), np.array([1], "int32"), crop_size=[3, 4])

# -- numbers -----------------------------------------------------------------------------------------------------------

for name in "inv det cholesky slogdet expm".split():
    t("linalg." + name, T(SYMMETRIC if name == "cholesky" else SQUARE))
t("linalg.logdet", T(np.matmul(SQUARE, SQUARE.transpose(0, 2, 1)).astype("float32")))
t("linalg.solve", T(SQUARE), T(numbers(2, 3, 2)))
t("linalg.triangular_solve", T(np.tril(SQUARE)), T(numbers(2, 3, 2)))
t("linalg.eye", 3)
t("linalg.eye", 2, num_columns=3, dtype="int32")
t("linalg.transpose", T(SQUARE))
t("linalg.global_norm", [T(X), T(FLAT)])
t("linalg.trace", T(SQUARE))
t("clip_by_norm", T(X), 1.0)
t("clip_by_norm", T(X), 0.5, axes=[1])
t("clip_by_norm", T(np.zeros((2, 3), "float32")), 0.5)
t("nn.sigmoid_cross_entropy_with_logits", labels=T(np.round(np.abs(X))), logits=T(X * 5))
t("nn.weighted_cross_entropy_with_logits", T(np.round(np.abs(X))), T(X * 5), 2.0)
t("nn.pool", T(IMAGE), [2, 2], "MAX", padding="SAME", strides=[2, 2])
t("nn.pool", T(IMAGE), [2, 2], "AVG", padding="VALID")
t("boolean_mask", T(X), T(np.array([True, False, True])))
t("boolean_mask", T(X), T(numbers(3, 4) > 0))
t("saturate_cast", T(X * 1000), "int8")
t("signal.frame", T(numbers(2, 11)), 4, 3)
t("signal.frame", T(numbers(2, 11)), 4, 3, pad_end=True, pad_value=2.0)
t("signal.frame", T(numbers(2, 11, 2)), frame_length=5, frame_step=2, axis=1)
for length in (7, 8):
    for periodic in (True, False):
        t("signal.hann_window", length, periodic)
        t("signal.hamming_window", length, periodic=periodic)
t("signal.linear_to_mel_weight_matrix", 8, 33, 16000, 80.0, 7600.0)
t("batch_gather", T(X), T(np.array([[0, 2], [1, 1], [3, 0]], "int32")))
t("strings.as_string", T(INT))
