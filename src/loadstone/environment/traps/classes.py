"""Traps of class names: which class a library finds for what a config says."""

from __future__ import annotations

from collections.abc import Iterator

from loadstone.environment.diagnosis import Finding
from loadstone.environment.parts import MODELS, Part
from loadstone.environment.taken import Library, known_to_any
from loadstone.environment.traps.registry import Case, fix, trap

_KERAS_1 = set(
    """
    Merge Convolution1D Convolution2D Convolution3D Deconvolution2D AtrousConvolution1D AtrousConvolution2D AtrousConv1D AtrousConv2D
    SeparableConvolution2D Deconv2D MaxoutDense Highway TimeDistributedDense Graph
    """.split()
)


def is_custom(case: Case, part: Part) -> bool:
    """True for a class of the user's: the caller of a framework gives it."""
    registered = part.stored.get("registered_name")
    return case.custom(part.class_name) or isinstance(registered, str) and case.custom(registered)


def by_name(library: Library, part: Part) -> bool:
    """Whether the library looks the class up by its bare name, and not in the module beside it."""
    if part.reader == "old":
        return True
    return library.name == "tf_keras" and not part.root


@trap(docs="keras-1")
def sequential_as_a_list(case: Case) -> Iterator[Finding]:
    """Up to Keras 2.2.2 a Sequential's config was the list of its layers."""
    for part in case.parts("keras3") if any(library.name == "keras3" for library in case.libraries) else ():
        if part.class_name == "Sequential" and isinstance(part.config, list):
            reason = "Its layers are a list, as Keras up to 2.2.2 wrote them; Keras 3 wants an object with a name."
            message = "pop expected at most 1 argument, got 2" if part.reader == "old" else "Expected 'config' to be a dict for Sequential"
            yield Finding("error", ("keras3",), "a Sequential model that is a list", reason, fix(case, "keras3"), part.place, message)
            return


@trap(docs="custom-objects")
def custom_objects(case: Case) -> Iterator[Finding]:
    """Classes and functions of the user's, which no file contains."""
    if case.given and case.libraries:
        names = ", ".join(sorted(case.given)[:10])
        message = f"Unknown layer: {sorted(case.given)[0]!r}"
        has_graph = case.stored.kind == "tf_saved_model"
        severity, targets = ("note", ("tf_keras",)) if has_graph else ("warning", ("loadstone", "keras3", "tf_keras"))
        reason = f"The file has names for them and not their code: {names}. What follows supposes that they are passed as custom_objects."
        yield Finding(severity, targets, f"it needs custom objects: {names}", reason, f"loadstone stub {case.path}", message=message)


@trap(docs="old-class-names")
def class_not_there(case: Case) -> Iterator[Finding]:
    """A class that the library has under another name, elsewhere, or no more."""
    for library in case.libraries:
        if case.stored.kind == "tf_saved_model":
            continue  # what cannot be made of a config there is revived from its graph
        for part in case.parts(library.name):
            if is_custom(case, part) or not by_name(library, part) or library.signature("layers", part.class_name) is not None:
                continue
            if part.class_name in library.functions["layers"]:
                continue
            yield Finding(
                "error",
                (library.name,),
                f"{library.title} has no layer {part.class_name}",
                _why(library, part),
                fix(case, library.name),
                part.place,
                _unknown(library, part),
            )
            break


def _unknown(library: Library, part: Part) -> str:
    if library.name == "tf_keras" and part.reader == "new":
        return "'str' object is not callable"
    return f"Unknown layer: '{part.class_name}'"


def _why(library: Library, part: Part) -> str:
    name = part.class_name
    if name in ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod"):
        return "tf.keras made it of a function of TensorFlow that was called on a layer's output; Keras 3 has no such layer."
    if name in _KERAS_1:
        return "A layer of Keras 1."
    if name.startswith("CuDNN"):
        return "It became LSTM or GRU in TensorFlow 2."
    if known_to_any("layers", name):
        return "HDF5 names classes without their modules, and this one is not among those that are looked up by name."
    return "The class belongs to another release or another package, which must be installed and passed as custom_objects."


@trap(docs="new-file-old-keras")
def module_not_there(case: Case) -> Iterator[Finding]:
    """Files of the v3 format name the module of a class; each release moved some."""
    for library in case.libraries:
        if case.stored.kind == "tf_saved_model":
            continue
        for part in case.parts(library.name):
            if is_custom(case, part) or by_name(library, part) or part.module is None:
                continue
            if not library.holds(part.module, part.class_name):
                reason = f"The file names the class {part.module}.{part.class_name}, and {library.title} has none there."
                message = f"Could not deserialize class '{part.class_name}' because its parent module"
                yield Finding(
                    "error",
                    (library.name,),
                    f"{part.class_name} is not where the file says",
                    reason,
                    fix(case, library.name),
                    part.place,
                    message,
                )
                break


@trap(docs="new-file-old-keras")
def module_not_named(case: Case) -> Iterator[Finding]:
    """Configs from before tf.keras 2.13 name no module, which Keras 3 wants in JSON and inside wrappers."""
    for library in case.libraries:
        if library.name != "keras3":
            continue
        for part in case.parts(library.name):
            if part.reader == "new" and part.module is None and not is_custom(case, part):
                inside = f"inside {part.parent.class_name} " if part.wrapped and part.parent else ""
                reason = (
                    f"{part.class_name} stands {inside}without its module, as before tf.keras 2.13; Keras 3 looks for nothing else there."
                )
                yield Finding(
                    "error",
                    ("keras3",),
                    f"{part.class_name} {inside}has no module",
                    reason,
                    fix(case, "keras3"),
                    part.place,
                    f"Could not locate class '{part.class_name}'",
                )
                return


@trap(docs="gpu-only")
def layers_for_gpus(case: Case) -> Iterator[Finding]:
    """CuDNNLSTM and CuDNNGRU have no kernel for CPUs in any TensorFlow."""
    found = [
        part
        for library in case.libraries
        if library.name == "tf_keras"
        for part in case.parts("tf_keras")
        if part.class_name.startswith("CuDNN")
    ]
    if found:
        reason = f"{found[0].class_name} calls the op CudnnRNN, which TensorFlow has for GPUs alone. loadstone runs it anywhere."
        yield Finding(
            "error",
            ("tf_keras",),
            "it needs a GPU in TensorFlow",
            reason,
            fix(case, "keras3"),
            found[0].place,
            "No OpKernel was registered to support Op 'CudnnRNN'",
        )


def own(case: Case, library: Library) -> list[Part]:
    """The parts that are layers of the library itself, models and operations apart."""
    return [
        part
        for part in case.parts(library.name)
        if part.class_name not in MODELS
        and not part.is_model
        and not is_custom(case, part)
        and not (part.module or "").startswith("keras.src.ops.")
    ]
