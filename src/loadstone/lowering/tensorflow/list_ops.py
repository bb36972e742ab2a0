"""Ops on lists of tensors in TensorFlow 2: TensorList.

tensorflow/core/ops/list_ops.cc, tensorflow/core/kernels/list_kernels.cc. What a list is: `lists`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.ir import Node
from loadstone.ir.records import replace
from loadstone.lowering.block import Shape, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.lists import Handle, Place, TensorList, length_of, number_of, of_tensor, size_of
from loadstone.lowering.tensorflow.symbols import known, lengths, number
from loadstone.lowering.tensorflow.walk import GraphWalk, Thing, Unknown, graph_op


@graph_op("TensorListReserve")
def reserve(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """A list with so many places."""
    size = inputs[1]
    count = number_of(size)
    return [TensorList(node.attributes["element_dtype"], _shape(walk, inputs[0]), walk.b.cast(size, "int64") if count is None else count)]


@graph_op("EmptyTensorList")
def empty(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """A list without an element."""
    return [TensorList(node.attributes["element_dtype"], _shape(walk, inputs[0]), 0, grows=True)]


@graph_op("TensorListFromTensor")
def from_tensor(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The slices of a tensor."""
    x = inputs[0]
    return [of_tensor(walk.b, x)]


@graph_op("TensorListStack")
def stack(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """All elements along axis 0."""
    found, shape = as_list(inputs[0]), _shape(walk, inputs[1])
    if found.element is None and found.fresh and shape is not None:
        found = replace(found, element=shape)
    return [found.whole(walk.b)]


@graph_op("TensorListGetItem")
def get_item(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """An element."""
    return [as_list(inputs[0]).get(walk.b, inputs[1])]


@graph_op("TensorListSetItem")
def set_item(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The list with another element in a place, which may be behind the last one where the list grows."""
    b, found = walk.b, as_list(inputs[0])
    if node.attributes.get("resize_if_index_out_of_bounds"):
        found = reaching(b, found, inputs[1])
    return [found.put(b, inputs[1], inputs[2])]


def reaching(b: Builder, found: TensorList, place: Value) -> TensorList:
    """The list with more places where it has too few for this one."""
    more = b.Max(size_of(b, found), b.Add(b.cast(place, "int64"), 1))
    places = number_of(more)
    return _resized(b, found, more if places is None else places)


@graph_op("TensorListPushBack")
def push_back(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The list with an element more."""
    return [as_list(inputs[0]).push(walk.b, inputs[1])]


@graph_op("TensorListPopBack")
def pop_back(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The list without its last element, and that."""
    b, found = walk.b, as_list(inputs[0])
    size = found.size - 1 if isinstance(found.size, int) else b.Sub(found.size, 1)
    if found.stacked is None and found.written:
        return [replace(found, written=found.written[:-1], size=size), found.written[-1][1]]
    whole = found.whole(b)
    return [replace(found, stacked=b.slice(whole, 0, 0, -1), size=size), b.squeeze(b.slice(whole, 0, -1), 0)]


@graph_op("TensorListLength")
def length(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """How many elements a list has."""
    return [as_list(inputs[0]).length(walk.b)]


@graph_op("TensorListElementShape")
def element_shape(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The shape of the elements as far as the list knows it."""
    element = as_list(inputs[0]).element
    return [walk.b.const([-1 if d is None else d for d in element] if element is not None else -1, node.attributes["shape_type"])]


@graph_op("TensorListGather")
def gather(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Some elements along axis 0."""
    return [walk.b.Gather(as_list(inputs[0]).whole(walk.b), inputs[1], axis=0)]


@graph_op("TensorListScatter", "TensorListScatterV2")
def scatter(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """A list of the slices of a tensor, each in a place of its own."""
    b, x, places = walk.b, inputs[0], inputs[1]
    size: Place = b.Add(b.reshape(b.ReduceMax(b.cast(places, "int64"), keepdims=0), []), 1)
    if len(inputs) > 3 and not (inputs[3].const is not None and int(inputs[3].array()) < 0):
        size = b.cast(inputs[3], "int64")
    start = TensorList(x.dtype, x.shape[1:], size if number_of(size) is None else number_of(size) or 0)
    return [scattered(b, start, places, x)]


@graph_op("TensorListScatterIntoExistingList")
def scatter_into(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """A list with the slices of a tensor in some places."""
    return [scattered(walk.b, as_list(inputs[0]), inputs[2], inputs[1])]


def scattered(b: Builder, into: TensorList, places: Value, x: Value) -> TensorList:
    if into.fresh and counts_up(b, places):
        return replace(into, stacked=x, element=x.shape[1:])
    if into.fresh:
        base = b.zeros([length_of(b, into.size), *b.dims(x)[1:]], x.dtype)
    else:
        base = into.whole(b)
    return replace(into, stacked=b.ScatterND(base, b.unsqueeze(b.cast(places, "int64"), 1), x), written=(), element=x.shape[1:])


def counts_up(b: Builder, places: Value) -> bool:
    """True for 0, 1, 2 ..."""
    if places.const is not None:
        return bool(places.array().tolist() == list(range(places.shape[0] or 0)))
    made = b.maker(places)
    if made is not None and made.kind == "Cast" and made.inputs[0] is not None:
        return counts_up(b, made.inputs[0])
    if made is None or made.kind != "Range":
        return False
    start, _, step = made.inputs
    return all(v is not None and v.const is not None and int(v.array()) == n for v, n in ((start, 0), (step, 1)))


@graph_op("TensorListConcat", "TensorListConcatV2")
def concat(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """All elements one behind the other along their first axis, and how long each is."""
    b, found = walk.b, as_list(inputs[0])
    if found.stacked is None and found.written and all(number_of(place) == i for i, (place, _) in enumerate(found.written)):
        parts = [value for _, value in found.written]
        sizes = b.vector([b.dim(part, 0) for part in parts])
        return [parts[0] if len(parts) == 1 else b.Concat(*parts, axis=0), sizes]
    whole = found.whole(b)
    joined = b.reshape(whole, [-1, *b.dims(whole)[2:]])
    return [joined, b.Expand(b.vector([b.dim(whole, 1)]), b.vector([b.dim(whole, 0)]))]


@graph_op("TensorListSplit")
def split(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """A list of parts of a tensor."""
    return [parts(walk.b, inputs[0], inputs[2])]


def parts(b: Builder, x: Value, lengths_of: Value) -> TensorList:
    """Parts of a tensor along axis 0, of these lengths. Where they differ, the parts are what was written into the list."""
    sizes = number(lengths_of, "the lengths of the parts of a list")
    if len(set(sizes)) <= 1:
        return of_tensor(b, b.reshape(x, [len(sizes), sizes[0] if sizes else 0, *b.dims(x)[1:]]))
    ends = np.cumsum(sizes).tolist()
    written = tuple((i, b.slice(x, 0, end - size, end)) for i, (size, end) in enumerate(zip(sizes, ends, strict=True)))
    return TensorList(x.dtype, (None, *x.shape[1:]), len(sizes), written=written)


@graph_op("TensorListConcatLists")
def concat_lists(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """One list behind the other."""
    b = walk.b
    one, other = (as_list(thing).whole(b) for thing in inputs)
    return [of_tensor(b, b.Concat(one, other, axis=0))]


@graph_op("TensorListResize")
def resize(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The list with another number of places; new ones hold 0."""
    size = number_of(inputs[1])
    return [_resized(walk.b, as_list(inputs[0]), walk.b.cast(inputs[1], "int64") if size is None else size)]


def _resized(b: Builder, found: TensorList, size: Place) -> TensorList:
    count = number_of(size)
    if count is not None and count == number_of(found.size):
        return found
    if found.stacked is not None:
        more = b.Sub(b.vector([length_of(b, size)]), b.vector([b.dim(found.stacked, 0)]))
        return replace(found, size=size, stacked=b.pad(found.stacked, [0], [0], [more]))
    if count is not None:
        found = replace(found, written=tuple(pair for pair in found.written if (number_of(pair[0]) or 0) < count))
    return replace(found, size=size)


def _shape(walk: GraphWalk, given: Any) -> Shape | None:
    """A shape as a list takes it: a vector, or -1 for any."""
    if not isinstance(given, Value):
        return given if given is None else tuple(given)
    if given.rank == 0:
        return None
    return known(lengths(walk.b, given))


def as_list(thing: Thing) -> TensorList:
    """The list that is wanted. Raises Unknown for one that nothing is known of."""
    if isinstance(thing, Handle):
        return thing.start
    if thing is None:
        raise Unknown
    if not isinstance(thing, TensorList):
        raise ModelError("a list of tensors is wanted where there is none")
    return thing
