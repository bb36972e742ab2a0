"""Makes tests/golden/budget: small models whose optimised graphs are counted (tests/runtime/test_budget.py).

Run it with Keras 3.15.1: `python make_budget.py [FOLDER]`.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers


def block(x, filters, stride=1, activation="relu", size=3):
    x = layers.Conv2D(filters, size, stride, padding="same", use_bias=False)(x)
    return layers.Activation(activation)(layers.BatchNormalization()(x))


def resnet():
    """Padding, max pooling and residual sums, as ResNet50 has them."""
    image = keras.Input((32, 32, 3))
    x = layers.ZeroPadding2D(3)(image)
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(16, 7, 2)(x)))
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    for _ in range(2):
        y = layers.BatchNormalization()(layers.Conv2D(16, 3, padding="same")(block(x, 16)))
        x = layers.ReLU()(layers.Add()([x, y]))
    return keras.Model(image, layers.Dense(5, "softmax")(layers.GlobalAveragePooling2D()(x)))


def mobile():
    """Inverted residuals with depthwise convolutions and ReLU6."""
    image = keras.Input((32, 32, 3))
    x = block(image, 16, 2, "relu6")
    for _ in range(2):
        y = block(x, 32, 1, "relu6", 1)
        y = layers.Activation("relu6")(layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same", use_bias=False)(y)))
        x = layers.Add()([x, layers.BatchNormalization()(layers.Conv2D(16, 1, use_bias=False)(y))])
    return keras.Model(image, layers.Dense(5, "softmax")(layers.GlobalAveragePooling2D()(x)))


def efficient():
    """Rescaling, normalisation, swish, squeeze and excitation, as EfficientNet has them."""
    image = keras.Input((32, 32, 3))
    x = layers.Normalization(mean=[0.4, 0.5, 0.5], variance=[0.05, 0.05, 0.05])(layers.Rescaling(1 / 255)(image))
    x = layers.Conv2D(16, 3, 2, use_bias=False)(layers.ZeroPadding2D(((0, 1), (0, 1)))(x))
    x = layers.Activation("swish")(layers.BatchNormalization()(x))
    for _ in range(2):
        y = block(x, 32, 1, "swish", 1)
        y = layers.Activation("swish")(layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same", use_bias=False)(y)))
        s = layers.Reshape((1, 1, 32))(layers.GlobalAveragePooling2D()(y))
        s = layers.Conv2D(32, 1, activation="sigmoid")(layers.Conv2D(8, 1, activation="swish")(s))
        y = layers.BatchNormalization()(layers.Conv2D(16, 1, use_bias=False)(layers.Multiply()([y, s])))
        x = layers.Add()([x, y])
    return keras.Model(image, layers.Dense(5, "softmax")(layers.GlobalAveragePooling2D()(x)))


def unet():
    image = keras.Input((32, 32, 3))
    one = block(image, 16)
    two = block(layers.MaxPooling2D()(one), 32)
    up = layers.Conv2DTranspose(16, 2, 2, padding="same")(two)
    x = block(layers.Concatenate()([up, one]), 16)
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(x))


def conv1d():
    model = keras.Sequential([keras.Input((64, 4))])
    for filters in (16, 16):
        for layer in (layers.Conv1D(filters, 5, padding="same"), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling1D()):
            model.add(layer)
    model.add(layers.GlobalAveragePooling1D())
    model.add(layers.Dense(5, "softmax"))
    return model


def textcnn():
    words = keras.Input((32,), dtype="int32")
    x = layers.Embedding(50, 16)(words)
    ends = [layers.GlobalMaxPooling1D()(layers.Conv1D(16, size, activation="relu")(x)) for size in (3, 4, 5)]
    return keras.Model(words, layers.Dense(5, "softmax")(layers.Concatenate()(ends)))


def transformer():
    words = keras.Input((16,), dtype="int32")
    x = layers.Embedding(50, 16)(words)
    for _ in range(2):
        x = layers.LayerNormalization()(layers.Add()([x, layers.MultiHeadAttention(2, 8)(x, x)]))
        x = layers.LayerNormalization()(layers.Add()([x, layers.Dense(16)(layers.Dense(32, "gelu")(x))]))
    return keras.Model(words, layers.Dense(5, "softmax")(layers.GlobalAveragePooling1D()(x)))


def lstm():
    return keras.Sequential([keras.Input((10, 8)), layers.LSTM(8, return_sequences=True), layers.LSTM(8), layers.Dense(3, "softmax")])


def gru():
    return keras.Sequential([keras.Input((10, 8)), layers.GRU(8), layers.Dense(3, "softmax")])


def bigru():
    both = layers.Bidirectional(layers.GRU(8, return_sequences=True)), layers.Bidirectional(layers.GRU(8))
    return keras.Sequential([keras.Input((10, 8)), *both, layers.Dense(3, "softmax")])


def mlp():
    return keras.Sequential([keras.Input((30,)), layers.Dense(16, "relu"), layers.BatchNormalization(), layers.Dense(1, "sigmoid")])


MODELS = (resnet, mobile, efficient, unet, conv1d, textcnn, transformer, lstm, gru, bigru, mlp)


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "budget")
    folder.mkdir(exist_ok=True)
    for function in MODELS:
        keras.backend.clear_session()
        keras.utils.set_random_seed(1)
        model, random = function(), np.random.default_rng(2)
        for weight in model.weights:
            if weight.path.endswith(("gamma", "moving_variance")):
                weight.assign(random.uniform(0.8, 1.2, weight.shape))
            elif weight.path.endswith(("beta", "moving_mean")):
                weight.assign(random.normal(0, 0.1, weight.shape))
        model.save(folder / f"{function.__name__}.keras")


if __name__ == "__main__":
    main()
