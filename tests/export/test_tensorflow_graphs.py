"""Layered models as graphs of TensorFlow, run here by our own lowering of such graphs; tests/interop writes them and runs them in TensorFlow."""

import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

import loadstone
from loadstone.errors import UnsupportedAttribute, UnsupportedOps
from loadstone.export.tensorflow.elementwise import mod
from loadstone.export.tensorflow.emission import Exported, tensorflow_module
from loadstone.export.tensorflow.indexing import trilu
from loadstone.export.tensorflow.registry import onnx_rules
from loadstone.export.tensorflow.shaping import slice_
from loadstone.export.tensorflow.writer import Writer
from loadstone.ir import Layer, Model, Node, Producer, Tensor, dtypes
from loadstone.lowering import shapes
from loadstone.lowering.lower import lower
from loadstone.runtime.executor import Executor
from tests.lowering import golden_files, golden_models, test_recurrent

GOLDEN = Path(__file__).parents[1] / "golden"
FAMILIES = ("core", "ops", "math_ops", "numpy_ops", "odd_ops", "images", "linalg", "signals")
EVERY = 60  # of the cases of a family, one in so many
ELSEWHERE = {"GroupNormalization", "LpPool", "NonMaxSuppression", "Unique"}  # no layer is lowered to these
TOLERANCE = {"float16": (2e-2, 2e-2), "bfloat16": (3e-2, 3e-2)}

Case = tuple[str, str, str]


def sample() -> list[Case]:
    """Family, release and case."""
    found: list[Case] = []
    for family in FAMILIES:
        goldens = golden_models.families(family)
        every = [(family, release, name) for release, cases in goldens.items() for name in cases.cases]
        found += every[::EVERY]
    return found


def again(exported: Exported) -> Executor:
    """What our own lowering makes of the graph."""
    return Executor(lower(Model("made", "", Producer("tensorflow"), graph=exported.graph, module=exported.module)))


def check(model: Model, other: Model, inputs: list[np.ndarray]) -> None:
    """The graph of a model computes what the model does. other is the same, since emitting adds to it."""
    executor = Executor(lower(model))
    given = [array.astype(dtypes.to_numpy(spec.dtype), copy=False) for array, spec in zip(inputs, executor.program.inputs, strict=True)]
    expected = executor.run(given)
    exported = tensorflow_module(other)
    names = list(exported.graph.outputs)
    found = dict(zip(sorted(names), again(exported).run(given), strict=True))
    for want, name in zip(expected, names, strict=True):
        got = found[name]
        assert got.dtype == want.dtype and got.shape == want.shape
        if want.dtype == object:
            assert got.tolist() == want.tolist()
            continue
        rtol, atol = TOLERANCE.get(str(want.dtype), (1e-4, 1e-5))
        np.testing.assert_allclose(got.astype(np.float64), want.astype(np.float64), rtol, atol)


@pytest.mark.parametrize(("family", "release", "name"), sample())
def test_the_graph_computes_what_the_layers_do(family, release, name):
    goldens = golden_models.families(family)[release]
    inputs = [goldens.array(entry) for entry in goldens.cases[name]["inputs"]]
    with suppress(UnsupportedOps):  # Python calls for which TensorFlow has no op of its own
        check(goldens.model(name), goldens.model(name), inputs)


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("numpy_ops", "i0-dtype=float32"),
        ("numpy_ops", "i0-dtype=int64"),
        ("numpy_ops", "running-name=nancumprod-axis=0"),
        *(("linalg", f"norm-order={order}-keep=True-dtype=float32") for order in ("nuc", 2, -2)),
    ],
)
def test_python_calls_that_tensorflow_has_an_op_for(family, name):
    goldens = golden_models.families(family)["keras-3.15.1"]
    check(goldens.model(name), goldens.model(name), [goldens.array(entry) for entry in goldens.cases[name]["inputs"]])


RECURRENT = [(release, name) for release, goldens in test_recurrent.ALL.items() for name in goldens.cases][::EVERY]


@pytest.mark.parametrize(("release", "name"), RECURRENT)
def test_recurrent_layers_do(release, name):
    goldens = test_recurrent.ALL[release]
    case = goldens.cases[name]
    inputs = [goldens.array(entry) for entry in case["inputs"][0]]
    check(test_recurrent.load(goldens, case), test_recurrent.load(goldens, case), inputs)


FILES = sorted(path.name for path in (GOLDEN / "keras-3.15.1").glob("*.keras") if not path.name.startswith("custom"))


@pytest.mark.parametrize("name", FILES)
def test_whole_files_do(name):
    models = [loadstone.load_model(GOLDEN / "keras-3.15.1" / name) for _ in range(2)]
    rng = np.random.default_rng(0)
    batch = models[0].inputs[0].shape[0] or 3
    inputs = [np.abs(rng.normal(size=[batch, *(d or 5 for d in spec.shape[1:])])) for spec in models[0].inputs]
    check(models[0]._description, models[1]._description, inputs)


TEXT = [case for case in golden_files.cases("text") if case[0] == "keras-3.15.1" and case[2] == "keras"][::9]


@pytest.mark.parametrize(("release", "name", "form"), TEXT)
def test_layers_of_text_do(release, name, form, monkeypatch):
    """The golden itself, with the graph in place of the layers."""
    files = golden_files.families("text")[release]
    real = loadstone.load_model

    def load(data):
        model = real(data)
        exported = tensorflow_module(model._description, model._compilation.host)
        executor, names = again(exported), list(exported.graph.outputs)

        class Graph:
            def predict_on_batch(self, feed):
                feeds = [feed[spec.name] for spec in model.inputs] if isinstance(feed, dict) else feed if isinstance(feed, list) else [feed]
                arrays = [
                    np.asarray(x, dtypes.to_numpy(spec.dtype)).reshape([len(x), *(d or x.shape[1] for d in spec.shape[1:])])
                    for x, spec in zip(feeds, model.inputs, strict=True)
                ]
                found = dict(zip(sorted(names), executor.run(arrays), strict=True))
                return [found[one] for one in names]

        return Graph()

    monkeypatch.setattr(golden_files.loadstone, "load_model", load)
    files.check(name, form)


def test_pixels_that_are_repeated_41_times_are_not_those_beside_them():
    """1 / 41 in float32, 41 times, is less than 1."""
    models = [layered(layer("UpSampling2D", "up", size=41, interpolation="nearest"), shape=(3, 2, 1)) for _ in range(2)]
    check(*models, [np.arange(6, dtype="f4").reshape(1, 3, 2, 1)])


@pytest.mark.parametrize("padding_counts", [True, False])
def test_the_pads_of_a_mean_count_where_they_are_those_of_same(padding_counts):
    models = [layered(layer("AveragePooling2D", "mean", pool_size=3, strides=1), shape=(5, 4, 2)) for _ in range(2)]
    for model in models:
        next(one for one in model.root.layers() if one.name == "mean").config.update(padding="half", counts_padding=padding_counts)
    check(*models, [np.random.default_rng(3).normal(size=(2, 5, 4, 2)).astype("f4")])


@pytest.mark.parametrize("mode", ["int", "count"])
@pytest.mark.parametrize("length", [None, 4])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 0), (2, 1), (2, 2, 3)])
def test_runs_of_tokens_that_come_cut_are_those_of_each_row(shape, length, mode):
    """Rows of tokens, also empty ones, and a single one."""
    tokens = np.resize(np.array([b"a", b"b", b"c", b"a"], object), shape)
    config = {"split": None, "standardize": None, "ngrams": [1, 2], "vocabulary": ["a", "b", "a b", "c a"], "output_mode": mode}
    text = layer("TextVectorization", "text", output_sequence_length=length if mode == "int" else None, **config)
    check(*(layered(text, shape=shape[1:], dtype="string") for _ in range(2)), [tokens])


def test_every_op_that_layers_are_lowered_to_has_a_rule():
    assert set(shapes.TABLE) - {kind for _, kind in onnx_rules()} == ELSEWHERE


# -- how graphs look ----------------------------------------------------------------------------------------------------


def layered(*layers: dict, shape: tuple, dtype: str = "float32", **weights: dict) -> Model:
    """A Sequential model of these layers, with weights by layer and name."""
    from loadstone.frontends.keras.config import read_model

    first = {"class_name": "InputLayer", "config": {"batch_shape": [None, *shape], "dtype": dtype, "name": "x"}}
    root = read_model({"class_name": "Sequential", "config": {"name": "model", "layers": [first, *layers]}}, Producer("keras", "3.15.1"))
    found: dict[str, Layer] = {layer.name: layer for layer in root.layers()}
    for name, arrays in weights.items():
        found[name].weights.update({key: Tensor.lazy(a.shape, "float32", lambda a=a: a, key=f"{name}/{key}") for key, a in arrays.items()})
    return Model("made", "", Producer("keras", "3.15.1"), root)


def layer(class_name: str, name: str, **config: object) -> dict:
    return {"class_name": class_name, "config": {"name": name, **config}, "module": "keras.layers"}


def image_model(data_format: str) -> Model:
    rng, channels_last = np.random.default_rng(1), data_format == "channels_last"
    axis = -1 if channels_last else 1
    form = {"data_format": data_format, "padding": "same"}
    window = {**form, "kernel_size": 3, "dilation_rate": 1, "activation": "relu", "use_bias": True}
    return layered(
        layer("Conv2D", "first", filters=4, strides=1, groups=1, **window),
        layer("BatchNormalization", "norm", axis=axis, momentum=0.99, epsilon=1e-3, center=True, scale=True),
        layer("DepthwiseConv2D", "deep", strides=2, depth_multiplier=1, **window),
        layer("MaxPooling2D", "pool", pool_size=2, strides=2, **form),
        layer("Conv2DTranspose", "wide", filters=2, strides=2, output_padding=None, **window),
        shape=(12, 12, 3) if channels_last else (3, 12, 12),
        first={"kernel": rng.normal(size=(3, 3, 3, 4)).astype("f4"), "bias": rng.normal(size=4).astype("f4")},
        norm={
            "gamma": rng.normal(size=4).astype("f4"),
            "beta": rng.normal(size=4).astype("f4"),
            "moving_mean": rng.normal(size=4).astype("f4"),
            "moving_variance": rng.uniform(1, 2, 4).astype("f4"),
        },
        deep={"kernel": rng.normal(size=(3, 3, 4, 1)).astype("f4"), "bias": np.zeros(4, "f4")},
        wide={"kernel": rng.normal(size=(3, 3, 2, 4)).astype("f4"), "bias": np.ones(2, "f4")},
    )


def kinds(nodes: list[Node]) -> list[str]:
    return [node.op for node in nodes]


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_no_transpose_is_left_inside_a_region_of_convolutions(data_format):
    exported = tensorflow_module(image_model(data_format))
    found = kinds(exported.graph.nodes)
    assert {"Conv2D", "DepthwiseConv2dNative", "MaxPool", "Conv2DBackpropInput"} <= set(found)
    assert found.count("Transpose") == (0 if data_format == "channels_last" else 2)
    x = np.random.default_rng(2).normal(size=(2, *((12, 12, 3) if data_format == "channels_last" else (3, 12, 12)))).astype("f4")
    check(image_model(data_format), image_model(data_format), [x])


def test_weights_are_variables_under_the_names_that_keras_gives_them_and_as_it_keeps_them():
    model = image_model("channels_last")
    exported = tensorflow_module(model)
    assert {name: tensor.shape for name, tensor in exported.module.variables.items()} == {
        "first/kernel": (3, 3, 3, 4),
        "first/bias": (4,),
        "norm/gamma": (4,),
        "norm/beta": (4,),
        "norm/moving_mean": (4,),
        "norm/moving_variance": (4,),
        "deep/kernel": (3, 3, 4, 1),
        "deep/bias": (4,),
        "wide/kernel": (3, 3, 2, 4),
        "wide/bias": (2,),
    }
    assert exported.module.trainable == {name for name in exported.module.variables if "moving" not in name}
    assert model.root is not None
    kernel = next(one for one in model.root.layers() if one.name == "wide").weights["kernel"]
    assert np.array_equal(exported.module.variables["wide/kernel"].numpy(), kernel.numpy())


def test_the_batch_is_free_and_names_are_the_model_s():
    graph = tensorflow_module(image_model("channels_last")).graph
    assert list(graph.input_structure) == ["x"] and graph.inputs[0].attributes["shape"] == (None, 12, 12, 3)
    (name, output), *others = graph.outputs.items()
    assert not others and name == "wide" and output.shape == (None, 6, 6, 2)


def test_names_are_such_that_tensorflow_takes_them():
    graph = tensorflow_module(loadstone.load_model(GOLDEN / "keras-3.15.1" / "nested.keras")._description).graph
    names = [node.name for node in graph.nodes]
    assert len(set(names)) == len(names) and all(re.fullmatch(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*", name) for name in names)


def test_states_are_variables_that_the_graph_assigns():
    model = loadstone.load_model(GOLDEN / "keras-3.15.1" / "stateful_lstm_1.keras")
    exported = tensorflow_module(model._description)
    assert kinds(exported.graph.nodes).count("AssignVariableOp") == 3  # of the LSTM two, of the GRU one
    assert len(again(exported).program.states) == 3


def test_a_comparison_turned_round_is_not_one_that_the_optimizer_of_tensorflow_breaks():
    """Grappler makes >= of "not <", which is false for NaN."""
    model = layered(layer("Discretization", "cut", bin_boundaries=[0.0, 1.0]), shape=(3,))
    nodes = tensorflow_module(model).graph.nodes
    compared = {node for node in nodes if node.op == "Less"}
    assert compared and not any(node.op == "LogicalNot" and node.args[0].node in compared for node in nodes)


@pytest.mark.parametrize(("diagonal", "upper", "kernel"), [(-5, 1, True), (-6, 1, False), (4, 0, True), (5, 0, False), (1, 1, False)])
def test_a_kernel_that_refuses_diagonals_beyond_the_matrix_is_not_given_them(diagonal, upper, kernel):
    w = Writer()
    trilu(w, w.placeholder("x", (2, 5, 4), "float32"), w.const(diagonal), upper=upper)
    assert ("MatrixBandPart" in kinds(w.nodes)) is kernel


def test_a_slice_whose_axes_only_a_run_tells_is_refused():
    w = Writer()
    places = w.placeholder("places", (None,), "int64")
    with pytest.raises(UnsupportedAttribute, match="along so many axes"):
        slice_(w, w.placeholder("x", (2, 5), "float32"), places, places)


def test_what_has_no_form_in_tensorflow_is_refused_by_name_all_at_once():
    goldens = golden_models.families("numpy_ops")["keras-3.15.1"]
    name = next(name for name in goldens.cases if name.startswith("divisor-name=gcd"))
    with pytest.raises(UnsupportedOps, match=r"Gcd \(1 times"):
        tensorflow_module(goldens.model(name))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("shape", [(3,), (2, 5, 3), (2, 3)])
def test_batch_normalizations_with_narrow_weights(shape, dtype):
    """TensorFlow's kernels of images take the weights in float32 alone."""
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    config = {"axis": -1, "momentum": 0.99, "epsilon": 1e-3, "center": True, "scale": True, "dtype": dtype}
    models = []
    for _ in range(2):
        model = layered(layer("BatchNormalization", "norm", **config), shape=shape)
        norm = next(one for one in model.root.layers() if one.name == "norm")
        values = np.random.default_rng(5).uniform(0.5, 1.5, (4, 3)).astype(dtypes.to_numpy(dtype))
        norm.weights.update((name, Tensor.of(row)) for name, row in zip(names, values, strict=True))
        models.append(model)
    check(*models, [np.random.default_rng(6).normal(size=(2, *shape)).astype("f4")])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_what_is_left_of_narrow_numbers_is_computed_in_float32(dtype):
    """No processor has a kernel of TruncateMod for these."""
    w = Writer()
    x, y = (w.placeholder(name, (3,), dtype) for name in "xy")
    found = mod(w, x, y, fmod=1)
    assert found.dtype == dtype
    types = {node.op: node.attributes["T"] for node in w.nodes if "T" in node.attributes}
    assert types["TruncateMod"] == "float32"
