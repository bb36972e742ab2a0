"""Writes layered models as SavedModels, with the numbers of the release that made them.

    python write_exported_graphs.py OUT FOLDER [...]

FOLDER holds, at any depth, folders of one case each with `meta.json`, `golden.npz` (inputs `in_*`, outputs `out_*`) and files that a release
wrote; or `goldens/` with the first two beside `models/`. `check_saved_model.py` opens what is written of every file that loads and has
layers in a real TensorFlow. Exit status 1 where something is not written.
"""

import collections
import json
import pathlib
import shutil
import sys
import warnings

import numpy as np
from write_saved_models import as_bytes

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
            shutil.rmtree(out / name, ignore_errors=True)
            write_saved_model(str(out / name / "model"), module, {"serving_default": graph})
        except loadstone.LoadstoneError as error:
            refused[f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"].append(name)
            continue
        given, names = golden(case, "in")
        own = [spec.name for spec in model.inputs]
        if len(own) > 1 and set(own) <= set(names):
            given = [given[names.index(one)] for one in own]
        given = [fitted(array, spec) for array, spec in zip(given, model.inputs, strict=True)]
        loose = any(layer.policy.compute in ("float16", "bfloat16") for layer in model._description.root.walk())
        data = {f"in_{key}": as_bytes(array) for key, array in zip(own, given, strict=True)}
        data |= {f"out_{i}": as_bytes(array) for i, array in enumerate(golden(case, "out")[0])}
        np.savez(out / name / "io.npz", tolerance=(2e-2, 1e-2) if loose else (1e-4, 1e-5), **data)
        written += 1
    print(f"{written} SavedModels are written")
    for reason, names in refused.items():
        print(f"  {len(names)} refused, {reason}: {', '.join(names[:4])}")
    return int(bool(refused))


def fitted(array, spec):
    """In the input's type, and with a last axis of 1 more or less, where Keras adds or takes one."""
    if spec.dtype not in ("string", "bfloat16"):
        array = array.astype(spec.dtype)
    if len(spec.shape) == array.ndim + 1:
        return array[..., None]
    return array[..., 0] if len(spec.shape) == array.ndim - 1 and array.shape[-1] == 1 else array


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(write(pathlib.Path(sys.argv[1]), sys.argv[2:]))
