"""Goes on training where `make_fit_steps.py` saved: `to_keras`, one step, and the weights are those of the original framework after its own.

    python check_fit_step.py OUT ... [--library keras|tf_keras|tf.keras] [--saved] [--only TEXT] [--form FORM] [--at-least PERCENT] [--out FILE]

The interpreter has loadstone and the Keras in question. Each saved form of each model in OUT, or in the folders of OUT, is loaded and takes one
step with the same data. Its weights are compared with those of after.h5 (which loadstone opens too, for the form that weights have in this Keras),
rtol 1e-4 and atol 2e-5 (moving variances rtol 5e-2), and its predictions with what the original predicted after its step. A form whose optimizer begins anew does not match.
What to_keras warned of counts apart: "told". With --saved loadstone writes each as `.keras`, which the library opens itself. Prints what differs, by reason; exit status 1 where fewer of the others match.
"""

import argparse
import collections
import importlib
import json
import os
import pathlib
import re
import sys
import tempfile
import warnings

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
RTOL, ATOL = 1e-4, 2e-5
VARIANCES = 5e-2  # rtol
TOLD = "told: "
RANDOM = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout", "GaussianNoise", "AlphaDropout")
# form: the file with the layers, and the one with weights.
FORMS = {
    "h5": ("model.h5", None),
    "keras": ("model.keras", None),
    "saved_model": ("saved_model", None),
    "checkpoint": ("start.h5", "checkpoint/weights"),
    "train_checkpoint": ("start.h5", "train_checkpoint"),
    "weights_h5": ("start.h5", "later.weights.h5"),
}


def forms(folder):
    """(form, path, weights) of each form that was saved."""
    for form, (name, weights) in FORMS.items():
        there = weights is None or (folder / weights).exists() or (folder / weights).with_name("weights.index").exists()
        if (folder / name).exists() and there:
            yield form, folder / name, weights and folder / weights


def single(arrays):
    return arrays[0] if len(arrays) == 1 else arrays


def without_randomness(live):
    for layer in live._flatten_layers():
        if type(layer).__name__ in RANDOM:
            for name in ("rate", "stddev"):
                if hasattr(layer, name):
                    setattr(layer, name, 0.0)


def differ(what, got, want, rtol=RTOL, atol=ATOL):
    """None, or by how much the worst one differs."""
    import numpy as np

    if [x.shape for x in got] != [x.shape for x in want]:
        return f"{what} of shapes {[x.shape for x in got]} for {[x.shape for x in want]}"
    far = [float(np.max(np.abs(a - b))) for a, b in zip(got, want, strict=True) if not np.allclose(a, b, rtol=rtol, atol=atol)]
    return f"{len(far)} of {len(got)} {what} differ, by {max(far):.1e} at most" if far else None


def living(model, path, library):
    """`to_keras`, and what it warned of."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        live = model.to_keras(library=library)
    said = [str(one.message) for one in told if str(path) in str(one.message)]
    return live, [text.partition(str(path))[2].lstrip(": ") for text in said]


def opened(model, path, library):
    """What the library opens of the file that loadstone writes, and what its report told of the optimizer."""
    parent, _, name = library.rpartition(".")
    keras = getattr(importlib.import_module("tensorflow"), name) if parent else importlib.import_module(library)
    with tempfile.TemporaryDirectory() as folder:
        report = model.save(f"{folder}/again.keras", library=library)
        live = keras.models.load_model(f"{folder}/again.keras")
    return live, [one.message for one in report.findings if one.where in ("optimizer", "training_config")]


def check(folder, path, weights, library, make):
    """None, or what is wrong. make: `living` or `opened`."""
    import numpy as np

    import loadstone

    step = np.load(folder / "step.npz", allow_pickle=True)
    xs, ys, outs = (
        [step[f"{k}{i}"] for i in range(sum(re.fullmatch(rf"{k}\d+", n) is not None for n in step.files))] for k in ("x", "y", "out")
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        live, said = make(loadstone.load_model(path, weights=weights), path, library)
    anew = [text for text in said if "begins anew" in text]
    if anew:
        return TOLD + anew[0]
    if getattr(live, "optimizer", None) is None:
        return "the model is not compiled"
    without_randomness(live)
    live.run_eagerly = True  # of a single step no graph is worth its making; no number depends on it
    before = [np.asarray(w) for w in live.get_weights()]
    live.train_on_batch(single(xs), single(ys))
    got = [np.asarray(w) for w in live.get_weights()]
    want = loadstone.load_model(folder / "after.h5").to_keras(compile=False, library=library).get_weights()
    if differ("weights", before, want) is None:
        return "the step of the original changed nothing"
    predicted = live.predict_on_batch(single(xs))
    predicted = predicted if isinstance(predicted, list) else [predicted]
    moving = ["moving_variance" in v.name for v in live.weights]  # of unbiased variances where TensorFlow fuses the layer, and nowhere else
    kinds = ([(a, b) for a, b, m in zip(got, want, moving, strict=True) if m == kind] for kind in (True, False))
    variances, others = (list(zip(*pairs, strict=True)) or [(), ()] for pairs in kinds)
    wrong = (
        differ("weights", *others) or differ("moving variances", *variances, VARIANCES) or differ("outputs", predicted, outs, 1e-3, 1e-4)
    )
    return TOLD + said[0] if wrong and said else wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--library", default="keras")
    parser.add_argument("--saved", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--form", default="")
    parser.add_argument("--at-least", type=float, default=98.0)
    parser.add_argument("--out", type=pathlib.Path)
    args = parser.parse_args()
    results = {}
    for folder in sorted(path.parent for given in args.folders for path in given.rglob("made.json")):
        for form, path, weights in forms(folder):
            name = f"{folder.parent.name}/{folder.name} {form}"
            if re.search(args.only, name) and args.form in ("", form):
                try:
                    results[name] = check(folder, path, weights, args.library, opened if args.saved else living)
                except Exception as error:
                    results[name] = f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"
                if results[name]:
                    print(f"{name}: {results[name]}", flush=True)
    bad = {name: reason for name, reason in results.items() if reason}
    text = "".join(f"{name}: {reason}\n" for name, reason in bad.items())
    if args.out:
        args.out.write_text(text)
    told = {name for name, reason in bad.items() if reason.startswith(TOLD)}
    for form in FORMS:
        mine = [name for name in results if name.endswith(f" {form}")]
        if mine:
            print(f"{form:17s} {sum(name not in bad for name in mine)} match, {sum(name in told for name in mine)} told, of {len(mine)}")
    for reason, count in collections.Counter(
        re.sub(r"'[^']*'|\b[0-9][0-9.e+-]*", "_", reason)[:140] for reason in bad.values()
    ).most_common():
        print(f"{count:5d}  {reason}")
    match = len(results) - len(bad)
    share = 100 * match / max(len(results) - len(told), 1)
    print(json.dumps({"library": args.library, "match": match, "told": len(told), "of": len(results), "percent": round(share, 1)}))
    return 0 if share >= args.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
