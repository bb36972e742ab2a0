"""Makes tests/golden/signatures/<release>.json.xz: the arguments that TensorFlow's functions take in order.

Run it with the Python of each release: `python make_signatures.py`. A file has, for "tf" and where there is one for "tf.compat.v1", the
names of functions and what they take, "name" at the end left out. What needs no tensors (`tf.data`, `tf.train` ...) is left out.
"""

import inspect
import json
import lzma
import os
import types
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf
from tensorflow.python.util import tf_decorator

MODULES = "bitwise debugging dtypes image layers linalg losses manip math nn quantization signal sparse spectral strings".split()


def arguments(function):
    """The names of what a function takes in order; None where that cannot be told."""
    try:
        found = inspect.signature(tf_decorator.unwrap(function)[1]).parameters.values()
    except (TypeError, ValueError):
        return None
    names = [p.name for p in found if p.kind is p.POSITIONAL_OR_KEYWORD]
    return names[:-1] if names[-1:] == ["name"] else names


def functions(module, prefix=""):
    """The functions of a module and of those inside it by name."""
    found = {}
    for name in dir(module):
        member = getattr(module, name, None)
        if name.startswith("_") or inspect.isclass(member):
            continue
        if not prefix and name in MODULES and not callable(member):
            found.update(functions(member, name + "."))
        elif callable(member) and not isinstance(member, types.ModuleType):
            taken = arguments(member)
            if taken:
                found[prefix + name] = " ".join(taken)
    return found


def main():
    found = {"tf": functions(tf)}
    if not tf.__version__.startswith("1."):
        found["tf.compat.v1"] = functions(tf.compat.v1)
    target = Path(__file__).parent / "signatures" / "tensorflow-{}.json.xz".format(tf.__version__)
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(lzma.compress(json.dumps(found, sort_keys=True).encode()))
    print(target.name, {key: len(value) for key, value in found.items()}, target.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
