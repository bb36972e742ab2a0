"""The models that are compared, built by the real Keras with random weights; imported by TensorFlow's process only.

A row is a function that returns a model. Statistics of batch normalisation, scales and biases are random too, so that whatever is
folded wrongly shows in the numbers. What they are fed is random in the range that they are made for.
"""

import inspect
import shutil

import keras
import numpy as np
from keras import layers

WORDS = 5000  # of the vocabularies
SAMPLES = 256


def mlp():
    """Fraud scores for 30 columns of a transaction."""
    hidden = [layers.Dense(256, "relu"), layers.BatchNormalization(), layers.Dense(64, "relu"), layers.Dropout(0.2)]
    return keras.Sequential([keras.Input((30,)), *hidden, layers.Dense(1, "sigmoid")])


def lstm():
    return keras.Sequential([keras.Input((50, 32)), layers.LSTM(64, return_sequences=True), layers.LSTM(64), layers.Dense(10, "softmax")])


def gru():
    return keras.Sequential([keras.Input((50, 32)), layers.GRU(64), layers.Dense(10, "softmax")])


def bigru():
    both = layers.Bidirectional(layers.GRU(48, return_sequences=True)), layers.Bidirectional(layers.GRU(48))
    return keras.Sequential([keras.Input((50, 32)), *both, layers.Dense(10, "softmax")])


def conv1d():
    model = keras.Sequential([keras.Input((256, 8))])
    for filters in (32, 64, 64):
        for layer in (layers.Conv1D(filters, 5, padding="same"), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling1D()):
            model.add(layer)
    model.add(layers.GlobalAveragePooling1D())
    model.add(layers.Dense(5, "softmax"))
    return model


def textcnn():
    words = keras.Input((128,), dtype="int32")
    x = layers.Embedding(WORDS, 64)(words)
    ends = [layers.GlobalMaxPooling1D()(layers.Conv1D(64, size, activation="relu")(x)) for size in (3, 4, 5)]
    return keras.Model(words, layers.Dense(5, "softmax")(layers.Concatenate()(ends)))


def transformer():
    words = keras.Input((64,), dtype="int32")
    x = layers.Embedding(WORDS, 128)(words)
    for _ in range(4):
        x = layers.LayerNormalization()(layers.Add()([x, layers.MultiHeadAttention(4, 32)(x, x)]))
        x = layers.LayerNormalization()(layers.Add()([x, layers.Dense(128)(layers.Dense(512, "gelu")(x))]))
    return keras.Model(words, layers.Dense(5, "softmax")(layers.GlobalAveragePooling1D()(x)))


def mobilenetv2():
    return keras.applications.MobileNetV2(weights=None)


def efficientnetb0():
    return keras.applications.EfficientNetB0(weights=None)


def resnet50():
    return keras.applications.ResNet50(weights=None)


def unet():
    image = keras.Input((128, 128, 3))

    def block(x, filters):
        for _ in range(2):
            x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)))
        return x

    x, kept = image, []
    for filters in (16, 32, 64):
        x = block(x, filters)
        kept.append(x)
        x = layers.MaxPooling2D()(x)
    x = block(x, 128)
    for filters, other in zip((64, 32, 16), reversed(kept), strict=True):
        x = layers.Conv2DTranspose(filters, 2, strides=2, padding="same")(x)
        x = block(layers.Concatenate()([x, other]), filters)
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(x))


def vgg16():
    """553 MB."""
    return keras.applications.VGG16(weights=None)


FUNCTIONS = (mlp, lstm, gru, bigru, conv1d, textcnn, transformer, mobilenetv2, efficientnetb0, resnet50, unet, vgg16)
MODELS = {function.__name__: function for function in FUNCTIONS}


def make(name, folder):
    """Build the model and save it as model.h5, model.keras and the SavedModel saved_model, with x.npy and one.npy; a made one is kept."""
    stamp, made = folder / "made.txt", f"Keras {keras.__version__}\n{inspect.getsource(MODELS[name])}"
    if stamp.exists() and stamp.read_text() == made:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    keras.utils.set_random_seed(1)
    model = MODELS[name]()
    _randomise(model)
    model.save(folder / "model.h5")
    model.save(folder / "model.keras")
    model.export(folder / "saved_model", verbose=False)
    np.save(folder / "x.npy", samples(model, SAMPLES))
    np.save(folder / "one.npy", samples(model, 1))
    stamp.write_text(made)


def samples(model, count):
    """Random inputs: words, or numbers around 0; of images too, whose models have no layer that expects 0 to 255 but EfficientNet's."""
    rng = np.random.default_rng(0)
    shape = (count, *model.input_shape[1:])
    if "int" in model.inputs[0].dtype:
        return rng.integers(0, WORDS, shape, "int32")
    scale = 64.0 if any(isinstance(layer, layers.Rescaling) for layer in model.layers) else 1.0
    return rng.normal(scale=scale, size=shape).astype("float32")


def _randomise(model):
    rng = np.random.default_rng(2)
    for weight in model.weights:
        kind = weight.path.rpartition("/")[2]
        if kind in ("gamma", "moving_variance"):
            weight.assign(rng.uniform(0.8, 1.2, weight.shape))
        elif kind in ("beta", "moving_mean", "bias"):
            weight.assign(rng.normal(0, 0.05, weight.shape))
