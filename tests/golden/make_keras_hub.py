"""Makes tests/golden/keras_hub/<model>.keras and .npz: layers of keras_hub 0.32 in Keras 3.15 on TensorFlow.

Run it with a Python that has both: `python make_keras_hub.py`.
"""

import os

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow")
import keras
import keras_hub
import numpy as np

L, H = keras.layers, keras_hub.layers
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keras_hub")
os.makedirs(FOLDER, exist_ok=True)


def keep(name, model, x):
    random = np.random.RandomState(3)
    for weight in model.weights:
        weight.assign(random.randint(-16, 17, weight.shape) / 24.0)
    inputs = x if isinstance(x, list) else [x]
    arrays = {"input": x} if len(inputs) == 1 else {f"input_{i}": array for i, array in enumerate(inputs)}
    model.save(os.path.join(FOLDER, f"{name}.keras"))
    np.savez(os.path.join(FOLDER, f"{name}.npz"), **arrays, out_0=model.predict(x, verbose=0))


words = np.array([[1, 5, 2, 0, 0], [3, 2, 8, 4, 6]], "int32")
answers = np.array([[4, 1, 2, 7], [3, 2, 0, 0]], "int32")
memory = np.random.RandomState(0).rand(2, 5, 8).astype("float32")

start = L.Input((5,), dtype="int32")
y = H.TokenAndPositionEmbedding(9, 6, 8, mask_zero=True)(start)
y = H.TransformerEncoder(10, 2, activation="gelu")(y)
keep("encoder", keras.Model(start, H.TransformerEncoder(7, 4, normalize_first=True)(y)), words)

start, answer = L.Input((None,), dtype="int32"), L.Input((4,), dtype="int32")
x = L.Embedding(9, 8, mask_zero=True)(start)
encoded = H.TransformerEncoder(10, 2)(x + H.SinePositionEncoding()(x))
y = H.TransformerDecoder(6, 2)(H.TokenAndPositionEmbedding(9, 6, 8, mask_zero=True)(answer), encoded)
y = H.TransformerDecoder(6, 2, normalize_first=True)(y, encoder_sequence=encoded)
keep("encoder_and_decoder", keras.Model([start, answer], L.Dense(3)(y)), [words, answers])

start, mask = L.Input((5,), dtype="int32"), L.Input((5,), dtype="bool")
x = L.Embedding(9, 8)(start)
x = H.TransformerEncoder(4, 2)(x + H.PositionEmbedding(7)(x), padding_mask=mask)
x = H.TransformerDecoder(6, 2)(x)
x = H.TransformerDecoder(6, 2)(x, use_causal_mask=False, decoder_padding_mask=mask)
keep("masks_given", keras.Model([start, mask], x), [words, words != 0])

for first in (False, True):
    answer, other = L.Input((4,), dtype="int32"), L.Input((5, 8))
    x = H.TokenAndPositionEmbedding(9, 6, 8, mask_zero=True)(answer)
    y = H.TransformerDecoder(6, 2, normalize_first=first)(H.TransformerDecoder(6, 2, normalize_first=first)(x, other), other)
    keep(f"decoders_{'before' if first else 'after'}", keras.Model([answer, other], y), [answers, memory])
    y = H.TransformerDecoder(6, 2, normalize_first=first)(H.TransformerDecoder(6, 2, normalize_first=first)(x))
    keep(f"decoders_alone_{'before' if first else 'after'}", keras.Model(answer, y), answers)
