"""Reductions of rows by segments: sorted and unsorted ones, rows gathered first, empty segments, NaN."""

KINDS = "Sum Prod Min Max Mean".split()


def cases(tf, np):
    draw = np.random.RandomState(0)
    sorted_ids, ids = np.array([0, 0, 1, 3, 3, 3], np.int32), np.array([2, -1, 0, 2, 5, 0], np.int64)
    rows = [(None, 3), (None,)]
    for dtype in "float32 float64 float16 bfloat16 int8 int32 int64 uint8".split():
        x = draw.randint(0, 5, (6, 3)).astype(tf.as_dtype(dtype).as_numpy_dtype)
        for kind in KINDS if dtype in ("float32", "float16", "int32", "uint8") else ("Min", "Sum"):
            op = getattr(tf.raw_ops, f"Segment{kind}")
            yield f"sorted_{kind}_{dtype}", lambda x, i, op=op: op(data=x, segment_ids=i), [x, sorted_ids], rows
            if kind != "Mean":
                op = getattr(tf.raw_ops, f"UnsortedSegment{kind}")
                of = lambda x, i, n, op=op: op(data=x, segment_ids=i, num_segments=n)  # noqa: E731
                yield f"unsorted_{kind}_{dtype}", of, [x, ids, np.int32(7)], [(None, None), (None,), ()]
    x = np.array([np.nan, 1, 1, np.nan, -1, np.nan, 2, -np.inf, np.inf, np.nan], np.float32)
    places = np.array([0, 0, 1, 1, 2, 2, 2, 3, 5, 5], np.int32)
    for kind in KINDS:
        op = getattr(tf.raw_ops, f"Segment{kind}")
        yield f"nan_sorted_{kind}", lambda x, i, op=op: op(data=x, segment_ids=i), [x, places]
        yield f"no_rows_{kind}", lambda x, i, op=op: op(data=x, segment_ids=i), [np.zeros((0, 4)), places[:0]], [(None, None), (None,)]
        if kind == "Mean":
            continue
        op = getattr(tf.raw_ops, f"UnsortedSegment{kind}")
        of = lambda x, i, n, op=op: op(data=x, segment_ids=i, num_segments=n)  # noqa: E731
        yield f"nan_unsorted_{kind}", of, [x, places, np.int32(8)]
        many = [np.arange(24.0).reshape(2, 3, 4), np.array([[0, 1, -1], [4, 1, 0]]), np.int32(5)]
        yield f"ids_of_two_axes_{kind}", of, many, [(None, None, None), (None, None), ()]
        yield f"one_segment_{kind}", of, [np.arange(3.0), np.int32(1), np.int32(3)]
    yield "fixed", lambda x: tf.math.unsorted_segment_sum(x, [0, 0, -1], 4), [np.ones((3, 2), np.float32)]
    for kind in ("Sum", "Mean", "SqrtN"):
        op, counted = (getattr(tf.raw_ops, f"SparseSegment{kind}{rest}") for rest in ("", "WithNumSegments"))
        of = lambda x, i, s, op=op: op(data=x, indices=i, segment_ids=s)  # noqa: E731
        of_count = lambda x, i, s, n, op=counted: op(data=x, indices=i, segment_ids=s, num_segments=n)  # noqa: E731
        for dtype in ("float32", "float64", "float16"):
            x = draw.randint(0, 5, (6, 3)).astype(dtype)
            picked = [x, np.array([5, 0, 0, 3], np.int32), np.array([0, 0, 2, 2], np.int32)]
            yield f"gathered_{kind}_{dtype}", of, picked, [(None, 3), (None,), (None,)]
            yield f"gathered_of_count_{kind}_{dtype}", of_count, [*picked, np.int32(5)], [(None, 3), (None,), (None,), ()]
        none = [x, np.zeros(0, np.int32), np.zeros(0, np.int32)]
        yield f"nothing_gathered_{kind}", of, none, [(None, None), (None,), (None,)]
