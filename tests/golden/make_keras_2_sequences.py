"""Makes tests/golden/keras_2/<release>-<model>.h5 and .npz: masks, states and names in whole files of Keras 2 and TensorFlow 1.

Run it with the Python of a release, the source of another Keras on the path if wanted: `PYTHONPATH=Keras-2.0.2 python
make_keras_2_sequences.py [MODEL ...]`. Where both are installed, Keras is taken before tf.keras. The files of the repository are of Keras 2.0.2, 2.1.3 and
2.2.5, and of TensorFlow 1.4, 1.8, 1.10, 1.12, 1.13 and 1.14; a model that a release cannot make or save is left out.
"""

from __future__ import print_function

import os
import sys

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow")
import numpy as np
import tensorflow as tf

try:
    import keras as K

    RELEASE = "keras-" + K.__version__
except ImportError:
    K = tf.keras
    RELEASE = "tf.keras-" + tf.__version__
L = K.layers
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keras_2")
WORDS = np.array([[1, 2, 3, 0, 0], [0, 0, 4, 0, 2], [1, 2, 3, 4, 5]])


def keep(name, model, inputs):
    random = np.random.RandomState(3)
    model.set_weights([np.abs(random.randint(-16, 17, w.shape)) / 32.0 + (0.1 if w.ndim == 1 else 0) for w in model.get_weights()])
    expected = model.predict(inputs)
    path = os.path.join(FOLDER, RELEASE + "-" + name)
    K.models.save_model(model, path + ".h5")
    arrays = {"in_0": inputs}
    arrays.update(("out_%d" % i, y) for i, y in enumerate(expected if isinstance(expected, list) else [expected]))
    np.savez(path + ".npz", **arrays)


def numbers(*shape):
    return (np.random.RandomState(7).randint(-32, 33, shape) / 32.0).astype("float32")


def masked_directions():
    start = L.Input((5,))
    y = L.Embedding(6, 3, mask_zero=True)(start)
    around = [
        L.Bidirectional(L.LSTM(2, return_sequences=s), merge_mode=m)(y) for s, m in ((False, "concat"), (True, "concat"), (True, "sum"))
    ]
    keep("masked-directions", K.models.Model(start, around), WORDS)


def masked_steps():
    start = L.Input((3, 5))
    y = L.TimeDistributed(L.Embedding(6, 3, mask_zero=True))(start)
    keep("masked-steps", K.models.Model(start, L.TimeDistributed(L.LSTM(2))(y)), np.stack([WORDS, WORDS[::-1]]))


def stacked_states():
    start = L.Input((4, 3))
    cells = [L.LSTMCell(2), L.GRUCell(3), L.SimpleRNNCell(4)]
    keep("stacked-states", K.models.Model(start, L.RNN(cells, return_state=True)(start)), numbers(2, 4, 3))


def chains():
    parts = [K.models.Sequential([L.Dense(4, activation="relu", input_shape=(4,)), L.BatchNormalization()]) for _ in range(2)]
    keep("chains", K.models.Sequential([parts[1], parts[0], L.Dense(2)]), numbers(3, 4))


def fixed_phases():
    start = L.Input((3,))
    frozen, free, fixed = L.BatchNormalization(trainable=False), L.BatchNormalization(), L.BatchNormalization()
    keep("fixed-phases", K.models.Model(start, [frozen(start, training=True), free(start), fixed(start, training=False)]), numbers(5, 3))


def named_inside():
    first, second = L.Input((4,)), L.Input((4,))
    inner = K.models.Model(first, L.Dense(3)(L.Dense(4, activation="tanh")(first)))
    keep("named-inside", K.models.Model(second, inner(second)), numbers(3, 4))


def separable():
    start = L.Input((6, 7, 2))
    y = L.SeparableConv2D(4, 3, depth_multiplier=2, padding="same", activation="tanh")(start)
    keep("separable", K.models.Model(start, L.SeparableConv2D(3, (2, 3), strides=2, depth_multiplier=3)(y)), numbers(2, 6, 7, 2))


MODELS = {make.__name__: make for make in (masked_directions, masked_steps, stacked_states, chains, fixed_phases, named_inside, separable)}

if __name__ == "__main__":
    for make in [MODELS[name] for name in sys.argv[1:] or MODELS]:
        try:
            make()
        except Exception as error:
            print(make.__name__, type(error).__name__, str(error)[:100])
