"""What Python offers: closures over numbers and functions, defaults, loops, imports inside, conditions on formats and shapes, try."""

import math
from functools import partial, reduce

from .world import K, keras, layers, np, on, ops, tf

SCALE = 3.0


def helper(x):
    return x * 2.0


def needs_helper(x):
    return helper(x) + SCALE


def import_inside(x):
    from keras import backend as K

    return K.mean(x, axis=1)


def import_tf_keras(x):
    from tensorflow.keras import backend as B

    return B.mean(x, axis=1)


def import_module(x):
    import keras.backend as K

    return K.sum(x, axis=-1)


def import_np(x):
    import numpy

    return x * numpy.sqrt(2.0)


def import_python_keras(x):
    from tensorflow.python.keras import backend as K

    return K.max(x, axis=1)


def import_ops(x):
    from tensorflow.python.ops import array_ops, math_ops

    return math_ops.reduce_mean(array_ops.transpose(x, [0, 2, 1]), axis=1)


def import_backend(x):
    from keras.backend import l2_normalize, sum

    return l2_normalize(sum(x, axis=1), axis=-1)


def import_functools(x):
    from functools import reduce

    return reduce(lambda a, b: a + b, [x[:, i] for i in range(5)])


def import_itertools(x):
    from itertools import combinations

    return K.stack([K.sum(x[:, i] * x[:, j], axis=-1) for i, j in combinations(range(4), 2)], axis=-1)


def import_operator(x):
    import operator

    return operator.mul(x, 2.0)


def uses_reduce(x):
    return reduce(lambda a, b: a * b, [x, x, x])


def guarded(x):
    try:
        return tf.nn.relu(x)
    except AttributeError:
        return K.relu(x)


def guarded_keepdims(x):
    try:
        mean = tf.reduce_mean(x, axis=1, keepdims=True)
    except TypeError:
        mean = tf.reduce_mean(x, axis=1, keep_dims=True)
    return x - mean


def asserts(x):
    assert K.ndim(x) == 3, "expected three axes"
    assert len(x.shape) == 3
    return x[:, 0]


def raises_in_branch(x, mode="mean"):
    if mode == "mean":
        return K.mean(x, axis=1)
    elif mode == "max":
        return K.max(x, axis=1)
    raise ValueError("Unknown mode %s" % mode)


def formats(x, mode="mean"):
    if mode not in ("mean", "max"):
        raise ValueError("Unknown mode {}".format(mode))
    name = "mode_{}".format(mode)
    return tf.identity(K.mean(x, axis=1), name=name)


def channel_axis(x):
    channel_axis = 1 if K.image_data_format() == "channels_first" else -1
    return K.max(x, axis=channel_axis, keepdims=True)


def channel_axis_1(x):
    if K.image_dim_ordering() == "th":
        return K.mean(x, axis=[2, 3])
    return K.mean(x, axis=[1, 2])


def backend_is(x):
    if K.backend() == "tensorflow":
        import tensorflow as tf

        return tf.reduce_sum(x, axis=-1)
    import theano.tensor as T

    return T.sum(x, axis=-1)


def backend_private(x):
    if K._BACKEND == "theano":
        return x.dimshuffle((0, 2, 1))
    return K.permute_dimensions(x, (0, 2, 1))


def make_scaler(factor, offsets):
    def scale(x):
        return x * factor + np.array(offsets)

    return scale


def make_chain(n):
    def chain(x):
        for _ in range(n):
            x = K.tanh(x) + x
        return x

    return chain


def make_slices(start, stop, step=None):
    return lambda x: x[:, slice(start, stop, step)]


def make_inner():
    def square(x):
        return x * x

    def apply(x):
        return square(x) + square(x + 1)

    return apply


def defaults(x, axis=1, keepdims=False, eps=1e-7, *args, **kwargs):
    return K.sqrt(K.sum(K.square(x), axis=axis, keepdims=keepdims) + eps)


def recursion(x, depth=3):
    def go(y, n):
        return y if n == 0 else go(K.tanh(y), n - 1)

    return go(x, depth)


def while_loop(x):
    n = 0
    while n < 3:
        x = x + n
        n += 1
    return x


def break_continue(x):
    total = x[:, 0]
    for i in range(1, 5):
        if i == 2:
            continue
        if i == 4:
            break
        total = total + x[:, i]
    else:
        total = total * 100.0
    return total


def enumerate_zip(x):
    parts = [x[:, i] for i in range(3)]
    weights = (0.5, 0.25, 0.125)
    return sum(w * p * (i + 1) for i, (p, w) in enumerate(zip(parts, weights)))


def dict_of(x):
    branches = {"a": K.mean(x, axis=1), "b": K.max(x, axis=1)}
    return K.concatenate([branches[key] for key in sorted(branches.keys())])


def dict_items(x):
    sizes = dict(first=2, second=2)
    parts, start = [], 0
    for name, size in sizes.items():
        parts.append(K.sum(x[..., start : start + size], axis=-1))
        start += size
    return K.stack(parts, axis=-1)


def list_methods(x):
    parts = []
    parts.append(x)
    parts.extend([x * 2, x * 3])
    parts.insert(0, -x)
    last = parts.pop()
    return K.concatenate(parts + [last], axis=-1)


def shape_tuple(x):
    batch, steps, features = x.shape
    return K.reshape(x, (-1, steps * features))


def shape_value(x):
    return K.reshape(x, (-1, x.shape[1].value * x.shape[2].value))


def shape_dims(x):
    return K.reshape(x, (-1, x.get_shape()[1].value * x.get_shape()[2].value))


def shape_int(x):
    return K.reshape(x, (-1, int(x.shape[1]) * int(x.get_shape()[2])))


def shape_keras(x):
    return K.reshape(x, (-1, x._keras_shape[1] * x._keras_shape[2]))


def shape_prod(x):
    return K.reshape(x, (-1, int(np.prod(K.int_shape(x)[1:]))))


def shape_concat(x):
    return tf.reshape(x, tf.concat([tf.shape(x)[:1], [20]], axis=0))


def shape_unpack(x):
    shape = tf.shape(x)
    b, t, d = shape[0], shape[1], shape[2]
    return tf.reshape(x, tf.stack([b, t * d]))


def shape_star(x):
    return tf.reshape(x, [-1, *x.shape[2:], 5])


def type_checks(x):
    if isinstance(x, list):
        x = x[0]
    if not isinstance(x, (list, tuple)):
        x = x * 2.0
    return x


def type_tensor(x):
    return x if isinstance(x, tf.Tensor) else tf.convert_to_tensor(x)


def has_attribute(x):
    return K.reshape(x, (-1, 20)) if hasattr(x, "shape") else x


def ternary_list(x):
    return [x, x * 2][0 if K.ndim(x) == 3 else 1]


def walrus_free(x):
    n = len(x.shape) - 1
    return K.mean(x, axis=list(range(1, n + 1)))


def string_checks(x, activation="tanh"):
    return getattr(K, activation)(x)


def numpy_constant(x):
    table = np.zeros((5, 4), dtype="float32")
    table[0, :] = 1.0
    return x + table


def numpy_random(x):
    return x + np.random.normal(size=(1, 5, 4))


def numpy_linspace(x):
    grid = np.linspace(0, 1, 5, dtype=np.float32)[:, None]
    return x * grid


def numpy_mask(x):
    mask = np.tril(np.ones((5, 5)), k=0)
    return K.batch_dot(K.constant(np.repeat(mask[None], 1, 0)) + K.zeros_like(K.batch_dot(x, x, axes=2)), x)


def numpy_loop(x):
    kernel = np.array([np.exp(-((i - 2) ** 2) / 2.0) for i in range(5)])
    kernel = (kernel / kernel.sum()).astype("float32")
    return K.sum(x * kernel.reshape(1, 5, 1), axis=1)


def math_of(x):
    return x * math.sqrt(2) + math.log(2.0) - math.exp(-1) + math.floor(2.7) + math.ceil(0.2) + math.cos(math.pi)


def format_string(x):
    name = f"out_{x.shape[-1]}"
    return tf.identity(x, name=name)


def percent_string(x):
    return tf.identity(x, name="out_%d" % 3)


def lambdas_inside(x):
    f = lambda t: K.relu(t)
    g = lambda t, n=2: t**n
    return g(f(x)) + (lambda: 1.0)()


def nested_comprehension(x):
    return K.stack([K.sum(K.stack([x[:, i, j] for j in range(4)], axis=-1), axis=-1) for i in range(5)], axis=-1)


def nonlocal_count(x):
    count = 0

    def add(y):
        nonlocal count
        count += 1
        return y + count

    return add(add(x))


def starred_call(tensors):
    def combine(a, b, scale=1.0):
        return a * scale + b

    return combine(*tensors, **{"scale": 0.5})


def aug_assign(x):
    x = x * 1.0
    x += 1.0
    x *= 2.0
    x -= 0.5
    x /= 3.0
    return x


def many_outputs(x):
    return [x[:, :2], x[:, 2:]]


def tuple_output(x):
    return x[:, 0], x[:, 1]


def bool_ops(x):
    return K.cast((x > 0.0) & (x < 1.0), "float32") + tf.cast(tf.logical_or(x > 1.5, x < -1.5), tf.float32)


def bool_invert(x):
    return tf.cast(~(x > 0.0), tf.float32)


def chained_compare(x):
    n = K.int_shape(x)[1]
    return x if 3 <= n < 10 else -x


def item_assignment(x):
    x[:, 0] = 0.0
    return x


def theano_style(x):
    return x.dimshuffle((0, 2, 1))


def data_condition(x):
    if K.sum(x) > 0:
        return x
    return -x


def tensor_methods(x):
    return x.sum(axis=1)


def print_debug(x):
    print("shape", x.shape)
    return x


def with_scope(x):
    with tf.name_scope("scope"):
        return x * 2.0


def with_device(x):
    with tf.device("/cpu:0"):
        y = tf.reduce_sum(x, axis=1)
    return y


def map_lambda(x):
    return K.map_fn(lambda t: K.sum(t, axis=0), x)


def map_tf(x):
    return tf.map_fn(lambda t: tf.reduce_max(t, axis=0), x)


def map_python(tensors):
    return K.concatenate(list(map(lambda t: t * 2, tensors)), axis=-1)


def tf_cond(x):
    return tf.cond(tf.reduce_sum(x) > 0, lambda: x, lambda: -x)


def py_func(x):
    return tf.py_func(lambda a: a * 2, [x], tf.float32)


def numpy_function(x):
    return tf.numpy_function(lambda a: a * 2, [x], tf.float32)


def tf_while(x):
    i, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * 2.0), [0, x])
    return y


def eval_session(x):
    return x * K.get_session().run(tf.constant(2.0))


FUNCTIONS = {
    "needs_helper": on("x", needs_helper),
    "import_inside": on("x", import_inside),
    "import_tf_keras": on("x", import_tf_keras),
    "import_module": on("x", import_module),
    "import_np": on("x", import_np),
    "import_python_keras": on("x", import_python_keras),
    "import_ops": on("x", import_ops),
    "import_backend": on("x", import_backend),
    "import_functools": on("x", import_functools),
    "import_itertools": on("x", import_itertools),
    "import_operator": on("x", import_operator),
    "uses_reduce": on("x", uses_reduce),
    "guarded": on("x", guarded),
    "guarded_keepdims": on("x", guarded_keepdims),
    "asserts": on("x", asserts),
    "raises_in_branch": on("x", raises_in_branch),
    "formats": on("x", formats),
    "channel_axis": on("f", channel_axis),
    "channel_axis_1": on("f", channel_axis_1),
    "backend_is": on("x", backend_is),
    "backend_private": on("x", backend_private),
    "make_scaler": on("x", make_scaler(2.0, [1.0, 2.0, 3.0, 4.0])),
    "make_chain": on("x", make_chain(3)),
    "make_slices": on("x", make_slices(1, 4)),
    "make_inner": on("x", make_inner()),
    "defaults": on("x", defaults),
    "defaults_arguments": on("x", defaults, axis=2, keepdims=True, other=3),
    "recursion": on("x", recursion),
    "while_loop": on("x", while_loop),
    "break_continue": on("x", break_continue),
    "enumerate_zip": on("x", enumerate_zip),
    "dict_of": on("x", dict_of),
    "dict_items": on("x", dict_items),
    "list_methods": on("x", list_methods),
    "shape_tuple": on("x", shape_tuple),
    "shape_value": on("x", shape_value),
    "shape_dims": on("x", shape_dims),
    "shape_int": on("x", shape_int),
    "shape_keras": on("x", shape_keras),
    "shape_prod": on("x", shape_prod),
    "shape_concat": on("x", shape_concat),
    "shape_unpack": on("x", shape_unpack),
    "shape_star": on("x", shape_star),
    "type_checks": on("x", type_checks),
    "type_tensor": on("x", type_tensor),
    "has_attribute": on("x", has_attribute),
    "ternary_list": on("x", ternary_list),
    "range_axes": on("x", walrus_free),
    "string_checks": on("x", string_checks),
    "numpy_constant": on("x", numpy_constant),
    "numpy_random": on("x", numpy_random, drawn=True),
    "numpy_linspace": on("x", numpy_linspace),
    "numpy_mask": on("x", numpy_mask),
    "numpy_loop": on("x", numpy_loop),
    "math_of": on("x", math_of),
    "format_string": on("x", format_string),
    "percent_string": on("x", percent_string),
    "lambdas_inside": on("x", lambdas_inside),
    "nested_comprehension": on("x", nested_comprehension),
    "nonlocal_count": on("x", nonlocal_count),
    "starred_call": on("xy", starred_call),
    "aug_assign": on("x", aug_assign),
    "many_outputs": on("x", many_outputs),
    "tuple_output": on("x", tuple_output),
    "bool_ops": on("x", bool_ops),
    "bool_invert": on("x", bool_invert),
    "chained_compare": on("x", chained_compare),
    "item_assignment": on("x", item_assignment),
    "theano_style": on("x", theano_style),
    "data_condition": on("x", data_condition),
    "tensor_methods": on("x", tensor_methods),
    "print_debug": on("x", print_debug),
    "with_scope": on("x", with_scope),
    "with_device": on("x", with_device),
    "map_lambda": on("x", map_lambda),
    "map_tf": on("x", map_tf),
    "map_python": on("xy", map_python),
    "tf_cond": on("x", tf_cond),
    "py_func": on("x", py_func),
    "numpy_function": on("x", numpy_function),
    "tf_while": on("x", tf_while),
    "array_argument": on(
        "x", lambda x, mean, std: (x - mean) / std, mean=np.array([0.1, 0.2, 0.3, 0.4]), std=np.array([1.0, 2.0, 3.0, 4.0])
    ),
    "list_argument": on("x", lambda x, crop: x[:, crop[0] : crop[1]], crop=[1, 4]),
    "index_argument": on("x", lambda x, i: x[:, i, :], i=2),
    "conditional": on("x", lambda x, training=None: x * 2.0 if training else x),
    "tf_newaxis": on("x", lambda x: x[:, tf.newaxis, ..., tf.newaxis]),
    "none_axis": on("x", lambda x: x[:, None, :, 0]),
    "ellipsis_int": on("x", lambda x: x[..., -1]),
    "negative_step": on("x", lambda x: x[:, 3:0:-1, ::2]),
    "int_tensor_key": on("x", lambda x: x[:, K.shape(x)[1] - 1]),
    "builtin_max": on("x", lambda x: x * max(2, 3) + min([4, 5])),
    "round_floor": on("x", lambda x: tf.round(x) + tf.floor(x) + tf.ceil(x)),
    "math_ceil": on("x", lambda x: tf.math.ceil(x) + tf.math.round(x)),
    "activation_given": on("x", lambda x, activation: keras.activations.get(activation)(x), activation="relu"),
}
