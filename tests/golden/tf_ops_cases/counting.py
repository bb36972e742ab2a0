"""Counts, histograms, searches, ranges and evenly spaced numbers."""


def cases(tf, np):
    raw = tf.raw_ops
    ids = np.array([1, 1, 2, 3, 2, 4, 4, 5], np.int32)
    rows = ids.reshape(2, 4)
    loads = np.linspace(0, 2, 8).astype(np.float32)
    none = {d: np.zeros(0, d) for d in ("int32", "int64", "float32", "float64")}
    for d in none:
        yield f"bincount_{d}", lambda x, d=d: raw.DenseBincount(input=x, size=6, weights=none[d]), [ids], [(None,)]
        yield (f"bincount_rows_{d}", lambda x, d=d: raw.DenseBincount(input=x, size=4, weights=none[d], binary_output=True), [rows],
               [(None, 4)])  # fmt: skip
    yield (
        "bincount_long",
        lambda x: raw.DenseBincount(input=x, size=tf.constant(7, tf.int64), weights=none["float32"]),
        [ids.astype(np.int64)],
    )
    yield "bincount_weights", lambda x, w: raw.DenseBincount(input=x, size=4, weights=w), [ids, loads]
    yield (
        "bincount_weights_rows",
        lambda x, w: raw.DenseBincount(input=x, size=6, weights=w),
        [rows, loads.reshape(2, 4)],
        [(None, None)] * 2,
    )
    yield "bincount_binary", lambda x: raw.DenseBincount(input=x, size=9, weights=none["int32"], binary_output=True), [ids]
    yield "bincount_computed", lambda x, n: raw.DenseBincount(input=x, size=n, weights=none["int64"]), [ids, np.int32(3)]
    yield (
        "bincount_old",
        lambda x, w: [raw.Bincount(arr=x, size=5, weights=w), raw.Bincount(arr=x, size=5, weights=none["int32"])],
        [rows, loads.reshape(2, 4)],
    )
    yield "bincount_api", lambda x: [tf.math.bincount(x), tf.math.bincount(x, minlength=8), tf.math.bincount(x, maxlength=3)], [ids]
    yield "bincount_api_rows", lambda x, w: [tf.math.bincount(x, axis=-1), tf.math.bincount(x, w, axis=-1)], [rows, loads.reshape(2, 4)]
    numbers = np.array([[-5, 1.0, 1.5], [100, np.inf, np.nan]], np.float32)
    for d in ("float32", "float64"):
        yield f"bucketize_{d}", lambda x: raw.Bucketize(input=x, boundaries=[0.0, 1.0, 10.0]), [numbers.astype(d)], [(None, 3)]
    for d in ("int32", "int64"):
        yield f"bucketize_{d}", lambda x: raw.Bucketize(input=x, boundaries=[0.0, 1.0, 10.0]), [np.array([-5, 0, 1, 9, 10, 11], d)]
    yield "bucketize_none", lambda x: raw.Bucketize(input=x, boundaries=[]), [numbers]
    values = np.array([-1.0, 0.0, 1.5, 2.0, 5.0, 15, 4.999], np.float32)
    for d in ("float32", "float64", "int32", "int64"):
        for out in ("int32", "int64"):
            yield (f"histogram_{d}_{out}", lambda x, d=d, o=out: raw.HistogramFixedWidth(
                values=x, value_range=tf.constant([0, 5], d), nbins=5, dtype=o), [values.astype(d)], [(None,)])  # fmt: skip
    yield "histogram_computed", lambda x, r, n: tf.histogram_fixed_width(x, r, n), [values.reshape(7, 1), np.float32([-1, 4]), np.int32(7)]
    for d in ("int32", "int64"):
        yield f"inverted_{d}", lambda x: tf.math.invert_permutation(x), [np.array([3, 4, 0, 2, 1], d)]
        yield f"inverted_free_{d}", lambda x: tf.math.invert_permutation(x), [np.array([3, 4, 0, 2, 1], d)], [(None,)]
    ordered, sought = np.float32([[0, 1, 1, 3], [-1, 2, 4, 9]]), np.float32([[1, 0.5, 9], [4, -2, 10]])
    for out in ("int32", "int64"):
        for op in (raw.LowerBound, raw.UpperBound):
            name = op.__name__ if hasattr(op, "__name__") else str(op)
            for free in (True, False):
                shapes = [(None, None)] * 2 if free else [(2, 4), (2, 3)]
                yield (
                    f"{name}_{out}_{free}",
                    lambda s, v, op=op, o=out: op(sorted_inputs=s, values=v, out_type=o),
                    [ordered, sought],
                    shapes,
                )
    yield "searchsorted", lambda s, v: [tf.searchsorted(s, v), tf.searchsorted(s, v, side="right")], [ordered[1], sought[1]]
    yield "bound_int", lambda s, v: raw.LowerBound(sorted_inputs=s, values=v), [np.array([[1, 2, 2, 5]]), np.array([[2, 6]])]

    for d in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "bfloat16", "float32", "float64"):
        kind = tf.as_dtype(d).as_numpy_dtype
        try:
            raw.Range(start=tf.constant(2, d), limit=tf.constant(11, d), delta=tf.constant(3, d))
        except Exception:  # no kernel
            continue
        yield f"range_{d}", lambda a, b, c: raw.Range(start=a, limit=b, delta=c), [np.array(v, kind) for v in (2, 12, 3)]
    yield "range_down", lambda a, b: [tf.range(a, b, -2), tf.range(0, a)], [np.int32(7), np.int32(-2)]
    yield "range_fraction", lambda a, b: tf.range(a, b, 0.3), [np.float32(0.5), np.float32(2.1)]
    yield "range_down_fraction", lambda a, b: tf.range(a, b, -0.25), [np.float64(1), np.float64(-1)]
    yield "range_nothing", lambda a: tf.range(a, a), [np.int32(3)]
    for d in ("float32", "float64"):
        for n in (1, 2, 5):
            yield f"linspace_{d}_{n}", lambda a, b, n=n: raw.LinSpace(start=a, stop=b, num=n), [np.array(1.5, d), np.array(-2, d)]
            yield (
                f"linspace_computed_{d}_{n}",
                lambda a, b, n: raw.LinSpace(start=a, stop=b, num=n),
                [np.array(1.5, d), np.array(9, d), np.int32(n)],
            )
    yield "linspace_api", lambda a, b: tf.linspace(a, b, 4), [np.float32([1, 2]), np.float32([4, 8])]
