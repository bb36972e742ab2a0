"""Keras' side of the differential tests: reads commands as lines of JSON, answers in kind. Runs with the Python that has Keras.

    {"do": "start", "recipe": {...}, "inside": false}      a recipe without steps; inside: beside the one being drawn
    {"do": "add", "at": 0, "step": {...}}                  one step more: {"tensors": [[shape, dtype], ...]} or {"error": ...}
    {"do": "end", "at": 1}                                 a recipe inside another is drawn
    {"do": "finish", "recipe": {...}, "to": FOLDER}        writes model.keras, model.h5 and arrays.npz
    {"do": "predict", "recipe": {...}, "to": FOLDER, "pieces": false}    predicted.npz: the outputs of `predict`
    {"do": "reload", "to": FOLDER, "form": "keras", "name": "model"}     reloaded.npz: the outputs of the file that was written
    {"do": "signature", "to": FOLDER, "names": ["x"]}      reloaded.npz: those of the SavedModel FOLDER/again, by their names in order
    {"do": "shake", "recipe": {...}, "to": FOLDER}         shaken.npz: the outputs once numbers have moved by their rounding

What Keras refuses is an error, and no step of the recipe.
"""

import json
import os
import sys
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import numpy as np
from building import V1, V3, Building, K, flatten, set_policy, set_value, tf, whole

FORMS = ("keras", "h5") if V3 or tuple(map(int, tf.__version__.split(".")[:2])) >= (2, 13) else ("h5",)
BUILDINGS = []


def start(recipe, inside):
    if not inside:
        del BUILDINGS[:]
        (K.utils if V3 else K.backend).clear_session()
        set_policy(recipe["policy"])
    BUILDINGS.append(Building(recipe))
    return {"at": len(BUILDINGS) - 1}


def add(at, step):
    return {"tensors": BUILDINGS[at].add(step)}


def end(at):
    del BUILDINGS[at:]
    return {}


def finish(recipe, to):
    drawn = BUILDINGS[0] if BUILDINGS and BUILDINGS[0].recipe["steps"] == recipe["steps"] else None
    del BUILDINGS[:]
    if drawn is None:
        (K.utils if V3 else K.backend).clear_session()
    model, inputs = whole(recipe, drawn)
    outputs = _outputs(model, inputs)
    np.savez(os.path.join(to, "arrays.npz"), **_named("in", inputs), **_named("out", outputs))
    saved = []
    for form in FORMS:
        path = os.path.join(to, "model." + form)
        try:
            model.save(path)
            saved.append(form)
        except Exception as error:  # noqa: BLE001  Keras cannot save every model as h5
            if os.path.exists(path):
                os.remove(path)
            print("not saved as", form, type(error).__name__, str(error)[:100], file=sys.stderr)
    return {"saved": saved, "outputs": [str(y.dtype) for y in outputs]}


def reload(to, form, name="model"):
    """What Keras makes of a file."""
    model = K.models.load_model(os.path.join(to, name + "." + form), compile=False)
    arrays = np.load(os.path.join(to, "arrays.npz"))
    outputs = _outputs(model, [arrays[name] for name in arrays.files if name.startswith("in_")])
    np.savez(os.path.join(to, "reloaded.npz"), **_named("out", outputs))
    return {"outputs": [str(y.dtype) for y in outputs]}


def signature(to, names):
    """What TensorFlow makes of a SavedModel."""
    found = tf.saved_model.load(os.path.join(to, "again")).signatures["serving_default"]
    arrays = np.load(os.path.join(to, "arrays.npz"))
    inputs = [arrays[name] for name in arrays.files if name.startswith("in_")]
    specs = found.structured_input_signature[1]
    results = found(**{name: tf.constant(x, specs[name].dtype) for name, x in zip(names, inputs)})  # noqa: B905  (Python 3.6)
    outputs = [np.asarray(results[name]) for name in sorted(results)]
    np.savez(os.path.join(to, "reloaded.npz"), **_named("out", outputs))
    return {"outputs": [str(y.dtype) for y in outputs]}


def predict(recipe, to, pieces):
    """What `predict` gives, where a layer does something else in a graph than when it is called; pieces: more than one batch.

    `keras.ops.add` of 3.7 to 3.15 takes a batch that is as long as an axis of channels for a bias, where there is one batch.
    """
    (K.utils if V3 else K.backend).clear_session()
    model, inputs = whole(recipe)
    size = max(1, recipe["batch"] - 1) if pieces else None
    outputs = [np.asarray(y) for y in flatten(model.predict(inputs if len(inputs) > 1 else inputs[0], batch_size=size, verbose=0))]
    np.savez(os.path.join(to, "predicted.npz"), **_named("out", outputs))
    return {"outputs": [str(y.dtype) for y in outputs]}


def shake(recipe, to):
    """The same model with its floating variables and inputs moved by half a step of float32, or of what is narrower in it."""
    (K.utils if V3 else K.backend).clear_session()
    model, inputs = whole(recipe)
    used = {recipe["policy"], *(str(step.get("dtype")) for step in recipe["steps"])}
    step = 4e-3 if any("bfloat16" in name for name in used) else 1e-3 if any("float16" in name for name in used) else 2e-7
    random = np.random.RandomState(1)
    for variable in model.weights:
        if tf.as_dtype(variable.dtype).is_floating:
            value = K.backend.get_value(variable) if V1 else np.asarray(variable)
            set_value(variable, _moved(value.astype("float32"), step, random))
    outputs = _outputs(model, [_moved(x, step, random) if x.dtype.kind == "f" else x for x in inputs])
    np.savez(os.path.join(to, "shaken.npz"), **_named("out", outputs))
    return {}


def _moved(x, step, random):
    return (x * (1 + step * random.choice([-1, 1], x.shape))).astype(x.dtype)


def _outputs(model, inputs):
    given = inputs if len(inputs) > 1 else inputs[0]
    return [np.asarray(y) for y in flatten(model.predict_on_batch(given) if V1 else model(given, training=False))]


def _named(prefix, arrays):
    return {f"{prefix}_{i}": a.astype("float32") if a.dtype.name == "bfloat16" else a for i, a in enumerate(arrays)}


COMMANDS = {function.__name__: function for function in (start, add, end, finish, predict, reload, shake, signature)}


def main():
    answers, sys.stdout = os.fdopen(os.dup(1), "w"), sys.stderr
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    answers.write(json.dumps({"keras": getattr(K, "__version__", tf.__version__)}) + "\n")
    answers.flush()
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = COMMANDS[command.pop("do")](**command)
        except Exception as error:  # noqa: BLE001  whatever Keras says of an option
            answer = {"error": f"{type(error).__name__}: {str(error)[:300]}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
