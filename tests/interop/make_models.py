"""Builds a set of models in whatever Keras is installed, saves each in every file kind, and keeps its own predictions.

    python make_models.py FOLDER [--only TEXT,TEXT]

Runs in an environment with tf.keras 2.3 to 2.15 or Keras 3 (any backend); writes FOLDER/MODEL/{model.h5, model.keras, golden.npz}.
Weights are random and reproducible. `check_models.py` then loads every file with loadstone and compares. Python 3.8 syntax.
"""

import argparse
import json
import os
import pathlib
import traceback

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np

try:
    import keras

    if not keras.__version__.startswith("3"):
        raise ImportError
    KERAS_3 = True
except ImportError:
    from tensorflow import keras

    KERAS_3 = False
L, Input, Model, Sequential = keras.layers, keras.Input, keras.Model, keras.Sequential
MODELS = {}


def model(*shapes, **options):
    """Decorator: the function builds a model; shapes are those of its inputs without the batch, with dtype tags."""

    def register(function):
        MODELS[function.__name__] = (function, shapes, options)
        return function

    return register


def ints(high, *shape):
    return ("int", high) + shape


@model((12,))
def mlp():
    return Sequential(
        [
            Input((12,)),
            L.Dense(16, activation="relu"),
            L.BatchNormalization(),
            L.Dropout(0.3),
            L.Dense(14, activation="elu", use_bias=False),
            L.BatchNormalization(momentum=0.9, epsilon=1e-4, scale=False),
            L.Activation("tanh"),
            L.Dense(10, activation="selu"),
            L.Dense(4, activation="softmax"),
        ]
    )


@model((12,))
def mlp_deferred():
    m = Sequential([L.Dense(5, activation="relu", input_shape=(12,)) if not KERAS_3 else L.Dense(5, activation="relu"), L.Dense(3)])
    m.build((None, 12))
    return m


@model((6, 5))
def dense_rank3():
    x = Input((6, 5))
    y = L.Dense(4, activation="gelu" if hasattr(keras.activations, "gelu") else "relu")(x)
    return Model(x, L.Dense(3, activation="softmax")(y))


@model((8,))
def mlp_acts():
    x = Input((8,))
    h = L.Dense(8)(x)
    names = "relu elu selu softplus softsign tanh sigmoid hard_sigmoid linear exponential swish gelu softmax".split()
    names += [
        n
        for n in "silu mish leaky_relu relu6 log_softmax hard_silu celu glu squareplus soft_shrink hard_shrink hard_tanh tanh_shrink log_sigmoid sparse_plus sparsemax sparse_sigmoid".split()
        if KERAS_3
    ]
    names = [n for n in names if hasattr(keras.activations, n)]
    ys = [L.Activation(n)(h) for n in names]
    ys += [L.LeakyReLU(0.2)(h), L.LeakyReLU()(h), L.PReLU()(h), L.ELU(0.7)(h), L.Softmax()(h), L.ReLU(0.8, 0.1, 0.05)(h), L.ReLU()(h)]
    if hasattr(L, "ThresholdedReLU"):
        ys.append(L.ThresholdedReLU(0.4)(h))
    return Model(x, L.Concatenate()(ys))


@model((20, 4))
def cnn1d():
    x = Input((20, 4))
    y = L.Conv1D(6, 3, padding="causal", dilation_rate=2, activation="relu")(x)
    y = L.BatchNormalization()(y)
    y = L.MaxPooling1D(2)(y)
    y = L.Conv1D(6, 4, padding="same", strides=2)(y)
    y = L.UpSampling1D(2)(y)
    y = L.ZeroPadding1D((1, 2))(y)
    y = L.Cropping1D((1, 0))(y)
    y = L.SeparableConv1D(5, 3)(y)
    y = L.SpatialDropout1D(0.2)(y)
    y = L.AveragePooling1D(3, strides=2, padding="same")(y)
    return Model(x, L.Dense(3)(L.Concatenate()([L.GlobalMaxPooling1D()(y), L.GlobalAveragePooling1D()(y)])))


@model((12, 13, 3))
def cnn2d():
    return Sequential(
        [
            Input((12, 13, 3)),
            L.Conv2D(6, 3, padding="same", activation="relu"),
            L.BatchNormalization(),
            L.MaxPooling2D(),
            L.Conv2D(8, (3, 2), strides=(1, 2), use_bias=False),
            L.BatchNormalization(),
            L.Activation("relu"),
            L.Dropout(0.25),
            L.Flatten(),
            L.Dense(10),
            L.Activation("softmax"),
        ]
    )


@model((15, 14, 4))
def cnn2d_adv():
    x = Input((15, 14, 4))
    y = L.ZeroPadding2D(((1, 0), (2, 1)))(x)
    y = L.Conv2D(6, 3, padding="same", strides=2, activation="relu")(y)
    a = L.Conv2D(5, 3, padding="same", dilation_rate=2)(y)
    b = L.SeparableConv2D(5, 3, padding="same", depth_multiplier=2, activation="tanh")(y)
    c = L.DepthwiseConv2D(3, padding="same")(y)
    y = L.Concatenate()([a, b, c])
    y = L.AveragePooling2D(3, strides=2, padding="same")(y)
    y = L.UpSampling2D((2, 3))(y)
    y = L.Conv2DTranspose(4, 3, strides=2, padding="same")(y)
    y = L.Conv2DTranspose(4, (2, 3), padding="valid", output_padding=None)(y)
    y = L.Cropping2D(((1, 2), (0, 1)))(y)
    y = L.UpSampling2D(2, interpolation="bilinear")(y)
    return Model(x, L.Dense(6, activation="sigmoid")(L.Concatenate()([L.GlobalAveragePooling2D()(y), L.GlobalMaxPooling2D()(y)])))


@model((None, None, 3))
def fully_convolutional():
    x = Input((None, None, 3))
    y = L.Conv2D(4, 3, strides=2, padding="same", activation="relu")(x)
    y = L.MaxPooling2D(2, padding="same")(y)
    y = L.Conv2DTranspose(3, 4, strides=2, padding="same")(y)
    return Model(x, L.UpSampling2D(2)(y))


@model((6, 7, 5, 2))
def cnn3d():
    x = Input((6, 7, 5, 2))
    y = L.Conv3D(4, 3, padding="same", activation="relu")(x)
    y = L.BatchNormalization()(y)
    y = L.MaxPooling3D(2, padding="same")(y)
    y = L.ZeroPadding3D(1)(y)
    y = L.Conv3D(4, 2)(y)
    y = L.UpSampling3D(2)(y)
    y = L.Conv3DTranspose(3, 2, strides=2)(y)
    y = L.AveragePooling3D(2)(y)
    return Model(x, L.Dense(3)(L.Concatenate()([L.GlobalAveragePooling3D()(y), L.GlobalMaxPooling3D()(y)])))


@model((16, 16, 3))
def mobilenet():
    x = Input((16, 16, 3))

    def block(y, filters, strides):
        z = L.Conv2D(filters * 2, 1, use_bias=False)(y)
        z = L.ReLU(6.0)(L.BatchNormalization()(z))
        z = L.ZeroPadding2D(((0, 1), (0, 1)))(z) if strides == 2 else z
        z = L.DepthwiseConv2D(3, strides=strides, padding="same" if strides == 1 else "valid", use_bias=False)(z)
        z = L.ReLU(6.0)(L.BatchNormalization()(z))
        z = L.BatchNormalization()(L.Conv2D(filters, 1, use_bias=False)(z))
        return L.Add()([y, z]) if strides == 1 and y.shape[-1] == filters else z

    y = L.ReLU(6.0)(L.BatchNormalization()(L.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)))
    y = block(block(block(y, 8, 1), 12, 2), 12, 1)
    y = L.Reshape((1, 1, 12))(L.GlobalAveragePooling2D()(y))
    y = L.Reshape((4,))(L.Conv2D(4, 1, padding="same")(L.Dropout(0.1)(y)))
    return Model(x, L.Activation("softmax")(y))


@model((16, 16, 3))
def resnet():
    x = Input((16, 16, 3))
    y = L.Conv2D(8, 3, padding="same", use_bias=False)(x)
    for filters, strides in ((8, 1), (12, 2)):
        z = L.Activation("relu")(L.BatchNormalization(epsilon=1.001e-5)(y))
        z = L.Conv2D(filters, 3, strides=strides, padding="same")(z)
        z = L.Conv2D(filters, 3, padding="same")(L.Activation("relu")(L.BatchNormalization()(z)))
        y = L.Conv2D(filters, 1, strides=strides)(y) if strides == 2 else y
        y = L.Add()([y, z])
    return Model(x, L.Dense(5, activation="softmax")(L.GlobalAveragePooling2D()(y)))


@model((7, 5))
def lstm_stack():
    return Sequential(
        [
            Input((7, 5)),
            L.LSTM(8, return_sequences=True),
            L.LSTM(7, return_sequences=True, dropout=0.2, recurrent_dropout=0.1),
            L.LSTM(6),
            L.Dense(3, activation="softmax"),
        ]
    )


@model((None, 5))
def lstm_var():
    x = Input((None, 5))
    a = L.LSTM(5, return_sequences=True, activation="relu", recurrent_activation="hard_sigmoid")(x)
    b = L.LSTM(5, return_sequences=True, go_backwards=True)(a)
    c = L.LSTM(5, go_backwards=True, unit_forget_bias=False)(b)
    d = L.LSTM(5, use_bias=False)(a)
    e = L.LSTM(4, return_state=True, activation="elu")(b)
    return Model(x, L.Concatenate()([c, d] + list(e)))


@model((9, 4))
def gru():
    x = Input((9, 4))
    a = L.GRU(4, return_sequences=True)(x)
    b = L.GRU(4, return_sequences=True, reset_after=False)(x)
    c = L.GRU(5, go_backwards=True, recurrent_activation="hard_sigmoid")(a)
    d = L.GRU(3, use_bias=False, recurrent_dropout=0.2)(b)
    e = L.GRU(3, use_bias=False, reset_after=False, activation="relu")(b)
    return Model(x, L.Concatenate()([L.GRU(5)(a), c, d, e]))


@model((8, 3))
def simple_rnn():
    return Sequential(
        [
            Input((8, 3)),
            L.SimpleRNN(6, return_sequences=True, unroll=True),
            L.SimpleRNN(5, go_backwards=True, activation="relu"),
            L.Dense(2),
        ]
    )


@model((6, 4))
def bidir():
    x = Input((6, 4))
    ys = [L.Bidirectional(L.LSTM(3, return_sequences=True), merge_mode=m)(x) for m in ("concat", "sum", "mul", "ave")]
    y = L.Concatenate()(ys)
    y = L.Bidirectional(L.GRU(3, return_sequences=True), backward_layer=L.GRU(3, return_sequences=True, go_backwards=True))(y)
    f, b = L.Bidirectional(L.SimpleRNN(3), merge_mode=None)(y)
    try:
        states = list(L.Bidirectional(L.LSTM(3, return_state=True))(y))
    except Exception:  # Keras 3.0 joins a list and a tuple here
        states = []
    return Model(x, L.Concatenate()([f, b] + states))


@model((7, 4), ints(12, 7))
def masking():
    x, t = Input((7, 4)), Input((7,), dtype="int32")
    m = L.Masking(0.0)(x)
    a = L.TimeDistributed(L.Dense(3, activation="relu"))(L.GRU(4, return_sequences=True)(m))
    a = L.Bidirectional(L.LSTM(3))(a)
    e = L.Embedding(12, 5, mask_zero=True)(t)
    b = L.LSTM(4)(e)
    c = L.GlobalAveragePooling1D()(e)
    d = L.Bidirectional(L.GRU(3, return_sequences=True))(L.Dropout(0.1)(L.Dense(4)(e)))
    return Model([x, t], [L.Dense(2)(L.Concatenate()([a, b, c])), d])


@model((5,), (4, 5), (4, 5))
def multi_io():
    a, b, c = Input((5,), name="a"), Input((4, 5), name="b"), Input((4, 5), name="c")
    d = L.Dense(5, activation="relu")(a)
    e = L.Add()([b, c, d]) if KERAS_3 else L.Add()([b, c])
    f = L.Multiply()([L.Subtract()([b, c]), L.Average()([b, c]), L.Maximum()([b, e]), L.Minimum()([c, e])])
    g = L.Dot(axes=-1, normalize=True)([b, f])
    h = L.Dot(axes=(1, 1))([b, c])
    flat = L.Concatenate()([L.Flatten()(L.Permute((2, 1))(f)), L.Flatten()(g), L.Flatten()(h), d])
    return Model([a, b, c], [L.Dense(2, name="one")(flat), L.Dense(1, activation="sigmoid", name="two")(flat), f])


@model((5,), (5,))
def shared():
    left, right = Input((5,)), Input((5,))
    fc, norm = L.Dense(6, activation="relu"), L.BatchNormalization()
    a, b = norm(fc(left)), norm(fc(right))
    c = fc(L.Dense(5)(a))
    return Model([left, right], L.Dense(2)(L.Concatenate()([a, b, c])))


@model((6,))
def nested():
    seq = Sequential([Input((6,)), L.Dense(5, activation="relu"), L.BatchNormalization()], name="inner_seq")
    i, j = Input((5,)), Input((5,))
    fn = Model([i, j], [L.Dense(4)(L.Add()([i, j])), L.Dense(3)(i)], name="inner_fn")
    x, y = Input((6,)), Input((6,))
    outer = Model([x, y], L.Dense(2)(L.Concatenate()(list(fn([seq(x), seq(y)])))), name="inner_outer")
    z = Input((6,))
    return Model(z, L.Concatenate()([L.Dense(3)(outer([z, L.Activation("tanh")(z)])), outer([z, z])]))


@model((6,))
def nested_frozen():
    inner = Sequential([Input((6,)), L.Dense(5), L.BatchNormalization(), L.Dense(4)], name="frozen")
    inner.trainable = False
    x = Input((6,))
    y = L.BatchNormalization()(inner(x))
    return Model(x, L.Dense(2)(y))


@model((3, 6, 6, 2))
def seq_nested():
    cnn = Sequential([Input((6, 6, 2)), L.Conv2D(3, 3), L.BatchNormalization(), L.Flatten()])
    return Sequential([Input((3, 6, 6, 2)), L.TimeDistributed(cnn), L.TimeDistributed(L.Dense(5, activation="tanh")), L.GRU(4), L.Dense(2)])


@model((None, 6), (None, 5))
def seq2seq():
    source, target = Input((None, 6)), Input((None, 5))
    _, h, c = L.LSTM(8, return_state=True)(source)
    y, _, _ = L.LSTM(8, return_sequences=True, return_state=True)(target, initial_state=[h, c])
    g = L.GRU(8, return_sequences=True)(y, initial_state=h)
    return Model([source, target], L.TimeDistributed(L.Dense(5, activation="softmax"))(g))


@model((4,), (3,))
def dict_io():
    a, z = Input((4,), name="age"), Input((3,), name="zip")
    y = L.Concatenate()([z, a])
    return Model({"zip": z, "age": a}, {"score": L.Dense(2, name="score")(y), "risk": L.Dense(1, name="risk")(y)})


@model((6, 4))
def noise_misc():
    x = Input((6, 4))
    y = L.AlphaDropout(0.1)(L.GaussianDropout(0.1)(L.GaussianNoise(0.1)(x)))
    y = L.Reshape((3, 8))(L.Permute((2, 1))(L.ActivityRegularization(0.01, 0.02)(y)))
    y = L.Dense(4)(L.Flatten()(L.Dense(6)(y)))
    return Model(x, L.RepeatVector(3)(y))


@model((8,))
def compiled_adam():
    m = Sequential([Input((8,)), L.Dense(8, activation="relu"), L.BatchNormalization(), L.Dense(3, activation="softmax")])
    m.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    rng = np.random.RandomState(0)
    m.fit(rng.rand(64, 8), np.eye(3)[rng.randint(0, 3, 64)], epochs=2, verbose=0)
    return m


@model((6, 8))
def norms():
    x = Input((6, 8))
    y = L.LayerNormalization()(x)
    y = L.LayerNormalization(axis=[1, 2], epsilon=1e-5, center=False)(y)
    y = L.BatchNormalization(axis=1)(y)
    if hasattr(L, "GroupNormalization"):
        y = L.GroupNormalization(4)(y)
    if hasattr(L, "UnitNormalization"):
        y = L.UnitNormalization()(y)
    return Model(x, y)


@model((5, 8), (7, 8))
def attention():
    q, v = Input((5, 8)), Input((7, 8))
    ys = [L.Attention()([q, v]), L.AdditiveAttention()([q, v]), L.Attention(use_scale=True)([q, v])]
    if hasattr(L, "MultiHeadAttention"):
        ys.append(L.MultiHeadAttention(2, 4)(q, v))
        ys.append(L.MultiHeadAttention(2, 3, value_dim=5, output_shape=6)(q, v, v))
    return Model([q, v], L.Concatenate()(ys))


@model(ints(20, 9))
def transformer():
    t = Input((9,), dtype="int32")
    x = L.Embedding(20, 8)(t)
    if hasattr(L, "MultiHeadAttention"):
        x = L.LayerNormalization(epsilon=1e-6)(L.Add()([x, L.MultiHeadAttention(2, 4)(x, x)]))
    x = L.LayerNormalization()(L.Add()([x, L.Dense(8)(L.Dense(16, activation="relu")(x))]))
    return Model(t, L.Dense(2, activation="softmax")(L.GlobalAveragePooling1D()(x)))


@model((4, 3), batch=4)
def lstm_stateful():
    x = Input(batch_shape=(4, 4, 3))
    return Model(x, L.Dense(2)(L.LSTM(5, stateful=True)(L.GRU(4, stateful=True, return_sequences=True)(x))))


@model((8, 8, 3))
def mixed_fp16():
    try:
        policy = (
            keras.mixed_precision.Policy("mixed_float16")
            if hasattr(keras, "mixed_precision") and hasattr(keras.mixed_precision, "Policy")
            else "mixed_float16"
        )
    except Exception:  # the class has another name before TensorFlow 2.4
        policy = keras.mixed_precision.experimental.Policy("mixed_float16")
    x = Input((8, 8, 3))
    y = L.Conv2D(4, 3, activation="relu", dtype=policy)(x)
    y = L.Flatten(dtype=policy)(L.BatchNormalization(dtype=policy)(y))
    return Model(x, L.Activation("softmax", dtype="float32")(L.Dense(6, dtype=policy)(y)))


@model((6,))
def float64():
    x = Input((6,), dtype="float64")
    y = L.Dense(5, activation="relu", dtype="float64")(x)
    return Model(x, L.Dense(3, activation="softmax", dtype="float64")(L.BatchNormalization(dtype="float64")(y)))


@model((4,), (4,))
def structures():
    a, b = Input((4,), name="a"), Input((4,), name="b")
    d = L.Dense(3, name="d")
    y = d(a)
    return Model([a, b], [y, d(b), y, b, L.Activation("relu")(a)])


@model((6,))
def sequential_in_sequential():
    inner = Sequential([Input((6,)), L.Dense(5, activation="relu"), Sequential([Input((5,)), L.Dense(4), L.BatchNormalization()])])
    return Sequential([Input((6,)), inner, L.Dropout(0.2), Sequential([Input((4,)), L.Dense(3)])])


@model((6,), (6,))
def layer_shared_by_models():
    shared = L.Dense(5, activation="tanh", name="both")
    i, j = Input((6,)), Input((6,))
    one = Model(i, L.Dense(4)(shared(i)), name="one")
    two = Model(j, L.Dense(3)(L.BatchNormalization()(shared(j))), name="two")
    x, y = Input((6,)), Input((6,))
    return Model([x, y], L.Concatenate()([one(x), two(y), shared(x), one(y)]))


@model((4,), (3,))
def nested_dict():
    a, z = Input((4,), name="a"), Input((3,), name="z")
    inner = Model({"z": z, "a": a}, {"sum": L.Dense(5)(L.Concatenate()([a, z])), "only": L.Dense(2)(a)}, name="inner")
    p, q = Input((4,), name="p"), Input((3,), name="q")
    out = inner({"a": p, "z": q})
    return Model([p, q], [L.Dense(2)(out["sum"]), out["only"]])


@model(ints(9, 6))
def masked_nested():
    t = Input((6,), dtype="int32")
    x = Input((6, 4))
    encoder = Model(x, L.LSTM(3, return_sequences=True)(L.Dense(4, activation="relu")(x)), name="encoder")
    e = L.Embedding(9, 4, mask_zero=True)(t)
    y = encoder(e)
    y = L.Concatenate()([y, L.GRU(3, return_sequences=True)(L.Dropout(0.5)(e))])
    return Model(
        t, [L.LSTM(4)(L.Add()([y, y])), L.TimeDistributed(L.Dense(2))(y), L.Bidirectional(L.SimpleRNN(2, return_sequences=True))(y)]
    )


@model(ints(9, 3, 5))
def time_distributed_embedding():
    t = Input((3, 5), dtype="int32")
    word = L.TimeDistributed(L.Embedding(9, 4, mask_zero=True))(t)
    sentence = L.TimeDistributed(L.LSTM(3))(word)
    return Model(t, L.GRU(3)(sentence))


@model((8, 3))
def masking_variants():
    x = Input((8, 3))
    m = L.Masking(0.0)(x)
    ys = [L.SimpleRNN(3)(m), L.GRU(3, reset_after=False)(m), L.LSTM(3, go_backwards=True)(m), L.LSTM(3, unroll=True)(m)]
    ys += [L.Bidirectional(L.GRU(2), merge_mode=mode)(m) for mode in ("sum", "ave")]
    s = L.GRU(3, return_sequences=True, go_backwards=True)(m)
    ys += [L.GlobalAveragePooling1D()(s), L.Flatten()(s)]
    ys += [L.LSTM(2)(L.LayerNormalization()(L.Activation("tanh")(m))), L.LSTM(2)(L.Multiply()([m, x])), L.LSTM(2)(L.Concatenate()([m, x]))]
    return Model(x, L.Concatenate()(ys))


@model((5, 6, 3), (5, 6, 3))
def merging():
    a, b = Input((5, 6, 3)), Input((5, 6, 3))
    ys = [L.Add()([a, b]), L.Subtract()([a, b]), L.Multiply()([a, b, a]), L.Average()([a, b]), L.Maximum()([a, b]), L.Minimum()([a, b])]
    y = L.Concatenate(axis=1)(ys)
    return Model([a, b], [y, L.Concatenate(axis=-2)([a, b]), L.Reshape((-1, 9))(a), L.Permute((3, 1, 2))(b)])


@model((9, 8, 4))
def pooling():
    x = Input((9, 8, 4))
    ys = [L.MaxPooling2D((3, 2), strides=(2, 1), padding=p)(x) for p in ("same", "valid")]
    ys += [L.AveragePooling2D((2, 3), strides=2, padding=p)(x) for p in ("same", "valid")]
    return Model(x, [L.Flatten()(y) for y in ys])


@model((4, 9, 8))
def channels_first():
    x = Input((4, 9, 8))
    y = L.ZeroPadding2D(1, data_format="channels_first")(x)
    y = L.BatchNormalization(axis=1)(y)
    y = L.UpSampling2D(2, data_format="channels_first")(y)
    y = L.Cropping2D(1, data_format="channels_first")(y)
    return Model(
        x,
        [
            L.Flatten(data_format="channels_first")(y),
            L.GlobalAveragePooling2D(data_format="channels_first")(y),
            L.GlobalMaxPooling2D(data_format="channels_first")(y),
        ],
    )


@model((11, 10, 4))
def convolutions():
    x = Input((11, 10, 4))
    ys = [
        L.Conv2DTranspose(3, 3, strides=s, padding=p, output_padding=o)(x)
        for s, p, o in ((2, "same", None), (2, "valid", None), (2, "same", 1), (3, "valid", 2), (1, "same", None))
    ]
    ys += [L.DepthwiseConv2D(3, strides=s, padding=p, depth_multiplier=2)(x) for s, p in ((1, "same"), (2, "same"), (2, "valid"))]
    ys += [L.SeparableConv2D(3, (3, 2), strides=s, padding=p)(x) for s, p in ((1, "valid"), (2, "same"))]
    ys += [L.Conv2D(3, (2, 4), strides=(3, 2), padding="same")(x), L.Conv2D(3, 3, dilation_rate=(1, 2))(x)]
    return Model(x, [L.GlobalAveragePooling2D()(y) for y in ys] + ys)


@model((16, 16, 3))
def preprocessing():
    pre = L if hasattr(L, "Rescaling") else L.experimental.preprocessing
    x = Input((16, 16, 3))
    n = pre.Normalization()
    n.adapt(np.random.RandomState(1).rand(20, 16, 16, 3).astype("float32") * 3)
    y = n(pre.Rescaling(1 / 127.5, offset=-1)(x))
    return Model(x, [pre.Resizing(9, 11)(y), pre.Resizing(20, 7, interpolation="nearest")(y), pre.CenterCrop(8, 9)(y)])


def data(shape, batch, rng):
    if shape and shape[0] == "int":
        return rng.randint(0, shape[1], (batch,) + tuple(shape[2:])).astype("int32")
    x = rng.normal(size=(batch,) + tuple(11 if d is None else d for d in shape)).astype("float32")
    if len(shape) == 2:
        x[0, -2:] = 0.0  # steps that a Masking layer hides
        x[1, :1] = 0.0
    return x


def randomise(m, rng):
    values = []
    for w in m.weights:
        shape = tuple(w.shape)
        name = getattr(w, "path", w.name)
        if "seed" in name or "variance" in name:
            values.append(rng.uniform(0.5, 1.5, shape) if "variance" in name else None)
        else:
            values.append(rng.normal(0, 0.4, shape))
    for w, v in zip(m.weights, values):
        if v is not None and "int" not in str(w.dtype):
            w.assign(v.astype("float32"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--only", default="", help="parts of names, with commas between them")
    arguments = parser.parse_args()
    for name, (build, shapes, options) in MODELS.items():
        if not any(part in name for part in arguments.only.split(",")):
            continue
        folder = pathlib.Path(arguments.folder) / name
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.RandomState(7)
        try:
            m = build()
            if name not in ("compiled_adam", "preprocessing"):
                randomise(m, rng)
            xs = [data(s, options.get("batch", 5), rng) for s in shapes]
            by_name = {i.name.split(":")[0]: i for i in m.inputs}
            x = xs[0] if len(xs) == 1 else {"age": xs[0], "zip": xs[1]} if set(by_name) == {"age", "zip"} else xs
            if name == "lstm_stateful":
                (m.reset_states if hasattr(m, "reset_states") else lambda: None)()
            y = m.predict(x, verbose=0, batch_size=options.get("batch", 32))
        except Exception:  # told, and the other models are made
            print("cannot build", name, traceback.format_exc().splitlines()[-1])
            continue
        if name == "lstm_stateful":
            for layer in m.layers:
                if hasattr(layer, "reset_states"):
                    layer.reset_states()
                elif hasattr(layer, "reset_state"):
                    layer.reset_state()
        arrays = {"in_%d" % i: v for i, v in enumerate(xs)}
        if isinstance(y, dict):
            order = sorted(y)
            y = [y[k] for k in order]
        else:
            order = None
            y = list(y) if isinstance(y, (list, tuple)) else [y]
        arrays.update({"out_%d" % i: np.asarray(v) for i, v in enumerate(y)})
        np.savez(folder / "golden.npz", **arrays)
        (folder / "meta.json").write_text(
            json.dumps({"keras": getattr(keras, "__version__", "tf.keras"), "outputs": order, "inputs": ["age", "zip"] if order else None})
        )
        for suffix in ("h5", "keras"):
            try:
                m.save(str(folder / ("model." + suffix)))
            except Exception as error:
                print("cannot save", name, suffix, str(error)[:120])


main()
