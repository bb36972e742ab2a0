"""Variables: resources of TensorFlow 2, references of TensorFlow 1, and how both get their values from a checkpoint.

tensorflow/core/ops/resource_variable_ops.cc, state_ops.cc, io_ops.cc. A variable that no graph changes when it runs is a constant; one
that a graph changes is state of the Model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from loadstone.errors import MissingWeights, ModelError, UnsupportedAttribute
from loadstone.ir import Node, Tensor
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Value
from loadstone.lowering.tensorflow.walk import GraphWalk, Resource, Thing, graph_op


@dataclass(eq=False)
class Variable(Resource):
    """A variable: key is what nodes share it by; value what it holds now, None before it has any.

    own is true for one that has its first value from the graph that reads it: it begins anew whenever that runs.
    """

    key: str
    name: str
    dtype: str
    shape: tuple[int | None, ...] | None
    value: Value | None = None
    own: bool = False

    def tensor(self, walk: GraphWalk) -> Value:
        """What it holds: an op that takes a reference where it wants a tensor reads it."""
        return value_of(walk, self)


@graph_op("VarHandleOp", "VariableV2", "Variable", "AutoReloadVariable", "TemporaryVariable")
def variable(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The variable of this node; nodes of one shared name have the same."""
    name = str(node.attributes.get("shared_name") or node.name)
    key = f"variable/{node.attributes.get('container') or ''}/{name}"
    if key not in walk.resources:
        walk.resources[key] = Variable(key, name, node.attributes["dtype"], node.attributes.get("shape"))
    return [walk.resources[key]]


def value_of(walk: GraphWalk, thing: Thing) -> Value:
    """What a variable holds; other things are their own values."""
    if isinstance(thing, Value):
        return thing
    if not isinstance(thing, Variable):
        raise ModelError("a tensor is wanted where there is none")
    if not _begun(walk, thing) or thing.value is None:
        raise MissingWeights(f"the variable {thing.name!r} has no value: it is in no checkpoint and nothing initializes it")
    if thing.key in walk.changed and not walk.starting and not thing.own:
        return _state(walk, thing)[0]
    return thing.value


def _begun(walk: GraphWalk, thing: Variable) -> bool:
    """Whether a variable has a value; it begins with the one that was saved."""
    if thing.value is None:
        thing.value = _stored(walk, walk.module.stored(thing.name) or "", "")
    if thing.value is None:
        walk.restore()
    return thing.value is not None


def _state(walk: GraphWalk, thing: Variable) -> tuple[Value, Any]:
    assert thing.value is not None
    if thing.value.const is None:
        raise UnsupportedAttribute(f"the variable {thing.name!r}, whose first value is computed and which changes when the graph runs")
    return walk.b.keep_state(thing.key, thing.value.const)


def assign(walk: GraphWalk, thing: Thing, value: Value) -> None:
    """Let a variable hold a value from now on."""
    if not isinstance(thing, Variable):
        raise ModelError("an assignment to what is no variable")
    if walk.starting:
        if thing.value is None or not walk.restored:  # what restores late comes before all that was assigned meanwhile
            thing.value = value
        return
    if thing.own or not _begun(walk, thing):
        thing.value, thing.own = value, True
        return
    walk.assigned.add(thing.key)
    if thing.key in walk.changed:
        _state(walk, thing)[1](value)


@graph_op("ReadVariableOp", "_ReadVariablesOp")
def read(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The value of a variable."""
    return [value_of(walk, thing) for thing in inputs]


@graph_op("VarIsInitializedOp", "IsVariableInitialized")
def is_initialized(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Whether a variable has a value."""
    found = inputs[0]
    return [walk.b.const(np.asarray(_begun(walk, found) if isinstance(found, Variable) else found is not None), "bool")]


@graph_op("VariableShape")
def variable_shape(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The shape of a variable."""
    x = value_of(walk, inputs[0])
    return [walk.b.cast(walk.b.vector(walk.b.dims(x)), node.attributes.get("out_type", "int32"))]


@graph_op("AssignVariableOp", "Assign")
def assign_op(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Assigns; a reference is passed on."""
    if inputs[1] is None:
        return [inputs[0]]
    assign(walk, inputs[0], value_of(walk, inputs[1]))
    return [inputs[0]]


@graph_op("AssignAddVariableOp", "AssignAdd", "AssignSubVariableOp", "AssignSub")
def assign_add(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Adds to a variable, or takes away."""
    b, before, by = walk.b, value_of(walk, inputs[0]), value_of(walk, inputs[1])
    assign(walk, inputs[0], b.Add(before, by) if "Add" in node.op else b.Sub(before, by))
    return [inputs[0]]


@graph_op("ResourceGather")
def gather(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Rows of a variable."""
    from loadstone.lowering.tensorflow.gathering import gather as rows

    places, batch = value_of(walk, inputs[1]), node.attributes.get("batch_dims", 0)
    return [_picked(walk, inputs[0], lambda x: rows(walk.b, x, places, None if batch else 0, batch))]


@graph_op("ResourceGatherNd")
def gather_nd(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Slices of a variable."""
    places = walk.b.cast(value_of(walk, inputs[1]), "int64")
    return [_picked(walk, inputs[0], lambda x: walk.b.GatherND(x, places))]


def _picked(walk: GraphWalk, thing: Thing, pick: Callable[[Value], Value]) -> Thing:
    """What is picked of a variable: of both parts of a complex one."""
    from loadstone.lowering.tensorflow.complex_numbers import Complex

    x = walk.flowing(value_of(walk, thing))
    return Complex(pick(x.real), pick(x.imag)) if isinstance(x, Complex) else pick(x)


# -- checkpoints ------------------------------------------------------------------------------------------------------


@graph_op("RestoreV2")
def restore(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Tensors of the checkpoint by name, or slices of them; where one is missing its variable stays without a value."""
    names, slices = ([_text(item) for item in thing.array().reshape(-1)] for thing in inputs[1:3])
    return [_stored(walk, name, part) for name, part in zip(names, slices, strict=True)]


@graph_op("Restore", "RestoreSlice")
def restore_v1(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """A tensor of the checkpoint, or a slice."""
    part = _text(inputs[2].array().reshape(-1)[0]) if len(inputs) > 2 else ""
    return [_stored(walk, _text(inputs[1].array().reshape(-1)[0]), part)]


def _text(item: object) -> str:
    return item.decode("utf8", "surrogateescape") if isinstance(item, bytes) else str(item)


def _stored(walk: GraphWalk, name: str, part: str) -> Value | None:
    tensor = walk.module.variables.get(name)
    if tensor is None:
        return None
    return walk.b.weight(_sliced(tensor, part) if part else tensor)


def _sliced(tensor: Tensor, spec: str) -> Tensor:
    """The part that "4 10 0,2:-" names: the whole shape, then start and length of each axis (saved_tensor_slice_util.cc)."""
    *_, extents = spec.split(" ")
    places, shape = [], []
    for extent, length in zip(extents.split(":"), tensor.shape, strict=True):
        start, count = (0, length) if extent == "-" else (int(n) for n in extent.split(","))
        places.append(slice(start, start + count))
        shape.append(count)
    return tensor if tuple(shape) == tensor.shape else tensor.map(lambda values: values[tuple(places)], tuple(shape))


@graph_op("SaveV2", "SaveSlices", "Save", "MergeV2Checkpoints", "ShardedFilename", "ShardedFilespec")
def save(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Nothing is written."""
    return [walk.b.const(b"", "string")]


@graph_op("NoOp", "Assert", "Print", "PrintV2", "ControlTrigger")
def nothing(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """What only checks or shows something; Print passes its first input on."""
    return inputs[:1]


@graph_op("Placeholder", "PlaceholderV2")
def placeholder(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """An input that nobody gives; Keras' learning phase is 0 when a model predicts."""
    if node.name.rpartition("/")[2].startswith("keras_learning_phase"):
        return [walk.b.const(np.zeros((), bool), node.attributes["dtype"])]
    raise ModelError(f"the outputs need the input {node.name!r} too, which inputs= does not name")


@graph_op("PlaceholderWithDefault")
def placeholder_with_default(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """An input that nobody gives is what it is by default."""
    return inputs


@graph_op("Const", "HostConst")
def constant(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """A tensor of the graph, or the path of a file beside it."""
    tensor = node.attributes["value"]
    walk.count_constant(tensor)
    return [walk.b.weight(Tensor(tensor.shape, tensor.dtype, tensor._load, tensor.region, node.name, _kept=tensor._kept))]


@graph_op("Identity", "RefIdentity", "StopGradient", "PreventGradient", "Snapshot", "DebugGradientIdentity", "Enter", "RefEnter",
          "DebugIdentity", "DebugIdentityV2", "IdentityN", "CheckNumerics",
          "CheckNumericsV2")  # fmt: skip
def identity(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The same things; the identity of a reference is its value."""
    return [value_of(walk, thing) if isinstance(thing, Variable) and thing.key.startswith("variable") and _is_reference(node) else thing
            for thing in inputs]  # fmt: skip


def _is_reference(node: Node) -> bool:
    types = node.attributes.get("T")
    return types != "resource" and not isinstance(types, list)
