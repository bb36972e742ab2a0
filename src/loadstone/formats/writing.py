"""Files that today's Keras opens, from a config in its spelling and the layers with their weights."""

from __future__ import annotations

import json
from typing import Any

from loadstone.containers import hdf5
from loadstone.containers import zip as archives
from loadstone.formats.v3_files import ASSETS, CONFIG, HDF5
from loadstone.frontends.keras.order import as_keras_lists
from loadstone.frontends.keras.spelling import RELEASE, Typed, model_config
from loadstone.frontends.keras.weights_h5 import legacy_order, top_layers
from loadstone.frontends.keras.weights_v3 import stored
from loadstone.ir import Layer, Producer, Tensor

WRITER = Producer("keras", RELEASE, "tensorflow")


def in_order(root: Layer) -> Layer:
    """The model with its layers listed as today's Keras lists them once it has read the config: its weights are kept in that order."""
    for layer in root.walk():
        if layer.graph is not None and layer.class_name != "Sequential":
            layer.graph.listed = as_keras_lists(layer.graph)
    return root


def config(root: Layer, typed: Typed) -> dict[str, Any]:
    """The config of a model in today's spelling; typed gives shape and dtype of a tensor of its graph."""
    return model_config(root, typed)


def keras_v3(config: dict[str, Any], root: Layer, date: str) -> bytes:
    """A `.keras` archive: keras/src/saving/saving_lib.py. date: as Keras writes it, "2026-11-26@12:00:00"."""
    weights = dict(stored(root))
    assets = {path: tensor for path, tensor in weights.items() if path.endswith(".txt")}
    members = {
        "metadata.json": json.dumps({"keras_version": RELEASE, "date_saved": date}).encode(),
        CONFIG: json.dumps(config).encode(),
        HDF5[0]: hdf5.write({path: tensor for path, tensor in weights.items() if path not in assets}, {}),
        **{f"{ASSETS}{path}": b"\n".join(tensor.numpy().tolist()) for path, tensor in assets.items()},
    }
    return archives.write(members)


def weights_h5(root: Layer) -> bytes:
    """A `.weights.h5` file of today's layout."""
    return hdf5.write({path: tensor for path, tensor in stored(root) if not path.endswith(".txt")}, {})


def keras_h5(config: dict[str, Any], root: Layer) -> bytes:
    """A whole model in HDF5: keras/src/legacy/saving/legacy_h5_format.py."""
    tensors: dict[str, Tensor] = {}
    layers = top_layers(root)
    attributes: dict[str, dict[str, Any]] = {
        "": {"keras_version": RELEASE, "backend": "tensorflow", "model_config": json.dumps(config)},
        "model_weights": {"layer_names": [layer.name for layer in layers], "backend": "tensorflow", "keras_version": RELEASE},
    }
    for layer in layers:
        names = []
        for slot in legacy_order(layer, WRITER):
            if slot.variable.name in slot.layer.weights and slot.variable.name != "idf_weights":  # which the config has
                above = "" if slot.layer is layer else f"{slot.layer.path.removeprefix(layer.path).strip('/')}/"
                names.append(f"{layer.name}/{above}{slot.variable.label}")
                tensors[f"model_weights/{layer.name}/{names[-1]}"] = slot.layer.weights[slot.variable.name]
        attributes[f"model_weights/{layer.name}"] = {"weight_names": names}
    return hdf5.write(tensors, attributes)
