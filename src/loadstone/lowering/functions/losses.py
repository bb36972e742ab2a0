"""`keras.losses` as functions of two tensors: a loss for each sample, over the last axis.

Semantics: keras/objectives.py of Keras 1.2.2, keras/losses.py of Keras 2.2.4, 2.3.1, TensorFlow 1.15 and 2.15, and of Keras 3. The target is
taken in the dtype of the prediction; tensors of different ranks, which Keras 3 aligns and others broadcast, are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log

from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.backend_losses import EPSILON
from loadstone.lowering.functions.era import Era, agreed
from loadstone.lowering.tensorflow.symbols import Operand, axis_of, enter, rule, tensor, tf

Loss = Callable[[Builder, Value, Value], Value]


def _square(b: Builder, x: Value) -> Value:
    return b.Mul(x, x)


def _shares_of(b: Builder, y_true: Value, y_pred: Value) -> Value:
    return b.Abs(b.Div(b.Sub(y_true, y_pred), b.Max(b.Abs(y_true), EPSILON)))


def _logarithms(b: Builder, y_true: Value, y_pred: Value) -> Value:
    one, other = (b.Log(b.Add(b.Max(v, EPSILON), 1)) for v in (y_pred, y_true))
    return _square(b, b.Sub(one, other))


def _hyperbolic(b: Builder, y_true: Value, y_pred: Value) -> Value:
    x = b.Sub(y_pred, y_true)
    return b.Sub(b.Add(x, b.Softplus(b.Mul(x, -2))), log(2))


def _divergence(b: Builder, y_true: Value, y_pred: Value) -> Value:
    low, high = b.const(EPSILON, y_pred.dtype), b.const(1, y_pred.dtype)
    one, other = b.Clip(y_true, low, high), b.Clip(y_pred, low, high)
    return b.Mul(one, b.Log(b.Div(one, other)))


MEANS: dict[str, tuple[Loss, str]] = {
    "mean_squared_error": (lambda b, y_true, y_pred: _square(b, b.Sub(y_pred, y_true)), "mse MSE"),
    "mean_absolute_error": (lambda b, y_true, y_pred: b.Abs(b.Sub(y_pred, y_true)), "mae MAE"),
    "mean_absolute_percentage_error": (_shares_of, "mape MAPE"),
    "mean_squared_logarithmic_error": (_logarithms, "msle MSLE"),
    "log_cosh": (_hyperbolic, "logcosh"),
    "poisson": (lambda b, y_true, y_pred: b.Sub(y_pred, b.Mul(y_true, b.Log(b.Add(y_pred, EPSILON)))), ""),
}
SUMS: dict[str, tuple[Loss, str]] = {"kl_divergence": (_divergence, "kullback_leibler_divergence kld KLD")}


def _operands(b: Builder, y_true: Operand, y_pred: Operand) -> tuple[Value, Value]:
    prediction = tensor(b, y_pred)
    target = b.cast(tensor(b, y_true), prediction.dtype)
    if target.rank != prediction.rank or not prediction.rank:
        raise UnsupportedAttribute(f"a loss of tensors of shapes {target.shape} and {prediction.shape}")
    return target, prediction


def _entered(loss: Loss, kind: str, scale: float, *names: str) -> None:
    def function(b: Builder, y_true: Operand, y_pred: Operand) -> Value:
        y = loss(b, *_operands(b, y_true, y_pred))
        total: Value = b.op(kind, y, b.ints([y.rank - 1]), keepdims=0)
        return total if scale == 1 else b.Mul(total, scale)

    enter(function, *(f"{place}.{name}" for name in names for place in ("keras.losses", "keras.metrics", "keras.objectives")))


for _name, (_loss, _others) in MEANS.items():
    _entered(_loss, "ReduceMean", 100.0 if _name == "mean_absolute_percentage_error" else 1.0, _name, *_others.split())
for _name, (_loss, _others) in SUMS.items():
    _entered(_loss, "ReduceSum", 1.0, _name, *_others.split())


@tf("keras.losses.cosine_similarity", "keras.losses.cosine_proximity", "keras.losses.cosine")
def cosine_similarity(b: Builder, y_true: Operand, y_pred: Operand, axis: Operand = -1, *, era: Era | None = None) -> Value:
    """Minus the cosine of the angle between the two; Keras 1 gives its mean over the elements, tf.keras of TensorFlow 1 the cosine itself."""
    _known(era)
    target, prediction = _operands(b, y_true, y_pred)
    at = axis_of(axis, prediction.rank)
    least = 1e-14 if era is not None and era.version >= (3,) else 1e-12
    one, other = (rule("math.l2_normalize").function(b, v, at, least) for v in (target, prediction))
    kind = "ReduceMean" if era is not None and era.version < (2,) else "ReduceSum"
    return b.Neg(b.op(kind, b.Mul(one, other), b.ints([at]), keepdims=0))


def _known(era: Era | None) -> None:
    """tf.keras of TensorFlow 1.13 to 2.1 has one number, and two signs."""
    agreed("keras.losses.cosine_similarity", era, lambda e: None if e.tf and e.version <= (2, 2, 4) else True)


def _crossentropy(name: str, mean: bool) -> None:
    def function(b: Builder, y_true: Operand, y_pred: Operand, from_logits: bool = False, *, era: Era | None = None) -> Value:
        prediction = tensor(b, y_pred)
        if era is not None and era.version >= (3,):
            return _of_keras_3(b, name, y_true, prediction, from_logits, mean, era)
        target = tensor(b, y_true) if name.startswith("sparse") else b.cast(tensor(b, y_true), prediction.dtype)
        pair = (prediction, target) if era is not None and era.version < (2,) else (target, prediction)
        y: Value = rule(f"keras.backend.{name}").function(b, *pair, from_logits, era=era)
        return b.ReduceMean(y, b.ints([y.rank - 1]), keepdims=0) if mean else y

    enter(function, f"keras.losses.{name}", f"keras.objectives.{name}")


def _of_keras_3(b: Builder, name: str, y_true: Operand, y_pred: Value, from_logits: bool, mean: bool, era: Era) -> Value:
    target = tensor(b, y_true) if name.startswith("sparse") else b.cast(tensor(b, y_true), y_pred.dtype)
    y: Value = rule(f"keras.ops.{name}").function(b, target, y_pred, from_logits, era=era)
    return b.ReduceMean(y, b.ints([y.rank - 1]), keepdims=0) if mean else y


_crossentropy("binary_crossentropy", True)
_crossentropy("categorical_crossentropy", False)
_crossentropy("sparse_categorical_crossentropy", False)
