"""Predictions into a file: .npy, .npz, CSV or JSON.

JSON has the structure that `predict` returned, arrays as nested lists; not-a-number and the infinities are NaN, Infinity and
-Infinity, as Python's json reads them. CSV has one row a sample and a column `name` or `name[i,j]` for each value.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def to_npy(answer: Any, names: Sequence[str]) -> bytes:
    """One array; several need .npz."""
    named = by_name(answer, names)
    if len(named) != 1:
        raise ValueError(f"the model has {len(named)} outputs ({', '.join(named)}): .npy holds one, use .npz")
    return _saved(np.save, _storable(next(iter(named.values()))))


def to_npz(answer: Any, names: Sequence[str]) -> bytes:
    """All outputs by name."""
    return _saved(np.savez, **{name: _storable(array) for name, array in by_name(answer, names).items()})


def to_csv(answer: Any, names: Sequence[str]) -> bytes:
    """One row a sample."""
    header: list[str] = []
    columns: list[list[Any]] = []
    for name, array in by_name(answer, names).items():
        for index in np.ndindex(array.shape[1:]):
            header.append(name if math.prod(array.shape[1:]) == 1 else f"{name}[{','.join(map(str, index))}]")
            columns.append(_plain(array[(slice(None), *index)]))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *zip(*columns, strict=True)])
    return text.getvalue().encode()


def to_json(answer: Any, names: Sequence[str]) -> bytes:
    """The structure as it is."""
    return (json.dumps(_nested(answer)) + "\n").encode()


WRITERS: dict[str, Callable[[Any, Sequence[str]], bytes]] = {"npy": to_npy, "npz": to_npz, "csv": to_csv, "json": to_json}


def by_name(answer: Any, names: Sequence[str]) -> dict[str, Array]:
    """The arrays of an answer by output name: the keys of a dict, else `names` in order; a name seen before gets a number."""
    leaves = list(_leaves(answer))
    found: dict[str, Array] = {}
    for at, (path, array) in enumerate(leaves):
        name = path or (names[at] if len(names) == len(leaves) else f"output_{at}")
        found[f"{name}_{at}" if name in found else name] = array
    return found


def _leaves(answer: Any, path: str = "") -> Iterator[tuple[str, Array]]:
    """Arrays with the dict keys that lead to them."""
    if isinstance(answer, dict):
        for key, part in answer.items():
            yield from _leaves(part, f"{path}/{key}" if path else str(key))
    elif isinstance(answer, (list, tuple)):
        for part in answer:
            yield from _leaves(part, path)
    else:
        yield path, np.asarray(answer)


def _nested(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {key: _nested(part) for key, part in answer.items()}
    if isinstance(answer, (list, tuple)):
        return [_nested(part) for part in answer]
    return _plain(np.asarray(answer))


def _plain(array: Array) -> Any:
    """Nested lists of Python values; floats with no more digits than their type holds, bytes as text or as {"b64": ..}."""
    if array.dtype == object:
        return _text(array[()]) if not array.ndim else [_plain(np.asarray(part, object)) for part in array]
    if array.dtype.kind in "fV" and array.dtype != np.float64:
        array = array.astype(np.float16 if array.dtype == np.float16 else np.float32).astype("U").astype(np.float64)
    return array.tolist()


def _text(value: Any) -> Any:
    try:
        return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode()}


def _storable(array: Array) -> Array:
    """An array that a .npy file can hold: bfloat16 and float8 as float32."""
    if array.dtype == object:
        raise ValueError("a NumPy file holds no strings of any length: use .json or .csv")
    return array.astype(np.float32) if array.dtype.kind == "V" else array


def _saved(write: Callable[..., None], *arrays: Array, **named: Array) -> bytes:
    buffer = io.BytesIO()
    write(buffer, *arrays, **named)
    return buffer.getvalue()
