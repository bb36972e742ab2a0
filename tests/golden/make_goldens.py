"""Make the golden models of one Keras release: run this file with the Python that has that release.

    python tests/golden/make_goldens.py [NAME ...]

Works with tf.keras 2.3 to 2.15 and Keras 3 (TensorFlow backend), on Python 3.8 and later. Each model is saved into
tests/golden/<producer>-<version>/NAME.{h5,keras}, with NAME.npz beside it: inputs in_0.., the framework's own predictions
out_0.., and `meta`, a JSON text that says how they belong together (tests/conformance/goldens.py reads it). PLAN says
which models are kept for which release, to keep the folder small; a release without a plan makes all of them.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np
import tensorflow as tf

KERAS3 = tuple(int(part) for part in tf.__version__.split(".")[:2]) >= (2, 16)
if KERAS3:
    import keras
else:
    keras = tf.keras
layers = keras.layers
RELEASE = keras.__version__ if KERAS3 else tf.__version__
VERSION = tuple(int(part) for part in RELEASE.split(".")[:2])
HERE = Path(__file__).parent
BATCHES = (1, 7, 32, 100)

MODELS = {}

# release -> file format -> models. tf.keras before 2.12 writes HDF5 into a `.keras` file.
PLAN = {
    "keras-3.15.1": {
        "keras": "mlp activations multi_io lists cnn rnn rnn_masking nested shared_across_levels custom_activation custom_layer custom_compiled"
        " bn_training_true batch_average stateful_lstm_1 stateful_lstm_7 stateful_lstm_32 stateful_lstm_100",
        "h5": "mlp shared_across_levels multi_io rnn nested custom_activation",
    },
    "keras-3.0.5": {"keras": "multi_io cnn rnn nested transposed"},
    "tf.keras-2.15.1": {
        "h5": "mlp activations cnn rnn_masking custom_activation custom_layer custom_compiled"
        " bn_training_true batch_average stateful_lstm_1 stateful_lstm_7 stateful_lstm_32 stateful_lstm_100",
        "keras": "multi_io lists nested",
    },
    "tf.keras-2.14.1": {"keras": "cnn rnn nested"},
    "tf.keras-2.13.1": {"keras": "cnn rnn nested"},
    "tf.keras-2.12.1": {"keras": "multi_io rnn"},
    "tf.keras-2.8.4": {"h5": "multi_io rnn custom_activation"},
    "tf.keras-2.3.4": {"h5": "multi_io lists cnn rnn nested batch_average", "keras": "mlp"},
}


def model(function):
    MODELS[function.__name__] = function
    return function


# What the two generations spell differently.


def fixed_batch(size, *shape):
    """An Input whose batch size is part of the model."""
    return keras.Input(batch_shape=(size,) + shape) if KERAS3 else keras.Input(batch_input_shape=(size,) + shape)


def reset_states(net):
    if not KERAS3:
        return net.reset_states()
    for layer in net.layers:
        if getattr(layer, "stateful", False):
            layer.reset_states() if hasattr(layer, "reset_states") else layer.reset_state()
    return None


# What the caller of `load_model` must bring; not registered, so that the file holds the bare name.


def my_custom_activation(x):
    return x * keras.activations.sigmoid(1.5 * x) + 0.1


def my_custom_loss(y_true, y_pred):
    return keras.ops.mean(y_true - y_pred) if KERAS3 else tf.reduce_mean(y_true - y_pred)


def my_custom_metric(y_true, y_pred):
    return my_custom_loss(y_true, y_pred)


class MyScale(layers.Layer):
    """y = x * scale + offset, with `scale` a weight of the last axis and `offset` from the config."""

    def __init__(self, offset=0.0, **kwargs):
        super().__init__(**kwargs)
        self.offset = offset

    def build(self, input_shape):
        self.scale = self.add_weight(name="scale", shape=(int(input_shape[-1]),), initializer="ones")
        self.built = True

    def call(self, inputs):
        return inputs * self.scale + self.offset

    def get_config(self):
        config = super().get_config()
        config.update(offset=self.offset)
        return config


# The models. Each returns (model, inputs) or (model, inputs, extra), extra going into `meta`.


def rows(count, *shape, seed=0):
    return np.random.RandomState(seed).normal(size=(count,) + shape).astype("float32")


@model
def mlp():
    hidden = [layers.Dense(6, activation=name) for name in ("relu", "tanh", "selu")]
    return keras.Sequential([keras.Input((5,))] + hidden + [layers.Dense(3, "softmax")]), rows(9, 5)


@model
def activations():
    """Names whose meaning changed with time (hard_sigmoid), and layers with arguments that were renamed (LeakyReLU)."""
    names = ["hard_sigmoid", "exponential", "softsign", "softplus", "elu", "swish"] + (["gelu"] if VERSION >= (2, 4) else [])
    slope = {"negative_slope": 0.2} if KERAS3 else {"alpha": 0.2}
    x = keras.Input((4,))
    y = layers.Dense(4)(x)
    parts = [layers.Activation(name)(y) for name in names]
    parts += [layers.LeakyReLU(**slope)(y), layers.ReLU(max_value=1.0, threshold=0.1)(y), layers.PReLU()(y), layers.Softmax()(y)]
    return keras.Model(x, layers.Concatenate()(parts)), 3 * rows(9, 4)


@model
def multi_io():
    amount, country = keras.Input((1,), name="amount"), keras.Input((2,), dtype="int32", name="country")
    x = layers.Concatenate()([amount, layers.Flatten()(layers.Embedding(9, 3)(country))])
    x = layers.Dense(5, "relu")(x)
    fraud, kind = layers.Dense(1, "sigmoid", name="fraud")(x), layers.Dense(4, "softmax", name="kind")(x)
    net = keras.Model({"amount": amount, "country": country}, {"fraud": fraud, "kind": kind})
    return net, {"amount": rows(6, 1), "country": np.random.RandomState(1).randint(0, 9, (6, 2)).astype("int32")}


@model
def lists():
    """Two inputs and two outputs in lists, one layer reached by two ways, merging layers."""
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    x = layers.Add()([a, b])
    y = layers.Multiply()([layers.Subtract()([a, b]), layers.Maximum()([a, b])])
    z = layers.Dot(axes=1, normalize=True)([x, y])
    return keras.Model([a, b], [layers.Average()([x, y]), layers.Dense(2)(z)]), [rows(5, 4), rows(5, 4, seed=1)]


@model
def cnn():
    net = keras.Sequential(
        [
            keras.Input((9, 9, 3)),
            layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.SeparableConv2D(5, 3, padding="same"),
            layers.MaxPooling2D(2, strides=1, padding="same"),
            layers.DepthwiseConv2D(2, depth_multiplier=2),
            layers.Conv2DTranspose(3, 3, strides=2, activation="relu"),
            layers.AveragePooling2D(2),
            layers.Dropout(0.3),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )
    return net, rows(4, 9, 9, 3)


@model
def transposed():
    """Keras 3 left output_padding out of the config at first."""
    x = keras.Input((5, 4, 2))
    y = layers.Conv2DTranspose(3, 3, strides=3, padding="valid", output_padding=2)(x)
    z = layers.Conv2DTranspose(2, 3, strides=3, padding="same", output_padding=1)(y)
    net = keras.Model(x, [layers.GlobalAveragePooling2D()(y), layers.Flatten()(z)])
    return net, rows(2, 5, 4, 2)


@model
def rnn():
    """Token ids, zero is the mask; LSTM, GRU and Bidirectional pass it on."""
    net = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(11, 4, mask_zero=True),
            layers.LSTM(3, return_sequences=True),
            layers.GRU(3, return_sequences=True),
            layers.Bidirectional(layers.LSTM(2)),
            layers.Dense(2),
        ]
    )
    ids = np.random.RandomState(2).randint(1, 11, (5, 6))
    ids[1, 4:] = ids[2, 1:] = 0
    ids[3, 2] = ids[4, 0] = 0  # holes, not only padding
    return net, ids.astype("int32")


@model
def rnn_masking():
    """Masking over features, backwards, other options."""
    x = keras.Input((6, 3))
    y = layers.Masking(mask_value=0.5)(x)
    a = layers.Bidirectional(layers.GRU(2, return_sequences=True, reset_after=False), merge_mode="ave")(y)
    b = layers.SimpleRNN(3, go_backwards=True)(y)
    c = layers.LSTM(2, recurrent_activation="hard_sigmoid", use_bias=False)(a)
    data = rows(5, 6, 3)
    data[1, 4:] = data[2, :2] = data[3, 3] = 0.5
    return keras.Model(x, layers.Concatenate()([b, c])), data


def inner_model(name):
    x = keras.Input((4,))
    return keras.Model(x, layers.Dense(3, "tanh")(x), name=name)


@model
def nested():
    """A Functional in a Sequential, called twice, and a Functional beside it."""
    tower = keras.Sequential([keras.Input((4,)), inner_model("inner"), layers.Dense(3, "relu")], name="tower")
    other = inner_model("other")
    a, b = keras.Input((4,)), keras.Input((4,))
    head = layers.Dense(2, name="head")
    x = layers.Concatenate()([tower(a), tower(b)])
    return keras.Model([a, b], [head(x), other(a)]), [rows(5, 4), rows(5, 4, seed=1)]


@model
def shared_across_levels():
    """One model, inside another and beside it. `.keras` files hold its weights once: Keras itself does not load them again."""
    inner = inner_model("inner")
    tower = keras.Sequential([keras.Input((4,)), inner, layers.Dense(3, "relu")], name="tower")
    x = keras.Input((4,))
    return keras.Model(x, [tower(x), inner(x)]), rows(5, 4)


@model
def custom_activation():
    net = keras.Sequential(
        [keras.Input((4,)), layers.Dense(5, activation=my_custom_activation), layers.Activation(my_custom_activation), layers.Dense(2)]
    )
    return net, rows(7, 4), {"custom_objects": ["my_custom_activation"]}


@model
def custom_layer():
    net = keras.Sequential([keras.Input((4,)), layers.Dense(3), MyScale(0.25), layers.Dense(2)])
    return net, rows(7, 4), {"custom_objects": ["MyScale"]}


@model
def custom_compiled():
    """Loss and metric are the user's, but only training needs them; compiled and trained, so the optimizer is in the file."""
    net = keras.Sequential([keras.Input((4,)), layers.Dense(3, "relu"), layers.Dense(1)])
    net.compile(optimizer="adam", loss=my_custom_loss, metrics=[my_custom_metric])
    net.fit(rows(8, 4), rows(8, 1), epochs=1, verbose=0)
    return net, rows(7, 4), {"training_objects": ["my_custom_loss", "my_custom_metric"]}


@model
def bn_training_true():
    x = keras.Input((4,))
    y = layers.BatchNormalization()(layers.Dense(3)(x), training=True)
    return keras.Model(x, layers.Dense(2)(y)), rows(100, 4), {"batches": BATCHES}


@model
def batch_average():
    """Each row's answer depends on the rows beside it."""
    x = keras.Input((4,))
    y = layers.Dense(3)(x)
    if KERAS3:
        z = y - keras.ops.mean(y, axis=0, keepdims=True)
    else:
        z = layers.Subtract()([y, layers.LayerNormalization(axis=0, center=False, scale=False)(y)])
    return keras.Model(x, layers.Dense(2)(layers.Multiply()([z, layers.Softmax(axis=0)(y)]))), rows(100, 4), {"batches": BATCHES}


def stateful(size):
    x = fixed_batch(size, 3, 2)
    y = layers.LSTM(3, stateful=True, return_sequences=True)(x)
    return keras.Model(x, layers.Dense(2)(layers.GRU(2, stateful=True)(y))), rows(size, 3, 2), {"stateful": size}


for size in BATCHES:
    MODELS["stateful_lstm_%d" % size] = lambda size=size: stateful(size)


# Making and saving.


def randomise(net):
    """Every weight a number of its own, so that a weight in the wrong place shows; what starts at zero or one as well."""
    random = np.random.RandomState(42)
    for variable in net.weights:
        name = getattr(variable, "path", variable.name)
        if "float32" not in str(variable.dtype):
            continue
        value = random.normal(scale=0.4, size=tuple(variable.shape))
        variable.assign((abs(value) + 0.5 if "variance" in name else value).astype("float32"))


def flatten(structure, keys, prefix):
    """The leaves of `structure`, and the same structure with their names in `keys` for leaves."""
    if isinstance(structure, dict):
        return {name: flatten(part, keys, prefix) for name, part in structure.items()}
    if isinstance(structure, (list, tuple)):
        return [flatten(part, keys, prefix) for part in structure]
    key = "%s_%d" % (prefix, sum(name.startswith(prefix + "_") for name in keys))
    keys[key] = np.asarray(structure)
    return key


def predictions(net, inputs, extra, arrays):
    """The calls to repeat in a test, in order: what `predict` was asked, and the names of what it answered."""
    size = extra.get("stateful")
    if size:
        steps = [{"batch_size": size}, {"batch_size": size}, {"batch_size": size, "reset": True}]
    else:
        steps = [{}] + [{"batch_size": batch} for batch in extra.get("batches", ())]
    for step in steps:
        if step.get("reset"):
            reset_states(net)
        answer = net.predict(inputs, verbose=0, batch_size=step.get("batch_size"))
        step["outputs"] = flatten(answer, arrays, "out")
    if size:
        reset_states(net)
    return steps


def save(net, stem, suffix):
    if VERSION == (2, 12) and suffix == "keras":
        net.save(str(stem) + ".keras", save_format="keras_v3")
    else:
        net.save(str(stem) + "." + suffix)


def make(name, folder, suffixes):
    keras.backend.clear_session()
    keras.utils.set_random_seed(7) if hasattr(keras.utils, "set_random_seed") else tf.random.set_seed(7)
    net, inputs, *rest = MODELS[name]()
    extra = dict(rest[0]) if rest else {}
    randomise(net)
    arrays = {}
    meta = {"inputs": flatten(inputs, arrays, "in")}
    meta["calls"] = predictions(net, inputs, extra, arrays)
    meta.update({key: extra[key] for key in ("custom_objects", "training_objects") if key in extra})
    meta.update(release=RELEASE, tensorflow=tf.__version__, numpy=np.__version__)
    for suffix in suffixes:
        save(net, folder / name, suffix)
    np.savez_compressed(str(folder / (name + ".npz")), meta=json.dumps(meta), **arrays)


def main():
    release = ("keras-" if KERAS3 else "tf.keras-") + RELEASE
    plan = {suffix: set(names.split()) for suffix, names in PLAN.get(release, {}).items()}
    folder = HERE / release
    folder.mkdir(exist_ok=True)
    for name in MODELS:
        suffixes = [suffix for suffix in ("h5", "keras") if not plan or name in plan.get(suffix, ())]
        if suffixes and name in (sys.argv[1:] or MODELS):
            make(name, folder, suffixes)
            print(release, name, *suffixes)


if __name__ == "__main__":
    main()
