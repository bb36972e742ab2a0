"""ONNX ops of every kind that the table of `export.operations` has: what a rule emits, the inputs that it is given, and the model of it.

A case is a function of a builder and its inputs, whose shapes are those of the arrays with some lengths free (None).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from loadstone.export.operations.lowered import Lowered
from loadstone.export.operations.replacing import Operations
from loadstone.ir import Layer, Model, Producer, Spec, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.finish import finish
from loadstone.lowering.keras.fourier import Frames
from loadstone.lowering.keras.ops_fourier import spectra
from loadstone.lowering.keras.walk import Traced, Walk
from loadstone.runtime.executor import run_once

Build = Callable[..., Any]
CASES: dict[str, Case] = {}


class Case(NamedTuple):
    build: Build
    arrays: tuple[np.ndarray, ...]
    shapes: tuple[tuple[int | None, ...], ...]


def numbers(*shape: int, seed: int = 0, dtype: str = "float32", low: int = -5, high: int = 6) -> np.ndarray:
    random = np.random.default_rng(seed)
    if dtype == "bool":
        return random.integers(0, 2, shape).astype(bool)
    if dtype.startswith(("int", "uint")):
        return random.integers(max(low, 0) if dtype[0] == "u" else low, high, shape).astype(dtype)
    return random.normal(size=shape).astype(dtype)


def case(name: str, build: Build, *arrays: np.ndarray, free: tuple[int, ...] = (0,)) -> None:
    """free: the axes of all inputs whose lengths are not known."""
    assert name not in CASES
    shapes = tuple(tuple(None if k in free else n for k, n in enumerate(array.shape)) for array in arrays)
    CASES[name] = Case(build, arrays, shapes)


ROWS, OTHER, STEPS, IMAGE = numbers(3, 4), numbers(3, 4, seed=1), numbers(2, 5, 4), numbers(2, 6, 8, 3)
SMALL = np.clip(numbers(3, 4) / 4, -0.9, 0.9)
WHOLE, PAIRS = numbers(3, 4, dtype="int32"), numbers(3, 4, dtype="int32", low=1, seed=2)
FLAGS = numbers(3, 4, dtype="bool")

# -- single elements ---------------------------------------------------------------------------------------------------
for (
    kind
) in "Abs Neg Sign Ceil Floor Round Exp Sin Cos Tan Sinh Cosh Tanh Asinh Atan Erf Sigmoid Softplus Softsign Relu Mish Identity".split():
    case(kind, lambda b, x, kind=kind: getattr(b, kind)(x), ROWS)
for kind in "Asin Acos Atanh".split():
    case(kind, lambda b, x, kind=kind: getattr(b, kind)(x), SMALL)
for kind in "Log Sqrt Reciprocal".split():
    case(kind, lambda b, x, kind=kind: getattr(b, kind)(x), np.abs(ROWS) + 0.1)
case("Acosh", lambda b, x: b.Acosh(x), np.abs(ROWS) + 1)
for kind in "Add Sub Mul Div Max Min Equal Greater GreaterOrEqual Less LessOrEqual".split():
    case(kind, lambda b, x, y, kind=kind: getattr(b, kind)(x, y), ROWS, OTHER)
    case(f"{kind}-number", lambda b, x, kind=kind: getattr(b, kind)(x, 0.5), ROWS)
    case(f"{kind}-whole", lambda b, x, y, kind=kind: getattr(b, kind)(x, y), WHOLE, PAIRS)
case("Div-of-numbers-below-zero", lambda b, x: b.Div(x, b.const(-3, "int32")), WHOLE)
case("Max-of-three", lambda b, x, y: b.Max(x, y, b.const(0.1)), ROWS, OTHER)
case("Add-column", lambda b, x, y: b.Add(x, b.reshape(b.slice(y, 0, 0, 1), [4, 1])), numbers(4, 4), numbers(4, 4, seed=3))
case("Add-column-constant", lambda b, x: b.Add(x, b.const(numbers(4, 1))), numbers(3, 4, 4))
case("Add-channels-first", lambda b, x: b.Add(x, b.const(numbers(1, 5, 1, 1))), numbers(2, 5, 5, 5))
case("Add-to-a-column", lambda b, x: b.Add(x, b.const(numbers(5))), numbers(2, 5, 1))
for kind in ("And", "Or", "Xor"):
    case(kind, lambda b, x, y, kind=kind: getattr(b, kind)(x, y), FLAGS, numbers(3, 4, dtype="bool", seed=4))
case("Not", lambda b, x: b.Not(x), FLAGS)
for kind in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
    case(kind, lambda b, x, y, kind=kind: getattr(b, kind)(x, y), WHOLE, PAIRS)
case("BitwiseNot", lambda b, x: b.BitwiseNot(x), WHOLE)
case("BitShift", lambda b, x: b.BitShift(x, b.const(2, "uint32"), direction="LEFT"), numbers(3, 4, dtype="uint32"))
case("BitShift-right", lambda b, x: b.BitShift(x, b.const(1, "uint32"), direction="RIGHT"), numbers(3, 4, dtype="uint32", high=99))
case("Mod", lambda b, x, y: b.Mod(x, y), WHOLE, PAIRS)
case("Mod-of-C", lambda b, x, y: b.Mod(x, y, fmod=1), ROWS, OTHER)
case("Pow", lambda b, x: b.Pow(x, 3.0), ROWS)
case("Where", lambda b, c, x, y: b.Where(c, x, y), FLAGS, ROWS, OTHER)
case("Where-constants", lambda b, c: b.Where(c, b.const(1.5), b.const(-2.0)), FLAGS)
case("Where-one-constant", lambda b, c, x: b.Where(c, x, 0.0), FLAGS, ROWS)
case("Clip", lambda b, x: b.Clip(x, b.const(-0.5), b.const(0.5)), ROWS)
case("Clip-above", lambda b, x: b.op("Clip", x, None, b.const(0.5)), ROWS)
case("Cast", lambda b, x: b.cast(x, "int32"), ROWS * 3)
case("Cast-bool", lambda b, x: b.cast(x, "bool"), WHOLE)
case("IsNaN", lambda b, x: b.IsNaN(b.Log(x)), ROWS)
case("IsInf", lambda b, x: b.IsInf(b.Div(x, b.Sub(x, x))), ROWS)
case("IsInf-below", lambda b, x: b.IsInf(b.Div(x, b.Mul(x, 0.0)), detect_positive=0), np.abs(ROWS))
case("Trilu", lambda b, x: b.Trilu(x, b.const(1)), STEPS)
case("Trilu-lower", lambda b, x: b.Trilu(x, upper=0), STEPS)

# -- activations -----------------------------------------------------------------------------------------------------
case("Softmax", lambda b, x: b.Softmax(x, axis=1), STEPS)
case("LogSoftmax", lambda b, x: b.LogSoftmax(x, axis=-1), STEPS)
case("LeakyRelu", lambda b, x: b.LeakyRelu(x, alpha=0.3), ROWS)
case("Elu", lambda b, x: b.Elu(x, alpha=0.7), ROWS)
case("Celu", lambda b, x: b.Celu(x, alpha=0.7), ROWS)
case("Selu", lambda b, x: b.Selu(x), ROWS)
case("Gelu", lambda b, x: b.Gelu(x), ROWS)
case("Gelu-tanh", lambda b, x: b.Gelu(x, approximate="tanh"), ROWS)
case("HardSigmoid", lambda b, x: b.HardSigmoid(x, alpha=0.3, beta=0.4), ROWS * 3)
case("HardSwish", lambda b, x: b.HardSwish(x), ROWS * 3)
case("PRelu", lambda b, x: b.PRelu(x, b.const(numbers(4, seed=5))), ROWS)
case("ThresholdedRelu", lambda b, x: b.ThresholdedRelu(x, alpha=0.4), ROWS)
case("Hardmax", lambda b, x: b.Hardmax(x, axis=-1), ROWS)
case("Hardmax-inside", lambda b, x: b.Hardmax(x, axis=1), STEPS)

# -- places of elements ------------------------------------------------------------------------------------------------
case("Transpose", lambda b, x: b.transpose(x, [0, 2, 1]), STEPS, free=(0, 1))
case("Transpose-twice", lambda b, x: b.transpose(b.transpose(x, [1, 2, 0]), [1, 2, 0]), STEPS)
case("Transpose-and-back", lambda b, x: b.Relu(b.transpose(b.transpose(x, [1, 2, 0]), [2, 0, 1])), STEPS)
case("Unsqueeze", lambda b, x: b.unsqueeze(x, 1, 3), ROWS, free=(0, 1))
case("Squeeze", lambda b, x: b.squeeze(b.unsqueeze(x, 1, 3), 1, 3), ROWS)
case("Concat", lambda b, x, y: b.Concat(x, y, axis=-1), ROWS, OTHER)
case("Concat-constant", lambda b, x: b.Concat(b.const(numbers(1, 4)), x, axis=0), ROWS)
case("Split", lambda b, x: b.ops("Split", x, b.ints([1, 3]), outputs=2, axis=1), ROWS)
case("Reshape", lambda b, x: b.reshape(x, [b.dim(x, 0), 2, 10]), STEPS)
case("Reshape-ones", lambda b, x: b.reshape(x, [b.dim(x, 0), 1, b.dim(x, 1), 4, 1]), STEPS, free=(0, 1))
case("Reshape-apart", lambda b, x: b.reshape(x, [b.dim(x, 0), b.dim(x, 1), 2, 2]), STEPS, free=(0, 1))
case("Reshape-apart-three-free", lambda b, x: b.reshape(x, [b.dim(x, 0), b.dim(x, 1), b.dim(x, 2), 3, 1]), IMAGE, free=(0, 1, 2))
case("Reshape-apart-before-free", lambda b, x: b.reshape(x, [b.dim(x, 0), b.dim(x, 1), 2, 4, b.dim(x, 3)]), IMAGE, free=(0, 1, 3))
case("Reshape-together", lambda b, x: b.reshape(x, [b.dim(x, 0), b.dim(x, 1), 24]), IMAGE, free=(0, 1))
case("Reshape-rows", lambda b, x: b.reshape(x, [b.Mul(b.dim(x, 0), b.ints([6])), b.dim(x, 2), 3]), IMAGE, free=(0, 2))
case("Reshape-all", lambda b, x: b.reshape(x, [-1, 4]), STEPS, free=(0, 1))
case("Reshape-0", lambda b, x: b.op("Reshape", x, b.ints([0, -1])), STEPS)
case("DepthToSpace", lambda b, x: b.DepthToSpace(x, blocksize=2), numbers(2, 8, 3, 4))
case("DepthToSpace-CRD", lambda b, x: b.DepthToSpace(x, blocksize=2, mode="CRD"), numbers(2, 8, 3, 4))
case("SpaceToDepth", lambda b, x: b.SpaceToDepth(x, blocksize=2), numbers(2, 2, 4, 6))

# -- more elements -----------------------------------------------------------------------------------------------------
case("Expand", lambda b, x: b.op("Expand", x, b.ints([2, 3, 4])), numbers(3, 1), free=())
case("Expand-free", lambda b, x: b.op("Expand", b.const(numbers(1, 4)), b.vector([b.dim(x, 0), 4])), STEPS)
case("Expand-two-free", lambda b, x: b.op("Expand", b.slice(x, 2, 0, 1), b.vector([*b.dims(x)[:2], 7])), STEPS, free=(0, 1))
case("Expand-bool", lambda b, x: b.op("Expand", b.const(True), b.vector([b.dim(x, 1), 2])), STEPS, free=(0, 1))
case("ConstantOfShape", lambda b, x: b.Add(b.op("ConstantOfShape", b.vector([b.dim(x, 0), 4])), x), ROWS)
case("Range", lambda b, x: b.Range(b.const(0), b.squeeze(b.dim(x, 1), 0), b.const(1)), STEPS, free=(0, 1))
case("Shape", lambda b, x: b.op("Shape", x), STEPS, free=(0, 1))
case("Shape-computed", lambda b, x: b.Div(x, b.cast(b.squeeze(b.dim(x, 1), 0), "float32")), STEPS, free=(0, 1))
case("Size", lambda b, x: b.Div(x, b.cast(b.op("Size", x), "float32")), STEPS)
case("Tile", lambda b, x: b.Tile(x, b.ints([1, 2, 3])), STEPS)
case("Tile-free", lambda b, x: b.Tile(b.const(numbers(1, 4)), b.vector([b.dim(x, 0), 2])), ROWS)
case("Pad", lambda b, x: b.pad(x, [1, 2], [1, 0], [0, 2], 0.5), STEPS)
case("Pad-crops", lambda b, x: b.pad(x, [1, 2], [-1, 1], [-2, 0]), STEPS)
case("Pad-reflect", lambda b, x: b.op("Pad", x, b.ints([0, 2, 0, 0, 1, 0]), mode="reflect"), STEPS)
case("Pad-edge", lambda b, x: b.op("Pad", x, b.ints([0, 2, 0, 0, 1, 0]), mode="edge"), STEPS)

# -- choice of elements ------------------------------------------------------------------------------------------------
case("Slice", lambda b, x: b.slice(b.slice(x, 1, 1, -1), 2, 0, 3, 2), STEPS)
case("Slice-backwards", lambda b, x: b.slice(x, 1, -1, None, -1), STEPS, free=(0, 1))
case("Slice-to-the-end", lambda b, x: b.op("Slice", x, b.ints([0]), b.dim(x, 1), b.ints([1])), STEPS, free=(0, 1))
case("Gather", lambda b, x: b.Gather(x, b.const([2, -1, 0]), axis=2), STEPS)
case("Gather-one", lambda b, x: b.Gather(x, b.const(-1), axis=1), STEPS, free=(0, 1))
case("Gather-computed", lambda b, x: b.Gather(b.const(numbers(6, 2)), x, axis=0), numbers(3, 4, dtype="int32", low=0))
case("GatherElements", lambda b, x, i: b.GatherElements(x, i, axis=1), ROWS, numbers(3, 2, dtype="int32", low=0, high=4))
case("GatherND", lambda b, x, i: b.GatherND(x, i), numbers(3, 5, 2), numbers(3, 2, dtype="int64", low=0, high=3))
case("GatherND-rows", lambda b, x, i: b.GatherND(x, i), numbers(3, 5), numbers(3, 1, dtype="int64", low=0, high=3))
case("ScatterND", lambda b, x, y: b.ScatterND(x, b.const([[1], [0]]), b.slice(y, 0, 0, 2)), ROWS, OTHER)
case("ReverseSequence", lambda b, x, n: b.ReverseSequence(x, n, batch_axis=0, time_axis=1), STEPS, np.array([3, 5]))
case("OneHot", lambda b, x: b.OneHot(x, b.const(5), b.const([0.5, 2.0]), axis=1), numbers(3, 4, dtype="int32"))

# -- sums, extremes --------------------------------------------------------------------------------------------------------
for kind in "ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSumExp".split():
    case(kind, lambda b, x, kind=kind: getattr(b, kind)(x, b.ints([1]), keepdims=0), STEPS, free=(0, 1))
    case(f"{kind}-all", lambda b, x, kind=kind: getattr(b, kind)(x, keepdims=1), ROWS)
case("ReduceSum-int32", lambda b, x: b.ReduceSum(x, b.ints([1]), keepdims=1), WHOLE)
case("ReduceSum-nothing", lambda b, x: b.op("ReduceSum", x, noop_with_empty_axes=1), ROWS)
case("ArgMax", lambda b, x: b.ArgMax(x, axis=1, keepdims=0), STEPS)
case("ArgMin", lambda b, x: b.ArgMin(x, axis=-1, keepdims=1), STEPS)
case("CumSum", lambda b, x: b.CumSum(x, b.const(1)), STEPS)
case("CumSum-exclusive", lambda b, x: b.CumSum(x, b.const(1), exclusive=1, reverse=1), STEPS, free=(0, 1))
case("TopK", lambda b, x: b.ops("TopK", x, b.ints([2]), outputs=2), ROWS)
case("TopK-smallest", lambda b, x: b.ops("TopK", x, b.ints([2]), outputs=2, axis=1, largest=0), STEPS)

# -- products ------------------------------------------------------------------------------------------------------------
case("MatMul", lambda b, x, y: b.MatMul(x, b.transpose(y, [0, 2, 1])), STEPS, numbers(2, 5, 4, seed=6), free=(0, 1))
case("MatMul-constant", lambda b, x: b.MatMul(x, b.const(numbers(4, 2))), ROWS)
case("Gemm", lambda b, x: b.op("Gemm", x, b.const(numbers(2, 4)), b.const(numbers(2)), transB=1, alpha=0.5, beta=2.0), ROWS)
case("Einsum", lambda b, x, y: b.Einsum(x, y, equation="abc, abd -> acd"), STEPS, numbers(2, 5, 3))
case("LayerNormalization", lambda b, x: b.LayerNormalization(x, b.const(numbers(4)), b.const(numbers(4, seed=7)), epsilon=1e-3), STEPS)
case(
    "InstanceNormalization",
    lambda b, x: b.InstanceNormalization(x, b.const(numbers(5)), b.const(numbers(5, seed=7)), epsilon=1e-3),
    numbers(2, 5, 4, 5),
)
case(
    "BatchNormalization",
    lambda b, x: b.BatchNormalization(x, *[b.const(np.abs(numbers(5, seed=k))) for k in range(4)], epsilon=1e-3),
    numbers(2, 5, 3, 5),
)

case("LRN", lambda b, x: b.LRN(x, size=3, alpha=0.5, beta=0.7, bias=2.0), numbers(2, 5, 3, 4))
case("Det", lambda b, x: b.Det(x), numbers(2, 3, 3))

# -- windows ---------------------------------------------------------------------------------------------------------------
PLANE = numbers(2, 4, 7, 9)
case(
    "Conv", lambda b, x: b.Conv(x, b.const(numbers(3, 4, 3, 2)), b.const(numbers(3)), strides=[2, 1], pads=[1, 0, 0, 1]), PLANE, free=(0, 2)
)
case("Conv-dilated", lambda b, x: b.Conv(x, b.const(numbers(3, 4, 2, 2)), dilations=[2, 2]), PLANE)
case("Conv-same", lambda b, x: b.Conv(x, b.const(numbers(3, 4, 3, 3)), strides=[2, 2], auto_pad="SAME_UPPER"), PLANE)
case("Conv-of-channels", lambda b, x: b.Conv(x, b.const(numbers(8, 1, 3, 3)), group=4, strides=[2, 2]), PLANE)
case("Conv-1", lambda b, x: b.Conv(x, b.const(numbers(3, 4, 3))), numbers(2, 4, 8))
case("Conv-3", lambda b, x: b.Conv(x, b.const(numbers(3, 2, 2, 2, 2))), numbers(2, 2, 4, 5, 4))
case(
    "ConvTranspose",
    lambda b, x: b.ConvTranspose(x, b.const(numbers(4, 3, 3, 2)), b.const(numbers(3)), strides=[2, 3], pads=[1, 0, 0, 1]),
    PLANE,
)
case("ConvTranspose-wider", lambda b, x: b.ConvTranspose(x, b.const(numbers(4, 3, 2, 2)), strides=[3, 3], output_padding=[1, 2]), PLANE)
case("ConvTranspose-plain", lambda b, x: b.ConvTranspose(x, b.const(numbers(4, 3, 2, 2))), PLANE, free=(0, 2, 3))
case("MaxPool", lambda b, x: b.MaxPool(x, kernel_shape=[2, 3], strides=[2, 2], pads=[1, 0, 0, 1]), PLANE)
case("MaxPool-rounded-up", lambda b, x: b.MaxPool(x, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1), PLANE)
case("AveragePool", lambda b, x: b.AveragePool(x, kernel_shape=[2, 2], strides=[1, 1], pads=[1, 1, 0, 0]), PLANE)
case("AveragePool-padding", lambda b, x: b.AveragePool(x, kernel_shape=[2, 3], pads=[1, 1, 0, 0], count_include_pad=1), PLANE)
case("AveragePool-free", lambda b, x: b.AveragePool(x, kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 0, 0]), PLANE, free=(0, 2, 3))
case("GlobalAveragePool", lambda b, x: b.GlobalAveragePool(x), PLANE)
case("GlobalMaxPool", lambda b, x: b.GlobalMaxPool(x), PLANE)


def resize(**attributes: Any) -> Build:
    return lambda b, x: b.op("Resize", x, None, None, b.ints([11, 5]), **attributes)


for mode in ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"):
    for kind in ("nearest", "linear"):
        if kind == "linear" or mode != "align_corners":
            case(f"Resize-{kind}-{mode}", resize(mode=kind, coordinate_transformation_mode=mode, axes=[2, 3]), PLANE)
for mode in ("floor", "ceil", "round_prefer_ceil"):
    case(f"Resize-{mode}", resize(mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode=mode, axes=[2, 3]), PLANE)
case("Resize", resize(mode="cubic", axes=[2, 3]), PLANE)
case("Resize-scales", lambda b, x: b.op("Resize", x, None, b.const(np.array([1, 1, 2, 1.5], np.float32)), mode="linear"), PLANE)

# -- control flow ----------------------------------------------------------------------------------------------------------


def scan(b: Builder, x: Value, backward: int = 0) -> Any:
    """x (batch, time, n): sums so far, each step's beside them."""
    inner = b.inner()
    state, step = inner.input("state", (None, 4), "float32"), inner.input("step", (None, 4), "float32")
    after = inner.Add(state, inner.Mul(step, 2.0))
    inner.block.outputs = [after, inner.Tanh(after)]
    start = b.Mul(b.Gather(x, b.const(0), axis=1), 0.0)
    steps = b.transpose(x, [1, 0, 2])
    options = {"scan_input_directions": [backward], "scan_output_directions": [backward]}
    return b.ops("Scan", start, steps, outputs=2, body=inner.block, num_scan_inputs=1, **options)


case("Scan", scan, STEPS)
case("Scan-backwards", lambda b, x: scan(b, x, 1), STEPS)


def loop(b: Builder, x: Value) -> Any:
    inner = b.inner()
    count, goes_on, state = inner.input("i", (), "int64"), inner.input("goes_on", (), "bool"), inner.input("s", (None, 4), "float32")
    after = inner.Add(inner.Mul(state, 0.5), inner.cast(count, "float32"))
    inner.block.outputs = [goes_on, after, inner.ReduceSum(after, inner.ints([1]), keepdims=0)]
    return b.ops("Loop", b.const(3), b.const(True), x, outputs=2, body=inner.block)


def condition(b: Builder, x: Value) -> Any:
    """Of what a number says, one of two."""
    number = b.reshape(b.ReduceSum(x, keepdims=0), [])
    branches = []
    for factor in (2.0, -1.0):
        inner = b.inner()
        inner.block.outputs = [inner.Mul(number, factor)]
        branches.append(inner.block)
    return b.Add(x, b.ops("If", b.Greater(number, 0.0), outputs=1, then_branch=branches[0], else_branch=branches[1])[0])


case("Loop", loop, ROWS)
case("If", condition, ROWS)
for name, frames in {"": Frames(6, 3, 8), "-plain": Frames(8, 4, 8, None, False)}.items():
    case(f"call of Frames{name}", lambda b, x, frames=frames: spectra(b, Layer("STFT", "stft", {}), x, frames), numbers(2, 20), free=(0, 1))
case("Constant", lambda b, x: b.const(numbers(2, 3)), ROWS)
case("Input", lambda b, x: x, ROWS)


def built(case: Case) -> tuple[Builder, list[Value], list[Value]]:
    """The builder with the ops of a case, its inputs and its outputs."""
    b = Builder()
    inputs = [
        b.input(f"x{k}", shape, dtypes.of_numpy(array.dtype)) for k, (shape, array) in enumerate(zip(case.shapes, case.arrays, strict=True))
    ]
    outputs = case.build(b, *inputs)
    return b, inputs, list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]


def model_of(case: Case) -> Model:
    """The model of operations for a case."""
    b, inputs, outputs = built(case)
    layer = Layer("Lambda", "layer", {}, path="layer")
    low = Lowered(b, [(value, None) for value in inputs], [], [Traced(value) for value in outputs])
    return Model("test", "test", Producer("keras", "3.15.1"), Operations(Walk(Builder())).translated(layer, low).layer)


def expected(case: Case) -> list[np.ndarray]:
    """What the ops themselves give."""
    b, inputs, outputs = built(case)
    specs = [(Spec(value.name, value.shape, value.dtype), value) for value in inputs]
    named = [(Spec(f"y{k}", value.shape, value.dtype), value) for k, value in enumerate(outputs)]
    return run_once(finish(b, specs, named, list(range(len(outputs)))), case.arrays)


def taken(model: Model, case: Case) -> list[np.ndarray]:
    """The arrays that the model takes: those of the inputs that are read."""
    assert model.root is not None and model.root.graph is not None
    names = ["layer_input", *[f"layer_input_{k}" for k in range(1, 9)]]
    return [case.arrays[names.index(node.name)] for node in model.root.graph.inputs]
