"""Makes tests/golden/third_party/<model>.h5, .keras and .npz: layers of packages around Keras in tf.keras 2.15.

Run it with a Python that has tensorflow_addons 0.23, keras_self_attention 0.51 and keras_bert 0.89: `python make_third_party.py`.
"""

import os
import shutil

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
import keras_bert
import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa
from keras_embed_sim import EmbeddingRet, EmbeddingSim
from keras_multi_head import MultiHeadAttention
from keras_pos_embd import PositionEmbedding, TrigPosEmbedding
from keras_self_attention import ScaledDotProductAttention, SeqSelfAttention, SeqWeightedAttention

K, L, A = tf.keras.backend, tf.keras.layers, tfa.layers
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "third_party")


def numbers(*shape):
    return (np.random.RandomState(7).randint(-32, 33, shape) / 32.0).astype("float32")


def keep(name, model, x, kinds=("h5", "keras")):
    random = np.random.RandomState(3)
    for weight in model.weights:
        if weight.dtype == tf.bool:
            weight.assign(True)
        else:
            weight.assign(random.randint(-16, 17, weight.shape) / 24.0)
    expected = model.predict(x, verbose=0)
    for kind in kinds:
        model.save(os.path.join(FOLDER, f"{name}.{kind}"))
    outputs = expected if isinstance(expected, list) else [expected]
    inputs = x if isinstance(x, list) else [x]
    arrays = {"input": inputs[0]} if len(inputs) == 1 else {f"input_{i}": array for i, array in enumerate(inputs)}
    np.savez(os.path.join(FOLDER, f"{name}.npz"), **arrays, **{f"out_{i}": y for i, y in enumerate(outputs)})


def chain(name, shape, *layers, **options):
    start = L.Input(shape)
    y = start
    for layer in layers:
        y = layer(y)
    keep(name, tf.keras.Model(start, y), numbers(3, *shape), **options)


def weight_normalized(name, shape, layer, data_init):
    chain(name, shape, A.WeightNormalization(layer, data_init=data_init))


def tagged(name, layer, masked, kinds):
    start = L.Input((6,), dtype="int32")
    y = layer(L.Embedding(9, 4, mask_zero=masked)(start))
    random = np.random.RandomState(11)
    words = random.randint(1, 9, (5, 6)).astype("int32")
    for row, length in enumerate(random.randint(1, 7, 5) if masked else ()):
        words[row, length:] = 0
    keep(name, tf.keras.Model(start, y), words, kinds=kinds)


shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
chain("normal", (4, 5, 6), A.GroupNormalization(3), A.InstanceNormalization(), A.FilterResponseNormalization(learned_epsilon=True))
chain("normal_first", (6, 4, 5), A.GroupNormalization(2, axis=1, scale=False), A.InstanceNormalization(axis=1, center=False))
chain("pools", (6, 8, 2), A.AdaptiveAveragePooling2D((3, 4)), A.AdaptiveMaxPooling2D((3, 2)))
chain("pools_1d", (6, 2), A.AdaptiveMaxPooling1D(3), A.Maxout(1, axis=1))
chain(
    "dense",
    (5,),
    A.NoisyDense(6, activation="tanh"),
    A.Maxout(3),
    A.TLU(affine=True),
    A.Snake(),
    A.GELU(),
    A.Sparsemax(),
    A.PoincareNormalize(),
)
chain("spectral", (4, 4, 2), A.SpectralNormalization(L.Conv2D(3, 2, activation="relu")), L.Flatten(), A.SpectralNormalization(L.Dense(2)))
weight_normalized("weight_dense", (5,), L.Dense(3, activation="relu"), True)
weight_normalized("weight_conv", (4, 4, 2), L.Conv2D(3, 2), False)
weight_normalized("weight_lstm", (4, 3), L.LSTM(3), False)
chain("activations", (5,), *[part for name in ("mish", "softshrink", "hardshrink", "tanhshrink", "sparsemax") for part in (
    L.Dense(5), L.Activation(getattr(tfa.activations, name)))])  # fmt: skip
both = L.Input((4,))
keep("depth", tf.keras.Model(both, A.StochasticDepth(0.7)([both, L.Dense(4)(both)])), numbers(2, 4))
ids = np.array([[1, 2, 3, 0, 0], [4, 1, 2, 3, 5]], "int32")
for name, options in {
    "additive": {}, "multiplicative": {"attention_type": "multiplicative"}, "local": {"attention_width": 3, "attention_activation": "sigmoid"},
    "history": {"history_only": True, "attention_width": 2, "use_attention_bias": False},
}.items():  # fmt: skip
    start = L.Input((5,), dtype="int32")
    y = SeqSelfAttention(units=3, **options)(L.Embedding(6, 4, mask_zero=True)(start))
    keep(f"attention_{name}", tf.keras.Model(start, [y, SeqWeightedAttention()(y)]), ids, kinds=("h5",))
for mask in ("", "_masked"):
    tagged(f"addons_crf{mask}", A.CRF(5), bool(mask), ("h5", "keras"))
    tagged(f"addons_crf_plain{mask}", A.CRF(4, use_boundary=False, use_kernel=False), bool(mask), ("h5",))

bert = {"token_num": 12, "pos_num": 6, "seq_len": 6, "embed_dim": 8, "transformer_num": 2, "head_num": 2, "feed_forward_dim": 10}
words = np.array([[1, 5, 2, 7, 0, 0], [3, 2, 8, 4, 6, 11]], "int32")
segments, hidden = np.array([[0, 0, 1, 1, 0, 0], [0, 1, 1, 1, 1, 1]], "int32"), np.array([[0, 1, 0, 1, 0, 0], [1, 0, 0, 0, 1, 0]], "int32")
keep("bert", keras_bert.get_model(**bert), [words, segments, hidden])
inputs, y = keras_bert.get_model(**bert, training=False, use_task_embed=True, task_num=3, output_layer_num=2)
keep("bert_tasks", tf.keras.Model(inputs, y), [words, segments, np.array([[2], [1]], "int32")])
start = L.Input((5,), dtype="int32")
x, table = EmbeddingRet(7, 4, mask_zero=True)(start)
x = TrigPosEmbedding()(x)
x = PositionEmbedding(9, 2, mode="concat")(x)
x = MultiHeadAttention(2, history_only=True, activation="relu")([x, x, x])
x, shares = ScaledDotProductAttention(return_attention=True)(x)
y = L.Dense(4)(TrigPosEmbedding(mode="concat", output_dim=6)(x))
keep("attention_parts", tf.keras.Model(start, [EmbeddingSim()([y, table]), shares]), np.array([[1, 4, 2, 0, 0], [6, 5, 1, 2, 3]], "int32"))
places = L.Input((4,), dtype="int32")
y = L.Concatenate()([PositionEmbedding(3, 2)(places), TrigPosEmbedding(mode="expand", output_dim=4)(places)])
keep("places", tf.keras.Model(places, y), np.array([[-9, -1, 0, 2], [3, 4, 1, 0]], "int32"))
