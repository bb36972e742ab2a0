"""Architectures without weights: JSON and YAML that `to_json` and `to_yaml` write, with a version since Keras 1.2, and without in Keras 3."""

from __future__ import annotations

from typing import Any

from loadstone.environment import of_configs, of_functions, said
from loadstone.environment.evidence import Clues


def add(clues: Clues, stored: Any) -> None:
    """Evidence from an architecture (Any: JSON)."""
    if not isinstance(stored, dict):
        return
    version, backend = stored.get("keras_version"), stored.get("backend")
    if isinstance(version, (str, int, float)):
        said.keras(clues, str(version), "the architecture")
    if isinstance(backend, str):
        said.backend(clues, backend, "the architecture")
    from loadstone.frontends.keras.history.keras_0 import is_keras_0

    if version is None and is_keras_0(stored):
        clues.of_library("keras", "its config is spelt as Keras 0 does")
        clues.add("keras", "its config is spelt as Keras 0 does", None, (0, 3))
        return
    of_configs.add(clues, stored)
    of_functions.add(clues, stored)
