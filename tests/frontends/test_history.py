"""Spellings of old releases that no golden file has."""

from __future__ import annotations

from loadstone.containers import yaml
from loadstone.containers.source import Source
from loadstone.frontends.keras.history import upgrade_layer
from loadstone.ir import Producer


def test_numbers_that_tensorflow_1_12_wrote_as_arrays_are_numbers() -> None:
    stored = {"name": "relu", "max_value": {"type": "ndarray", "value": 6.0}, "threshold": {"type": "ndarray", "value": 0.0}}
    assert upgrade_layer("ReLU", stored, Producer("tf.keras", "2.1.6")) == {"name": "relu", "max_value": 6.0, "threshold": 0.0}


def test_lists_of_tensorflow_1_14_are_lists_in_yaml() -> None:
    tag = "!!python/object/new:tensorflow.python.training.tracking.data_structures._ListWrapper"
    text = f"axis: {tag}\n  listitems:\n  - 3\n  state:\n    _storage:\n    - 3\n"
    assert yaml.read(Source.open(text.encode())) == {"axis": [3]}
