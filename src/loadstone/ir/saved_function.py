"""The function of a SavedModel that a layer calls, and the variables of it that the layer has as weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from loadstone.ir.graph import Graph, Structure
from loadstone.ir.module import Module
from loadstone.ir.records import dataclass, field
from loadstone.ir.tensor import Tensor


@dataclass(frozen=True)
class SavedWeight:
    """A variable of a SavedModel that a layer has as a weight.

    label is its name among the layer's weights, name that of the variable. key is its name in the checkpoint; None where it is known
    by the name of its node alone. attributes are the names under which a checkpoint of the layer may have it.
    """

    label: str
    name: str
    shape: tuple[int | None, ...] | None
    dtype: str
    trainable: bool
    key: str | None = None
    node: str = ""
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Variant:
    """One of the graphs that a function has, for arguments of certain types and shapes.

    inputs is the structure of the layer's input, whose leaves are Specs; outputs that of what the graph gives, its leaves the shapes that
    are told of it (None where not even the rank is). constants are the tensors that the graph takes behind those of the input.
    """

    inputs: Structure
    constants: tuple[Tensor, ...]
    shapes: tuple[tuple[int | None, ...] | None, ...]
    read: Callable[[], Graph]


@dataclass(frozen=True, eq=False)
class SavedFunction:
    """What a layer calls: the first variant that its input fits.

    place is the folder. named is true for a signature, which takes a dict of its inputs by name, or its only one alone. trains is true
    where the function does otherwise in training. output_key picks from a dict. output_shape is the structure of shapes, without the
    batch, that the layer's config gives its outputs: Specs without a name and a dtype. unlisted are variables that are no weights of the
    layer, as their names in the checkpoint by their ways from the layer. sources are the open files of the folder, which must not change;
    of a type that is not known here.
    """

    module: Module
    variants: tuple[Variant, ...]
    weights: tuple[SavedWeight, ...]
    place: str
    named: bool = False
    trains: bool = False
    output_key: str | None = None
    output_shape: Structure = None
    unlisted: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[Any, ...] = ()
