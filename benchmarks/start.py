"""What is measured from outside, in new processes: cold starts, imports, shared memory, installed size."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.rows import DEFAULT, Round, Row, ratio_row

HERE = Path(__file__).parent
QUIET = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
FORMS = {"h5": "model.h5", "keras": "model.keras", "saved_model": "saved_model"}
PROCESSES = 4


def environment() -> dict[str, str]:
    """That of new processes; they may keep what they compile of Python's sources, as usual."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **QUIET}


def cold(python: str, model: str, folder: Path, form: str, rounds: int) -> Iterator[Row]:
    """Time and memory of a new process that loads a model and predicts one sample, by turns."""
    path = folder / FORMS[form]
    _into_page_cache(path)
    times: list[Round] = []
    peaks: list[tuple[int, int]] = []
    for _ in range(rounds):
        theirs, ours = (
            _first_prediction(who, framework, path) for who, framework in ((python, "tensorflow"), (sys.executable, "loadstone"))
        )
        times.append({"tensorflow": (theirs["wall"], theirs["cpu"]), DEFAULT: (ours["wall"], ours["cpu"])})
        peaks.append((ours["peak"], theirs["peak"]))
    yield ratio_row(f"cold start .{form}", model, times)
    ours_peak, theirs_peak = (statistics.median(column) for column in zip(*peaks, strict=True))
    yield Row(f"peak memory .{form}", model, {DEFAULT: ours_peak / theirs_peak}, "B", {DEFAULT: ours_peak}, theirs_peak)


def imports(python: str, rounds: int) -> Iterator[Row]:
    """Milliseconds that an import takes beyond numpy."""
    statements = {
        "loadstone": (sys.executable, "import loadstone"),
        "loadstone, load_model": (sys.executable, "from loadstone import load_model"),
        "tensorflow": (python, "import tensorflow"),
    }
    for name, (who, statement) in statements.items():
        code = f"import time, numpy; start = time.perf_counter(); {statement}; print(time.perf_counter() - start)"
        seconds = [float(_run(who, "-c", code)) for _ in range(2 if name == "tensorflow" else rounds)]
        yield Row("import", name, {"loadstone" if "loadstone" in name else "tensorflow": statistics.median(seconds) * 1e3})


def sharing(model: str, folder: Path, form: str) -> Row:
    """Memory of four processes that each have the model and predicted once, in sizes of its weights; a shared page counts once."""
    path = folder / FORMS[form]
    weights = (folder / FORMS["h5"]).stat().st_size
    with _held(path, 1) as (alone,):
        one = _proportional(alone)
    with _held(path, PROCESSES) as processes:
        four = sum(map(_proportional, processes))
    row = Row(f"four processes .{form}", model, {DEFAULT: four / weights}, "B", {DEFAULT: four})
    row.spread = {DEFAULT: [one / weights, four / weights]}
    return row


def sizes(python: str) -> Row:
    """What both install, with all that they need, in bytes."""
    ours = int(_run(sys.executable, str(HERE / "installed.py"), "loadstone")) + _size(HERE.parent / "src" / "loadstone")
    theirs = int(_run(python, str(HERE / "installed.py"), "tensorflow", "tensorflow-cpu", "keras"))
    return Row("installed size", "all packages", {"loadstone": ours / theirs}, "B", {"loadstone": ours}, theirs)


def _first_prediction(python: str, framework: str, path: Path) -> dict[str, Any]:
    start = time.monotonic()
    found: dict[str, Any] = json.loads(_run(python, str(HERE / "cold.py"), framework, str(path), str(path.parent / "one.npy")))
    return {**found, "wall": found["ready"] - start}


def _run(python: str, *arguments: str) -> str:
    """The last line that a new process prints."""
    done = subprocess.run([python, *arguments], env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{python} {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout.splitlines()[-1]


@contextmanager
def _held(path: Path, count: int) -> Iterator[list[int]]:
    """Processes that have the model, by their ids."""
    command = [sys.executable, str(HERE / "cold.py"), "loadstone", str(path), str(path.parent / "one.npy"), "hold"]
    started = [subprocess.Popen(command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    try:
        for process in started:
            assert process.stdout is not None
            if not process.stdout.readline():
                raise SystemExit(f"{' '.join(command)} failed")
        yield [process.pid for process in started]
    finally:
        for process in started:
            process.communicate("")


def _proportional(pid: int) -> int:
    """The memory of a process in bytes, a shared page divided by the number of those that have it (PSS)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("utf8").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) << 10
    raise SystemExit("the kernel does not say how much memory processes share")


def _into_page_cache(path: Path) -> None:
    for file in [path] if path.is_file() else path.rglob("*"):
        if file.is_file():
            with open(file, "rb") as opened:
                while opened.read(1 << 24):
                    pass


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
