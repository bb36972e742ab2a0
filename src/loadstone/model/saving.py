"""`save_model`: a model, loaded or live, as a file of any kind.

What is written is read again before it takes its place, as a stranger would (without custom objects, for the report) and with the objects
of the model (to compare predictions). Nothing of a large model is whole in memory: tensors are written one by one, and a file that the
model itself is mapped from may be replaced.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from loadstone.custom import CustomObjects
from loadstone.errors import CorruptFile
from loadstone.export.kinds import kind_of
from loadstone.export.placing import size, staged
from loadstone.ir import Finding, Spec
from loadstone.ir.records import dataclass, field, replace
from loadstone.live import Hosts
from loadstone.live.installed import NAMES
from loadstone.model.comparison import Conversion, same_predictions
from loadstone.model.keeping import check_kind, keep, keep_onnx
from loadstone.model.model import Compilation, Model
from loadstone.model.recording import check as check_record
from loadstone.model.recording import keep as keep_record
from loadstone.model.strangers import needs_of, refuse, warnings_of
from loadstone.runtime.executor import run_once

if TYPE_CHECKING:
    from loadstone.environment.record import Framework
    from loadstone.formats.writing import Compiled
    from loadstone.lowering.onnx_file import OnnxOptions

ONNX = ("opset", "input_names", "output_names", "shapes", "channels_first", "external_data")
Filename = str | bytes | os.PathLike[str] | os.PathLike[bytes]


@dataclass(frozen=True)
class Wishes:
    """How a model is to be written; see `api.save_model`.

    onnx: how an ONNX file is to look, by the names of `ONNX`. example: an input that is kept in the file with its output.
    record: whether the environment record is kept in it, or "full". library: which Keras is to open a file of Keras.
    """

    include_optimizer: bool = True
    signatures: Any = None  # what the model's own library takes
    zipped: bool = True
    strict: bool = False
    onnx: Mapping[str, Any] = field(default_factory=dict)
    progress: Callable[[int, int], None] | None = None
    example: Any = None  # what the model takes
    record: bool | str = True
    library: str = "keras"  # or those of Keras 2: "tf_keras", "tf.keras"
    framework: Framework | None = None  # of a living model, where another file than its own library's is made of it


def save(
    model: Any,
    filepath: Filename,
    overwrite: bool = True,
    save_format: str | None = None,
    version: int | None = None,
    wishes: Wishes | None = None,
) -> Conversion:
    """Write a model. Raises what `api.save_model` says."""
    wishes = wishes or Wishes()
    target = os.fsdecode(filepath)
    kind = kind_of(target, save_format, wishes.zipped)
    check(kind, target, version, wishes)
    if version is not None:
        target = os.path.join(target, str(version))
    if not isinstance(model, Model):
        from loadstone.model.saving_live import save_live

        return save_live(model, target, kind, overwrite, wishes)
    with staged(target, overwrite) as made:
        report = _WRITERS.get(kind, _keras)(model, made, kind, target, wishes)
        if wishes.example is not None and kind != "onnx":
            keep(model, made, kind, wishes.example)
        keep_record(model, made, kind, report.needs, wishes.record, wishes.framework)
        report = replace(report, bytes=size(os.path.dirname(made)))
        if wishes.strict:
            refuse(report.needs, report.warnings)
    if kind == "onnx":
        _forget_weights(report)
    _open_again(model, target)
    return report


def check(kind: str, target: str, version: int | None, wishes: Wishes) -> None:
    """Raise ValueError for what is asked of a kind of file that cannot have it."""
    if wishes.example is not None:
        check_kind(kind)
    check_record(wishes.record)
    if wishes.library not in NAMES:
        raise ValueError(f"library={wishes.library!r}; known are {', '.join(map(repr, NAMES))}")
    if wishes.library != "keras" and kind not in ("h5", "keras"):
        raise ValueError(f"library={wishes.library!r} is for .keras and .h5 files; {target!r} is written as {kind!r}")
    if wishes.library != "keras" and not wishes.zipped:
        raise ValueError(f"zipped=False is for Keras 3; library={wishes.library!r} opens no folders")
    own = {"version": version, "signatures": wishes.signatures}
    for name in (name for name, value in own.items() if value is not None and kind != "saved_model"):
        raise ValueError(f"{name}= is for SavedModels; {target!r} is written as {kind!r}")
    if version is not None and version < 0:
        raise ValueError(f"version={version!r}: TensorFlow Serving counts versions in whole numbers")
    if kind == "onnx":
        _onnx_options(wishes)
        return
    for name in _asked(wishes.onnx):
        raise ValueError(f"{name}= is for .onnx files; {target!r} is written as {kind!r}")


def _asked(onnx: Mapping[str, Any]) -> dict[str, Any]:
    """The options of ONNX files that say something."""
    return {name: value for name, value in onnx.items() if value is not None and (name, value) != ("channels_first", False)}


def _onnx_options(wishes: Wishes) -> tuple[OnnxOptions, bool | None]:
    """The options as the writer takes them, and whether weights lie in a second file."""
    from loadstone.export.onnx_file import options_of

    given = _asked(wishes.onnx)
    beside = given.pop("external_data", None)
    return options_of(**given), beside


# -- the kinds ---------------------------------------------------------------------------------------------------------


def _keras(model: Model, made: str, kind: str, target: str, wishes: Wishes) -> Conversion:
    """A file of Keras, or safetensors."""
    from loadstone.export.convert import KerasFile

    host = model._compilation.host
    objects: Mapping[str, Any] = getattr(host, "objects", {})
    if wishes.library == "keras":
        file = KerasFile(model._description, host, wishes.include_optimizer)
    else:
        from loadstone.export.keras_2 import Keras2File

        file = Keras2File(model._description, host, kind, wishes.include_optimizer)
    file.write(made, kind, wishes.zipped, _counter(model, wishes))
    stranger = CustomObjects(alone=True)
    read = file.read_back(made, kind, stranger)
    again = file.read_back(made, kind, CustomObjects(objects)) if stranger.missing else read
    with Model(again, Compilation(host=Hosts(objects, run_once))) as other:
        difference = _compared(model, other)
    findings = (*model.findings, *file.findings, *_of_hdf5(file.compiled, kind, wishes.library))
    return Conversion(target, size(made), difference, findings, needs_of(stranger.missing, read), warnings_of(again.root), kind)


def _of_hdf5(compiled: Compiled | None, kind: str, library: str) -> Iterator[Finding]:
    """What HDF5 files do not do for training."""
    if kind != "h5" or compiled is None:
        return
    if compiled.config.get("optimizer") is None:
        yield Finding("info", "the training config is left out of the .h5 file: it does not say which optimizer", "training_config")
    elif compiled.variables and library == "keras":
        yield Finding("info", "Keras 3 restores the optimizer of .h5 files in part; .keras has all of it", "optimizer")


def _onnx(model: Model, made: str, kind: str, target: str, wishes: Wishes) -> Conversion:
    """An ONNX file; its weights go by another name than those of a file that is there, which needs its own until it is replaced."""
    from loadstone.runtime.onnx_file import OnnxSession

    stem, count = os.path.realpath(target), 0
    while os.path.lexists(f"{stem}{f'.{count}' if count else ''}.data"):
        count += 1
    name = f"{os.path.basename(made)}{f'.{count}' if count else ''}"
    file = model.onnx_file(name, *_onnx_options(wishes))
    with open(made, "wb") as out:
        out.write(file.data)
    if file.has_weights:
        told = _counter(model, wishes)
        with open(os.path.join(os.path.dirname(made), f"{name}.data"), "wb") as out:
            for part in file.weights():
                told(out.write(part))
    session = OnnxSession(made)
    difference = _compared(model, lambda data: file.results(session.run(file.feeds(data))), file.specs)
    if wishes.example is not None:
        keep_onnx(model, made, file, wishes.example)
    files = (target, os.path.join(os.path.dirname(target), f"{name}.data")) if file.has_weights else (target,)
    return Conversion(target, size(os.path.dirname(made)), difference, tuple(model.findings), kind=kind, files=files)


def _saved_model(model: Model, made: str, kind: str, target: str, wishes: Wishes) -> Conversion:
    """A SavedModel: the graph that was read, written back, or one made of the layers."""
    if wishes.signatures is not None:
        raise ValueError("signatures= are functions of a live model; a loaded one has those of its file, or serving_default")
    from loadstone import formats
    from loadstone.export.saved_model import is_written_back, write_back, write_saved_model, written_names
    from loadstone.model.choice import choose

    description, host = model._description, model._compilation.host
    names = [spec.name for spec in model.inputs]
    order: list[str] | None = None  # of the outputs, where they are a dict that the model does not give
    if is_written_back(description):
        write_back(made, description)
        names, order = written_names(description) or (names, None)
    else:
        from loadstone.export.tensorflow.emission import tensorflow_module

        graph, module = tensorflow_module(description, host)
        write_saved_model(made, module, {"serving_default": graph})
        order = list(graph.outputs)
    read = choose(formats.read_file(made, CustomObjects(alone=True)), None, None, None, None)
    with Model(read) as other:

        def answer(data: list[Any]) -> Any:
            found = other(dict(zip(names, data, strict=True)))
            return [found[name] for name in order] if order is not None and isinstance(found, dict) else found

        difference = _compared(model, answer)
    return Conversion(target, size(made), difference, tuple(model.findings), kind=kind)


_WRITERS = {"onnx": _onnx, "saved_model": _saved_model}


def _counter(model: Model, wishes: Wishes) -> Callable[[int], None]:
    """Counts the bytes of tensors for who wants to know."""
    total, done = sum(weight.tensor.nbytes for weight in model.weights), [0]

    def told(size: int) -> None:
        done[0] += size
        if wishes.progress is not None:
            wishes.progress(done[0], max(total, done[0]))

    return told


def _compared(model: Model, other: Callable[[list[Any]], Any], inputs: list[Spec] | None = None) -> float | None:
    """The largest difference of the predictions of a model as it was loaded; the state that it is in comes back."""
    values = model._store.values
    kept = dict(values)
    try:
        model.reset_states()
        return same_predictions(model, other, inputs)
    finally:
        values.update(kept)


# -- after it took its place -------------------------------------------------------------------------------------------


def _forget_weights(report: Conversion) -> None:
    """Remove the weights of the ONNX file that was replaced, whichever name they had."""
    folder, name = os.path.split(os.path.realpath(report.path))
    used = {os.path.basename(path) for path in report.files}
    for entry in os.listdir(folder):
        if re.fullmatch(re.escape(name) + r"(\.\d+)?\.data", entry) and entry not in used:
            os.remove(os.path.join(folder, entry))


def _open_again(model: Model, target: str) -> None:
    """A model whose own file was replaced by what was written of it goes on with the new one."""
    check, again = model._description.unchanged, model._compilation.again
    if check is None or again is None or not isinstance(again[1][-1], Mapping):
        return
    try:
        check()
    except CorruptFile:
        function, (path, arguments) = again
        if os.path.realpath(path) != os.path.realpath(target):
            return
        changed = dict.fromkeys(("weights", "signature", "tags", "inputs", "outputs"))
        fresh: Model = function(path, {**arguments, **changed})
        model.close()
        model.__dict__.pop("signatures", None)
        model.__dict__.update(fresh.__dict__)
