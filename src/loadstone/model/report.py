"""`Report`: what `loadstone.inspect` says of a file, with nothing of it run and no weight read."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from loadstone.custom import Missing
from loadstone.custom.hosting import Host
from loadstone.custom.lambdas import source_of
from loadstone.custom.report import LISTED, facts
from loadstone.environment.provenance import Provenance
from loadstone.errors import MissingCustomObjects, one_line
from loadstone.ir import Finding, Layer, Producer, Spec
from loadstone.ir import Model as Description
from loadstone.ir.records import dataclass, field
from loadstone.lowering.registry import keras_layer, keras_op
from loadstone.lowering.tensorflow.owners import owner
from loadstone.model import graph_summary
from loadstone.model.graph_outline import GraphOutline, SignatureRow
from loadstone.model.outline import Outline, Shape, count
from loadstone.model.summary import Options, print_summary, size


@dataclass(frozen=True)
class LayerRow:
    """A layer as `inspect` shows it; layers inside models and wrappers have longer paths. supported: it has a rule.

    function: the source of the function that a Lambda keeps as compiled code, "" elsewhere.
    """

    name: str
    class_name: str
    path: str
    output_shape: list[Shape | None] | None
    parameters: int
    trainable: bool
    supported: bool
    function: str = ""


@dataclass(frozen=True)
class Report:
    """What a file is, who saved it, what it needs, and what else was noticed.

    missing: custom objects that the caller has to supply, with near misses. unsupported: each class or operation without a rule,
    with the paths of its layers. problems: other reasons why the model cannot be run. bytes: size of the weights. signatures are those of
    a SavedModel (of a graph alone the one row without a name), assets the names of files that it reads, owners whose the ops are that
    TensorFlow does not have. provenance: which releases can have saved the file, with the evidence.
    """

    source: str
    format: str
    producer: Producer
    name: str
    class_name: str
    inputs: tuple[Spec, ...]
    outputs: tuple[Spec, ...]
    layers: tuple[LayerRow, ...]
    parameters: int
    trainable_parameters: int
    bytes: int
    missing: tuple[Missing, ...]
    unsupported: dict[str, tuple[str, ...]]
    problems: tuple[str, ...]
    findings: tuple[Finding, ...]
    training_config: dict[str, Any] | None = None
    signatures: tuple[SignatureRow, ...] = ()
    assets: tuple[str, ...] = ()
    owners: dict[str, str] = field(default_factory=dict)
    provenance: Provenance | None = None
    _outline: Outline | None = field(default=None, repr=False, compare=False)

    @property
    def custom_objects(self) -> list[str]:
        """Names of the custom objects that `load_model` would ask for."""
        return list(dict.fromkeys(missing.name for missing in self.missing))

    @property
    def runs(self) -> bool:
        """True where `load_model` with the same arguments would give a model."""
        return not (self.missing or self.unsupported or self.problems)

    def stub(self) -> str:
        """Python code to fill in that defines what is missing; "" where nothing is. Names from the file are data in it."""
        from loadstone.custom.stub import stub

        return stub(self.missing) if self.missing else ""

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], object] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """The table of `Model.summary`; shapes behind a layer that is not supported are `?`."""
        assert self._outline is not None
        print_summary(self._outline, Options(line_length, positions, print_fn, expand_nested, show_trainable, layer_range))

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data: dicts, lists, text and numbers."""
        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if not f.name.startswith("_")}
        plain["layers"] = [dataclasses.asdict(row) for row in self.layers]
        plain["missing"] = [_missing(m) for m in self.missing]
        plain |= {key: [dataclasses.asdict(item) for item in plain[key]] for key in ("inputs", "outputs", "findings")}
        plain["producer"] = dataclasses.asdict(self.producer)
        plain["provenance"] = None if self.provenance is None else self.provenance.to_dict()
        plain["signatures"] = [_plain_signature(row) for row in self.signatures]
        plain["custom_objects"] = self.custom_objects
        plain["runs"] = self.runs
        return plain

    def __str__(self) -> str:
        return "\n".join(one_line(line) for title, lines in self._sections() for line in _indented(title, lines))

    def _sections(self) -> list[tuple[str, list[str]]]:
        counts = Counter(row.class_name for row in self.layers)
        ops = sum((row.ops for row in self.signatures), Counter[str]())
        needs = [line for m in self.missing[:LISTED] for line in _needed(m)]
        needs += [f"and {len(self.missing) - LISTED} more"] if len(self.missing) > LISTED else []
        lacks = [f"{name}: {len(paths)} times, first at {paths[0]}" for name, paths in self.unsupported.items()]
        return [
            ("file", [self.source]),
            ("format", [self.format]),
            ("saved by", [_saved_by(self.producer), *(self.provenance.lines() if self.provenance is not None else ())]),
            ("model", [f"{self.name} ({self.class_name}), {self.parameters:,} parameters, {size(self.bytes)}"]),
            ("inputs", [f"{spec.name} {spec.shape} {spec.dtype}" for spec in self.inputs]),
            ("outputs", [f"{spec.name} {spec.shape or '?'} {spec.dtype}" for spec in self.outputs]),
            ("layers", [", ".join(f"{name} x {n}" if n > 1 else name for name, n in counts.items())] if counts else []),
            ("functions", [line for row in self.layers if row.function for line in f"{row.path}: {row.function}".split("\n")]),
            ("signatures", [line for row in self.signatures for line in _signature(row)]),
            ("ops", [", ".join(f"{op} x {n}" if n > 1 else op for op, n in ops.most_common())] if ops else []),
            ("foreign ops", [f"{op}: of {package}" for op, package in self.owners.items()]),
            ("assets", list(self.assets)),
            ("needs", needs),
            ("not supported", lacks),
            ("problems", list(self.problems)),
            (
                "findings",
                [f"{f.severity}: {f.message}" + (f" (at {f.where})" if f.where else "") for f in self.findings]
                or ["no known danger found"],
            ),
        ]


def report_on(description: Description, missing: Sequence[Missing] = (), host: Host | None = None) -> Report:
    """The report on a model as it was read. host lowers layers that the caller supplied."""
    if description.root is None:
        return _report_on_graph(GraphOutline(description))
    outline = Outline(description, host)
    walk, weights = outline.walk, outline.weights()
    missing = (*missing, *walk.missing)
    lacking = {m.name for m in missing}
    others = [error for error in walk.problems if not isinstance(error, MissingCustomObjects)]
    inputs, outputs = outline.specs()
    return Report(
        source=description.source,
        format=description.format,
        producer=description.producer,
        name=outline.root.name,
        class_name=outline.root.class_name,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        layers=tuple(_row(layer, outline) for layer in outline.root.walk() if layer is not outline.root),
        parameters=count(weights),
        trainable_parameters=count([weight for weight in weights if weight.trainable]),
        bytes=sum(weight.bits for weight in weights) // 8,
        missing=tuple(missing),
        unsupported={name: tuple(paths) for name, paths in walk.unsupported.items() if name not in lacking},
        problems=tuple(f"{error.message} (at {error.where})" if error.where else error.message for error in others),
        findings=(*description.findings, *_saved_models(outline)),
        training_config=description.training_config or None,
        _outline=outline,
    )


def _report_on_graph(outline: GraphOutline) -> Report:
    """The report on a graph: on all signatures of the file; inputs and outputs are those of the one that predicts."""
    description, rows = outline.description, outline.rows()
    parameters, size_ = graph_summary.totals(outline)
    own = outline.row("", outline.graph)
    unsupported: dict[str, tuple[str, ...]] = {}
    for row in rows:
        for op, places in row.unsupported.items():
            unsupported[op] = (*unsupported.get(op, ()), *places)
    return Report(
        source=description.source,
        format=description.format,
        producer=description.producer,
        name=outline.root.name,
        class_name="SavedModel" if outline.module.signatures else "Graph",
        inputs=own.inputs,
        outputs=own.outputs,
        layers=(),
        parameters=parameters,
        trainable_parameters=parameters,
        bytes=size_,
        missing=(),
        unsupported=unsupported,
        problems=tuple(dict.fromkeys(problem for row in rows for problem in row.problems)),
        findings=tuple(description.findings),
        signatures=tuple(rows),
        assets=tuple(dict.fromkeys(name for name in outline.module.files)),
        owners={op: package for row in rows for op in row.ops if (package := owner(op)) is not None},
        _outline=outline,
    )


def _saved_models(outline: Outline) -> list[Finding]:
    """Which SavedModels layers call, and where they were found."""
    found = [(layer, layer.saved) for layer in outline.root.walk() if layer.saved is not None]
    named = [(layer, layer.config.get("handle", layer.config.get("filepath")), saved.place) for layer, saved in found]
    return [Finding("info", f"it calls the SavedModel {name!r}, found at {place!r}", layer.path) for layer, name, place in named]


def _needed(missing: Missing) -> list[str]:
    """A missing object in lines, what is known of it below what it is."""
    first, *more = facts(missing)
    return [first, *(f"  {line}" for fact in more for line in fact.split("\n"))]  # a note may have several


def _plain_signature(row: SignatureRow) -> dict[str, Any]:
    """A signature as plain data; `dataclasses.asdict` makes pairs of the items of a Counter."""
    plain = {f.name: getattr(row, f.name) for f in dataclasses.fields(row)}
    return plain | {"ops": dict(row.ops)} | {key: [dataclasses.asdict(spec) for spec in plain[key]] for key in ("inputs", "outputs")}


def _missing(missing: Missing) -> dict[str, Any]:
    """A missing object as plain data."""
    plain = dataclasses.asdict(missing)
    plain["weights"] = [{"name": name, "shape": list(shape)} for name, shape in missing.weights]
    return plain


def _signature(row: SignatureRow) -> list[str]:
    """A signature in lines: what it takes, what it gives."""
    taken, given = (
        ", ".join(f"{s.name} {s.shape if s.shape is not None else '?'} {s.dtype}" for s in specs) for specs in (row.inputs, row.outputs)
    )
    return [f"{row.name or '(the graph)'}: {taken or 'nothing'} -> {given or 'nothing'}"]


def _row(layer: Layer, outline: Outline) -> LayerRow:
    rules = keras_op if layer.domain == "keras.ops" else keras_layer
    supported = layer.class_name in rules or layer.graph is not None or layer.given is not None or layer.class_name == "InputLayer"
    shapes = outline.output_shapes(layer)
    return LayerRow(
        layer.name,
        layer.class_name,
        layer.path or layer.name,
        shapes,
        count(outline.weights(layer)),
        layer.trainable,
        supported,
        source_of(layer),
    )


def _saved_by(producer: Producer) -> str:
    parts = [
        producer.library,
        producer.version or "of unknown version",
        f"({producer.backend})" if producer.backend else "",
        producer.date or "",
    ]
    return " ".join(part for part in parts if part)


def _indented(title: str, lines: list[str]) -> list[str]:
    return [f"{title + ':' if i == 0 else '':<16}{line}" for i, line in enumerate(lines)]
