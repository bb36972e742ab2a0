"""Reads a file that was just written, as whoever gets it would."""

from __future__ import annotations

import json
from typing import Any

from loadstone.containers.source import Source
from loadstone.formats import detect, keras_architecture
from loadstone.formats.weights import Extra, Weights
from loadstone.formats.weights_files import open_weights
from loadstone.frontends.keras import weights_v3
from loadstone.ir import Layer, Model, Producer, Tensor


def read_back(path: str, kind: str, config: dict[str, Any], root: Layer, custom: Any) -> Model:
    """The model of a file of that kind (`export.kinds`); what it leaves out is taken from the config and the layers that were written.

    custom: the objects that the reader has.
    """
    if kind in ("weights", "legacy_weights", "safetensors"):
        source = Source.of_bytes(json.dumps(config).encode(), path)
        return keras_architecture.FORMAT.read(source, custom, open_weights(path))
    source = Source.open(path)
    return detect(source).read(source, custom, _weights(root) if kind == "json" else None)


def _weights(written: Layer) -> Weights:
    tensors: dict[str, Tensor] = dict(weights_v3.stored(written))

    def assign(root: Layer, producer: Producer) -> Extra:
        return weights_v3.assign(root, tensors, producer)

    return Weights(tensors, assign)
