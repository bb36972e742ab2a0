"""Whether loadstone gives what Keras gave for one recipe: the files that the worker wrote, loaded and run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import loadstone
from loadstone.errors import LoadstoneError
from tests.differential.drawing import Keras, Refused

TOLERANCE = {"float64": (1e-7, 1e-9), "complex128": (1e-7, 1e-9), "float16": (1e-2, 1e-2), "bfloat16": (3e-2, 3e-2)}


class Mismatch(AssertionError):
    """Other numbers, another dtype or shape, or an error that says nothing."""


@dataclass
class Verdict:
    """What became of a recipe: "same", "refused" (loadstone says why), "lost" (Keras' own file gives Keras those
    numbers too), "unstable" (rounding decides), "no model" (Keras says why)."""

    what: str
    why: str = ""


def compare(keras: Keras, recipe: dict[str, Any], folder: Path) -> Verdict:
    """Run a recipe on both sides. Raises Mismatch."""
    for path in folder.iterdir():
        path.unlink()
    try:
        answer = keras.ask(do="finish", recipe=recipe, to=str(folder))
    except Refused as error:
        return Verdict("no model", str(error).partition("\n")[0])
    arrays = np.load(folder / "arrays.npz")
    inputs = [arrays[f"in_{i}"] for i in range(sum(k.startswith("in_") for k in arrays.files))]
    expected = [arrays[f"out_{i}"] for i in range(len(answer["outputs"]))]
    for form in answer["saved"]:
        try:
            model = loadstone.load_model(folder / f"model.{form}")
            got = _run(model, inputs)
        except LoadstoneError as error:
            return Verdict("refused", f"{type(error).__name__}: {' '.join(str(error).split())}"[:200])
        except Exception as error:
            raise Mismatch(f"{form}: {type(error).__name__}: {error}") from error
        wrong = differences(expected, got, answer["outputs"])
        if wrong and any(_gives(keras, folder, "predicted.npz", got, do="predict", recipe=recipe, pieces=p) for p in (False, True)):
            continue
        if wrong and _gives(keras, folder, "reloaded.npz", got, do="reload", form=form):
            return Verdict("lost", wrong)
        if wrong and _unstable(keras, recipe, folder, expected, got):
            return Verdict("unstable", wrong)
        if wrong:
            raise Mismatch(f"{form}: {wrong}")
    return Verdict("same")


def _run(model: Any, inputs: list[np.ndarray]) -> list[np.ndarray]:
    result = model(inputs if len(inputs) > 1 else inputs[0])
    return list(result) if isinstance(result, (list, tuple)) else [result]


def differences(expected: list[np.ndarray], got: list[np.ndarray], dtypes: list[str]) -> str:
    """What is not the same, in words; empty where all is."""
    if len(expected) != len(got):
        return f"{len(got)} outputs, expected {len(expected)}"
    for i, (want, have, dtype) in enumerate(zip(expected, got, dtypes, strict=True)):
        have = np.asarray(have)
        if want.shape != have.shape or str(have.dtype) != dtype:
            return f"output {i} is {have.dtype} {have.shape}, expected {dtype} {want.shape}"
        if not _close(want, have, dtype):
            wide = [np.asarray(a, np.complex128) for a in (want, have)]
            with np.errstate(invalid="ignore"):
                return f"output {i} ({dtype}) differs by up to {np.nanmax(np.abs(wide[0] - wide[1]), initial=0):.3g}"
    return ""


def _close(want: np.ndarray, have: np.ndarray, dtype: str) -> bool:
    if want.dtype.kind not in "fc":
        return np.array_equal(want, have)
    rtol, atol = TOLERANCE.get(dtype, (1e-4, 1e-5))
    return np.allclose(np.asarray(have, np.complex128), np.asarray(want, np.complex128), rtol, atol, equal_nan=True)


def _stored(array: np.ndarray) -> np.ndarray:
    """As arrays.npz holds it: numpy alone knows no bfloat16."""
    return array.astype("float32") if array.dtype.name == "bfloat16" else array


def _gives(keras: Keras, folder: Path, name: str, got: list[np.ndarray], **command: Any) -> bool:
    """Whether what Keras does at this command gives what loadstone gives."""
    try:
        answer = keras.ask(to=str(folder), **command)
    except Refused:
        return False
    arrays = np.load(folder / name)
    return not differences([arrays[f"out_{i}"] for i in range(len(answer["outputs"]))], got, answer["outputs"])


def _stored(array: np.ndarray) -> np.ndarray:
    """As arrays.npz holds it: numpy alone knows no bfloat16."""
    return array.astype("float32") if array.dtype.name == "bfloat16" else array


def _lost(keras: Keras, folder: Path, form: str, got: list[np.ndarray]) -> bool:
    """Whether Keras' file says less than Keras knew: read again, it gives what loadstone gives."""
    try:
        answer = keras.ask(do="reload", to=str(folder), form=form)
    except Refused:
        return False
    arrays = np.load(folder / "reloaded.npz")
    return not differences([arrays[f"out_{i}"] for i in range(len(answer["outputs"]))], got, answer["outputs"])


def _unstable(keras: Keras, recipe: dict[str, Any], folder: Path, expected: list[np.ndarray], got: list[np.ndarray]) -> bool:
    """Whether numbers moved by their own rounding move Keras' outputs by a tenth of what loadstone's differ, or more."""
    if [(e.shape, e.dtype) for e in expected] != [(g.shape, _stored(g).dtype) for g in got]:
        return False
    keras.ask(do="shake", recipe=recipe, to=str(folder))
    shaken = np.load(folder / "shaken.npz")
    for i, (want, have) in enumerate(zip(expected, got, strict=True)):
        moved, wide, mine = (np.nan_to_num(np.asarray(a, np.complex128)) for a in (shaken[f"out_{i}"], want, have))
        off = np.abs(mine - wide)
        if off.size and (np.abs(moved - wide).max() * 10 < off.max()):
            return False
    return True


def key(recipe: dict[str, Any]) -> str:
    """A recipe as one line."""
    return json.dumps(recipe, sort_keys=True)
