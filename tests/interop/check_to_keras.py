"""Makes living Keras models of saved ones with `to_keras`, and compares their predictions with those of the release that saved them.

    python check_to_keras.py FOLDER ... [--library keras|tf_keras|tf.keras] [--only TEXT] [--every N] [--at-least PERCENT] [--out FILE]

The interpreter has loadstone and the Keras in question. A case is a folder with meta.json and golden.npz beside the saved forms of one model:
either in_0, out_0 ... beside model.keras and model.h5, or what meta.json lists under "formats", "inputs" and "outputs".
Prints what is refused or differs, by reason; exit status 1 where fewer match.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import warnings

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
LAYERED = ("h5", "keras", "keras_as_h5", "keras_v3_2.11", "json", "yaml", "tfckpt", "savedmodel")
NEED_CODE = ("custom", "subclassed")
NOT_LAYERED = "loads as a graph, or not at all"  # and is no case of this check


def forms(case, meta):
    """(form, path, weights) of each saved form that has layers."""
    if "formats" not in meta:
        for form, name in (("keras", "model.keras"), ("h5", "model.h5")):
            if (case / name).exists():
                yield form, case / name, None
        return
    there = {form: case / said["path"] for form, said in meta["formats"].items() if said.get("ok")}
    if meta["model"] in NEED_CODE:
        return
    for form in LAYERED:
        if form in there and form not in ("json", "yaml", "tfckpt"):
            yield form, there[form], None
    for form in ("json", "yaml"):
        for weights in ("weights_h5", "new_weights_h5"):
            if form in there and weights in there:
                yield f"{form}+{weights}", there[form], there[weights]
    if "tfckpt" in there and "json" in there:
        yield "tfckpt", there["json"], there["tfckpt"]


def arrays(case, meta):
    import numpy as np

    golden = np.load(case / "golden.npz", allow_pickle=True)
    if "formats" in meta:
        ins, outs = ([golden[spec["key"]] for spec in meta[key]] for key in ("inputs", "outputs"))
    else:
        ins, outs = ([golden[f"{k}_{i}"] for i in range(sum(n.startswith(f"{k}_") for n in golden.files))] for k in ("in", "out"))
    return [x.astype(object) if x.dtype.kind in "US" else x for x in ins], outs


def flat(found):
    import numpy as np

    if isinstance(found, dict):
        return [leaf for key in sorted(found) for leaf in flat(found[key])]
    return [leaf for part in found for leaf in flat(part)] if isinstance(found, (list, tuple)) else [np.asarray(found)]


def check(case, form, path, weights, library):
    """None, or what is wrong."""
    import numpy as np

    import loadstone
    from loadstone.live import building
    from loadstone.live.installed import choose

    meta = json.loads((case / "meta.json").read_text())
    ins, outs = arrays(case, meta)
    try:
        model = loadstone.load_model(path, weights=weights)
    except loadstone.LoadstoneError:
        return NOT_LAYERED
    if model._description.root is None:
        return NOT_LAYERED
    live = model.to_keras(library=library)
    if not meta.get("check_value", True):
        return None
    names = [spec.name for spec in model.inputs]
    said = [spec["name"] for spec in meta["inputs"]] if "formats" in meta else meta["input_names"]
    if len(names) > 1 and set(names) == set(said):
        ins = [ins[said.index(name)] for name in names]
    ins = [x if x.dtype == object else x.astype(spec.dtype) for x, spec in zip(ins, model.inputs, strict=True)]
    got = flat(building.predict(choose(library), live, model._description.root, ins))
    loose = any("16" in layer.policy.compute for layer in model._description.root.walk())
    rtol, atol = (2e-2, 2e-2) if loose else (1e-3, 1e-4)
    for want in outs:
        near = [a for a in got if a.shape == want.shape]
        if want.dtype.kind not in "biufc":
            continue
        if not any(np.allclose(want.astype("c16"), a.astype("c16"), rtol=rtol, atol=atol, equal_nan=True) for a in near):
            off = min((float(np.nanmax(np.abs(want.astype("c16") - a.astype("c16")))) for a in near), default=None)
            return f"shape {want.shape}, got {[a.shape for a in got]}, off by {off}"
    return None


def work(library):
    warnings.simplefilter("ignore")
    for case, form, path, weights in json.load(sys.stdin):
        print(json.dumps({"start": [case, form]}), flush=True)
        try:
            reason = check(pathlib.Path(case), form, path, weights, library)
        except Exception as error:
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"
        print(json.dumps({"done": [case, form], "reason": reason}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--library")
    parser.add_argument("--only", default="")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--at-least", type=float, default=98.0)
    parser.add_argument("--out")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return work(args.library)
    todo = []
    for folder in map(pathlib.Path, args.folders):
        for said in sorted(folder.rglob("meta.json")):
            meta = json.loads(said.read_text())
            whole = (said.parent / "golden.npz").exists() and not meta.get("golden_nan") and ("formats" not in meta or "inputs" in meta)
            if whole and args.only in str(said):
                found = forms(said.parent, meta)
                todo += [[str(said.parent), form, str(path), weights and str(weights)] for form, path, weights in found]
    results, left = {}, todo[:: args.every]
    while left:  # a crash of the process costs the one case it was in
        command = [sys.executable, __file__, "--worker", *(["--library", args.library] if args.library else [])]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        process.stdin.write(json.dumps(left[:150]))
        process.stdin.close()
        current = None
        for line in process.stdout:
            if not line.startswith('{"'):
                continue
            row = json.loads(line)
            if "start" in row:
                current = row["start"]
            else:
                results[tuple(row["done"])], current = row["reason"], None
        process.wait()
        if current:
            results[tuple(current)] = "the process died"
        elif not any((case[0], case[1]) in results for case in left[:150]):
            raise SystemExit("the worker died before its first case")
        left = [case for case in left if (case[0], case[1]) not in results]
    results = {key: reason for key, reason in results.items() if reason != NOT_LAYERED}
    bad = {key: reason for key, reason in results.items() if reason}
    for reason, count in collections.Counter(re.sub(r"'[^']*'|[0-9.e+-]+", "_", reason)[:140] for reason in bad.values()).most_common():
        print(f"{count:5d}  {reason}")
    text = "".join(f"{'/'.join(pathlib.Path(case).parts[-2:])} {form}: {reason}\n" for (case, form), reason in sorted(bad.items()))
    if args.out:
        pathlib.Path(args.out).write_text(text)
    share = 100 * (len(results) - len(bad)) / max(len(results), 1)
    print(f"{len(results) - len(bad)} of {len(results)} match, {share:.1f} %")
    return 0 if share >= args.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
