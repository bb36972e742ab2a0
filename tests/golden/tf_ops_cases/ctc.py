"""Connectionist temporal classification: greedy and beam search decoders, the loss and its gradient."""


def cases(tf, np):
    rng, raw = np.random.default_rng(5), tf.raw_ops
    x = (rng.standard_normal((9, 3, 5)) * 2).astype(np.float32)
    x[1] = x[0] + 0.1
    lengths = np.asarray([9, 4, 0], np.int32)
    free = [(None, None, None), (None,)]
    for merge in (True, False):
        for blank in (-1, 0, 2):

            def greedy(x, n, merge=merge, blank=blank):
                return raw.CTCGreedyDecoder(inputs=x, sequence_length=n, merge_repeated=merge, blank_index=blank)

            yield f"greedy_{merge}_{blank}", lambda x, n, f=greedy: list(f(x, n)), [x, lengths], free

        def beam(x, n, merge=merge, paths=3, width=8):
            found = raw.CTCBeamSearchDecoder(inputs=x, sequence_length=n, beam_width=width, top_paths=paths, merge_repeated=merge)
            return [*found.decoded_indices, *found.decoded_values, *found.decoded_shape, found.log_probability]

        yield f"beam_{merge}", beam, [x, np.asarray([9, 4, 7], np.int32)], free
        yield f"beam_{merge}_one", lambda x, n, f=beam: f(x, n, paths=1, width=1), [x, lengths], free
    yield "greedy_float64", lambda x, n: list(greedy(x, n)), [x.astype(np.float64), lengths]
    indices = np.asarray([[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [2, 0]], np.int64)
    values = np.asarray([1, 1, 3, 0, 2, 2], np.int32)
    given = [(None, None, None), (None, 2), (None,), (None,)]
    for merge in (True, False):
        for collapse in (True, False):

            def loss(x, indices, values, n, merge=merge, collapse=collapse):
                found = raw.CTCLoss(
                    inputs=x, labels_indices=indices, labels_values=values, sequence_length=n, ctc_merge_repeated=merge,
                    preprocess_collapse_repeated=collapse, ignore_longer_outputs_than_inputs=True,
                )  # fmt: skip
                return list(found)

            yield f"loss_{merge}_{collapse}", loss, [x, indices, values, np.asarray([9, 4, 5], np.int32)], given
    yield "loss_too_long", loss, [x, indices, values, np.asarray([2, 1, 0], np.int32)], given
