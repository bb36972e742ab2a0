"""Lists of tensors: TensorList of TensorFlow 2, TensorArray of TensorFlow 1.

tensorflow/core/ops/list_ops.cc, data_flow_ops.cc. A list is one tensor with its elements along axis 0, or, before it has one, the
elements that were written into it. A list that a loop writes in the order of its rounds is what an ONNX Loop stacks by itself; any
other that a loop changes is a variable of the loop, which must have elements of a known shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Node
from loadstone.ir.records import dataclass, field, replace
from loadstone.lowering.block import Op, Shape, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import known, lengths, number
from loadstone.lowering.tensorflow.walk import GraphWalk, Resource, Thing, Unknown, graph_op

Place = Value | int
MAX_STACKED = 1 << 14  # places of a list that are put together one by one


@dataclass(eq=False)
class Noticed:
    """What a round of a loop did with a list that is the same for every round: read an element, asked for its length; what it wrote."""

    read: bool = False
    length: bool = False
    element: Shape | None = None


@dataclass(eq=False, frozen=True)
class TensorList(Resource):
    """A list. element is the shape of its elements as far as it is known; size the number that it has, an int64 scalar or a number.

    stacked holds all elements, None where nothing was written before; written are the elements put in since, each with its place. grows
    is true where an element may be put behind the last. origin is, inside a loop, the list that a round begins with, and noticed what
    the round did with it.
    """

    dtype: str
    element: Shape | None
    size: Place
    stacked: Value | None = None
    written: tuple[tuple[Place, Value], ...] = ()
    grows: bool = False
    origin: TensorList | None = None
    noticed: Noticed = field(default_factory=Noticed)

    # -- as an op sees it -------------------------------------------------------------------------------------------

    def put(self, b: Builder, place: Place, value: Value) -> TensorList:
        """The list with an element in a place."""
        element = self._with(value)
        if self.stacked is None:
            return replace(self, element=element, written=(*self.written, (place, value)))
        index = b.reshape(b.cast(_value(b, place), "int64"), [1, 1])
        size, stacked = self.size, self.stacked
        stacked = b.ScatterND(stacked, index, b.unsqueeze(value, 0))
        return replace(self, element=element, stacked=stacked, size=size)

    def push(self, b: Builder, value: Value) -> TensorList:
        """The list with one element more."""
        element = self._with(value)
        size = self.size + 1 if isinstance(self.size, int) else b.Add(self.size, 1)
        if self.stacked is None:
            return replace(self, element=element, written=(*self.written, (self.size, value)), size=size)
        return replace(self, element=element, stacked=b.Concat(self.stacked, b.unsqueeze(value, 0), axis=0), size=size)

    def _with(self, value: Value) -> Shape:
        """The shape of the elements, of which this is one."""
        element = value.shape if self.element is None else _merged(self.element, value.shape)
        self.noticed.element = element
        return element

    def get(self, b: Builder, place: Value) -> Value:
        """An element."""
        if self.stacked is None and place.const is not None:
            found = [value for where, value in self.written if _number(where) == int(place.array())]
            if found:
                return found[-1]
        return b.Gather(self.whole(b), b.cast(place, "int64"), axis=0)

    def whole(self, b: Builder) -> Value:
        """All elements along axis 0; what was never written is 0."""
        if self.stacked is not None:
            return self.stacked
        if self.origin is not None:
            self.noticed.read = True
            raise _ReadInside
        by_place = {_number(place): value for place, value in self.written}
        size = _number(self.size)
        if None not in by_place and size is not None and by_place and size <= max(MAX_STACKED, len(by_place)):
            first = next(iter(by_place.values()))
            empty = b.zeros(b.dims(first), self.dtype) if len(by_place) < size else first
            return _stack(b, [by_place.get(i, empty) for i in range(size)])
        if self.written:
            dims = b.dims(self.written[0][1])
        elif self.element is None or None in self.element:
            raise UnsupportedAttribute("a list whose elements have no known shape is read before they are written")
        else:
            dims = [d or 0 for d in self.element]
        start = replace(self, written=(), stacked=b.zeros([_length(b, self.size), *dims], self.dtype))
        for place, value in self.written:
            start = start.put(b, place, value)
        assert start.stacked is not None
        return start.stacked

    def length(self, b: Builder) -> Value:
        """How many elements there are, an int32 scalar."""
        self.noticed.length = True
        if isinstance(self.size, int):
            return b.const(self.size, "int32")
        return b.cast(self.size, "int32")

    def of(self, b: Builder, stacked: Value, sized: bool = False) -> TensorList:
        """A list with these elements; sized: as many as there are, and not as many as before."""
        size = _of_tensor(b, stacked).size if sized else self.size
        return replace(self, element=stacked.shape[1:], stacked=stacked, written=(), origin=None, size=size)

    # -- as a variable of a loop ------------------------------------------------------------------------------------

    @property
    def fresh(self) -> bool:
        """True where nothing was written yet."""
        return self.stacked is None and not self.written

    def inside(self, b: Builder, state: Shape | None, sized: bool = False) -> TensorList:
        """What a round of a loop begins with: a list of its own, or (state) a variable of this shape, (sized) whose length changes."""
        if state is not None:
            return self.of(b, Value(b.unique("list"), state, self.dtype), sized)
        return replace(self, written=(), origin=self, noticed=Noticed())

    def filled(self, b: Builder, scanned: Value) -> TensorList:
        """The list after a loop that wrote an element a round; places that no round reached are 0."""
        if self.grows:
            size = b.reshape(b.Shape(scanned, start=0, end=1), [])
            return replace(self, stacked=scanned, size=size, element=scanned.shape[1:], written=(), origin=None)
        have = b.dim(scanned, 0)
        more = b.Sub(b.reshape(b.vector([_length(b, self.size)]), [1]), b.vector([have]))
        padded = (
            b.pad(scanned, [0], [0], [more])
            if scanned.dtype != "bool"
            else b.cast(b.pad(b.cast(scanned, "int32"), [0], [0], [more]), "bool")
        )
        return replace(self, stacked=padded, element=scanned.shape[1:], written=(), origin=None)


class _ReadInside(UnsupportedAttribute):
    """A list is read in the loop that writes it."""

    def __init__(self) -> None:
        super().__init__("a list that is read in the loop that writes it, and whose elements have no known shape")


@dataclass(eq=False, frozen=True)
class Handle(Resource):
    """A TensorArray itself; what is in it flows beside it."""

    start: TensorList


@dataclass(frozen=True)
class Written:
    """What each round of a loop writes into a list: an element, into the place of the round, or always into the same (place)."""

    element: Value
    place: int | None = None


def written(after: TensorList, rounds: Sequence[tuple[Thing, Thing, Thing]], ops: list[Op]) -> Written | None:
    """What each round writes, where that is one element and none is read.

    rounds are the variables of the loop: before it, in a round, after the round.
    """
    start = after.origin
    if start is None or not start.fresh or start.origin is not None or len(after.written) != 1:
        return None
    place, value = after.written[0]
    if start.grows and place is start.size:
        return Written(value) if _number(start.size) == 0 else None
    same = _number(place)
    if same is not None:
        return Written(value, same)
    for before, inside, now in rounds:
        if inside is place and isinstance(before, Value) and before.const is not None and int(before.array()) == 0:
            step = next((op for op in ops if now in op.outputs and op.kind == "Add" and place in op.inputs), None)
            others = [v for v in step.inputs if v is not place] if step is not None else []
            if len(others) == 1 and others[0] is not None and others[0].const is not None and int(others[0].array()) == 1:
                return Written(value)
    return None


def _merged(one: Shape, other: Shape) -> Shape:
    if len(one) != len(other):
        raise ModelError(f"an element of shape {other} in a list of elements of shape {one}")
    return tuple(a if a == b else a if b is None else b if a is None else None for a, b in zip(one, other, strict=True))


def _number(place: Place) -> int | None:
    if isinstance(place, int):
        return place
    return int(place.array().reshape(-1)[0]) if place.const is not None else None


def _value(b: Builder, place: Place) -> Value:
    return b.const(place) if isinstance(place, int) else place


def _length(b: Builder, size: Place) -> int | Value:
    number_of = _number(size)
    return number_of if number_of is not None else b.reshape(b.cast(_value(b, size), "int64"), [1])


def _stack(b: Builder, values: Sequence[Value]) -> Value:
    rows = [b.unsqueeze(value, 0) for value in values]
    return rows[0] if len(rows) == 1 else b.Concat(*rows, axis=0)


def _shape(walk: GraphWalk, given: Any) -> Shape | None:
    """A shape as a list takes it: a vector, or -1 for any."""
    if not isinstance(given, Value):
        return given if given is None else tuple(given)
    if given.rank == 0:
        return None
    return known(lengths(walk.b, given))


def _as_list(thing: Thing) -> TensorList:
    if isinstance(thing, Handle):
        return thing.start
    if thing is None:
        raise Unknown
    if not isinstance(thing, TensorList):
        raise ModelError("a list of tensors is wanted where there is none")
    return thing


# -- TensorFlow 2 -----------------------------------------------------------------------------------------------------


@graph_op("TensorListReserve")
def reserve(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """A list with so many places."""
    size = inputs[1]
    count = _number(size)
    return [TensorList(node.attributes["element_dtype"], _shape(walk, inputs[0]), walk.b.cast(size, "int64") if count is None else count)]


@graph_op("EmptyTensorList")
def empty(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """A list without an element."""
    return [TensorList(node.attributes["element_dtype"], _shape(walk, inputs[0]), 0, grows=True)]


@graph_op("TensorListFromTensor")
def from_tensor(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The slices of a tensor."""
    x = inputs[0]
    return [_of_tensor(walk.b, x)]


def _of_tensor(b: Builder, x: Value) -> TensorList:
    size = x.shape[0]
    return TensorList(x.dtype, x.shape[1:], b.reshape(b.Shape(x, start=0, end=1), []) if size is None else size, x)


@graph_op("TensorListStack")
def stack(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """All elements along axis 0."""
    found, shape = _as_list(inputs[0]), _shape(walk, inputs[1])
    if found.element is None and found.fresh and shape is not None:
        found = replace(found, element=shape)
    return [found.whole(walk.b)]


@graph_op("TensorListGetItem")
def get_item(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """An element."""
    return [_as_list(inputs[0]).get(walk.b, inputs[1])]


@graph_op("TensorListSetItem")
def set_item(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The list with another element in a place, which may be behind the last one where the list grows."""
    b, found = walk.b, _as_list(inputs[0])
    if node.attributes.get("resize_if_index_out_of_bounds"):
        found = _reaching(b, found, inputs[1])
    return [found.put(b, inputs[1], inputs[2])]


def _reaching(b: Builder, found: TensorList, place: Value) -> TensorList:
    """The list with more places where it has too few for this one."""
    more = b.Max(size_of(b, found), b.Add(b.cast(place, "int64"), 1))
    places = _number(more)
    return _resized(b, found, more if places is None else places)


@graph_op("TensorListPushBack")
def push_back(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The list with an element more."""
    return [_as_list(inputs[0]).push(walk.b, inputs[1])]


@graph_op("TensorListPopBack")
def pop_back(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The list without its last element, and that."""
    b, found = walk.b, _as_list(inputs[0])
    size = found.size - 1 if isinstance(found.size, int) else b.Sub(found.size, 1)
    if found.stacked is None and found.written:
        return [replace(found, written=found.written[:-1], size=size), found.written[-1][1]]
    whole = found.whole(b)
    return [replace(found, stacked=b.slice(whole, 0, 0, -1), size=size), b.squeeze(b.slice(whole, 0, -1), 0)]


@graph_op("TensorListLength")
def length(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """How many elements a list has."""
    return [_as_list(inputs[0]).length(walk.b)]


@graph_op("TensorListElementShape")
def element_shape(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The shape of the elements as far as the list knows it."""
    element = _as_list(inputs[0]).element
    return [walk.b.const([-1 if d is None else d for d in element] if element is not None else -1, node.attributes["shape_type"])]


@graph_op("TensorListGather")
def gather(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Some elements along axis 0."""
    return [walk.b.Gather(_as_list(inputs[0]).whole(walk.b), inputs[1], axis=0)]


@graph_op("TensorListScatter", "TensorListScatterV2")
def scatter(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """A list of the slices of a tensor, each in a place of its own."""
    b, x, places = walk.b, inputs[0], inputs[1]
    size: Place = b.Add(b.reshape(b.ReduceMax(b.cast(places, "int64"), keepdims=0), []), 1)
    if len(inputs) > 3 and not (inputs[3].const is not None and int(inputs[3].array()) < 0):
        size = b.cast(inputs[3], "int64")
    start = TensorList(x.dtype, x.shape[1:], size if _number(size) is None else _number(size) or 0)
    return [_scattered(b, start, places, x)]


@graph_op("TensorListScatterIntoExistingList")
def scatter_into(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """A list with the slices of a tensor in some places."""
    return [_scattered(walk.b, _as_list(inputs[0]), inputs[2], inputs[1])]


def _scattered(b: Builder, into: TensorList, places: Value, x: Value) -> TensorList:
    if into.fresh and _counts_up(b, places):
        return replace(into, stacked=x, element=x.shape[1:])
    if into.fresh:
        base = b.zeros([_length(b, into.size), *b.dims(x)[1:]], x.dtype)
    else:
        base = into.whole(b)
    return replace(into, stacked=b.ScatterND(base, b.unsqueeze(b.cast(places, "int64"), 1), x), written=(), element=x.shape[1:])


def _counts_up(b: Builder, places: Value) -> bool:
    """True for 0, 1, 2 ..."""
    if places.const is not None:
        return bool(places.array().tolist() == list(range(places.shape[0] or 0)))
    made = b.maker(places)
    if made is not None and made.kind == "Cast" and made.inputs[0] is not None:
        return _counts_up(b, made.inputs[0])
    if made is None or made.kind != "Range":
        return False
    start, _, step = made.inputs
    return all(v is not None and v.const is not None and int(v.array()) == n for v, n in ((start, 0), (step, 1)))


@graph_op("TensorListConcat", "TensorListConcatV2")
def concat(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """All elements one behind the other along their first axis, and how long each is."""
    b, found = walk.b, _as_list(inputs[0])
    if found.stacked is None and found.written and all(_number(place) == i for i, (place, _) in enumerate(found.written)):
        parts = [value for _, value in found.written]
        sizes = b.vector([b.dim(part, 0) for part in parts])
        return [parts[0] if len(parts) == 1 else b.Concat(*parts, axis=0), sizes]
    whole = found.whole(b)
    joined = b.reshape(whole, [-1, *b.dims(whole)[2:]])
    return [joined, b.Expand(b.vector([b.dim(whole, 1)]), b.vector([b.dim(whole, 0)]))]


@graph_op("TensorListSplit")
def split(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """A list of parts of a tensor."""
    return [_parts(walk.b, inputs[0], inputs[2])]


def _parts(b: Builder, x: Value, lengths_of: Value) -> TensorList:
    """Parts of a tensor along axis 0, of these lengths. Where they differ, the parts are what was written into the list."""
    sizes = number(lengths_of, "the lengths of the parts of a list")
    if len(set(sizes)) <= 1:
        return _of_tensor(b, b.reshape(x, [len(sizes), sizes[0] if sizes else 0, *b.dims(x)[1:]]))
    ends = np.cumsum(sizes).tolist()
    written = tuple((i, b.slice(x, 0, end - size, end)) for i, (size, end) in enumerate(zip(sizes, ends, strict=True)))
    return TensorList(x.dtype, (None, *x.shape[1:]), len(sizes), written=written)


@graph_op("TensorArraySplitV3", "TensorArraySplitV2")
def array_split(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Parts of a tensor, each in a place of its own."""
    _, x, sizes, _ = inputs
    return [_parts(walk.b, x, sizes)]


@graph_op("TensorListConcatLists")
def concat_lists(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """One list behind the other."""
    b = walk.b
    one, other = (_as_list(thing).whole(b) for thing in inputs)
    return [_of_tensor(b, b.Concat(one, other, axis=0))]


@graph_op("TensorListResize")
def resize(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The list with another number of places; new ones hold 0."""
    size = _number(inputs[1])
    return [_resized(walk.b, _as_list(inputs[0]), walk.b.cast(inputs[1], "int64") if size is None else size)]


def _resized(b: Builder, found: TensorList, size: Place) -> TensorList:
    count = _number(size)
    if count is not None and count == _number(found.size):
        return found
    if found.stacked is not None:
        more = b.Sub(b.vector([_length(b, size)]), b.vector([b.dim(found.stacked, 0)]))
        return replace(found, size=size, stacked=b.pad(found.stacked, [0], [0], [more]))
    if count is not None:
        found = replace(found, written=tuple(pair for pair in found.written if (_number(pair[0]) or 0) < count))
    return replace(found, size=size)


def same_size(one: TensorList, other: TensorList) -> bool:
    """True for two lists that are known to have equally many elements."""
    return one.size is other.size or (_number(one.size) is not None and _number(one.size) == _number(other.size))


def written_alike(one: Thing, other: Thing) -> bool:
    """True for two lists that are the same but for the elements that were put into the same places."""
    if not (isinstance(one, TensorList) and isinstance(other, TensorList)) or one.stacked is not None or other.stacked is not None:
        return False
    places = [(a, b) for (a, _), (b, _) in zip(one.written, other.written, strict=False)]
    same = all(a is b or (_number(a) is not None and _number(a) == _number(b)) for a, b in places)
    return len(one.written) == len(other.written) and same and one.origin is other.origin and same_size(one, other)


def differ_in_size(one: Thing, other: Thing) -> bool:
    """True for two lists of the same elements of which one was given another size."""
    if not (isinstance(one, TensorList) and isinstance(other, TensorList)) or one is other:
        return False
    return one.stacked is other.stacked and one.written == other.written and one.origin is other.origin and one.dtype == other.dtype


def size_of(b: Builder, found: TensorList) -> Value:
    """The number of places of a list, an int64 scalar."""
    return b.cast(_value(b, found.size), "int64")


# -- TensorFlow 1 -----------------------------------------------------------------------------------------------------


@graph_op("TensorArrayV3", "TensorArrayV2", "TensorArray")
def array(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """A TensorArray: itself, and the flow of what is in it."""
    shape, size = node.attributes.get("element_shape"), inputs[0]
    count = _number(size)
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
    found = _as_list(flow)
    if found.grows and place is not None:
        found = _reaching(walk.b, found, place)
    return [found.put(walk.b, place, value)]


@graph_op("TensorArrayReadV3", "TensorArrayReadV2")
def read(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """An element."""
    return [_as_list(inputs[2]).get(walk.b, inputs[1])]


@graph_op("TensorArrayGatherV3", "TensorArrayGatherV2")
def array_gather(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Some elements along axis 0."""
    _, places, flow = inputs
    whole = _as_list(flow).whole(walk.b)
    return [whole if _counts_up(walk.b, places) else walk.b.Gather(whole, places, axis=0)]


@graph_op("TensorArrayScatterV3", "TensorArrayScatterV2")
def array_scatter(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Slices of a tensor, each into a place of its own."""
    _, places, x, flow = inputs
    return [_scattered(walk.b, _as_list(flow), places, x)]


@graph_op("TensorArraySizeV3", "TensorArraySizeV2")
def array_size(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """How many places there are."""
    return [_as_list(inputs[1]).length(walk.b)]


@graph_op("TensorArrayConcatV3", "TensorArrayConcatV2")
def array_concat(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """All elements one behind the other."""
    return list(concat(walk, node, [inputs[1]]) or ())


@graph_op("TensorArrayCloseV3", "TensorArrayCloseV2")
def close(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Nothing."""
    return []
