"""The neutral description: graphs of nodes, and the layers that nodes call.

A `Node` is one call: of a layer (`domain` "keras"), of a `keras.ops` function ("keras.ops") or of a TensorFlow op ("tf").
It says which vocabulary it speaks; everything else is the same for all of them. Several nodes may call one `Layer`, which
then owns the weights once. A nested model is a layer with a graph of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from loadstone.ir.records import dataclass, field
from loadstone.ir.tensor import Tensor

if TYPE_CHECKING:
    from loadstone.ir.saved_function import SavedFunction

# Arguments and outputs are structures (nested lists, tuples, dicts) as the user's call had them.
# Their leaves are Output, Tensor (a constant) or plain Python values.
Structure = Any  # a nested structure whose leaves are of the kind that a docstring names


@dataclass(frozen=True)
class Policy:
    """A dtype policy: what a layer computes in, what its variables are, how its weights are quantized.

    name as Keras spells it ("mixed_bfloat16"); quantization None, "int8", "int4" or "float8".
    """

    name: str = "float32"
    compute: str = "float32"
    variable: str = "float32"
    quantization: str | None = None


@dataclass(frozen=True)
class MaskRules:
    """How masks travel around a call of a layer, which releases of Keras did in several ways.

    argument: whose masks fill a `mask` argument that the call leaves out: those of the "first" argument, or of the "only"
    one that holds tensors (with two, nothing is filled in).
    previous: the mask that the layer's own `compute_mask` starts from: the "given" one (which filled `mask`, else of the first
    argument), that of the "first" argument, or of the first argument where that is a "single" tensor.
    drops: the class did not support masking in that release, though it does in others. casts: a cast of an input takes its mask away.
    inner: TimeDistributed asks the layer inside for its mask, and calls it once on all steps.
    returned: what becomes of the mask of a tensor that a Lambda's function returns as it was given.
    takes: MultiHeadAttention takes the masks off the tensors that it is given, for all that use them later.
    """

    argument: Literal["first", "only"] = "only"
    previous: Literal["given", "first", "single"] = "given"
    drops: bool = False
    casts: bool = False
    inner: bool = False
    takes: bool = False
    returned: Literal["keeps", "ends", "unknown"] = "ends"


@dataclass(eq=False)
class Layer:
    """A layer (or a `keras.ops` operation) in today's spelling, with its weights by name.

    class_name and config are as Keras 3 would save them, whatever the release that wrote the file. weights are named and
    ordered as today's Keras creates them. children are the layers inside, by attribute name ("layer", "forward_layer",
    "cell"); a Sequential or Functional model has a graph instead, and its layers are those that its nodes call.
    path says where it is in the model ("encoder/lstm"). registered is the package>name of a class that is not Keras' own.
    given is what the caller supplied for a custom class, saved the function of a SavedModel that it calls. function is what a Lambda
    computes: a name, or code that the file keeps.
    """

    class_name: str
    name: str
    config: dict[str, Any]
    domain: str = "keras"
    weights: dict[str, Tensor] = field(default_factory=dict)
    children: dict[str, Layer] = field(default_factory=dict)
    graph: Graph | None = None
    policy: Policy = field(default_factory=Policy)
    trainable: bool = True
    build_config: dict[str, Any] = field(default_factory=dict)
    path: str = ""
    module: str | None = None
    registered: str | None = None
    given: Any = None
    function: Any = None
    non_trainable: frozenset[str] = frozenset()
    masks: MaskRules = MaskRules()
    saved: SavedFunction | None = None

    def layers(self) -> list[Layer]:
        """The layers of a model, once each, in file order; the children of a wrapper."""
        return self.graph.layers() if self.graph is not None else list(self.children.values())

    def walk(self) -> Iterator[Layer]:
        """This layer and all layers inside, parents first, each once."""
        seen: set[int] = set()
        stack = [self]
        while stack:
            layer = stack.pop()
            if id(layer) not in seen:
                seen.add(id(layer))
                yield layer
                stack.extend(reversed(layer.layers()))


@dataclass(eq=False)
class Node:
    """One call. args and kwargs are structures with `Output`, `Tensor` and plain leaves.

    attributes belong to ops that have no layer (the attributes of a TensorFlow node). index counts the calls of a layer.
    """

    domain: str
    op: str
    name: str
    args: tuple[Structure, ...] = ()
    kwargs: dict[str, Structure] = field(default_factory=dict)
    layer: Layer | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    index: int = 0

    def outputs_used(self) -> Iterator[Output]:
        """The outputs of other nodes that this call takes, in order."""
        return leaves((self.args, self.kwargs))


@dataclass(frozen=True)
class Output:
    """One output of a node: a leaf of the structure that its call returns, counted in flattened order.

    shape is what the file says of it, where it does: (None, 7, 4).
    """

    node: Node
    index: int = 0
    shape: tuple[int | None, ...] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Spec:
    """Name, shape (None where free, shape None where even the rank is) and dtype of an input or output."""

    name: str
    shape: tuple[int | None, ...] | None
    dtype: str
    optional: bool = False


@dataclass(eq=False)
class Graph:
    """Nodes in an order in which they can run.

    inputs are the placeholder nodes (op "InputLayer") in the order of the model's inputs; input_structure and outputs are
    structures whose leaves are `Output`s: what the model's call takes and returns. listed are the layers in the order of
    the file, which is the order that users see. tensors are the names that the file's graph of TensorFlow has for inputs and outputs.
    """

    nodes: list[Node]
    inputs: list[Node]
    input_structure: Structure
    outputs: Structure
    listed: list[Layer] = field(default_factory=list)
    tensors: dict[Output, str] = field(default_factory=dict)

    def layers(self) -> list[Layer]:
        """The layers that the nodes call, once each."""
        if self.listed:
            return list(self.listed)
        unique = {id(node.layer): node.layer for node in self.nodes if node.layer is not None}
        return list(unique.values())


def leaves(structure: Structure, kind: type = Output) -> Iterator[Any]:
    """The leaves of a kind in a structure, in flattened order (dicts in sorted key order, as Keras flattens)."""
    if isinstance(structure, kind):
        yield structure
    elif isinstance(structure, dict):
        for key in sorted(structure):
            yield from leaves(structure[key], kind)
    elif isinstance(structure, (list, tuple)):
        for part in structure:
            yield from leaves(part, kind)


def map_structure(function: Callable[[Any], Any], structure: Structure) -> Structure:
    """The same structure with `function` of each leaf (in flattened order: dicts in sorted key order)."""
    if isinstance(structure, dict):
        done = {key: map_structure(function, structure[key]) for key in sorted(structure)}
        return {key: done[key] for key in structure}
    if isinstance(structure, (list, tuple)):
        return type(structure)(map_structure(function, part) for part in structure)
    return function(structure)


def flatten(structure: Structure) -> list[Any]:
    """All leaves, in flattened order (dicts in sorted key order)."""
    found: list[Any] = []
    map_structure(found.append, structure)
    return found
