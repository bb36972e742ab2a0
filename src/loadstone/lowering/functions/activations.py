"""`keras.activations` as functions that are called.

Semantics: keras/activations.py of Keras 1.2.2 to 2.15, keras/src/activations/activations.py of Keras 3. hard_sigmoid changed with Keras 3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era, agreed
from loadstone.lowering.functions.rows import renamed, rows
from loadstone.lowering.keras import activations as formulas
from loadstone.lowering.keras.special import gelu
from loadstone.lowering.tensorflow.symbols import Operand, enter, tensor

ONE = (
    "exponential hard_shrink hard_silu hard_swish hard_tanh linear log_sigmoid mish relu6 selu sigmoid silu softplus softsign sparse_plus "
    "sparse_sigmoid squareplus swish tanh tanh_shrink"
).split()
rows(
    "keras.activations.",
    {
        "relu": "keras.backend.relu x alpha|negative_slope=0.0 max_value=None threshold=0.0",
        "elu": "keras.backend.elu x alpha=1.0",
        "softmax": "nn.softmax x axis=-1",
        "log_softmax": "nn.log_softmax x axis=-1",
        "leaky_relu": "nn.leaky_relu x negative_slope|alpha=0.2",
    },
)


def _one(name: str) -> Callable[..., Value]:
    def function(b: Builder, x: Operand) -> Value:
        return formulas.activate(b, tensor(b, x), name)

    return function


for _name in ONE:
    enter(_one(_name), f"keras.activations.{_name}")


def _gelu(b: Builder, x: Operand, approximate: Any) -> Value:
    return gelu(b, tensor(b, x), bool(approximate))


def _celu(b: Builder, x: Operand, alpha: Any) -> Value:
    return formulas.celu(b, tensor(b, x), float(alpha))


def _soft_shrink(b: Builder, x: Operand, threshold: Any) -> Value:
    return formulas.soft_shrink(b, tensor(b, x), float(threshold))


def _glu(b: Builder, x: Operand, axis: Any) -> Value:
    return formulas.glu(b, tensor(b, x), int(axis))


enter(renamed(_gelu, "x", "approximate=False"), "keras.activations.gelu")
enter(renamed(_celu, "x", "alpha=1.0"), "keras.activations.celu")
enter(renamed(_soft_shrink, "x", "threshold=0.5"), "keras.activations.soft_shrink")
enter(renamed(_glu, "x", "axis=-1"), "keras.activations.glu")


def _hard_sigmoid(b: Builder, x: Operand, *, era: Era | None = None) -> Value:
    """relu6(x + 3) / 6, clip(0.2 x + 0.5, 0, 1) up to 2.15."""
    new = agreed("keras.activations.hard_sigmoid", era, lambda e: e.version >= (3,))
    return formulas.activate(b, tensor(b, x), "hard_sigmoid" if new else "hard_sigmoid_2")


def _sparsemax(b: Builder, x: Operand, axis: Any = -1, *, era: Era | None = None) -> Value:
    """The projection onto the simplex, whose threshold changed with Keras 3.16."""
    new = agreed("keras.activations.sparsemax", era, lambda e: e.version >= (3, 16))
    return formulas.sparsemax(b, tensor(b, x), int(axis), running=not new)


enter(_hard_sigmoid, "keras.activations.hard_sigmoid")
enter(_sparsemax, "keras.activations.sparsemax")
