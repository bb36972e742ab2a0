"""Checkpoints that hold the variables of a graph by name (tests/golden/make_graph_names.py), beside architectures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import loadstone
from loadstone.formats.configs import read_config
from loadstone.frontends.keras import weights_graph_names
from loadstone.ir import Layer, Producer, Tensor

FOLDER = Path(__file__).parents[1] / "golden" / "graph_names"
RELEASES = sorted(place.name for place in FOLDER.iterdir())


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", ["names", "names.index", "old", "second"])
def test_predicts_what_the_release_predicted(release: str, name: str) -> None:
    data = np.load(FOLDER / release / "data.npz")
    model = loadstone.load_model(FOLDER / release / "model.json", weights=FOLDER / release / name)
    np.testing.assert_allclose(model.predict(data["input"], verbose=0), data["output"], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("release", RELEASES)
def test_both_models_of_a_graph_have_one_set_of_weights(release: str) -> None:
    first, second = (loadstone.load_model(FOLDER / release / "model.json", weights=FOLDER / release / name) for name in ("names", "second"))
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def chain(*layers: tuple[str, int, int]) -> Layer:
    """Dense layers beside each other: name, length of the input, units."""
    made: list[dict[str, Any]] = []
    for name, given, units in layers:
        start = {"name": f"in_{name}", "batch_input_shape": [None, given], "dtype": "float32", "sparse": False}
        made.append({"class_name": "InputLayer", "name": start["name"], "config": start, "inbound_nodes": []})
        config = {"name": name, "units": units, "activation": "linear", "use_bias": False}
        made.append({"class_name": "Dense", "name": name, "config": config, "inbound_nodes": [[[start["name"], 0, 0, {}]]]})
    ends = {"input_layers": [[f"in_{name}", 0, 0] for name, _, _ in layers], "output_layers": [[name, 0, 0] for name, _, _ in layers]}
    return read_config({"class_name": "Model", "config": {"name": "m", "layers": made, **ends}}, PRODUCER, None, None)  # type: ignore[arg-type]


PRODUCER = Producer("tf.keras", "2.2.4", "tensorflow")


def given(**shapes: tuple[int, ...]) -> dict[str, Tensor]:
    return {name.replace("__", "/"): Tensor.of(np.full(shape, k, "float32"), key=name) for k, (name, shape) in enumerate(shapes.items())}


def owners(root: Layer, tensors: dict[str, Tensor]) -> dict[str, str]:
    weights_graph_names.assign(root, tensors, PRODUCER)
    return {layer.name: layer.weights["kernel"].key for layer in root.walk() if layer.weights}


def test_names_come_first() -> None:
    root = chain(("dense_1", 2, 2), ("dense", 2, 2))
    assert owners(root, given(dense__kernel=(2, 2), dense_1__kernel=(2, 2))) == {"dense": "dense__kernel", "dense_1": "dense_1__kernel"}


def test_numbers_at_one_distance_tell_the_order() -> None:
    root = chain(("dense_10", 2, 2), ("dense_9", 2, 2))
    found = owners(root, given(model__dense_1__kernel=(2, 2), model__dense__kernel=(2, 2)))
    assert found == {"dense_9": "model__dense__kernel", "dense_10": "model__dense_1__kernel"}


def test_shapes_that_an_architecture_leaves_open_tell_nothing() -> None:
    root = chain(("dense_7", 2, 3), ("dense_9", 2, 2))
    with pytest.raises(loadstone.ModelError, match="not clear"):  # what a Dense layer is given is not in its config
        owners(root, given(dense__kernel=(2, 2), dense_1__kernel=(2, 3)))


@pytest.mark.parametrize(("sizes", "clear"), [((5, 7), True), ((5, 5), False)])
def test_shapes_tell_which_is_which_where_only_one_fits(sizes: tuple[int, int], clear: bool) -> None:
    layers: list[dict[str, Any]] = []
    for name, size in zip(("embedding_4", "embedding_9"), sizes, strict=True):
        start = {"name": f"in_{name}", "batch_input_shape": [None, 3], "dtype": "int32", "sparse": False}
        layers.append({"class_name": "InputLayer", "name": start["name"], "config": start, "inbound_nodes": []})
        config = {"name": name, "input_dim": size, "output_dim": 2, "embeddings_initializer": "uniform"}
        layers.append({"class_name": "Embedding", "name": name, "config": config, "inbound_nodes": [[[start["name"], 0, 0, {}]]]})
    ends = {
        kind: [[f"{prefix}{name}", 0, 0] for name in ("embedding_4", "embedding_9")]
        for kind, prefix in (("input_layers", "in_"), ("output_layers", ""))
    }
    root = read_config({"class_name": "Model", "config": {"name": "m", "layers": layers, **ends}}, PRODUCER, None, None)  # type: ignore[arg-type]
    tensors = given(embedding__embeddings=(sizes[1], 2), embedding_1__embeddings=(sizes[0], 2))
    if not clear:
        with pytest.raises(loadstone.ModelError, match="not clear"):
            weights_graph_names.assign(root, tensors, PRODUCER)
        return
    weights_graph_names.assign(root, tensors, PRODUCER)
    assert {layer.name: layer.weights["embeddings"].key for layer in root.walk() if layer.weights} == {
        "embedding_4": "embedding_1__embeddings",
        "embedding_9": "embedding__embeddings",
    }


@pytest.mark.parametrize(
    "names",
    [
        {"dense__kernel": (2, 2), "dense_3__kernel": (2, 2)},
        {"dense__kernel": (2, 2)},
        {"dense_1__kernel": (2, 2), "dense_2__kernel": (2, 2), "hidden__kernel": (2, 2)},
        {"first__kernel": (2, 2), "second__kernel": (2, 2)},
    ],
)
def test_what_would_be_a_guess_lists_both_sides(names: dict[str, tuple[int, ...]]) -> None:
    root = chain(("dense_1", 2, 2), ("dense_2", 2, 2))
    with pytest.raises(loadstone.ModelError, match=r"(?s)architecture: dense_1 .*checkpoint: "):
        owners(root, given(**names))


def test_optimizers_and_counters_are_accounted_for() -> None:
    root = chain(("dense", 2, 2))
    others = given(dense__kernel__Adam=(2, 2), training__SGD__dense__kernel__momentum=(2, 2), global_step=(), beta1_power=(), total=())
    extra = weights_graph_names.assign(root, {**given(dense__kernel=(2, 2)), **others}, PRODUCER)
    assert {kind: list(found) for kind, found in extra.items()} == {
        "optimizer": ["dense/kernel/Adam", "training/SGD/dense/kernel/momentum"],
        "counters": ["global_step", "beta1_power"],
        "metrics": ["total"],
    }


def test_directions_that_names_do_not_tell_are_refused() -> None:
    place = FOLDER / "tf.keras-1.15.0"
    architecture = json.loads((place / "model.json").read_text())
    root = read_config(architecture, PRODUCER, None, None)  # type: ignore[arg-type]
    tensors = {
        name.replace("forward_gru", "gru").replace("backward_gru", "gru_1"): tensor
        for name, tensor in loadstone.load_weights(place / "names").items()
        if not name.startswith("training")
    }
    with pytest.raises(loadstone.ModelError, match="which weights run forward"):
        weights_graph_names.assign(root, tensors, PRODUCER)  # type: ignore[arg-type]
