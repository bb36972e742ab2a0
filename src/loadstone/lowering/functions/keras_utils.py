"""Functions of `keras.utils` that take tensors, which those of Keras 3 do.

Semantics: keras/src/utils/numerical_utils.py of Keras 3. Before, both took arrays of numpy alone.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era
from loadstone.lowering.tensorflow.symbols import Operand, rule, tensor, tf


def _of_keras_3(name: str, era: Era | None) -> None:
    if era is not None and era.version < (3,):
        raise UnsupportedAttribute(f"keras.utils.{name} of a tensor, which Keras refused before 3.0")


@tf("keras.utils.normalize")
def normalize(b: Builder, x: Operand, axis: Operand = -1, order: Operand = 2, *, era: Era | None = None) -> Any:
    """x over its norm along an axis."""
    _of_keras_3("normalize", era)
    return rule("keras.ops.normalize").function(b, tensor(b, x), axis, order, era=era)


@tf("keras.utils.to_categorical")
def to_categorical(b: Builder, x: Operand, num_classes: Operand = None, *, era: Era | None = None) -> Any:
    """A row of zeros with a one at the place of each number; a last axis of length 1 is gone."""
    _of_keras_3("to_categorical", era)
    y = tensor(b, x)
    if num_classes is None:
        raise UnsupportedAttribute("keras.utils.to_categorical without num_classes")
    y = b.squeeze(y, y.rank - 1) if y.rank > 1 and y.shape[-1] == 1 else y
    return rule("keras.ops.one_hot").function(b, y, num_classes, era=era)
