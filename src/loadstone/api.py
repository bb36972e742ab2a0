"""The verbs: the pipeline in reading order.

source -> format -> description (formats, frontends) -> custom objects -> program (lowering) -> engine (runtime) -> Model
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from loadstone import formats
from loadstone.containers.source import Filepath, Source
from loadstone.custom import CustomObjects
from loadstone.custom.whole import as_graph
from loadstone.errors import FormatError, LoadstoneError, LoweringError, MissingWeights, ModelError, UnrecognizedFormat, printable
from loadstone.ir import Finding, Tensor
from loadstone.ir import Model as Description
from loadstone.live import Hosts
from loadstone.model.model import Compilation, Model
from loadstone.model.names import Names
from loadstone.model.training_objects import training_objects
from loadstone.runtime.executor import run_once

if TYPE_CHECKING:
    from loadstone.model.comparison import Conversion
    from loadstone.model.report import Report


def load_model(
    filepath: Filepath,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
    *,
    engine: str = "onnxruntime",
    weights: Filepath | None = None,
    signature: str | None = None,
    tags: str | Sequence[str] | None = None,
    inputs: str | Sequence[str] | None = None,
    outputs: Names | None = None,
    threads: int | None = None,
    mmap: bool | None = None,
) -> Model:
    """Open a saved model, whatever its suffix, and compile it for this machine.

    filepath: a path, the bytes of a file, or a binary file object.
    custom_objects: functions and classes by the names that the file has for them; what only training needs may be missing.
    compile: False leaves the training config unused, so that there is no `evaluate`.
    safe_mode: accepted as Keras means it; no mode runs code from a file.
    engine: "onnxruntime" or "openvino". threads: how many at most; what the process may use by default.
    inputs, outputs: names of layers at which the model is to begin and to end.
    mmap: True maps any file instead of reading it, False none; by default files of 64 MB and more.
    weights: a file or checkpoint with weights, for an architecture (JSON, YAML) or in place of a model's own.
    signature, tags: for kinds of files that hold several graphs; refused for others.

    Raises FileNotFoundError, or a LoadstoneError that names everything that is in the way.
    """
    arguments = {name: value for name, value in locals().items() if name != "filepath"}
    with _told(filepath):
        source = Source.open(formats.located(filepath), mmap=mmap)
        custom = CustomObjects(custom_objects)
        description = _read(source, custom, weights, mmap)
        graph_wanted = signature is not None or tags is not None
        if description.module is None:
            _refuse(signature=signature, tags=tags)
        if description.module is None or not custom.missing and not graph_wanted:
            custom.raise_missing(source.name)
        elif custom.missing:
            description.findings.append(_graph_instead(custom))
        _whole(description)
        description.findings += training_objects(description)
        host = Hosts(custom.objects, run_once)
        again = (_load_again, (_kept(filepath, source), arguments))
        how = Compilation(engine, threads, host, compile, again)
        if description.root is None or custom.missing or graph_wanted:
            from loadstone.model.choice import choose

            description = choose(description, tags, signature, inputs, outputs)
            model = Model(description, how)
        else:
            model = _of_layers(description, how, host, inputs, outputs)
    for finding in description.findings:
        if finding.severity == "warning":  # it can change numbers
            place = f" (at {finding.where})" if finding.where else ""
            warnings.warn(printable(f"{description.source}: {finding.message}{place}"), stacklevel=2)
    return model


_GRAPH_INSTEAD = "The file's graph needs none of it: load_model runs that, and it can be written as .onnx."


def _graph_instead(custom: CustomObjects) -> Finding:
    """What was not given for the layers of a SavedModel, whose graph serves without."""
    names = ", ".join(repr(missing.name) for missing in custom.missing[:10])
    return Finding("info", f"its layers need custom objects that were not given ({names}), so its graph is used")


def _of_layers(description: Description, how: Compilation, host: Hosts, inputs: str | Sequence[str] | None, outputs: Names | None) -> Model:
    """The model of the layers; that of the graph beside them, where there is one and the layers cannot be run."""
    module = description.module
    try:
        layered = as_graph(description, host)
        if inputs is not None or outputs is not None:
            from loadstone.model.cut import cut

            layered = cut(layered, inputs, outputs)
        return Model(layered, how)
    except (ModelError, LoweringError, ValueError) as error:
        if module is None or isinstance(error, FormatError):
            raise
        from loadstone.model.choice import choose

        try:
            graph = choose(description, None, None, inputs, outputs)
            message = error.message if isinstance(error, LoadstoneError) else str(error)
            graph.findings.append(Finding("info", f"its layers cannot be used, its graph is: {message}"))
            return Model(graph, how)
        except (ModelError, LoweringError, ValueError):
            raise error from None


def inspect(filepath: Filepath, custom_objects: Mapping[str, Any] | None = None) -> Report:
    """Say what a file is, who saved it, what it needs and what is dangerous in it. Nothing is run and no weight is read."""
    from loadstone.model.choice import first
    from loadstone.model.report import report_on

    with _told(filepath):
        custom = CustomObjects(custom_objects)
        host = Hosts(custom.objects, run_once)
        description = _read(Source.open(formats.located(filepath)), custom)
        description.findings += training_objects(description)
        if description.module is not None and custom.missing:
            description.findings.append(_graph_instead(custom))
            description.root = None
        description = first(description) if description.root is None else as_graph(description, host)
        return report_on(description, custom.missing, host)


def load_weights(filepath: Filepath, *, mmap: bool | None = None) -> dict[str, Tensor]:
    """The tensors of a file with weights by name, in file order; each is read when it is first needed.

    filepath: HDF5 (`.h5`, `.weights.h5`), `.weights.json`, `.npz`, a TensorFlow checkpoint (its name, one of its files or its folder), or
    a whole model. A tensor has `shape`, `dtype` (a name) and `numpy()`, and is an array to numpy. Raises FileNotFoundError or a
    LoadstoneError.
    """
    from loadstone.formats.weights_files import open_weights

    with _told(filepath):
        return dict(open_weights(filepath, mmap).tensors)


def read_records(filepath: Filepath) -> list[bytes]:
    """The records of a TFRecord file, which a model that parses `tf.train.Example` messages takes as an array of strings.

    Raises FileNotFoundError, UnrecognizedFormat for a file of another kind, CorruptFile where a checksum does not fit.
    """
    from loadstone.containers import tfrecord

    with _told(filepath):
        source = Source.open(filepath)
        if not tfrecord.begins(source.head(16)) and source.size:
            raise UnrecognizedFormat("this does not begin as a TFRecord file does: with a length and its checksum")
        return list(tfrecord.records(source))


def convert(
    src: Filepath,
    dst: str | os.PathLike[str],
    *,
    custom_objects: Mapping[str, Any] | None = None,
    weights: Filepath | None = None,
    overwrite: bool = True,
    signature: str | None = None,
    tags: str | Sequence[str] | None = None,
    inputs: str | Sequence[str] | None = None,
    outputs: Names | None = None,
) -> Conversion:
    """Write a saved model of any kind and release as a file that today's Keras opens, or as ONNX, with the same predictions.

    dst: its suffix says what is written: `.keras`, `.h5` (a whole model), `.weights.h5` (weights alone), `.json` (the config alone), or
    `.onnx` (with a file `.onnx.data` beside it where the weights are more than 1 GiB).
    src, custom_objects, weights: as for `load_model`; for `.onnx` the others too. Layers that Keras lost become others that compute the
    same. The new file is read again and compared with the model on random data before it takes its place; the answer says where no such
    data fit. Raises what `load_model` raises, UnsupportedOps for a model that today's Keras or ONNX cannot hold, ModelError where the numbers differ,
    FileExistsError where `overwrite` is False.
    """
    from loadstone.export.convert import suffix_of

    target = os.fspath(dst)
    suffix = suffix_of(target)
    if not overwrite and os.path.exists(target):
        raise FileExistsError(f"there is a file already: {target!r}")
    with _told(src):
        if suffix == ".onnx":
            model = load_model(src, custom_objects, weights=weights, signature=signature, tags=tags, inputs=inputs, outputs=outputs)
            return _write_onnx(model, target)
        _refuse(signature=signature, tags=tags, inputs=inputs, outputs=outputs)
        custom = CustomObjects(custom_objects)
        source = Source.open(formats.located(src))
        description = _read(source, custom, weights)
        custom.raise_missing(source.name, "" if description.module is None else _GRAPH_INSTEAD)
        _whole(description)
        _check_layers(description)
        return _write_keras(Model(description, Compilation(host=Hosts(custom.objects, run_once))), target, suffix)


def save_model(model: Model, filepath: str | os.PathLike[str], overwrite: bool = True) -> Conversion:
    """Write a loaded model under a name whose suffix says how: see `convert`, whose checks and errors are these."""
    from loadstone.export.convert import suffix_of

    target = os.fspath(filepath)
    suffix = suffix_of(target)
    if not overwrite and os.path.exists(target):
        raise FileExistsError(f"there is a file already: {target!r}")
    return _write_onnx(model, target) if suffix == ".onnx" else _write_keras(model, target, suffix)


def _write_keras(model: Model, target: str, suffix: str) -> Conversion:
    """The file of Keras; what it holds is read again and compared with the model before it takes its place."""
    from loadstone.export.convert import rendered
    from loadstone.model.comparison import Conversion, same_predictions

    description = model._description
    _check_layers(description)
    data = rendered(description, suffix)
    whole = rendered(description, ".keras") if suffix in (".json", ".weights.h5") else data
    difference = same_predictions(model, Model(_read(Source.of_bytes(whole, os.path.basename(target)), CustomObjects())))
    _replace(target, [data])
    return Conversion(target, len(data), difference, tuple(description.findings))


def _check_layers(description: Description) -> None:
    if description.root is None:
        raise LoweringError("a graph of TensorFlow has no layers that a file of Keras could hold", hint="write it as .onnx")


def _write_onnx(model: Model, target: str) -> Conversion:
    """The ONNX file, compared with the model in a folder of its own before it takes its place."""
    from tempfile import TemporaryDirectory

    from loadstone.model.comparison import Conversion, same_predictions
    from loadstone.runtime.onnx_file import OnnxSession

    file = model.onnx_file(target)
    with TemporaryDirectory(dir=os.path.dirname(os.path.abspath(target)), prefix=".onnx-") as folder:
        written = os.path.join(folder, os.path.basename(target))
        _replace(written, [file.data])
        if file.has_weights:
            _replace(f"{written}.data", file.weights())
        names = [spec.name for spec in model.inputs]
        session = OnnxSession(written)
        difference = same_predictions(model, lambda data: session.run(dict(zip(names, data, strict=True))))
        size = sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder))
        if file.has_weights:
            os.replace(f"{written}.data", f"{target}.data")
        os.replace(written, target)
    return Conversion(target, size, difference, tuple(model.findings))


def _replace(target: str, parts: Iterable[bytes]) -> None:
    """A file takes its place at once: whoever reads it meanwhile has the old one."""
    part = f"{target}.part{os.getpid()}"
    try:
        with open(part, "wb") as file:
            file.writelines(parts)
        os.replace(part, target)
    except BaseException:  # whatever it was goes on; the part that was written does not stay
        if os.path.exists(part):
            os.remove(part)
        raise


def _whole(description: Description) -> None:
    """Raise MissingWeights for a model without its weights."""
    if description.lacks:
        raise MissingWeights(
            f"this is the architecture of a model without its {description.lacks}",
            hint='give them as well: load_model("model.json", weights="weights.h5")',
        )


def _read(source: Source, custom: CustomObjects, weights: Filepath | None = None, mmap: bool | None = None) -> Description:
    if weights is None:
        return formats.detect(source).read(source, custom, None)
    from loadstone.formats.weights_files import open_weights

    return formats.detect(source).read(source, custom, open_weights(weights, mmap))


def _refuse(**given: object) -> None:
    """Arguments that have no meaning for a file that is a whole layered model."""
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"{name}= is for a SavedModel or a graph; .h5 and .keras files hold one model")


@contextmanager
def _told(filepath: object) -> Iterator[None]:
    """Errors from inside learn which file they are about."""
    try:
        yield
    except LoadstoneError as error:
        error.at(source=os.fsdecode(filepath) if isinstance(filepath, (str, os.PathLike)) else None)
        raise


def _kept(filepath: Filepath, source: Source) -> str | bytes:
    """What a pickled Model opens again: the path, or the bytes themselves."""
    if isinstance(filepath, (str, os.PathLike)):
        return os.path.abspath(os.fsdecode(filepath))
    return bytes(source.read())


def _load_again(filepath: Filepath, arguments: dict[str, Any]) -> Model:
    """For pickle."""
    return load_model(filepath, **arguments)
