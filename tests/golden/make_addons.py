"""Makes tests/golden/addons/<model>.h5, .keras and .npz: cells and further layers of tensorflow_addons in tf.keras 2.15.

Run it with a Python that has TensorFlow 2.15 and tensorflow_addons 0.23: `python make_addons.py`.
"""

import os
import shutil

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa
from tensorflow_addons.layers.netvlad import NetVLAD

L, A, R = tf.keras.layers, tfa.layers, tfa.rnn
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "addons")


def numbers(*shape):
    return (np.random.RandomState(7).randint(-32, 33, shape) / 32.0).astype("float32")


def keep(name, inputs, outputs, x, kinds=("h5", "keras")):
    model, random = tf.keras.Model(inputs, outputs), np.random.RandomState(3)
    for weight in model.weights:
        weight.assign(random.randint(-16, 17, weight.shape) / 24.0)
    expected = model.predict(x, verbose=0)
    for kind in kinds:
        model.save(os.path.join(FOLDER, f"{name}.{kind}"))
    results, given = (array if isinstance(array, list) else [array] for array in (expected, x))
    arrays = {"input": given[0]} if len(given) == 1 else {f"input_{i}": array for i, array in enumerate(given)}
    np.savez(os.path.join(FOLDER, f"{name}.npz"), **arrays, **{f"out_{i}": y for i, y in enumerate(results)})


shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)

steps = numbers(3, 5, 4)
steps[1, 2:] = steps[2, :2] = 0
cells = {
    "nas": lambda: R.NASCell(3, use_bias=True),
    "nas_projected": lambda: R.NASCell(4, projection=2),
    "layer_norm_lstm": lambda: R.LayerNormLSTMCell(3, recurrent_activation="hard_sigmoid"),
    "layer_norm_simple": lambda: R.LayerNormSimpleRNNCell(3, activation="relu", layernorm_epsilon=1e-3),
    "peephole_lstm": lambda: R.PeepholeLSTMCell(3, use_bias=False),
    "esn": lambda: R.ESNCell(4, leaky=0.75, connectivity=0.5),
}
for name, cell in cells.items():
    start = L.Input((5, 4))
    masked = L.Masking()(start)
    first = L.RNN(cell(), return_sequences=True)(masked)
    keep(name, start, [first, *L.RNN(cell(), return_state=True, go_backwards=True)(first)], steps)
start = L.Input((5, 4))
y = L.Bidirectional(A.ESN(3, return_sequences=True))(start)
y = L.RNN([R.LayerNormLSTMCell(2), L.GRUCell(3), R.NASCell(2)], return_state=True)(y)
keep("stacked", start, [A.ESN(3, use_bias=False, leaky=0.5)(start), *tf.nest.flatten(y)], steps)

query, key, seen = L.Input((4, 3)), L.Input((5, 2)), L.Input((4, 5))
y = A.MultiHeadAttention(3, 2, return_attn_coef=True, dropout=0.5)([query, key], mask=seen)
z = A.MultiHeadAttention(2, 3, output_size=4, use_projection_bias=False)([y[0], key, L.Dense(6)(key)])
keep("attention", [query, key, seen], [*y, z], [numbers(2, 4, 3), numbers(2, 5, 2), (numbers(2, 4, 5) > 0).astype("float32")])

start = L.Input((7, 9, 4))
y = A.SpatialPyramidPooling2D([[1, 1], [2, 3], 4])(start)
z = A.SpatialPyramidPooling2D([3, 1], data_format="channels_first")(start)
keep("pyramid", start, [NetVLAD(3)(y), z], numbers(2, 7, 9, 4))

start = L.Input((6,))
y = A.PolynomialCrossing(diag_scale=0.5)([start, start])
y = A.PolynomialCrossing(projection_dim=2, use_bias=False)((start, y))
y = [L.Activation(function)(y) for function in (tfa.activations.lisht, tfa.activations.snake, tfa.activations.rrelu)]
keep("crossing", start, y, numbers(3, 6))

ids, shares = L.Input((4,), dtype="int32"), L.Input((4,))
y = [A.EmbeddingBag(7, 3)(ids), A.EmbeddingBag(7, 3, combiner="mean")(ids), A.EmbeddingBag(7, 5)(ids, shares)]
keep("bags", [ids, shares], y, [np.random.RandomState(1).randint(0, 7, (3, 4)).astype("int32"), numbers(3, 4)])

pooled, places = L.Input((2, 3, 2)), L.Input((2, 3, 2), dtype="int64")
found = tf.nn.max_pool_with_argmax(numbers(3, 4, 6, 2), 2, 2, "SAME")
wide = tf.nn.max_pool_with_argmax(numbers(3, 5, 7, 2), 3, 2, "VALID")
keep("unpooled", [pooled, places], A.MaxUnpooling2D()(pooled, places), [array.numpy() for array in found])
keep("unpooled_valid", [pooled, places], A.MaxUnpooling2D(3, 2, padding="VALID")(pooled, places), [array.numpy() for array in wide])
keep("unpooled_sized", [pooled, places], A.MaxUnpooling2DV2((3, 5, 7, 2))(pooled, places), [array.numpy() for array in wide])

one, other = L.Input((6, 7, 3)), L.Input((6, 7, 3))
y = A.CorrelationCost(3, 2, 1, 1, 4, "channels_last")([one, other])
z = A.CorrelationCost(1, 4, 2, 2, 4, "channels_last")([one, other])
keep("correlation", [one, other], [y, z], [numbers(2, 6, 7, 3), numbers(3, 6, 7, 3)[:2] * 2 - 1])
