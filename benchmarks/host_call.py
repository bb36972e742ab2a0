"""What a custom layer in Python costs in the middle of ResNet50, beyond its own time.

    python -m benchmarks.host_call --python ENVIRONMENT/bin/python      a Python that has Keras 3 (also: make bench-host)

Keras builds ResNet50 with random weights, once as it is and once with a layer of the caller's between its blocks, which here does
next to nothing. Both run by turns in one process; compared are one sample and a batch of 32. The overhead is what the fastest call
costs more, without the time of the layer's own function; a twentieth is the most that a host call may cost.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

MOST = 0.05
SIZE = 224
AFTER = "conv3_block4_out"


def make(folder: Path) -> None:
    """Both models as .keras files, in a process that has Keras."""
    import keras

    @keras.saving.register_keras_serializable("benchmark")
    class Same(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        outputs = layer(*args, **kwargs)
        return Same(name="same")(outputs) if layer.name == AFTER else outputs

    keras.utils.set_random_seed(0)
    plain = keras.applications.ResNet50(weights=None, input_shape=(SIZE, SIZE, 3))
    hosted = keras.models.clone_model(plain, call_function=call)
    hosted.set_weights(plain.get_weights())
    plain.save(folder / "plain.keras")
    hosted.save(folder / "hosted.keras")


class Same:
    """The layer as a plain class; it counts its own time."""

    seconds = 0.0

    def call(self, inputs: np.ndarray) -> np.ndarray:
        start = time.perf_counter()
        outputs = inputs + np.float32(0)
        Same.seconds += time.perf_counter() - start
        return outputs


def seconds(call: Callable[[np.ndarray], object], images: np.ndarray) -> float:
    """Of one call, without those of the layer's own function."""
    Same.seconds, start = 0.0, time.perf_counter()
    call(images)
    return time.perf_counter() - start - Same.seconds


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.host_call", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", help="a Python with Keras 3")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make(options.make)
        return 0
    if not options.python:
        parser.error("--python: a Python that has Keras 3")
    import loadstone

    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([options.python, __file__, "--make", folder], check=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})
        plain = loadstone.load_model(Path(folder) / "plain.keras", mmap=False)
        hosted = loadstone.load_model(Path(folder) / "hosted.keras", custom_objects={"Same": Same}, mmap=False)
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    print(f"{machine}; loadstone {loadstone.__version__}; {options.rounds} rounds")
    worst = 0.0
    for batch, rounds in ((1, 9 * options.rounds), (32, 3 * options.rounds)):
        images = np.random.default_rng(0).random((batch, SIZE, SIZE, 3), np.float32)
        np.testing.assert_allclose(hosted.predict_on_batch(images), plain.predict_on_batch(images), rtol=1e-4, atol=1e-6)
        times = [(seconds(plain.predict_on_batch, images), seconds(hosted.predict_on_batch, images)) for _ in range(rounds)]
        without, with_it = (min(column) for column in zip(*times, strict=True))
        middle = statistics.median(other / one for one, other in times) - 1
        overhead = with_it / without - 1
        worst = max(worst, overhead)
        print(f"batch {batch:<3} {without * 1e3:8.1f} ms without; overhead {overhead:+.1%} of the fastest, {middle:+.1%} in the median")
    return int(worst > MOST)


if __name__ == "__main__":
    sys.exit(main())
