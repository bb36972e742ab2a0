"""Crosses of sparse, ragged and dense columns, joined and hashed."""


def cases(tf, np):
    ops, pair = tf.raw_ops, [(None,), (None,)]
    at, size = np.array([[0, 0], [0, 1], [1, 0], [3, 0]]), np.array([4, 2])
    text, numbers = np.array([b"a", b"bb", b"", b"d" * 40], object), np.array([5, -7, 2**40 + 3, 0])
    grid, column = np.array([[b"x", b"y"], [b"z", b"w"], [b"u", b"v"], [b"q", b"r"]], object), np.array([[1], [-2], [3], [2**33]])
    of_text, of_numbers = [at, text, size, grid], [at, numbers, size, column]
    free, free_numbers = ([(None, 2), (None,), (2,), (None, n)] for n in (2, 1))
    hashed = {"hashed_output": True, "hash_key": 956888297470, "out_type": tf.int64, "internal_type": tf.int64}
    joined = {"hashed_output": False, "hash_key": 0, "out_type": tf.string, "internal_type": tf.string}

    def cross(i, v, s, d, buckets, how):
        return ops.SparseCross(indices=[i, i], values=[v, v], shapes=[s, s], dense_inputs=[d], num_buckets=buckets, **how)

    yield "cross_joined", lambda *x: cross(*x, 0, joined), of_text, free
    for buckets in (0, 1000):
        yield f"cross_hashed_{buckets}", lambda *x, n=buckets: cross(*x, n, hashed), of_text, free
        yield f"cross_hashed_numbers_{buckets}", lambda *x, n=buckets: cross(*x, n, hashed), of_numbers, free_numbers
    dash = lambda i, v, s, d: ops.SparseCrossV2(indices=[i], values=[v], shapes=[s], dense_inputs=[d, d], sep="-")  # noqa: E731
    yield "cross_joined_by", dash, of_text, free
    yield "cross_joined_by_numbers", dash, of_numbers, free_numbers
    for strong in (False, True):
        salted = lambda i, v, s, d, strong=strong: ops.SparseCrossHashed(  # noqa: E731
            indices=[i], values=[v], shapes=[s], dense_inputs=[d], num_buckets=1000, strong_hash=strong, salt=[137, -9])  # fmt: skip
        yield f"cross_salted_{strong}", salted, of_text, free
        if not strong:
            yield "cross_salted_numbers", salted, of_numbers, free_numbers

    def ragged_cross(v, r, i, w, s, d, order, hashed):
        given = {"ragged_values": [v], "ragged_row_splits": [r], "sparse_indices": [i], "sparse_values": [w], "sparse_shape": [s]}
        how = {"hashed_output": hashed, "num_buckets": 11 if hashed else 0, "hash_key": 956888297470, "input_order": order}
        kinds = {"out_values_type": tf.int64 if hashed else tf.string, "out_row_splits_type": tf.int64}
        return ops.RaggedCross(dense_inputs=[d], **given, **how, **kinds)

    for order in ("RSD", "DRS"):
        for is_hashed in (False, True):
            of = lambda *x, o=order, h=is_hashed: ragged_cross(*x, o, h)  # noqa: E731
            yield f"ragged_cross_{order}_{is_hashed}", of, [text, np.array([0, 2, 3, 3, 4]), *of_text], [*pair, *free]
            yield f"ragged_cross_numbers_{order}_{is_hashed}", of, [numbers, np.array([0, 2, 3, 3, 4]), *of_numbers], [*pair, *free_numbers]
