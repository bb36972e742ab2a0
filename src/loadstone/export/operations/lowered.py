"""One layer alone, lowered to ONNX ops: its inputs and, where its rule allows that, its weights are inputs of the block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loadstone.custom.hosting import Host
from loadstone.errors import LoadstoneError
from loadstone.ir import Layer, Structure, Tensor, dtypes, flatten, map_structure
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Shape, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.walk import Traced, Walk
from loadstone.lowering.registry import keras_layer, keras_op


@dataclass(frozen=True)
class Given:
    """A tensor that a layer is called with; masked is the shape of its mask, where it has one."""

    shape: Shape
    dtype: str
    masked: Shape | None = None


@dataclass(eq=False)
class Weight:
    """A weight that is an input of the block."""

    name: str
    tensor: Tensor
    trainable: bool
    value: Value


@dataclass(eq=False)
class Lowered:
    """What a layer becomes: inputs are its tensors in flattened order, with the inputs that their masks are."""

    b: Builder
    inputs: list[tuple[Value, Value | None]]
    weights: list[Weight]
    outputs: list[Traced]


def lowered(
    layer: Layer, args: tuple[Structure, ...], kwargs: dict[str, Structure], host: Host | None, trains: Mapping[int, bool]
) -> Lowered:
    """A call of a layer, the leaves of whose arguments are `Given`. Raises what lowering raises.

    A rule that looks into the numbers of weights has them as constants. trains: the flags of layers by their ids.
    """
    try:
        return _lowered(layer, args, kwargs, host, list(_weights(layer, trains)))
    except (LoadstoneError, AssertionError, AttributeError, TypeError):
        return _lowered(layer, args, kwargs, host, [])


def _lowered(
    layer: Layer, args: tuple[Structure, ...], kwargs: dict[str, Structure], host: Host | None, weights: list[tuple[str, Tensor, bool]]
) -> Lowered:
    walk = Walk(Builder(), host)
    walk.b.evaluate = None if host is None else host.evaluate
    inputs: list[tuple[Value, Value | None]] = []

    def entered(leaf: Any) -> Any:
        if not isinstance(leaf, Given):
            return leaf
        value = walk.b.input(f"input_{len(inputs)}", leaf.shape, leaf.dtype)
        mask = None if leaf.masked is None else walk.b.input(f"mask_{len(inputs)}", leaf.masked, "bool")
        inputs.append((value, mask))
        return Traced(value, mask)

    ready_args, ready_kwargs = map_structure(entered, (args, kwargs))
    held = [Weight(name, tensor, trains, walk.b.weight_input(name, tensor)) for name, tensor, trains in weights]
    outputs = walk.call(layer, ready_args, ready_kwargs, None, keras_op if layer.domain == "keras.ops" else keras_layer)
    walk.raise_problems()
    return Lowered(walk.b, inputs, held, flatten(outputs))


def _weights(layer: Layer, trains: Mapping[int, bool]) -> Iterator[tuple[str, Tensor, bool]]:
    """The weights of a layer and of those inside: a name, the tensor, and whether it trains. The same tensor comes once."""
    seen: set[int] = set()
    for inner in layer.walk():
        for name, tensor in inner.weights.items():
            if dtypes.is_float(tensor.dtype) and tensor.size and id(tensor) not in seen:
                seen.add(id(tensor))
                prefix = "" if inner is layer else f"{inner.name}_"
                yield (
                    f"{prefix}{name}".replace("/", "_"),
                    tensor,
                    trains.get(id(inner), inner.trainable) and name not in inner.non_trainable,
                )
