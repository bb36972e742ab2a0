"""Resize: images and other tensors of another size, axis by axis, or by TensorFlow's own kernels where they compute the same.

https://onnx.ai/onnx/operators/onnx__Resize.html: nearest from the lower side of asymmetric coordinates, and linear. Kernels take
(batch, height, width, channels).
"""

from __future__ import annotations

from collections.abc import Sequence

from loadstone.errors import UnsupportedAttribute
from loadstone.export.tensorflow.registry import host_call, onnx_op
from loadstone.export.tensorflow.writer import Term, Writer
from loadstone.lowering.keras.resampling import Nearest


@onnx_op("Resize")
def resize(
    w: Writer,
    x: Term,
    roi: Term | None = None,
    scales: Term | None = None,
    sizes: Term | None = None,
    *,
    mode: str = "nearest",
    coordinate_transformation_mode: str = "half_pixel",
    nearest_mode: str = "round_prefer_floor",
    antialias: int = 0,
) -> Term:
    """x of other lengths along all axes: `sizes` tells them, or `scales` how many times longer they are."""
    coordinates = coordinate_transformation_mode
    known = (mode, coordinates) in {("nearest", "asymmetric"), ("linear", "half_pixel"), ("linear", "asymmetric")}
    if not known or antialias or mode == "nearest" and nearest_mode != "floor":
        raise UnsupportedAttribute(f"a Resize with mode={mode!r}, {coordinates!r} and nearest_mode={nearest_mode!r}")
    factors = None if scales is None or scales.shape == (0,) or scales.tensor is None else scales.tensor.numpy().tolist()
    if factors is None and sizes is None:
        raise UnsupportedAttribute("a Resize by scales that are computed")
    target = _targets(w, x, factors, sizes)
    changed = [k for k in range(x.rank) if target[k] is not None]
    same = mode == "linear" if factors is None else all(factor.is_integer() for factor in factors)
    if x.rank == 4 and len(changed) <= 2 and x.dtype == "float32" and same:
        return _by_kernel(w, x, target, changed, mode, coordinates)
    for axis in changed:
        size = target[axis]
        assert size is not None
        x = _along(w, x, axis, size, mode, coordinates, None if factors is None else factors[axis])
    return x


def _targets(w: Writer, x: Term, factors: Sequence[float] | None, sizes: Term | None) -> list[Term | None]:
    """The new length of each axis, int64 (); None where it stays."""
    assert x.shape is not None
    found: list[Term | None] = []
    shape = w.wanted[0].shape
    for axis in range(x.rank):
        size = shape[axis]
        if factors is not None and factors[axis] == 1 or size is not None and size == x.shape[axis]:
            found.append(None)
        elif size is not None:
            found.append(w.const(size))
        elif factors is not None:
            longer = w.Mul(w.cast(w.length(x, axis), "float32"), factors[axis])
            found.append(w.cast(w.Floor(longer), "int64"))
        else:
            assert sizes is not None
            found.append(w.squeeze(w.part(sizes, 0, axis, axis + 1), 0) if axis else None)
    return [None if size is None else Term(size.output, (), size.dtype, size.tensor) for size in found]


def _by_kernel(w: Writer, x: Term, target: Sequence[Term | None], changed: Sequence[int], mode: str, coordinates: str) -> Term:
    """Two axes at once; the nearest of pixels that are repeated so many times each."""
    axes = [*changed, *(k for k in (3, 2, 1, 0) if k not in changed)][:2] if len(changed) < 2 else list(changed)
    rest = [k for k in range(4) if k not in axes]
    perm = [rest[0], *sorted(axes), rest[1]]
    turned = w.transpose(x, perm)
    sizes = [target[axis] if target[axis] is not None else w.length(x, axis) for axis in sorted(axes)]
    size = w.cast(w.vector([s for s in sizes if s is not None]), "int32")
    if mode == "nearest":  # from the middle of a pixel: from its corner rounding would pick the one before, 41 times as long
        y = w.ResizeNearestNeighbor(turned, size, half_pixel_centers=True)
    else:
        y = w.ResizeBilinear(turned, size, half_pixel_centers=coordinates == "half_pixel")
    return w.transpose(y, [perm.index(k) for k in range(4)])


def _along(w: Writer, x: Term, axis: int, size: Term, mode: str, coordinates: str, factor: float | None) -> Term:
    """One axis: each new element between two of x, or from the one below."""
    length = w.length(x, axis)
    scale = w.const(factor, "float32") if factor is not None else w.RealDiv(w.cast(size, "float32"), w.cast(length, "float32"))
    steps = w.cast(w.range(size), "float32")
    place = w.RealDiv(steps, scale) if coordinates == "asymmetric" else w.Sub(w.RealDiv(w.AddV2(steps, 0.5), scale), 0.5)
    last = w.cast(w.Sub(length, 1), "float32")
    place = w.Minimum(w.Maximum(place, 0), last)
    low = w.Floor(place)
    shape = tuple(None if k == axis else d for k, d in enumerate(x.shape or ()))

    def picked(places: Term) -> Term:
        return w.GatherV2(x, w.cast(places, "int64"), w.const(axis, "int32"))

    if mode == "nearest":
        return Term(picked(low).output, shape, x.dtype)
    share = w.cast(w.reshape(w.Sub(place, low), [-1, *[1] * (x.rank - 1 - axis)]), x.dtype)
    below, above = picked(low), picked(w.Minimum(w.AddV2(low, 1), last))
    return Term(w.AddV2(below, w.Mul(w.Sub(above, below), share)).output, shape, x.dtype)


@host_call(Nearest)
def nearest(w: Writer, call: Nearest, length: Term, size: Term) -> Term:
    """The pixel that each of `size` takes, for lengths that only a run knows."""
    length, size = (w.reshape(w.cast(term, "int64"), []) for term in (length, size))
    scale = w.RealDiv(w.cast(length, "float32"), w.cast(size, "float32"))
    steps = w.Floor(w.Mul(w.AddV2(w.cast(w.range(size), "float32"), 0.5), scale))
    return w.Minimum(w.cast(steps, "int64"), w.Sub(length, 1))
