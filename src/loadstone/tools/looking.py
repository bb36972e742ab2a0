"""One model for `audit`: what it is, who saved it, and whether it loads here, by loading it. Runs in a process of its own (`tools.working`).

The answer is plain data, with texts from the file cut to a length.
"""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from loadstone import api
from loadstone.environment.provenance import Provenance, provenance
from loadstone.environment.stored import Stored, stored
from loadstone.errors import (
    CorruptFile,
    LoadstoneError,
    LoweringError,
    MissingCustomObjects,
    MissingDependency,
    MissingWeights,
    ModelError,
    UnrecognizedFormat,
    UnsafeContent,
    UnsupportedOps,
    UnsupportedVersion,
)
from loadstone.model.report import Report
from loadstone.tools import dangers

LISTED = 50  # names of a kind
TEXT = 600  # characters
Answer = dict[str, Any]
Cause = list[str]

# The first row whose type fits decides: what it means for the model, and of which kind the cause is.
_MEANS: tuple[tuple[type[Exception], str, str], ...] = (
    (MissingCustomObjects, "needs", "object"),
    (MissingDependency, "needs", "package"),
    (UnsupportedOps, "unsupported", "layer"),
    (LoweringError, "unsupported", "option"),
    (UnsupportedVersion, "unsupported", "version"),
    (UnsafeContent, "damaged", "unsafe"),
    (CorruptFile, "damaged", "damaged"),
    (UnrecognizedFormat, "no model", "no model"),
    (MissingWeights, "damaged", "contradiction"),
    (ModelError, "damaged", "contradiction"),
    (MemoryError, "limit", "memory"),
    (OSError, "unreadable", "unreadable"),
)
_ASKS = ("has several signatures", "name some tensors")  # load_model wants to be told which part is meant
_FOREIGN = ("TensorFlow Lite", "ONNX", "PyTorch", "Transformers", "Darknet", "GGUF", "GGML", "OpenVINO", "safetensors file: weights")


def look(job: Mapping[str, Any], custom: Mapping[str, Any] | None) -> Answer | None:
    """The answer about a place. None where it belongs to another row, or is no model and was neither asked for nor named as one."""
    path = job["path"]
    if job["problem"]:
        return {"status": "unreadable", "reason": job["problem"], "causes": [["unreadable", job["problem"]]]}
    try:
        found = stored(path)
    except (LoadstoneError, OSError) as error:
        return _failed(error) | {"what": ""}
    if found.kind == "weights":
        return _weights(job, found, custom)
    if found.kind == "":
        return _no_model(job, found) if job["asked"] or job["named"] else None
    weights = None
    if found.kind == "keras_architecture":
        weights = choice_of(job["choices"])
        if weights is None:
            return _without_weights(path, found, custom)
    graph = os.path.join(path, job["versions"][-1]) if job["versions"] else path
    return _model(path, found, custom, weights, graph)


def _model(path: str, found: Stored, custom: Mapping[str, Any] | None, weights: str | None = None, graph: str | None = None) -> Answer:
    """A model that there is: it is loaded. graph: the file or folder with its graph, where that is another."""
    answer: Answer = {"kind": found.kind, "what": found.what, "weights": weights} | _saved_by(path, weights)
    report, problem = _report(path, custom)
    if report is not None:
        answer |= _reported(report)
    ops = dangers.of_graph(graph or path) if found.kind.startswith("tf") else []
    answer["dangers"] = _cut([*(dangers.of_report(report) if report else ()), *ops])
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the user's objects say; the file's are findings
            with api.load_model(path, custom, weights=weights, threads=1) as model:
                answer["parameters"] = model.count_params()
                told = [f"{f.message} (at {f.where})" if f.where else f.message for f in model.findings if f.severity == "warning"]
        answer |= {"status": "loads", "warnings": _cut(told)}
    except Exception as error:  # noqa: BLE001  (whatever a file makes the loader do is the answer)
        answer |= _failed(error, report)
        if answer["status"] == "damaged" and problem is not None and answer["reason"] != problem:
            answer["reason"] = problem
    answer["seconds"] = time.perf_counter() - start
    return answer


def _weights(job: Mapping[str, Any], found: Stored, custom: Mapping[str, Any] | None) -> Answer | None:
    """Weights: with the first architecture that they fit, else alone."""
    path = job["path"]
    answers = []
    for pair in job["pairs"]:
        if choice_of(pair["choices"]) == path:
            return None  # the row of the architecture is about them
        if not _is_architecture(pair["architecture"]):
            continue
        answer = _model(pair["architecture"], stored(pair["architecture"]), custom, path)
        if answer["status"] != "damaged":
            return answer | {"path": pair["architecture"]}
        answers.append(answer | {"path": pair["architecture"]} if pair["sure"] else None)
    named = next((answer for answer in answers if answer is not None), None)
    if named is not None:
        return named
    if not (job["asked"] or job["named"]):
        return None
    answer = {"kind": "weights", "what": found.what, "status": "needs", "reason": "weights without a model"} | _saved_by(path)
    return answer | {"causes": [["architecture", ""]]}


def choice_of(choices: list[list[Any]]) -> str | None:
    """The weights of an architecture: the first file with weights alone; a whole model where its name says so."""
    whole = None
    for path, sure, _ in choices:
        try:
            kind = stored(path).kind
        except (LoadstoneError, OSError):
            continue
        if kind == "weights":
            return str(path)
        if sure and whole is None and kind in ("keras_h5", "keras_v3"):
            whole = str(path)
    return whole


def _is_architecture(path: str) -> bool:
    try:
        return stored(path).kind == "keras_architecture"
    except (LoadstoneError, OSError):
        return False


def _without_weights(path: str, found: Stored, custom: Mapping[str, Any] | None) -> Answer:
    """An architecture alone; what else it needs is said as well."""
    report, problem = _report(path, custom)
    answer: Answer = {"kind": found.kind, "what": found.what, "status": "needs", "reason": "an architecture without its weights"}
    answer |= _saved_by(path) | {"causes": [["weights", ""]]}
    if report is not None:
        answer |= _reported(report)
        answer |= {"dangers": _cut(dangers.of_report(report)), "causes": [["weights", ""], *_causes_of(report)]}
    elif problem is not None:
        answer |= {"status": "damaged", "reason": problem[:TEXT], "causes": [["damaged", _phrase(problem)]]}
    return answer


def _no_model(job: Mapping[str, Any], found: Stored) -> Answer:
    """Bytes that are no model; or one of another program."""
    if any(name in found.what for name in _FOREIGN):
        return {
            "kind": "other",
            "what": found.what,
            "status": "other",
            "reason": f"{found.what}: not for loadstone",
            "causes": [["other", found.what]],
        }
    damaged = found.what == "a damaged file"
    reason = (found.problem if damaged else "") or f"no model: {found.what}"
    causes = [["damaged", _phrase(reason)]] if damaged else [["no model", found.what.partition(", whose first bytes")[0]]]
    return {"what": found.what, "status": "damaged" if damaged else "no model", "reason": reason[:TEXT], "causes": causes}


def _report(path: str, custom: Mapping[str, Any] | None) -> tuple[Report | None, str | None]:
    """What `inspect` says, or why it says nothing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return api.inspect(path, custom), None
    except LoadstoneError as error:
        return None, error.message
    except Exception as error:  # noqa: BLE001  (as above)
        return None, f"{type(error).__name__}: {error}"


def _reported(report: Report) -> Answer:
    """What of a report goes into the row."""
    return {
        "missing": [{"name": m.name[:TEXT], "kind": m.kind} for m in report.missing[:LISTED]],
        "unsupported": _cut(report.unsupported),
        "layers": len(report.layers),
        "parameters": report.parameters or None,
    }


def _failed(error: BaseException, report: Report | None = None) -> Answer:
    """What an error means for a model."""
    status, kind = next(((means, kind) for known, means, kind in _MEANS if isinstance(error, known)), ("crash", "bug"))
    message = str(getattr(error, "message", error)) if isinstance(error, LoadstoneError) else f"{type(error).__name__}: {error}"
    if isinstance(error, OSError) and not isinstance(error, LoadstoneError):
        message = error.strerror or str(error)
    if any(said in message for said in _ASKS):
        status, kind = "needs", "argument"
    if "bad_alloc" in message or "Failed to allocate memory" in message:
        status, kind = "limit", "memory"
    hint = getattr(error, "hint", None)
    answer: Answer = {"status": status, "reason": message[:TEXT], "hint": str(hint)[:TEXT] if hint else "", "error": type(error).__name__}
    return answer | {"causes": list(_causes(error, kind, message, report))[:LISTED]}


def _causes(error: BaseException, kind: str, message: str, report: Report | None) -> Iterator[Cause]:
    """The causes of a failure, as other models may have them too: [kind, name]."""
    if isinstance(error, (MissingCustomObjects, UnsupportedOps)):
        found = list(_causes_of(report)) if report is not None else []
        if isinstance(error, MissingCustomObjects):
            found += [["object", str(getattr(m, "name", m))[:TEXT]] for m in error.missing]
        else:
            found += [["layer", name[:TEXT]] for name in error.ops]
        yield from (list(cause) for cause in dict.fromkeys(map(tuple, found)))
    elif kind in ("memory", "argument"):
        yield [kind, ""]
    else:
        yield [kind, _phrase(message)]


def _phrase(message: str) -> str:
    """What other files may say in the same words: the first fact, without names, numbers and places."""
    lines = [line.strip().removeprefix("- ") for line in message.split("\n") if line.strip()]
    first = lines[1] if len(lines) > 1 and (lines[0].endswith(":") or "problem" in lines[0]) else (lines or [""])[0]
    first = re.sub(r" \(at .*", "", first)
    return re.sub(r"\b\d+\b", "#", re.sub(r"'[^']*'|\"[^\"]*\"", "...", first))[:200]


def _causes_of(report: Report) -> Iterator[Cause]:
    yield from (["object", missing.name[:TEXT]] for missing in report.missing)
    yield from (["layer", name[:TEXT]] for name in report.unsupported)


def _saved_by(path: str, weights: str | None = None) -> Answer:
    """Who saved it: what its own file says, and of an architecture what its weights say where it says nothing."""
    found = [who for place in (path, weights) if place is not None and (who := _provenance(place)) is not None]
    answer: Answer = {}
    for name in ("keras", "tensorflow", "python"):
        answer[name] = next((str(getattr(who, name)) for who in found if getattr(who, name).known), "")
    answer["library"] = next((who.library for who in found if who.library), "")
    answer["date"] = next((who.date for who in found if who.date), "")
    return answer


def _provenance(path: str) -> Provenance | None:
    try:
        return provenance(path)
    except (LoadstoneError, OSError):  # who saved a broken file is not known
        return None


def _cut(texts: Any) -> list[str]:
    """So many, and of each so much."""
    return [str(text)[:TEXT] for text, _ in zip(texts, range(LISTED), strict=False)]
