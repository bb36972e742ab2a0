"""A description as a file that today's Keras opens."""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import UTC, datetime

from loadstone.custom import CustomObjects
from loadstone.custom.hosting import Host
from loadstone.errors import LoweringError
from loadstone.export.copies import each_its_own
from loadstone.export.flags import trains
from loadstone.export.operations.replacing import Operations
from loadstone.export.today import Shape, modern
from loadstone.formats import writing
from loadstone.formats.compiled import compiled
from loadstone.formats.reading_back import read_back
from loadstone.formats.writing import Told
from loadstone.ir import Finding, Model, Node, Output, Producer
from loadstone.lowering.keras.walk import Traced
from loadstone.lowering.lower import trace

Reached = dict[Node, list[Traced] | None]


class KerasFile:
    """What is written of a description: its layers in today's form, the config, what `compile` was given.

    findings: what of the training config is as the file had it, or left out; shared: those about layers that several models held. Raises
    UnsupportedOps where the model holds what today's Keras has no word for, LoweringError for a model without layers.
    """

    def __init__(self, model: Model, host: Host | None = None, include_optimizer: bool = True) -> None:
        if model.root is None:
            raise LoweringError(
                "a graph of TensorFlow has no layers that a file of Keras could hold", hint="write it as .onnx or as a SavedModel"
            )
        self.findings: list[Finding] = []
        walk = trace(model, host)[0]
        operations = Operations(walk, host, trains(model.root, model.producer.release < (3,)))
        self.root = modern(model.root, operations)
        self.shared = each_its_own(self.root)
        self.findings += (*operations.findings, *self.shared)
        writing.in_order(self.root)
        moved = trace(Model(model.format, model.source, writing.WRITER, self.root), host)[0].reached
        given: Collection[str] = getattr(host, "objects", ())
        self.config = writing.config(self.root, lambda leaf: typed(moved, leaf), given)
        for what, name, place in writing.left_out(self.root, given):
            self.findings.append(Finding("warning", f"the {what} {name!r} is left out: training goes on without it", place))
        self.compiled = compiled(model, self.root, self.findings, given) if include_optimizer else None

    def write(self, path: str, kind: str, zipped: bool = True, told: Told = lambda size: None) -> None:
        """A new file, or for kind "keras" without zipped a folder. kind: as `kinds.kind_of` gives it, those of Keras and safetensors."""
        if kind == "weights":
            writing.weights_h5(path, self.root, told)
        elif kind == "legacy_weights":
            writing.legacy_weights_h5(path, self.root, told)
        elif kind == "safetensors":
            writing.weights_safetensors(path, self.root, told)
        elif kind == "json":
            writing.architecture(path, self.config)
        elif kind == "h5":
            writing.keras_h5(path, self.config, self.root, self.compiled, told)
        else:
            self.write_v3(path, zipped, told, writing.WRITER)

    def write_v3(self, path: str, zipped: bool, told: Told, writer: Producer) -> None:
        """A `.keras` file, or its folder."""
        folder = f"{os.path.dirname(path)}.folder" if zipped else path
        date = datetime.now(UTC).strftime("%Y-%m-%d@%H:%M:%S")
        writing.keras_v3(folder, self.config, self.root, date, self.compiled, told, writer)
        if zipped:
            writing.keras_zip(path, folder)

    def read_back(self, path: str, kind: str, custom: CustomObjects) -> Model:
        """What a reader with these objects finds in the file; what it leaves out is taken from here."""
        return read_back(path, kind, self.config, self.root, custom)


def typed(reached: Reached, leaf: Output) -> tuple[Shape | None, str]:
    """Shape and dtype of a tensor, as the walk through the model found them."""
    found = reached.get(leaf.node)
    value = found[leaf.index].value if found and leaf.index < len(found) else None
    return (None, "float32") if value is None else (value.shape, value.dtype)
