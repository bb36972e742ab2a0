"""Moves transposes down through a block until they meet others, so that a region of convolutions stays channels-first.

A transpose is not emitted where it stands: its result is remembered as a view (a source and a permutation). Ops that can be
computed on the source are, and their results are views again; an op that cannot take a view gets it written out, once. Two
transposes that undo each other leave nothing. `_RULES` says which ops can and how; any other takes its inputs as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod

from loadstone.ir.records import dataclass
from loadstone.lowering.block import Block, Op, Shape, Value
from loadstone.lowering.builder import Builder

Perm = tuple[int, ...]


@dataclass(frozen=True)
class View:
    """A value that is a transpose of another: its axis k is axis perm[k] of source."""

    source: Value
    perm: Perm


Rule = Callable[["Mover", Op, View], bool]
_RULES: dict[str, Rule] = {}


def merge_transposes(b: Builder, outputs: Sequence[Value]) -> None:
    """Rewrite the builder's block; `outputs` keep their names."""
    kept = [*outputs, *(after for _, after, _ in b.state.values())]
    mover = Mover(b, b.block)
    for x, perm in _begun(b.block, kept):
        mover.begin(x, perm)
    mover.run(kept)


class Mover:
    """One block on its way; `views` are the values that are not written out (yet)."""

    def __init__(self, b: Builder, block: Block) -> None:
        self.b = Builder(block, b)
        self.views: dict[str, View] = {}
        self.written: dict[tuple[str, Perm], Value] = {}
        self.first: list[Op] = []  # transposes of inputs

    def begin(self, x: Value, perm: Perm) -> None:
        """Transpose an input before anything else: it counts as a view of what that makes."""
        made = Value(self.b.unique(f"{x.name}/begun"), permuted(x.shape, perm), x.dtype)
        self.first.append(Op("Transpose", [x], [made], {"perm": list(perm)}))
        view = self.views[x.name] = View(made, inverse(perm))
        self.written[(made.name, view.perm)] = x

    def run(self, outputs: Sequence[Value]) -> None:
        """Move all ops of the block over."""
        ops, self.b.block.ops = self.b.block.ops, self.first
        for op in ops:
            with self.b.scope(op.origin):
                if not (op.inputs and self._moved(op)):
                    self._keep(op)
        for value in outputs:
            if value.name in self.views:
                self._write(value, as_named=True)

    def _moved(self, op: Op) -> bool:
        if op.kind == "Transpose" and op.domain == "" and op.inputs[0] is not None and op.inputs[0].const is None:
            self._compose(op.inputs[0], op)
            return True
        rule = _RULES.get(op.kind) if op.domain == "" else None
        view = next((self.views[v.name] for v in op.inputs if v is not None and v.name in self.views), None)
        return rule is not None and view is not None and rule(self, op, view)

    def _compose(self, x: Value, op: Op) -> None:
        perm = tuple(op.attributes["perm"])
        view = self.views.get(x.name)
        if view is not None:
            x, perm = view.source, tuple(view.perm[k] for k in perm)
        self.views[op.outputs[0].name] = View(x, perm)

    def _keep(self, op: Op) -> None:
        """Let an op stand, with its inputs, and all that its bodies use, written out."""
        op.inputs = [v if v is None else self.plain(v) for v in op.inputs]
        for body in op.bodies():
            self._bodies(body)
            Mover(self.b, body).run(body.outputs)
        self.b.block.ops.append(op)

    def _bodies(self, body: Block) -> None:
        """Values from outside are taken by name inside a body, so they keep theirs."""
        for inner in body.ops:
            for value in inner.inputs:
                if value is not None and value.name in self.views:
                    self._write(value, as_named=True)
            for deeper in inner.bodies():
                self._bodies(deeper)
        for value in body.outputs:
            if value.name in self.views:
                self._write(value, as_named=True)

    # -- what rules call ------------------------------------------------------------------------------------------

    def plain(self, value: Value) -> Value:
        """The value written out, whatever it is called then."""
        return self._write(value) if value.name in self.views else value

    def _write(self, value: Value, as_named: bool = False) -> Value:
        view = self.views[value.name]
        key = (view.source.name, view.perm)
        if view.perm == tuple(range(len(view.perm))):
            self.written.setdefault(key, view.source)
        found = self.written.get(key)
        if found is None or (as_named and found.name != value.name):
            kind, taken, attributes = ("Transpose", view.source, {"perm": list(view.perm)}) if found is None else ("Identity", found, {})
            self.b.block.ops.append(Op(kind, [taken], [value], attributes, "", self.b.origin))
            self.written.setdefault(key, value)
            found = value
        if as_named:
            del self.views[value.name]
        return found

    def unviewed(self, value: Value, perm: Perm) -> Value:
        """The tensor whose transpose by `perm` is `value`: a view's source, or `value` transposed back."""
        view = self.views.get(value.name)
        if view is not None and view.perm == perm:
            return view.source
        back = inverse(perm)
        if value.const is not None:
            return self.b.transpose(value, back)
        base = view or View(value, tuple(range(value.rank)))
        target = View(base.source, tuple(base.perm[k] for k in back))
        fresh = Value(self.b.unique(f"{value.name}/transposed"), permuted(value.shape, back), value.dtype)
        self.views[fresh.name] = target
        return self._write(fresh)

    def emit(self, op: Op, inputs: Sequence[Value | None], perm: Perm, **changed: object) -> bool:
        """The op on other inputs; its results, transposed by `perm`, are those of the original."""
        fresh = [Value(self.b.unique(f"{v.name}/first"), permuted(v.shape, inverse(perm)), v.dtype) for v in op.outputs]
        self.b.block.ops.append(Op(op.kind, list(inputs), fresh, {**op.attributes, **changed}, op.domain, op.origin))
        for old, new in zip(op.outputs, fresh, strict=True):
            self.views[old.name] = View(new, perm)
        return True


def _begun(block: Block, kept: Sequence[Value]) -> Iterator[tuple[Value, Perm]]:
    """Inputs that pass through a few cheap ops into a transpose, with its permutation.

    In the layout behind it a row of constants, one a channel, meets long rows of elements rather than pieces of three.
    """
    users: dict[str, list[Op]] = {}
    for op in block.ops:
        for value in (*op.inputs, *(used for body in op.bodies() for used in taken_inside(body))):
            if value is not None:
                users.setdefault(value.name, []).append(op)
    names = {value.name for value in kept}
    for x in block.inputs:
        value = x
        while len(found := users.get(value.name, [])) == 1 and value.name not in names:
            op = found[0]
            if op.domain:
                break
            if op.kind == "Transpose":
                if value is not x and value.rank == x.rank:  # not one that was only broadcast
                    yield x, tuple(op.attributes["perm"])
                break
            if op.kind not in _CHEAP or any(v is not None and v is not value and v.const is None for v in op.inputs):
                break
            value = op.outputs[0]


def taken_inside(body: Block) -> Iterator[Value | None]:
    """What the ops of a body and of those inside it take, and what it gives."""
    yield from body.outputs
    for op in body.ops:
        yield from op.inputs
        for inner in op.bodies():
            yield from taken_inside(inner)


def inverse(perm: Perm) -> Perm:
    """The permutation that undoes one."""
    return tuple(perm.index(k) for k in range(len(perm)))


def permuted(shape: Shape, perm: Perm) -> Shape:
    """Lengths in the order of `perm`."""
    return tuple(shape[k] for k in perm)


# -- rules --------------------------------------------------------------------------------------------------------


def _rule(*kinds: str) -> Callable[[Rule], Rule]:
    def register(function: Rule) -> Rule:
        _RULES.update(dict.fromkeys(kinds, function))
        return function

    return register


ELEMENTWISE = (
    "Abs Acos Acosh Add And Asin Asinh Atan Atanh BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast Ceil Celu Clip Cos Cosh Div Elu Equal Erf "
    "Exp Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Less LessOrEqual Log Max Mean Min Mish Mod "
    "Mul Neg Not Or PRelu Pow Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Sub Sum Tan Tanh "
    "ThresholdedRelu Where Xor"
).split()
_CHEAP = {*ELEMENTWISE, "Pad"}


@_rule(*ELEMENTWISE)
def _elementwise(mover: Mover, op: Op, view: View) -> bool:
    """All operands in the layout of the largest, if that is a view; constants are transposed now, smaller tensors at run time."""
    tensors = [v for v in op.inputs if v is not None and v.const is None and v.rank]
    if not tensors:
        return False
    largest = max(tensors, key=lambda v: (_size(v), v.name in mover.views))
    if largest.name not in mover.views or any(v.rank > largest.rank or (v.rank < largest.rank and v in tensors) for v in op.inputs if v):
        return False
    perm = mover.views[largest.name].perm
    return mover.emit(op, [v if v is None else _operand(mover, v, perm) for v in op.inputs], perm)


def _size(value: Value) -> int:
    """Elements, with 1000 for a length that is not known."""
    return prod(1000 if d is None else d for d in value.shape)


def _operand(mover: Mover, value: Value, perm: Perm) -> Value:
    if value.rank == 0 or (value.const is not None and value.const.size == 1 and value.rank == 1):
        return value
    if value.rank < len(perm):  # a constant: as broadcasting has it, with axes of 1 in front
        value = mover.b.reshape(value, [1] * (len(perm) - value.rank) + [d or 0 for d in value.shape])
    return mover.unviewed(value, perm)


@_rule("Concat")
def _concat(mover: Mover, op: Op, view: View) -> bool:
    """Where at least half of the tensors are views of this layout."""
    inputs = [v for v in op.inputs if v is not None]
    alike = [v for v in inputs if v.const is not None or (v.name in mover.views and mover.views[v.name].perm == view.perm)]
    if 2 * len(alike) < len(inputs):
        return False
    rank = len(view.perm)
    return mover.emit(op, [mover.unviewed(v, view.perm) for v in inputs], view.perm, axis=view.perm[op.attributes["axis"] % rank])


@_rule("Softmax", "LogSoftmax", "Hardmax")
def _along_axis(mover: Mover, op: Op, view: View) -> bool:
    """Where the axis stays the last: the engine transposes for any other."""
    rank = len(view.perm)
    axis = view.perm[op.attributes.get("axis", -1) % rank]
    return axis == rank - 1 and mover.emit(op, [view.source], view.perm, axis=axis)


@_rule("Pad")
def _pad(mover: Mover, op: Op, view: View) -> bool:
    """Pads are written for all axes (`Builder.pad`): first those before, then those after."""
    x, pads = op.inputs[0], op.inputs[1]
    rank = len(view.perm)
    if x is None or pads is None or x.name not in mover.views or (len(op.inputs) > 3 and op.inputs[3] is not None):
        return False
    back = inverse(view.perm)
    order = mover.b.ints([*back, *(rank + k for k in back)])
    return mover.emit(op, [view.source, mover.b.Gather(mover.plain(pads), order, axis=0), *op.inputs[2:]], view.perm)


@_rule("Resize")
def _resize(mover: Mover, op: Op, view: View) -> bool:
    """Scales or sizes are written for all axes."""
    if op.inputs[0] is None or op.inputs[0].name not in mover.views or "axes" in op.attributes:
        return False
    order = mover.b.ints(inverse(view.perm))
    rest = [v if v is None or v.shape == (0,) else mover.b.Gather(mover.plain(v), order, axis=0) for v in op.inputs[1:]]
    return mover.emit(op, [view.source, *rest], view.perm)


@_rule("Slice")
def _slice(mover: Mover, op: Op, view: View) -> bool:
    x, axes = op.inputs[0], op.inputs[3] if len(op.inputs) > 3 else None
    if x is None or x.name not in mover.views or axes is None or axes.const is None:
        return False
    moved = mover.b.ints([view.perm[int(a) % len(view.perm)] for a in axes.array()])
    others = [v if v is None else mover.plain(v) for v in op.inputs]
    return mover.emit(op, [view.source, others[1], others[2], moved, *others[4:]], view.perm)


@_rule("Gather")
def _gather(mover: Mover, op: Op, view: View) -> bool:
    """With a vector of indices, which keeps the rank."""
    x, indices = op.inputs
    if x is None or indices is None or x.name not in mover.views or indices.rank != 1:
        return False
    return mover.emit(op, [view.source, mover.plain(indices)], view.perm, axis=view.perm[op.attributes.get("axis", 0) % len(view.perm)])


@_rule("Shape")
def _shape(mover: Mover, op: Op, view: View) -> bool:
    rank = len(view.perm)
    wanted = view.perm[op.attributes.get("start", 0) : op.attributes.get("end", rank)]
    whole = mover.b.Shape(view.source)
    mover.b.block.ops.append(Op("Gather", [whole, mover.b.ints(wanted)], op.outputs, {"axis": 0}, "", op.origin))
    return True


@_rule(*"ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSumExp ReduceSumSquare ReduceLogSum".split())
def _reduce(mover: Mover, op: Op, view: View) -> bool:
    axes = op.inputs[1] if len(op.inputs) > 1 else None
    if axes is None or axes.const is None or axes.const.size == 0:
        return False
    rank = len(view.perm)
    over = {int(a) % rank for a in axes.array()}
    moved = mover.b.ints(sorted(view.perm[a] for a in over))
    return mover.emit(op, [view.source, moved], view.perm if op.attributes.get("keepdims", 1) else _without(view.perm, over))


@_rule("Squeeze")
def _squeeze(mover: Mover, op: Op, view: View) -> bool:
    axes = op.inputs[1] if len(op.inputs) > 1 else None
    if axes is None or axes.const is None:
        return False
    over = {int(a) % len(view.perm) for a in axes.array()}
    return mover.emit(op, [view.source, mover.b.ints(sorted(view.perm[a] for a in over))], _without(view.perm, over))


def _without(perm: Perm, gone: set[int]) -> Perm:
    """The permutation of the axes that are left."""
    left = [perm[k] for k in range(len(perm)) if k not in gone]
    return tuple(sorted(left).index(axis) for axis in left)
