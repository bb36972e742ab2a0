"""Loads every file that `convert_files.py` wrote with a real Keras, and compares its predictions with those of the release that saved it.

    python check_converted.py OUT [--library tf_keras] [--only .h5] [--every N] [--at-least PERCENT]

Exit status 1 where fewer than 100 percent, or what is given, load and give the same numbers.
"""

import os

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
import argparse
import importlib
import pathlib
import sys
import warnings

import numpy as np


def flat(found):
    if isinstance(found, dict):
        return [leaf for key in sorted(found) for leaf in flat(found[key])]
    return [leaf for part in found for leaf in flat(part)] if isinstance(found, (list, tuple)) else [np.asarray(found)]


def strings(array):
    """Text for layers that Keras runs on TensorFlow."""
    import tensorflow

    return tensorflow.constant(array.tolist())


def check(keras, path: pathlib.Path) -> str | None:
    """None, or what is wrong."""
    arrays = np.load(path.with_suffix(".npz"), allow_pickle=True)
    inputs = [arrays[key] for key in sorted(arrays.files) if key.startswith("in_")]
    expected = [arrays[key] for key in sorted(arrays.files) if key.startswith("out_")]
    model = keras.models.load_model(path, compile=False)
    inputs = [strings(array) if array.dtype.kind in "OSU" else array for array in inputs]
    got = flat(model.predict(inputs if len(inputs) > 1 else inputs[0], batch_size=len(inputs[0]), verbose=0))
    for want, result in zip(expected, got, strict=True):
        result = result.astype("float32") if result.dtype.kind == "V" else result  # bfloat16
        if want.dtype == object:
            if want.tolist() != result.tolist():
                return "other strings"
        elif want.shape != result.shape or not np.allclose(want, result, rtol=1e-3, atol=1e-4):
            return f"{want.shape} and {result.shape}, off by {np.abs(want - result).max() if want.shape == result.shape else '?'}"
    return None


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--library", default="keras")
    parser.add_argument("--only", default="")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--at-least", type=float, default=100.0)
    args = parser.parse_args()
    keras = importlib.import_module(args.library)
    warnings.simplefilter("ignore")
    good = wrong = 0
    files = [path for path in sorted(args.out.glob("*.*")) if path.suffix in (".keras", ".h5") and args.only in path.name]
    for path in files[:: args.every]:
        try:
            reason = check(keras, path)
        except Exception as error:
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[-300:]}"
        good += reason is None
        wrong += reason is not None
        if reason:
            print(f"{path.name}: {reason}")
    print(f"{args.library} {keras.__version__} on {keras.backend.backend()}: {good} of {good + wrong} files match")
    return int(100 * good < args.at_least * (good + wrong))


if __name__ == "__main__":
    sys.exit(main())
