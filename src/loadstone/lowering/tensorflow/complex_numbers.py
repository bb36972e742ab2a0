"""Complex tensors as pairs of real ones: ONNX has types for them, and engines have no kernels.

A `Complex` flows through the graph in place of a tensor of complex64 or complex128; only at the inputs and outputs of a program is there
an array of complex numbers, which a Python step takes apart or joins. Rules that take a `Complex` are in a table of their own. Ops that
hand elements on, add or subtract them, or sum them up do the same with both parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import signature
from typing import Any, ClassVar

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Node
from loadstone.ir.records import dataclass
from loadstone.lowering import index
from loadstone.lowering.block import Shape, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.shapes import broadcast
from loadstone.lowering.tensorflow.lists import TensorList
from loadstone.lowering.tensorflow.raw import call_raw, call_symbol
from loadstone.lowering.tensorflow.symbols import Function, Operand, Symbol, tensor, tf
from loadstone.lowering.tensorflow.walk import GraphOp, GraphWalk, Resource, Thing, graph_op, graph_rule

PART = {"complex64": "float32", "complex128": "float64"}
WHOLE = {part: whole for whole, part in PART.items()}
KIND = "complex"  # of these rules in the index
_RULES: dict[str, GraphOp] = {}


class _Rules(Mapping[str, GraphOp]):
    """The rules by op; the module of one is imported when it is asked for."""

    def __getitem__(self, op: str) -> GraphOp:
        if op not in _RULES:
            index.load(KIND, op)
        return _RULES[op]

    def __iter__(self) -> Iterator[str]:
        index.load_all()
        return iter(_RULES)

    def __len__(self) -> int:
        index.load_all()
        return len(_RULES)


def enter(rule: GraphOp, *names: str) -> None:
    """Put the rule of these ops, where an input is complex, into the table."""
    for name in names:
        assert name not in _RULES, f"two rules for complex {name}"
        index.enter(KIND, name)
        _RULES[name] = rule


@dataclass(eq=False, frozen=True)
class Twofold(Resource):
    """What has a real and an imaginary part."""

    real: Any
    imag: Any
    rules: ClassVar[Mapping[str, GraphOp]] = _Rules()

    def tensor(self, walk: GraphWalk) -> Value:
        """There is none."""
        raise UnsupportedAttribute("complex numbers where only real ones are known")


@dataclass(eq=False, frozen=True)
class Complex(Twofold):
    """A tensor of complex numbers: two of one shape, float32 or float64."""

    real: Value
    imag: Value

    @property
    def dtype(self) -> str:
        """The type as TensorFlow names it."""
        return WHOLE[self.real.dtype]

    @property
    def shape(self) -> Shape:
        """The lengths of the axes; None where free."""
        return tuple(d if d is not None else e for d, e in zip(self.real.shape, self.imag.shape, strict=True))

    @property
    def rank(self) -> int:
        """The number of axes."""
        return self.real.rank

    def output(self, walk: GraphWalk) -> Value:
        """Both parts in one."""
        return together(walk.b, self)


def apart(b: Builder, x: Value) -> Complex:
    """A tensor of a complex type in two parts."""
    part = PART[x.dtype]
    if x.const is not None:
        real = x.const.map(lambda z: np.ascontiguousarray(z.real), dtype=part)
        imag = x.const.map(lambda z: np.ascontiguousarray(z.imag), dtype=part)
        values = [b.const(s.numpy(), part) if x.const.known else Value(b.unique("w"), s.shape, part, s) for s in (real, imag)]
        return Complex(*values)
    return Complex(*b.host("parts", lambda z: (z.real.copy(), z.imag.copy()), [x], [(x.shape, part)] * 2))


def together(b: Builder, x: Complex) -> Value:
    """Two parts as a tensor of a complex type."""
    dtype = x.dtype
    if x.real.const is not None and x.imag.const is not None:
        return b.const(joined(x.real.array(), x.imag.array()), dtype)
    return b.host("complex", lambda re, im: (joined(re, im),), [x.real, x.imag], [(x.shape, dtype)])[0]


def joined(real: np.ndarray, imag: np.ndarray) -> np.ndarray:
    """real + i imag, also where one of them is infinite."""
    made = np.empty(np.broadcast_shapes(real.shape, imag.shape), WHOLE[real.dtype.name])
    made.real, made.imag = real, imag
    return made


def of_complex(*names: str) -> Callable[[Function], Function]:
    """Decorator: the function is the rule of these ops where an input is complex. It is called as one of the symbol table."""

    def register(function: Function) -> Function:
        parameters = tuple(name.removesuffix("_") for name in list(signature(function).parameters)[1:])
        for name in names:
            enter(_rule(Symbol(f"raw_ops.{name}", function, parameters, order=parameters)), name)
        return function

    return register


def _rule(symbol: Symbol) -> GraphOp:
    def rule(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing] | None:
        if any(thing is None for thing in inputs):
            return None
        known = [thing.tensor(walk) if isinstance(thing, Resource) and not isinstance(thing, Twofold) else thing for thing in inputs]
        return call_symbol(walk.b, symbol, node.op, known, node.attributes)

    return rule


# -- made and taken apart ---------------------------------------------------------------------------------------------


@graph_op("Complex")
def of_parts(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing] | None:
    """Two real tensors of one shape, or of shapes that broadcast."""
    if any(thing is None for thing in inputs):
        return None
    if isinstance(inputs[0], TensorList):
        from loadstone.lowering.tensorflow.complex_control import ComplexList

        return [ComplexList(*inputs)]
    b, (re, im) = walk.b, [thing.tensor(walk) if isinstance(thing, Resource) else thing for thing in inputs]
    return [spread(b, re, im)]


def spread(b: Builder, re: Value, im: Value) -> Complex:
    """Parts whose shapes broadcast."""
    if re.shape == im.shape and None not in re.shape:
        return Complex(re, im)
    shape = broadcast(re.shape, im.shape)
    return Complex(*(b.op("Expand", x, b.vector(b.dims(like)), out_shape=shape) for x, like in ((re, im), (im, re))))


@of_complex("Real")
def real(b: Builder, input_: Complex, Tout: str = "float32") -> Value:
    """The real part."""
    return input_.real


@of_complex("Imag")
def imag(b: Builder, input_: Complex, Tout: str = "float32") -> Value:
    """The imaginary part."""
    return input_.imag


@of_complex("Conj")
def conj(b: Builder, input_: Complex) -> Complex:
    """With the other sign of the imaginary part."""
    return Complex(input_.real, b.Neg(input_.imag))


@graph_op("Cast")
def cast(walk: GraphWalk, node: Node, inputs: list[Thing]) -> Sequence[Thing] | None:
    """Any tensor in another type: complex numbers lose their imaginary part, real ones get one of 0."""
    if inputs[0] is None:
        return None
    b, x, dtype = walk.b, inputs[0], node.attributes["DstT"]
    if isinstance(x, Resource) and not isinstance(x, Complex):
        x = x.tensor(walk)
    if not dtype.startswith("complex"):
        return call_raw(b, "Cast", [x.real if isinstance(x, Complex) else x], node.attributes)
    part = PART[dtype]
    if isinstance(x, Complex):
        return [Complex(b.cast(x.real, part), b.cast(x.imag, part))]
    re = b.cast(x, part)
    return [Complex(re, b.full(b.dims(re), 0, part))]


# -- with both parts alike --------------------------------------------------------------------------------------------

PARTWISE = """
    Add AddV2 Sub Neg AddN AccumulateNV2 Sum Mean Cumsum BiasAdd BiasAddV1 SegmentSum SegmentMean UnsortedSegmentSum
    Reshape Transpose ExpandDims Squeeze Slice StridedSlice Concat ConcatV2 Pack Unpack Split SplitV Pad PadV2 MirrorPad Tile BroadcastTo
    Gather GatherV2 GatherNd OneHot Reverse ReverseV2 ReverseSequence Roll ZerosLike Fill Select SelectV2 EnsureShape DeepCopy
    GuaranteeConst ParallelConcat ExtractImagePatches
    MatrixBandPart MatrixDiag MatrixDiagV2 MatrixDiagV3 MatrixDiagPart MatrixDiagPartV2 MatrixDiagPartV3 MatrixSetDiag MatrixSetDiagV2
    MatrixSetDiagV3 BatchMatrixBandPart BatchMatrixDiag BatchMatrixDiagPart BatchMatrixSetDiag Diag DiagPart
    ScatterNd TensorScatterUpdate TensorScatterAdd TensorScatterSub ScatterNdNonAliasingAdd
    TensorStridedSliceUpdate DynamicStitch ParallelDynamicStitch DynamicPartition
    SpaceToBatchND BatchToSpaceND SpaceToBatch BatchToSpace SpaceToDepth DepthToSpace
"""


def _partwise(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing] | None:
    sides = [[getattr(thing, side) if isinstance(thing, Complex) else thing for thing in inputs] for side in ("real", "imag")]
    found = [walk.call(node, side) for side in sides]
    if any(outputs is None for outputs in found):
        return None
    return [Complex(re, im) for re, im in zip(*(outputs or () for outputs in found), strict=True)]


def _shape_alone(walk: GraphWalk, node: Node, inputs: list[Thing]) -> Sequence[Thing] | None:
    return walk.call(node, [thing.real if isinstance(thing, Complex) else thing for thing in inputs])


enter(_partwise, *PARTWISE.split())
enter(_shape_alone, "Shape", "ShapeN", "Size", "Rank")


@of_complex("OnesLike")
def ones_like(b: Builder, x: Complex) -> Complex:
    """Ones in the shape of x."""
    return Complex(*(b.full(b.dims(x.real), number, x.real.dtype) for number in (1, 0)))


@tf("raw_ops.ConjugateTranspose")
def real_transpose(b: Builder, x: Operand, perm: Operand) -> Value:
    """Real numbers are their own conjugates."""
    from loadstone.lowering.tensorflow.shaping import transpose

    return transpose(b, x, perm)


@of_complex("ConjugateTranspose")
def conjugate_transpose(b: Builder, x: Complex, perm: Operand) -> Complex:
    """Conjugate, with the axes in this order."""
    from loadstone.lowering.tensorflow.shaping import transpose

    return Complex(transpose(b, x.real, perm), b.Neg(transpose(b, x.imag, perm)))


@of_complex("Where")
def places(b: Builder, x: Complex) -> Any:
    """Places of what is not 0."""
    flags = b.Or(b.Not(b.Equal(x.real, 0)), b.Not(b.Equal(x.imag, 0)))
    return call_raw(b, "Where", [flags], {})


@graph_op("Bitcast")
def bitcast(walk: GraphWalk, node: Node, inputs: list[Thing]) -> Sequence[Thing] | None:
    """Real tensors whose last axis has two numbers for each complex one, and back; others by the rule for real types."""
    from loadstone.lowering.tensorflow.bits import bitcast as plain

    if inputs[0] is None:
        return None
    b, x, dtype = walk.b, inputs[0], node.attributes["type"]
    if isinstance(x, Complex):
        if dtype == x.dtype:
            return [x]
        if dtype != PART[x.dtype]:
            raise UnsupportedAttribute(f"the bits of {x.dtype} as {dtype}")
        return [b.Concat(b.unsqueeze(x.real, x.rank), b.unsqueeze(x.imag, x.rank), axis=x.rank)]
    x = x.tensor(walk) if isinstance(x, Resource) else x
    if not dtype.startswith("complex"):
        return [plain(b, x, dtype)]
    if x.dtype != PART[dtype]:
        raise UnsupportedAttribute(f"the bits of {x.dtype} as {dtype}")
    if not x.rank or x.shape[-1] not in (2, None):
        raise ModelError(f"the bits of {x.dtype} of shape {x.shape} as {dtype}")
    return [Complex(*(b.squeeze(b.slice(x, x.rank - 1, i, i + 1), x.rank - 1) for i in range(2)))]


# -- held by variables ------------------------------------------------------------------------------------------------


def _whole(walk: GraphWalk, node: Node, inputs: list[Thing]) -> Sequence[Thing] | None:
    """An assignment: a variable holds the complex type itself."""
    rule = graph_rule(node.op)
    assert rule is not None
    return rule(walk, node, [together(walk.b, thing) if isinstance(thing, Complex) else thing for thing in inputs])


enter(_whole, "Assign", "AssignVariableOp")


def parts_of(b: Builder, x: Operand | Complex) -> list[Value]:
    """The tensors that x stands for: two, or one."""
    return [x.real, x.imag] if isinstance(x, Complex) else [tensor(b, x)]
