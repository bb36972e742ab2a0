"""Makes tests/golden/tf_ops/<release>.tar.xz: models of tf.keras that call TensorFlow's own functions, and layers that Keras 3 dropped.

Run it with the Python of each release: `python make_tf_ops.py [FOLDER [PART OF A NAME ...]]`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
import tensorflow as tf
from golden_cases import K, L, case, numbers
from golden_files import main

X, Y = numbers(2, 3, 4), numbers(2, 3, 4, seed=1)
IMAGE = numbers(2, 5, 6, 3, seed=2)
INTEGERS = numbers(2, 3, 4, seed=3, dtype="int32")
POSITIVE = np.abs(X) + 0.25


def on(function, *arrays):
    """A model of a function of one tensor for each array."""
    starts = [K.Input(a.shape[1:], dtype=a.dtype.name) for a in arrays]
    results = function(*starts)
    model = K.Model(starts, list(results) if isinstance(results, (list, tuple)) else results)
    model.keeps_weights = True
    return model, list(arrays)


def add(name, function, *arrays):
    case(name)(lambda: on(function, *(arrays or (X,))))


# -- one tensor --------------------------------------------------------------------------------------------------------

for name in """abs ceil cos cosh erf exp expm1 floor negative round sign sigmoid sin sinh softplus sqrt square tan tanh rsqrt log log1p
reciprocal lgamma atan asinh is_finite is_nan is_inf""".split():
    add("math." + name, getattr(tf.math, name), POSITIVE if name in ("sqrt", "rsqrt", "log", "log1p", "reciprocal", "lgamma") else X)
for name in "relu relu6 elu selu softplus softsign leaky_relu softmax log_softmax swish gelu sigmoid tanh".split():
    if hasattr(tf.nn, name):
        add("nn." + name, getattr(tf.nn, name))
for (
    name
) in "reduce_sum reduce_mean reduce_max reduce_min reduce_prod reduce_std reduce_variance reduce_logsumexp reduce_euclidean_norm".split():
    for label, options in {"last": {"axis": -1}, "kept": {"axis": [1, 2], "keepdims": True}, "all": {}}.items():
        if label != "all":
            add("math.%s-%s" % (name, label), lambda x, n=name, o=options: getattr(tf.math, n)(x, **o))
for name in "argmax argmin cumsum cumprod".split():
    add("math." + name, lambda x, n=name: getattr(tf.math, n)(x, axis=1))
add("math.reduce_any", lambda x: tf.math.reduce_any(x > 0.5, axis=1))
add("math.reduce_all", lambda x: tf.math.reduce_all(x > -0.5, axis=1))
add("integers-mean", lambda x: tf.reduce_mean(x, axis=1), INTEGERS)
add("integers-division", lambda x: [x // 3, x % 3, x / 2, tf.math.truediv(x, 4)], INTEGERS)
add("integers-cast", lambda x: tf.cast(x, "float32") * 0.5, INTEGERS)

# -- two tensors -------------------------------------------------------------------------------------------------------

for name in "add subtract multiply divide maximum minimum squared_difference atan2 floordiv floormod pow divide_no_nan".split():
    add("math." + name, getattr(tf.math, name), POSITIVE, np.abs(Y) + 0.5)
add("operators", lambda x, y: [x + y, x - 1, 2 * y, x / 2, 1 / (y + 3), -x, x**2, abs(y), x @ tf.transpose(y, [0, 2, 1])], X, Y)
add("comparisons", lambda x, y: [x > y, x < 0.5, x >= y, x <= y, tf.equal(x, y), tf.not_equal(x, y)], X, Y)
add("logic", lambda x, y: [tf.logical_and(x > 0, y > 0), tf.logical_or(x > 0, y > 0), tf.logical_not(x > 0)], X, Y)
add("where", lambda x, y: [tf.where(x > y, x, y), tf.where(x > 0, x, 0.0)], X, Y)
add("clip", lambda x: [tf.clip_by_value(x, -0.5, 0.5), K.backend.clip(x, 0.0, 1.0)])
add("matmul", lambda x, y: [tf.matmul(x, y, transpose_b=True), tf.linalg.matmul(x, y, transpose_a=True)], X, Y)
add("einsum", lambda x, y: tf.einsum("bij,bkj->bik", x, y), X, Y)
add("tensordot", lambda x: tf.tensordot(x, tf.constant(numbers(4, 2, seed=5)), axes=[[2], [0]]))
add("add_n", lambda x, y: tf.add_n([x, y, x]), X, Y)

# -- shapes ------------------------------------------------------------------------------------------------------------

add("slices", lambda x: [x[:, 1:], x[:, 0], x[..., -1], x[:, ::2, 1:3], x[:, tf.newaxis], x[:, ::-1]])
add("reshape", lambda x: [tf.reshape(x, [-1, 12]), tf.reshape(x, (-1, 2, 6)), tf.reshape(x, [tf.shape(x)[0], 4, 3])])
add("transpose", lambda x: [tf.transpose(x, [0, 2, 1]), tf.transpose(x, perm=(2, 0, 1))])
add(
    "expand",
    lambda x: [tf.expand_dims(x, -1), tf.expand_dims(x, 1), tf.squeeze(tf.expand_dims(x, 1), 1), tf.squeeze(tf.expand_dims(x, -1), [-1])],
)
add("concat", lambda x, y: [tf.concat([x, y], axis=-1), tf.stack([x, y], axis=1), tf.concat([x, y, x], 1)], X, Y)
add("split", lambda x: tf.split(x, 2, axis=-1) + tf.split(x, [1, 3], axis=2))
add("unstack", lambda x: tf.unstack(x, axis=1))
add("tile", lambda x: [tf.tile(x, [1, 2, 1]), tf.repeat(x, 2, axis=1)])
add(
    "pad",
    lambda x: [
        tf.pad(x, [[0, 0], [1, 2], [0, 1]]),
        tf.pad(x, [[0, 0], [1, 1], [2, 0]], mode="REFLECT"),
        tf.pad(x, [[0, 0], [1, 0], [0, 2]], mode="SYMMETRIC"),
    ],
)
add("gather", lambda x: [tf.gather(x, [2, 0], axis=1), tf.gather(x, [0, 3, 3], axis=-1)])
add("one_hot", lambda x: tf.one_hot(x, 5), np.abs(INTEGERS))
add("reverse", lambda x: [tf.reverse(x, [1]), tf.roll(x, 1, axis=1)])
add("like", lambda x: [tf.zeros_like(x), tf.ones_like(x), x + tf.ones([3, 4])])
add("top_k", lambda x: list(tf.math.top_k(x, 2)))
add("sort", lambda x: [tf.sort(x, axis=-1), tf.argsort(x, axis=-1, direction="DESCENDING")])
add("l2_normalize", lambda x: [tf.math.l2_normalize(x, axis=-1), tf.linalg.l2_normalize(x, axis=[1, 2])])
add("norm", lambda x: [tf.norm(x, axis=-1), tf.norm(x, ord=1, axis=1)])
add("moments", lambda x: list(tf.nn.moments(x, [1])))
add("band", lambda x: [tf.linalg.band_part(x, 1, 0), tf.linalg.band_part(x, -1, 1), tf.linalg.diag_part(x)])
add("shape", lambda x: x * tf.cast(tf.shape(x)[1], "float32"))
add("stop_gradient", lambda x: [tf.stop_gradient(x), tf.identity(x)])

# -- images and windows ------------------------------------------------------------------------------------------------

add(
    "image.resize",
    lambda x: [tf.image.resize(x, [7, 4]), tf.image.resize(x, (3, 3), method="nearest"), tf.image.resize(x, (10, 9), method="bicubic")],
    IMAGE,
)
add("pools", lambda x: [tf.nn.max_pool2d(x, 2, 2, "SAME"), tf.nn.avg_pool2d(x, [2, 2], [1, 2], "VALID")], IMAGE)
add(
    "conv",
    lambda x: [
        tf.nn.conv2d(x, numbers(2, 3, 3, 4, seed=6), [1, 2], "SAME"),
        tf.nn.depthwise_conv2d(x, numbers(2, 2, 3, 2, seed=7), [1, 1, 1, 1], "VALID"),
    ],
    IMAGE,
)
add("depth", lambda x: [tf.nn.space_to_depth(x[:, :4], 2), tf.nn.bias_add(x, numbers(3, seed=8))], IMAGE)

# -- layers that Keras 3 dropped ---------------------------------------------------------------------------------------


def layer(make, x):
    start = K.Input(x.shape[1:])
    return K.Model(start, make()(start)), [x]


SEQUENCE = numbers(2, 7, 3, seed=9)
if hasattr(L, "LocallyConnected1D"):
    for how in (1, 2, 3):
        for form in ("channels_last", "channels_first"):
            options = {"implementation": how, "data_format": form, "activation": "relu"}
            case("local1d-%d-%s" % (how, form))(lambda o=options: layer(lambda: L.LocallyConnected1D(4, 3, strides=2, **o), SEQUENCE))
            case("local2d-%d-%s" % (how, form))(
                lambda o=options: layer(lambda: L.LocallyConnected2D(2, (2, 3), strides=(2, 1), **o), IMAGE)
            )
        if how > 1:
            case("local1d-same-%d" % how)(
                lambda h=how: layer(lambda: L.LocallyConnected1D(4, 3, padding="same", implementation=h), SEQUENCE)
            )
            case("local2d-same-%d" % how)(
                lambda h=how: layer(lambda: L.LocallyConnected2D(2, 3, strides=2, padding="same", implementation=h), IMAGE)
            )

if __name__ == "__main__":
    main("tf_ops")
