"""What engines have blocked kernels for (onnxruntime/core/optimizer/nchwc_transformer.cc): planes, and their means as pools.

A convolution along one axis is computed as that of a plane of height 1, in four fifths of the time. A region of such convolutions stays
a plane: what is computed of one is remembered as such, and written out as the line that it is where an op needs it so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from loadstone.lowering.block import Block, Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.passes.layout import ELEMENTWISE, taken_inside

_BLOCK = 16  # channels, of which the blocked kernels take whole blocks
_HEIGHT = 2  # the axis that is added


def lines_as_planes(b: Builder, outputs: Sequence[Value]) -> None:
    """Rewrite the builder's block; `outputs` keep their names."""
    if any(_gains(op) for op in b.block.ops):
        _Planes(b, b.block).run([*outputs, *(after for _, after, _ in b.state.values())])


def means_as_pools(b: Builder) -> None:
    """Means over whole planes, as the pools that a region of convolutions need not be left for."""
    for op in b.block.ops:
        x, axes = (*op.inputs, None, None)[:2]
        if op.kind != "ReduceMean" or op.domain or x is None or x.rank != 4 or x.dtype != "float32" or axes is None or axes.const is None:
            continue
        if op.attributes.get("keepdims", 1) and sorted(int(axis) % 4 for axis in axes.array()) == [2, 3]:
            op.kind, op.inputs, op.attributes = "GlobalAveragePool", [x], {}


def _gains(op: Op) -> bool:
    """Whether an op is a convolution along one axis that the blocked kernels take."""
    if op.kind != "Conv" or op.domain or op.inputs[0] is None or op.inputs[0].rank != 3 or op.outputs[0].dtype != "float32":
        return False
    kernel = op.inputs[1]
    if kernel is None or kernel.const is None or "auto_pad" in op.attributes:
        return False
    filters, channels, _ = kernel.const.shape
    group = op.attributes.get("group", 1)
    whole = channels % _BLOCK == 0 or channels < _BLOCK if group == 1 else channels == 1 and group == filters
    return filters % _BLOCK == 0 and whole


class _Planes:
    """One block on its way; `planes` are the values that are not written out (yet)."""

    def __init__(self, b: Builder, block: Block) -> None:
        self.b = Builder(block, b)
        self.planes: dict[str, Value] = {}
        self.lines: set[str] = set()  # those that are written out too

    def run(self, outputs: Sequence[Value]) -> None:
        """Move all ops over."""
        ops, self.b.block.ops = self.b.block.ops, []
        for op in ops:
            with self.b.scope(op.origin):
                if not self._moved(op):
                    self._keep(op)
        for value in outputs:
            self.line(value)

    def _moved(self, op: Op) -> bool:
        rule = None if op.domain else _RULES.get(op.kind)
        known = any(v is not None and v.const is None and v.name in self.planes for v in op.inputs)
        return rule is not None and (known or _gains(op)) and rule(self, op)

    def _keep(self, op: Op) -> None:
        for value in (*op.inputs, *(inner for body in op.bodies() for inner in taken_inside(body))):
            if value is not None:
                self.line(value)
        self.b.block.ops.append(op)

    def line(self, value: Value) -> None:
        """Write a value out as it was."""
        if value.name in self.planes and value.name not in self.lines:
            self.lines.add(value.name)
            self.b.block.ops.append(Op("Squeeze", [self.planes[value.name], self.b.ints([_HEIGHT])], [value], {}, "", self.b.origin))

    def plane(self, value: Value) -> Value:
        """A value with the axis added; a constant from its last axis on, as broadcasting has it."""
        if value.name not in self.planes:
            axis = _HEIGHT if value.const is None else max(value.rank - 1, 0)
            if value.const is not None and value.rank < 2:
                return value
            self.planes[value.name] = self.b.unsqueeze(value, axis)
            self.lines.add(value.name)
        return self.planes[value.name]

    def emit(self, op: Op, inputs: Sequence[Value | None], **changed: object) -> bool:
        """The op on planes; its result is the plane of the original's."""
        old = op.outputs[0]
        made = Value(self.b.unique(f"{old.name}/plane"), (*old.shape[:_HEIGHT], 1, *old.shape[_HEIGHT:]), old.dtype)
        self.b.block.ops.append(Op(op.kind, list(inputs), [made], {**op.attributes, **changed}, op.domain, op.origin))
        self.planes[old.name] = made
        return True


Rule = Callable[[_Planes, Op], bool]


def _window(planes: _Planes, op: Op) -> bool:
    """A convolution or a pool: its window has height 1."""
    x = op.inputs[0]
    if x is None or x.rank != 3 or len(op.outputs) > 1 or "auto_pad" in op.attributes:
        return False
    changed: dict[str, object] = {
        name: [1, *op.attributes[name]] for name in ("kernel_shape", "strides", "dilations") if name in op.attributes
    }
    if "pads" in op.attributes:
        before, after = op.attributes["pads"]
        changed["pads"] = [0, before, 0, after]
    rest = op.inputs[1:]
    if op.kind == "Conv":
        kernel = rest[0]
        if kernel is None or kernel.const is None:
            return False
        rest = [planes.b.unsqueeze(kernel, _HEIGHT), *rest[1:]]
    return planes.emit(op, [planes.plane(x), *rest], **changed)


def _elementwise(planes: _Planes, op: Op) -> bool:
    """Where all that is no constant has three axes."""
    given = [v for v in op.inputs if v is not None]
    if any(v.rank > 3 or (v.const is None and v.rank not in (0, 3)) for v in given):
        return False
    return planes.emit(op, [v if v is None or v.rank == 0 else planes.plane(v) for v in op.inputs])


def _reduce(planes: _Planes, op: Op) -> bool:
    """Along the line, which goes with the axis that was added."""
    x, axes = op.inputs[0], op.inputs[1] if len(op.inputs) > 1 else None
    if x is None or axes is None or axes.const is None or [int(a) % 3 for a in axes.array()] != [_HEIGHT]:
        return False
    inputs: list[Value | None] = [planes.plane(x), planes.b.ints([_HEIGHT, _HEIGHT + 1])]
    if op.attributes.get("keepdims", 1):
        return planes.emit(op, inputs)
    planes.b.block.ops.append(Op(op.kind, inputs, op.outputs, op.attributes, op.domain, op.origin))
    return True


def _concat(planes: _Planes, op: Op) -> bool:
    axis = op.attributes["axis"] % 3
    return planes.emit(op, [v if v is None else planes.plane(v) for v in op.inputs], axis=axis if axis < _HEIGHT else axis + 1)


_RULES: dict[str, Rule] = {
    "Conv": _window,
    "MaxPool": _window,
    "AveragePool": _window,
    "Concat": _concat,
    **dict.fromkeys(("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL2", "ReduceProd"), _reduce),
    **dict.fromkeys(ELEMENTWISE, _elementwise),
}
