"""Makes one release's part of tests/golden/masking.json: what each layer class does with the mask of its input.

Run it with the Python of each release: `python make_masking.py tests/golden/masking.json`. "pass": the output carries the mask of
the (first) input; "stop": none; "own": another one. Classes that cannot be called here on plain arrays are left out.
"""

import json
import os
import sys
import warnings

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
warnings.filterwarnings("ignore")
import numpy as np
import tensorflow as tf

try:
    import keras as K

    if not K.__version__.startswith("3"):
        K = tf.keras
except ImportError:
    K = tf.keras
L = K.layers
V3 = getattr(K, "__version__", "2").startswith("3")
VERSION = "keras-" + K.__version__ if V3 else "tf.keras-" + tf.__version__

POOLS = ["%sPooling%dD" % (kind, rank) for kind in ("Average", "Max") for rank in (1, 2, 3)]
ARGUMENTS = {
    **dict.fromkeys(POOLS, (2,)),
    **{"Adaptive%s" % name: (2,) for name in POOLS},
    **{
        "%s%s" % (kind, rank): (3, 2)
        for kind in ("Conv", "SeparableConv", "LocallyConnected")
        for rank in ("1D", "2D", "3D", "1DTranspose", "2DTranspose", "3DTranspose")
    },
    **dict.fromkeys(
        "Dropout AlphaDropout GaussianDropout GaussianNoise SpatialDropout1D SpatialDropout2D SpatialDropout3D".split(), (0.1,)
    ),
    "Activation": ("relu",),
    "Dense": (3,),
    "EinsumDense": ("abc,cd->abd", (None, 4)),
    "Embedding": (9, 3),
    "SimpleRNN": (3,),
    "LSTM": (3,),
    "GRU": (3,),
    "DepthwiseConv1D": (2,),
    "DepthwiseConv2D": (2,),
    "ConvLSTM1D": (2, 2),
    "ConvLSTM2D": (2, 2),
    "ConvLSTM3D": (2, 2),
    "Reshape": ((-1,),),
    "Permute": ((2, 1),),
    "RepeatVector": (2,),
    "Lambda": (lambda x: x + 1,),
    "Discretization": ([0.0, 1.0],),
    "Hashing": (5,),
    "CategoryEncoding": (5,),
    "Rescaling": (2.0,),
    "Resizing": (4, 4),
    "CenterCrop": (2, 2),
    "IntegerLookup": (),
    "TimeDistributed": (L.Dense(2),),
    "Bidirectional": (L.LSTM(2, return_sequences=True),),
    "RNN": (L.LSTMCell(2),),
    "MultiHeadAttention": (2, 2),
    "GroupQueryAttention": (2, 4, 2),
    "GroupNormalization": (2,),
    "SpectralNormalization": (L.Dense(2),),
    "ReversibleEmbedding": (9, 3),
}
KEYWORDS = {
    "Normalization": {"mean": [0.0] * 4, "variance": [1.0] * 4},
    "IntegerLookup": {"vocabulary": [1, 2, 3]},
    "CategoryEncoding": {"output_mode": "multi_hot"},
    "Dot": {"axes": -1},
    **{name: {"return_sequences": True} for name in "SimpleRNN LSTM GRU RNN ConvLSTM1D ConvLSTM2D ConvLSTM3D".split()},
}
LISTS = "Add Subtract Multiply Average Maximum Minimum Concatenate Dot Attention AdditiveAttention".split()
SEVERAL = ["MultiHeadAttention", "GroupQueryAttention"]
SHAPES = [(2, 4, 4), (2, 4, 6, 4), (2, 4, 6, 6, 4), (2, 4, 6, 6, 6, 4), (2, 4)]
FIRST, SECOND = [np.array([row] * 2) for row in ([True, False, True, False], [False, True, True, False])]


def tensor(shape, dtype, mask):
    x = tf.constant((np.random.RandomState(0).rand(*shape) * 4).astype(dtype))
    x._keras_mask = tf.constant(mask)
    return x


def kind(name):
    found = []
    for shape in SHAPES:
        for dtype in ("float32", "int32"):
            try:
                layer = getattr(L, name)(*ARGUMENTS.get(name, ()), **KEYWORDS.get(name, {}))
                x, y = tensor(shape, dtype, FIRST), tensor(shape, dtype, SECOND)
                out = layer(x, y) if name in SEVERAL else layer([x, y] if name in LISTS else x)
            except Exception:  # the class does not take this tensor: another one may do
                continue
            mask = getattr(tf.nest.flatten(out)[0], "_keras_mask", None)
            same = mask is not None and np.array_equal(np.asarray(mask), FIRST)
            found.append("stop" if mask is None else "pass" if same else "own")
    return found[0] if found and len(set(found)) == 1 else None


path = sys.argv[1]
table = {}
if os.path.exists(path):
    with open(path) as file:
        table = json.load(file)
classes = [
    name
    for name in dir(L)
    if isinstance(getattr(L, name), type) and issubclass(getattr(L, name), L.Layer) and getattr(L, name).__name__ == name
]
table[VERSION] = {name: k for name in sorted(classes) if (k := kind(name)) is not None}
with open(path, "w") as file:
    json.dump(table, file, indent=1, sort_keys=True)
print(VERSION, len(table[VERSION]), "of", len(classes), [name for name in classes if name not in table[VERSION]])
