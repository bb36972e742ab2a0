"""Training configs of old releases in today's words."""

from __future__ import annotations

from typing import Any

import pytest

from loadstone.frontends.keras import training
from loadstone.ir import Producer

TWO = Producer("tf.keras", "2.8.0")


@pytest.mark.parametrize(
    ("stored", "todays"),
    [
        ([["mse"], [None]], [["mean_squared_error"], None]),
        ([[None], ["mae", None]], [None, ["mean_absolute_error"]]),
        ([["mse", "mae"]], ["mean_squared_error", "mean_absolute_error"]),
        ([[None]], None),
        ({"a": [None], "b": ["mse"]}, {"a": None, "b": ["mean_squared_error"]}),
        (["mse"], ["mean_squared_error"]),
        ("mse", "mean_squared_error"),
        (None, None),
    ],
)
def test_outputs_without_metrics_have_none(stored: Any, todays: Any) -> None:
    found = training.full_names(training.upgrade({"metrics": stored}, TWO).config)
    assert found["metrics"] == todays


def test_what_is_kept_by_outputs_follows_their_names() -> None:
    config = {"loss": {"a/b": "mse", "c": "mae"}, "metrics": [["mse"], None], "loss_weights": None}
    assert training.of_outputs(config, TWO, ["a/b", "c"], ["a_b", "c"]) == {**config, "loss": {"a_b": "mse", "c": "mae"}}
    assert training.of_outputs(config, TWO, ["a/b", "c"], ["c", "a/b"]) == config  # the same in another order


def test_before_keras_3_one_list_was_for_each_output_and_a_loss_could_be_left_out() -> None:
    auc = {"module": "keras.metrics", "class_name": "AUC", "config": {}, "registered_name": None}
    config = {"loss": {"c": "mae"}, "metrics": ["mse", auc], "weighted_metrics": None}
    found = training.of_outputs(config, TWO, ["a", "c"], ["a", "c"])
    assert found == {"loss": {"a": None, "c": "mae"}, "metrics": [["mse", auc], ["mse", auc]], "weighted_metrics": None}
    assert training.of_outputs(config, Producer("keras", "3.15.1"), ["a", "c"], ["a", "c"]) == config
    assert training.of_outputs(config, TWO, ["c"], ["c"]) == config
    keyed = {"loss": {"p": "mae"}}  # by the names of a dict of outputs
    assert training.of_outputs(keyed, TWO, ["a", "c"], ["a", "c"]) == keyed
