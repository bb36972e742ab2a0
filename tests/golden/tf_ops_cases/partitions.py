"""Rows dealt out and put together, axes turned round, ops on shapes."""


def cases(tf, np):
    draw, ops = np.random.RandomState(0), tf.raw_ops

    def some(dtype, *shape):
        if dtype == "string":
            return np.array([b"s%d" % v for v in draw.randint(0, 9, shape).ravel()], object).reshape(shape)
        return draw.randint(0, 5, shape).astype(tf.as_dtype(dtype).as_numpy_dtype)

    for dtype in "float32 float64 float16 bfloat16 int8 int64 uint16 bool string".split():
        x = some(dtype, 4, 3, 2)
        yield f"reverse_{dtype}", lambda x, d: ops.Reverse(tensor=x, dims=d), [x, np.array([True, False, True])], [(None, 3, 2), (3,)]
        lengths = [x, np.array([0, 1, 2, 3], np.int32)]
        along = lambda x, n: ops.ReverseSequence(input=x, seq_lengths=n, seq_dim=1, batch_dim=0)  # noqa: E731
        yield f"reverse_sequence_{dtype}", along, lengths, [(None, 3, 2), (None,)]
        deal = lambda x, i: ops.DynamicPartition(data=x, partitions=i, num_partitions=3)  # noqa: E731
        yield f"partition_{dtype}", deal, [x, np.array([2, 0, 0, 2], np.int32)], [(None, 3, 2), (None,)]
        parts = [np.array([0, 2], np.int32), np.array([[1, 2], [4, 0]], np.int32), x[:2], some(dtype, 2, 2, 3, 2)]
        stitch = lambda i, j, x, y: ops.DynamicStitch(indices=[i, j], data=[x, y])  # noqa: E731
        yield f"stitch_{dtype}", stitch, parts, [(None,), (None, 2), (None, 3, 2), (None, 2, 3, 2)]

    x = np.arange(120.0).reshape(2, 3, 4, 5)
    ids = np.array([[0, 1, 0], [1, 1, 0]], np.int32)
    yield "partition_two_axes", lambda x, i: tf.dynamic_partition(x, i, 2), [x, ids], [(None,) * 4, (None, None)]
    yield "partition_nothing", lambda x, i: tf.dynamic_partition(x, i, 2), [x[:0], ids[0, :0]], [(None,) * 4, (None,)]
    yield "stitch_same", lambda i, x: ops.ParallelDynamicStitch(indices=[i], data=[x]), [np.array([0, 2, 0], np.int32), x[0]]
    stitched = lambda x: tf.reshape(x, tf.dynamic_stitch([[0, 1, 2, 3], [1, 2]], [tf.shape(x), [1, 12]]))  # noqa: E731
    yield "stitch_shape", stitched, [x], [(None, 3, 4, 5)]
    for axis, samples in ((0, 1), (2, 0), (3, 1), (1, 3)):
        of = lambda x, n, a=axis, s=samples: ops.ReverseSequence(input=x, seq_lengths=n, seq_dim=a, batch_dim=s)  # noqa: E731
        lengths = draw.randint(0, x.shape[axis] + 1, x.shape[samples])
        yield f"reverse_sequence_{axis}_{samples}", of, [x, lengths], [(None,) * 4, (None,)]
    yield "reverse_fixed", lambda x: ops.Reverse(tensor=x, dims=[True, False, True, False]), [x], [(None,) * 4]
    yield "shapes", lambda x, y: ops.ShapeN(input=[x, y], out_type=tf.int64), [x, x[0]], [(None,) * 4, (3, None, 5)]
    common = lambda x, y: tf.broadcast_dynamic_shape(tf.shape(x), tf.shape(y))  # noqa: E731
    yield "broadcast_shape", common, [x, x[:1, 0]], [(None,) * 4, (None, 4, None)]
    yield "broadcast_args", lambda x, y: ops.BroadcastArgs(s0=x, s1=y), [np.array([2, 1, 3]), np.array([4, 1])]
    for k, (p, q) in enumerate([([2, 3], [2, 3]), ([2, 1], [2, 3]), ([1, 3], [3]), ([], [2]), ([1], [1, 1]), ([2, 1, 4], [1, 5, 4])]):
        shapes = [np.array(p, np.int32), np.array(q, np.int32)]
        yield f"broadcast_axes_{k}", lambda x, y: ops.BroadcastGradientArgs(s0=x, s1=y), shapes, [(None,), (None,)]
    offsets = lambda x, y: ops.ConcatOffset(concat_dim=1, shape=[tf.shape(x), tf.shape(y), tf.shape(x)])  # noqa: E731
    yield "concat_offsets", offsets, [x, x], [(None,) * 4] * 2
    yield "parallel_concat", lambda x, y: ops.ParallelConcat(values=[x, y], shape=[2, 3]), [np.ones((1, 3)), np.zeros((1, 3))]
    yield "empty", lambda s: ops.Empty(shape=s, dtype=tf.float32, init=True), [np.array([2, 3], np.int32)]
    yield "copies", lambda x: ops.DeepCopy(x=ops.GuaranteeConst(input=x)), [x[0, 0]]
