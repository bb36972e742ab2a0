"""Golden models as whole files: what a release saved as `.keras` and `.h5`, and what it predicted once it had loaded them again.

`main` runs the cases of `golden_cases` and packs FOLDER/<release>.tar.xz: for each case `<name>.keras`, `<name>.h5` (where the release
saves and loads them) and `<name>.npz` with inputs and outputs, and one `index.json` with the dtypes. tests/lowering/golden_files.py reads it.
A case gives a model and its inputs (a list, or a dict by name); a model with `keeps_weights` has its weights already.
"""

import io
import json
import os
import sys
import tarfile
import tempfile

import numpy as np
import tensorflow as tf
from golden_cases import CASES, VERSION, K


def filled(model):
    """The model with weights that are multiples of 1/32."""
    for seed, variable in enumerate(model.weights, 10):
        dtype = variable.dtype if isinstance(variable.dtype, str) else variable.dtype.name
        if "seed" in variable.name or not dtype.startswith(("float", "bfloat")):
            continue
        values = np.random.RandomState(seed).randint(-32, 33, tuple(variable.shape)) / 32.0
        variable.assign((np.abs(values) + 0.25 if "variance" in variable.name else values).astype("float32"))
    model.keeps_weights = True
    return model


def main(family):
    """Write the cases whose names contain one of the arguments after the first, all where there are none."""
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), family)
    index, members = {}, []
    for name, make in CASES.items():
        if sys.argv[2:] and not any(part in name for part in sys.argv[2:]):
            continue
        (K.utils if hasattr(K.utils, "clear_session") else K.backend).clear_session()
        try:
            model, inputs = make()
            model = model if getattr(model, "keeps_weights", False) else filled(model)
            found, files = _run(model, inputs)
        except Exception as error:
            print("refused", name, type(error).__name__, str(error)[:150].replace("\n", " "))
            continue
        index[name] = found
        members += [(name + "." + form, data) for form, data in files.items()]
    path = os.path.join(folder, VERSION + ".tar.xz")
    members.sort(key=lambda member: (member[0].rpartition(".")[2], member[0]))  # files of one kind beside each other pack best
    with tarfile.open(path, "w:xz") as tar:
        for name, data in [*members, ("index.json", json.dumps(index).encode())]:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    print(path, os.path.getsize(path), len(index), "cases")


def _run(model, inputs):
    named = isinstance(inputs, dict)
    keys, given = (list(inputs), list(inputs.values())) if named else (None, list(inputs))
    feed = inputs if named else given if len(given) > 1 else given[0]
    arrays = {"input_%d" % i: _plain(x) for i, x in enumerate(given)}
    found = {"inputs": [x.dtype.name for x in given], "keys": keys, "outputs": {}}
    files = {}
    for form in ("keras", "h5"):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model." + form)
            try:
                model.save(path)
                again = K.models.load_model(path, compile=False)
                outputs = [np.asarray(y) for y in tf.nest.flatten(again.predict_on_batch(feed))]
            except Exception:  # many quantized models and adapted layers do not survive one of the forms
                continue
            with open(path, "rb") as file:
                files[form] = file.read()
        found["outputs"][form] = [y.dtype.name for y in outputs]
        arrays.update(("%s_%d" % (form, i), _plain(y)) for i, y in enumerate(outputs))
    if not files:
        raise ValueError("neither form can be loaded again")
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    files["npz"] = packed.getvalue()
    return found, files


def _plain(array):
    """As numpy alone can store it: bfloat16 as float32, strings as bytes of one length."""
    if array.dtype.kind in "OU":
        return np.array([item if isinstance(item, bytes) else item.encode() for item in array.reshape(-1)], "S").reshape(array.shape)
    return array.astype("float32") if array.dtype.name == "bfloat16" else array
