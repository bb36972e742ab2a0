"""Writes tests/golden/lambdas/RELEASE.h5 (.keras): models of Lambda layers as people write them, with their predictions in RELEASE.npz.

    python make_lambdas.py        with a Python that has Keras 1 or 2, tf.keras or Keras 3

Each function becomes one Lambda layer and one output of the model; those that the release cannot run or save are left out.
"""

import math
import os
from functools import partial

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np

try:
    import tensorflow as tf
except ImportError:
    tf = None
if os.environ.get("STANDALONE") or not hasattr(tf, "keras"):
    import keras
    from keras import backend as K
    from keras.layers import Input, Lambda
    from keras.models import Model
else:
    keras = tf.keras
    from tensorflow.keras import backend as K
    from tensorflow.keras.layers import Input, Lambda
    from tensorflow.keras.models import Model
ops = getattr(keras, "ops", None)
STANDALONE = keras.__name__ == "keras"
RELEASE = ("keras-" if STANDALONE or ops else "tensorflow-") + (keras.__version__ if STANDALONE or ops else tf.__version__)
IS_KERAS_1, IS_KERAS_3 = STANDALONE and keras.__version__ < "2", ops is not None

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lambdas")


def rows(function, **arguments):
    return ("rows", function, arguments)


def pair(function, **arguments):
    return ("pair", function, arguments)


def image(function, **arguments):
    return ("image", function, arguments)


def wave(x, k=2.0):
    """A function with a name, statements and a loop."""
    total = 0.0
    for i in range(1, 4):
        if i % 2 == 0:
            total = total + K.sin(x * i) / k
        else:
            total -= K.cos(x) * i
    return total


def attention(tensors):
    query, value = tensors
    scores = K.batch_dot(query, value, axes=[2, 2])
    return K.batch_dot(K.softmax(scores), value)


def scaled(x, scale=3.0, shift=None):
    if shift is None:
        shift = x.shape[-1] if isinstance(x, int) else 1.0
    return x * scale + shift


def clipped(low, high):
    return lambda x: K.clip(x, low, high)


def cropped(size):
    def crop(x):
        return x[:, size:-size, size:-size, :]

    return crop


def split(x):
    half = K.int_shape(x)[-1] // 2
    return K.concatenate([x[..., half:], x[..., :half]], axis=-1)


def imported(x):
    import tensorflow as tf

    return tf.nn.relu(x) - 1.0


def unpacked(tensors):
    first, *others = tensors
    return sum(others, first)


FUNCTIONS = {
    # backend functions
    "mean": rows(lambda x: K.mean(x, axis=1)),
    "mean_keepdims": rows(lambda x: K.mean(x, axis=1, keepdims=True)),
    "sum_last": rows(lambda x: K.sum(x, axis=-1)),
    "max_axis": rows(lambda x: K.max(x, axis=1)),
    "l2": rows(lambda x: K.l2_normalize(x, axis=-1)),
    "softmax": rows(lambda x: K.softmax(x)),
    "expand": rows(lambda x: K.expand_dims(x, -1)),
    "squeeze": rows(lambda x: K.squeeze(K.expand_dims(x, 1), 1)),
    "reshape": rows(lambda x: K.reshape(x, (-1, 20))),
    "permute": rows(lambda x: K.permute_dimensions(x, (0, 2, 1))),
    "flatten": rows(lambda x: K.batch_flatten(x)),
    "cast": rows(lambda x: K.cast(x, "float32") / 255.0),
    "square": rows(lambda x: K.sqrt(K.sum(K.square(x), axis=1) + K.epsilon())),
    "power": rows(lambda x: K.pow(K.abs(x), 0.5)),
    "tile": rows(lambda x: K.tile(x, [1, 2, 1])),
    "repeat_elements": rows(lambda x: K.repeat_elements(x, 3, axis=1)),
    "reverse": rows(lambda x: K.reverse(x, 1)),
    "ones": rows(lambda x: K.ones_like(x) * 0.5),
    "argmax": rows(lambda x: K.cast(K.argmax(x, axis=-1), "float32")),
    "stop": rows(lambda x: K.stop_gradient(x) + 0.0),
    "relu6": rows(lambda x: K.relu(x, max_value=1.0)),
    "elu": rows(lambda x: K.elu(x, 0.5)),
    "hard": rows(lambda x: K.hard_sigmoid(x)),
    "switch": rows(lambda x: K.switch(K.greater(x, 0.0), x, -2.0 * x)),
    "clip": rows(clipped(-0.2, 0.3)),
    "std": rows(lambda x: (x - K.mean(x, axis=-1, keepdims=True)) / (K.std(x, axis=-1, keepdims=True) + 1e-6)),
    "logs": rows(lambda x: K.log(K.exp(x) + 1.0)),
    "any_shape": rows(lambda x: x * float(K.int_shape(x)[-1])),
    "shape_of": rows(lambda x: K.reshape(x, [K.shape(x)[0], -1])),
    "one_hot": rows(lambda x: K.one_hot(K.cast(K.clip(x[:, :, 0] * 4.0 + 2.0, 0.0, 3.0), "int32"), 4)),
    # several tensors
    "difference": pair(lambda x: x[0] - x[1]),
    "distance": pair(lambda x: K.sqrt(K.sum(K.square(x[0] - x[1]), axis=-1, keepdims=True))),
    "absolute": pair(lambda tensors: K.abs(tensors[0] - tensors[1])),
    "joined": pair(lambda x: K.concatenate(x, axis=-1)),
    "stacked": pair(lambda x: K.stack(x, axis=1)),
    "dot": pair(lambda x: K.batch_dot(x[0], x[1], axes=2)),
    "attention": pair(attention),
    "cosine": pair(lambda v: K.sum(K.l2_normalize(v[0], axis=-1) * K.l2_normalize(v[1], axis=-1), axis=-1)),
    "maximum": pair(lambda x: K.maximum(x[0], x[1])),
    "unpacked": pair(unpacked),
    "many": pair(lambda x: [x[0] + x[1], x[0] * x[1]][1]),
    # slices and operators
    "first": rows(lambda x: x[:, 0]),
    "last_step": rows(lambda x: x[:, -1, :]),
    "part": rows(lambda x: x[:, 1:4, ::2]),
    "column": rows(lambda x: x[..., 2:3]),
    "back": rows(lambda x: x[:, ::-1]),
    "split": rows(split),
    "arithmetic": rows(lambda x: (x * 2.0 - 1.0) ** 2 / 3.0),
    "negative": rows(lambda x: -x + 1),
    "condition": rows(lambda x, flag=True: x * 2 if flag else x),
    "wave": rows(wave),
    "wave_k": rows(wave, k=4.0),
    "scaled": rows(scaled),
    "arguments": rows(lambda x, n, offset=0: x[:, :n] + offset, n=3, offset=0.25),
    "comprehension": rows(lambda x: K.stack([x[:, i] * (i + 1) for i in range(3)], axis=1)),
    "generator": rows(lambda x: sum(x[:, i] for i in range(4))),
    "inner": rows(lambda x: (lambda y, p=2: y**p)(x) + (lambda: 1.0)()),
    "chained": rows(lambda x: x * (1.0 if 0 < len("abc") <= 3 else 2.0)),
    "and_or": rows(lambda x, zero=0: x + (zero or 2) + (1 and 3)),
    "dict": rows(lambda x: x * {"a": 2.0, "b": 3.0}["b"]),
    "starred": rows(lambda x: (lambda *a, **k: a[0] * k["m"])(*[x], **{"m": 1.5})),
    "math": rows(lambda x: x / math.sqrt(2.0) + math.pi),
    "numpy": rows(lambda x: x * np.array([1.0, 2.0, 3.0, 4.0], dtype="float32") + np.log(2.0)),
    # TensorFlow's functions
    "tf_relu": rows(lambda x: tf.nn.relu(x)),
    "tf_reduce": rows(lambda x: tf.reduce_mean(x, axis=[1, 2])),
    "tf_transpose": rows(lambda x: tf.transpose(x, [0, 2, 1])),
    "tf_reshape": rows(lambda x: tf.reshape(x, [-1, x.shape[1] * x.shape[2]])),
    "tf_concat": pair(lambda x: tf.concat(x, axis=1)),
    "tf_matmul": pair(lambda x: tf.matmul(x[0], x[1], transpose_b=True)),
    "tf_where": rows(lambda x: tf.where(x > 0.0, x, tf.zeros_like(x))),
    "tf_one_hot": rows(lambda x: tf.one_hot(tf.argmax(x, axis=-1), 4)),
    "tf_gather": rows(lambda x: tf.gather(x, [0, 2], axis=1)),
    "tf_norm": rows(lambda x: tf.nn.l2_normalize(x, 1)),
    "tf_split": rows(lambda x: tf.split(x, 2, axis=2)[1]),
    "tf_unstack": rows(lambda x: tf.add_n(tf.unstack(x, axis=1))),
    "tf_pad": rows(lambda x: tf.pad(x, [[0, 0], [1, 1], [0, 2]])),
    "tf_cast": rows(lambda x: tf.cast(tf.cast(x * 10.0, tf.int32), tf.float32)),
    "tf_expand": rows(lambda x: tf.squeeze(tf.expand_dims(x, 1), [1])),
    "tf_math": rows(lambda x: tf.exp(-tf.abs(x)) + tf.square(x)),
    "tf_imported": rows(imported),
    "tf_shape": rows(lambda x: tf.reshape(x, [tf.shape(x)[0], 2, -1])),
    "tf_resize": image(lambda x: tf.image.resize(x, (12, 9))),
    "tf_resize_v1": image(lambda x: tf.image.resize_images(x, (12, 9))),
    "tf_depth": image(lambda x: tf.space_to_depth(x, 2)),
    "tf_depth_2": image(lambda x: tf.nn.depth_to_space(tf.tile(x, [1, 1, 1, 4]), 2)),
    "tf_pool": image(lambda x: tf.nn.avg_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")),
    # images
    "crop": image(cropped(1)),
    "caffe": image(lambda x: x[..., ::-1] - K.constant([103.9, 116.8, 123.7])),
    "normalise": image(lambda x: x / 127.5 - 1.0),
    "pad": image(lambda x: K.spatial_2d_padding(x, ((1, 2), (0, 1)))),
    "pool": image(lambda x: K.pool2d(x, (2, 2), strides=(2, 2), pool_mode="avg")),
    "resize": image(lambda x: K.resize_images(x, 2, 2, "channels_last")),
    "global": image(lambda x: K.mean(x, axis=[1, 2])),
    "grey": image(lambda x: K.sum(x * np.array([0.3, 0.59, 0.11]).reshape((1, 1, 1, 3)), axis=-1, keepdims=True)),
    # Keras 3
    "ops_mean": rows(lambda x: ops.mean(x, axis=1)),
    "ops_softmax": rows(lambda x: ops.softmax(x * 2.0, axis=1)),
    "ops_where": rows(lambda x: ops.where(x > 0, x, ops.zeros_like(x))),
    "ops_norm": rows(lambda x: x / ops.norm(x, axis=-1, keepdims=True)),
    "ops_reshape": rows(lambda x: ops.reshape(ops.transpose(x, (0, 2, 1)), (-1, 20))),
    "ops_concatenate": pair(lambda x: ops.concatenate([x[0], ops.square(x[1])], axis=1)),
    "ops_einsum": pair(lambda x: ops.einsum("bij,bkj->bik", x[0], x[1])),
    "keras_ops": rows(lambda x: keras.ops.relu(x) - keras.ops.sigmoid(x)),
    "keras_activations": rows(lambda x: keras.activations.softplus(x)),
}


def main():
    generator = np.random.RandomState(0)
    data = {
        "x": generator.rand(3, 5, 4).astype("float32") - 0.4,
        "y": generator.rand(3, 5, 4).astype("float32") - 0.4,
        "i": generator.rand(3, 6, 6, 3).astype("float32"),
    }
    inputs = {name: Input(value.shape[1:], name=name) for name, value in data.items()}
    given = {"rows": inputs["x"], "pair": [inputs["x"], inputs["y"]], "image": inputs["i"]}
    kept = []
    for name, (kind, function, arguments) in FUNCTIONS.items():
        if IS_KERAS_3 and function.__name__ != "<lambda>":
            continue  # it keeps only the names of other functions
        try:
            layer = Lambda(function, arguments=arguments, name="f_" + name, **shape_of(kind, function, arguments, data))
            output = layer(given[kind])
            arrays = [data[part] for part in {"rows": "x", "pair": "xy", "image": "i"}[kind]]
            heads = given[kind] if isinstance(given[kind], list) else [given[kind]]
            Model(heads, output).predict(arrays if len(arrays) > 1 else arrays[0])
        except Exception as error:
            print("left out", name, type(error).__name__, str(error)[:100].replace("\n", " "))
            continue
        kept.append((name, output))
    model = Model([inputs[name] for name in "xyi"], [output for _, output in kept])
    results = model.predict([data[name] for name in "xyi"])
    os.makedirs(HERE, exist_ok=True)
    model.save(os.path.join(HERE, RELEASE + (".keras" if IS_KERAS_3 else ".h5")))
    stored = {"in/" + name: value for name, value in data.items()}
    stored.update({"out/" + name: value for (name, _), value in zip(kept, results)})
    np.savez_compressed(os.path.join(HERE, RELEASE + ".npz"), **stored)
    print(RELEASE, len(kept), "functions")


def shape_of(kind, function, arguments, data):
    """Keras 1 asks for the shape of the output where it is not that of the input."""
    if not IS_KERAS_1:
        return {}
    x, y, i = (K.placeholder(shape=value.shape) for value in (data["x"], data["y"], data["i"]))
    result = partial(function, **arguments)({"rows": x, "pair": [x, y], "image": i}[kind])
    return {"output_shape": tuple(result.get_shape().as_list()[1:])}


if __name__ == "__main__":
    main()
