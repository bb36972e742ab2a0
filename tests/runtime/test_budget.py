"""The optimised graphs of small models do not grow, copy no more than they did, and have the kernels that make them fast."""

import json
import tracemalloc

import h5py
import numpy as np
import pytest

from loadstone import load_model
from tests.runtime.budget import BUDGET, FOLDER, MODELS, counted, ran

LIMITS = json.loads(BUDGET.read_text("utf8"))
CONVOLUTIONAL = ["conv1d", "efficient", "mobile", "resnet", "unet"]
HINT = "python -m tests.runtime.budget writes the figures anew, if that is on purpose"
MB = 1 << 20


@pytest.fixture(scope="module")
def costs():
    """The ops of each model, counted once."""
    found = {}

    def of(name):
        if name not in found:
            found[name] = ran(name)
        return found[name]

    return of


@pytest.mark.parametrize("name", MODELS)
def test_no_more_ops_than_before(name, costs):
    now, before = counted(costs(name))["ops"], LIMITS[name]["ops"]
    more = {kind: f"{count}, were {before.get(kind, 0)}" for kind, count in now.items() if count > before.get(kind, 0)}
    assert sum(now.values()) <= sum(before.values()), f"{more}; {HINT}"
    assert not {kind for kind in more if kind in ("Transpose", "ReorderInput", "ReorderOutput", "Loop", "If", "Scan")}, f"{more}; {HINT}"


@pytest.mark.parametrize("name", MODELS)
def test_no_more_bytes_copied_than_before(name, costs):
    assert counted(costs(name))["copied"] <= LIMITS[name]["copied"], HINT


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_no_transpose_inside_a_convolutional_region(name, costs):
    kinds = [cost.kind for cost in costs(name)]
    places = [place for place, kind in enumerate(kinds) if "Conv" in kind or kind in ("MaxPool", "AveragePool", "GlobalAveragePool")]
    inside = kinds[places[0] : places[-1]]
    assert "Transpose" not in inside


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_batch_normalisation_is_part_of_the_convolution(name, costs):
    kinds = [cost.kind for cost in costs(name)]
    first = next(place for place, kind in enumerate(kinds) if "Conv" in kind)
    assert "BatchNormalization" not in kinds[first:]


# Kernels that compute several ops at once; of the names in a row, any will do.
FUSED = {
    "lstm": [(("LSTM",), 2)],
    "gru": [(("GRU",), 1)],
    "bigru": [(("GRU",), 2)],
    "transformer": [
        (("LayerNormalization", "SkipLayerNormalization"), 4),
        (("BiasGelu", "FastGelu", "Gelu"), 2),
        (("FusedMatMul", "MultiHeadAttention", "Attention"), 2),  # with the scale in the product
    ],
    "efficient": [(("QuickGelu",), 5)],
    "mlp": [(("FusedGemm",), 1)],
    "textcnn": [(("Gather",), 1), (("Conv", "FusedConv"), 3)],
}


@pytest.mark.parametrize(("name", "kernels", "least"), [(name, *row) for name, rows in FUSED.items() for row in rows])
def test_layers_reach_the_fused_kernels(name, kernels, least, costs):
    ops = counted(costs(name))["ops"]
    assert sum(ops.get(kernel, 0) for kernel in kernels) >= least, ops


@pytest.mark.parametrize("name", ["lstm", "gru", "bigru", "transformer"])
def test_no_loop_is_left(name, costs):
    assert not {"Loop", "Scan", "If"} & set(counted(costs(name))["ops"])


@pytest.mark.parametrize(("name", "after"), [("mobile", {"Clip"}), ("resnet", {"Relu"}), ("unet", {"Relu"})])
def test_activations_are_part_of_the_convolution(name, after, costs):
    assert not after & set(counted(costs(name))["ops"])


# -- bytes on the way in ----------------------------------------------------------------------------------------------------


def sequential(path, shape, layers):
    """An .h5 file of layers, each with its weights by name."""
    configs = [{"class_name": "InputLayer", "config": {"batch_shape": [None, *shape], "dtype": "float32", "name": "input"}}]
    with h5py.File(path, "w") as file:
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = [name.encode() for name, *_ in layers]
        for name, kind, options, arrays in layers:
            configs.append({"class_name": kind, "config": {"name": name, **options}})
            group = weights.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{weight}".encode() for weight in arrays]
            for weight, array in arrays.items():
                group.create_dataset(f"{name}/{weight}", data=array)
        file.attrs["keras_version"], file.attrs["backend"] = "3.15.1", "tensorflow"
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"name": "large", "layers": configs}})
    return path


@pytest.fixture(scope="module")
def dense(tmp_path_factory):
    """16 MB of weights that the engine takes as they lie in the file."""
    side = 1448
    arrays = {"kernel": np.ones((side, side), np.float32), "bias": np.ones(side, np.float32)}
    layers = [(f"dense_{k}", "Dense", {"units": side}, arrays) for k in range(2)]
    return sequential(tmp_path_factory.mktemp("large") / "dense.h5", (side,), layers), 2 * 4 * side * (side + 1)


@pytest.fixture(scope="module")
def convolution(tmp_path_factory):
    """9 MB of weights that have another order of axes in the engine."""
    arrays = {"kernel": np.ones((3, 3, 512, 512), np.float32), "bias": np.ones(512, np.float32)}
    layers = [
        (
            "conv",
            "Conv2D",
            {
                "filters": 512,
                "kernel_size": [3, 3],
                "strides": [1, 1],
                "dilation_rate": [1, 1],
                "padding": "valid",
                "data_format": "channels_last",
                "groups": 1,
                "activation": "linear",
            },
            arrays,
        )
    ]
    return sequential(tmp_path_factory.mktemp("large") / "conv.h5", (8, 8, 512), layers), 4 * 9 * 512 * 512


def most_memory(call):
    """The most bytes of Python and numpy that a call has at a time; what it imports and keeps was there before."""
    call()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_weights_are_used_where_they_lie(dense):
    path, size = dense
    assert most_memory(lambda: load_model(path, mmap=True).close()) < size / 8


def test_transposed_weights_are_copied_twice_at_most(convolution):
    path, size = convolution
    assert most_memory(lambda: load_model(path, mmap=True).close()) < size * 2 + MB


# -- bytes of a prediction --------------------------------------------------------------------------------------------------

ROWS = 1 << 16


def test_predict_copies_no_input_of_the_right_type():
    x = np.zeros((ROWS, 30), np.float32)
    with load_model(FOLDER / "mlp.keras") as model:
        assert most_memory(lambda: model.predict(x, verbose=0)) < ROWS * 4 + MB  # the outputs, once


def test_predict_casts_an_input_once():
    x = np.zeros((ROWS, 30), np.float64)
    with load_model(FOLDER / "mlp.keras") as model:
        assert most_memory(lambda: model.predict(x, verbose=0)) < x.nbytes // 2 + ROWS * 4 + MB
