"""Full models in HDF5 (`.h5`, `.hdf5`, also `.keras` up to TensorFlow 2.12), as Keras 1 to 3 and tf.keras write them.

The config stands in the attribute `model_config`, the training config in `training_config`, the weights in the group
`model_weights` (keras/src/legacy/saving/legacy_h5_format.py).
"""

from __future__ import annotations

import json
from typing import Any

from loadstone.containers import hdf5
from loadstone.containers.hdf5_tree import Group
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile, LoadstoneError
from loadstone.formats.format import Format, Match
from loadstone.formats.reading import only_mapped, reading
from loadstone.formats.weights import Weights
from loadstone.ir import Model, Tensor

_ATTRIBUTE = "model_config"
_GROUP = "model_weights"
_OURS = ("loadstone_example", "loadstone_record")  # of `formats.attached`


def detect(source: Source) -> Match | None:
    """HDF5 with a `model_config`."""
    if source.folder or not hdf5.begins(source):
        return None
    try:
        return Match("HDF5 with config and weights") if _ATTRIBUTE in hdf5.outline(source).attributes else None
    except LoadstoneError:
        return None


def read(source: Source, custom: Any = None, weights: Weights | None = None) -> Model:
    """The model, its weights assigned. custom: the caller's objects, for the frontend. weights: those to use in place of its own."""
    with reading(source):
        return _read(source, custom, weights)


def _read(source: Source, custom: Any, weights: Weights | None) -> Model:
    from loadstone.formats.configs import read_config
    from loadstone.formats.producer import of_versions
    from loadstone.frontends.keras.history.doubts import doubts
    from loadstone.frontends.keras.weights_h5 import assign, listed_names

    tree = hdf5.read(source)
    config = _json(tree, _ATTRIBUTE)
    own = tree.groups.get(_GROUP)
    if not isinstance(config, dict) or own is None:
        raise CorruptFile(
            f"a full model has the attribute {_ATTRIBUTE} and the group {_GROUP}; found {', '.join(tree.groups) or 'no group'}"
        )
    version = tree.text("keras_version") or own.text("keras_version")
    backend = tree.text("backend") or own.text("backend")
    producer = of_versions(version, backend=backend, config=config, names=listed_names(own))
    root = read_config(config, producer, custom, source)
    extra = assign(root, own, producer) if weights is None else weights.assign(root, producer)
    optimizer = tree.groups.get("optimizer_weights")
    if optimizer is not None and "optimizer" not in extra:  # a file of weights may have one that has learnt as much as they
        extra["optimizer"] = _as_listed(optimizer)
    _none_left(tree)
    return Model(
        format=FORMAT.name,
        source=source.name,
        producer=producer,
        root=root,
        training_config=_json(tree, "training_config"),
        extra=extra,
        findings=doubts(root, producer),
        unchanged=only_mapped([source, *(weights.sources if weights else ())], root),
    )


def _as_listed(group: Group) -> dict[str, Tensor]:
    """The tensors of a group in the order of its list `weight_names`, which alone says which is which."""
    tensors = group.all_tensors()
    listed = [name for name in group.strings("weight_names") or () if name in tensors]
    return {name: tensors[name] for name in (*listed, *tensors)}


def _json(tree: Group, name: str) -> Any:
    text = tree.text(name)
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CorruptFile(f"the attribute {name} is not JSON: {error}") from error


def _none_left(tree: Group) -> None:
    """Tensors outside the known groups would be weights that nobody reads."""
    other: list[Tensor] = list(tree.tensors.values())
    for name, group in tree.groups.items():
        other += group.all_tensors().values() if name not in (_GROUP, "optimizer_weights", *_OURS) else []
    if other:
        raise CorruptFile(f"tensors outside the model: {', '.join(tensor.key for tensor in other[:10])}")


FORMAT = Format("keras_h5", "Keras HDF5 model (.h5)", (".h5", ".hdf5"), detect, read)
