"""Ops of TensorFlow against TensorFlow itself: every graph in golden/tf_ops (made by golden/make_tf_op_goldens.py)."""

import json
from functools import cache
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import loadstone

GOLDEN = Path(__file__).parents[1] / "golden" / "tf_ops"
TOLERANCES = {
    "float64": (1e-9, 1e-12),
    "float32": (1e-4, 1e-5),
    "float16": (1e-2, 1e-2),
    "complex64": (1e-4, 1e-5),
    "complex128": (1e-9, 1e-12),
}


@cache
def stored(family):
    with np.load(GOLDEN / f"{family}.npz") as file:
        return {key: file[key] for key in file.files}


def cases():
    return [
        pytest.param(path.stem, key.removesuffix("/graph"), id=f"{path.stem}-{key.removesuffix('/graph')}")
        for path in sorted(GOLDEN.glob("*.npz"))
        for key in sorted(stored(path.stem))
        if key.endswith("/graph")
    ]


def unpacked(array):
    if array.dtype.kind != "U":
        return array
    found = json.loads(str(array))
    if "strings" in found:
        flat = np.empty(len(found["strings"]), object)
        flat[:] = [bytes.fromhex(v) for v in found["strings"]]
        return flat.reshape(found["shape"])
    return np.frombuffer(bytes.fromhex(found["bytes"]), getattr(ml_dtypes, found["dtype"])).reshape(found["shape"])


def numbered(found, name, prefix):
    return [unpacked(found[f"{name}/{prefix}_{i}"]) for i in range(sum(key.startswith(f"{name}/{prefix}_") for key in found))]


@pytest.mark.parametrize(("family", "name"), cases())
def test_gives_what_tensorflow_gave(family, name):
    found = stored(family)
    names = json.loads(str(found[f"{name}/names"]))
    model = loadstone.load_model(found[f"{name}/graph"].tobytes(), inputs=names["inputs"], outputs=names["outputs"])
    outputs = model(dict(zip(names["inputs"], numbered(found, name, "in"), strict=True)))
    wanted = numbered(found, name, "out")
    assert len(outputs) == len(wanted)
    for got, want in zip(outputs, wanted, strict=True):
        assert got.shape == want.shape
        assert got.dtype == want.dtype
        if want.dtype.kind in "Obiu":
            assert np.array_equal(got, want)
        else:
            rtol, atol = TOLERANCES.get(want.dtype.name, (3e-2, 3e-2))
            kind = np.complex128 if want.dtype.kind == "c" else np.float64
            np.testing.assert_allclose(got.astype(kind), want.astype(kind), rtol=rtol, atol=atol)
