"""What layers that prepare images are given: images alone, or a dict of images with their boxes, labels and masks.

keras/src/layers/preprocessing/data_layer.py and image_preprocessing/base_image_preprocessing_layer.py of Keras 3. When a model
predicts, all tensors of such a layer come in its compute dtype, integers too; boxes are float32 then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loadstone.errors import ModelError
from loadstone.ir import Layer, Structure, map_structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder

Boxes = dict[str, Any]


def each_part(
    b: Builder,
    layer: Layer,
    data: Structure,
    images: Callable[[Value], Value],
    boxes: Callable[[Boxes], Boxes] | None = None,
    without: str = "",
) -> Structure:
    """The data with its images (batch, height, width, channels) changed, and its boxes; the rest of a dict stays.

    Images may be without a batch. without: keys of a dict that the layer does not take.
    """
    if isinstance(data, Value):
        return _changed(b, layer, b.cast(data, layer.policy.compute), images)
    if not isinstance(data, dict) or not isinstance(data.get("images"), Value):
        raise ModelError(f"{layer.class_name} of something other than images, or a dict of images and what belongs to them")
    refused = sorted(set(without.split()) & set(data))
    if refused:
        raise ModelError(f"{layer.class_name} of a dict with {', '.join(refused)}, which Keras refuses")
    made = map_structure(lambda part: b.cast(part, layer.policy.compute) if isinstance(part, Value) else part, data)
    made["images"] = _changed(b, layer, made["images"], images)
    if "bounding_boxes" in made:
        made["bounding_boxes"] = _boxes(b, layer, made["bounding_boxes"])
        if boxes is not None:
            if made["bounding_boxes"]["boxes"].rank != made["images"].rank - 1:
                raise ModelError(f"{layer.class_name} with boxes of shape {made['bounding_boxes']['boxes'].shape}")
            made["bounding_boxes"] = boxes(made["bounding_boxes"])
    return made


def _changed(b: Builder, layer: Layer, x: Value, images: Callable[[Value], Value]) -> Value:
    if x.rank not in (3, 4):
        raise ModelError(f"{layer.class_name} of images of shape {x.shape}")
    return images(x) if x.rank == 4 else b.squeeze(images(b.unsqueeze(x, 0)), 0)


def _boxes(b: Builder, layer: Layer, given: Any) -> Boxes:
    if not layer.config.get("bounding_box_format"):
        raise ModelError(f"{layer.class_name} of a dict with bounding_boxes, and no bounding_box_format")
    if not isinstance(given, dict) or not {"boxes", "labels"} <= set(given):
        raise ModelError(f"{layer.class_name} with bounding_boxes that are no dict of boxes and labels")
    return {**given, "boxes": b.cast(given["boxes"], "float32")}
