"""A model of layers that Keras 2 has: the few that only Keras 1 had, and operations of Keras 3, become others; all else stays.

What it shares with today's Keras is made as `today` makes it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from loadstone.custom.hosting import Host
from loadstone.custom.lambdas import StoredLambda
from loadstone.export.changes import Shape, changed, flat
from loadstone.export.convert import KerasFile, typed
from loadstone.export.copies import each_its_own
from loadstone.export.flags import trains
from loadstone.export.operations.replacing import Operations, Replacement
from loadstone.export.tensorflow_nodes import as_operation
from loadstone.export.today import Modern
from loadstone.formats import writing
from loadstone.formats.compiled_2 import compiled_2
from loadstone.formats.writing import Told
from loadstone.ir import Finding, Layer, Model, Node, Output
from loadstone.lowering.lower import trace
from loadstone.lowering.tensorflow.symbols import symbol

_KEPT = frozenset("LocallyConnected1D LocallyConnected2D ThresholdedReLU RandomHeight RandomWidth SyncBatchNormalization Hashing".split())
_SCOPE = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")
_NO_SCOPE = re.compile(r"[^A-Za-z0-9_.\\/>-]")


def for_keras_2(model: Model, host: Host | None, living: bool = False) -> Layer:
    """The layers in the form that Keras 2 has. living: for a model, which can have functions that no file has.

    Raises UnsupportedOps for Lambdas and others that have none, all at once.
    """
    assert model.root is not None
    walk = trace(model, host)[0]
    operations = Operations(walk, host, trains(model.root, model.producer.release < (3,)))
    made = _Earlier(model.root, operations, living).layer(model.root)
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


def _parameters(function: str) -> tuple[str, ...] | None:
    """The names of the parameters of a function of TensorFlow that we read, too."""
    found = symbol(function)
    return None if found is None else found.order


def _write_out(root: Layer, host: Host | None) -> None:
    """Give keys whole axes in place of an ellipsis, which `.keras` files of Keras 2 cannot hold."""
    nodes = [node for layer in root.walk() if layer.graph is not None for node in layer.graph.nodes if node.op == "SlicingOpLambda"]
    keyed = [node for node in nodes if any(_is_ellipsis(part) for part in _key(node))]
    reached = trace(Model("", "", writing.WRITER_2, root), host)[0].reached if keyed else {}
    for node in keyed:
        shape, key = typed(reached, node.args[0])[0], _key(node)
        place = next(place for place, part in enumerate(key) if _is_ellipsis(part))
        if shape is not None:
            rest = len(shape) - sum(part is not None for part in key) + 1
            whole = [dict.fromkeys(("start", "stop", "step"))] * rest
            node.kwargs = {**node.kwargs, "slice_spec": [*key[:place], *whole, *key[place + 1 :]]}


def _key(node: Node) -> Sequence[Any]:
    found = node.kwargs.get("slice_spec")
    return found if isinstance(found, (list, tuple)) else ()


def _is_ellipsis(part: Any) -> bool:
    return part is Ellipsis or (isinstance(part, dict) and part.get("class_name") == "__ellipsis__")


class Keras2File(KerasFile):
    """What is written of a description for tf.keras and tf_keras. kind: "h5", or "keras" for a file that they read from 2.13 on.

    Raises UnsupportedOps for what Keras 2 does not have, LoweringError for a model without layers.
    """

    def __init__(self, model: Model, host: Host | None = None, kind: str = "h5", include_optimizer: bool = True) -> None:
        given: Collection[str] = getattr(host, "objects", ())
        self.root = for_keras_2(model, host)
        self.findings: list[Finding] = each_its_own(self.root)
        reached = trace(Model(model.format, model.source, writing.WRITER, self.root), host)[0].reached

        def masked(leaf: Output) -> bool:
            found = reached.get(leaf.node)
            return found is not None and leaf.index < len(found) and found[leaf.index].mask is not None

        writing.with_functions(self.root, lambda leaf: typed(reached, leaf), masked, _parameters)
        writing.in_order(self.root)
        if kind == "keras":
            _write_out(self.root, host)
        self.config = writing.config_2(self.root, kind, given)
        self.compiled = compiled_2(model, self.root, kind, self.findings, given) if include_optimizer else None

    def write(self, path: str, kind: str, zipped: bool = True, told: Told = lambda size: None) -> None:
        """A new file, or for kind "keras" without zipped a folder. kind: the one that it was made for."""
        if kind == "h5":
            writing.keras_h5(path, self.config, self.root, self.compiled, told, writing.WRITER_2)
        else:
            self.write_v3(path, zipped, told, writing.WRITER_2)


class _Earlier(Modern):
    def __init__(self, root: Layer, operations: Operations, living: bool) -> None:
        super().__init__(root, operations)
        self.living = living

    @staticmethod
    def as_operation(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Functions of TensorFlow are layers there; nodes of its graphs, which insist on the dtypes of then, are made anew."""
        return as_operation(layer, args, kwargs) if layer.class_name == "TensorFlowOpLayer" else None

    def named(self, layer: Layer) -> str:
        """The layer's name; TensorFlow refuses those that name no scope (tensorflow/python/framework/ops.py)."""
        if layer.class_name == "InputLayer" or _SCOPE.fullmatch(layer.name):
            return layer.name
        plain = _NO_SCOPE.sub("_", layer.name)
        return self.free(layer.name, plain if _SCOPE.fullmatch(plain) else f"layer{plain}")

    def changed(self, layer: Layer, given: Shape | None) -> Layer:
        """Other weights would train otherwise: in a living model hard_sigmoid is a function, or made of operations."""
        activations = (layer.config.get("activation"), layer.config.get("recurrent_activation"))
        if layer.class_name in _KEPT or "hard_sigmoid_2" in activations:
            return layer
        return flat(layer) if "hard_sigmoid" in activations and not self.living else changed(layer, given)

    def replacement(self, layer: Layer, masked: bool) -> Replacement | None:
        """The model of operations for a layer that Keras 2 does not have."""
        lifted = layer.class_name == "Lambda" and isinstance(layer.function, StoredLambda) and layer.given is None
        lost = lifted or (layer.domain == "keras" and writing.lack_2(self.layer(layer), self.living) is not None)
        if layer.graph is not None or not lost or layer.class_name == "InputLayer":
            return None
        return self.operations.of_calls(layer, self.calls[id(layer)], masked)
