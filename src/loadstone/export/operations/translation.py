"""The walk over ONNX ops that makes the nodes of a small Functional model: what each value is there, and the operations called so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from loadstone.export.operations.holding import Held
from loadstone.export.operations.lengths import Fact, Length, Lengths
from loadstone.export.operations.table import NoOperation, name_of, rules
from loadstone.ir import Layer, Node, Output, Policy, Structure, Tensor, dtypes
from loadstone.lowering.block import Block, Op, Value

Operand = Output | Tensor | int | float | bool
SMALLEST, LARGEST = -(2**31), 2**31 - 1
# Inputs that say something of shapes, which rules look into; they become tensors only where a rule asks for them.
_LOOKED_INTO = {
    "Reshape": (1,), "Expand": (1,), "Tile": (1,), "ConstantOfShape": (0,), "Slice": (1, 2, 3, 4), "Pad": (1, 3), "Range": (0, 1, 2),
    "Squeeze": (1,), "Unsqueeze": (1,), "CumSum": (1,), "Split": (1,), "TopK": (1,), "Resize": (1, 2, 3), "Shape": (0,), "OneHot": (1, 2),
    "Trilu": (1,), **dict.fromkeys(
        ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceSumSquare"), (1,)
    ),
}  # fmt: skip


class Translation:
    """The model in the making.

    stem begins the names of nodes. problems has what had no operation, by the kind of op, with the reasons.
    """

    def __init__(self, name: str, path: str, stem: str = "") -> None:
        self.name, self.path, self.stem = name, path, stem
        self.nodes: list[Node] = []
        self.problems: dict[str, str] = {}
        self._lost: set[str] = set()
        self._zero: Output | None = None
        self._held: dict[str, Held] = {}
        self.lengths = Lengths()
        self._rules = rules()
        self._made: dict[str, Output] = {}
        self._makers: dict[str, Op] = {}
        self._counts: dict[str, int] = {}
        self._references: list[Value] = []  # values that exist in the model, whose axes may serve to make others

    # -- what goes in -----------------------------------------------------------------------------------------------

    def input(self, value: Value, like: Fact | None = None) -> Node:
        """An InputLayer for an input of the block."""
        name = self.unique(f"{self.name}_input")
        entry = Layer("InputLayer", name, {"batch_shape": list(value.shape), "dtype": value.dtype}, path=f"{self.path}/{name}")
        self.nodes.append(Node("keras", "InputLayer", name, layer=entry))
        self.lengths.enter(value, like)
        self._references.append(value)
        self.is_now(value, Output(self.nodes[-1]))
        return self.nodes[-1]

    def hold(self, value: Value, weight: Held) -> None:
        """A weight of the layer, an input of the block that is no input of the model."""
        self._held[value.name] = weight
        self.lengths.weight(value)

    def exists(self, value: Value, output: Output) -> None:
        """The value is a tensor of the graph around."""
        self.is_now(value, output)
        self._references.append(value)

    def is_now(self, value: Value, output: Output) -> None:
        """From now on the value is this tensor of the model."""
        self._made[value.name] = output

    def knows(self, value: Value) -> bool:
        """True for a value that is a tensor of the model already."""
        return value.name in self._made

    def looked_up(self, table: Value, places: Value) -> Output | None:
        """Rows of a weight by a call of the layer that holds it; None for any other table."""
        weight = self._held.get(table.name)
        return None if weight is None else weight.rows_at(self, self.tensor(places))

    def inside(self, body: Block, wanted: Sequence[Value]) -> None:
        """A body of control flow, whose values are made anew each time."""
        for op in body.ops:
            for value in op.outputs:
                self._made.pop(value.name, None)
        kept = len(self._references)
        self.block(body, wanted)
        del self._references[kept:]

    def block(self, block: Block, wanted: Sequence[Value]) -> None:
        """All ops of a block that the wanted values need."""
        self.visit(block)
        needed = _needed(block, wanted)
        for op in block.ops:
            if id(op) in needed:
                self._op(op)

    def visit(self, block: Block) -> None:
        """Ops whose results may be asked for."""
        for op in block.ops:
            self._makers.update((value.name, op) for value in op.outputs)
            self.lengths.visit(op)

    def _op(self, op: Op) -> None:
        rule = self._rules.get(name_of(op))
        if any(value.dtype == "string" for value in (*op.outputs, *[v for v in op.inputs if v is not None])):
            rule = None
        try:
            if any(value is not None and value.name in self._lost for value in op.inputs):
                raise _Lost
            if rule is None:
                raise NoOperation("it is a Python call" if op.domain else "Keras has no such operation")
            outputs = rule(self, op)
        except (NoOperation, _Lost) as reason:
            self._lost |= {value.name for value in op.outputs}
            if isinstance(reason, NoOperation):
                self.problems.setdefault(op.kind, str(reason))
            return
        for value, output in zip(op.outputs, [outputs] if isinstance(outputs, Output) else outputs, strict=False):
            self.is_now(value, output)
            self._references.append(value)

    # -- calls --------------------------------------------------------------------------------------------------------

    def __call__(self, class_name: str, *args: Structure, **config: Any) -> Output:
        """Call an operation of Keras; config has its options."""
        return self.called(self.operation(class_name, **config), *args)

    def operation(self, class_name: str, **config: Any) -> Layer:
        """A new operation."""
        name = self.unique(f"{self.stem}_{_snake(class_name)}".strip("_"))
        return Layer(class_name, name, config, domain="keras.ops", path=f"{self.path}/{name}")

    def several(self, count: int, class_name: str, *args: Structure, **config: Any) -> list[Output]:
        """Call an operation that returns several tensors."""
        first = self(class_name, *args, **config)
        return [Output(first.node, index) for index in range(count)]

    def layer(self, class_name: str, name: str, dtype: str, *args: Structure, **config: Any) -> Output:
        """Call a new layer of Keras that has no weights, in a dtype policy of its own."""
        policy = Policy(dtype, dtype, dtype)
        return self.called(Layer(class_name, self.unique(name), config, policy=policy, path=f"{self.path}/{name}"), *args)

    def called(self, layer: Layer, *args: Structure, **kwargs: Structure) -> Output:
        """Call a layer."""
        index = sum(node.layer is layer for node in self.nodes)
        self.nodes.append(Node(layer.domain, layer.class_name, layer.name, args, dict(kwargs), layer, index=index))
        return Output(self.nodes[-1])

    def unique(self, stem: str) -> str:
        """A name that no node has."""
        count = self._counts[stem] = self._counts.get(stem, -1) + 1
        return f"{stem}_{count}" if count else stem

    # -- values -------------------------------------------------------------------------------------------------------

    def tensor(self, value: Value | None) -> Output:
        """The tensor of the model that a value is; a constant becomes one."""
        assert value is not None
        if value.name not in self._made:
            if value.name in self._lost:
                raise _Lost
            if value.const is not None:
                return self.anchored(value)
            if value.name in self._held:
                self.is_now(value, self._held[value.name].whole(self))
                return self._made[value.name]
            op = self._makers.get(value.name)
            if op is None:
                raise NoOperation(f"{value.name} is computed elsewhere")
            self._op(op)
            if value.name not in self._made:
                raise _Lost
        return self._made[value.name]

    def operand(self, value: Value | None) -> Operand:
        """The tensor of the model that a value is; a constant stays one."""
        assert value is not None
        return constant(value.const) if value.const is not None and value.name not in self._made else self.tensor(value)

    def operands(self, *values: Value | None) -> list[Operand]:
        """Operands of an elementwise operation: one of them is a tensor of the model, and single numbers are Python's."""
        known = [value for value in values if value is not None]
        if all(value.const is not None and not self.knows(value) for value in known):
            return [self.anchored(known[0]), *[self.operand(value) for value in known[1:]]]
        rank = max(value.rank for value in known if value.const is None or self.knows(value))
        return [self._beside(value, rank) for value in known]

    def _beside(self, value: Value, rank: int) -> Operand:
        if value.const is None or self.knows(value) or value.const.size != 1 or value.rank > rank:
            return self.operand(value)
        found = value.array().reshape(-1)[0].item()
        if value.dtype in dtypes.FLOATS:
            return float(found)
        fits = isinstance(found, bool) or SMALLEST <= found <= LARGEST
        return found if fits else self.operand(value)

    def list_of(self, numbers: Sequence[int]) -> Tensor:
        """Integers as an argument."""
        return Tensor.of(np.asarray(numbers, np.int32), "int32")

    def constant_tensor(self, array: np.ndarray, dtype: str) -> Output:
        """Numbers as a tensor of the model."""
        return self.anchored(Value(self.unique("constant"), array.shape, dtype, Tensor.of(array, dtype)))

    def anchored(self, value: Value) -> Output:
        """A constant as a tensor of the model: zero, which depends on an input, is added to it."""
        assert value.const is not None
        if value.dtype == "bool":
            return self("LogicalOr", constant(value.const), self("Cast", self.zero(), dtype="bool"))
        return self("Add", constant(value.const), self("Cast", self.zero(), dtype=value.dtype))

    def zero(self) -> Output:
        """The int32 0, a tensor of the model."""
        if self._zero is None:
            if not self._references:
                raise NoOperation("it depends on no input")
            start = self._made[self._references[0].name]
            self._zero = self("Sum", self("ZerosLike", start, dtype="int32"), axis=None, keepdims=False)
        return self._zero

    def zeros_along(self, length: Length, dtype: str = "int32") -> Output:
        """A vector of zeros of a length that is known only at run time."""
        for value in self._references:
            fact = self.lengths.fact(value)
            if length in fact.lengths and self.knows(value):
                axis = fact.lengths.index(length)
                zeros = self("ZerosLike", self._made[value.name], dtype=dtype if dtype in ("float32", "float64") else "int32")
                others = [k for k in range(fact.rank) if k != axis]
                vector = self("Sum", zeros, axis=others, keepdims=False) if others else zeros
                return vector if dtype in ("int32", "float32", "float64") else self("Cast", vector, dtype=dtype)
        raise NoOperation(f"a length of {' * '.join((str(length.factor), *length.symbols))}, which no tensor has")

    def fact(self, value: Value | None) -> Fact:
        """What is known of the lengths and elements of a value."""
        assert value is not None
        return self.lengths.fact(value)


class _Lost(Exception):
    """An operand could not be made: that was told before."""


def constant(tensor: Tensor) -> Operand:
    """A constant as an argument: whole numbers of 64 bits as those of 32 where they fit, which all backends have."""
    if tensor.dtype == "int64" and tensor.size:
        array = tensor.numpy()
        if array.min() >= SMALLEST and array.max() <= LARGEST:
            return Tensor.of(array, "int32")
    return tensor


def integers(value: Value | None) -> list[int] | None:
    """The elements of a constant of integers."""
    return None if value is None or value.const is None else [int(v) for v in np.atleast_1d(value.array()).reshape(-1)]


def has(op: Op, index: int) -> bool:
    """True where an op has an input at this place."""
    return len(op.inputs) > index and op.inputs[index] is not None


def _needed(block: Block, wanted: Sequence[Value]) -> set[int]:
    """The ids of the ops whose results the wanted values are made of."""
    names, found = {value.name for value in wanted}, set()
    for op in reversed(block.ops):
        if any(value.name in names for value in op.outputs):
            found.add(id(op))
            names |= {value.name for value in _data(op)}
    return found


def _data(op: Op) -> Iterator[Value]:
    """What an op computes with, the values that its bodies take from outside among them."""
    for place, value in enumerate(op.inputs):
        if value is not None and place not in _LOOKED_INTO.get(op.kind, ()):
            yield value
    for body in op.bodies():
        for inner in body.ops:
            yield from _data(inner)
        yield from body.outputs


def _snake(name: str) -> str:
    """The class's name as operations are named: "ExpandDims" is expand_dims."""
    return "".join(f"_{c.lower()}" if c.isupper() and i and not name[i - 1].isupper() else c.lower() for i, c in enumerate(name))
