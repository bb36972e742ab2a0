"""Makes tests/golden/apart/<release>/: architectures, weights in every file kind that the release writes, and what it predicts.

Run it with the Python of each release: `python make_apart.py`. Where both are installed, Keras is taken before tf.keras.
"""

import os
import shutil

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow")
import numpy as np
import tensorflow as tf

try:
    import keras as K

    RELEASE = "keras-" + K.__version__
except ImportError:
    K = tf.keras
    RELEASE = "tf.keras-" + tf.__version__
if (2, 4) <= tuple(map(int, K.__version__.split(".")[:2])) < (3,):
    K, RELEASE = tf.keras, "tf.keras-" + tf.__version__
VERSION = getattr(K, "__version__", tf.__version__).split("-")[0]
L = K.layers
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "apart", RELEASE)


def model():
    start = K.Input((6, 3), name="start")
    y = L.Bidirectional(L.GRU(2, return_sequences=True, activation="tanh", recurrent_activation="sigmoid"), name="both")(start)
    y = L.TimeDistributed(L.Dense(4, activation="relu"), name="each")(y)
    y = L.BatchNormalization(name="norm")(y)
    inner = K.Sequential([L.Flatten(input_shape=(6, 4)), L.Dense(3, name="first"), L.Dense(3, name="second")], name="inside")
    y = inner(y)
    return K.Model(start, L.Dense(2, activation="softmax", name="last")(y), name="apart")


def chain():
    return K.Sequential([L.Dense(3, input_shape=(4,), activation="tanh"), L.Dense(3), L.Dense(2)], name="chain")


def filled(made):
    random = np.random.RandomState(3)
    made.set_weights([np.abs(random.randint(-16, 17, w.shape)) / 32.0 for w in made.get_weights()])
    return made


def keep(name, made, x):
    """The architecture, and the weights of a second model: its layers have other numbers in their names."""
    place = os.path.join(FOLDER, name)
    os.makedirs(place)

    def at(file):
        return os.path.join(place, file)

    with open(at("model.json"), "w") as file:
        file.write(made.to_json())
    if hasattr(made, "to_yaml"):
        try:
            text = made.to_yaml()
            with open(at("model.yaml"), "w") as file:
                file.write(text)
        except (RuntimeError, AttributeError):
            pass  # removed in TensorFlow 2.6
    made = filled(chain() if name == "chain" else made)
    np.savez(at("data.npz"), input=x, output=made.predict(x))
    np.savez(at("list.npz"), *made.get_weights())
    if VERSION < "3":
        made.save_weights(at("weights.h5"))
    if tuple(map(int, VERSION.split(".")[:2])) >= (2, 12):
        made.save_weights(at("model.weights.h5"))
    if VERSION >= "3":
        made.save_weights(at("sharded.weights.json"), max_shard_size=1e-6)
    elif RELEASE.startswith("tf."):
        os.makedirs(at("checkpoint"))
        made.save_weights(at("checkpoint/weights"), save_format="tf")
        with open(at("checkpoint/checkpoint"), "w") as file:  # some releases name the folder of that day
            file.write('model_checkpoint_path: "weights"\nall_model_checkpoint_paths: "weights"\n')


shutil.rmtree(FOLDER, ignore_errors=True)
numbers = np.random.RandomState(7)
keep("model", model(), (numbers.randint(-32, 33, (2, 6, 3)) / 32.0).astype("float32"))
keep("chain", chain(), (numbers.randint(-32, 33, (2, 4)) / 32.0).astype("float32"))
