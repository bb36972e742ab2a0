"""Random models: Keras builds, saves and runs them, loadstone loads and runs them, and the two are compared.

    python -m tests.differential --python PYTHON [--examples 1000] [--seed 0] [--saved] [--keep]

PYTHON is one that has Keras on TensorFlow (or tf.keras). With --saved loadstone also writes each model (.keras, .h5, SavedModel), and what Keras
and TensorFlow make of these files is compared too. Each mismatch is shrunk to the smallest recipe that still shows it,
printed, and written to tests/golden/differential/recipes.json with --keep, of which tests/golden/make_differential.py makes goldens.
Exit status 1 where anything differs.
"""

from __future__ import annotations

import argparse
import collections
import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyFailure, UnsatisfiedAssumption
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.differential.comparing import Mismatch, Verdict, compare, key
from tests.differential.drawing import Refused, recipes

WORKER = Path(__file__).with_name("worker.py")
KEPT = Path(__file__).parents[1] / "golden" / "differential" / "recipes.json"
ROUND = 100  # examples that share a seed: after a find, the next round starts


class Worker:
    """A process with Keras in it."""

    def __init__(self, python: str) -> None:
        self.python = python
        self._start()

    def _start(self) -> None:
        self.process = subprocess.Popen(
            [self.python, str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.version = self._answer()["keras"]

    def ask(self, **command: Any) -> dict[str, Any]:
        """Its answer. Raises Refused with Keras' words."""
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer = self._answer()
        if "error" in answer:
            raise Refused(answer["error"])
        return answer

    def _answer(self) -> dict[str, Any]:
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        status = self.process.wait()
        self._start()
        return {"error": f"the process with Keras ended with status {status}"}


def one_round(keras: Worker, start: int, examples: int, folder: Path, saved: bool, tell: Any) -> tuple[dict[str, Any], str] | None:
    """Some examples; the smallest recipe that differs and how, if any does."""
    last: dict[str, Any] = {}

    @seed(start)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(st.data())
    def differs(data: st.DataObject) -> None:
        try:
            recipe = data.draw(recipes(keras))
        except Refused:
            raise UnsatisfiedAssumption from None
        try:
            verdict = compare(keras, recipe, folder, saved)
        except Mismatch as error:
            last.update(recipe=recipe, why=str(error))
            raise
        tell(verdict, recipe)

    try:
        differs()
    except (Mismatch, FlakyFailure):
        return last["recipe"], last["why"]
    return None


def main() -> int:
    """Prints finds as they come, then what was tried."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="a Python with Keras and TensorFlow")
    parser.add_argument("--examples", type=int, default=1000, help="models to try (1000)")
    parser.add_argument("--seed", type=int, default=0, help="where to start; the same seed draws the same models (0)")
    parser.add_argument("--saved", action="store_true", help="also compare what loadstone writes")
    parser.add_argument("--keep", action="store_true", help=f"add what is found to {KEPT.name}")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    console, counts, reasons = Console(), collections.Counter(), collections.Counter()
    found: dict[str, str] = {}
    keras, began, start = Worker(options.python), time.monotonic(), options.seed
    with tempfile.TemporaryDirectory() as folder, _progress(console) as bar:
        task = bar.add_task(f"Keras {keras.version}", total=options.examples)

        def tell(verdict: Verdict, recipe: dict[str, Any]) -> None:
            counts[verdict.what] += 1
            if verdict.what != "no model":
                bar.advance(task)
            if verdict.why:
                reasons[verdict.what, verdict.why] += 1

        while counts.total() - counts["no model"] < options.examples:
            find = one_round(keras, start, ROUND, Path(folder), options.saved, tell)
            start += 1
            if not console.is_terminal:
                console.print(
                    f"{counts.total() - counts['no model']} of {options.examples}: {dict(counts)}", highlight=False, soft_wrap=True
                )
            if find and key(find[0]) not in found:
                recipe, why = find
                found[key(recipe)] = why
                bar.console.print(f"[red]seed {start - 1}: {why}[/]", highlight=False)
                bar.console.print(json.dumps(recipe), highlight=False, markup=False, soft_wrap=True)
    _report(console, counts, reasons, found, time.monotonic() - began)
    if options.keep:
        _keep([json.loads(line) for line in found])
    return 1 if found else 0


def _keep(recipes: list[dict[str, Any]]) -> None:
    """Add recipes to those of which goldens are made, under the names of their steps."""
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else []
    known = [entry["recipe"] for entry in kept]
    for recipe in recipes:
        if recipe not in known:
            steps = [step.get("layer") or step.get("op") or next(iter(step)) for step in recipe["steps"] if "input" not in step]
            kept.append({"name": f"{len(kept)}-" + "-".join(steps), "recipe": recipe})
    KEPT.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in kept) + "\n]\n")


def _progress(console: Console) -> Progress:
    return Progress(TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn(), console=console)


def _report(console: Console, counts: Any, reasons: Any, found: dict[str, str], seconds: float) -> None:
    tried = counts.total() - counts["no model"]
    same = f"{counts['same']} the same" + (f", {counts['not saved']} too but not saved in every form" if counts["not saved"] else "")
    console.print(f"{tried} models in {seconds:.0f} s: {same}, {counts['refused']} refused by name,", highlight=False)
    console.print(
        f"{counts['lost']} lost in Keras' file, {counts['unstable']} decided by rounding, {len(found)} mismatches;", highlight=False
    )
    console.print(f"{counts['no model']} more that Keras does not run", highlight=False)
    for (what, why), n in reasons.most_common(60):
        console.print(f"{n:5} {what}: {why}", highlight=False, markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
