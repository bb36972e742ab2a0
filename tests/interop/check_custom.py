"""Custom layers of files of every era, hosted by every Keras that is here: what the release predicted comes out. Snippets of tutorials
with a real TensorFlow, whose `load_model` alone is loadstone's, as well.

    python tests/interop/check_custom.py PYTHON ...

Each PYTHON is an interpreter with a Keras (tf.keras, tf_keras, Keras 3) and with what loadstone depends on; loadstone itself is taken
from this checkout. Each library runs once, Keras 3 once on each of its backends that is installed, in a process of its own. The files
are those of tests/golden/custom. Exit status 1 where numbers differ, or where nothing could host a layer.
"""

import argparse
import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
LIBRARIES = ("keras", "tf_keras")
BACKENDS = ("tensorflow", "jax", "torch")
ARCHITECTURE = {"class_name": "Net", "config": {"units": 3}, "build_config": {"input_shape": [None, 5]}}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pythons", nargs="+", metavar="PYTHON")
    parser.add_argument("--inside", help=argparse.SUPPRESS)  # a library to check in this process, or "list"
    options = parser.parse_args()
    if options.inside:
        return print(*libraries()) if options.inside == "list" else check(options.inside)
    wrong = hosts = 0
    for python in options.pythons:
        found = run(python, "list", capture_output=True, text=True)
        if found.returncode:
            print(f"{python}: left out: {(found.stderr.strip().splitlines() or ['it does not run'])[-1]}")
            continue
        for name in found.stdout.split():
            library, _, backend = name.partition(":")
            hosts += 1
            wrong += run(python, library, backend).returncode != 0
    print(f"{hosts} hosts, {wrong} wrong")
    return int(wrong > 0 or not hosts)


def run(python, inside, backend="", **how):
    environment = {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
    }
    if backend:
        environment["KERAS_BACKEND"] = backend
    return subprocess.run([python, __file__, python, "--inside", inside], env=environment, check=False, **how)


def libraries():
    """`keras:jax` and the like: what this interpreter can host layers with."""
    import onnxruntime  # noqa: F401 - loadstone runs on it

    for library in LIBRARIES:
        if importlib.util.find_spec(library) is None:
            continue
        several = library == "keras" and int(metadata.version("keras").partition(".")[0]) >= 3
        backends = [backend for backend in BACKENDS if importlib.util.find_spec(backend)] if several else ["tensorflow"]
        yield from (f"{library}:{backend}" for backend in backends)


def check(library):
    """The status of one library: 0 where it hosts every file's layers right."""
    import numpy as np

    import loadstone
    from tests.golden.custom_objects import get

    keras = importlib.import_module(library)
    backend = f" on {keras.config.backend()}" if hasattr(keras, "config") and hasattr(keras, "ops") else ""
    objects = get(keras)
    objects["doubled"] = objects["double"]
    objects["Net"].input_shape = (None, 5)
    failed = 0
    for path in sorted((GOLDEN / "custom").glob("*/*")):
        if path.suffix not in (".h5", ".keras", ".index"):
            continue
        try:
            if path.stem in ("text", "pairs", "whole"):
                model = loadstone.load_model(path, custom_objects=objects)
            else:  # weights alone
                model = loadstone.load_model(json.dumps(ARCHITECTURE).encode(), custom_objects=objects, weights=path)
            difference = compared(model, path.parent / f"{path.name.partition('.')[0].removesuffix('_weights')}.npz", np)
            good, told = difference < 1e-4, f"differs by {difference:.1g}"
        except Exception as error:  # told, and the other files are tried
            good, told = False, f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        failed += not good
        print(
            f"{keras.__name__} {keras.__version__}{backend}  {path.parent.name}/{path.name}  {'ok' if good else 'WRONG'}  {told}",
            flush=True,
        )
    if "tensorflow" in sys.modules:
        failed += check_snippets(np)
    return int(failed > 0)


def check_snippets(np):
    """How many snippets go wrong beside a real TensorFlow."""
    from tests.tensorflow.snippets import SNIPPETS, run

    failed = 0
    for folder in sorted((GOLDEN / "snippets").iterdir()):
        with np.load(folder / "data.npz") as stored, tempfile.TemporaryDirectory() as unpacked:
            shutil.unpack_archive(folder / "saved_model.zip", unpacked)
            for name, (model, _, _) in SNIPPETS.items():
                predictions, _ = run(name, False, str(folder / f"{model}.h5"), unpacked, stored["x"])
                good = np.allclose(predictions, stored[model], rtol=1e-4, atol=1e-5)
                failed += not good
                print(f"snippet {name} with TensorFlow  {folder.name}  {'ok' if good else 'WRONG'}", flush=True)
    return failed


def compared(model, golden, np):
    """The largest difference between what the model predicts and what the release did, relative to max(1, |value|)."""
    with np.load(golden) as arrays:
        meta = json.loads(str(arrays["meta"]))
        inputs, outputs = (
            [arrays[key] for key in part] if isinstance(part, list) else arrays[part] for part in (meta["inputs"], meta["outputs"])
        )
    got = model.predict(inputs, verbose=0)
    pairs = zip(got, outputs, strict=True) if isinstance(outputs, list) else [(got, outputs)]
    return max(float((np.abs(one - other) / np.maximum(1, np.abs(other))).max()) for one, other in pairs)


if __name__ == "__main__":
    sys.exit(main())
