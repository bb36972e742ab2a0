"""Graphs of TensorFlow as messages, written: GraphDef, NodeDef, FunctionDef and the values of attributes.

tensorflow/core/framework/*.proto; the values are those that `graph_proto` reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from loadstone.containers import wire
from loadstone.containers.graph_proto import TYPES
from loadstone.containers.wire import delimited, mapped, number, string
from loadstone.errors import ModelError
from loadstone.ir import FunctionName, Tensor
from loadstone.ir.records import dataclass

TYPE_NUMBERS = {name: number for number, name in TYPES.items()}
_CONTROL_RETURNS = 12  # the version that readers of functions need at least (tensorflow/core/public/version.h)


def type_number(dtype: str) -> int:
    """The number of a dtype. Raises ModelError for one that TensorFlow does not have."""
    if dtype not in TYPE_NUMBERS:
        raise ModelError(f"TensorFlow has no type {dtype!r}")
    return TYPE_NUMBERS[dtype]


def shape(sizes: Sequence[int | None] | None) -> bytes:
    """A TensorShapeProto; None is free."""
    if sizes is None:
        return number(3, 1)
    return b"".join(delimited(2, b"" if size == 0 else number(1, -1 if size is None else size)) for size in sizes)


def tensor(value: Tensor, dtype: str | None = None) -> bytes:
    """A TensorProto. dtype is that of the attribute, which may be quantized."""
    head = number(1, type_number(dtype or value.dtype)) + delimited(2, shape(value.shape))
    array = value.numpy()
    if value.dtype == "string":
        texts = (item if isinstance(item, bytes) else str(item).encode() for item in array.reshape(-1).tolist())
        return head + b"".join(delimited(8, text) for text in texts)
    if array.dtype.kind != "V" and array.dtype.itemsize > 1:
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return head + delimited(4, np.ascontiguousarray(array).tobytes())


def attribute(value: Any, kind: str = "") -> bytes:
    """An AttrValue. kind is that of the op's registration ("int", "list(shape)"); by the value where there is none."""
    kind = kind or _kind(value)
    if kind.startswith("list("):
        return delimited(1, b"".join(_IN_LISTS[kind[5:-1]](one) for one in value))
    return _SCALARS[kind](value)


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return f"list({_kind(value[0])})" if value else "list(int)"
    for type_, kind in (
        (bool, "bool"),
        (int, "int"),
        (float, "float"),
        ((str, bytes), "string"),
        (Tensor, "tensor"),
        (FunctionName, "func"),
    ):
        if isinstance(value, type_):
            return kind
    return "shape"


def _text(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf8", "surrogateescape")


def _called(value: FunctionName) -> bytes:
    return string(1, value.name) + mapped(2, {key: attribute(one) for key, one in value.attributes.items()})


_SCALARS: dict[str, Callable[[Any], bytes]] = {
    "string": lambda value: delimited(2, _text(value)),
    "int": lambda value: number(3, int(value)),
    "float": lambda value: wire.single(4, value),
    "bool": lambda value: number(5, bool(value)),
    "type": lambda value: number(6, type_number(value)),
    "shape": lambda value: delimited(7, shape(value)),
    "tensor": lambda value: delimited(8, tensor(value)),
    "func": lambda value: delimited(10, _called(value)),
}
# numbers one by one, which every reader takes
_IN_LISTS: dict[str, Callable[[Any], bytes]] = {**_SCALARS, "func": lambda value: delimited(9, _called(value))}


def node(name: str, op: str, inputs: Iterable[str] = (), attributes: Mapping[str, bytes] | None = None) -> bytes:
    """A NodeDef; attributes are AttrValues."""
    return string(1, name) + string(2, op) + b"".join(string(3, one) for one in inputs) + mapped(5, attributes or {})


@dataclass(frozen=True)
class Argument:
    """An argument or result of a function. known is its shape, where it has one; label what a user calls it."""

    name: str
    dtype: str
    known: tuple[int | None, ...] | None = None
    label: str = ""


def function(
    name: str,
    inputs: Sequence[Argument],
    outputs: Sequence[Argument],
    nodes: Sequence[bytes],
    results: Mapping[str, str],
    runs: Sequence[str] = (),
    stateful: bool = False,
) -> bytes:
    """A FunctionDef. results are the outputs of nodes by the names of the outputs, runs the nodes that run in any case."""
    signature = [string(1, name)]
    signature += [delimited(2, string(1, one.name) + number(3, type_number(one.dtype))) for one in inputs]
    signature += [delimited(3, string(1, one.name) + number(3, type_number(one.dtype))) for one in outputs]
    signature += [number(17, 1)] if stateful else []
    signature += [string(20, one) for one in runs]
    told = [(place, _told(one)) for place, one in enumerate(inputs)]
    parts = [delimited(1, b"".join(signature)), *(delimited(3, one) for one in nodes)]
    parts += [delimited(4, string(1, key) + string(2, found)) for key, found in results.items()]
    parts += [delimited(6, string(1, one) + string(2, one)) for one in runs]
    parts += [delimited(7, number(1, place) + delimited(2, mapped(1, attributes))) for place, attributes in told if attributes]
    return b"".join(parts)


def _told(argument: Argument) -> dict[str, bytes]:
    """What is told of an argument beside its type."""
    found = {} if argument.known is None else {"_output_shapes": attribute([argument.known], "list(shape)")}
    return found | ({"_user_specified_name": attribute(argument.label, "string")} if argument.label else {})


def graph(nodes: Iterable[bytes], functions: Iterable[bytes], producer: int) -> bytes:
    """A GraphDef."""
    library = b"".join(delimited(1, one) for one in functions)
    versions = number(1, producer) + number(2, _CONTROL_RETURNS)
    return b"".join(delimited(1, one) for one in nodes) + (delimited(2, library) if library else b"") + delimited(4, versions)
