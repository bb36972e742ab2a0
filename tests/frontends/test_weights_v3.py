"""Places of tensors in `.keras` files, as each release counts them, and what does not fit.

The paths are those that the releases named in the tests wrote for these models.
"""

import numpy as np
import pytest

from loadstone.errors import MissingWeights, ModelError
from loadstone.frontends.keras.config import read_model
from loadstone.frontends.keras.weights_v3 import assign, snake
from loadstone.ir import Layer, Producer, Tensor

KERAS_3 = Producer("keras", "3.10.0")
TF_2_15 = Producer("tf.keras", "2.15.0")
TF_2_13 = Producer("tf.keras", "2.13.1")


def layer(class_name: str, name: str, shape: list | None = None, **config) -> dict:
    built = {"build_config": {"input_shape": shape}} if shape else {}
    return {"class_name": class_name, "config": {"name": name, "trainable": True, **config}, **built}


def dense(name: str, units: int = 4, inputs: int = 4, **more) -> dict:
    return {**layer("Dense", name, [None, inputs], units=units, activation="linear", use_bias=True), **more}


def start(name: str, size: int = 4) -> dict:
    return {
        "class_name": "InputLayer",
        "config": {"name": name, "batch_shape": [None, size], "dtype": "float32"},
        "name": name,
        "inbound_nodes": [],
    }


def sequential(*layers: dict, name: str = "sequential") -> dict:
    return {"class_name": "Sequential", "config": {"name": name, "trainable": True, "layers": list(layers)}}


def chain(name: str, *layers: dict, keras_3: bool = False) -> dict:
    """A functional model in which each layer takes the output of the one before (tf.keras counts calls of models from 1)."""
    first = {layer["config"]["name"]: int(layer["class_name"] == "Functional" and not keras_3) for layer in layers}
    names = list(first)
    stored = [dict(layers[0], name=names[0], inbound_nodes=[])]
    stored += [
        dict(layer, name=name, inbound_nodes=[[[before, first[before], 0, {}]]])
        for layer, name, before in zip(layers[1:], names[1:], names, strict=False)
    ]
    ends = {"input_layers": [[names[0], 0, 0]], "output_layers": [[names[-1], 0, 0]]}
    return {"class_name": "Functional", "config": {"name": name, "trainable": True, "layers": stored, **ends}}


def tensors(*paths: str, shapes: dict | None = None) -> dict[str, Tensor]:
    """Kernels (4, 4) and biases (4,), each filled with its number."""
    found = {}
    for number, path in enumerate(paths):
        shape = (shapes or {}).get(path, (4, 4) if path.endswith("/0") else (4,))
        found[path] = Tensor.of(np.full(shape, number, "float32"), key=path)
    return found


def both(*places: str) -> list[str]:
    return [f"{place}/vars/{i}" for place in places for i in (0, 1)]


def kernels(root: Layer) -> dict[str, str]:
    return {inner.path or inner.name: inner.weights["kernel"].key for inner in root.walk() if "kernel" in inner.weights}


def test_layers_of_one_class_are_counted_without_their_names():
    root = read_model(sequential(start("x"), dense("zeta"), layer("Dropout", "d", rate=0.1), dense("alpha"), dense("beta")), KERAS_3)
    found = tensors(*both("layers/dense", "layers/dense_1", "layers/dense_2"))
    assert assign(root, found, KERAS_3) == {}
    assert kernels(root) == {"zeta": "layers/dense/vars/0", "alpha": "layers/dense_1/vars/0", "beta": "layers/dense_2/vars/0"}
    assert list(root.layers()[1].weights) == ["kernel", "bias"]


def test_many_layers_are_counted_as_numbers():
    root = read_model(sequential(start("x"), *(dense(f"l{i}") for i in range(12))), KERAS_3)
    assign(root, tensors(*both("layers/dense", *(f"layers/dense_{i}" for i in range(1, 12)))), KERAS_3)
    assert kernels(root)["l11"] == "layers/dense_11/vars/0"
    assert kernels(root)["l2"] == "layers/dense_2/vars/0"


def test_backslashes_of_windows_are_separators():
    root = read_model(sequential(start("x"), dense("a")), KERAS_3)
    found = {path.replace("/", "\\", 2): tensor for path, tensor in tensors(*both("layers/dense")).items()}
    assign(root, found, KERAS_3)
    assert "kernel" in root.layers()[1].weights


def shared_across_levels(producer: Producer) -> Layer:
    inner = chain("inner", start("y"), dense("shared"), dense("in1"))
    return read_model(chain("top", start("x"), inner, dense("mid"), dense("shared"), dense("late"), keras_3=producer is KERAS_3), producer)


@pytest.mark.parametrize(
    ("producer", "paths"),
    [
        # name of the layer -> its place; the layer "shared" is written where it is met first, inside
        (
            KERAS_3,
            {
                "inner/shared": "layers/functional/layers/dense",
                "inner/in1": "layers/functional/layers/dense_1",
                "mid": "layers/dense",
                "late": "layers/dense_2",
            },
        ),
        (
            TF_2_15,
            {
                "inner/shared": "layers/functional/layers/dense",
                "inner/in1": "layers/functional/layers/dense_1",
                "mid": "layers/dense",
                "late": "layers/dense_1",
            },
        ),
        (
            TF_2_13,
            {
                "inner/shared": "_layer_checkpoint_dependencies/functional/_layer_checkpoint_dependencies/dense",
                "inner/in1": "_layer_checkpoint_dependencies/functional/_layer_checkpoint_dependencies/dense_2",
                "mid": "_layer_checkpoint_dependencies/dense",
                "late": "_layer_checkpoint_dependencies/dense_4",
            },
        ),
    ],
    ids=["keras 3", "tf.keras 2.15", "tf.keras 2.13"],
)
def test_a_layer_of_two_models_is_written_once(producer, paths):
    root = shared_across_levels(producer)
    assert assign(root, tensors(*both(*paths.values())), producer) == {}
    found = kernels(root)
    assert found == {**{name: f"{place}/vars/0" for name, place in paths.items()}, "shared": f"{paths['inner/shared']}/vars/0"}


def test_layers_alike_with_weights_of_their_own_are_not_taken_for_one():
    root = shared_across_levels(KERAS_3)
    places = ["layers/functional/layers/dense", "layers/functional/layers/dense_1", "layers/dense", "layers/dense_1", "layers/dense_2"]
    assign(root, tensors(*both(*places)), KERAS_3)
    assert kernels(root)["shared"] == "layers/dense_1/vars/0"
    assert kernels(root)["late"] == "layers/dense_2/vars/0"


def test_operations_are_not_counted():
    add = {"module": "keras.src.ops.numpy", "class_name": "Add", "config": {"name": "add"}}
    root = read_model(sequential(start("x"), dense("a"), add, dense("b")), KERAS_3)
    assign(root, tensors(*both("layers/dense", "layers/dense_1")), KERAS_3)
    assert kernels(root)["b"] == "layers/dense_1/vars/0"


def test_an_unknown_class_keeps_what_lies_below_its_place():
    root = read_model(sequential(start("x"), layer("MyLayer", "own"), dense("a")), KERAS_3)
    paths = ["layers/my_layer/vars/10", "layers/my_layer/vars/2", "layers/my_layer/dense/vars/0", *both("layers/dense")]
    assign(root, tensors(*paths), KERAS_3)
    assert list(root.layers()[1].weights) == ["2", "10", "dense/0"]


def test_a_model_of_an_unknown_class_keeps_everything_but_the_optimizer():
    root = read_model({"class_name": "MyModel", "config": {"name": "m"}}, KERAS_3)
    extra = assign(root, tensors("blocks/dense_1/vars/0", "blocks/dense/vars/0", "optimizer/vars/0"), KERAS_3)
    assert list(root.weights) == ["blocks/dense/0", "blocks/dense_1/0"]
    assert list(extra) == ["optimizer"]


def test_tensors_of_no_layer_are_accounted_for_by_kind():
    root = read_model(sequential(start("x"), dense("a")), KERAS_3)
    more = [
        "optimizer/vars/0",
        "optimizer/inner_optimizer/vars/1",
        "metrics/mean/vars/0",
        "_compile_metrics/vars/0",
        "layers/dense/seed_generator/vars/0",
    ]
    extra = assign(root, tensors(*both("layers/dense"), *more), KERAS_3)
    assert {kind: list(found) for kind, found in extra.items()} == {"optimizer": more[:2], "metrics": more[2:4], "seeds": more[4:]}


def test_assets_of_lookup_layers_are_theirs():
    root = read_model(
        sequential(start("x"), layer("TextVectorization", "tv", output_mode="int"), layer("StringLookup", "sl", output_mode="int")), KERAS_3
    )
    words = Tensor.of(np.array([b"", b"[UNK]", b"a"], object))
    places = [
        "layers/text_vectorization/vocabulary.txt",
        "layers/text_vectorization/_lookup_layer/vocabulary.txt",
        "layers/string_lookup/vocabulary.txt",
    ]
    extra = assign(root, {}, KERAS_3, assets={**dict.fromkeys(places, words), "layers/other/model.bin": words})
    assert [list(inner.weights) for inner in root.layers()[1:]] == [["vocabulary"], ["vocabulary"]]
    assert extra == {"assets": {"layers/other/model.bin": words}}


def test_all_problems_are_raised_at_once():
    root = read_model(sequential(start("x"), dense("a"), dense("b"), dense("c")), KERAS_3)
    found = tensors(
        *both("layers/dense", "layers/dense_1"), "layers/dense_2/vars/0", "layers/extra/vars/0", shapes={"layers/dense/vars/0": (4, 5)}
    )
    found["layers/dense_1/vars/1"] = Tensor.of(np.zeros(4, "int32"))
    with pytest.raises(MissingWeights) as raised:
        assign(root, found, KERAS_3)
    text = str(raised.value)
    assert "(4 problems)" in text
    assert "a/kernel: expected shape (4, 4), found (4, 5) at layers/dense/vars/0" in text
    assert "b/bias: expected float values, found int32 at layers/dense_1/vars/1" in text
    assert "c/bias: not in the file, expected shape (4,); the file has nothing" in text
    assert "layers/extra/vars/0: in the file, (4, 4), and no layer has such a weight" in text


def test_a_tensor_too_many_is_an_error():
    root = read_model(sequential(start("x"), dense("a")), KERAS_3)
    with pytest.raises(ModelError, match=r"layers/dense/vars/2: in the file, \(4,\), and no layer has such a weight"):
        assign(root, tensors(*both("layers/dense"), "layers/dense/vars/2"), KERAS_3)


def test_the_name_that_the_file_notes_must_agree():
    root = read_model(sequential(start("x"), dense("a")), KERAS_3)
    with pytest.raises(ModelError, match="the file calls the layer at layers/dense 'b'"):
        assign(root, tensors(*both("layers/dense")), KERAS_3, called={"layers/dense": "b"})


def test_int8_of_early_releases_is_refused():
    quantized = dense("a")
    quantized["config"]["dtype"] = {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8", "source_name": "float32"}}
    producer = Producer("keras", "3.2.1")
    root = read_model(sequential(start("x"), quantized), producer)
    with pytest.raises(ModelError, match=r"int8 layers of Keras 3\.2\.1 are laid out otherwise"):
        assign(root, {}, producer)


@pytest.mark.parametrize(
    ("class_name", "name"),
    [
        ("Dense", "dense"),
        ("Conv2DTranspose", "conv2d_transpose"),
        ("LSTM", "lstm"),
        ("GRUCell", "gru_cell"),
        ("ReLU", "re_lu"),
        ("TFOpLambda", "tf_op_lambda"),
        ("_Private", "__private"),
    ],
)
def test_snake_case_is_keras_own(class_name, name):
    assert snake(class_name) == name
