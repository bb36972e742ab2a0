"""The process that `profile` measures: `python -m loadstone.tools.profiling REQUEST.json` prints what it found as JSON.

It loads a model and predicts as anybody would, and takes the time of what is done on the way. The process is its own, so the functions
where a part begins are replaced by ones that take the time. A part that another one needs in its middle (an import while the file is
read) counts for itself alone, so that the parts add up to the whole.
"""

from __future__ import annotations

import builtins
import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

PACKAGES = ("numpy", "h5py", "onnxruntime", "openvino", "ml_dtypes", "loadstone")  # whose imports are told apart
COSTLIEST = 10
SECONDS_OF_OPS = 0.5
CALLS = 5


class Stopwatch:
    """Seconds by part; what runs in other threads belongs to the part that waits for them."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._running: list[str] = []
        self._last = time.perf_counter()
        self._thread = get_ident()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """What runs inside belongs to this part."""
        if get_ident() != self._thread:
            yield
            return
        self._turn()
        self._running.append(name)
        try:
            yield
        finally:
            self._turn()
            self._running.pop()

    def around(self, owner: Any, name: str, part: str, notice: Callable[[Any], None] | None = None) -> None:
        """Put a function in the place of another one, which takes its time and shows what it gave."""
        inner = getattr(owner, name)

        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.part(part):
                result = inner(*args, **kwargs)
            if notice is not None:
                notice(result)
            return result

        setattr(owner, name, timed)

    def watch_imports(self) -> None:
        """From now on an import is a part of its own, by package."""
        plain, by_name = builtins.__import__, importlib.import_module

        def statement(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
            if level or name in sys.modules:
                return plain(name, globals, locals, fromlist, level)
            with self.part(self._package(name)):
                return plain(name, globals, locals, fromlist, level)

        def function(name: str, package: str | None = None) -> Any:
            with self.part(self._package(name)):
                return by_name(name, package)

        builtins.__import__, importlib.import_module = statement, function

    def _package(self, name: str) -> str:
        """A package of Python's own belongs to the one that needs it."""
        package = name.partition(".")[0]
        within = self._running[-1] if self._running else ""
        return f"import {package}" if package in PACKAGES else within if within.startswith("import ") else "import others"

    def _turn(self) -> None:
        now = time.perf_counter()
        if self._running:
            self.seconds[self._running[-1]] = self.seconds.get(self._running[-1], 0.0) + now - self._last
        self._last = now


class Watched:
    """Engines that take the time of what they compile, and what they compiled."""

    def __init__(self, watch: Stopwatch) -> None:
        from loadstone.runtime import executor

        self.profiled = False
        self.compiled: list[Any] = []
        place: Any = executor  # the name by which executors open theirs
        self._watch, self._open = watch, place.open_engine
        place.open_engine = self._opened

    def _opened(self, name: str) -> Any:
        with self._watch.part("build"):
            engine: Any = self._open(name)
        engine.profiled = self.profiled
        self._watch.around(engine, "compile", "build", self.compiled.append)
        return engine


def measure(request: dict[str, Any]) -> dict[str, Any]:
    """What was found, as JSON has it."""
    watch = Stopwatch()
    watch.seconds["start"] = time.monotonic() - request["started"]
    watch.watch_imports()
    with watch.part("import others"):
        import numpy as np  # noqa: F401  (first, so that its time is told apart)

        from loadstone import api
        from loadstone.model import model as models
        from loadstone.tools.given import objects_of
    engines = Watched(watch)
    watch.around(api, "_read", "read")
    watch.around(models, "_executor", "lower")
    custom = objects_of(request["custom"])

    def load() -> Any:
        return api.load_model(request["model"], custom, engine=request["engine"], threads=request["threads"])

    with watch.part("load"):
        model = load()
    data = _first(model, request, watch)
    peak, parts = memory("VmHWM"), dict(watch.seconds)
    calls = _calls(model, data, request["seconds"])
    private = memory("RssAnon")
    weights = sum(weight.bits for weight in model.weights) // 8
    steps = len(engines.compiled)
    model.close()

    engines.profiled, engines.compiled = True, []
    model = load()
    used = _calls(model, data, SECONDS_OF_OPS)
    costs = [cost for compiled in engines.compiled for cost in compiled.costs()]
    return {
        "parts": parts,
        "calls": calls,
        "rows": _rows(data),
        "memory": {"peak": peak, "private": private, "weights": weights},
        "segments": steps,
        "ops": _costliest(costs, len(used)),
    }


def _first(model: Any, request: dict[str, Any], watch: Stopwatch) -> Any:
    """Predict once, with the first data that the model takes; returns them. Finding them does not count."""
    so_far, error = dict(watch.seconds), None
    for data in _data(model, request):
        watch.seconds = dict(so_far)
        try:
            with watch.part("first prediction"):
                model(data)
            return data
        except (ValueError, RuntimeError) as refused:  # random data need not be data for this model
            error = error or refused
    raise error or ValueError("no data")


def _data(model: Any, request: dict[str, Any]) -> Iterator[Any]:
    """The arrays of the request, or random ones."""
    if request["inputs"] is not None:
        from loadstone.model.examples import arrays_of

        with open(request["inputs"], "rb") as file:
            arrays = {name.removeprefix("in/"): array for name, array in arrays_of(file.read()).items()}
        yield arrays if len(arrays) > 1 else next(iter(arrays.values()))
        return
    from loadstone.ir import Spec
    from loadstone.model.comparison import tries

    specs = [Spec(spec.name, _with_rows(spec.shape, request["rows"]), spec.dtype) for spec in model.inputs]
    yield from tries(specs)


def _with_rows(shape: tuple[int | None, ...] | None, rows: int | None) -> tuple[int | None, ...] | None:
    """The shape with so many rows; by default as many as it says, else one."""
    if not shape:
        return shape
    return (rows or shape[0] or 1, *shape[1:])


def _rows(data: Any) -> int:
    arrays = list(data.values()) if isinstance(data, dict) else data if isinstance(data, list) else [data]
    return next((len(array) for array in arrays if array.ndim), 1)


def _calls(model: Any, data: Any, seconds: float) -> list[float]:
    """Seconds of each call, for so long and so many at least."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < CALLS or time.perf_counter() < end:
        start = time.perf_counter()
        model(data)
        times.append(time.perf_counter() - start)
    return times


def _costliest(costs: list[Any], calls: int) -> list[dict[str, Any]]:
    """The ops that took longest, in seconds a prediction, with their part of all."""
    whole = sum(cost.seconds for cost in costs) or 1.0
    return [
        {
            "op": cost.op,
            "kind": cost.kind,
            "layer": cost.layer,
            "after": cost.after,
            "seconds": cost.seconds / calls,
            "share": cost.seconds / whole,
        }
        for cost in sorted(costs, key=lambda cost: -cost.seconds)[:COSTLIEST]
    ]


def memory(name: str) -> int | None:
    """Bytes that the kernel notes under this name for the process; without such notes, the peak alone."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next((int(line.split()[1]) << 10 for line in status if line.startswith(f"{name}:")), None)
    except OSError:
        if name != "VmHWM" or os.name != "posix":
            return None
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Read the request, print the answer; whatever else prints must not be taken for it."""
    answers, sys.stdout = sys.stdout, sys.stderr
    with open(sys.argv[1], encoding="utf8") as file:
        request = json.load(file)
    print(json.dumps(measure(request)), file=answers, flush=True)


if __name__ == "__main__":
    main()
