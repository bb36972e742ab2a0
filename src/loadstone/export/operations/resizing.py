"""Resize: each axis by itself, from a few elements with their weights for each place, as ONNX counts places.

https://onnx.ai/onnx/operators/onnx__Resize.html; lengths must be known, and sizes be constants.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from loadstone.export.operations.table import NoOperation, onnx
from loadstone.export.operations.translation import Translation, has
from loadstone.ir import Output, Tensor, dtypes
from loadstone.lowering.block import Op


@onnx("Resize")
def _resize(t: Translation, op: Op) -> Output:
    value, given = op.inputs[0], op.attributes
    assert value is not None
    scales = op.inputs[2].array().tolist() if has(op, 2) and op.inputs[2] is not None and op.inputs[2].const is not None else None
    axes = list(given.get("axes", range(value.rank)))
    if given.get("antialias") or given.get("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise NoOperation("with antialias, or a kept aspect ratio")
    sizes = t.fact(op.inputs[3]).ints if has(op, 3) else None
    x, mine = t.tensor(value), t.fact(value).lengths
    for place, axis in enumerate(axes):
        length, wanted = value.shape[axis], op.outputs[0].shape[axis]
        if (sizes is not None and sizes[place] == mine[axis]) or (scales is not None and scales[place] == 1):
            continue
        if length is None or wanted is None:
            raise NoOperation("of an axis of unknown length")
        scale = scales[place] if scales is not None else wanted / length
        x = _along(t, x, value.rank, axis, value.dtype, _taps(length, wanted, scale, given))
    return x


Taps = list[tuple[np.ndarray, np.ndarray]]  # for each of the elements that a place is made of: which one, and its weight


def _along(t: Translation, x: Output, rank: int, axis: int, dtype: str, taps: Taps) -> Output:
    parts = []
    for places, weights in taps:
        part = t("Take", x, t.list_of(places.tolist()), axis=axis)
        if not (weights == 1).all():
            shape = [-1 if k == axis else 1 for k in range(rank)]
            part = t("Multiply", part, Tensor.of(weights.reshape(shape).astype(dtypes.to_numpy(dtype)), dtype))
        parts.append(part)
    return reduce(lambda one, other: t("Add", one, other), parts)


def _taps(length: int, wanted: int, scale: float, given: dict[str, Any]) -> Taps:
    where = _places(length, wanted, scale, given.get("coordinate_transformation_mode", "half_pixel"))
    kind = given.get("mode", "nearest")
    if kind == "nearest":
        return [(np.clip(_nearest(where, given.get("nearest_mode", "round_prefer_floor")), 0, length - 1).astype(int), np.ones(wanted))]
    low = np.floor(where)
    rest = where - low
    if kind == "linear":
        return [_tap(low, 1 - rest, length), _tap(low + 1, rest, length)]
    if given.get("exclude_outside"):
        raise NoOperation("cubic, with the elements outside left out")
    a = given.get("cubic_coeff_a", -0.75)
    return [_tap(low + k, _cubic(np.abs(rest - k), a), length) for k in (-1, 0, 1, 2)]


def _tap(places: np.ndarray, weights: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    return np.clip(places, 0, length - 1).astype(int), weights


def _places(length: int, wanted: int, scale: float, mode: str) -> np.ndarray:
    """Where the new places lie among the old ones."""
    x = np.arange(wanted, dtype=np.float64)
    if mode == "asymmetric":
        return x / scale
    if mode == "align_corners":
        return x * ((length - 1) / (wanted - 1)) if wanted > 1 else x * 0
    if mode == "half_pixel" or (mode == "pytorch_half_pixel" and wanted > 1):
        return (x + 0.5) / scale - 0.5
    if mode == "pytorch_half_pixel":
        return x * 0
    raise NoOperation(f"with places counted as {mode!r}")


def _nearest(where: np.ndarray, mode: str) -> np.ndarray:
    kinds = {
        "floor": np.floor(where),
        "ceil": np.ceil(where),
        "round_prefer_floor": np.ceil(where - 0.5),
        "round_prefer_ceil": np.floor(where + 0.5),
    }
    return kinds[mode]


def _cubic(distance: np.ndarray, a: float) -> np.ndarray:
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0))
