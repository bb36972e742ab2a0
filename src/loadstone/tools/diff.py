"""`diff`: what is not the same in two models, of whatever kinds their files are."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from loadstone import api
from loadstone.errors import (
    InferenceError,
    InputMismatch,
    LoadstoneError,
    LoweringError,
    MissingCustomObjects,
    ModelError,
    VerificationError,
    one_line,
)
from loadstone.frontends.keras.training import upgrade
from loadstone.ir import Spec, Tensor
from loadstone.ir.records import dataclass
from loadstone.model.comparison import telling, tries
from loadstone.model.examples import arrays_of, example_of, replay
from loadstone.model.report import Report
from loadstone.tools import layers, weights
from loadstone.tools.change import PARTS, Change, Part, Tolerance, between
from loadstone.tools.opening import opened

Path = str | os.PathLike[str]


@dataclass(frozen=True)
class Difference:
    """The changes from A to B, and of each part that was looked at what was compared, or why it could not be."""

    a: str
    b: str
    changes: tuple[Change, ...]
    compared: dict[str, str]
    counted: tuple[Part, ...]

    @property
    def same(self) -> bool:
        """True where no part that counts has changed."""
        return not any(change.part in self.counted for change in self.changes)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        changes = [dataclasses.asdict(change) for change in self.changes]
        return {"a": self.a, "b": self.b, "same": self.same, "counted": list(self.counted), "compared": self.compared, "changes": changes}


def diff(
    a: Path,
    b: Path,
    custom_objects: Mapping[str, Any] | None = None,
    *,
    parts: Collection[str] = PARTS,
    counted: Collection[str] = PARTS[1:],
    data: Path | None = None,
    seed: int = 0,
    rtol: float | None = None,
    atol: float | None = None,
) -> Difference:
    """Compare two models: files of Keras, SavedModels, graphs, ONNX.

    parts: those that are looked at; counted: those that make the models different (who saved them does not). data: an `.npz` of inputs by name;
    random numbers by default. rtol, atol: how far numbers may be apart; by default weights not at all, predictions by the tolerance of
    their type. Raises what `inspect` raises, and InputMismatch for data that are not the models'.
    """
    unknown = [part for part in (*parts, *counted) if part not in PARTS]
    if unknown:
        raise ValueError(f"no part of a model is called {unknown[0]!r}; known are {', '.join(PARTS)}")
    sides = _Side(a, custom_objects), _Side(b, custom_objects)
    found = _Comparison(sides, Tolerance(rtol, atol), data, seed)
    changes = [change for part in PARTS if part in parts for change in found.of(part)]
    chosen = tuple(part for part in PARTS if part in counted and part in parts)
    return Difference(os.fspath(a), os.fspath(b), tuple(changes), found.compared, chosen)


class _Side:
    """One of the two: what is known without running it, and the model itself where it runs."""

    def __init__(self, path: Path, custom_objects: Mapping[str, Any] | None) -> None:
        self.path, self._custom = path, custom_objects
        self.report: Report | None = None
        self.model: Any = None
        self.reason = ""
        if os.fspath(path).lower().endswith(".onnx") and os.path.isfile(path):
            self.model = opened(path)
        else:
            self.report = api.inspect(path, custom_objects)

    @property
    def outline(self) -> Any:
        """The layers or the graph; None for ONNX."""
        return None if self.report is None else self.report._outline

    @property
    def layered(self) -> bool:
        """True where there are layers."""
        return self.outline is not None and self.outline.root.domain == "keras"

    @property
    def specs(self) -> tuple[Sequence[Spec], Sequence[Spec]]:
        """Inputs and outputs."""
        known = self.report if self.report is not None else self.model
        return known.inputs, known.outputs

    def run(self) -> Any:
        """The model; None where it does not run, with the reason."""
        if self.model is None and not self.reason:
            try:
                self.model = opened(self.path, self._custom)
            except (MissingCustomObjects, LoweringError, ModelError) as error:
                self.reason = one_line(" ".join(error.message.split())[:300])
        return self.model


class _Comparison:
    def __init__(self, sides: tuple[_Side, _Side], tolerance: Tolerance, data: Path | None, seed: int) -> None:
        self.a, self.b = sides
        self._tolerance, self._data, self._seed = tolerance, data, seed
        self.compared: dict[str, str] = {}
        both = self.a.layered and self.b.layered
        self._pairs = layers.paired(self.a.outline.root, self.b.outline.root) if both else None

    def of(self, part: Part) -> Iterator[Change]:
        yield from getattr(self, f"_{part}")()

    def _environment(self) -> Iterator[Change]:
        self.compared["environment"] = "who saved the files, and as what"
        yield from between("environment", _facts(self.a), _facts(self.b), "")

    def _architecture(self) -> Iterator[Change]:
        if self._pairs is None:
            self.compared["architecture"] = self._no_layers()
            return
        self.compared["architecture"] = f"{sum(one is not None and two is not None for one, two in self._pairs)} layers of both"
        yield from layers.architecture(self.a.outline, self.b.outline, self._pairs)

    def _config(self) -> Iterator[Change]:
        if self._pairs is None:
            self.compared["config"] = self._no_layers()
            return
        self.compared["config"] = "the options of layers that both have"
        yield from layers.configs(self._pairs)

    def _weights(self) -> Iterator[Change]:
        if self.a.outline is None or self.b.outline is None:
            self.compared["weights"] = "not compared: weights in an ONNX file have no names of their own"
            return
        if self._pairs is not None:
            root = [(self.a.outline.root, self.b.outline.root)]
            found = weights.of_layers([*root, *self._pairs], self._tolerance)
        else:
            one, two = ({weight.path: weight.tensor for weight in side.outline.weights()} for side in (self.a, self.b))
            if self.a.layered or self.b.layered or not set(one) & set(two):
                self.compared["weights"] = f"{weights.in_common(one, two)} of {len(one)} tensors of A are in B, bit for bit, by other names"
                return
            found = weights.of_graphs(one, two, self._tolerance)
        count = 0
        for item in found:
            if isinstance(item, Tensor):
                count += 1
            else:
                yield item
        self.compared["weights"] = f"{count} tensors of both"

    def _signatures(self) -> Iterator[Change]:
        self.compared["signatures"] = "inputs and outputs"
        for what, first, second in zip(("inputs", "outputs"), self.a.specs, self.b.specs, strict=True):
            yield from between("signatures", _by_place(first, second), _by_place(second, first), what)
        rows = [{row.name: row for row in side.report.signatures if row.name} if side.report else {} for side in (self.a, self.b)]
        if all(rows):
            one, two = (
                {name: {"inputs": _specs(row.inputs), "outputs": _specs(row.outputs)} for name, row in found.items()} for found in rows
            )
            yield from between("signatures", one, two, "")
            self.compared["signatures"] += ", and every signature"

    def _training(self) -> Iterator[Change]:
        a, b = (None if side.report is None or side.report.training_config is None else side.report for side in (self.a, self.b))
        if a is not None and b is not None and a.training_config is not None and b.training_config is not None:
            self.compared["training"] = "loss, metrics and optimizer"
            one, two = (
                _bare(upgrade(config, report.producer).config) for config, report in ((a.training_config, a), (b.training_config, b))
            )
            yield from between("training", one, two, "")
            return
        self.compared["training"] = f"{'A' if a else 'B'} alone has a training config" if a or b else "neither has a training config"
        if (a or b) and self._pairs is not None:
            yield Change("training", "removed" if a else "added", "training config", a and _TOLD, b and _TOLD)

    def _predictions(self) -> Iterator[Change]:
        for name, side in (("A", self.a), ("B", self.b)):
            if side.run() is None:
                self.compared["predictions"] = f"not compared: {name} does not run here: {side.reason}"
                return
        for given in self._inputs():
            try:
                answer = self.a.model(given)
            except (InferenceError, ValueError):
                if self._data is not None:
                    raise
                continue
            if self._data is None and not telling(answer):
                continue
            yield from self._answers(given, answer)
            return
        self.compared["predictions"] = "not compared: no random data fit model A"

    def _answers(self, given: dict[str, np.ndarray], answer: Any) -> Iterator[Change]:
        a, b = self.a.model, self.b.model
        example = example_of(a.inputs, a.output_names, given, answer)
        if len(b.inputs) != len(a.inputs):
            self.compared["predictions"] = f"not compared: A takes {len(a.inputs)} inputs, B {len(b.inputs)}"
            yield Change("predictions", "changed", "number of inputs", len(a.inputs), len(b.inputs))
            return
        names = [spec.name for spec in b.inputs]
        by_name = set(names) == set(example.inputs)
        arrays = {name: example.inputs[name] for name in names} if by_name else dict(zip(names, example.inputs.values(), strict=True))
        try:
            done = replay(b, b.output_names, dataclasses.replace(example, inputs=arrays), self._tolerance.rtol, self._tolerance.atol)
        except (VerificationError, InferenceError, ValueError) as error:
            message = error.message if isinstance(error, LoadstoneError) else str(error)
            self.compared["predictions"] = "B does not give what can be compared"
            yield Change("predictions", "changed", "outputs", f"{len(example.outputs)} outputs", one_line(message))
            return
        kind = "the data given" if self._data is not None else f"random data (seed {self._seed})"
        self.compared["predictions"] = f"{len(done.differences)} outputs on {kind}, which differ by {done.largest:.3g} at most"
        for name, far in done.differences.items():
            if name in done.apart:
                yield Change("predictions", "changed", name, difference=far)

    def _inputs(self) -> Iterator[dict[str, np.ndarray]]:
        specs = self.a.model.inputs
        if self._data is not None:
            with open(self._data, "rb") as file:
                arrays = arrays_of(file.read())
            names = [spec.name for spec in specs]
            if not set(names) <= set(arrays) and len(names) != len(arrays):
                raise InputMismatch(f"model A takes {', '.join(names)}; the data are {', '.join(arrays) or 'empty'}")
            yield {name: arrays[name] for name in names} if set(names) <= set(arrays) else dict(zip(names, arrays.values(), strict=True))
            return
        for found in tries(_narrowed(specs, self.b.model.inputs), self._seed):
            yield {spec.name: array for spec, array in zip(specs, found, strict=True)}

    def _no_layers(self) -> str:
        without = [name for name, side in (("A", self.a), ("B", self.b)) if not side.layered]
        return f"not compared: {' and '.join(without)} {'have' if len(without) > 1 else 'has'} no layers"


_TOLD = "loss, metrics and optimizer"


def _narrowed(a: Sequence[Spec], b: Sequence[Spec]) -> list[Spec]:
    """The inputs of A with the lengths that B alone fixes."""
    if len(a) != len(b):
        return list(a)
    named_b = {spec.name: spec for spec in b}
    others = [named_b[spec.name] for spec in a] if set(named_b) == {spec.name for spec in a} else b
    found = []
    for one, two in zip(a, others, strict=True):
        if one.shape is None or two.shape is None or len(one.shape) != len(two.shape):
            found.append(dataclasses.replace(one, shape=two.shape if one.shape is None else one.shape))
        else:
            found.append(dataclasses.replace(one, shape=tuple(y if x is None else x for x, y in zip(one.shape, two.shape, strict=True))))
    return found


def _facts(side: _Side) -> dict[str, Any]:
    if side.report is None:
        return {"format": "onnx", "library": side.model.producer}
    producer = side.report.producer
    return {"format": side.report.format, **{key: value for key, value in dataclasses.asdict(producer).items() if key != "date"}}


def _specs(specs: Sequence[Spec]) -> dict[str, Any]:
    return {spec.name: [None if spec.shape is None else list(spec.shape), spec.dtype] for spec in specs}


def _by_place(specs: Sequence[Spec], others: Sequence[Spec]) -> list[Any]:
    """The specs as plain data, without what is not known of them or of those that stand for them on the other side."""
    found = []
    for place, spec in enumerate(specs):
        other = others[place] if place < len(others) else spec
        shape = None if spec.shape is None or other.shape is None else list(spec.shape)
        found.append({"name": spec.name, "shape": shape, "dtype": None if "?" in (spec.dtype, other.dtype) else spec.dtype})
    return found


def _bare(value: Any) -> Any:
    """A training config without where its classes are registered."""
    if isinstance(value, Mapping):
        return {
            str(key): _bare(part)
            for key, part in value.items()
            if key not in ("module", "registered_name", "build_config", "name", "dtype")
        }
    return [_bare(part) for part in value] if isinstance(value, (list, tuple)) else value
