"""`summary()` beside the text that Keras 3.15 printed for the same models (tests/golden/make_summaries.py)."""

import json

import numpy as np
import pytest

import loadstone
from loadstone.frontends.keras.config import read_model
from loadstone.ir import Model as Description
from loadstone.ir import Producer, Tensor
from loadstone.model.outline import Outline, count
from loadstone.model.summary import Options, size, text
from tests.conformance.goldens import FOLDER

KERAS = FOLDER / "keras-3.15.1"
SUMMARIES = json.loads((KERAS / "summaries.json").read_text())


@pytest.fixture(autouse=True)
def a_line_of_100(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(scope="module")
def corners():
    """The model made for the corners, from its config and the shapes of its weights: values are nowhere needed."""
    producer = Producer("keras", "3.15.1")
    root = read_model(SUMMARIES["corners"]["config"], producer)
    variables = SUMMARIES["corners"]["variables"]
    for layer in root.walk():
        own = variables.pop(layer.path, {})
        layer.weights = {name: Tensor.lazy(tuple(shape), dtype, _unread) for name, (shape, dtype, _) in own.items()}
        layer.non_trainable = frozenset(name for name, (_, _, fixed) in own.items() if fixed)
    assert not variables
    return Outline(Description("test", "corners", producer, root))


def _unread():
    raise AssertionError("a summary reads no weights")


def plain(summary):
    return [line.rstrip() for line in summary.splitlines() if line.strip()]


@pytest.mark.parametrize("name", list(SUMMARIES["corners"]["summaries"]))
def test_corners_as_keras_prints_them(corners, name):
    case = SUMMARIES["corners"]["summaries"][name]
    assert plain(text(corners, Options(**case["options"]))) == plain(case["text"])


def test_weights_are_in_keras_order(corners):
    expected = SUMMARIES["corners"]["weights"]
    assert [(weight.name, list(weight.shape)) for weight in corners.weights()] == [
        (path.rpartition("/")[2], shape) for path, shape in expected
    ]
    assert count(corners.weights()) == SUMMARIES["corners"]["params"]


@pytest.mark.parametrize("name", [name for name in SUMMARIES if name != "corners"])
def test_golden_models_as_keras_prints_them(name):
    model, printed = loadstone.load_model(KERAS / name), []
    model.summary(print_fn=printed.append)
    assert plain("\n".join(printed)) == plain(SUMMARIES[name]["summaries"]["plain"]["text"])
    assert [list(weight.shape) for weight in model.weights] == [shape for _, shape in SUMMARIES[name]["weights"]]
    assert model.count_params() == SUMMARIES[name]["params"]


def test_what_is_not_supported_has_no_shape_and_neither_has_what_follows():
    layers = [{"class_name": "Dense", "config": {"name": name, "units": 2}} for name in ("before", "after")]
    odd = {"class_name": "Later", "config": {"name": "odd"}}
    first = {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, 3], "dtype": "float32"}}
    config = {"class_name": "Sequential", "config": {"name": "model", "layers": [first, layers[0], odd, layers[1]]}}
    producer = Producer("keras", "3.15.1")
    outline = Outline(Description("test", "x", producer, read_model(config, producer)))
    shapes = [line.split("│")[2].strip() for line in text(outline, Options()).splitlines() if line.startswith("│")]
    assert shapes[1:] == ["?", "?"]


def test_line_length_is_honoured_beyond_the_terminal(corners):
    assert max(map(len, plain(text(corners, Options(line_length=160))))) == 160


def test_too_short_a_line_is_refused(corners):
    with pytest.raises(ValueError, match="line_length"):
        text(corners, Options(line_length=12))


@pytest.mark.parametrize("layer_range", [("lstm",), ("nowhere", "lstm"), (1, 2)])
def test_a_layer_range_is_two_names_of_layers(corners, layer_range):
    with pytest.raises(ValueError, match="layer_range"):
        text(corners, Options(layer_range=layer_range))


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0.00 B"), (1023, "1023.00 B"), (1536, "1.50 KB"), (3 * 2**30, "3.00 GB"), (2.0**70, "1048576.00 PB")]
)
def test_sizes_are_for_people(count, shown):
    assert size(count) == shown


def test_it_prints_without_colours_where_there_is_no_terminal(corners, capsys):
    from loadstone.model.summary import print_summary

    print_summary(corners, Options())
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert plain(printed) == plain(text(corners, Options()))
    assert np.all([ord(c) < 0x2600 for c in printed])
