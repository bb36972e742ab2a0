"""Tables from tokens to indices and back, and hashes, in place of the Python calls of lookup layers.

StringLookup, IntegerLookup, Hashing, HashedCrossing (`lowering.text.lookup`, `lowering.text.hashers`). A table is a HashTableV2, which a
graph of its own fills from constants before anything else runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from loadstone.export.tensorflow.emission import Emission
from loadstone.export.tensorflow.registry import host_call
from loadstone.export.tensorflow.writer import Term, Writer
from loadstone.ir import dtypes
from loadstone.lowering.text.encoding import Encoding
from loadstone.lowering.text.hashers import CROSS_KEY, Crosser, Hasher
from loadstone.lowering.text.lookup import Forward, Hashed, Inverse, Lookup, Present


@host_call(Lookup)
def lookup(w: Emission, call: Lookup, tokens: Term) -> Term:
    """What the table says of each token, as vectors where there is an encoding."""
    found = forward(w, call.table, tokens) if isinstance(call.table, Forward) else inverse(w, call.table, tokens)
    return found if call.encoding is None else encoded(w, call.encoding, Term(found.output, tokens.shape, found.dtype))


@host_call(Present)
def present(w: Emission, call: Present, tokens: Term) -> Term:
    """The same for a feature column, where "" and -1 are absent."""
    absent = w.Equal(tokens, w.const(b"", "string") if tokens.dtype == "string" else w.const(-1, tokens.dtype))
    wide = tokens if tokens.dtype == "string" else w.cast(tokens, "int64")
    return w.where(absent, -1, forward(w, call.table, wide))


def forward(w: Emission, table: Forward, tokens: Term) -> Term:
    """Tokens -> indices, int64."""
    keys = tokens.dtype
    default = table.unknown if isinstance(table.unknown, int) else -1
    if table.indices:
        handle = filled(w, table.indices.keys(), keys, table.indices.values(), "int64")
        found = w.LookupTableFindV2(handle, tokens, w.const(default, "int64"))
    else:
        found = w.Fill(w.Shape(tokens, out_type="int64"), w.const(default, "int64"))
    if table.unknown is None:
        known = w.All(w.GreaterEqual(found, 0), w.range(w.Rank(found)) if tokens.shape is None else w.ints(range(tokens.rank), "int32"))
        w.op("Assert", known, [w.const(b"tokens that are not in the vocabulary of a layer with num_oov_indices=0", "string")])
    if isinstance(table.unknown, (int, type(None))):
        return found
    if isinstance(table.unknown, Hashed):
        other = w.AddV2(hashed(w, _as_text(w, tokens), table.unknown.count, table.unknown.key), table.unknown.start)
    else:
        other = w.AddV2(w.FloorMod(tokens, table.unknown.count), table.unknown.start)  # type: ignore[attr-defined]
    return w.where(w.Less(found, 0), other, found)


def inverse(w: Emission, table: Inverse, indices: Term) -> Term:
    """Indices -> tokens."""
    kind = "string" if table.dtype == np.dtype(object) else "int64"
    handle = filled(w, table.tokens.keys(), "int64", table.tokens.values(), kind)
    return w.LookupTableFindV2(handle, w.cast(indices, "int64"), w.const(table.unknown, kind))


def filled(w: Emission, keys: Iterable[Any], key_dtype: str, values: Iterable[Any], value_dtype: str) -> Term:
    """The table of these keys and values."""
    told = {"key_dtype": key_dtype, "value_dtype": value_dtype}
    handle = w.HashTableV2(name=f"{w.origin}/table", **told, shared_name="")
    assert handle.output is not None
    node, start = handle.output.node, w.library.start
    node.attributes["shared_name"] = node.name
    with start.writing(node.name, []):
        same = start.HashTableV2(name=node.name, **told, shared_name=node.name)
        start.op("LookupTableImportV2", same, start.const(_array(keys, key_dtype)), start.const(_array(values, value_dtype)))
    return handle


def _array(values: Iterable[Any], dtype: str) -> np.ndarray:
    found = list(values)
    array = np.empty(len(found), dtypes.to_numpy(dtype))
    array[:] = found
    return array


# -- hashes -----------------------------------------------------------------------------------------------------------


def hashed(w: Writer, texts: Term, count: int, key: Sequence[int] | None) -> Term:
    """The bucket of each text, by FarmHash or, with a key, by SipHash."""
    if key is None:
        return w.StringToHashBucketFast(texts, num_buckets=count)
    return w.StringToHashBucketStrong(texts, num_buckets=count, key=list(key))


def _as_text(w: Writer, x: Term) -> Term:
    """Integers in digits, truth as "true" and "false"."""
    if x.dtype == "string":
        return x
    return w.AsString(x if dtypes.is_integer(x.dtype) or x.dtype == "bool" else w.cast(x, "int64"))


@host_call(Hasher)
def hash_(w: Writer, call: Hasher, x: Term) -> Term:
    """The bucket of each element by the hash of its text."""
    texts = _as_text(w, x)
    if call.masked is None:
        return hashed(w, texts, call.bins, call.key)
    masked = w.Equal(x, w.const(call.masked, x.dtype))
    return w.where(masked, 0, w.AddV2(hashed(w, texts, call.bins - 1, call.key), 1))


@host_call(Crosser)
def cross(w: Writer, call: Crosser, *columns: Term) -> Term:
    """The bucket of what stands at one place in all columns."""
    first = columns[0]
    given = [x if x.dtype == "string" else w.cast(x, "int64") for x in columns]
    given = [w.expand(Term(x.output, first.shape, x.dtype, x.tensor), 1) if first.rank == 1 else x for x in given]
    made = w.ops(
        "SparseCross",
        [],
        [],
        [],
        given,
        N=0,
        hashed_output=True,
        num_buckets=call.bins,
        hash_key=CROSS_KEY,
        sparse_types=[],
        out_type="int64",
        internal_type="int64",
    )
    return w.Reshape(made[1], w.Shape(first, out_type="int64"))


# -- vectors ----------------------------------------------------------------------------------------------------------


def encoded(w: Writer, how: Encoding, indices: Term) -> Term:
    """Indices (batch, ...) as vectors: one for each, or over the second axis (of a vector the only one)."""
    if how.mode == "one_hot":
        flat = w.squeeze(indices, indices.rank - 1) if how.squeezes else indices
        return w.OneHot(_within(w, flat, how.depth), w.const(how.depth, "int32"), w.const(1, how.dtype), w.const(0, how.dtype))
    axis = min(1, indices.rank - 1)
    marks = w.OneHot(_within(w, indices, how.depth), w.const(how.depth, "int32"), w.const(1), w.const(0))
    return weighed(w, how, w.Sum(marks, w.ints([axis], "int32")))


def weighed(w: Writer, how: Encoding, counts: Term) -> Term:
    """How often each index was there, as the encoding has it."""
    if how.mode == "multi_hot":
        counts = w.Minimum(counts, 1)
    counts = w.cast(counts, how.dtype)
    return counts if how.weights is None else w.Mul(counts, w.const(how.weights, how.dtype))


def _within(w: Writer, indices: Term, depth: int) -> Term:
    """Indices that no vector has as -1, which leaves no mark: kernels do not take very large ones."""
    return w.where(w.Less(indices, depth), indices, -1)
