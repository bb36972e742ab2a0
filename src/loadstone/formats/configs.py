"""The layers of a config from a file; a damaged description is a typed error."""

from __future__ import annotations

from typing import Any

from loadstone.errors import LoadstoneError, ModelError
from loadstone.frontends.keras.config import read_model
from loadstone.ir import Layer, Producer


def read_config(config: dict[str, Any], producer: Producer, custom: Any) -> Layer:
    """The root layer of a config from a file; ModelError where it is not what Keras writes.

    custom: the caller's objects, for the frontend.
    """
    try:
        return read_model(config, producer, custom)
    except LoadstoneError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise ModelError(f"the config of the model is incomplete or damaged: {type(error).__name__} {error}") from error
