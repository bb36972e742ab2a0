"""The layers of a SavedModel that tf.keras wrote: its config, with weights by the objects of the checkpoint.

TensorFlow 2.5 and later write `keras_metadata.pb` (keras/protobuf/saved_metadata.proto) beside the graph, earlier releases put the same
JSON into the graph of objects. The weights lie in the checkpoint as `save_weights` writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadstone.containers import json
from loadstone.containers.saved_model_proto import MetaGraph
from loadstone.containers.source import Source
from loadstone.containers.wire import content, fields, text
from loadstone.errors import CorruptFile, LoadstoneError, UnsupportedVersion
from loadstone.formats.configs import read_config
from loadstone.formats.format import METADATA, KerasView
from loadstone.formats.producer import of_versions
from loadstone.frontends.keras import weights_checkpoint
from loadstone.ir import Finding, Tensor

MAX_DEPTH = 200  # lists inside lists
_MODELS = ("_tf_keras_model", "_tf_keras_network", "_tf_keras_sequential")
_CLASSES = ("Sequential", "Functional", "Model")
# The Keras inside a TensorFlow whose files do not say it.
_KERAS_OF = {(1, 13): "2.2.4-tf", (1, 14): "2.2.4-tf", (1, 15): "2.2.4-tf", (2, 0): "2.2.4-tf", (2, 1): "2.2.4-tf", (2, 2): "2.3.0-tf"}


def keras_view(folder: Source, graph: MetaGraph, tensors: Mapping[str, Tensor], custom: Any) -> KerasView:
    """The layers of a SavedModel; an empty view where it has none that are known here. custom: the caller's objects."""
    try:
        stored = _metadata(folder, graph)
        if stored is None:
            return KerasView()
        config = stored.get("model_config") or {"class_name": stored.get("class_name"), "config": stored.get("config")}
        if not isinstance(config, dict) or config.get("class_name") not in _CLASSES or not isinstance(config.get("config"), dict):
            return KerasView()
        version = stored.get("keras_version") or _keras_of(graph.version)
        producer = of_versions(version, backend=stored.get("backend") or "tensorflow", config=config)
        root = read_config(config, producer, custom, folder)
        extra = {} if custom is not None and custom.missing else weights_checkpoint.assign(root, tensors, producer)
        return KerasView(root, producer, stored.get("training_config"), extra)
    except LoadstoneError as error:
        return KerasView(finding=Finding("info", f"its layers cannot be used, its graph is: {error.message}", error.where or ""))


def _metadata(folder: Source, graph: MetaGraph) -> dict[str, Any] | None:
    """What Keras wrote of the model; None for a SavedModel that is no Keras model."""
    if METADATA in folder.entries:
        for number, node in fields(folder.member(METADATA).read()):
            parts = dict(fields(content(node))) if number == 1 else {}
            if parts and not parts.get(2):  # the first object is the model
                identifier, metadata = (text(parts.get(n, memoryview(b""))) for n in (4, 5))
                return _parsed(metadata) if identifier in _MODELS else None
        return None
    if not graph.objects or graph.objects[0].kind != "user_object":
        return None
    found = dict(fields(graph.objects[0].message))
    identifier, metadata = (text(found.get(n, memoryview(b""))) for n in (1, 3))
    return _parsed(metadata) if identifier in _MODELS and metadata else None


def _parsed(metadata: str) -> dict[str, Any]:
    stored = json.read(Source.of_bytes(metadata.encode(), METADATA), METADATA)
    if not isinstance(stored, dict):
        raise UnsupportedVersion("metadata of Keras that is no JSON object")
    return _plain(stored)  # type: ignore[no-any-return]


def _plain(stored: Any, depth: int = 0) -> Any:
    """Tuples and shapes as lists (keras/saving/legacy/saved_model/json_utils.py)."""
    if depth > MAX_DEPTH:
        raise CorruptFile("metadata of Keras with lists inside lists without end")
    if isinstance(stored, dict):
        if stored.get("class_name") in ("__tuple__", "TensorShape") and isinstance(stored.get("items"), list):
            return [_plain(item, depth + 1) for item in stored["items"]]
        return {key: _plain(value, depth + 1) for key, value in stored.items()}
    return [_plain(item, depth + 1) for item in stored] if isinstance(stored, list) else stored


def _keras_of(tensorflow: str | None) -> str | None:
    numbers = tuple(int(part) for part in (tensorflow or "").split(".")[:2] if part.isdecimal())
    return _KERAS_OF.get(numbers[:2], "2.4.0" if numbers >= (2, 3) else None) if len(numbers) == 2 else None
