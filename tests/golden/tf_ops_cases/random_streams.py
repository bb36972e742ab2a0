"""Random numbers from seeds, keys and counters; one that draws without a seed and is not wanted."""


def cases(tf, np):
    ops, small, wide = tf.raw_ops, np.array([3, 7], np.int32), np.array([-5, 2**40])
    key, counter = np.array([2**63 + 5], np.uint64), np.array([2**64 - 2, 77], np.uint64)
    for dtype in "float32 float64 float16 bfloat16".split():
        for kind in ("RandomUniform", "RandomNormal", "TruncatedNormal"):
            op, by_key = (getattr(ops, f"Stateless{kind}{rest}") for rest in ("", "V2"))
            for k, (shape, seed) in enumerate((([3, 5, 7], wide), ([], small), ([0, 3], small))):
                of = lambda s, op=op, n=shape, d=dtype: op(shape=tf.constant(n, tf.int32), seed=s, dtype=d)  # noqa: E731
                yield f"{kind}_{k}_{dtype}", of, [seed]
            of = lambda k, c, a, op=by_key, d=dtype: op(shape=[9], key=k, counter=c, alg=a, dtype=d)  # noqa: E731
            yield f"{kind}_by_key_{dtype}", of, [key, counter, np.int32(1)]
    for dtype in "int32 int64 uint32 uint64".split():
        yield f"whole_{dtype}", lambda s, d=dtype: ops.StatelessRandomUniformFullInt(shape=[11], seed=s, dtype=d), [wide]
        of = lambda k, c, a, d=dtype: ops.StatelessRandomUniformFullIntV2(shape=[9], key=k, counter=c, alg=a, dtype=d)  # noqa: E731
        yield f"whole_by_key_{dtype}", of, [key, counter, np.int32(3)]
    for dtype in ("int32", "int64"):
        for low, high in ((0, 10), (5, 6), (-(2**31), 2**31 - 1)):
            bounds = [np.array(low, dtype), np.array(high, dtype)]
            of = lambda s, a, e: ops.StatelessRandomUniformInt(shape=[11], seed=s, minval=a, maxval=e)  # noqa: E731
            yield f"between_{low}_{high}_{dtype}", of, [wide, *bounds]
        of = lambda k, c, a, e: ops.StatelessRandomUniformIntV2(shape=[11], key=k, counter=c, alg=1, minval=a, maxval=e)  # noqa: E731
        yield f"between_by_key_{dtype}", of, [key, counter, *bounds]
    yield "computed_shape", lambda s, n: ops.StatelessRandomUniform(shape=n, seed=s), [small, np.array([2, 3])], [(2,), (2,)]
    yield "key", lambda s: ops.StatelessRandomGetKeyCounter(seed=s), [small]
    yield "key_and_algorithm", lambda s: ops.StatelessRandomGetKeyCounterAlg(seed=s), [wide]
    logits = np.random.RandomState(0).randn(3, 5).astype(np.float32)
    for dtype in ("int32", "int64"):
        of = lambda x, n, s, d=dtype: ops.StatelessMultinomial(logits=x, num_samples=n, seed=s, output_dtype=d)  # noqa: E731
        yield f"classes_{dtype}", of, [logits, np.int32(13), small], [(None, None), (), (2,)]
    odd = np.array([[0, -np.inf, 1], [np.inf, 1, 2], [np.nan, 1, 0]], np.float32)
    yield "classes_not_finite", of, [odd, np.int32(6), small]
    yield "api_normal", lambda s, x: tf.random.stateless_normal(tf.shape(x), s, 1.0, 2.0), [small, logits], [(2,), (None, 5)]
    yield "api_categorical", lambda s, x: tf.random.stateless_categorical(x, 4, s), [small, logits]
    yield "api_split", lambda s: tf.random.split(s, 3), [small]
    yield "api_fold_in", lambda s: tf.random.fold_in(s, 3), [small]
    yield "api_shuffle", lambda s, x: tf.random.experimental.stateless_shuffle(x, s), [small, np.arange(20).reshape(10, 2)]
    yield "api_dropout", lambda s, x: tf.nn.experimental.stateless_dropout(x, 0.3, s, rng_alg="philox"), [small, logits]
    yield "not_wanted", lambda x: (x * 2, x + tf.random.uniform([5]))[0], [logits]
