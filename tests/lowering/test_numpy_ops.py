"""Functions of `keras.ops` from numpy against what each release of Keras 3 computed (tests/golden/make_numpy_ops.py)."""

from typing import Any

import numpy as np
import pytest

from loadstone.errors import InferenceError, LoadstoneError, ModelError, UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.builder import Builder
from loadstone.lowering.registry import keras_op
from tests.lowering.golden_models import families

ALL = families("numpy_ops")


@pytest.mark.parametrize(("release", "name"), [(release, name) for release, goldens in ALL.items() for name in goldens.cases])
def test_computes_what_the_release_computed(release: str, name: str) -> None:
    ALL[release].check(name)


REFUSED = [
    ("Trapezoid", {"x": [0.0, 1.0], "axis": 1}, ["float32"], ModelError, "Trapezoid along axis 1 with x of shape"),
    ("Angle", {}, ["complex64"], UnsupportedAttribute, "Angle of complex numbers"),
    ("Gcd", {}, ["float32", "float32"], ModelError, "Gcd of float32; integers are needed"),
    ("Correlate", {"mode": "round"}, ["float32", "float32"], ModelError, "Correlate of shapes"),
    ("Bincount", {"sparse": True}, ["int32"], UnsupportedAttribute, "sparse=True"),
    ("Histogram", {"bins": 3}, ["float32"], ModelError, "a vector is needed"),
    ("Linspace", {"retstep": True}, ["float32", "float32"], UnsupportedAttribute, "retstep=True"),
    ("Geomspace", {}, ["uint8", "float32"], ModelError, "Geomspace of uint8"),
    ("Geomspace", {"dtype": "int32"}, ["float32", "float32"], ModelError, "a float is needed"),
    ("Arange", {}, ["float32"], UnsupportedAttribute, "Arange of ends of shapes"),
    ("View", {"dtype": "bool"}, ["int8"], ModelError, "View of int8 as bool"),
    ("View", {"dtype": "float64"}, ["int8"], ModelError, "as float64"),
    ("Nanmedian", {"axis": [1]}, ["int32"], ModelError, "Nanmedian of int32 along an axis"),
    ("UnravelIndex", {"shape": [0, 2]}, ["int32"], ModelError, "axis of length 0"),
]


@pytest.mark.parametrize(("name", "config", "kinds", "error", "words"), REFUSED, ids=[f"{row[0]}-{row[4]}" for row in REFUSED])
def test_refuses_by_name(name: str, config: dict[str, Any], kinds: list[str], error: type[LoadstoneError], words: str) -> None:
    import loadstone.lowering.keras  # noqa: F401

    b = Builder()
    inputs = [b.input(f"x{i}", (None, 4), kind) for i, kind in enumerate(kinds)]
    with pytest.raises(error, match=words):
        keras_op.rules[name].function(b, Layer(name, "op", config, domain="keras.ops"), *inputs)


@pytest.mark.parametrize("name", ["AssociativeScan", "Cond", "ForiLoop", "Function", "Map", "Scan", "Switch", "VectorizedMap", "WhileLoop"])
def test_functions_of_functions_are_refused_by_name(name: str) -> None:
    with pytest.raises(UnsupportedAttribute, match=f"{name}, which calls Python functions"):
        keras_op.rules[name].function(None, Layer(name, "op", {}, domain="keras.ops"), None)


def test_unique_refuses_to_sort_nan() -> None:
    b = Builder()
    keras_op.rules["Unique"].function(b, Layer("Unique", "op", {"sorted": True}, domain="keras.ops"), b.input("x", (None,), "float32"))
    function = b.block.ops[0].function
    assert function is not None
    with pytest.raises(InferenceError, match="Unique with sorted=True of NaN"):
        function(np.array([1.0, np.nan], np.float32))
