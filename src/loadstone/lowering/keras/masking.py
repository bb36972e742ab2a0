"""Masking: steps in which every feature has one value are masked.

Semantics: keras/src/layers/core/masking.py of Keras 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer, Structure
from loadstone.lowering.block import Value
from loadstone.lowering.keras.walk import Call, Traced, Walk
from loadstone.lowering.registry import keras_layer


@keras_layer("Masking", options="mask_value", raw=True)
def masking(walk: Walk, layer: Layer, call: Call) -> Structure:
    """x (batch, time, ..., n) with masked steps as zeros, and the mask (batch, time, ...)."""
    b, x = walk.b, call.first
    assert isinstance(x, Value)
    differs = b.Not(b.Equal(x, b.const(_number(layer.config.get("mask_value", 0.0)), x.dtype)))
    kept = b.cast(b.ReduceMax(b.cast(differs, "int32"), b.ints([-1]), keepdims=1), "bool")
    return Traced(b.Where(kept, x, 0), b.squeeze(kept, -1))


def _number(stored: Any) -> float:
    """mask_value: a number, or an array of one that Keras 3 wrote as a dict."""
    value = stored["config"].get("value") if isinstance(stored, dict) and isinstance(stored.get("config"), dict) else stored
    if np.size(value) != 1 or not isinstance(np.asarray(value).reshape(-1)[0].item(), (int, float)):
        raise UnsupportedAttribute(f"Masking with mask_value={stored!r}")
    return float(np.asarray(value).reshape(-1)[0])
