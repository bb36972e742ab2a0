"""Dimension numbers of XLA's ops, and the functions that they combine elements with.

The numbers are protobuf messages of xla/xla_data.proto, serialized into string attributes; all that they hold are integers. A function
is known by what it lowers to: one ONNX op of its two arguments.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Op, Value
from loadstone.lowering.tensorflow.walk import GraphWalk

DOT = {1: "lhs_contracting", 2: "rhs_contracting", 3: "lhs_batch", 4: "rhs_batch"}
CONVOLUTION = {
    7: "input_batch", 8: "input_feature", 11: "input_spatial", 3: "kernel_input", 4: "kernel_output", 6: "kernel_spatial",
    9: "output_batch", 10: "output_feature", 12: "output_spatial",
}  # fmt: skip
GATHER = {1: "offset", 2: "collapsed", 3: "start_map", 4: "index_vector", 5: "operand_batching", 6: "indices_batching"}
SCATTER = {1: "window", 2: "inserted", 3: "start_map", 4: "index_vector", 5: "operand_batching", 6: "indices_batching"}


def numbers_of(text: Any, fields: dict[int, str]) -> dict[str, list[int]]:
    """The integers of each field, by its name here. Raises ModelError for what is no such message."""
    raw = text if isinstance(text, bytes) else str(text).encode("utf8", "surrogateescape")
    found: dict[str, list[int]] = {name: [] for name in fields.values()}
    place = 0
    while place < len(raw):
        tag, place = _varint(raw, place)
        name, kind = fields.get(tag >> 3), tag & 7
        if kind == 0:
            value, place = _varint(raw, place)
            values = [value]
        elif kind == 2:
            size, place = _varint(raw, place)
            end, values = place + size, []
            if end > len(raw):
                raise ModelError("dimension numbers that end too early")
            while name is not None and place < end:
                value, place = _varint(raw, place)
                values.append(value)
            place = end
        else:
            raise ModelError("dimension numbers that are no integers")
        if name is not None:
            found[name] += values
    return found


def one(numbers: dict[str, list[int]], name: str) -> int:
    """A field of one integer, 0 where it is left out."""
    return numbers[name][-1] if numbers[name] else 0


def _varint(raw: bytes, place: int) -> tuple[int, int]:
    value = 0
    for count in range(10):
        if place >= len(raw):
            break
        byte = raw[place]
        place += 1
        value |= (byte & 127) << (7 * count)
        if byte < 128:
            return value - (1 << 64) if value >= 1 << 63 else value, place
    raise ModelError("dimension numbers that end too early")


# -- functions --------------------------------------------------------------------------------------------------------

_KINDS = {"Add": "add", "Mul": "mul", "Min": "min", "Max": "max", "And": "and", "Or": "or", "BitwiseAnd": "and", "BitwiseOr": "or"}


class Traced:
    """What a function of scalars gives: its arguments, and the ops that made its one result."""

    def __init__(self, walk: GraphWalk, function: Any, dtypes: list[str]) -> None:
        outer = walk.inner()
        try:
            b = walk.b
            self.arguments = [Value(b.unique("element"), (), dtype) for dtype in dtypes]
            results = walk.function(function, self.arguments)
            self.made = {id(v): op for op in b.block.ops for v in op.outputs}
        finally:
            walk.b = outer
        if any(not isinstance(v, Value) for v in results):
            raise UnsupportedAttribute("a function of XLA that cannot be lowered")
        self.results: list[Value] = results

    def op(self, value: Value) -> Op | None:
        """The op that made a value, beyond those that change nothing."""
        op = self.made.get(id(value))
        while op is not None and op.kind in ("Identity", "Reshape", "Squeeze", "Unsqueeze") and op.inputs[0] is not None:
            value = op.inputs[0]
            op = self.made.get(id(value))
        return op

    def argument(self, value: Value | None) -> int | None:
        """The number of the argument that a value is."""
        op = None if value is None else self.made.get(id(value))
        while op is not None and op.kind in ("Identity", "Reshape", "Squeeze", "Unsqueeze"):
            value = op.inputs[0]
            op = None if value is None else self.made.get(id(value))
        return next((i for i, argument in enumerate(self.arguments) if argument is value), None)


def combining(walk: GraphWalk, function: Any, dtype: str, op: str) -> str:
    """How a function combines two elements: add, mul, min, max, and, or, second. Raises UnsupportedAttribute for any other."""
    traced = Traced(walk, function, [dtype, dtype])
    if len(traced.results) == 1:
        made = traced.op(traced.results[0])
        if traced.argument(traced.results[0]) == 1:
            return "second"
        if made is not None and {traced.argument(v) for v in made.inputs} == {0, 1} and len(made.inputs) == 2 and made.kind in _KINDS:
            return _KINDS[made.kind]
    name = getattr(function, "name", function)
    raise UnsupportedAttribute(f"{op} with the function {name!r}, which is none of add, mul, min, max, and, or")
