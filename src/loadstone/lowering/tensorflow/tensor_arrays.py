"""Ops on lists of tensors in TensorFlow 1: TensorArray, a handle and a flow beside it.

tensorflow/core/ops/data_flow_ops.cc, tensorflow/core/kernels/tensor_array_ops.cc. What a list is: `lists`; what is as in TensorFlow 2: `list_ops`.
"""

from __future__ import annotations

from loadstone.ir import Node
from loadstone.lowering.tensorflow.list_ops import as_list, concat, counts_up, parts, reaching, scattered
from loadstone.lowering.tensorflow.lists import Handle, TensorList, number_of
from loadstone.lowering.tensorflow.walk import GraphWalk, Thing, graph_op


@graph_op("TensorArrayV3", "TensorArrayV2", "TensorArray")
def array(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """A TensorArray: itself, and the flow of what is in it."""
    shape, size = node.attributes.get("element_shape"), inputs[0]
    count = number_of(size)
    start = TensorList(
        node.attributes["dtype"],
        shape,
        walk.b.cast(size, "int64") if count is None else count,
        grows=bool(node.attributes.get("dynamic_size")),
    )
    return [Handle(start), start]


@graph_op("TensorArrayWriteV3", "TensorArrayWriteV2")
def write(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Puts an element into a place."""
    _, place, value, flow = inputs
    found = as_list(flow)
    if found.grows and place is not None:
        found = reaching(walk.b, found, place)
    return [found.put(walk.b, place, value)]


@graph_op("TensorArrayReadV3", "TensorArrayReadV2")
def read(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """An element."""
    return [as_list(inputs[2]).get(walk.b, inputs[1])]


@graph_op("TensorArrayGatherV3", "TensorArrayGatherV2")
def array_gather(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Some elements along axis 0."""
    _, places, flow = inputs
    whole = as_list(flow).whole(walk.b)
    return [whole if counts_up(walk.b, places) else walk.b.Gather(whole, places, axis=0)]


@graph_op("TensorArrayScatterV3", "TensorArrayScatterV2")
def array_scatter(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Slices of a tensor, each into a place of its own."""
    _, places, x, flow = inputs
    return [scattered(walk.b, as_list(flow), places, x)]


@graph_op("TensorArraySizeV3", "TensorArraySizeV2")
def array_size(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """How many places there are."""
    return [as_list(inputs[1]).length(walk.b)]


@graph_op("TensorArrayConcatV3", "TensorArrayConcatV2")
def array_concat(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """All elements one behind the other."""
    return list(concat(walk, node, [inputs[1]]) or ())


@graph_op("TensorArrayCloseV3", "TensorArrayCloseV2")
def close(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Nothing."""
    return []


@graph_op("TensorArraySplitV3", "TensorArraySplitV2")
def array_split(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Parts of a tensor, each in a place of its own."""
    _, x, sizes, _ = inputs
    return [parts(walk.b, x, sizes)]
