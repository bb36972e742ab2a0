"""Lookup tables in ONNX: LabelEncoder of `ai.onnx.ml` (https://onnx.ai/onnx/operators/onnx_aionnxml_LabelEncoder.html).

Keys are strings or integers. onnxruntime compares strings byte by byte; a key that is no UTF-8 has no form in a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from loadstone.ir import dtypes
from loadstone.lowering.block import ML, Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.text.encoding import Encoding
from loadstone.lowering.text.lookup import Forward, Inverse, Lookup, Present, Remainders
from loadstone.lowering.text.tables import Find


def lookup(b: Builder, op: Op, how: Lookup) -> Sequence[Value] | None:
    """Indices of tokens or tokens of indices, and their vectors."""
    keys = op.inputs[0]
    assert keys is not None
    found = _forward(b, keys, how.table) if isinstance(how.table, Forward) else _inverse(b, keys, how.table)
    if found is None or how.encoding is None:
        return None if found is None else [found]
    return [_encoded(b, found, how.encoding)]


def present(b: Builder, op: Op, how: Present) -> Sequence[Value] | None:
    """Indices of tokens, -1 for those that are absent."""
    keys = op.inputs[0]
    assert keys is not None
    absent = b"" if keys.dtype == "string" else -1
    table = Forward({**how.table.indices, absent: -1}, how.table.unknown)
    found = _forward(b, keys, table) if isinstance(table.unknown, int) else None
    return None if found is None else [found]


def find(b: Builder, op: Op, how: Find) -> Sequence[Value] | None:
    """Values of keys, the default (one for all) for others."""
    keys, default = op.inputs
    assert keys is not None and default is not None
    entries = how.entries
    if how.width or entries.forbidden or entries.values.ndim > 1 or default.rank or not len(entries.values):
        return None
    place = labels(b, keys, entries.places, -1)
    if place is None:
        return None
    values = b.Gather(b.const(entries.values, default.dtype), b.Max(place, 0), axis=0)
    return [b.Where(b.Less(place, 0), default, values)]


def labels(b: Builder, keys: Value, numbers: Mapping[Any, int], other: int) -> Value | None:
    """The number of each key, int64; None where keys have no form."""
    texts = keys.dtype == "string"
    if not texts and not dtypes.is_integer(keys.dtype):
        return None
    try:
        listed = [key.decode() if texts else int(key) for key in numbers]
    except UnicodeDecodeError:
        return None
    if not listed:
        return b.op("Expand", b.const(other, "int64"), b.Shape(keys), out_shape=keys.shape)
    told = {f"keys_{'strings' if texts else 'int64s'}": listed, "values_int64s": list(numbers.values()), "default_int64": other}
    found = Value(b.unique(f"{b.origin}/LabelEncoder"), keys.shape, "int64")
    b.block.ops.append(Op("LabelEncoder", [keys if texts else b.cast(keys, "int64")], [found], told, ML, b.origin))
    return found


def _forward(b: Builder, tokens: Value, table: Forward) -> Value | None:
    unknown = table.unknown
    if not isinstance(unknown, (int, Remainders, type(None))):
        return None  # a hash
    if isinstance(unknown, Remainders) and tokens.dtype == "uint64":
        return None  # what is left of numbers that int64 does not hold
    found = labels(b, tokens, table.indices, unknown if isinstance(unknown, int) else -1)
    if found is None or isinstance(unknown, int):
        return found
    strange = b.Less(found, 0)
    if unknown is None:  # it picks what there is not, which is an error
        return b.Add(found, b.Gather(b.ints([0]), b.cast(strange, "int64"), axis=0))
    return b.Where(strange, b.Add(b.Mod(b.cast(tokens, "int64"), unknown.count), unknown.start), found)


def _inverse(b: Builder, indices: Value, table: Inverse) -> Value | None:
    tokens = [*table.tokens.values(), table.unknown]
    place = labels(b, indices, {index: at for at, index in enumerate(table.tokens)}, len(tokens) - 1)
    if place is None or any(isinstance(token, bytes) and not _is_text(token) for token in tokens):
        return None
    values = np.empty(len(tokens), table.dtype)
    values[:] = tokens
    return b.Gather(b.const(values, "string" if table.dtype == object else "int64"), place, axis=0)


def _is_text(token: bytes) -> bool:
    try:
        token.decode()
    except UnicodeDecodeError:
        return False
    return True


def _encoded(b: Builder, indices: Value, how: Encoding) -> Value:
    """Vectors over the vocabulary; an index that no vector has leaves no mark."""
    if how.mode == "one_hot" and how.squeezes:
        indices = b.squeeze(indices, -1)
    marks = b.cast(b.Equal(b.unsqueeze(indices, indices.rank), b.ints(range(how.depth))), how.dtype)
    if how.mode == "one_hot":
        return marks
    counts = b.ReduceSum(marks, b.ints([min(1, indices.rank - 1)]), keepdims=0)
    if how.mode == "multi_hot":
        return b.Min(counts, 1)
    return counts if how.weights is None else b.Mul(counts, b.const(how.weights, how.dtype))
