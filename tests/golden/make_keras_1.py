"""Makes tests/golden/keras_1/<release>-<backend>-<model>.h5 and .npz: files of Keras 0 and 1, with what the release predicts.

Run it with the Python of a release, its source on the path and the backend named:
`KERAS_BACKEND=theano PYTHONPATH=Keras-1.0.8 python make_keras_1.py [FOLDER [MODEL ...]]`. Up to 0.3 there are no whole files: the
architecture is written as .json and the weights as .h5.
"""

from __future__ import print_function

import os
import sys
import traceback

import numpy as np

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", THEANO_FLAGS="floatX=float32,optimizer=fast_compile,device=cpu")
import keras
import keras.layers as L
from keras import backend as K
from keras import models
from keras.layers import advanced_activations, convolutional, normalization, recurrent

RELEASE = tuple(int(n) for n in keras.__version__.split("."))
NAME = "keras-%s-%s" % (keras.__version__, getattr(K, "_BACKEND", "") or K.backend())
FOLDER = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "keras_1")
Sequential = models.Sequential


def get(name):
    for home in (L, convolutional, recurrent, normalization, advanced_activations, getattr(L, "core", L)):
        if hasattr(home, name):
            return getattr(home, name)
    raise NotImplementedError(name)


def layer(class_name, *args, **kwargs):
    return get(class_name)(*args, **kwargs)


def numbers(*shape):
    return (np.random.RandomState(7).randint(-32, 33, shape) / 32.0).astype("float32")


def keep(name, model, inputs):
    outputs = getattr(model, "output_order", None) or getattr(model, "_graph_outputs", None)
    if RELEASE < (1, 0, 4) or outputs:
        model.compile("sgd", dict.fromkeys(outputs, "mse") if outputs else "mse")
    model.set_weights([signed(i, w) for i, w in enumerate(model.get_weights())])
    if "Graph" in type(model).__name__:
        answer = model.predict(dict(zip(GRAPH_INPUTS, inputs)))
        expected = [answer[n] for n in sorted(answer)]
    else:
        expected = model.predict(inputs if len(inputs) > 1 else inputs[0])
        expected = expected if isinstance(expected, list) else [expected]
    path = os.path.join(FOLDER, NAME + "-" + name)
    if RELEASE < (1,):
        with open(path + ".json", "w") as file:
            file.write(model.to_json())
        model.save_weights(path + ".h5", overwrite=True)
    elif hasattr(models, "save_model"):
        models.save_model(model, path + ".h5")
    else:
        with open(path + ".json", "w") as file:
            file.write(model.to_json())
        model.save_weights(path + ".h5", overwrite=True)
    arrays = {"in_%d" % i: x for i, x in enumerate(inputs)}
    arrays.update(("out_%d" % i, y) for i, y in enumerate(expected))
    np.savez(path + ".npz", **arrays)


def signed(i, w):
    random = np.random.RandomState(i)
    scale = 48.0 if w.ndim > 1 else 24.0
    values = random.randint(-16, 17, w.shape) / scale
    return (np.abs(values) + 0.1 if w.ndim == 1 else values).astype("float32")


def chain(name, first, *rest, **options):
    made = Sequential()
    made.add(first)
    for one in rest:
        made.add(one)
    keep(name, made, [options["x"]])


def convolutions(order, mode, stride):
    shape = (3, 9, 8) if order == "th" else (9, 8, 3)
    o = {"dim_ordering": order}
    chain(
        "conv-%s-%s-%d" % (order, mode, stride),
        layer("Convolution2D", 4, 3, 3, border_mode=mode, subsample=(stride, stride), activation="relu", input_shape=shape, **o),
        layer("Convolution2D", 3, 2, 2, border_mode=mode, **o),
        layer("MaxPooling2D", (2, 2), border_mode="valid", **o),
        layer("Flatten"),
        layer("Dense", 3, activation="softmax"),
        x=numbers(2, *shape),
    )


def pools(order, size, stride, mode):
    shape = (2, 9, 8) if order == "th" else (9, 8, 2)
    for kind in ("Max", "Average"):
        chain(
            "pool-%s-%s-%d-%d-%s" % (kind.lower(), order, size, stride, mode),
            layer(kind + "Pooling2D", (size, size), strides=(stride, stride), border_mode=mode, dim_ordering=order, input_shape=shape),
            layer("Flatten"),
            layer("Dense", 2),
            x=numbers(2, *shape),
        )


def spaces(order):
    shape = (2, 4, 5) if order == "th" else (4, 5, 2)
    o = {"dim_ordering": order}
    chain(
        "spaces-" + order,
        layer("ZeroPadding2D", (1, 2), input_shape=shape, **o),
        layer("Convolution2D", 2, 1, 1, **o),
        layer("UpSampling2D", (2, 3), **o),
        layer("Flatten"),
        layer("Dense", 2),
        x=numbers(2, *shape),
    )


def cropped(order):
    shape = (2, 6, 5) if order == "th" else (6, 5, 2)
    o = {"dim_ordering": order}
    chain(
        "cropped-" + order,
        layer("Convolution2D", 2, 1, 1, input_shape=shape, **o),
        layer("Cropping2D", ((1, 2), (0, 1)), **o),
        layer("SpatialDropout2D", 0.3, **o),
        layer("GlobalMaxPooling2D", **o),
        layer("Dense", 2),
        x=numbers(2, *shape),
    )


def sequences(mode):
    chain(
        "sequence-" + mode,
        layer("Convolution1D", 4, 3, border_mode=mode, input_shape=(12, 3), activation="tanh"),
        layer("MaxPooling1D", 2),
        layer("Convolution1D", 3, 2, border_mode=mode, subsample_length=2),
        layer("ZeroPadding1D", 2),
        layer("UpSampling1D", 2),
        layer("AveragePooling1D", 2),
        layer("Flatten"),
        layer("Dense", 2),
        x=numbers(2, 12, 3),
    )


def sequences_2():
    chain(
        "sequence-more",
        layer("AtrousConvolution1D", 4, 3, atrous_rate=2, input_shape=(12, 3), activation="tanh"),
        layer("Cropping1D", (1, 2)),
        layer("LocallyConnected1D", 3, 2),
        layer("SpatialDropout1D", 0.2),
        layer("GlobalMaxPooling1D"),
        layer("Dense", 2),
        x=numbers(2, 12, 3),
    )


def volumes(order):
    shape = (2, 5, 4, 6) if order == "th" else (5, 4, 6, 2)
    o = {"dim_ordering": order}
    chain(
        "volume-" + order,
        layer("Convolution3D", 3, 2, 3, 2, border_mode="same", input_shape=shape, **o),
        layer("MaxPooling3D", (2, 2, 2), **o),
        layer("ZeroPadding3D", (1, 1, 1), **o),
        layer("UpSampling3D", (1, 2, 1), **o),
        layer("Flatten"),
        layer("Dense", 2),
        x=numbers(2, *shape),
    )


def deconvolution(order, mode, stride):
    shape = (3, 4, 5) if order == "th" else (4, 5, 3)
    size = [n * stride if mode == "same" else (n - 1) * stride + 3 for n in (4, 5)]
    out = (None, 2, size[0], size[1]) if order == "th" else (None, size[0], size[1], 2)
    chain(
        "deconv-%s-%s-%d" % (order, mode, stride),
        layer(
            "Deconvolution2D",
            2,
            3,
            3,
            output_shape=out,
            border_mode=mode,
            subsample=(stride, stride),
            dim_ordering=order,
            input_shape=shape,
        ),
        layer("Flatten"),
        layer("Dense", 2),
        x=numbers(2, *shape),
    )


def odd_convolutions(order):
    shape = (3, 9, 8) if order == "th" else (9, 8, 3)
    o = {"dim_ordering": order}
    chain(
        "atrous-local-" + order,
        layer("AtrousConvolution2D", 4, 3, 3, atrous_rate=(2, 2), input_shape=shape, **o),
        layer("LocallyConnected2D", 2, 2, 3, **o),
        layer("Flatten"),
        layer("Dense", 2),
        x=numbers(2, *shape),
    )


def separable(order):
    shape = (3, 9, 8) if order == "th" else (9, 8, 3)
    chain(
        "separable-" + order,
        layer("SeparableConvolution2D", 7, 3, 3, depth_multiplier=2, border_mode="same", dim_ordering=order, input_shape=shape),
        layer("Flatten"),
        layer("Dense", 2),
        x=numbers(2, *shape),
    )


def recurrent_layers(kind, memory):
    options = {"consume_less": memory} if RELEASE >= (1,) else {}
    chain(
        "%s-%s" % (kind.lower(), memory),
        layer(kind, 4, return_sequences=True, input_shape=(5, 3), **options),
        layer(kind, 3, go_backwards=True, **options),
        layer("Dense", 2),
        x=numbers(2, 5, 3),
    )


def both_directions(mode):
    chain(
        "bidirectional-" + mode,
        layer("Bidirectional", layer("LSTM", 3, return_sequences=True), merge_mode=mode, input_shape=(5, 3)),
        layer("TimeDistributed", layer("Dense", 2)),
        layer("Bidirectional", layer("GRU", 2)),
        x=numbers(2, 5, 3),
    )


def masked():
    x = np.array([[1, 2, 0, 0], [3, 0, 4, 0], [5, 6, 7, 8]], "int32")
    chain("masked", layer("Embedding", 9, 4, mask_zero=True, input_length=4), layer("GRU", 3), layer("Dense", 2), x=x)
    x = numbers(3, 5, 2)
    x[0, 3:] = 0
    chain("masking", layer("Masking", 0.0, input_shape=(5, 2)), layer("LSTM", 3), x=x)


def normal(mode, axis):
    chain(
        "normal-%d-%d" % (mode, axis % 4),
        layer("Dense", 5, input_shape=(4,)),
        layer("BatchNormalization", mode=mode, axis=axis, epsilon=0.01),
        layer("Dense", 2),
        x=numbers(6, 4),
    )


def normal_image():
    chain(
        "normal-image",
        layer("Convolution2D", 3, 2, 2, dim_ordering="th", input_shape=(2, 4, 4)),
        layer("BatchNormalization", axis=1),
        layer("Flatten"),
        layer("Dense", 2),
        x=numbers(3, 2, 4, 4),
    )


def activations():
    rows = [layer("Dense", 5, input_shape=(4,))]
    for name in ("relu", "tanh", "sigmoid", "hard_sigmoid", "linear", "softplus", "softsign", "softmax"):
        rows += [layer("Activation", name), layer("Dense", 5)]
    chain("activations", *rows, x=numbers(3, 4))


def advanced():
    rows = [layer("Dense", 5, input_shape=(4,)), layer("LeakyReLU", 0.2), layer("Dense", 5), layer("PReLU"), layer("Dense", 5)]
    rows += [layer("ParametricSoftplus"), layer("Dense", 5), layer("ThresholdedReLU", 0.3), layer("Dense", 5), layer("ELU", 0.7)]
    chain("advanced", *rows, x=numbers(3, 4))
    chain("srelu", layer("Dense", 5, input_shape=(4,)), layer("SReLU"), x=numbers(5, 4))


def shared_axes():
    chain(
        "shared-axes",
        layer("Permute", (2, 1), input_shape=(4, 3)),
        layer("PReLU", shared_axes=[1]),
        layer("SReLU", shared_axes=[1]),
        x=numbers(3, 4, 3),
    )


def old():
    rows = [layer("Highway", input_shape=(4,), activation="tanh"), layer("MaxoutDense", 3, nb_feature=2), layer("RepeatVector", 4)]
    rows += [layer("TimeDistributedDense", 3, activation="relu"), layer("Permute", (2, 1)), layer("Reshape", (2, 6)), layer("Flatten")]
    rows += [layer("ActivityRegularization", 0.1), layer("GaussianNoise", 0.1), layer("GaussianDropout", 0.1), layer("Dropout", 0.5)]
    chain("old", *(rows + [layer("Dense", 2)]), x=numbers(3, 4))


def branch(units, size, activation):
    made = Sequential()
    made.add(layer("Dense", units, input_shape=(size,), activation=activation))
    made.add(layer("Dense", units))
    return made


def merged_sequence(mode):
    made = Sequential()
    options = {"dot_axes": 1} if mode in ("dot", "cos") and RELEASE >= (1,) else {"dot_axes": ([1], [1])} if mode in ("dot", "cos") else {}
    made.add(layer("Merge", [branch(3, 4, "relu"), branch(3, 5, "tanh")], mode=mode, **options))
    if mode == "cos":
        made.add(layer("Flatten"))
    made.add(layer("Dense", 2))
    keep("merged-" + mode, made, [numbers(3, 4), numbers(3, 5)])


def merged_twice():
    inner = Sequential()
    inner.add(layer("Merge", [branch(3, 4, "relu"), branch(3, 5, "tanh")], mode="concat"))
    inner.add(layer("Dense", 4))
    made = Sequential()
    made.add(layer("Merge", [inner, branch(4, 2, "sigmoid")], mode="sum"))
    made.add(layer("Dense", 2))
    keep("merged-twice", made, [numbers(3, 4), numbers(3, 5), numbers(3, 2)])


def functional():
    from keras.layers import Input, merge

    a, b = Input(shape=(5, 3), name="a"), Input(shape=(5, 3), name="b")
    shared = layer("LSTM", 4, return_sequences=True)
    x, y = shared(a), shared(b)
    dot = merge([x, y], mode="dot", dot_axes=[2, 2])
    last = merge([x, y], mode="dot", dot_axes=1)
    joined = merge([dot, x], mode="concat", concat_axis=2)
    inner = Sequential()
    inner.add(layer("Flatten", input_shape=(5, 9)))
    inner.add(layer("Dense", 3, activation="relu"))
    keep(
        "functional",
        models.Model(input=[a, b], output=[inner(joined), merge([x, y], mode="mul"), last]),
        [numbers(2, 5, 3), numbers(2, 5, 3) / 2],
    )


GRAPH_INPUTS = ["first", "second"]


def graph():
    Graph = models.Graph if hasattr(models, "Graph") else None
    if Graph is None:
        from keras.legacy.models import Graph  # gone in 1.2
    made = Graph()
    made.add_input(name="first", input_shape=(4,))
    made.add_input(name="second", input_shape=(3,))
    made.add_node(layer("Dense", 3, activation="tanh"), name="left", input="first")
    made.add_node(layer("Dense", 3), name="right", inputs=["first", "second"], merge_mode="concat")
    made.add_node(layer("Dense", 2), name="both", inputs=["left", "right"], merge_mode="sum")
    made.add_output(name="one", input="both")
    made.add_output(name="two", inputs=["left", "right"], merge_mode="mul")
    keep("graph", made, [numbers(2, 4), numbers(2, 3)])


def conv_lstm(order):
    shape = (3, 2, 5, 4) if order == "th" else (3, 5, 4, 2)
    chain(
        "convlstm-" + order,
        layer("ConvLSTM2D", 3, 3, 3, border_mode="same", dim_ordering=order, input_shape=shape),
        layer("Flatten"),
        layer("Dense", 2),
        x=numbers(2, *shape),
    )


CASES = (
    [(convolutions, o, m, s) for o in ("th", "tf") for m in ("same", "valid") for s in (1, 2)]
    + [
        (pools, o, k, s, m)
        for o in ("th", "tf")
        for k, s, m in ((2, 2, "valid"), (2, 2, "same"), (3, 2, "same"), (3, 1, "same"), (3, 2, "valid"))
    ]
    + [(f, o) for f in (spaces, cropped, volumes, odd_convolutions, separable, conv_lstm) for o in ("th", "tf")]
    + [(sequences, m) for m in ("valid", "same")]
    + [(sequences_2,)]
    + [(deconvolution, o, m, s) for o in ("th", "tf") for m in ("same", "valid") for s in (1, 2)]
    + [(recurrent_layers, k, m) for k in ("LSTM", "GRU", "SimpleRNN") for m in ("cpu", "mem", "gpu")]
    + [(both_directions, m) for m in ("concat", "sum", "ave", "mul")]
    + [(normal, m, -1) for m in (0, 1, 2)]
    + [(normal_image,)]
    + [(masked,), (activations,), (advanced,), (shared_axes,), (old,), (merged_twice,), (functional,), (graph,)]
    + [(merged_sequence, m) for m in ("sum", "mul", "ave", "max", "concat", "dot", "cos")]
)
if not os.path.isdir(FOLDER):
    os.makedirs(FOLDER)
for case in CASES:
    wanted = sys.argv[2:]
    if wanted and case[0].__name__ not in wanted:
        continue
    try:
        case[0](*case[1:])
        print("made", case[0].__name__, *case[1:])
    except Exception as error:
        print("not made", case[0].__name__, case[1:], type(error).__name__, str(error).split("\n")[0][:100])
        if os.environ.get("TRACE"):
            traceback.print_exc()
