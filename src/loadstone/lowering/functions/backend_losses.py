"""Cross-entropies of `keras.backend`.

Semantics: keras/backend/tensorflow_backend.py of Keras 1.2.2 and 2.2.4, keras/backend.py of TensorFlow 1.15 and 2.15. Keras 1 has the output
before the target. Since TensorFlow 1.15 what a softmax or sigmoid gave is taken back to its logits, and the binary loss adds epsilon
once more; what is 0 or 1 within 1e-7 has another loss than before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era, agreed
from loadstone.lowering.functions.rows import entered_as
from loadstone.lowering.keras.activations import log_softmax, softmax
from loadstone.lowering.keras.special import log1p
from loadstone.lowering.tensorflow.symbols import Operand, axis_of, enter, rule, tensor, tf

EPSILON = 1e-7


def _entered(name: str, loss: Callable[..., Value]) -> None:
    def function(b: Builder, *args: Any, era: Era | None = None, **named: Any) -> Value:
        old = agreed(f"keras.backend.{name}", era, lambda e: e.version < (2,))
        new = bool(agreed(f"keras.backend.{name}", era, _from_logits_where_it_can))
        given = {**dict(zip(_KERAS_1 if old else _KERAS_2, args, strict=False)), **named}
        if len(given) != len(args) + len(named):
            raise ModelError(f"keras.backend.{name} is given {' or '.join(named)} twice")
        y = tensor(b, given["output"])
        axis = axis_of(given.get("axis", -1), y.rank)
        return loss(b, tensor(b, given["target"]), y, bool(given.get("from_logits", False)), axis, new)

    enter(entered_as(function, [(key, key not in ("target", "output")) for key in _KERAS_2], dated=True), f"keras.backend.{name}")


_KERAS_2 = ("target", "output", "from_logits", "axis")
_KERAS_1 = ("output", "target", "from_logits", "axis")


def _from_logits_where_it_can(era: Era) -> bool | None:
    """tf.keras of TensorFlow 1.13 to 2.1 has one number; Keras 2.3 calls what TensorFlow is installed, 1.15 or 2."""
    if era.tf and era.version < (2, 2, 4):
        return None
    return era.tf or era.version >= (2, 3)


def _categorical(b: Builder, target: Value, output: Value, from_logits: bool, axis: int, new: bool) -> Value:
    """- sum(target log(output)) along an axis."""
    logits = output if from_logits else made_of(b, output, "Softmax") if new else None
    if logits is not None:
        return b.Neg(b.ReduceSum(b.Mul(_in(b, target, output), log_softmax(b, logits, axis)), b.ints([axis]), keepdims=0))
    shares = b.Div(output, b.ReduceSum(output, b.ints([axis]), keepdims=1))
    return b.Neg(b.ReduceSum(b.Mul(_in(b, target, output), b.Log(between(b, shares))), b.ints([axis]), keepdims=0))


def _sparse(b: Builder, target: Value, output: Value, from_logits: bool, axis: int, new: bool) -> Value:
    """- log(output) of the class that the target names."""
    logits = output if from_logits else made_of(b, output, "Softmax") if new else None
    scores = b.Log(between(b, output)) if logits is None else logits
    scores = b.transpose(scores, [*(i for i in range(scores.rank) if i != axis), axis])
    classes = scores.shape[-1]
    if classes is None or scores.rank > 3 and not new:
        raise UnsupportedAttribute(f"keras.backend.sparse_categorical_crossentropy of a tensor of shape {output.shape}")
    if target.rank != scores.rank - 1:
        target = b.reshape(target, [-1])
        flat = rule("nn.sparse_softmax_cross_entropy_with_logits").function(b, target, b.reshape(scores, [-1, classes]))
        return b.reshape(flat, b.dims(scores)[:-1], scores.shape[:-1]) if scores.rank > 2 else flat
    loss: Value = rule("nn.sparse_softmax_cross_entropy_with_logits").function(b, target, scores)
    return loss


def _binary(b: Builder, target: Value, output: Value, from_logits: bool, axis: int, new: bool) -> Value:
    """- target log(output) - (1 - target) log(1 - output)."""
    labels = _in(b, target, output)
    logits = output if from_logits else made_of(b, output, "Sigmoid") if new else None
    if logits is None:
        chance = between(b, output)
        if new:
            one = b.Mul(labels, b.Log(b.Add(chance, EPSILON)))
            return b.Neg(b.Add(one, b.Mul(b.Sub(1, labels), b.Log(b.Sub(1 + EPSILON, chance)))))
        logits = b.Log(b.Div(chance, b.Sub(1, chance)))
    rest = log1p(b, b.Exp(b.Neg(b.Abs(logits))))
    return b.Add(b.Sub(b.Max(logits, 0), b.Mul(logits, labels)), rest)


_entered("categorical_crossentropy", _categorical)
_entered("sparse_categorical_crossentropy", _sparse)
_entered("binary_crossentropy", _binary)


@tf("keras.backend.categorical_focal_crossentropy")
def categorical_focal_crossentropy(
    b: Builder, target: Operand, output: Operand, alpha: float = 0.25, gamma: float = 2.0, from_logits: Any = False, axis: Operand = -1
) -> Value:
    """- sum(alpha (1 - output) ^ gamma target log(output)) along an axis."""
    y = tensor(b, output)
    at = axis_of(axis, y.rank)
    shares = softmax(b, y, at) if from_logits else y
    shares = between(b, b.Div(shares, b.ReduceSum(shares, b.ints([at]), keepdims=1)))
    weight = b.Mul(b.Pow(b.Sub(1, shares), b.const(float(gamma), y.dtype)), float(alpha))
    return b.ReduceSum(b.Mul(weight, b.Mul(b.Neg(_in(b, tensor(b, target), y)), b.Log(shares))), b.ints([at]), keepdims=0)


@tf("keras.backend.binary_focal_crossentropy")
def binary_focal_crossentropy(
    b: Builder, target: Operand, output: Operand, apply_class_balancing: Any = False, alpha: float = 0.25, gamma: float = 2.0,
    from_logits: Any = False,
) -> Value:  # fmt: skip
    """binary_crossentropy times the gamma-th power of how far the output is from the target."""
    y = tensor(b, output)
    labels, chance = _in(b, tensor(b, target), y), b.Sigmoid(y) if from_logits else y
    right = b.Add(b.Mul(labels, chance), b.Mul(b.Sub(1, labels), b.Sub(1, chance)))
    loss = b.Mul(b.Pow(b.Sub(1, right), b.const(float(gamma), y.dtype)), _binary(b, labels, y, bool(from_logits), -1, True))
    if not apply_class_balancing:
        return loss
    return b.Mul(b.Add(b.Mul(labels, float(alpha)), b.Mul(b.Sub(1, labels), 1 - float(alpha))), loss)


def _in(b: Builder, target: Value, output: Value) -> Value:
    if target.dtype == output.dtype:
        return target
    if target.const is None:
        raise ModelError(f"a loss of a target of {target.dtype} and an output of {output.dtype}")
    return b.cast(target, output.dtype)


def between(b: Builder, x: Value) -> Value:
    """x from epsilon to 1 - epsilon."""
    return b.Clip(x, b.const(EPSILON, x.dtype), b.const(1.0 - EPSILON, x.dtype))


def made_of(b: Builder, output: Value, kind: str) -> Value | None:
    """What a softmax or sigmoid gave the output of; None where it is none's."""
    op = b.maker(output)
    if op is None or op.kind != kind:
        return None
    return op.inputs[0]
