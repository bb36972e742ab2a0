"""A model of any kind for a comparison: what `load_model` opens, or an ONNX file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from loadstone import api
from loadstone.model.model import Model
from loadstone.model.onnx_model import OnnxModel


def opened(path: str | os.PathLike[str], custom_objects: Mapping[str, Any] | None = None, **options: Any) -> Model | OnnxModel:
    """The model; options as for `load_model`, which an ONNX file takes none of. Raises what `load_model` raises, ValueError for such."""
    if os.fspath(path).lower().endswith(".onnx") and os.path.isfile(path):
        if options:
            raise ValueError(f"{next(iter(options))}= is for a SavedModel or a graph; an ONNX file holds one model")
        return OnnxModel(os.fspath(path))
    return api.load_model(path, custom_objects, **options)
