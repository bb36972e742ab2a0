"""loadstone against the real TensorFlow, in the same run on the same machine, as ratios.

    python -m benchmarks --python ENVIRONMENT/bin/python      the Python that has TensorFlow (make bench, make bench-env)
    python -m benchmarks --python ... --only lstm --rounds 9 --json result.json

For each model of models.py TensorFlow builds and saves it; then each framework runs it in a process of its own, by turns, so
that a busy machine troubles both alike. Compared are

* cold start: from starting Python to the first prediction;
* batch 1: one sample, `predict_on_batch`; TensorFlow's better one of that and a compiled `tf.function`;
* predict: samples a second of `predict` over many samples.

A ratio above 1 says how many times faster loadstone is; in brackets the lowest and highest of the rounds. Numbers that differ
from TensorFlow's by more than 1e-4 are reported and make the run fail.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
QUIET = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}


class Worker:
    """A process that has one framework and answers commands, one JSON line each."""

    def __init__(self, python: str, framework: str) -> None:
        self.command = [python, str(HERE / "worker.py"), framework]
        self.environment = {**os.environ, **QUIET}
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=self.environment
        )

    def ask(self, verb: str, *arguments: object) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([verb, *map(str, arguments)]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"the benchmark process ended: {' '.join(self.command)} (asked: {verb})")
        return json.loads(answer)

    def cold_start(self, path: Path) -> float:
        """Seconds from starting a new process to its first prediction."""
        start = time.perf_counter()
        subprocess.run([*self.command, "cold", str(path)], check=True, env=self.environment, capture_output=True)
        return time.perf_counter() - start

    def close(self) -> None:
        self.process.communicate("")


def compare(ours: Worker, theirs: Worker, path: Path, rounds: int) -> dict[str, Any]:
    """Ratios of one model, theirs to ours in time, each (median, lowest, highest), with our own median."""
    row: dict[str, Any] = {"model": path.stem, "difference": max_difference(ours.ask("outputs", path), theirs.ask("outputs", path))}
    pairs = {
        "cold": [(ours.cold_start(path), theirs.cold_start(path)) for _ in range(min(rounds, 3))],
        "single": [(ours.ask("single", path), theirs.ask("single", path)) for _ in range(rounds)],
        "many": [(ours.ask("many", path), theirs.ask("many", path)) for _ in range(rounds)],
    }
    for name, times in pairs.items():
        ratios = [their / our for our, their in times]
        row[name] = {"ratio": [statistics.median(ratios), min(ratios), max(ratios)], "ours": statistics.median(our for our, _ in times)}
    return row


def max_difference(ours: list[float], theirs: list[float]) -> float:
    """Largest difference, relative to max(1, |value|)."""
    return max(abs(our - their) / max(1.0, abs(their)) for our, their in zip(ours, theirs, strict=True))


def show(row: dict[str, Any]) -> None:
    cells = [f"{row['model']:<12}"]
    for name, ours in (
        ("cold", f"{row['cold']['ours']:.2f} s"),
        ("single", f"{row['single']['ours'] * 1e6:.0f} us"),
        ("many", f"{1 / row['many']['ours']:.0f}/s"),
    ):
        middle, low, high = row[name]["ratio"]
        cells.append(f"{middle:6.2f}x [{low:.2f}..{high:.2f}] {ours:>10}")
    print("  ".join(cells), f"  off by {row['difference']:.0e}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="a Python with TensorFlow")
    parser.add_argument("--only", action="append", help="a model of benchmarks/models.py; can be given several times")
    parser.add_argument("--form", choices=["keras", "h5", "saved_model"], default="keras", help="what the models are saved as")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the results there")
    options = parser.parse_args()

    theirs, ours = Worker(options.python, "tensorflow"), Worker(sys.executable, "loadstone")
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    print(f"{machine}; {ours.ask('version')}; {theirs.ask('version')}; {options.rounds} rounds")
    print(f"{'model':<12}  {'cold start':<32}  {'batch 1':<32}  predict")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in options.only or theirs.ask("names"):
            rows.append(compare(ours, theirs, Path(theirs.ask("make", name, folder, options.form)), options.rounds))
            show(rows[-1])
    ours.close()
    theirs.close()
    if options.json:
        options.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=2), "utf8")
    return int(any(row["difference"] > 1e-4 for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
