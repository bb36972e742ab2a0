"""The description of a model as today's Keras writes it: `get_config` and `to_json`.

The dicts are those of keras/src/saving/serialization_lib.py and keras/src/models/functional.py (`get_config`) of Keras 3. What the
caller supplied is named as the file names it. A behaviour of an older release that today's Keras does not have is an option that it
does not know (`masks="all"`), so that Keras refuses such a config and does not compute something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadstone.custom import Given
from loadstone.ir import Graph, Layer, Node, Output, Policy, Structure, Tensor
from loadstone.model.outline import Outline

Config = dict[str, Any]  # what JSON can hold

_MODELS = {"Functional": "keras.src.models.functional", "Sequential": "keras", "KerasLayer": "tensorflow_hub.keras_layer"}
_INPUT = ("name", "batch_shape", "dtype", "sparse", "ragged", "optional")


def model_config(outline: Outline) -> Config:
    """A whole model: {"module", "class_name", "config", "registered_name"}."""
    return _layer(outline.root, outline)


def _layer(layer: Layer, outline: Outline) -> Config:
    """A layer; outline is that of the model around it."""
    module = layer.module or "keras.layers"
    if layer.given is None and layer.domain == "keras":
        module = _MODELS.get(layer.class_name, "keras.layers")
    internal = layer.domain != "keras" or layer.class_name in ("Functional", "KerasLayer")  # classes that Keras does not export
    registered = layer.class_name if internal else layer.registered
    config: Config = {"module": module, "class_name": layer.class_name, "config": _inner(layer, outline), "registered_name": registered}
    if layer.build_config:
        config["build_config"] = layer.build_config
    return config


def _inner(layer: Layer, outline: Outline) -> Config:
    config = {"name": layer.name, **{key: _plain(value, outline) for key, value in layer.config.items()}}
    if layer.domain != "keras":
        return config
    if layer.class_name == "InputLayer":
        return {key: config[key] for key in _INPUT if key in config}
    config.pop("batch_shape", None)  # of a first layer: the InputLayer before it has it
    if layer.graph is None:
        config["dtype"] = _policy(layer.policy)
    config.update(_children(layer, outline))
    if layer.graph is not None:
        inside = outline if layer is outline.root else outline.nested(layer)
        config.update(_sequential(inside) if layer.class_name == "Sequential" else _functional(inside))
    return config


def _policy(policy: Policy) -> Config:
    if policy.quantization is not None:
        source = policy.name.partition("_from_")[2]
        return {
            "module": "keras",
            "class_name": "QuantizedDTypePolicy",
            "config": {"mode": policy.quantization, "source_name": source},
            "registered_name": None,
        }
    return {"module": "keras", "class_name": "DTypePolicy", "config": {"name": policy.name}, "registered_name": None}


def _children(layer: Layer, outline: Outline) -> Config:
    """The layers inside a wrapper under the keys that its config has for them."""
    found: Config = {}
    cells = {key: child for key, child in layer.children.items() if key.startswith("cells/")}
    if cells:
        found["cells"] = [_layer(child, outline) for child in cells.values()]
    for key, child in layer.children.items():
        if key in cells or key in layer.config:
            continue
        found["layer" if key == "forward_layer" else key] = _layer(child, outline)
    return found


def _sequential(outline: Outline) -> Config:
    return {"layers": [_layer(layer, outline) for layer in outline.graph.layers()]}


def _functional(outline: Outline) -> Config:
    graph: Graph = outline.graph
    calls: dict[int, list[Node]] = {}
    for node in sorted(graph.nodes, key=lambda node: node.index):
        calls.setdefault(id(node.layer), []).append(node)
    layers = []
    for layer in graph.layers():
        inbound = [_call(node, outline) for node in calls.get(id(layer), []) if layer.class_name != "InputLayer"]
        layers.append({**_layer(layer, outline), "name": layer.name, "inbound_nodes": inbound})
    return {"layers": layers, "input_layers": _ends(graph.input_structure), "output_layers": _ends(graph.outputs)}


def _call(node: Node, outline: Outline) -> Config:
    return {
        "args": [_argument(part, outline) for part in node.args],
        "kwargs": {key: _argument(part, outline) for key, part in node.kwargs.items()},
    }


def _argument(part: Structure, outline: Outline) -> Any:
    """An argument of a call; tensors are named by the layer, its call and the output of it."""
    if isinstance(part, Output):
        spec = outline.spec(part)
        history = [part.node.name, part.node.index, part.index]
        shape = None if spec.shape is None else list(spec.shape)
        return {"class_name": "__keras_tensor__", "config": {"shape": shape, "dtype": spec.dtype, "keras_history": history}}
    if isinstance(part, Tensor):
        return {"class_name": "__numpy__", "config": {"value": part.numpy().tolist(), "dtype": part.dtype}}
    if isinstance(part, tuple):
        return {"class_name": "__tuple__", "items": [_argument(item, outline) for item in part]}
    if isinstance(part, list):
        return [_argument(item, outline) for item in part]
    if isinstance(part, dict):
        return {key: _argument(item, outline) for key, item in part.items()}
    return _plain(part, outline)


def _ends(structure: Structure) -> Any:
    """`input_layers` or `output_layers`. A Functional model inside another has a call before the first (`get_config` there)."""
    if isinstance(structure, Output):
        layer = structure.node.layer
        made = layer is not None and layer.graph is not None and layer.class_name == "Functional"
        return [structure.node.name, structure.node.index + made, structure.index]
    if isinstance(structure, dict):
        return {key: _ends(part) for key, part in structure.items()}
    return [_ends(part) for part in structure]


def _plain(value: Any, outline: Outline) -> Any:
    """A value of a config."""
    if isinstance(value, Layer):
        return _layer(value, outline)
    if isinstance(value, Given):
        return value.name
    if isinstance(value, slice):
        ends = {"start": value.start, "stop": value.stop, "step": value.step}
        return {"class_name": "__slice__", "config": ends}
    if value is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(value, bytes):
        return {"class_name": "__bytes__", "config": {"value": value.decode()}}
    if isinstance(value, Mapping):
        return {key: _plain(part, outline) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part, outline) for part in value]
    return value
