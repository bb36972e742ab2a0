"""Opens SavedModels that loadstone wrote in a real TensorFlow, 1.15 or 2, and compares what their signatures give with what is expected.

    python check_saved_model.py OUT [--only PATTERN] [--cli] [--every N] [--at-least PERCENT]

Each folder in OUT holds a `model` and an `io.npz` with its inputs by name, its outputs, and perhaps how near they have to be. They are opened by `tf.saved_model.load` where
there is one, by the loader of TensorFlow 1 in a session, and with --cli by `saved_model_cli show` and `run`.
"""

import argparse
import collections
import contextlib
import io
import os
import pathlib
import re
import sys
import tempfile
from unittest import mock

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
import numpy as np
import tensorflow as tf

DEFAULT, INIT = "serving_default", "__saved_model_init_op"


def text(array):
    return np.vectorize(lambda one: one.decode("utf8", "replace") if isinstance(one, bytes) else str(one), otypes=[object])(array)


def same(want, got, tolerance):
    if want.shape != got.shape:
        return False
    if want.dtype.kind in "OSU" or got.dtype.kind in "OSU":
        return want.size == 0 or bool((text(want) == text(got)).all())
    rtol, atol = (2e-2, 1e-2) if want.dtype.itemsize == 2 else tolerance
    return np.allclose(want.astype(np.complex128), got.astype(np.complex128), rtol=rtol, atol=atol, equal_nan=True)


def compare(expected, found, tolerance):
    """None, or what is wrong; each expected output once, whatever the order. found is None for a file without signatures, which loads."""
    if found is None:
        return None
    rest = [np.asarray(one) for one in found.values()]
    for place, want in enumerate(expected):
        hit = next((i for i, one in enumerate(rest) if same(want, one, tolerance)), None)
        if hit is None:
            return "no output like number %d of shape %s among %s" % (place, want.shape, [one.shape for one in rest])
        rest.pop(hit)
    return None


def name_of(signatures):
    """The default signature, else the only one; None where the file that was copied has none."""
    names = [name for name in signatures if name != INIT]
    return DEFAULT if DEFAULT in names or len(names) > 1 else names[0] if names else None


def with_objects(folder, inputs):
    loaded = tf.saved_model.load(folder, tags=["serve"])  # it holds the variables
    if name_of(loaded.signatures) is None:
        return None
    function = loaded.signatures[name_of(loaded.signatures)]
    shapes = {key: (spec.shape, spec.dtype) for key, spec in function.structured_input_signature[1].items()}
    given = {key: tf.constant(one.tolist() if one.dtype == object else one, shapes[key][1]) for key, one in inputs.items()}
    return {key: one.numpy() for key, one in function(**given).items()}


def with_session(folder, inputs):
    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        meta = tf.compat.v1.saved_model.load(session, ["serve"], folder)
        if name_of(meta.signature_def) is None:
            return None
        signature = meta.signature_def[name_of(meta.signature_def)]
        given = {signature.inputs[key].name: one for key, one in inputs.items()}
        return session.run({key: one.name for key, one in signature.outputs.items()}, given)


def with_cli(folder, inputs):
    from tensorflow.python.tools import saved_model_cli

    def run(*rest):
        """As a command of its own would, without another import of TensorFlow."""
        told = io.StringIO()
        with contextlib.redirect_stdout(told), mock.patch.object(sys, "argv", ["saved_model_cli", *rest]):
            try:
                saved_model_cli.main()
            except SystemExit as end:
                if end.code:
                    raise RuntimeError(told.getvalue()) from end
        return told.getvalue()

    shown = run("show", "--dir", folder, "--all")
    assert DEFAULT in shown and "tensorflow/serving/predict" in shown, shown
    with tempfile.TemporaryDirectory() as place:
        given = []
        for number, (key, one) in enumerate(inputs.items()):
            np.save(f"{place}/{number}.npy", one)
            given.append(f"{key}={place}/{number}.npy")
        run("run", "--dir", folder, "--tag_set", "serve", "--signature_def", DEFAULT, "--inputs", ";".join(given), "--outdir", place)
        return {path.stem: np.load(str(path), allow_pickle=True) for path in pathlib.Path(place).glob("*.npy") if not path.stem.isdigit()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--cli", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="of the folders, each so manieth")
    parser.add_argument("--first", type=int, default=0, help="the number of the first of them")
    parser.add_argument("--at-least", type=float, default=98.0)
    options = parser.parse_args()
    ways = {"session": with_session}
    if tf.__version__.startswith("2"):
        ways["objects"] = with_objects
    if options.cli:
        ways["cli"] = with_cli
    good, wrong = collections.Counter(), collections.defaultdict(dict)
    folders = [one.parent for one in sorted(options.out.glob("*/io.npz")) if re.search(options.only, one.parent.name)][
        options.first :: options.every
    ]
    for folder in folders:
        data = np.load(str(folder / "io.npz"))
        inputs = {key[3:]: data[key] for key in data.files if key.startswith("in_")}
        inputs = {key: one.astype(object) if one.dtype.kind == "S" else one for key, one in inputs.items()}
        tolerance = data["tolerance"] if "tolerance" in data.files else (1e-3, 1e-4)
        expected = [data["out_%d" % place] for place in range(sum(key.startswith("out_") for key in data.files))]
        for way, run in ways.items():
            tf.compat.v1.reset_default_graph()
            try:
                reason = compare(expected, run(str(folder / "model"), inputs), tolerance)
            except Exception as error:
                reason = "%s: %s" % (type(error).__name__, " ".join(str(error).split())[:300])
            good[way] += reason is None
            if reason is not None:
                wrong[way][folder.name] = reason
    for way in ways:
        for name, reason in wrong[way].items():
            print(f"{way} {name}: {reason}")
        for reason, count in collections.Counter(re.sub(r"'[^']*'|[0-9.e+-]+", "_", one)[:90] for one in wrong[way].values()).most_common(
            12
        ):
            print(f"  {count:4d} {reason}")
    for way in ways:
        print(f"TensorFlow {tf.__version__}, {way}: {good[way]} of {len(folders)} match")
    return int(any(100 * good[way] < options.at_least * len(folders) for way in ways))


if __name__ == "__main__":
    sys.exit(main())
