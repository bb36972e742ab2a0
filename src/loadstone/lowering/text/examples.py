"""tf.train.Example and SequenceExample in batches of tensors: dense, sparse and ragged features.

tensorflow/core/example/example.proto, feature.proto; what is made of them is that of
tensorflow/core/util/example_proto_fast_parsing.cc. Of two features of one name the last counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from loadstone.errors import InputMismatch
from loadstone.ir import dtypes
from loadstone.ir.records import dataclass
from loadstone.lowering.text import wire
from loadstone.lowering.text.arrays import objects, splits, within_limit

Features = Mapping[bytes, memoryview]
_KINDS = {1: "string", 2: "float32", 3: "int64"}
_READ: dict[str, Callable[[wire.Field], list[Any]]] = {
    "string": lambda value: [bytes(wire.content(value))],
    "float32": wire.floats,
    "int64": wire.integers,
}


@dataclass(frozen=True)
class Dense:
    """A feature of a shape, whose first length may be None: then it is filled up to the longest of the batch.

    default stands for a feature that is not there, or (of one element) fills up; None where a feature has to be there.
    """

    key: bytes
    dtype: str
    shape: tuple[int | None, ...]
    default: np.ndarray | None = None

    @property
    def stride(self) -> int:
        """Elements of the part whose lengths are known."""
        return prod(d for d in self.shape if d is not None)


@dataclass(frozen=True)
class Loose:
    """A feature with any number of values: sparse, or ragged with splits of a type."""

    key: bytes
    dtype: str
    splits: str = "int64"


# -- messages ---------------------------------------------------------------------------------------------------------


def example(message: bytes) -> Features:
    """The features of an Example."""
    return _features([wire.content(value) for field, value in wire.fields(memoryview(message)) if field == 1])


def sequence(message: bytes) -> tuple[Features, dict[bytes, list[memoryview]]]:
    """The context of a SequenceExample, and its lists of features."""
    found = list(wire.fields(memoryview(message)))
    lists = _features([wire.content(value) for field, value in found if field == 2])
    parts = {key: [wire.content(value) for field, value in wire.fields(view) if field == 1] for key, view in lists.items()}
    return _features([wire.content(value) for field, value in found if field == 1]), parts


def _features(maps: Sequence[memoryview]) -> dict[bytes, memoryview]:
    found = {}
    for view in maps:
        for field, entry in wire.fields(view):
            if field == 1:
                parts = dict(wire.fields(wire.content(entry)))
                found[bytes(wire.content(parts.get(1, memoryview(b""))))] = wire.content(parts.get(2, memoryview(b"")))
    return found


def values(feature: memoryview | None, dtype: str, key: bytes) -> list[Any] | None:
    """The values of a feature; None for one that is not there or holds nothing of any kind."""
    kind = ""
    found: list[Any] = []
    for field, value in wire.fields(feature) if feature is not None else ():
        if field in _KINDS:
            if _KINDS[field] != kind:
                kind, found = _KINDS[field], []
            for number, item in wire.fields(wire.content(value)):
                if number == 1:
                    found += _READ[kind](item)
    if kind and kind != dtype:
        raise InputMismatch(f"the feature {key!r} holds {kind} where {dtype} is wanted")
    return found if kind else None


# -- features of a batch ----------------------------------------------------------------------------------------------


def dense(batch: Sequence[Features], feature: Dense) -> np.ndarray:
    """(batch, *shape)."""
    rows = [values(features.get(feature.key), feature.dtype, feature.key) for features in batch]
    if feature.shape and feature.shape[0] is None:
        return _filled([row or [] for row in rows], feature)
    known = tuple(d or 0 for d in feature.shape)
    filled = []
    for row in rows:
        if row is None:
            if feature.default is None:
                raise InputMismatch(f"the feature {feature.key!r} is required and not there")
            row = feature.default.reshape(-1).tolist()
        if len(row) != feature.stride:
            raise InputMismatch(f"the feature {feature.key!r} has {len(row)} values where {feature.stride} are wanted")
        filled += row
    return array(filled, feature.dtype).reshape(len(batch), *known)


def _filled(rows: list[list[Any]], feature: Dense) -> np.ndarray:
    """Rows of any length, filled up: (batch, longest, ...)."""
    stride, rest = feature.stride, tuple(d or 0 for d in feature.shape[1:])
    if any(len(row) % stride if stride else row for row in rows):
        raise InputMismatch(f"the feature {feature.key!r} has values that are no multiple of {stride}")
    longest = max(map(len, rows), default=0)
    within_limit(longest * len(rows), "a number of values")
    blank = feature.default.reshape(-1).tolist()[0] if feature.default is not None else b"" if feature.dtype == "string" else 0
    flat = [item for row in rows for item in [*row, *[blank] * (longest - len(row))]]
    return array(flat, feature.dtype).reshape(len(rows), longest // stride if stride else 0, *rest)


def array(items: list[Any], dtype: str) -> np.ndarray:
    """Values in a vector."""
    return objects(items) if dtype == "string" else np.array(items, dtypes.to_numpy(dtype))


def loose(batch: Sequence[Features], feature: Loose) -> list[list[Any]]:
    """The values of each example."""
    return [values(features.get(feature.key), feature.dtype, feature.key) or [] for features in batch]


def sparse(rows: Sequence[Sequence[Any]], dtype: str) -> list[np.ndarray]:
    """Places (n, 2), values and shape (2,) of rows."""
    places = np.array([(i, j) for i, row in enumerate(rows) for j in range(len(row))], np.int64).reshape(-1, 2)
    shape = np.array([len(rows), max(map(len, rows), default=0)], np.int64)
    return [places, array([item for row in rows for item in row], dtype), shape]


def ragged(rows: Sequence[Sequence[Any]], feature: Loose) -> list[np.ndarray]:
    """Values in a row, and their splits."""
    return [array([item for row in rows for item in row], feature.dtype), splits(rows, feature.splits)]


# -- lists of features ------------------------------------------------------------------------------------------------

Lists = Mapping[bytes, Sequence[memoryview]]


def steps(lists: Lists, key: bytes, dtype: str) -> list[list[Any]] | None:
    """The values of each step of a list; None for a list that is not there."""
    found = lists.get(key)
    return None if found is None else [values(feature, dtype, key) or [] for feature in found]


def dense_list(batch: Sequence[Lists], feature: Dense, may_miss: bool) -> tuple[np.ndarray, np.ndarray]:
    """(batch, longest, *shape), filled up with zeros or nothing, and the lengths (batch,)."""
    found = [steps(lists, feature.key, feature.dtype) for lists in batch]
    if not may_miss and None in found:
        raise InputMismatch(f"the list of features {feature.key!r} is required and not there")
    rows = [row or [] for row in found]
    if any(len(step) != feature.stride for row in rows for step in row):
        raise InputMismatch(f"a step of the list of features {feature.key!r} that has not {feature.stride} values")
    lengths = np.array([len(row) for row in rows], np.int64)
    longest = max(map(len, rows), default=0)
    within_limit(longest * len(rows) * max(feature.stride, 1), "a number of values")
    made = np.full((len(rows), longest, feature.stride), b"" if feature.dtype == "string" else 0, dtypes.to_numpy(feature.dtype))
    for place, row in zip(made, rows, strict=True):
        if row:
            place[: len(row)] = array([item for step in row for item in step], feature.dtype).reshape(len(row), feature.stride)
    return made.reshape(len(rows), longest, *(d or 0 for d in feature.shape)), lengths


def sparse_list(batch: Sequence[Lists], feature: Loose) -> list[np.ndarray]:
    """Places (n, 3), values and shape (3,) of example, step and value."""
    rows = [steps(lists, feature.key, feature.dtype) or [] for lists in batch]
    found = [(i, t, j) for i, row in enumerate(rows) for t, step in enumerate(row) for j in range(len(step))]
    widths = [len(step) for row in rows for step in row]
    shape = np.array([len(rows), max(map(len, rows), default=0), max(widths, default=0)], np.int64)
    flat = [item for row in rows for step in row for item in step]
    return [np.array(found, np.int64).reshape(-1, 3), array(flat, feature.dtype), shape]


def ragged_list(batch: Sequence[Lists], feature: Loose) -> list[np.ndarray]:
    """Values in a row, the splits of the examples, and those of the steps."""
    rows = [steps(lists, feature.key, feature.dtype) or [] for lists in batch]
    inner = [step for row in rows for step in row]
    return [array([item for step in inner for item in step], feature.dtype), splits(rows, feature.splits), splits(inner, feature.splits)]
