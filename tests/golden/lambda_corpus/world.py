"""What the functions of this folder find around them, as their authors had it: `K`, `tf`, `np`, `keras`, `layers`.

`on("xy", function, **arguments)` is a Lambda of a list of the inputs x and y; one letter alone is a tensor. INPUTS says what they are.
`drawn=True`: the function draws random numbers, so that what it gave is not kept. mask, before, after: the function that makes the
layer's mask, and the layers around it.
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np

try:
    import tensorflow as tf
except ImportError:
    tf = None
if os.environ.get("STANDALONE") or not hasattr(tf, "keras"):
    import keras
    from keras import backend as K
    from keras import layers
else:
    keras = tf.keras
    from tensorflow.keras import backend as K
    from tensorflow.keras import layers
ops = getattr(keras, "ops", None)
STANDALONE = keras.__name__ == "keras"
RELEASE = ("keras-" if STANDALONE or ops else "tensorflow-") + (keras.__version__ if STANDALONE or ops else tf.__version__)
IS_KERAS_1, IS_KERAS_3 = STANDALONE and keras.__version__ < "2", ops is not None

_numbers = np.random.RandomState(0)


def _normal(*shape):
    return _numbers.normal(0.0, 1.0, shape).astype("float32").round(2)


INPUTS = {
    "x": _normal(2, 5, 4),  # steps of features
    "y": _normal(2, 5, 4),
    "i": _numbers.randint(0, 256, (2, 6, 6, 3)).astype("float32"),  # images
    "f": _normal(2, 4, 4, 8),  # maps of features
    "g": _normal(2, 4, 4, 8),
    "v": _normal(2, 8),  # vectors
    "w": _normal(2, 8),
    "u": _normal(2, 8),
    "t": _numbers.randint(0, 5, (2, 5)).astype("int32"),  # tokens, 0 behind the last
    "a": _normal(2, 5),  # a value, and the advantages of four actions
    "b": _numbers.rand(2, 5, 4).astype("float32").round(2),  # boxes
    "n": np.array([[2], [5]], "int32"),  # lengths, up to that of x
    "s": _normal(2, 1),
    "o": _normal(2, 16, 1),  # sound
    "q": _normal(2, 3, 4, 4, 2),  # groups of maps
}  # fmt: skip
INPUTS["t"][:, 3:] *= np.array([[0, 0], [1, 0]], "int32")


class on:  # noqa: N801
    def __init__(self, inputs, function, mask=None, before=None, after=None, drawn=False, output_shape=None, **arguments):
        self.inputs, self.function, self.arguments = inputs, function, arguments
        self.mask, self.before, self.after, self.drawn, self.output_shape = mask, before, after, drawn, output_shape
