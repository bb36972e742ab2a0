"""Places in data formats, in shapes and in slices; what is folded where ranks come to be known at the call."""


def cases(tf, np):
    raw = tf.raw_ops
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    for name, v in {
        "lengths": np.int32([7, 4, 9, 3]),
        "of_space": np.int32([4, 9]),
        "pairs": np.int64([[7, 4], [9, 3], [1, 1], [2, 2]]),
    }.items():
        yield f"vector_{name}", lambda v: raw.DataFormatVecPermute(x=v, src_format="NHWC", dst_format="NCHW"), [v]
        yield f"vector_{name}_free", lambda v: raw.DataFormatVecPermute(x=v, src_format="NCHW", dst_format="NHWC"), [v], [(None,) * v.ndim]
    yield "axes", lambda v: raw.DataFormatDimMap(x=v, src_format="NHWC", dst_format="NCHW"), [np.int32([0, -1, 2, 3, 1, -4])], [(None,)]
    yield "unravel", lambda i, d: raw.UnravelIndex(indices=i, dims=d), [np.int32([0, 23, 7, 11]), np.int32([2, 3, 4])], [(None,), (None,)]
    yield "unravel_one", lambda i: raw.UnravelIndex(indices=i, dims=tf.constant([2, 3, 4], tf.int64)), [np.int64(17)]
    yield "device", lambda v: v + raw.DeviceIndex(device_names=["CPU", "GPU"]), [np.int32(3)]

    def update(x, v, begin, end, strides, **masks):
        return raw.TensorStridedSliceUpdate(input=x, begin=begin, end=end, strides=strides, value=v, **masks)

    for dtype in ("float32", "int64", "bool", "complex64"):
        y, v = (x % 3).astype(dtype), x[:1, ::2, :].astype(dtype) + np.asarray(1, dtype)
        yield f"update_{dtype}", lambda y, v: update(y, v, [1, 0, 0], [2, 3, 4], [1, 2, 1]), [y, v], [(None, 3, 4), v.shape]
    yield (
        "update_strings",
        lambda y, v: update(y, v, [1], [3], [1]),
        [np.asarray([b"a", b"b", b"c"], object), np.asarray([b"x", b""], object)],
    )
    yield (
        "update_one",
        lambda y, v: update(y, v, [1, 0], [2, 0], [1, 1], shrink_axis_mask=1, end_mask=2),
        [x, x[0] * 9],
        [(None, None, 4), (3, 4)],
    )
    yield "update_all", lambda y, v: update(y, v, [0], [0], [-1], begin_mask=1, end_mask=1), [x, x * 9]
    yield (
        "slice_gradient",
        lambda s, d: raw.StridedSliceGrad(shape=s, begin=[1], end=[3], strides=[1], dy=d),
        [np.int32([4, 3]), x[0, :2, :3]],
    )
    yield "roll_far", lambda x: tf.roll(x, [9, -11], [1, 2]), [x], [(None, None, None)]
    yield "roll_empty", lambda x: tf.roll(x, 3, 0), [x[:0]], [(None, 3, 4)]
    yield (
        "slice_by_free_vectors",
        lambda x, i, n: tf.slice(x, i, n),
        [x, np.int32([1, 0, 2]), np.int32([1, -1, 2])],
        [(None, None, None), (None,), (None,)],
    )
    yield "reshape_to_nothing", lambda x, s: tf.reshape(x, s), [x[:, :0], np.int32([0, 8])], [(None, None, None), (None,)]
    yield "concat_axis_first", lambda x: raw.Concat(concat_dim=-1, values=[x, x * 2]), [x], [(None, 3, 4)]
    yield "mean_of_no_integers", lambda x: tf.reduce_mean(x, 0), [np.zeros((0, 3), np.int32)], [(None, 3)]
    nan = np.float32([[np.nan, 1, 2], [2, np.nan, 1], [np.nan, np.nan, np.nan], [1, 3, 3]])
    yield "places_beside_nan", lambda x: [tf.argmax(x, 1), tf.argmin(x, 1)], [nan], [(None, 3)]
    yield "log1p_half", lambda x: [tf.math.log1p(x), tf.math.xlog1py(x, x)], [np.float16([0, 1e-3, 1e4, 6e4])]
    yield (
        "add_strings",
        lambda x, y: raw.Add(x=x, y=y),
        [np.asarray([[b"a"], [b"b"]], object), np.asarray([b"x", b"", b"z"], object)],
        [(None, 1), (None,)],
    )
    for dtype in ("float32", "int32"):
        yield f"sort_of_any_rank_{dtype}", lambda x: tf.sort(x, axis=-1), [x.astype(dtype)[:, ::-1]], [None]
    yield "squeeze_of_any_rank", lambda x: tf.squeeze(x), [x[:1, :, :1]], [None]
    yield "every_row", lambda x: tf.vectorized_map(lambda row: row * tf.reduce_sum(row), x), [x], [(None, 3, 4)]
    yield "joined_after_empty", lambda t: raw.UnsortedSegmentJoin(inputs=t, segment_ids=[0, 0, 0, 1, 1, 1, 2], num_segments=3, separator="-"), [
        np.asarray([b"a", b"", b"b", b"", b"", b"c", b""], object)
    ]  # fmt: skip

    def then_laid_flat(parts):
        """What follows has to know the lengths of the parts."""
        return [tf.reshape(part, [tf.shape(part)[0], tf.shape(part)[1] * 4]) for part in parts]

    yield "split_by_computed_lengths", lambda x, n: then_laid_flat(tf.split(x, n, axis=1, num=2)), [x, np.int32([1, 2])]
    for name, shapes in (("", None), ("_free", [(None, None, 4)])):
        for sizes in ([1, 2], [-1, 1], 3):
            many = "_".join(map(str, np.ravel(sizes)))
            yield (
                f"split_{many}{name}",
                lambda x, sizes=sizes: then_laid_flat(tf.split(x, sizes, axis=1)),
                [x],
                *([shapes] if shapes else []),
            )
    yield "split_of_what_is_found", lambda x: tf.split(tf.boolean_mask(x, x[:, 0, 0] >= 0), [1, -1], axis=0), [x], [(None, 3, 4)]
