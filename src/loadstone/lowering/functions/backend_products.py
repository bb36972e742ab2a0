"""Products of `keras.backend`: dot, and batch_dot in its two meanings.

Semantics: keras/backend/tensorflow_backend.py of Keras 1.2.2, 2.2.4 and 2.3.1, keras/backend.py of TensorFlow 1.15 and 2.15.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era, agreed
from loadstone.lowering.keras import merging
from loadstone.lowering.keras.ops_products import tensordot
from loadstone.lowering.tensorflow.symbols import Operand, alike, number, rule, tf


@tf("keras.backend.dot")
def dot(b: Builder, x: Operand, y: Operand) -> Any:
    """The last axis of x with the last but one of y: (..., n) and (..., n, m) -> (..., ..., m)."""
    one, other = alike(b, x, y)
    if one.rank < 2 or other.rank < 2:
        raise ModelError(f"keras.backend.dot of tensors of shapes {one.shape} and {other.shape}")
    if one.rank == 2 and other.rank == 2:
        return rule("matmul").function(b, one, other)
    return tensordot(b, one, other, [one.rank - 1], [other.rank - 2])


@tf("keras.backend.batch_dot")
def batch_dot(b: Builder, x: Operand, y: Operand, axes: Operand = None, *, era: Era | None = None) -> Value:
    """Sums of products over one axis of each, sample by sample: (batch, the rest of x, the rest of y), and (batch, 1) of two matrices.

    Keras up to 2.2 and tf.keras of TensorFlow 1 took an axis for the last one or any other (a negative one for another), and multiplied
    tensors of more than three axes matrix by matrix; where that is not the same, the release decides.
    """
    one, other = alike(b, x, y)
    if one.rank < 2 or other.rank < 2:
        raise ModelError(f"keras.backend.batch_dot of tensors of shapes {one.shape} and {other.shape}")
    given = None if axes is None else number(axes, "axes")
    if given is not None and not isinstance(given, list):
        given = [given, given]
    new, old = _today(one, other, given), _before(one, other, given)
    what = f"keras.backend.batch_dot of shapes {one.shape} and {other.shape} with axes={given}"
    reading = new if new == old else old if agreed(what, era, _is_old) else new
    if reading is None:
        raise UnsupportedAttribute(what)
    kind, first, second = reading
    if kind == "sums":
        return merging.batch_dot(b, one, other, first, second)
    turned = [*range(one.rank - 2), one.rank - 1, one.rank - 2]
    return b.MatMul(b.transpose(one, turned) if first else one, b.transpose(other, turned) if second else other)


Reading = tuple[str, int, int] | None


def _today(x: Value, y: Value, axes: list[Any] | None) -> Reading:
    """The axes that are summed over; None where Keras refuses."""
    first, second = axes or [x.rank - 1, y.rank - 1 if y.rank == 2 else y.rank - 2]
    if not isinstance(first, int) or not isinstance(second, int):
        return None
    first, second = first % x.rank, second % y.rank
    return ("sums", first, second) if first and second else None


def _before(x: Value, y: Value, axes: list[Any] | None) -> Reading:
    """The same, or products of matrices and whether each side is transposed; None where we have no rule for what came out."""
    first, second = axes or [x.rank - 1, y.rank - 2]
    if not isinstance(first, int) or not isinstance(second, int):
        return None
    rank = max(x.rank, y.rank)
    if rank == 2:
        return ("sums", 1, 1) if first == second and first in (1, -1) else None
    of_x, of_y = first != rank - 1, second == rank - 1  # transposed; the one of lower rank got axes of length 1 at its end
    if rank > 3:
        return ("matrices", int(of_x), int(of_y)) if x.rank == y.rank else None
    if x.rank < rank:
        return ("sums", 1, 2 if of_y else 1) if of_x else None
    if y.rank < rank:
        return ("sums", 1 if of_x else 2, 1) if not of_y else None
    return ("sums", 1 if of_x else 2, 2 if of_y else 1)


def _is_old(era: Era) -> bool | None:
    """tf.keras of TensorFlow 1.13 to 2.1 has one number, and TensorFlow 2.0 the new function; Theano always had one of its own."""
    if era.tf and era.version == (2, 2, 4) or era.backend == "theano":
        return None
    return era.version < (2, 3)
