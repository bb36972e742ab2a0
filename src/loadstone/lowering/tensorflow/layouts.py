"""Places in data formats and in shapes: DataFormatVecPermute, DataFormatDimMap, UnravelIndex, and which device a graph runs on.

tensorflow/core/kernels/data_format_ops.cc, unravel_index_op.cc, device_index_op.cc. Grappler writes the first two where it changes a layout,
and DeviceIndex where a recurrent layer of Keras has a form for each device.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.host_calls import called
from loadstone.lowering.tensorflow.symbols import Operand, alike, tensor, tf


@tf("raw_ops.DataFormatVecPermute")
def vector_permute(b: Builder, x: Operand, src_format: str = "NHWC", dst_format: str = "NCHW") -> Value:
    """What belongs to the axes of one format, in the order of another: a vector, or rows of pairs; the axes of space alone where it is short."""
    y = tensor(b, x)
    rows = y.shape[0] if y.rank else None
    if rows is None:
        raise UnsupportedAttribute("DataFormatVecPermute of a vector whose length is free")
    source, target = src_format, dst_format
    if rows == len(source) - 2:
        source, target = ("".join(c for c in name if c not in "NC") for name in (source, target))
    if rows != len(source) or sorted(source) != sorted(target):
        raise ModelError(f"DataFormatVecPermute of {rows} rows from {src_format} to {dst_format}")
    return b.Gather(y, b.ints([source.index(c) for c in target]), axis=0)


@tf("raw_ops.DataFormatDimMap")
def axis_map(b: Builder, x: Operand, src_format: str = "NHWC", dst_format: str = "NCHW") -> Value:
    """Axes of one format as axes of another; those below 0 count from the end."""
    if sorted(src_format) != sorted(dst_format):
        raise ModelError(f"DataFormatDimMap from {src_format} to {dst_format}")
    y = tensor(b, x)
    return b.Gather(b.const(np.asarray([dst_format.index(c) for c in src_format]), y.dtype), y, axis=0)


@tf("raw_ops.UnravelIndex")
def unravel_index(b: Builder, indices: Operand, dims: Operand) -> Value:
    """Places in flat order as places along axes: (number of axes, *shape of the places)."""
    places, lengths = alike(b, indices, dims)
    shape = (lengths.shape[0], *places.shape)
    return called(b, "UnravelIndex", _unraveled, [places, lengths], [(shape, places.dtype)])[0]


def _unraveled(places: Any, lengths: Any) -> tuple[Any]:
    return (np.asarray(np.unravel_index(places, lengths.tolist()), places.dtype).reshape(len(lengths), *places.shape),)


@tf("raw_ops.DeviceIndex")
def device_index(b: Builder, device_names: Any) -> Value:
    """The place of the device that runs this among the names of kinds of devices: here it is a CPU; one behind the last for none of them."""
    names = list(device_names)
    return b.const(names.index("CPU") if "CPU" in names else len(names), "int32")
