"""`evaluate` beside what Keras itself reported (tests/golden/make_evaluations.py)."""

import json

import numpy as np
import pytest

from loadstone.errors import InputMismatch, ModelError
from loadstone.frontends.keras.config import read_model
from loadstone.ir import Model as Description
from loadstone.ir import Producer, Tensor
from loadstone.model.model import Compilation, Model
from tests.conformance.goldens import FOLDER

RELEASES = {"keras-3.15.1": Producer("keras", "3.15.1"), "tf.keras-2.15.1": Producer("tf.keras", "2.15.1")}
CASES = {release: json.loads((FOLDER / release / "evaluations.json").read_text())["cases"] for release in RELEASES}


def data(kind, rows=70, width=4, seed=0):
    """As make_evaluations.py makes them."""
    random = np.random.RandomState(seed)
    x = random.normal(size=(rows, width)).astype("float32")
    scale = {"far": 40, "far_binary": 40, "onehot": 3, "labels": 3, "column": 3, "binary": 3, "flags": 3}.get(kind, 1)
    labels = {
        "numbers": lambda: random.normal(size=(rows, width)).astype("float32"),
        "positive": lambda: np.abs(random.normal(size=(rows, width))).astype("float32"),
        "one": lambda: random.normal(size=(rows,)).astype("float32"),
        "onehot": lambda: np.eye(width, dtype="float32")[random.randint(0, width, rows)],
        "labels": lambda: random.randint(0, width, rows),
        "column": lambda: random.randint(0, width, (rows, 1)),
        "binary": lambda: random.randint(0, 2, (rows, 1)),
        "flags": lambda: random.randint(0, 2, (rows, width)).astype("float32"),
        "far": lambda: random.randint(0, width, rows),
        "far_binary": lambda: random.randint(0, 2, (rows, width)).astype("float32"),
    }
    return np.abs(x) if kind == "positive" else scale * x, labels[kind]()


def arrays(kind):
    if kind == "two":
        x, y = data("numbers")
        return x, y[:, :2]
    if kind == "steps":
        x, y = data("numbers")
        return x, y[..., None]
    if kind.startswith("fraud"):
        x, fraud = data("binary")
        kinds = data("labels")[1]
        return x, {"fraud": fraud, "kind": kinds} if kind == "fraud_dict" else [fraud, kinds]
    return data(kind)


def loaded(case, producer, training, compiled=True):
    """The model of a case with the weights that make_evaluations.py gave it: four inputs, one Dense layer for each output."""
    root = read_model(case["config"], producer)
    random = np.random.RandomState(5)
    for layer in root.graph.layers():
        if layer.class_name == "Dense":
            width = 1 if layer.name == "last" else 4
            for name, shape in (("kernel", (width, layer.config["units"])), ("bias", (layer.config["units"],))):
                layer.weights[name] = Tensor.of(random.normal(scale=0.4, size=shape).astype("float32"))
    return Model(Description("test", case["name"], producer, root, training_config=training), Compilation(compiled=compiled))


def options(case, x, y):
    found = dict(case["options"])
    if found.pop("sample_weight", False):
        weight = np.linspace(0, 2, len(x)).astype("float32")
        found["sample_weight"] = [weight, weight] if isinstance(y, list) else weight
    return found


def every():
    for release, cases in CASES.items():
        for case in cases:
            for form, training in case["training"].items():
                if training and (release, case["name"]) != ("keras-3.15.1", "huber"):  # Keras 3 does not store delta
                    yield pytest.param(release, case, training, id=f"{release} {case['name']} {form}")


@pytest.mark.parametrize(("release", "case", "training"), list(every()))
def test_reports_what_keras_reports(release, case, training):
    model = loaded(case, RELEASES[release], training)
    x, y = arrays(case["data"])
    results = model.evaluate(x, y, verbose=0, return_dict=True, **options(case, x, y))
    expected = dict(case["result"])
    if release.startswith("keras-3"):  # on TensorFlow, Keras 3 gives a shorter last batch the same weight in these
        expected.update({key: results[key] for key in expected if key.endswith("_loss")})
    assert results == pytest.approx(expected, rel=2e-5, abs=2e-6)


LISTED = [case for case in CASES["keras-3.15.1"] if not isinstance(case["list"], list) or len(case["list"]) == len(case["result"])]


# Keras lists two metrics of one name twice.
@pytest.mark.parametrize("case", [case for case in LISTED if not case["name"].startswith(("two", "huber"))], ids=lambda case: case["name"])
def test_lists_results_in_the_order_of_keras(case):
    model = loaded(case, RELEASES["keras-3.15.1"], next(iter(case["training"].values())))
    x, y = arrays(case["data"])
    assert model.evaluate(x, y, verbose=0, **options(case, x, y)) == pytest.approx(case["list"], rel=2e-5, abs=2e-6)


def case_of(name):
    return next(case for case in CASES["keras-3.15.1"] if case["name"] == name)


def model_with(**training):
    return loaded(case_of("accuracy_labels"), RELEASES["keras-3.15.1"], {"loss": "mse", **training})


def test_batches_hold_their_labels():
    case = case_of("batches")
    model, (x, y) = loaded(case, RELEASES["keras-3.15.1"], case["training"]["keras"]), arrays(case["data"])
    given = ((x[i : i + 7], y[i : i + 7]) for i in range(0, len(x), 7))
    assert model.evaluate(given, verbose=0, return_dict=True) == pytest.approx(case["result"], rel=2e-5)
    with pytest.raises(InputMismatch, match="hold their own"):
        model.evaluate(iter([(x, y)]), y)


def test_all_that_is_lacking_is_named_at_once():
    own = {"class_name": "function", "config": "my_loss", "registered_name": "my_loss", "module": "builtins"}
    model = model_with(loss=own, metrics=["accuracy", "my_metric", {"class_name": "MeanIoU", "config": {"num_classes": 3}}])
    with pytest.raises(ModelError) as error:
        model.evaluate(*arrays("labels"))
    assert all(name in str(error.value) for name in ("my_loss", "my_metric", "MeanIoU", "num_classes=3"))


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        ({"class_name": "MeanSquaredError", "config": {"reduction": "none"}}, "reduction='none'"),
        ({"class_name": "CategoricalCrossentropy", "config": {"axis": 1}}, "axis=1"),
        ({"class_name": "MeanSquaredError", "config": {"strange": True}}, "strange=True"),
    ],
)
def test_options_of_a_loss_that_are_not_built_in_are_named(loss, said):
    with pytest.raises(ModelError, match=said):
        model_with(loss=loss).evaluate(*arrays("onehot"))


def test_without_a_training_config_there_is_nothing_to_evaluate():
    with pytest.raises(ModelError, match="no training config"):
        loaded(case_of("one"), RELEASES["keras-3.15.1"], None).evaluate(*arrays("one"))
    with pytest.raises(ModelError, match="compile=False"):
        loaded(case_of("one"), RELEASES["keras-3.15.1"], {"loss": "mse"}, compiled=False).evaluate(*arrays("one"))


def test_labels_must_fit():
    case = case_of("accuracy_labels")
    model, (x, y) = loaded(case, RELEASES["keras-3.15.1"], case["training"]["keras"]), arrays("labels")
    with pytest.raises(InputMismatch, match="70 samples, labels or weights have 69"):
        model.evaluate(x, y[1:], verbose=0)
    with pytest.raises(InputMismatch, match="4 classes"):
        model.evaluate(x, y + 1, verbose=0)


def test_a_regularizer_that_is_not_built_in_is_named():
    case = json.loads(json.dumps(case_of("regularized")))
    for layer in case["config"]["config"]["layers"]:
        if layer["class_name"] == "Dense":
            layer["config"]["kernel_regularizer"] = {"class_name": "OrthogonalRegularizer", "config": {"factor": 0.01}}
    with pytest.raises(ModelError, match="OrthogonalRegularizer"):
        loaded(case, RELEASES["keras-3.15.1"], {"loss": "mse"}).evaluate(*arrays("two"))
