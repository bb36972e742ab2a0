"""Makes tests/golden/third_party/<model>.h5, .keras and .npz: layers of tensorflow_addons 0.23 and keras_self_attention 0.51 in tf.keras 2.15.

Run it with a Python that has those: `python make_third_party.py`. keras_contrib is on no package index: its InstanceNormalization stands
here as it is in keras_contrib/layers/normalization/instancenormalization.py.
"""

import os
import shutil

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa
from keras_self_attention import SeqSelfAttention, SeqWeightedAttention

K, L, A = tf.keras.backend, tf.keras.layers, tfa.layers
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "third_party")


class InstanceNormalization(L.Layer):
    def __init__(self, axis=None, epsilon=1e-3, center=True, scale=True, beta_initializer="zeros", gamma_initializer="ones",
                 beta_regularizer=None, gamma_regularizer=None, beta_constraint=None, gamma_constraint=None, **kwargs):  # fmt: skip
        super().__init__(**kwargs)
        self.axis, self.epsilon, self.center, self.scale = axis, epsilon, center, scale
        self.rest = {
            "beta_initializer": beta_initializer, "gamma_initializer": gamma_initializer, "beta_regularizer": beta_regularizer,
            "gamma_regularizer": gamma_regularizer, "beta_constraint": beta_constraint, "gamma_constraint": gamma_constraint,
        }  # fmt: skip

    def build(self, input_shape):
        shape = (1,) if self.axis is None else (input_shape[self.axis],)
        self.gamma = self.add_weight(shape=shape, name="gamma") if self.scale else None
        self.beta = self.add_weight(shape=shape, name="beta") if self.center else None

    def call(self, inputs):
        input_shape = K.int_shape(inputs)
        axes = list(range(len(input_shape)))
        if self.axis is not None:
            del axes[self.axis]
        del axes[0]
        mean = K.mean(inputs, axes, keepdims=True)
        stddev = K.std(inputs, axes, keepdims=True) + self.epsilon
        normed = (inputs - mean) / stddev
        broadcast_shape = [1] * len(input_shape)
        if self.axis is not None:
            broadcast_shape[self.axis] = input_shape[self.axis]
        if self.scale:
            normed = normed * K.reshape(self.gamma, broadcast_shape)
        if self.center:
            normed = normed + K.reshape(self.beta, broadcast_shape)
        return normed

    def get_config(self):
        own = {"axis": self.axis, "epsilon": self.epsilon, "center": self.center, "scale": self.scale}
        return {**super().get_config(), **own, **self.rest}


def numbers(*shape):
    return (np.random.RandomState(7).randint(-32, 33, shape) / 32.0).astype("float32")


def keep(name, model, x, kinds=("h5", "keras")):
    random = np.random.RandomState(3)
    for weight in model.weights:
        if weight.dtype == tf.bool:
            weight.assign(True)
        else:
            weight.assign(random.randint(-16, 17, weight.shape) / 24.0)
    expected = model.predict(x, verbose=0)
    for kind in kinds:
        model.save(os.path.join(FOLDER, f"{name}.{kind}"))
    outputs = expected if isinstance(expected, list) else [expected]
    np.savez(os.path.join(FOLDER, f"{name}.npz"), input=x, **{f"out_{i}": y for i, y in enumerate(outputs)})


def chain(name, shape, *layers, **options):
    start = L.Input(shape)
    y = start
    for layer in layers:
        y = layer(y)
    keep(name, tf.keras.Model(start, y), numbers(3, *shape), **options)


def weight_normalized(name, shape, layer, data_init):
    chain(name, shape, A.WeightNormalization(layer, data_init=data_init), kinds=("h5",))


shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
chain("normal", (4, 5, 6), A.GroupNormalization(3), A.InstanceNormalization(), A.FilterResponseNormalization(learned_epsilon=True))
chain("normal_first", (6, 4, 5), A.GroupNormalization(2, axis=1, scale=False), A.InstanceNormalization(axis=1, center=False))
chain("pools", (6, 8, 2), A.AdaptiveAveragePooling2D((3, 4)), A.AdaptiveMaxPooling2D((3, 2)))
chain("pools_1d", (6, 2), A.AdaptiveMaxPooling1D(3), A.Maxout(1, axis=1))
chain(
    "dense",
    (5,),
    A.NoisyDense(6, activation="tanh"),
    A.Maxout(3),
    A.TLU(affine=True),
    A.Snake(),
    A.GELU(),
    A.Sparsemax(),
    A.PoincareNormalize(),
)
chain("spectral", (4, 4, 2), A.SpectralNormalization(L.Conv2D(3, 2, activation="relu")), L.Flatten(), A.SpectralNormalization(L.Dense(2)))
weight_normalized("weight_dense", (5,), L.Dense(3, activation="relu"), True)
weight_normalized("weight_conv", (4, 4, 2), L.Conv2D(3, 2), False)
chain("activations", (5,), *[part for name in ("mish", "softshrink", "hardshrink", "tanhshrink", "sparsemax") for part in (
    L.Dense(5), L.Activation(getattr(tfa.activations, name)))])  # fmt: skip
both = L.Input((4,))
keep("depth", tf.keras.Model(both, A.StochasticDepth(0.7)([both, L.Dense(4)(both)])), numbers(2, 4))
chain(
    "contrib", (4, 5, 3), InstanceNormalization(axis=-1), InstanceNormalization(), InstanceNormalization(axis=1, scale=False), kinds=("h5",)
)
ids = np.array([[1, 2, 3, 0, 0], [4, 1, 2, 3, 5]], "int32")
for name, options in {
    "additive": {}, "multiplicative": {"attention_type": "multiplicative"}, "local": {"attention_width": 3, "attention_activation": "sigmoid"},
    "history": {"history_only": True, "attention_width": 2, "use_attention_bias": False},
}.items():  # fmt: skip
    start = L.Input((5,), dtype="int32")
    y = SeqSelfAttention(units=3, **options)(L.Embedding(6, 4, mask_zero=True)(start))
    keep(f"attention_{name}", tf.keras.Model(start, [y, SeqWeightedAttention()(y)]), ids, kinds=("h5",))
