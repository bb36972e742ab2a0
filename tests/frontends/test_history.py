"""Spellings of old releases that no golden file has."""

from __future__ import annotations

from loadstone.containers import yaml
from loadstone.containers.source import Source
from loadstone.frontends.keras.config import read_model
from loadstone.frontends.keras.history import upgrade_layer
from loadstone.frontends.keras.history.doubts import doubts
from loadstone.ir import Producer


def test_numbers_that_tensorflow_1_12_wrote_as_arrays_are_numbers() -> None:
    stored = {"name": "relu", "max_value": {"type": "ndarray", "value": 6.0}, "threshold": {"type": "ndarray", "value": 0.0}}
    assert upgrade_layer("ReLU", stored, Producer("tf.keras", "2.1.6")) == {"name": "relu", "max_value": 6.0, "threshold": 0.0}


def test_lists_of_tensorflow_1_14_are_lists_in_yaml() -> None:
    tag = "!!python/object/new:tensorflow.python.training.tracking.data_structures._ListWrapper"
    text = f"axis: {tag}\n  listitems:\n  - 3\n  state:\n    _storage:\n    - 3\n"
    assert yaml.read(Source.open(text.encode())) == {"axis": [3]}


def test_constants_that_a_call_does_not_give_are_no_argument_of_it() -> None:
    """tf.keras 2 wrote `constants` beside the initial states of a Bidirectional, which Keras 3 calls without them."""
    lstm = {"class_name": "LSTM", "config": {"name": "lstm", "units": 2, "go_backwards": False}}
    layers = [
        *(
            {"class_name": "InputLayer", "name": name, "config": {"name": name, "batch_input_shape": shape}, "inbound_nodes": []}
            for name, shape in (("x", [None, 3, 2]), ("a", [None, 2]), ("b", [None, 2]), ("c", [None, 2]), ("d", [None, 2]))
        ),
        {
            "class_name": "Bidirectional",
            "name": "both",
            "config": {"name": "both", "layer": lstm, "merge_mode": "concat"},
            "inbound_nodes": [[["x", 0, 0, {"initial_state": [[name, 0, 0] for name in "abcd"], "constants": None}]]],
        },
    ]
    ends = {"input_layers": [[name, 0, 0] for name in "xabcd"], "output_layers": [["both", 0, 0]]}
    root = read_model({"class_name": "Functional", "config": {"name": "m", "layers": layers, **ends}}, Producer("tf.keras", "2.14.0"))
    (node,) = [node for node in root.graph.nodes if node.op == "Bidirectional"]
    assert set(node.kwargs) == {"initial_state"}


def test_how_masks_take_scores_off_in_tf_keras_2_21_is_nothing_of_ours() -> None:
    for name, option in (("Softmax", "robust_masking"), ("MultiHeadAttention", "softmax_robust_masking")):
        for value in (True, False):
            assert option not in upgrade_layer(name, {"name": "a", option: value}, Producer("tf.keras", "2.21.0"))


def test_an_up_sampling_that_does_not_say_how_is_told() -> None:
    for version, config, told in (("2.2.4-tf", {}, 1), ("2.2.4-tf", {"interpolation": "nearest"}, 0), ("2.1.6-tf", {}, 0)):
        layer = {"class_name": "UpSampling2D", "config": {"name": "larger", "size": [2, 2], "batch_input_shape": [None, 2, 2, 1], **config}}
        producer = Producer("tf.keras", version)
        root = read_model({"class_name": "Sequential", "config": {"name": "m", "layers": [layer]}}, producer)
        assert [finding.where for finding in doubts(root, producer)] == ["larger"] * told
