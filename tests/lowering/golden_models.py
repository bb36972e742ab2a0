"""Golden models of a family (tests/golden/golden_cases.py), and how to run one of them here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from loadstone.frontends.keras.config import read_model
from loadstone.ir import Layer, Model, Producer, Tensor
from loadstone.lowering.lower import lower
from loadstone.runtime.executor import Executor

GOLDEN = Path(__file__).parents[1] / "golden"
_KERAS_OF = {"2.3.4": "2.4.0", "2.4.4": "2.4.0"}  # TensorFlow -> the Keras version that it writes
TOLERANCE = {"float64": (1e-9, 1e-9), "float16": (1e-2, 5e-3), "bfloat16": (3e-2, 2e-2)}


class Goldens:
    """The cases of one family by one release, their arrays unpacked when asked for."""

    def __init__(self, path: Path) -> None:
        packed = np.load(path)
        index = json.loads(packed["index"].tobytes())
        self.version, self.cases = index["version"], index["cases"]
        self._packed = {"i": packed["integers"], "f": packed["floats"], "d": packed["doubles"]}

    def array(self, entry: list[Any]) -> np.ndarray:
        """One stored array; bfloat16 as float32."""
        kind, at, shape, dtype = entry
        flat = self._packed[kind][at : at + int(np.prod(shape, dtype=int))].astype(np.float64)
        if kind == "i" and "float" in dtype:
            flat = flat / 32
        return flat.reshape(shape).astype("float32" if dtype == "bfloat16" else dtype)

    def model(self, name: str) -> Model:
        """The model of a case with its weights in place."""
        case = self.cases[name]
        library, _, version = self.version.rpartition("-")
        producer = Producer(library, _KERAS_OF.get(version, version))
        root = read_model(case["config"], producer)
        layers: dict[str, Layer] = {layer.name: layer for layer in root.layers()}
        for path, entry in case["weights"].items():
            layer, _, label = path.partition("/")
            layers[layer].weights[label] = Tensor.of(self.array(entry), "bfloat16" if entry[3] == "bfloat16" else None)
        return Model("golden", "", producer, root)

    def check(self, name: str) -> None:
        """Run a case and compare shapes, dtypes and numbers with what the release gave."""
        case = self.cases[name]
        executor = Executor(lower(self.model(name)))
        specs = executor.program.inputs
        inputs = [self.array(entry).astype(spec.dtype, copy=False) for entry, spec in zip(case["inputs"], specs, strict=True)]
        results = executor.run(inputs)
        assert len(results) == len(case["outputs"])
        for result, entry in zip(results, case["outputs"], strict=True):
            rtol, atol = TOLERANCE.get(entry[3], (1e-4, 1e-5))
            if name == "activation64-name=gelu":  # its float64 constants differ by release
                rtol, atol = 1e-6, 1e-6
            assert str(result.dtype) == entry[3]
            np.testing.assert_allclose(np.asarray(result, np.float64), self.array(entry), rtol, atol)


def families(name: str) -> dict[str, Goldens]:
    """The goldens of a family by release."""
    return {path.stem: Goldens(path) for path in sorted((GOLDEN / name).glob("*.npz"))}
