"""`convert` of many files: each in a process beside this one (`tools.workers`), compared with its model, whatever happens to the others."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import chain, count
from typing import Any

from loadstone import errors
from loadstone.errors import LoadstoneError
from loadstone.ir.records import dataclass
from loadstone.tools.searching import Place, places
from loadstone.tools.workers import Ended, Limits, answers

ENDINGS = {
    "keras": ".keras",
    "h5": ".h5",
    "hdf5": ".hdf5",
    "tf": "",
    "saved_model": "",
    "weights": ".weights.h5",
    "safetensors": ".safetensors",
    "json": ".json",
    "onnx": ".onnx",
}
_OWN_ENDING = re.compile(r"(\.(keras|h5|hdf5|hdf|json|ya?ml|pb|pbtxt|meta|index|zip|tar|gz|tgz))+$", re.IGNORECASE)
LIMITS = Limits(seconds=600.0)


@dataclass(frozen=True)
class Converted:
    """A file of many. target: where it was to be written; error: the name of the exception's class, "" where it was written; reason: its
    message. difference: the largest one between the predictions of both, None where none could be compared. needs: names of custom objects
    that a reader has to supply. warnings: what else a reader may stumble over, and findings that can change numbers."""

    source: str
    target: str
    weights: str | None = None
    error: str = ""
    reason: str = ""
    bytes: int = 0
    difference: float | None = None
    needs: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def kind(self) -> type[Exception] | None:
        """The class of the error, None where there is none."""
        if not self.error:
            return None
        found = getattr(errors, self.error, None) or _BUILTINS.get(self.error)
        return found if isinstance(found, type) else LoadstoneError


_BUILTINS: dict[str, type[Exception]] = {known.__name__: known for known in (FileNotFoundError, FileExistsError, PermissionError, OSError)}


def convert_all(
    sources: Iterable[str | os.PathLike[str]],
    into: str | os.PathLike[str],
    to: str = "keras",
    *,
    recursive: bool = True,
    custom: str | None = None,
    overwrite: bool = False,
    limits: Limits | None = None,
    **options: Any,
) -> Iterator[Converted]:
    """Write each model at the sources into a folder, as `loadstone.convert` does one, and say what came of each, in their order.

    sources: files and folders of models; of other folders the models in them (with recursive=False, directly in them), which keep their
    place below that folder. An architecture is written with the weights that belong to it by their names. to: a `save_format` of
    `save_model`. The names are those of the sources with another ending; where two would have one name, the later one keeps its own ending
    too. custom: a Python file with custom objects, which each process runs. options: as for `loadstone.convert`, plain data.

    A failure is an answer and stops nothing. Raises ValueError for a format that there is not, InferenceError where no process starts.
    """
    if to not in ENDINGS:
        raise ValueError(f"to={to!r}; known are {', '.join(map(repr, ENDINGS))}")
    os.makedirs(into, exist_ok=True)
    paths = [os.fspath(source) for source in sources]
    names, kept = _Names(os.fspath(into), ENDINGS[to]), {os.path.realpath(path) for path in paths}
    asked = {"do": "convert", "options": {"overwrite": overwrite, "save_format": to, **options}}
    jobs = (asked | _job(place, names, kept) for place in places(paths, recursive, without=into))
    for job, answer in answers(jobs, limits or LIMITS, custom):
        if isinstance(answer, Ended):
            answer = {"error": "InferenceError", "reason": answer.what}
        if answer is not None:
            yield Converted(job["path"], **{"target": job["target"], **answer})


class _Names:
    """The names of the new files, none of them twice."""

    def __init__(self, into: str, ending: str) -> None:
        self._into, self._ending, self._used = into, ending, set[str]()

    def of(self, place: Place) -> str:
        """Where the model of a place is to be written; below the folder as it lay below the caller's."""
        path = os.path.normpath(place.path)
        inner = os.path.basename(os.path.abspath(path)) if place.asked or not place.root else os.path.relpath(path, place.root)
        if inner == os.curdir:
            inner = os.path.basename(os.path.abspath(path))
        plain = inner.replace(".", "_")
        stems = chain((_OWN_ENDING.sub("", inner) or inner, plain), (f"{plain}_{number}" for number in count(2)))
        targets = (os.path.join(self._into, stem + self._ending) for stem in stems)
        target = next(target for target in targets if target.casefold() not in self._used)  # some systems tell no case
        self._used.add(target.casefold())
        return target


def _job(place: Place, names: _Names, kept: Set[str]) -> dict[str, Any]:
    """kept: the files that the caller named, of which none is written over."""
    target = names.of(place)
    return {
        "path": place.path,
        "target": target,
        "kept": os.path.realpath(target) in kept,
        "problem": place.problem,
        "asked": place.asked or place.named,
        "choices": [[choice.path, choice.sure, choice.size] for choice in place.choices if choice.sure],
        "pairs": [[pair.architecture, [[c.path, c.sure, c.size] for c in pair.choices if c.sure]] for pair in place.pairs if pair.sure],
    }


def convert_one(job: Mapping[str, Any], custom: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """One job, in the process that does it. None for what is no model and not asked for, and for weights that are written with their
    architecture."""
    from loadstone import api
    from loadstone.environment.stored import stored
    from loadstone.tools.looking import choice_of

    source, weights = job["path"], None
    try:
        if job["problem"]:
            raise OSError(job["problem"])
        if job["kept"] or os.path.exists(job["target"]) and os.path.samefile(source, job["target"]):
            raise FileExistsError("the new file would take the place of a source")
        found = stored(source)
        if not found.kind and not job["asked"]:
            return None
        if found.kind == "keras_architecture":
            weights = choice_of(job["choices"])
        elif found.kind == "weights" and job["pairs"]:
            source, weights = job["pairs"][0][0], job["path"]
            if any(choice_of(choices) == weights for _, choices in job["pairs"]):
                return None  # they are written with their architecture
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            report = api.convert(source, job["target"], custom_objects=custom, weights=weights, **job["options"])
    except MemoryError:
        raise  # whoever set the limit has an answer for it
    except Exception as error:  # noqa: BLE001  (whatever a file makes the loader do is the answer)
        message = error.message if isinstance(error, LoadstoneError) else f"{type(error).__name__}: {error}"
        if isinstance(error, OSError):
            message = error.strerror or str(error)
        return {"error": type(error).__name__, "reason": message[:2000], "weights": weights}
    told = [*report.warnings, *(finding.message for finding in report.findings if finding.severity == "warning")]
    return {
        "weights": weights,
        "bytes": report.bytes,
        "difference": report.difference,
        "needs": [need.name for need in report.needs][:50],
        "warnings": [text[:600] for text in told[:50]],
    }
