"""From Keras 0 to Keras 1.0 (April 2016): a layer was one dict whose `name` was its class, with its own name as `custom_name` at best.

keras/utils/layer_utils.py of 0.3.3 (`container_from_config`). Names were not unique; here they are made so. Nothing in a file says by
which backend it was trained: Theano was the usual one, and TensorFlow in its first months could be chosen.
"""

from __future__ import annotations

from typing import Any

from loadstone.frontends.keras.history import Config

_CONTAINERS = ("Sequential", "Graph")


def is_keras_0(stored: Any) -> bool:
    """True for the config of a model of Keras 0."""
    if not isinstance(stored, dict) or stored.get("name") not in _CONTAINERS or "class_name" in stored:
        return False
    return isinstance(stored.get("layers"), list) or isinstance(stored.get("node_config"), list)


def upgraded_config(stored: Config) -> Config:
    """The model's config in the spelling of Keras 1: {"class_name", "config"}."""
    return _Names().layer(stored)


class _Names:
    """Names that layers have so far."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def layer(self, stored: Config, name: str | None = None) -> dict[str, Any]:
        """One layer or container; name: where it has to be that."""
        class_name = stored["name"]
        config = {key: value for key, value in stored.items() if key not in ("name", "custom_name", "class_mode", "loss", "optimizer")}
        if class_name == "Sequential":
            return {"class_name": class_name, "config": [self.layer(inner) for inner in stored["layers"]], "name": self.name(stored, name)}
        if class_name == "Graph":
            return {"class_name": class_name, "config": {**config, **self.graph(stored)}, "name": self.name(stored, name)}
        if class_name == "Merge" and isinstance(stored.get("layers"), list):
            config["layers"] = [self.layer(inner) for inner in stored["layers"]]
        if isinstance(stored.get("layer"), dict):
            config["layer"] = self.layer(stored["layer"])
        if "input_shape" in config:
            config["batch_input_shape"] = [None, *config.pop("input_shape")]
        return {"class_name": class_name, "config": {"name": self.name(stored, name), **config}}

    def graph(self, stored: Config) -> Config:
        """The nodes of a Graph, which are called as the graph calls them."""
        nodes = {name: self.layer(node, name) for name, node in stored["nodes"].items() if isinstance(node, dict) and "name" in node}
        entries = [{**entry, "layer": self.layer(entry["layer"])} if "layer" in entry else entry for entry in stored["node_config"]]
        return {"nodes": {**stored["nodes"], **nodes}, "node_config": entries}

    def name(self, stored: Config, given: str | None) -> str:
        stem = given or str(stored.get("custom_name") or stored["name"].lower())
        name, number = stem, 1
        while name in self.used:
            number += 1
            name = f"{stem}_{number}"
        self.used.add(name)
        return name
