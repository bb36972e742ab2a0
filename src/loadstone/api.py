"""The verbs: the pipeline in reading order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadstone import formats
from loadstone.containers.source import Filepath, Source
from loadstone.custom import CustomObjects
from loadstone.model import Model


def load_model(filepath: Filepath, custom_objects: Mapping[str, Any] | None = None, compile: bool = True, safe_mode: bool = True) -> Model:
    """Open a saved model."""
    source = Source.open(filepath)
    custom = CustomObjects(dict(custom_objects or {}))
    description = formats.detect(source).read(source, custom)
    custom.raise_missing()
    return Model(description)
