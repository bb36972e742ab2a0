"""Loops and conditions as functions: what TensorFlow's While and If call.

What a body uses from outside is passed in as one more input, which a loop hands on from round to round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from loadstone.export.tensorflow.emission import Emission
from loadstone.export.tensorflow.writer import Term
from loadstone.ir import FunctionName, Graph, Output
from loadstone.lowering.block import Shape

Step = Callable[[Emission, list[Term]], list[Term]]
Goes = Callable[[Emission, list[Term]], Term]


def loop(w: Emission, states: Sequence[Term], shapes: Sequence[Shape], goes: Goes, step: Step) -> list[Term]:
    """The states after the last round. shapes are what holds of them in every round.

    goes(body, states) says whether there is another round, step(body, states) gives the states after it.
    """
    body = w.inner()
    before = [body.placeholder(f"state_{k}", shape, state.dtype) for k, (state, shape) in enumerate(zip(states, shapes, strict=True))]
    after = step(body, before)
    inside, around = [pair[0] for pair in body.taken.values()], [pair[1] for pair in body.taken.values()]
    outputs = [body.placed(term) for term in [*after, *inside]]
    test = w.inner()
    given = [test.placeholder(f"state_{k}", term.shape, term.dtype) for k, term in enumerate(before)]
    for k, term in enumerate(inside):
        test.placeholder(f"taken_{k}", term.shape, term.dtype)
    decision = [test.placed(goes(test, given))]
    assert not test.taken
    stem = w.origin or "loop"
    made = w.ops(
        "StatelessWhile",
        [*states, *around],
        cond=FunctionName(w.library.function(f"{stem}_goes_on", _graph(test, decision))),
        body=FunctionName(w.library.function(f"{stem}_round", _graph(body, outputs))),
        output_shapes=[*shapes, *(term.shape for term in inside)],
    )
    return [Term(term.output, shape, term.dtype) for term, shape in zip(made, shapes, strict=False)]


def condition(w: Emission, holds: Term, branches: Sequence[Callable[[Emission], list[Term]]]) -> list[Term]:
    """What one of two branches gives."""
    bodies = [w.inner(), w.inner()]
    results = [make(body) for make, body in zip(branches, bodies, strict=True)]
    around = {key: pair[1] for body in bodies for key, pair in body.taken.items()}
    functions = []
    for body, result, kind in zip(bodies, results, ("then", "else"), strict=True):
        outputs = [body.placed(term) for term in result]
        taken = [body.take(key, term).output for key, term in around.items()]
        body.inputs = [output.node for output in taken if output is not None]
        functions.append(FunctionName(w.library.function(f"{w.origin or 'condition'}_{kind}", _graph(body, outputs))))
    types = [term.dtype for term in results[0]]
    shapes = [value.shape for value in w.wanted]
    return w.ops(
        "StatelessIf", holds, list(around.values()), Tout=types, then_branch=functions[0], else_branch=functions[1], output_shapes=shapes
    )


def _graph(body: Emission, outputs: list[Output]) -> Graph:
    return body.graph({node.name: Output(node, 0) for node in body.inputs}, outputs)


def inside(body: Emission, term: Term) -> Term:
    """A term of the writer around, in a body."""
    if term.output is None:
        return term
    return body.take(f"{id(term.output.node)}/{term.output.index}", term)
