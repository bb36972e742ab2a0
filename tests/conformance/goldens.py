"""The golden models in tests/golden: files that real releases wrote, with their own predictions (see make_goldens.py)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parents[1] / "golden"
SUFFIXES = (".h5", ".keras")


@dataclass(frozen=True)
class Call:
    """One call of `predict`, in order: reset says that the states were reset before it."""

    batch_size: int | None
    reset: bool
    outputs: Any


@dataclass(frozen=True)
class Golden:
    """A model file; its arrays stand in the .npz beside it and are shared by the files of one model."""

    path: Path

    @property
    def name(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}"

    @property
    def model(self) -> str:
        return self.path.stem

    def _load(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        with np.load(self.path.with_suffix(".npz")) as arrays:
            held = {name: arrays[name] for name in arrays.files}
        return json.loads(str(held.pop("meta"))), held

    @property
    def meta(self) -> dict[str, Any]:
        return self._load()[0]

    @property
    def inputs(self) -> Any:
        """As `predict` was given them: an array, a list or a dict of arrays."""
        meta, arrays = self._load()
        return _fill(meta["inputs"], arrays)

    @property
    def calls(self) -> list[Call]:
        meta, arrays = self._load()
        return [Call(call.get("batch_size"), call.get("reset", False), _fill(call["outputs"], arrays)) for call in meta["calls"]]


def _fill(structure: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(structure, dict):
        return {key: _fill(part, arrays) for key, part in structure.items()}
    if isinstance(structure, list):
        return [_fill(part, arrays) for part in structure]
    return arrays[structure]


def goldens() -> list[Golden]:
    """Every model file of make_goldens.py that holds its model, in a fixed order: those whose .npz has a `meta`."""
    files = (path for path in sorted(FOLDER.glob("*/*")) if path.suffix in SUFFIXES and _has_meta(path.with_suffix(".npz")))
    return list(map(Golden, files))


def _has_meta(path: Path) -> bool:
    if not path.is_file():
        return False
    with np.load(path) as arrays:
        return "meta" in arrays.files


def golden(release: str, name: str) -> Golden:
    """One file: golden("tf.keras-2.3.4", "mlp.keras")."""
    path = FOLDER / release / name
    assert path.is_file(), path
    return Golden(path)
