"""Writes layered models as graphs of TensorFlow, and compares what a real TensorFlow makes of them with the framework that saved them.

    python check_exported_graphs.py write OUT FOLDER [...]     with loadstone
    python check_exported_graphs.py check OUT                  with TensorFlow 2

FOLDER holds, at any depth, folders of one case each with `meta.json`, `golden.npz` (inputs `in_*`, outputs `out_*`) and files that a release
wrote; or `goldens/` with the first two beside `models/`. Every file that loads and has layers becomes OUT/<case>/saved_model. Exit status 1
where less than 98 of 100 match, or something is not written.
"""

import collections
import json
import os
import pathlib
import sys
import warnings

import numpy as np

SUFFIXES = (".keras", ".h5", ".hdf5")
NEEDS_CODE = ("custom", "subclassed")  # classes of the user's


def found(folder):
    """Name, case, file and file of weights of everything that may be a layered model."""
    for meta in sorted(folder.rglob("meta.json")):
        case, said = meta.parent, json.loads(meta.read_text())
        if not (case / "golden.npz").exists() or said.get("golden_nan") or said.get("degenerate") or said.get("model") in NEEDS_CODE:
            continue
        if "file" in said:
            base = case.parent.parent
            file = base / said["file"]
            if file.suffix in (*SUFFIXES, ".json") and not said.get("custom"):
                yield case.name, case, base / said["arch"] if said.get("arch") else file, file if said.get("arch") else None
            continue
        for file in sorted(case.iterdir()):
            if file.suffix in SUFFIXES and "weights" not in file.name:
                yield f"{case.parent.name}-{case.name}-{file.name}", case, file, None


def golden(case, prefix):
    """Arrays in order; what npz cannot hold is written as two bytes of bfloat16."""
    arrays = np.load(case / "golden.npz", allow_pickle=True)
    said = json.loads((case / "meta.json").read_text())
    key = {"in": "inputs", "out": "outputs"}[prefix]
    entries = [one for one in said.get(key) or [] if isinstance(one, dict) and "key" in one]
    keys = [one["key"] for one in entries] or sorted((k for k in arrays.files if k.startswith(f"{prefix}_")), key=lambda k: (len(k), k))
    names = [one["name"] for one in entries or said.get(key) or [] if isinstance(one, dict)]
    return [plain(arrays[k]) for k in keys], names


def plain(array):
    if array.dtype.kind in "US":
        return array.astype(object)
    return array if array.dtype.kind != "V" else (array.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


def write(out, folders):
    import loadstone
    from loadstone.export.saved_model import write_saved_model
    from loadstone.export.tensorflow.emission import tensorflow_module

    written, refused = 0, collections.defaultdict(list)
    for name, case, file, weights in (one for folder in folders for one in found(pathlib.Path(folder))):
        try:
            model = loadstone.load_model(file, weights=weights)
        except (loadstone.LoadstoneError, OSError) as error:
            print(f"{name} does not load: {type(error).__name__}: {' '.join(str(error).split())[:120]}")
            continue
        if model._description.root is None:
            continue
        try:
            graph, module = tensorflow_module(model._description, model._compilation.host)
            (out / name).mkdir(parents=True, exist_ok=True)
            write_saved_model(str(out / name / "saved_model"), module, {"serving_default": graph})
        except loadstone.LoadstoneError as error:
            refused[f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"].append(name)
            continue
        given, names = golden(case, "in")
        own = [spec.name for spec in model.inputs]
        if len(own) > 1 and set(own) <= set(names):
            given = [given[names.index(one)] for one in own]
        given = [fitted(array, spec) for array, spec in zip(given, model.inputs, strict=True)]
        loose = any(layer.policy.compute in ("float16", "bfloat16") for layer in model._description.root.walk())
        (out / name / "case.json").write_text(json.dumps({"inputs": own, "loose": loose}))
        data = {f"in_{i}": array for i, array in enumerate(given)} | {f"out_{i}": array for i, array in enumerate(golden(case, "out")[0])}
        np.savez(out / name / "arrays.npz", **data)
        written += 1
    print(f"{written} SavedModels are written")
    for reason, names in refused.items():
        print(f"  {len(names)} refused, {reason}: {', '.join(names[:4])}")
    return int(bool(refused))


def fitted(array, spec):
    """With a last axis of 1 more or less, where Keras adds or takes one."""
    if len(spec.shape) == array.ndim + 1:
        return array[..., None]
    return array[..., 0] if len(spec.shape) == array.ndim - 1 and array.shape[-1] == 1 else array


def check(out):
    os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
    import tensorflow as tf

    good, wrong = 0, {}
    for folder in sorted(path.parent for path in out.glob("*/case.json")):
        said, arrays = json.loads((folder / "case.json").read_text()), np.load(folder / "arrays.npz", allow_pickle=True)
        expected = [arrays[key] for key in arrays.files if key.startswith("out_")]
        try:
            loaded = tf.saved_model.load(str(folder / "saved_model"))
            signature = loaded.signatures["serving_default"]
            given = {}
            for place, key in enumerate(said["inputs"]):
                array, spec = arrays[f"in_{place}"], signature.structured_input_signature[1][key]
                given[key] = tf.constant(array.tolist(), tf.string) if array.dtype == object else tf.cast(array, spec.dtype)
            reason = compared(expected, [one.numpy() for one in signature(**given).values()], said["loose"])
        except Exception as error:
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        good += reason is None
        if reason is not None:
            wrong[folder.name] = reason
    for name, reason in wrong.items():
        print(f"{name}: {reason}")
    print(f"TensorFlow {tf.__version__}: {good} of {good + len(wrong)} graphs match")
    return int(good < 0.98 * (good + len(wrong)) or not good)


def compared(expected, rest, loose):
    """None, or what is wrong; each expected output once, whatever the order."""
    for place, want in enumerate(expected):
        hit = next((i for i, one in enumerate(rest) if same(want, one, loose)), None)
        if hit is None:
            near = [
                np.abs(one.astype("f8") - want.astype("f8")).max() for one in rest if one.shape == want.shape and one.dtype.kind in "fbiuV"
            ]
            return f"no output like number {place} of shape {want.shape} among {[one.shape for one in rest]}, off by {near}"
        rest.pop(hit)
    return None


def same(want, got, loose):
    if want.shape != got.shape:
        return False
    if want.dtype == object or got.dtype == object:
        texts = ([one if isinstance(one, bytes) else str(one).encode() for one in array.reshape(-1)] for array in (want, got))
        return next(texts) == next(texts)
    rtol, atol = (2e-2, 1e-2) if loose else (1e-4, 1e-5)
    return np.allclose(want.astype(np.float64), got.astype(np.float64), rtol, atol, equal_nan=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    place = pathlib.Path(sys.argv[2])
    sys.exit(write(place, sys.argv[3:]) if sys.argv[1] == "write" else check(place))
