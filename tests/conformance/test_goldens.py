"""Every golden model loads and predicts what the release that saved it predicted."""

import numpy as np
import pytest

import loadstone
from tests.conformance.goldens import Golden, goldens


def my_custom_activation(x):
    """As make_goldens.py has it, in numpy."""
    return x / (1 + np.exp(-1.5 * x)) + np.float32(0.1)


class MyScale:
    """The custom layer of make_goldens.py, for numpy arrays."""

    weights = ("scale",)

    def __init__(self, offset=0.0, **config):
        self.offset = offset

    def call(self, inputs):
        return inputs * self.scale + self.offset


CUSTOM_OBJECTS = {"my_custom_activation": my_custom_activation, "MyScale": MyScale}

RELEASES = {f"tf.keras-{version}" for version in ("2.3.4", "2.8.4", "2.12.1", "2.13.1", "2.14.1", "2.15.1")} | {
    "keras-3.0.5",
    "keras-3.15.1",
}


def load(golden: Golden):
    """The model, given the custom objects that it cannot do without; those of training alone are not given."""
    needed = golden.meta.get("custom_objects")
    return loadstone.load_model(golden.path, custom_objects={name: CUSTOM_OBJECTS[name] for name in needed} if needed else None)


def assert_close(given, expected):
    """Same structure, shapes, dtypes and numbers. Tolerance: float32 kernels of two engines sum in different orders."""
    if isinstance(expected, dict):
        assert list(given) == list(expected)
        for key in expected:
            assert_close(given[key], expected[key])
    elif isinstance(expected, list):
        assert isinstance(given, list)
        assert len(given) == len(expected)
        for one, other in zip(given, expected, strict=True):
            assert_close(one, other)
    else:
        assert given.dtype == expected.dtype
        assert given.shape == expected.shape
        np.testing.assert_allclose(given, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("golden", goldens(), ids=lambda golden: golden.name)
def test_predicts_as_the_release_that_saved_it(golden):
    model = load(golden)
    for call in golden.calls:
        if call.reset:
            model.reset_states()
        assert_close(model.predict(golden.inputs, batch_size=call.batch_size, verbose=0), call.outputs)


@pytest.mark.parametrize("golden", goldens(), ids=lambda golden: golden.name)
def test_has_a_summary(golden):
    lines = []
    load(golden).summary(print_fn=lines.append)
    assert "Total params" in "\n".join(lines)


def test_all_goldens_are_here():
    assert len(goldens()) > 45
    assert {golden.path.parent.name for golden in goldens()} >= RELEASES
