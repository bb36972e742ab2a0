"""Adds to tests/golden/keras_hub: single layers of keras_hub 0.32 in Keras 3.15 on TensorFlow, beside what make_keras_hub.py makes.

Run it with a Python that has both: `python make_keras_hub_parts.py`.
"""

import os

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow")
import keras
import keras_hub
import numpy as np

L, H = keras.layers, keras_hub.layers
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keras_hub")
os.makedirs(FOLDER, exist_ok=True)


def numbers(*shape):
    return (np.random.RandomState(7).randint(-32, 33, shape) / 32.0).astype("float32")


def keep(name, inputs, outputs, x):
    model, random = keras.Model(inputs, outputs), np.random.RandomState(3)
    for weight in model.weights:
        weight.assign(random.randint(-16, 17, weight.shape) / 24.0)
    model.save(os.path.join(FOLDER, f"{name}.keras"))
    given, found = (value if isinstance(value, list) else [value] for value in (x, model.predict(x, verbose=0)))
    arrays = {"input": given[0]} if len(given) == 1 else {f"input_{i}": array for i, array in enumerate(given)}
    np.savez(os.path.join(FOLDER, f"{name}.npz"), **arrays, **{f"out_{i}": y for i, y in enumerate(found)})


start = L.Input((None, 6))
keep("fnet", start, H.FNetEncoder(5, activation="gelu")(H.FNetEncoder(4)(start)), numbers(2, 5, 6))

scores = L.Input((6, 4, None))
keep("alibi", scores, [H.AlibiBias()(scores), H.AlibiBias(alibi_bias_max=5)(scores)], numbers(2, 6, 4, 5))

sequence, heads, places = L.Input((None, 8)), L.Input((5, 2, 6)), L.Input((5,), dtype="int32")
found = [
    H.RotaryEmbedding()(sequence),
    H.RotaryEmbedding(max_wavelength=100, scaling_factor=4.0)(heads, start_index=3),
    H.RotaryEmbedding(sequence_axis=2, rope_type="dynamic", scaling_factor=2.0)(heads),
    H.RotaryEmbedding(feature_axis=1, sequence_axis=2, denominator_dim=12)(L.Permute((3, 1, 2))(heads)),
    H.RotaryEmbedding()(heads, positions=places),
]
keep(
    "rotary",
    [sequence, heads, places],
    found,
    [numbers(2, 5, 8), numbers(2, 5, 2, 6), np.array([[0, 2, 4, 6, 8], [9, 7, 5, 3, 1]], "int32")],
)

encoded, places = L.Input((6, 8)), L.Input((3,), dtype="int32")
y = H.MaskedLMHead(11, intermediate_activation="gelu", activation="softmax")(encoded, places)
keep("language_head", [encoded, places], y, [numbers(2, 6, 8), np.array([[0, 3, 5], [2, 2, 1]], "int32")])

start, seen = L.Input((5,), dtype="int32"), L.Input((5, 5), dtype="bool")
table = H.ReversibleEmbedding(9, 8, mask_zero=True)
x = table(start)
y = H.CachedMultiHeadAttention(2, 4)(x, x, attention_mask=seen)
words = np.array([[1, 5, 2, 0, 0], [3, 2, 8, 4, 6]], "int32")
keep("cached_attention", [start, seen], [table(y, reverse=True), y], [words, np.broadcast_to(np.tri(5) > 0, (2, 5, 5))])
