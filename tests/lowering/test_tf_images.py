"""Ops of images that today's TensorFlow no longer writes, and forms that are refused."""

import numpy as np
import pytest

from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.tensorflow.lower import lower_graph  # noqa: F401 - fills the table
from loadstone.lowering.tensorflow.raw import call_raw
from tests.lowering.programs import run

IMAGE = np.random.default_rng(0).random((2, 5, 6, 3), np.float32)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32"])
def test_contrast_of_the_first_releases_stays_between_bounds(dtype):
    x = (IMAGE * 255).astype(dtype)
    wide = x.astype(np.float32)
    mean = wide.mean((1, 2), keepdims=True)

    def build(b, x):
        return call_raw(b, "AdjustContrast", [x, b.const(1.5), b.const(10.0), b.const(200.0)], {})[0]

    (got,) = run(build, x)
    np.testing.assert_allclose(got, np.clip((wide - mean) * 1.5 + mean, 10, 200), rtol=1e-5)


def test_top_k_of_the_first_releases_has_k_as_an_attribute():
    values, places = run(lambda b, x: call_raw(b, "TopK", [x], {"k": 2}), IMAGE)
    np.testing.assert_array_equal(values, -np.sort(-IMAGE, axis=-1)[..., :2])
    np.testing.assert_array_equal(places, np.argsort(-IMAGE, axis=-1, kind="stable")[..., :2])


@pytest.mark.parametrize(
    ("op", "inputs", "attributes", "message"),
    [
        ("ResizeBilinear", [(3, 3)], {"align_corners": True, "half_pixel_centers": True}, "which TensorFlow refuses"),
        ("ScaleAndTranslate", [(3, 3), (1.0, 1.0), (0.0, 0.0)], {"kernel_type": "hat"}, "kernel_type='hat'"),
        ("ExtractGlimpse", [(3, 3), [(0.0, 0.0)] * 2], {}, "random whenever the model runs"),
        ("CropAndResize", [[(0.0, 0.0, 1.0, 1.0)], [0], (3, 3)], {"method": "cubic"}, "method='cubic'"),
        ("ImageProjectiveTransformV2", [[(1.0,) * 8], (3, 3)], {"interpolation": "CUBIC"}, "interpolation='CUBIC'"),
    ],
)
def test_forms_that_are_refused(op, inputs, attributes, message):
    def build(b, x):
        given = [b.const(np.asarray(v, np.float32 if isinstance(np.asarray(v).flat[0], np.floating) else np.int32)) for v in inputs]
        return call_raw(b, op, [x, *given], attributes)[0]

    with pytest.raises(UnsupportedAttribute, match=message):
        run(build, IMAGE)
