"""Builds the Keras model that a recipe describes, with numbers for its variables and inputs.

A recipe is JSON that a table of steps tells, in order. Each step adds tensors, which later steps name by their place::

    {"input": [null, 4], "dtype": "float32", "size": 3}      an input; size stands for each unknown extent after the batch
    {"layer": "Dense", "config": {"units": 2}, "args": [{"tensor": 0}], "call": {}}
    {"again": 1, "args": [{"tensor": 2}]}                    the layer (or model) of step 1 called once more
    {"op": "add", "args": [{"tensor": 1}, 2.0], "call": {}}  a function of keras.ops
    {"operator": "add", "args": [{"tensor": 1}, 2]}          one of Python's operators
    {"slice": [[0, null, 2], 1, null, "..."], "args": [{"tensor": 1}]}    x[0::2, 1, None, ...]
    {"model": RECIPE, "args": [{"tensor": 1}]}               a model inside the model

Layers in a config are written {"layer": ..., "config": ...}. A recipe of `"kind": "sequential"` is a chain of layers. Imports
nothing of loadstone: it runs with Keras 3, with tf.keras and with Keras 2 on TensorFlow 1, on Python 3.6 and later.
"""

import operator
import os

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow")
import numpy as np
import tensorflow as tf

try:
    import keras as K

    if not K.__version__.startswith("3") and hasattr(tf, "function"):  # TensorFlow 2 has its Keras from the package `keras`
        K = tf.keras
except ImportError:
    K = tf.keras
V3 = getattr(K, "__version__", "2").startswith("3")
V1 = tf.__version__.startswith("1.")  # graphs and sessions, with tf.keras or with the Keras that has no TensorFlow in it


class Building:
    """A functional model on its way: `add` takes a step and says what tensors it gave."""

    def __init__(self, recipe):
        self.recipe, self.tensors, self.made = recipe, [], []
        self.starts, self.data = [], []
        if recipe["kind"] == "sequential":
            self.chain = K.Sequential()
        for step in recipe["steps"]:
            self._take(step)

    def add(self, step):
        """One step more, recorded in the recipe when Keras takes it: [shape, dtype] of each new tensor."""
        before = len(self.tensors)
        self._take(step)
        self.recipe["steps"].append(step)
        return [[_shape(t), _dtype(t)] for t in self.tensors[before:]]

    def _take(self, step):
        if "input" in step:
            shape = [step.get("size", 1) if extent is None else extent for extent in step["input"]]
            start = K.Input(tuple(step["input"]), dtype=step["dtype"])
            if self.recipe["kind"] == "sequential":
                self.chain.add(start)
            self.starts.append(start)
            self.tensors.append(start)
            self.made.append(None)
            self.data.append((shape, step["dtype"], step.get("high", 6)))
            return
        made = self._callable(step)
        if self.recipe["kind"] == "sequential":
            result = self._after(made)
        else:
            args = [self._value(a) for a in step["args"]]
            result = made(*args, **{k: self._value(v) for k, v in step.get("call", {}).items()})
        outputs = [t for t in flatten(result) if t is not None]
        assert all(hasattr(t, "shape") and hasattr(t, "dtype") for t in outputs), f"no tensors: {outputs!r}"
        self.tensors.extend(outputs)
        self.made.append(made)

    def _after(self, layer):
        try:
            self.chain.add(layer)
            return self.chain.outputs[0] if V3 else self.chain.layers[-1].output
        except Exception:  # what Keras refuses leaves the chain as it was, and goes on
            if layer in self.chain.layers:
                self.chain.pop()
            raise

    def _callable(self, step):
        if "again" in step:
            return self.made[step["again"]]
        if "op" in step:
            return getattr(K.ops, step["op"])
        if "operator" in step:
            return getattr(operator, step["operator"])
        if "slice" in step:
            return operator.itemgetter(tuple(_index(part) for part in step["slice"]))
        if "model" in step:
            return model_of(step["model"])
        return layer_of(step, f"n{len(self.made)}" if self.recipe["kind"] == "functional" else None)

    def _value(self, value):
        if isinstance(value, dict):
            return self.tensors[value["tensor"]] if "tensor" in value else {k: self._value(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self._value(v) for v in value]
        return value

    def model(self):
        """The model from the recipe's inputs to its outputs."""
        if self.recipe["kind"] == "sequential":
            return self.chain
        ends = [self.tensors[i] for i in self.recipe["outputs"]]
        return K.Model(self.starts if len(self.starts) > 1 else self.starts[0], ends if len(ends) > 1 else ends[0])


def layer_of(step, name=None):
    """The layer that a step names, layers in its config among them."""
    config = {k: _option(v) for k, v in step["config"].items()}
    if name:
        config.setdefault("name", name)
    return getattr(K.layers, step["layer"])(**config)


def _index(part):
    return slice(*part) if isinstance(part, list) else Ellipsis if part == "..." else part


def _option(value):
    if isinstance(value, dict) and "layer" in value:
        return layer_of(value)
    if isinstance(value, dict) and "model" in value:
        return model_of(value["model"])
    if isinstance(value, list):
        return [_option(v) for v in value] if any(isinstance(v, dict) for v in value) else tuple(_option(v) for v in value)
    return value


def model_of(recipe):
    """A model that a recipe describes in full."""
    return Building(recipe).model()


def whole(recipe, building=None):
    """The model of a recipe with its variables set, and its inputs. building: what has been made of it already."""
    if building is None:
        set_policy(recipe["policy"])
        building = Building(recipe)
    building.recipe = recipe
    model = building.model()
    randomize(model, recipe["seed"])
    if recipe.get("quantize"):
        model.quantize(recipe["quantize"])
    return model, inputs_of(building, recipe)


def set_policy(name):
    """The dtype policy of layers that name none."""
    if V1 and name != "float32":
        raise ValueError("TensorFlow 1 has no policies")
    if V1:
        return
    if V3:
        K.config.set_dtype_policy(name)
    elif hasattr(K, "mixed_precision") and hasattr(K.mixed_precision, "set_global_policy"):
        K.mixed_precision.set_global_policy(name)
    elif hasattr(K, "mixed_precision"):  # TensorFlow 2.1 to 2.3
        K.mixed_precision.experimental.set_policy(name)
    elif name != "float32":
        raise ValueError("this release has no policies")


def randomize(model, seed):
    """Numbers for all variables: multiples of 1/32, those of a variance above 0."""
    for i, variable in enumerate(model.weights):
        random = np.random.RandomState((seed + 1009 * i) % 2**31)
        name, dtype = variable.name.split("/")[-1].split(":")[0], tf.as_dtype(variable.dtype)
        shape = tuple(_shape(variable))
        if "seed" in name or not dtype.is_floating:
            continue
        value = random.randint(-32, 33, shape) / 32.0
        fan = shape[-2] if len(shape) > 1 else 1
        if "var" in name:
            value = abs(value) + 0.5
        elif len(shape) > 1:
            value = np.round(value * 32 / max(1, fan) ** 0.5) / 32
        set_value(variable, value.astype("float32"))


def set_value(variable, value):
    """The variable gets a value."""
    if V1:
        K.backend.set_value(variable, value)
    else:
        variable.assign(value)


def inputs_of(building, recipe):
    """Numbers for each input: multiples of 1/32, small integers, some rows of zeros (which masks leave out)."""
    arrays = []
    for i, (shape, dtype, high) in enumerate(building.data):
        random = np.random.RandomState((recipe["seed"] * 31 + i) % 2**31)
        size = (recipe["batch"], *shape)
        if dtype == "bool":
            arrays.append(random.rand(*size) < 0.5)
        elif "int" in dtype:
            arrays.append(random.randint(0 if high < 100 else -high, high, size).astype(dtype))
        else:
            x = random.randint(-64, 65, size) / 32.0
            if len(size) > 2:
                x[random.rand(*size[:2]) < 0.2] = 0
            arrays.append(x.astype("float32" if dtype == "bfloat16" else dtype))
    return arrays


def flatten(structure):
    if not V1:
        return tf.nest.flatten(structure)
    return [leaf for part in structure for leaf in flatten(part)] if isinstance(structure, (list, tuple)) else [structure]


def _shape(tensor):
    return tensor.shape.as_list() if hasattr(tensor.shape, "as_list") else list(tensor.shape)


def _dtype(tensor):
    return tensor.dtype if isinstance(tensor.dtype, str) else tensor.dtype.name
