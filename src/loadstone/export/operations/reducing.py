"""Operations that make one element of many: sums, extremes, places, sums so far, the largest ones."""

from __future__ import annotations

from loadstone.export.operations.table import NoOperation, onnx
from loadstone.export.operations.translation import Translation, has, integers
from loadstone.ir import Output
from loadstone.lowering.block import Op

_REDUCED = {
    "ReduceMean": "Mean", "ReduceSum": "Sum", "ReduceMax": "Max", "ReduceMin": "Min", "ReduceProd": "Prod", "ReduceLogSumExp": "Logsumexp",
    "ReduceL1": "Sum", "ReduceL2": "Sum", "ReduceSumSquare": "Sum",
}  # fmt: skip
_OF_BOOLS = {"Max": "Any", "Min": "All"}
_WIDENED = ("int8", "int16", "uint8", "uint16", "bool")  # Keras sums and multiplies these as int32 or uint32


@onnx(*_REDUCED)
def _reduced(t: Translation, op: Op) -> Output:
    value, kind = op.inputs[0], _REDUCED[op.kind]
    assert value is not None
    x = t.tensor(value)
    axes = integers(op.inputs[1]) if has(op, 1) else None
    if has(op, 1) and axes is None:
        raise NoOperation("the axes are computed")
    if not axes and op.attributes.get("noop_with_empty_axes"):
        return x
    kind = _OF_BOOLS.get(kind, kind) if value.dtype == "bool" else kind
    if op.kind in ("ReduceL1", "ReduceL2", "ReduceSumSquare"):
        x = t("Absolute", x) if op.kind == "ReduceL1" else t("Square", x)
    every = not axes or len({axis % value.rank for axis in axes}) == value.rank
    y = t(kind, x, axis=None if every else axes, keepdims=bool(op.attributes.get("keepdims", 1)))
    y = t("Sqrt", y) if op.kind == "ReduceL2" else y
    return t("Cast", y, dtype=value.dtype) if value.dtype in _WIDENED and kind in ("Sum", "Prod") else y


@onnx("ArgMax", "ArgMin")
def _place(t: Translation, op: Op) -> Output:
    if op.attributes.get("select_last_index"):
        raise NoOperation("the last place of several")
    kind = "Argmax" if op.kind == "ArgMax" else "Argmin"
    return t(kind, t.tensor(op.inputs[0]), axis=op.attributes.get("axis", 0), keepdims=bool(op.attributes.get("keepdims", 1)))


@onnx("CumSum")
def _cumsum(t: Translation, op: Op) -> Output:
    """From either end; exclusive sums have a zero in front and not the last one."""
    value, axes = op.inputs[0], integers(op.inputs[1])
    assert value is not None
    if axes is None:
        raise NoOperation("the axis is computed")
    x, axis = t.tensor(value), axes[0] % value.rank
    x = t("Flip", x, axis=axis) if op.attributes.get("reverse") else x
    y = t("Cumsum", x, axis=axis)
    if op.attributes.get("exclusive"):
        edges = [[1, 0] if k == axis else [0, 0] for k in range(value.rank)]
        y = t("GetItem", t("Pad", y, pad_width=edges, mode="constant"), _part(value.rank, axis, slice(None, -1)))
    y = t("Cast", y, dtype=value.dtype) if value.dtype in _WIDENED else y
    return t("Flip", y, axis=axis) if op.attributes.get("reverse") else y


@onnx("TopK")
def _top_k(t: Translation, op: Op) -> list[Output]:
    """Along the last axis; the smallest are the largest of the negative numbers."""
    value, k = op.inputs[0], integers(op.inputs[1])
    assert value is not None
    if k is None:
        raise NoOperation("the number of elements is computed")
    axis, smallest = op.attributes.get("axis", -1) % value.rank, not op.attributes.get("largest", 1)
    x = t.tensor(value)
    x = x if axis == value.rank - 1 else t("Moveaxis", x, source=axis, destination=-1)
    best, places = t.several(2, "TopK", t("Negative", x) if smallest else x, k=k[0], sorted=True)
    found = [t("Negative", best) if smallest else best, places]
    return found if axis == value.rank - 1 else [t("Moveaxis", y, source=-1, destination=axis) for y in found]


def _part(rank: int, axis: int, part: slice) -> tuple[slice, ...]:
    """The key of x[..., part, ...]."""
    return tuple(part if k == axis else slice(None) for k in range(rank))
