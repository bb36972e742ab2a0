"""Constants from constants: numpy counterparts of the ops that rules apply to weights and shapes.

`fold` answers a constant where every input is one, else None. Where an input is a weight that lies in a file the result
is lazy as well: nothing is read until the engine needs the values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, prod
from typing import Any

import numpy as np

from loadstone.ir import Tensor, dtypes
from loadstone.lowering import shapes
from loadstone.lowering.block import Value

Evaluate = Callable[[list[np.ndarray], dict[str, Any]], np.ndarray]


def fold(
    kind: str, inputs: Sequence[Value | None], attributes: dict[str, Any], spend: Callable[[int], None] = lambda count: None
) -> Tensor | None:
    """The result of an op over constants; None where an input is not constant or the op is not in the table.

    spend is told how many bytes the result will have, and may raise.
    """
    if kind == "Shape" and inputs[0] is not None:
        return _shape(inputs[0], attributes)
    if kind not in _TABLE or attributes.get("mode", "constant") != "constant" or attributes.get("reduction", "none") != "none":
        return None
    if any(v is None or v.const is None for v in inputs):
        return None
    tensors = [v.const for v in inputs if v is not None]
    shape, dtype = shapes.infer(kind, inputs, attributes, 1)[0]
    if kind == "Range":
        shape = (max(0, ceil(_steps(*(t.numpy().item() for t in tensors if t is not None)))),)
    if None in shape and not all(t is not None and t.known for t in tensors):
        return None
    spend(prod(d or 0 for d in shape) * dtypes.itemsize(dtype))
    evaluate = _TABLE[kind]

    def load() -> np.ndarray:
        with np.errstate(all="ignore"):
            values = evaluate([t.values() for t in tensors if t is not None], attributes)
        return np.asarray(values, dtypes.to_numpy(dtype))

    if all(t is not None and t.known for t in tensors):
        return Tensor.of(load(), dtype)
    return Tensor.lazy(tuple(d or 0 for d in shape), dtype, load, key=next((t.key for t in tensors if t is not None and t.key), ""))


def _steps(start: float, end: float, step: float) -> float:
    """How many numbers there are from start to before end."""
    return (end - start) / step


def _shape(x: Value, attributes: dict[str, Any]) -> Tensor | None:
    dims = x.shape[attributes.get("start", 0) : attributes.get("end", x.rank)]
    return None if None in dims else Tensor.of(np.asarray(dims, np.int64))


def _slice(i: list[np.ndarray], a: dict[str, Any]) -> np.ndarray:
    starts, ends = i[1].tolist(), i[2].tolist()
    axes = i[3].tolist() if len(i) > 3 else range(len(starts))
    steps = i[4].tolist() if len(i) > 4 else [1] * len(starts)
    index = [slice(None)] * i[0].ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        index[axis] = slice(start, None if step < 0 and end <= -(2**31) else end, step)
    part: np.ndarray = i[0][tuple(index)]
    return part


def _reshape(i: list[np.ndarray], a: dict[str, Any]) -> np.ndarray:
    target = [i[0].shape[k] if d == 0 and not a.get("allowzero") else d for k, d in enumerate(i[1].tolist())]
    reshaped: np.ndarray = i[0].reshape(target)
    return reshaped


def _pad(i: list[np.ndarray], a: dict[str, Any]) -> np.ndarray:
    """With a constant alone; numbers below 0 crop."""
    edges = i[1].reshape(2, -1).T.tolist()
    value = i[2] if len(i) > 2 else np.zeros((), i[0].dtype)
    padded = np.pad(i[0], [(max(low, 0), max(high, 0)) for low, high in edges], constant_values=value.item())
    return padded[tuple(slice(max(-low, 0), n - max(-high, 0)) for (low, high), n in zip(edges, padded.shape, strict=True))]


def _divide(i: list[np.ndarray], a: dict[str, Any]) -> np.ndarray:
    if i[0].dtype.kind in "iu":  # ONNX integer division truncates
        return np.asarray(np.trunc(i[0] / i[1])).astype(i[0].dtype)
    quotient: np.ndarray = i[0] / i[1]
    return quotient


def _clip(i: list[np.ndarray], a: dict[str, Any]) -> np.ndarray:
    clipped: np.ndarray = np.clip(i[0], i[1], i[2])
    return clipped


def _reduction(reduce: Callable[..., np.ndarray]) -> Evaluate:
    return lambda i, a: reduce(i[0], axis=tuple(i[1].tolist()) if len(i) > 1 else None, keepdims=bool(a.get("keepdims", 1)))


def _scatter(i: list[np.ndarray], a: dict[str, Any]) -> np.ndarray:
    """Of replacements alone."""
    made = i[0].copy()
    made[tuple(np.moveaxis(i[1], -1, 0))] = i[2]
    return made


_TABLE: dict[str, Evaluate] = {
    "Identity": lambda i, a: i[0],
    "Transpose": lambda i, a: i[0].transpose(a["perm"]),
    "Reshape": _reshape,
    "Unsqueeze": lambda i, a: np.expand_dims(i[0], tuple(i[1].tolist())),
    "Squeeze": lambda i, a: np.squeeze(i[0], tuple(i[1].tolist())),
    "Slice": _slice,
    "Concat": lambda i, a: np.concatenate(i, a["axis"]),
    "Expand": lambda i, a: i[0] * np.ones(i[1].tolist(), i[0].dtype),
    "Tile": lambda i, a: np.tile(i[0], i[1].tolist()),
    "Gather": lambda i, a: np.take(i[0], i[1], a.get("axis", 0)),
    "Cast": lambda i, a: i[0].astype(dtypes.to_numpy(dtypes.of_onnx(a["to"]))),
    "Add": lambda i, a: i[0] + i[1],
    "Sub": lambda i, a: i[0] - i[1],
    "Mul": lambda i, a: i[0] * i[1],
    "Div": _divide,
    "Pow": lambda i, a: i[0] ** i[1],
    "Sqrt": lambda i, a: np.sqrt(i[0]),
    "Exp": lambda i, a: np.exp(i[0]),
    "Log": lambda i, a: np.log(i[0]),
    "Neg": lambda i, a: -i[0],
    "Reciprocal": lambda i, a: 1 / i[0],
    "Max": lambda i, a: np.maximum(i[0], i[1]),
    "Min": lambda i, a: np.minimum(i[0], i[1]),
    "Abs": lambda i, a: np.abs(i[0]),
    "Ceil": lambda i, a: np.ceil(i[0]),
    "Floor": lambda i, a: np.floor(i[0]),
    "Clip": _clip,
    "Equal": lambda i, a: i[0] == i[1],
    "Greater": lambda i, a: i[0] > i[1],
    "GreaterOrEqual": lambda i, a: i[0] >= i[1],
    "Less": lambda i, a: i[0] < i[1],
    "LessOrEqual": lambda i, a: i[0] <= i[1],
    "And": lambda i, a: i[0] & i[1],
    "Or": lambda i, a: i[0] | i[1],
    "Xor": lambda i, a: i[0] ^ i[1],
    "Mod": lambda i, a: np.fmod(i[0], i[1]) if a.get("fmod") else np.mod(i[0], i[1]),
    "Sign": lambda i, a: np.sign(i[0]),
    "Not": lambda i, a: ~i[0],
    "Where": lambda i, a: np.where(*i),
    "Pad": _pad,
    "Range": lambda i, a: np.arange(i[0].item(), i[1].item(), i[2].item()),
    "ScatterND": _scatter,
    "ReduceMax": _reduction(np.max),
    "ReduceMin": _reduction(np.min),
    "ReduceSum": _reduction(np.sum),
    "ReduceProd": _reduction(np.prod),
    "ReduceMean": _reduction(np.mean),
    "MatMul": lambda i, a: i[0] @ i[1],
}
