"""`profile`: where the time of a model goes, from the start of Python to a prediction, and which ops cost most.

Everything is measured in a new process (`tools.profiling`), so that imports count and nothing is there before.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from tempfile import TemporaryDirectory
from typing import Any

from loadstone import api
from loadstone.errors import InferenceError, InputMismatch
from loadstone.ir.records import dataclass, replace
from loadstone.model.examples import Example, example_of, packed
from loadstone.tools.given import objects_of

_PARTS = ("start", "import", "read", "lower", "build", "load", "first prediction")


@dataclass(frozen=True)
class OpCost:
    """An op as the engine ran it: seconds a prediction, and its share of all ops.

    layer is "" for one that the engine added or whose name it changed; after is the last layer that ran before.
    """

    op: str
    kind: str
    layer: str
    after: str
    seconds: float
    share: float


@dataclass(frozen=True)
class Profile:
    """What a model costs.

    seconds, which add up to the time of a new process to its first prediction: `start` of Python, `import` (by package in imports),
    `read` the file, `lower` its layers to ONNX, `build` the engine's sessions, `load` for what else loading does, `first prediction`.
    steady: the median of later predictions, fastest the least, of rows samples each. Bytes: peak of the memory to the first prediction,
    private what is not shared with other processes after some (None where the system does not say), weights of the model's parameters.
    ops: the costliest ones; segments: how many pieces were compiled, more than one where Python calls stand between.
    """

    model: str
    engine: str
    threads: int | None
    rows: int
    seconds: dict[str, float]
    imports: dict[str, float]
    steady: float
    fastest: float
    calls: int
    peak: int | None
    private: int | None
    weights: int
    segments: int
    ops: tuple[OpCost, ...]

    @property
    def total(self) -> float:
        """Seconds of a new process to its first prediction."""
        return sum(self.seconds.values())

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it; times in seconds, sizes in bytes."""
        return {
            "model": self.model,
            "engine": self.engine,
            "threads": self.threads,
            "batch_size": self.rows,
            "seconds": {**self.seconds, "total": self.total},
            "imports": self.imports,
            "steady": {"median": self.steady, "fastest": self.fastest, "calls": self.calls, "samples_per_second": self.rows / self.steady},
            "memory": {"peak": self.peak, "private": self.private, "weights": self.weights},
            "segments": self.segments,
            "ops": [{name: getattr(op, name) for name in ("op", "kind", "layer", "after", "seconds", "share")} for op in self.ops],
        }


def profile(
    path: str | os.PathLike[str],
    data: Any = None,
    custom: str | None = None,
    *,
    engine: str = "onnxruntime",
    threads: int | None = None,
    rows: int | None = None,
    seconds: float = 1.0,
) -> Profile:
    """Measure a model in a new process.

    data: as `predict` takes it, predicted as one batch; random numbers where None. rows: how many samples of it; where None all of it, or
    one random sample, or as many as the model is made for. custom: a Python file with custom objects, which that process runs. seconds:
    how long to predict for `steady`.

    Raises what `load_model` and the call raise, InputMismatch where the data have fewer rows, InferenceError where the process ends.
    """
    with TemporaryDirectory(prefix="loadstone-profile-") as folder:
        request: dict[str, Any] = {
            "model": os.path.abspath(path),
            "engine": engine,
            "threads": threads,
            "custom": custom,
            "seconds": seconds,
        }
        request |= {"rows": rows, "inputs": None}
        if data is not None:
            request["inputs"] = os.path.join(folder, "inputs.npz")
            with open(request["inputs"], "wb") as file:
                file.write(packed(_first_rows(_example(path, data, custom), rows)))
        asked = os.path.join(folder, "request.json")
        with open(asked, "w", encoding="utf8") as text:
            json.dump({**request, "started": time.monotonic()}, text)
        # what engines note of their ops goes into the folder
        done = subprocess.run(
            [sys.executable, "-P", "-m", "loadstone.tools.profiling", asked],
            env={**os.environ, "TMPDIR": folder},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            _fail(path, request, data, done.stderr)
    return _profile(os.fspath(path), engine, threads, json.loads(done.stdout.splitlines()[-1]))


def _example(path: str | os.PathLike[str], data: Any, custom: str | None) -> Example:
    """Data of any form by the names of the inputs."""
    specs = api.inspect(path, objects_of(custom)).inputs
    return example_of(specs, [], data, [])


def _first_rows(example: Example, rows: int | None) -> Example:
    if rows is None:
        return example
    for name, array in example.inputs.items():
        if array.ndim and len(array) < rows:
            raise InputMismatch(f"{name!r} has {len(array)} rows, and {rows} are asked for")
    return replace(example, inputs={name: array[:rows] if array.ndim else array for name, array in example.inputs.items()})


def _fail(path: str | os.PathLike[str], request: dict[str, Any], data: Any, said: str) -> None:
    """Raise what the other process met: the same happens here."""
    with api.load_model(path, objects_of(request["custom"]), engine=request["engine"], threads=request["threads"]) as model:
        if data is not None:
            model(data)
    last = (said.strip().splitlines() or ["it said nothing"])[-1]
    raise InferenceError(f"the process that was to be measured ended: {last}")


def _profile(path: str, engine: str, threads: int | None, found: dict[str, Any]) -> Profile:
    parts: dict[str, float] = found["parts"]
    imports = {name.removeprefix("import "): value for name, value in parts.items() if name.startswith("import ")}
    calls: Sequence[float] = found["calls"]
    return Profile(
        model=path,
        engine=engine,
        threads=threads,
        rows=found["rows"],
        seconds={part: sum(imports.values()) if part == "import" else parts.get(part, 0.0) for part in _PARTS},
        imports=dict(sorted(imports.items(), key=lambda item: -item[1])),
        steady=statistics.median(calls),
        fastest=min(calls),
        calls=len(calls),
        peak=found["memory"]["peak"],
        private=found["memory"]["private"],
        weights=found["memory"]["weights"],
        segments=found["segments"],
        ops=tuple(OpCost(**op) for op in found["ops"]),
    )
