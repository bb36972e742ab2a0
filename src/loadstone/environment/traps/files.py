"""Traps of the file itself: which reader a framework chooses, by the name alone, and what it then finds."""

from __future__ import annotations

from collections.abc import Iterator

from loadstone.environment.diagnosis import Finding
from loadstone.environment.targets import TARGETS
from loadstone.environment.traps.registry import Case, fix, python, served, trap

_READERS = ("keras3", "tf_keras")


@trap(docs="damaged-files")
def no_model(case: Case) -> Iterator[Finding]:
    """Bytes that are no model: damaged, cut off, a web page, a pointer."""
    stored = case.stored
    if not stored.kind:
        reason = stored.problem or f"The file is {stored.what}."
        yield Finding("error", TARGETS, f"it is {stored.what or 'no model'}", reason, "", message="Unable to open file")
    elif stored.problem and stored.kind != "weights":
        yield Finding("error", TARGETS, "the file is damaged", stored.problem, f"loadstone inspect {case.path}")


@trap(docs="checkpoints-and-weights")
def weights_alone(case: Case) -> Iterator[Finding]:
    """Weights without a model: no framework can tell what they belong to."""
    if case.stored.kind == "weights":
        yield Finding(
            "error",
            TARGETS,
            "the file has weights and no model",
            f"It is {case.stored.what}: the layers stand in another file or in code.",
            python(f"import loadstone; loadstone.load_model('model.json', weights={case.stored.path!r})"),
            message="No model config found in the file",
        )


@trap(docs="unsupported-by-loadstone")
def not_read_here(case: Case) -> Iterator[Finding]:
    """What loadstone itself lacks for this file."""
    if case.problem and case.stored.kind not in ("", "weights") and not case.stored.problem:
        yield Finding("error", ("loadstone",), "loadstone does not run it", case.problem, f"loadstone inspect {case.path}")


@trap(docs="saved-model-in-keras-3")
def saved_model_in_keras_3(case: Case) -> Iterator[Finding]:
    """Keras 3 has no reader for SavedModels."""
    if case.stored.kind == "tf_saved_model":
        yield Finding(
            "error",
            ("keras3",),
            "Keras 3 does not load SavedModels",
            "keras.models.load_model lost that reader in 3.0; keras.layers.TFSMLayer gives the graph alone, without layers, and needs TensorFlow.",
            fix(case, "keras3"),
            message="File format not supported",
        )


@trap(docs="wrong-name-or-ending")
def ending_in_keras_3(case: Case) -> Iterator[Finding]:
    """Keras 3 goes by the ending: `.keras` must be a zip archive, `.h5` and `.hdf5` HDF5, and nothing else is a file of its."""
    stored, name = case.stored, case.stored.name
    if stored.kind not in ("keras_h5", "keras_v3"):
        return
    h5 = name.endswith((".h5", ".hdf5"))
    if stored.kind == "keras_h5" and not h5:
        is_keras = name.endswith(".keras")
        title = "the file is HDF5 and not named .h5"
        reason = (
            "It is called .keras, as tf.keras up to 2.12 called HDF5 too; Keras 3 takes that for a zip archive." if is_keras else _BY_ENDING
        )
        message = "File not found: filepath=" if is_keras else "File format not supported"
        yield Finding("error", ("keras3",), title, reason, f"cp {case.path} {_renamed(case, '.h5')}", message=message)
    elif stored.kind == "keras_v3" and not stored.folder and not name.endswith(".keras"):
        reason = "It is a zip archive, and h5py is asked to read it." if h5 else _BY_ENDING
        message = "Unable to synchronously open file (file signature not found)" if h5 else "File format not supported"
        yield Finding(
            "error",
            ("keras3",),
            "the file is a zip archive and not named .keras",
            reason,
            f"cp {case.path} {_renamed(case, '.keras')}",
            message=message,
        )


_BY_ENDING = "Keras 3 goes by the ending of the name, and knows .keras, .h5 and .hdf5."


@trap(docs="wrong-name-or-ending")
def ending_in_tf_keras(case: Case) -> Iterator[Finding]:
    """tf_keras reads a zip archive only under the name `.keras`, takes any other file for HDF5 and any folder for a SavedModel."""
    stored = case.stored
    if stored.kind == "keras_v3" and (stored.folder or not stored.name.endswith(".keras")):
        what = "a folder, which tf_keras takes for a SavedModel" if stored.folder else "a zip archive and not named .keras"
        yield Finding(
            "error",
            ("tf_keras",),
            f"the file is {what}",
            "tf_keras goes by the name.",
            fix(case, "tf_keras"),
            message="file signature not found",
        )


@trap(docs="wrong-name-or-ending")
def no_file_of_keras(case: Case) -> Iterator[Finding]:
    """Graphs of TensorFlow and files of TF.js: no `load_model` reads them."""
    stored = case.stored
    if stored.kind and stored.kind not in ("keras_h5", "keras_v3", "keras_architecture", "tf_saved_model", "weights"):
        command = "" if "graph" in stored.kind else fix(case, "keras3")
        yield Finding(
            "error", _READERS, f"load_model does not read it: {stored.what}", "Neither Keras nor tf_keras has a reader for it.", command
        )


@trap(docs="yaml")
def yaml_architectures(case: Case) -> Iterator[Finding]:
    """YAML was removed for its own security hole (TensorFlow 2.6)."""
    if case.stored.kind == "keras_architecture" and "YAML" in case.stored.what:
        reason = "model_from_yaml could run any code that a file names, and was removed in TensorFlow 2.6."
        yield Finding(
            "error",
            _READERS,
            "YAML is read no more",
            reason,
            case.converted(".json"),
            message="Method `model_from_yaml()` has been removed",
        )


@trap(docs="serving")
def serving_wants_a_saved_model(case: Case) -> Iterator[Finding]:
    """TensorFlow Serving reads SavedModels in numbered folders, and nothing else."""
    if case.stored.kind and case.stored.kind not in ("tf_saved_model", "weights") and not case.stored.problem:
        yield Finding("error", ("tf-serving",), "TensorFlow Serving reads SavedModels alone", f"This is {case.stored.what}.", served(case))


@trap(docs="large-protobufs")
def two_gigabytes(case: Case) -> Iterator[Finding]:
    """A protobuf message of 2 GB or more cannot be parsed by TensorFlow."""
    if case.stored.kind in ("tf_saved_model", "tf_frozen_graph", "tf_meta_graph") and case.stored.size >= 1 << 31:
        targets = ("tf_keras", "tensorflow", "tf-serving")
        yield Finding(
            "error",
            targets,
            "the graph is 2 GB or more",
            "No protobuf parser of TensorFlow reads it.",
            case.converted(""),
            message="exceeds maximum protobuf size of 2GB",
        )


def _renamed(case: Case, ending: str) -> str:
    import shlex

    stem = case.stored.name.rpartition(".")[0] or case.stored.name
    return shlex.quote(stem + ending)
