"""`lower_graph`: a graph of TensorFlow in, a program out. `trace_graph`: the same walk without a program."""

from __future__ import annotations

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Graph, Model, Module, Spec, dtypes, flatten, map_structure
from loadstone.ir.program import Program
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.finish import finish
from loadstone.lowering.tensorflow.walk import GraphWalk, Resource, Thing


def lower_graph(model: Model) -> Program:
    """The program of the graph of a model. Raises ModelError, UnsupportedOps or UnsupportedAttribute with everything in the way."""
    assert model.graph is not None and model.module is not None
    walk, inputs, outputs = trace_graph(model.graph, model.module)
    walk.raise_problems(outputs)
    structure = model.graph.outputs
    names = sorted(structure) if isinstance(structure, dict) else [f"{leaf.node.name}:{leaf.index}" for leaf in flatten(structure)]
    specs = [(Spec(name, thing.shape, thing.dtype), thing) for name, thing in zip(names, outputs, strict=True)]
    if isinstance(structure, dict) and len(structure) == 1:
        return finish(walk.b, inputs, specs, 0)
    counter = iter(range(len(specs)))
    return finish(walk.b, inputs, specs, map_structure(lambda _: next(counter), structure))


def trace_graph(graph: Graph, module: Module) -> tuple[GraphWalk, list[tuple[Spec, Value]], list[Thing]]:
    """The walk with what it found, the program's inputs, and the outputs in the order of the graph's.

    A graph that assigns to variables is walked again with these as state.
    """
    traced = _trace(graph, module, frozenset())
    return _trace(graph, module, frozenset(traced[0].assigned)) if traced[0].assigned else traced


def _trace(graph: Graph, module: Module, changed: frozenset[str]) -> tuple[GraphWalk, list[tuple[Spec, Value]], list[Thing]]:
    walk = GraphWalk(Builder(), module, changed)
    walk.start()
    specs = [
        Spec(name, node.attributes["shape"], node.attributes["dtype"])
        for name, node in zip(graph.input_structure, graph.inputs, strict=True)
    ]
    inputs: list[tuple[Spec, Value]] = []
    for spec in specs:
        if spec.shape is None:
            walk.problems.append(UnsupportedAttribute("an input whose number of axes is free", where=spec.name))
        if not dtypes.known(spec.dtype):
            walk.problems.append(UnsupportedAttribute(f"an input of {spec.dtype}", where=spec.name))
        inputs.append((spec, walk.b.input(spec.name, spec.shape or (), spec.dtype)))
    if walk.problems:
        walk.required = True
        return walk, inputs, []
    outputs = walk.graph(graph, [walk.flowing(value) for _, value in inputs])
    return walk, inputs, [thing.output(walk) if isinstance(thing, Resource) else thing for thing in outputs]
