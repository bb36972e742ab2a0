"""The feature columns of DenseFeatures: what they are called, and which inputs they take.

A column is stored as {"class_name", "config"}, one that is a plain feature as its key
(tensorflow/python/feature_column/{serialization,feature_column_v2}.py of 2.15).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loadstone.frontends.keras.variable import Variable
from loadstone.ir import Layer

Column = str | dict[str, Any]
Feature = tuple[tuple[int | None, ...], str]  # its shape without the batch, and its dtype
_ENDINGS = {"BucketizedColumn": "bucketized", "EmbeddingColumn": "embedding", "IndicatorColumn": "indicator"}


def embeddings(layer: Layer) -> list[Variable]:
    """The tables of the embedding columns of a DenseFeatures, in its order."""
    tables = [column for column in layer.config["feature_columns"] if column["class_name"] == "EmbeddingColumn"]
    return [
        Variable(
            f"embedding_weights_{place}",
            (None, column["config"]["dimension"]),
            bool(column["config"].get("trainable", True)),
            spellings=("embedding_weights", f"{_name(column)}/embedding_weights"),
        )
        for place, column in enumerate(tables)
    ]


def features(layer: Layer) -> dict[str, Feature]:
    """The features that the columns of a DenseFeatures take, by key."""
    return {key: feature for column in layer.config["feature_columns"] for key, feature in _features(column)}


def _name(column: Column) -> str:
    if isinstance(column, str):
        return column
    kind, config = column["class_name"], column["config"]
    if kind == "CrossedColumn":
        return "_X_".join(sorted(_name(key) for key in _crossed(column)))
    if kind == "WeightedCategoricalColumn":
        return f"{_name(config['categorical_column'])}_weighted_by_{config['weight_feature_key']}"
    if kind in _ENDINGS:
        return f"{_name(config.get('source_column') or config['categorical_column'])}_{_ENDINGS[kind]}"
    return str(config["key"])


def _crossed(column: Column) -> Iterator[Column]:
    """What a column crosses, crosses inside it taken apart."""
    for key in column["config"]["keys"]:  # type: ignore[index]
        if isinstance(key, dict) and key["class_name"] == "CrossedColumn":
            yield from _crossed(key)
        else:
            yield key


def _features(column: Column) -> Iterator[tuple[str, Feature]]:
    if isinstance(column, str):
        yield column, ((None,), "string")
        return
    config = column["config"]
    for key in ("source_column", "categorical_column"):
        if key in config:
            yield from _features(config[key])
    for key in config.get("keys", ()):
        yield from _features(key)
    if "weight_feature_key" in config:
        yield config["weight_feature_key"], ((None,), config["dtype"])
    if "shape" in config:
        yield config["key"], (tuple(config["shape"]), config["dtype"])
    elif "key" in config:
        yield config["key"], ((None,), config.get("dtype", "int64"))
