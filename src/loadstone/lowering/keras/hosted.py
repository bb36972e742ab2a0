"""Layers that the caller supplied: their calls become Python steps of the program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from loadstone.custom import hosting
from loadstone.errors import UnsupportedOps
from loadstone.ir import Layer, Structure, Tensor, flatten, map_structure
from loadstone.lowering.block import Value

if TYPE_CHECKING:
    from loadstone.lowering.keras.walk import Walk


def call_given(walk: Walk, layer: Layer, args: tuple[Structure, ...], kwargs: dict[str, Structure], training: bool | None) -> Structure:
    """Emit the call of a given layer; its outputs as a structure of Traced."""
    from loadstone.lowering.keras.walk import Traced

    where = layer.path or layer.name
    if walk.host is None:
        raise UnsupportedOps(f"nothing runs the custom layer {layer.class_name!r}", ops={layer.class_name: (1, where)})
    values: list[Value] = []

    def number(value: Value) -> int:
        values.append(value)
        return len(values) - 1

    def tensor(leaf: Any) -> Any:
        if isinstance(leaf, Tensor):
            leaf = Traced(walk.b.weight(leaf))
        if not isinstance(leaf, Traced):
            return leaf
        assert leaf.value is not None
        mask = leaf.mask
        array, masked = number(leaf.value), None if mask is None else number(mask)
        return hosting.Tensor(leaf.value.shape, leaf.value.dtype, array, masked, () if mask is None else mask.shape)

    taken_args, taken_kwargs = map_structure(tensor, (args, {key: value for key, value in kwargs.items() if value is not None}))
    call = hosting.Call(taken_args, taken_kwargs, bool(training), len(values), where, layer.masks)
    ready = walk.host(layer, call)
    specs: list[hosting.Tensor] = flatten(ready.outputs)
    if ready.plain is not None:
        from loadstone.lowering.python.proven import proven

        function, further = ready.plain
        called = map_structure(lambda leaf: values[leaf.array] if isinstance(leaf, hosting.Tensor) else leaf, (taken_args, taken_kwargs))
        made = proven(walk.b, function, called[0], {**further, **called[1]}, lambda arrays: ready.function(*_in_order(call, arrays)))
        if made is not None:
            return map_structure(Traced, made)
    results = [(s.shape, s.dtype) for s in specs] + [(s.mask_shape, "bool") for s in specs if s.mask is not None]
    made = walk.b.host(layer.class_name, ready.function, values, results)
    return map_structure(lambda s: Traced(made[s.array], None if s.mask is None else made[s.mask]), ready.outputs)


def _in_order(call: hosting.Call, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Arrays for the tensors of a call, where the call wants them; there are no masks among them."""
    found = [np.zeros(0)] * call.arrays
    for tensor, array in zip(call.tensors(), arrays, strict=True):
        found[tensor.array] = array
        if tensor.mask is not None:
            found[tensor.mask] = np.ones(array.shape[: len(tensor.mask_shape)], bool)
    return found
