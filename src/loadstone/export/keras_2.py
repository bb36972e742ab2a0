"""A model of layers that Keras 2 has: the few that only Keras 1 had, and operations of Keras 3, become others; all else stays.

What it shares with today's Keras is made as `today` makes it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from loadstone.custom.hosting import Host
from loadstone.custom.lambdas import StoredLambda
from loadstone.export.changes import Shape, changed
from loadstone.export.convert import KerasFile, typed
from loadstone.export.flags import trains
from loadstone.export.operations.replacing import Operations, Replacement
from loadstone.export.tensorflow_nodes import as_operation
from loadstone.export.today import Modern
from loadstone.formats import writing
from loadstone.formats.writing import Told
from loadstone.ir import Finding, Layer, Model, Output
from loadstone.lowering.lower import trace
from loadstone.lowering.tensorflow.symbols import rule

_KEPT = frozenset("LocallyConnected1D LocallyConnected2D ThresholdedReLU RandomHeight RandomWidth SyncBatchNormalization Hashing".split())
_LOOKUPS = frozenset("StringLookup IntegerLookup TextVectorization".split())


def for_keras_2(model: Model, host: Host | None) -> Layer:
    """The layers in the form that Keras 2 has. Raises UnsupportedOps for Lambdas and others that have none, all at once."""
    assert model.root is not None
    walk = trace(model, host)[0]
    operations = Operations(walk, host, trains(model.root, model.producer.release < (3,)))
    made = _Earlier(model.root, operations).layer(model.root)
    operations.raise_problems()
    _pass_masks(made)
    return made


def _pass_masks(root: Layer) -> None:
    """The Identity of Keras 3 gives masks on, as that of Keras 2 does not: it becomes an activation, which does."""
    for layer in root.walk():
        for node in layer.graph.nodes if layer.graph is not None else ():
            inner = node.layer
            if inner is not None and inner.class_name == "Identity" and not inner.masks.drops:
                inner.class_name, inner.config = "Activation", {"activation": "linear"}
            if node.op == "Identity" and inner is not None:
                node.op = inner.class_name


class Keras2File(KerasFile):
    """What is written of a description for tf.keras and tf_keras: an HDF5 file. Raises UnsupportedOps for what Keras 2 does not have."""

    def __init__(self, model: Model, host: Host | None = None) -> None:
        given: Collection[str] = getattr(host, "objects", ())
        self.findings: list[Finding] = []
        self.root = for_keras_2(model, host)
        reached = trace(Model(model.format, model.source, writing.WRITER, self.root), host)[0].reached

        def masked(leaf: Output) -> bool:
            found = reached.get(leaf.node)
            return found is not None and leaf.index < len(found) and found[leaf.index].mask is not None

        writing.with_functions(self.root, lambda leaf: typed(reached, leaf)[1], masked, lambda name: rule(name).order)
        writing.in_order(self.root)
        self.config = writing.config_2(self.root, given)
        self.compiled = None
        if model.training_config:
            message = "the training config is left out: model.to_keras(library='tf_keras') has it, and can be saved"
            self.findings.append(Finding("warning", message, "training_config"))

    def write(self, path: str, kind: str, zipped: bool = True, told: Told = lambda size: None) -> None:
        """A new file. kind: "h5"."""
        writing.keras_h5(path, self.config, self.root, self.compiled, told, writing.WRITER_2)


class _Earlier(Modern):
    @staticmethod
    def as_operation(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Functions of TensorFlow are layers there; nodes of its graphs, which insist on the dtypes of then, are made anew."""
        return as_operation(layer, args, kwargs) if layer.class_name == "TensorFlowOpLayer" else None

    def named(self, layer: Layer) -> str:
        return layer.name

    @staticmethod
    def changed(layer: Layer, given: Shape | None) -> Layer:
        if layer.class_name in _KEPT or "hard_sigmoid_2" in (layer.config.get("activation"), layer.config.get("recurrent_activation")):
            return layer
        return changed(layer, given)

    def replacement(self, layer: Layer, masked: bool) -> Replacement | None:
        """The model of operations for a layer that Keras 2 does not have."""
        lifted = layer.class_name == "Lambda" and isinstance(layer.function, StoredLambda) and layer.given is None
        lost = lifted or (layer.domain == "keras" and writing.lack_2(self.layer(layer)) is not None)
        if layer.graph is not None or not lost or layer.class_name == "InputLayer":
            return None
        return self.operations.of_calls(layer, self.calls[id(layer)], masked)
