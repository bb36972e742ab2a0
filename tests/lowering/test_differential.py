"""Random models in which loadstone and Keras differed once (tests/differential): now they are the same."""

import numpy as np
import pytest

from loadstone.errors import UnsupportedAttribute
from tests.custom.building import Built, layer, sequential
from tests.lowering.golden_files import cases, families

ALL = families("differential")


@pytest.mark.parametrize(("release", "name", "form"), cases("differential"))
def test_computes_what_the_release_computed(release: str, name: str, form: str) -> None:
    ALL[release].check(name, form)


@pytest.mark.parametrize("kind", ["MaxPooling1D", "AveragePooling1D"])
def test_an_axis_shorter_than_its_window_has_none(kind: str) -> None:
    """As TensorFlow has it when called; `predict` of Keras refuses such a batch, so that no file can show it."""
    pool = layer(kind, pool_size=[2], strides=[2], padding="valid", data_format="channels_last")
    model = Built(sequential(pool, shape=(None, None, 1)), {}, None)
    assert [model(np.ones((1, length, 1), "float32")).shape[1] for length in (1, 2, 3, 4)] == [0, 1, 1, 2]


def test_a_sequence_without_features_is_refused() -> None:
    """onnxruntime would end the process."""
    gru = layer("GRU", units=2, activation="tanh", recurrent_activation="sigmoid", use_bias=True, reset_after=True)
    weights = {"kernel": np.zeros((0, 6)), "recurrent_kernel": np.zeros((2, 6)), "bias": np.zeros((2, 6))}
    stored = {"gru": {name: array.astype("float32") for name, array in weights.items()}}
    with pytest.raises(UnsupportedAttribute, match="a GRU over sequences without features"):
        Built(sequential(gru, shape=(None, 4, 0)), stored, None)
