"""Nodes of tf.keras models that call TensorFlow itself: TFOpLambda, SlicingOpLambda, ClassMethod, InstanceProperty, TensorFlowOpLayer.

Semantics: keras/layers/core/tf_op_layer.py of 2.15 and keras/engine/base_layer.py of 2.3 (`TensorFlowOpLayer`). The functions are those of
`lowering.tensorflow`; dtypes follow TensorFlow, which promotes nothing.
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

from loadstone.errors import ModelError
from loadstone.ir import Layer, Structure, map_structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era
from loadstone.lowering.keras.walk import Call, Traced, Walk
from loadstone.lowering.registry import keras_layer
from loadstone.lowering.tensorflow.raw import call_raw
from loadstone.lowering.tensorflow.symbols import Symbol, is_random, symbol, tensor

_ERA = Era((2, 4), tf=True)  # the first release whose models hold functions
_TYPES = {
    "DT_FLOAT": "float32", "DT_DOUBLE": "float64", "DT_HALF": "float16", "DT_BFLOAT16": "bfloat16", "DT_BOOL": "bool", "DT_STRING": "string",
    **{f"DT_{kind}{bits}": f"{kind.lower()}{bits}" for kind in ("INT", "UINT") for bits in (8, 16, 32, 64)},
}  # fmt: skip


@keras_layer("TFOpLambda", "SlicingOpLambda", options="function", autocast=False, raw=True)
def tf_function(walk: Walk, layer: Layer, call: Call) -> Structure:
    """A function of TensorFlow's API, called as the model's author called it."""
    name = str(layer.config.get("function"))
    args = [value for key, value in call.arguments.items() if key == "inputs" or key.startswith("argument_")]
    kwargs = {key: value for key, value in call.arguments.items() if key != "inputs" and not key.startswith("argument_")}
    kwargs = {key: _slices(value) if key == "slice_spec" else value for key, value in kwargs.items()}
    function = _symbol(walk, layer, name)
    return None if function is None else _traced(function.call(walk.b, args, kwargs, _ERA))


@keras_layer("ClassMethod", options="cls_symbol method_name cls_ref", autocast=False, raw=True)
def class_method(walk: Walk, layer: Layer, call: Call) -> Structure:
    """A method of a class of TensorFlow."""
    _missing(walk, layer, f"{layer.config.get('cls_symbol')}.{layer.config.get('method_name')}", "a method of a class of TensorFlow")
    return None


@keras_layer("InstanceProperty", options="attr_name", autocast=False, raw=True)
def instance_property(walk: Walk, layer: Layer, call: Call) -> Structure:
    """`x.shape` and `x.dtype` of a tensor are no tensors."""
    _missing(walk, layer, f"the attribute {layer.config.get('attr_name')!r} of a tensor", "it is no tensor itself")
    return None


@keras_layer("TensorFlowOpLayer", options="node_def constants", autocast=False, raw=True)
def op_layer(walk: Walk, layer: Layer, call: Call) -> Structure:
    """One node of a graph of TensorFlow 2.0 to 2.3; its constants stand between the tensors of the call."""
    node = layer.config["node_def"]
    node = json.loads(node) if isinstance(node, str) else node
    given = call.first
    tensors = list(given) if isinstance(given, (list, tuple)) else [given]
    for place, value in sorted((int(place), value) for place, value in (layer.config.get("constants") or {}).items()):
        tensors.insert(place, _constant(walk.b, value, node))
    if _symbol(walk, layer, f"raw_ops.{node['op']}") is None:
        return None
    attributes = {key: _attribute(value) for key, value in node.get("attr", {}).items() if not key.startswith("_")}
    results = call_raw(walk.b, node["op"], tensors, attributes)
    return _traced(results if len(results) > 1 else results[0])


@keras_layer("AddLoss", options="unconditional", masking="pass")
@keras_layer("AddMetric", options="aggregation metric_name", masking="pass")
def recorded(b: Builder, layer: Layer, inputs: Value) -> Value:
    """The inputs: what is added to a loss or a metric counts in training."""
    return inputs


def _symbol(walk: Walk, layer: Layer, name: str) -> Symbol | None:
    """The function of this name; None once the walk knows that there is none."""
    found = symbol(name)
    if is_random(name) or found is None:
        _missing(walk, layer, f"tf.{name}", "it draws numbers whenever the model runs" if is_random(name) else "")
        return None
    return found


def _missing(walk: Walk, layer: Layer, name: str, reason: str) -> None:
    walk.unsupported.setdefault(name, []).append(layer.path or layer.name)
    walk.reasons[name] = reason


def _traced(results: Any) -> Structure:
    return map_structure(lambda value: Traced(value) if isinstance(value, Value) else value, results)


def _slices(spec: Any) -> Any:
    """A key of x[...] as a config keeps it."""
    if isinstance(spec, dict) and set(spec) == {"start", "stop", "step"}:
        return slice(*(_slices(spec[key]) for key in ("start", "stop", "step")))
    if isinstance(spec, dict) and spec.get("class_name") == "__ellipsis__":
        return Ellipsis
    return [_slices(part) for part in spec] if isinstance(spec, (list, tuple)) else spec


def _constant(b: Builder, value: Any, node: dict[str, Any]) -> Any:
    """A constant of a node: floats have the dtype that the node says, integers stay numbers."""
    flat = value
    while isinstance(flat, list) and flat:
        flat = flat[0]
    return tensor(b, value, _TYPES.get(node.get("attr", {}).get("T", {}).get("type"), "float32")) if isinstance(flat, float) else value


def _attribute(stored: dict[str, Any]) -> Any:
    """A value of tensorflow.AttrValue, as JSON writes it."""
    kind, value = next(iter(stored.items()), ("b", None))
    if value is None:
        return None
    if kind == "i":
        return int(value)
    if kind == "s":
        return b64decode(value).decode()
    if kind == "type":
        if value not in _TYPES:
            raise ModelError(f"a node of dtype {value}")
        return _TYPES[value]
    if kind == "list":
        inner, values = next(iter(value.items()), ("", []))
        return [_attribute({inner: part}) for part in values]
    return value
