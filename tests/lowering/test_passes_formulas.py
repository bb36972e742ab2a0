"""What graphs spell out comes back as the ops that the rules of layers emit: which are left, and that the numbers stay."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from math import pi, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loadstone.containers.source import Source
from loadstone.formats import frozen_graph
from loadstone.ir import Spec, Tensor
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.finish import optimize
from loadstone.lowering.keras.ops_reduce import REDUCTIONS
from loadstone.lowering.keras.special import erfc
from loadstone.lowering.passes import dtypes
from loadstone.lowering.passes.formula_rules import spell_shorter
from loadstone.lowering.program import assemble, keep_needed
from loadstone.lowering.tensorflow.lower import emit_graph
from loadstone.runtime import Executor
from tests.lowering.programs import weight

GOLDEN = Path(__file__).parents[1] / "golden" / "tf_ops" / "formulas.npz"
Build = Callable[..., Any]
Shapes = list[tuple[int | None, ...]]


def _block(build: Build, shapes: Shapes, dtype: str, shorter: bool) -> tuple[Builder, list[Value], list[Value]]:
    b = Builder()
    inputs = [b.input(f"x{k}", shape, dtype) for k, shape in enumerate(shapes)]
    found = build(b, *inputs)
    outputs = list(found) if isinstance(found, (list, tuple)) else [found]
    keep_needed(b, outputs)
    if shorter:
        spell_shorter(b, outputs)
    return b, inputs, outputs


def kinds(build: Build, *shapes: tuple[int | None, ...], dtype: str = "float32") -> Counter[str]:
    """The ops that are left."""
    return Counter(op.kind for op in _block(build, list(shapes), dtype, True)[0].block.ops)


def run(build: Build, arrays: list[np.ndarray], shapes: Shapes, shorter: bool) -> list[np.ndarray]:
    """The outputs, with the rules or without them."""
    b, inputs, outputs = _block(build, shapes, str(arrays[0].dtype), shorter)
    dtypes.supported(b)
    specs = [(Spec(v.name, v.shape, v.dtype), v) for v in inputs]
    results = [(Spec(f"y{k}", v.shape, v.dtype), v) for k, v in enumerate(outputs)]
    return Executor(assemble(b, specs, results, list(range(len(results)))), threads=1).run(arrays)


def stays(build: Build, *arrays: np.ndarray, free: bool = True, atol: float = 2e-6) -> None:
    """The same numbers with the rules and without them, but for rounding."""
    shapes: Shapes = [(None, *a.shape[1:]) if free and a.ndim else a.shape for a in arrays]
    for new, old in zip(run(build, list(arrays), shapes, True), run(build, list(arrays), shapes, False), strict=True):
        assert new.shape == old.shape
        np.testing.assert_allclose(new, old, rtol=2e-5, atol=atol)


def numbers(*shape: int, seed: int = 0, dtype: str = "float32") -> np.ndarray:
    """Random numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


# -- graphs of TensorFlow (golden/tf_ops_cases/formulas.py) ------------------------------------------------------------

LEFT = {
    "attention": {"Mul": 1, "Transpose": 4, "MatMul": 2, "Softmax": 1},
    "clip": {"Clip": 1},
    "gelu": {"Gelu": 1},
    "gelu_approximate": {"Gelu": 1},
    "gelu_erf": {"Gelu": 1},
    "hard_swish": {"HardSigmoid": 1, "Mul": 1},
    "layer_norm_batch_normalization": {"LayerNormalization": 1},
    "layer_norm_by_hand": {"LayerNormalization": 1},
    "layer_norm_keras_2": {"LayerNormalization": 1},
    "layer_norm_keras_3": {"LayerNormalization": 1},
    "layer_norm_two_axes": {"LayerNormalization": 1},
    "places_from_the_end": {"Gather": 1},
    "projection": {"Shape": 2, "MatMul": 1, "Concat": 1, "Reshape": 1},
    "projection_back": {"Shape": 2, "Concat": 1, "Reshape": 1, "MatMul": 1},
    "softmax_in_parts": {"Softmax": 1},
    "swish": {"Sigmoid": 1, "Mul": 1},
    "tensordot": {"MatMul": 1, "Add": 1},
}


def test_the_table_walks_all_graphs() -> None:
    with np.load(GOLDEN) as file:
        assert {key.removesuffix("/graph") for key in file.files if key.endswith("/graph")} == set(LEFT)


@pytest.mark.parametrize("name", LEFT)
def test_a_graph_becomes_the_ops_of_layers(name: str) -> None:
    with np.load(GOLDEN) as file:
        graph, names = file[f"{name}/graph"].tobytes(), json.loads(str(file[f"{name}/names"]))
    model = frozen_graph.read(Source.of_bytes(graph, name))
    assert model.module is not None
    model.graph = model.module.between(names["inputs"], names["outputs"])
    emitted = emit_graph(model)
    optimize(emitted.b, [value for _, value in emitted.outputs])
    assert Counter(op.kind for op in emitted.b.block.ops) == LEFT[name]


# -- layer normalization ----------------------------------------------------------------------------------------------


def _moments(b: Builder, x: Value, *axes: int) -> tuple[Value, Value]:
    mean = b.ReduceMean(x, b.ints(axes), keepdims=1)
    difference = b.Sub(x, mean)
    return mean, b.ReduceMean(b.Mul(difference, difference), b.ints(axes), keepdims=1)


def _of_squares(b: Builder, x: Value, *axes: int) -> tuple[Value, Value]:
    mean = b.ReduceMean(x, b.ints(axes), keepdims=1)
    return mean, b.Sub(b.ReduceMean(b.Mul(x, x), b.ints(axes), keepdims=1), b.Mul(mean, mean))


def _keras_3(b: Builder, x: Value) -> Value:
    """x * (r * gamma) + (-mean * (r * gamma) + beta)."""
    mean, variance = _moments(b, x, 2)
    r = b.Mul(b.Div(1, b.Sqrt(b.Add(variance, 1e-3))), weight(b, 1, 1, 6, seed=1))
    return b.Add(b.Mul(x, r), b.Add(b.Mul(b.Neg(mean), r), weight(b, 1, 1, 6, seed=2)))


def _batch_normalization(b: Builder, x: Value) -> Value:
    """tf.nn.batch_normalization of moments: x * r + (beta - mean * r)."""
    mean, variance = _of_squares(b, x, 2)
    r = b.Mul(b.Reciprocal(b.Sqrt(b.Add(variance, 1e-3))), weight(b, 6, seed=1))
    return b.Add(b.Mul(x, r), b.Sub(weight(b, 6, seed=2), b.Mul(mean, r)))


def _by_hand(b: Builder, x: Value) -> Value:
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta."""
    mean, variance = _moments(b, x, -1)
    return b.Add(b.Mul(weight(b, 6, seed=1), b.Div(b.Sub(x, mean), b.Sqrt(b.Add(variance, 1e-3)))), weight(b, 6, seed=2))


def _by_power(b: Builder, x: Value) -> Value:
    mean, variance = _moments(b, x, 2)
    return b.Mul(b.Sub(x, mean), b.Pow(b.Add(variance, 1e-3), -0.5))


def _several_axes(b: Builder, x: Value) -> Value:
    mean, variance = _moments(b, x, 1, 2)
    y = b.Mul(b.Sub(x, mean), b.Div(1, b.Sqrt(b.Add(variance, 1e-3))))
    return b.Add(b.Mul(y, weight(b, 5, 6, seed=1)), weight(b, 1, 5, 1, seed=2))


@pytest.mark.parametrize("build", [_keras_3, _batch_normalization, _by_hand, _by_power, _several_axes])
def test_layer_normalization_is_found_in_its_parts(build: Build) -> None:
    assert kinds(build, (None, 5, 6)) == {"LayerNormalization": 1}
    stays(build, numbers(3, 5, 6))


def _fused(b: Builder, x: Value, back: list[int]) -> Value:
    """tf.keras 2: rows as channels of one image, normalized by FusedBatchNorm."""
    rows = b.reshape(x, [1, -1, 6, 1])
    y = b.LayerNormalization(rows, b.full([6, 1], 1, "float32"), None, axis=2, epsilon=1e-3)
    return b.Add(b.Mul(b.reshape(y, back), weight(b, 6, seed=1)), weight(b, 6, seed=2))


def test_rows_that_are_normalized_in_another_shape_are_not_reshaped() -> None:
    assert kinds(lambda b, x: _fused(b, x, [-1, 5, 6]), (None, 5, 6)) == {"LayerNormalization": 1}
    assert kinds(lambda b, x: _fused(b, x, [-1, 6, 5, 6]), (None, 5, 6))["Reshape"] == 2  # another shape than before
    stays(lambda b, x: _fused(b, x, [-1, 5, 6]), numbers(3, 5, 6))


def _first_axis(b: Builder, x: Value) -> Value:
    mean, variance = _moments(b, x, 1)
    return b.Mul(b.Sub(x, mean), b.Div(1, b.Sqrt(b.Add(variance, 1e-3))))


def _other_mean(b: Builder, x: Value) -> Value:
    _, variance = _moments(b, x, 2)
    mean, _ = _moments(b, x, 1, 2)
    return b.Mul(b.Sub(x, mean), b.Div(1, b.Sqrt(b.Add(variance, 1e-3))))


def _other_scale(b: Builder, x: Value) -> Value:
    mean, variance = _moments(b, x, 2)
    r = b.Div(1, b.Sqrt(b.Add(variance, 1e-3)))
    return b.Sub(b.Mul(b.Mul(x, r), weight(b, 6, seed=1)), b.Mul(b.Mul(mean, r), weight(b, 6, seed=2)))


@pytest.mark.parametrize("build", [_first_axis, _other_mean, _other_scale])
def test_other_formulas_stay_what_they_are(build: Build) -> None:
    assert kinds(build, (None, 5, 6))["LayerNormalization"] == 0
    stays(build, numbers(3, 5, 6))


def test_a_scale_for_other_axes_stays_apart() -> None:
    def build(b: Builder, x: Value) -> Value:
        return b.Mul(_by_power(b, x), weight(b, 5, 1, seed=1))

    assert kinds(build, (None, 5, 6)) == {"LayerNormalization": 1, "Mul": 1}
    stays(build, numbers(3, 5, 6))


# -- activations ------------------------------------------------------------------------------------------------------


def _gelus() -> dict[str, Build]:
    def tanh(b: Builder, x: Value, cube: Value) -> Value:
        return b.Tanh(b.Mul(b.Add(x, b.Mul(cube, 0.044715)), 0.7978845608))

    return {
        "erf": lambda b, x: b.Mul(b.Mul(x, 0.5), b.Add(b.Erf(b.Div(x, b.const(sqrt(2)))), 1)),
        "erf, the gate first": lambda b, x: b.Mul(x, b.Mul(0.5, b.Add(1, b.Erf(b.Mul(x, 0.70710678))))),
        "erf, halved last": lambda b, x: b.Div(b.Mul(b.Add(b.Erf(b.Mul(x, sqrt(0.5))), 1), x), 2),
        "erfc": lambda b, x: b.Mul(b.Mul(x, 0.5), erfc(b, b.Mul(b.Neg(x), sqrt(0.5)))),
        "tanh of a power": lambda b, x: b.Mul(b.Mul(x, 0.5), b.Add(tanh(b, x, b.Pow(x, 3)), 1)),
        "tanh of products": lambda b, x: b.Mul(b.Mul(b.Add(1, tanh(b, x, b.Mul(x, b.Mul(x, x)))), x), 0.5),
    }


@pytest.mark.parametrize("name", _gelus())
def test_gelu_is_found_in_its_parts(name: str) -> None:
    build = _gelus()[name]
    assert kinds(build, (None, 5)) == {"Gelu": 1}
    stays(build, np.linspace(-9, 9, 60, dtype=np.float32).reshape(12, 5))


def test_gelu_of_a_product_is_that_of_the_product() -> None:
    def build(b: Builder, x: Value, y: Value) -> Value:
        return _gelus()["erf"](b, b.Mul(b.Mul(x, 3.0), y))

    assert kinds(build, (None, 5), (None, 5)) == {"Gelu": 1, "Mul": 2}
    stays(build, numbers(4, 5), numbers(4, 5, seed=1))


@pytest.mark.parametrize(
    "build",
    [
        lambda b, x: b.Mul(b.Mul(x, 0.5), b.Add(b.Erf(b.Mul(x, 0.7)), 1)),
        lambda b, x: b.Mul(b.Mul(x, 0.25), b.Add(b.Erf(b.Mul(x, sqrt(0.5))), 1)),
        lambda b, x: b.Mul(b.Mul(b.Neg(x), 0.5), b.Add(b.Erf(b.Mul(x, sqrt(0.5))), 1)),
        lambda b, x: b.Mul(b.Mul(x, 0.5), b.Add(b.Tanh(b.Mul(x, sqrt(2 / pi))), 1)),
        lambda b, x: b.Mul(b.Mul(x, x), b.Add(b.Erf(b.Mul(x, sqrt(0.5))), 1)),
    ],
)
def test_what_is_nearly_gelu_is_none(build: Build) -> None:
    assert kinds(build, (None, 5))["Gelu"] == 0
    stays(build, numbers(4, 5))


def test_gelu_of_float64_keeps_its_precision() -> None:
    assert kinds(_gelus()["erf"], (None, 5), dtype="float64")["Gelu"] == 0


def _softmax(b: Builder, x: Value, axis: int, last: str) -> Value:
    power = b.Exp(b.Sub(x, b.ReduceMax(x, b.ints([axis]), keepdims=1)))
    total = b.ReduceSum(power, b.ints([axis]), keepdims=1)
    return b.Div(power, total) if last == "Div" else b.Mul(power, b.Reciprocal(total))


@pytest.mark.parametrize("last", ["Div", "Mul"])
@pytest.mark.parametrize("axis", [1, -1])
def test_softmax_is_found_in_its_parts(axis: int, last: str) -> None:
    assert kinds(lambda b, x: _softmax(b, x, axis, last), (None, 4, 5)) == {"Softmax": 1}
    stays(lambda b, x: _softmax(b, x, axis, last), numbers(3, 4, 5) * 50)


def test_softmax_by_a_maximum_that_minds_nan_is_found() -> None:
    def build(b: Builder, x: Value) -> Value:
        power = b.Exp(b.Sub(x, REDUCTIONS["Amax"](b, x, [1], True)))
        return b.Div(power, b.ReduceSum(power, b.ints([1]), keepdims=1))

    assert kinds(build, (None, 5)) == {"Softmax": 1}
    x = numbers(4, 5)
    x[1, 2] = np.nan
    stays(build, x)


def test_softmax_without_its_maximum_stays() -> None:
    def build(b: Builder, x: Value) -> Value:
        return b.Div(b.Exp(x), b.ReduceSum(b.Exp(x), b.ints([1]), keepdims=1))

    assert kinds(build, (None, 5))["Softmax"] == 0


def _float(b: Builder, number: float) -> Value:
    return b.const(number, "float32")


BOUNDS: dict[str, tuple[Build, str]] = {
    "max of min": (lambda b, x: b.Max(b.Min(x, 6), 0), "Clip"),
    "min of max": (lambda b, x: b.Min(b.Max(x, -1), 1), "Clip"),
    "min of relu": (lambda b, x: b.Min(b.Relu(x), 6), "Clip"),
    "hard sigmoid": (lambda b, x: b.Div(b.Clip(b.Add(x, 3), _float(b, 0), _float(b, 6)), 6), "HardSigmoid"),
    "hard sigmoid by a factor": (lambda b, x: b.Mul(b.Min(b.Relu(b.Add(x, 3)), 6), 1 / 6), "HardSigmoid"),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_are_one_op(name: str) -> None:
    build, kind = BOUNDS[name]
    assert kinds(build, (None, 5)) == {kind: 1}
    x = np.linspace(-9, 9, 40, dtype=np.float32).reshape(8, 5)
    x[0, 0], x[1, 1], x[2, 2] = np.nan, np.inf, -np.inf
    stays(build, x)


def test_bounds_the_wrong_way_round_stay() -> None:
    assert kinds(lambda b, x: b.Max(b.Min(x, 0), 6), (None, 5)) == {"Max": 1, "Min": 1}


def test_a_number_of_more_axes_than_the_tensor_is_no_part_of_a_formula() -> None:
    def build(b: Builder, x: Value) -> Value:
        return b.Mul(b.Mul(x, b.const(np.full((1, 1, 1), 0.5, np.float32))), b.Add(b.Erf(b.Mul(x, sqrt(0.5))), 1))

    assert kinds(build, (None, 5))["Gelu"] == 0
    stays(build, numbers(4, 5))


def test_a_formula_inside_a_loop_is_found_there() -> None:
    def build(b: Builder, x: Value) -> Value:
        body = b.inner()
        body.input("turn", (), "int64")
        go, state = body.input("go", (), "bool"), body.input("state", x.shape, "float32")
        after = _gelus()["erf"](body, body.Mul(state, x))
        body.block.outputs = [body.Identity(go), after]
        return b.ops("Loop", b.const(3), b.const(True), x, body=body.block, outputs=1)[0]

    b, _, _ = _block(build, [(None, 5)], "float32", True)
    (loop,) = b.block.ops
    assert Counter(op.kind for op in loop.attributes["body"].ops) == {"Mul": 1, "Gelu": 1, "Identity": 1}
    stays(build, numbers(4, 5))


# -- products and shapes ----------------------------------------------------------------------------------------------

EQUATIONS = [
    "BTNH,BSNH->BNTS", "BNTS,BSNH->BTNH", "aecd,abcd->acbe", "acbe,aecd->abcd", "abc,cde->abde", "abcd,cde->abe", "ab,bc->ac", "ab,bc->ca",
    "ba,cb->ac", "abc,abc->ab", "abc,abd->acd", "abc,abd->adc", "bi,bi->b", "abcd,bcde->bae", "abx,bc->ac", "ab,bcx->ac", "abcd,efcd->aebf",
    "abcd,cdef->abef", "iab,iab->i", "abc,c->ab", "c,abc->ab", "nabc,ncd->nabd",
]  # fmt: skip
LENGTHS = dict(zip("abcdefinxBTSNH", (2, 3, 4, 5, 3, 2, 2, 3, 2, 2, 3, 4, 5, 6), strict=True))


def _operands(equation: str) -> list[np.ndarray]:
    return [numbers(*(LENGTHS[c] for c in term), seed=k) for k, term in enumerate(equation.split("->")[0].split(","))]


@pytest.mark.parametrize("equation", EQUATIONS)
@pytest.mark.parametrize("free", [False, True], ids=["known", "free"])
def test_an_einsum_of_two_is_a_product_of_matrices(equation: str, free: bool) -> None:
    def build(b: Builder, *operands: Value) -> Value:
        return b.Einsum(*operands, equation=equation)

    arrays = _operands(equation)
    shapes: Shapes = [(None,) * a.ndim if free else a.shape for a in arrays]
    left = kinds(build, *shapes)
    assert left["MatMul"] == 1
    assert left["Einsum"] == 0
    (y,) = run(build, arrays, shapes, True)
    np.testing.assert_allclose(y, np.einsum(equation, *arrays), rtol=2e-5, atol=2e-5)


def test_attention_needs_no_transpose_after_its_product() -> None:
    assert kinds(lambda b, x, y: b.Einsum(x, y, equation="aecd,abcd->acbe"), (2, 3, 4, 5), (2, 3, 4, 5)) == {"MatMul": 1, "Transpose": 2}


@pytest.mark.parametrize("equation", ["ab,bc->abc", "aab,bc->ac", "ab,cd->abcd", "a,b->ab"])
def test_an_einsum_that_is_no_product_of_matrices_stays(equation: str) -> None:
    left, right = equation.split("->")[0].split(",")
    assert kinds(lambda b, x, y: b.Einsum(x, y, equation=equation), (3,) * len(left), (3,) * len(right)) == {"Einsum": 1}


def test_a_transposed_product_of_transposed_operands_exchanges_them() -> None:
    def build(b: Builder, x: Value, y: Value) -> Value:
        product = b.MatMul(b.transpose(x, [0, 2, 1, 3]), b.transpose(y, [0, 2, 3, 1]))
        return b.transpose(product, [0, 1, 3, 2])

    assert kinds(build, (2, 3, 4, 5), (2, 3, 4, 5))["Transpose"] <= 4
    stays(build, numbers(2, 3, 4, 5), numbers(2, 3, 4, 5, seed=1))


def _tensordot(b: Builder, x: Value, back: list[int | Value]) -> Value:
    return b.reshape(b.MatMul(b.reshape(x, [-1, 6]), weight(b, 6, 4)), back)


def test_a_product_with_a_matrix_keeps_its_shape() -> None:
    def build(b: Builder, x: Value) -> Value:
        return _tensordot(b, x, [*b.dims(x)[:2], 4])

    for shape in ((None, 5, 6), (None, None, 6), (2, 5, 6)):
        assert kinds(build, shape) == {"MatMul": 1}
    stays(build, numbers(3, 5, 6))
    assert kinds(lambda b, x: _tensordot(b, x, [5, -1, 4]), (None, 5, 6))["Reshape"] == 2


def test_a_product_that_is_wanted_twice_is_computed_once() -> None:
    def build(b: Builder, x: Value) -> list[Value]:
        rows = b.MatMul(b.reshape(x, [-1, 6]), weight(b, 6, 4))
        return [b.Relu(rows), b.reshape(rows, [-1, 5, 4])]

    assert kinds(build, (None, 5, 6))["MatMul"] == 1


def test_reshapes_that_undo_each_other_leave_nothing() -> None:
    def back(b: Builder, x: Value) -> Value:
        return b.Relu(b.reshape(b.reshape(x, [-1, 30]), [*b.dims(x)]))

    assert kinds(back, (None, 5, 6)) == {"Relu": 1}
    assert kinds(lambda b, x: b.reshape(b.reshape(x, [-1, 30]), [-1, 6, 5]), (None, 5, 6)) == {"Reshape": 1}
    assert kinds(lambda b, x: b.reshape(b.reshape(x, [-1, 6]), [5, -1, 6]), (None, 5, 6)) == {"Reshape": 1}  # not the shape of x
    stays(back, numbers(3, 5, 6))
    stays(lambda b, x: b.reshape(b.reshape(x, [-1, 30]), [-1, 6, 5]), numbers(3, 5, 6))


def test_an_output_that_is_an_input_keeps_its_name() -> None:
    def build(b: Builder, x: Value) -> list[Value]:
        y = b.Mul(x, 1)
        return [y, b.Relu(y)]

    assert kinds(build, (None, 5)) == {"Identity": 1, "Relu": 1}
    stays(build, numbers(4, 5))


def test_long_chains_are_no_trouble() -> None:
    def negated(b: Builder, x: Value) -> Value:
        for _ in range(3000):
            x = b.Neg(x)
        return b.Add(x, 1)

    def squared(b: Builder, x: Value) -> Value:
        for _ in range(60):
            x = b.Mul(x, x)
        return b.Mul(x, b.Add(b.Erf(x), 1))

    assert kinds(negated, (5,))["Neg"] == 3000
    assert kinds(squared, (None, 5))["Mul"] == 61


# -- places -----------------------------------------------------------------------------------------------------------


def _places(b: Builder, i: Value, length: int, known: int) -> Value:
    i = b.cast(i, "int32")
    counted = b.Where(b.Less(i, 0), b.Add(i, length), i)
    return b.Gather(weight(b, known, 3), b.Where(b.Less(counted, 0), 2**31 - 1, counted), axis=0)


def test_places_from_the_end_are_given_as_they_are() -> None:
    assert kinds(lambda b, i: _places(b, i, 7, 7), (None, 2))["Where"] == 0
    stays(lambda b, i: _places(b, i, 7, 7), np.array([[0, 6], [-1, -7]], np.float32))
    assert kinds(lambda b, i: _places(b, i, 6, 7), (None, 2))["Where"] == 2  # another length than that of the table


def test_a_guard_against_negative_places_stays() -> None:
    def build(b: Builder, i: Value) -> Value:
        i = b.cast(i, "int32")
        return b.Gather(b.weight(Tensor.of(numbers(7, 3))), b.Where(b.Less(i, 0), 2**31 - 1, i), axis=0)

    assert kinds(build, (None, 2))["Where"] == 1
