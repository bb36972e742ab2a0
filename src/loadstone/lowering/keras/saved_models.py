"""Layers that call a function of a SavedModel: KerasLayer of tensorflow_hub, TFSMLayer of Keras.

tensorflow_hub/keras_layer.py (`call`), keras/src/export/tfsm_layer.py; tensorflow/python/saved_model/function_deserialization.py for which
graph of a function is called. The graph is walked where the layer stands, with the layer's weights in place of the variables.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from loadstone.errors import FormatError, ModelError, UnsupportedAttribute
from loadstone.ir import Layer, Spec, Structure, dtypes, flatten, map_structure
from loadstone.ir.saved_function import SavedFunction, Variant
from loadstone.lowering.block import Shape, Value
from loadstone.lowering.keras.walk import Call, Traced, Walk
from loadstone.lowering.registry import keras_layer
from loadstone.lowering.tensorflow.variables import Variable
from loadstone.lowering.tensorflow.walk import GraphWalk, Resource


@keras_layer(
    "KerasLayer", raw=True, autocast=False,
    options="handle arguments signature output_key signature_outputs_as_dict output_shape",
)  # fmt: skip
@keras_layer("TFSMLayer", raw=True, autocast=False, options="filepath call_endpoint call_training_endpoint")
def saved_model(walk: Walk, layer: Layer, call: Call) -> Structure | None:
    """What the function gives for the input, in its structure. Floats are cast to the layer's dtype first, as Keras does.

    Raises ModelError where no graph of the function fits, UnsupportedAttribute for one that assigns to variables.
    """
    function = layer.saved
    if function is None:
        walk.unsupported.setdefault(layer.class_name, []).append(layer.path or layer.name)
        walk.reasons[layer.class_name] = "its SavedModel is not where its config says, seen from this file"
        return None
    surplus = [name for name in call.arguments if name not in ("inputs", "mask")]
    if surplus or "inputs" not in call.arguments:
        raise UnsupportedAttribute(f"{layer.class_name} is called with {', '.join(surplus) or 'no input'}")
    if call.training and function.trains and (layer.trainable or layer.class_name == "TFSMLayer"):
        raise UnsupportedAttribute(f"{layer.class_name} called with training=True")
    given = map_structure(lambda leaf: _cast(walk, layer, leaf), call.first)
    variant, values = _chosen(function, given)
    try:
        outputs = _run(walk, layer, function, variant, values)
    except FormatError as error:
        raise ModelError(f"the SavedModel {function.place!r} cannot be used: {error.message}") from error
    if outputs is None:
        return None
    if function.output_key is not None:
        if not isinstance(outputs, dict) or function.output_key not in outputs:
            has = ", ".join(map(repr, outputs)) if isinstance(outputs, dict) else "no dict"
            raise ModelError(f"output_key is {function.output_key!r}, the SavedModel gives {has}")
        outputs = outputs[function.output_key]
    if function.output_shape is not None:
        outputs = _shaped(walk, function.output_shape, outputs, flatten(given))
    return map_structure(lambda value: Traced(value) if isinstance(value, Value) else value, outputs)


def _cast(walk: Walk, layer: Layer, leaf: Any) -> Any:
    floats = isinstance(leaf, Value) and leaf.dtype in dtypes.FLOATS and layer.policy.compute in dtypes.FLOATS
    return walk.b.cast(leaf, layer.policy.compute) if floats else leaf


# -- which graph ------------------------------------------------------------------------------------------------------


def _chosen(function: SavedFunction, given: Structure) -> tuple[Variant, list[Value]]:
    """The first graph whose input is like what is given, and the tensors in its order."""
    for variant in function.variants:
        values: list[Value] = []
        expected = variant.inputs
        if function.named and isinstance(given, Value) and len(expected) == 1:
            (expected,) = expected.values()
        if _fits(expected, given, values):
            return variant, values
    wanted = " or ".join(_shown(variant.inputs) for variant in function.variants[:10]) or "arguments that the layer does not give"
    raise ModelError(f"the SavedModel takes {wanted}; the layer is called with {_shown(given)}")


def _fits(expected: Structure, given: Structure, values: list[Value]) -> bool:
    if isinstance(expected, Spec):
        if not isinstance(given, Value) or given.dtype != expected.dtype:
            return False
        values.append(given)
        return expected.shape is None or _compatible(expected.shape, given.shape)
    if isinstance(expected, dict):
        alike = isinstance(given, dict) and set(given) == set(expected)
        return alike and all(_fits(expected[key], given[key], values) for key in sorted(expected))
    if isinstance(expected, list):
        alike = isinstance(given, (list, tuple)) and len(given) == len(expected)
        return alike and all(_fits(e, g, values) for e, g in zip(expected, given, strict=True))
    return not isinstance(given, Value) and bool(expected == given)


def _compatible(one: Shape, other: Shape) -> bool:
    return len(one) == len(other) and all(None in (a, b) or a == b for a, b in zip(one, other, strict=True))


def _shown(structure: Structure) -> str:
    """A structure of tensors for a message."""
    if isinstance(structure, dict):
        return f"{{{', '.join(f'{key!r}: {_shown(value)}' for key, value in structure.items())}}}"
    if isinstance(structure, (list, tuple)):
        return f"[{', '.join(map(_shown, structure))}]"
    return f"{structure.dtype} {structure.shape or '?'}" if isinstance(structure, (Spec, Value)) else repr(structure)


# -- running it -------------------------------------------------------------------------------------------------------


def _run(walk: Walk, layer: Layer, function: SavedFunction, variant: Variant, values: list[Value]) -> Structure | None:
    """The results of the graph in their structure; None where an op of it has no rule, which is noted."""
    keyed = {w.key: layer.weights[w.label] for w in function.weights if w.key is not None and w.label in layer.weights}
    inner = GraphWalk(walk.b, dataclasses.replace(function.module, variables={**function.module.variables, **keyed}))
    inner.start()
    _set_by_node(inner, layer, function)
    graph = variant.read()
    constants = [walk.b.weight(tensor) for tensor in variant.constants]
    found = inner.graph(graph, [inner.flowing(value) for value in (*values, *constants)])
    if inner.unsupported and (inner.required or any(thing is None for thing in found)):
        for op, places in inner.unsupported.items():
            walk.unsupported.setdefault(op, []).extend(f"{layer.path or layer.name}/{place}" for place in places)
            walk.reasons[op] = inner.reasons[op]
        return None
    inner.raise_problems(found)
    if inner.assigned:
        raise UnsupportedAttribute("a SavedModel inside a layer that changes its variables whenever it runs")
    results = [thing.output(inner) if isinstance(thing, Resource) else thing for thing in found]
    shapes = iter(variant.shapes)
    told = iter([_refined(walk, value, next(shapes, None)) for value in results])
    return map_structure(lambda _: next(told), graph.outputs)


def _set_by_node(inner: GraphWalk, layer: Layer, function: SavedFunction) -> None:
    """The layer's weights in place of variables that are known by their nodes."""
    for weight in function.weights:
        if weight.key is None:
            key = f"variable//{weight.node}"
            variable = inner.resources.setdefault(key, Variable(key, weight.name, weight.dtype, weight.shape))
            variable.value = inner.b.weight(layer.weights[weight.label])


def _refined(walk: Walk, value: Value, shape: Shape | None) -> Value:
    """The tensor with the lengths that are told of it. Raises ModelError where they contradict what is known."""
    if shape is None:
        return value
    if not _compatible(value.shape, shape):
        raise ModelError(f"the SavedModel says that it gives a tensor of shape {shape}; its graph gives {value.shape}")
    if any(known is None and told is not None for known, told in zip(value.shape, shape, strict=True)):
        return walk.b.op("Identity", value, out_shape=shape)
    return value


def _shaped(walk: Walk, told: Structure, outputs: Structure, given: list[Any]) -> Structure:
    """Outputs with the lengths that the layer's config gives them behind the batch, which is that of the first input."""
    if isinstance(told, Spec) and isinstance(outputs, Value):
        batch = given[0].shape[:1] if given and isinstance(given[0], Value) else ()
        return _refined(walk, outputs, (*batch, *(told.shape or ())))
    if isinstance(told, dict) and isinstance(outputs, dict) and set(told) == set(outputs):
        return {key: _shaped(walk, told[key], outputs[key], given) for key in outputs}
    if isinstance(told, list) and isinstance(outputs, (list, tuple)) and len(told) == len(outputs):
        return [_shaped(walk, t, o, given) for t, o in zip(told, outputs, strict=True)]
    raise ModelError("output_shape has another structure than what the SavedModel gives")
