"""`output_padding` of transposed convolutions, which Keras 3 left out of their configs at first.

Keras 3.0 to 3.10 at least did not save it (keras/src/layers/convolutional/base_conv_transpose.py, `get_config`), and opens such
a file as if there were none. The shapes that the file notes for tensors tell what it was.
"""

from __future__ import annotations

from loadstone.ir import Graph, Layer, Node, Output

_CLASSES = ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")


def restore_output_padding(graph: Graph) -> None:
    """Write `output_padding` into the config of each transposed convolution whose noted output shape needs one."""
    shapes = {leaf.node: leaf.shape for node in graph.nodes for leaf in node.outputs_used() if leaf.shape is not None}
    for node in graph.nodes:
        layer = node.layer
        if layer is None or node.op not in _CLASSES or "output_padding" in layer.config:
            continue
        given = next((leaf.shape for leaf in _first(node) if leaf.shape is not None), None)
        found = shapes.get(node)
        if given is not None and found is not None and len(given) == len(found):
            padding = _padding(layer, given, found)
            if padding is not None:
                layer.config["output_padding"] = padding


def _first(node: Node) -> list[Output]:
    return list(node.outputs_used())[:1]


def _padding(layer: Layer, given: tuple[int | None, ...], found: tuple[int | None, ...]) -> list[int] | None:
    """The padding that makes `found` of `given`; None where none was given, or where lengths are free.

    keras/src/backend/common/backend_utils.py, `_get_output_shape_given_tf_padding`.
    """
    config = layer.config
    first = 2 if config.get("data_format") == "channels_first" else 1
    amounts, plain = [], True
    dilations = config.get("dilation_rate") or [1] * len(config["strides"])  # which Keras 2.0 to 2.2.2 did not write for these
    for k, (size, stride, dilation) in enumerate(zip(config["kernel_size"], config["strides"], dilations, strict=True)):
        before, after = given[first + k], found[first + k]
        if before is None or after is None:
            return None
        reach = dilation * (size - 1) + 1
        same = config["padding"] == "same"
        plain = plain and after == (before * stride if same else before * stride + max(reach - stride, 0))
        amounts.append(after - (before - 1) * stride - reach + (2 * (reach // 2) if same else 0))
    return None if plain or not all(0 <= a < s for a, s in zip(amounts, config["strides"], strict=True)) else amounts
