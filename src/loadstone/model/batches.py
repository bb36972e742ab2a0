"""Data that come in batches: generators, iterables (tf.data, DataLoader) and indexable sequences of batches (PyDataset).

A batch is what Keras takes for one: x, or (x,), (x, y), (x, y, sample_weight), of which targets and weights are dropped
(keras/src/trainers/data_adapters/data_adapter_utils.py, `unpack_x_y_sample_weight`).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from loadstone.errors import InputMismatch
from loadstone.model.inputs import is_array

Batch = tuple[Any, Any, Any]  # x, y, sample_weight: whatever the caller's data hold


def is_batched(x: Any) -> bool:
    """True for what gives batches, one after the other."""
    if isinstance(x, (Mapping, list, tuple, str, bytes, bytearray, range)) or is_array(x):
        return False
    return hasattr(x, "__iter__") or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


def batches(x: Any, steps: int | None) -> Iterator[Batch]:
    """The batches of x, `steps` of them at most. Warns where x ends before."""
    done = 0
    for batch in _all(x, steps):
        yield unpack(batch)
        done += 1
        if done == steps:
            return
    if not done:
        raise InputMismatch(f"the {type(x).__name__} gave no batch")
    if steps is not None:
        warnings.warn(f"the data ended after {done} of {steps} steps", stacklevel=4)


def length(x: Any, steps: int | None) -> int | None:
    """How many batches there will be, None where nobody knows."""
    try:
        return min(len(x), steps or len(x))
    except TypeError:  # no __len__, or one that says that there is no end
        return steps


def unpack(batch: Any) -> Batch:
    """x, y and sample_weight of a batch, None for those that it lacks."""
    parts = batch if isinstance(batch, tuple) or (isinstance(batch, list) and any(_is_part(part) for part in batch)) else (batch,)
    if not 1 <= len(parts) <= 3:
        raise InputMismatch(f"a batch is x, (x,), (x, y) or (x, y, sample_weight); this one is a {type(batch).__name__} of {len(parts)}")
    padded = (*parts, None, None)
    return padded[0], padded[1], padded[2]


def _is_part(part: Any) -> bool:
    return is_array(part) or isinstance(part, (Mapping, tuple))


def _all(x: Any, steps: int | None) -> Iterator[Any]:
    if not (hasattr(x, "__getitem__") and hasattr(x, "__len__")):
        return iter(x)
    try:
        numbers: Any = range(len(x))
    except TypeError as error:  # an endless PyDataset
        if steps is None:
            raise InputMismatch("the data have no end: say how many batches to take with steps=") from error
        numbers = count()
    return (x[number] for number in numbers)
