"""Functions of `keras.ops` that pick elements by place or condition, and that make tensors.

Semantics: keras/src/backend/tensorflow/numpy.py, core.py and nn.py of Keras 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.attention import counted
from loadstone.lowering.keras.ops_shape import as_lengths, as_scalar, moved, shape_of, static_axis
from loadstone.lowering.keras.promotion import as_values, strong_values
from loadstone.lowering.registry import keras_op

_LAST = 2**63 - 1


@keras_op("GetItem")
def get_item(b: Builder, layer: Layer, x: Value, key: Any) -> Value:
    """x[key] as TensorFlow slices: numbers take an axis away, None adds one, ... stands for all that are not named."""
    keys = list(key) if isinstance(key, (list, tuple)) else [key]
    named = sum(part is not None and part is not Ellipsis for part in keys)
    if named > x.rank:
        raise ModelError(f"{named} indices for a tensor of shape {x.shape}")
    whole = [slice(None)] * (x.rank - named)
    at = next((i for i, part in enumerate(keys) if part is Ellipsis), len(keys))
    keys = keys[:at] + whole + keys[at + 1 :]
    axis, gone, new, place = 0, [], [], 0
    for part in keys:
        if part is None:
            new.append(place)
            place += 1
            continue
        if isinstance(part, slice):
            x, place = _sliced(b, x, axis, part), place + 1
        else:
            x = _picked(b, x, axis, part)
            gone.append(axis)
        axis += 1
    return b.unsqueeze(b.squeeze(x, *gone), *new)


def _sliced(b: Builder, x: Value, axis: int, part: slice) -> Value:
    if any(isinstance(edge, Value) for edge in (part.start, part.stop, part.step)):
        step = 1 if part.step is None else part.step
        edges = [0 if part.start is None else part.start, _LAST if part.stop is None else part.stop, step]
        if isinstance(step, Value) or step < 0:
            raise UnsupportedAttribute("a slice with computed edges and a step that is negative or computed")
        vectors = [b.vector(as_lengths(b, [edge])) for edge in edges]
        return b.Slice(x, vectors[0], vectors[1], b.ints([axis]), vectors[2])
    step = 1 if part.step is None else int(part.step)
    if part.start is None and part.stop is None and step == 1:
        return x
    start = (0 if step > 0 else _LAST) if part.start is None else int(part.start)
    return b.slice(x, axis, start, None if part.stop is None else int(part.stop), step)


def _picked(b: Builder, x: Value, axis: int, part: Any) -> Value:
    """One slice along an axis, kept with length 1."""
    if isinstance(part, Value):
        if part.rank or not dtypes.is_integer(part.dtype):
            raise UnsupportedAttribute(f"an index of shape {part.shape} and dtype {part.dtype}")
        return b.Gather(x, b.reshape(b.cast(part, "int64"), [1]), axis=axis)
    if isinstance(part, bool) or not isinstance(part, (int, np.integer)):
        raise UnsupportedAttribute(f"the index {part!r}")
    return b.slice(x, axis, int(part), None if part == -1 else int(part) + 1)


def _indices(b: Builder, indices: Any) -> Value:
    values = indices if isinstance(indices, Value) else b.const(np.asarray(indices, np.int64))
    return b.cast(values, "int64")


@keras_op("Take", options="axis")
def take(b: Builder, layer: Layer, x: Any, indices: Any) -> Value:
    """Slices of x along an axis (of x laid flat, where there is none) at these places; negative ones count from the end."""
    axis = layer.config.get("axis")
    x = x if isinstance(x, Value) else b.const(np.asarray(x))
    x, axis = (b.reshape(x, [-1]), 0) if axis is None else (x, static_axis(axis, x.rank))
    return b.Gather(x, _indices(b, indices), axis=axis)


@keras_op("TakeAlongAxis", options="axis")
def take_along_axis(b: Builder, layer: Layer, x: Value, indices: Any) -> Value:
    """For each place in indices, the element of x there along the axis; the other axes go together."""
    axis, places = layer.config.get("axis"), _indices(b, indices)
    x, axis = (b.reshape(x, [-1]), 0) if axis is None else (x, static_axis(axis, x.rank))
    both = [(b.dim(x, i) if x.shape[i] != 1 else b.dim(places, i), i) for i in range(x.rank)]
    x = _widened(b, x, [b.dim(x, i) if i == axis else d for d, i in both])
    places = _widened(b, places, [b.dim(places, i) if i == axis else d for d, i in both])
    return b.GatherElements(x, places, axis=axis)


def _widened(b: Builder, x: Value, lengths: list[int | Value]) -> Value:
    shape = tuple(d if isinstance(d, int) else None for d in lengths)
    return x if shape == x.shape else b.Expand(x, b.vector(lengths), out_shape=shape)


@keras_op("Where")
def where(b: Builder, layer: Layer, condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition holds, else x2; without them the places where it holds, a vector for each axis."""
    flag = condition if isinstance(condition, Value) else b.const(np.asarray(condition))
    if x1 is None or x2 is None:
        return _places(b, flag)
    return b.Where(b.cast(flag, "bool"), *as_values(b, [x1, x2]))


@keras_op("Nonzero")
def nonzero(b: Builder, layer: Layer, x: Value) -> list[Value]:
    """The places of elements that are not zero, a vector of int32 for each axis."""
    return _places(b, x)


def _places(b: Builder, x: Value) -> list[Value]:
    found = b.cast(b.NonZero(b.cast(x, "bool")), "int32")
    return [b.squeeze(b.slice(found, 0, i, i + 1), 0) for i in range(x.rank)]


@keras_op("Clip", options="x_min x_max")
def clip(b: Builder, layer: Layer, x: Value) -> Value:
    """x between two bounds, which are numbers or arrays."""
    x = b.cast(x, "int32") if x.dtype == "bool" else x
    for kind, key in (("Max", "x_min"), ("Min", "x_max")):
        bound = layer.config[key]
        bound = bound["config"]["value"] if isinstance(bound, dict) else bound
        x = b.op(kind, x, b.const(np.asarray(bound), x.dtype))
    return x


@keras_op("NanToNum", options="nan posinf neginf")
def nan_to_num(b: Builder, layer: Layer, x: Value) -> Value:
    """Numbers in the place of NaN and of both infinities."""
    if not dtypes.is_float(x.dtype):
        return x
    info = np.finfo(np.float16 if x.dtype == "float16" else np.float64 if x.dtype == "float64" else np.float32)
    high, low = (layer.config.get(key) for key in ("posinf", "neginf"))
    x = b.Where(b.IsNaN(x), float(layer.config.get("nan", 0.0)), x)
    x = b.Where(b.Equal(x, np.inf), float(info.max if high is None else high), x)
    return b.Where(b.Equal(x, -np.inf), float(info.min if low is None else low), x)


@keras_op("IsIn", options="assume_unique invert")
def is_in(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """Whether each element of the first is among those of the second."""
    x, among = strong_values(b, [x1, x2])
    same = b.cast(b.Equal(b.unsqueeze(x, x.rank), b.reshape(among, [-1])), "int32")
    found = b.cast(b.ReduceMax(same, b.ints([-1]), keepdims=0), "bool")
    return b.Not(found) if layer.config.get("invert") else found


@keras_op("Isclose", options="rtol atol equal_nan")
def isclose(b: Builder, layer: Layer, x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8) -> Value:
    """|x1 - x2| <= atol + rtol |x2|; integers are to be equal."""
    x, y = strong_values(b, [x1, x2])
    if not dtypes.is_float(x.dtype):
        return b.Equal(x, y)
    near = b.LessOrEqual(b.Abs(b.Sub(x, y)), b.Add(b.Mul(b.Abs(y), rtol), atol))
    return b.Or(near, b.And(b.IsNaN(x), b.IsNaN(y))) if layer.config.get("equal_nan") else near


@keras_op("Digitize")
def digitize(b: Builder, layer: Layer, x: Value, bins: Any) -> Value:
    """How many of the ascending bins are not above each element, as int32."""
    edges = bins.array() if isinstance(bins, Value) else np.asarray(bins)
    wide = "float32" if x.dtype != "float64" else "float64"
    above = b.GreaterOrEqual(b.unsqueeze(b.cast(x, wide), x.rank), b.const(edges.reshape(-1), wide))
    return b.ReduceSum(b.cast(above, "int32"), b.ints([-1]), keepdims=0)


@keras_op("SearchSorted", options="side")
def search_sorted(b: Builder, layer: Layer, sorted_sequence: Any, values: Any) -> Value:
    """Where each value would go in an ascending vector, before equal ones or (side "right") behind them, as int32."""
    row, x = strong_values(b, [sorted_sequence, values])
    compare = b.GreaterOrEqual if layer.config.get("side") == "right" else b.Greater
    return b.ReduceSum(b.cast(compare(b.unsqueeze(x, x.rank), row), "int32"), b.ints([-1]), keepdims=0)


@keras_op("Select")
def select(b: Builder, layer: Layer, condlist: Any, choicelist: Any, default: Any = 0) -> Value:
    """The choice of the first condition that holds, else the default."""
    choices = as_values(b, [*choicelist, default])
    y = choices[-1]
    for flag, choice in reversed(list(zip(condlist, choices[:-1], strict=True))):
        y = b.Where(b.cast(flag, "bool"), choice, y)
    return y


# -- parts and updates ------------------------------------------------------------------------------------------------


def _corner(b: Builder, start: Any) -> Value:
    """Where a slice begins: a vector of int64."""
    return b.cast(start, "int64") if isinstance(start, Value) else b.vector(as_lengths(b, list(start)))


@keras_op("Slice", options="shape")
def slice_of(b: Builder, layer: Layer, inputs: Value, start_indices: Any, shape: Any = None) -> Value:
    """The part of this shape that begins at start_indices; -1 is all that remains."""
    shape = shape if shape is not None else layer.config["shape"]
    sizes = as_lengths(b, shape_of(shape))
    starts = _corner(b, start_indices)
    ends = [b.Add(b.slice(starts, 0, i, i + 1), b.vector([size])) if size != -1 else b.ints([_LAST]) for i, size in enumerate(sizes)]
    y = b.Slice(inputs, starts, b.vector(ends), b.ints(range(inputs.rank)), b.ints([1] * inputs.rank))
    known = tuple(size if isinstance(size, int) and size != -1 else None for size in sizes)
    return b.reshape(y, [d if d is not None else b.dim(y, i) for i, d in enumerate(known)], known) if None not in known else y


@keras_op("SliceUpdate")
def slice_update(b: Builder, layer: Layer, inputs: Value, start_indices: Any, updates: Value) -> Value:
    """inputs with the part that begins at start_indices replaced."""
    starts = _corner(b, start_indices)
    grids = []
    for axis in range(inputs.rank):
        steps = b.unsqueeze(counted(b, b.dim(updates, axis)), *(i for i in range(inputs.rank) if i != axis))
        grids.append(b.unsqueeze(_widened(b, b.Add(steps, b.slice(starts, 0, axis, axis + 1)), b.dims(updates)), inputs.rank))
    places = grids[0] if len(grids) == 1 else b.Concat(*grids, axis=inputs.rank)
    return b.ScatterND(inputs, places, b.cast(updates, inputs.dtype))


@keras_op("Scatter", options="shape")
def scatter(b: Builder, layer: Layer, indices: Any, values: Value, shape: Any = None) -> Value:
    """Zeros of this shape with the values added at indices (count, axes)."""
    target = as_lengths(b, shape_of(shape if shape is not None else layer.config["shape"]))
    return b.ScatterND(b.zeros(target, values.dtype), _indices(b, indices), values, reduction="add")


@keras_op("ScatterUpdate", options="reduction")
def scatter_update(b: Builder, layer: Layer, inputs: Value, indices: Any, updates: Any) -> Value:
    """inputs with updates at indices (count, axes), in the place of what is there or combined with it."""
    kind = layer.config.get("reduction")
    new = b.cast(updates, inputs.dtype) if isinstance(updates, Value) else b.const(np.asarray(updates), inputs.dtype)
    return b.ScatterND(inputs, _indices(b, indices), new, reduction=None if kind is None else str(kind))


# -- making tensors ---------------------------------------------------------------------------------------------------


@keras_op("Cast", "SaturateCast", options="dtype")
def cast(b: Builder, layer: Layer, x: Any) -> Value:
    """x in another dtype; SaturateCast clips to what that holds."""
    dtype = str(layer.config["dtype"])
    if not isinstance(x, Value):
        return b.const(np.asarray(x), dtype)
    if layer.class_name == "SaturateCast" and dtypes.is_integer(dtype):
        info = np.iinfo(dtypes.to_numpy(dtype))
        wide = x if dtypes.is_float(x.dtype) else b.cast(x, "int64")
        x = b.Min(b.Max(wide, b.const(info.min, wide.dtype)), b.const(info.max, wide.dtype))
    return b.cast(x, dtype)


@keras_op("ConvertToTensor", "Array", options="dtype sparse ragged")
def convert_to_tensor(b: Builder, layer: Layer, x: Any, dtype: Any = None) -> Value:
    """x, in another dtype if asked."""
    wanted = dtype or layer.config.get("dtype")
    value = x if isinstance(x, Value) else strong_values(b, [x])[0]
    return b.cast(value, str(wanted)) if wanted else value


def _like(b: Builder, layer: Layer, x: Value, value: float, dtype: Any) -> Value:
    return b.full(b.dims(x), value, str(dtype or layer.config.get("dtype") or x.dtype))


@keras_op("ZerosLike", "EmptyLike", options="dtype")
def zeros_like(b: Builder, layer: Layer, x: Value, dtype: Any = None) -> Value:
    """Zeros of the shape of x."""
    return _like(b, layer, x, 0, dtype)


@keras_op("OnesLike", options="dtype")
def ones_like(b: Builder, layer: Layer, x: Value, dtype: Any = None) -> Value:
    """Ones of the shape of x."""
    return _like(b, layer, x, 1, dtype)


@keras_op("FullLike", options="dtype")
def full_like(b: Builder, layer: Layer, x: Value, fill_value: Any, dtype: Any = None) -> Value:
    """One value (or a tensor that goes with it) in the shape of x."""
    value = (
        as_scalar(b, fill_value, str(dtype or layer.config.get("dtype") or x.dtype)) if not isinstance(fill_value, Value) else fill_value
    )
    return _widened(b, b.cast(value, str(dtype or layer.config.get("dtype") or x.dtype)), b.dims(x))


@keras_op("Full", options="shape dtype")
def full(b: Builder, layer: Layer, fill_value: Any, shape: Any = None, dtype: Any = None) -> Value:
    """One value in a shape."""
    dtype = str(dtype or layer.config.get("dtype") or "float32")
    target = as_lengths(b, shape_of(shape if shape is not None else layer.config["shape"]))
    value = b.cast(fill_value, dtype) if isinstance(fill_value, Value) else b.const(fill_value, dtype)
    return _widened(b, value, target)


@keras_op("OneHot", options="num_classes axis dtype sparse")
def one_hot(b: Builder, layer: Layer, x: Any) -> Value:
    """1 at the place that each element says, along a new axis; nothing where that place does not exist."""
    if layer.config.get("sparse"):
        raise UnsupportedAttribute("OneHot with sparse=True")
    count, axis = int(layer.config["num_classes"]), int(layer.config.get("axis", -1))
    classes = _indices(b, x)
    hits = b.cast(b.Equal(b.unsqueeze(classes, classes.rank), b.ints(range(count))), str(layer.config.get("dtype") or "float32"))
    return hits if axis in (-1, classes.rank) else moved(b, hits, -1, axis)


@keras_op("MultiHot", options="num_classes num_tokens axis dtype sparse")
def multi_hot(b: Builder, layer: Layer, inputs: Value) -> Value:
    """1 at all places that the elements of the second axis (of a vector, the only one) say."""
    axis = 1 if inputs.rank > 1 else 0
    hits = one_hot(b, Layer("OneHot", layer.name, {**layer.config, "dtype": "int32"}, domain="keras.ops"), inputs)
    return b.cast(b.ReduceMax(hits, b.ints([axis]), keepdims=0), str(layer.config.get("dtype") or "float32"))


def _band(b: Builder, layer: Layer, x: Value, upper: int) -> Value:
    return b.Trilu(x, b.const(int(layer.config.get("k", 0))), upper=upper)


@keras_op("Tril", options="k")
def tril(b: Builder, layer: Layer, x: Value) -> Value:
    """Zeros above the k-th diagonal."""
    return _band(b, layer, x, 0)


@keras_op("Triu", options="k")
def triu(b: Builder, layer: Layer, x: Value) -> Value:
    """Zeros below the k-th diagonal."""
    return _band(b, layer, x, 1)


@keras_op("Diff", options="n axis")
def diff(b: Builder, layer: Layer, a: Value) -> Value:
    """Differences of neighbours along an axis, n times."""
    axis = static_axis(layer.config.get("axis", -1), a.rank)
    for _ in range(int(layer.config.get("n", 1))):
        later, sooner = b.slice(a, axis, 1), b.slice(a, axis, 0, -1)
        a = b.Xor(later, sooner) if a.dtype == "bool" else b.Sub(later, sooner)
    return a


@keras_op("Diagonal", options="offset axis1 axis2")
def diagonal(b: Builder, layer: Layer, x: Value) -> Value:
    """A diagonal of two axes, as the last axis."""
    return _diagonal(b, layer, x)


@keras_op("Trace", options="offset axis1 axis2")
def trace(b: Builder, layer: Layer, x: Value) -> Value:
    """The sum of a diagonal."""
    wider = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}
    return b.ReduceSum(b.cast(_diagonal(b, layer, x), wider.get(x.dtype, x.dtype)), b.ints([-1]), keepdims=0)


def _diagonal(b: Builder, layer: Layer, x: Value) -> Value:
    offset = int(layer.config.get("offset", 0))
    x = moved(b, x, [layer.config.get("axis1", 0), layer.config.get("axis2", 1)], [-2, -1])
    rows, columns = x.shape[-2:]
    if rows is None or columns is None:
        raise UnsupportedAttribute(f"{layer.class_name} of axes whose lengths are not known")
    places = [r * columns + r + offset for r in range(rows) if 0 <= r + offset < columns]
    flat = b.reshape(x, [*b.dims(x)[:-2], rows * columns], (*x.shape[:-2], rows * columns))
    return b.Gather(flat, b.ints(places), axis=x.rank - 2)


@keras_op("Round", options="decimals")
def round_to(b: Builder, layer: Layer, x: Value) -> Value:
    """Rounded half to even, at a decimal place."""
    decimals = int(layer.config.get("decimals", 0))
    if not dtypes.is_float(x.dtype):
        if decimals >= 0:
            return x
        scaled = b.Mul(b.cast(x, "float32"), 10.0**decimals)
        return b.cast(b.Div(b.Round(scaled), 10.0**decimals), x.dtype)
    return b.Round(x) if not decimals else b.Div(b.Round(b.Mul(x, 10.0**decimals)), 10.0**decimals)


@keras_op("Ndim", "Size")
def count(b: Builder, layer: Layer, x: Value) -> Value:
    """The number of axes, or of elements, as int32."""
    return b.const(x.rank, "int32") if layer.class_name == "Ndim" else b.cast(b.Size(x), "int32")
