"""The verbs: the pipeline in reading order.

source -> format -> description (formats, frontends) -> custom objects -> program (lowering) -> engine (runtime) -> Model
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from loadstone import formats
from loadstone.containers.source import Filepath, Source
from loadstone.custom import CustomObjects
from loadstone.custom.whole import as_graph
from loadstone.errors import (
    FormatError,
    LoadstoneError,
    LoweringError,
    MissingWeights,
    ModelError,
    UnrecognizedFormat,
    VerificationError,
    printable,
)
from loadstone.ir import Finding, Tensor
from loadstone.ir import Model as Description
from loadstone.live import Hosts
from loadstone.model.model import Compilation, Model
from loadstone.model.names import Names
from loadstone.model.training_objects import training_objects
from loadstone.runtime.executor import run_once

if TYPE_CHECKING:
    from loadstone.lowering.onnx_file import Names as OnnxNames
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
    verify: bool = False,
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
    verify: replay the example that the file holds (`save_model(..., example=x)`).

    Raises FileNotFoundError, VerificationError where the example's outputs differ or there is none, or another LoadstoneError that names
    everything that is in the way.
    """
    arguments = {name: value for name, value in locals().items() if name not in ("filepath", "verify")}
    if verify and any(value is not None for value in (signature, tags, inputs, outputs)):
        raise ValueError("verify=True is for the model that the file holds as a whole, without signature=, tags=, inputs= and outputs=")
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
        if verify:
            _verify(model, source)
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


def _verify(model: Model, source: Source) -> None:
    """Replay the example in the file; the state that the model begins with stays."""
    from loadstone.formats.attached import EXAMPLE, found
    from loadstone.model.examples import arrays_of, check, example_in, replay

    data = found(source, EXAMPLE)
    if data is None:
        raise VerificationError("the file holds no example", hint="save_model(model, filepath, example=x) keeps one")
    check(replay(model, model.output_names, example_in(arrays_of(data), model.inputs, model.output_names)))
    model.reset_states()


def stored_example(filepath: Filepath) -> bytes | None:
    """The example that a file holds, as the bytes of an `.npz`; None where there is none."""
    from loadstone.formats.attached import EXAMPLE, found

    with _told(filepath):
        return found(Source.open(formats.located(filepath)), EXAMPLE)


def inspect(filepath: Filepath, custom_objects: Mapping[str, Any] | None = None) -> Report:
    """Say what a file is, who saved it, what it needs and what is dangerous in it. Nothing is run and no weight is read."""
    from loadstone.environment.provenance import of_source
    from loadstone.ir.records import replace
    from loadstone.model.choice import first
    from loadstone.model.report import report_on

    with _told(filepath):
        custom = CustomObjects(custom_objects)
        host = Hosts(custom.objects, run_once)
        source = Source.open(formats.located(filepath))
        description = _read(source, custom)
        description.findings += training_objects(description)
        if description.module is not None and custom.missing:
            description.findings.append(_graph_instead(custom))
            description.root = None
        description = first(description) if description.root is None else as_graph(description, host)
        return replace(report_on(description, custom.missing, host), provenance=of_source(source))


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
    opset: int | None = None,
    input_names: OnnxNames | None = None,
    output_names: OnnxNames | None = None,
    shapes: Mapping[str, Sequence[int | None]] | None = None,
    channels_first: bool | Sequence[str] = False,
    external_data: bool | None = None,
    save_format: str | None = None,
    include_optimizer: bool = True,
    zipped: bool = True,
    version: int | None = None,
    strict: bool = False,
    progress: Callable[[int, int], None] | None = None,
    library: str = "keras",
) -> Conversion:
    """Write a saved model of any kind and release as a file that today's Keras opens, as ONNX or as a SavedModel, with the same predictions.

    dst: its suffix says what is written: `.keras`, `.h5` (a whole model), `.weights.h5` or `.safetensors` (weights alone), `.json` (the
    config alone), `.onnx` (with a file `.onnx.data` beside it where the weights are more than 1 GiB); without one, a SavedModel.
    src, custom_objects, weights: as for `load_model`; for `.onnx` and SavedModels signature, tags, inputs and outputs too.
    save_format, include_optimizer, zipped, version, strict, progress, library: as for `save_model`.

    For `.onnx` alone: opset: 13 to 23, 21 by default. input_names, output_names: new names, all in order or some as {old: new}; by default
    those of the inputs and of the layers that give the outputs. shapes: fixed shapes of inputs by name, in the model's order of axes.
    channels_first: True where image inputs (rank 4) are to be (batch, channels, height, width), or the names of inputs and outputs that are.
    external_data: whether weights lie in `.onnx.data`; by default those of more than 1 GiB.

    Layers that Keras lost become others that compute the same. The new file is read again and compared with the model on random data before
    it takes its place; the answer says where no such data fit. Raises what `load_model` and `save_model` raise.
    """
    from loadstone.export.kinds import kind_of
    from loadstone.model.saving import ONNX, Wishes, check, save

    onnx = {name: value for name, value in locals().items() if name in ONNX}
    kind = kind_of(os.fspath(dst), save_format, zipped)
    wishes = Wishes(include_optimizer, None, zipped, strict, onnx, progress, library=library)
    check(kind, os.fspath(dst), version, wishes)
    with _told(src):
        if kind in ("onnx", "saved_model"):
            model = load_model(src, custom_objects, weights=weights, signature=signature, tags=tags, inputs=inputs, outputs=outputs)
        else:
            _refuse(signature=signature, tags=tags, inputs=inputs, outputs=outputs)
            model = _layers_of(src, custom_objects, weights)
        return save(model, dst, overwrite, save_format, version, wishes)


def _layers_of(src: Filepath, custom_objects: Mapping[str, Any] | None, weights: Filepath | None) -> Model:
    """The model of the layers in a file, whether or not a graph beside them would do."""
    custom = CustomObjects(custom_objects)
    source = Source.open(formats.located(src))
    description = _read(source, custom, weights)
    custom.raise_missing(source.name, "" if description.module is None else _GRAPH_INSTEAD)
    _whole(description)
    if description.root is None:
        raise LoweringError(
            "a graph of TensorFlow has no layers that a file of Keras could hold", hint="write it as .onnx or as a SavedModel"
        )
    host = Hosts(custom.objects, run_once)
    return Model(as_graph(description, host), Compilation(host=host))


def save_model(
    model: Any,
    filepath: str | os.PathLike[str],
    overwrite: bool = True,
    save_format: str | None = None,
    include_optimizer: bool = True,
    signatures: Any = None,
    zipped: bool = True,
    *,
    version: int | None = None,
    strict: bool = False,
    progress: Callable[[int, int], None] | None = None,
    example: Any = None,
    opset: int | None = None,
    input_names: OnnxNames | None = None,
    output_names: OnnxNames | None = None,
    shapes: Mapping[str, Sequence[int | None]] | None = None,
    channels_first: bool | Sequence[str] = False,
    external_data: bool | None = None,
    library: str = "keras",
    record: bool | str = True,
) -> Conversion:
    """Write a model: a loaded one, or a live Keras model of any release and backend, which its own library saves.

    filepath, save_format: "keras", "h5" ("hdf5"), "tf" ("saved_model"), "weights", "safetensors", "json" or "onnx"; None goes by the suffix,
    and a name without one means a SavedModel. A known suffix of another kind is refused, any other name is taken as it is.
    overwrite: False refuses a place that is taken. include_optimizer: whether the training config and the optimizer's state are written.
    signatures: of a live model of Keras 2, for its SavedModel. zipped: False writes `.keras` as a folder.
    version: of a SavedModel, which is written into a folder of that number in `filepath`, as TensorFlow Serving expects.
    strict: whatever a reader would have to supply, or could stumble over, is an error and nothing is written.
    progress: called with the bytes of weights that were written, and of all.
    example: a small input, which is kept in the file with the model's output (data of yours: whoever has the file has them), for
    `load_model(..., verify=True)` and `loadstone verify`.
    library: which Keras is to open a `.keras` or `.h5` file: "keras" is Keras 3; "tf_keras" and "tf.keras" have another spelling for it.
    opset, input_names, output_names, shapes, channels_first, external_data: of `.onnx`, as for `convert`.
    record: keeps the environment (Python, platform, framework, versions of packages, names of custom objects) in the file of a whole model;
    "full" has all distributions, the devices, the commit and the sources of custom objects too; False keeps none. Never names of users or
    machines, paths or environment variables.

    The file or folder takes its place at once: whatever happens before, the old one stays. A new file is first read again, and its
    predictions are compared on random data; what a reader must supply as custom objects is in the answer.

    Raises UnsupportedOps or LoweringError for a model that the format cannot hold, ModelError where the numbers differ, FileExistsError for
    a place that is taken, MissingCustomObjects or ModelError because of strict, ValueError for arguments that contradict each other.
    """
    from loadstone.model.saving import ONNX, Wishes, save

    onnx = {name: value for name, value in locals().items() if name in ONNX}
    wishes = Wishes(include_optimizer, signatures, zipped, strict, onnx, progress, example, record, library)
    return save(model, filepath, overwrite, save_format, version, wishes)


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
