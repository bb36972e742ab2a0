"""`run_model`: a model loaded by the framework that saved it, in an environment that was made, and its outputs for some inputs.

This is the one place where code of a file may run: the framework decides what it executes. It is started only when the caller has asked
for it, and `executes` says before what that is. The other Python gets no setting of Python or Keras from this process, has an empty folder
as its home, and answers in a file of numbers.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from loadstone.environment.creating import Created, run_python
from loadstone.environment.requirements import Plan
from loadstone.errors import InferenceError, MissingDependency
from loadstone.ir.records import dataclass

Array = np.ndarray[Any, Any]
SCRIPT = Path(__file__).with_name("original.py.txt")
SECONDS = 1_800.0
_TAIL = 2_000

KINDS = {  # format of loadstone -> what the script does
    "keras_h5": "keras",
    "keras_v3": "keras",
    "keras_architecture": "architecture",
    "tf_saved_model": "saved_model",
    "tf_frozen_graph": "frozen",
}


@dataclass(frozen=True)
class Job:
    """What is loaded and run. inputs: arrays by the model's names for them, in order. outputs: tensors of a frozen graph."""

    path: str
    kind: str
    inputs: Mapping[str, Array]
    weights: str | None = None
    signature: str = "serving_default"
    tags: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


def kind_of(format_: str) -> str:
    """How a format is loaded there. Raises MissingDependency for one that its framework cannot load by itself."""
    if format_ not in KINDS:
        raise MissingDependency(f"a {format_} file is not loaded by Python code of its framework", hint="leave --run-model out")
    return KINDS[format_]


def executes(plan: Plan, kind: str, functions: Sequence[str] = ()) -> list[str]:
    """What would be executed, in sentences. functions: paths of layers that keep compiled Python code."""
    loader = {
        "saved_model": "tf.saved_model.load, and the operations of the graph that the file holds",
        "frozen": "tf.import_graph_def, and the operations of the graph that the file holds",
    }.get(kind, "its own load_model or model_from_config, and predict")
    found = [f"{plan.release} runs {loader}, as the user who started this and with that user's rights."]
    if functions:
        listed = ", ".join(functions[:5]) + (f" and {len(functions) - 5} more" if len(functions) > 5 else "")
        found.append(f"Compiled Python code that the file keeps runs: in {listed}.")
    return found


def run_model(plan: Plan, created: Created, job: Job, seconds: float = SECONDS) -> list[tuple[str, Array]]:
    """The outputs, with the names that the framework has for them ("" for none), in its order.

    Strings are bytes. Raises InferenceError with what the framework said.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        what = {
            "path": os.path.abspath(job.path),
            "kind": job.kind,
            "weights": os.path.abspath(job.weights) if job.weights else None,
            "library": plan.library,
            "inputs": list(job.inputs),
            "signature": job.signature,
            "tags": list(job.tags),
            "outputs": list(job.outputs),
        }
        (place / "job.json").write_text(json.dumps(what), encoding="ascii")
        np.savez(place / "in.npz", **{f"in_{at}": _plain(value) for at, value in enumerate(job.inputs.values())})  # type: ignore[arg-type]
        (place / "run.py").write_text(SCRIPT.read_text("utf8"), encoding="ascii")
        try:
            done = run_python(plan, created.python, [str(place / "run.py"), str(place / "job.json")], seconds)
        except subprocess.TimeoutExpired:
            raise InferenceError(f"the model had not run after {seconds:g} seconds") from None
        if done.returncode or not (place / "out.json").exists():
            raise InferenceError(f"{plan.release} did not run the model: {done.stderr.strip()[-_TAIL:] or f'exit code {done.returncode}'}")
        names = json.loads((place / "out.json").read_text("utf8"))
        with np.load(place / "out.npz", allow_pickle=False) as arrays:
            return [(str(name), _texts(arrays[f"out_{at}"])) for at, name in enumerate(names)]


def _plain(value: Array) -> Array:
    """Texts as arrays of bytes, which every numpy reads without pickle; each ends in a full stop, for numpy drops zeros at the end."""
    if value.dtype.kind in "OSU":
        return np.array([(s if isinstance(s, bytes) else str(s).encode()) + b"." for s in value.ravel()], "S").reshape(value.shape)
    return value


def _texts(value: Array) -> Array:
    """Arrays of bytes as `_plain` and the script write them, as objects without the full stop."""
    if value.dtype.kind != "S":
        return value
    return np.array([s[:-1] for s in value.ravel().tolist()], object).reshape(value.shape)
