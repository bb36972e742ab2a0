"""Model files made here, byte by byte as Keras lays them out, out of a config and arrays."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

Weights = Mapping[str, Mapping[str, np.ndarray]]  # layer -> weight -> array


def h5(config: dict[str, Any], weights: Weights | None = None, training: Any = None, version: str = "2.8.0") -> bytes:
    """A whole model in HDF5 (keras/src/legacy/saving/legacy_h5_format.py)."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs.update({"model_config": json.dumps(config), "keras_version": version, "backend": "tensorflow"})
        if training is not None:
            file.attrs["training_config"] = json.dumps(training)
        group = file.create_group("model_weights")
        names = [stored["config"]["name"] for stored in config["config"].get("layers", [])] or list(weights or {})
        group.attrs["layer_names"] = [name.encode("utf8", "replace") for name in names]
        for i, name in enumerate(names):
            arrays = dict((weights or {}).get(name, {}))
            inner = group.create_group(name or f"unnamed_{i}")
            inner.attrs["weight_names"] = [f"{name}/{key}:0".encode() for key in arrays]
            for key, array in arrays.items():
                inner[f"{name}/{key}:0"] = array
    return buffer.getvalue()


def keras(config: dict[str, Any], weights: Weights | None = None, training: Any = None, version: str = "3.15.1") -> bytes:
    """A `.keras` file (keras/src/saving/saving_lib.py). weights: place ("layers/dense/vars") -> number -> array."""
    stored = io.BytesIO()
    with h5py.File(stored, "w") as file:
        for place, arrays in (weights or {}).items():
            for key, array in arrays.items():
                file[f"{place}/{key}"] = array
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("config.json", json.dumps({**config, "compile_config": training} if training is not None else config))
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.writestr("model.weights.h5", stored.getvalue())
    return buffer.getvalue()
