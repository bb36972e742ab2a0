"""Writes tests/golden/functions/FAMILY-OWNER-RELEASE.json.xz: calls of functions with what the installed release made of them.

    python make_functions.py FAMILY [OWNER]        with the Python of each release (3.6 and later)

The calls are written in function_cases/FAMILY.py: a list `CASES` of `(name, args, kwargs)`, where a `Tensor` among the arguments is one
that flows, with free lengths where its shape says so, and `OWNER`, "keras" or "tensorflow.keras" or anything else that can be imported,
whose functions these are unless OWNER says so. What a release does not have, or refuses, is left out.
"""

import importlib
import json
import lzma
import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
from function_cases import described, packed, rebuilt


def resolved(owner, name):
    """The function of a dotted name; attributes of modules that are not imported yet, too."""
    found = importlib.import_module(owner)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def in_tensorflow(tf, function, args, kwargs, tensors):
    """The outputs of a call in a graph whose inputs have free lengths."""
    if tf.__version__.startswith(("0.", "1.")):
        with tf.Graph().as_default(), tf.Session() as session:
            places = [tf.placeholder(t.array.dtype.name, t.shape) for t in tensors]
            keras = sys.modules.get("keras") or getattr(tf, "keras", None)
            (keras.backend.tensorflow_backend if hasattr(keras.backend, "tensorflow_backend") else keras.backend).set_session(session)
            result = function(*rebuilt(args, places), **rebuilt(kwargs, places))
            flat = flattened(result)
            session.run(tf.global_variables_initializer())
            is_tensor = [hasattr(x, "graph") or isinstance(x, tf.Variable) for x in flat]
            values = iter(session.run([x for x, y in zip(flat, is_tensor) if y], dict(zip(places, [t.array for t in tensors]))))
            return [next(values) if y else x for x, y in zip(flat, is_tensor)]
    plain = {}

    def call(*places):
        flat = flattened(function(*rebuilt(args, places), **rebuilt(kwargs, places)))
        plain.update({i: x for i, x in enumerate(flat) if not tf.is_tensor(x) and not isinstance(x, tf.Variable)})
        return [tf.identity(x) for i, x in enumerate(flat) if i not in plain]

    specs = [tf.TensorSpec(t.shape, t.array.dtype) for t in tensors]
    values = [v.numpy() for v in tf.function(call, input_signature=specs)(*[tf.constant(t.array) for t in tensors])]
    rest = iter(values)
    return [plain[i] if i in plain else next(rest) for i in range(len(plain) + len(values))]


def in_numpy(function, args, kwargs, tensors):
    places = [t.array for t in tensors]
    return flattened(function(*rebuilt(args, places), **rebuilt(kwargs, places)))


def flattened(x):
    if isinstance(x, (list, tuple)) and any(hasattr(part, "shape") or isinstance(part, (list, tuple)) for part in x):
        return [leaf for part in x for leaf in flattened(part)]
    return [x]


def main(family):
    module = importlib.import_module("function_cases." + family)
    owner = sys.argv[2] if len(sys.argv) > 2 else module.OWNER
    home = importlib.import_module(owner)
    stated = str(getattr(home, "__version__", None) or importlib.import_module("keras").__version__)
    release, tf = stated, None
    if family != "numpy":
        tf = importlib.import_module("tensorflow")
        release = release if owner == "keras" else tf.__version__
    found, left_out = [], []
    for name, args, kwargs in module.CASES:
        tensors = []
        call = described(args, tensors), described(kwargs, tensors)
        try:
            function = resolved(owner, name)
            outputs = in_numpy(function, *call, tensors) if tf is None else in_tensorflow(tf, function, *call, tensors)
        except Exception as error:  # what a release does not have or refuses
            left_out.append("%s: %s" % (name, str(error).splitlines()[0][:90] if str(error) else type(error).__name__))
            continue
        inputs = [{"free": t.shape, **packed(t.array)} for t in tensors]
        found.append({"name": name, "args": call[0], "kwargs": call[1], "inputs": inputs, "outputs": [packed(x) for x in outputs]})
    target = HERE / "functions" / ("%s-%s-%s.json.xz" % (family, owner, release))
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(lzma.compress(json.dumps({"keras_version": stated, "cases": found}).encode()))
    print("%s: %d calls, left out:\n  %s" % (target.name, len(found), "\n  ".join(left_out)))


if __name__ == "__main__":
    main(sys.argv[1])
