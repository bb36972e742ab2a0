"""Makes tests/golden/recurrent/<release>.npz: recurrent layers, wrappers, embeddings and masks with all their options.

Run it with the Python of each release: `python make_recurrent.py OUT_FOLDER [PART_OF_A_CASE_NAME ...]`; with parts of names those
cases are made anew and the others kept. A case is a model's config, its weights under
the names that loadstone gives them, inputs and what the release computes. Weights and inputs are integers / 32, so that they
pack into bytes; several calls of one model follow each other where a layer is stateful.
"""

import json
import os
import sys

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
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

CASES = {}
B, T, N, U = 3, 5, 2, 2


def case(name, when=True):
    def add(function):
        if when:
            CASES[name] = function
        return function

    return add


def grid(prefix, function, when=True, **axes):
    """One case for each combination of the named options."""
    combos = [{}]
    for key, values in axes.items():
        combos = [{**c, key: v} for c in combos for v in values]
    for combo in combos:
        label = "-".join(f"{k}={v}" for k, v in combo.items())
        case(f"{prefix}-{label}", when)(lambda combo=combo: function(**combo))


def numbers(*shape, seed=0):
    return np.random.RandomState(seed).randint(-32, 33, shape).astype("float32") / 32


IDS = np.array([[3, 1, 0, 4, 0], [0, 0, 2, 0, 1], [0, 0, 0, 0, 0]], "int32")  # a hole and padding behind, padding before, all masked
STEPS = numbers(B, T, N)
STEPS[0, 2:4] = STEPS[1, :2] = STEPS[2] = 0.0


def sequential(*layers, shape=(T, N), batch=None, x=None, dtype=None):
    start = K.Input(shape, batch_size=batch, dtype=dtype)
    y = start
    for layer in layers:
        y = layer(y)
    return K.Model(start, y), [numbers(B, *shape) if x is None else x]


# -- cells and their options -----------------------------------------------------------------------------------------------

RNNS = {"SimpleRNN": L.SimpleRNN, "LSTM": L.LSTM, "GRU": L.GRU}
ACTIVATIONS = ["relu", "linear", "sigmoid", "hard_sigmoid", "elu", "softsign", "softplus", "selu", "exponential", "softmax"]
ACTIVATIONS += ["swish"] if hasattr(K.activations, "swish") or V3 else []
ACTIVATIONS += ["gelu", "leaky_relu", "mish", "hard_tanh"] if V3 else []


def plain(cls, **options):
    return sequential(RNNS[cls](U, return_sequences=True, **options))


grid("activation", lambda cls, activation: plain(cls, activation=activation), cls=list(RNNS), activation=[*ACTIVATIONS, None])
grid(
    "recurrent_activation",
    lambda cls, recurrent_activation: plain(cls, recurrent_activation=recurrent_activation),
    cls=["LSTM", "GRU"],
    recurrent_activation=["hard_sigmoid", "tanh", "relu", "linear", "elu", "selu"],
)
grid(
    "both",
    lambda cls, a, r: plain(cls, activation=a, recurrent_activation=r),
    cls=["LSTM", "GRU"],
    a=["hard_sigmoid", "elu", "linear"],
    r=["hard_sigmoid", "linear"],
)
grid("no_bias", lambda cls: plain(cls, use_bias=False), cls=list(RNNS))
grid("gru", lambda **o: plain("GRU", **o), reset_after=[False, True], use_bias=[False, True], activation=["tanh", "relu", "selu"])
grid("dropout", lambda cls: plain(cls, dropout=0.5, recurrent_dropout=0.5), cls=list(RNNS))


def returned(cls, **options):
    return sequential(RNNS[cls](U, **options))


grid("returned", returned, cls=list(RNNS), return_sequences=[False, True], return_state=[False, True], go_backwards=[False, True])
grid("unroll", returned, cls=["LSTM"], unroll=[True], return_sequences=[False, True], go_backwards=[False, True])


def policy(cls, dtype, **options):
    return sequential(RNNS[cls](U, dtype=dtype, return_sequences=True, **options))


grid("policy", policy, cls=["LSTM", "GRU"], dtype=["float64"])
grid("policy", policy, when=V3, cls=["LSTM", "GRU"], dtype=["float16", "mixed_bfloat16"])


def free_length(cls, activation):
    return sequential(RNNS[cls](U, activation=activation, return_state=True, return_sequences=True), shape=(None, N), x=numbers(B, 4, N))


grid("free_length", free_length, cls=list(RNNS), activation=["tanh", "selu"])


def time_major(cls, **options):
    start = K.Input((B, N), batch_size=T)
    return K.Model(start, RNNS[cls](U, time_major=True, return_state=True, **options)(start)), [numbers(T, B, N)]


grid("time_major", time_major, when=not V3, cls=["LSTM", "GRU"], return_sequences=[False, True], go_backwards=[False, True])


# -- masks ---------------------------------------------------------------------------------------------------------------------


def masked(cls, activation="tanh", initial=False, **options):
    start = K.Input((T, N))
    x = L.Masking()(start)
    layer = RNNS[cls](U, activation=activation, return_state=True, **options)
    if not initial:
        return K.Model(start, layer(x)), [STEPS]
    states = [K.Input((U,), name="s%d" % i) for i in range(2 if cls == "LSTM" else 1)]
    given = [numbers(B, U, seed=5 + i) for i in range(len(states))]
    return K.Model([start, *states], layer(x, initial_state=states)), [STEPS, *given]


def some_mask(cls, initial, **options):
    """With initial states Keras 3 hands no mask on by itself; the mask given by hand stays."""
    start, mask = K.Input((T, N)), K.Input((T,), dtype="bool", name="mask")
    layer = RNNS[cls](U, return_state=True, **options)
    if not initial:
        return K.Model([start, mask], layer(start, mask=mask)), [numbers(B, T, N), IDS != 0]
    states = [K.Input((U,), name="s%d" % i) for i in range(2 if cls == "LSTM" else 1)]
    given = [numbers(B, U, seed=5 + i) for i in range(len(states))]
    return K.Model([start, mask, *states], layer(start, mask=mask, initial_state=states)), [numbers(B, T, N), IDS != 0, *given]


BOTH = [False, True]
grid(
    "masked",
    masked,
    cls=["LSTM"],
    activation=["tanh", "selu"],
    go_backwards=BOTH,
    return_sequences=BOTH,
    zero_output_for_mask=BOTH,
    unroll=BOTH,
)
grid(
    "masked",
    masked,
    cls=["GRU", "SimpleRNN"],
    activation=["tanh", "selu"],
    go_backwards=BOTH,
    return_sequences=[True],
    zero_output_for_mask=BOTH,
)
grid("masked_initial", masked, cls=list(RNNS), activation=["tanh", "selu"], initial=[True], go_backwards=BOTH, return_sequences=[True])
grid("explicit_mask", some_mask, cls=["LSTM", "GRU"], initial=BOTH, return_sequences=BOTH, go_backwards=BOTH)


@case("embedding_mask")
def _():
    return sequential(L.Embedding(6, N, mask_zero=True), L.LSTM(U, return_sequences=True), L.GRU(U), shape=(T,), x=IDS, dtype="int32")


@case("embedding_floats")
def _():
    return sequential(L.Embedding(6, N, mask_zero=True), L.LSTM(U), shape=(T,), x=IDS + np.float32(0.5))


@case("embedding_alone")
def _():
    return sequential(L.Embedding(6, N), L.LSTM(U), shape=(T,), x=IDS, dtype="int64")


def quantized(mode, block):
    model, inputs = sequential(L.Embedding(6, 5, mask_zero=True), L.SimpleRNN(U), shape=(T,), x=IDS, dtype="int32")
    config = {"config": K.quantizers.Int4QuantizationConfig(block_size=block)} if block else {}
    model.layers[1].quantize(mode, **config)
    return model, inputs


grid("quantized", quantized, when=V3, mode=["int8", "int4"], block=[None])
grid("quantized", quantized, when=V3 and hasattr(getattr(K, "quantizers", None), "Int4QuantizationConfig"), mode=["int4"], block=[2, -1])


@case("masking_value")
def _():
    return sequential(L.Masking(mask_value=0.5), L.SimpleRNN(U, return_sequences=True), x=np.where(STEPS == 0, np.float32(0.5), STEPS))


# -- states ----------------------------------------------------------------------------------------------------------------------


def stateful(cls, **options):
    start = K.Input((T, N), batch_size=B)
    y = RNNS[cls](U, stateful=True, return_sequences=True, **options)(start)
    return K.Model(start, y), [numbers(B, T, N)], [numbers(B, T, N, seed=1)], [numbers(B, T, N, seed=2)]


grid("stateful", stateful, cls=list(RNNS), go_backwards=BOTH)
grid("stateful", stateful, cls=["LSTM"], activation=["selu"])


@case("stateful_masked_initial")
def _():
    start, h = K.Input((T, N), batch_size=B), K.Input((U,), batch_size=B)
    y = L.GRU(U, stateful=True, return_state=True)(L.Masking()(start), initial_state=h)
    return K.Model([start, h], y), [STEPS, numbers(B, U, seed=3)], [STEPS + 1, numbers(B, U, seed=4)]


@case("stateful_bidirectional")
def _():
    start = K.Input((T, N), batch_size=B)
    y = L.Bidirectional(L.LSTM(U, stateful=True, return_sequences=True))(start)
    return K.Model(start, y), [numbers(B, T, N)], [numbers(B, T, N, seed=1)]


@case("stateful_shared")
def _():
    start = K.Input((T, N), batch_size=B)
    layer = L.GRU(U, stateful=True)
    return K.Model(start, L.Concatenate()([layer(start), layer(start)])), [numbers(B, T, N)], [numbers(B, T, N, seed=1)]


# -- RNN over cells -----------------------------------------------------------------------------------------------------------------

CELLS = {
    "rnn": lambda: L.SimpleRNNCell(U),
    "lstm": lambda: L.LSTMCell(U, recurrent_activation="hard_sigmoid"),
    "gru": lambda: L.GRUCell(U, reset_after=False),
    "list": lambda: [L.LSTMCell(U), L.GRUCell(3), L.SimpleRNNCell(2, activation="selu")],
    "stack": lambda: L.StackedRNNCells([L.LSTMCell(3), L.LSTMCell(U)]),
    "stack_of_one": lambda: L.StackedRNNCells([L.GRUCell(3)]),
}


def over_cells(cell, mask, **options):
    return sequential(*([L.Masking()] if mask else []), L.RNN(CELLS[cell](), **options), x=STEPS)


grid("cells", over_cells, cell=list(CELLS), mask=BOTH, return_sequences=BOTH)
grid("cells_backwards", over_cells, cell=["stack", "list"], mask=BOTH, return_sequences=BOTH, go_backwards=[True])
grid("cells_zeros", over_cells, cell=["lstm", "stack"], mask=[True], return_sequences=[True], zero_output_for_mask=[True])
grid("cells_states", over_cells, cell=["rnn", "lstm", "gru"], mask=BOTH, return_state=[True])


def stack_states(**options):
    """The option reverse_state_order of tf.keras 2 changes the order of declared sizes, and that of the states not at all."""
    cells = L.StackedRNNCells([L.LSTMCell(3), L.LSTMCell(3)], **options)
    start, states = K.Input((T, N)), [K.Input((3,), name="s%d" % i) for i in range(4)]
    y = L.RNN(cells, return_sequences=True, return_state=True)(start, initial_state=[states[:2], states[2:]])
    return K.Model([start, *states], tf.nest.flatten(y)), [STEPS, *(numbers(B, 3, seed=i) for i in range(4))]


grid("stack_states", stack_states, when=not V3, reverse_state_order=BOTH)
case("stack_states", V3)(stack_states)


@case("stateful_stack")
def _():
    start = K.Input((T, N), batch_size=B)
    y = L.RNN(L.StackedRNNCells([L.LSTMCell(3), L.GRUCell(U)]), stateful=True)(start)
    return K.Model(start, y), [numbers(B, T, N)], [numbers(B, T, N, seed=1)]


@case("cell_called")
def _():
    x, h, c = K.Input((N,)), K.Input((U,)), K.Input((U,))
    out, states = L.LSTMCell(U)(x, [h, c])
    out2, _ = L.GRUCell(U)(out, [states[0]])
    return K.Model([x, h, c], [out2, states[1]]), [numbers(B, N), numbers(B, U, seed=1), numbers(B, U, seed=2)]


# -- Bidirectional --------------------------------------------------------------------------------------------------------------------


def both_ways(merge_mode, cls="LSTM", mask=False, **options):
    return sequential(*([L.Masking()] if mask else []), L.Bidirectional(RNNS[cls](U, **options), merge_mode=merge_mode), x=STEPS)


MERGES = ["concat", "sum", "ave", "mul", None]
grid("bidirectional", both_ways, merge_mode=MERGES, return_sequences=BOTH, mask=BOTH)
grid("bidirectional_states", both_ways, merge_mode=["concat", None], return_sequences=BOTH, return_state=[True])
grid(
    "bidirectional_kinds",
    both_ways,
    merge_mode=["concat"],
    cls=["GRU", "SimpleRNN"],
    activation=["tanh", "selu"],
    return_sequences=BOTH,
    mask=[True],
)
grid("bidirectional_unroll", both_ways, merge_mode=["concat"], unroll=[True], return_sequences=BOTH, mask=BOTH)
grid("bidirectional_backwards", both_ways, when=not V3, merge_mode=["concat"], go_backwards=[True], return_sequences=BOTH, mask=[True])


@case("bidirectional_two_layers")
def _():
    back = L.LSTM(3, go_backwards=True, return_sequences=True, activation="relu")
    return sequential(L.Masking(), L.Bidirectional(L.GRU(U, return_sequences=True), backward_layer=back), x=STEPS)


def both_ways_initial(mask, cls):
    start = K.Input((T, N))
    states = [K.Input((U,), name="s%d" % i) for i in range(4 if cls == "LSTM" else 2)]
    x = L.Masking()(start) if mask else start
    y = L.Bidirectional(RNNS[cls](U, return_sequences=True, return_state=True))(x, initial_state=states)
    return K.Model([start, *states], y), [STEPS, *(numbers(B, U, seed=i) for i in range(len(states)))]


grid("bidirectional_initial", both_ways_initial, mask=BOTH, cls=["LSTM", "GRU"])


@case("bidirectional_cells")
def _():
    return sequential(L.Masking(), L.Bidirectional(L.RNN(L.StackedRNNCells([L.LSTMCell(U), L.GRUCell(U)]), return_sequences=True)), x=STEPS)


@case("bidirectional_time_major", not V3)
def _():
    start = K.Input((B, N), batch_size=T)
    return K.Model(start, L.Bidirectional(L.LSTM(U, return_sequences=True, time_major=True))(start)), [numbers(T, B, N)]


# -- TimeDistributed --------------------------------------------------------------------------------------------------------------------

WORDS = np.stack([IDS, IDS[::-1], np.roll(IDS, 1, 1), IDS * 0])[None].repeat(2, 0).astype("int32")[:, :, :B].reshape(2, 12, T)[:, :4]


def each_step(*inner, shape=(4, T), x=WORDS, dtype="int32", after=(), batch=None):
    return sequential(*[L.TimeDistributed(layer) for layer in inner], *after, shape=shape, x=x, dtype=dtype, batch=batch)


@case("distributed_dense")
def _():
    return each_step(L.Dense(3), L.Activation("relu"), shape=(T, N), x=STEPS, dtype=None)


@case("distributed_free_length")
def _():
    return each_step(L.Dense(3), shape=(None, N), x=STEPS, dtype=None)


@case("distributed_free_lengths")
def _():
    return each_step(L.LSTM(3, return_sequences=True), shape=(None, None, N), x=numbers(2, 4, 3, N), dtype=None)


@case("distributed_fixed_batch")
def _():
    return each_step(L.LSTM(3), shape=(4, 3, N), x=numbers(2, 4, 3, N), dtype=None, batch=2)


@case("distributed_rank_4")
def _():
    return each_step(L.Dense(3), L.Flatten(), shape=(4, 3, N), x=numbers(2, 4, 3, N), dtype=None)


@case("distributed_embedding")
def _():
    return each_step(L.Embedding(6, N, mask_zero=True), L.LSTM(U), after=[L.GRU(U)])


@case("distributed_masking")
def _():
    return each_step(
        L.Masking(),
        L.LSTM(U, return_sequences=True),
        L.LSTM(U),
        after=[L.GRU(U)],
        shape=(B, T, N),
        x=np.stack([STEPS, STEPS[::-1]]),
        dtype=None,
    )


@case("distributed_model")
def _():
    inner = K.Sequential([K.Input((T,), dtype="int32"), L.Embedding(6, N, mask_zero=True), L.LSTM(U)])
    return each_step(inner, after=[L.Bidirectional(L.LSTM(U))])


@case("distributed_under_mask")
def _():
    return sequential(L.Embedding(6, N, mask_zero=True), L.TimeDistributed(L.Dense(3)), L.LSTM(U), shape=(T,), x=IDS, dtype="int32")


@case("distributed_normalization")
def _():
    return each_step(L.BatchNormalization(), L.Dropout(0.5), shape=(T, N), x=STEPS, dtype=None)


# -- ConvLSTM -------------------------------------------------------------------------------------------------------------------------------

FRAMES = {1: numbers(B, 3, 5, 2), 2: numbers(B, 3, 5, 4, 2), 3: numbers(2, 2, 3, 4, 3, 2)}


def convolved(rank, **options):
    layer = getattr(L, "ConvLSTM%dD" % rank)(2, 3, **options)
    return sequential(layer, shape=FRAMES[rank].shape[1:], x=FRAMES[rank])


HAS_1D = hasattr(L, "ConvLSTM1D")
grid("conv_lstm", convolved, rank=[2, *([1, 3] if HAS_1D else [])], return_sequences=BOTH, padding=["valid", "same"])
grid("conv_lstm", convolved, rank=[2], return_sequences=BOTH, return_state=[True], go_backwards=BOTH)
grid("conv_lstm", convolved, rank=[2], strides=[2], padding=["same"], use_bias=BOTH, activation=["relu"], recurrent_activation=["sigmoid"])
grid("conv_lstm", convolved, rank=[2], dilation_rate=[2], padding=["same"])


def convolved_masked(**options):
    start, mask = K.Input((3, 5, 4, 2)), K.Input((3,), dtype="bool", name="mask")
    y = L.ConvLSTM2D(2, 2, return_state=True, **options)(start, mask=mask)
    return K.Model([start, mask], y), [FRAMES[2], np.array([[True, False, True], [False, True, False], [False] * 3])]


grid("conv_lstm_masked", convolved_masked, return_sequences=BOTH, go_backwards=BOTH)
grid("conv_lstm_masked", convolved_masked, when=V3, return_sequences=BOTH, zero_output_for_mask=[True])


@case("conv_lstm_stateful")
def _():
    start = K.Input((3, 5, 4, 2), batch_size=B)
    return K.Model(start, L.ConvLSTM2D(2, 2, stateful=True)(start)), [FRAMES[2]], [FRAMES[2][::-1]]


# -- masks from layer to layer ----------------------------------------------------------------------------------------------------------------


def through(*layers):
    """Whatever mask comes out of these layers decides what the LSTM gives."""
    return sequential(L.Embedding(6, 4, mask_zero=True), *layers, L.LSTM(U), shape=(T,), x=IDS, dtype="int32")


THROUGH = {
    "nothing": list,
    "dense": lambda: [L.Dense(3), L.Activation("tanh"), L.Dropout(0.3)],
    "normalized": lambda: [L.LayerNormalization(), L.BatchNormalization()],
    "relu": lambda: [L.ReLU()],
    "leaky": lambda: [L.LeakyReLU(), L.ELU()],
    "conv": lambda: [L.Conv1D(3, 2, padding="same")],
    "reshaped": lambda: [L.Reshape((T, 4))],
    "permuted": lambda: [L.Permute((2, 1)), L.Permute((2, 1))],
    "lstm": lambda: [L.LSTM(3, return_sequences=True)],
    "bidirectional": lambda: [L.Bidirectional(L.GRU(3, return_sequences=True))],
    "noise": lambda: [L.GaussianNoise(0.1), L.SpatialDropout1D(0.2)],
    "padded": lambda: [L.ZeroPadding1D(1)],
    "nested": lambda: [K.Sequential([K.Input((T, 4)), L.Dense(3)])],
    "nested_conv": lambda: [K.Sequential([K.Input((T, 4)), L.Conv1D(3, 1)])],
    "nested_masking": lambda: [K.Sequential([K.Input((T, 4)), L.Conv1D(3, 1), L.Masking(0.5)])],
}
if hasattr(L, "Rescaling"):
    THROUGH["rescaling"] = lambda: [L.Rescaling(2.0)]
for _name in THROUGH:
    case("through_" + _name)(lambda name=_name: through(*THROUGH[name]()))


def merged(merge, second):
    start, other = K.Input((T,), dtype="int32"), K.Input((T,), dtype="int32")
    x = L.Embedding(6, 4, mask_zero=True)(start)
    y = L.Embedding(6, 4, mask_zero=second)(other)
    merges = {"Add": L.Add, "Multiply": L.Multiply, "Maximum": L.Maximum, "Average": L.Average, "Concatenate": L.Concatenate}
    layer = L.Concatenate(axis=1) if merge == "Time" else merges[merge]()
    return K.Model([start, other], L.LSTM(U)(layer([x, y]))), [IDS, np.roll(IDS, 1, 1)]


grid("merged", merged, merge=["Add", "Multiply", "Maximum", "Average", "Concatenate", "Time"], second=BOTH)


@case("operator_between", V3)
def _():
    start = K.Input((T,), dtype="int32")
    return K.Model(start, L.LSTM(U)(K.ops.concatenate([L.Embedding(6, N, mask_zero=True)(start)] * 2))), [IDS]


@case("nested_two_inputs")
def _():
    a, b_ = K.Input((T, 4)), K.Input((T, 4))
    inner = K.Model([a, b_], [L.LSTM(U)(a), L.Dense(2)(b_)])
    x, y = K.Input((T,), dtype="int32"), K.Input((T,), dtype="int32")
    e = L.Embedding(6, 4, mask_zero=True)
    first, second = inner([e(x), e(y)])
    return K.Model([x, y], [first, L.GRU(U)(second)]), [IDS, IDS[::-1]]


@case("seq2seq")
def _():
    source, target = K.Input((None,), dtype="int32"), K.Input((None,), dtype="int32")
    _, h, c = L.LSTM(U, return_state=True)(L.Embedding(6, N, mask_zero=True)(source))
    y, _, _ = L.LSTM(U, return_sequences=True, return_state=True)(L.Embedding(6, N, mask_zero=True)(target), initial_state=[h, c])
    return K.Model([source, target], [y, L.GRU(U)(y)]), [IDS, IDS[::-1]]


# -- writing -----------------------------------------------------------------------------------------------------------------------------------


def children(layer):
    """(key, layer) pairs under the keys of loadstone's `Layer.children`, or layer names inside a model."""
    kind = type(layer).__name__
    if kind in ("Sequential", "Functional", "Model"):
        return [(inner.name, inner) for inner in layer.layers]
    if kind == "Bidirectional":
        return [("forward_layer", layer.forward_layer), ("backward_layer", layer.backward_layer)]
    if kind == "TimeDistributed":
        return [("layer", layer.layer)]
    if kind == "RNN":
        return [("cell", layer.cell)]
    if kind == "StackedRNNCells":
        return [("cells/%d" % i, cell) for i, cell in enumerate(layer.cells)]
    return []


def variables(layer, prefix=""):
    inside = children(layer)
    if inside:
        for key, inner in inside:
            yield from variables(inner, prefix + key + "/")
        return
    for v in layer.weights:
        name = v.name.split("/")[-1].split(":")[0]
        if name not in ("rnn_state", "seed_generator_state"):
            yield prefix + name, v


def call(model, x):
    """One batch; the model's function of tf.keras 2 is compiled anew for each model, and eager calls give the same numbers."""
    return model.predict_on_batch(x) if V3 else model(x, training=False)


KINDS = {"i": ("integers", "int8"), "f": ("floats", "float32"), "d": ("doubles", "float64")}


def main(folder):
    only, path = sys.argv[2:], os.path.join(folder, VERSION + ".npz")
    index, parts = {}, {"i": [], "f": [], "d": []}
    if only and os.path.exists(path):
        old = np.load(path)
        index = json.loads(old["index"].tobytes())["cases"]
        index = {name: made for name, made in index.items() if not any(part in name for part in only)}
        parts = {kind: [old[key]] if key in old else [] for kind, (key, _) in KINDS.items()}

    def keep(array):
        array = np.asarray(array)
        packed = (array * 32).astype("float64") if array.dtype.kind == "f" else array.astype("float64")
        small = np.round(packed)
        if np.array_equal(small, packed) and np.abs(small).max(initial=0) < 128:
            return put("i", small, array)
        return put("d" if array.dtype == "float64" else "f", array, array)

    def put(kind, values, array):
        at = sum(a.size for a in parts[kind])
        parts[kind].append(values.astype(KINDS[kind][1]).ravel())
        return [kind, at, list(array.shape), str(array.dtype)]

    for name, make in CASES.items():
        if only and not any(part in name for part in only):
            continue
        K.backend.clear_session() if not V3 else K.utils.clear_session()
        try:
            model, *calls = make()
        except Exception as error:  # what a release refuses to build is no case of it
            print("refused", name, type(error).__name__, str(error)[:90])
            continue
        seed = 10
        weights = {}
        for place, v in variables(model):
            seed += 1
            shape = tuple(v.shape)
            value = np.random.RandomState(seed).randint(1 if "variance" in place or "scale" in place else -40, 41, shape)
            value = np.asarray(v) if "g_idx" in place else value.astype("int8") if v.dtype == "int8" else value.astype("float32") / 32
            v.assign(value)
            weights[place] = keep(np.asarray(value))
        try:
            results = [call(model, inputs if len(inputs) > 1 else inputs[0]) for inputs in calls]
        except Exception as error:
            print("fails", name, type(error).__name__, str(error)[:90])
            continue
        flat = [[np.asarray(y) for y in tf.nest.flatten(result)] for result in results]
        assert all(np.isfinite(y.astype("float64")).all() for ys in flat for y in ys), name
        index[name] = {
            "config": json.loads(model.to_json()),
            "weights": weights,
            "inputs": [[keep(x) for x in inputs] for inputs in calls],
            "outputs": [[keep(y) for y in ys] for ys in flat],
        }
    text = json.dumps({"version": VERSION, "cases": index}, separators=(",", ":")).encode()
    arrays = {key: np.concatenate([*parts[kind], np.zeros(0, dtype)]) for kind, (key, dtype) in KINDS.items()}
    np.savez_compressed(path, index=np.frombuffer(text, "uint8"), **arrays)
    print(path, os.path.getsize(path), len(index), "cases")


main(sys.argv[1])
