"""Writes tests/golden/snippets/RELEASE: models as the tutorials of TensorFlow and Keras save them, with inputs and predictions.

python make_snippets.py        with a Python that has TensorFlow 2 (tf.keras), or Keras 3
"""

import os
import shutil
import tempfile
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

IS_KERAS_3 = hasattr(tf.keras, "ops")
RELEASE = f"keras-{tf.keras.__version__}" if IS_KERAS_3 else f"tf.keras-{tf.__version__}"
FOLDER = Path(__file__).parent / "snippets" / RELEASE


def my_custom_activation(x):
    return tf.nn.relu(x)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    tf.keras.utils.set_random_seed(0) if hasattr(tf.keras.utils, "set_random_seed") else tf.random.set_seed(0)
    data = np.random.RandomState(0).rand(6, 8).astype("float32")
    plain = tf.keras.Sequential([tf.keras.layers.Input([8]), tf.keras.layers.Dense(5, "relu"), tf.keras.layers.Dense(2, "softmax")])
    custom = tf.keras.Sequential([tf.keras.layers.Input([8]), tf.keras.layers.Dense(5, my_custom_activation), tf.keras.layers.Dense(2)])
    for name, model in (("plain", plain), ("custom", custom)):
        model.compile("adam", "mse")
        model.save(FOLDER / f"{name}.h5")
        if IS_KERAS_3:
            model.save(FOLDER / f"{name}.keras")
    with tempfile.TemporaryDirectory() as folder:
        plain.export(folder, verbose=False) if IS_KERAS_3 else plain.save(folder)
        shutil.make_archive(str(FOLDER / "saved_model"), "zip", folder)
    np.savez_compressed(FOLDER / "data.npz", x=data, plain=plain.predict(data), custom=custom.predict(data))


if __name__ == "__main__":
    main()
