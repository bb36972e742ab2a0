"""`loadstone env`: the environment that a model was saved in, planned from its file, and its outputs there beside those that are known."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from loadstone import api
from loadstone.environment.creating import Created
from loadstone.environment.kept import record_of
from loadstone.environment.planning import plan
from loadstone.environment.provenance import Provenance, provenance
from loadstone.environment.pythons import installed
from loadstone.environment.ranges import Range
from loadstone.environment.requirements import Named, Plan
from loadstone.environment.running import Job, kind_of, run_model
from loadstone.errors import InputMismatch, LoadstoneError
from loadstone.ir import Spec, dtypes
from loadstone.ir.records import dataclass
from loadstone.model.examples import Array, arrays_of, compared, example_in, example_of, named
from loadstone.model.report import Report
from loadstone.tools.dangers import with_code

FREE = 4  # the length of an axis that a model leaves free, where no data are given


@dataclass(frozen=True)
class Outcome:
    """What the framework that saved the model gave. outputs: in its order. compared: with what, and the largest difference of each kept output;
    apart: which of those differ by more than rounding, or are not among the outputs at all."""

    outputs: tuple[tuple[str, Array], ...]
    compared: Mapping[str, Mapping[str, float]]
    apart: Mapping[str, tuple[str, ...]]

    @property
    def agrees(self) -> bool:
        """True where nothing that was compared differs by more than rounding."""
        return not any(self.apart.values())


def planned(
    path: str | os.PathLike[str],
    *,
    release: str | None = None,
    python: str | None = None,
    allow: Sequence[str] = (),
    platform: str | None = None,
    here: bool = False,
) -> tuple[Plan, Report | None]:
    """The environment of a model, and the report on its file; None where loadstone cannot read it, and `release` says what it is.

    here: prefer the Pythons that are installed. Other arguments as for `loadstone.environment.planning.plan`, which says what is raised.
    """
    report = who = None
    try:
        report = api.inspect(path)
    except LoadstoneError as error:  # weights alone, a checkpoint: no model, and it may still say who saved it
        problem = error
    try:
        who = _who(path, report)
    except LoadstoneError:
        if release is None:
            if report is None:
                raise problem from None
            raise
    record = record_of(path)
    named = [] if report is None else _needed(report)
    options: dict[str, Any] = {"asked": release, "python": python, "installed": installed() if here else (), "named": named, "allow": allow}
    return plan(who or Provenance(), record, platform=platform, **options), report


def functions_of(report: Report | None) -> list[str]:
    """Where the file keeps compiled Python code, as paths."""
    if report is None:
        return []
    return list(
        dict.fromkeys(with_code(report) + [found.where or found.message for found in report.findings if found.severity == "danger"])
    )


def outcome(
    made: Plan,
    created: Created,
    path: str | os.PathLike[str],
    report: Report,
    *,
    weights: str | None = None,
    given: Any = None,
    golden: bytes | None = None,
) -> Outcome:
    """Run the model where it was saved, and compare.

    given: inputs as one array, a list in the model's order or a dict by name; golden: the bytes of an .npz file with inputs and outputs
    (see `loadstone.model.examples`). Without either the inputs are zeros. The outputs are compared with the golden ones, and with
    those of loadstone where it can load the model. Raises InferenceError, InputMismatch, CorruptFile.
    """
    compared: dict[str, dict[str, float]] = {}
    apart: dict[str, tuple[str, ...]] = {}
    kept: Mapping[str, Array] = {}
    if golden is not None:
        example = example_in(arrays_of(golden), report.inputs, [spec.name for spec in report.outputs])
        inputs, kept = dict(example.inputs), example.outputs
    else:
        inputs = _inputs(report.inputs, given)
    outputs = tuple(spec.name for spec in report.outputs)
    signature = next(
        (row.name for row in report.signatures if row.inputs == report.inputs and row.outputs == report.outputs), "serving_default"
    )
    job = Job(os.fspath(path), kind_of(report.format), inputs, weights, signature, outputs=outputs)
    found = run_model(made, created, job)
    if kept:
        compared["the golden outputs"], apart["the golden outputs"] = _compare([value for _, value in found], kept)
    own = _own(path, weights, inputs)
    if own is not None:
        compared["loadstone"], apart["loadstone"] = _compare([value for _, value in found], own)
    return Outcome(tuple(found), compared, apart)


def _who(path: str | os.PathLike[str], report: Report | None) -> Provenance:
    """Who saved it; what the format's reader says stands in where nothing else is known."""
    who = provenance(path)
    if report is None or who.keras.known or who.tensorflow.known or not report.producer.release:
        return who
    version = report.producer.release
    known = Range(version, version)
    about = {"tensorflow": known} if report.producer.library == "tensorflow" else {"keras": known}
    return replace(who, library=who.library or report.producer.library, backend=who.backend or report.producer.backend, **about)  # type: ignore[arg-type]


def _needed(report: Report) -> list[Named]:
    """Packages whose operations the file's graphs have, and those that its custom objects are known to be from."""
    ops: dict[str, list[str]] = {}
    for op, package in report.owners.items():
        ops.setdefault(package.partition(" ")[0].replace("_", "-").lower(), []).append(op)
    return [Named(package, "", f"it has the operation {found[0]}") for package, found in ops.items() if package.replace("-", "").isalnum()]


def _inputs(specs: Sequence[Spec], given: Any) -> dict[str, Array]:
    """Inputs by the model's names."""
    if given is not None:
        if isinstance(given, Mapping):
            specs = [spec for spec in specs if spec.name in given or not spec.optional]
        return example_of(specs, [], given[0] if isinstance(given, list) and len(given) == 1 else given, []).inputs
    return {spec.name: _zeros(spec) for spec in specs if not spec.optional}


def _zeros(spec: Spec) -> Array:
    """Zeros, or empty strings, of an input's shape."""
    if spec.shape is None:
        raise InputMismatch(f"the shape of {spec.name!r} is not known, so there are no inputs to make up", hint="give some with --input")
    shape = [FREE if dim is None else dim for dim in spec.shape]
    if spec.dtype == "string":
        return np.full(shape, b"", object)
    return np.zeros(shape, np.float32 if spec.dtype == "?" else dtypes.to_numpy(spec.dtype))


def _own(path: str | os.PathLike[str], weights: str | None, inputs: Mapping[str, Array]) -> dict[str, Array] | None:
    """loadstone's outputs for the same inputs; None where it cannot load or run the model."""
    try:
        with api.load_model(path, weights=weights) as model:
            return named(model(dict(inputs) if len(inputs) > 1 else next(iter(inputs.values()))), model.output_names)
    except LoadstoneError:
        return None


def _compare(found: Sequence[Array], kept: Mapping[str, Array]) -> tuple[dict[str, float], tuple[str, ...]]:
    """The largest difference of each kept output from the nearest of those found, each taken once; and which are not there.

    Frameworks and signatures order outputs differently, so they go by shape and value.
    """
    rest, differences, apart = list(found), {}, []
    for name, wanted in kept.items():
        near = [(*compared(value, wanted, name), at) for at, value in enumerate(rest) if value.shape == wanted.shape]
        far, close, at = min(near, key=lambda one: (not one[1], one[0]), default=(float("inf"), False, -1))
        differences[name] = far
        if not close:
            apart.append(name)
        if at >= 0:
            rest.pop(at)
    return differences, tuple(apart)
