"""A model with three missing layers, a missing activation and a missing loss: what a user sees, and the way from there to a model."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import loadstone
from loadstone.cli import main
from tests.custom import files
from tests.custom.building import dense, layer, sequential, x

KERNEL = np.float32([[1, 2, 0], [0, 1, 1], [1, 0, 1]])
WEIGHTS = {
    "gated": {"w": KERNEL, "b": np.float32([1, 2, 3])},
    "dense": {"kernel": KERNEL, "bias": np.zeros(3, "float32")},
    "attend": {"W": np.ones((3, 1), "float32")},
}
CONFIG = sequential(
    layer("Gated", "gated", units=3, scale=1.5),
    dense(3, "bent"),
    layer("InstanceNorm", "norm", epsilon=0.5),
    layer("AttentionLayer", "attend", return_attention=False),
)
TRAINING = {
    "loss": "focal_tversky",
    "metrics": [["dice_coefficient", "mae"]],
    "optimizer_config": {
        "class_name": "my_package>Ranger",
        "config": {"learning_rate": {"class_name": "WarmUp", "config": {"steps": 3}}, "name": "Ranger"},
    },
}
MODEL = files.h5(CONFIG, WEIGHTS, TRAINING)


@pytest.fixture
def path(tmp_path):
    (tmp_path / "model.h5").write_bytes(MODEL)
    return tmp_path / "model.h5"


def call(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)


def test_one_error_names_all_that_is_missing_and_nothing_of_training(path):
    with pytest.raises(loadstone.MissingCustomObjects) as raised:
        loadstone.load_model(path, custom_objects={"Bent": abs})
    found = raised.value.missing
    assert [(m.kind, m.name, m.paths) for m in found] == [
        ("layer", "Gated", ("$.config.layers[1]",)),
        ("activation function", "bent", ("$.config.layers[2].config.activation",)),
        ("layer", "InstanceNorm", ("$.config.layers[3]",)),
        ("layer", "AttentionLayer", ("$.config.layers[4]",)),
    ]
    lines = [line for line in raised.value.message.splitlines() if line.startswith("  - ")]
    assert lines == [
        "  - Unknown layer: 'Gated' at gated ($.config.layers[1]); config units=3, scale=1.5; weights w (3, 3), b (3,)",
        (
            "  - Unknown activation function: 'bent' at dense.activation ($.config.layers[2].config.activation); "
            "you passed 'Bent', the file says 'bent'"
        ),
        (
            "  - Unknown layer: 'InstanceNorm' at norm ($.config.layers[3]); config epsilon=0.5; "
            "a name known from keras_contrib and tensorflow_addons"
        ),
        (
            "  - Unknown layer: 'AttentionLayer' at attend ($.config.layers[4]); config return_attention=False; weights W (3, 1); "
            "a name known from attention-keras (github.com/thushv89/attention_keras)"
        ),
    ]
    assert "focal_tversky" not in str(raised.value)
    assert "A SavedModel of this model" in raised.value.hint


FILLED = {
    "Gated": "return self.scale * (inputs @ self.w + self.b)",
    "bent": "return np.tanh(x)",
    "InstanceNorm": "return (inputs - inputs.mean(-1, keepdims=True)) / np.sqrt(inputs.var(-1, keepdims=True) + self.epsilon)",
    "AttentionLayer": "return inputs @ self.W",
}


def filled(stub):
    """The stub with each `raise NotImplementedError` replaced, in the order of the message."""
    parts = stub.split("raise NotImplementedError")
    assert len(parts) == 5
    return "".join(part + line for part, line in zip(parts, [*FILLED.values(), ""], strict=True))


def expected(array):
    y = np.tanh(1.5 * (array @ KERNEL + [1, 2, 3]) @ KERNEL)
    return ((y - y.mean(-1, keepdims=True)) / np.sqrt(y.var(-1, keepdims=True) + 0.5)).sum(-1, keepdims=True)


def test_the_stub_once_filled_in_loads(path):
    made = {}
    exec(filled(loadstone.inspect(path).stub()), made)
    model = loadstone.load_model(path, custom_objects=made["custom_objects"])
    np.testing.assert_allclose(model.predict(x(4, 3), verbose=0), expected(x(4, 3)), rtol=1e-4, atol=1e-5)


def test_the_stub_has_the_right_weights_and_options(path):
    made = {}
    exec(loadstone.inspect(path).stub(), made)
    assert made["Gated"].weights == {"w": (3, 3), "b": (3,)}
    assert made["AttentionLayer"].weights == {"W": (3, 1)}
    assert made["Gated"](units=3, scale=2).scale == 2


def test_on_the_command_line(path, tmp_path):
    code = tmp_path / "custom.py"
    result = call("stub", path)
    assert result.exit_code == 0
    code.write_text(filled(result.output), "utf8")
    np.save(tmp_path / "x.npy", x(4, 3))
    arguments = ("--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy")
    assert call("predict", path, *arguments).exit_code == 3
    assert call("predict", path, *arguments, "--custom", code).exit_code == 0
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), expected(x(4, 3)), rtol=1e-4, atol=1e-5)
    assert "needs something" in call("summary", path).output
    assert "needs something" not in call("summary", path, "--custom", code).output
    assert call("inspect", path, "--check").exit_code == 3
    assert call("inspect", path, "--check", "--custom", code).exit_code == 0
    assert call("stub", path, "--custom", code).output == "# The model needs no custom objects.\n"


def test_a_file_of_custom_objects_may_do_without_the_dict(path, tmp_path):
    code = tmp_path / "custom.py"
    code.write_text(filled(loadstone.inspect(path).stub()).partition("custom_objects =")[0], "utf8")
    assert call("inspect", path, "--check", "--custom", code).exit_code == 0


@pytest.mark.parametrize(
    ("code", "words"),
    [("1 / 0", "custom.py raised ZeroDivisionError"), ("custom_objects = 3", "is a int, not a dict"), ("def f(:", "raised SyntaxError")],
)
def test_a_file_of_custom_objects_that_is_wrong(path, tmp_path, code, words):
    (tmp_path / "custom.py").write_text(code, "utf8")
    result = call("inspect", path, "--custom", tmp_path / "custom.py")
    assert result.exit_code == 2
    assert words in " ".join(result.output.replace("\u2502", "").split())


def test_a_layer_by_a_rule_is_converted_on_the_command_line(path, tmp_path):
    rules = """
import loadstone

@loadstone.layer_rule(weights=("w", "b"), options="units scale")
def gated(build, layer, x, w, b):
    return build.Mul(build.Add(build.MatMul(x, w), b), layer.config["scale"])

custom_objects = {"Gated": gated}
"""
    (tmp_path / "gated.h5").write_bytes(files.h5(sequential(layer("Gated", "gated", units=3, scale=1.5)), WEIGHTS))
    (tmp_path / "custom.py").write_text(rules, "utf8")
    result = call("convert", tmp_path / "gated.h5", tmp_path / "gated.onnx", "--custom", tmp_path / "custom.py")
    assert result.exit_code == 0
    assert (tmp_path / "gated.onnx").exists()


def test_inspect_shows_the_same_without_loading(path):
    report = loadstone.inspect(path)
    text = str(report)
    for words in ("$.config.layers[1]", "config units=3, scale=1.5", "weights w (3, 3), b (3,)", "known from keras_contrib"):
        assert words in text
    assert json.loads(call("inspect", path, "--json").output)["missing"][0]["weights"] == [
        {"name": "w", "shape": [3, 3]},
        {"name": "b", "shape": [3]},
    ]
    assert json.loads(call("inspect", path, "--json").output)["missing"][0]["paths"] == ["$.config.layers[1]"]


# -- what only training needs ------------------------------------------------------------------------------------------


def test_it_is_in_the_training_config_and_among_the_findings(path):
    given = {name: lambda x: x for name in ("Gated", "bent", "InstanceNorm", "AttentionLayer")}

    class Plain:
        def set_weights(self, weights):
            pass

        def __init__(self, **config):
            pass

        def call(self, inputs):
            return inputs

    model = loadstone.load_model(path, custom_objects={**dict.fromkeys(given, Plain), "bent": np.tanh})
    assert model.training_config == TRAINING
    assert [(f.message.partition(" is not")[0], f.where) for f in model.findings] == [
        ("the loss 'focal_tversky'", "training_config.loss"),
        ("the metric 'dice_coefficient'", "training_config.metrics"),
        ("the optimizer 'my_package>Ranger'", "training_config.optimizer_config"),
        ("the learning rate schedule 'WarmUp'", "training_config.optimizer_config.config.learning_rate"),
    ]
    assert [f.message for f in loadstone.inspect(path).findings] == [f.message for f in model.findings]


def own(kind):
    return {"module": "mine", "class_name": f"My{kind}", "config": {"a": 1}, "registered_name": f"mine>My{kind}"}


def with_own(config):
    """A layer with an initializer, a regularizer and a constraint of the user's."""
    config["config"] |= {"kernel_initializer": own("Init"), "bias_regularizer": own("Regularizer"), "kernel_constraint": own("Constraint")}
    config["config"] |= {"activity_regularizer": own("Activity"), "bias_initializer": "my_bias"}
    return config


def test_none_of_it_stops_a_load_however_deep_it_is():
    inner = sequential(with_own(dense(3)))
    inner["config"]["name"] = "inner"
    wrapped = layer("TimeDistributed", "steps", layer=with_own(dense(3, name="in_steps")))
    recurrent = layer("RNN", "rnn", cell=with_own(layer("SimpleRNNCell", "cell", units=3, activation="tanh", use_bias=True)))
    kernel = np.eye(3, dtype="float32")
    arrays = {"kernel": kernel, "bias": np.zeros(3, "float32")}
    config = sequential(wrapped, recurrent, inner, shape=(None, 4, 3))
    weights = {
        "steps": arrays,
        "rnn": {"kernel": kernel, "recurrent_kernel": kernel, "bias": np.zeros(3, "float32")},
        "inner": {"dense/kernel": kernel, "dense/bias": np.zeros(3, "float32")},
    }
    training = {"loss": [own("Loss")], "metrics": {"dense": [own("Metric")]}, "optimizer": own("Optimizer")}
    model = loadstone.load_model(files.h5(config, weights, training))
    assert model.predict(x(2, 4, 3), verbose=0).shape == (2, 3)
    found = {f.message.partition(" is not")[0] for f in model.findings}
    assert found >= {
        "the initializer 'mine>MyInit'",
        "the initializer 'my_bias'",
        "the regularizer 'mine>MyRegularizer'",
        "the regularizer 'mine>MyActivity'",
        "the constraint 'mine>MyConstraint'",
        "the loss 'mine>MyLoss'",
        "the metric 'mine>MyMetric'",
        "the optimizer 'mine>MyOptimizer'",
    }


def test_names_of_every_release_are_keras_own():
    stored = dense(3)
    stored["config"] |= {
        "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
        "bias_initializer": "zero",
        "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.1, "l2": 0.2}},
        "kernel_constraint": {"class_name": "MaxNorm", "config": {"max_value": 2, "axis": 0}},
    }
    training = {
        "loss": {"class_name": "BinaryCrossentropy", "config": {"from_logits": True}},
        "metrics": [[{"class_name": "MeanMetricWrapper", "config": {"name": "acc", "fn": "binary_accuracy"}}, "acc", "AUC"]],
        "optimizer_config": {"class_name": "Adam", "config": {"learning_rate": {"class_name": "ExponentialDecay", "config": {}}}},
    }
    weights = {"dense": {"kernel": KERNEL, "bias": np.zeros(3, "float32")}}
    assert loadstone.load_model(files.h5(sequential(stored), weights, training)).findings == []
