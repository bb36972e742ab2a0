"""What the scripts that make golden models share: cases by name, and the file that they are packed into.

A case is a function that gives a Keras model and its inputs. `write` stores, for each, the model's config, its weights under
the names that loadstone gives them, the inputs and what this release's `predict` gives. Numbers are integers / 32 where
possible, so that they pack into bytes. Works with tf.keras 2.3 to 2.15 and Keras 3 on Python 3.8 and later;
tests/lowering/golden_models.py reads the files.
"""

import json
import os
import sys

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow")
import numpy as np
import tensorflow as tf

try:
    import keras as K

    if not K.__version__.startswith("3"):
        K = tf.keras
except ImportError:
    K = tf.keras
L = K.layers
V3 = getattr(K, "__version__", "2").startswith("3")
VERSION = "keras-" + K.__version__ if V3 else "tf.keras-" + tf.__version__
RELEASE = tuple(int(part) for part in VERSION.rpartition("-")[2].split(".")[:2])
CASES = {}


def case(name, when=True):
    """Decorator: a case of this name, in the releases where `when` holds."""

    def add(function):
        if when:
            assert name not in CASES, name
            CASES[name] = function
        return function

    return add


def grid(prefix, function, when=True, **axes):
    """One case for each combination of the named options."""
    combos = [{}]
    for key, values in axes.items():
        combos = [{**c, key: v} for c in combos for v in values]
    for combo in combos:
        label = "-".join("{}={}".format(k, v) for k, v in combo.items())
        case(prefix + "-" + label, when)(lambda combo=combo: function(**combo))


def numbers(*shape, seed=0, dtype="float32"):
    """Small numbers: multiples of 1/32 from -1 to 1, or integers of a few."""
    random = np.random.RandomState(seed)
    if dtype == "bool":
        return random.rand(*shape) < 0.5
    if "int" in dtype:
        return random.randint(0 if dtype[0] == "u" else -9, 10, shape).astype(dtype)
    return (random.randint(-32, 33, shape) / 32).astype(dtype)


def calls(layer, *arrays, **kwargs):
    """A model that calls a layer (or a function) on one input for each array."""
    starts = [K.Input(a.shape[1:], dtype=a.dtype.name) for a in arrays]
    return K.Model(starts, layer(starts[0] if len(starts) == 1 else starts, **kwargs)), list(arrays)


def variables(model):
    for layer in model.layers:
        for v in layer.weights:
            path = v.path if V3 else v.name.partition(":")[0]
            parts = path.split("/")
            at = len(parts) - 1 - parts[::-1].index(layer.name) if layer.name in parts else 0
            yield layer.name + "/" + "_".join(parts[at + 1 :]), v


def randomize(model):
    for seed, (path, v) in enumerate(variables(model), 10):
        v.assign(np.random.RandomState(seed).randint(-40, 41, tuple(v.shape)).astype("float32") / 32)


class Store:
    """Arrays flat in three vectors: small integers (or multiples of 1/32), floats, doubles."""

    def __init__(self):
        self.integers, self.floats, self.doubles, self.sizes = [], [], [], {"i": 0, "f": 0, "d": 0}

    def keep(self, array):
        array = np.asarray(array)
        dtype = str(array.dtype)
        packed = array.astype("float64") * (32 if "float" in dtype else 1)
        small = np.round(np.nan_to_num(packed, nan=0.5))
        if np.array_equal(small, packed) and np.abs(small).max(initial=0) < 128:
            kind, parts, stored = "i", self.integers, small.astype("int8")
        elif dtype in ("float64", "int64"):
            kind, parts, stored = "d", self.doubles, array.astype("float64")
        else:
            kind, parts, stored = "f", self.floats, array.astype("float32")
        entry = [kind, self.sizes[kind], list(array.shape), dtype]
        self.sizes[kind] += array.size
        parts.append(stored.ravel())
        return entry


def write(folder, only=()):
    """Run all cases and write FOLDER/<release>.npz; what a release refuses is no case of it, and is named."""
    store, index = Store(), {}
    for name, make in CASES.items():
        if only and not any(part in name for part in only):
            continue
        (K.utils if V3 else K.backend).clear_session()
        try:
            model, inputs = make()
        except Exception as error:
            print("refused", name, type(error).__name__, str(error)[:110].replace("\n", " "))
            continue
        if not getattr(model, "keeps_weights", False):
            randomize(model)
        try:
            result = model.predict_on_batch(inputs if len(inputs) > 1 else inputs[0])
            config = json.loads(model.to_json())
        except Exception as error:
            print("fails", name, type(error).__name__, str(error)[:110].replace("\n", " "))
            continue
        index[name] = {
            "config": config,
            "weights": {path: store.keep(v.numpy()) for path, v in variables(model)},
            "inputs": [store.keep(x) for x in inputs],
            "outputs": [store.keep(np.asarray(y)) for y in tf.nest.flatten(result)],
        }
    text = json.dumps({"version": VERSION, "cases": index}, separators=(",", ":")).encode()
    path = os.path.join(folder, VERSION + ".npz")
    packed = {"integers": (store.integers, "int8"), "floats": (store.floats, "float32"), "doubles": (store.doubles, "float64")}
    arrays = {key: np.concatenate(parts + [np.zeros(0, dtype)]) for key, (parts, dtype) in packed.items()}
    np.savez_compressed(path, index=np.frombuffer(text, "uint8"), **arrays)
    print(path, os.path.getsize(path), len(index), "cases")


def main(family):
    write(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), family), sys.argv[2:])
