"""Every layer of every release gets each of its weights, under the right name, from both kinds of files.

The files are rebuilt from `variables.json.gz` of each release (tests/golden/make_variables.py): each tensor holds the number
of the variable that the release itself saw in it.
"""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from loadstone.containers.hdf5_tree import Group
from loadstone.formats.producer import of_versions
from loadstone.frontends.keras import names, weights_h5, weights_v3
from loadstone.frontends.keras.config import read_model
from loadstone.frontends.keras.variables import WITHOUT, known, variables
from loadstone.ir import Layer, Tensor

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = [
    (path.parent.name, name, case)
    for path in sorted(GOLDEN.glob("*/variables.json.gz"))
    for name, case in json.loads(gzip.decompress(path.read_bytes())).items()
]
# Keras 3.0 does not store `rms_scaling`, so nobody can know that these have no beta.
LOST = ("keras-3.0.5", "LayerNormalization_4")
CASES = [case for case in CASES if case[:2] != LOST]
# Read by no rule of ours: their variables hang on user code or feature columns, and Keras 1 has an account of its own.
OTHERS = {
    *("AbstractRNNCell", "ClassMethod", "DenseFeatures", "DynamicEmbedding", "DynamicLookup", "FlaxLayer", "InstanceMethod"),
    *("InstanceProperty", "JaxLayer", "LinearModel", "PreprocessingLayer", "TFSMLayer", "TensorFlowOpLayer", "TernaryDense"),
    *("TorchModuleWrapper", "WideDeepModel"),
    *(
        "AtrousConvolution1D",
        "AtrousConvolution2D",
        "Deconvolution2D",
        "Deconvolution3D",
        "Highway",
        "MaxoutDense",
        "Merge",
        "TimeDistributedDense",
    ),
}


def stored(shape: list[int], number: int, dtype: str) -> Tensor:
    return Tensor.of(np.full(shape, number, "float32").astype(dtype))


def kind(path_or_name: str, case: dict) -> str:
    return "int8" if any(mode in case["name"] for mode in ("int8", "int4")) and path_or_name in ("kernel", "embeddings") else "float32"


def check(root: Layer, case: dict) -> None:
    """Each weight holds its own number, once each, and is called as the release called it."""
    found = [(layer, name, int(tensor.numpy().reshape(-1)[0])) for layer in root.walk() for name, tensor in layer.weights.items()]
    assert sorted(number for _, _, number in found) == list(range(len(case["weights"])))
    for layer, name, number in found:
        written, shape, trainable = case["weights"][number]
        last = written.partition(":")[0].rpartition("/")[2]
        assert name.endswith(last) or (last, name) == ("depthwise_kernel", "kernel")
        assert list(layer.weights[name].shape) == shape
        assert (name not in layer.non_trainable) == trainable or not layer.trainable or case["name"] == "frozen"


def tensors_of(case: dict, listed: list) -> dict[str, Tensor]:
    """The tensors of a file, by path: [[path, variable], ...]."""
    made = {}
    for path, number in listed:
        written, shape, _ = case["weights"][number]
        made[path] = stored(shape, number, kind(written.partition(":")[0].rpartition("/")[2], case))
    return made


@pytest.mark.parametrize(
    ("release", "name", "case"), [c for c in CASES if "v3" in c[2]], ids=lambda value: value if isinstance(value, str) else ""
)
def test_v3(release, name, case):
    producer = of_versions(case["keras_version"])
    root = read_model(case["v3_config"], producer)
    case = {**case, "name": name}
    assert weights_v3.assign(root, tensors_of(case, case["v3"]), producer) == {}
    check(root, case)


@pytest.mark.parametrize(
    ("release", "name", "case"), [c for c in CASES if "h5" in c[2]], ids=lambda value: value if isinstance(value, str) else ""
)
def test_h5(release, name, case):
    producer = of_versions(case["keras_version"])
    root = read_model(case["h5_config"], producer)
    case = {**case, "name": name}
    tensors = tensors_of(case, case["h5"])
    owner = next((layer.name for layer in weights_h5.top_layers(root) if layer.class_name != "InputLayer"), "none")
    assert weights_h5.assign(root, hdf5_group(owner, tensors), producer) == {}
    check(root, case)


def hdf5_group(layer: str, tensors: dict[str, Tensor]) -> Group:
    """A `model_weights` group with the weights of one layer."""
    top = Group("", "test.h5", {"layer_names": np.array([layer], object)}, names=[layer])
    inner = Group(layer, "test.h5", {"weight_names": np.array(list(tensors), object)})
    top.groups[layer] = inner
    for name, tensor in tensors.items():
        group = inner
        *parents, last = name.split("/")
        for part in parents:
            if part not in group.groups:
                group.groups[part] = Group(f"{group.path}/{part}", "test.h5")
                group.names.append(part)
            group = group.groups[part]
        group.tensors[last] = tensor
        group.names.append(last)
    return top


def test_every_class_of_keras_is_answered_for():
    missing = names.LAYERS - known() - OTHERS - set(names.ALIASES)
    assert not missing


def test_a_class_without_variables_has_none():
    assert all(variables(Layer(name, "x", {})) == [] for name in WITHOUT)


def test_an_unknown_class_is_unknown():
    assert variables(Layer("MyDense", "x", {})) is None
