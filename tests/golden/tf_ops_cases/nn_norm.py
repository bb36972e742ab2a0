"""Normalizations, biases, softmax, cross entropies and gradients of activations. A function is traced before the next is made."""


def cases(tf, np):
    raw = tf.raw_ops
    random = np.random.RandomState(0)

    def floats(*shape, dtype=np.float32):
        return np.round(random.randn(*shape), 2).astype(dtype)

    x = floats(2, 3, 4, 3)
    free = [(None, None, None, 3)]
    scale, offset, mean, variance = floats(3), floats(3), floats(3), np.abs(floats(3)) + 0.5
    four = {"scale": scale, "offset": offset, "mean": mean, "variance": variance}
    for op in (raw.FusedBatchNorm, raw.FusedBatchNormV2, raw.FusedBatchNormV3):
        name = op.__name__
        yield name, lambda x: op(x=x, **four, is_training=False)[:3], [x], free
        yield f"{name}_trains", lambda x: op(x=x, **four, epsilon=0.01, is_training=True)[:5], [x], free
    first = {"data_format": "NCHW", "epsilon": 0.001}
    turned = x.transpose(0, 3, 1, 2)
    yield "norm_nchw", lambda x: raw.FusedBatchNormV3(x=x, **four, **first, is_training=False)[0], [turned]
    yield "norm_nchw_trains", lambda x: raw.FusedBatchNormV3(x=x, **four, **first, is_training=True)[:5], [turned]
    slow = {"exponential_avg_factor": 0.25, "is_training": True}
    yield "norm_slowly", lambda x: raw.FusedBatchNormV3(x=x, **four, **slow)[:5], [x], free

    def computed(x, s, o, m, v):
        return raw.FusedBatchNormV3(x=x, scale=s, offset=o, mean=m, variance=v, is_training=False)[:3]

    yield "norm_computed", computed, [x, scale, offset, mean, variance], [(None, None, None, None), *[(None,)] * 4]
    yield "norm_one", lambda x: raw.FusedBatchNormV3(x=x, **four, is_training=True)[:5], [x[:1, :1, :1]]
    yield "norm_no_samples", lambda x: raw.FusedBatchNormV3(x=x, **four, is_training=False)[0], [x[:0]], free
    for layout, axes in (("NDHWC", [0, 1, 2, 3, 4]), ("NCDHW", [0, 4, 1, 2, 3])):
        volume = x[:, :, :, None].transpose(axes)
        yield f"norm_{layout}", lambda x: raw.FusedBatchNormV3(x=x, **four, is_training=True, data_format=layout)[:5], [volume]
    for trains in (False, True):

        def half(x):
            return raw.FusedBatchNormV3(x=x, **four, is_training=trains)[: 3 if trains else 1]

        yield f"norm_float16_{trains}", half, [x.astype(np.float16)], free
    for scaled in (False, True):
        yield f"norm_old_{scaled}", lambda x: tf.compat.v1.nn.batch_norm_with_global_normalization(
            x, mean, variance, offset, scale, 0.01, scaled
        ), [x], free  # fmt: skip

    for rank in (2, 3, 4, 5, 6):
        y = x.reshape(*[1] * max(rank - 4, 0), *x.shape) if rank >= 4 else x.reshape(*x.shape[: rank - 1], -1)[..., :3]
        yield f"bias_{rank}", lambda x, v: raw.BiasAdd(value=x, bias=v), [y, scale], [(*[None] * (rank - 1), 3), (3,)]
        if rank > 2:
            late = np.moveaxis(y, -1, 1)
            yield (
                f"bias_nchw_{rank}",
                lambda x, v: raw.BiasAdd(value=x, bias=v, data_format="NCHW"),
                [late, scale],
                [[None] * rank, (None,)],
            )
    for dtype in ("int32", "int64", "float64", "float16", "uint8"):
        yield f"bias_{dtype}", lambda x, v: raw.BiasAdd(value=x, bias=v), [(9 * x).astype(dtype), np.arange(3).astype(dtype)]
    yield "bias_v1", lambda x: raw.BiasAddV1(value=x, bias=scale), [x]
    for layout, axis in (("NHWC", -1), ("NCHW", 1)):
        yield f"bias_gradient_{layout}", lambda x: raw.BiasAddGrad(out_backprop=x, data_format=layout), [np.moveaxis(x, -1, axis)]

    deep = floats(2, 2, 3, 9)
    yield "lrn", lambda x: raw.LRN(input=x), [deep], [(None, None, None, None)]
    for radius, bias, alpha, beta in ((1, 0.5, 2.0, 0.75), (0, 1.0, 0.1, 0.5), (7, 1.5, 1e-4, 1.0)):
        yield f"lrn_{radius}", lambda x: raw.LRN(input=x, depth_radius=radius, bias=bias, alpha=alpha, beta=beta), [deep]
    yield "lrn_float16", lambda x: raw.LRN(input=x), [deep.astype(np.float16)]
    yield "l2_loss", lambda x: raw.L2Loss(t=x), [x], [None]
    yield "l2_loss_empty", lambda x: raw.L2Loss(t=x), [x[:0]], free
    yield "l2_loss_float64", lambda x: raw.L2Loss(t=x), [x.astype(np.float64)]

    special = np.array([[1, -np.inf, 2], [900, 901, -900], [np.inf, 0, 1], [np.nan, 0, 1]], np.float32)
    for op in (raw.Softmax, raw.LogSoftmax):
        name = op.__name__
        for dtype in ("float64", "float16"):
            yield f"{name}_{dtype}", lambda x: op(logits=x), [deep.astype(dtype)], [(None, None, None, None)]
        yield f"{name}_special", lambda x: op(logits=x), [special[:2]]
        yield f"{name}_vector", lambda x: op(logits=x), [deep[0, 0, 0]], [(None,)]
        yield f"{name}_empty", lambda x: op(logits=x), [deep[:0]], [(None, None, None, 9)]
    logits = floats(4, 5)
    shares = np.abs(floats(4, 5))
    both = [(None, None), (None, None)]

    def entropy(x, y):
        return raw.SoftmaxCrossEntropyWithLogits(features=x, labels=y)

    yield "entropy", entropy, [logits, shares]
    yield "entropy_free", entropy, [logits, shares], both
    yield "entropy_of_one_label", entropy, [logits, shares[:1]], both
    yield "entropy_of_one_row", entropy, [logits[:1], shares]
    yield "entropy_of_one_class", entropy, [logits[:, :1], shares], both
    yield "entropy_float64", entropy, [logits.astype(np.float64), shares.astype(np.float64)]
    yield "entropy_of_api", lambda x, y: tf.nn.softmax_cross_entropy_with_logits(y, x, axis=1), [deep, np.abs(deep)]
    for dtype in ("int32", "int64"):

        def sparse(x, y):
            return raw.SparseSoftmaxCrossEntropyWithLogits(features=x, labels=y)

        yield f"sparse_{dtype}", sparse, [logits, np.array([0, 4, 2, 1], dtype)], [(None, None), (None,)]
    yield "sparse_of_api", lambda x, y: tf.nn.sparse_softmax_cross_entropy_with_logits(y, x), [deep, np.arange(12).reshape(2, 2, 3) % 9]
    yield "sparse_special", sparse, [special[:2], np.array([0, 2])]

    g, f = floats(3, 7), floats(3, 7) * 3
    f[0, :3] = 0, 6, -0.0
    for name in ("ReluGrad", "Relu6Grad", "SoftplusGrad", "SoftsignGrad", "LeakyReluGrad"):
        yield name, lambda g, f: getattr(raw, name)(gradients=g, features=f), [g, f], [(None, 7), (None, 7)]
    yield "LeakyReluGrad_half", lambda g, f: raw.LeakyReluGrad(gradients=g, features=f, alpha=0.5), [g, f]
    for name in ("EluGrad", "SeluGrad"):
        yield name, lambda g, f: getattr(raw, name)(gradients=g, outputs=f), [g, f]
    for name in ("SigmoidGrad", "TanhGrad", "RsqrtGrad", "SqrtGrad", "InvGrad", "ReciprocalGrad"):
        yield name, lambda g, f: getattr(raw, name)(y=f, dy=g), [g, f + 0.25]
        yield f"{name}_float64", lambda g, f: getattr(raw, name)(y=f, dy=g), [g.astype(np.float64), f.astype(np.float64) + 0.25]
    yield "ReluGrad_int32", lambda g, f: raw.ReluGrad(gradients=g, features=f), [(9 * g).astype(np.int32), (9 * f).astype(np.int32)]
    yield "ReluGrad_special", lambda g, f: raw.ReluGrad(gradients=g, features=f), [special[:3], special[1:4]]
