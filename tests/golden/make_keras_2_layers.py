"""Makes tests/golden/keras_2/<release>-<backend>-<model>.h5 and .npz: layers of Keras 2.0 to 2.3 in whole files, with what they predict.

Run it with the Python of a release, the source of another one on the path if wanted, and the backend named:
`KERAS_BACKEND=theano PYTHONPATH=Keras-2.1.6 python make_keras_2_layers.py [FOLDER [MODEL ...]]`.
"""

from __future__ import print_function

import os
import sys
import traceback

import numpy as np

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", THEANO_FLAGS="floatX=float32,optimizer=fast_compile,device=cpu", CUDA_VISIBLE_DEVICES="-1")
import keras
import keras.layers as L
from keras import backend as K
from keras import models

Sequential = models.Sequential
NAME = "keras-%s-%s" % (keras.__version__, K.backend())
FOLDER = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "keras_2")


def numbers(*shape):
    return (np.random.RandomState(7).randint(-32, 33, shape) / 32.0).astype("float32")


def signed(i, w):
    values = np.random.RandomState(i).randint(-16, 17, w.shape) / (48.0 if w.ndim > 1 else 24.0)
    return (np.abs(values) + 0.1 if w.ndim == 1 else values).astype("float32")


def keep(name, model, inputs):
    model.set_weights([signed(i, w) for i, w in enumerate(model.get_weights())])
    expected = model.predict(inputs if len(inputs) > 1 else inputs[0])
    path = os.path.join(FOLDER, NAME + "-" + name)
    models.save_model(model, path + ".h5")
    arrays = {"in_%d" % i: x for i, x in enumerate(inputs)}
    arrays.update(("out_%d" % i, y) for i, y in enumerate(expected if isinstance(expected, list) else [expected]))
    np.savez(path + ".npz", **arrays)


def chain(name, *layers, **options):
    keep(name, Sequential(list(layers)), [options["x"]])


def convolutions(order, padding, stride):
    shape = (3, 9, 8) if order == "channels_first" else (9, 8, 3)
    o = {"data_format": order, "padding": padding}
    chain(
        "conv-%s-%s-%d" % (order[9:], padding, stride),
        L.Conv2D(4, 3, strides=stride, activation="relu", input_shape=shape, **o),
        L.Conv2D(3, 2, **o),
        L.MaxPooling2D(2, data_format=order),
        L.Flatten(),
        L.Dense(3, activation="softmax"),
        x=numbers(2, *shape),
    )


def pools(order, size, stride, padding):
    shape = (2, 9, 8) if order == "channels_first" else (9, 8, 2)
    for kind in ("Max", "Average"):
        pool = getattr(L, kind + "Pooling2D")
        chain(
            "pool-%s-%s-%d-%d-%s" % (kind.lower(), order[9:], size, stride, padding),
            pool(size, strides=stride, padding=padding, data_format=order, input_shape=shape),
            L.Flatten(),
            L.Dense(2),
            x=numbers(2, *shape),
        )


def spaces(order):
    shape = (2, 4, 5) if order == "channels_first" else (4, 5, 2)
    o = {"data_format": order}
    chain(
        "spaces-" + order[9:],
        L.ZeroPadding2D(((1, 2), (0, 1)), input_shape=shape, **o),
        L.UpSampling2D((2, 3), **o),
        L.Cropping2D(((1, 0), (2, 1)), **o),
        L.SpatialDropout2D(0.2, **o),
        L.GlobalAveragePooling2D(**o),
        L.Dense(2),
        x=numbers(2, *shape),
    )


def sequences(padding, dilation):
    chain(
        "sequence-%s-%d" % (padding, dilation),
        L.Conv1D(4, 3, padding=padding, dilation_rate=dilation, activation="tanh", input_shape=(12, 3)),
        L.MaxPooling1D(2),
        L.ZeroPadding1D(2),
        L.LocallyConnected1D(3, 2),
        L.UpSampling1D(2),
        L.Cropping1D((1, 2)),
        L.AveragePooling1D(2),
        L.Flatten(),
        L.Dense(2),
        x=numbers(2, 12, 3),
    )


def volumes(order):
    shape = (2, 5, 4, 6) if order == "channels_first" else (5, 4, 6, 2)
    o = {"data_format": order}
    chain(
        "volume-" + order[9:],
        L.Conv3D(3, (2, 3, 2), padding="same", input_shape=shape, **o),
        L.MaxPooling3D((2, 2, 2), **o),
        L.ZeroPadding3D((1, 1, 1), **o),
        L.Flatten(),
        L.Dense(2),
        x=numbers(2, *shape),
    )


def transposed(order, padding, stride):
    shape = (3, 4, 5) if order == "channels_first" else (4, 5, 3)
    chain(
        "transposed-%s-%s-%d" % (order[9:], padding, stride),
        L.Conv2DTranspose(2, 3, strides=stride, padding=padding, data_format=order, input_shape=shape),
        L.Flatten(),
        L.Dense(2),
        x=numbers(2, *shape),
    )


def odd_convolutions(order):
    shape = (3, 9, 8) if order == "channels_first" else (9, 8, 3)
    o = {"data_format": order}
    chain(
        "dilated-local-" + order[9:],
        L.Conv2D(4, 3, dilation_rate=2, input_shape=shape, **o),
        L.LocallyConnected2D(2, (2, 3), **o),
        L.Flatten(),
        L.Dense(2),
        x=numbers(2, *shape),
    )


def separable(order):
    shape = (3, 9, 8) if order == "channels_first" else (9, 8, 3)
    o = {"data_format": order}
    chain(
        "separable-" + order[9:],
        L.SeparableConv2D(7, 3, depth_multiplier=2, padding="same", input_shape=shape, **o),
        L.Flatten(),
        L.Dense(2),
        x=numbers(2, *shape),
    )


def depthwise():
    chain("depthwise", L.DepthwiseConv2D(3, depth_multiplier=2, input_shape=(9, 8, 3)), L.Flatten(), L.Dense(2), x=numbers(2, 9, 8, 3))
    chain("separable-1d", L.SeparableConv1D(7, 3, depth_multiplier=2, input_shape=(9, 3)), L.Flatten(), L.Dense(2), x=numbers(2, 9, 3))


def recurrent(kind, implementation):
    layer = getattr(L, kind)
    chain(
        "%s-%d" % (kind.lower(), implementation),
        layer(4, return_sequences=True, implementation=implementation, input_shape=(5, 3)),
        layer(3, go_backwards=True, implementation=implementation),
        L.Dense(2),
        x=numbers(2, 5, 3),
    )


def states():
    a = L.Input((5, 3))
    y = L.LSTM(4, return_sequences=True, return_state=True)(a)
    z = L.LSTM(4)(y[0], initial_state=y[1:])
    w = L.GRU(4, use_bias=False, activation="relu")(y[0], initial_state=[y[1]])
    keep("states", models.Model(a, [z, w]), [numbers(2, 5, 3)])


def both_directions(mode):
    chain(
        "bidirectional-%s" % mode,
        L.Bidirectional(L.LSTM(3, return_sequences=True), merge_mode=mode, input_shape=(5, 3)),
        L.TimeDistributed(L.Dense(2)),
        L.Bidirectional(L.GRU(2)),
        x=numbers(2, 5, 3),
    )


def masked():
    x = np.array([[1, 2, 0, 0], [3, 0, 4, 0], [5, 6, 7, 8]], "int32")
    chain("masked", L.Embedding(9, 4, mask_zero=True, input_length=4), L.GRU(3), L.Dense(2), x=x)
    chain("masked-time", L.Embedding(9, 4, mask_zero=True, input_length=4), L.TimeDistributed(L.Dense(3)), L.LSTM(3), x=x)
    y = numbers(3, 5, 2)
    y[0, 3:] = 0
    chain("masking", L.Masking(0.0, input_shape=(5, 2)), L.LSTM(3, return_sequences=True), L.SimpleRNN(2), x=y)


def normal(axis):
    shape = (3, 4, 5)
    chain(
        "normal-%d" % (axis % 4),
        L.Conv2D(3, 1, input_shape=shape),
        L.BatchNormalization(axis=axis),
        L.Flatten(),
        L.Dense(2),
        x=numbers(3, *shape),
    )


def activations():
    rows = [L.Dense(5, input_shape=(4,))]
    for name in ("relu", "tanh", "sigmoid", "hard_sigmoid", "linear", "softplus", "softsign", "softmax", "elu", "selu"):
        rows += [L.Activation(name), L.Dense(5)]
    chain("activations", *rows, x=numbers(3, 4))


def advanced():
    rows = [
        L.Dense(5, input_shape=(4,)),
        L.LeakyReLU(0.2),
        L.Dense(5),
        L.PReLU(),
        L.Dense(5),
        L.ThresholdedReLU(0.3),
        L.Dense(5),
        L.ELU(0.7),
    ]
    rows += [
        L.RepeatVector(3),
        L.PReLU(shared_axes=[1]),
        L.Permute((2, 1)),
        L.Reshape((3, -1)),
        L.GaussianNoise(0.1),
        L.Dropout(0.1),
        L.Flatten(),
    ]
    chain("advanced", *(rows + [L.ActivityRegularization(0.1), L.Dense(2)]), x=numbers(3, 4))


def merges():
    a, b = L.Input((5, 3)), L.Input((5, 3))
    shared = L.LSTM(4, return_sequences=True)
    x, y = shared(a), shared(b)
    found = [L.add([x, y]), L.multiply([x, y]), L.average([x, y]), L.maximum([x, y]), L.concatenate([x, y], axis=1), L.dot([x, y], axes=2)]
    found += [L.dot([x, y], axes=1, normalize=True)]
    keep("merges", models.Model([a, b], found), [numbers(2, 5, 3), numbers(2, 5, 3) / 2])


def nested():
    inner = Sequential([L.Dense(3, activation="relu", input_shape=(4,)), L.Dense(2)])
    a, b = L.Input((4,)), L.Input((4,))
    middle = models.Model(a, L.concatenate([inner(a), L.Dense(2)(a)]))
    keep("nested", models.Model([a, b], [middle(b), inner(a)]), [numbers(2, 4), numbers(2, 4) / 2])


def conv_lstm(order):
    shape = (3, 2, 5, 4) if order == "channels_first" else (3, 5, 4, 2)
    chain(
        "convlstm-" + order[9:],
        L.ConvLSTM2D(3, 3, padding="same", data_format=order, input_shape=shape),
        L.Flatten(),
        L.Dense(2),
        x=numbers(2, *shape),
    )


FIRST, LAST = ORDERS = ("channels_first", "channels_last")
CASES = (
    [(convolutions, o, m, s) for o in ORDERS for m in ("same", "valid") for s in (1, 2)]
    + [(pools, o, k, s, m) for o in ORDERS for k, s, m in ((2, 2, "same"), (3, 2, "same"), (3, 1, "same"), (3, 2, "valid"))]
    + [(f, o) for f in (spaces, volumes, odd_convolutions, separable, conv_lstm) for o in ORDERS]
    + [(sequences, m, d) for m in ("valid", "same", "causal") for d in (1, 2)]
    + [(transposed, o, m, s) for o in ORDERS for m in ("same", "valid") for s in (1, 2, 4)]
    + [(recurrent, k, i) for k in ("LSTM", "GRU", "SimpleRNN") for i in (0, 1, 2)]
    + [(both_directions, m) for m in ("concat", "sum", "ave", "mul")]
    + [(normal, axis) for axis in (1, 3, -1)]
    + [(f,) for f in (states, masked, activations, advanced, merges, nested, depthwise)]
)
if not os.path.isdir(FOLDER):
    os.makedirs(FOLDER)
for case in CASES:
    if sys.argv[2:] and case[0].__name__ not in sys.argv[2:]:
        continue
    try:
        case[0](*case[1:])
        print("made", case[0].__name__, *case[1:])
    except Exception as error:
        print("not made", case[0].__name__, case[1:], type(error).__name__, str(error).split("\n")[0][:100])
        if os.environ.get("TRACE"):
            traceback.print_exc()
