"""Record what each layer's variables are called and where files keep them: run with the Python that has the release.

    python tests/golden/make_variables.py

Works with tf.keras 2.3 to 2.15 and Keras 3. For every case a model with one layer is built, each variable is filled with its
own number, and the model is saved as `.keras` and `.h5`. Into <producer>-<version>/variables.json.gz go the model's config and,
for each tensor of the files, the number of the variable that it is (tests/frontends/test_weights_of_every_layer.py reads it).
"""

import gzip
import io
import json
import os
import sys
import tempfile
import zipfile
from pathlib import Path

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import h5py
import numpy as np

try:
    import keras

    if int(keras.__version__.split(".")[0]) < 3:
        raise ImportError
    PRODUCER, RELEASE = "keras", keras.__version__
except ImportError:
    import tensorflow as tf
    from tensorflow import keras

    PRODUCER, RELEASE = "tf.keras", tf.__version__
VERSION = tuple(int(part) for part in RELEASE.split(".")[:2])
KERAS3 = PRODUCER == "keras"
L = keras.layers
HERE = Path(__file__).parent
CASES = {}
WORDY = ("initializer", "regularizer", "constraint")


def case(name, make, *shapes, **options):
    """One layer on inputs of these shapes (without the batch axis)."""
    CASES[name] = (make, shapes, options)


def cases(class_name, shapes, *variants, **options):
    """A class with several sets of arguments."""
    for number, arguments in enumerate(variants or ({},)):
        case(f"{class_name}_{number}", lambda c=class_name, a=arguments: getattr(L, c)(**a), *shapes, **options)


cases("Dense", [(3,)], {"units": 2}, {"units": 2, "use_bias": False})
cases(
    "EinsumDense",
    [(5, 3)],
    {"equation": "abc,cd->abd", "output_shape": (None, 4), "bias_axes": "d"},
    {"equation": "...x,xy->...y", "output_shape": 4},
)
cases("Embedding", [(3,)], {"input_dim": 5, "output_dim": 4}, integers=True)
cases(
    "ReversibleEmbedding", [(3,)], {"input_dim": 5, "output_dim": 4}, {"input_dim": 5, "output_dim": 4, "tie_weights": False}, integers=True
)
for rank, shape in ((1, (8, 4)), (2, (8, 7, 4)), (3, (8, 7, 6, 4))):
    window = (3, 2, 4)[:rank]
    plain = {"filters": 6, "kernel_size": window}
    cases(f"Conv{rank}D", [shape], plain, {**plain, "use_bias": False}, {**plain, "groups": 2}, {**plain, "data_format": "channels_first"})
    cases(f"Conv{rank}DTranspose", [shape], plain, {**plain, "use_bias": False})
    cases(f"ConvLSTM{rank}D", [(5, *shape)], plain, {**plain, "use_bias": False})
    if rank < 3:
        cases(f"SeparableConv{rank}D", [shape], {**plain, "depth_multiplier": 2}, {**plain, "use_bias": False})
        cases(f"DepthwiseConv{rank}D", [shape], {"kernel_size": window, "depth_multiplier": 2}, {"kernel_size": window, "use_bias": False})
        cases(f"LocallyConnected{rank}D", [shape], plain, {**plain, "implementation": 2}, {**plain, "implementation": 3, "use_bias": False})
cases("BatchNormalization", [(5, 4)], {}, {"center": False}, {"scale": False}, {"axis": 1}, {"renorm": True}, {"trainable": False})
cases("LayerNormalization", [(5, 4)], {}, {"axis": [1, 2]}, {"center": False}, {"scale": False}, {"rms_scaling": True})
cases("GroupNormalization", [(5, 4)], {"groups": 2}, {"groups": 2, "center": False})
cases("RMSNormalization", [(5, 4)])
cases("PReLU", [(5, 4)], {}, {"shared_axes": [1]})
cases("Normalization", [(5, 4)], {}, {"axis": None}, {"mean": 1.0, "variance": 2.0})
for name in ("SimpleRNN", "LSTM", "GRU"):
    cases(name, [(5, 4)], {"units": 3}, {"units": 3, "use_bias": False})
    case(f"RNN_{name}Cell", lambda n=name: L.RNN(getattr(L, f"{n}Cell")(3)), (5, 4))
    case(f"Bidirectional_{name}", lambda n=name: L.Bidirectional(getattr(L, n)(3)), (5, 4))
case("GRU_before", lambda: L.GRU(3, reset_after=False), (5, 4))
case("Bidirectional_two", lambda: L.Bidirectional(L.LSTM(3), backward_layer=L.GRU(3, go_backwards=True)), (5, 4))
case("Bidirectional_RNN", lambda: L.Bidirectional(L.RNN(L.LSTMCell(3), return_sequences=True)), (5, 4))
case("Stacked", lambda: L.RNN([L.LSTMCell(3), L.GRUCell(2), L.LSTMCell(4), L.SimpleRNNCell(3)]), (5, 4))
case("TimeDistributed_Dense", lambda: L.TimeDistributed(L.Dense(3)), (5, 4))
case("TimeDistributed_model", lambda: L.TimeDistributed(keras.Sequential([L.Dense(3), L.BatchNormalization(), L.Dense(2)])), (5, 4))
case("SpectralNormalization_Dense", lambda: L.SpectralNormalization(L.Dense(3)), (4,))
case("SpectralNormalization_Conv", lambda: L.SpectralNormalization(L.Conv2D(3, 2)), (6, 5, 4))
for number, arguments in enumerate(({"value_dim": 5, "output_shape": 7}, {"use_bias": False, "dropout": 0.1}, {"attention_axes": (1,)})):
    case(f"MultiHeadAttention_{number}", lambda a=arguments: L.MultiHeadAttention(num_heads=2, key_dim=3, **a), (5, 4), (6, 8), spread=True)
for number, arguments in enumerate(({}, {"use_bias": False}, {"use_gate": True})):
    case(f"GroupQueryAttention_{number}", lambda a=arguments: L.GroupQueryAttention(3, 4, 2, **a), (5, 4), (6, 4), spread=True)
cases("Attention", [(5, 4), (6, 4)], {"use_scale": True}, {"score_mode": "concat", "use_scale": True}, {})
cases("AdditiveAttention", [(5, 4), (6, 4)], {}, {"use_scale": False})
cases("Dropout", [(5, 4)], {"rate": 0.1})
cases("RandomFlip", [(8, 8, 3)])


def nested():
    """Trainable and frozen layers, in a model in a model."""
    inner = keras.Sequential([L.Dense(3), L.BatchNormalization(), L.Dense(3, trainable=False), L.Dense(2)])
    start = L.Input((4,))
    x = L.BatchNormalization()(L.Dense(4)(start))
    return keras.Model(start, L.Dense(2)(inner(x)))


def frozen():
    model = keras.Sequential([L.Dense(3), L.BatchNormalization(), L.Dense(2)])
    model.trainable = False
    return model


case("nested", nested, (4,))
case("frozen", frozen, (4,))
for mode in ("int8", "int4", "float8"):
    if KERAS3:
        case(f"Dense_{mode}", lambda m=mode: L.Dense(4, dtype=f"{m}_from_float32"), (6,))
        case(f"Dense_{mode}_plain", lambda m=mode: L.Dense(4, dtype=f"{m}_from_float32", use_bias=False), (6,))
        case(
            f"EinsumDense_{mode}", lambda m=mode: L.EinsumDense("abc,cd->abd", (None, 4), bias_axes="d", dtype=f"{m}_from_float32"), (5, 6)
        )
        case(f"Embedding_{mode}", lambda m=mode: L.Embedding(6, 4, dtype=f"{m}_from_float32"), (3,), integers=True)


def pruned(value):
    """A config without what does not matter for variables; the keys stay."""
    if isinstance(value, dict):
        return {key: None if any(word in key for word in WORDY) else pruned(inner) for key, inner in value.items()}
    return [pruned(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def tensors(group):
    """Every dataset below a group by path."""
    found = {}
    group.visititems(lambda path, item: found.__setitem__(path, item[()]) if isinstance(item, h5py.Dataset) else None)
    return found


def number_of(values):
    """The variable that these values are: each is filled with its number."""
    return round(float(np.asarray(values, "float64").reshape(-1)[0])) - 1


def record(make, shapes, integers=False, spread=False):
    keras.backend.clear_session()
    inputs = [L.Input(shape, dtype="int32" if integers else "float32") for shape in shapes]
    layer = make()
    outputs = layer(inputs[0]) if len(inputs) == 1 else layer(*inputs) if spread else layer(inputs)
    model = keras.Model(inputs, outputs)
    weights = list(layer.weights)
    for number, weight in enumerate(weights):
        weight.assign(np.full(tuple(weight.shape), number + 1).astype(str(getattr(weight.dtype, "name", weight.dtype))))
    names = [getattr(weight, "path", None) or weight.name for weight in weights]
    result = {"weights": [[name, list(weight.shape), bool(weight.trainable)] for name, weight in zip(names, weights)]}
    with tempfile.TemporaryDirectory() as folder:
        try:
            model.save(f"{folder}/model.h5")
        except ValueError as error:  # early Keras 3 cannot save two weights of one name
            print("  no h5:", error, file=sys.stderr)
        else:
            with h5py.File(f"{folder}/model.h5", "r") as file:
                stored = file["model_weights"][layer.name]
                listed = [name.decode() if isinstance(name, bytes) else name for name in stored.attrs["weight_names"]]
                result["h5_config"] = pruned(json.loads(file.attrs["model_config"]))
                result["h5"] = [[name, number_of(stored[name][()])] for name in listed]
                result["keras_version"] = str(file.attrs["keras_version"])
        if KERAS3 or VERSION >= (2, 12):
            model.save(f"{folder}/model.keras", **({"save_format": "keras_v3"} if VERSION == (2, 12) else {}))
            archive = zipfile.ZipFile(f"{folder}/model.keras")
            with h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r") as file:
                result["v3"] = [[path, number_of(values)] for path, values in tensors(file).items()]
            result["v3_config"] = pruned(json.loads(archive.read("config.json")))
            result["keras_version"] = json.loads(archive.read("metadata.json"))["keras_version"]
    return result


def main():
    found = {}
    for name, (make, shapes, options) in CASES.items():
        try:
            found[name] = record(make, shapes, **options)
        except Exception as error:  # not in this release, which says so in many ways
            print(f"  {name}: {type(error).__name__}: {str(error)[:100]}", file=sys.stderr)
    target = HERE / f"{PRODUCER}-{RELEASE}"
    target.mkdir(exist_ok=True)
    data = gzip.compress(json.dumps(found, separators=(",", ":"), sort_keys=True, default=str).encode(), 9)
    (target / "variables.json.gz").write_bytes(data)
    print(target.name, len(found), "cases,", len(data), "bytes")


if __name__ == "__main__":
    main()
