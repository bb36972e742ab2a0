"""The calls of a Functional config: which layer is called on which tensors, in both spellings.

Keras 3 writes each call as {"args": [...], "kwargs": {...}} with `__keras_tensor__` leaves
(keras/src/models/functional.py, `serialize_node`); tf.keras 2 as a structure of [layer, call, tensor, kwargs]
(keras/engine/node.py of 2.15, `Node.serialize`), where ["_CONSTANT_VALUE", -1, value, kwargs] is a constant.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.ir import Structure, Tensor, map_structure
from loadstone.ir.records import dataclass


@dataclass(frozen=True)
class Reference:
    """A tensor of a Functional config: an output of the n-th call of the layer of that name, in file counting.

    shape is what the file says of it: Keras 3 does.
    """

    layer: str
    call: int
    tensor: int
    shape: tuple[int | None, ...] | None = None


def read_call(stored: Any) -> tuple[tuple[Structure, ...], dict[str, Structure]]:
    """Arguments of one call; leaves are Reference, Tensor and plain values."""
    if isinstance(stored, dict) and "args" in stored and "kwargs" in stored:
        args = _revive(stored["args"])
        kwargs = _revive(stored["kwargs"])
        return tuple(args), kwargs
    return _read_keras_2(stored)


def read_tensors(stored: Any) -> Structure:
    """`input_layers` or `output_layers`: references in the structure of the model's inputs or outputs."""
    if _is_reference(stored):
        return Reference(stored[0], stored[1], stored[2])
    if isinstance(stored, dict):
        return {key: read_tensors(value) for key, value in stored.items()}
    if isinstance(stored, (list, tuple)):
        return [read_tensors(value) for value in stored]
    raise ModelError(f"{stored!r} does not name a tensor of the model")


def _revive(stored: Any) -> Any:
    if isinstance(stored, list):
        return [_revive(part) for part in stored]
    if not isinstance(stored, dict):
        return stored
    kind, config = stored.get("class_name"), stored.get("config", {})
    if kind == "__keras_tensor__":
        history = config.get("keras_history")
        if not history:
            raise ModelError("a call takes a tensor that no layer made")
        shape = config.get("shape")
        return Reference(str(history[0]), int(history[1]), int(history[2]), tuple(shape) if isinstance(shape, list) else None)
    if kind in ("__tensor__", "__numpy__"):
        return Tensor.of(np.asarray(config["value"]), config["dtype"])
    if kind == "__tuple__":
        return tuple(_revive(part) for part in config.get("items", stored.get("items", ())))
    if kind == "__slice__":
        return slice(*(_revive(config[key]) for key in ("start", "stop", "step")))
    if kind == "__ellipsis__":
        return Ellipsis
    if kind == "__bytes__":
        return str(config["value"]).encode()
    return {key: _revive(value) for key, value in stored.items()}


def _is_reference(stored: Any) -> bool:
    return (
        isinstance(stored, (list, tuple))
        and len(stored) in (3, 4)
        and isinstance(stored[0], str)
        and all(isinstance(n, int) for n in stored[1:3])
    )


def _read_keras_2(stored: Any) -> tuple[tuple[Structure, ...], dict[str, Structure]]:
    kwargs: dict[str, Any] = {}

    def first(part: Any) -> Any:
        if isinstance(part, (list, tuple)) and len(part) in (3, 4) and isinstance(part[0], str):
            if len(part) == 4:
                kwargs.update(part[3])
            if part[0] == "_CONSTANT_VALUE":
                return _constant(part[2])
            return Reference(part[0], part[1], part[2])
        if isinstance(part, dict):
            return {key: first(value) for key, value in part.items()}
        if isinstance(part, (list, tuple)):
            return [first(value) for value in part]
        raise ModelError(f"{part!r} does not name a tensor")

    inputs = first(stored)
    if isinstance(inputs, list) and len(inputs) == 1:  # base_layer_utils.unnest_if_single_tensor
        inputs = inputs[0]
    return (inputs,), {key: _keyword(value) for key, value in kwargs.items()}


def _keyword(value: Any) -> Any:
    if _is_reference(value):
        return _constant(value[2]) if value[0] == "_CONSTANT_VALUE" else Reference(value[0], value[1], value[2])
    if isinstance(value, dict):
        return {key: _keyword(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_keyword(part) for part in value]
    return value


def _constant(value: Any) -> Any:
    """A constant among the tensors: a plain number stays one, lists are arrays (floats float32, as TensorFlow converts)."""
    if isinstance(value, list):
        array = np.asarray(value)
        return Tensor.of(array, "float32" if array.dtype.kind == "f" else "int32" if array.dtype.kind == "i" else None)
    return value


def references(structure: Structure) -> list[Reference]:
    """All references in a structure."""
    found: list[Reference] = []
    map_structure(lambda leaf: found.append(leaf) if isinstance(leaf, Reference) else None, structure)
    return found
