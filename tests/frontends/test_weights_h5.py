"""The order of weights in HDF5 files, what the names in them settle, and what does not fit."""

import numpy as np
import pytest

from loadstone.containers.hdf5_tree import Group
from loadstone.errors import CorruptFile, MissingWeights, ModelError
from loadstone.frontends.keras.config import read_model
from loadstone.frontends.keras.weights_h5 import assign
from loadstone.ir import Layer, Producer, Tensor

KERAS_3 = Producer("keras", "3.15.1", "tensorflow")
TF_KERAS = Producer("tf.keras", "2.15.0", "tensorflow")
BOTH = pytest.mark.parametrize("producer", [KERAS_3, TF_KERAS], ids=["keras 3", "tf.keras"])


def layer(class_name: str, name: str, **config) -> dict:
    return {"class_name": class_name, "config": {"name": name, "trainable": True, **config}}


def dense(name: str, units: int = 4, **config) -> dict:
    return layer("Dense", name, units=units, activation="linear", use_bias=True, **config)


def sequential(*layers: dict, name: str = "sequential", **config) -> dict:
    start = {"class_name": "InputLayer", "config": {"name": f"{name}_input", "batch_shape": [None, 4], "dtype": "float32"}}
    return {"class_name": "Sequential", "config": {"name": name, "trainable": True, "layers": [start, *layers], **config}}


def normalization(name: str, **config) -> dict:
    return layer("BatchNormalization", name, axis=[1], center=True, scale=True, **config)


def file(weights: dict[str, list], extra: dict[str, Tensor] | None = None) -> Group:
    """A `model_weights` group: layer -> [(name, shape), ...]; each weight is filled with its number in its list."""
    top = Group("", "test.h5", {"layer_names": np.array(list(weights), object)})
    for place, listed in weights.items():
        group = nested(top, place)
        group.attributes["weight_names"] = np.array([name for name, _ in listed], object)
        for number, (name, shape) in enumerate(listed):
            *parents, last = name.split("/")
            owner = nested(group, "/".join(parents)) if parents else group
            owner.tensors[last] = Tensor.of(np.full(shape, number, "float32"))
            owner.names.append(last)
    for name, tensor in (extra or {}).items():
        top.tensors[name] = tensor
        top.names.append(name)
    return top


def nested(group: Group, path: str) -> Group:
    for part in path.split("/"):
        if part not in group.groups:
            group.groups[part] = Group(f"{group.path}/{part}".lstrip("/"), "test.h5")
            group.names.append(part)
        group = group.groups[part]
    return group


def numbers(root: Layer) -> dict[str, int]:
    """Which number each weight got."""
    return {f"{inner.name}/{name}": int(tensor.numpy().reshape(-1)[0]) for inner in root.walk() for name, tensor in inner.weights.items()}


@BOTH
def test_weights_go_by_layer_name(producer):
    root = read_model(sequential(dense("b"), layer("Dropout", "d", rate=0.1), dense("a/x")), producer)
    names = [("kernel:0", (4, 4)), ("bias:0", (4,))]
    assign(
        root,
        file({"b": [(f"b/{name}", shape) for name, shape in names], "d": [], "a/x": [(f"a/x/{name}", shape) for name, shape in names]}),
        producer,
    )
    assert numbers(root) == {"b/kernel": 0, "b/bias": 1, "a/x/kernel": 0, "a/x/bias": 1}


INNER = [("a/kernel", (4, 4)), ("a/bias", (4,)), ("n/gamma", (4,)), ("n/beta", (4,)), ("b/kernel", (4, 4)), ("b/bias", (4,))]
STATISTICS = [("n/moving_mean", (4,)), ("n/moving_variance", (4,))]


@BOTH
def test_trainable_weights_of_a_model_inside_come_first(producer):
    root = read_model(sequential(sequential(dense("a"), normalization("n"), dense("b"), name="inner")), producer)
    assign(root, file({"inner": [*INNER, *STATISTICS]}), producer)
    got = numbers(root)
    assert got["b/kernel"] == 4
    assert (got["n/moving_mean"], got["n/moving_variance"]) == (6, 7)
    assert {inner.name: set(inner.non_trainable) for inner in root.walk() if inner.non_trainable} == {
        "n": {"moving_mean", "moving_variance"}
    }


@BOTH
def test_a_frozen_layer_inside_comes_last(producer):
    root = read_model(sequential(sequential(dense("a", trainable=False), normalization("n"), dense("b"), name="inner")), producer)
    order = [*INNER[2:], *INNER[:2], *STATISTICS]
    assign(root, file({"inner": order}), producer)
    assert numbers(root)["a/kernel"] == 4


@BOTH
def test_a_frozen_model_inside_keeps_the_order_of_its_layers(producer):
    inner = sequential(
        dense("a", trainable=False), normalization("n", trainable=False), dense("b", trainable=False), name="inner", trainable=False
    )
    root = read_model(sequential(inner), producer)
    order = [*INNER[:4], *STATISTICS, *INNER[4:]]
    assign(root, file({"inner": order}), producer)
    assert numbers(root)["b/kernel"] == 6


def test_another_order_is_settled_by_names_if_they_are_unique():
    root = read_model(sequential(sequential(dense("a"), normalization("n"), dense("b", units=3), name="inner")), KERAS_3)
    order = [
        ("n/gamma", (4,)),
        ("a/kernel", (4, 4)),
        ("a/bias", (4,)),
        ("b/bias", (3,)),
        ("b/kernel", (4, 3)),
        ("n/beta", (4,)),
        *STATISTICS,
    ]
    assign(root, file({"inner": order}), KERAS_3)
    assert numbers(root)["b/kernel"] == 4
    assert numbers(root)["n/gamma"] == 0


def test_an_order_that_the_names_contradict_is_refused():
    root = read_model(sequential(sequential(dense("a"), dense("b"), name="inner")), KERAS_3)
    order = [("b/kernel", (4, 4)), ("b/bias", (4,)), ("a/kernel", (4, 4)), ("a/bias", (4,))]
    with pytest.raises(ModelError, match="inner/a/kernel: its place in the file's order has inner/b/kernel, the weight of another layer"):
        assign(root, file({"inner": order}), KERAS_3)


def test_names_without_layers_go_by_order():
    """Keras 3.0 to 3.2 wrote `kernel` and `bias` alone."""
    root = read_model(sequential(dense("a")), Producer("keras", "3.0.5"))
    assign(root, file({"a": [("kernel", (4, 4)), ("bias", (4,))]}), Producer("keras", "3.0.5"))
    assert numbers(root) == {"a/kernel": 0, "a/bias": 1}


def test_depthwise_kernels_have_two_names():
    config = layer("DepthwiseConv2D", "d", kernel_size=[3, 3], depth_multiplier=1, use_bias=False)
    start = {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, 8, 8, 4]}}
    root = read_model({"class_name": "Sequential", "config": {"name": "s", "layers": [start, config]}}, TF_KERAS)
    assign(root, file({"d": [("d/depthwise_kernel:0", (3, 3, 4, 1))]}), TF_KERAS)
    assert list(root.layers()[1].weights) == ["kernel"]


def test_an_unknown_class_keeps_its_weights_under_their_names():
    root = read_model(sequential(layer("MyLayer", "own"), sequential(dense("a"), layer("MyLayer", "deep"), name="inner")), TF_KERAS)
    inner = [("a/kernel:0", (4, 4)), ("deep/w/v:0", (2,)), ("a/bias:0", (4,)), ("deep/u:0", (3,))]
    assign(root, file({"own": [("own/w:0", (5,)), ("own/x/w:0", (5,))], "inner": inner}), TF_KERAS)
    assert numbers(root) == {"own/own/w": 0, "own/own/x/w": 1, "a/kernel": 0, "a/bias": 2, "deep/w/v": 1, "deep/u": 3}


def test_a_model_of_an_unknown_class_keeps_everything():
    root = read_model({"class_name": "MyModel", "config": {"name": "m"}}, KERAS_3)
    assign(root, file({"d1": [("d1/kernel", (4, 4))], "top_level_model_weights": [("scale", (1,))]}), KERAS_3)
    assert list(root.weights) == ["d1/d1/kernel", "top_level_model_weights/scale"]


def test_an_adapter_is_merged_into_the_kernel():
    root = read_model(sequential(dense("a", lora_rank=2, lora_alpha=4)), KERAS_3)
    group = file({"a": [("a/bias", (4,)), ("a/lora_kernel_a", (4, 2)), ("a/lora_kernel_b", (2, 4)), ("a/kernel", (4, 4))]})
    assign(root, group, KERAS_3)
    np.testing.assert_array_equal(root.layers()[1].weights["kernel"].numpy(), np.full((4, 4), 3 + 4 / 2 * (2 * 1 * 2)))
    assert list(root.layers()[1].weights) == ["kernel", "bias"]


def test_all_problems_are_raised_at_once():
    root = read_model(sequential(dense("a"), dense("b"), dense("c")), TF_KERAS)
    group = file({"a": [("a/kernel:0", (4, 5)), ("a/bias:0", (5,))], "b": [("b/kernel:0", (4, 4))], "lost": [("lost/kernel:0", (4, 4))]})
    with pytest.raises(MissingWeights) as raised:
        assign(root, group, TF_KERAS)
    text = str(raised.value)
    assert "a/kernel: expected shape (?, 4), found (4, 5) at a/a/kernel:0" in text
    assert "a/bias: expected shape (4,), found (5,) at a/a/bias:0" in text
    assert "b/bias: not in the file, expected shape (4,); the file has b/b/kernel:0 (4, 4)" in text
    assert "c/kernel: not in the file, expected shape (?, 4); the file has nothing" in text
    assert "lost/lost/kernel:0: in the file, (4, 4), and no layer has such a weight" in text


@BOTH
def test_more_weights_than_a_layer_has_are_an_error(producer):
    root = read_model(sequential(dense("a")), producer)
    with pytest.raises(ModelError, match=r"expected 2 weights \(kernel, bias\), the file lists 3"):
        assign(root, file({"a": [("a/kernel", (4, 4)), ("a/bias", (4,)), ("a/more", (4,))]}), producer)


def test_a_listed_weight_that_is_not_there_is_corrupt():
    root = read_model(sequential(dense("a")), TF_KERAS)
    group = file({"a": [("a/kernel:0", (4, 4))]})
    group.groups["a"].attributes["weight_names"] = np.array(["a/kernel:0", "a/bias:0"], object)
    with pytest.raises(CorruptFile, match="listed that are not there: a/bias:0"):
        assign(root, group, TF_KERAS)


def test_seeds_are_accounted_for():
    root = read_model(sequential(dense("a")), KERAS_3)
    group = file({"a": [("a/kernel", (4, 4)), ("a/bias", (4,))]})
    nested(group, "top_level_model_weights/seed_generator").tensors["seed_generator_state"] = Tensor.of(np.zeros(2))
    group.groups["top_level_model_weights"].groups["seed_generator"].names.append("seed_generator_state")
    assert list(assign(root, group, KERAS_3)) == ["seeds"]


def test_a_weight_that_is_listed_twice_is_no_two_weights():
    """Keras 3.1 stopped in the middle of such a file, whose second weights of a name are lost."""
    root = read_model(sequential(dense("one")), KERAS_3)
    with pytest.raises(CorruptFile, match="listed twice"):
        assign(root, file({"one": [("kernel", (4, 4)), ("kernel", (4, 4))]}), KERAS_3)
