"""SavedModel and MetaGraphDef as messages (tensorflow/core/protobuf/saved_model.proto, meta_graph.proto, saved_object_graph.proto)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from loadstone.containers import graph_proto, tensor_proto
from loadstone.containers.graph_proto import GraphDef, entries, shape, string, type_name
from loadstone.containers.wire import content, fields, integer, text
from loadstone.errors import UnsafeContent
from loadstone.ir import Tensor
from loadstone.ir.records import dataclass, field

MAX_DEPTH = 64  # structures inside structures


@dataclass(frozen=True)
class TensorInfo:
    """An input or output of a signature: the tensor's name, or names of the parts of one that is no plain tensor."""

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class SignatureDef:
    """Inputs and outputs by their own names; method is what TensorFlow Serving asks of it, defaults what inputs are that nobody gives."""

    inputs: dict[str, TensorInfo]
    outputs: dict[str, TensorInfo]
    method: str
    defaults: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SavedObject:
    """An object of the graph of objects: children by name, and what it is.

    kind is the field of the message: "user_object", "asset", "function", "variable", "bare_concrete_function", "constant", "resource" ...
    """

    children: dict[str, int]
    kind: str
    message: memoryview = field(repr=False)

    def texts(self, number: int) -> list[str]:
        """The strings of a field of what it is."""
        return [text(value) for n, value in fields(self.message) if n == number]

    def integers(self, number: int) -> list[int]:
        """The numbers of a field of what it is."""
        return [integer(value) for n, value in fields(self.message) if n == number]


@dataclass(frozen=True, eq=False)
class MetaGraph:
    """One graph of a SavedModel with what belongs to it; each part is read when it is asked for."""

    message: memoryview = field(repr=False)

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """What it is for: ("serve",)."""
        return tuple(text(v) for n, v in fields(self._info) if n == 4)

    @cached_property
    def version(self) -> str | None:
        """The release of TensorFlow that wrote it."""
        return next((text(v) for n, v in fields(self._info) if n == 5), None)

    @cached_property
    def graph(self) -> GraphDef:
        """Its nodes and functions."""
        return graph_proto.graph(self.graph_message)

    @property
    def graph_message(self) -> memoryview:
        """The GraphDef."""
        return self._part(2)

    @cached_property
    def saver(self) -> tuple[str, str]:
        """The tensor that takes the checkpoint's name, and the node that restores all variables; empty where there is none."""
        found = dict(fields(self._part(3)))
        empty = memoryview(b"")
        return text(found.get(1, empty)), text(found.get(3, empty))

    @cached_property
    def collections(self) -> dict[str, list[Any]]:
        """Names of nodes, or bytes, by the name of the collection."""
        found: dict[str, list[Any]] = {}
        for key, value in entries(self.message, 4):
            for number, kind in fields(content(value)):
                if number == 1:
                    found[key] = [string(v) for n, v in fields(content(kind)) if n == 1]
                elif number == 2:
                    found[key] = [bytes(content(v)) for n, v in fields(content(kind)) if n == 1]
                elif number == 5:
                    found[key] = [dict(fields(content(v))).get(2, memoryview(b"")) for n, v in fields(content(kind)) if n == 1]
        return found

    @cached_property
    def signatures(self) -> dict[str, SignatureDef]:
        """The signatures by name, in the order of their names."""
        return dict(sorted((key, signature(content(value))) for key, value in entries(self.message, 5)))

    @cached_property
    def assets(self) -> dict[str, str]:
        """Names of files in the folder `assets` by the name of the tensor that holds their path."""
        found = {}
        listed = [v for n, v in fields(self.message) if n == 6]  # TensorFlow 1 has them in a collection
        for value in (*listed, *(v for v in self.collections.get("saved_model_assets", []) if isinstance(v, memoryview))):
            parts = dict(fields(content(value)))
            info = dict(fields(content(parts.get(1, memoryview(b"")))))
            found[text(info.get(1, memoryview(b"")))] = text(parts.get(2, memoryview(b"")))
        return found

    @cached_property
    def objects(self) -> list[SavedObject]:
        """The graph of objects that TensorFlow 2 saves; the first is the root."""
        return [_object(content(v)) for n, v in fields(self._part(7)) if n == 1]

    @cached_property
    def concrete_functions(self) -> dict[str, ConcreteFunction]:
        """Functions by name, with the objects that they have bound."""
        return {key: _concrete(content(value)) for key, value in entries(self._part(7), 2)}

    @property
    def _info(self) -> memoryview:
        return self._part(1)

    def _part(self, number: int) -> memoryview:
        return next((content(v) for n, v in fields(self.message) if n == number), memoryview(b""))


@dataclass(frozen=True)
class ConcreteFunction:
    """A function with the objects that it has bound, by their numbers, and the names of its inputs and outputs where they are told.

    inputs and outputs are StructuredValues as nested dicts, lists and (name, shape, dtype).
    """

    bound: tuple[int, ...]
    inputs: Any
    outputs: Any


_KINDS = {
    4: "user_object",
    5: "asset",
    6: "function",
    7: "variable",
    8: "bare_concrete_function",
    9: "constant",
    10: "resource",
    12: "captured_tensor",
}


def meta_graphs(message: memoryview) -> Iterator[MetaGraph]:
    """The graphs of a SavedModel."""
    for number, value in fields(message):
        if number == 2:
            yield MetaGraph(content(value))


def signature(message: memoryview) -> SignatureDef:
    """A SignatureDef."""
    method = next((text(v) for n, v in fields(message) if n == 3), "")
    infos = [{key: _info(content(value)) for key, value in entries(message, number)} for number in (1, 2)]
    defaults = {key: tensor_proto.read(content(value), key) for key, value in entries(message, 4)}
    return SignatureDef(infos[0], infos[1], method, defaults)


def _info(message: memoryview, depth: int = 0) -> TensorInfo:
    if depth > MAX_DEPTH:
        raise UnsafeContent(f"tensors made of tensors, more than {MAX_DEPTH} of them")
    found = dict(fields(message))
    parts: list[str] = []
    if 4 in found:  # a sparse tensor: values, indices, dense_shape
        sparse = dict(fields(content(found[4])))
        parts = [text(sparse.get(n, memoryview(b""))) for n in (2, 1, 3)]
    if 5 in found:  # another composite tensor, by its components
        parts = [_info(content(v), depth + 1).name for n, v in fields(content(found[5])) if n == 2]
    told = shape(content(found[3])) if 3 in found else None
    return TensorInfo(text(found.get(1, memoryview(b""))), type_name(integer(found.get(2, 0))), told, tuple(parts))


def _object(message: memoryview) -> SavedObject:
    children: dict[str, int] = {}
    kind, found = "", memoryview(b"")
    for number, value in fields(message):
        if number == 1:
            parts = dict(fields(content(value)))
            children[text(parts.get(2, memoryview(b"")))] = integer(parts.get(1, 0))
        elif number in _KINDS:
            kind, found = _KINDS[number], content(value)
    return SavedObject(children, kind, found)


def _concrete(message: memoryview) -> ConcreteFunction:
    bound: list[int] = []
    inputs = outputs = None
    for number, value in fields(message):
        if number == 2:
            bound += [integer(value)] if isinstance(value, int) else list(varints(value))
        elif number == 3:
            inputs = structured(content(value))
        elif number == 4:
            outputs = structured(content(value))
    return ConcreteFunction(tuple(bound), inputs, outputs)


def varints(packed: memoryview) -> Iterator[int]:
    """The numbers of a packed field."""
    from loadstone.containers.wire import varint

    at = 0
    while at < len(packed):
        value, at = varint(packed, at)
        yield value


@dataclass(frozen=True)
class TensorSpec:
    """A tensor in a StructuredValue."""

    name: str
    shape: tuple[int | None, ...] | None
    dtype: str


@dataclass(frozen=True)
class OtherSpec:
    """What a StructuredValue has that is neither a tensor nor a Python value, such as a ragged tensor: the number of its field."""

    number: int


def structured(message: memoryview, depth: int = 0) -> Any:
    """A StructuredValue (tensorflow/core/protobuf/struct.proto): nested lists and dicts of TensorSpecs, Python values and OtherSpecs."""
    if depth > MAX_DEPTH:
        raise UnsafeContent(f"arguments inside arguments, more than {MAX_DEPTH} of them")
    for number, value in fields(message):
        if number in (33, 38):  # tensor_spec_value, bounded_tensor_spec_value
            found = dict(fields(content(value)))
            told = shape(content(found[2])) if 2 in found else None
            return TensorSpec(text(found.get(1, memoryview(b""))), told, type_name(integer(found.get(3, 0))))
        if number in (51, 52):  # lists and tuples
            return [structured(content(v), depth + 1) for n, v in fields(content(value)) if n == 1]
        if number == 53:
            return {key: structured(content(v), depth + 1) for key, v in entries(content(value), 1)}
        if number == 54:  # a named tuple
            pairs = [dict(fields(content(v))) for n, v in fields(content(value)) if n == 2]
            return {text(pair.get(1, memoryview(b""))): structured(content(pair.get(2, memoryview(b""))), depth + 1) for pair in pairs}
        if number == 11:
            return struct.unpack("<d", struct.pack("<Q", integer(value)))[0]
        if number == 12:  # zigzag
            return integer(value) >> 1 ^ -(integer(value) & 1)
        if number == 13:
            return text(value)
        if number == 14:
            return bool(integer(value))
        return None if number == 1 else OtherSpec(number)
    return None
