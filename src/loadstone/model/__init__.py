"""Model: what `load_model` returns."""

from loadstone.model.model import Model

__all__ = ["Model"]
