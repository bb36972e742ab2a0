"""What is proven to keep samples apart does so, and what mixes samples is never cut."""

from itertools import product

import numpy as np
import pytest

from loadstone.errors import ModelError
from loadstone.ir import Spec, Tensor
from loadstone.lowering import shapes
from loadstone.lowering.builder import Builder
from loadstone.lowering.passes import cost
from loadstone.lowering.passes.batch_axis import NotProven, Prover, samples_apart
from loadstone.lowering.passes.batch_rules import RULES
from loadstone.lowering.passes.lengths import BATCH, ONE, Length, common
from loadstone.lowering.program import assemble
from loadstone.runtime import Executor
from tests.lowering.kernels_probe import EXAMPLES, T
from tests.lowering.programs import program, run, weight

UNPROVEN = {"GroupNorm", "MeanVarianceNormalization", "NonMaxSuppression", "Unique"}  # ops that shapes knows and no rule keeps apart


def test_every_op_that_rules_may_emit_has_a_row():
    assert set(shapes.TABLE) - set(RULES) - UNPROVEN == set()


# -- soundness: each op, with the samples on each axis of each input ------------------------------------------------------


def placements(kind):
    """For each input of the example: the axis of the samples, or None."""
    choices = []
    for operand in EXAMPLES[kind][0]:
        choices.append([None, *range(len(operand.shape))] if isinstance(operand, T) and operand.shape else [None])
    return [places for places in product(*choices) if any(p is not None for p in places)]


def values_for(kind, operand, rng):
    if kind in ("Asin", "Acos", "Atanh"):
        return rng.uniform(0, 0.9, operand.shape)
    return rng.uniform(1, 2, operand.shape)


def built(kind, places):
    """A block with the op, its inputs with the samples first, and their arrays."""
    rng = np.random.default_rng(5)
    operands, attributes = EXAMPLES[kind]
    b = Builder()
    arrays, values = [], []
    boolean = kind in ("And", "Or", "Xor", "Not")
    integer = kind.startswith("Bit")
    dtype = "bool" if boolean else "uint8" if integer else "float32"
    for k, (operand, place) in enumerate(zip(operands, places, strict=True)):
        if not isinstance(operand, T):
            values.append(None if operand is None else b.const(operand))
            continue
        array = (values_for(kind, operand, rng) * (5 if integer else 1)).astype(dtype)
        if boolean:
            array = rng.integers(0, 2, operand.shape).astype(bool)
        if place is None:
            values.append(b.weight(Tensor.of(array, key=f"w{k}")))
            continue
        first = np.moveaxis(array, place, 0)
        x = b.input(f"x{k}", (None, *first.shape[1:]), dtype)
        values.append(b.transpose(x, [*range(1, place + 1), 0, *range(place + 1, array.ndim)]))
        arrays.append(first)
    options = {name: v for name, v in attributes.items() if name not in ("second", "outputs")}
    count = attributes.get("outputs", {"LSTM": 3, "GRU": 2, "RNN": 2}.get(kind, 1))
    results = b.ops(kind, *values, outputs=count, **options)
    b.block.outputs = list(results)
    return b, arrays


# Ops whose example has a constant where the samples would be: they are proven in a model below, or never with samples.
BY_MODELS = frozenset(
    "Expand GatherElements GatherND Reshape ReverseSequence ScatterElements Trilu Where Range OneHot NonZero ScatterND Det".split()
)


@pytest.mark.parametrize("kind", sorted(set(EXAMPLES) & set(RULES) - {"Shape", "Size", "EyeLike"}))
def test_an_op_keeps_samples_apart_wherever_its_rule_says_so(kind):
    proven = 0
    for places in placements(kind):
        try:
            b, arrays = built(kind, places)
            prover = Prover(RULES)
            facts = prover.run(b.block, [prover.made(value, 0) for value in b.block.inputs])
        except (NotProven, ModelError, TypeError):  # no rule emits an op with that length free
            continue
        if len({len(array) for array in arrays}) != 1:
            continue  # inputs of different batch sizes are not cut
        proven += 1
        kept = [(y, fact.axis) for y, fact in zip(b.block.outputs, facts, strict=True)]
        outputs = [y if axis in (None, 0) else b.transpose(y, [axis, *(a for a in range(y.rank) if a != axis)]) for y, axis in kept]

        specs = [(Spec(value.name, value.shape, value.dtype), value) for value in b.block.inputs]
        results = [(Spec(value.name, value.shape, value.dtype), value) for value in outputs]
        compiled = Executor(assemble(b, specs, results, None), threads=1)._process()
        whole = compiled.run(arrays)
        rows = [compiled.run([array[k : k + 1] for array in arrays]) for k in range(len(arrays[0]))]
        for k, (_, axis) in enumerate(kept):
            apart = rows[0][k] if axis is None else np.concatenate([row[k] for row in rows])
            np.testing.assert_allclose(whole[k].astype(np.float64), apart.astype(np.float64), rtol=1e-5, err_msg=f"{kind} {places}")
    assert proven or kind in BY_MODELS, "no case of this op is proven"


# -- whole models ----------------------------------------------------------------------------------------------------------


def dense(b, x, n=3):
    return b.Relu(b.Add(b.MatMul(x, weight(b, x.shape[-1], n)), weight(b, n)))


def time_distributed(b, x):
    """Merges batch and time, which is free, and takes them apart again."""
    steps = b.dim(x, 1)
    y = dense(b, b.reshape(x, [-1, 4], (None, 4)))
    return b.reshape(y, [-1, steps, 3], (None, None, 3))


def attention(b, x):
    q, k = b.MatMul(x, weight(b, 4, 4)), b.MatMul(x, weight(b, 4, 4, seed=1))
    scores = b.Softmax(b.MatMul(q, b.transpose(k, [0, 2, 1])), axis=-1)
    return b.MatMul(scores, x)


def split_heads(b, x):
    steps = b.dim(x, 1)
    y = b.transpose(b.reshape(x, [b.dim(x, 0), steps, 2, 2]), [0, 2, 1, 3])
    y = b.MatMul(y, b.transpose(y, [0, 1, 3, 2]))
    return b.ReduceMean(y, b.ints([1, 3]), keepdims=0)


def recurrent(b, x):
    y = b.ops("LSTM", b.transpose(x, [1, 0, 2]), weight(b, 1, 12, 4), weight(b, 1, 12, 3), outputs=3, hidden_size=3)
    return b.squeeze(y[1], 0)


def scanned(b, x):
    """A cell as a Scan whose first state is zeros of the batch's size."""
    start = b.zeros([b.dim(x, 0), 4], "float32")
    body = b.inner()
    before, step = body.input("h", (None, 4), "float32"), body.input("s", (None, 4), "float32")
    after = body.Tanh(body.Add(body.MatMul(before, weight(b, 4, 4)), step))
    body.block.outputs = [after, body.op("Identity", after)]
    last, every = b.ops("Scan", start, b.transpose(x, [1, 0, 2]), outputs=2, body=body.block, num_scan_inputs=1)
    return b.Add(last, b.ReduceSum(every, b.ints([0]), keepdims=0))


def looped(b, x):
    body = b.inner()
    body.input("i", (), "int64")
    body.input("go", (), "bool")
    state = body.input("v", (None, None, 4), "float32")
    body.block.outputs = [body.const(np.array(True)), body.Mul(state, 1.5)]
    return b.op("Loop", b.const(np.int64(3)), b.const(np.array(True)), x, body=body.block)


def positions(b, x):
    table = b.slice(weight(b, 50, 4), 0, 0, 50)
    rows = b.op("Slice", table, b.ints([0]), b.dim(x, 1), b.ints([0]))
    return b.Add(x, rows)


def expanded(b, x):
    token = b.op("Expand", weight(b, 1, 1, 4), b.vector([b.dim(x, 0), 1, 4]), out_shape=(None, 1, 4))
    return b.Concat(token, x, axis=1)


def picked(b, x):
    """Elements picked, put back and turned round along time, by indices that the samples themselves give."""
    order = b.ops("TopK", x, b.ints([3]), outputs=2, axis=1)[1]
    chosen = b.GatherElements(x, order, axis=1)
    put = b.op("ScatterElements", x, order, b.Neg(chosen), axis=1)
    lengths = b.Add(b.squeeze(b.ArgMax(b.slice(x, 2, 0, 1), axis=1, keepdims=0), 1), 1)
    turned = b.op("ReverseSequence", put, lengths, batch_axis=0, time_axis=1)
    return b.Where(b.Greater(turned, 0.0), turned, b.const(-1.0))


def nearest(b, x):
    """One vector for each sample, by an index of its own."""
    best = b.ArgMax(b.ReduceSum(x, b.ints([2]), keepdims=0), axis=1, keepdims=1)
    return b.op("GatherND", x, best, batch_dims=1)


def triangle(b, x):
    marks = b.OneHot(b.ArgMax(x, axis=2, keepdims=0), b.ints([4]), b.const([0.0, 1.0]))
    return b.Det(b.Add(b.MatMul(b.transpose(b.Trilu(x), [0, 2, 1]), marks), weight(b, 1, 4, 4)))


APART = {
    "picked": (picked, (7, 4)),
    "nearest": (nearest, (7, 4)),
    "triangle": (triangle, (7, 4)),
    "dense": (lambda b, x: dense(b, x), (5,)),
    "flatten": (lambda b, x: dense(b, b.reshape(x, [-1, 12])), (3, 4)),
    "flatten free": (lambda b, x: b.reshape(x, [b.dim(x, 0), -1]), (None, 4)),
    "time_distributed": (time_distributed, (None, 4)),
    "attention": (attention, (None, 4)),
    "split_heads": (split_heads, (None, 4)),
    "recurrent": (recurrent, (None, 4)),
    "scanned": (scanned, (None, 4)),
    "looped": (looped, (None, 4)),
    "positions": (positions, (None, 4)),
    "expanded": (expanded, (None, 4)),
    "convolution": (lambda b, x: b.Conv(b.transpose(x, [0, 2, 1]), weight(b, 2, 4, 3)), (9, 4)),
    "cumulated over time": (lambda b, x: b.CumSum(x, b.const(np.int64(1))), (None, 4)),
}


@pytest.mark.parametrize("name", sorted(APART))
def test_models_that_keep_samples_apart_are_cut(name):
    build, shape = APART[name]
    made = program(build, ((None, *shape), "float32"))
    assert made.sharding is not None
    x = np.random.default_rng(1).standard_normal((37, *(7 if d is None else d for d in shape))).astype(np.float32)
    executor = Executor(made, threads=1)
    whole = executor._process().run([x])
    for rows in (1, 5, 8):
        parts = [executor._process().run([x[k : k + rows]]) for k in range(0, 37, rows)]
        for k, output in enumerate(whole):
            np.testing.assert_allclose(np.concatenate([p[k] for p in parts]), output, rtol=1e-5, atol=1e-6)


def batch_statistics(b, x):
    mean = b.ReduceMean(x, b.ints([0]))
    return b.Div(b.Sub(x, mean), b.Sqrt(b.ReduceMean(b.Mul(b.Sub(x, mean), b.Sub(x, mean)), b.ints([0]))))


MIXED = {
    "average over the batch": lambda b, x: b.Sub(x, b.ReduceMean(x, b.ints([0]))),
    "average over everything": lambda b, x: b.Sub(x, b.ReduceMean(x)),
    "batch normalization in training": batch_statistics,
    "training mode": lambda b, x: b.op("BatchNormalization", x, *[weight(b, 4)] * 4, training_mode=1),
    "softmax over the batch": lambda b, x: b.Softmax(x, axis=0),
    "similarities": lambda b, x: b.MatMul(x, b.transpose(x, [1, 0])),
    "gram": lambda b, x: b.MatMul(b.transpose(x, [1, 0]), x),
    "divided by the batch size": lambda b, x: b.Div(x, b.cast(b.Shape(x, start=0, end=1), "float32")),
    "first sample": lambda b, x: b.Add(x, b.Gather(x, b.ints([0]), axis=0)),
    "shifted": lambda b, x: b.Concat(b.slice(x, 0, 1), b.slice(x, 0, 0, 1), axis=0),
    "reversed": lambda b, x: b.slice(x, 0, -1, None, -1),
    "numbered": lambda b, x: b.Add(
        x, b.cast(b.unsqueeze(b.Range(b.const(np.int64(0)), b.squeeze(b.Shape(x, start=0, end=1), 0), b.const(np.int64(1))), 1), "float32")
    ),
    "pairs": lambda b, x: b.reshape(x, [-1, 8]),
    "samples innermost": lambda b, x: b.reshape(b.transpose(x, [1, 0]), [-1, 4]),
    "cumulated over samples": lambda b, x: b.CumSum(x, b.const(np.int64(0))),
    "padded samples": lambda b, x: b.Pad(x, b.ints([1, 0, 0, 0])),
    "repeated": lambda b, x: b.Tile(x, b.ints([2, 1])),
    "scalar": lambda b, x: b.ReduceSum(x, keepdims=0),
    "constant": lambda b, x: b.weight(Tensor.of(np.ones((3, 4), np.float32))),
    "fixed addend": lambda b, x: b.Add(x, weight(b, 3, 4)),
    "recurrent over samples": lambda b, x: b.ops(
        "LSTM", b.unsqueeze(x, 1), weight(b, 1, 12, 4), weight(b, 1, 12, 3), outputs=3, hidden_size=3
    )[1],
    "unknown op": lambda b, x: b.op("MeanVarianceNormalization", x, axes=[0]),
    "largest of all": lambda b, x: b.ops("TopK", x, b.ints([1]), outputs=2, axis=0)[0],
    "normalized over all": lambda b, x: b.LayerNormalization(x, weight(b, 4), axis=0),
    "python": lambda b, x: b.host("call", lambda a: (a,), [x], [((None, 4), "float32")])[0],
}


@pytest.mark.parametrize("name", sorted(MIXED))
def test_models_whose_samples_see_each_other_are_not_cut(name):
    assert program(MIXED[name], ((None, 4), "float32"), passes=False).sharding is None


@pytest.mark.parametrize("rows", [1, 7, 32, 100])
@pytest.mark.parametrize("name", ["average over the batch", "batch normalization in training"])
def test_batches_of_a_mixing_model_are_those_of_the_caller(name, rows):
    x = np.random.default_rng(2).standard_normal((100, 4)).astype(np.float32)
    executor = Executor(program(MIXED[name], ((None, 4), "float32")), threads=4)
    if name.startswith("average"):
        expected = np.concatenate([x[k : k + rows] - x[k : k + rows].mean(0) for k in range(0, 100, rows)])
    else:
        expected = (
            np.concatenate([(p - p.mean(0)) / p.std(0) for p in (x[k : k + rows] for k in range(0, 100, rows))]) if rows > 1 else None
        )
    result = executor.predict([x], rows)[0]
    if expected is not None:
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)
    assert executor.run([x])[0].shape == (100, 4)


def test_states_end_the_proof():
    def build(b, x):
        before, keep = b.keep_state("total", Tensor.of(np.zeros(4, np.float32)))
        keep(b.Add(before, 1.0))
        return b.Add(x, before)

    assert program(build, ((None, 4), "float32")).sharding is None


def test_a_fixed_batch_size_ends_the_proof():
    assert program(lambda b, x: b.Relu(x), ((8, 4), "float32")).sharding is None


def test_reasons_name_the_op_and_the_layer():
    b = Builder()
    x = b.input("x", (None, 4), "float32")
    with b.scope("pool/mean"):
        b.block.outputs = [b.Sub(x, b.ReduceMean(x, b.ints([0])))]
    assert samples_apart(b.block, False, RULES) == "ReduceMean at pool/mean lets samples see each other, or may"


# -- lengths and cost -------------------------------------------------------------------------------------------------------


def test_lengths_divide_where_the_quotient_is_whole():
    time = Length(1, ("time",))
    assert (BATCH * time * Length(6)).over(time * Length(3)) == BATCH * Length(2)
    assert (BATCH * Length(3)).over(Length(2)) is None
    assert BATCH.over(time) is None


def test_common_length_of_broadcast_axes():
    free, other = Length(1, ("a",)), Length(1, ("b",))
    assert common([ONE, free], other) == free
    assert common([Length(4), free], other) == Length(4)
    assert common([free, Length(1, ("c",))], other) == other
    assert common([], other) == ONE


MICRO_BATCHES = {
    "wide layers read their weights again for each chunk": (lambda b, x: dense(b, x, 3000), (3000,), 64),
    "large images come one by one": (lambda b, x: b.Conv(x, weight(b, 64, 32, 3, 3)), (32, 112, 112), 1),
    "small images come by the dozen": (lambda b, x: b.Conv(x, weight(b, 8, 3, 3, 3)), (3, 64, 64), 64),
    "nearly nothing to do": (lambda b, x: b.Relu(x), (3,), cost.MOST),
}


@pytest.mark.parametrize("name", sorted(MICRO_BATCHES))
def test_micro_batches_are_as_large_as_the_work_in_them_wants(name):
    build, shape, rows = MICRO_BATCHES[name]
    assert program(build, ((None, *shape), "float32")).sharding.rows == rows


def test_recurrent_weights_are_read_at_every_step():
    def build(b, x):
        kernels = weight(b, 1, 2048, 512), weight(b, 1, 2048, 512)
        return b.squeeze(b.ops("LSTM", b.transpose(x, [1, 0, 2]), *kernels, outputs=3, hidden_size=512)[1], 0)

    assert program(build, ((None, 100, 512), "float32")).sharding.rows == 64


def test_inputs_of_different_length_run_whole():
    made = program(lambda b, x, y: b.Add(x, y), ((None, 4), "float32"), ((None, 4), "float32"))
    x = np.ones((3000, 4), np.float32)
    np.testing.assert_array_equal(Executor(made, threads=2).run([x, x[:1]])[0], x + x[:1])


def test_the_helper_runs_what_it_builds():
    np.testing.assert_array_equal(run(lambda b, x: b.Neg(x), np.ones(2, np.float32))[0], [-1, -1])
