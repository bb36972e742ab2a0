"""Trains models in an original framework, saves them in every way that it has, and takes one more step: what `check_fit_step.py` repeats.

    python make_fit_steps.py OUT [--library keras|tf.keras|tf_keras] [--cases FOLDER ...] [--only TEXT]

Runs on Keras 1.2 to 3 and on TensorFlow from 1.13. Without --cases it makes its own models, one or more for each optimizer; with it, it takes the
compiled ones among cases that the same release saved (meta.json beside model files). OUT/NAME gets start.h5 (compiled, not trained), model.h5,
model.keras, saved_model, checkpoint, train_checkpoint, later.weights.h5, as far as the release writes them after three steps, and after.h5,
the model one step later, with step.npz: x0 ... and y0 ... of that step, out0 ... predicted after it. Nothing in it is random: no dropout, one batch.
Steps run eagerly where the release can, which changes no number but those of Nadam in tf.keras 2.11 to 2.15. A model that is there already stays.
"""

import argparse
import importlib
import json
import os
import pathlib
import re
import shutil
import sys
import traceback

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")
import numpy as np

RANDOM = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout", "GaussianNoise", "AlphaDropout")
LIKE_OTHERS = ("clip", "_decay", "schedule_s", "schedule_p", "schedule_i", "schedule_c", "schedule_r", "_epsilon", "_betas", "_regular")
BATCH = 12
rng = np.random.RandomState(0)
X = rng.normal(size=(BATCH, 5)).astype("float32")
Y = np.eye(3, dtype="float32")[rng.randint(0, 3, BATCH)]
SERIES = rng.normal(size=(BATCH, 4, 5)).astype("float32")
IMAGES = rng.normal(size=(BATCH, 6, 6, 2)).astype("float32")
TOKENS = rng.randint(0, 9, (BATCH, 4))


class Release:
    """The framework that runs."""

    def __init__(self, library):
        if library == "tf.keras":
            tf = importlib.import_module("tensorflow")
            self.keras, version = tf.keras, tf.__version__
        else:
            self.keras = importlib.import_module(library)
            version = self.keras.__version__
        self.version = tuple(int(n) for n in version.split(".")[:2])
        self.tensorflows = library != "keras"
        self.three = library == "keras" and self.version >= (3,)
        self.v2 = self.tensorflows and self.version < (2, 11)
        self.new = self.three or (self.tensorflows and self.version >= (2, 11))

    def input(self, shape, **options):
        return self.keras.layers.Input(shape=shape, **options)


# -- models ------------------------------------------------------------------------------------------------------------


def plain(release):
    keras = release.keras
    layers = keras.layers
    x = release.input((5,), name="x")
    y = layers.Dense(6, name="first", activation="tanh", kernel_regularizer=keras.regularizers.l2(0.01))(x)
    y = layers.BatchNormalization(momentum=0.9, name="norm")(y)
    y = layers.Dense(4, name="frozen", activation="tanh", trainable=False)(y)
    y = layers.Dense(3, name="last", activation="softmax")(y)
    return keras.models.Model(x, y, name="plain"), [X], [Y], "categorical_crossentropy"


def small(release):
    """No BatchNormalization: for optimizers whose steps it makes too sensitive to rounding."""
    x = release.input((5,), name="x")
    y = release.keras.layers.Dense(6, name="first", activation="tanh")(x)
    y = release.keras.layers.Dense(3, name="last", activation="softmax")(y)
    return release.keras.models.Model(x, y, name="small"), [X], [Y], "categorical_crossentropy"


def two_ends(release):
    layers = release.keras.layers
    a, b = release.input((5,), name="a"), release.input((5,), name="b")
    shared = layers.Dense(4, name="shared", activation="tanh")
    joined = layers.concatenate([shared(a), shared(b)])
    ends = [layers.Dense(3, name="kind", activation="softmax")(joined), layers.Dense(1, name="size")(joined)]
    model = release.keras.models.Model([a, b], ends, name="two_ends")
    return model, [X, X[::-1]], [Y, X[:, :1]], ["categorical_crossentropy", "mse"]


def recurrent(make):
    def build(release):
        x = release.input((4, 5), name="x")
        y = release.keras.layers.Dense(3, name="last", activation="softmax")(make(release.keras.layers)(x))
        return release.keras.models.Model(x, y, name="recurrent"), [SERIES], [Y], "categorical_crossentropy"

    return build


def embedded(release):
    layers = release.keras.layers
    x = release.input((4,), name="x", dtype="int32")
    y = layers.Dense(3, name="last", activation="softmax")(layers.Flatten()(layers.Embedding(20, 3, name="table")(x)))
    return release.keras.models.Model(x, y, name="embedded"), [TOKENS], [Y], "categorical_crossentropy"


def image(release):
    layers = release.keras.layers
    x = release.input((6, 6, 2), name="x")
    y = layers.Conv2D(4, 3, activation="relu", name="conv")(x)
    y = layers.BatchNormalization(name="norm")(y)
    y = layers.SeparableConv2D(4, 3, activation="tanh", name="separable")(y)
    y = layers.Conv2DTranspose(3, 2, name="up")(y)
    y = layers.Dense(3, name="last", activation="softmax")(layers.GlobalAveragePooling2D()(y))
    return release.keras.models.Model(x, y, name="image"), [IMAGES], [Y], "categorical_crossentropy"


def nested(release):
    keras, layers = release.keras, release.keras.layers
    a = release.input((5,), name="inside")
    inner = keras.models.Model(a, layers.Dense(4, name="deep", activation="tanh")(a), name="inner")
    frozen = keras.models.Model(a, layers.Dense(5, name="still", activation="tanh")(a), name="frozen_model")
    frozen.trainable = False
    x = release.input((5,), name="x")
    y = layers.Dense(3, name="last", activation="softmax")(inner(frozen(x)))
    return keras.models.Model(x, y, name="nested"), [X], [Y], "categorical_crossentropy"


def sequential(release):
    layers = release.keras.layers
    model = release.keras.models.Sequential(name="chain")
    model.add(layers.Dense(6, name="first", activation="tanh", input_shape=(5,)) if not release.three else release.input((5,)))
    model.add(
        layers.LayerNormalization(name="norm")
        if release.new or release.version >= (2, 0) and release.tensorflows
        else layers.Activation("tanh")
    )
    model.add(layers.Dense(3, name="last", activation="softmax"))
    return model, [X], [np.argmax(Y, 1)], "sparse_categorical_crossentropy"


def attention(release):
    layers = release.keras.layers
    x = release.input((4, 5), name="x")
    y = layers.MultiHeadAttention(2, 3, name="attention")(x, x)
    y = layers.Dense(3, name="last", activation="softmax")(layers.Flatten()(y))
    return release.keras.models.Model(x, y, name="attentive"), [SERIES], [Y], "categorical_crossentropy"


# -- cases -------------------------------------------------------------------------------------------------------------


def optimizers_of(release, opt, legacy):
    """name -> how to make it. legacy: the formulas and options of before 2.11."""
    rate = "learning_rate" if release.tensorflows or release.version >= (2, 3) else "lr"

    def make(name, learning_rate, **options):
        return lambda: getattr(opt, name)(**dict(options, **{rate: learning_rate}))

    cases = {
        "sgd": make("SGD", 0.1),
        "sgd_momentum": make("SGD", 0.1, momentum=0.9),
        "sgd_nesterov": make("SGD", 0.1, momentum=0.9, nesterov=True),
        "sgd_clipnorm": make("SGD", 0.1, momentum=0.9, clipnorm=0.1),
        "adam": make("Adam", 0.02),
        "adam_betas": make("Adam", 0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-3),
        "adam_amsgrad": make("Adam", 0.02, amsgrad=True),
        "adam_clipvalue": make("Adam", 0.02, clipvalue=0.05),
        "rmsprop": make("RMSprop", 0.02),
        "rmsprop_epsilon": make("RMSprop", 0.02, epsilon=1e-2),
        "adamax": make("Adamax", 0.05),
        "nadam": make("Nadam", 0.02),
        "adagrad": make("Adagrad", 0.1),
        "adadelta": make("Adadelta", 1.0),
    }
    if legacy:
        for name in "SGD Adam RMSprop Adagrad Adadelta Adamax".split():
            cases[name.lower() + "_decay"] = make(name, 0.1, decay=0.1)
    if not release.tensorflows and not release.three:
        return cases
    cases.update(
        {
            "rmsprop_momentum": make("RMSprop", 0.02, momentum=0.5),
            "rmsprop_centered": make("RMSprop", 0.02, centered=True),
            "rmsprop_centered_momentum": make("RMSprop", 0.02, momentum=0.5, centered=True, epsilon=1e-3),
            "adagrad_initial": make("Adagrad", 0.1, initial_accumulator_value=0.01, epsilon=1e-3),
            "ftrl": make("Ftrl", 0.1),
            "ftrl_regular": make(
                "Ftrl", 0.1, l1_regularization_strength=0.001, l2_regularization_strength=0.01, l2_shrinkage_regularization_strength=0.01
            ),
        }
    )
    schedules = opt.schedules if hasattr(opt, "schedules") else release.keras.optimizers.schedules
    cases["schedule_exponential"] = lambda: make("Adam", schedules.ExponentialDecay(0.05, 2, 0.5))()
    cases["schedule_staircase"] = lambda: make("SGD", schedules.ExponentialDecay(0.1, 2, 0.5, staircase=True), momentum=0.5)()
    cases["schedule_piecewise"] = lambda: make("SGD", schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.05, 0.02]))()
    cases["schedule_polynomial"] = lambda: make("RMSprop", schedules.PolynomialDecay(0.05, 7, power=2.0))()
    cases["schedule_inverse"] = lambda: make("Adagrad", schedules.InverseTimeDecay(0.2, 2, 0.5))()
    if hasattr(schedules, "CosineDecay"):
        cases["schedule_cosine"] = lambda: make("Adam", schedules.CosineDecay(0.05, 7, alpha=0.1))()
        cases["schedule_restarts"] = lambda: make("Adam", schedules.CosineDecayRestarts(0.05, 2, t_mul=2.0))()
    if release.tensorflows and release.version >= (2, 4) or release.three:
        cases["adam_global_clipnorm"] = make("Adam", 0.02, global_clipnorm=0.05)
        cases["ftrl_beta"] = make("Ftrl", 0.1, beta=0.1)
    return cases


def newer(release):
    """The optimizers since tf.keras 2.11 alone."""
    opt = release.keras.optimizers
    cases = {
        "ema": lambda: opt.Adam(0.02, use_ema=True, ema_momentum=0.8),
        "ema_overwrite": lambda: opt.SGD(0.1, momentum=0.9, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=4),
        "sgd_weight_decay": lambda: opt.SGD(0.1, momentum=0.9, weight_decay=0.05),
        "adam_weight_decay": lambda: opt.Adam(0.02, weight_decay=0.05),
    }
    for name, rate, options in (
        ("AdamW", 0.02, {"weight_decay": 0.05}), ("Lion", 0.01, {}), ("Adafactor", 0.1, {}), ("Lamb", 0.02, {}),
        ("Muon", 0.02, {}), ("ScheduleFreeAdamW", 0.02, {}),
    ):  # fmt: skip
        if hasattr(opt, name):
            cases[name.lower()] = lambda name=name, rate=rate, options=options: getattr(opt, name)(learning_rate=rate, **options)
    if hasattr(opt, "Adafactor"):
        cases["adafactor_absolute"] = lambda: opt.Adafactor(0.05, relative_step=False, clip_threshold=0.7)
    if hasattr(opt, "ScheduleFreeAdamW"):
        cases["schedulefree_warm"] = lambda: opt.ScheduleFreeAdamW(0.05, warmup_steps=6, weight_decay=0.01)
    if hasattr(opt, "Muon"):
        cases["muon_excluding"] = lambda: opt.Muon(0.02, exclude_layers=["first"], nesterov=False, momentum=0.8)
    if release.three:
        cases["accumulated"] = lambda: opt.Adam(0.02, gradient_accumulation_steps=2)
        cases["accumulated_3"] = lambda: opt.SGD(0.1, momentum=0.9, gradient_accumulation_steps=3)
        cases["loss_scale"] = lambda: opt.LossScaleOptimizer(opt.Adam(0.02), initial_scale=8.0)
        cases["loss_scale_growth"] = lambda: opt.LossScaleOptimizer(opt.SGD(0.1, momentum=0.9), initial_scale=8.0, dynamic_growth_steps=2)
        cases["loss_scale_factor"] = lambda: opt.Adam(0.02, loss_scale_factor=16.0)
    if hasattr(opt, "MultiOptimizer"):
        cases["multi"] = lambda: opt.MultiOptimizer(
            opt.OptimizerMap(opt.SGD(0.1, momentum=0.9), {"first/.*": opt.Adam(0.02), "norm/.*": opt.RMSprop(0.01)})
        )
    return cases


def cases_of(release):
    """name -> (model, optimizer)."""
    opt = release.keras.optimizers
    own = {**optimizers_of(release, opt, not release.new), **(newer(release) if release.new else {})}
    cases = {name: (small if name.startswith(("muon", "lamb")) else plain, make) for name, make in own.items()}
    if release.new and not release.three and hasattr(opt, "legacy"):
        cases.update({"legacy_" + n: (plain, make) for n, make in optimizers_of(release, opt.legacy, True).items() if "schedule" not in n})
        cases["legacy_schedule"] = (plain, lambda: opt.legacy.Adam(opt.schedules.ExponentialDecay(0.05, 2, 0.5)))
    adam = own["adam"]
    for name, model in (("two_ends", two_ends), ("nested", nested), ("sequential", sequential), ("image", image)):
        cases["model_" + name] = (model, adam)
    cases["model_nested_momentum"] = (nested, own["sgd_momentum"])
    for name in ("adam", "sgd", "rmsprop"):
        cases["model_embedded_" + name] = (embedded, own[name])
    sigmoid = {"recurrent_activation": "sigmoid"}
    cases["model_lstm"] = (recurrent(lambda layers: layers.LSTM(3, name="memory", **sigmoid)), adam)
    cases["model_lstm_default"] = (recurrent(lambda layers: layers.LSTM(3, name="memory")), adam)
    cases["model_lstm_hard"] = (recurrent(lambda layers: layers.LSTM(3, name="memory", recurrent_activation="hard_sigmoid")), adam)
    cases["model_gru_hard"] = (
        recurrent(lambda layers: layers.GRU(3, name="memory", recurrent_activation="hard_sigmoid")), own["sgd_momentum"],
    )  # fmt: skip
    cases["model_gru"] = (recurrent(lambda layers: layers.GRU(3, name="memory", **sigmoid)), adam)
    cases["model_gru_reset"] = (recurrent(lambda layers: layers.GRU(3, name="memory", reset_after=True, **sigmoid)), own["sgd_momentum"])
    both = recurrent(lambda layers: layers.Bidirectional(layers.LSTM(3, **sigmoid), name="both"))
    cases["model_bidirectional"] = (both, adam)
    if hasattr(release.keras.layers, "MultiHeadAttention"):
        cases["model_attention"] = (attention, adam)
    if release.tensorflows and release.version >= (2, 1):
        cases.update(scaled(release, own))
    return cases


def scaled(release, own):
    """LossScaleOptimizers of tf.keras."""
    mixed = release.keras.mixed_precision
    if release.version < (2, 4):
        loss_scale = mixed.experimental.LossScaleOptimizer
        return {
            "loss_scale": (plain, lambda: loss_scale(own["adam"](), "dynamic")),
            "loss_scale_fixed": (plain, lambda: loss_scale(own["sgd_momentum"](), 16.0)),
        }
    loss_scale = mixed.LossScaleOptimizer
    return {
        "loss_scale": (plain, lambda: loss_scale(own["adam"](), initial_scale=8.0)),
        "loss_scale_growth": (plain, lambda: loss_scale(own["sgd_momentum"](), initial_scale=8.0, dynamic_growth_steps=2)),
        "loss_scale_fixed": (plain, lambda: loss_scale(own["sgd_momentum"](), dynamic=False, initial_scale=16.0)),
    }


# -- steps and files ---------------------------------------------------------------------------------------------------


def single(arrays):
    return arrays[0] if len(arrays) == 1 else arrays


def write(release, model, start, folder):
    """The trained model in every way of the release, and the untrained one. Returns what did not work."""
    errors = {}

    def attempt(name, save):
        try:
            save(str(folder / name))
        except Exception as error:
            errors[name] = "%s: %s" % (type(error).__name__, str(error)[:300])
            if (folder / name).is_file():
                (folder / name).unlink()

    attempt("start.h5", start.save)
    if release.three:
        attempt("model.keras", model.save)
        attempt("later.weights.h5", model.save_weights)
    elif release.tensorflows:
        tf = importlib.import_module("tensorflow")
        if release.version >= (2, 12):
            attempt("model.keras", model.save)
        if not any(part in folder.name for part in LIKE_OTHERS):
            attempt("saved_model", lambda path: model.save(path, save_format="tf"))
        attempt("checkpoint/weights", lambda path: model.save_weights(path, save_format="tf"))
        if release.version >= (2,):
            attempt("train_checkpoint/ckpt", lambda path: tf.train.Checkpoint(model=model, optimizer=model.optimizer).save(path))
    attempt("model.h5", model.save)  # the last: Keras 3 forgets its optimizer by it, and leaves it out of .keras files
    return errors


def eager(release, model):
    """No graph is traced for four steps. Set after `compile`, so that no file says it."""
    if release.new or release.tensorflows and release.version >= (2,):
        model.run_eagerly = True


def take_step(release, model, xs, ys, folder, errors):
    without = {"include_optimizer": False} if release.tensorflows or release.version >= (2,) else {}
    model.train_on_batch(single(xs), single(ys))
    model.save(str(folder / "after.h5"), **without)
    outputs = model.predict_on_batch(single(xs))
    outputs = outputs if isinstance(outputs, list) else [outputs]
    arrays = {"%s%d" % (k, i): a for k, group in (("x", xs), ("y", ys), ("out", outputs)) for i, a in enumerate(group)}
    np.savez(str(folder / "step.npz"), **arrays)
    (folder / "made.json").write_text(json.dumps({"errors": errors}))


def make_own(release, build, optimizer, folder):
    model, xs, ys, loss = build(release)
    model.compile(optimizer=optimizer(), loss=loss)
    eager(release, model)
    start = build(release)[0]
    start.compile(optimizer=optimizer(), loss=loss)
    for _ in range(3):
        model.train_on_batch(single(xs), single(ys))
    take_step(release, model, xs, ys, folder, write(release, model, start, folder))


def target(loss, shape):
    """Something to learn, of the shape that a loss takes."""
    if "sparse" in loss:
        return rng.randint(0, shape[-1], shape[:-1])
    if "categorical" in loss:
        return np.eye(shape[-1], dtype="float32")[rng.randint(0, shape[-1], shape[:-1])]
    return rng.uniform(size=shape).astype("float32")


def still(path, folder):
    """An HDF5 file without dropout: once TensorFlow 1 has made a graph, no rate changes it."""
    h5py = importlib.import_module("h5py")
    if not h5py.is_hdf5(str(path)):
        return str(path)
    copy = str(folder / "still.h5")
    shutil.copy(str(path), copy)
    with h5py.File(copy, "r+") as file:
        config = file.attrs["model_config"]
        text = config if isinstance(config, str) else config.decode()
        file.attrs["model_config"] = re.sub(
            r'("(?:rate|p|stddev|sigma|dropout|recurrent_dropout)": )[0-9.e+-]+', r"\g<1>0.0", text
        ).encode()
    return copy


def make_of_case(release, path, folder):
    """From a file that the same release saved. False where it was not compiled."""
    said = json.loads((path.parent / "meta.json").read_text())
    model = release.keras.models.load_model(still(path, folder))
    if getattr(model, "optimizer", None) is None:
        return False
    eager(release, model)
    for layer in getattr(model, "_flatten_layers", lambda: model.layers)():
        if type(layer).__name__ in RANDOM:
            for name in ("rate", "p", "stddev", "sigma"):
                if hasattr(layer, name):
                    setattr(layer, name, 0.0)
    golden = np.load(str(path.parent / "golden.npz"), allow_pickle=True)
    xs = [golden[spec["key"]] for spec in said["inputs"]]
    losses = model.loss if isinstance(model.loss, list) else [model.loss]
    names = [loss if isinstance(loss, str) else getattr(loss, "name", getattr(loss, "__name__", "")) for loss in losses]
    ys = [target(loss, golden[spec["key"]].shape) for loss, spec in zip(names, said["outputs"])]
    shutil.copy(str(path), str(folder / ("model" + path.suffix)))
    if "savedmodel" in said["formats"] and said["formats"]["savedmodel"].get("ok"):
        shutil.copytree(str(path.parent / said["formats"]["savedmodel"]["path"]), str(folder / "saved_model"))
    take_step(release, model, xs, ys, folder, {})
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--library", default="tf.keras")
    parser.add_argument("--cases", nargs="*", type=pathlib.Path)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    release = Release(args.library)
    todo = {}
    if args.cases is None:
        for name, (build, optimizer) in cases_of(release).items():
            todo[name] = lambda folder, b=build, o=optimizer: make_own(release, b, o, folder)
    else:
        files = [f for c in args.cases for suffix in ("h5", "keras") for f in sorted(c.rglob("*." + suffix)) if f.stem == f.parent.name]
        for file in files:
            todo["%s_%s" % (file.stem, file.suffix[1:])] = lambda folder, f=file: make_of_case(release, f, folder)
    made = 0
    for name, make in todo.items():
        folder = args.out / name
        if args.only not in name or (folder / "made.json").exists():
            continue
        shutil.rmtree(str(folder), ignore_errors=True)
        folder.mkdir(parents=True)
        release.keras.backend.clear_session()
        try:
            kept = make(folder) is not False
        except Exception as error:
            kept = False
            print("%s: %s: %s" % (name, type(error).__name__, str(error)[:200]), file=sys.stderr)
            if os.environ.get("TRACE"):
                traceback.print_exc()
        if kept:
            made += 1
        else:
            shutil.rmtree(str(folder))
    print("%d models in %s" % (made, args.out))


if __name__ == "__main__":
    main()
