"""Traps of SavedModels: what tf_keras makes of the objects in them, and what their signatures lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loadstone.environment.diagnosis import Finding
from loadstone.environment.traps.registry import Case, fix, served, trap
from loadstone.errors import LoadstoneError
from loadstone.lowering.tensorflow.owners import owner

_MODELS = ("_tf_keras_model", "_tf_keras_network", "_tf_keras_sequential")
_LOOKUPS = ("StringLookup", "IntegerLookup", "IndexLookup", "TextVectorization")


def _error(case: Case, title: str, reason: str, message: str) -> Finding:
    return Finding("error", ("tf_keras",), title, reason, fix(case, "keras3"), message=message)


@trap(docs="saved-model-without-keras")
def no_objects(case: Case) -> Iterator[Finding]:
    """SavedModels of TensorFlow 1 and of Estimators are graphs alone."""
    if case.stored.kind == "tf_saved_model" and case.stored.graphs and not case.stored.graphs[0].objects:
        reason = "It has a graph and no objects, as TensorFlow 1 (simple_save, Estimator) wrote it."
        yield _error(case, "a SavedModel of TensorFlow 1", reason, "list index out of range")


@trap(docs="saved-model-without-keras")
def no_keras_objects(case: Case) -> Iterator[Finding]:
    """`tf.saved_model.save` and `Model.export` keep functions and variables; what tf_keras gives back is no model."""
    stored = case.stored
    if stored.kind != "tf_saved_model" or not stored.graphs or not stored.graphs[0].objects:
        return
    if stored.metadata_file or any(thing.metadata for thing in stored.objects):
        return
    if stored.objects:
        reason = "tf.saved_model.save wrote it without keras_metadata.pb, which since TensorFlow 2.5 only Model.save writes."
        yield _error(case, "a SavedModel of Keras without its metadata", reason, "Unable to create a TF-Keras model from SavedModel")
    else:
        reason = "It has functions and variables and no Keras objects: what load_model returns has no predict."
        yield _error(case, "a SavedModel that is no Keras model", reason, "'_UserObject' object has no attribute 'predict'")


def _old(case: Case) -> bool:
    """Whether the metadata stands in the graph of objects, as up to TensorFlow 2.4."""
    return case.stored.kind == "tf_saved_model" and not case.stored.metadata_file and any(thing.metadata for thing in case.stored.objects)


def _version(case: Case) -> tuple[int, ...]:
    numbers = str(case.stored.graphs[0].version).split(".") if case.stored.graphs else []
    return tuple(int(number) for number in numbers[:2] if number.isdecimal())


@trap(docs="saved-model-without-keras")
def models_inside_models(case: Case) -> Iterator[Finding]:
    """TensorFlow 1.14 to 2.1 tracked the variables of an inner model under a name that today's tf_keras uses itself."""
    if _old(case) and _version(case) < (2, 2) and any(thing.number and thing.identifier in _MODELS for thing in case.stored.objects):
        reason = "A model inside it tracks its variables under a name that tf_keras now takes for its own."
        yield _error(
            case,
            "a model inside a SavedModel of early TensorFlow",
            reason,
            "Called Trackable._track_trackable() with name='trainable_variables'",
        )


@trap(docs="saved-model-without-keras")
def layers_without_functions(case: Case) -> Iterator[Finding]:
    """A recurrent layer that was saved without its function is made anew from its config, for a shape that nobody says."""
    found = [
        thing
        for thing in case.stored.objects
        if "cell" in thing.children and "__call__" not in thing.children and "call_and_return_conditional_losses" not in thing.children
    ]
    if _old(case) and _version(case) < (2, 2) and found:
        yield _error(
            case,
            "a recurrent layer without its function",
            "TensorFlow wrote no function of it.",
            "Exception encountered when calling layer",
        )


@trap(docs="vocabularies")
def tables_of_other_names(case: Case) -> Iterator[Finding]:
    """Lookup layers of TensorFlow 2.3 and 2.4 keep their tables under names that later layers do not look under."""
    if _old(case) and any(_class(thing.metadata) in _LOOKUPS for thing in case.stored.objects):
        reason = "Lookup layers of TensorFlow 2.3 and 2.4 keep their tables otherwise than those of tf_keras."
        yield _error(case, "a vocabulary of an older lookup layer", reason, "Python objects that were not bound to checkpointed values")


@trap(docs="old-arguments")
def category_encodings(case: Case) -> Iterator[Finding]:
    """CategoryEncoding of TensorFlow 2.3 and 2.4 with max_tokens and weights."""
    if _old(case) and any(
        _class(thing.metadata) == "CategoryEncoding" and (_config(thing.metadata).get("output_mode") == "tf-idf")
        for thing in case.stored.objects
    ):
        yield _error(
            case,
            "CategoryEncoding with tf-idf",
            "It had its own weights before TensorFlow 2.6.",
            "Unable to restore object of class 'CategoryEncoding'",
        )


@trap(docs="tensorflow-functions")
def casts_of_buckets(case: Case) -> Iterator[Finding]:
    """Functions of TensorFlow behind Discretization or Hashing: a node that names the dtype of its input, which is another today."""
    stored = case.stored
    layers = [layer for layer in _listed(_config(stored.config), "layers") if isinstance(layer, Mapping)]
    kinds = {str(layer.get("name")): str(layer.get("class_name")) for layer in layers}
    wanted = ("Discretization", "Hashing") if stored.kind == "tf_saved_model" else ("Discretization",)
    if (
        not any(library.name == "tf_keras" for library in case.libraries)
        or stored.release >= (2, 6)
        or not stored.release
        and not _old(case)
    ):
        return
    for layer in layers:
        if layer.get("class_name") != "TensorFlowOpLayer":
            continue
        nodes = [node for node in _listed(layer, "inbound_nodes") if isinstance(node, list)]
        sources = [item[0] for node in nodes for item in node if isinstance(item, list) and item]
        if any(kinds.get(str(source)) in wanted for source in sources):
            reason = "Its node says that its input is an integer of 32 bits, as Discretization gave it; tf_keras gives 64."
            yield _error(case, f"{layer.get('name')} takes an input of another dtype", reason, "Exception encountered when calling layer")
            return


@trap(docs="signatures")
def no_signature(case: Case) -> Iterator[Finding]:
    """TensorFlow Serving and TFSMLayer call signatures, and nothing else."""
    if case.stored.kind != "tf_saved_model" or not case.stored.graphs:
        return
    tagged = [graph for graph in case.stored.graphs if "serve" in graph.tags]
    if not tagged:
        reason = f"Its tags are {', '.join('+'.join(graph.tags) or 'none' for graph in case.stored.graphs)}."
        yield Finding(
            "error",
            ("tf-serving",),
            "no graph is tagged serve",
            reason,
            served(case),
            message="MetaGraphDef associated with tags {'serve'} could not be found",
        )
    elif not any(_usable(name, signature) for name, signature in tagged[0].signatures.items()):
        message = "The endpoint 'serving_default' is neither an attribute"
        yield Finding(
            "error", ("tf-serving",), "it has no signature", "TensorFlow Serving calls signatures alone.", served(case), message=message
        )


def _usable(name: str, signature: Any) -> bool:
    return not name.startswith("__") and bool(signature.outputs)


@trap(docs="signatures")
def learning_phase(case: Case) -> Iterator[Finding]:
    """SavedModels of Keras 1 and 2.0 want a value that no signature lists."""
    if case.stored.kind != "tf_saved_model" or not case.stored.graphs or case.stored.graphs[0].objects:
        return
    for graph in case.stored.graphs[:1]:
        try:
            nodes = {node.name: node for node in graph.graph.nodes}
        except LoadstoneError:
            return
        for name, signature in graph.signatures.items():
            listed = {info.name.partition(":")[0] for info in signature.inputs.values() if info.name}
            wanted = [info.name.partition(":")[0] for info in signature.outputs.values() if info.name]
            if any(node.endswith("keras_learning_phase") and node not in listed for node in _reached(nodes, wanted)):
                reason = (
                    f"The signature {name!r} needs the placeholder keras_learning_phase and does not list it; it is False for inference."
                )
                yield Finding(
                    "error",
                    ("tf-serving",),
                    "the graph wants keras_learning_phase",
                    reason,
                    served(case),
                    message="A SavedModel signature needs an input for each placeholder",
                )
                return


def _reached(nodes: Mapping[str, Any], wanted: list[str]) -> set[str]:
    """The placeholders that outputs depend on."""
    seen: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in seen and name in nodes:
            seen.add(name)
            wanted += [source.lstrip("^").partition(":")[0] for source in nodes[name].inputs]
    return {name for name in seen if nodes[name].op in ("Placeholder", "PlaceholderV2")}


@trap(docs="foreign-ops")
def ops_of_other_packages(case: Case) -> Iterator[Finding]:
    """Ops that another package brings: every process that loads the graph needs it."""
    if case.stored.kind != "tf_saved_model":
        return
    found: dict[str, str] = {}
    for graph in case.stored.graphs:
        try:
            nodes = [*graph.graph.nodes, *(node for function in graph.graph.functions.values() for node in function.nodes)]
        except LoadstoneError:
            return
        for node in nodes:
            package = owner(node.op) if node.op not in found else None
            if package is not None:
                found[node.op] = package
    for op, package in sorted(found.items())[:1]:
        ended = " Its last release is of May 2024, for TensorFlow 2.15." if package == "tensorflow_addons" else ""
        reason = f"{', '.join(sorted(found))}: of {', '.join(sorted(set(found.values())))}, which must be imported first.{ended}"
        targets = ("tf_keras", "tensorflow", "tf-serving")
        yield Finding(
            "error",
            targets,
            f"it needs ops of {package}",
            reason,
            f"pip install {package.replace('_', '-')}",
            message=f"Op type not registered '{op}' in binary running on",
        )


def _class(metadata: Mapping[str, Any]) -> str:
    return str(metadata.get("class_name"))


def _config(metadata: Any) -> Mapping[str, Any]:
    found = metadata.get("config") if isinstance(metadata, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _listed(found: Mapping[str, Any], name: str) -> list[Any]:
    inner = found.get(name)
    return inner if isinstance(inner, list) else []
