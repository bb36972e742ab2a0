"""Parts of tensors as jax2tf reads and writes them: gathers, scatters, slices and padding of XLA, compiled by it."""


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

    def gather(name, x, indices, sizes, offset, collapsed, start_map, vector, batching=((), ()), **options):
        numbers = data.GatherDimensionNumbers(
            offset_dims=offset, collapsed_slice_dims=collapsed, start_index_map=start_map, index_vector_dim=vector,
            operand_batching_dims=batching[0], start_indices_batching_dims=batching[1],
        )  # fmt: skip
        return (
            f"gather_{name}",
            compiled(lambda x, i: xla.gather(x, i, numbers, sizes)),
            [x, np.asarray(indices, np.int32)],
            *options.values(),
        )

    cube = floats(5, 4, 3)
    free = [(None, 4, 3), (None, 1)]
    yield gather("rows", cube, [[1], [4], [9], [-2]], [1, 4, 3], [1, 2], [0], [0], 1)
    yield gather("rows_free", cube, [[1], [4], [9], [-2]], [1, 4, 3], [1, 2], [0], [0], 1, shapes=free)
    yield gather("scalars", cube, [1, 3, 0], [1, 4, 3], [1, 2], [0], [0], 1)
    yield gather("windows", cube, [[0, 1], [3, 2], [4, 9]], [2, 2, 3], [1, 2, 3], [], [0, 1], 1)
    yield gather("windows_first", cube, [[0, 1], [3, 2], [4, 9]], [2, 2, 3], [0, 1, 2], [], [0, 1], 1)
    yield gather("crossed", cube, [[[0, 1], [2, 2]], [[1, 0], [0, 3]]], [1, 4, 1], [1], [0, 2], [2, 0], 2)
    yield gather("partial", cube, [[1], [2]], [1, 2, 3], [1, 2], [0], [0], 1)
    yield gather("vector_first", cube, [[0, 3, 4], [1, 0, 2]], [1, 1, 3], [1], [0, 1], [0, 1], 0)
    yield gather("batching", cube, [[[0], [2]]] * 5, [1, 1, 3], [2], [1], [1], 2, ([0], [0]))
    whole = rng.integers(0, 99, (4, 3)).astype(np.int64)
    yield gather("int64", whole, [[1, 1], [3, 2]], [1, 1], [], [0, 1], [0, 1], 1)

    combine = {
        "add": lambda a, b: a + b, "mul": lambda a, b: a * b, "max": tf.maximum, "min": tf.minimum, "put": lambda a, b: tf.identity(b),
    }  # fmt: skip

    def scatter(name, x, indices, updates, window, inserted, start_map, vector, how="put", batching=((), ()), **options):
        numbers = data.ScatterDimensionNumbers(
            update_window_dims=window, inserted_window_dims=inserted, scatter_dims_to_operand_dims=start_map, index_vector_dim=vector,
            input_batching_dims=batching[0], scatter_indices_batching_dims=batching[1],
        )  # fmt: skip
        by = function(combine[how], x.dtype)
        f = compiled(lambda x, i, u: xla.scatter(x, i, u, by, numbers))
        return (f"scatter_{name}", f, [x, np.asarray(indices, np.int32), updates], *options.values())

    for how in combine:
        twice = [[1], [4], [1], [9], [-1]] if how != "put" else [[1], [4], [0], [9], [-1]]
        yield scatter(f"rows_{how}", cube, twice, floats(5, 4, 3), [1, 2], [0], [0], 1, how)
    shapes = [(None, 4, 3), (None, 1), (None, 4, 3)]
    yield scatter("rows_free", cube, [[1], [4], [-3]], floats(3, 4, 3), [1, 2], [0], [0], 1, "add", shapes=shapes)
    yield scatter("windows", cube, [[0, 1], [3, 2], [3, 3]], floats(3, 2, 2, 3), [1, 2, 3], [], [0, 1], 1)
    yield scatter("partial", cube, [[1], [2]], floats(2, 2, 2), [1, 2], [0], [0], 1, "add")
    yield scatter("elements", cube, [[0, 1, 2], [3, 2, 1]], floats(2), [], [0, 1, 2], [0, 1, 2], 1)
    yield scatter("one_window", cube, [1, 2], floats(2, 2, 3), [0, 1, 2], [], [0, 1], 0)
    yield scatter("batching", cube, [[[0], [2]]] * 5, floats(5, 2, 3), [2], [1], [1], 2, "add", ([0], [0]))
    yield scatter("int32", whole.astype(np.int32), [[1], [2]], np.full((2, 3), 7, np.int32), [1], [0], [0], 1, "max")

    def pad(name, x, low, high, between, *shapes):
        f = compiled(lambda x, v: xla.pad(x, v, low, high, between))
        return (f"pad_{name}", f, [x, np.asarray(7, x.dtype)], *shapes)

    yield pad("around", cube, [1, 0, 2], [0, 3, 1], [0, 0, 0])
    yield pad("between", cube, [1, 0, -2], [0, -1, 1], [2, 1, 3])
    yield pad("free", cube, [1, 0, -1], [0, -1, 1], [2, 1, 0], [(None, None, 3), ()])
    yield pad("int32", whole.astype(np.int32), [1, 0], [0, -1], [0, 1])
    for name, at in (("inside", [1, 0, 1]), ("outside", [9, -3, 2])):
        start = np.asarray(at, np.int32)
        yield f"slice_{name}", compiled(lambda x, s: xla.dynamic_slice(x, s, [2, 3, 2])), [cube, start]
        yield f"slice_{name}_free", compiled(lambda x, s: xla.dynamic_slice(x, s, [2, 3, 2])), [cube, start], [(None, None, 3), (3,)]
        new = floats(2, 4, 1)
        yield f"update_{name}", compiled(xla.dynamic_update_slice), [cube, new, start]
        yield f"update_{name}_free", compiled(xla.dynamic_update_slice), [cube, new, start], [(None, None, 3), (None, None, None), (3,)]
    yield "update_all", compiled(xla.dynamic_update_slice), [cube, floats(5, 4, 3), start]
    yield "update_bool", compiled(xla.dynamic_update_slice), [cube > 0, new > 0, start]

    def helped(x, y):
        return list(raw.xla_broadcast_helper(lhs=x, rhs=y, broadcast_dims=tf.constant([1])))

    yield "broadcast_helper", compiled(helped), [cube, floats(4)]
