"""Messages of tf.train.Example and SequenceExample as tensors: tensorflow/core/ops/parsing_ops.cc.

Which features there are is known when the graph is read; what they hold is a host call over all messages of a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Dim, Shape, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import Operand, tensor, tf
from loadstone.lowering.tensorflow.text_calls import as_bytes, call
from loadstone.lowering.text import examples
from loadstone.lowering.text.arrays import flat
from loadstone.lowering.text.examples import Dense, Loose

Outputs = list[tuple[Shape, str]]
Kinds = tuple[list[Loose], list[Dense], list[Loose]]  # sparse, dense and ragged features


def _names(b: Builder, keys: Operand) -> list[bytes]:
    """Names of features: a vector, or a list of scalars."""
    if isinstance(keys, (list, tuple)):
        return [name for key in keys for name in (_names(b, key) if isinstance(key, Value) else [as_bytes(key)])]
    value = tensor(b, keys)
    if value.const is None:
        raise UnsupportedAttribute("messages parsed by names of features that are computed")
    return [bytes(name) for name in flat(value.array())]


def _dense(b: Builder, keys: Operand, types: Sequence[str], shapes: Sequence[Any], defaults: Sequence[Operand]) -> list[Dense]:
    """Dense features; a default of no elements is none."""
    names = _names(b, keys)
    found = []
    for name, dtype, shape, default in zip(names, types, shapes, defaults or [None] * len(names), strict=True):
        given = None if default is None else tensor(b, default)
        if given is not None and given.const is None:
            raise UnsupportedAttribute("messages parsed with defaults that are computed")
        array = None if given is None or not given.array().size else given.array()
        lengths = tuple(None if d in (None, -1) else int(d) for d in shape)
        if None in lengths[1:]:
            raise ModelError(f"a feature of shape {shape}")
        if array is not None and lengths[:1] == (None,) and array.size != 1:
            raise ModelError(f"a feature of shape {shape} that is filled up with {array.size} values")
        found.append(Dense(name, dtype, lengths, array))
    return found


def _loose(b: Builder, keys: Operand, types: Sequence[str], splits: Sequence[str] | None = None) -> list[Loose]:
    names = _names(b, keys)
    return [Loose(*row) for row in zip(names, types, splits or ["int64"] * len(names), strict=True)]


def _sparse_outputs(sparse: Sequence[Loose], rank: int) -> Outputs:
    """Places, values and shapes, kind by kind."""
    return [
        *(((None, rank), "int64") for _ in sparse),
        *(((None,), feature.dtype) for feature in sparse),
        *(((rank,), "int64") for _ in sparse),
    ]


def _by_kind(rows: Sequence[Sequence[np.ndarray]], count: int) -> list[np.ndarray]:
    """What features are made of, kind by kind: first the first of all features."""
    return [row[k] for k in range(count) for row in rows]


def _features(sparse: Sequence[Loose], dense: Sequence[Dense], ragged: Sequence[Loose]) -> Callable[[list[Any]], list[np.ndarray]]:
    """Maps of features as sparse, dense and ragged tensors in the order of the outputs."""
    _apart([*sparse, *dense, *ragged])

    def made(batch: list[Any]) -> list[np.ndarray]:
        return [
            *_by_kind([examples.sparse(examples.loose(batch, one), one.dtype) for one in sparse], 3),
            *(examples.dense(batch, one) for one in dense),
            *_by_kind([examples.ragged(examples.loose(batch, one), one) for one in ragged], 2),
        ]

    return made


def _apart(features: Sequence[Dense | Loose]) -> None:
    keys = [feature.key for feature in features]
    if len(set(keys)) < len(keys):
        raise UnsupportedAttribute(f"messages parsed with two forms of one feature: {keys}")


def _feature_outputs(sparse: Sequence[Loose], dense: Sequence[Dense], ragged: Sequence[Loose], batch: Dim) -> Outputs:
    return [
        *_sparse_outputs(sparse, 2),
        *(((batch, *one.shape), one.dtype) for one in dense),
        *(((None,), one.dtype) for one in ragged),
        *(((None if batch is None else batch + 1,), one.splits) for one in ragged),
    ]


# -- Example ----------------------------------------------------------------------------------------------------------


@tf("raw_ops.ParseExample")
def parse_example(
    b: Builder, serialized: Operand, names: Operand, sparse_keys: Operand, dense_keys: Operand, dense_defaults: list[Operand],
    sparse_types: Sequence[str] = (), Tdense: Sequence[str] = (), dense_shapes: Sequence[Any] = (),
) -> list[Value]:  # fmt: skip
    """Sparse places, values and shapes, then dense tensors (batch, ...)."""
    return parse_example_v2(
        b, serialized, names, sparse_keys, dense_keys, [], dense_defaults, Tdense, 0, sparse_types, (), (), dense_shapes
    )


@tf("raw_ops.ParseExampleV2")
def parse_example_v2(
    b: Builder, serialized: Operand, names: Operand, sparse_keys: Operand, dense_keys: Operand, ragged_keys: Operand,
    dense_defaults: list[Operand], Tdense: Sequence[str] = (), num_sparse: int = 0, sparse_types: Sequence[str] = (),
    ragged_value_types: Sequence[str] = (), ragged_split_types: Sequence[str] = (), dense_shapes: Sequence[Any] = (),
) -> list[Value]:  # fmt: skip
    """The same, and ragged values and splits behind them; one message alone gives tensors without the axis of the batch."""
    x = tensor(b, serialized)
    sparse, ragged = _loose(b, sparse_keys, sparse_types), _loose(b, ragged_keys, ragged_value_types, ragged_split_types)
    dense = _dense(b, dense_keys, Tdense, dense_shapes, dense_defaults)
    if x.rank == 0:
        return _one_example(b, x, sparse, dense, ragged)
    made = _features(sparse, dense, ragged)
    outputs = _feature_outputs(sparse, dense, ragged, x.shape[0])
    return call(b, "ParseExample", lambda texts, *_: made([examples.example(text) for text in flat(texts)]), [x], outputs)


@tf("raw_ops.ParseSingleExample")
def parse_single_example(
    b: Builder, serialized: Operand, dense_defaults: list[Operand], num_sparse: int = 0, sparse_keys: Sequence[str] = (),
    dense_keys: Sequence[str] = (), sparse_types: Sequence[str] = (), Tdense: Sequence[str] = (), dense_shapes: Sequence[Any] = (),
) -> list[Value]:  # fmt: skip
    """One message: places (n, 1), values, shape (1,), and dense tensors."""
    sparse = _loose(b, list(sparse_keys), sparse_types)
    return _one_example(b, tensor(b, serialized), sparse, _dense(b, list(dense_keys), Tdense, dense_shapes, dense_defaults), [])


def _one_example(b: Builder, x: Value, sparse: list[Loose], dense: list[Dense], ragged: list[Loose]) -> list[Value]:
    made = _features(sparse, dense, ragged)
    n = len(sparse)

    def parse(text: np.ndarray) -> list[np.ndarray]:
        found = made([examples.example(flat(text)[0])])
        places, stored, shapes = found[:n], found[n : 2 * n], found[2 * n : 3 * n]
        rest = found[3 * n :]
        tensors, values = rest[: len(dense)], rest[len(dense) : len(dense) + len(ragged)]
        return [
            *(place[:, 1:] for place in places), *stored, *(shape[1:] for shape in shapes), *(one[0] for one in tensors), *values,
            *(np.zeros(0, one.splits) for one in ragged),
        ]  # fmt: skip

    outputs = [*_sparse_outputs(sparse, 1), *((one.shape, one.dtype) for one in dense), *(((None,), one.dtype) for one in ragged),
               *(((0,), one.splits) for one in ragged)]  # fmt: skip
    return call(b, "ParseSingleExample", parse, [x], outputs)


# -- SequenceExample --------------------------------------------------------------------------------------------------


def _sequences(
    b: Builder,
    x: Value,
    context: Kinds,
    lists: Kinds,
    missing: Sequence[bool],
) -> list[Value]:
    made, (sparse, dense, ragged) = _features(*context), lists
    _apart([*sparse, *dense, *ragged])
    batch = x.shape[0]

    def parse(texts: np.ndarray) -> list[np.ndarray]:
        found = [examples.sequence(text) for text in flat(texts)]
        steps = [parts for _, parts in found]
        return [
            *made([features for features, _ in found]),
            *_by_kind([examples.sparse_list(steps, one) for one in sparse], 3),
            *_by_kind([examples.dense_list(steps, one, may) for one, may in zip(dense, missing, strict=True)], 2),
            *_by_kind([examples.ragged_list(steps, one) for one in ragged], 3),
        ]

    outputs = [
        *_feature_outputs(*context, batch),
        *_sparse_outputs(sparse, 3),
        *(((batch, None, *one.shape), one.dtype) for one in dense),
        *(((batch,), "int64") for _ in dense),
        *(((None,), one.dtype) for one in ragged),
        *(((None if batch is None else batch + 1,), one.splits) for one in ragged),
        *(((None,), one.splits) for one in ragged),
    ]
    return call(b, "ParseSequenceExample", parse, [x], outputs)


@tf("raw_ops.ParseSequenceExample")
def parse_sequence_example(
    b: Builder, serialized: Operand, debug_name: Operand, context_dense_defaults: list[Operand],
    feature_list_dense_missing_assumed_empty: Sequence[str] = (), context_sparse_keys: Sequence[str] = (),
    context_dense_keys: Sequence[str] = (), feature_list_sparse_keys: Sequence[str] = (), feature_list_dense_keys: Sequence[str] = (),
    Ncontext_sparse: int = 0, Ncontext_dense: int = 0, Nfeature_list_sparse: int = 0, Nfeature_list_dense: int = 0,
    context_sparse_types: Sequence[str] = (), Tcontext_dense: Sequence[str] = (), feature_list_dense_types: Sequence[str] = (),
    context_dense_shapes: Sequence[Any] = (), feature_list_sparse_types: Sequence[str] = (), feature_list_dense_shapes: Sequence[Any] = (),
) -> list[Value]:  # fmt: skip
    """The features of the context, then lists of features: sparse, and dense with their lengths."""
    context: Kinds = (
        _loose(b, list(context_sparse_keys), context_sparse_types),
        _dense(b, list(context_dense_keys), Tcontext_dense, context_dense_shapes, context_dense_defaults),
        [],
    )  # fmt: skip
    dense = _dense(b, list(feature_list_dense_keys), feature_list_dense_types, feature_list_dense_shapes, [])
    sparse = _loose(b, list(feature_list_sparse_keys), feature_list_sparse_types)
    may_miss = {as_bytes(name) for name in feature_list_dense_missing_assumed_empty}
    return _sequences(b, tensor(b, serialized), context, (sparse, dense, []), [one.key in may_miss for one in dense])


@tf("raw_ops.ParseSequenceExampleV2")
def parse_sequence_example_v2(
    b: Builder, serialized: Operand, debug_name: Operand, context_sparse_keys: Operand, context_dense_keys: Operand,
    context_ragged_keys: Operand, feature_list_sparse_keys: Operand, feature_list_dense_keys: Operand, feature_list_ragged_keys: Operand,
    feature_list_dense_missing_assumed_empty: Operand, context_dense_defaults: list[Operand], Ncontext_sparse: int = 0,
    Tcontext_dense: Sequence[str] = (), context_sparse_types: Sequence[str] = (), context_ragged_value_types: Sequence[str] = (),
    context_ragged_split_types: Sequence[str] = (), context_dense_shapes: Sequence[Any] = (), Nfeature_list_sparse: int = 0,
    Nfeature_list_dense: int = 0, feature_list_dense_types: Sequence[str] = (), feature_list_sparse_types: Sequence[str] = (),
    feature_list_ragged_value_types: Sequence[str] = (), feature_list_ragged_split_types: Sequence[str] = (),
    feature_list_dense_shapes: Sequence[Any] = (),
) -> list[Value]:  # fmt: skip
    """The same, with ragged features of the context and ragged lists."""
    context = (
        _loose(b, context_sparse_keys, context_sparse_types),
        _dense(b, context_dense_keys, Tcontext_dense, context_dense_shapes, context_dense_defaults),
        _loose(b, context_ragged_keys, context_ragged_value_types, context_ragged_split_types),
    )
    lists = (
        _loose(b, feature_list_sparse_keys, feature_list_sparse_types),
        _dense(b, feature_list_dense_keys, feature_list_dense_types, feature_list_dense_shapes, []),
        _loose(b, feature_list_ragged_keys, feature_list_ragged_value_types, feature_list_ragged_split_types),
    )
    may_miss = tensor(b, feature_list_dense_missing_assumed_empty)
    if may_miss.const is None:
        raise UnsupportedAttribute("messages parsed with options that are computed")
    x, missing = tensor(b, serialized), flat(may_miss.array())
    if x.rank == 0:
        return _one_sequence(b, x, context, lists, missing)
    return _sequences(b, x, context, lists, missing)


@tf("raw_ops.ParseSingleSequenceExample")
def parse_single_sequence_example(
    b: Builder, serialized: Operand, feature_list_dense_missing_assumed_empty: Operand, context_sparse_keys: list[Operand],
    context_dense_keys: list[Operand], feature_list_sparse_keys: list[Operand], feature_list_dense_keys: list[Operand],
    context_dense_defaults: list[Operand], debug_name: Operand, context_sparse_types: Sequence[str] = (),
    Tcontext_dense: Sequence[str] = (), feature_list_dense_types: Sequence[str] = (), context_dense_shapes: Sequence[Any] = (),
    feature_list_sparse_types: Sequence[str] = (), feature_list_dense_shapes: Sequence[Any] = (),
) -> list[Value]:  # fmt: skip
    """One message: tensors without the axis of the batch, and no lengths."""
    context: Kinds = (
        _loose(b, context_sparse_keys, context_sparse_types),
        _dense(b, context_dense_keys, Tcontext_dense, context_dense_shapes, context_dense_defaults),
        [],
    )  # fmt: skip
    dense = _dense(b, feature_list_dense_keys, feature_list_dense_types, feature_list_dense_shapes, [])
    sparse = _loose(b, feature_list_sparse_keys, feature_list_sparse_types)
    may_miss = set(_names(b, feature_list_dense_missing_assumed_empty))
    found = _one_sequence(b, tensor(b, serialized), context, (sparse, dense, []), [one.key in may_miss for one in dense])
    return found[: len(found) - len(dense)]


def _one_sequence(
    b: Builder,
    x: Value,
    context: Kinds,
    lists: Kinds,
    missing: Sequence[bool],
) -> list[Value]:
    """The outputs of a batch of one without its axis; lengths stay numbers, and the splits of the examples go."""
    found = iter(_sequences(b, b.reshape(x, [1]), context, lists, missing))

    def some(features: Sequence[Any], form: Callable[[Value], Value]) -> list[Value]:
        return [form(next(found)) for _ in features]

    def rest(v: Value) -> Value:
        return b.slice(v, v.rank - 1, 1)

    def first(v: Value) -> Value:
        return b.squeeze(b.slice(v, 0, 0, 1), 0)

    def same(v: Value) -> Value:
        return v

    def none(v: Value) -> Value:
        return b.const(0, v.dtype)

    made = []
    for sparse, dense, ragged, is_list in ((*context, False), (*lists, True)):
        made += [*some(sparse, rest), *some(sparse, same), *some(sparse, rest), *some(dense, first)]
        made += some(dense, first) if is_list else []
        made += [*some(ragged, same), *some(ragged, none)] + (some(ragged, same) if is_list else [])
    return made
