"""Recurrent kernels: cells and blocks of LSTM and GRU, with peepholes, clips and steps left out."""


def cases(tf, np):
    rng, raw = np.random.default_rng(6), tf.raw_ops
    time, batch, n, units = 5, 3, 4, 2
    x = rng.standard_normal((time, batch, n)).astype(np.float32)
    c, h = (rng.standard_normal((batch, units)).astype(np.float32) for _ in range(2))
    w = rng.standard_normal((n + units, 4 * units)).astype(np.float32)
    bias = rng.standard_normal(4 * units).astype(np.float32)
    peeps = [rng.standard_normal(units).astype(np.float32) for _ in range(3)]
    weights = {"w": w, "wci": peeps[0], "wcf": peeps[1], "wco": peeps[2], "b": bias}
    free = [(None, None, n), (None, units), (None, units)]
    half = {key: value.astype(np.float16) for key, value in weights.items()}

    def cell(options, weights=weights):
        return lambda x, c, h: list(raw.LSTMBlockCell(x=x, cs_prev=c, h_prev=h, forget_bias=0.7, **weights, **options))

    def block(options, weights=weights, op=raw.BlockLSTM, places=range(7)):
        bias = {"forget_bias": 0.7} if op is raw.BlockLSTM and options else {}

        def run(x, c, h, steps=time):
            found = op(seq_len_max=tf.cast(steps, tf.int64), x=x, cs_prev=c, h_prev=h, **bias, **weights, **options)
            return [found[k] for k in places]

        return run

    def three(f):
        return lambda x, c, h: f(x, c, h)

    def four(f):
        return lambda x, c, h, steps: f(x, c, h, steps)

    for peephole in (False, True):
        for clip in (-1.0, 0.4):
            name, options = f"{peephole}_{clip}", {"cell_clip": clip, "use_peephole": peephole}
            yield f"lstm_cell_{name}", cell(options), [x[0], c, h], [(None, n), (None, units), (None, units)]
            yield f"block_lstm_{name}", three(block(options)), [x, c, h]
            yield f"block_lstm_{name}_free", three(block(options)), [x, c, h], free
            yield f"block_lstm_v2_{name}", three(block(options, op=raw.BlockLSTMV2)), [x, c, h], free
        for name, op in (("block", raw.BlockLSTM), ("block_v2", raw.BlockLSTMV2)):
            some = four(block(options, op=op, places=(1, 6)))  # what the others hold of steps left out is not set
            yield f"{name}_{peephole}_steps", some, [x, c, h, np.int64(3)], [*free, ()]
            yield f"{name}_{peephole}_no_steps", some, [x, c, h, np.int64(0)], [*free, ()]
    plain = {"cell_clip": -1.0}
    yield "block_h_alone", three(block(plain, places=[6])), [x, c, h], free
    yield "block_h_missing", three(block(plain, places=[6])), [np.where(x > 1.5, np.nan, x), c, h], free
    yield "block_h_some", four(block(plain, places=[6])), [x, c, h, np.int64(2)], [*free, ()]
    yield "block_defaults", three(block({})), [x * 3, c * 3, h], free
    yield "block_v2_defaults", three(block({}, op=raw.BlockLSTMV2)), [x, c, h], free
    halves = [v.astype(np.float16) for v in (x, c, h)]
    yield "block_float16", three(block(plain, weights=half)), halves, free
    yield "lstm_cell_float16", cell(plain, weights=half), [halves[0][0], *halves[1:]]
    yield "block_no_batch", three(block(plain)), [x[:, :0], c[:0], h[:0]], free
    yield "block_no_batch_known", three(block(plain, places=[6])), [x[:, :0], c[:0], h[:0]]
    yield "block_no_time", four(block(plain, places=[6])), [x[:0], c, h, np.int64(0)], [*free, ()]

    def computed(x, c, h, w, b):
        given = {**weights, "w": w, "b": b}
        return list(raw.BlockLSTM(seq_len_max=tf.constant(time, tf.int64), x=x, cs_prev=c, h_prev=h, **given))

    yield "block_computed_weights", computed, [x, c, h, w, bias]
    w_ru, w_c = w[:, : 2 * units], w[:, 2 * units : 3 * units]
    b_ru, b_c = bias[: 2 * units], bias[2 * units : 3 * units]

    def gru(x, h):
        return list(raw.GRUBlockCell(x=x, h_prev=h, w_ru=w_ru, w_c=w_c, b_ru=b_ru, b_c=b_c))

    yield "gru_cell", gru, [x[0], h], [(None, n), (None, units)]
    yield "gru_cell_none", gru, [x[0, :0], h[:0]], [(None, n), (None, units)]
