"""Kills a process with SIGKILL while it saves a model, and looks at what is left: the whole old file, or the whole new one.

python -m tests.export.killing 200        each kind of file 200 times
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import loadstone
from loadstone.model.model import Model

MODELS = Path(__file__).parents[1] / "golden" / "keras-3.15.1"
KINDS = {"model.keras": {}, "model.h5": {}, "folder": {"zipped": False}, "model.onnx": {"save_format": "onnx"}, "model": {}}
SCALES = (1.0, 2.0)  # which of two models it is


def child(target: str) -> None:
    """Saves two models in turn, for ever."""
    models = [scaled(scale) for scale in SCALES]
    with TemporaryDirectory() as folder:  # all that a save imports is there
        loadstone.save_model(models[0], Path(folder, os.path.basename(target)), **KINDS[os.path.basename(target)])  # type: ignore[arg-type]
    print("ready", flush=True)
    while True:
        for model in reversed(models):
            loadstone.save_model(model, target, **KINDS[os.path.basename(target)])  # type: ignore[arg-type]


def scaled(factor: float) -> Model:
    """The model with its last weights times a factor, and much that has to be written."""
    model = loadstone.load_model(MODELS / "mlp.h5")
    root = model._description.root
    assert root is not None
    last = [layer for layer in root.walk() if layer.weights][-1]
    for name, tensor in last.weights.items():
        last.weights[name] = tensor.map(lambda array: array * np.asarray(factor, array.dtype))
    return Model(model._description)


def kill(target: Path, moments: int, seed: int = 0) -> dict[float, int]:
    """How often which model was found, after that many kills. Raises where the place is empty or holds what is neither."""
    random_ = random.Random(seed)
    first = scaled(SCALES[0])
    data = np.linspace(-1, 1, 3 * (first.inputs[0].shape or (0, 1))[1]).reshape(3, -1).astype(np.float32)  # type: ignore[operator]
    expected = {scale: np.asarray(scaled(scale)(data)) for scale in SCALES}
    found = dict.fromkeys(SCALES, 0)
    loadstone.save_model(first, target, **KINDS[target.name])  # type: ignore[arg-type]
    for _ in range(moments):
        command = [sys.executable, "-c", f"from tests.export.killing import child; child({str(target)!r})"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(random_.uniform(0, 0.2))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        got = answers(target, data)
        which = [scale for scale, answer in expected.items() if np.allclose(got, answer, atol=1e-6)]
        assert len(which) == 1, f"{target} gives neither the old answers nor the new ones"
        found[which[0]] += 1
    return found


def answers(target: Path, data: np.ndarray) -> np.ndarray:
    """What the file at the place predicts."""
    if target.suffix != ".onnx":
        return np.asarray(loadstone.load_model(target)(data))
    from loadstone.runtime.onnx_file import OnnxSession

    session = OnnxSession(str(target))
    return np.asarray(session.run({session.inputs[0]: data})[0])


def main() -> None:
    for name in KINDS:
        with TemporaryDirectory() as folder:
            target = Path(folder, name)
            print(f"{name}: found {kill(target, int(sys.argv[1]))}", flush=True)


if __name__ == "__main__":
    main()
