"""Make the golden outputs of the spatial layers of one Keras release: run this file with the Python that has that release.

    python tests/golden/make_spatial.py [FOLDER]

Writes FOLDER/<producer>-<version>/spatial.npz; without a folder into tests/golden, and of older releases only what CHANGED
names. Its `cases` is a JSON list: class, config, call arguments, input shape and dtype, mask, names and shapes of the weights,
a `number`, dtype and shape of what the release gave, and where that is in the flat array `outputs`. Inputs and weights are not
stored: `values` makes them from the number (tests/lowering/golden_layers.py has the same). What a release refuses is left out;
what TensorFlow has no kernel for on a CPU is transposed or compiled by XLA. Works with tf.keras 2.3 to 2.15 and Keras 3, on Python 3.8 and later.
"""

import json
import os
import sys
import zlib
from pathlib import Path

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np
import tensorflow as tf

KERAS3 = tuple(int(part) for part in tf.__version__.split(".")[:2]) >= (2, 16)
if KERAS3:
    import keras
else:
    keras = tf.keras
RELEASE = ("keras-" + keras.__version__) if KERAS3 else ("tf.keras-" + tf.__version__)
HERE = Path(__file__).parent
FIRST = "channels_first"
CHANGED = (
    "BatchNormalization",
    "Resizing",
    "CenterCrop",
    "Normalization",
    "UnitNormalization",
    "Conv2D",
    "Conv2DTranspose",
    "DepthwiseConv1D",
    "SeparableConv1D",
)
CASES = []


def values(number, name, shape, dtype):
    """The numbers of a weight or input: the same for everyone who asks."""
    random = np.random.RandomState(number * 1000003 + zlib.crc32(name.encode()) % 1000003)
    if dtype.startswith(("int", "uint")):
        return random.randint(0, 256 if dtype == "uint8" else 50, shape).astype(dtype)
    if dtype == "bool":
        return random.rand(*shape) < 0.6
    drawn = random.standard_normal(shape)
    if name.startswith("kernel") or name.endswith("kernel"):
        drawn = drawn / np.sqrt(max(np.prod(shape[:-1]), 1))
    if "variance" in name or "stddev" in name:
        drawn = np.abs(drawn) + 0.1
    return drawn.astype(np.float32)


def case(class_name, shape, dtype="float32", free=False, mask=False, call=None, trainable=True, batch=2, **config):
    """One layer on an input of `shape` (without batch); free: the model's input does not say its lengths."""
    CASES.append(
        {
            "class_name": class_name,
            "shape": list(shape),
            "dtype": dtype,
            "free": free,
            "mask": mask,
            "call": call or {},
            "trainable": trainable,
            "batch": batch,
            "config": config,
        }
    )


def both(class_name, shape, **config):
    """In both data formats; shape is given with the channels last."""
    case(class_name, shape, **config)
    case(class_name, (shape[-1],) + tuple(shape[:-1]), data_format=FIRST, **config)


SPACES = {1: (7,), 2: (6, 5), 3: (4, 5, 3)}


# In channels-first cases no last axis is as long as the bias: Keras 3 on TensorFlow would take that one for the channels.
def convolutions():
    for n, space in SPACES.items():
        name, x = "Conv%dD" % n, space + (4,)
        both(name, x, filters=2, kernel_size=3, activation="relu")
        both(name, x, filters=3, kernel_size=2, padding="same", use_bias=False)
        both(name, x, filters=6, kernel_size=3, strides=2, padding="same")
        both(name, x, filters=4, kernel_size=2, strides=3, padding="same")
        case(name, x, filters=4, kernel_size=3, strides=2, padding="same", free=True)
        case(name, x, filters=2, kernel_size=2, strides=2, free=True)
        both(name, x, filters=8, kernel_size=2, groups=2, activation="softmax")
        case(name, x, filters=2, kernel_size=2, dilation_rate=2, padding="same")
        case(name, x, filters=2, kernel_size=2, dilation_rate=2)
        case(name, x, filters=2, kernel_size=1, strides=2)
        for dtype in ("float16", "mixed_float16", "mixed_bfloat16", "float64"):
            case(name, x, filters=2, kernel_size=2, padding="same", dtype=dtype)
    both("Conv1D", (7, 4), filters=3, kernel_size=3, padding="causal")
    case("Conv1D", (7, 4), filters=3, kernel_size=3, padding="causal", dilation_rate=2)
    case("Conv1D", (7, 4), filters=3, kernel_size=2, padding="causal", strides=2, free=True)
    case("Conv2D", (6, 5, 4), filters=2, kernel_size=(3, 1), strides=(1, 2), padding="same", activation="tanh")
    case("Conv2D", (2, 6, 5, 4), filters=2, kernel_size=3, strides=2, padding="same")
    case("Conv1D", (3, 6, 4), filters=2, kernel_size=3)


def depthwise():
    for n in (1, 2):
        x = SPACES[n] + (2,)
        for name, more in (("DepthwiseConv%dD" % n, {}), ("SeparableConv%dD" % n, {"filters": 4})):
            both(name, x, kernel_size=3, activation="relu", **more)
            both(name, x, kernel_size=2, padding="same", depth_multiplier=2, **more)
            case(name, x, kernel_size=3, strides=2, padding="same", use_bias=False, **more)
            case(name, x, kernel_size=3, strides=2, padding="same", free=True, **more)
            case(name, x, kernel_size=2, dilation_rate=2, padding="same", **more)
            if KERAS3:
                case(name, x, kernel_size=2, dilation_rate=2, strides=2, padding="same", **more)
                case(name, x, kernel_size=2, dilation_rate=2, strides=2, padding="same", free=True, **more)
                case(name, x, kernel_size=2, dilation_rate=2, strides=2, **more)
            case(name, x, kernel_size=2, dtype="mixed_float16", **more)
            case(name, x, kernel_size=2, dtype="float64", **more)
    case("SeparableConv1D", (7, 3), filters=4, kernel_size=3, padding="causal")


def transposed():
    for n, space in SPACES.items():
        name, x = "Conv%dDTranspose" % n, tuple(d - 1 for d in space) + (3,)
        for padding in ("valid", "same"):
            for kernel, stride in ((3, 1), (2, 1), (3, 2), (2, 2), (4, 2), (2, 3), (5, 3), (1, 2)):
                case(name, x, filters=2, kernel_size=kernel, strides=stride, padding=padding)
            case(name, x, filters=2, kernel_size=3, strides=2, padding=padding, output_padding=1)
            case(name, x, filters=2, kernel_size=3, strides=3, padding=padding, output_padding=0)
            case(name, x, filters=2, kernel_size=4, strides=3, padding=padding, output_padding=2)
            case(name, x, filters=2, kernel_size=3, strides=2, padding=padding, free=True)
            case(name, x, filters=2, kernel_size=2, dilation_rate=2, padding=padding)
            case(name, x, filters=2, kernel_size=3, dilation_rate=2, padding=padding)
        both(name, x, filters=2, kernel_size=3, strides=2, padding="same", activation="relu", use_bias=False)
        case(name, x, filters=2, kernel_size=3, strides=2, dtype="mixed_float16")
        case(name, x, filters=2, kernel_size=3, strides=2, padding="same", dtype="float64")


def pools():
    for n, space in SPACES.items():
        x = space + (2,)
        for kind in ("Max", "Average"):
            name = "%sPooling%dD" % (kind, n)
            both(name, x, pool_size=2)
            both(name, x, pool_size=2, padding="same")
            both(name, x, pool_size=3, strides=2, padding="same")
            case(name, x, pool_size=3, strides=1, padding="same")
            case(name, x, pool_size=2, strides=3, padding="same")
            case(name, x, pool_size=3, strides=2, padding="same", free=True)
            case(name, x, pool_size=2, strides=1, free=True)
            case(name, x, pool_size=2, padding="same", dtype="mixed_float16")
            case(name, x, pool_size=2, padding="same", dtype="float64")
            both("Global%sPooling%dD" % (kind, n), x)
            both("Global%sPooling%dD" % (kind, n), x, keepdims=True)
            case("Global%sPooling%dD" % (kind, n), x, dtype="mixed_float16", free=True)
            both("Adaptive%sPooling%dD" % (kind, n), x, output_size=3)
            case("Adaptive%sPooling%dD" % (kind, n), x, output_size=(2,) * n)
            case("Adaptive%sPooling%dD" % (kind, n), x, output_size=tuple(d + 1 for d in space))
            case("Adaptive%sPooling%dD" % (kind, n), x, output_size=1)
    both("GlobalAveragePooling1D", (7, 2), mask=True)
    case("GlobalAveragePooling1D", (7, 2), mask=True, keepdims=True, batch=5)
    case("MaxPooling2D", (6, 5, 2), pool_size=(2, 3), strides=(1, 2), padding="same")


def normalizations():
    name = "BatchNormalization"
    for options in ({}, {"center": False}, {"scale": False}, {"center": False, "scale": False}, {"epsilon": 0.1}):
        case(name, (5, 4), **options)
    for axis in (1, 2, 3, -1, -2, -3):
        case(name, (3, 5, 4), axis=axis)
    case(name, (3, 5, 4), axis=[1, 3])
    case(name, (3, 5, 4), renorm=True)
    case(name, (6,))
    for dtype in ("float16", "mixed_float16", "mixed_bfloat16", "float64"):
        case(name, (3, 5, 4), dtype=dtype)
        case(name, (3, 5, 4), dtype=dtype, call={"training": True})
    for axis in (1, 3, -1):
        case(name, (3, 5, 4), axis=axis, call={"training": True}, batch=6)
    case(name, (3, 5, 4), axis=[1, 3], call={"training": True}, batch=6)
    case(name, (3, 5, 4), call={"training": False})
    case(name, (4,), call={"training": True}, center=False, batch=6)
    case(name, (5, 4), call={"training": True}, batch=6)
    case(name, (5, 4), call={"training": True}, trainable=False, batch=6)
    case(name, (5, 4), trainable=False)
    case(name, (5, 4), mask=True)
    case(name, (5, 4), mask=True, call={"training": True}, batch=6)
    case(name, (5, 4), synchronized=True)
    name = "LayerNormalization"
    for axis in (-1, 1, 2, 3, [1, 2], [2, 3], [-1, -2], [1, 3], [1, 2, 3]):
        case(name, (3, 5, 4), axis=axis)
    for options in (
        {"center": False},
        {"scale": False},
        {"center": False, "scale": False},
        {"epsilon": 0.1},
        {"rms_scaling": True},
        {"rms_scaling": True, "axis": [1, 2]},
    ):
        case(name, (5, 4), **options)
    for dtype in ("float16", "mixed_float16", "mixed_bfloat16", "float64"):
        case(name, (5, 4), dtype=dtype)
    case(name, (5, 4), free=True)
    name = "GroupNormalization"
    for groups in (1, 2, 4, -1):
        case(name, (3, 5, 4), groups=groups)
    for axis in (1, 2, -1, -2):
        case(name, (4, 6, 8), groups=2, axis=axis)
    case(name, (5, 4), groups=2, center=False)
    case(name, (5, 4), groups=2, scale=False, free=True)
    case(name, (4,), groups=2, epsilon=0.1)
    case(name, (5, 4), groups=2, dtype="mixed_float16")
    for axis in (-1, 2, [1, 2]):
        case("RMSNormalization", (4, 4), axis=axis)
        case("UnitNormalization", (4, 4), axis=axis)
    case("RMSNormalization", (4, 4), epsilon=0.1, dtype="mixed_float16")
    case("UnitNormalization", (4, 4), dtype="mixed_float16")


def spaces():
    for n, space in SPACES.items():
        x = space + (2,)
        for padding in (1, (2, 1)) if n == 1 else (1, (2, 1, 3)[:n], ((1, 2), (0, 3), (2, 0))[:n]):
            case("ZeroPadding%dD" % n, x, padding=padding)
        if n > 1:
            both("ZeroPadding%dD" % n, x, padding=((1, 2), (0, 3), (2, 0))[:n], dtype="mixed_float16")
            case("Cropping%dD" % n, (x[-1],) + x[:-1], cropping=((1, 0), (0, 2), (1, 1))[:n], data_format=FIRST)
            case("UpSampling%dD" % n, (x[-1],) + x[:-1], size=(2, 1, 3)[:n], data_format=FIRST)
        for cropping in (1, (2, 1), (0, 3)) if n == 1 else (1, ((1, 2), (0, 3), (1, 0))[:n], ((0, 0), (2, 1), (0, 1))[:n]):
            case("Cropping%dD" % n, x, cropping=cropping)
        case("UpSampling%dD" % n, x, size=2)
        case("UpSampling%dD" % n, x, size=3, free=True)
        case("UpSampling%dD" % n, x, size=2, dtype="mixed_float16")
    for interpolation in ("bilinear", "bicubic", "lanczos3", "lanczos5", "area", "gaussian", "mitchellcubic"):
        both("UpSampling2D", (4, 3, 2), size=(2, 3), interpolation=interpolation)
        case("UpSampling2D", (4, 3, 2), size=(2, 3), interpolation=interpolation, free=True)
    case("UpSampling2D", (4, 3, 2), interpolation="bilinear", dtype="mixed_float16")
    case("UpSampling2D", (4, 3, 2), interpolation="bilinear", dtype="float64")


def preprocessing():
    for interpolation in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "area", "gaussian", "mitchellcubic"):
        for height, width in ((9, 4), (4, 11), (3, 2), (12, 14)):
            case("Resizing", (6, 7, 1), height=height, width=width, interpolation=interpolation, batch=1)
        case("Resizing", (6, 7, 1), height=4, width=9, interpolation=interpolation, free=True, batch=1)
        case("Resizing", (6, 7, 1), height=4, width=9, interpolation=interpolation, dtype="uint8", batch=1)
        case("Resizing", (6, 7, 1), height=3, width=9, interpolation=interpolation, antialias=True, batch=1)
    for name in ("crop_to_aspect_ratio", "pad_to_aspect_ratio"):
        for shape in ((9, 5, 1), (5, 9, 1), (8, 8, 1)):
            case("Resizing", shape, height=4, width=6, batch=1, **{name: True})
            case("Resizing", shape, height=7, width=3, batch=1, free=True, **{name: True})
    case("Resizing", (9, 5, 1), height=4, width=6, batch=1, pad_to_aspect_ratio=True, fill_value=7.0)
    case("Resizing", (2, 9, 5), height=4, width=6, data_format=FIRST)
    case("Resizing", (2, 9, 5), height=4, width=6, data_format=FIRST, crop_to_aspect_ratio=True)
    case("Resizing", (9, 5, 1), height=4, width=6, dtype="mixed_float16")
    for shape in ((9, 5, 1), (5, 9, 1), (8, 8, 1), (3, 4, 1)):
        case("CenterCrop", shape, height=4, width=5, batch=1)
        case("CenterCrop", shape, height=4, width=5, batch=1, free=True)
    case("CenterCrop", (1, 9, 8), height=4, width=5, data_format=FIRST)
    case("CenterCrop", (9, 8, 1), height=4, width=5, dtype="uint8")
    case("Rescaling", (4, 3), scale=0.5, offset=-1.0)
    case("Rescaling", (4, 3), scale=[0.5, 1.5, 2.5], offset=[1.0, 2.0, -3.0])
    case("Rescaling", (4, 3), scale=1 / 255, dtype="uint8")
    case("Rescaling", (4, 3), scale=1 / 255, dtype="mixed_float16")
    case("Normalization", (4, 3))
    case("Normalization", (4, 3), axis=1)
    case("Normalization", (4, 3), axis=[1, 2])
    case("Normalization", (4, 3), axis=None, mean=2.0, variance=4.0)
    case("Normalization", (4, 3), axis=None)
    case("Normalization", (4, 3), mean=2.0, variance=4.0)
    case("Normalization", (4, 3), mean=[1.0, 2.0, 3.0], variance=[1.0, 0.0, 2.0])
    case("Normalization", (4, 3), mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 2.0], invert=True)
    case("Normalization", (4, 3), axis=[1, 2], mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 2.0])
    case("Normalization", (4, 3), axis=1, dtype="mixed_float16")
    case("Normalization", (4, 3), dtype="uint8")


def layer_class(name):
    if hasattr(keras.layers, name):
        return getattr(keras.layers, name)
    return getattr(keras.layers.experimental.preprocessing, name)


def weight_name(weight):
    """Today's name: `kernel` for `conv2d/depthwise_kernel:0` of a DepthwiseConv2D."""
    return weight.name.split("/")[-1].split(":")[0]


def make(number, what):
    config, dtype = dict(what["config"]), what["dtype"]
    plain = dtype.startswith(("uint", "int"))
    policy = "float32" if plain else dtype
    if not KERAS3 and policy.startswith("mixed"):
        module = keras.mixed_precision
        policy = (getattr(module, "Policy", None) or module.experimental.Policy)(policy)
    layer = layer_class(what["class_name"])(dtype=policy, trainable=what["trainable"], **config)
    layer = type(layer).from_config(layer.get_config())  # some releases forget options on the way
    given = dtype if plain else "float64" if dtype == "float64" else "float32"
    shape = what["shape"]
    channels = 0 if config.get("data_format") == FIRST else len(shape) - 1
    shown = [d if k == channels else None for k, d in enumerate(shape)] if what["free"] else shape
    x = keras.Input(tuple(shown), dtype=given)
    data, inputs, call = [values(number, "x", [what["batch"]] + shape, given)], [x], dict(what["call"])
    if what["mask"]:
        steps = shape[1 if config.get("data_format") == FIRST else 0]
        m = keras.Input((steps,), dtype="bool")
        inputs, call["mask"] = inputs + [m], m
        data.append(values(number, "mask", [what["batch"], steps], "bool"))
    model = keras.Model(inputs, layer(x, **call))
    weights = layer.weights
    names = [weight_name(w) for w in weights]
    if what["class_name"].startswith("Depthwise"):
        names = ["kernel" if n == "depthwise_kernel" else n for n in names]
    layer.set_weights([values(number, n, list(w.shape), "int32" if n == "count" else "float32") for n, w in zip(names, weights)])
    if hasattr(layer, "finalize_state"):
        layer.finalize_state()
    y = np.asarray(answer(model, layer, data))
    stored = json.loads(
        json.dumps(layer.get_config(), default=lambda o: o.get_config() if hasattr(o, "get_config") else np.asarray(o).tolist())
    )
    if not plain:
        stored["dtype"] = dtype if KERAS3 or not dtype.startswith("mixed") else {"class_name": "Policy", "config": {"name": dtype}}
    kept = {"number": number, "class_name": what["class_name"], "config": stored, "call": what["call"], "shape": shape, "dtype": given}
    kept.update(shown=shown, batch=what["batch"], mask=what["mask"], weights=[[n, list(w.shape)] for n, w in zip(names, weights)])
    kept.update(result=y.dtype.name, result_shape=list(y.shape))
    return kept, y.astype(np.float64)


def answer(model, layer, data):
    """What `predict` gives; except where that may change the layer, the model is simply called, which is quicker."""
    if type(layer).__name__ in ("BatchNormalization", "Resizing"):
        return model.predict(data, verbose=0)
    inputs = data if len(data) > 1 else data[0]
    try:
        return model(inputs, training=False)
    except Exception:  # no kernel on a CPU for channels first: the same by another way
        if getattr(layer, "data_format", None) == FIRST and hasattr(layer, "activation"):
            return channels_last(layer, inputs)
        return tf.function(
            lambda: model(inputs, training=False), **{"jit_compile" if tf.__version__ > "2.5" else "experimental_compile": True}
        )()


def channels_last(layer, x):
    """A channels-first convolution, which TensorFlow has for GPUs alone: the same weights on the transposed input."""
    twin = type(layer).from_config(dict(layer.get_config(), data_format="channels_last", activation="linear"))
    x = np.moveaxis(x, 1, -1)
    twin.build(x.shape)
    twin.set_weights(layer.get_weights())
    return layer.activation(tf.convert_to_tensor(np.moveaxis(np.asarray(twin(x)), -1, 1)))


def main():
    for table in (convolutions, depthwise, transposed, pools, normalizations, spaces, preprocessing):
        table()
    everything = len(sys.argv) > 1 or RELEASE.startswith("keras-3.15")
    kept, outputs, refused, place = [], [np.zeros(0)], [], 0
    for number, what in enumerate(CASES):
        if not everything and what["class_name"] not in CHANGED:
            continue
        keras.backend.clear_session()
        try:
            description, y = make(number, what)
        except Exception as error:
            refused.append((what["class_name"], what["config"], what["dtype"], str(error).split("\n")[0][:100]))
            continue
        description["start"] = place
        place += y.size
        kept.append(description)
        outputs.append(y.reshape(-1))
    flat = np.concatenate(outputs)
    folder = (Path(sys.argv[1]) if len(sys.argv) > 1 else HERE) / RELEASE
    folder.mkdir(exist_ok=True, parents=True)
    np.savez_compressed(folder / "spatial.npz", cases=np.frombuffer(json.dumps(kept).encode(), np.uint8), outputs=flat.astype(np.float32))
    for line in refused:
        print("refused", *line)
    print(len(kept), "cases,", len(refused), "refused,", (folder / "spatial.npz").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
