"""Labels of sequences, gamma functions, powers and odd numbers of `keras.ops` against releases of Keras 3 (make_math_ops.py)."""

import numpy as np
import pytest

from loadstone.errors import InferenceError, UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_complex import polar
from loadstone.lowering.keras.ops_ctc import ctc_decode
from loadstone.lowering.keras.ops_order import top_k
from tests.lowering.golden_models import families

ALL = families("math_ops")


@pytest.mark.parametrize(("release", "name"), [(release, name) for release, goldens in ALL.items() for name in goldens.cases])
def test_computes_what_the_release_computed(release: str, name: str) -> None:
    ALL[release].check(name)


def decoding(**config: object) -> Builder:
    """The builder after a CTCDecode."""
    b = Builder()
    ctc_decode(b, Layer("CTCDecode", "op", config, domain="keras.ops"), b.input("x", (2, 4, 3), "float32"), b.input("n", (2,), "int32"))
    return b


def test_a_beam_whose_blank_is_minus_one_is_refused() -> None:
    with pytest.raises(UnsupportedAttribute, match="mask_index=-1"):
        decoding(strategy="beam_search", mask_index=-1)


def test_sequences_longer_than_their_steps_fail() -> None:
    step = next(op for op in decoding().block.ops if op.domain == "host").function
    assert step is not None
    with pytest.raises(InferenceError, match="5 steps, of 4"):
        step(np.zeros((2, 4, 3), "float32"), np.array([1, 5]))


def test_more_paths_than_the_beam_holds_fail() -> None:
    step = next(op for op in decoding(strategy="beam_search", top_paths=3, beam_width=2).block.ops if op.domain == "host").function
    assert step is not None
    with pytest.raises(InferenceError, match="3 paths are asked for and 2 found"):
        step(np.zeros((2, 4, 3), "float32"), np.array([4, 4]))


def test_polar_numbers_are_complex() -> None:
    b = Builder()
    y = polar(b, Layer("Polar", "op", {}, domain="keras.ops"), b.input("x", (None, 2), "float32"), b.input("y", (None, 2), "float32"))
    step = b.block.ops[0].function
    assert y.dtype == "complex64" and step is not None
    np.testing.assert_allclose(step(np.array([[2, 1]], "float32"), np.array([[0, np.pi / 2]], "float32"))[0], [[2, 1j]], atol=1e-6)


def test_the_largest_in_the_order_of_a_heap_are_refused() -> None:
    b = Builder()
    with pytest.raises(UnsupportedAttribute, match="sorted=False and k=2"):
        top_k(b, Layer("TopK", "op", {"k": 2, "sorted": False}, domain="keras.ops"), b.input("x", (None, 5), "float32"))
