"""Complex numbers as functions of `keras.ops`: Python steps, since the engine has none.

Semantics: `_polar` in keras/src/ops/nn.py of Keras 3. (ViewAsComplex, which TensorFlow cannot compute in a model, has no rule.)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.eigen_eigh import Array
from loadstone.lowering.keras.promotion import strong_values
from loadstone.lowering.registry import keras_op
from loadstone.lowering.shapes import broadcast

_COMPLEX = {"float32": "complex64", "float64": "complex128"}


@keras_op("Polar")
def polar(b: Builder, layer: Layer, abs_: Any, angle: Any) -> Value:
    """Complex numbers of these absolute values and angles."""
    size, turn = (x if isinstance(x, Value) else strong_values(b, [x])[0] for x in (abs_, angle))
    if size.dtype != turn.dtype or size.dtype not in _COMPLEX:
        raise ModelError(f"Polar of {size.dtype} and {turn.dtype}, which TensorFlow cannot compute")
    dtype = _COMPLEX[size.dtype]

    def numbers(length: Array, phi: Array) -> tuple[Array, ...]:
        made = np.empty(np.broadcast_shapes(length.shape, phi.shape), dtype)
        with np.errstate(all="ignore"):
            made.real, made.imag = length * np.cos(phi), length * np.sin(phi)
        return (made,)

    return b.host("Polar", numbers, [size, turn], [(broadcast(size.shape, turn.shape), dtype)])[0]
