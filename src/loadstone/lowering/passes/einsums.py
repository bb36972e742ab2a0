"""Einsum of two tensors as MatMul between transposes: engines have fast products of matrices, and transposes often meet others.

A letter of both operands and of the result counts the matrices, one of both alone is summed over, one of one operand and of the result
is a row or a column, and one of one operand alone is summed up first. A letter that a term has twice stays with Einsum, and so does a
product without a sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from loadstone.lowering.block import Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.passes.rewriting import Rewriter

_TYPES = ("float32", "float64", "int32", "int64")


def einsum(found: Rewriter, op: Op) -> Value | None:
    """Two operands whose letters are different ones within a term."""
    terms, _, result = op.attributes["equation"].replace(" ", "").partition("->")
    parts = terms.split(",")
    if len(parts) != 2 or any(len(set(term)) != len(term) for term in (*parts, result)):
        return None
    x, y = op.inputs
    assert x is not None and y is not None
    one, other = parts
    shared = [(x.shape[k], y.shape[other.index(c)]) for k, c in enumerate(one) if c in other and c not in result]
    if not shared or any(m != n and 1 in (m, n) for m, n in shared):
        return None
    if x.dtype not in _TYPES and any(c not in result and (c not in one or c not in other) for c in one + other):
        return None  # a sum more is a rounding more
    x, one = _alone_summed(found.b, x, one, other + result)
    y, other = _alone_summed(found.b, y, other, parts[0] + result)
    rows, columns = ([c for c in result if c in mine and c not in others] for mine, others in ((one, other), (other, one)))
    if result == "".join([c for c in result if c in one and c in other] + columns + rows):  # no transpose is left
        x, one, y, other = y, other, x, one
    return _product(found.b, x, one, y, other, result)


def _alone_summed(b: Builder, x: Value, term: str, kept: str) -> tuple[Value, str]:
    """An operand, summed along the axes that nobody else has."""
    gone = [k for k, c in enumerate(term) if c not in kept]
    if gone:
        x = b.ReduceSum(x, b.ints(gone), keepdims=0)
    return x, "".join(c for c in term if c in kept)


def _product(b: Builder, x: Value, one: str, y: Value, other: str, result: str) -> Value:
    """(batch..., rows, n) times (batch..., n, columns), where rows, n and columns are axes merged; in the order of the result."""
    batch = [c for c in result if c in one and c in other]
    left, right = [c for c in result if c not in other], [c for c in result if c not in one]
    summed = [c for c in one if c in other and c not in result]
    x = b.transpose(x, [one.index(c) for c in batch + left + summed])
    y = b.transpose(y, [other.index(c) for c in batch + summed + right])
    rows, columns = b.dims(x)[len(batch) : -len(summed)], b.dims(y)[len(batch) + len(summed) :]
    groups = [[k] for k in range(len(left))] if left and not batch else [list(range(len(left)))]  # one matrix for all rows
    x = _merged(b, x, len(batch), [*(len(group) for group in groups), len(summed)])
    y = _merged(b, y, len(batch), [len(summed), len(right)])
    z: Value = b.MatMul(x, y)
    if any(len(group) != 1 for group in groups) or len(right) != 1:
        z = b.reshape(z, [*b.dims(z)[: len(batch)], *rows, *columns])
    spelt = batch + left + right
    return b.transpose(z, [spelt.index(c) for c in result])


def _merged(b: Builder, x: Value, lead: int, counts: Sequence[int]) -> Value:
    """x with so many of its axes after the first `lead` as one each; an axis of length 1 for none of them."""
    if all(count == 1 for count in counts):
        return x
    dims, place = b.dims(x), lead
    merged = dims[:lead]
    for count in counts:
        merged.append(_joined(b, dims[place : place + count]))
        place += count
    return b.reshape(x, merged)


def _joined(b: Builder, lengths: Sequence[int | Value]) -> int | Value:
    total: int | Value = prod(d for d in lengths if isinstance(d, int))
    for length in lengths:
        if isinstance(length, Value):
            total = length if total == 1 else b.Mul(length, total)
    return total


def turned(found: Rewriter, op: Op) -> Value | None:
    """A product that is transposed, of transposed operands: they change places, and one transpose less is left."""
    product, rank = found.maker(op.inputs[0], "MatMul"), op.outputs[0].rank
    if product is None or rank < 2 or not found.alone(product.outputs[0]):
        return None
    if op.attributes["perm"] != [*range(rank - 2), rank - 1, rank - 2]:
        return None
    x, y = product.inputs
    if x is None or y is None or x.rank != rank or y.rank != rank or None in (found.maker(x, "Transpose"), found.maker(y, "Transpose")):
        return None
    z: Value = found.b.MatMul(found.b.transpose(y, op.attributes["perm"]), found.b.transpose(x, op.attributes["perm"]))
    return z
