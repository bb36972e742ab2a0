"""Write what Keras' own `summary()` says of the golden models of its release, and of one model made for its corners.

    python tests/golden/make_summaries.py

Run with the Python that has Keras 3. Writes tests/golden/<producer>-<version>/summaries.json.
"""

import json
import os
from pathlib import Path

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["COLUMNS"] = "100"

import keras

FOLDER = Path(__file__).parent / ("keras-" + keras.__version__)
L = keras.layers
OPTIONS = {
    "plain": {},
    "nested": {"expand_nested": True},
    "trainable": {"show_trainable": True},
    "all": {"expand_nested": True, "show_trainable": True},
    "long": {"line_length": 90, "expand_nested": True},
    "positions": {"positions": [0.5, 0.7, 0.8, 1.0]},
}


def corners():
    """Layers called twice, several outputs, operations, frozen layers, nested models with free dimensions, two dtypes."""
    a, b = keras.Input((None, 4), name="a"), keras.Input((4,), name="b", dtype="float64")
    inner_in = keras.Input((None,), name="inner_in")
    frozen = L.Dense(3, name="frozen", trainable=False)
    deep = keras.Sequential([keras.Input((4,)), L.Dense(4, name="deep_dense"), L.BatchNormalization()], name="deep")
    middle_in = keras.Input((4,))
    middle = keras.Model(middle_in, [frozen(deep(middle_in)), L.Dense(2, name="second")(middle_in)], name="middle_model_with_a_long_name")
    shared = L.Dense(4, name="shared")
    y, h, c = L.LSTM(4, return_state=True, name="lstm")(a)
    z = shared(h)
    w = shared(c) + 1.0
    p, q = middle(z)
    s = L.Bidirectional(L.GRU(2), trainable=False, name="frozen_both_ways")(a)
    t = L.Dense(5, dtype="float16", name="half[brackets]")(s)
    free = keras.Model(inner_in, L.Rescaling(2.0)(inner_in), name="free")
    u = free(w)
    e = L.Embedding(7, 3)(L.Flatten(dtype="int32")(b))
    return keras.Model([a, b], {"one": L.Concatenate(name="joined")([p, q, u, y, w * 2.0]), "two": t, "three": e}, name="corners")


def weights(layer, path=""):
    """Shapes and dtypes of all weights: path of the layer, then name of the weight."""
    if hasattr(layer, "layers") or hasattr(layer, "forward_layer"):
        inner = layer.layers if hasattr(layer, "layers") else [layer.forward_layer, layer.backward_layer]
        found = {}
        for part in inner:
            found.update(weights(part, (path + "/" if path else "") + part.name))
        return found
    own = {w.name: [list(w.shape), str(w.dtype), not w.trainable and layer.trainable] for w in layer.weights}
    return {path: own} if own else {}


def summaries(model, kinds):
    found = {}
    for name, options in OPTIONS.items():
        if name not in kinds:
            continue
        if name == "positions" and "Connected" in text(model, {}):
            continue
        found[name] = {"options": options, "text": text(model, options)}
    if "range" in kinds:
        ends = [model.layers[1].name, model.layers[-2].name]
        found["range"] = {"options": {"layer_range": ends}, "text": text(model, {"layer_range": ends})}
    return {"summaries": found, "weights": [[w.path, list(w.shape)] for w in model.weights], "params": model.count_params()}


def text(model, options):
    lines = []
    model.summary(print_fn=lines.append, **options)
    return "\n".join(lines)


def main():
    model = corners()
    found = {"corners": summaries(model, [*OPTIONS, "range"])}
    found["corners"].update(config=json.loads(model.to_json()), variables=weights(model))
    for path in sorted(FOLDER.glob("*.keras")):
        if path.stem not in ("custom_activation", "custom_layer", "stateful_lstm_7", "stateful_lstm_32", "stateful_lstm_100"):
            objects = {name: lambda y, p: y for name in ("my_custom_loss", "my_custom_metric")}
            try:
                found[path.name] = summaries(keras.models.load_model(path, custom_objects=objects), ["plain"])
            except ValueError as error:  # Keras does not open all that it wrote
                print(path.name, str(error)[:100])
    (FOLDER / "summaries.json").write_text(json.dumps(found, indent=0, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
