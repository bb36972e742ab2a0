"""What is measured in processes that live: calls, `predict` and throughput, by turns in short slots."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.rows import DEFAULT, Row, ratio_row
from benchmarks.start import FORMS, HERE, QUIET

LOADED_ONLY = {"vgg16"}  # models that are there for their size: of these, single samples
LONG = 2.0  # seconds of a call after which two rounds are enough


class Measure(NamedTuple):
    title: str
    group: str  # the name that --only takes
    kind: str
    batch: int
    threads: int = 0


MEASURES = (
    Measure("batch 1, one thread", "call", "call", 1, 1),
    Measure("batch 1, all cores", "call", "call", 1),
    Measure("predict 1", "predict", "predict", 1),
    Measure("predict 256", "predict", "predict", 256),
    Measure("batch 32", "throughput", "call", 32),
    Measure("batch 256", "throughput", "call", 256),
)


class Worker:
    """A process that has one framework and answers commands, one JSON line each."""

    def __init__(self, python: str, framework: str, threads: int = 0) -> None:
        self.command = [python, str(HERE / "worker.py"), framework, str(threads)]
        alone = {"OMP_NUM_THREADS": str(threads)} if threads else {}
        self.said = tempfile.TemporaryFile()  # noqa: SIM115  (frameworks are talkative; closed by `close`)
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.said,
            text=True,
            env={**os.environ, **QUIET, **alone},
        )

    def ask(self, verb: str, *arguments: object) -> Any:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps([verb, *arguments]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            self.said.seek(0)
            last = self.said.read().decode("utf8", "replace")[-2000:]
            raise SystemExit(f"{last}\nthe benchmark process ended: {' '.join(self.command)} (asked: {verb})")
        return json.loads(answer)

    def close(self) -> None:
        self.process.communicate("")
        self.said.close()


@contextmanager
def workers(python: str, engines: Iterable[str], threads: int) -> Iterator[dict[str, Worker]]:
    """TensorFlow, and loadstone with each engine."""
    started: dict[str, Worker] = {}
    try:
        started["tensorflow"] = Worker(python, "tensorflow", threads)
        for engine in engines:
            started[engine] = Worker(sys.executable, engine, threads)
        yield started
    finally:
        for worker in started.values():
            worker.close()


def load(contestants: dict[str, Worker], folder: Path, form: str) -> dict[str, float | str]:
    """Loads a model everywhere. The largest difference of each engine from TensorFlow, relative to the largest value, or why it refuses."""
    outputs = {name: worker.ask("load", str(folder), FORMS[form]) for name, worker in contestants.items()}
    theirs = outputs.pop("tensorflow")
    return {name: ours if isinstance(ours, str) else _difference(ours, theirs) for name, ours in outputs.items()}


def _difference(ours: list[float], theirs: list[float]) -> float:
    largest = max(map(abs, theirs)) or 1.0
    far = [abs(our - their) / largest for our, their in zip(ours, theirs, strict=True)]
    return math.inf if any(map(math.isnan, far)) else max(far)  # max passes over NaN


def compare(contestants: dict[str, Worker], measure: Measure, model: str, rounds: int, seconds: float) -> Row:
    """One measure of the model that is loaded: slots by turns, in an order that changes from round to round."""
    slowest = max(worker.ask("prepare", measure.kind, measure.batch) for worker in contestants.values())
    order = list(contestants)
    found = []
    for _ in range(min(rounds, 2) if slowest > LONG else rounds):
        random.shuffle(order)
        times = {name: contestants[name].ask("time", measure.kind, measure.batch, seconds) for name in order}
        found.append({name: (times[name][0], times[name][1]) for name in contestants})
    return ratio_row(measure.title, model, found)


def overhead(contestants: dict[str, Worker], model: str, rounds: int) -> Row:
    """Microseconds of model(x) beyond the engine's own call."""
    whole, bare = contestants[DEFAULT].ask("overhead", rounds, 300)
    return Row("overhead", model, {DEFAULT: (whole - bare) * 1e6}, "s", {DEFAULT: whole})


def measures(groups: Sequence[str], model: str, threads: int) -> list[Measure]:
    """Those of the groups that a model has with so many threads."""
    wanted = [measure for measure in MEASURES if measure.group in groups and measure.threads == threads]
    return [measure for measure in wanted if model not in LOADED_ONLY or measure.batch == 1]
