"""Ragged tensors: to dense and sparse ones, rows picked, ranges, empty rows filled, packed and unpacked."""


def cases(tf, np):
    draw, ops = np.random.RandomState(0), tf.raw_ops

    def some(dtype, *shape):
        if dtype == "string":
            return np.array([b"s%d" % v for v in draw.randint(0, 9, shape).ravel()], object).reshape(shape)
        return draw.randint(0, 5, shape).astype(tf.as_dtype(dtype).as_numpy_dtype)

    def flat(found):
        return [*found[0], found[1]]

    splits, pair, ragged = np.array([0, 2, 2, 5]), [(None,), (None,)], tf.RaggedTensor.from_row_splits
    for dtype in ("float32", "int32", "bool", "string"):
        yield f"to_tensor_{dtype}", lambda v, s: ragged(v, s).to_tensor(), [some(dtype, 5), splits], pair
        filled = lambda v, s, d: ragged(v, s).to_tensor(default_value=d)  # noqa: E731
        yield f"to_tensor_filled_{dtype}", filled, [some(dtype, 5, 2), splits, some(dtype)], [(None, 2), (None,), ()]
        fill = lambda i, v, n, d: ops.RaggedFillEmptyRows(value_rowids=i, values=v, nrows=n, default_value=d)  # noqa: E731
        rows = [np.array([0, 2, 2, 4]), some(dtype, 4), np.int64(6), some(dtype)]
        yield f"fill_{dtype}", fill, rows, [(None,), (None,), (), ()]
        pick = lambda v, s, i: flat(  # noqa: E731
            ops.RaggedGather(params_nested_splits=[s], params_dense_values=v, indices=i, OUTPUT_RAGGED_RANK=1))  # fmt: skip
        yield f"gather_{dtype}", pick, [some(dtype, 5), splits, np.array([2, 0, 2])], [*pair, (None,)]
        sparse = lambda v, s: list(ops.RaggedTensorToSparse(rt_nested_splits=[s], rt_dense_values=v))  # noqa: E731
        yield f"to_sparse_{dtype}", sparse, [some(dtype, 5), splits], pair
    yield "fill_out_of_order", fill, [np.array([2, 0, 2]), some("float32", 3), np.int64(4), np.float32(9)]
    yield "fill_nothing", fill, [np.array([], np.int64), some("float32", 0), np.int64(3), np.float32(9)]

    values, outer, inner, three = some("float32", 7), np.array([0, 1, 4]), np.array([0, 2, 2, 3, 7]), [(None,)] * 3
    nested = lambda v, o, i, **more: tf.RaggedTensor.from_nested_row_splits(v, [o, i]).to_tensor(**more)  # noqa: E731
    yield "nested", nested, [values, outer, inner], three
    for k, shape in enumerate([[None, 2, None], [1, None, 2], [3, 5, 6], [0, None, None]]):
        yield f"nested_cut_{k}", lambda v, o, i, s=shape: nested(v, o, i, shape=s), [values, outer, inner], three
    dense = lambda v, s, parts, kinds: ops.RaggedTensorToTensor(  # noqa: E731
        shape=s, values=v, default_value=9.0, row_partition_tensors=parts, row_partition_types=kinds)  # fmt: skip
    both = ["ROW_SPLITS", "ROW_SPLITS"]
    yield "computed_shape", lambda v, o, i, s: dense(v, s, [o, i], both), [values, outer, inner, np.array([2, -1, 3])], [*three, (3,)]
    yield "any_shape", lambda v, o, i: dense(v, -1, [o, i], both), [values, outer, inner], three
    ids, count = np.array([0, 0, 2, 2, 2, 4, 4]), tf.constant(6, tf.int64)
    by_ids = ["FIRST_DIM_SIZE", "VALUE_ROWIDS", "VALUE_ROWIDS"]
    yield "row_ids", lambda v, r: dense(v, [-1, -1], [count, r], by_ids[:2]), [values, ids], pair
    small = lambda v, r, n: dense(v, [3, 2], [n, r], by_ids[:2])  # noqa: E731
    yield "row_ids_cut", small, [values, ids.astype(np.int32), np.int32(6)], [*pair, ()]
    yield "nested_row_ids", lambda v, r, q: dense(v, [-1] * 3, [count, q, r], by_ids), [values, ids, np.array([0, 1, 1, 1, 5])], three
    mixed = lambda v, r, q: dense(v, [-1] * 3, [q, r], ["ROW_SPLITS", "VALUE_ROWIDS"])  # noqa: E731
    yield "splits_and_row_ids", mixed, [values, ids, np.array([0, 1, 3, 5])], three
    nested_sparse = lambda v, o, i: list(ops.RaggedTensorToSparse(rt_nested_splits=[o, i], rt_dense_values=v))  # noqa: E731
    deep = [some("int32", 7, 2, 3), outer.astype(np.int32), inner.astype(np.int32)]
    yield "nested_to_sparse", nested_sparse, deep, [(None, 2, 3), (None,), (None,)]
    pick = lambda v, o, i, q: flat(  # noqa: E731
        ops.RaggedGather(params_nested_splits=[o, i], params_dense_values=v, indices=q, OUTPUT_RAGGED_RANK=3))  # fmt: skip
    chosen = [some("float32", 7, 2), outer, inner, np.array([[1, 0, 1], [1, 1, 0]], np.int32)]
    yield "nested_gather", pick, chosen, [(None, 2), (None,), (None,), (None, 3)]
    for dtype in ("int32", "float32"):
        steps = lambda s, e, d: list(ops.RaggedRange(starts=s, limits=e, deltas=d, Tsplits=tf.int32))  # noqa: E731
        yield f"range_{dtype}", steps, [np.array([0, 5, 8], dtype), np.array([3, 5, 1], dtype), np.array([1, 1, -2], dtype)], three
        yield f"range_one_start_{dtype}", steps, [np.array(0, dtype), np.array([3, 5, 1], dtype), np.array(2, dtype)], [(), (None,), ()]
    yield "range_of_fractions", steps, [np.float32(0), np.float32(1.05), np.float32(0.1)]

    def packed(v, s, batched):
        thing = ops.RaggedTensorToVariant(rt_nested_splits=[s], rt_dense_values=v, batched_input=batched)
        rank = 0 if batched else 1
        back = {"input_ragged_rank": rank, "output_ragged_rank": 1, "Tvalues": tf.float32, "Tsplits": tf.int64}
        return flat(ops.RaggedTensorFromVariant(encoded_ragged=thing, **back))

    yield "packed", lambda v, s: packed(v, s, False), [values[:5], splits], pair
    yield "packed_rows", lambda v, s: packed(v, s, True), [values[:5], splits], pair
    reduced = lambda v, s: [f(ragged(v, s), 1) for f in (tf.reduce_sum, tf.reduce_mean, tf.reduce_max)]  # noqa: E731
    yield "reduced", reduced, [values[:5], splits], pair
    yield "lengths", lambda v, s: [ragged(v, s).row_lengths(), ragged(v, s).value_rowids()], [values[:5], splits], pair
    yield "joined", lambda v, s: tf.concat([ragged(v, s), ragged(v * 2, s)], 1).to_tensor(), [values[:5], splits], pair
    x = np.array([[1, 2, 0], [3, 0, 0]], np.float32)
    yield "from_tensor", lambda x: tf.RaggedTensor.from_tensor(x, padding=0).to_tensor(), [x], [(None, 3)]
    yield "masked", lambda x, m: tf.ragged.boolean_mask(x, m).to_tensor(), [x, x > 1], [(None, 3)] * 2
