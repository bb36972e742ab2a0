"""XLA's ops as jax2tf writes them, compiled by XLA where TensorFlow runs them."""


def cases(tf, np):
    from tensorflow.compiler.tf2xla.python import xla
    from tensorflow.compiler.xla import xla_data_pb2 as data

    rng = np.random.default_rng(8)
    raw = xla.gen_xla_ops

    def compiled(function):
        inner = tf.function(function, jit_compile=True, autograph=False)
        return lambda *args: inner(*args)

    def floats(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    def function(f, dtype, count=2):
        return tf.function(f, autograph=False).get_concrete_function(*[tf.TensorSpec((), dtype)] * count)

    cube, whole = floats(5, 4, 3), rng.integers(0, 99, (4, 3)).astype(np.int64)

    def dot(name, x, y, contracting, batch=((), ()), preferred=None, **options):
        numbers = data.DotDimensionNumbers(
            lhs_contracting_dimensions=contracting[0], rhs_contracting_dimensions=contracting[1], lhs_batch_dimensions=batch[0],
            rhs_batch_dimensions=batch[1],
        )  # fmt: skip
        f = compiled(lambda x, y: xla.dot_general(x, y, numbers, preferred_element_type=preferred))
        return (f"dot_{name}", f, [x, y], *options.values())

    yield dot("plain", floats(3, 4), floats(4, 2), ([1], [0]))
    yield dot("free", floats(3, 4), floats(4, 2), ([1], [0]), shapes=[(None, 4), (4, 2)])
    yield dot("turned", floats(4, 3), floats(2, 4), ([0], [1]))
    yield dot("vectors", floats(4), floats(4), ([0], [0]))
    yield dot("dense", floats(2, 3, 4), floats(4, 5), ([2], [0]))
    yield dot("batch", floats(2, 3, 4), floats(2, 4, 5), ([2], [1]), ([0], [0]))
    yield dot("batch_last", floats(3, 4, 2), floats(2, 5, 4), ([1], [2]), ([2], [0]))
    yield dot("heads", floats(2, 3, 4, 5), floats(2, 6, 4, 5), ([3], [3]), ([0, 2], [0, 2]))
    yield dot("several", floats(2, 3, 4), floats(4, 3, 5), ([1, 2], [1, 0]))
    yield dot(
        "int32", np.arange(6, dtype=np.int32).reshape(2, 3), np.arange(6, dtype=np.int32).reshape(3, 2), ([1], [0]), preferred=tf.int32
    )
    small = rng.integers(-99, 99, (2, 3)).astype(np.int8)
    yield dot("int8", small, small.T.copy(), ([1], [0]), preferred=tf.int32)
    yield "einsum", compiled(lambda x, y: raw.xla_einsum(a=x, b=y, equation="ab,bc->ac")), [floats(2, 3), floats(3, 4)]

    def conv(name, x, kernel, strides, pads, lhs=(1, 1), rhs=(1, 1), groups=1, layout="NHWC", **options):
        space = [layout.index(c) for c in "HW"]
        numbers = data.ConvolutionDimensionNumbers(
            input_batch_dimension=layout.index("N"), input_feature_dimension=layout.index("C"), input_spatial_dimensions=space,
            kernel_input_feature_dimension=2, kernel_output_feature_dimension=3, kernel_spatial_dimensions=[0, 1],
            output_batch_dimension=layout.index("N"), output_feature_dimension=layout.index("C"), output_spatial_dimensions=space,
        )  # fmt: skip
        f = compiled(lambda x, k: xla.conv(x, k, strides, pads, lhs, rhs, numbers, feature_group_count=groups))
        return (f"conv_{name}", f, [x, kernel], *options.values())

    image = floats(2, 6, 7, 4)
    yield conv("plain", image, floats(3, 2, 4, 5), (1, 1), ((0, 0), (0, 0)))
    yield conv("free", image, floats(3, 3, 4, 5), (2, 2), ((1, 1), (0, 1)), shapes=[(None, None, None, 4), (3, 3, 4, 5)])
    yield conv("groups", image, floats(3, 3, 1, 8), (2, 1), ((1, 2), (0, 3)), groups=4)
    yield conv("spread", image, floats(3, 3, 4, 2), (1, 1), ((2, 1), (1, 2)), lhs=(2, 3))
    yield conv("rates", image, floats(2, 2, 4, 2), (1, 1), ((2, 1), (-1, 2)), rhs=(2, 3))
    yield conv("channels_first", floats(1, 4, 6, 5), floats(3, 3, 4, 2), (1, 2), ((1, 1), (1, 1)), layout="NCHW")
    yield conv("odd_layout", floats(6, 5, 2, 4), floats(3, 3, 4, 2), (1, 2), ((1, 1), (1, 1)), layout="HWNC")

    combine = {
        "add": lambda a, b: a + b, "mul": lambda a, b: a * b, "max": tf.maximum, "min": tf.minimum, "put": lambda a, b: tf.identity(b),
    }  # fmt: skip

    for how, start in (("add", 0), ("add", 2), ("mul", 1), ("max", -np.inf), ("min", np.inf), ("max", 0.5)):

        def reduced(x, start=start, how=how):
            return raw.xla_variadic_reduce_v2(
                inputs=[x], init_values=[tf.constant(start, tf.float32)], dimensions_to_reduce=[0, 2],
                reducer=function(combine[how], tf.float32),
            )  # fmt: skip

        yield f"reduce_{how}_{start}", compiled(lambda x, f=reduced: f(x)[0]), [cube]
    for how, f in (("and", tf.logical_and), ("or", tf.logical_or)):

        def flags(x, f=f, how=how):
            return raw.xla_reduce(input=x, init_value=how == "and", dimensions_to_reduce=[1], reducer=function(f, tf.bool))

        yield f"reduce_{how}", compiled(lambda x, f=flags: f(x)), [cube[..., 0] > 0], [(None, None)]
    yield (
        "reduce_int32",
        compiled(lambda x: raw.xla_reduce(input=x, init_value=3, dimensions_to_reduce=[0], reducer=function(combine["add"], tf.int32))),
        [whole.astype(np.int32)],
    )

    def windows(how, start, size, strides, base=None, rates=None, pads=None):
        return compiled(
            lambda x: xla.reduce_window(
                x, tf.constant(start, x.dtype), function(combine[how], x.dtype), size, strides, base_dilations=base,
                window_dilations=rates, padding=pads,
            )
        )  # fmt: skip

    none = ((0, 0),) * 4
    yield "window_max", windows("max", -np.inf, (1, 3, 3, 1), (1, 2, 2, 1), pads=((0, 0), (1, 1), (0, 1), (0, 0))), [image]
    yield "window_add", windows("add", 0, (1, 2, 2, 1), (1, 2, 1, 1), pads=none), [image], [(None, None, None, 4)]
    yield (
        "window_min",
        windows("min", 0.25, (1, 2, 3, 1), (1, 1, 1, 1), (1, 2, 1, 1), (1, 1, 2, 1), ((0, 0), (2, 1), (1, 0), (0, 0))),
        [image],
    )
    yield "window_running", windows("add", 0, (5, 1, 1), (1, 1, 1), pads=((4, 0), (0, 0), (0, 0))), [cube]
    yield "window_int32", windows("max", -9, (2, 1), (1, 1), pads=((0, 0), (0, 0))), [whole.astype(np.int32)]

    yield "sort", compiled(xla.sort), [cube], [(None, None, None)]
    keys = rng.integers(0, 4, (2, 6)).astype(np.int32)
    yield "sort_pairs", compiled(lambda k: list(xla.key_value_sort(k, tf.range(k.shape[0])))), [rng.permutation(9).astype(np.int32)]

    def order(less):
        def sort(*tensors):
            types = [tf.TensorSpec((), t.dtype) for t in tensors for _ in range(2)]
            by = tf.function(less, autograph=False).get_concrete_function(*types)
            return list(raw.xla_variadic_sort(inputs=tensors, dimension=1, comparator=by, is_stable=True))

        return compiled(sort)

    def two(a, b, c, d):
        return tf.logical_or(a < b, tf.logical_and(tf.equal(a, b), c > d))

    numbers = np.tile(np.arange(6, dtype=np.int32), (2, 1))
    yield "sort_rising", order(lambda a, b, c, d: a < b), [keys, numbers]
    yield "sort_falling", order(lambda a, b, c, d: a > b), [keys, numbers]
    yield "sort_two_keys", order(two), [keys, numbers], [(None, None), (None, None)]
    yield "barrier", compiled(lambda x, y: xla.optimization_barrier(x, y)), [cube, keys]
    yield "precision", compiled(lambda x: xla.reduce_precision(x, 8, 7)), [cube]
    yield "precision_half", compiled(lambda x: xla.reduce_precision(x, 5, 10)), [cube * 1e4]

    def looped(x):
        more = tf.function(lambda i, x: i < 4, autograph=False).get_concrete_function(tf.TensorSpec((), tf.int32), tf.TensorSpec((3,)))
        body = tf.function(lambda i, x: (i + 1, x * 2), autograph=False)
        body = body.get_concrete_function(tf.TensorSpec((), tf.int32), tf.TensorSpec((3,)))
        return list(raw.xla_while(input=[tf.constant(0), x], cond=more, body=body))

    yield "while", compiled(looped), [cube[0, 0]]
