"""Lowering rules given as custom objects: compiled with the model, exported with it, and cut into micro-batches only by their word."""

import numpy as np
import pytest

import loadstone
from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir.program import Segment
from tests.custom import files
from tests.custom.building import Built, dense, layer, sequential, x
from tests.custom.test_files import FOLDER, assert_same, golden

GATED = {"mine": {"w": x(3, 2), "g": x(3, 2) / 2, "offset": np.float32([1, 2])}}
MODEL = sequential(layer("GatedDense", "mine", units=2, scale=1.5))


def gated(**declared):
    @loadstone.layer_rule(weights=("w", "g", "offset?"), options="units scale", **declared)
    def gated_dense(b, layer, x, w, g, offset=None):
        y = b.MatMul(x, w)
        y = y if offset is None else b.Add(y, offset)
        return b.Mul(b.Mul(y, layer.config["scale"]), b.Sigmoid(b.MatMul(x, g)))

    return gated_dense


def expected(array, weights):
    y = array @ weights["w"] + weights.get("offset", 0)
    return 1.5 * y / (1 + np.exp(-array @ weights["g"]))


def test_a_rule_is_compiled_into_the_graph():
    built = Built(MODEL, GATED, {"GatedDense": gated()})
    assert [type(step) for step in built.program.steps] == [Segment]
    np.testing.assert_allclose(built(x(4, 3)), expected(x(4, 3), GATED["mine"]), rtol=1e-5)


def test_a_weight_may_be_absent():
    weights = {"mine": {key: GATED["mine"][key] for key in ("w", "g")}}
    np.testing.assert_allclose(Built(MODEL, weights, {"GatedDense": gated()})(x(4, 3)), expected(x(4, 3), weights["mine"]), rtol=1e-5)


def test_weights_that_a_file_counts_are_matched_by_order():
    counted = {"mine": dict(zip("012", GATED["mine"].values(), strict=True))}
    np.testing.assert_allclose(Built(MODEL, counted, {"GatedDense": gated()})(x(4, 3)), expected(x(4, 3), GATED["mine"]), rtol=1e-5)


@pytest.mark.parametrize("stored", [{"w": np.ones((3, 2))}, {**GATED["mine"], "more": np.ones(2)}], ids=["too few", "too many"])
def test_weights_that_it_does_not_declare_are_an_error(stored):
    with pytest.raises(ModelError, match="weights"):
        Built(MODEL, {"mine": stored}, {"GatedDense": gated()})


def test_an_option_that_it_does_not_declare_is_an_error():
    with pytest.raises(UnsupportedAttribute, match="GatedDense with slope=3"):
        Built(sequential(layer("GatedDense", "mine", units=2, scale=1.5, slope=3)), GATED, {"GatedDense": gated()})


def test_a_rule_that_does_not_say_so_keeps_samples_together():
    assert Built(MODEL, GATED, {"GatedDense": gated()}).program.sharding is None
    assert Built(MODEL, GATED, {"GatedDense": gated(samples_apart=True)}).program.sharding is not None


def test_its_word_is_not_enough():
    """What it emits is looked at as well: the mean of the batch mixes samples."""

    @loadstone.layer_rule(samples_apart=True)
    def centred(b, layer, x):
        return b.Sub(x, b.ReduceMean(x, b.ints([0]), keepdims=1))

    built = Built(sequential(layer("Centred")), {}, {"Centred": centred})
    assert built.program.sharding is None
    np.testing.assert_allclose(built(x(4, 3)), x(4, 3) - x(4, 3).mean(0), rtol=1e-5, atol=1e-6)


def test_an_activation_may_be_a_rule():
    @loadstone.layer_rule(samples_apart=True)
    def bent(b, layer, x):
        return b.Add(b.Mul(x, b.Sigmoid(b.Mul(x, 1.5))), 0.1)

    weights = {"dense": {"kernel": np.eye(3, dtype="float32"), "bias": np.zeros(3, "float32")}}
    built = Built(sequential(dense(3, "bent")), weights, {"bent": bent})
    array = x(4, 3)
    assert len(built.program.steps) == 1
    assert built.program.sharding is not None
    np.testing.assert_allclose(built(array), array / (1 + np.exp(-1.5 * array)) + 0.1, rtol=1e-5)


def test_an_activation_keeps_the_shape():
    @loadstone.layer_rule()
    def summed(b, layer, x):
        return b.ReduceSum(x, b.ints([1]), keepdims=1)

    with pytest.raises(ModelError, match=r"the rule 'summed' made \(None, 1\) float32 of \(None, 3\) float32"):
        Built(sequential(dense(3, "summed")), {"dense": {"kernel": np.eye(3), "bias": np.zeros(3)}}, {"summed": summed})


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda b, layer, x: 1 / 0, "the rule for Mine raised ZeroDivisionError"),
        (lambda b, layer, x: None, "the rule for Mine returned a NoneType"),
        (lambda b, layer, x: np.ones(3), "the rule for Mine returned a ndarray"),
    ],
    ids=["exception", "nothing", "array"],
)
def test_what_is_wrong_with_it_is_said(function, words):
    with pytest.raises(ModelError, match=words) as raised:
        Built(sequential(layer("Mine")), {}, {"Mine": loadstone.layer_rule()(function)})
    assert raised.value.where == "mine"


def test_a_mask_goes_on_where_it_says_so():
    def same(b, layer, x):
        return b.Mul(x, 2.0)

    config = sequential(layer("Masking", mask_value=0.0), layer("Mine"), layer("GlobalAveragePooling1D"), shape=(None, 4, 2))
    array = x(3, 4, 2)
    array[0, 1] = 0
    for masking, mean in (("pass", array[0, [0, 2, 3]].mean(0)), ("stop", array[0].mean(0))):
        built = Built(config, {}, {"Mine": loadstone.layer_rule(masking=masking)(same)})
        np.testing.assert_allclose(built(array)[0], 2 * mean, rtol=1e-5)


# -- files -------------------------------------------------------------------------------------------------------------


@loadstone.layer_rule(options="factor", weights=("scale", "offset"), samples_apart=True)
def scale(b, layer, inputs, scale, offset):
    return b.Add(b.Mul(inputs, scale), b.Mul(offset, layer.config["factor"]))


@loadstone.layer_rule(weights=("kernel",), samples_apart=True)
def attend(b, layer, inputs, kernel):
    query, value = inputs
    weights = b.Softmax(b.MatMul(b.MatMul(query, kernel), b.Transpose(value, perm=[0, 2, 1])), axis=-1)
    return [b.MatMul(weights, value), weights]


RULES = {"Scale": scale, "Attend": attend}
PAIRS = sorted(FOLDER.glob("*/pairs.[hk]*"))


@pytest.mark.parametrize("path", PAIRS, ids=[f"{path.parent.name}/{path.name}" for path in PAIRS])
def test_files_run_by_rules_alone(path):
    model = loadstone.load_model(path, custom_objects=RULES)
    assert len(model._program.steps) == 1
    assert_same(model, path)


@pytest.mark.parametrize("path", PAIRS, ids=[f"{path.parent.name}/{path.name}" for path in PAIRS])
def test_they_are_exported_to_onnx(path, tmp_path):
    import onnxruntime

    report = loadstone.convert(path, tmp_path / "pairs.onnx", custom_objects=RULES)
    assert report.difference is not None
    session = onnxruntime.InferenceSession(tmp_path / "pairs.onnx")
    inputs, outputs = golden(path)
    got = session.run(None, {spec.name: array for spec, array in zip(session.get_inputs(), inputs, strict=True)})
    for one, other in zip(got, outputs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_python_calls_are_not_exported(tmp_path):
    from tests.custom.numpy_objects import OBJECTS

    with pytest.raises(loadstone.UnsupportedOps, match="is a Python call"):
        loadstone.convert(PAIRS[0], tmp_path / "pairs.onnx", custom_objects=OBJECTS)


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".json"])
def test_a_file_of_keras_names_them(tmp_path, suffix):
    weights = {"dense": {"kernel": np.eye(3, dtype="float32"), "bias": np.zeros(3, "float32")}}
    data = files.h5(sequential(dense(3, "bent")), weights)
    report = loadstone.convert(data, tmp_path / f"new{suffix}", custom_objects={"bent": np.tanh})
    assert [(need.kind, need.name) for need in report.needs] == [("activation function", "bent")]
    report = loadstone.convert(files.h5(MODEL, GATED), tmp_path / f"new{suffix}", custom_objects={"GatedDense": gated()})
    assert [(need.kind, need.name) for need in report.needs] == [("layer", "GatedDense")]


def test_a_whole_model_is_no_layer():
    with pytest.raises(ModelError, match="a whole model, which a rule cannot stand for"):
        loadstone.load_model(FOLDER / "keras-3.15.1" / "whole.keras", custom_objects={"Net": scale})
