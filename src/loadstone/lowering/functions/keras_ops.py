"""`keras.ops` as functions that are called: the rules of the operations that Functional models hold, with the arguments of a call.

What each function takes is a table of its own (`keras_3_functions`, made of Keras). Semantics and dtypes are those of the rules: Keras 3
with the TensorFlow backend. A config is brought to today's by the release's history, where `era` has it.
"""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Callable, Mapping
from functools import cache
from inspect import signature
from types import SimpleNamespace
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, dtypes, map_structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era, agreed
from loadstone.lowering.functions.formats import configured
from loadstone.lowering.functions.keras_3_functions import ALIASES, FUNCTIONS
from loadstone.lowering.functions.merging import adding
from loadstone.lowering.functions.rows import entered_as
from loadstone.lowering.keras.promotion import as_values, constant, strong_values
from loadstone.lowering.keras.walk import Call, Traced
from loadstone.lowering.registry import Rule, check_options, keras_op
from loadstone.lowering.tensorflow.symbols import enter

# Functions whose code does not show their operation.
OPERATIONS = {
    "abs": "Absolute", "cast": "Cast", "conj": "Conjugate", "convert_to_tensor": "ConvertToTensor", "diff": "Diff",
    "geomspace": "Geomspace", "image.extract_patches_3d": "ExtractPatches3D", "linspace": "Linspace", "logspace": "Logspace",
    "pad": "Pad", "saturate_cast": "SaturateCast",
}  # fmt: skip
# Parameters that the rule has by another name.
RENAMED = {"ExtractPatches3D": {"volumes": "images"}, "StopGradient": {"variable": "x"}}
LISTS = {
    "Concatenate": "xs",
    "Dstack": "xs",
    "Hstack": "xs",
    "Stack": "x",
    "Vstack": "xs",
}  # which take a tensor for the list of its slices
# Operations that take functions have functions of their own here (`keras_ops_control`).
CONTROL = frozenset("AssociativeScan Cond ForiLoop Function JVP Map Scan Switch VectorizedMap WhileLoop".split())
_STILL = (99, 0)
# Where history has something to say of an operation: since which release, and before which, a config needs no word of it; and the calls
# that this is about.
DATED: dict[str, tuple[tuple[int, int], tuple[int, int], Callable[[dict[str, Any], list[Value]], bool]]] = {
    "CTCDecode": ((3, 4), _STILL, lambda config, _: config.get("strategy") == "beam_search"),
    "Correlate": ((3, 13), _STILL, lambda config, _: True),
    "DotProductAttention": ((3, 7), _STILL, lambda config, _: True),
    "GaussianBlur": ((3, 16), _STILL, lambda config, _: True),
    "MapCoordinates": ((3, 11), _STILL, lambda config, _: True),
    "Norm": ((3, 1), _STILL, lambda config, _: config.get("ord") == 2 and bool(config.get("keepdims"))),
    "Normalize": ((3, 6), _STILL, lambda config, _: not isinstance(config.get("axis", -1), int)),
    "RGBToGrayscale": ((3, 4), _STILL, lambda config, _: True),
    "RMSNorm": ((3, 11), _STILL, lambda config, _: True),
    "Resize": ((3, 5), _STILL, lambda config, tensors: not dtypes.is_float(tensors[0].dtype)),
    "Rot90": ((3, 16), _STILL, lambda config, _: int(config.get("k", 1)) % 4 == 2),
    "SoftShrink": ((3, 16), _STILL, lambda config, tensors: not dtypes.is_float(tensors[0].dtype)),
    "Sparsemax": ((3, 16), _STILL, lambda config, _: True),
    "UnravelIndex": ((3, 8), (3, 16), lambda config, _: True),
}
# The parameters of a function up to a release in the order that they had then, as far as that is another one, and what was so unless given.
_MARGINS = "images top_{0} left_{0} target_height target_width bottom_{0} right_{0}"
ORDERS: dict[str, tuple[tuple[int, int], str]] = {
    "image.crop_images": ((3, 4), _MARGINS.format("cropping")),
    "image.pad_images": ((3, 4), _MARGINS.format("padding")),
    "image.resize": ((3, 3), "images size interpolation antialias data_format"),
}
DEFAULTS: dict[tuple[str, str], tuple[tuple[int, int], Any]] = {("ctc_decode", "mask_index"): ((3, 4), None)}
_NEVER = object()


def _row(name: str) -> tuple[str, list[tuple[str, Any]]]:
    """The operation and the parameters with their defaults."""
    operation, *parameters = FUNCTIONS[name].split()
    found = [p.partition("=") for p in parameters]
    return OPERATIONS.get(name, operation), [(p, literal_eval(default) if equals else _NEVER) for p, equals, default in found]


def _function(name: str, operation: str, parameters: list[tuple[str, Any]]) -> Callable[..., Any]:
    names, places = RENAMED.get(operation, {}), [p for p, _ in parameters]
    spread = next((i for i, p in enumerate(places) if p.startswith("*")), None)
    first = places[:spread]

    def function(b: Builder, *args: Any, era: Era | None = None, **kwargs: Any) -> Any:
        rule = keras_op[operation]
        given = {
            **dict(zip(_order(name, first, len(args), era), args, strict=False)),
            **{k.removesuffix("_"): v for k, v in kwargs.items()},
        }
        further = list(args[len(first) :])
        if further and spread is None:
            raise ModelError(f"keras.ops.{name} of {len(args)} arguments")
        config, operands = {}, dict(enumerate(further))
        tensors: dict[Any, Any] = {}
        for parameter, default in parameters:
            value = given[parameter] if parameter in given else _default(name, parameter, default, era)
            if parameter.startswith("*") or value is _NEVER:
                continue
            if parameter == LISTS.get(operation) and isinstance(value, Value):
                raise UnsupportedAttribute(f"keras.ops.{name} of one tensor, which is no list")
            target = names.get(parameter, parameter)
            if target in rule.options:
                if value is not None or parameter in given or default is not None:
                    config[target] = _plain(value)
            elif rule.raw or target in rule.parameters:
                if value is not None:
                    tensors[target] = value
            elif parameter in given and value is not default and value != default:
                raise UnsupportedAttribute(f"keras.ops.{name} with {parameter}={value!r}")
        return lowered(b, rule, {**tensors, **operands}, config, era)

    function.__name__ = name
    return entered_as(function, [(p, default is not _NEVER) for p, default in parameters], dated=True)


def _order(name: str, today: list[str], count: int, era: Era | None) -> list[str]:
    """What the first `count` arguments of a call are."""
    since, row = ORDERS.get(name, ((0, 0), ""))
    then = row.split()
    if not then or then[:count] == today[:count]:
        return today
    old = agreed(f"keras.ops.{name} with {count} arguments without names", era, lambda e: e.version < since)
    if old and count > len(then):
        raise ModelError(f"keras.ops.{name} of {count} arguments")
    return then if old else today


def _default(name: str, parameter: str, today: Any, era: Era | None) -> Any:
    """What a parameter is unless a call gives it. Channels are where the layers of the model have them."""
    if parameter == "data_format" and today is None and era is not None:
        return "channels_last" if name.startswith("image.") and era.version < (3, 4) else configured(era)
    since, then = DEFAULTS.get((name, parameter), ((0, 0), today))
    if then != today and agreed(f"keras.ops.{name} without {parameter}", era, lambda e: e.version < since):
        return then
    return today


def lowered(b: Builder, rule: Rule, tensors: Mapping[Any, Any], config: dict[str, Any], era: Era | None) -> Any:
    """An operation by its rule."""
    if era is not None and era.upgrade is not None:
        config = dict(era.upgrade(f"keras.ops.{rule.name}", config))
    else:
        _check_date(rule.name, config, [x for x in tensors.values() if isinstance(x, Value)], era)
    layer = Layer(rule.name, "", config, domain="keras.ops")
    check_options(layer, rule)
    if rule.raw:
        return _raw(b, rule, layer, {str(key): map_structure(lambda x: as_tensor(b, x), value) for key, value in tensors.items()})
    kinds = _annotations(rule.function)
    values = {key: _operand(b, value, kinds.get(key, "Any")) for key, value in tensors.items()}
    if rule.name == "Add" and "broadcasts" not in config:
        x, y = as_values(b, [values["x1"], values["x2"]])
        layer = Layer(rule.name, "", {**config, **adding(era, x, y)}, domain="keras.ops")
    return rule.function(b, layer, **values)


def _check_date(name: str, config: dict[str, Any], tensors: list[Value], era: Era | None) -> None:
    """Raise UnsupportedAttribute where the operation meant something else in some release, and nobody says what it meant in this one."""
    since, before, concerned = DATED.get(name, ((0, 0), _STILL, lambda config, _: False))
    if concerned(config, tensors) and (era is None or not since <= era.version < before):
        raise UnsupportedAttribute(f"{name}, which changed from release to release of Keras 3")


@cache
def _annotations(function: Callable[..., Any]) -> dict[str, str]:
    return {name: str(p.annotation) for name, p in signature(function).parameters.items()}


def _operand(b: Builder, value: Any, annotation: str) -> Any:
    """An operand as the rule wants it: numbers stay numbers where it takes them."""
    if isinstance(value, (list, tuple)) and any(isinstance(x, (Value, np.ndarray)) for x in value):
        return type(value)(_operand(b, x, annotation) for x in value)
    if annotation.startswith("Value") and not isinstance(value, Value) or isinstance(value, (np.ndarray, np.generic, list, tuple)):
        return as_tensor(b, value)
    return value


def as_tensor(b: Builder, x: Any) -> Value:
    """`keras.ops.convert_to_tensor`: numbers are int32 or float32, arrays keep their dtype."""
    if isinstance(x, Value):
        return x
    if isinstance(x, (bool, int, float)):
        return strong_values(b, [x])[0]
    if isinstance(x, (np.ndarray, np.generic)):
        return b.const(np.asarray(x))
    if isinstance(x, (list, tuple)) and x and any(isinstance(part, Value) for part in x):
        parts = as_values(b, [as_tensor(b, part) for part in x])
        return b.Concat(*(b.unsqueeze(part, 0) for part in parts), axis=0)
    array = np.asarray(x)
    return constant(b, array, {"f": "float32", "i": "int32", "b": "bool"}[array.dtype.kind])


def _plain(value: Any) -> Any:
    """An option: a constant tensor as its numbers."""
    if isinstance(value, Value) and value.const is not None and value.rank < 2:
        return value.array().tolist()
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def _raw(b: Builder, rule: Rule, layer: Layer, arguments: dict[str, Any]) -> Any:
    found = rule.function(SimpleNamespace(b=b), layer, Call(layer, arguments, {}, None))
    return map_structure(lambda x: x.value if isinstance(x, Traced) else x, found)


def _enter() -> None:
    further: dict[str, list[str]] = {}
    for alias, name in ALIASES.items():
        further.setdefault(name, []).append(f"keras.ops.{alias}")
    for name in FUNCTIONS:
        operation, parameters = _row(name)
        if operation in keras_op and operation not in CONTROL:
            enter(_function(name, operation, parameters), f"keras.ops.{name}", *further.get(name, []))


_enter()
