"""Functions of `tf` that TensorFlow 1 alone has."""

import numpy as np

from function_cases import Tensor, numbers

OWNER = "tensorflow"
CASES = []


def t(name, *args, **kwargs):
    CASES.append((name, list(args), kwargs))


T = Tensor
X = numbers(3, 4, 5)
FLAT = numbers(3, 6)
INT = numbers(3, 4, dtype="int32")
IMAGE = numbers(2, 6, 5, 3, low=0.0)
SQUARE = numbers(2, 3, 3) + np.eye(3, dtype="float32") * 3

for method in range(4):
    t("image.resize_images", T(IMAGE), (9, 7), method)
    t("image.resize_images", T(IMAGE), size=[3, 4], method=method, align_corners=True)
t("image.resize_images", T(IMAGE), (6, 5))
t("image.resize_images", T(IMAGE[0], [6, 5, 3]), (9, 7))
t("image.resize_images", T(IMAGE, [None, None, None, 3]), (9, 7))
t("image.resize_images", T(numbers(2, 4, 4, 3, dtype="int32")), (8, 8), 1)
t("image.resize_bilinear", T(IMAGE), (9, 7))
t("image.resize_bilinear", T(IMAGE), size=(9, 7), align_corners=True)
t("image.resize_nearest_neighbor", T(IMAGE), (9, 7))
t("image.resize_bicubic", T(IMAGE), (9, 7))
t("image.resize_area", T(IMAGE), (3, 4))
t("extract_image_patches", T(IMAGE), [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID")
t("image.extract_image_patches", T(IMAGE), ksizes=[1, 2, 2, 1], strides=[1, 1, 1, 1], rates=[1, 1, 1, 1], padding="SAME")
t("image.resize_image_with_crop_or_pad", T(IMAGE), 4, 8)
t("to_float", T(INT))
t("to_int32", T(X * 3))
t("to_double", T(X))
t("div", T(INT), T(np.abs(numbers(3, 4, dtype="int32", seed=1)) + 1))
t("div", T(X), 2.0)
t("log", T(np.abs(X) + 1))
t("matrix_diag", T(FLAT))
t("matrix_diag_part", T(SQUARE))
t("matrix_set_diag", T(SQUARE), T(numbers(2, 3)))
t("matrix_band_part", T(SQUARE), 0, -1)
t("matrix_transpose", T(SQUARE))
t("matrix_inverse", T(SQUARE))
t("matrix_determinant", T(SQUARE))
t("cholesky", T(np.matmul(SQUARE, SQUARE.transpose(0, 2, 1)).astype("float32")))
t("trace", T(SQUARE))
t("cross", T(numbers(4, 3)), T(numbers(4, 3, seed=1)))
t("space_to_depth", T(numbers(2, 4, 4, 3)), 2)
t("depth_to_space", T(numbers(2, 2, 2, 12)), block_size=2)
t("lin_space", 0.0, 1.0, 5)
t("reduce_sum", T(X), reduction_indices=1, keep_dims=True)
t("reduce_mean", T(X), axis=[1, 2], keep_dims=True)
t("expand_dims", T(X), dim=1)
t("squeeze", T(numbers(3, 1, 5)), squeeze_dims=[1])
t("argmax", T(X), dimension=1)
t("nn.softmax", T(X), dim=1)
t("nn.l2_normalize", T(X), dim=1)
t("nn.max_pool", value=T(IMAGE), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
t("nn.avg_pool", T(IMAGE), [1, 2, 2, 1], [1, 1, 1, 1], "VALID")
t("nn.conv2d", T(IMAGE), filter=T(numbers(2, 2, 3, 4), [2, 2, 3, 4]), strides=[1, 1, 1, 1], padding="SAME")
t("nn.depthwise_conv2d_native", T(IMAGE), T(numbers(2, 2, 3, 1), [2, 2, 3, 1]), [1, 1, 1, 1], "SAME")
t("nn.xw_plus_b", T(FLAT), T(numbers(6, 2), [6, 2]), T(numbers(2), [2]))
t("nn.relu_layer", T(FLAT), T(numbers(6, 2), [6, 2]), T(numbers(2), [2]))
t("nn.moments", T(X), axes=[1], keep_dims=True)
t("global_norm", [T(X), T(FLAT)])
t("contrib.layers.flatten", T(X))
SAME = numbers(3, 4, seed=5)
t("diag", T(numbers(4), [4]))
t("diag_part", T(SQUARE[0], [3, 3]))
t("batch_to_space_nd", T(numbers(4, 2, 2, 3), [4, 2, 2, 3]), [2, 2], [[0, 0], [0, 0]])
t("matrix_solve", T(SQUARE), T(numbers(2, 3, 2)))
t("as_string", T(INT))
t("dtypes.cast", T(X), "int32")
t("guarantee_const", T(X))
t("image.transpose_image", T(IMAGE))
t("contrib.layers.softmax", T(FLAT))
t("svd", T(SQUARE), compute_uv=False)
