"""Traps of weights: files whose weights a library cannot find, count or place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loadstone.environment.diagnosis import Finding
from loadstone.environment.parts import MODELS
from loadstone.environment.traps.classes import is_custom, own
from loadstone.environment.traps.registry import Case, fix, trap

_LOOKUPS = ("TextVectorization", "StringLookup", "IntegerLookup", "IndexLookup")


@trap(docs="weights-by-position")
def model_classes_in_hdf5(case: Case) -> Iterator[Finding]:
    """A model of the user's own class is made anew from HDF5 without a call, so that it has no weights to load into."""
    root = next(iter(case.parts("keras3")), None) if case.stored.kind == "keras_h5" else None
    if root is not None and root.class_name not in MODELS and not root.is_model and is_custom(case, root):
        message = (
            f"Layer count mismatch when loading weights from file. Model expected 0 layers, found {len(case.stored.layers)} saved layers"
        )
        reason = f"{root.class_name} is a class of the user's, and HDF5 says nothing about the shape to build it with."
        for library in ("keras3", "tf_keras"):
            yield Finding("error", (library,), "a model of the user's own class in HDF5", reason, case.converted(".onnx"), "$", message)


@trap(docs="v3-weights")
def places_of_weights(case: Case) -> Iterator[Finding]:
    """Keras 3 keeps the weights of a model of the user's class by attribute; tf_keras looks for them under `layers`."""
    root = next(iter(case.parts("tf_keras")), None) if case.stored.kind in ("keras_v3", "keras_architecture") else None
    if root is None or root.class_name in MODELS or root.is_model or not is_custom(case, root):
        return
    by_attribute = bool(case.stored.places) and not any(place.startswith(("layers/", "_layer_checkpoint")) for place in case.stored.places)
    if by_attribute or (not case.stored.places and _written_by_3(case)):
        message = "expected 2 variables, but received 0 variables during loading"
        yield Finding(
            "error",
            ("tf_keras",),
            "weights by the names of attributes",
            "Keras 3 wrote them so; tf_keras looks under other names.",
            fix(case, "tf_keras"),
            "$",
            message,
        )


def _written_by_3(case: Case) -> bool:
    """Whether Keras 3 wrote a config that names no release."""
    build = case.stored.config.get("compile_config") if isinstance(case.stored.config, Mapping) else None
    return case.stored.release[:1] == (3,) or isinstance(build, Mapping) and build.get("steps_per_execution") is not None


@trap(docs="v3-weights")
def places_of_2_13(case: Case) -> Iterator[Finding]:
    """`.keras` files of tf.keras 2.12 to 2.14 keep weights by checkpoint dependencies, which tf_keras no longer looks under."""
    if case.stored.kind == "keras_v3" and any("_layer_checkpoint_dependencies" in place for place in case.stored.places):
        reason = "tf.keras 2.12 to 2.14 wrote the weights under _layer_checkpoint_dependencies; tf_keras looks under layers alone."
        message = "variables, but received 0 variables during loading"
        yield Finding("error", ("tf_keras",), "weights by checkpoint dependencies", reason, fix(case, "tf_keras"), "", message)


@trap(docs="old-arguments")
def embeddings_of_integers(case: Case) -> Iterator[Finding]:
    """Embedding(dtype="int32") of Keras up to 2.0.5 told of its input; today it makes the vectors integers."""
    if not case.stored.release or case.stored.release >= (2, 3) or case.stored.kind == "tf_saved_model":
        return
    for library in case.libraries:
        for part in own(case, library):
            dtype = part.config.get("dtype") if isinstance(part.config, Mapping) else None
            if part.class_name == "Embedding" and isinstance(dtype, str) and dtype.startswith(("int", "uint")):
                reason = f"{part.name!r} says dtype {dtype}, which was that of its input; {library.title} makes its vectors {dtype}."
                yield Finding(
                    "error",
                    (library.name,),
                    "Embedding of integers",
                    reason,
                    fix(case, library.name),
                    part.place,
                    "to EagerTensor of dtype int32",
                )
                break


@trap(docs="old-arguments")
def reset_after_not_said(case: Case) -> Iterator[Finding]:
    """GRU before Keras 2.1.5 had no `reset_after`, which today's default is True."""
    for library in case.libraries:
        if case.stored.kind == "tf_saved_model":
            continue
        for part in own(case, library):
            if (
                part.class_name in ("GRU", "GRUCell")
                and isinstance(part.config, Mapping)
                and "reset_after" not in part.config
                and "units" in part.config
            ):
                reason = "The file is older than the option, and means reset_after=False; today's default has another bias."
                yield Finding(
                    "error",
                    (library.name,),
                    f"{part.class_name} does not say reset_after",
                    reason,
                    fix(case, library.name),
                    part.place,
                    "Shape mismatch in layer #0",
                )
                break


@trap(docs="old-arguments")
def depth_multiplier_not_said(case: Case) -> Iterator[Finding]:
    """tf.keras up to TensorFlow 1.11 did not write a SeparableConv's `depth_multiplier`; the shape of its kernel tells it."""
    for library in case.libraries:
        for part in own(case, library):
            silent = isinstance(part.config, Mapping) and "depth_multiplier" not in part.config
            if not silent or not part.class_name.startswith("SeparableConv"):
                continue
            kernels = [shape for name, shape in case.stored.layers.get(part.name, ()) if "depthwise" in name]
            if any(shape[-1:] > (1,) for shape in kernels):
                yield Finding(
                    "error",
                    (library.name,),
                    f"{part.class_name} does not say depth_multiplier",
                    f"The weights of {part.name!r} are of more than one, and {library.title} takes 1.",
                    fix(case, library.name),
                    part.place,
                    "Shape mismatch",
                )
                break


@trap(docs="vocabularies")
def vocabularies_that_are_elsewhere(case: Case) -> Iterator[Finding]:
    """Lookup layers that learnt their words: HDF5 and JSON do not have them."""
    if case.stored.kind not in ("keras_h5", "keras_architecture"):
        return
    for library in case.libraries:
        for part in own(case, library):
            config = part.config if isinstance(part.config, Mapping) else {}
            if part.class_name in _LOOKUPS and not config.get("vocabulary"):
                reason = f"{part.class_name} {part.name!r} learnt its vocabulary, and this kind of file does not keep it: the first prediction fails."
                yield Finding(
                    "error", (library.name,), "the vocabulary is not in the file", reason, "", part.place, "Table not initialized"
                )
                break
