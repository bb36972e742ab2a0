"""`save_model(..., example=x)`: a small input and its output inside the file, for `load_model(..., verify=True)` and `loadstone verify`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from loadstone import formats
from loadstone.custom import CustomObjects
from loadstone.custom.whole import as_graph
from loadstone.formats.attached import EXAMPLE, KINDS, attach
from loadstone.ir import flatten
from loadstone.live import Hosts
from loadstone.model.choice import choose
from loadstone.model.examples import Example, example_of, packed
from loadstone.model.model import Compilation, Model
from loadstone.runtime.executor import run_once

if TYPE_CHECKING:
    from loadstone.export.onnx_file import OnnxFile
    from loadstone.live.saving import LiveModel


def check_kind(kind: str) -> None:
    """Raise ValueError for a kind of file that has no place for an example."""
    if kind not in KINDS:
        raise ValueError("example= is for whole models: .keras, .h5, SavedModel and .onnx")


def keep(model: Model, made: str, kind: str, x: Any) -> None:
    """Put x and what the model answers to it into a file that was just written; not one of ONNX."""
    attach(made, packed(_answered(model, x)), kind, EXAMPLE)


def keep_onnx(model: Model, made: str, file: OnnxFile, x: Any) -> None:
    """The same for an ONNX file, in its names and layout."""
    example = _answered(model, x)
    inputs, outputs = file.feeds(list(example.inputs.values())), file.fetched(list(example.outputs.values()))
    attach(made, packed(Example(inputs, outputs)), "onnx", EXAMPLE)


def keep_live(live: LiveModel, made: str, kind: str, x: Any) -> None:
    """The same for a live model, whose file says how its inputs and outputs are called."""
    custom = CustomObjects(live.objects())
    description = formats.read_file(made, custom)
    host = Hosts(custom.objects, run_once)
    whole = choose(description) if description.root is None or custom.missing else as_graph(description, host)
    with Model(whole, Compilation(host=host)) as read:
        example = example_of(read.inputs, read.output_names, x, _predicted(live, x))
    attach(made, packed(example), kind, EXAMPLE)


def _answered(model: Model, x: Any) -> Example:
    """What the model answers from the state that it was loaded with; the state that it is in comes back."""
    values = model._store.values
    kept = dict(values)
    try:
        model.reset_states()
        return example_of(model.inputs, model.output_names, x, model(x))
    finally:
        values.update(kept)


def _predicted(live: LiveModel, x: Any) -> Any:
    answer = live.model.predict(x, verbose=0)
    return answer if isinstance(answer, Mapping) else [np.asarray(part) for part in flatten(answer)]
