"""`lower`: a model in, a program out. `trace`: the same walk without a program, for shapes and for what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadstone.custom.hosting import Host
from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Model, Spec, flatten, map_structure
from loadstone.ir.program import Program
from loadstone.lowering.builder import Builder
from loadstone.lowering.finish import Emitted, finish
from loadstone.lowering.keras.walk import Traced, Walk

Shapes = Mapping[str, tuple[int | None, ...]]


def lower(model: Model, host: Host | None = None) -> Program:
    """The program of a model; what the walk noticed is added to its findings.

    Raises ModelError, UnsupportedOps or UnsupportedAttribute with everything that is in the way.
    """
    return finish(*emit(model, host))


def emit(model: Model, host: Host | None = None, shapes: Shapes | None = None) -> Emitted:
    """What the rules emit for a model, before any pass. shapes are those of inputs that shall not be free. Raises as `lower`."""
    if model.root is None:
        from loadstone.lowering.tensorflow.lower import emit_graph

        return emit_graph(model, shapes)
    free = not any(layer.config.get("stateful") for layer in model.root.walk())
    walk, inputs, outputs = trace(model, host, free, shapes)
    if walk.problems and free:  # a rule may need the batch size that the model was made with
        walk, inputs, outputs = trace(model, host, shapes=shapes)
    walk.raise_problems()
    model.findings += walk.findings
    values = [leaf.value for leaf in flatten(outputs)]
    specs = [(Spec(name, value.shape, value.dtype), value) for name, value in zip(output_names(model), values, strict=True)]
    counter = iter(range(len(specs)))
    return Emitted(walk.b, inputs, specs, map_structure(lambda _: next(counter), outputs))


def trace(
    model: Model, host: Host | None = None, free_batch: bool = False, shapes: Shapes | None = None
) -> tuple[Walk, list[tuple[Spec, Any]], Any]:
    """The walk with what it found (`traces`, `problems`), the program's inputs, and the outputs as a structure of Traced.

    free_batch: a batch size that the model was made with binds nobody, as in Keras, where only stateful layers insist on it.
    """
    assert model.root is not None and model.root.graph is not None
    graph = model.root.graph
    walk = Walk(Builder(), host)
    walk.b.evaluate = None if host is None else host.evaluate
    inputs = []
    for node in graph.inputs:
        assert node.layer is not None
        config = node.layer.config
        if config.get("ragged"):
            walk.problems.append(UnsupportedAttribute("an input of ragged tensors", where=node.name))
        shape = tuple(config["batch_shape"])
        shape = (shapes or {}).get(node.name, (None, *shape[1:]) if free_batch else shape)
        spec = Spec(node.name, shape, config["dtype"], bool(config.get("optional")))
        inputs.append((spec, walk.b.input(node.name, spec.shape or (), spec.dtype)))
    outputs = walk.graph(graph, [Traced(value) for _, value in inputs], None)
    return walk, inputs, outputs


def output_names(model: Model) -> list[str]:
    """Names of the model's outputs: those of the layers that give them, as Keras' `output_names`."""
    assert model.root is not None and model.root.graph is not None
    return [leaf.node.name for leaf in flatten(model.root.graph.outputs)]
