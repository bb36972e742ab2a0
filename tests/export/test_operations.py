"""ONNX ops as operations of today's Keras: the whole table, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from loadstone.export.operations.table import NoOperation, rules
from loadstone.lowering.lower import lower
from loadstone.runtime.executor import run_once
from tests.export.operation_cases import CASES, Case, expected, model_of, numbers, taken


@pytest.mark.parametrize("name", CASES)
def test_an_operation_computes_what_the_op_does(name: str) -> None:
    case = CASES[name]
    model = model_of(case)
    for want, got in zip(expected(case), run_once(lower(model), taken(model, case)), strict=True):
        assert got.shape == want.shape and got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def test_every_rule_has_a_case() -> None:
    assert {name.partition("-")[0] for name in CASES} - {"Constant", "Input"} == set(rules())


REFUSED = {
    "several lengths": lambda b, x: b.reshape(b.transpose(x, [2, 1, 0]), [b.dim(x, 0), 2, b.dim(x, 1), 2]),
    "unknown length": lambda b, x: b.op("Resize", x, None, b.const(np.array([1, 1.5, 1], np.float32))),
    "no such operation": lambda b, x: b.NonZero(x),
    "Python call": lambda b, x: b.host("odd", lambda array: (array,), [x], [(x.shape, x.dtype)])[0],
    "the places are computed": lambda b, x: b.op("Slice", x, b.ints([0]), b.Sub(b.dim(x, 1), b.ints([1])), b.ints([1])),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_has_no_operation_is_told(reason: str) -> None:
    with pytest.raises(NoOperation, match=reason):
        model_of(Case(REFUSED[reason], (numbers(2, 5, 4),), ((None, None, 4),)))
