"""What is refused of images in operations and layers, and what fails where Keras fails."""

from typing import Any

import numpy as np
import pytest

from loadstone.errors import InferenceError, ModelError, UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.builder import Builder
from loadstone.lowering.registry import keras_layer, keras_op


def lowered(name: str, *inputs: tuple[tuple[int | None, ...], str], **config: Any) -> Builder:
    """The builder after one operation or layer."""
    b = Builder()
    values = [b.input(f"x{i}", shape, dtype) for i, (shape, dtype) in enumerate(inputs)]
    rules, domain = (keras_op, "keras.ops") if name in keras_op.rules else (keras_layer, "keras")
    rules.rules[name].function(b, Layer(name, "op", config, domain=domain), *values)
    return b


def parts(name: str, **config: Any) -> None:
    """A layer on a dict of images, boxes and labels."""
    b = Builder()
    images, boxes, labels = (
        b.input("x", (None, 4, 4, 3), "float32"),
        b.input("y", (None, 2, 4), "float32"),
        b.input("z", (None, 2), "int32"),
    )
    data = {"images": images, "labels": labels, "bounding_boxes": {"boxes": boxes, "labels": labels}}
    keras_layer.rules[name].function(b, Layer(name, "op", config, domain="keras"), data)


def step(b: Builder, *arrays: np.ndarray) -> Any:
    """The result of the Python step among the ops."""
    op = next(op for op in b.block.ops if op.domain == "host")
    assert op.function is not None
    return op.function(*arrays)


IMAGES = ((None, 6, 6, 3), "float32")


@pytest.mark.parametrize(
    ("name", "dtype"), [("RGBToHSV", "uint8"), ("HSVToRGB", "int32"), ("SobelEdges", "uint8"), ("GaussianBlur", "float16")]
)
def test_dtypes_that_keras_refuses_are_refused(name: str, dtype: str) -> None:
    with pytest.raises(ModelError, match=f"{name} of .*{dtype}"):
        lowered(name, ((None, 6, 6, 3), dtype))


@pytest.mark.parametrize("name", ["RGBToHSV", "SobelEdges", "GaussianBlur", "PadImages", "ExtractPatches", "AutoContrast"])
def test_tensors_that_are_no_images_are_refused(name: str) -> None:
    with pytest.raises(ModelError, match=name):
        lowered(name, ((None, 6), "float32"), size=2, target_height=3, top_padding=0, target_width=3, left_padding=0)


@pytest.mark.parametrize(("option", "value"), [("interpolation", "bicubic"), ("fill_mode", "mirror")])
def test_transforms_that_tensorflow_does_not_have_are_refused(option: str, value: str) -> None:
    with pytest.raises(UnsupportedAttribute, match=value):
        lowered("AffineTransform", IMAGES, ((None, 8), "float32"), **{option: value})


def test_elastic_transforms_are_refused_since_they_are_random() -> None:
    with pytest.raises(UnsupportedAttribute, match="random"):
        lowered("ElasticTransform", IMAGES, seed=1)


def test_another_number_of_transforms_than_images_fails() -> None:
    b = lowered("AffineTransform", IMAGES, ((None, 8), "float32"))
    with pytest.raises(InferenceError, match="2 transforms for 3 images"):
        step(b, np.zeros((3, 6, 6, 3), "float32"), np.zeros((2, 8), "float32"))


def test_points_that_determine_no_transform_fail() -> None:
    b = lowered("PerspectiveTransform", IMAGES, ((4, 2), "float32"), ((4, 2), "float32"))
    with pytest.raises(InferenceError, match="not invertible"):
        step(b, np.zeros((1, 6, 6, 3), "float32"), np.zeros((4, 2), "float32"), np.zeros((4, 2), "float32"))


def test_coordinates_of_another_rank_are_refused() -> None:
    with pytest.raises(ModelError, match="coordinates"):
        lowered("MapCoordinates", ((5, 6), "float32"), ((3, 7), "float32"), order=1)


def test_splines_are_refused() -> None:
    with pytest.raises(ModelError, match="order 3"):
        lowered("MapCoordinates", ((5, 6), "float32"), ((2, 7), "float32"), order=3)


def test_a_mirror_leads_outside_where_tensorflow_fails() -> None:
    b = lowered("MapCoordinates", ((5,), "float32"), ((1, 1), "float32"), order=0, fill_mode="mirror")
    with pytest.raises(InferenceError, match="outside"):
        step(b, np.zeros(5, "float32"), np.array([[5.0]], "float32"))


@pytest.mark.parametrize("borders", [{"top_padding": 1}, {"top_padding": 1, "bottom_padding": 1, "target_height": 8}])
def test_two_of_three_numbers_say_how_images_are_padded(borders: dict[str, int]) -> None:
    with pytest.raises(ModelError, match="takes two of top_padding, bottom_padding, target_height"):
        lowered("PadImages", IMAGES, left_padding=0, right_padding=0, **borders)


def test_images_are_not_padded_to_less() -> None:
    with pytest.raises(ModelError, match="bottom -3"):
        lowered("PadImages", IMAGES, top_padding=1, target_height=4, left_padding=0, right_padding=0)


def test_images_that_turn_out_too_large_fail() -> None:
    b = lowered("PadImages", ((None, None, None, 3), "float32"), top_padding=1, target_height=4, left_padding=0, right_padding=0)
    with pytest.raises(InferenceError, match="bottom -3"):
        step(b, np.zeros((1, 6, 6, 3), "float32"))


def test_images_smaller_than_the_window_have_no_likeness() -> None:
    with pytest.raises(ModelError, match="filter_size=11"):
        lowered("SSIM", IMAGES, IMAGES)


def test_blocks_that_overlap_are_not_put_together() -> None:
    with pytest.raises(ModelError, match="apart"):
        lowered("ReconstructPatches", ((None, 2, 2, 12), "float32"), size=[2, 2], strides=[1, 1])


def test_images_that_cannot_fill_the_tiles_fail() -> None:
    b = lowered("ContrastLimitedAdaptiveHistogramEqualization", ((None, 2, 2, 1), "float32"))
    with pytest.raises(InferenceError, match="2 by 2"):
        step(b, np.zeros((1, 2, 2, 1), "float32"))


def test_boxes_need_a_format() -> None:
    with pytest.raises(ModelError, match="no bounding_box_format"):
        parts("AutoContrast")


@pytest.mark.parametrize("name", ["CutMix", "RandomElasticTransform", "ContrastLimitedAdaptiveHistogramEqualization"])
def test_boxes_that_keras_refuses_are_refused(name: str) -> None:
    with pytest.raises(ModelError, match="bounding_boxes"):
        parts(name, bounding_box_format="xyxy")


@pytest.mark.parametrize("name", ["Resizing", "CenterCrop", "RandomCrop"])
def test_layers_that_change_sizes_take_no_dicts(name: str) -> None:
    with pytest.raises(UnsupportedAttribute, match=name):
        parts(name, height=2, width=2)
