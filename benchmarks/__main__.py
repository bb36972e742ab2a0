"""loadstone against the real TensorFlow, in the same run on the same machine, as ratios beside their goals.

    python -m benchmarks --python ENVIRONMENT/bin/python      the Python that has TensorFlow (make bench, make bench-env)
    python -m benchmarks --python ... --only cold --models mlp,resnet50 --json result.json

The real Keras builds and saves the models of models.py, once; they are kept in --folder. What --only knows:

    cold        a new process to its first prediction: the time, that of all processors, the largest memory
    call        model(x) of one sample against a tf.function, with one thread each and with all cores
    predict     predict of 1 and of 256 samples against keras.Model.predict
    throughput  model(x) of 32 and of 256 samples against a tf.function
    overhead    what model(x) takes beyond the engine's own call
    import      what `import loadstone` takes beyond numpy
    sharing     the memory of four processes that have the same large model
    size        what is installed

Contestants take turns in short slots, so that a busy machine troubles all alike. A ratio is that of the slots of one round, its median
that of the rounds; above 1 loadstone is faster. CPU is the same ratio in processor time. Numbers that differ from TensorFlow's by more
than 1e-4 of the largest are reported and make the run fail; goals that are not reached only with --strict.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from benchmarks import start, warm
from benchmarks.report import line
from benchmarks.rows import Row, with_means

GROUPS = ("cold", "call", "predict", "throughput", "overhead", "import", "sharing", "size")
COLD_GOALS = ("mlp", "lstm", "mobilenetv2", "resnet50", "vgg16")  # others are started once from each form
QUICK = ("mlp", "gru", "lstm")  # models whose call is short enough to see the overhead
TOLERANCE = 1e-4


class Run:
    """One run of the benchmarks; collects rows and shows each at once."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.engines = ["onnxruntime", *(["openvino"] if find_spec("openvino") else [])]
        self.versions: list[str] = []
        self.models: list[str] = options.models
        self.wrong: list[str] = []
        self.refused: dict[str, None] = {}  # in order, once each

    def rows(self) -> Iterator[Row]:
        groups, rounds = self.options.only, self.options.rounds
        self._make()
        if "size" in groups:
            yield start.sizes(self.options.python)
        if "import" in groups:
            yield from start.imports(self.options.python, 3 * rounds)
        if "cold" in groups:
            for model in self.models:
                for form in self.options.forms:
                    times = rounds if model in COLD_GOALS else 1
                    yield from start.cold(self.options.python, model, self._folder(model), form, times)
        if "sharing" in groups and "vgg16" in self.models:
            for form in self.options.forms:
                yield start.sharing("vgg16", self._folder("vgg16"), form)
        for threads in (1, 0):
            yield from self._warm(threads)

    def _warm(self, threads: int) -> Iterator[Row]:
        wanted = {model: warm.measures(self.options.only, model, threads) for model in self.models}
        over = set(QUICK) if "overhead" in self.options.only and threads == 1 else set()
        if not any(wanted.values()) and not over & set(self.models):
            return
        with warm.workers(self.options.python, self.engines, threads) as contestants:
            for model in self.models:
                if not wanted[model] and model not in over:
                    continue
                able = dict(contestants)
                for engine, far in warm.load(contestants, self._folder(model), self.options.form).items():
                    if isinstance(far, str):
                        self.refused[f"{model} with {engine}: {' '.join(far.split())[:150]}"] = None
                        del able[engine]
                    elif far > TOLERANCE:
                        self.wrong.append(f"{model} with {engine} differs by {far:.1e}")
                for measure in wanted[model]:
                    yield warm.compare(able, measure, model, self.options.rounds, self.options.seconds)
                if model in over:
                    yield warm.overhead(able, model, 3 * self.options.rounds)
                for worker in contestants.values():
                    worker.ask("forget")

    def _make(self) -> None:
        """The models, and the versions of all that is compared."""
        theirs, *ours = (
            warm.Worker(self.options.python, "tensorflow"),
            *(warm.Worker(sys.executable, engine) for engine in self.engines),
        )
        self.versions = [worker.ask("version") for worker in (*ours, theirs)]
        self.models = self.models or theirs.ask("names")
        for model in self.models:
            theirs.ask("make", model, str(self._folder(model)))
        for worker in (*ours, theirs):
            worker.close()

    def _folder(self, model: str) -> Path:
        return Path(self.options.folder).resolve() / model


def machine() -> str:
    """Processor, cores, Python and how busy it is."""
    name = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text("utf8").splitlines()
        name = next((text.partition(":")[2].strip() for text in lines if text.startswith("model name")), name)
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}{load}"


def command(arguments: list[str]) -> str:
    """The command line without where things are on this machine."""
    parts = iter(arguments)
    kept = [part for part in parts if not (part in ("--python", "--json", "--folder") and next(parts))]
    return " ".join(["python -m benchmarks --python PYTHON", *kept])


def names_of(choices: tuple[str, ...] | None) -> object:
    """An argparse type: names with commas between them."""

    def parse(text: str) -> list[str]:
        names = text.split(",")
        unknown = [name for name in names if choices and name not in choices]
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: known are {', '.join(choices or ())}")
        return names

    return parse


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="a Python with TensorFlow")
    parser.add_argument("--only", type=names_of(GROUPS), default=list(GROUPS), metavar="A,B", help="measure these alone")  # type: ignore[arg-type]
    parser.add_argument("--models", type=names_of(None), default=[], metavar="A,B", help="these models alone")  # type: ignore[arg-type]
    parser.add_argument("--forms", type=names_of(tuple(start.FORMS)), default=list(start.FORMS), metavar="A,B", help="for cold starts")  # type: ignore[arg-type]
    parser.add_argument("--form", choices=["h5", "keras"], default="keras", help="for everything else")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.3, help="of a slot")
    parser.add_argument("--folder", default="build/benchmarks", help="where the models are kept")
    parser.add_argument("--strict", action="store_true", help="fail where a goal is not reached")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the results there (python -m benchmarks.report makes markdown of it)"
    )
    options = parser.parse_args()

    begun, run, about, rows = time.monotonic(), Run(options), machine(), []
    print(f"{about}; {options.rounds} rounds", flush=True)
    for row in run.rows():
        rows.append(row)
        print(line(row), flush=True)
    rows = with_means(rows)
    for row in rows:
        if row.model == "mean":
            print(line(row))
    short = [row for row in rows if row.met is False]
    print(
        f"{'; '.join(run.versions)}; {sum(row.met is True for row in rows)} goals reached, {len(short)} short; {time.monotonic() - begun:.0f} s"
    )
    for row in short:
        print("short:", line(row))
    for text in run.refused:
        print("refused:", text)
    for text in run.wrong:
        print("WRONG NUMBERS:", text)
    if options.json:
        result = {
            "machine": about,
            "versions": run.versions,
            "when": date.today().isoformat(),
            "command": command(sys.argv[1:]),
            "refused": list(run.refused),
            "rows": [asdict(row) for row in rows],
        }
        options.json.write_text(json.dumps(result, indent=1), "utf8")
    return int(bool(run.wrong) or (options.strict and bool(short)))


if __name__ == "__main__":
    raise SystemExit(main())
