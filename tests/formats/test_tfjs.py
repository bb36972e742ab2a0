"""TensorFlow.js layers models: the layout of tensorflowjs_converter, made here of files that Keras 2.2.4 saved (tests/golden/apart)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import loadstone

GOLDEN = Path(__file__).parents[1] / "golden" / "apart" / "keras-2.2.4" / "model"


def converted(folder: Path, quantize: str | None = None, shards: int = 1) -> Path:
    """model.json and its shards: names as the converter writes them, without `:0`."""
    data, listed = b"", []
    for path, tensor in loadstone.load_weights(GOLDEN / "weights.h5").items():
        array = np.asarray(tensor)
        entry: dict[str, Any] = {"name": path.split("/", 1)[1].removesuffix(":0"), "shape": list(array.shape), "dtype": "float32"}
        if quantize == "float16":
            entry["quantization"] = {"dtype": "float16", "original_dtype": "float32"}
            array = array.astype("float16")
        elif quantize:
            top = np.iinfo(quantize).max
            low, scale = float(array.min()), float(np.ptp(array) / top) or 1.0
            entry["quantization"] = {"dtype": quantize, "min": low, "scale": scale}
            array = np.round((array - low) / scale).astype(quantize)
        data += array.tobytes()
        listed.append(entry)
    cuts = np.linspace(0, len(data), shards + 1).astype(int)
    paths = [f"group1-shard{i + 1}of{shards}.bin" for i in range(shards)]
    for path, begin, end in zip(paths, cuts, cuts[1:], strict=False):
        (folder / path).write_bytes(data[begin:end])
    config = json.loads((GOLDEN / "model.json").read_text())
    topology = {"keras_version": "2.2.4", "backend": "tensorflow", "model_config": {key: config[key] for key in ("class_name", "config")}}
    manifest = [{"paths": paths, "weights": listed}]
    (folder / "model.json").write_text(json.dumps({"format": "layers-model", "modelTopology": topology, "weightsManifest": manifest}))
    return folder / "model.json"


@pytest.mark.parametrize(("quantize", "tolerance"), [(None, 1e-6), ("float16", 2e-3), ("uint16", 1e-4), ("uint8", 2e-2)])
@pytest.mark.parametrize("shards", [1, 3])
def test_predicts_what_keras_predicted(tmp_path: Path, quantize: str | None, tolerance: float, shards: int) -> None:
    path = converted(tmp_path, quantize, shards)
    data = np.load(GOLDEN / "data.npz")
    for given in (path, tmp_path):
        model = loadstone.load_model(given)
        np.testing.assert_allclose(model.predict(data["input"], verbose=0), data["output"], atol=tolerance)
    assert loadstone.inspect(path).format == "tfjs_layers"
    assert len(loadstone.load_weights(path)) == len(np.load(GOLDEN / "list.npz").files)


def test_what_is_damaged_is_named(tmp_path: Path) -> None:
    path = converted(tmp_path)
    shard = tmp_path / "group1-shard1of1.bin"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-4])
    with pytest.raises(loadstone.CorruptFile, match="the weights end at byte"):
        loadstone.load_model(path)
    shard.write_bytes(whole + b"\0")
    with pytest.raises(loadstone.CorruptFile, match="the manifest lists"):
        loadstone.load_model(path)
    path.write_text(path.read_text().replace("group1-shard", "../group1-shard"))
    with pytest.raises(loadstone.CorruptFile, match="not a name inside a folder"):
        loadstone.load_model(path)
    shard.unlink()
    path.write_text(path.read_text().replace("../group1-shard", "group1-shard"))
    with pytest.raises((loadstone.CorruptFile, FileNotFoundError), match="group1-shard1of1"):
        loadstone.load_model(path)


def test_quantized_integers_are_rounded_and_other_types_refused(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes([0, 1, 3, 255]))
    entry = {"name": "a", "shape": [4], "dtype": "int32", "quantization": {"dtype": "uint8", "min": -4.0, "scale": 1.5}}
    stored = {"modelTopology": {"class_name": "Sequential", "config": []}, "weightsManifest": [{"paths": ["a.bin"], "weights": [entry]}]}
    path = tmp_path / "model.json"
    path.write_text(json.dumps(stored))
    found = np.asarray(loadstone.load_weights(path)["a"])
    assert found.dtype == np.int32 and found.tolist() == [-4, -2, 1, 379]  # as Math.round has it: -2.5 is -2, 0.5 is 1
    path.write_text(path.read_text().replace('"int32"', '"bool"'))
    with pytest.raises(loadstone.UnsupportedVersion, match="of type bool that is stored as uint8"):
        loadstone.load_weights(path)
