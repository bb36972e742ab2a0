"""The functions of `keras.layers` that merge: `add`, `concatenate`, `dot` and their like, by the rules of the layers.

Semantics: keras/src/layers/merging of Keras 3, and the same of Keras 2. No tensor has a mask here.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era
from loadstone.lowering.keras import merging
from loadstone.lowering.tensorflow.symbols import enter, number, tensor, tf

SIMPLE = {
    "add": merging.add, "subtract": merging.subtract, "multiply": merging.multiply, "average": merging.average,
    "maximum": merging.maximum, "minimum": merging.minimum,
}  # fmt: skip


def adding(era: Era | None, *tensors: Value) -> dict[str, Any]:
    """How a sum broadcasts, as a config says it; see `lowering.keras.promotion.added`. Raises UnsupportedAttribute where none can tell."""
    if era is not None:
        return {} if (3, 7) <= era.version < (3, 16) else {"broadcasts": "numpy"}
    for x, y in pairwise(tensors):
        long = [d for d in y.shape if d != 1]
        if x.rank > 1 and len(long) == 1 and long[0] is not None and long[0] in (x.shape[1], x.shape[-1]):
            behind = y.rank - 1 - y.shape.index(long[0])
            if behind != (0 if x.shape[-1] == long[0] else x.rank - 2):
                raise UnsupportedAttribute(f"a sum of shapes {x.shape} and {y.shape}, which releases of Keras 3 broadcast differently")
    return {"broadcasts": "numpy"}


def _merge(name: str) -> Any:
    def function(b: Builder, inputs: Any, *, era: Era | None = None) -> Value:
        tensors = [tensor(b, x) for x in inputs]
        config = adding(era, *tensors) if name in ("add", "average") else {}
        return SIMPLE[name](b, Layer(name.capitalize(), "", config), tensors)

    return function


for _name in SIMPLE:
    enter(_merge(_name), f"keras.layers.{_name}")


@tf("keras.layers.concatenate")
def concatenate(b: Builder, inputs: Any, axis: Any = -1) -> Value:
    """Tensors one after another along an axis."""
    return merging.concatenate(b, Layer("Concatenate", "", {"axis": int(number(axis, "an axis"))}), [tensor(b, x) for x in inputs])


@tf("keras.layers.dot")
def dot(b: Builder, inputs: Any, axes: Any, normalize: Any = False) -> Value:
    """Sums of products over one axis of each, sample by sample; of unit vectors where `normalize`."""
    config = {"axes": number(axes, "axes"), "normalize": bool(normalize)}
    return merging.dot(b, Layer("Dot", "", config), [tensor(b, x) for x in inputs])
