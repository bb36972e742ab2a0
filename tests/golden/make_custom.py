"""Make the golden models with custom objects of one Keras release: run this file with the Python that has that release.

    python tests/golden/make_custom.py [NAME ...]

Works with tf.keras 2.3 to 2.15 and Keras 3 (TensorFlow backend), on Python 3.8 and later. Each model is saved into
tests/golden/custom/<producer>-<version>/NAME.{h5,keras}, with the framework's own predictions in NAME.npz, written by the
functions of make_goldens.py. The user's code is in custom_objects.py.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from custom_objects import get
from make_goldens import HERE, KERAS3, RELEASE, flatten, keras, layers, randomise, rows, save, tf

FOLDER = HERE / "custom" / (("keras-" if KERAS3 else "tf.keras-") + RELEASE)
OBJECTS = get(keras)

# In which files each model is kept, where it is not HDF5 alone; small, yet every way of keeping weights.
PLAN = {
    "text": {"2.15.1": ("h5", "keras"), "3.0.5": ("keras",), "3.15.1": ("h5", "keras")},
    "pairs": {"2.8.4": (), "3.0.5": (), "3.15.1": ("keras",)},
    "whole": {"2.3.4": ("weights", "ckpt"), "2.8.4": (), "2.15.1": ("keras", "weights"), "3.0.5": (), "3.15.1": ("keras", "h5", "weights")},
}


def text():
    """Token ids with a mask, through layers that pass it, use it and end it; a custom activation twice, a Lambda; compiled and trained."""
    x = keras.Input((None,), dtype="int32", name="ids")
    y = layers.Embedding(11, 4, mask_zero=True)(x)
    y = OBJECTS["Gate"](5, name="gate")(y)
    z = layers.LSTM(3, name="lstm")(y)
    y = OBJECTS["MaskedMean"](name="pooled")(y)
    y = layers.Dense(4, activation=OBJECTS["bent"], name="bent")(layers.Concatenate()([y, z]))
    y = layers.Activation(OBJECTS["bent"], name="again")(y)
    y = OBJECTS["Scale"](0.5, name="scaled")(y)
    y = layers.Lambda(OBJECTS["double"], name="doubled")(y)
    net = keras.Model(x, layers.Dense(2, name="out")(y))
    net.compile(optimizer="sgd", loss=OBJECTS["my_loss"], metrics=[OBJECTS["my_metric"]])
    ids = np.random.RandomState(2).randint(1, 11, (5, 6))
    ids[1, 4:] = ids[2, 1:] = 0
    ids[3, 2] = 0
    net.fit(ids.astype("int32"), rows(5, 2), verbose=0)
    return net, ids.astype("int32")


def pairs():
    """A custom layer with two inputs and two outputs, one called twice, and one inside a wrapper."""
    query, value = keras.Input((3, 4), name="query"), keras.Input((5, 2), name="value")
    attend = OBJECTS["Attend"](name="attend")
    found, how_much = attend([query, value])
    again, _ = attend([layers.Dense(4, name="turned")(query), value])
    steps = layers.TimeDistributed(OBJECTS["Scale"](2.0, name="inner"), name="steps")(layers.Add()([found, again]))
    return keras.Model([query, value], [steps, how_much]), [rows(4, 3, 4), rows(4, 5, 2, seed=1)]


def whole():
    """A subclassed model, in whatever its release can write of one: all of it, or its weights alone."""
    net, x = OBJECTS["Net"](3), rows(4, 5)
    net(x)
    return net, x


def save_in(net, path, suffix):
    """One more way of keeping a model: `weights` in HDF5, `ckpt` as TensorFlow's checkpoint."""
    if suffix == "weights":
        net.save_weights(str(path) + (".weights.h5" if KERAS3 else "_weights.h5"))
    elif suffix == "ckpt":
        net.save_weights(str(path) + ".ckpt", save_format="tf")
        (path.parent / "checkpoint").unlink()
    else:
        save(net, path, suffix)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for make in (text, pairs, whole):
        if sys.argv[1:] and make.__name__ not in sys.argv[1:]:
            continue
        if PLAN[make.__name__].get(RELEASE) == ():
            continue
        keras.backend.clear_session()
        net, inputs = make()
        randomise(net)
        arrays = {}
        meta = {"inputs": flatten(inputs, arrays, "in"), "release": RELEASE, "tensorflow": tf.__version__}
        meta["outputs"] = flatten(net.predict(inputs, verbose=0), arrays, "out")
        for suffix in PLAN[make.__name__].get(RELEASE, ("h5",)):
            save_in(net, FOLDER / make.__name__, suffix)
        np.savez_compressed(str(FOLDER / (make.__name__ + ".npz")), meta=json.dumps(meta), **arrays)
        print(RELEASE, make.__name__)


if __name__ == "__main__":
    main()
