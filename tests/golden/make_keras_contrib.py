"""Makes tests/golden/keras_contrib/<model>.h5 and .npz: layers of keras_contrib in tf.keras 2.8.

Run it with a Python that has TensorFlow 2.8: `python make_keras_contrib.py`. keras_contrib is on no package index: what its
InstanceNormalization, GroupNormalization, SubPixelUpscaling and CRF compute stands here as in keras_contrib/layers/normalization,
convolutional/subpixelupscaling.py and crf.py.
"""

import os
import shutil

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
import numpy as np
import tensorflow as tf

K, L = tf.keras.backend, tf.keras.layers
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keras_contrib")


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


class GroupNormalization(InstanceNormalization):
    def __init__(self, groups=32, axis=-1, **kwargs):
        super().__init__(axis=axis, **kwargs)
        self.groups = groups

    def call(self, inputs):
        sizes, axis = K.int_shape(inputs), self.axis
        split = list(sizes)
        split[axis] = sizes[axis] // self.groups
        split.insert(1, self.groups)
        weight = [1] * len(sizes)
        weight[axis] = sizes[axis] // self.groups
        weight.insert(1, self.groups)
        x = K.reshape(inputs, [-1, *split[1:]])
        mean, variance = tf.nn.moments(x, list(range(2, len(split))), keepdims=True)
        x = (x - mean) / K.sqrt(variance + self.epsilon)
        x = x * K.reshape(self.gamma, weight) if self.scale else x
        x = x + K.reshape(self.beta, weight) if self.center else x
        return K.reshape(x, [-1, *sizes[1:]])

    def get_config(self):
        return {**super().get_config(), "groups": self.groups}


class SubPixelUpscaling(L.Layer):
    def __init__(self, scale_factor=2, data_format="channels_last", **kwargs):
        super().__init__(**kwargs)
        self.scale_factor, self.data_format = scale_factor, data_format

    def call(self, x):
        return tf.nn.depth_to_space(x, self.scale_factor)

    def get_config(self):
        return {**super().get_config(), "scale_factor": self.scale_factor, "data_format": self.data_format}


class CRF(L.Layer):
    def __init__(self, units, learn_mode="join", test_mode=None, use_boundary=True, use_bias=True, activation="linear", **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.units, self.learn_mode, self.activation = units, learn_mode, tf.keras.activations.get(activation)
        self.test_mode = test_mode or ("viterbi" if learn_mode == "join" else "marginal")
        self.use_boundary, self.use_bias = use_boundary, use_bias

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], self.units), name="kernel")
        self.chain_kernel = self.add_weight(shape=(self.units, self.units), name="chain_kernel")
        self.bias = self.add_weight(shape=(self.units,), name="bias") if self.use_bias else 0
        if self.use_boundary:
            self.left_boundary = self.add_weight(shape=(self.units,), name="left_boundary")
            self.right_boundary = self.add_weight(shape=(self.units,), name="right_boundary")

    def call(self, x, mask=None):
        energy = self.activation(K.dot(x, self.kernel) + self.bias)
        if self.use_boundary:
            energy = self.add_boundary_energy(energy, mask)
        if self.test_mode == "viterbi":
            return self.viterbi(energy, mask)
        alpha, beta = self.recursion(energy, mask), self.recursion(energy, mask, go_backwards=True)
        if mask is not None:
            energy = energy * K.expand_dims(K.cast(mask, K.floatx()))
        margin = -(self.shift_right(alpha) + energy + self.shift_left(beta))
        powers = K.exp(margin - K.max(margin, axis=-1, keepdims=True))
        return powers / K.sum(powers, axis=-1, keepdims=True)

    @staticmethod
    def shift_left(x):
        return K.concatenate([x[:, 1:], K.zeros_like(x[:, :1])], axis=1)

    @staticmethod
    def shift_right(x):
        return K.concatenate([K.zeros_like(x[:, :1]), x[:, :-1]], axis=1)

    def add_boundary_energy(self, energy, mask):
        start, end = (K.expand_dims(K.expand_dims(edge, 0), 0) for edge in (self.left_boundary, self.right_boundary))
        if mask is None:
            energy = K.concatenate([energy[:, :1, :] + start, energy[:, 1:, :]], axis=1)
            return K.concatenate([energy[:, :-1, :], energy[:, -1:, :] + end], axis=1)
        mask = K.expand_dims(K.cast(mask, K.floatx()))
        energy = energy + K.cast(K.greater(mask, self.shift_right(mask)), K.floatx()) * start
        return energy + K.cast(K.greater(self.shift_left(mask), mask), K.floatx()) * end

    def recursion(self, energy, mask, go_backwards=False, sums=True):
        previous = K.zeros_like(energy[:, 0, :])
        if go_backwards:
            energy = K.reverse(energy, 1)
            mask = None if mask is None else K.reverse(mask, 1)
        constants = [K.expand_dims(self.chain_kernel, 0)]
        if mask is not None:
            constants.append(K.cast(K.concatenate([mask, K.zeros_like(mask[:, :1])], axis=1), K.floatx()))

        def step(now, states):
            before, i, chain = states[:3]
            if len(states) > 3:
                m = tf.slice(states[3], [0, K.cast(i[0, 0], "int32")], [-1, 2])
                now = now * K.expand_dims(m[:, 0])
                chain = chain * K.expand_dims(K.expand_dims(m[:, 0] * m[:, 1]))
            if sums:
                after = tf.reduce_logsumexp(-(chain + K.expand_dims(now - before, 2)), 1)
                return after, [after, i + 1]
            total = chain + K.expand_dims(now + before, 2)
            return K.cast(K.argmin(total, 1), K.floatx()), [K.min(total, 1), i + 1]

        _, found, _ = K.rnn(step, energy, [previous, K.zeros_like(previous[:, :1])], constants=constants, input_length=energy.shape[1])
        return K.reverse(found, 1) if go_backwards and sums else found

    def viterbi(self, energy, mask):
        tables = K.reverse(K.cast(self.recursion(energy, mask, sums=False), "int32"), 1)

        def find(table, best):
            rows = K.transpose(K.stack([tf.range(K.shape(table)[0]), best[0][:, 0]]))
            found = K.expand_dims(tf.gather_nd(table, rows))
            return found, [found]

        _, paths, _ = K.rnn(find, tables, [K.expand_dims(tables[:, 0, 0])], input_length=energy.shape[1])
        return K.one_hot(K.squeeze(K.reverse(paths, 1), 2), self.units)

    def compute_mask(self, inputs, mask=None):
        return K.any(mask, axis=1) if mask is not None and self.learn_mode == "join" else mask

    def get_config(self):
        names = [
            f"{weight}_{kind}"
            for weight in ("kernel", "chain", "boundary", "bias")
            for kind in ("initializer", "regularizer", "constraint")
        ]
        own = {name: getattr(self, name) for name in ("units", "learn_mode", "test_mode", "use_boundary", "use_bias")}
        rest = {"sparse_target": False, "activation": tf.keras.activations.serialize(self.activation), "input_dim": None, "unroll": False}
        return {**super().get_config(), **dict.fromkeys(names), **own, **rest}


def numbers(*shape):
    return (np.random.RandomState(7).randint(-32, 33, shape) / 32.0).astype("float32")


def keep(name, model, x, kinds=("h5",)):
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
    inputs = x if isinstance(x, list) else [x]
    arrays = {"input": inputs[0]} if len(inputs) == 1 else {f"input_{i}": array for i, array in enumerate(inputs)}
    np.savez(os.path.join(FOLDER, f"{name}.npz"), **arrays, **{f"out_{i}": y for i, y in enumerate(outputs)})


def chain(name, shape, *layers, **options):
    start = L.Input(shape)
    y = start
    for layer in layers:
        y = layer(y)
    keep(name, tf.keras.Model(start, y), numbers(3, *shape), **options)


def tagged(name, layer, masked):
    start = L.Input((6,), dtype="int32")
    y = layer(L.Embedding(9, 4, mask_zero=masked)(start))
    random = np.random.RandomState(11)
    words = random.randint(1, 9, (5, 6)).astype("int32")
    for row, length in enumerate(random.randint(1, 7, 5) if masked else ()):
        words[row, length:] = 0
    keep(name, tf.keras.Model(start, y), words)


shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
chain("instances", (4, 5, 3), InstanceNormalization(axis=-1), InstanceNormalization(), InstanceNormalization(axis=1, scale=False))
groups = [GroupNormalization(2, axis=axis, scale=axis != 2) for axis in (-1, 1, 2)]
chain("groups", (4, 6, 8), *groups, SubPixelUpscaling(2))
for mask in ("", "_masked"):
    tagged(f"crf{mask}", CRF(3), bool(mask))
    tagged(f"crf_marginal{mask}", CRF(4, "marginal", use_bias=False, activation="tanh"), bool(mask))
    tagged(f"crf_plain{mask}", CRF(4, use_boundary=False, test_mode="marginal"), bool(mask))
