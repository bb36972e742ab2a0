"""Makes tests/golden/graph_names/<release>/: an architecture, checkpoints that hold its variables by name, and what it predicts.

Run it with the Python of TensorFlow 1: `python make_graph_names.py`. Where both are installed, Keras is taken before tf.keras.
`names` and `old` are of the model itself after a step of training, in both formats; `second` is of a second model of the same graph,
whose layers have higher numbers.
"""

import os
import shutil

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
import numpy as np
import tensorflow as tf

try:
    import keras as K

    RELEASE = "keras-" + K.__version__
except ImportError:
    K = tf.keras
    RELEASE = "tf.keras-" + tf.__version__
L = K.layers
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "graph_names", RELEASE)


def model():
    start = L.Input((6, 3))
    y = L.Bidirectional(L.GRU(2, return_sequences=True, activation="tanh", recurrent_activation="sigmoid"))(start)
    y = L.Bidirectional(L.SimpleRNN(2, return_sequences=True, use_bias=False))(y)
    y = L.BatchNormalization()(L.TimeDistributed(L.Dense(4, activation="relu"), name="a/each")(y))
    y = L.RNN([L.SimpleRNNCell(3), L.SimpleRNNCell(3), L.LSTMCell(3)])(y)
    inner = K.models.Sequential([L.Dense(3, input_shape=(3,), activation="tanh"), L.Dense(3)])
    made = K.models.Model(start, L.Dense(3)(inner(y)))
    made.compile("adam", "mse")
    return made


def filled(made):
    random = np.random.RandomState(3)
    made.set_weights([np.abs(random.randint(-16, 17, w.shape)) / 32.0 for w in made.get_weights()])
    return made


def keep(name, variables, **options):
    tf.train.Saver(variables, **options).save(K.backend.get_session(), os.path.join(FOLDER, name), write_meta_graph=False)


shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
x = (np.random.RandomState(7).randint(-32, 33, (2, 6, 3)) / 32.0).astype("float32")
first = model()
first.fit(x, np.zeros((2, 3)), verbose=0)
filled(first)
of_first = tf.global_variables()
keep("names", of_first)
keep("old", of_first, write_version=tf.train.SaverDef.V1)
second = filled(model())
keep("second", [v for v in tf.global_variables() if v not in of_first])
with open(os.path.join(FOLDER, "model.json"), "w") as file:
    file.write(first.to_json())
np.savez(os.path.join(FOLDER, "data.npz"), input=x, output=first.predict(x))
np.testing.assert_array_equal(first.predict(x), second.predict(x))
os.remove(os.path.join(FOLDER, "checkpoint"))
