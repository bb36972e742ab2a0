"""Recurrent layers, wrappers, embeddings and masks against what each release computed (tests/golden/make_recurrent.py)."""

import json
from pathlib import Path

import numpy as np
import pytest

from loadstone.frontends.keras.config import read_model
from loadstone.ir import Layer, Model, Producer, Tensor
from loadstone.lowering.lower import lower
from loadstone.runtime.executor import Executor

GOLDEN = Path(__file__).parents[1] / "golden" / "recurrent"
TOLERANCE = {"float64": (1e-9, 1e-9), "float16": (1e-2, 5e-3), "bfloat16": (3e-2, 2e-2)}


class Goldens:
    """The cases of one release, their arrays unpacked when asked for."""

    def __init__(self, path: Path) -> None:
        packed = np.load(path)
        index = json.loads(packed["index"].tobytes())
        library, _, version = index["version"].rpartition("-")
        self.producer = Producer(library, "2.4.0" if version == "2.3.4" else version)  # TensorFlow 2.3 calls its Keras 2.4.0
        self.cases = index["cases"]
        self._packed = {"i": packed["integers"], "f": packed["floats"], "d": packed["doubles"] if "doubles" in packed else packed["floats"]}

    def array(self, entry: list) -> np.ndarray:
        kind, at, shape, dtype = entry
        flat = self._packed[kind][at : at + int(np.prod(shape, dtype=int))].astype(np.float64)
        if kind == "i" and "float" in dtype:
            flat = flat / 32
        return flat.reshape(shape).astype("float32" if dtype == "bfloat16" else dtype)


ALL = {path.stem: Goldens(path) for path in sorted(GOLDEN.glob("*.npz"))}


def load(goldens: Goldens, case: dict) -> Model:
    """The model of a case with its weights in place."""
    root = read_model(case["config"], goldens.producer)
    wanted = {path: Tensor.of(goldens.array(entry)) for path, entry in case["weights"].items()}
    _fill(root, "", wanted)
    assert not wanted, f"nobody took {list(wanted)}"
    return Model("golden", "", goldens.producer, root)


def _fill(layer: Layer, prefix: str, wanted: dict[str, Tensor]) -> None:
    inside = {inner.name: inner for inner in layer.layers()} if layer.graph is not None else layer.children
    for key, inner in inside.items():
        _fill(inner, f"{prefix}{key}/", wanted)
    for path in [path for path in wanted if path.startswith(prefix) and "/" not in path[len(prefix) :].replace("cells/", "")]:
        if not inside:
            layer.weights[path[len(prefix) :]] = wanted.pop(path)


@pytest.mark.parametrize(("release", "name"), [(release, name) for release, goldens in ALL.items() for name in goldens.cases])
def test_computes_what_the_release_computed(release: str, name: str) -> None:
    goldens = ALL[release]
    case = goldens.cases[name]
    executor = Executor(lower(load(goldens, case)))
    for given, expected in zip(case["inputs"], case["outputs"], strict=True):
        inputs = [goldens.array(entry).astype(spec.dtype, copy=False) for entry, spec in zip(given, executor.program.inputs, strict=True)]
        results = executor.run(inputs)
        assert len(results) == len(expected)
        for result, entry in zip(results, expected, strict=True):
            rtol, atol = TOLERANCE.get(entry[3], (1e-4, 1e-5))
            assert str(result.dtype) == entry[3]
            np.testing.assert_allclose(np.asarray(result, np.float64), goldens.array(entry), rtol, atol)
