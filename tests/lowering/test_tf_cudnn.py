"""The recurrent ops of cuDNN against layers of Keras with the same weights (golden/tf_cudnn.npz, by golden/make_tf_cudnn_goldens.py)."""

import json
from pathlib import Path

import numpy as np
import pytest

import loadstone
from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.raw import call_raw

GOLDEN = Path(__file__).parents[1] / "golden" / "tf_cudnn.npz"


def stored():
    with np.load(GOLDEN) as file:
        return {key: file[key] for key in file.files}


FOUND = stored()


@pytest.mark.parametrize("name", sorted(key.removesuffix("/graph") for key in FOUND if key.endswith("/graph")))
def test_gives_what_keras_gave(name):
    names = json.loads(str(FOUND[f"{name}/names"]))
    model = loadstone.load_model(FOUND[f"{name}/graph"].tobytes(), inputs=names["inputs"], outputs=names["outputs"])
    outputs = model({key: FOUND[f"{name}/in_{i}"] for i, key in enumerate(names["inputs"])})
    assert len(outputs) == len(names["outputs"])
    for i, got in enumerate(outputs):
        want = FOUND[f"{name}/out_{i}"]
        assert got.shape == want.shape
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "options",
    [{"input_mode": "skip_input"}, {"num_proj": 3}, {"dropout": 0.5, "is_training": True}],
    ids=lambda options: next(iter(options)),
)
def test_what_only_cudnn_can_do_is_refused(options):
    b = Builder()
    x, h, params = b.input("x", (5, 3, 4), "float32"), b.input("h", (1, 3, 2), "float32"), b.input("p", (64,), "float32")
    lengths = b.input("n", (3,), "int32")
    with pytest.raises(UnsupportedAttribute, match="CudnnRNN with"):
        call_raw(b, "CudnnRNNV3", [x, h, h, params, lengths], {"is_training": False, **options})
