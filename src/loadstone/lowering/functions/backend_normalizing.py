"""Batch normalization as functions of `keras.backend`.

Semantics: keras/backend/tensorflow_backend.py of Keras 1.2.2 to 2.3.1, keras/backend.py of 2.15.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era, agreed
from loadstone.lowering.tensorflow.symbols import Operand, axes_of, number, rule, tensor, tf


@tf("keras.backend.batch_normalization")
def batch_normalization(
    b: Builder, x: Operand, mean: Operand, var: Operand, beta: Operand, gamma: Operand, axis: Operand = -1, epsilon: Operand = 1e-3,
    *, era: Era | None = None,
) -> Any:  # fmt: skip
    """(x - mean) / sqrt(var + epsilon) * gamma + beta.

    A sixth argument that is no integer is the epsilon up to Keras 2.1. Later ones take it for an axis, and heed none for most tensors.
    """
    y, at = tensor(b, x), number(axis, "an axis")
    if isinstance(at, float):
        if agreed(f"keras.backend.batch_normalization with axis={at}", era, _has_no_axis):
            epsilon = at
        elif y.rank == 4:
            raise UnsupportedAttribute(f"keras.backend.batch_normalization with axis={at}")
        at = -1
    vectors = [tensor(b, v, y.dtype) for v in (mean, var, beta, gamma) if v is not None]
    if at % y.rank != y.rank - 1 and any(v.rank == 1 for v in vectors):
        raise UnsupportedAttribute(f"keras.backend.batch_normalization along axis {at} with statistics of one axis")
    if at % y.rank == y.rank - 1 and any(v.rank > 1 and v.shape[:-1] != (1,) * (v.rank - 1) for v in vectors):
        raise UnsupportedAttribute("keras.backend.batch_normalization by statistics of several axes")
    return rule("nn.batch_normalization").function(b, y, mean, var, beta, gamma, epsilon)


def _has_no_axis(era: Era) -> bool | None:
    """tf.keras got the argument before TensorFlow 1.13."""
    if era.tf:
        return None if era.version < (2, 2, 4) else False
    return era.version < (2, 2)


@tf("keras.backend.normalize_batch_in_training")
def normalize_batch_in_training(
    b: Builder, x: Operand, gamma: Operand, beta: Operand, reduction_axes: Operand, epsilon: Operand = 1e-3, *, era: Era | None = None
) -> tuple[Value, Value, Value]:
    """x normalized by its own mean and variance along axes, these two; since Keras 2 the variance is that of a sample for images."""
    y = tensor(b, x)
    axes = sorted(axes_of(reduction_axes, y.rank))
    mean, variance = rule("nn.moments").function(b, y, axes)
    wide = [None if v is None else _spread(b, tensor(b, v, y.dtype), y.rank, axes) for v in (mean, variance, beta, gamma)]
    normal = rule("nn.batch_normalization").function(b, y, *wide, epsilon)
    if y.rank == 4 and axes == [0, 1, 2] and agreed("keras.backend.normalize_batch_in_training of images", era, _is_fused):
        raise UnsupportedAttribute("keras.backend.normalize_batch_in_training of images")
    return normal, mean, variance


def _is_fused(era: Era) -> bool:
    return era.version >= (2,)


def _spread(b: Builder, v: Value, rank: int, axes: list[int]) -> Value:
    return b.unsqueeze(v, *axes) if v.rank == rank - len(axes) else v
