"""Graphs of TensorFlow as messages: GraphDef, NodeDef, FunctionDef and the values of attributes (tensorflow/core/framework/*.proto).

A message is walked down to its nodes; the attributes of a node, and the body of a function, are read when they are asked for.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any

from loadstone.containers import tensor_proto
from loadstone.containers.tensor_bundle import DTYPES
from loadstone.containers.wire import content, fields, integer, pair, signed, text, varint
from loadstone.errors import CorruptFile, LoadstoneError, UnsafeContent
from loadstone.ir import FunctionName, Tensor
from loadstone.ir.records import dataclass, field

# tensorflow/core/framework/types.proto; a reference to a tensor of a type has its number plus 100
TYPES = {
    **DTYPES,
    11: "qint8",
    12: "quint8",
    13: "qint32",
    15: "qint16",
    16: "quint16",
    20: "resource",
    21: "variant",
    29: "int4",
    30: "uint4",
}
_REFERENCE = 100
MAX_DEPTH = 32  # functions with attributes inside the attributes of functions


@dataclass(eq=False)
class NodeDef:
    """A node. Its name and op are read at once, the rest when it is asked for: most nodes of a graph never are.

    given are attributes that are known from elsewhere.
    """

    name: str
    op: str
    message: memoryview = field(repr=False)
    given: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """As "name", "name:1", "name:output:0" (in a function) or "^name" (it only runs before)."""
        return tuple(text(found) for number, found in fields(self.message) if number == 3)

    @cached_property
    def stored(self) -> dict[str, memoryview]:
        """The messages of the attributes by name."""
        return {key: content(found) for key, found in _map(self.message, 5)}

    def with_inputs(self, inputs: tuple[str, ...]) -> NodeDef:
        """The same node with other inputs."""
        made = NodeDef(self.name, self.op, self.message, self.given)
        made.inputs = inputs
        return made

    def attribute(self, name: str) -> Any:
        """The value of an attribute; KeyError where the node has none of this name."""
        raw = self.stored[name]
        try:
            return _short(bytes(raw)) if len(raw) < _SHORT and raw[:1] in _PLAIN else value(raw)
        except LoadstoneError as error:
            error.at(where=f"{self.name}.{name}")
            raise

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """All attributes but the private ones, whose names begin with an underscore."""
        return {name: self.attribute(name) for name in self.stored if not name.startswith("_") and name not in self.given} | dict(
            self.given
        )


@dataclass(frozen=True, eq=False)
class FunctionDef:
    """A function of a graph's library: its name, and the message to read when it is called."""

    name: str
    message: memoryview = field(repr=False)

    @cached_property
    def inputs(self) -> list[tuple[str, str]]:
        """Name and dtype of each argument."""
        return [_argument(content(v)) for n, v in fields(self._signature) if n == 2]

    @cached_property
    def outputs(self) -> list[tuple[str, str]]:
        """Name and dtype of each result."""
        return [_argument(content(v)) for n, v in fields(self._signature) if n == 3]

    @cached_property
    def nodes(self) -> list[NodeDef]:
        """The nodes of the body."""
        return [node(content(v)) for n, v in fields(self.message) if n == 3]

    @cached_property
    def results(self) -> dict[str, str]:
        """Name of a result to the output of a node that it is."""
        return {key: text(found) for key, found in _map(self.message, 4)}

    @cached_property
    def runs(self) -> list[str]:
        """Names of nodes that run whether a result needs them or not."""
        return [text(found) for _, found in _map(self.message, 6)]

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """The attributes of the function, private ones too."""
        return {key: value(content(found)) for key, found in _map(self.message, 5)}

    @property
    def _signature(self) -> memoryview:
        return next((content(v) for n, v in fields(self.message) if n == 1), memoryview(b""))


@dataclass(frozen=True, eq=False)
class GraphDef:
    """Nodes in the order of the file, and functions by name; producer is the version of the graph format that wrote it."""

    nodes: list[NodeDef]
    functions: dict[str, FunctionDef]
    producer: int = 0


def graph(message: memoryview) -> GraphDef:
    """A GraphDef. Raises CorruptFile."""
    nodes, functions, producer = [], {}, 0
    for number, found in fields(message):
        if number == 1:
            nodes.append(node(content(found)))
        elif number == 2:
            functions = {f.name: f for f in (_function(content(v)) for n, v in fields(content(found)) if n == 1)}
        elif number == 4:
            producer = integer(dict(fields(content(found))).get(1, 0))
    return GraphDef(nodes, functions, producer)


def node(message: memoryview) -> NodeDef:
    """A NodeDef; its name and op are what is read of it."""
    name = op = ""
    for number, found in fields(message):
        if number == 1:
            name = text(found)
        elif number == 2:
            op = text(found)
        elif name and op:
            break
    return NodeDef(name, op, message)


def _function(message: memoryview) -> FunctionDef:
    for number, found in fields(message):
        if number == 1:
            return FunctionDef(next((text(v) for n, v in fields(content(found)) if n == 1), ""), message)
    raise CorruptFile("a function without a signature")


def _argument(message: memoryview) -> tuple[str, str]:
    found = dict(fields(message))
    return text(found.get(1, memoryview(b""))), type_name(integer(found.get(3, 0)))


def _map(message: memoryview, number: int) -> Iterator[tuple[str, Any]]:
    """The entries of a map field."""
    for n, entry in fields(message):
        if n == number:
            key, found = pair(content(entry))
            yield text(key), found


entries = _map


def type_name(number: int) -> str:
    """The name of a dtype; that of the tensor for a reference; "type 99" for one that TensorFlow's sources do not have."""
    plain = number - _REFERENCE if number > _REFERENCE else number
    return TYPES.get(plain, f"type {number}")


def value(message: memoryview, depth: int = 0) -> Any:
    """An AttrValue as a plain value: text, number, dtype name, shape (None where the rank is free), Tensor, FunctionName, list."""
    if depth > MAX_DEPTH:
        raise UnsafeContent(f"attributes inside attributes, more than {MAX_DEPTH} of them")
    for number, found in fields(message):
        if number == 1:
            return _list(content(found), depth)
        if number == _FUNCTION:
            return _named(content(found), depth)
        if number in _SCALARS:
            return _SCALARS[number](found)
    return None  # an empty message: a field at its default


_short = lru_cache(4096)(value)


def string(raw: Any) -> str:
    """Text of any bytes: those that are no UTF-8 are lone surrogates, as in names of files."""
    return bytes(content(raw)).decode("utf8", "surrogateescape")


def shape(message: memoryview) -> tuple[int | None, ...] | None:
    """A TensorShapeProto."""
    dims: list[int | None] = []
    for number, found in fields(message):
        if number == 3 and found:
            return None
        if number == 2:
            size = signed(integer(dict(fields(content(found))).get(1, 0)))
            dims.append(None if size < 0 else size)
    return tuple(dims)


def _float(found: Any) -> float:
    bits = integer(found)
    if bits >> 32:
        raise CorruptFile("a protobuf field holds 64 bits where a float belongs")
    return float(struct.unpack("<f", struct.pack("<I", bits))[0])


def _named(message: memoryview, depth: int) -> FunctionName:
    name = next((text(v) for n, v in fields(message) if n == 1), "")
    return FunctionName(name, {key: value(content(found), depth + 1) for key, found in _map(message, 2)})


def _tensor(found: Any) -> Tensor:
    return tensor_proto.read(content(found))


_SCALARS: dict[int, Callable[[Any], Any]] = {
    2: string,
    3: lambda found: signed(integer(found)),
    4: _float,
    5: lambda found: bool(integer(found)),
    6: lambda found: type_name(integer(found)),
    7: lambda found: shape(content(found)),
    8: _tensor,
}
_FUNCTION, _FUNCTION_IN_LIST = 10, 9
_SHORT = 16  # bytes of a message that many nodes have the same of
_PLAIN = frozenset(bytes([tag]) for tag in (0x12, 0x18, 0x25, 0x28, 0x30, 0x3A))  # how text, numbers, dtypes and shapes begin
_PACKED = (3, 5, 6)


def _list(message: memoryview, depth: int) -> list[Any]:
    """A ListValue: one field holds them all, numbers one by one or packed."""
    values: list[Any] = []
    for number, found in fields(message):
        if number == _FUNCTION_IN_LIST:
            values.append(_named(content(found), depth))
        elif isinstance(found, int) or number in (2, 7, 8):
            values += [_SCALARS[number](found)] if number in _SCALARS else []
        elif number == 4:
            values += [one[0] for one in struct.iter_unpack("<f", found[: len(found) // 4 * 4])]
        elif number in _PACKED:
            at = 0
            while at < len(found):
                one, at = varint(found, at)
                values.append(_SCALARS[number](one))
    return values
