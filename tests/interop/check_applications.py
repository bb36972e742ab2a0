"""Every class of `keras.applications` with random weights: saved by a real Keras, loaded here, predictions compared.

    python tests/interop/check_applications.py --framework PYTHON [--size 96] [--folder FOLDER] [NAME ...]

PYTHON is an interpreter that has tf.keras or Keras 3 (also $LOADSTONE_FRAMEWORK). Models are made one after the other, as .keras
and as .h5, and deleted when they are done. Batch normalizations get the statistics of random images, changed. Exit status 1 where
a file does not load, or differs by more than 1e-4 of the largest output or 1e-2 of the contrast between two images. Not part of `make test`: it takes an hour.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

TOLERANCE = 1e-4


def main() -> int:
    """Prints a line for each file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--framework", default=os.environ.get("LOADSTONE_FRAMEWORK"))
    parser.add_argument("--size", type=int, default=96, help="height and width of the images")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make(options.make, options.names[0], options.size)
        return 0
    if not options.framework:
        parser.error("--framework or $LOADSTONE_FRAMEWORK: a Python that has Keras")
    names = options.names or subprocess.run([options.framework, "-c", LIST], capture_output=True, text=True, check=True).stdout.split()
    wrong = 0
    for name in names:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            command = [options.framework, __file__, "--make", folder, "--size", str(options.size), name]
            made = subprocess.run(command, capture_output=True, text=True, check=False)
            if made.returncode:
                wrong += 1
                print(f"{name}: not made: {made.stderr.strip().splitlines()[-1:]}", flush=True)
                continue
            for path in sorted(Path(folder).glob("model.*")):
                line, good = check(path)
                wrong += not good
                print(f"{name}{path.suffix}: {line}", flush=True)
    print(f"{wrong} wrong")
    return 1 if wrong else 0


def check(path: Path) -> tuple[str, bool]:
    """What became of one file, and whether that is right."""
    import loadstone

    golden = np.load(path.parent / "golden.npz")
    start = time.perf_counter()
    try:
        y = loadstone.load_model(path).predict(golden["x"], verbose=0)
    except Exception as error:  # the tool reports whatever goes wrong and goes on
        return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}", False
    want = golden["y"]
    error = float(np.abs(y - want).max())
    size, contrast = float(np.abs(want).max()), float(np.abs(want[0] - want[1]).max())
    good = error < TOLERANCE * size and error < 1e-2 * contrast
    verdict = f"{'ok' if good else 'WRONG'} {error / size:.1e} of the largest output, {error / contrast:.1e} of the contrast of two images"
    return f"{verdict}; {time.perf_counter() - start:.1f} s, {path.stat().st_size >> 20} MB", good


LIST = """
import tensorflow as tf
try:
    import keras
    apps = keras.applications
except (ImportError, AttributeError):
    apps = tf.keras.applications
print(*(n for n in sorted(dir(apps)) if n[:1].isupper()))
"""


def make(folder: Path, name: str, size: int) -> None:
    """Runs in the framework's Python: the model in both file kinds, its input and its predictions."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    import tensorflow as tf

    keras = tf.keras
    random = np.random.RandomState(0)
    model = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), classifier_activation=None)
    coarse = random.uniform(0, 255, (8, 6, 6, 3))  # patches: finer noise is the same grey to every deep layer
    x = np.kron(coarse, np.ones((1, -(-size // 6), -(-size // 6), 1)))[:, :size, :size].astype("float32")
    normalizations = [layer for layer in model.layers if type(layer).__name__.startswith("BatchNormalization")]
    for layer in normalizations:
        layer.momentum = 0.0
        if layer.scale and before_a_sum(layer):
            layer.gamma.assign(random.uniform(0.05, 0.2, layer.gamma.shape))
    model(x, training=True)
    # With exactly these variances a deep random network makes 1e-2 of a rounding error, in Keras as well; larger ones calm it.
    for layer in normalizations:
        layer.moving_variance.assign(np.asarray(layer.moving_variance) * random.uniform(1.15, 1.35, layer.moving_variance.shape))
        layer.beta.assign(random.normal(0, 0.1, layer.beta.shape))
        layer.momentum = 0.99
    for layer in model.layers:
        if type(layer).__name__ == "LayerScale":  # 1e-6 at the beginning: nothing behind it would be seen
            layer.set_weights([random.uniform(0.2, 1, w.shape) for w in layer.get_weights()])
    np.savez(folder / "golden.npz", x=x[:2], y=model.predict(x[:2], verbose=0))
    model.save(folder / "model.h5")
    model.save(folder / "model.keras")


def before_a_sum(layer) -> bool:
    """True for a layer whose result is added to another, but for a Dropout between."""
    nodes = getattr(layer, "_outbound_nodes", [])
    following = [getattr(node, "operation", None) or getattr(node, "outbound_layer", None) or node.layer for node in nodes]
    return any(type(other).__name__ == "Add" or (type(other).__name__ == "Dropout" and before_a_sum(other)) for other in following)


if __name__ == "__main__":
    sys.exit(main())
