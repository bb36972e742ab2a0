"""ONNX' If, Loop and Scan as StatelessIf and StatelessWhile; what rounds stack up lies in a TensorList."""

from __future__ import annotations

from collections.abc import Sequence

from loadstone.errors import UnsupportedAttribute
from loadstone.export.tensorflow.emission import Emission
from loadstone.export.tensorflow.loops import condition, inside, loop
from loadstone.export.tensorflow.registry import onnx_op
from loadstone.export.tensorflow.writer import Term
from loadstone.lowering.block import Block, Shape, Value


@onnx_op("If")
def if_(w: Emission, holds: Term, *, then_branch: Block, else_branch: Block) -> list[Term]:
    """One of two blocks."""
    holds = holds if holds.rank == 0 else w.reshape(holds, [])

    def written(block: Block) -> object:
        def make(body: Emission) -> list[Term]:
            body.block(block)
            return [body.term(value) for value in block.outputs]

        return make

    return condition(w, holds, [written(then_branch), written(else_branch)])  # type: ignore[list-item]


@onnx_op("Loop")
def loop_(w: Emission, limit: Term | None, goes: Term | None, *states: Term, body: Block) -> list[Term]:
    """A block for as long as it says so, at most so many times; further results are stacked along a new first axis."""
    count = len(states)
    scans = body.outputs[1 + count :]
    most = w.const(2**63 - 1) if limit is None else w.reshape(w.cast(limit, "int64"), [])
    first = w.const(True) if goes is None else w.reshape(goes, [])
    lists = [w.EmptyTensorList(_element(w, value), w.const(-1, "int32"), element_dtype=value.dtype) for value in scans]
    shapes = [_both(value.shape, after.shape) for value, after in zip(body.inputs[2:], body.outputs[1 : 1 + count], strict=True)]

    def step(inner: Emission, held: list[Term]) -> list[Term]:
        number, _, most, *rest = held
        for value, term in zip(body.inputs, [number, inner.const(True), *rest[:count]], strict=True):
            inner.terms[value.name] = Term(inner.placed(term), value.shape, value.dtype)
        inner.block(body)
        going, *after = [inner.term(value) for value in body.outputs]
        pushed = [inner.TensorListPushBack(before, made) for before, made in zip(rest[count:], after[count:], strict=True)]
        return [inner.AddV2(number, 1), inner.reshape(going, []), most, *after[:count], *pushed]

    done = loop(
        w,
        [w.const(0), first, most, *states, *lists],
        [(), (), (), *shapes, *[()] * len(lists)],
        lambda test, held: test.LogicalAnd(held[1], test.Less(held[0], held[2])),
        step,
    )
    stacked = [_stacked(w, made, value) for made, value in zip(done[3 + count :], scans, strict=True)]
    return [*done[3 : 3 + count], *stacked]


@onnx_op("Scan")
def scan(
    w: Emission,
    *given: Term,
    body: Block,
    num_scan_inputs: int,
    scan_input_directions: Sequence[int] | None = None,
    scan_output_directions: Sequence[int] | None = None,
    scan_input_axes: Sequence[int] | None = None,
    scan_output_axes: Sequence[int] | None = None,
) -> list[Term]:
    """A block for each slice of some tensors along their first axis; directions other than 0 begin at the end."""
    if any(scan_input_axes or ()) or any(scan_output_axes or ()):
        raise UnsupportedAttribute("a Scan along axes other than the first")
    count = len(given) - num_scan_inputs
    states, slices = given[:count], given[count:]
    total = w.length(slices[0], 0)
    scans = body.outputs[count:]
    backward_in = list(scan_input_directions or [0] * len(slices))
    backward_out = list(scan_output_directions or [0] * len(scans))
    size = w.cast(total, "int32")
    slices = tuple(w.reverse(x, 0) if backward else x for x, backward in zip(slices, backward_in, strict=True))
    lists = [w.TensorListReserve(_element(w, value), size, element_dtype=value.dtype) for value in scans]
    shapes = [_both(value.shape, after.shape) for value, after in zip(body.inputs, body.outputs[:count], strict=False)]

    def step(inner: Emission, held: list[Term]) -> list[Term]:
        number, last, *rest = held
        picked = [inner.GatherV2(inside(inner, x), number, inner.const(0, "int32")) for x in slices]
        for value, term in zip(body.inputs, [*rest[:count], *picked], strict=True):
            inner.terms[value.name] = Term(term.output, value.shape, value.dtype)
        inner.block(body)
        after = [inner.term(value) for value in body.outputs]
        put = [inner.TensorListSetItem(before, number, made) for before, made in zip(rest[count:], after[count:], strict=True)]
        return [inner.AddV2(number, 1), last, *after[:count], *put]

    done = loop(
        w,
        [w.const(0, "int32"), w.Sub(size, 1), *states, *lists],
        [(), (), *shapes, *[()] * len(lists)],
        lambda test, held: test.LessEqual(held[0], held[1]),
        step,
    )
    stacked = [_stacked(w, made, value) for made, value in zip(done[2 + count :], scans, strict=True)]
    return [*done[2 : 2 + count], *(w.reverse(y, 0) if backward else y for y, backward in zip(stacked, backward_out, strict=True))]


def _element(w: Emission, value: Value) -> Term:
    return w.ints([-1 if d is None else d for d in value.shape], "int32")


def _stacked(w: Emission, made: Term, value: Value) -> Term:
    return w.TensorListStack(made, _element(w, value), element_dtype=value.dtype)


def _both(one: Shape, other: Shape) -> Shape:
    """What two shapes have in common."""
    return tuple(d if d == e else None for d, e in zip(one, other, strict=True))
