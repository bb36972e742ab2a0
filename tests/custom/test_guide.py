"""The code in docs/custom_objects.md does what the page says."""

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest

import loadstone
from tests.custom import files
from tests.custom.building import Built, layer, sequential, x
from tests.custom.test_files import FILES, FOLDER, IDS, assert_same, golden

PAGE = Path(__file__).parents[2] / "docs" / "custom_objects.md"


def objects():
    """What the page defines."""
    made = {"np": np, "loadstone": loadstone}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf8"), re.DOTALL):
        if not block.startswith("model ="):
            exec(block, made)
    return {**made, "double": lambda x: 2 * x + 1, "doubled": lambda x: 2 * x + 1}


PAGES = objects()
OBJECTS = {name: PAGES[name] for name in ("bent", "Scale", "Attend", "MaskedMean", "Gate", "double", "doubled")}


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_the_examples_run_real_files(path):
    assert_same(loadstone.load_model(path, custom_objects=OBJECTS), path)


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_the_rule_runs_real_files(path):
    assert_same(loadstone.load_model(path, custom_objects={**OBJECTS, "Scale": PAGES["scale_rule"]}), path)


def run(config, weights, array):
    """The model in HDF5 and, with its weights counted, in a `.keras` file."""
    given = {name: PAGES[name] for name in ("my_activation", "AttentionWithContext", "CRFDecode")}
    counted = {
        f"layers/{_snake(stored['class_name'])}/vars": weights.get(stored["config"]["name"], {}) for stored in config["config"]["layers"]
    }
    counted = {place: dict(zip("0123", arrays.values(), strict=False)) for place, arrays in counted.items() if arrays}
    one = loadstone.load_model(files.h5(config, weights), custom_objects=given).predict(array, verbose=0)
    other = loadstone.load_model(files.keras(config, counted), custom_objects=given).predict(array, verbose=0)
    np.testing.assert_allclose(one, other, rtol=1e-6)
    return one


def _snake(name):
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def test_the_activation():
    got = run(sequential(layer("Activation", "a", activation="my_activation")), {}, x(4, 3))
    np.testing.assert_allclose(got, x(4, 3) * np.tanh(np.log1p(np.exp(x(4, 3)))), rtol=1e-5)


def sequences():
    """Four sequences of five steps of three numbers, some of whose last steps are masked; and how long they are."""
    array, lengths = x(4, 5, 3), [5, 3, 1, 4]
    for i, length in enumerate(lengths):
        array[i, length:] = 0
    return array, lengths


def test_the_attention_layer():
    array, lengths = sequences()
    weights = {"W": x(3, 3), "b": np.float32([0.1, -0.2, 0.3]), "u": np.float32([1, 2, -1])}
    got = run(
        sequential(layer("Masking", "m", mask_value=0.0), layer("AttentionWithContext", "a"), shape=(None, 5, 3)), {"a": weights}, array
    )
    for row, steps, length in zip(got, array, lengths, strict=True):
        scores = np.tanh(steps[:length] @ weights["W"] + weights["b"]) @ weights["u"]
        shares = np.exp(scores) / np.exp(scores).sum()
        np.testing.assert_allclose(row, shares @ steps[:length], rtol=1e-4, atol=1e-6)


def test_the_crf_finds_the_best_of_all_paths():
    array, lengths = sequences()
    transitions = x(3, 3) * 2
    config = sequential(layer("Masking", "m", mask_value=0.0), layer("CRFDecode", "crf"), shape=(None, 5, 3))
    got = run(config, {"crf": {"transitions": transitions}}, array)
    assert got.dtype == np.int32
    for row, scores, length in zip(got, array, lengths, strict=True):

        def score(path, scores=scores):
            return sum(scores[t, tag] for t, tag in enumerate(path)) + sum(transitions[a, b] for a, b in itertools.pairwise(path))

        assert list(row[:length]) == list(max(itertools.product(range(3), repeat=length), key=score))
        assert not row[length:].any()


def test_a_rule_and_its_class_agree():
    config, weights = sequential(layer("Scale", "s", factor=2.0)), {"s": {"scale": x(3), "offset": x(3) + 1}}
    rule, plain = (Built(config, weights, {"Scale": PAGES[name]})(x(4, 3)) for name in ("scale_rule", "Scale"))
    np.testing.assert_allclose(rule, plain, rtol=1e-6)


# -- a subclassed model, as a plain class --------------------------------------------------------------------------------

ARCHITECTURE = json.loads(re.search(r"```json\n(.*?)```", PAGE.read_text("utf8"), re.DOTALL)[1])
WHOLE = sorted(path for path in FOLDER.glob("*/whole*") if path.suffix in (".keras", ".h5", ".index"))


class Net:
    """The model of make_custom.py in numpy."""

    input_shape = (None, 5)

    def __init__(self, units):
        assert units == 3

    def set_weights(self, weights, names):
        self.of = {}
        for name, array in sorted(zip(names, weights, strict=True), key=lambda pair: _ORDER[pair[0].rpartition("/")[2]]):
            self.of.setdefault(_place(name), []).append(array)

    def call(self, x):
        def dense(name, x):
            return x @ self.of[name][0] + self.of[name][1]

        gamma, beta, mean, variance = self.of["norm"]
        y = (PAGES["bent"](dense("entry", x)) - mean) / np.sqrt(variance + 1e-3) * gamma + beta
        for name in ("block_0", "block_1"):
            y = y + np.tanh(dense(name, y))
        return dense("end", y)


_LAYERS = ("entry", "block_0", "block_1", "end")
_ORDER = {"kernel": 0, "bias": 1, "gamma": 0, "beta": 1, "moving_mean": 2, "moving_variance": 3, **{str(i): i for i in range(4)}}


def _place(name):
    """The layer of a weight: files name it ("entry/net/entry/kernel"), or the attributes that lead to it, or classes, counted."""
    first, second, *_ = name.split("/")
    number = int(second.removeprefix("dense").removeprefix("_") or 0) if first in ("blocks", "layers") and "norm" not in second else 0
    if first == "layers":
        return "norm" if "norm" in second else _LAYERS[number]
    return f"block_{number}" if first == "blocks" else first


@pytest.mark.parametrize("path", WHOLE, ids=[f"{path.parent.name}/{path.name}" for path in WHOLE])
def test_a_subclassed_model_runs_as_a_plain_class(path):
    if path.stem == "whole":
        model = loadstone.load_model(path, custom_objects={"Net": Net})
    else:
        model = loadstone.load_model(json.dumps(ARCHITECTURE).encode(), custom_objects={"Net": Net}, weights=path)
    inputs, expected = golden(path.parent / "whole")
    np.testing.assert_allclose(model.predict(inputs, verbose=0), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("path", WHOLE, ids=[f"{path.parent.name}/{path.name}" for path in WHOLE])
def test_without_its_class_it_is_missing_with_all_its_weights(path):
    source, weights = (path, None) if path.stem == "whole" else (json.dumps(ARCHITECTURE).encode(), path)
    with pytest.raises(
        loadstone.MissingCustomObjects, match="A SavedModel of this model, made where its code is, would need none"
    ) as raised:
        loadstone.load_model(source, weights=weights)
    (found,) = raised.value.missing
    assert (found.kind, found.name, found.paths) == ("layer", "Net", ("$",))
    assert len(found.weights) == 12
    assert sum(int(np.prod(shape)) for _, shape in found.weights) == 5 * 3 + 3 + 4 * 3 + 2 * (9 + 3) + 3 * 2 + 2
