"""Makes tests/golden/keras_2/<release>-<model>.h5 and .npz: whole files of Keras 2 on TensorFlow 1 and 2.0, with what the release predicts.

Run it with the Python of each release: `python make_keras_2.py`. Where both are installed, Keras is taken before tf.keras. CuDNNLSTM and
CuDNNGRU need a GPU to run; what they give is what the release's own LSTM and GRU give with the weights that it converts for them.
"""

import os

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
CUDNN = tf.compat.v1.keras.layers if K is tf.keras else L
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keras_2")


def filled(model):
    random = np.random.RandomState(3)
    model.set_weights([np.abs(random.randint(-16, 17, w.shape)) / 32.0 for w in model.get_weights()])
    return model


def keep(name, model, inputs, expected=None):
    model.save(os.path.join(FOLDER, RELEASE + "-" + name + ".h5"), include_optimizer=False)
    expected = model.predict(inputs) if expected is None else expected
    expected = expected if isinstance(expected, list) else [expected]
    arrays = {"in_%d" % i: x for i, x in enumerate(inputs)}
    arrays.update(("out_%d" % i, y) for i, y in enumerate(expected))
    np.savez(os.path.join(FOLDER, RELEASE + "-" + name + ".npz"), **arrays)


def numbers(*shape):
    return (np.random.RandomState(7).randint(-32, 33, shape) / 32.0).astype("float32")


def upsampled():
    start = K.Input((3, 4, 2))
    y = L.UpSampling2D((2, 3), interpolation="bilinear")(start)
    keep("upsampled", K.Model(start, y), [numbers(2, 3, 4, 2)])


def nested():
    inner = K.Sequential([L.Dense(3, activation="hard_sigmoid", input_shape=(4,)), L.Dense(2)])
    late = K.Sequential([L.Dense(2, activation="tanh")])
    a, b = K.Input((4,)), K.Input((4,))
    both = L.Concatenate()([inner(a), inner(b)])
    keep("nested", filled(K.Model([a, b], [late(both), inner(b)])), [numbers(2, 4), numbers(2, 4) / 2])


def doubles():
    K.backend.set_floatx("float64")
    start = K.Input((3,))
    keep(
        "doubles",
        filled(K.Model(start, L.BatchNormalization()(L.Dense(2, activation="sigmoid")(start)))),
        [numbers(2, 3).astype("float64")],
    )
    K.backend.set_floatx("float32")


def cudnn(name):
    x = numbers(2, 4, 3)

    def model(layer):
        start = K.Input((4, 3))
        return K.Model(start, layer(start))

    fast = filled(model(getattr(CUDNN, "CuDNN" + name)(2, return_sequences=True)))
    more = {"reset_after": True} if name == "GRU" else {}
    plain = model(getattr(L, name)(2, return_sequences=True, recurrent_activation="sigmoid", **more))
    path = os.path.join(FOLDER, "weights.h5")
    fast.save_weights(path)
    plain.load_weights(path)
    os.remove(path)
    keep("cudnn_" + name.lower(), fast, [x], plain.predict(x))


if __name__ == "__main__":
    if not os.path.isdir(FOLDER):
        os.makedirs(FOLDER)
    upsampled()
    if hasattr(tf, "Session"):  # TensorFlow 1
        pruned = tf.ConfigProto(graph_options=tf.GraphOptions(place_pruned_graph=True))  # no CPU has kernels of cuDNN
        (K.backend if hasattr(K.backend, "set_session") else tf.compat.v1.keras.backend).set_session(tf.Session(config=pruned))
        nested()
        cudnn("LSTM")
        cudnn("GRU")
        if RELEASE != "keras-2.3.1":  # whose BatchNormalization of float64 TensorFlow 1.15 refuses
            doubles()
