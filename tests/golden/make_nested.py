"""Makes tests/golden/nested/<release>.tar.xz: models in models, structures of tensors, wrappers, cells, masks given by hand.

Run it with the Python of each release: `python make_nested.py [FOLDER [PART OF A NAME ...]]`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from golden_cases import RELEASE, V3, K, L, case, numbers
from golden_files import main

X, Y = numbers(3, 4), numbers(3, 4, seed=1)
S, T = numbers(2, 5, 4, seed=2), numbers(2, 6, 4, seed=3)
S[0, 2:4] = S[1, 0] = 0.0
FLAGS = numbers(2, 5, seed=4, dtype="bool")
IDS = np.array([[3, 1, 0, 4, 0], [0, 0, 2, 0, 1], [0, 0, 0, 0, 0]], "int32")
M = K.Model


def row(*layers):
    return K.Sequential(list(layers))


def small(n=4, units=3):
    start = K.Input((n,))
    return M(start, L.Dense(units, activation="tanh")(start))


# -- models in models ---------------------------------------------------------------------------------------------------


@case("deep")
def _():
    def deep(level, n):
        start = K.Input((n,))
        y = L.Dense(n + 1)(start)
        y = deep(level - 1, n + 1)(y) if level else y
        return M(start, L.Dense(2)(y), name="deep%d" % level)

    start = K.Input((4,))
    return M(start, deep(4, 4)(start)), [X]


@case("rows_in_rows")
def _():
    inner = row(L.Dense(5, activation="relu"), row(L.Dense(2), L.Dense(3)))
    return row(K.Input((4,)), row(L.Dense(3), inner), L.Dense(2)), [X]


@case("called_again_and_again")
def _():
    inner, start, other = small(4, 4), K.Input((4,)), K.Input((4,))
    y = inner(inner(start))
    return M([start, other], [y, inner(y), inner(other), y]), [X, Y]


@case("called_on_other_shapes")
def _():
    dense, start, other = L.Dense(3), K.Input((5, 4)), K.Input((6, 4))
    free = K.Input((None, 4))
    inner = M(free, L.LSTM(3, return_sequences=True)(free))
    return M([start, other], [dense(start), dense(other), inner(start), inner(other)]), [S, T]


@case("two_models_share_a_layer")
def _():
    dense, a, b, start = L.Dense(3, name="shared"), K.Input((4,)), K.Input((4,)), K.Input((4,))
    one, other = M(a, dense(a), name="one"), M(b, L.Activation("relu")(dense(b)), name="other")
    return M(start, [one(start), other(start), dense(start)]), [X]


@case("unused_outputs_and_inputs_given_on")
def _():
    a, start = K.Input((4,)), K.Input((4,))
    inner = M(a, [L.Dense(2)(a), L.Dense(3)(a), a])
    y = inner(start)
    return M(start, [y[1], y[2], start]), [X]


@case("dicts", V3)
def _():
    a, b, start, other = K.Input((4,), name="zz"), K.Input((4,), name="aa"), K.Input((4,)), K.Input((4,))
    inner = M({"first": a, "second": b}, {"q": L.Dense(3)(a), "b": [L.Dense(2)(b), (a,)]})
    y = inner({"second": other, "first": start})
    return M({"i": start, "j": other}, {"x": y["q"], "a": y["b"][0], "c": y["b"][1][0]}), {"i": X, "j": Y}


@case("dict_whose_keys_are_the_names_of_others", V3)
def _():
    a, b, start, other = K.Input((4,), name="second"), K.Input((4,), name="first"), K.Input((4,)), K.Input((4,))
    inner = M({"first": a, "second": b}, [L.Dense(3)(a), L.Dense(2)(b)])
    return M([start, other], inner({"second": other, "first": start})), [X, Y]


@case("list_called_with_a_dict")
def _():
    a, b, start, other = K.Input((4,), name="zz"), K.Input((4,), name="aa"), K.Input((4,)), K.Input((4,))
    inner = M([a, b], [L.Dense(3)(a), L.Dense(2)(b)])
    return M([start, other], inner({"aa": other, "zz": start})), [X, Y]


@case("ranks_and_dtypes_adjusted", V3)
def _():
    a, b = K.Input((4, 1)), K.Input((4,))
    wide, flat = M(a, L.Conv1D(2, 2)(a)), M(b, [L.Dense(2)(b), b])
    start, deep, ints = K.Input((4,)), K.Input((4, 1)), K.Input((4,), dtype="int32")
    return M([start, deep, ints], [wide(start), flat(deep), flat(ints)]), [X, numbers(3, 4, 1), numbers(3, 4, dtype="int32")]


@case("training_false_and_true", V3)
def _():
    a, start = K.Input((4,)), K.Input((4,))
    inner = M(a, L.Dropout(0.5)(L.BatchNormalization()(a)))
    return M(start, [inner(start, training=False), L.BatchNormalization()(start, training=True)]), [X]


# -- masks --------------------------------------------------------------------------------------------------------------


@case("masks_by_hand")
def _():
    start, flags = K.Input((5, 4)), K.Input((5,), dtype="bool")
    layers = [L.LSTM(3, return_sequences=True), L.GRU(3), L.SimpleRNN(2), L.GlobalAveragePooling1D()]
    layers += [L.Bidirectional(L.GRU(2, return_sequences=True)), L.TimeDistributed(L.Dense(2))]
    return M([start, flags], [layer(start, mask=flags) for layer in layers]), [S, FLAGS]


@case("mask_given_to_a_model")
def _():
    a, start, flags = K.Input((5, 4)), K.Input((5, 4)), K.Input((5,), dtype="bool")
    inner = M(a, L.GRU(2)(L.LSTM(3, return_sequences=True)(a)))
    return M([start, flags], inner(start, mask=flags)), [S, FLAGS]


@case("masks_through_models")
def _():
    start, a = K.Input((5,), dtype="int32"), K.Input((5, 4))
    words = L.Embedding(6, 4, mask_zero=True)(start)
    inner, encoder = M(a, L.Dense(3)(a)), row(L.Dense(3), L.LSTM(2, return_sequences=True))
    y, z = inner(words), encoder(words)
    return M(start, [L.LSTM(2)(y), L.GRU(2)(z), L.GlobalAveragePooling1D()(z), L.Concatenate()([y, z])]), [IDS]


@case("mask_zero_and_its_consumers")
def _():
    start = K.Input((5,), dtype="int32")
    x = L.Embedding(6, 4, mask_zero=True)(start)
    twice, both = L.Concatenate(axis=1)([x, x]), L.Add()([x, L.Dense(4)(x)])
    ends = [L.GlobalAveragePooling1D()(y) for y in (L.Dropout(0.5)(x), L.LayerNormalization()(x), L.Activation("relu")(x), both, twice)]
    ends += [L.LSTM(2)(twice), L.LSTM(2)(L.Masking()(x)), L.Flatten()(x), L.Attention()([x, x]), L.Conv1D(2, 2)(x)]
    return M(start, ends), [IDS]


@case("attention_by_keywords")
def _():
    q, v, k, flags = K.Input((5, 4)), K.Input((6, 4)), K.Input((6, 4)), K.Input((5,), dtype="bool")
    mask = K.Input((5, 6), dtype="bool")
    y, scores = L.MultiHeadAttention(2, 3)(query=q, value=v, key=k, attention_mask=mask, return_attention_scores=True)
    plain = L.Attention()([q, v, k], mask=[flags, None, None] if V3 else [flags, None])
    return M([q, v, k, flags, mask], [y, scores, plain]), [S, T, T[::-1].copy(), FLAGS, numbers(2, 5, 6, dtype="bool")]


# -- wrappers and cells ---------------------------------------------------------------------------------------------------


@case("steps_of_models_and_sequences")
def _():
    def conv():
        a = K.Input((5, 4))
        return M(a, L.GlobalMaxPooling1D()(L.Conv1D(3, 2)(a)))

    start = K.Input((3, 5, 4))
    inner = [conv(), row(K.Input((5, 4)), L.Masking(), L.LSTM(2)), L.LSTM(3), L.Bidirectional(L.GRU(2)), L.TimeDistributed(L.Dense(2))]
    return M(start, [L.TimeDistributed(layer)(start) for layer in inner]), [numbers(2, 3, 5, 4)]


for mode in ("concat", "sum", "mul", "ave", None):
    for kind in ("LSTM", "GRU", "SimpleRNN"):

        @case("both_ways-%s-%s" % (kind, mode))
        def _(mode=mode, kind=kind):
            start = K.Input((5, 4))
            y = L.Bidirectional(getattr(L, kind)(2, return_sequences=True, return_state=True), merge_mode=mode)(L.Masking()(start))
            return M(start, [*y, *([L.LSTM(2)(y[0])] if mode else [])]), [S]


@case("both_ways_from_states", V3)
def _():
    start, states = K.Input((5, 4)), [K.Input((3,)) for _ in range(4)]
    y = L.Bidirectional(L.LSTM(3, return_sequences=True))(start, initial_state=states)
    return M([start, *states], y), [S, *(numbers(2, 3, seed=i) for i in range(4))]


@case("cells_and_stacks", V3)
def _():
    start = K.Input((5, 4))
    x = L.Masking()(start)
    inner = L.StackedRNNCells([L.GRUCell(2), L.SimpleRNNCell(3)])
    stacks = [L.LSTMCell(3), [L.GRUCell(3), L.LSTMCell(2)], L.StackedRNNCells([L.LSTMCell(4), inner])]
    layers = [L.RNN(cell, return_sequences=i != 1, go_backwards=i == 1) for i, cell in enumerate(stacks)]
    return M(start, [layer(x) for layer in layers] + [L.Bidirectional(L.RNN(L.StackedRNNCells([L.GRUCell(2), L.LSTMCell(2)])))(x)]), [S]


@case("cells_alone", V3)
def _():
    start, a, b = K.Input((4,)), K.Input((3,)), K.Input((2,))
    y, states = L.StackedRNNCells([L.GRUCell(3), L.SimpleRNNCell(2)])(start, [a, b])
    z, held = L.LSTMCell(3)(start, [a, a])
    return M([start, a, b], [y, *K.tree.flatten(states), z, *held]), [X, numbers(3, 3), numbers(3, 2)]


@case("states_from_model_to_model")
def _():
    e, d, h, c = K.Input((None, 4)), K.Input((None, 4)), K.Input((3,)), K.Input((3,))
    encoder = M(e, L.LSTM(3, return_state=True)(e)[1:])
    decoder = M([d, h, c], L.LSTM(3, return_sequences=True)(d, initial_state=[h, c]))
    start, other = K.Input((None, 4)), K.Input((None, 4))
    return M([start, other], decoder([other, *encoder(start)])), [S, T]


@case("spectral", hasattr(L, "SpectralNormalization"))
def _():
    start, ids = K.Input((4,)), K.Input((5,), dtype="int32")
    twice = L.SpectralNormalization(L.SpectralNormalization(L.Dense(3)))
    return M([start, ids], [twice(start), L.SpectralNormalization(L.Embedding(6, 3))(ids)]), [X, IDS]


for name in ("relu", "gelu", "softmax", "tanh") if RELEASE >= (3, 0) else ():
    case("lambda-" + name)(lambda name=name: (row(K.Input((5, 4)), L.Masking(), L.Lambda(getattr(K.activations, name)), L.LSTM(2)), [S]))


if __name__ == "__main__":
    main("nested")
