"""`lower_graph`: a graph of TensorFlow in, a program out. `trace_graph`: the same walk without a program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import FunctionName, Graph, Model, Module, Spec, Structure, dtypes, flatten, map_structure
from loadstone.ir.program import Program
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.finish import Emitted, finish
from loadstone.lowering.tensorflow.walk import GraphWalk, Resource, Thing

_ASSIGNING = ("Assign", "ResourceScatter", "Scatter")
Shapes = Mapping[str, tuple[int | None, ...]]
Values = Mapping[str, np.ndarray]


class Traced(NamedTuple):
    """A walk with what it found, the program's inputs, and the outputs in the order of the graph's (None where they are not known)."""

    walk: GraphWalk
    inputs: list[tuple[Spec, Value]]
    outputs: list[Thing]


def lower_graph(model: Model, shapes: Shapes | None = None, values: Values | None = None) -> Program:
    """The program of the graph of a model; see `emit_graph`."""
    return finish(*emit_graph(model, shapes, values))


def emit_graph(model: Model, shapes: Shapes | None = None, values: Values | None = None) -> Emitted:
    """What the rules emit for the graph of a model. shapes are those of inputs of which the file tells less, values what some of them will hold.

    Raises ModelError, UnsupportedOps or UnsupportedAttribute with everything in the way.
    """
    assert model.graph is not None and model.module is not None
    walk, inputs, outputs = trace_graph(model.graph, model.module, shapes, values)
    walk.raise_problems(outputs)
    specs = [(Spec(name, thing.shape, thing.dtype), thing) for name, thing in zip(named_outputs(model.graph), outputs, strict=True)]
    return Emitted(walk.b, inputs, specs, structure_of(model.graph))


def trace_graph(graph: Graph, module: Module, shapes: Shapes | None = None, values: Values | None = None) -> Traced:
    """One walk. What any signature of the file assigns is state, for a graph that only reads it too."""
    changed = _changed(module)
    traced = _trace(graph, module, changed, shapes or {}, values or {})
    more = traced.walk.assigned - changed
    return _trace(graph, module, changed | more, shapes or {}, values or {}) if more else traced


def _changed(module: Module) -> frozenset[str]:
    """The variables that one of several signatures assigns, by key. Found once for a module."""
    if module.changed is None:
        found: set[str] = set()
        module.changed = frozenset()
        for name in module.signatures if len(module.signatures) > 1 else ():
            graph = module.signatures[name]
            if _may_assign(module, graph) and any(node.op.startswith(_ASSIGNING) for node in module.reached(graph)):
                found |= _trace(graph, module, frozenset(), {}, {}).walk.assigned
        module.changed = frozenset(found)
    return module.changed


def _may_assign(module: Module, graph: Graph) -> bool:
    """False where what a graph calls is sure to hold no op that assigns; it is not read to see that."""
    called = [node.op for node in graph.nodes]
    for node in graph.nodes:
        for value in node.attributes.values():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, Graph):
                    return True
                called += [one.name] if isinstance(one, FunctionName) else []
    return any(op.startswith(_ASSIGNING) for op in called) or module.mentions(called, _ASSIGNING)


def _trace(graph: Graph, module: Module, changed: frozenset[str], shapes: Shapes, values: Values) -> Traced:
    walk = GraphWalk(Builder(), module, changed)
    walk.start()
    specs = inputs_of(graph, shapes)
    unknown = [UnsupportedAttribute("an input whose number of axes is free", where=spec.name) for spec in specs if spec.shape is None]
    unknown += [UnsupportedAttribute(f"an input of {spec.dtype}", where=spec.name) for spec in specs if not dtypes.known(spec.dtype)]
    if unknown:
        walk.problems, walk.required = [*unknown], True
        return Traced(walk, [], [])
    inputs = [(spec, walk.b.input(spec.name, spec.shape or (), spec.dtype)) for spec in specs]
    given = [walk.b.const(values[spec.name], spec.dtype) if spec.name in values else value for spec, value in inputs]
    outputs = walk.graph(graph, [walk.flowing(value) for value in given])
    return Traced(walk, inputs, [thing.output(walk) if isinstance(thing, Resource) else thing for thing in outputs])


def inputs_of(graph: Graph, shapes: Shapes | None = None) -> list[Spec]:
    """The inputs of a graph; the shape None where not even the number of axes is told."""
    told = [(name, node.attributes) for name, node in zip(graph.input_structure, graph.inputs, strict=True)]
    return [Spec(name, (shapes or {}).get(name, a["shape"]), a["dtype"], a.get("default") is not None) for name, a in told]


def named_outputs(graph: Graph) -> list[str]:
    """Names of the outputs in flattened order: the keys of a dict, else those of the tensors."""
    if isinstance(graph.outputs, dict):
        return sorted(graph.outputs)
    return [f"{leaf.node.name}:{leaf.index}" for leaf in flatten(graph.outputs)]


def structure_of(graph: Graph) -> Structure:
    """The structure of what the graph returns, whose leaves count its outputs; one output of a dict stands for itself."""
    if isinstance(graph.outputs, dict) and len(graph.outputs) == 1:
        return 0
    counter = iter(range(len(flatten(graph.outputs))))
    return map_structure(lambda _: next(counter), graph.outputs)
