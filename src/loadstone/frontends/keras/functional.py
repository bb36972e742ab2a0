"""Graphs of Sequential and Functional models, from their configs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loadstone.errors import ModelError
from loadstone.frontends.keras.feature_columns import features
from loadstone.frontends.keras.history.output_padding import restore_output_padding
from loadstone.frontends.keras.nodes import Reference, read_call, read_tensors, references
from loadstone.frontends.keras.order import as_keras_runs
from loadstone.ir import Graph, Layer, Node, Output, Structure, flatten, map_structure

ReadLayer = Callable[[dict[str, Any]], Layer]


def sequential_graph(config: dict[str, Any], read_layer: ReadLayer, where: str, outermost: bool) -> Graph:
    """A chain. Where the file has no InputLayer, the first layer's shape or the shape that the model was built with serves.

    A model inside another may have neither: it takes what it is given.
    """
    layers = [read_layer(stored) for stored in config.get("layers", [])]
    if not layers:
        raise ModelError("a Sequential model without layers", where=where)
    if layers[0].class_name == "DenseFeatures":
        return _of_features(layers, where)
    if layers[0].class_name != "InputLayer":
        layers.insert(0, _implied_input(layers[0], config, where, outermost))
    nodes: list[Node] = []
    for layer in layers:
        args = (_given_by(nodes[-1]),) if nodes else ()
        nodes.append(Node(layer.domain, layer.class_name, layer.name, args, layer=layer))
    start = nodes[0]
    return Graph(nodes, [start], Output(start), _given_by(nodes[-1]), layers)


def _of_features(layers: list[Layer], where: str) -> Graph:
    """A chain that begins with a DenseFeatures: it takes a dict of features, which only the columns tell."""
    inputs = {
        key: Layer("InputLayer", key, {"batch_shape": [None, *shape], "dtype": dtype}, path=f"{where}/{key}")
        for key, (shape, dtype) in features(layers[0]).items()
    }
    starts = {key: Node("keras", "InputLayer", key, layer=layer) for key, layer in inputs.items()}
    nodes = list(starts.values())
    given: Structure = {key: Output(node) for key, node in starts.items()}
    for layer in layers:
        nodes.append(Node(layer.domain, layer.class_name, layer.name, (given,), layer=layer))
        given = _given_by(nodes[-1])
    return Graph(nodes, list(starts.values()), {key: Output(node) for key, node in starts.items()}, given, layers)


# Layers of a chain that hand on a list as it is when the model predicts.
_PASSING = frozenset(
    "ActivityRegularization AlphaDropout Dropout GaussianDropout GaussianNoise Identity SpatialDropout1D SpatialDropout2D SpatialDropout3D".split()
)


def _given_by(node: Node) -> Structure:
    """All that a layer of a chain gives: a list where that is several tensors."""
    assert node.layer is not None
    passed = node.args[0] if node.args and node.layer.class_name in _PASSING else None
    count = len(passed) if isinstance(passed, list) else _outputs(node.layer)
    return Output(node) if count == 1 else [Output(node, i) for i in range(count)]


def _outputs(layer: Layer) -> int:
    """How many tensors a layer gives for one: models and recurrent layers with their states may give several."""
    if layer.graph is not None:
        return len(flatten(layer.graph.outputs))
    if layer.class_name == "Bidirectional" and "forward_layer" in layer.children:
        states = _outputs(layer.children["forward_layer"]) - 1
        return (2 if layer.config.get("merge_mode") is None else 1) + 2 * states
    return 1 + (_states(layer.children.get("cell", layer)) if layer.config.get("return_state") else 0)


def _states(layer: Layer) -> int:
    if layer.class_name == "StackedRNNCells":
        return sum(map(_states, layer.children.values()))
    return 2 if "LSTM" in layer.class_name else 1


def pipeline_graph(config: dict[str, Any], read_layer: ReadLayer) -> Graph:
    """The chain of a Pipeline, which has no input of its own: its first node takes what the Pipeline is given."""
    layers = [read_layer(stored) for stored in config.get("layers", [])]
    nodes = [Node(layer.domain, layer.class_name, layer.name, layer=layer) for layer in layers]
    return Graph(nodes, [], [], [Output(nodes[-1])] if nodes else [], layers)


def _implied_input(first: Layer, config: dict[str, Any], where: str, outermost: bool) -> Layer:
    shape = first.config.get("batch_shape") or config.get("build_input_shape") or first.build_config.get("input_shape")
    if shape is None and first.graph is not None:
        entry = first.graph.inputs[0].layer
        shape = entry.config["batch_shape"] if entry is not None else None
    known = isinstance(shape, (list, tuple)) and all(isinstance(d, (int, type(None))) for d in shape)
    if outermost and not known:
        raise ModelError("the model was saved before it had an input shape", where=where)
    given = {"batch_shape": list(shape) if known else None, "dtype": first.policy.compute}  # type: ignore[arg-type]
    return Layer("InputLayer", f"{first.name}_input", given, path=f"{where}/input")


def functional_graph(config: dict[str, Any], read_layer: ReadLayer, where: str, release: tuple[int, ...]) -> Graph:
    """Nodes in the order in which they can run; every reference of the file resolved. release: of the Keras that wrote the file."""
    keras_3 = release >= (3,)
    stored = config.get("layers")
    if not isinstance(stored, list) or "input_layers" not in config or "output_layers" not in config:
        raise ModelError("a functional model needs layers, input_layers and output_layers", where=where)
    layers: dict[str, Layer] = {}
    calls: dict[str, list[Any]] = {}
    for data in stored:
        layer = read_layer(data)
        name = str(data.get("name") or layer.name)
        if name in layers:
            raise ModelError(f"two layers are called '{name}'", where=where)
        layers[name] = layer
        calls[name] = [_as_predicted(layer, *read_call(call), release) for call in data.get("inbound_nodes") or []]
        if layer.class_name == "InputLayer" and not calls[name]:
            calls[name] = [((), {})]
    ends = [read_tensors(config[key]) for key in ("input_layers", "output_layers")]
    within = set() if keras_3 else _counted_from_1(layers, calls, ends)
    nodes = _in_order(layers, calls, within, where)
    counted = {name for name, layer in layers.items() if layer.class_name == "Functional"} if keras_3 else within

    def resolve(leaf: Any) -> Any:
        return _output(leaf, nodes, counted, where) if isinstance(leaf, Reference) else leaf

    entry = map_structure(resolve, _unpack(read_tensors(config["input_layers"])))
    outputs = map_structure(resolve, _unpack(read_tensors(config["output_layers"])))
    if release < (2, 3) and isinstance(outputs, list):  # `predict` gave one flat list up to TensorFlow 2.1
        outputs = flatten(outputs)
    inner = [leaf.node.name for leaf in flatten(entry) if leaf.node.op != "InputLayer"]
    if inner:  # Keras warns of such a model when it is made
        raise ModelError(f"the model's inputs are what its layers {', '.join(inner)} give, not inputs of its own", where=where)
    graph = Graph(
        as_keras_runs(list(nodes.values()), outputs), [leaf.node for leaf in flatten(entry)], entry, outputs, list(layers.values())
    )
    restore_output_padding(graph)
    return graph


def _as_predicted(
    layer: Layer, args: tuple[Structure, ...], kwargs: dict[str, Structure], release: tuple[int, ...]
) -> tuple[tuple[Structure, ...], dict[str, Structure]]:
    """The arguments of a call as they are when the model predicts (keras/src/models/functional.py).

    A `training` fixed in the call of a layer wins in tf.keras 2, and again since Keras 3.16; in between that of `predict` overrides it,
    and it is False (`operation_fn`). From 3.4 to 3.6 a model in a model takes a dict by the order of its keys, whatever its inputs are
    called (`_standardize_inputs`).
    """
    if () < release < (2, 0, 4) and layer.class_name == "BatchNormalization" and kwargs.get("training") in (False, 0):
        kwargs = {**kwargs, "training": True}  # it took the statistics of the batch (keras/layers/normalization.py of 2.0.3)
    if release < (3,) and layer.class_name == "Bidirectional" and kwargs.get("constants", 0) is None:
        kwargs = {key: value for key, value in kwargs.items() if key != "constants"}  # written beside initial states, gone in Keras 3
    if (3, 4) <= release < (3, 7) and layer.graph is not None:
        args = tuple(flatten(arg) if isinstance(arg, dict) else arg for arg in args)
    return args, {key: value for key, value in kwargs.items() if key != "training" or not (3,) <= release < (3, 16)}


def _unpack(structure: Structure) -> Structure:
    """A list of one tensor is that tensor, as Keras' `predict` returns it."""
    return structure[0] if isinstance(structure, list) and len(structure) == 1 else structure


def _counted_from_1(layers: dict[str, Layer], calls: dict[str, list[Any]], ends: Structure) -> set[str]:
    """Models in a model of Keras 1 or 2 whose calls the file counts from 1: a call is referred to that there would not be from 0.

    Making a model was its call 0 where it had its inputs from the start, in each release by rules of its own
    (keras/engine/functional.py of 2.15, `_should_skip_first_node`); files hold no call without a reference to it.
    """
    last: dict[str, int] = {}
    for reference in references([list(calls.values()), ends]):
        last[reference.layer] = max(last.get(reference.layer, 0), reference.call)
    return {name for name, layer in layers.items() if layer.graph is not None and last.get(name, 0) >= len(calls[name]) > 0}


def _call_number(reference: Reference, counted: set[str]) -> int:
    """The call that a reference means, from 0.

    Keras 3 counts the calls of a model inside a model from 1 in `output_layers` alone, and not for Sequential models
    (keras/src/models/functional.py, `get_config`).
    """
    return reference.call - (reference.layer in counted)


def _output(reference: Reference, nodes: dict[tuple[str, int], Node], counted: set[str], where: str) -> Output:
    node = nodes.get((reference.layer, _call_number(reference, counted)))
    if node is None:
        raise ModelError(f"call {reference.call} of layer '{reference.layer}' is used and does not exist", where=where)
    return Output(node, reference.tensor, reference.shape)


def _in_order(layers: dict[str, Layer], calls: dict[str, list[Any]], counted: set[str], where: str) -> dict[tuple[str, int], Node]:
    """All calls as nodes, each after those whose tensors it takes; file order where there is a choice."""
    waiting = {(name, i): call for name, found in calls.items() for i, call in enumerate(found)}
    needed = {key: {(r.layer, _call_number(r, counted)) for r in references(call)} for key, call in waiting.items()}
    nodes: dict[tuple[str, int], Node] = {}
    while waiting:
        ready = [key for key in waiting if needed[key] <= nodes.keys()]
        if not ready:
            names = ", ".join(sorted({name for name, _ in waiting}))
            raise ModelError(f"these layers wait for each other or for tensors that nothing makes: {names}", where=where)
        for name, i in ready:
            args, kwargs = map_structure(
                lambda leaf: _output(leaf, nodes, counted, where) if isinstance(leaf, Reference) else leaf, waiting.pop((name, i))
            )
            layer = layers[name]
            nodes[name, i] = Node(layer.domain, layer.class_name, layer.name, args, kwargs, layer, index=i)
    return nodes
