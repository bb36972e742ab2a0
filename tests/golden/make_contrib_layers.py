"""Makes tests/golden/contrib_layers/<model>.h5 and .npz: further layers of keras_contrib, and of code that people copy, in tf.keras 2.8.

Run it with a Python that has TensorFlow 2.8: `python make_contrib_layers.py`. None of them is on a package index: what they compute stands
here as in keras_contrib/layers (MIT), coord.py of github.com/titu1994/keras-coordconv (MIT), keras_layer_L2Normalization.py of
github.com/pierluigiferrari/ssd_keras (Apache 2), custom_layers.py of github.com/flyyufelix/DenseNet-Keras, keras_resnet/layers of
keras-resnet 0.2 (MIT) and model.py of efficientnet 1.1 (Apache 2).
"""

import os
import shutil

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
import numpy as np
import tensorflow as tf

K, L = tf.keras.backend, tf.keras.layers
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "contrib_layers")


class Own(L.Layer):
    """A layer whose options are attributes; of weights only the words of training are written."""

    options, weights_of = {}, ""

    def __init__(self, **kwargs):
        own = {name: kwargs.pop(name, value) for name, value in self.options.items()}
        super().__init__(**kwargs)
        self.__dict__.update(own)

    def get_config(self):
        rest = {f"{name}_{kind}": None for name in self.weights_of.split() for kind in ("initializer", "regularizer", "constraint")}
        return {**super().get_config(), **{name: getattr(self, name) for name in self.options}, **rest}


class Elementwise(Own):
    options = {"shared_axes": None}

    def build(self, shape):
        size = [1 if axis in (self.shared_axes or ()) else length for axis, length in enumerate(shape)][1:]
        for name in self.names.split():
            setattr(self, name, self.add_weight(shape=size, name=name))


class PELU(Elementwise):
    names = weights_of = "alpha beta"

    def call(self, x):
        return self.alpha * (K.exp((-K.relu(-x)) / self.beta) - 1) + K.relu(x) * self.alpha / self.beta


class SReLU(Elementwise):
    names = "t_left a_left t_right a_right"
    options = {"shared_axes": None, **{f"{name}_initializer": "zeros" for name in names.split()}}

    def call(self, x):
        top = self.t_left + K.abs(self.t_right)
        middle = self.t_left + K.clip(x - self.t_left, 0, top - self.t_left) - self.a_left * K.relu(self.t_left - x)
        return middle + K.relu(x - top) * self.a_right


class SineReLU(Own):
    options = {"epsilon": 0.0025}

    def call(self, x):
        return K.maximum(self.epsilon * (K.sin(x) - K.cos(x)), x)


class Swish(Own):
    options = {"beta": 1.0}

    def build(self, shape):
        if self.trainable:
            self.scaling_factor = self.add_weight(shape=(), name="scaling_factor")
        else:
            self.scaling_factor = self.beta

    def call(self, x):
        return x * K.sigmoid(self.scaling_factor * x)


class Cosine(Own):
    weights_of = "kernel"

    def build(self, shape):
        self.W = self.add_weight(shape=self.size(shape[-1]), name=f"{self.name}_W")
        if type(self) is CosineConvolution2D:
            self.kernel_norm = K.variable(np.ones((*self.kernel_size, shape[-1], 1)), name=f"{self.name}_kernel_norm")
        self.b = self.add_weight(shape=(self.W.shape[-1],), name=f"{self.name}_b") if self.use_bias else None

    def call(self, x):
        b, xb = (self.b, 1.0) if self.use_bias else (0.0, 0.0)
        norms = K.sqrt(K.sum(K.square(self.W), axis=list(range(len(self.W.shape) - 1))) + K.square(b) + K.epsilon())
        lengths = K.sqrt(self.squares(x) + xb + K.epsilon())
        y = self.product(x, self.W / norms) / lengths + (b / norms / lengths if self.use_bias else 0.0)
        return tf.keras.activations.get(self.activation)(y)

    def get_config(self):
        rest = {"activity_regularizer": None, "bias_regularizer": None, "bias_constraint": None}
        return {**super().get_config(), **rest}


class CosineDense(Cosine):
    options = {"units": 1, "activation": "linear", "use_bias": True}

    def size(self, n):
        return n, self.units

    def squares(self, x):
        return K.sum(K.square(x), axis=-1, keepdims=True)

    def product(self, x, kernel):
        return K.dot(x, kernel)


class CosineConvolution2D(Cosine):
    options = {"filters": 1, "kernel_size": 1, "activation": "linear", "padding": "valid", "strides": (1, 1), "data_format": "channels_last", "use_bias": True}  # fmt: skip

    def size(self, n):
        return *self.kernel_size, n, self.filters

    def squares(self, x):
        return K.conv2d(K.square(x), self.kernel_norm, strides=self.strides, padding=self.padding)

    def product(self, x, kernel):
        return K.conv2d(x, kernel, strides=self.strides, padding=self.padding)


class Channels(Own):
    options = {"data_format": "channels_last"}

    def call(self, x):
        lengths = x.shape[1:-1]
        grids = tf.meshgrid(*[tf.range(n, dtype="float32") / (n - 1) * 2 - 1.0 for n in lengths], indexing="ij")
        if getattr(self, "use_radius", False):
            grids.append(K.sqrt(K.square(grids[0] - 0.5) + K.square(grids[1] - 0.5)))
        shape = [tf.shape(x)[0], *lengths, 1]
        return K.concatenate([x, *[tf.broadcast_to(grid[None, ..., None], shape) for grid in grids]], axis=-1)


class CoordinateChannel1D(Channels):
    pass


class CoordinateChannel2D(Channels):
    options = {"use_radius": False, "data_format": "channels_last"}


class CoordinateChannel3D(Channels):
    pass


class L2Normalization(Own):
    options = {"gamma_init": 20}

    def build(self, shape):
        self.gamma = K.variable(self.gamma_init * np.ones((shape[3],)), name=f"{self.name}_gamma")

    def call(self, x):
        return K.l2_normalize(x, 3) * self.gamma


class Scale(Own):
    options = {"momentum": 0.9, "axis": -1}

    def build(self, shape):
        self.gamma = K.variable(np.ones((shape[self.axis],)), name=f"{self.name}_gamma")
        self.beta = K.variable(np.zeros((shape[self.axis],)), name=f"{self.name}_beta")

    def call(self, x):
        shape = [1] * len(x.shape)
        shape[self.axis] = x.shape[self.axis]
        return K.reshape(self.gamma, shape) * x + K.reshape(self.beta, shape)


class FixedDropout(L.Dropout):
    pass


class BatchNormalization(L.BatchNormalization):
    def __init__(self, freeze, **kwargs):
        super().__init__(**kwargs)
        self.freeze, self.trainable = freeze, not freeze

    def call(self, x):
        return super().call(x, training=False if self.freeze else None)

    def get_config(self):
        return {**super().get_config(), "freeze": self.freeze}


def numbers(*shape):
    return (np.random.RandomState(7).randint(-32, 33, shape) / 32.0).astype("float32")


def chain(name, shape, *layers):
    start = L.Input(shape)
    y = start
    for layer in layers:
        y = layer(y)
    model, random, x = tf.keras.Model(start, y), np.random.RandomState(3), numbers(3, *shape)
    for weight in [weight for weight in model.weights if "kernel_norm" not in weight.name]:
        low = 1 if "variance" in weight.name or "PELU" in name and "beta" in weight.name else -16
        weight.assign(random.randint(low, 17, weight.shape) / 24.0)
    model.save(os.path.join(FOLDER, f"{name}.h5"))
    np.savez(os.path.join(FOLDER, f"{name}.npz"), input=x, out_0=model.predict(x))


shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
chain("activations_PELU", (4, 6), PELU(), PELU(shared_axes=[1]), SReLU(), SReLU(shared_axes=[1, 2]), SineReLU(epsilon=0.5))
chain("swish", (6,), SineReLU(), Swish(beta=0.5, trainable=False), Swish(trainable=True))
chain("cosine_dense", (5,), CosineDense(units=4, activation="tanh"), CosineDense(units=3, use_bias=False))
planes = [
    CosineConvolution2D(filters=4, kernel_size=(3, 2), padding="same", strides=(2, 1), activation="relu"),
    CosineConvolution2D(filters=3, kernel_size=(2, 2), use_bias=False),
]
chain("cosine_convolution", (7, 6, 3), *planes)
chain("coordinates_1d", (5, 2), CoordinateChannel1D())
chain("coordinates_2d", (4, 5, 2), CoordinateChannel2D(), CoordinateChannel2D(use_radius=True))
chain("coordinates_3d", (3, 4, 5, 2), CoordinateChannel3D())
chain(
    "images", (4, 5, 3), L2Normalization(), Scale(), Scale(axis=1), FixedDropout(0.5, noise_shape=(None, 1, 1, 1)), BatchNormalization(True)
)
