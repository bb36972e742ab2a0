"""Functions of `keras.backend` of all releases."""

import numpy as np

from function_cases import FLAGS, FLAT, INT, X, cases, numbers
from function_cases import Tensor as T

OWNER = "keras"
CASES, k = cases("backend.")
SPECIAL = np.array([[np.nan, np.inf, -np.inf, -0.0], [0.0, 1.0, -1.0, 0.5]], "float32")

# -- math --------------------------------------------------------------------------------------------------------------

for name in "abs cos exp round sign sin square tanh sigmoid softplus softsign sqrt hard_sigmoid relu elu".split():
    k(name, T(X * 4))
for name in "abs square exp".split():
    k(name, T(SPECIAL))
for name in "sign sqrt relu".split():
    k(name, T(SPECIAL[1:]))
k("log", T(np.abs(X) + 0.1))
for name in "abs sign square".split():
    k(name, T(INT))
for name in "equal not_equal greater greater_equal less less_equal lesser lesser_equal maximum minimum".split():
    k(name, T(np.round(X)), T(np.round(numbers(3, 4, 5, seed=1))))
    k(name, T(X), 0.0)
k("pow", T(np.abs(X) + 0.5), 2.5)
k("pow", T(INT), 3)
k("pow", x=T(np.abs(X) + 0.5), a=2)
for low, high in [(-0.5, 0.5), (0, None), (0.5, -0.5), (None, 0.25), (0, 1)]:
    k("clip", T(X), low, high)
k("clip", T(X), min_value=-0.25, max_value=0.5)
k("clip", T(INT), -2, 3)
k("clip", T(SPECIAL), 0.0, 1.0)
for kwargs in [
    {"alpha": 0.25},
    {"max_value": 1.0},
    {"alpha": 0.5, "max_value": 0.5},
    {"max_value": 6},
    {"threshold": 0.5},
    {"alpha": 0.5, "threshold": 0.5, "max_value": 2.0},
]:
    k("relu", T(X * 3), **kwargs)
k("relu", T(X), 0.3, 0.5)
k("elu", T(X * 3), 0.5)
k("elu", T(X * 3), alpha=2.0)
k("softmax", T(FLAT))
k("softmax", T(X), axis=1)
k("softmax", T(X), (1, 2))
k("l2_normalize", T(X), -1)
k("l2_normalize", T(X), axis=1)
k("l2_normalize", T(np.zeros((2, 3), "float32")), axis=-1)
for name in "max min sum prod mean std var logsumexp any all".split():
    for kwargs in [{}, {"axis": -1}, {"axis": [1, 2]}, {"axis": 1, "keepdims": True}, {"axis": 0}]:
        k(name, T(X), **kwargs)
k("sum", T(X), -1, True)
for name in "max min sum prod mean any all".split():
    k(name, T(INT), axis=-1)
for name in "mean std var any all".split():
    k(name, T(FLAGS), axis=-1)
    k(name, T(FLAGS))
for name in "argmax argmin".split():
    k(name, T(X))
    k(name, T(X), axis=1)
    k(name, T(INT), axis=0)
for name in "cumsum cumprod".split():
    k(name, T(X))
    k(name, T(X), axis=2)
    k(name, T(X), axis=-1)
k("in_top_k", T(FLAT), T(np.array([0, 3, 5], "int32")), 2)
k("in_top_k", predictions=T(FLAT), targets=T(np.array([0, 3, 5], "int32")), k=1)
k("bias_add", T(X), T(numbers(5), [5]))
k("bias_add", T(X), T(numbers(4, 5), [4, 5]))
k("bias_add", T(X), T(numbers(4), [4]), "channels_first")
k("bias_add", T(FLAT), T(numbers(6), [6]))
k("bias_add", T(numbers(2, 3, 4, 2)), T(numbers(3), [3]), data_format="channels_first")
k("bias_add", T(numbers(2, 3, 4, 2)), T(numbers(4, 2, 3), [4, 2, 3]), data_format="channels_first")
k("bias_add", T(numbers(2, 3, 4, 2, 2)), T(numbers(3), [3]), data_format="channels_first")

# -- shapes and making -------------------------------------------------------------------------------------------------

for dtype in "float64 int32 bool float16".split():
    k("cast", T(X * 3), dtype)
k("cast", x=T(X), dtype="int64")
k("cast", T(FLAGS), "float32")
k("concatenate", [T(X), T(numbers(3, 4, 2))])
k("concatenate", [T(X), T(numbers(3, 1, 5))], axis=1)
k("concatenate", tensors=[T(FLAT), T(FLAT)], axis=0)
k("expand_dims", T(X))
k("expand_dims", T(X), 1)
k("expand_dims", T(X), dim=1)
k("expand_dims", T(X), axis=-2)
k("flatten", T(X))
k("batch_flatten", T(X))
k("batch_flatten", T(X, [None, None, 5]))
k("gather", T(X), np.array([1, 0], "int32"))
k("gather", T(numbers(6, 3), [6, 3]), T(np.array([[1, 0], [5, 2]], "int32")))
k("identity", T(X))
k("one_hot", T(np.array([[1, 0], [3, 2]], "int32")), 4)
k("one_hot", T(np.array([1, 9, 2], "int32")), nb_classes=4)
k("one_hot", T(np.array([1, 9, 2], "int32")), num_classes=4)
k("permute_dimensions", T(X), (0, 2, 1))
k("permute_dimensions", x=T(X), pattern=[1, 0, 2])
k("transpose", T(FLAT))
k("reshape", T(X), (-1, 20))
k("reshape", T(X), [-1, 2, 2, 5])
k("reverse", T(X), 1)
k("reverse", T(X), axes=[0, 2])
k("shape", T(X))
k("slice", T(X), [0, 1, 0], [-1, 2, 3])
k("stack", [T(FLAT), T(FLAT * 2)])
k("stack", [T(FLAT), T(FLAT * 2)], axis=1)
k("stack", x=[T(FLAT), T(FLAT * 2)], axis=-1)
k("stop_gradient", T(X))
k("squeeze", T(numbers(3, 1, 5)), 1)
k("squeeze", T(numbers(3, 5, 1)), axis=-1)
k("repeat", T(FLAT), 3)
k("repeat", T(FLAT), n=2)
k("repeat_elements", T(X), 2, 1)
k("repeat_elements", T(X), rep=3, axis=2)
k("repeat_elements", T(X), 2, 0)
k("tile", T(X), [1, 2, 1])
k("tile", T(X), n=(2, 1, 3))
k("tile", T(X), [2, 1])
k("tile", T(numbers(4)), 2)
for args in [(5,), (2, 7), (1, 10, 3), (-3,), (0.0, 3.0)]:
    k("arange", *args)
k("arange", 4, dtype="float32")
k("arange", start=1, stop=4, dtype="int64")
k("constant", 2.5)
k("constant", [[1, 2], [3, 4]])
k("constant", [1, 2, 3], dtype="int32")
k("constant", 3, shape=(2, 2))
k("constant", np.arange(6.0), shape=(2, 3))
k("variable", np.arange(6.0).reshape(2, 3))
k("variable", [1.5, 2.0], dtype="float64")
k("eye", 3)
k("eye", (2, 3))
k("zeros", (2, 3))
k("ones", (2, 3), dtype="int32")
for name in ("zeros_like", "ones_like"):
    k(name, T(X))
    k(name, T(INT))
    k(name, T(INT), dtype="float32")
    k(name, T(FLAGS))
k("cast_to_floatx", np.arange(3.0))
k("int_shape", T(X))
k("int_shape", T(numbers(3, 4), [None, None]))
k("ndim", T(X))
k("dtype", T(INT))
k("count_params", T(X, [3, 4, 5]))
k("is_sparse", T(X))

# -- products ----------------------------------------------------------------------------------------------------------

k("dot", T(FLAT), T(numbers(6, 4), [6, 4]))
k("dot", T(X), T(numbers(5, 4), [5, 4]))
k("dot", T(X), T(numbers(2, 5, 4), [2, 5, 4]))
k("dot", T(FLAT), T(numbers(2, 6, 4), [2, 6, 4]))
for shapes, axes in [
    ([(3, 6), (3, 6)], [1, (1, 1), None, -1, (-1, 1), 0, (0, 1)]),
    ([(3, 4, 5), (3, 5, 2)], [None, (2, 1), [2, 1], (-1, 1)]),
    ([(3, 4, 5), (3, 2, 5)], [2, (2, 2), -1]),
    ([(3, 4, 5), (3, 4, 2)], [1, (1, 1)]),
    ([(3, 4, 5), (3, 5)], [None, (2, 1), (-1, 1)]),
    ([(3, 4, 5), (3, 4)], [1, (1, 1)]),
    ([(3, 5), (3, 4, 5)], [(1, 2)]),
    ([(3, 4), (3, 4, 5)], [None, 1]),
    ([(3, 2, 4, 5), (3, 2, 5, 6)], [None, (3, 2)]),
    ([(3, 2, 4, 5), (3, 5)], [(3, 1)]),
    ([(3, 2, 4, 5), (3, 2, 4, 5)], [3, 2]),
    ([(3, 4, 5), (3, 2, 5, 6)], [(2, 2)]),
]:
    for ax in axes:
        k("batch_dot", T(numbers(*shapes[0])), T(numbers(*shapes[1], seed=1)), ax)
k("batch_dot", x=T(X), y=T(X), axes=[2, 2])

# -- windows -----------------------------------------------------------------------------------------------------------

STEPS = numbers(2, 8, 3)
IMAGE = numbers(2, 7, 6, 3)
VOLUME = numbers(2, 5, 4, 6, 2)
kernel = lambda *shape: T(numbers(*shape, seed=3), shape)  # noqa: E731
for kwargs in [
    {},
    {"padding": "same"},
    {"padding": "causal"},
    {"strides": 2, "padding": "same"},
    {"dilation_rate": 2},
    {"padding": "causal", "dilation_rate": 2},
]:
    k("conv1d", T(STEPS), kernel(3, 3, 4), data_format="channels_last", **kwargs)
k("conv1d", T(STEPS), kernel(3, 3, 4), stride=2, border_mode="same")
k("conv1d", T(STEPS, [None, None, 3]), kernel(3, 3, 4), data_format="channels_last")
for kwargs in [
    {},
    {"padding": "same"},
    {"strides": (2, 2), "padding": "same"},
    {"dilation_rate": (2, 2)},
    {"border_mode": "same", "dim_ordering": "tf"},
    {"strides": (2, 1), "border_mode": "valid", "dim_ordering": "tf"},
]:
    k("conv2d", T(IMAGE), kernel(3, 2, 3, 4), **kwargs)
k("conv2d", T(IMAGE, [None, None, None, 3]), kernel(3, 2, 3, 4), (1, 1), "same", "channels_last")
k("conv2d", T(numbers(2, 3, 7, 6)), kernel(4, 3, 3, 2), dim_ordering="th")
k("conv2d", T(numbers(2, 3, 7, 6)), kernel(3, 2, 3, 4), data_format="channels_first")
k("conv2d", T(IMAGE), kernel(2, 2, 3, 4), dim_ordering="tf", filter_dilation=(2, 2))
k("atrous_conv2d", T(IMAGE), kernel(2, 2, 3, 4), 2, "valid", "tf")
for kwargs in [{}, {"padding": "same", "strides": (2, 2, 2)}, {"border_mode": "same", "dim_ordering": "tf"}]:
    k("conv3d", T(VOLUME), kernel(2, 3, 2, 2, 3), **kwargs)
for kwargs in [{}, {"padding": "same", "strides": (2, 2)}, {"data_format": "channels_last", "dilation_rate": (2, 2)}]:
    k("depthwise_conv2d", T(IMAGE), kernel(3, 2, 3, 2), **kwargs)
for kwargs in [{}, {"padding": "same"}, {"border_mode": "same", "dim_ordering": "tf"}, {"strides": (2, 2)}]:
    k("separable_conv2d", T(IMAGE), kernel(3, 2, 3, 2), kernel(1, 1, 6, 6), **kwargs)
k("separable_conv1d", T(STEPS), kernel(3, 3, 2), kernel(1, 6, 4), padding="same")
k("separable_conv1d", T(STEPS), kernel(3, 3, 2), kernel(1, 6, 4), strides=(2,), padding="same")
k("separable_conv1d", T(STEPS), kernel(3, 3, 2), kernel(1, 6, 4), padding="causal", dilation_rate=(2,))
for padding, shape in [("same", (2, 14, 12, 4)), ("valid", (2, 15, 13, 4))]:
    k("conv2d_transpose", T(IMAGE), kernel(3, 3, 4, 3), shape, strides=(2, 2), padding=padding)
    k("deconv2d", T(IMAGE), kernel(3, 3, 3, 4), shape, strides=(2, 2), border_mode=padding, dim_ordering="tf")
k("conv2d_transpose", T(IMAGE), kernel(3, 3, 4, 3), (None, 7, 6, 4), padding="same")
k("conv2d_transpose", T(IMAGE), kernel(3, 3, 4, 3), (2, 7, 6, 4), padding="same", dilation_rate=(2, 2))
k(
    "conv2d_transpose",
    T(numbers(2, 3, 7, 6)),
    kernel(3, 3, 4, 3),
    (None, 4, 14, 12),
    strides=(2, 2),
    padding="same",
    data_format="channels_first",
)
k("conv3d_transpose", T(VOLUME), kernel(2, 2, 2, 3, 2), (2, 10, 8, 12, 3), strides=(2, 2, 2), padding="same")
for mode in ("max", "avg"):
    k("pool2d", T(IMAGE), (2, 2), data_format="channels_last", pool_mode=mode)
    k("pool2d", T(IMAGE), (2, 2), dim_ordering="tf", pool_mode=mode)
    k("pool2d", T(IMAGE), (3, 2), (2, 2), "same", "channels_last", mode)
    k("pool2d", T(IMAGE), (3, 2), (2, 2), "same", "tf", mode)
    k("pool2d", T(numbers(2, 3, 7, 6)), (2, 2), strides=(2, 2), padding="same", data_format="channels_first", pool_mode=mode)
    k("pool2d", T(numbers(2, 3, 7, 6)), (2, 2), strides=(2, 2), border_mode="same", dim_ordering="th", pool_mode=mode)
    k("pool3d", T(VOLUME), (2, 2, 2), strides=(2, 2, 2), padding="same", pool_mode=mode)
k("local_conv1d", T(STEPS), kernel(6, 9, 4), (3,), (1,), "channels_last")
k("local_conv2d", T(IMAGE), kernel(30, 12, 4), (2, 2), (1, 1), (6, 5), "channels_last")
k("local_conv2d", T(numbers(2, 3, 7, 6)), kernel(9, 12, 4), (2, 2), (2, 2), (3, 3), "channels_first")

# -- padding and resizing ----------------------------------------------------------------------------------------------

k("temporal_padding", T(STEPS))
k("temporal_padding", T(STEPS), (2, 1))
k("temporal_padding", T(STEPS), padding=2)
k("asymmetric_temporal_padding", T(STEPS), 2, 1)
k("spatial_2d_padding", T(IMAGE), data_format="channels_last")
k("spatial_2d_padding", T(IMAGE), ((1, 2), (0, 3)))
k("spatial_2d_padding", T(IMAGE), (1, 2), dim_ordering="tf")
k("spatial_2d_padding", T(IMAGE), padding=((1, 2), (0, 3)), data_format="channels_first")
k("spatial_2d_padding", T(IMAGE), (2, 1), "th")
k("asymmetric_spatial_2d_padding", T(IMAGE), 1, 2, 3, 0, dim_ordering="tf")
k("spatial_3d_padding", T(VOLUME), ((1, 2), (0, 3), (1, 1)))
k("resize_images", T(IMAGE), 2, 3, "channels_last")
k("resize_images", T(IMAGE), 2, 3, "tf")
k("resize_images", T(IMAGE), 2, 2, "channels_first")
k("resize_images", T(numbers(2, 3, 3, 3, dtype="int32")), 2, 2, data_format="channels_last")
k("resize_images", T(IMAGE), height_factor=2, width_factor=3, data_format="channels_last", interpolation="bilinear")
k("resize_images", T(IMAGE), 2, 2, "channels_last", interpolation="bicubic")
k("resize_volumes", T(VOLUME), 2, 1, 3, "channels_last")
k("resize_volumes", T(VOLUME), 2, 1, 3, "tf")

# -- normalization and losses ------------------------------------------------------------------------------------------

vector = lambda n, seed=0: T(np.abs(numbers(n, seed=seed)) + 0.5, [n])  # noqa: E731
k("batch_normalization", T(X), vector(5), vector(5, 1), vector(5, 2), vector(5, 3))
k("batch_normalization", T(X), vector(5), vector(5, 1), vector(5, 2), vector(5, 3), 0.1)
k("batch_normalization", T(IMAGE), vector(3), vector(3, 1), vector(3, 2), vector(3, 3), epsilon=0.01)
k("batch_normalization", T(X), vector(5), vector(5, 1), None, None)
k("normalize_batch_in_training", T(X), vector(5), vector(5, 1), [0, 1])
k("normalize_batch_in_training", T(FLAT), vector(6), vector(6, 1), [0], epsilon=0.1)
chances = np.array([[0.1, 0.7, 0.2], [0.0, 1.0, 0.0], [0.3, 0.3, 0.3]], "float32")
ONE_HOT = np.eye(3, dtype="float32")
for from_logits in (False, True):
    k("categorical_crossentropy", T(ONE_HOT), T(chances), from_logits)
    k("binary_crossentropy", T(ONE_HOT), T(chances), from_logits=from_logits)
    k("sparse_categorical_crossentropy", T(np.array([2, 0, 1], "int32")), T(chances), from_logits)
k("categorical_crossentropy", T(numbers(2, 4, 3) ** 2), T(numbers(2, 4, 3, seed=1) ** 2 + 0.1))
k("sparse_categorical_crossentropy", T(np.array([[2, 0], [1, 1]], "int32")), T(numbers(2, 2, 3) ** 2 + 0.1))
k("sparse_categorical_crossentropy", T(np.array([[2], [1]], "int32")), T(numbers(2, 3) ** 2 + 0.1))
spelt = np.exp(numbers(2, 6, 4) * 2)
SPELT = (spelt / spelt.sum(-1, keepdims=True)).astype("float32")
LONG = [T(np.array([[6], [5]], "int32")), T(np.array([[2], [3]], "int32"))]
k("ctc_batch_cost", T(np.array([[1, 2, 0], [0, 1, 2]], "int32")), T(SPELT), *LONG)
k("ctc_batch_cost", T(np.array([[1, 2, 0], [0, 1, 2]], "float32")), T(SPELT), *LONG)
k("ctc_decode", T(SPELT), T(np.array([6, 5], "int32")))
k("ctc_decode", T(SPELT), T(np.array([6, 5], "int32")), greedy=False, beam_width=8, top_paths=2)

# -- control -----------------------------------------------------------------------------------------------------------

k("switch", T(FLAGS), T(numbers(3, 4)), T(numbers(3, 4, seed=1)))
k("switch", T(FLAGS[:, 0]), T(numbers(3, 4)), T(numbers(3, 4, seed=1)))
k("switch", T(FLAGS), T(numbers(3, 4, 5)), T(numbers(3, 4, 5, seed=1)))
k("switch", T(np.array(True), []), T(numbers(3, 4)), T(numbers(3, 4, seed=1)))
k("switch", T(INT), T(numbers(3, 4)), T(numbers(3, 4, seed=1)))
k("in_train_phase", T(X), T(X * 2), training=False)
k("in_test_phase", T(X), T(X * 2), training=False)
k("floatx")
k("epsilon")
k("image_data_format")
k("backend")
k("categorical_focal_crossentropy", T(ONE_HOT), T(chances))
k("categorical_focal_crossentropy", T(ONE_HOT), T(chances), alpha=0.5, gamma=1.5, from_logits=True)
k("binary_focal_crossentropy", T(ONE_HOT[::2]), T(chances[::2]))
k("binary_focal_crossentropy", T(ONE_HOT), T(chances), apply_class_balancing=True, gamma=1.5, from_logits=True)
k("image_dim_ordering")
k("size", T(X))
k("local_conv", T(STEPS), kernel(6, 9, 4), (3,), (1,), (6,), "channels_last")
k("to_dense", T(X))
