"""Models of Keras 1 and 0 that Keras 2 has no word for, as Functional configs: chains that begin with a Merge, and Graphs.

keras/models.py and keras/engine/topology.py of 1.2.2 (`Sequential.flattened_layers`), keras/legacy/models.py of 1.0 (`Graph`). The layers
keep their own spelling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadstone.errors import ModelError
from loadstone.frontends.keras.history import Config

Stored = dict[str, Any]
Reference = list[Any]  # [layer, call, tensor]


class _Functional:
    """A Functional config in the making."""

    def __init__(self) -> None:
        self.layers: list[Stored] = []
        self.inputs: list[Reference] = []

    def call(self, stored: Stored, inputs: Sequence[Reference]) -> Reference:
        """A layer that is called once, on these tensors."""
        name = _name(stored)
        if any(layer["name"] == name for layer in self.layers):
            raise ModelError(f"two layers are called '{name}'")
        self.layers.append({**stored, "name": name, "inbound_nodes": [list(inputs)]})
        return [name, 0, 0]

    def input(self, name: str, config: Config) -> Reference:
        """An input with the shape and dtype that a first layer's config states."""
        made = {key: config[key] for key in ("batch_input_shape", "input_dtype") if key in config}
        self.layers.append({"class_name": "InputLayer", "config": {**made, "name": name}, "name": name, "inbound_nodes": []})
        self.inputs.append([name, 0, 0])
        return [name, 0, 0]

    def config(self, name: str, outputs: Any) -> Config:
        return {"name": name, "layers": self.layers, "input_layers": self.inputs, "output_layers": outputs}


def flattened_sequence(layers: Sequence[Stored], name: str) -> Config:
    """A chain whose first layer merges models: their layers stand in it side by side, as its weights do in files."""
    made = _Functional()
    return made.config(name, [_chain(made, layers)])


def _chain(made: _Functional, layers: Sequence[Stored]) -> Reference:
    """The layers of a chain, one after the other; what the last one gives."""
    first, *rest = layers
    if first["class_name"] == "Merge" and first["config"].get("layers"):
        branches = [_branch(made, branch) for branch in first["config"]["layers"]]
        config = {key: value for key, value in first["config"].items() if key != "layers"}
        last = made.call({"class_name": "Merge", "config": config}, branches)
    else:
        last = made.call(first, [made.input(f"{_name(first)}_input", _first_config(first))])
    for layer in rest:
        last = made.call(layer, [last])
    return last


def _branch(made: _Functional, stored: Stored) -> Reference:
    """A model or a layer that a Merge takes."""
    config = stored["config"]
    if stored["class_name"] == "Sequential":
        return _chain(made, config if isinstance(config, list) else config["layers"])
    if isinstance(config, dict) and "input_layers" in config:
        made.layers += config["layers"]
        made.inputs += config["input_layers"]
        if len(config["output_layers"]) != 1:
            raise ModelError("a Merge takes a model with several outputs")
        return list(config["output_layers"][0])
    return _chain(made, [stored])


def _first_config(stored: Stored) -> Config:
    """The config with the shape of a chain's input: that of its first layer that is no chain itself."""
    config = stored["config"]
    inner = config if isinstance(config, list) else config.get("layers")
    return _first_config(inner[0]) if isinstance(inner, list) and inner else config


def _name(stored: Stored) -> str:
    config = stored.get("config")
    return str((config.get("name") if isinstance(config, dict) else None) or stored.get("name") or stored["class_name"].lower())


def graph_model(config: Config) -> Stored:
    """A Graph: named nodes, each with the names of those that it takes. It gives a dict by the names of its outputs."""
    made = _Functional()
    known: dict[str, Reference] = {}
    for entry in config["input_config"]:
        shape = entry.get("batch_input_shape") or [None, *entry["input_shape"]]
        known[entry["name"]] = made.input(entry["name"], {"batch_input_shape": shape, "input_dtype": _dtype(entry.get("dtype", "float"))})
    for entry in config["node_config"]:
        name, node = entry["name"], config["nodes"][entry["name"]]
        if entry.get("outputs") or node.get("shared") or "layer" in entry:
            _shared(made, known, entry)
        else:
            known[name] = made.call(node, [_merged(made, known, entry, f"merge_inputs_for_{name}")])
    outputs = {entry["name"]: _merged(made, known, entry, entry["name"]) for entry in config["output_config"]}
    return {"class_name": "Model", "config": made.config(str(config.get("name") or "graph_1"), outputs)}


def _merged(made: _Functional, known: dict[str, Reference], entry: Config, name: str) -> Reference:
    """The tensor that a node takes: one, or several merged."""
    found = [_known(known, entry["input"])] if entry.get("input") else [_known(known, one) for one in entry.get("inputs") or ()]
    if not found:
        raise ModelError(f"the node '{entry['name']}' of a graph takes nothing")
    return found[0] if len(found) == 1 else _merge(made, entry, found, name)


def _merge(made: _Functional, entry: Config, found: Sequence[Reference], name: str) -> Reference:
    options = {key: entry[key] for key in ("concat_axis", "dot_axes") if key in entry}
    return made.call({"class_name": "Merge", "config": {"name": name, "mode": entry.get("merge_mode") or "concat", **options}}, found)


def _shared(made: _Functional, known: dict[str, Reference], entry: Config) -> None:
    """One layer that several nodes call: what it gives them is merged, or has a name each."""
    if "layer" not in entry:
        raise ModelError(f"the shared node '{entry['name']}' of a graph is without its layer")
    layer = entry["layer"]
    name = _name(layer)
    calls = [[_known(known, one)] for one in entry["inputs"]]
    made.layers.append({**layer, "name": name, "inbound_nodes": calls})
    found = [[name, number, 0] for number in range(len(calls))]
    if entry.get("merge_mode"):
        known[entry["name"]] = _merge(made, entry, found, entry["name"])
    known.update(zip(entry.get("outputs") or (), found, strict=False))


def _known(known: dict[str, Reference], name: str) -> Reference:
    if name not in known:
        raise ModelError(f"a graph refers to a node '{name}' that it does not have")
    return known[name]


def _dtype(name: str) -> str:
    return {"float": "float32", "int": "int32"}.get(name, name)
