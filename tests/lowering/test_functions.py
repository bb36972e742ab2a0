"""Functions that code inside layers calls, against what each release made of the same calls (tests/golden/make_functions.py)."""

from __future__ import annotations

import json
import lzma
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Spec, dtypes, flatten
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.finish import finish
from loadstone.lowering.functions.era import Era
from loadstone.lowering.lower import lower  # noqa: F401  (fills the tables of rules)
from loadstone.lowering.tensorflow.symbols import symbol, tensor
from loadstone.runtime import Executor
from tests.golden.function_cases import rebuilt, unpacked

GOLDEN = Path(__file__).parents[1] / "golden" / "functions"
TOLERANCE = {"float64": (1e-9, 1e-9), "float32": (1e-4, 1e-5), "float16": (1e-2, 5e-3)}
REFUSED = {  # where the version that a file states does not tell what the function did, or it did nothing of use
    "backend-keras-1.2.2": "backend.batch_dot backend.conv2d backend.conv3d backend.ctc_decode backend.image_dim_ordering backend.separable_conv2d",
    "backend-keras-2.2.4": "backend.batch_dot",
    "backend-keras-2.3.1": "backend.switch",
    "backend-tensorflow.keras-1.15.0": "backend.batch_dot backend.resize_images backend.switch",
    "backend-tensorflow.keras-2.3.4": "backend.ctc_decode",
    "ops-keras-3.15.1": "ops.nn.sparsemax",
    "layers-tensorflow.keras-1.15.0": "losses.cosine_similarity losses.cosine_proximity",
}


@cache
def golden(name: str) -> dict[str, Any]:
    return json.loads(lzma.decompress((GOLDEN / name).read_bytes()))  # type: ignore[no-any-return]


FILES = sorted(path.name for path in GOLDEN.glob("*.json.xz"))
CALLS = [
    pytest.param(name, place, id=f"{name.removesuffix('.json.xz')}-{case['name']}-{place}")
    for name in FILES
    for place, case in enumerate(golden(name)["cases"])
]


def run(name: str, case: dict[str, Any], era: Era | None) -> list[Any]:
    """What the function of this name gives for the call: arrays and plain answers."""
    found = symbol(name)
    assert found is not None, f"no rule for {name}"
    b = Builder()
    arrays = [unpacked(x) for x in case["inputs"]]
    arrays = [np.vectorize(str.encode, otypes=[object])(a) if a.dtype == object else a for a in arrays]
    inputs = [b.input(f"x{i}", x["free"], dtypes.of_numpy(a.dtype)) for i, (x, a) in enumerate(zip(case["inputs"], arrays, strict=True))]
    result = found.call(b, rebuilt(case["args"], inputs), rebuilt(case["kwargs"], inputs), era)
    flat = flatten(result) if any(isinstance(x, Value) for x in flatten(result)) else [result]
    values = [tensor(b, x) for x in flat if isinstance(x, Value)]
    feeds = [(Spec(v.name, v.shape, v.dtype), v) for v in inputs]
    program = finish(b, feeds, [(Spec(f"y{i}", v.shape, v.dtype), v) for i, v in enumerate(values)], list(range(len(values))))
    for v in values:
        assert len(v.shape) == v.rank
    computed = iter(zip(Executor(program).run(arrays) if values else [], values, strict=True))
    answers = []
    for x in flat:
        if isinstance(x, Value):
            array, value = next(computed)
            assert len(value.shape) == array.ndim and all(d in (None, n) for d, n in zip(value.shape, array.shape, strict=True))
            answers.append(array)
        else:
            answers.append(list(x) if isinstance(x, tuple) else x)
    return answers


@pytest.mark.parametrize(("name", "place"), CALLS)
def test_computes_what_the_release_computed(name: str, place: int) -> None:
    stored = golden(name)
    case, owner = stored["cases"][place], name.split("-")[1]
    era = Era.of(stored["keras_version"]) if "keras" in owner else None
    if case["name"] in REFUSED.get(name.removesuffix(".json.xz"), "").split():
        with suppress(UnsupportedAttribute):
            check(called(owner, case["name"]), case, era)
    else:
        check(called(owner, case["name"]), case, era)


@pytest.mark.parametrize(("name", "place"), [call for call in CALLS if "keras" in call.values[0].split("-")[1]])
def test_is_right_or_refused_where_the_release_is_not_known(name: str, place: int) -> None:
    case = golden(name)["cases"][place]
    if "1.2.2" in name and case["name"] in ("backend.any", "backend.all"):
        pytest.skip("numbers in place of flags, in Keras 1 alone")
    with suppress(UnsupportedAttribute):
        check(called("keras", case["name"]), case, None)


def called(owner: str, name: str) -> str:
    """The name that the table has for a function of a module."""
    if owner == "tensorflow.compat.v1":
        return f"compat.v1.{name}"
    return f"keras.{name}" if "keras" in owner else f"numpy.{name}" if owner == "numpy" else name


def check(name: str, case: dict[str, Any], era: Era | None) -> None:
    """Compare answers, dtypes, shapes and numbers."""
    results, expected = run(name, case, era), [unpacked(x) for x in case["outputs"]]
    assert len(results) == len(expected)
    for result, wanted in zip(results, expected, strict=True):
        if not isinstance(wanted, (np.ndarray, np.generic)):
            assert result == pytest.approx(wanted) if isinstance(wanted, float) else result == wanted
            continue
        result = np.asarray(result)
        assert result.dtype == wanted.dtype
        assert result.shape == wanted.shape
        if wanted.dtype == object:
            assert [v.decode() if isinstance(v, bytes) else v for v in result.reshape(-1)] == wanted.reshape(-1).tolist()
            continue
        rtol, atol = TOLERANCE.get(wanted.dtype.name, (0, 0))
        np.testing.assert_allclose(result, wanted, rtol, atol)
