"""A description as the bytes of a file that today's Keras opens."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from loadstone.export.today import Shape, modern
from loadstone.formats import writing
from loadstone.ir import Model, Node, Output
from loadstone.lowering.keras.walk import Traced
from loadstone.lowering.lower import trace

SUFFIXES = (".weights.h5", ".keras", ".h5", ".hdf5", ".json", ".onnx")
Reached = dict[Node, list[Traced] | None]


def suffix_of(filename: str) -> str:
    """The suffix that says which file is wanted. Raises ValueError for another one."""
    found = next((suffix for suffix in SUFFIXES if filename.lower().endswith(suffix)), None)
    if found is None:
        raise ValueError(f"{filename!r} does not say which file to write; known suffixes are {', '.join(SUFFIXES)}")
    return found


def rendered(model: Model, suffix: str) -> bytes:
    """The bytes of a file of that suffix. Raises UnsupportedOps where the model holds what today's Keras has no word for."""
    assert model.root is not None
    reached = trace(model)[0].reached
    root = writing.in_order(modern(model.root, lambda leaf: _typed(reached, leaf)[0]))
    if suffix == ".weights.h5":
        return writing.weights_h5(root)
    moved = trace(Model(model.format, model.source, writing.WRITER, root))[0].reached
    config = writing.config(root, lambda leaf: _typed(moved, leaf))
    if suffix == ".json":
        return json.dumps(config).encode()
    if suffix == ".keras":
        return writing.keras_v3(config, root, datetime.now(UTC).strftime("%Y-%m-%d@%H:%M:%S"))
    return writing.keras_h5(config, root)


def _typed(reached: Reached, leaf: Output) -> tuple[Shape | None, str]:
    """Shape and dtype of a tensor, as the walk through the model found them."""
    found = reached.get(leaf.node)
    value = found[leaf.index].value if found and leaf.index < len(found) else None
    return (None, "float32") if value is None else (value.shape, value.dtype)
