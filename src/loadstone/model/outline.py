"""The outline of a model: its layers with shapes and sizes, known without reading a weight or compiling anything.

`summary`, `inspect` and the layer views of a Model read it. Shapes come from the same walk as the program (`lowering.trace`);
what is behind a layer that cannot be lowered has none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from loadstone.custom.hosting import Host
from loadstone.ir import Graph, Layer, Node, Output, Spec, Structure, Tensor, dtypes, flatten, map_structure
from loadstone.ir import Model as Description
from loadstone.ir.records import dataclass

if TYPE_CHECKING:
    from loadstone.lowering.keras.walk import Traced, Walk

Shape = tuple[int | None, ...]


@dataclass(frozen=True, eq=False)
class Weight:
    """A weight of a layer: its path ("encoder/dense/kernel"), shape, dtype, and its values when they are asked for."""

    path: str
    tensor: Tensor
    trainable: bool

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.tensor.shape

    @property
    def dtype(self) -> str:
        return self.tensor.dtype

    @property
    def bits(self) -> int:
        """Size in memory, as Keras counts it."""
        return prod(self.shape) * (4 if self.dtype in ("int4", "uint4") else 8 * dtypes.itemsize(self.dtype))

    def numpy(self) -> np.ndarray:
        """The values."""
        return self.tensor.numpy()

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        return self.tensor.__array__(dtype, copy)

    def __repr__(self) -> str:
        return f"<Weight {self.path} {self.shape} {self.dtype}>"


class Outline:
    """A model's layers. For a nested model the outline is that of the model by itself, as Keras shows it."""

    def __init__(self, description: Description, host: Host | None = None) -> None:
        """host lowers layers that the caller supplied."""
        assert description.root is not None and description.root.graph is not None
        self.description = description
        self.host = host
        self.root = description.root
        self.graph: Graph = description.root.graph

    @cached_property
    def walk(self) -> Walk:
        """The walk through the model, with the problems that it met."""
        from loadstone.lowering.lower import trace

        return trace(self.description, self.host)[0]

    @cached_property
    def layers(self) -> list[Layer]:
        """The model's own layers and operations in file order; the implied input of a Sequential is none."""
        listed = self.graph.layers()
        return listed[1:] if self.root.class_name == "Sequential" and listed[0].class_name == "InputLayer" else listed

    @cached_property
    def nodes(self) -> dict[int, list[Node]]:
        """The calls of each layer (by id), in the order of their numbers."""
        found: dict[int, list[Node]] = {}
        for node in sorted(self.graph.nodes, key=lambda node: node.index):
            found.setdefault(id(node.layer), []).append(node)
        return found

    def nested(self, layer: Layer) -> Outline:
        """The outline of a model inside this one."""
        return Outline(Description(self.description.format, self.description.source, self.description.producer, layer), self.host)

    def output_shapes(self, layer: Layer) -> list[Shape | None] | None:
        """Shapes of what the last call of a layer returned; None where nothing of it is known."""
        calls = self.nodes.get(id(layer))
        return None if not calls else self._shapes(calls[-1])

    def output_structure(self, layer: Layer) -> Structure:
        """The structure of shapes that the last call of a layer returned; None where nothing of it is known."""
        if layer.class_name == "InputLayer":
            return tuple(layer.config["batch_shape"])
        traces = self.walk.traces.get(id(layer))
        if not traces or traces[-1].outputs is None:
            return None
        return map_structure(_shape, traces[-1].outputs)

    def input_shapes(self, layer: Layer) -> list[Shape | None] | None:
        """Shapes of the tensors that the last call of a layer took."""
        calls = self.nodes.get(id(layer))
        if not calls:
            return None
        if layer.class_name == "InputLayer":
            return self._shapes(calls[-1])
        return [self.shape(output) for output in calls[-1].outputs_used()]

    def shape(self, output: Output) -> Shape | None:
        """The shape of one tensor."""
        shapes = self._shapes(output.node)
        return shapes[output.index] if shapes and output.index < len(shapes) else None

    def masked(self, output: Output) -> bool:
        """True for a tensor that carries a mask."""
        reached = self.walk.reached.get(output.node)
        return bool(reached and output.index < len(reached) and reached[output.index].mask is not None)

    def specs(self) -> tuple[list[Spec], list[Spec]]:
        """Inputs and outputs by name; the shape None and the dtype "?" stand for what is not known."""
        configs = [(node.name, node.layer.config) for node in self.graph.inputs if node.layer is not None]
        inputs = [Spec(name, tuple(c["batch_shape"]), c["dtype"], bool(c.get("optional"))) for name, c in configs]
        return inputs, [self.spec(leaf) for leaf in flatten(self.graph.outputs)]

    @property
    def free(self) -> bool:
        """True where the model was made for any number of samples."""
        return all(node.layer is not None and node.layer.config["batch_shape"][0] is None for node in self.graph.inputs)

    def spec(self, leaf: Output) -> Spec:
        """Name of the layer, shape and dtype of a tensor; the shape None and the dtype "?" where they are not known."""
        if leaf.node.layer is not None and leaf.node.layer.class_name == "InputLayer":
            return Spec(leaf.node.name, tuple(leaf.node.layer.config["batch_shape"]), leaf.node.layer.config["dtype"])
        reached = self.walk.reached.get(leaf.node)
        value = reached[leaf.index].value if reached and leaf.index < len(reached) else None
        return Spec(leaf.node.name, None, "?") if value is None else Spec(leaf.node.name, tuple(value.shape), value.dtype)

    def _shapes(self, node: Node) -> list[Shape | None] | None:
        if node.layer is not None and node.layer.class_name == "InputLayer":
            return [tuple(node.layer.config["batch_shape"])]
        reached = self.walk.reached.get(node)
        return None if reached is None else [_shape(traced) for traced in reached]

    # -- weights --------------------------------------------------------------------------------------------------

    def weights(self, layer: Layer | None = None) -> list[Weight]:
        """The weights of a layer and all inside, each once, in Keras' order; of the whole model without an argument.

        In Keras 3 a weight is trainable where its own layer is (and the model); before, where all layers around it are.
        """
        inherits = self.description.producer.release < (3,)
        if layer is None or layer is self.root:
            found = _weights(self.root, "", True, inherits, set())
        else:
            found = _weights(layer, layer.name, layer.trainable, inherits, set())
        return [weight if self.root.trainable else dataclasses.replace(weight, trainable=False) for weight in found]

    def optimizer(self) -> list[Tensor]:
        """The variables of the optimizer that the file holds."""
        return list(self.description.extra.get("optimizer", {}).values())


def _weights(layer: Layer, path: str, around: bool, inherits: bool, seen: set[int]) -> Iterator[Weight]:
    """Own weights, trainable ones first, then those of the layers inside (keras/src/layers/layer.py, `Layer.weights`).

    around: whether all layers around are trainable, which matters where `inherits`.
    """
    if id(layer) in seen:
        return
    seen.add(id(layer))
    trainable = layer.trainable and (around or not inherits)
    own = sorted(layer.weights.items(), key=lambda item: item[0] in layer.non_trainable)
    for name, tensor in own:
        if id(tensor) not in seen:
            seen.add(id(tensor))
            yield Weight(f"{path}/{name}" if path else name, tensor, trainable and name not in layer.non_trainable)
    for inner in layer.layers():
        yield from _weights(inner, f"{path}/{inner.name}" if path else inner.name, trainable, inherits, seen)


def _shape(traced: Traced) -> Shape | None:
    return None if traced.value is None else tuple(traced.value.shape)


def count(weights: list[Weight]) -> int:
    """Number of parameters."""
    return sum(prod(weight.shape) for weight in weights)
