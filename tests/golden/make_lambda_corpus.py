"""Writes tests/golden/lambda_corpus/RELEASE.h5.gz (.keras.gz): a model of the functions of that folder; what it gives goes to results.npz.

    python make_lambda_corpus.py        with a Python that has Keras 1 or 2, tf.keras or Keras 3

Each function is one Lambda layer and one or more outputs; those that the release cannot run or save are left out. Numbers that two releases
have in common are kept once: `results.npz` has all distinct arrays of a function, and which of them each release gave.
"""

import gzip
import importlib
import json
import os
import shutil
import sys
import tempfile
from functools import partial

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import numpy as np
from lambda_corpus.world import INPUTS, IS_KERAS_1, IS_KERAS_3, RELEASE, K, keras, layers

FIELDS = "detection similarity images segmentation language signals agents generative layers_inside python_forms masks keras_3".split()
FOLDER = os.path.join(HERE, "lambda_corpus")
Model = keras.models.Model


def main():
    inputs = {name: layers.Input(value.shape[1:], name=name, dtype=value.dtype.name) for name, value in INPUTS.items()}
    kept = []
    for field in FIELDS:
        if field == "keras_3" and not IS_KERAS_3:
            continue
        for name, case in importlib.import_module("lambda_corpus." + field).FUNCTIONS.items():
            name = field + "__" + name
            if IS_KERAS_3 and case.function.__name__ != "<lambda>":
                continue  # it keeps only the names of other functions
            try:
                outputs = called(name, case, inputs)
                model = Model([inputs[letter] for letter in letters(case)], outputs)
                given = [INPUTS[letter] for letter in letters(case)]
                results = model.predict(given if len(given) > 1 else given[0], batch_size=2)
                if any(len(result) != 2 for result in (results if len(outputs) > 1 else [results])):
                    raise ValueError("samples are mixed")
                model.to_json()
            except Exception as error:
                print("left out", name, type(error).__name__, str(error)[:100].replace("\n", " "))
                continue
            kept.append((name, case, outputs))
    model = Model([inputs[name] for name in INPUTS], [output for _, _, outputs in kept for output in outputs])
    given = [INPUTS[name] for name in INPUTS]
    results = iter(model.predict(given, batch_size=2))
    found = {}
    for name, case, outputs in kept:
        for place in range(len(outputs)):
            result = next(results)
            if not case.drawn:
                found[name + "/" + str(place)] = np.asarray(result)
    write_model(model)
    write_results(found)
    print(RELEASE, len(kept), "functions")


def letters(case):
    return sorted(set(case.inputs), key=case.inputs.index)


def called(name, case, inputs):
    given = [inputs[letter] for letter in case.inputs]
    given = given if len(given) > 1 else given[0]
    given = given if case.before is None else case.before(given)
    options = {} if case.mask is None else {"mask": case.mask}
    if case.output_shape is not None:
        options["output_shape"] = case.output_shape
    elif IS_KERAS_1:
        options["output_shape"] = shape_of(case)
    layer = layers.Lambda(case.function, arguments=case.arguments, name=name, **options)
    if case.mask is not None and "mask" not in layer.get_config():
        raise ValueError("it keeps no mask function")
    outputs = layer(given)
    outputs = outputs if case.after is None else case.after(outputs)
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def shape_of(case):
    """Keras 1 asks for the shape of the output where it is not that of the input."""
    given = [K.placeholder(shape=INPUTS[letter].shape, dtype=INPUTS[letter].dtype.name) for letter in case.inputs]
    result = partial(case.function, **case.arguments)(given if len(given) > 1 else given[0])
    if any(result is x for x in given):
        raise ValueError("to Keras 1, the input would come from this layer")
    return tuple(result.get_shape().as_list()[1:])


def write_model(model):
    suffix = ".keras" if IS_KERAS_3 else ".h5"
    folder = tempfile.mkdtemp()
    model.save(os.path.join(folder, "model" + suffix))
    with open(os.path.join(folder, "model" + suffix), "rb") as file, open(os.path.join(FOLDER, RELEASE + suffix + ".gz"), "wb") as target:
        target.write(gzip.compress(file.read(), 9))
    shutil.rmtree(folder)


def write_results(found):
    """index: name -> the distinct results, each [dtype, place in all numbers of that dtype, shape]; releases: which of them each gave."""
    path = os.path.join(FOLDER, "results.npz")
    before = read_results(path)
    before[RELEASE] = found
    index, releases, numbers = {}, {}, {}
    for release, results in sorted(before.items()):
        given = releases[release] = {}
        for name, array in sorted(results.items()):
            variants = index.setdefault(name, [])
            same = [number for number, (_, known) in enumerate(variants) if alike(known, array)]
            given[name] = same[0] if same else len(variants)
            if not same:
                held = numbers.setdefault(array.dtype.name, [])
                variants.append(([array.dtype.name, sum(part.size for part in held), list(array.shape)], array))
                held.append(array.reshape(-1))
    told = {"index": {name: [place for place, _ in variants] for name, variants in index.items()}, "releases": releases}
    arrays = {dtype: np.concatenate(parts) for dtype, parts in numbers.items()}
    np.savez_compressed(path, told=np.array(json.dumps(told, sort_keys=True)), **arrays)


def read_results(path):
    """{release: {name: array}}."""
    if not os.path.exists(path):
        return {}
    with np.load(path) as stored:
        told = json.loads(str(stored["told"]))
        numbers = {name: stored[name] for name in stored.files if name != "told"}
    found = {}
    for release, given in told["releases"].items():
        found[release] = {}
        for name, number in given.items():
            dtype, place, shape = told["index"][name][number]
            found[release][name] = numbers[dtype][place : place + int(np.prod(shape))].reshape(shape)
    return found


def alike(known, array):
    return known.dtype == array.dtype and known.shape == array.shape and np.allclose(known, array, 1e-6, 1e-6, equal_nan=True)


if __name__ == "__main__":
    main()
