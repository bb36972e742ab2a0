"""Functions of TensorFlow in models of tf.keras, and layers that Keras 3 dropped, against the releases that saved them."""

import pytest

from loadstone.errors import UnsupportedOps
from loadstone.lowering.tensorflow.symbols import symbols
from tests.custom.building import Built
from tests.lowering.golden_files import cases, families

ALL = families("tf_ops")


@pytest.mark.parametrize(("release", "name", "form"), cases("tf_ops"))
def test_predicts_what_the_release_predicted(release: str, name: str, form: str) -> None:
    ALL[release].check(name, form)


def _layer(kind: str, name: str, calls: list, **config: object) -> dict:
    return {"class_name": kind, "name": name, "config": {"name": name, "dtype": "float32", **config}, "inbound_nodes": calls}


def _calling(function: str) -> dict:
    layers = [_layer("InputLayer", "x", [], batch_input_shape=[None, 3]), _layer("TFOpLambda", "f", [["x", 0, 0, {}]], function=function)]
    config = {"name": "m", "layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [["f", 0, 0]]}
    return {"class_name": "Functional", "config": config}


@pytest.mark.parametrize(
    ("function", "words"),
    [("raw_ops.Fact", "tf.raw_ops.Fact"), ("random.uniform", "tf.random.uniform (1 times, first at f): it draws numbers")],
)
def test_unknown_and_random_functions_are_refused_by_name(function: str, words: str) -> None:
    with pytest.raises(UnsupportedOps) as caught:
        Built(_calling(function), {}, None)
    assert words in str(caught.value)


def test_the_table_is_long() -> None:
    assert len({name for name in symbols() if not name.startswith(("compat.v1.", "raw_ops."))}) > 250
