"""Lists of tensors: what TensorList of TensorFlow 2 and TensorArray of TensorFlow 1 hold, outside loops and as a variable of one.

tensorflow/core/ops/list_ops.cc, data_flow_ops.cc; the ops are in `list_ops` and `tensor_arrays`. A list is one tensor with its elements
along axis 0, or, before it has one, the elements that were written into it. A list that a loop writes in the order of its rounds is what
an ONNX Loop stacks by itself; any other that a loop changes is a variable of the loop, which must have elements of a known shape.
"""

from __future__ import annotations

from collections.abc import Sequence

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir.records import dataclass, field, replace
from loadstone.lowering.block import Op, Shape, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.walk import Resource, Thing

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
            found = [value for where, value in self.written if number_of(where) == int(place.array())]
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
        by_place = {number_of(place): value for place, value in self.written}
        size = number_of(self.size)
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
        start = replace(self, written=(), stacked=b.zeros([length_of(b, self.size), *dims], self.dtype))
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
        size = of_tensor(b, stacked).size if sized else self.size
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
        more = b.Sub(b.reshape(b.vector([length_of(b, self.size)]), [1]), b.vector([have]))
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
        return Written(value) if number_of(start.size) == 0 else None
    same = number_of(place)
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


def number_of(place: Place) -> int | None:
    """A place or a size that is known now."""
    if isinstance(place, int):
        return place
    return int(place.array().reshape(-1)[0]) if place.const is not None else None


def _value(b: Builder, place: Place) -> Value:
    """A place or a size as a scalar."""
    return b.const(place) if isinstance(place, int) else place


def length_of(b: Builder, size: Place) -> int | Value:
    """A size as the length of an axis."""
    known = number_of(size)
    return known if known is not None else b.reshape(b.cast(_value(b, size), "int64"), [1])


def _stack(b: Builder, values: Sequence[Value]) -> Value:
    rows = [b.unsqueeze(value, 0) for value in values]
    return rows[0] if len(rows) == 1 else b.Concat(*rows, axis=0)


def of_tensor(b: Builder, x: Value) -> TensorList:
    """A list of the slices of a tensor."""
    size = x.shape[0]
    return TensorList(x.dtype, x.shape[1:], b.reshape(b.Shape(x, start=0, end=1), []) if size is None else size, x)


def same_size(one: TensorList, other: TensorList) -> bool:
    """True for two lists that are known to have equally many elements."""
    return one.size is other.size or (number_of(one.size) is not None and number_of(one.size) == number_of(other.size))


def written_alike(one: Thing, other: Thing) -> bool:
    """True for two lists that are the same but for the elements that were put into the same places."""
    if not (isinstance(one, TensorList) and isinstance(other, TensorList)) or one.stacked is not None or other.stacked is not None:
        return False
    places = [(a, b) for (a, _), (b, _) in zip(one.written, other.written, strict=False)]
    same = all(a is b or (number_of(a) is not None and number_of(a) == number_of(b)) for a, b in places)
    return len(one.written) == len(other.written) and same and one.origin is other.origin and same_size(one, other)


def differ_in_size(one: Thing, other: Thing) -> bool:
    """True for two lists of the same elements of which one was given another size."""
    if not (isinstance(one, TensorList) and isinstance(other, TensorList)) or one is other:
        return False
    return one.stacked is other.stacked and one.written == other.written and one.origin is other.origin and one.dtype == other.dtype


def size_of(b: Builder, found: TensorList) -> Value:
    """The number of places of a list, an int64 scalar."""
    return b.cast(_value(b, found.size), "int64")
