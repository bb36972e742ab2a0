"""Layers of packages around Keras against what those packages predicted.

tests/golden/make_{third_party,addons,contrib_layers,keras_contrib,keras_hub,keras_hub_parts,keras_cv,qkeras}.py made the files.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import h5py
import numpy as np
import pytest

import loadstone
from loadstone.errors import LoadstoneError
from loadstone.frontends.keras.third_party_parts import parts
from loadstone.ir import Layer

GOLDEN = Path(__file__).parents[1] / "golden"
FOLDERS = [GOLDEN / name for name in ("third_party", "addons", "contrib_layers", "keras_contrib", "keras_hub", "keras_cv", "qkeras")]
FILES = sorted(path for folder in FOLDERS for path in folder.iterdir() if path.suffix in (".h5", ".keras"))


@pytest.mark.filterwarnings("ignore:.*the file does not say whose:UserWarning")
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_predicts_what_the_package_predicted(path: Path) -> None:
    arrays = np.load(path.with_suffix(".npz"))
    inputs = [arrays[key] for key in sorted(arrays.files) if key.startswith("input")]
    got = loadstone.load_model(path).predict(inputs[0] if len(inputs) == 1 else inputs, verbose=0)
    expected = [arrays[key] for key in sorted(arrays.files) if key.startswith("out_")]
    for want, result in zip(expected, got if isinstance(got, list) else [got], strict=True):
        assert result.dtype == want.dtype
        np.testing.assert_allclose(result, want, rtol=1e-4, atol=1e-5)


def test_a_class_that_only_its_options_tell_is_a_doubt() -> None:
    with pytest.warns(UserWarning, match="whose InstanceNormalization"):
        loadstone.load_model(GOLDEN / "keras_contrib" / "instances.h5")


def test_what_the_caller_supplies_comes_first() -> None:
    class InstanceNormalization:
        def __init__(self, **config: object) -> None:
            pass

        def set_weights(self, weights: list[np.ndarray]) -> None:
            pass

        def call(self, x: np.ndarray) -> np.ndarray:
            return x * 0

    model = loadstone.load_model(GOLDEN / "keras_contrib" / "instances.h5", custom_objects={"InstanceNormalization": InstanceNormalization})
    assert not model.predict(np.load(GOLDEN / "keras_contrib" / "instances.npz")["input"], verbose=0).any()


def _saved(path: Path, name: str, config: dict[str, object], shape: tuple[int, ...], **weights: int) -> Path:
    """An HDF5 file of tf.keras 2.8 with a model of one layer, whose weights are ones of these lengths."""
    first = {"batch_input_shape": [None, *shape], "dtype": "float32", "sparse": False, "name": "x"}
    layer = {"class_name": name, "config": {"name": "layer", "trainable": True, "dtype": "float32", **config}}
    model = {"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "InputLayer", "config": first}, layer]}}
    with h5py.File(path, "w") as file:
        file.attrs.update({"model_config": json.dumps(model), "keras_version": "2.8.0", "backend": "tensorflow"})
        group = file.create_group("model_weights/layer")
        file["model_weights"].attrs["layer_names"] = ["layer"]
        group.attrs["weight_names"] = [f"layer/{weight}:0" for weight in weights]
        for weight, length in weights.items():
            group[f"layer/{weight}:0"] = np.ones(length, "float32")
    return path


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("Swish", {"beta": 1.0}),
        ("Scale", {"axis": -1}),
        ("Capsule", {"num_capsule": 2, "dim_capsule": 3, "routings": 3, "share_weights": True, "activation": "linear"}),
        ("L2Normalization", {"axis": -1}),
        ("FixedDropout", {"rate": 0.5}),
        ("NetVLAD", {"num_clusters": 3}),
        ("DropPath", {"rate": 0.5, "seed": None}),
    ],
)
def test_a_class_that_anybody_may_have_written_is_the_users(name: str, config: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(LoadstoneError, match=name):
        loadstone.load_model(_saved(tmp_path / "model.h5", name, config, (3,))).predict(np.zeros((1, 3), "float32"), verbose=0)


@pytest.mark.filterwarnings("ignore:.*the file does not say whose:UserWarning")
@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("CoordinateChannel2D", {"use_radius": False, "data_format": "channels_first"}, "channels first"),
        ("Addons>MaxUnpooling2DV2", {"output_size": [2, 4, 4, 1], "speed": 3}, "speed=3"),
        ("Addons>SpatialPyramidPooling2D", {"bins": [5], "data_format": "channels_last"}, "5 cells"),
        ("keras_cv>DropPath", {"rate": 0.5, "batchwise": True}, "batchwise"),
        ("keras_hub>RotaryEmbedding", {"rope_type": "yarn"}, "yarn"),
        ("keras_nlp>RotaryEmbedding", {"max_wavelength": 10000, "scaling_factor": 2.0}, "keras_nlp with a scaling_factor"),
        (
            "BatchNormalization",
            {"axis": -1, "momentum": 0.9, "epsilon": 1e-3, "center": False, "scale": False, "freeze": False},
            "freeze=False",
        ),
    ],
)
def test_an_option_that_is_not_understood_is_refused_by_name(name: str, config: dict[str, object], message: str, tmp_path: Path) -> None:
    weights = {"moving_mean": 2, "moving_variance": 2} if name == "BatchNormalization" else {}
    path = _saved(tmp_path / "model.h5", name, config, (4, 4, 2), **weights)
    with pytest.raises(LoadstoneError, match=message):
        loadstone.load_model(path).predict(np.zeros((1, 4, 4, 2), "float32"), verbose=0)


def test_the_narrow_part_of_squeeze_and_excite_was_a_ratio_up_to_keras_cv_0_4() -> None:
    config = {"filters": 10, "ratio": 0.25, "squeeze_activation": "relu", "excite_activation": "sigmoid"}
    made = parts(Layer("keras_cv>SqueezeAndExcite2D", "s", config))
    assert [made[f"{part}_conv"]["config"]["filters"] for part in ("squeeze", "excite")] == [2, 10]


@pytest.mark.parametrize("text", ["quantized_relu(4,", "quantized_relu(os.getcwd())", "quantized_mystery(4)"])
def test_a_quantizer_that_is_none_is_refused_by_name(text: str, tmp_path: Path) -> None:
    architecture = {
        "class_name": "Sequential", "keras_version": "2.8.0", "backend": "tensorflow",
        "config": {"name": "s", "layers": [
            {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 3], "dtype": "float32", "sparse": False, "name": "x"}},
            {"class_name": "QActivation", "config": {"name": "q", "trainable": True, "dtype": "float32", "activation": text}},
        ]},
    }  # fmt: skip
    path = tmp_path / "model.json"
    path.write_text(json.dumps(architecture))
    with pytest.raises(LoadstoneError, match=re.escape(text) + "|no arguments"):
        loadstone.load_model(path).predict(np.zeros((1, 3), "float32"), verbose=0)
