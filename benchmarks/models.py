"""The models that are compared, built by the real Keras with random weights; imported by the TensorFlow worker only.

A row is a function that returns (model, samples): the samples are what `predict` is timed with.
"""

import keras
import numpy as np
from keras import layers


def mlp():
    model = keras.Sequential(
        [keras.Input((64,)), layers.Dense(256, "relu"), layers.BatchNormalization(), layers.Dense(64, "relu"), layers.Dense(1, "sigmoid")]
    )
    return model, samples(4096, 64)


def cnn():
    model = keras.Sequential([keras.Input((32, 32, 3))])
    for filters in (32, 64, 128):
        model.add(layers.Conv2D(filters, 3, padding="same", use_bias=False))
        model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
        model.add(layers.MaxPooling2D())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10, "softmax"))
    return model, samples(256, 32, 32, 3)


def mobilenet():
    return keras.applications.MobileNetV2(weights=None, input_shape=(128, 128, 3), classes=100), samples(64, 128, 128, 3)


def lstm():
    model = keras.Sequential([keras.Input((50, 16)), layers.LSTM(64, return_sequences=True), layers.LSTM(32), layers.Dense(4, "softmax")])
    return model, samples(256, 50, 16)


def attention():
    x = keras.Input((64, 64))
    y = layers.LayerNormalization()(x)
    y = layers.Add()([x, layers.MultiHeadAttention(4, 16)(y, y)])
    z = layers.Dense(256, "gelu")(layers.LayerNormalization()(y))
    z = layers.Add()([y, layers.Dense(64)(z)])
    return keras.Model(x, layers.Dense(5)(layers.GlobalAveragePooling1D()(z))), samples(256, 64, 64)


MODELS = {function.__name__: function for function in (mlp, cnn, mobilenet, lstm, attention)}


def samples(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def make(name, folder, form):
    """Build, save as `.keras`, `.h5` or SavedModel, and put the samples beside it; returns the path."""
    keras.utils.set_random_seed(1)
    model, data = MODELS[name]()
    path = folder / {"keras": f"{name}.keras", "h5": f"{name}.h5", "saved_model": name}[form]
    if form == "saved_model":
        model.export(str(path), verbose=False)
    else:
        model.save(str(path))
    np.save(path.with_suffix(".npy"), data)
    return str(path)
