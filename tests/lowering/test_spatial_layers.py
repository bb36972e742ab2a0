"""Convolutions, pools, normalizations, padding, cropping, upsampling and image preprocessing against what each release gave."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.frontends.keras.history import upgrade_layer
from loadstone.ir import Layer, Producer, Tensor
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.walk import Traced, Walk
from tests.lowering.golden_layers import Case, cases, run

# What a release computes in half precision it rounds at other places than we do; float32 sums differ in their order.
TOLERANCE = {"float16": 1e-2, "bfloat16": 3e-2, "float32": 1e-4, "float64": 1e-5}


@pytest.mark.parametrize("case", list(cases("spatial.npz")), ids=lambda case: case.title)
def test_layer_gives_what_keras_gave(case: Case) -> None:
    result = run(case)
    assert result.dtype.name == case.what["result"]
    policy = str(case.what["config"].get("dtype"))
    dtype = next((name for name in ("bfloat16", "float16") if name in policy), case.what["result"])
    tolerance = TOLERANCE.get(dtype, 0)
    np.testing.assert_allclose(
        result.astype(np.float64), case.output, rtol=tolerance, atol=tolerance if "float16" in dtype else tolerance / 10
    )


def _call(class_name: str, shape: tuple[int | None, ...], weights: dict[str, tuple[int, ...]] | None = None, **config: Any) -> Value:
    """The result of one call, on a tensor that is not there."""
    walk = Walk(Builder())
    layer = Layer(class_name, "layer", config, weights={name: Tensor.of(np.ones(s, np.float32)) for name, s in (weights or {}).items()})
    layer.children = {key: layer.config.pop(key) for key in list(config) if isinstance(config[key], Layer)}
    outputs = walk.call(
        layer, (Traced(walk.b.input("x", shape, "float32")),), {key: config.pop(key) for key in list(config) if key == "training"}
    )
    walk.raise_problems()
    assert isinstance(outputs, Traced) and outputs.value is not None
    return outputs.value


CONV = {"strides": [1, 1], "padding": "valid", "dilation_rate": [1, 1], "activation": None, "kernel_size": [3, 3]}


def test_strides_and_dilation_of_old_depthwise_convolutions_are_refused() -> None:
    config = upgrade_layer(
        "DepthwiseConv2D", {**CONV, "strides": [2, 2], "dilation_rate": [2, 2], "groups": 1}, Producer("tf.keras", "2.8.0")
    )
    with pytest.raises(UnsupportedAttribute, match="strides_inside_dilation=True"):
        _call("DepthwiseConv2D", (None, 8, 8, 2), {"kernel": (3, 3, 2, 1)}, **config)


def test_a_kernel_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(ModelError, match="windows of"):
        _call("Conv2D", (None, 8, 8, 2), {"kernel": (5, 5, 2, 4)}, filters=4, **CONV)
    with pytest.raises(ModelError, match="does not fit an input of shape"):
        _call("Conv2D", (None, 8, 8, 3), {"kernel": (3, 3, 2, 4)}, filters=4, **CONV)


@pytest.mark.parametrize("option", [{"padding": "reflect"}, {"data_format": "channels_middle"}, {"unheard_of": 1}])
def test_options_that_nobody_knows_are_refused_by_name(option: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedAttribute, match=next(iter(option))):
        _call("Conv2D", (None, 8, 8, 2), {"kernel": (3, 3, 2, 4)}, filters=4, **{**CONV, **option})


def test_unknown_interpolations_are_refused() -> None:
    with pytest.raises(UnsupportedAttribute, match="'cubist'"):
        _call("Resizing", (None, 8, 8, 1), height=4, width=4, interpolation="cubist")
    with pytest.raises(UnsupportedAttribute, match="fill_mode"):
        _call("Resizing", (None, 8, 8, 1), height=4, width=4, interpolation="nearest", fill_mode="reflect")


def test_spectral_normalization_is_the_layer_inside() -> None:
    inner = Layer("Conv2D", "inner", {**CONV, "filters": 4}, weights={"kernel": Tensor.of(np.ones((3, 3, 2, 4), np.float32))})
    assert _call("SpectralNormalization", (None, 8, 8, 2), {"vector_u": (1, 4)}, layer=inner, power_iterations=1).shape == (None, 6, 6, 4)
    with pytest.raises(UnsupportedAttribute, match="training=True"):
        _call("SpectralNormalization", (None, 8, 8, 2), {"vector_u": (1, 4)}, layer=inner, power_iterations=1, training=True)


def test_weights_say_what_a_batch_normalization_has() -> None:
    statistics = dict.fromkeys(("moving_mean", "moving_variance", "gamma"), (2,))
    with pytest.raises(ModelError, match="has other weights"):
        _call("BatchNormalization", (None, 8, 2), statistics, axis=-1, epsilon=1e-3, center=True, scale=True)


def test_renormalization_is_inference_as_usual_and_refused_in_training() -> None:
    weights = dict.fromkeys("gamma beta moving_mean moving_variance moving_stddev renorm_mean renorm_stddev".split(), (2,))
    config = {"axis": -1, "epsilon": 1e-3, "renorm": True, "renorm_clipping": None, "renorm_momentum": 0.9}
    assert _call("BatchNormalization", (None, 8, 2), weights, **config).shape == (None, 8, 2)
    with pytest.raises(UnsupportedAttribute, match="renorm"):
        _call("BatchNormalization", (None, 8, 2), weights, training=True, **config)
