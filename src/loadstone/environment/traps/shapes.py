"""Traps of shapes and graphs: models that a library builds with another shape, another axis, or cannot connect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loadstone.environment.diagnosis import Finding
from loadstone.environment.parts import Part
from loadstone.environment.traps.classes import own
from loadstone.environment.traps.registry import Case, fix, plain, trap


def _keras_3(case: Case) -> list[Part]:
    return case.parts("keras3") if any(library.name == "keras3" for library in case.libraries) else []


@trap(docs="old-arguments")
def shape_with_the_batch_axis(case: Case) -> Iterator[Finding]:
    """The old reader of Keras 3 takes a first layer's `batch_input_shape` for its shape without the batch axis, and adds one more."""
    for part in _keras_3(case):
        shape = part.config.get("input_shape") if isinstance(part.config, Mapping) else None
        in_model = part.parent is not None and part.parent.class_name == "Sequential"
        if part.first and in_model and part.reader == "old" and shape is not None and part.class_name != "InputLayer":
            reason = f"Keras up to 2.3 keeps the input's shape {plain(shape)} in the first layer of a Sequential; Keras 3 gives it one more axis."
            message = f"Input 0 with name 'None' of layer '{part.name}' is incompatible with the layer"
            yield Finding(
                "error", ("keras3",), "a Sequential whose first layer has the shape", reason, fix(case, "keras3"), part.place, message
            )
            return


@trap(docs="weights-by-position")
def sequential_never_built(case: Case) -> Iterator[Finding]:
    """A Sequential without the shape of its input has no weights before its first call, so none can be loaded into it."""
    if case.stored.kind != "keras_h5" or not any(weights for weights in case.stored.layers.values()):
        return
    for library in case.libraries:
        root = next(iter(case.parts(library.name)), None)
        if root is None or root.class_name != "Sequential":
            continue
        first = next((part for part in case.parts(library.name) if part.parent is root), None)
        known = root.config.get("build_input_shape") if isinstance(root.config, Mapping) else None
        if first is None or known or not isinstance(first.config, Mapping):
            continue
        if (
            first.class_name != "InputLayer"
            and not first.is_model
            and not {"batch_input_shape", "input_shape", "input_dim"} & set(first.config)
            and first.class_name != "Embedding"
        ):
            message = f"Layer count mismatch when loading weights from file. Model expected 0 layers, found {len(case.stored.layers)} saved layers"
            yield Finding(
                "error",
                (library.name,),
                "a Sequential without the shape of its input",
                "It has no weights before its first call.",
                fix(case, library.name),
                "",
                message,
            )


@trap(docs="nested-models")
def nodes_of_nested_models(case: Case) -> Iterator[Finding]:
    """tf.keras counted a node that every model has from its own making; Keras 3 counts calls alone and finds one too few."""
    for model in _keras_3(case):
        if not model.is_model or not isinstance(model.config, Mapping) or "input_layers" not in model.config:
            continue
        layers = {str(layer.get("name")): layer for layer in model.inner if isinstance(layer, Mapping)}
        for layer in layers.values():
            for name, index in _references(layer.get("inbound_nodes")):
                target = layers.get(name)
                nodes = target.get("inbound_nodes") if target else None
                calls = len(nodes) if isinstance(nodes, list) else 0
                if target is not None and index >= (calls or 1):
                    reason = f"{layer.get('name')!r} takes the output of call {index} of {name!r}, which Keras 3 calls {calls} times."
                    message = (
                        "Invalid Functional model configuration. The graph of the Functional model either has loops or disconnected nodes"
                    )
                    yield Finding("error", ("keras3",), "a model inside a model", reason, fix(case, "keras3"), model.place, message)
                    return


def _references(nodes: Any) -> Iterator[tuple[str, int]]:
    """(layer, node) of each input in the form before Keras 3: lists of [layer, node, tensor, arguments]."""
    for node in nodes if isinstance(nodes, list) else ():
        for item in node if isinstance(node, list) else ():
            if isinstance(item, list) and len(item) >= 3 and isinstance(item[0], str) and isinstance(item[1], int):
                yield item[0], item[1]


_RECURRENT = ("RNN", "LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Bidirectional", "CuDNNLSTM", "CuDNNGRU")


@trap(docs="old-arguments")
def states_among_the_inputs(case: Case) -> Iterator[Finding]:
    """Keras 2 keeps initial states of a recurrent layer as further inputs in a list; Keras 3 takes one input."""
    for model in _keras_3(case):
        for layer in model.inner if model.is_model else ():
            if (
                not isinstance(layer, Mapping)
                or layer.get("class_name") not in _RECURRENT
                or not isinstance(layer.get("inbound_nodes"), list)
            ):
                continue
            if any(isinstance(node, list) and len(node) > 1 for node in layer["inbound_nodes"]):
                reason = f"{layer.get('name')!r} gets its states as further inputs, as Keras 2 wrote it; Keras 3 has them as initial_state."
                message = f'Layer "{layer.get("name")}" expects 1 input(s), but it received'
                yield Finding("error", ("keras3",), "initial states among the inputs", reason, fix(case, "keras3"), model.place, message)
                return


@trap(docs="old-arguments")
def axes_that_are_lost(case: Case) -> Iterator[Finding]:
    """The old reader of Keras 3 drops an `axis` that is a list of several, and the default takes its place."""
    for part in own(case, next(library for library in case.libraries if library.name == "keras3")) if _keras_3(case) else ():
        stored = part.stored.get("config")
        axis = stored.get("axis") if isinstance(stored, Mapping) else None
        if part.reader != "old" or not isinstance(axis, list) or len(axis) < 2:
            continue
        reason = f"{part.class_name} {part.name!r} works along the axes {axis}; in HDF5 Keras 3 drops that and takes the last axis."
        if part.class_name in ("LayerNormalization", "BatchNormalization", "Normalization", "PReLU"):
            yield Finding(
                "error",
                ("keras3",),
                "several axes are lost",
                reason,
                fix(case, "keras3"),
                part.place,
                f"Shape mismatch in layer #0 (named {part.name})",
            )
        else:
            yield Finding("warning", ("keras3",), "several axes are lost", reason, fix(case, "keras3"), part.place, wrong=True)
        return


@trap(docs="old-arguments")
def slashes_in_names(case: Case) -> Iterator[Finding]:
    """Keras 3 refuses `/` in the name of a layer."""
    for part in _keras_3(case):
        name = part.config.get("name") if isinstance(part.config, Mapping) else None
        if isinstance(name, str) and "/" in name:
            message = "Argument `name` must be a string and cannot contain character `/`"
            yield Finding(
                "error",
                ("keras3",),
                "a layer with / in its name",
                f"Keras 3 refuses the name {name!r}.",
                fix(case, "keras3"),
                part.place,
                message,
            )
            return
