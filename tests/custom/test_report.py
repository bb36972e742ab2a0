"""The report of what is missing: everything at once, nothing raw, and code that loads once it is filled in."""

import ast

import numpy as np
import pytest

from loadstone.custom import CustomObjects
from loadstone.custom.stub import stub
from loadstone.errors import MissingCustomObjects
from loadstone.frontends.keras.config import read_model
from loadstone.ir import Producer, Tensor
from tests.custom.building import Built, dense, layer, sequential, x

GATED = {"w": np.ones((3, 2), "float32"), "b": np.zeros(2, "float32")}
MODEL = sequential(
    layer("Gated", "one", units=2, scale=1.5),
    dense(2, "bent", "two"),
    layer("my_package>Gated", "three", units=2, scale=0.5),
    dense(2, "bent", "four"),
    layer("Other", "five"),
)


def missing(config, objects=None, weights=None):
    """The error for a config; weights by layer name."""
    custom = CustomObjects(objects)
    root = read_model(config, Producer("tf.keras", "2.8.0"), custom)
    for inner in root.walk():
        inner.weights.update({name: Tensor.of(array) for name, array in (weights or {}).get(inner.name, {}).items()})
    with pytest.raises(MissingCustomObjects) as raised:
        custom.raise_missing("model.h5")
    return raised.value


def test_all_is_named_once_with_every_place():
    error = missing(MODEL, weights={"one": GATED, "three": {**GATED, "w": np.ones((2, 2))}})
    assert [(m.kind, m.name, m.where) for m in error.missing] == [
        ("layer", "Gated", ("one", "three")),
        ("activation function", "bent", ("two.activation", "four.activation")),
        ("layer", "Other", ("five",)),
    ]
    assert error.missing[0].weights == (("w", (None, 2)), ("b", (2,)))
    assert error.missing[0].config["scale"] == 1.5


def test_the_message_has_the_words_that_keras_users_search_for():
    text = str(missing(MODEL, weights={"one": GATED}))
    assert "Unknown layer: 'Gated' at one, three" in text
    assert "Unknown activation function: 'bent' at two.activation, four.activation" in text
    assert "config units=2, scale=1.5" in text
    assert "weights w (3, 2), b (2,)" in text
    assert "model.h5" in text
    assert isinstance(missing(MODEL), ValueError)


@pytest.mark.parametrize("passed", ["my_activation", "MyCustomActivation", "my_custom_activatoin"])
def test_a_near_miss_is_named(passed):
    error = missing(sequential(dense(2, "my_custom_activation")), {passed: abs})
    assert error.missing[0].near == (passed,)
    assert f"you passed '{passed}', the file says 'my_custom_activation'" in str(error)


def test_the_only_object_that_was_passed_is_meant():
    assert missing(sequential(dense(2, "bent")), {"f": abs}).missing[0].near == ("f",)
    assert missing(sequential(dense(2, "bent")), {"f": abs, "g": abs}).missing[0].near == ()


def test_an_object_that_was_found_is_no_near_miss():
    config = sequential(dense(2, "bent"), dense(2, "bend", "other"))
    assert missing(config, {"bent": abs}).missing[0].near == ()


def test_the_stub_loads_once_it_is_filled_in():
    weights = {"one": GATED, "three": {**GATED, "w": np.ones((2, 2), "float32")}}
    weights |= {name: {"kernel": np.ones((2, 2), "float32"), "bias": np.zeros(2, "float32")} for name in ("two", "four")}
    source = stub(missing(MODEL, weights=weights).missing).partition("custom_objects =")[0]
    source = source.replace("    # inputs is a numpy array with the batch first; return an array\n", "")
    filled = source.replace("raise NotImplementedError", "return inputs @ self.w * self.scale", 1).replace(
        "raise NotImplementedError", "return x", 1
    )
    filled = filled.replace("raise NotImplementedError", "return inputs", 1)
    made = {}
    exec(filled, made)
    built = Built(MODEL, weights, {name: made[name] for name in ("Gated", "bent", "Other")})
    array = x(4, 3)
    expected = array.sum(1, keepdims=True) * 1.5 * np.ones(2)
    expected = expected.sum(1, keepdims=True) * np.ones(2)
    expected = expected.sum(1, keepdims=True) * 0.5 * np.ones(2)
    np.testing.assert_allclose(built(array), expected.sum(1, keepdims=True) * np.ones(2), rtol=1e-5)


HOSTILE = [
    "x): pass\nimport os; os.system('true') #",
    'a"""\nimport os',
    "class",
    "self",
    "__class__",
    "\x1b[31mred",
    "a\u202eb",
    "np",
    "",
    "ſelf",
    "call",
    "'; import os",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_from_the_file_are_data(name):
    config = sequential(layer(name or "?", "a\nb", **{name: name}), dense(2, name or "?", f"d{name}"))
    error = missing(config, weights={"a\nb": {name: np.ones(2), "other": np.ones(3)}})
    source = stub(error.missing)
    tree = ast.parse(source)
    kinds = {type(node) for node in tree.body}
    assert kinds <= {ast.Import, ast.FunctionDef, ast.ClassDef, ast.Assign}
    assert [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names] == ["numpy"]
    text = str(error)
    assert "\x1b" not in text
    assert "\u202e" not in text
    message = text.partition("  hint:")[0]
    assert len(message.splitlines()) == 4  # what, two lines, where


def test_a_file_that_names_thousands_gets_a_message_of_bearable_length():
    error = missing(sequential(*(layer(f"L{i}", f"l{i}", text="x" * 10_000) for i in range(500))))
    assert len(error.missing) == 500
    assert "and 450 more" in str(error)
    assert len(str(error)) < 60_000
