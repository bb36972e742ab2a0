"""Files that today's Keras opens, from a config in its spelling and the layers with their weights. Tensors are read one at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from loadstone.containers import hdf5, safetensors
from loadstone.containers import zip as archives
from loadstone.errors import LoweringError
from loadstone.formats.v3_files import ASSETS, CONFIG, HDF5, METADATA
from loadstone.frontends.keras import models_2, weights_named
from loadstone.frontends.keras.functions_2 import with_functions
from loadstone.frontends.keras.order import as_keras_lists
from loadstone.frontends.keras.spelling import RELEASE, Typed, lack, model_config, training_part
from loadstone.frontends.keras.spelling_2 import lack as lack_2
from loadstone.frontends.keras.training import full_names
from loadstone.frontends.keras.variables import variables
from loadstone.frontends.keras.weights_h5 import legacy_order, top_layers
from loadstone.frontends.keras.weights_v3 import stored
from loadstone.ir import Layer, Producer, Tensor
from loadstone.ir.records import dataclass, field

__all__ = [
    "WRITER", "WRITER_2", "Compiled", "Told", "architecture", "config", "config_2", "in_order", "keras_h5", "keras_v3", "keras_zip", "lack",
    "lack_2", "left_out", "legacy_weights_h5", "weights_h5", "weights_safetensors", "with_functions",
]  # fmt: skip

WRITER = Producer("keras", RELEASE, "tensorflow")
WRITER_2 = Producer("tf.keras", "2.15.0", "tensorflow")  # whose HDF5 files all of tf.keras and tf_keras read that have its layers
_SCALES = 4  # variables of a LossScaleOptimizer itself
Told = Callable[[int], None]  # is called with the bytes of each tensor that was written


@dataclass(frozen=True)
class Compiled:
    """What `compile` was given, in today's spelling, and the optimizer's variables in today's order by their names."""

    config: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Tensor] = field(default_factory=dict)


def in_order(root: Layer) -> Layer:
    """The model with its layers listed as today's Keras lists them once it has read the config: its weights are kept in that order."""
    for layer in root.walk():
        if layer.graph is not None and layer.class_name != "Sequential":
            layer.graph.listed = as_keras_lists(layer.graph)
    return root


def config(root: Layer, typed: Typed, given: Collection[str] = ()) -> dict[str, Any]:
    """The config of a model in today's spelling; typed gives shape and dtype of a tensor of its graph. given: see `model_config`."""
    return model_config(root, typed, given)


def config_2(root: Layer, kind: str, given: Collection[str] = ()) -> dict[str, Any]:
    """The config of a model in the spelling of Keras 2. kind: "keras" or "h5". Raises UnsupportedOps for what it does not have."""
    return models_2.model_config(root, given, modules=kind == "keras")


def left_out(root: Layer, given: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """(kind, name, place) of each regularizer and constraint that is not written: neither Keras' own nor among the caller's objects."""
    for layer in root.walk():
        for key, value in layer.config.items() if variables(layer) is not None else ():
            if key.endswith(("_regularizer", "_constraint")) and value and training_part(value, key, given) is None:
                name = value.get("class_name") if isinstance(value, Mapping) else value
                yield key.rpartition("_")[2], str(name), f"{layer.path or layer.name}.{key}"


def keras_v3(
    folder: str, config: dict[str, Any], root: Layer, date: str, compiled: Compiled | None, told: Told, writer: Producer = WRITER
) -> None:
    """The files of a `.keras` archive in a folder: keras/src/saving/saving_lib.py. date: as Keras writes it, "2026-11-26@12:00:00".

    writer: WRITER, or WRITER_2 for the layers and config of Keras 2.
    """
    weights = dict(stored(root, writer is WRITER_2))
    if compiled is not None:
        config = {**config, "compile_config": dict(compiled.config)}
        weights.update(_optimizer(compiled, writer))
    os.makedirs(folder, exist_ok=True)
    _write_json(os.path.join(folder, METADATA), {"keras_version": writer.version, "date_saved": date})
    _write_json(os.path.join(folder, CONFIG), config)
    for path in [path for path in weights if path.endswith(".txt")]:
        place = os.path.join(folder, ASSETS, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(b"\n".join(weights.pop(path).numpy().tolist()))
    hdf5.write(os.path.join(folder, HDF5[0]), weights, {"vars": {}}, told)  # which tf_keras opens before it looks


def _optimizer(compiled: Compiled, writer: Producer) -> Iterator[tuple[str, Tensor]]:
    """The optimizer's variables; a LossScaleOptimizer writes those of the one inside once more."""
    for number, tensor in enumerate(compiled.variables.values()):
        yield f"optimizer/vars/{number}", tensor
        own = _SCALES if writer is WRITER else 0
        if compiled.config["optimizer"]["class_name"].startswith("LossScaleOptimizer") and number >= own:
            yield f"optimizer/inner_optimizer/vars/{number - own}", tensor


def keras_zip(path: str, folder: str) -> None:
    """The archive of a folder that `keras_v3` filled."""
    archives.write(path, folder)


def weights_h5(path: str, root: Layer, told: Told) -> None:
    """A `.weights.h5` file of today's layout."""
    hdf5.write(path, {place: tensor for place, tensor in stored(root) if not place.endswith(".txt")}, {}, told)


def weights_safetensors(path: str, root: Layer, told: Told) -> None:
    """The weights by the paths of their layers: "encoder/dense/kernel"."""
    found = {name: tensor for name, tensor in weights_named.stored(root) if tensor.dtype != "string"}
    safetensors.write(path, found, {"format": "keras", "keras_version": RELEASE}, told)


def architecture(path: str, config: dict[str, Any]) -> None:
    """The config alone."""
    _write_json(path, config)


def keras_h5(path: str, config: dict[str, Any], root: Layer, compiled: Compiled | None, told: Told, writer: Producer = WRITER) -> None:
    """A whole model in HDF5: keras/src/legacy/saving/legacy_h5_format.py. writer: WRITER, or WRITER_2 for the layers and config of Keras 2."""
    tensors, attributes = _listed(root, "model_weights", writer)
    attributes[""] = {"keras_version": writer.version, "backend": "tensorflow", "model_config": json.dumps(config)}
    if compiled is not None and compiled.config.get("optimizer") is not None:
        training = {key: value for key, value in compiled.config.items() if key != "optimizer"}
        training = full_names(training) if writer is WRITER else training
        attributes[""]["training_config"] = json.dumps({**training, "optimizer_config": compiled.config["optimizer"]})
        if compiled.variables:
            attributes["optimizer_weights"] = {"weight_names": list(compiled.variables)}
            tensors.update((f"optimizer_weights/{name}", tensor) for name, tensor in compiled.variables.items())
    hdf5.write(path, tensors, attributes, told)


def legacy_weights_h5(path: str, root: Layer, told: Told) -> None:
    """Weights alone in the older layout, which every Keras reads from a `.h5` file."""
    tensors, attributes = _listed(root, "", WRITER)
    hdf5.write(path, tensors, attributes, told)


def _listed(root: Layer, top: str, writer: Producer) -> tuple[dict[str, Tensor], dict[str, dict[str, Any]]]:
    """A group for each layer of the outermost model, which lists its weights in order."""
    start, tensors, layers = f"{top}/" if top else "", {}, top_layers(root)
    attributes: dict[str, dict[str, Any]] = {
        top: {"layer_names": [layer.name for layer in layers], "backend": "tensorflow", "keras_version": writer.version},
    }
    for layer in layers:
        names = []
        for name, tensor in _of_custom(layer) if variables(layer) is None else _of_layer(layer, writer):
            names.append(f"{layer.name}/{name}")
            tensors[f"{start}{layer.name}/{names[-1]}"] = tensor
        attributes[f"{start}{layer.name}"] = {"weight_names": names}
    return tensors, attributes


def _of_layer(layer: Layer, writer: Producer) -> Iterator[tuple[str, Tensor]]:
    """The weights of a layer and all inside in the order of HDF5 files."""
    custom = [inner for inner in layer.walk() if variables(inner) is None and inner.weights]
    if custom:
        raise LoweringError(
            f"an HDF5 file lists the weights of '{layer.name}' by whether they are trained, which is not known of a class of yours inside",
            where=custom[0].path,
            hint="write it as .keras",
        )
    for slot in legacy_order(layer, writer):
        in_config = slot.variable.name == "idf_weights" and writer is WRITER
        if slot.variable.name in slot.layer.weights and not in_config:
            above = "" if slot.layer is layer else f"{slot.layer.path.removeprefix(layer.path).strip('/')}/"
            yield f"{above}{slot.variable.label}", slot.layer.weights[slot.variable.name]


def _of_custom(layer: Layer) -> Iterator[tuple[str, Tensor]]:
    """The weights of a class that only the user knows: as an HDF5 file had them, or those that it counts itself."""
    for name, tensor in layer.weights.items():
        if "vars" in tensor.key.split("/"):
            if not name.isdecimal():
                raise LoweringError(
                    f"a .keras file keeps the weights of a class of yours by attributes ({name}), and an HDF5 file by their order",
                    where=layer.path,
                    hint="write it as .keras",
                )
            yield f"variable_{name}", tensor
        else:
            yield name.removeprefix(f"{layer.name}/"), tensor


def _write_json(path: str, value: Any) -> None:
    with open(path, "w", encoding="utf8") as file:
        json.dump(value, file)
