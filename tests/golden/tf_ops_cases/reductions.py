"""Reductions, running sums and places of extremes, in every type; axes of every kind; NaN, ties and nothing at all."""

FLOATS = "float16 bfloat16 float32 float64".split()
INTEGERS = "int8 int16 int32 int64 uint8 uint16 uint32 uint64".split()


def cases(tf, np):
    raw = tf.raw_ops
    rng = np.random.default_rng(3)

    def values(dtype, *shape):
        if dtype in FLOATS:
            return (rng.standard_normal(shape) * 2).astype(tf.as_dtype(dtype).as_numpy_dtype)
        info = np.iinfo(dtype)
        return rng.integers(info.min // 2, info.max // 2, shape, dtype)

    def usable(function, *arrays):
        try:
            function(*(tf.constant(a) for a in arrays))
        except Exception:  # no kernel
            return False
        return True

    kinds = "Sum Mean Prod Max Min EuclideanNorm".split()
    for name in kinds:
        op = getattr(raw, name)
        for group, dtypes in {"floats": FLOATS, "signed": INTEGERS[:4], "unsigned": INTEGERS[4:]}.items():
            found = {d: values(d, 2, 4) for d in dtypes}
            if name == "EuclideanNorm" and group != "floats":
                found = {d: rng.integers(0, 5, (3, 4)).astype(d) for d in dtypes}
            inputs = [x for d, x in found.items() if usable(lambda x, op=op: op(input=x, axis=1), x)]
            if inputs:
                yield f"{name}_{group}", lambda *xs, op=op: [op(input=x, axis=1) for x in xs], inputs, [(None, 4)] * len(inputs)
    x = values("float32", 2, 3, 4)
    for name in kinds:
        op = getattr(raw, name)
        yield (
            f"{name}_axes",
            lambda x, op=op: [op(input=x, axis=[0, -1], keep_dims=True), op(input=x, axis=[0, 1, 2])],
            [x],
            [(None, 3, None)],
        )
        if name == "Sum":
            yield f"{name}_none", lambda x, op=op: op(input=x, axis=np.zeros(0, np.int32)), [x]
            yield f"{name}_long", lambda x, op=op: op(input=x, axis=np.int64([1])), [x]
        if name in ("Sum", "Max"):
            yield f"{name}_rank", lambda x, op=op: op(input=x, axis=tf.range(1, tf.rank(x))), [x], [(None, 3, 4)]
    holes = np.array([[1, np.nan, 2], [np.inf, 1, -np.inf], [np.nan, np.nan, np.nan]], np.float32)
    yield (
        "holes",
        lambda x: [raw.Sum(input=x, axis=1), raw.Max(input=x, axis=1), raw.Min(input=x, axis=1), raw.Prod(input=x, axis=1)],
        [holes],
    )
    nothing = np.zeros((0, 3), np.float32)
    yield "nothing", lambda x: [raw.Sum(input=x, axis=0), raw.Prod(input=x, axis=0), raw.Mean(input=x, axis=0)], [nothing], [(None, 3)]
    yield "nothing_highest", lambda x: [raw.Max(input=x, axis=0), raw.Min(input=x, axis=0)], [nothing], [(None, 3)]
    yield "nothing_integers", lambda x: [raw.Sum(input=x, axis=0), raw.Prod(input=x, axis=0)], [nothing.astype(np.int32)], [(None, 3)]
    flags = np.array([[True, False], [True, True], [False, False]])
    yield "flags", lambda x: [raw.All(input=x, axis=1), raw.Any(input=x, axis=1), raw.All(input=x, axis=[0, 1]), tf.reduce_any(x)], [flags]
    yield "no_flags", lambda x: [raw.All(input=x, axis=0), raw.Any(input=x, axis=0)], [np.zeros((0, 2), bool)], [(None, 2)]
    yield "mean_wide", lambda x: raw.Mean(input=x, axis=0), [np.array([2**31 - 1, 2**31 - 1, 1], np.int32)]
    yield "mean_below", lambda x: raw.Mean(input=x, axis=0), [np.array([-3, -4], np.int32)]
    yield "scalar", lambda x: [tf.reduce_sum(x), tf.reduce_max(x), tf.reduce_mean(x)], [np.float32(3)]
    yield "api", lambda x: [tf.reduce_logsumexp(x, 1), tf.math.reduce_std(x, 0), tf.math.reduce_variance(x, [0, 2])], [x]

    ties = np.array([[3, 1, 3, 1], [0, 0, 0, 0]])
    for name in ("ArgMax", "ArgMin"):
        op = getattr(raw, name)
        found = [ties.astype(tf.as_dtype(d).as_numpy_dtype) for d in FLOATS + INTEGERS]
        for i in (0, 6):
            inputs = [a for a in found[i : i + 6] if usable(lambda x, op=op: op(input=x, dimension=1), a)]
            yield f"{name}_ties_{i}", lambda *xs, op=op: [op(input=x, dimension=1) for x in xs], inputs
        wide = np.array([[2**63, 1, 2**64 - 1], [0, 2**63 + 1, 2**63]], np.uint64)
        yield f"{name}_unsigned", lambda x, op=op: op(input=x, dimension=1), [wide]
        yield f"{name}_bool", lambda x, op=op: op(input=x, dimension=0), [flags]
        kinds = ("int32", "int64") + (("int16", "uint16") if name == "ArgMax" else ())
        yield (
            f"{name}_types",
            lambda x, op=op, kinds=kinds: [op(input=x, dimension=-2, output_type=k) for k in kinds],
            [x],
            [(None, 3, None)],
        )
        yield f"{name}_holes", lambda x, op=op: op(input=x, dimension=1), [holes]

    for name in ("Cumsum", "Cumprod"):
        op = getattr(raw, name)
        for i, (exclusive, reverse) in enumerate([(False, False), (True, False), (False, True), (True, True)]):
            y, z = values("float32", 3, 5), values("int32", 3, 5)
            yield (f"{name}_{i}", lambda y, z, op=op, e=exclusive, r=reverse: [op(x=v, axis=1, exclusive=e, reverse=r) for v in (y, z)], [y, z],
                   [(None, 5), (3, None)])  # fmt: skip
        for group, dtypes in {"floats": FLOATS, "signed": INTEGERS[:4], "unsigned": INTEGERS[4:]}.items():
            inputs = [a for a in (values(d, 2, 4) for d in dtypes) if usable(lambda x, op=op: op(x=x, axis=-1), a)]
            yield f"{name}_{group}", lambda *xs, op=op: [op(x=x, axis=-1) for x in xs], inputs
        yield f"{name}_computed", lambda x, a, op=op: op(x=x, axis=a), [values("float32", 2, 3), np.int32(-1)]
        yield (
            f"{name}_computed_reverse",
            lambda x, a, op=op: op(x=x, axis=a, exclusive=True, reverse=True),
            [values("float32", 2, 3), np.int64(0)],
        )
        yield f"{name}_nothing", lambda x, op=op: op(x=x, axis=0, exclusive=True), [nothing], [(None, 3)]
    op = raw.CumulativeLogsumexp
    for i, (exclusive, reverse) in enumerate([(False, False), (True, False), (False, True), (True, True)]):
        for dtype in ("float16", "float32", "float64") if i == 0 else ["float32"]:
            yield (f"logsumexp_{i}_{dtype}", lambda y, e=exclusive, r=reverse: op(x=y, axis=1, exclusive=e, reverse=r), [values(dtype, 3, 5)],
                   [(None, 5)])  # fmt: skip
    far = np.array([[-np.inf, -np.inf, 0, 1000, 1000]], np.float32)
    yield "logsumexp_far", lambda y: tf.math.cumulative_logsumexp(y, axis=1), [far], [(None, None)]
