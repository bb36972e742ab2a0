"""Write what Keras' own `evaluate` gives for many losses and metrics: run with the Python that has the release.

    python tests/golden/make_evaluations.py

Works with tf.keras 2.15 and Keras 3. Writes tests/golden/<producer>-<version>/evaluations.json: for each case the model's config,
its training config as `.keras` and as `.h5` files have it, and the results. The data are made by `data` below, which
tests/model/test_evaluate.py has as well, and so are weights.
"""

import json
import os
import tempfile
import zipfile
from pathlib import Path

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import h5py
import numpy as np
import tensorflow as tf

KERAS3 = tuple(int(part) for part in tf.__version__.split(".")[:2]) >= (2, 16)
if KERAS3:
    import keras
else:
    keras = tf.keras
RELEASE = ("keras-" + keras.__version__) if KERAS3 else ("tf.keras-" + tf.__version__)
HERE = Path(__file__).parent
L, losses, metrics, regularizers = keras.layers, keras.losses, keras.metrics, keras.regularizers


def data(kind, rows=70, width=4, seed=0):
    """Inputs and labels of a kind."""
    random = np.random.RandomState(seed)
    x = random.normal(size=(rows, width)).astype("float32")
    if kind == "numbers":
        return x, random.normal(size=(rows, width)).astype("float32")
    if kind == "positive":
        return np.abs(x), np.abs(random.normal(size=(rows, width))).astype("float32")
    if kind == "one":
        return x, random.normal(size=(rows,)).astype("float32")
    if kind == "onehot":
        return 3 * x, np.eye(width, dtype="float32")[random.randint(0, width, rows)]
    if kind == "labels":
        return 3 * x, random.randint(0, width, rows)
    if kind == "column":
        return 3 * x, random.randint(0, width, (rows, 1))
    if kind == "binary":
        return 3 * x, random.randint(0, 2, (rows, 1))
    if kind == "flags":
        return 3 * x, random.randint(0, 2, (rows, width)).astype("float32")
    if kind == "far":
        return 40 * x, random.randint(0, width, rows)
    if kind == "far_binary":
        return 40 * x, random.randint(0, 2, (rows, width)).astype("float32")
    raise KeyError(kind)


def plain(activation="linear", width=4):
    x = keras.Input((width,))
    return keras.Model(x, L.Activation(activation, name="out")(x))


def dense(units, activation, **options):
    x = keras.Input((4,))
    return keras.Model(x, L.Dense(units, activation=activation, name="out", **options)(x))


def conv():
    x = keras.Input((4,))
    return keras.Model(x, L.Dense(1, name="last")(L.Reshape((4, 1))(x)))


def two(kind):
    a = keras.Input((4,), name="a")
    y, z = L.Dense(1, "sigmoid", name="fraud")(a), L.Dense(4, "softmax", name="kind")(a)
    return keras.Model(a, {"fraud": y, "kind": z} if kind == "dict" else [y, z])


def cases():
    """(name, model, compile arguments, kind of data, evaluate arguments)"""
    for loss in ("mse", "mae", "mean_squared_error", "cosine_similarity", "log_cosh" if KERAS3 else "logcosh"):
        yield loss, plain(), {"loss": loss, "metrics": [loss]}, "numbers", {}
    for loss in ("mape", "msle", "poisson", "kl_divergence"):
        yield loss, plain(), {"loss": loss, "metrics": ["mae", loss]}, "positive", {}
    for loss in ("hinge", "squared_hinge", "categorical_hinge"):
        yield loss, plain(), {"loss": loss, "metrics": [loss]}, "flags", {}
    yield "huber", plain(), {"loss": losses.Huber(delta=0.7)}, "numbers", {}
    yield "huber_name", plain(), {"loss": "huber"}, "numbers", {}
    yield "sum", plain(), {"loss": losses.MeanSquaredError(reduction="sum")}, "numbers", {}
    yield (
        "rmse",
        plain(),
        {"loss": "mse", "metrics": [metrics.RootMeanSquaredError(), metrics.MeanAbsoluteError(name="my_mae")]},
        "numbers",
        {},
    )
    yield "one", dense(1, None), {"loss": "mse", "metrics": ["mae", "mse"]}, "one", {}
    for kind, model in (("onehot", dense(4, "softmax")), ("labels", dense(4, "softmax")), ("column", dense(4, "softmax"))):
        loss = "categorical_crossentropy" if kind == "onehot" else "sparse_categorical_crossentropy"
        yield "accuracy_" + kind, model, {"loss": loss, "metrics": ["accuracy", "acc", loss]}, kind, {}
    yield "binary", dense(1, "sigmoid"), {"loss": "binary_crossentropy", "metrics": ["accuracy", "binary_crossentropy"]}, "binary", {}
    yield (
        "flags",
        dense(4, "sigmoid"),
        {"loss": "binary_crossentropy", "metrics": ["binary_accuracy", metrics.BinaryAccuracy(threshold=0.7)]},
        "flags",
        {},
    )
    yield "smooth", dense(4, "softmax"), {"loss": losses.CategoricalCrossentropy(label_smoothing=0.1)}, "onehot", {}
    yield "smooth_binary", dense(4, "sigmoid"), {"loss": losses.BinaryCrossentropy(label_smoothing=0.1)}, "flags", {}
    yield (
        "logits",
        plain(),
        {"loss": losses.CategoricalCrossentropy(from_logits=True), "metrics": [metrics.CategoricalCrossentropy(from_logits=True)]},
        "onehot",
        {},
    )
    yield "sparse_logits", plain(), {"loss": losses.SparseCategoricalCrossentropy(from_logits=True)}, "labels", {}
    yield "binary_logits", plain(), {"loss": losses.BinaryCrossentropy(from_logits=True)}, "flags", {}
    yield "far_softmax", plain("softmax"), {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}, "far", {}
    yield "far_sigmoid", plain("sigmoid"), {"loss": "binary_crossentropy"}, "far_binary", {}
    yield "far_dense", dense(4, "softmax"), {"loss": "sparse_categorical_crossentropy"}, "far", {}
    yield "softmax_and_binary", dense(4, "softmax"), {"loss": "binary_crossentropy"}, "onehot", {}
    yield "not_normal", plain("exponential"), {"loss": "categorical_crossentropy"}, "onehot", {}
    yield "focal", dense(4, "sigmoid"), {"loss": losses.BinaryFocalCrossentropy(gamma=1.5, apply_class_balancing=True)}, "flags", {}
    yield "focal_categorical", dense(4, "softmax"), {"loss": losses.CategoricalFocalCrossentropy(gamma=1.5)}, "onehot", {}
    yield "top", dense(4, "softmax"), {"loss": "categorical_crossentropy", "metrics": [metrics.TopKCategoricalAccuracy(k=2)]}, "onehot", {}
    top = metrics.SparseTopKCategoricalAccuracy(k=2, name="top2")
    yield "sparse_top", dense(4, "softmax"), {"loss": "sparse_categorical_crossentropy", "metrics": [top]}, "labels", {}
    counts = [getattr(metrics, name)() for name in "TruePositives FalsePositives TrueNegatives FalseNegatives Precision Recall".split()]
    yield "confusion", dense(1, "sigmoid"), {"loss": "binary_crossentropy", "metrics": counts}, "binary", {}
    some = [metrics.Precision(thresholds=0.3, name="p"), metrics.Recall(class_id=1, name="r"), metrics.CosineSimilarity()]
    yield "confusion_options", dense(4, "sigmoid"), {"loss": "mse", "metrics": some}, "flags", {}
    areas = [metrics.AUC(), metrics.AUC(curve="PR", name="pr"), metrics.AUC(num_thresholds=20, name="coarse")]
    yield "auc", dense(1, "sigmoid"), {"loss": "mse", "metrics": areas}, "binary", {}
    weighted = {"loss": "mse", "metrics": ["mae"], "weighted_metrics": ["mae", metrics.RootMeanSquaredError()]}
    yield "weights", plain(), weighted, "numbers", {"sample_weight": True}
    yield (
        "weights_binary",
        dense(1, "sigmoid"),
        {"loss": "bce", "weighted_metrics": ["accuracy", metrics.AUC(), metrics.Recall()]},
        "binary",
        {"sample_weight": True},
    )
    yield "batches", dense(4, "softmax"), {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}, "labels", {"batch_size": 7}
    yield (
        "steps",
        dense(4, "softmax"),
        {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
        "labels",
        {"batch_size": 7, "steps": 3},
    )
    l2, l1 = regularizers.l2(0.02), regularizers.l1(0.03)
    yield "regularized", dense(2, None, kernel_regularizer=l2, bias_regularizer=l1), {"loss": "mse"}, "two", {}
    yield "regularized_both", dense(2, None, kernel_regularizer=regularizers.l1_l2(0.1, 0.2)), {"loss": "mse"}, "two", {}
    yield "frozen", dense(2, None, kernel_regularizer=l2, trainable=False), {"loss": "mse"}, "two", {}
    both = {"fraud": "binary_crossentropy", "kind": "sparse_categorical_crossentropy"}
    asked = {"fraud": ["accuracy"], "kind": ["accuracy", "sparse_categorical_crossentropy"]}
    for kind in ("dict", "list"):
        yield "two_" + kind, two(kind), {"loss": both, "metrics": asked, "loss_weights": {"fraud": 0.3, "kind": 2.0}}, "fraud_" + kind, {}
    listed = [["accuracy"], ["accuracy"]]
    yield "two_listed", two("list"), {"loss": list(both.values()), "metrics": listed, "loss_weights": [1.0, 0.5]}, "fraud_list", {}
    yield "two_weights", two("list"), {"loss": list(both.values()), "weighted_metrics": listed}, "fraud_list", {"sample_weight": True}
    yield "nothing_but_loss", conv(), {"loss": "mse"}, "steps", {}


def arrays(kind):
    """x and y of a case."""
    if kind == "two":
        x, y = data("numbers")
        return x, y[:, :2]
    if kind == "steps":
        x, y = data("numbers")
        return x, y[..., None]
    if kind.startswith("fraud"):
        x, fraud = data("binary")
        kinds = data("labels")[1]
        return x, {"fraud": fraud, "kind": kinds} if kind == "fraud_dict" else [fraud, kinds]
    return data(kind)


def fill(shapes):
    random = np.random.RandomState(5)
    return [random.normal(scale=0.4, size=shape).astype("float32") for shape in shapes]


def stored(net):
    """The training config as the two kinds of files have it."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("keras", "h5"):
            path = os.path.join(folder, "model." + suffix)
            try:
                net.save(path)
            except Exception as error:
                print("cannot save", suffix, str(error)[:80])
                continue
            if suffix == "keras":
                text = json.loads(zipfile.ZipFile(path).read("config.json")).get("compile_config")
            else:
                with h5py.File(path, "r") as file:
                    text = json.loads(file.attrs["training_config"])
                text.pop("optimizer_config", None)
            (text or {}).pop("optimizer", None)
            found[suffix] = text
    return found


def main():
    found = []
    for name, net, arguments, kind, options in cases():
        keras.utils.set_random_seed(1)
        net.compile(optimizer="sgd", **arguments)
        net.set_weights(fill([w.shape for w in net.get_weights()]))
        x, y = arrays(kind)
        call = dict(options)
        if call.pop("sample_weight", False):
            weight = np.linspace(0, 2, len(x)).astype("float32")
            call["sample_weight"] = [weight, weight] if isinstance(y, list) else weight
        try:
            net.evaluate(x, y, verbose=0, **call)
            result = net.evaluate(x, y, verbose=0, return_dict=True, **call)
            listed = net.evaluate(x, y, verbose=0, **call)
        except Exception as error:
            print("cannot evaluate", name, str(error)[:200])
            continue
        case = {"name": name, "data": kind, "options": options, "config": {"class_name": "Functional", "config": net.get_config()}}
        case["result"] = {key: float(value) for key, value in result.items()}
        case["list"] = [float(value) for value in listed] if isinstance(listed, list) else float(listed)
        case["training"] = stored(net)
        print(name, case["result"])
        found.append(case)
    text = json.dumps({"release": RELEASE, "cases": found}, default=str, separators=(",", ":")).replace('{"name":"', '\n{"name":"')
    (HERE / RELEASE / "evaluations.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
