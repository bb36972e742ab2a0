"""`keras.ops.rearrange`: axes split, exchanged and merged as a pattern of names says.

Semantics: keras/src/ops/einops.py of Keras 3.
"""

from __future__ import annotations

import re
from math import prod
from typing import Any

from loadstone.errors import ModelError
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_shape import times
from loadstone.lowering.registry import keras_op


def _side(text: str) -> list[list[str]]:
    """The names of each axis: "b (h w)" -> [["b"], ["h", "w"]]."""
    return [re.findall(r"\w+", part) for part in re.findall(r"\w+|\(.*?\)", text)]


@keras_op("Rearrange", raw=True)
def rearrange(walk: Any, layer: Layer, call: Any) -> Any:
    """The axes of the left side of the pattern as its right side has them; lengths of names that nothing else tells are keywords."""
    from loadstone.lowering.keras.walk import Traced

    b, arguments = walk.b, list(call.arguments.values())
    given = dict(call.arguments)
    x = given.pop("tensor", None) or given.pop("inputs", None) or arguments[0]
    pattern = given.pop("pattern", None) or given.pop("argument_1", None)
    if not isinstance(x, Value) or not isinstance(pattern, str) or pattern.count("->") != 1:
        raise ModelError(f"Rearrange with the pattern {pattern!r}")
    left, right = map(_side, pattern.split("->"))
    names = [name for group in left for name in group]
    if len(left) != x.rank or sorted(names) != sorted(name for group in right for name in group) or len(set(names)) != len(names):
        raise ModelError(f"Rearrange of a tensor of shape {x.shape} with the pattern {pattern!r}")
    lengths: dict[str, int | Value] = {name: int(length) for name, length in given.items()}
    for axis, group in enumerate(left):
        free = [name for name in group if name not in lengths]
        if len(free) > 1:
            raise ModelError(f"Rearrange does not say how long {' and '.join(free)} are in {pattern!r}")
        if free:
            lengths[free[0]] = _rest(b, x, axis, prod(n for name in group if isinstance(n := lengths.get(name, 1), int)))
    split = b.reshape(x, [lengths[name] for name in names])
    turned = b.transpose(split, [names.index(name) for group in right for name in group])
    return Traced(b.reshape(turned, [times(b, [lengths[name] for name in group]) for group in right]))


def _rest(b: Builder, x: Value, axis: int, known: int) -> int | Value:
    length = b.dim(x, axis)
    if isinstance(length, int):
        return length // max(known, 1)
    return length if known == 1 else b.Div(length, known)
