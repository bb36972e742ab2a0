"""Reductions and sorts of XLA: XlaReduce, XlaVariadicReduce, XlaReduceWindow, XlaSort, XlaKeyValueSort and XlaVariadicSort.

Semantics: https://openxla.org/xla/operation_semantics. A function that combines elements is one of those that `xla_numbers` knows; one
that compares them asks whether an operand's element is less or greater, and where it is equal, the next operand's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Node, dtypes, tf_ops
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_reduce import exact_product, exact_sum, reduce
from loadstone.lowering.tensorflow.candidates import ranked
from loadstone.lowering.tensorflow.symbols import Operand, number, tensor, tf
from loadstone.lowering.tensorflow.walk import GraphWalk, Thing, graph_op
from loadstone.lowering.tensorflow.xla_numbers import Traced, combining
from loadstone.lowering.tensorflow.xla_windows import pad

_Reduce = Callable[[Builder, Value, list[int]], Value]
_REDUCE: dict[str, _Reduce] = {
    "add": lambda b, x, axes: exact_sum(b, x, axes),
    "mul": lambda b, x, axes: exact_product(b, x, axes, False),
    "min": lambda b, x, axes: reduce(b, "ReduceMin", x, axes),
    "max": lambda b, x, axes: reduce(b, "ReduceMax", x, axes),
}
_COMBINE = {"add": "Add", "mul": "Mul", "min": "Min", "max": "Max"}


@graph_op("XlaReduce", "XlaVariadicReduce", "XlaVariadicReduceV2")
def xla_reduce(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing] | None:
    """All elements along axes and an initial value in one."""
    if any(thing is None for thing in inputs):
        return None
    definition = tf_ops.definition(node.op)
    assert definition is not None
    values, initial = ([v] if isinstance(v, Value) else v for v in definition.grouped(inputs, dict(node.attributes)))
    if len(values) != 1:
        raise UnsupportedAttribute(f"{node.op} of {len(values)} tensors at once")
    b, x, start = walk.b, tensor(walk.b, values[0]), tensor(walk.b, initial[0])
    kind = _kind(walk, node, node.attributes["reducer"], x.dtype)
    axes = [int(axis) for axis in node.attributes["dimensions_to_reduce"]]
    return [_with(b, kind, _flags(b, x, lambda v: _REDUCE[kind](b, v, axes)), start)]


@graph_op("XlaReduceWindow")
def xla_reduce_window(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing] | None:
    """The elements of each window and an initial value in one: axis by axis, since a window is a box."""
    if any(thing is None for thing in inputs):
        return None
    b, x, start = walk.b, tensor(walk.b, inputs[0]), tensor(walk.b, inputs[1])
    kind = _kind(walk, node, node.attributes["computation"], x.dtype)
    window, strides, base, rates, pads = (number(v, "a window of XlaReduceWindow") for v in inputs[2:])
    neutral = b.const(_neutral(kind, x.dtype), x.dtype)
    low, high = ([pair[side] for pair in pads] for side in (0, 1))
    x = pad(b, x, neutral, low, high, [gap - 1 for gap in base])
    for axis, (size, stride, rate) in enumerate(zip(window, strides, rates, strict=True)):
        if size == 1 and stride == 1:
            continue
        reach, length = (size - 1) * rate + 1, b.dim(x, axis)
        if isinstance(length, int):
            starts = b.const(np.arange(max((length - reach) // stride + 1, 0)) * stride)
        else:
            count = b.Div(b.Max(b.Sub(length, reach - stride), b.ints([0])), stride)
            starts = b.Mul(b.Range(b.const(0), b.squeeze(count, 0), b.const(1)), stride)
        places = b.Add(b.unsqueeze(starts, 1), b.const(np.arange(size)[None, :] * rate))
        seen = b.Gather(x, places, axis=axis)
        x = _flags(b, seen, lambda v, axis=axis: _REDUCE[kind](b, v, [axis + 1]))  # type: ignore[misc]
    return [_with(b, kind, x, start)]


def _kind(walk: GraphWalk, node: Node, function: Any, dtype: str) -> str:
    kind = combining(walk, function, dtype, node.op)
    if dtype == "bool" and kind in ("and", "or", "min", "max", "add", "mul"):
        return {"and": "min", "or": "max", "mul": "min", "add": "max"}.get(kind, kind)
    if kind not in _REDUCE:
        raise UnsupportedAttribute(f"{node.op} of {dtype} with the function {kind!r}")
    return kind


def _flags(b: Builder, x: Value, function: Callable[[Value], Value]) -> Value:
    """A function of a tensor, of bools as int32."""
    return b.cast(function(b.cast(x, "int32") if x.dtype == "bool" else x), x.dtype)


def _neutral(kind: str, dtype: str) -> Any:
    if kind in ("add", "mul"):
        return int(kind == "mul")
    if dtype == "bool":
        return kind == "min"
    if dtypes.is_float(dtype):
        return np.inf if kind == "min" else -np.inf
    limits = np.iinfo(dtypes.to_numpy(dtype))
    return limits.max if kind == "min" else limits.min


def _with(b: Builder, kind: str, y: Value, start: Value) -> Value:
    """y combined with an initial value, unless that is neutral."""
    if start.const is not None and start.array() == np.asarray(_neutral(kind, y.dtype), dtypes.to_numpy(y.dtype)):
        return y
    if y.dtype == "bool":
        return b.And(y, start) if kind == "min" else b.Or(y, start)
    return b.op(_COMBINE[kind], y, start)


# -- sorts ------------------------------------------------------------------------------------------------------------


@tf("raw_ops.XlaSort")
def xla_sort(b: Builder, input_: Operand) -> Value:
    """Elements of the last axis in ascending order."""
    x = tensor(b, input_)
    return ranked(b, x, b.vector([b.dim(x, x.rank - 1)]), x.rank - 1, largest=False)[0]


@tf("raw_ops.XlaKeyValueSort")
def xla_key_value_sort(b: Builder, keys: Operand, values: Operand) -> list[Value]:
    """Keys in ascending order, and the values beside them."""
    x, y = tensor(b, keys), tensor(b, values)
    found, places = ranked(b, x, b.vector([b.dim(x, x.rank - 1)]), x.rank - 1, largest=False)
    return [found, b.GatherElements(y, places, axis=x.rank - 1)]


@graph_op("XlaVariadicSort")
def xla_variadic_sort(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing] | None:
    """Tensors sorted alike by the elements of some of them: by the last of these first, since each sort keeps the order of equal ones."""
    if any(thing is None for thing in inputs):
        return None
    b, tensors = walk.b, [tensor(walk.b, v) for v in inputs[:-1]]
    axis = int(np.asarray(number(inputs[-1], "dimension")).reshape(-1)[0]) % tensors[0].rank
    traced = Traced(walk, node.attributes["comparator"], [v.dtype for v in tensors for _ in range(2)])
    count = b.vector([b.dim(tensors[0], axis)])
    for key, largest in reversed(_order(traced, traced.results[0])):
        by = b.cast(tensors[key], "int32") if tensors[key].dtype == "bool" else tensors[key]
        _, places = ranked(b, by, count, axis, largest)
        tensors = [b.GatherElements(v, places, axis=axis) for v in tensors]
    return list(tensors)


def _order(traced: Traced, value: Value) -> list[tuple[int, bool]]:
    """The operands that a comparison goes by, and whether the largest come first."""
    op = traced.op(value)
    if op is not None and op.kind in ("Less", "Greater"):
        left, right = (traced.argument(v) for v in op.inputs)
        if left is not None and right is not None and left // 2 == right // 2 and left != right:
            return [(left // 2, (op.kind == "Greater") != (left % 2 == 1))]
    if op is not None and op.kind == "Or":
        for first, second in (op.inputs, op.inputs[::-1]):
            rest = None if second is None else traced.op(second)
            if first is None or rest is None or rest.kind != "And":
                continue
            before = _order_or_none(traced, first)
            for equal, after in (rest.inputs, rest.inputs[::-1]):
                same = None if equal is None else traced.op(equal)
                if before is None or after is None or same is None or same.kind != "Equal":
                    continue
                sides = {traced.argument(v) for v in same.inputs}
                then = _order_or_none(traced, after)
                if len(before) == 1 and sides == {2 * before[0][0], 2 * before[0][0] + 1} and then is not None:
                    return before + then
    raise UnsupportedAttribute("XlaVariadicSort with a function that does not go by less, greater and equal")


def _order_or_none(traced: Traced, value: Value) -> list[tuple[int, bool]] | None:
    try:
        return _order(traced, value)
    except UnsupportedAttribute:
        return None
