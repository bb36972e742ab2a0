"""Makes tests/golden/keras_cv/<model>.h5, .keras and .npz: layers of keras_cv 0.9 in tf.keras 2.15.

Run it with a Python that has both: `python make_keras_cv.py`.
"""

import os
import shutil

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
import keras_cv
import numpy as np
import tensorflow as tf

L, C = tf.keras.layers, keras_cv.layers
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keras_cv")

shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
start = L.Input((5, 6, 8))
x = C.SqueezeAndExcite2D(8)(start)
x = C.SqueezeAndExcite2D(8, bottleneck_filters=3, squeeze_activation="swish", excite_activation="hard_sigmoid")(x)
x = C.DropPath(0.3)(C.DropBlock2D(0.2, 3)(x))
model = tf.keras.Model(start, C.StochasticDepth(0.25)([start, x]))
random = np.random.RandomState(3)
for weight in model.trainable_weights:
    weight.assign(random.randint(-16, 17, weight.shape) / 24.0)
given = (np.random.RandomState(7).randint(-32, 33, (2, 5, 6, 8)) / 32.0).astype("float32")
for kind in ("h5", "keras"):
    model.save(os.path.join(FOLDER, f"images.{kind}"))
np.savez(os.path.join(FOLDER, "images.npz"), input=given, out_0=model.predict(given, verbose=0))
