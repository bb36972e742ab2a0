"""Whether loadstone gives what Keras gave for one recipe: the files that the worker wrote, loaded and run."""

from __future__ import annotations

import json
import shutil
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
    numbers too), "unstable" (rounding decides), "no model" (Keras says why), "not saved" (loadstone says why)."""

    what: str
    why: str = ""


def compare(keras: Keras, recipe: dict[str, Any], folder: Path, saved: bool = False) -> Verdict:
    """Run a recipe on both sides; saved: also what loadstone writes of it, which Keras and TensorFlow open. Raises Mismatch."""
    shutil.rmtree(folder)
    folder.mkdir()
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
    refused = _saved(keras, model, inputs, got, folder, answer["saved"]) if saved and answer["saved"] else []
    return Verdict("not saved", refused[0]) if refused else Verdict("same")


def _saved(keras: Keras, model: Any, inputs: list[np.ndarray], got: list[np.ndarray], folder: Path, forms: list[str]) -> list[str]:
    """What is refused of the files that loadstone writes, in forms that Keras has.

    Raises Mismatch where one of the others is not opened, or gives other numbers.
    """
    refused = []
    library = {"library": "keras" if keras.version.startswith("3") else "tf_keras"}
    for form in (*forms, "saved_model"):
        path = folder / ("again" if form == "saved_model" else f"again.{form}")
        try:
            loadstone.save_model(model, path, save_format=form, **({} if form == "saved_model" else library))
        except LoadstoneError as error:
            refused.append(f"{form}: {type(error).__name__}: {' '.join(str(error).split())}"[:300])
            continue
        except Exception as error:
            raise Mismatch(f"saving as {form}: {type(error).__name__}: {error}") from error
        wrong = _in_tensorflow(keras, model, inputs, folder) if form == "saved_model" else _in_keras(keras, form, got, folder)
        if wrong:
            raise Mismatch(f"saved as {form}: {wrong}")
    return refused


def _in_keras(keras: Keras, form: str, got: list[np.ndarray], folder: Path) -> str:
    """What is not the same where Keras opens a file; nothing where it does not open its own file of the model either."""
    try:
        answer = keras.ask(do="reload", to=str(folder), form=form, name="again")
        arrays = np.load(folder / "reloaded.npz")
        wrong = differences([arrays[f"out_{i}"] for i in range(len(answer["outputs"]))], got, answer["outputs"])
    except Refused as error:
        wrong = str(error)
    return wrong if wrong and _gives(keras, folder, "reloaded.npz", got, do="reload", form=form) else ""


def _in_tensorflow(keras: Keras, model: Any, inputs: list[np.ndarray], folder: Path) -> str:
    """What is not the same where TensorFlow opens a SavedModel; its outputs have names, in no order."""
    names = [spec.name for spec in model.inputs]
    try:
        answer = keras.ask(do="signature", to=str(folder), names=names)
    except Refused as error:
        return str(error)
    with loadstone.load_model(folder / "again") as again:
        found = again(dict(zip(names, inputs, strict=True)))
        found = found if isinstance(found, dict) else {again.output_names[0]: found}
    arrays = np.load(folder / "reloaded.npz")
    return differences([arrays[f"out_{i}"] for i in range(len(found))], [found[name] for name in sorted(found)], answer["outputs"])


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
