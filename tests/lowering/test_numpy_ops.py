"""Functions of `keras.ops` from numpy against what each release of Keras 3 computed (tests/golden/make_numpy_ops.py)."""

from typing import Any

import pytest

from loadstone.errors import LoadstoneError, ModelError, UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.builder import Builder
from loadstone.lowering.registry import keras_op
from tests.lowering.golden_models import families

ALL = families("numpy_ops")


@pytest.mark.parametrize(("release", "name"), [(release, name) for release, goldens in ALL.items() for name in goldens.cases])
def test_computes_what_the_release_computed(release: str, name: str) -> None:
    ALL[release].check(name)


REFUSED = [
    ("Trapezoid", {"x": [0.0, 1.0]}, ["float32"], UnsupportedAttribute, "Trapezoid with x"),
    ("Angle", {}, ["complex64"], UnsupportedAttribute, "Angle of complex numbers"),
    ("Gcd", {}, ["float32", "float32"], ModelError, "Gcd of float32; integers are needed"),
    ("Correlate", {"mode": "round"}, ["float32", "float32"], ModelError, "Correlate of shapes"),
    ("UnravelIndex", {"shape": [0, 2]}, ["int32"], ModelError, "axis of length 0"),
]


@pytest.mark.parametrize(("name", "config", "kinds", "error", "words"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refuses_by_name(name: str, config: dict[str, Any], kinds: list[str], error: type[LoadstoneError], words: str) -> None:
    import loadstone.lowering.keras  # noqa: F401

    b = Builder()
    inputs = [b.input(f"x{i}", (None, 4), kind) for i, kind in enumerate(kinds)]
    with pytest.raises(error, match=words):
        keras_op.rules[name].function(b, Layer(name, "op", config, domain="keras.ops"), *inputs)
