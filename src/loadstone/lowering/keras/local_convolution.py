"""LocallyConnected1D and LocallyConnected2D of tf.keras 2: convolutions with kernels of their own at each place.

keras/layers/locally_connected of tf.keras 2.15, and of its backend `local_conv`, `bias_add` and utils/conv_utils.py. `implementation` says
how the kernel is stored: 1 as windows by filters for each place, 2 as a full matrix of which a mask holds, 3 as what that mask leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate
from loadstone.lowering.keras.windows import channels_first, data_format, numbers
from loadstone.lowering.registry import keras_layer


@keras_layer(
    "LocallyConnected1D", "LocallyConnected2D", weights=("kernel", "bias?"),
    options="filters kernel_size strides padding data_format activation use_bias implementation",
)  # fmt: skip
def locally_connected(b: Builder, layer: Layer, x: Value, kernel: Value, bias: Value | None = None) -> Value:
    """x (batch, space..., channels) or (batch, channels, space...) of known size, as many places as a convolution would give."""
    config, n, filters = layer.config, x.rank - 2, int(layer.config["filters"])
    first = data_format(layer) == "channels_first"
    lengths = x.shape[2:] if first else x.shape[1:-1]
    channels = x.shape[1 if first else -1]
    if channels is None or None in lengths:
        raise ModelError(f"a {layer.class_name} is given a tensor of shape {x.shape}")
    known = [d for d in lengths if d is not None]
    window, strides = numbers(config["kernel_size"], n), numbers(config["strides"], n)
    places = [-(-(d if config["padding"] == "same" else d - k + 1) // s) for d, k, s in zip(known, window, strides, strict=True)]
    how = int(config.get("implementation", 1))
    if how == 1:
        y = _by_place(b, channels_first(b, layer, x), kernel, known, window, strides, places, first)
        y = b.transpose(y, [n, n + 1, *range(n)] if first else [n, *range(n), n + 1])
    elif how in (2, 3):
        shape = [filters, *places] if first else [*places, filters]
        pairs = _connected(known, window, strides, str(config["padding"]), places)
        dense = _masked(kernel, pairs, n, first) if how == 2 else _scattered(kernel, pairs, known, places, channels, filters, first)
        flat = b.reshape(x, [-1, int(np.prod(known)) * channels])
        y = b.reshape(b.MatMul(flat, b.const(dense, x.dtype)), [-1, *shape])
    else:
        raise UnsupportedAttribute(f"{layer.class_name} with implementation={how}")
    if bias is not None:
        y = b.Add(y, b.reshape(bias, [filters, *places] if first else [*places, filters]))
    return activate(b, y, config["activation"])


def _by_place(
    b: Builder, x: Value, kernel: Value, lengths: Sequence[int], window: Sequence[int], strides: Sequence[int], places: Sequence[int],
    first: bool,
) -> Value:  # fmt: skip
    """(places..., batch, filters) of x (batch, channels, space...) and kernels (places, window * channels, filters)."""
    n, channels = len(window), x.shape[1] or 0
    grid = np.zeros((*places, *window), np.int64)  # of each place, the flat numbers of its window's elements
    for axis, (count, k, stride) in enumerate(zip(places, window, strides, strict=True)):
        steps = np.arange(count)[:, None] * stride + np.arange(k)
        spread = [1] * (2 * n)
        spread[axis], spread[n + axis] = count, k
        grid = grid * lengths[axis] + steps.reshape(spread)
    total, size = int(np.prod(places)), int(np.prod(window))
    flat = b.reshape(x, [-1, channels, int(np.prod(lengths))])
    seen = b.reshape(b.Gather(flat, b.const(grid.reshape(-1)), axis=2), [-1, channels, total, size])
    rows = b.reshape(b.transpose(seen, [2, 0, 1, 3] if first else [2, 0, 3, 1]), [total, -1, size * channels])
    y = b.MatMul(rows, kernel)
    return b.reshape(y, [*places, -1, kernel.shape[-1] or 0])


def _connected(
    lengths: Sequence[int], window: Sequence[int], strides: Sequence[int], padding: str, places: Sequence[int]
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Pairs of a place and of an element that it sees (`conv_connectivity`)."""
    found = []
    for place in product(*map(range, places)):
        ranges = []
        for at, d, k, stride in zip(place, lengths, window, strides, strict=True):
            left = k // 2
            centre = at * stride + (left if padding == "valid" else 0)
            ranges.append(range(max(0, centre - left), min(d, centre + k - left)))
        found += [(place, seen) for seen in product(*ranges)]
    return found


def _masked(kernel: Value, pairs: Sequence[tuple[tuple[int, ...], tuple[int, ...]]], n: int, first: bool) -> np.ndarray:
    """A kernel (inputs..., outputs...) with zeros where nothing is connected, as a matrix."""
    weights = kernel.array()
    shape = [1] * (2 * n + 2)
    spaces = [*range(1, n + 1), *range(n + 2, 2 * n + 2)] if first else [*range(n), *range(n + 1, 2 * n + 1)]
    for axis in spaces:
        shape[axis] = weights.shape[axis]
    mask = np.zeros([weights.shape[axis] for axis in spaces], weights.dtype)
    for place, seen in pairs:
        mask[(*seen, *place)] = 1
    result: np.ndarray = (weights * mask.reshape(shape)).reshape(int(np.prod(weights.shape[: n + 1])), -1)
    return result


def _scattered(
    kernel: Value, pairs: Sequence[tuple[tuple[int, ...], tuple[int, ...]]], lengths: Sequence[int], places: Sequence[int], channels: int,
    filters: int, first: bool,
) -> np.ndarray:  # fmt: skip
    """The weights of all connections, in the order of (output, input), as a matrix (inputs, outputs)."""

    def number(space: Sequence[int], at: tuple[int, ...], channel: np.ndarray, count: int) -> np.ndarray:
        dims = (count, *space) if first else (*space, count)
        grids = [np.full(channel.shape, part) for part in at]
        return np.asarray(np.ravel_multi_index((channel, *grids) if first else (*grids, channel), dims))

    into, out = (grid.reshape(-1) for grid in np.meshgrid(np.arange(channels), np.arange(filters), indexing="ij"))
    rows = np.concatenate([number(places, place, out, filters) for place, _ in pairs])
    columns = np.concatenate([number(lengths, seen, into, channels) for _, seen in pairs])
    weights = kernel.array()
    if weights.shape != rows.shape:
        raise ModelError(f"{rows.size} connections, and a kernel of shape {weights.shape}")
    order = np.lexsort((columns, rows))
    dense = np.zeros((int(np.prod(lengths)) * channels, int(np.prod(places)) * filters), weights.dtype)
    dense[columns[order], rows[order]] = weights
    return dense
