"""Cross entropies as functions of `keras.ops`.

Semantics: keras/src/backend/tensorflow/nn.py of Keras 3. What comes straight from a softmax or sigmoid is taken for its logits,
as the TensorFlow backend does: probabilities would be clipped at 1e-7.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import InferenceError, ModelError
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.eigen_eigh import Array
from loadstone.lowering.keras.ops_reduce import reduce
from loadstone.lowering.keras.promotion import strong_values
from loadstone.lowering.keras.special import log1p
from loadstone.lowering.registry import keras_op

_EPSILON = 1e-7


def _operands(b: Builder, layer: Layer, target: Any, output: Any) -> tuple[Value, Value]:
    target, output = (x if isinstance(x, Value) else strong_values(b, [x])[0] for x in (target, output))
    if not dtypes.is_float(output.dtype):
        raise ModelError(f"{layer.class_name} of an output of dtype {output.dtype}")
    return target, output


def _alike(layer: Layer, target: Value, output: Value, dtype_too: bool = True) -> None:
    if target.rank != output.rank:
        raise ModelError(f"{layer.class_name} of tensors of shapes {target.shape} and {output.shape}")
    if dtype_too and target.dtype != output.dtype:
        raise ModelError(f"{layer.class_name} of {target.dtype} and {output.dtype}, which TensorFlow does not mix")


def _logits(b: Builder, layer: Layer, output: Value) -> Value | None:
    """The logits that output is, or was made of by a sigmoid or softmax (either, for every loss); None where it is probabilities."""
    op = b.maker(output)
    if op is not None and op.kind in ("Sigmoid", "Softmax") and op.inputs[0] is not None:
        return op.inputs[0]
    return output if layer.config.get("from_logits") else None


def _probabilities(b: Builder, x: Value) -> Value:
    return b.Max(b.Min(x, b.const(1 - _EPSILON, x.dtype)), b.const(_EPSILON, x.dtype))


@keras_op("BinaryCrossentropy", options="from_logits")
def binary_crossentropy(b: Builder, layer: Layer, target: Any, output: Any) -> Value:
    """-t log p - (1 - t) log(1 - p), element by element."""
    t, x = _operands(b, layer, target, output)
    _alike(layer, t, x)
    logits = _logits(b, layer, x)
    if logits is not None:
        return b.Add(b.Sub(b.Max(logits, b.const(0, x.dtype)), b.Mul(logits, t)), log1p(b, b.Exp(b.Neg(b.Abs(logits)))))
    p = _probabilities(b, x)
    return b.Neg(b.Add(b.Mul(t, b.Log(p)), b.Mul(b.Sub(1, t), b.Log(b.Sub(1, p)))))


def _log_softmax(b: Builder, x: Value, axis: int) -> Value:
    centred = b.Sub(x, reduce(b, "ReduceMax", x, [axis], True))
    return b.Sub(centred, b.Log(reduce(b, "ReduceSum", b.Exp(centred), [axis], True)))


def _wide(b: Builder, x: Value) -> Value:
    """Half precision in float32, as the kernels of softmax cross entropy compute."""
    return b.cast(x, "float32") if x.dtype in ("float16", "bfloat16") else x


@keras_op("CategoricalCrossentropy", options="from_logits axis")
def categorical_crossentropy(b: Builder, layer: Layer, target: Any, output: Any) -> Value:
    """-sum t log p along an axis."""
    t, x = _operands(b, layer, target, output)
    axis = int(layer.config.get("axis", -1)) % max(x.rank, 1)
    logits = _logits(b, layer, x)
    _alike(layer, t, x, logits is None)
    if logits is not None:
        y = b.Mul(b.cast(t, _wide(b, x).dtype), _log_softmax(b, _wide(b, logits), axis))
        return b.cast(b.Neg(reduce(b, "ReduceSum", y, [axis])), x.dtype)
    p = _probabilities(b, b.Div(x, reduce(b, "ReduceSum", x, [axis], True)))
    return b.Neg(reduce(b, "ReduceSum", b.Mul(t, b.Log(p)), [axis]))


@keras_op("SparseCategoricalCrossentropy", options="from_logits axis")
def sparse_categorical_crossentropy(b: Builder, layer: Layer, target: Any, output: Any) -> Value:
    """-log p of the class that the target says; one that does not exist is an error."""
    t, x = _operands(b, layer, target, output)
    if int(layer.config.get("axis", -1)) not in (-1, x.rank - 1):
        raise ModelError(f"{layer.class_name} with axis={layer.config['axis']}")
    t = b.squeeze(t, -1) if t.rank == x.rank and t.shape[-1] == 1 else t
    if t.rank != x.rank - 1:
        raise ModelError(f"{layer.class_name} of tensors of shapes {t.shape} and {x.shape}")
    logits = _logits(b, layer, x)
    rows = _log_softmax(b, _wide(b, b.Log(_probabilities(b, x)) if logits is None else logits), x.rank - 1)
    path, name = layer.path or layer.name, layer.class_name

    def checked(classes: Array, count: Array) -> tuple[Array, ...]:
        if classes.size and (classes.min() < 0 or classes.max() >= count[0]):
            raise InferenceError(f"{name}: classes from {classes.min()} to {classes.max()}, of {count[0]}", where=path)
        return (np.asarray(classes, order="C"),)

    (classes,) = b.host(name, checked, [b.cast(t, "int64"), b.vector([b.dim(x, -1)])], [(t.shape, "int64")])
    picked = b.GatherElements(rows, b.unsqueeze(classes, x.rank - 1), axis=x.rank - 1)
    return b.cast(b.Neg(b.squeeze(picked, -1)), x.dtype)
