"""Layers that a walked function makes and calls, `layers.Activation("relu")(x)`: those without weights, by the rules of the layers.

A Lambda keeps no weights of such layers, so that those that have some are refused. Arguments and their defaults:
https://keras.io/api/layers of Keras 2 and 3, whose order is the same; of Keras 1 the layers that do not ask where channels are.
Config keys of other spellings are history's, as for a layer of the model.
"""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Mapping, Sequence
from typing import Any

from loadstone.ir import Layer, dtypes, flatten
from loadstone.ir.records import dataclass, field
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era
from loadstone.lowering.functions.merging import adding
from loadstone.lowering.python.objects import CannotLift, Function, Name
from loadstone.lowering.registry import check_options, keras_layer

PACKAGE = "keras.layers."
_POOL = "pool_size={0} strides=None padding='valid' data_format=None"
_WHOLE = "data_format=None keepdims=False"
_ROWS = {
    "Activation": "activation",
    "Add": "",
    "Average": "",
    **{f"AveragePooling{n}D": _POOL.format(2) for n in (1, 2, 3)},
    "Concatenate": "axis=-1",
    "Cropping1D": "cropping=(1,1)",
    "Cropping2D": "cropping=((0,0),(0,0)) data_format=None",
    "Cropping3D": "cropping=((1,1),(1,1),(1,1)) data_format=None",
    "Dot": "axes normalize=False",
    "Dropout": "rate noise_shape=None seed=None",
    "ELU": "alpha=1.0",
    "Flatten": "data_format=None",
    "GaussianNoise": "stddev seed=None",
    **{f"Global{kind}Pooling{n}D": _WHOLE for kind in ("Average", "Max") for n in (1, 2, 3)},
    "LeakyReLU": "negative_slope|alpha=0.3",
    "Maximum": "",
    **{f"MaxPooling{n}D": _POOL.format(2) for n in (1, 2, 3)},
    "Minimum": "",
    "Multiply": "",
    "Permute": "dims",
    "Resizing": "height width interpolation='bilinear' crop_to_aspect_ratio=False",
    "ReLU": "max_value=None negative_slope=0.0 threshold=0.0",
    "RepeatVector": "n",
    "Rescaling": "scale offset=0.0",
    "Reshape": "target_shape",
    "Softmax": "axis=-1",
    "Subtract": "",
    "ThresholdedReLU": "theta=1.0",
    "UnitNormalization": "axis=-1",
    "UpSampling1D": "size=2",
    "UpSampling2D": "size=2 data_format=None interpolation='nearest'",
    "UpSampling3D": "size=2 data_format=None",
    "ZeroPadding1D": "padding=1",
    "ZeroPadding2D": "padding=1 data_format=None",
    "ZeroPadding3D": "padding=1 data_format=None",
}
_SAME = {"AvgPool": "AveragePooling", "MaxPool": "MaxPooling", "GlobalAvgPool": "GlobalAveragePooling", "GlobalMaxPool": "GlobalMaxPooling"}
_OF_KERAS_1 = frozenset("Activation Dropout ELU Flatten LeakyReLU Permute RepeatVector Reshape ThresholdedReLU".split())
_MOVING = frozenset("Concatenate Cropping1D Cropping2D Flatten Permute RepeatVector Reshape ZeroPadding1D ZeroPadding2D".split())
_UNHEEDED = frozenset("name trainable seed input_shape batch_input_shape".split())


@dataclass(frozen=True, eq=False)
class Made:
    """A layer that a function has made, not yet called. function is what a Lambda or an Activation computes."""

    class_name: str
    config: Mapping[str, Any] = field(default_factory=dict)
    function: Any = None
    arguments: Mapping[str, Any] = field(default_factory=dict)


def class_named(path: str) -> str | None:
    """The class of a layer that "keras.layers.X" is; None for anything else."""
    name = path.removeprefix(PACKAGE)
    if name == path or "." in name or not name[:1].isupper():
        return None
    stem = name[:-2] if name[-1:] == "D" else name
    return f"{_SAME[stem]}{name[-2:]}" if stem in _SAME else name


def made(class_name: str, args: Sequence[Any], kwargs: Mapping[str, Any], era: Era | None) -> Made:
    """What `layers.X(*args, **kwargs)` gives. Raises CannotLift."""
    if class_name == "Lambda":
        function, arguments = (*args, kwargs.get("function"))[0], kwargs.get("arguments") or {}
        if len(args) > 1 or set(kwargs) - {"function", "arguments", "output_shape"} - _UNHEEDED:
            raise CannotLift("a Lambda inside with further arguments")
        return Made(class_name, {}, function, arguments)
    row = _ROWS.get(class_name)
    if row is None or era is None or (era.version < (2,) and class_name not in _OF_KERAS_1):
        raise CannotLift(f"keras.layers.{class_name}, which is not among the layers known inside a function")
    config = _config(class_name, row.split(), args, kwargs)
    if class_name == "Activation" and not isinstance(config["activation"], str):
        return Made(class_name, {}, config["activation"])
    if config.get("interpolation", "nearest") != "nearest" and era.tf and era.version <= (2, 2, 4):
        raise CannotLift("keras.layers.UpSampling2D with interpolation, which TensorFlow 1.13 to 1.15 compute differently")
    upgraded = dict(era.upgrade(class_name, config)) if era.upgrade is not None else config
    if upgraded.get("data_format", "channels_last") is None:
        upgraded["data_format"] = _layout(class_name, era)
    return Made(class_name, upgraded)


def _layout(class_name: str, era: Era) -> str:
    """Where a layer that is told nothing has the channels; before Keras 3 those of one axis, and at first Flatten, did not ask."""
    if era.version < (3,) and "1D" in class_name or era.version < (2, 2) and class_name == "Flatten":
        return "channels_last"
    if era.layout is None:
        raise CannotLift(f"keras.layers.{class_name} without data_format, where the file does not tell where channels are")
    return era.layout


def _config(class_name: str, row: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a layer by their names today."""
    left, config = dict(kwargs), {}
    if len(args) > len(row):
        raise CannotLift(f"keras.layers.{class_name} with {len(args)} arguments")
    for place, entry in enumerate(row):
        spelt, equals, default = entry.partition("=")
        names = spelt.split("|")
        given = [left.pop(name) for name in names if name in left] + list(args[place : place + 1])
        if len(given) > 1 or not (given or equals):
            raise CannotLift(f"keras.layers.{class_name} with {len(given)} values for {names[0]}")
        config[names[0]] = given[0] if given else literal_eval(default)
    if left.pop("dtype", None) not in (None, "float32") or set(left) - _UNHEEDED:
        raise CannotLift(f"keras.layers.{class_name} with {', '.join(sorted(left)) or 'a dtype'}")
    if any(isinstance(part, Value) for part in flatten(list(config.values()))):
        raise CannotLift(f"keras.layers.{class_name} with a tensor for an option")
    return config


def call(b: Builder, layer: Made, args: Sequence[Any], kwargs: Mapping[str, Any], era: Era | None, masked: bool) -> Any:
    """What the layer gives for tensors. masked: the Lambda's input has a mask, which the layer might heed."""
    inputs = (*args, kwargs.get("inputs"))[0]
    tensors = [x for x in flatten(inputs) if isinstance(x, Value)]
    training = kwargs.get("training")
    if len(args) > 1 or set(kwargs) - {"inputs", "training"} or not tensors or isinstance(training, (Value, Name, Function)):
        raise CannotLift(f"a call of a {layer.class_name} inside with further arguments")
    if any(x.dtype != "float32" and (dtypes.is_float(x.dtype) or layer.class_name not in _MOVING) for x in tensors):
        raise CannotLift(f"a {layer.class_name} inside of tensors of {', '.join(x.dtype for x in tensors)}")
    rule = keras_layer[layer.class_name]
    if masked and "mask" in rule.parameters:
        raise CannotLift(f"a {layer.class_name} inside, which would heed the mask of its input")
    config = dict(layer.config)
    if layer.class_name in ("Add", "Average"):
        config.update(adding(era, *tensors))
    today = Layer(layer.class_name, layer.class_name, config)
    check_options(today, rule)
    options = {"training": bool(training)} if "training" in rule.parameters else {}
    return rule.function(b, today, inputs, **options)
