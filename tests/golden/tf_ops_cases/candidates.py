"""The largest elements of rows: every dtype, ties, computed k, rows that are not sorted, targets that are no class."""


def cases(tf, np):
    rng, raw = np.random.default_rng(4), tf.raw_ops
    x = rng.standard_normal((3, 7)).astype(np.float32)
    ties = rng.integers(0, 5, (2, 3, 11)).astype(np.int32)
    free = [(None, None)]
    yield "top_k_v2", lambda x: raw.TopKV2(input=x, k=4), [x], free
    yield "top_k_ties", lambda x: raw.TopKV2(input=x, k=6), [ties], [(None, None, None)]
    yield "top_k_vector", lambda x: raw.TopKV2(input=x, k=2), [x[0]], [(None,)]
    for k in (0, 1, 5, 7):
        yield f"top_k_computed_{k}", lambda x, k: raw.TopKV2(input=x, k=k), [x, np.int32(k)], [*free, ()]
        yield f"top_k_unsorted_computed_{k}", lambda x, k: raw.TopKV2(input=x, k=k, sorted=False), [x, np.int32(k)], [*free, ()]
    yield "top_k_computed_int64", lambda x, k: raw.TopKV2(input=x, k=k, index_type=tf.int64), [x, np.int64(2)], [*free, ()]
    yield "top_k_int16_places", lambda x: raw.TopKV2(input=x, k=tf.constant(2, tf.int16), index_type=tf.int16), [x]
    yield "top_k_none", lambda x: raw.TopKV2(input=x, k=2), [x[:0]], free
    yield "top_k_of_none", lambda x: raw.TopKV2(input=x, k=0), [x[:, :0]], free
    long = rng.integers(0, 40, (2, 60)).astype(np.float32)
    for k in (1, 2, 3, 9, 16, 59, 60):
        yield f"top_k_unsorted_{k}", lambda x, k=k: raw.TopKV2(input=x, k=k, sorted=False), [long], free
    for dtype in ("uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float64"):
        numbers = (rng.random((2, 6)) * 100).astype(dtype)
        if dtype in ("uint32", "uint64", "int64"):
            numbers[0, :2] = np.iinfo(dtype).max, np.iinfo(dtype).max - 1
        yield f"top_k_{dtype}", lambda x: raw.TopKV2(input=x, k=3), [numbers]
        if dtype != "uint16":
            yield f"nth_{dtype}", lambda x: raw.NthElement(input=x, n=2), [numbers]
    for reverse in (False, True):
        yield f"nth_ties_{reverse}", lambda x, r=reverse: raw.NthElement(input=x, n=4, reverse=r), [ties], [(None, None, None)]
        yield f"nth_computed_{reverse}", lambda x, n, r=reverse: raw.NthElement(input=x, n=n, reverse=r), [x, np.int32(6)], [*free, ()]
    yield "nth_vector", lambda x: raw.NthElement(input=x, n=0), [x[0]]
    targets = np.asarray([2, 6, 0], np.int32)
    for k in (0, 1, 3, 7, 9):
        yield f"in_top_{k}", lambda x, t, k=k: raw.InTopK(predictions=x, targets=t, k=k), [x, targets]
    given = [(None, None), (None,), ()]
    equal = np.asarray([[1, 2, 2, 2, 0], [np.inf, 1, 0, 0, 0], [1, np.nan, 3, 4, 5], [1, 2, 3, 4, 5], [-np.inf, 1, 2, 3, 4]], np.float32)
    for dtype in ("int32", "int64"):
        at = np.asarray([1, 1, 4, 7, 4], dtype)
        yield f"in_top_v2_{dtype}", lambda x, t, k: raw.InTopKV2(predictions=x, targets=t, k=k), [equal, at, np.asarray(1, dtype)], given
        at = np.asarray([3, 0, 4, -1, 1], dtype)
        yield f"in_top_v2_{dtype}_3", lambda x, t, k: raw.InTopKV2(predictions=x, targets=t, k=k), [equal, at, np.asarray(3, dtype)], given
    yield "approximate", lambda x: list(raw.ApproxTopK(input=x, k=2)), [rng.standard_normal((2, 5, 6)).astype(np.float32)]
