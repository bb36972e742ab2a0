"""What is refused of linear algebra, segments and cross entropies, and what fails where TensorFlow fails."""

from typing import Any

import numpy as np
import pytest

from loadstone.errors import InferenceError, ModelError, UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.eigen_eigh import eigh
from loadstone.lowering.registry import keras_op


def lowered(name: str, *inputs: tuple[tuple[int | None, ...], str], **config: Any) -> Builder:
    """The builder after one operation."""
    b = Builder()
    values = [b.input(f"x{i}", shape, dtype) for i, (shape, dtype) in enumerate(inputs)]
    keras_op.rules[name].function(b, Layer(name, "op", config, domain="keras.ops"), *values)
    return b


def run(name: str, array: np.ndarray, **config: Any) -> tuple[np.ndarray, ...]:
    """The results of the Python step of an operation."""
    op = next(op for op in lowered(name, (array.shape, str(array.dtype)), **config).block.ops if op.domain == "host")
    assert op.function is not None
    return tuple(op.function(array))


@pytest.mark.parametrize("dtype", ["int32", "bfloat16", "float16"])
def test_dtypes_without_a_kernel_are_refused(dtype: str) -> None:
    with pytest.raises(ModelError, match=f"Cholesky of {dtype}"):
        lowered("Cholesky", ((None, 3, 3), dtype))


def test_what_is_not_square_is_refused() -> None:
    with pytest.raises(ModelError, match="3 rows and 4 columns"):
        lowered("Inv", ((None, 3, 4), "float32"))


def test_singular_vectors_are_refused() -> None:
    with pytest.raises(UnsupportedAttribute, match="compute_uv"):
        lowered("SVD", ((None, 3, 4), "float32"))


@pytest.mark.parametrize("name", ["Inv", "Cholesky", "LuFactor"])
def test_singular_matrices_fail(name: str) -> None:
    with pytest.raises(InferenceError, match=f"{name} failed"):
        run(name, np.zeros((2, 2), "float32"))


@pytest.mark.parametrize("name", ["Inv", "Cholesky", "LuFactor", "Eigh"])
def test_matrices_that_are_not_finite_fail(name: str) -> None:
    with pytest.raises(InferenceError, match="finite"):
        run(name, np.full((2, 2), np.nan, "float32"))


def test_singular_values_of_what_is_not_finite_are_nan() -> None:
    (values,) = run("SVD", np.array([[[np.inf, 1], [1, 2]], [[3, 0], [0, 1]]], "float32"), compute_uv=False)
    assert np.isnan(values[0]).all()
    np.testing.assert_allclose(values[1], [3, 1])


def test_eigenvectors_rebuild_the_matrix() -> None:
    x = np.random.RandomState(0).randn(12, 12)
    x += x.T
    values, vectors = eigh(x)
    np.testing.assert_allclose(vectors * values @ vectors.T, x, atol=1e-10)


def test_integer_outputs_have_no_cross_entropy() -> None:
    with pytest.raises(ModelError, match="output of dtype int32"):
        lowered("BinaryCrossentropy", ((None, 2), "int32"), ((None, 2), "int32"))
