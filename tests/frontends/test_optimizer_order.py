"""Variables of optimizers that are handed on as they lie: only in the order that today's Keras has."""

from __future__ import annotations

import numpy as np
import pytest

from loadstone.frontends.keras.optimizer_state import as_they_lie
from loadstone.ir import Graph, Layer, Model, Producer, Tensor

BOTH = {"use_ema": True, "gradient_accumulation_steps": 2}


def model(release: str, class_name: str, options: dict[str, object]) -> Model:
    variables = {f"optimizer/vars/{number}": Tensor.of(np.full(2, number, np.float32)) for number in (1, 0, 2)}
    root = Layer("Sequential", "m", {}, graph=Graph([], [], (), (), []))
    stored = {"optimizer": {"class_name": class_name, "config": options}}
    return Model("keras_v3", "made", Producer("keras", release), root, training_config=stored, extra={"optimizer": variables})


@pytest.mark.parametrize(
    ("release", "class_name", "options", "same"),
    [
        ("3.9.2", "Adam", {}, True),
        ("3.9.2", "Adam", {"use_ema": True}, True),
        ("3.9.2", "Adam", BOTH, False),
        ("3.10.0", "Adam", BOTH, True),
        ("3.9.2", "Nadam", {}, False),
        ("3.10.0", "Nadam", {}, True),
        ("3.9.2", "LossScaleOptimizer", {"inner_optimizer": {"class_name": "Nadam", "config": {}}}, False),
        ("3.12.0", "Muon", {}, False),
        ("3.13.0", "Muon", {}, True),
    ],
)
def test_a_file_of_another_order_is_not_handed_on(release: str, class_name: str, options: dict[str, object], same: bool) -> None:
    found = as_they_lie(model(release, class_name, options), None)
    assert (found is not None) == same
    if found is not None:
        assert [float(tensor.numpy()[0]) for tensor in found] == [0, 1, 2]
