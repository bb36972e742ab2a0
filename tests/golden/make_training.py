"""Makes goldens of training that goes on: a compiled model, two steps, saved; and its weights after one step more.

    python make_training.py keras|tf.keras RELEASE        (writes training/RELEASE.npz)

Runs on Keras 1.2 to 3 and tf.keras. Keras 1 and 2 run on Theano, whose steps are well defined: on TensorFlow 1 a gradient may or may not see
what the same step has changed already. The npz holds for each case the file (its bytes; a SavedModel zipped), x, y, and the weights after the
third step in the order of `get_weights`.
"""

import io
import os
import shutil
import sys
import tempfile
import zipfile

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
if sys.argv[1] == "tf.keras":
    import tensorflow as tf

    keras = tf.keras
else:
    if os.environ.get("KERAS_BACKEND") == "theano":
        import theano.ifelse  # noqa: F401  (Keras 1.2 expects it)
    import keras
VERSION = tuple(int(n) for n in (tf if sys.argv[1] == "tf.keras" else keras).__version__.split(".")[:2])
OLD = VERSION < (2, 0) and sys.argv[1] == "keras"
V2 = sys.argv[1] == "tf.keras" and VERSION < (2, 11)
NEW = VERSION >= (2, 11)
Dense, opt = keras.layers.Dense, keras.optimizers
rng = np.random.RandomState(0)
X, Y = rng.normal(size=(12, 5)).astype("float32"), np.eye(3, dtype="float32")[rng.randint(0, 3, 12)]


def dense(units, name, **options):
    if OLD and "kernel_regularizer" in options:
        options["W_regularizer"] = options.pop("kernel_regularizer")
    return Dense(units, name=name, **options)


def plain():
    model = keras.models.Sequential(name="plain") if NEW else keras.models.Sequential()
    first = {"input_dim": 5} if not NEW else {}
    if NEW:
        model.add(keras.layers.InputLayer(input_shape=(5,)) if VERSION < (3,) else keras.Input((5,)))
    l2 = keras.regularizers.l2(0.01)
    model.add(dense(6, "first", activation="tanh", kernel_regularizer=l2, **first))
    model.add(keras.layers.BatchNormalization(momentum=0.9, name="norm"))
    model.add(dense(4, "frozen", activation="tanh", trainable=False))
    model.add(dense(3, "last", activation="softmax"))
    return model


def two_ends():
    a, b = keras.layers.Input((5,), name="a"), keras.layers.Input((5,), name="b")
    shared = dense(4, "shared", activation="tanh")
    both = [shared(a), shared(b)]
    joined = keras.layers.merge(both, mode="concat") if OLD else keras.layers.concatenate(both)
    ends = [dense(3, "kind", activation="softmax")(joined), dense(1, "size")(joined)]
    return keras.models.Model(**{("input" if OLD else "inputs"): [a, b], ("output" if OLD else "outputs"): ends})


def recurrent():
    model = keras.models.Sequential()
    shape = (4, 5)
    options = {"activation": "tanh", ("inner_activation" if OLD else "recurrent_activation"): "sigmoid"}
    if not (NEW or V2):
        model.add(keras.layers.LSTM(3, input_shape=shape, name="memory", **options))
    else:
        model.add(keras.layers.InputLayer(input_shape=shape) if VERSION < (3,) else keras.Input(shape))
        model.add(keras.layers.LSTM(3, name="memory", **options))
    model.add(dense(3, "last", activation="softmax"))
    return model


RATE = "learning_rate" if V2 or NEW or VERSION >= (2, 3) else "lr"
DECAY = {} if NEW else {"decay": 0.05}
CLIP = {"clipnorm": 0.1}
cases = {
    "sgd": (plain, lambda: opt.SGD(momentum=0.9, nesterov=True, **dict({RATE: 0.1}, **dict(DECAY, **CLIP)))),
    "adam": (plain, lambda: opt.Adam(**dict({RATE: 0.02, "beta_1": 0.85}, **DECAY))),
    "rmsprop": (plain, lambda: opt.RMSprop(**{RATE: 0.01})),
    "adagrad": (plain, lambda: opt.Adagrad(**{RATE: 0.05})),
    "adadelta": (plain, lambda: opt.Adadelta(**{RATE: 0.5})),
    "adamax": (plain, lambda: opt.Adamax(**{RATE: 0.02})),
    "two_ends": (two_ends, lambda: opt.Adam(**{RATE: 0.02})),
    "recurrent": (recurrent, lambda: opt.Adam(**{RATE: 0.02})),
}
if not OLD:
    cases["amsgrad"] = (plain, lambda: opt.Adam(amsgrad=True, **{RATE: 0.02}))
if V2 or NEW:
    cases["centered"] = (plain, lambda: opt.RMSprop(momentum=0.5, centered=True, **{RATE: 0.01}))
    cases["schedule"] = (plain, lambda: opt.Adam(**{RATE: opt.schedules.ExponentialDecay(0.05, 2, 0.5)}))
    cases["ftrl"] = (plain, lambda: opt.Ftrl(**{RATE: 0.05}))
if NEW:
    cases["nadam"] = (plain, lambda: opt.Nadam(**{RATE: 0.02}))
    cases["adamw"] = (plain, lambda: opt.AdamW(weight_decay=0.01, use_ema=True, **{RATE: 0.02}))
    cases["lion"] = (plain, lambda: opt.Lion(**{RATE: 0.01}))
if VERSION >= (3, 0):
    cases["accumulated"] = (plain, lambda: opt.Adam(gradient_accumulation_steps=2, **{RATE: 0.02}))
    cases["loss_scale"] = (plain, lambda: opt.LossScaleOptimizer(opt.Adam(**{RATE: 0.02}), initial_scale=8.0))

made = {}
folder = tempfile.mkdtemp()
for name, (build, optimizer) in sorted(cases.items()):
    model = build()
    inputs, targets = X, Y
    options = {}
    if build is two_ends:
        inputs, targets = [X, X[::-1]], [Y, X[:, :1]]
        losses = {"kind": "categorical_crossentropy", "size": "mse"}
        model.compile(optimizer=optimizer(), loss=losses, loss_weights={"kind": 1.0, "size": 0.3})
    else:
        if build is recurrent:
            inputs = np.stack([X, X * 0.5, X[::-1], X - 1], 1)
        model.compile(optimizer=optimizer(), loss="categorical_crossentropy", metrics=["accuracy"])

    def step():
        model.fit(inputs, targets, batch_size=12, shuffle=False, verbose=0, **{("nb_epoch" if OLD else "epochs"): 1})

    step()
    step()
    suffixes = (
        [".h5"] + ([".keras"] if NEW else []) + (["_saved_model"] if name in ("adam", "two_ends", "nadam") and VERSION < (3,) else [])
    )
    suffixes = suffixes if sys.argv[1] == "tf.keras" and VERSION >= (2, 0) or NEW else [".h5"]
    for suffix in reversed(suffixes):
        path = os.path.join(folder, name + suffix)
        model.save(path)
        data = io.BytesIO()
        if os.path.isdir(path):
            with zipfile.ZipFile(data, "w") as archive:
                for root, _, files in os.walk(path):
                    for file in files:
                        archive.write(os.path.join(root, file), os.path.relpath(os.path.join(root, file), path))
        else:
            with open(path, "rb") as file:
                data.write(file.read())
        made[name + suffix] = np.frombuffer(data.getvalue(), np.uint8)
    step()
    for i, x in enumerate(inputs if isinstance(inputs, list) else [inputs]):
        made["%s x%d" % (name, i)] = x
    for i, y in enumerate(targets if isinstance(targets, list) else [targets]):
        made["%s y%d" % (name, i)] = y
    if OLD and build is recurrent:  # a weight for each gate: the file says which is which
        model.save(os.path.join(folder, "after.h5"))
        with open(os.path.join(folder, "after.h5"), "rb") as file:
            made[name + " after.h5"] = np.frombuffer(file.read(), np.uint8)
    for i, weight in enumerate(model.get_weights()):
        made["%s after%d" % (name, i)] = weight
np.savez_compressed(os.path.join(HERE, "training", sys.argv[2] + ".npz"), **made)
shutil.rmtree(folder)
