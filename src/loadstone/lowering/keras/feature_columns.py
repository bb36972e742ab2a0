"""DenseFeatures of tf.keras: feature columns side by side.

Semantics: tensorflow/python/feature_column/feature_column_v2.py and embedding_ops.py of 2.15. A categorical column gives each sample
ids, here int64 (batch, n) with -1 for what is absent: TensorFlow has sparse tensors without those.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any

import numpy as np

from loadstone.errors import InputMismatch, ModelError, UnsupportedAttribute
from loadstone.ir import Layer, Structure, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.walk import Call, Traced, Walk
from loadstone.lowering.registry import keras_layer
from loadstone.lowering.text.fingerprints import combine, farm
from loadstone.lowering.text.lookup import Forward, Hashed, Present

Column = str | dict[str, Any]
_HASH_KEY = 0xDECAFCAFFE  # tensorflow/python/ops/sparse_ops.py, _DEFAULT_HASH_KEY


@keras_layer("DenseFeatures", options="feature_columns partitioner", raw=True)
def dense_features(walk: Walk, layer: Layer, call: Call) -> Structure:
    """A dict of features (batch, ...) -> the columns in their order, (batch, all their numbers)."""
    given: Any = call.first
    if not isinstance(given, dict) or set(call.arguments) != {"inputs"}:
        raise ModelError("a DenseFeatures takes a dict of features and nothing else")
    tables = (walk.b.weight(layer.weights[f"embedding_weights_{place}"]) for place in range(len(layer.weights)))
    columns = _Columns(walk.b, given)
    parts = [columns.dense(column, tables) for column in layer.config["feature_columns"]]
    return Traced(parts[0] if len(parts) == 1 else walk.b.Concat(*parts, axis=-1))


class _Columns:
    """The columns of one call over its features."""

    def __init__(self, b: Builder, features: dict[str, Value]) -> None:
        self.b = b
        self.features = features

    def feature(self, key: str) -> Value:
        """A feature as it is given; one number or text for each sample gets an axis."""
        found = self.features.get(key)
        if not isinstance(found, Value) or found.rank == 0:
            raise ModelError(f"the columns take a feature '{key}', which is not among {', '.join(self.features)}")
        return self.b.unsqueeze(found, 1) if found.rank == 1 else found

    def matrix(self, key: str) -> Value:
        """A feature of some values for each sample."""
        found = self.feature(key)
        if found.rank != 2:
            raise UnsupportedAttribute(f"a categorical column of the feature '{key}' of shape {found.shape}")
        return found

    # -- dense columns --------------------------------------------------------------------------------------------

    def dense(self, column: dict[str, Any], tables: Iterator[Value]) -> Value:
        """The numbers of a column, float32 (batch, n)."""
        b, kind, config = self.b, column["class_name"], column["config"]
        if kind == "NumericColumn":
            numbers = self.numbers(column)
            return b.reshape(numbers, [b.dim(numbers, 0), int(np.prod(config["shape"]))])
        if kind == "BucketizedColumn":
            depth = len(config["boundaries"]) + 1
            hits = b.cast(b.Equal(b.unsqueeze(self.buckets(column), 2), b.ints(range(depth))), "float32")
            return b.reshape(hits, [b.dim(hits, 0), int(np.prod(config["source_column"]["config"]["shape"])) * depth])
        if kind == "IndicatorColumn":
            ids, weights = self.ids(config["categorical_column"])
            hits = b.cast(b.Equal(b.unsqueeze(ids, 2), b.ints(range(_size(config["categorical_column"])))), "float32")
            hits = hits if weights is None else b.Mul(hits, b.unsqueeze(weights, 2))
            return b.ReduceSum(hits, b.ints([1]), keepdims=0)
        if kind == "EmbeddingColumn":
            return self.embedding(config, next(tables))
        raise UnsupportedAttribute(f"a feature column of class {kind} in a DenseFeatures")

    def numbers(self, column: dict[str, Any]) -> Value:
        config = column["config"]
        if config.get("normalizer_fn") is not None:
            raise UnsupportedAttribute(f"the numeric column '{config['key']}' with normalizer_fn={config['normalizer_fn']!r}, a function")
        found = self.feature(config["key"])
        if found.dtype == "string":
            raise ModelError(f"the numeric column '{config['key']}' is given strings")
        return self.b.cast(found, "float32")

    def buckets(self, column: dict[str, Any]) -> Value:
        """How many boundaries are not above each number; all of them for nan."""
        b, config = self.b, column["config"]
        x, edges = self.numbers(config["source_column"]), np.asarray(config["boundaries"], np.float32)
        return b.ReduceSum(b.cast(b.Not(b.Less(b.unsqueeze(x, x.rank), b.const(edges))), "int64"), b.ints([x.rank]), keepdims=0)

    def embedding(self, config: dict[str, Any], table: Value) -> Value:
        """The rows of a sample's ids, combined; zeros where it has none."""
        b, combiner = self.b, config["combiner"]
        if combiner not in ("mean", "sqrtn", "sum"):
            raise UnsupportedAttribute(f"an embedding column with combiner={combiner!r}")
        ids, weights = self.ids(config["categorical_column"])
        rows = b.Gather(table, b.Max(ids, b.const(0, "int64")), axis=0)
        if config.get("max_norm") is not None:
            limit = b.const(config["max_norm"], rows.dtype)
            rows = b.Div(b.Mul(rows, limit), b.Max(b.ReduceL2(rows, b.ints([-1]), keepdims=1), limit))
        counts = b.cast(b.GreaterOrEqual(ids, b.const(0, "int64")), rows.dtype)
        if weights is not None:
            counts = b.Mul(counts, weights)
            if combiner != "sum" and config.get("use_safe_embedding_lookup", True):
                counts = b.Max(counts, b.const(0, rows.dtype))
        counts = b.unsqueeze(counts, 2)
        total = b.ReduceSum(b.Mul(rows, counts), b.ints([1]), keepdims=0)
        if combiner == "sum":
            return total
        whole = b.ReduceSum(counts if combiner == "mean" else b.Mul(counts, counts), b.ints([1]), keepdims=0)
        whole = whole if combiner == "mean" else b.Sqrt(whole)
        absent = b.Equal(whole, b.const(0, rows.dtype))
        return b.Where(absent, b.const(0, rows.dtype), b.Div(total, b.Where(absent, b.const(1, rows.dtype), whole)))

    # -- categorical columns --------------------------------------------------------------------------------------

    def ids(self, column: Column) -> tuple[Value, Value | None]:
        """The ids of a categorical column (batch, n), -1 where there is none, and their weights."""
        assert isinstance(column, dict)
        b, kind, config = self.b, column["class_name"], column["config"]
        if kind == "WeightedCategoricalColumn":
            ids, _ = self.ids(config["categorical_column"])
            return ids, self.aligned(ids, self.matrix(config["weight_feature_key"]))
        if kind == "BucketizedColumn":
            numbers, depth = int(np.prod(config["source_column"]["config"]["shape"])), len(config["boundaries"]) + 1
            return b.Add(self.buckets(column), b.ints(range(0, numbers * depth, depth))), None
        if kind == "CrossedColumn":
            return self.cross(column), None
        if kind == "IdentityCategoricalColumn":
            return self.identity(config), None
        if kind == "HashedCategoricalColumn":
            return self.looked_up(config, Forward({}, Hashed(int(config["hash_bucket_size"]), 0))), None
        if kind == "VocabularyListCategoricalColumn":
            words = [word.encode() if isinstance(word, str) else word for word in config["vocabulary_list"]]
            unknown = Hashed(int(config["num_oov_buckets"]), len(words)) if config["num_oov_buckets"] else int(config["default_value"])
            return self.looked_up(config, Forward({word: k for k, word in enumerate(words)}, unknown)), None
        if kind == "VocabularyFileCategoricalColumn":
            raise UnsupportedAttribute(
                f"a feature column whose vocabulary is a file of its own, {config['vocabulary_file']!r}, which does not lie beside the model"
            )
        raise UnsupportedAttribute(f"a feature column of class {kind} in a DenseFeatures")

    def looked_up(self, config: dict[str, Any], table: Forward) -> Value:
        """The ids of texts or integers by a table; "" and -1 are absent."""
        values = self.matrix(config["key"])
        if (values.dtype == "string") != (config["dtype"] == "string") or values.dtype != "string" and not dtypes.is_integer(values.dtype):
            raise ModelError(f"the feature column '{config['key']}' of {config['dtype']} values is given {values.dtype}")
        return self.b.host("feature column", Present(table), [values], [(values.shape, "int64")])[0]

    def identity(self, config: dict[str, Any]) -> Value:
        b, values = self.b, self.matrix(config["key"])
        if not dtypes.is_integer(values.dtype):
            raise ModelError(f"the feature column '{config['key']}' of integers is given {values.dtype}")
        ids = b.cast(values, "int64")
        if config.get("default_value") is None:
            return ids
        outside = b.Or(b.Less(ids, b.const(-1, "int64")), b.GreaterOrEqual(ids, b.const(config["number_buckets"], "int64")))
        return b.Where(outside, b.const(config["default_value"], "int64"), ids)

    def aligned(self, ids: Value, weights: Value) -> Value:
        """Weights of ids: those that are 0 are absent, and have to be where the ids are."""
        b = self.b
        if weights.shape[1] != ids.shape[1]:
            raise ModelError(f"ids of shape {ids.shape} with weights of shape {weights.shape}")

        def work(i: np.ndarray, w: np.ndarray) -> tuple[np.ndarray]:
            if i.shape != w.shape or ((i < 0) != (w == 0)).any():
                raise InputMismatch("a weighted feature column has to have a weight other than 0 for each id, and 0 where there is none")
            return (w,)

        return b.host("weights of a feature column", work, [ids, b.cast(weights, "float32")], [(ids.shape, "float32")])[0]

    def cross(self, column: dict[str, Any]) -> Value:
        """Every combination of the values of a sample, hashed; ids come before features in the hash, as sparse tensors do."""
        config, leaves = column["config"], list(_leaves(column))
        sparse = [self.ids(leaf)[0] for leaf in leaves if isinstance(leaf, dict)]
        plain = [self.matrix(leaf) for leaf in leaves if isinstance(leaf, str)]
        key, count = np.uint64(_HASH_KEY if config.get("hash_key") is None else config["hash_key"]), np.uint64(config["hash_bucket_size"])

        def work(*values: np.ndarray) -> tuple[np.ndarray]:
            def crossed(left: tuple[Any, Any], right: tuple[Any, Any]) -> tuple[Any, Any]:
                mixed = combine(left[0][:, :, None], right[0][:, None, :])
                present = left[1][:, :, None] & right[1][:, None, :]
                return mixed.reshape(len(mixed), -1), present.reshape(len(mixed), -1)

            prints = [farm(x) if x.dtype == object else x.astype(np.int64).astype(np.uint64) for x in values]
            there = [x >= 0 if place < len(sparse) else np.full(x.shape, True) for place, x in enumerate(values)]
            rows = len(values[0])
            mixed, present = reduce(crossed, zip(prints, there, strict=True), (np.full((rows, 1), key), np.full((rows, 1), True)))
            return (np.where(present, (mixed % count).astype(np.int64), -1),)

        inputs = [*sparse, *plain]
        lengths = [x.shape[1] for x in inputs]
        width = None if any(length is None for length in lengths) else int(np.prod([length or 0 for length in lengths]))
        return self.b.host("CrossedColumn", work, inputs, [((inputs[0].shape[0], width), "int64")])[0]


def _leaves(column: dict[str, Any]) -> Iterator[Column]:
    """What a column crosses, crosses inside it taken apart."""
    for key in column["config"]["keys"]:
        if isinstance(key, dict) and key["class_name"] == "CrossedColumn":
            yield from _leaves(key)
        else:
            yield key


def _size(column: dict[str, Any]) -> int:
    """How many ids a categorical column has."""
    kind, config = column["class_name"], column["config"]
    if kind == "WeightedCategoricalColumn":
        return _size(config["categorical_column"])
    if kind == "BucketizedColumn":
        return (len(config["boundaries"]) + 1) * int(np.prod(config["source_column"]["config"]["shape"]))
    if kind == "VocabularyListCategoricalColumn":
        return len(config["vocabulary_list"]) + int(config["num_oov_buckets"])
    size = config.get("hash_bucket_size", config.get("number_buckets", config.get("vocabulary_size")))
    if size is None:
        raise UnsupportedAttribute(f"a feature column of class {kind} in a DenseFeatures")
    return int(size)
