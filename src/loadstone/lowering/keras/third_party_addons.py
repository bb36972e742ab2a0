"""Further layers of tensorflow_addons: attention, pyramids of pools and what undoes a pool, crossings, clusters, bags, correlation.

tensorflow_addons/layers and custom_ops/layers of 0.23, its last release; NetVLAD, which no release exports, of its module.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, Structure, dtypes, flatten
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import l2_normalize
from loadstone.lowering.keras.walk import Call, Traced, Walk
from loadstone.lowering.keras.windows import as_given, channels_first, numbers, space
from loadstone.lowering.registry import keras_layer


def _listed(inputs: Any, counts: tuple[int, ...], layer: Layer) -> list[Value]:
    """The tensors of a layer that takes a list of so many."""
    if not isinstance(inputs, (list, tuple)) or len(inputs) not in counts:
        raise ModelError(f"a {layer.class_name} takes a list of {' or '.join(map(str, counts))} tensors")
    return list(inputs)


@keras_layer(
    "Addons>MultiHeadAttention",
    weights=("query_kernel", "key_kernel", "value_kernel", "projection_kernel", "projection_bias?"),
    options="head_size num_heads output_size dropout use_projection_bias return_attn_coef",
)
def multi_head_attention(
    b: Builder, layer: Layer, inputs: Any, mask: Any = None, projection_bias: Value | None = None, **kernels: Value
) -> Structure:  # fmt: skip
    """Attention by heads: query (..., N, n), key and value (..., M, m) -> (..., N, size), and the shares (..., heads, N, M) if asked.

    The mask, of pairs (..., N, M), is that of the call alone. Kernels are (heads, n, head_size), back (heads, head_size, size).
    """
    three = _listed(inputs, (2, 3), layer)
    three = three if len(three) == 3 else [*three, three[1]]
    if isinstance(mask, (list, tuple)):
        if any(found is not None for found in flatten(mask)):
            raise ModelError("a MultiHeadAttention of tensorflow_addons of masked tensors, which its package cannot compute either")
        mask = None
    parts = zip(three, ("query", "key", "value"), strict=True)
    query, key, value = (b.MatMul(b.unsqueeze(x, -3), kernels[f"{part}_kernel"]) for x, part in parts)
    turned = b.transpose(key, [*range(key.rank - 2), key.rank - 1, key.rank - 2])
    scores = b.MatMul(b.Div(query, sqrt(layer.config["head_size"])), turned)
    if mask is not None:
        seen = b.cast(mask, scores.dtype)
        seen = seen if seen.rank == scores.rank else b.unsqueeze(seen, -3)
        scores = b.Add(scores, b.Mul(b.Sub(1.0, seen), -1e10))
    shares = b.Softmax(scores, axis=-1)
    y = b.ReduceSum(b.MatMul(b.MatMul(shares, value), kernels["projection_kernel"]), b.ints([-3]), keepdims=0)
    y = y if projection_bias is None else b.Add(y, projection_bias)
    return [y, shares] if layer.config.get("return_attn_coef") else y


@keras_layer(
    "Addons>PolynomialCrossing",
    weights=("kernel?", "kernel_u?", "kernel_v?", "bias?"),
    options="projection_dim diag_scale use_bias",
    masking="pass",
)
def polynomial_crossing(b: Builder, layer: Layer, inputs: Any, bias: Value | None = None, **kernels: Value) -> Value:
    """x0 * (x W + diag_scale x) + x + bias of a list of x0 and x, both (batch, n); W is one matrix, or the product of two narrow ones."""
    first, x = _listed(inputs, (2,), layer)
    y = x
    for name in ("kernel",) if layer.config.get("projection_dim") is None else ("kernel_u", "kernel_v"):
        y = b.MatMul(y, kernels[name])
    scale = layer.config.get("diag_scale")
    y = b.Add(y, b.Mul(x, float(scale))) if scale else y
    y = b.Add(b.Mul(first, y), x)
    return y if bias is None else b.Add(y, bias)


@keras_layer("Addons>NetVLAD", weights=("cluster_centers",), options="num_clusters", raw=True)
def net_vlad(walk: Walk, layer: Layer, call: Call) -> Structure:
    """How far the frames (batch, time, n) are from centres (1, n, clusters), by their shares in each: unit vectors (batch, n * clusters)."""
    b, frames = walk.b, call.first
    if not isinstance(frames, Value) or frames.rank != 3 or frames.shape[2] is None:
        raise ModelError("a NetVLAD takes one tensor (batch, time, n)")
    assigned = flatten(walk.call(layer.children["fc"], (Traced(frames),), {}))
    if not assigned or assigned[0].value is None:
        return None
    shares: Value = assigned[0].value
    centres = b.cast(b.weight(layer.weights["cluster_centers"]), frames.dtype)
    centred = b.Mul(b.ReduceSum(shares, b.ints([1]), keepdims=1), centres)
    found = b.Sub(b.MatMul(b.transpose(frames, [0, 2, 1]), shares), centred)
    flat = b.reshape(l2_normalize(b, found, 1), [b.dim(frames, 0), frames.shape[2] * int(layer.config["num_clusters"])])
    return Traced(l2_normalize(b, flat, 1))


@keras_layer("Addons>EmbeddingBag", weights=("embeddings",), options="input_dim output_dim mask_zero combiner", autocast=False)
def embedding_bag(b: Builder, layer: Layer, indices: Value, weights: Value | None = None, *, embeddings: Value) -> Value:
    """The sum or the mean of the rows of ids (batch, n), or their sum by weights (batch, n): (batch, output_dim)."""
    combiner = layer.config.get("combiner", "sum")
    if combiner not in ("sum", "mean") or (weights is not None and combiner != "sum"):
        raise UnsupportedAttribute(f"an EmbeddingBag with combiner={combiner!r}{' and weights' if weights is not None else ''}")
    if not dtypes.is_integer(indices.dtype):
        raise ModelError(f"an EmbeddingBag takes integers; it is given {indices.dtype}")
    rows = b.Gather(embeddings, indices, axis=0)
    rows = rows if weights is None else b.Mul(rows, b.unsqueeze(b.cast(weights, rows.dtype), -1))
    return (b.ReduceMean if combiner == "mean" else b.ReduceSum)(rows, b.ints([-2]), keepdims=0)


# -- pools and what undoes them -----------------------------------------------------------------------------------------


@keras_layer("Addons>SpatialPyramidPooling2D", options="bins data_format")
def spatial_pyramid_pooling(b: Builder, layer: Layer, x: Value) -> Value:
    """The means of the cells of some grids, side by side: (batch, cells, channels), or (batch, channels, cells) with channels first.

    Rows and columns at the end that do not fill a grid are left out.
    """
    bins = [numbers(grid, 2) for grid in layer.config["bins"]]
    rows, columns = space(layer, x.rank)
    last = rows == 1
    found = []
    for grid in bins:
        y = x
        for axis, count in ((columns, grid[1]), (rows, grid[0])):
            y = _cells(b, y, axis, count)
        channels = b.dim(x, 3 if last else 1)
        cells = grid[0] * grid[1]
        found.append(b.reshape(y, [b.dim(x, 0), cells, channels] if last else [b.dim(x, 0), channels, cells]))
    return b.Concat(*found, axis=1 if last else 2) if len(found) > 1 else found[0]


def _cells(b: Builder, x: Value, axis: int, count: int) -> Value:
    """x with the means of `count` equal stretches along an axis."""
    length = b.dim(x, axis)
    if isinstance(length, int) and length < count:
        raise ModelError(f"a grid of {count} cells along an axis of length {length}")
    part = length // count if isinstance(length, int) else b.Div(length, count)
    end = part * count if isinstance(part, int) else b.Mul(part, count)
    kept = b.Slice(x, b.ints([0]), b.vector([end]), b.ints([axis]))
    dims = b.dims(x)
    return b.ReduceMean(b.reshape(kept, [*dims[:axis], count, part, *dims[axis + 1 :]]), b.ints([axis + 1]), keepdims=0)


@keras_layer("Addons>MaxUnpooling2D", options="pool_size strides padding")
def max_unpooling(b: Builder, layer: Layer, updates: Value, mask: Value) -> Value:
    """Each number of (batch, rows, columns, channels) at the place that `tf.nn.max_pool_with_argmax` says, zeros elsewhere."""
    config = layer.config
    pool, strides, padding = numbers(config["pool_size"], 2), numbers(config["strides"], 2), config["padding"]
    if padding not in ("SAME", "VALID"):
        raise UnsupportedAttribute(f"padding {padding!r}")
    sizes: list[int | Value] = []
    for axis in (1, 2):
        length, step, window = b.dim(updates, axis), strides[axis - 1], pool[axis - 1]
        more = window - step if padding == "VALID" else 0
        sizes.append(length * step + more if isinstance(length, int) else b.Add(b.Mul(length, step), more))
    return _unpooled(b, updates, mask, [b.dim(updates, 0), *sizes, b.dim(updates, 3)])


@keras_layer("Addons>MaxUnpooling2DV2", options="output_size")
def max_unpooling_to_size(b: Builder, layer: Layer, updates: Value, mask: Value) -> Value:
    """As MaxUnpooling2D, to a size that is given, that of the batch included."""
    batch, *sizes = numbers(layer.config["output_size"], 4)
    if updates.shape[0] not in (None, batch) or updates.shape[3] not in (None, sizes[2]):
        raise ModelError(f"output_size {layer.config['output_size']} for a tensor of shape {updates.shape}")
    return _unpooled(b, updates, mask, [batch, *sizes])


def _unpooled(b: Builder, updates: Value, mask: Value, dims: list[int | Value]) -> Value:
    """Places count through rows, columns and channels; of a place the channel is that of the number itself. What meets is added."""
    _, rows, columns, channels = dims
    known = [d for d in (rows, columns, channels) if isinstance(d, int)]
    if len(known) < 3:
        raise UnsupportedAttribute("a MaxUnpooling2D of pictures of unknown size")
    width, depth = known[1], known[2]
    places = b.cast(b.cast(mask, "int32"), "int64")
    pixels = b.Div(places, depth)
    flat = b.Add(b.Mul(pixels, depth), b.ints(range(depth)))
    size = known[0] * width * depth
    zeros = b.zeros([dims[0], size], updates.dtype)
    lines = [b.reshape(value, [dims[0], -1]) for value in (flat, updates)]
    return b.reshape(b.ScatterElements(zeros, *lines, axis=1, reduction="add"), dims)


@keras_layer("Addons>CorrelationCost", options="kernel_size max_displacement stride_1 stride_2 pad data_format")
def correlation_cost(b: Builder, layer: Layer, inputs: Any) -> Value:
    """The mean product of each patch of one picture and the patches around its place in another, a channel for each displacement.

    custom_ops/layers/cc/kernels/correlation_cost_op.cc. Both (batch, rows, columns, channels) or with channels first, as the output.
    """
    config = layer.config
    one, other = (channels_first(b, layer, x) for x in _listed(inputs, (2,), layer))
    lengths = [d for d in one.shape[2:] if d is not None]
    if len(lengths) != 2 or one.shape[2:] != other.shape[2:]:
        raise UnsupportedAttribute(f"a CorrelationCost of pictures of shapes {one.shape} and {other.shape}")
    window, step, pad = int(config["kernel_size"]), int(config["stride_1"]), int(config["pad"])
    apart, reach = int(config["stride_2"]), int(config["max_displacement"])
    radius, border = reach // apart, reach + (window - 1) // 2
    counts = [-(-(length + 2 * (pad - border)) // step) for length in lengths]
    if window % 2 == 0 or min(counts) < 1:
        raise UnsupportedAttribute(f"a CorrelationCost with kernel_size={window}, pad={pad} of pictures of {lengths}")
    start = border - pad * step - (window - 1) // 2
    ends = [start + (count - 1) * step + window for count in counts]
    far = radius * apart
    here = b.pad(one, [2, 3], [-start] * 2, [end - length for end, length in zip(ends, lengths, strict=True)])
    around = b.pad(other, [2, 3], [far - start] * 2, [end + far - length for end, length in zip(ends, lengths, strict=True)])
    places = range(0, 2 * far + 1, apart)
    products = []
    for row in places:
        band = b.slice(around, 2, row, row + ends[0] - start)
        for column in places:
            moved = b.slice(band, 3, column, column + ends[1] - start)
            products.append(b.ReduceMean(b.Mul(here, moved), b.ints([1]), keepdims=1))
    whole = b.Concat(*products, axis=1) if len(products) > 1 else products[0]
    pooled = b.AveragePool(whole, kernel_shape=[window, window], strides=[step, step])
    return as_given(b, layer, pooled)
