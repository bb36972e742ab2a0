"""The layers of a config from a file; a damaged description is a typed error."""

from __future__ import annotations

import os
from typing import Any

from loadstone.containers.source import Source
from loadstone.errors import LoadstoneError, ModelError
from loadstone.formats.vocabulary_files import with_vocabularies
from loadstone.frontends.keras.config import read_model
from loadstone.ir import Layer, Producer


def read_config(config: dict[str, Any], producer: Producer, custom: Any, source: Source | None = None) -> Layer:
    """The root layer of a config from a file; ModelError where it is not what Keras writes.

    custom: the caller's objects, for the frontend. source: the file, beside which SavedModels of layers and vocabularies may lie.
    """
    try:
        config = with_vocabularies(config, source)
        return read_model(config, producer, custom, None if source is None else _around(source))
    except LoadstoneError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise ModelError(f"the config of the model is incomplete or damaged: {type(error).__name__} {error}") from error


def _around(source: Source) -> str | None:
    """The folder in which a file or folder lies under its own name; None for bytes in memory."""
    return os.path.dirname(os.path.abspath(source.name)) if source.path else None
