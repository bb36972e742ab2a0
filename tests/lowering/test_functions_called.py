"""Functions that take functions, eras, and what is refused of functions that code inside layers calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from loadstone.errors import ModelError, UnsafeContent, UnsupportedAttribute
from loadstone.ir import Spec, dtypes, flatten
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.finish import finish
from loadstone.lowering.functions.era import Era
from loadstone.lowering.lower import lower  # noqa: F401  (fills the tables of rules)
from loadstone.lowering.tensorflow.symbols import is_random, symbol
from loadstone.runtime import Executor

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def computed(function: Any, *arrays: np.ndarray) -> list[np.ndarray]:
    """What a function of a builder and tensors gives for arrays, whose first axis is free."""
    b = Builder()
    inputs = [b.input(f"x{i}", (None, *a.shape[1:]) if a.ndim else (), dtypes.of_numpy(a.dtype)) for i, a in enumerate(arrays)]
    values = flatten(function(b, *inputs))
    feeds = [(Spec(v.name, v.shape, v.dtype), v) for v in inputs]
    program = finish(b, feeds, [(Spec(f"y{i}", v.shape, v.dtype), v) for i, v in enumerate(values)], list(range(len(values))))
    return Executor(program).run(list(arrays))


def call(b: Builder, name: str, *args: Any, era: str | None = None, **kwargs: Any) -> Any:
    found = symbol(name)
    assert found is not None, name
    return found.call(b, args, kwargs, Era.of(era))


def doubled(b: Builder, x: Value) -> Value:
    return b.Mul(x, 2)


# -- functions of functions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["keras.backend.map_fn", "map_fn", "keras.ops.map", "keras.ops.vectorized_map"])
def test_maps_are_written_out_where_the_length_is_known(name: str) -> None:
    (y,) = computed(lambda b, x: call(b, name, lambda part: b.Mul(part, 2), b.transpose(x, [1, 0, 2])), X)
    np.testing.assert_array_equal(y, X.transpose(1, 0, 2) * 2)


@pytest.mark.parametrize("name", ["keras.backend.map_fn", "map_fn", "keras.ops.map", "scan"])
def test_maps_over_a_free_axis_are_refused(name: str) -> None:
    with pytest.raises(UnsupportedAttribute, match="over an axis of length None"):
        computed(lambda b, x: call(b, name, lambda *parts: parts[-1], x), X)


@pytest.mark.parametrize(("name", "expected"), [("foldl", ((0 - 1) - 2) - 3), ("foldr", ((3 - 2) - 1) - 0)])
@pytest.mark.parametrize("home", ["keras.backend.", ""])
def test_folds_go_from_either_end(home: str, name: str, expected: int) -> None:
    rows = np.array([[0, 1, 2, 3]], np.float32)
    (y,) = computed(lambda b, x: call(b, home + name, lambda total, part: b.Sub(total, part), b.transpose(x, [1, 0])), rows)
    assert y.tolist() == [expected]


def test_scans_give_every_step() -> None:
    (y,) = computed(lambda b, x: call(b, "scan", lambda total, part: b.Add(total, part), b.transpose(x, [1, 0, 2])), X)
    np.testing.assert_array_equal(y, np.cumsum(X.transpose(1, 0, 2), axis=0))

    def made(b: Builder, x: Value) -> Any:
        first = b.squeeze(b.slice(x, 1, 0, 1), 1)
        return call(b, "keras.ops.scan", lambda carry, part: (b.Add(carry, part), b.Mul(carry, 2)), first, b.transpose(x, [1, 0, 2]))

    carry, ys = computed(made, X)
    sums = np.cumsum(np.concatenate([X[:, :1], X], axis=1), axis=1)
    np.testing.assert_array_equal(carry, sums[:, -1])
    np.testing.assert_array_equal(ys, sums[:, :-1].transpose(1, 0, 2) * 2)


@pytest.mark.parametrize("backwards", [False, True])
def test_rnn_calls_the_step_for_each_time(backwards: bool) -> None:
    def made(b: Builder, x: Value) -> Any:
        def step(now: Value, states: Any) -> Any:
            total = b.Add(now, states[0])
            return b.Mul(total, 2), [total]

        return call(b, "keras.backend.rnn", step, x, [b.const(np.zeros((1, 4), np.float32))], go_backwards=backwards)

    last, outputs, state = computed(made, X)
    order = X[:, ::-1] if backwards else X
    np.testing.assert_array_equal(outputs, np.cumsum(order, axis=1) * 2)
    np.testing.assert_array_equal(last, order.sum(axis=1) * 2)
    np.testing.assert_array_equal(state, order.sum(axis=1))


@pytest.mark.parametrize("name", ["cond", "keras.ops.cond", "keras.backend.switch"])
@pytest.mark.parametrize("flag", [True, False])
def test_conditions_choose(name: str, flag: bool) -> None:
    (y,) = computed(lambda b, x, c: call(b, name, c, lambda: doubled(b, x), lambda: b.Neg(x)), X, np.array(flag))
    np.testing.assert_array_equal(y, X * 2 if flag else -X)


def test_a_known_condition_calls_one_function() -> None:
    (y,) = computed(lambda b, x: call(b, "cond", True, lambda: doubled(b, x), lambda: 1 / 0), X)
    np.testing.assert_array_equal(y, X * 2)


def test_loops_whose_condition_is_known_are_written_out() -> None:
    def made(b: Builder, x: Value) -> Any:
        return call(b, "while_loop", lambda i, y: b.Less(i, 3), lambda i, y: [b.Add(i, 1), b.Mul(y, 2)], [0, x])[1]

    np.testing.assert_array_equal(computed(made, X)[0], X * 8)
    with pytest.raises(UnsupportedAttribute, match="a condition that is computed"):
        computed(lambda b, x: call(b, "while_loop", lambda y: b.Less(b.ReduceMax(y, keepdims=0), 3), lambda y: [doubled(b, y)], [x]), X)


def test_fori_loop_counts() -> None:
    (y,) = computed(lambda b, x: call(b, "keras.ops.fori_loop", 1, 4, lambda i, y: b.Mul(y, i), x), X)
    np.testing.assert_array_equal(y, X * 6)


# -- phases and answers ------------------------------------------------------------------------------------------------


def test_models_predict() -> None:
    b = Builder()
    x, y = b.const(X), b.const(X * 2)
    assert call(b, "keras.backend.in_train_phase", x, y) is y
    assert call(b, "keras.backend.in_train_phase", x, lambda: y) is y
    assert call(b, "keras.backend.in_test_phase", x, y) is x
    assert call(b, "keras.backend.learning_phase") == 0
    with pytest.raises(UnsupportedAttribute, match="in_train_phase with training=True"):
        call(b, "keras.backend.in_train_phase", x, y, training=True)
    with pytest.raises(UnsupportedAttribute, match="set_floatx"):
        call(b, "keras.backend.set_floatx", "float64")


def test_shapes_are_known_or_free() -> None:
    b = Builder()
    x = b.input("x", (None, 3), "float32")
    assert call(b, "keras.backend.int_shape", x) == (None, 3)
    assert call(b, "keras.backend.ndim", x) == 2
    assert call(b, "keras.backend.dtype", x) == "float32"
    length, width = call(b, "keras.ops.shape", x)
    assert (length.shape, length.dtype, width) == ((), "int32", 3)
    assert call(b, "numpy.shape", x) == (None, 3)


@pytest.mark.parametrize("dtype", [np.float32, np.dtype("float32"), "float32", float])
def test_a_dtype_may_be_that_of_numpy(dtype: Any) -> None:
    b = Builder()
    assert call(b, "cast", b.input("x", (2,), "int32"), dtype).dtype == "float32"


# -- free lengths ------------------------------------------------------------------------------------------------------


def length(b: Builder, x: Value) -> Value:
    """What `K.shape(x)[0]` is."""
    return b.squeeze(b.slice(call(b, "keras.backend.shape", x), 0, 0, 1), 0)


FREE: dict[str, tuple[Any, Any]] = {
    "reshape": (lambda b, x: call(b, "reshape", x, [length(b, x), 12]), X.reshape(2, 12)),
    "backend reshape": (lambda b, x: call(b, "keras.backend.reshape", x, (length(b, x), -1, 2)), X.reshape(2, -1, 2)),
    "tile": (lambda b, x: call(b, "keras.backend.tile", b.const(X[:1, 0]), [length(b, x), 1]), X[[0, 0], 0]),
    "repeat": (lambda b, x: call(b, "keras.backend.repeat", b.squeeze(b.slice(x, 1, 0, 1), 1), length(b, x)), X[:, [0, 0]]),
    "zeros": (lambda b, x: call(b, "zeros", (length(b, x), 5)), np.zeros((2, 5))),
    "fill": (lambda b, x: call(b, "fill", [length(b, x), 3], 2.0), np.full((2, 3), 2)),
    "eye": (lambda b, x: call(b, "eye", length(b, x)), np.eye(2)),
    "arange": (lambda b, x: call(b, "keras.backend.arange", 0, length(b, x)), np.arange(2)),
    "ops.arange": (lambda b, x: call(b, "keras.ops.arange", call(b, "keras.ops.shape", x)[0]), np.arange(2)),
    "ops.arange step": (lambda b, x: call(b, "keras.ops.arange", call(b, "keras.ops.shape", x)[0], step=2), np.arange(0, 2, 2)),
    "ops.reshape": (lambda b, x: call(b, "keras.ops.reshape", x, (call(b, "keras.ops.shape", x)[0], -1)), X.reshape(2, 12)),
    "ops.ones": (lambda b, x: call(b, "keras.ops.ones", (call(b, "keras.ops.shape", x)[0], 3)), np.ones((2, 3))),
    "ops.broadcast_to": (
        lambda b, x: call(b, "keras.ops.broadcast_to", b.const(X[:1, 0]), (call(b, "keras.ops.shape", x)[0], 4)),
        X[[0, 0], 0],
    ),
}


@pytest.mark.parametrize("name", FREE)
def test_lengths_may_be_computed(name: str) -> None:
    function, expected = FREE[name]
    (y,) = computed(function, X)
    np.testing.assert_array_equal(y, expected)


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "keras.backend.dropout", "keras.backend.random_normal", "keras.backend.random_uniform_variable", "random_normal", "random.normal",
        "truncated_normal", "keras.random.normal", "numpy.random.normal", "compat.v1.random_uniform", "nn.dropout",
    ],
)  # fmt: skip
def test_functions_that_draw_numbers_are_known(name: str) -> None:
    assert is_random(name)
    assert symbol(name) is None


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "error", "words"),
    [
        ("keras.backend.mean", 1, {"weights": 2}, UnsupportedAttribute, "keras.backend.mean with weights=2"),
        ("keras.backend.clip", 1, {"min_value": 0}, ModelError, "keras.backend.clip without max_value"),
        ("keras.backend.expand_dims", 1, {"axis": 1, "dim": 1}, ModelError, "axis or dim given 2 times"),
        ("keras.backend.std", 1, {"axis": 1, "keepdims": True, "ddof": 1}, UnsupportedAttribute, "ddof=1"),
        ("keras.ops.mean", 1, {"where": 2}, UnsupportedAttribute, "keras.ops.mean with where=2"),
        ("keras.ops.matmul", 1, {}, ModelError, "keras.ops.matmul without x2"),
        ("keras.ops.vstack", 1, {}, UnsupportedAttribute, "keras.ops.vstack of one tensor"),
        ("keras.ops.stack", 1, {"axis": 1}, UnsupportedAttribute, "keras.ops.stack of one tensor"),
        ("numpy.sum", 1, {"out": 2}, UnsupportedAttribute, "numpy.sum with out=2"),
        ("numpy.std", 1, {"ddof": 1}, UnsupportedAttribute, "numpy.std with ddof=1"),
        ("keras.backend.rnn", 0, {"step_function": None, "inputs": None, "initial_states": [], "mask": 1}, UnsupportedAttribute, "with a mask"),
    ],
)  # fmt: skip
def test_what_a_rule_does_not_know_is_refused(name: str, args: int, kwargs: dict[str, Any], error: type[Exception], words: str) -> None:
    b = Builder()
    with pytest.raises(error, match=words):
        call(b, name, *[b.input("x", (2, 3), "float32")] * args, **kwargs)


@pytest.mark.parametrize(
    ("name", "shapes", "kwargs"),
    [
        ("keras.backend.batch_dot", [(2, 3, 4, 5), (2, 3, 5, 4)], {"axes": (3, 2)}),
        ("keras.backend.batch_dot", [(2, 3, 4), (2, 4, 5)], {"axes": (-1, 1)}),
        ("keras.backend.categorical_crossentropy", [(2, 3), (2, 3)], {}),
        ("keras.backend.binary_crossentropy", [(2, 3), (2, 3)], {}),
        ("keras.backend.resize_images", [(2, 3, 3, 1)], {"height_factor": 2, "width_factor": 2, "interpolation": "bilinear"}),
        ("keras.activations.hard_sigmoid", [(2, 3)], {}),
        ("keras.losses.cosine_similarity", [(2, 3), (2, 3)], {}),
        ("keras.ops.sparsemax", [(2, 3)], {}),
        ("keras.ops.add", [(2, 3, 4, 3), (3, 1, 1)], {}),
    ],
)
def test_what_releases_compute_differently_is_refused_where_none_is_known(name: str, shapes: list[Any], kwargs: dict[str, Any]) -> None:
    b = Builder()
    with pytest.raises(UnsupportedAttribute, match=r"releases? "):
        call(b, name, *(b.input(f"x{i}", shape, "float32") for i, shape in enumerate(shapes)), **kwargs)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("keras.ops.eye", [10**6]), ("keras.ops.tri", [10**5, 10**5]), ("keras.ops.hanning", [10**12]), ("signal.hann_window", [10**12]),
        ("signal.linear_to_mel_weight_matrix", [10**5, 10**5]), ("keras.backend.eye", [10**6]), ("keras.backend.zeros", [(10**6, 10**6)]),
        ("keras.backend.constant", [1.0, "float32", (10**6, 10**6)]), ("keras.ops.zeros", [(10**6, 10**6)]),
        ("keras.backend.arange", [10**9]), ("keras.ops.arange", [10**12]), ("keras.ops.linspace", [0.0, 1.0, 10**12]),
    ],
)  # fmt: skip
def test_what_would_fill_the_memory_is_unsafe(name: str, args: list[Any]) -> None:
    with pytest.raises(UnsafeContent):
        call(Builder(), name, *args)


def test_the_default_data_format_of_keras_1_is_not_known() -> None:
    b = Builder()
    x, kernel = b.input("x", (2, 5, 5, 3), "float32"), b.const(np.zeros((2, 2, 3, 4), np.float32))
    with pytest.raises(UnsupportedAttribute, match="dim_ordering"):
        call(b, "keras.backend.conv2d", x, kernel, era="1.2.2")
    assert call(b, "keras.backend.conv2d", x, kernel, era="2.2.4").shape == (2, 4, 4, 4)


@pytest.mark.parametrize(("layout", "shape"), [("channels_last", (2, 2, 2, 6)), ("channels_first", (2, 4, 2, 3))])
def test_where_layers_tell_the_data_format_it_is_the_default(layout: str, shape: tuple[int, ...]) -> None:
    b, era = Builder(), Era((1, 2, 2), layout=layout)
    x = b.input("x", (2, 4, 4, 6), "float32")
    found = symbol("keras.backend.pool2d")
    assert found is not None
    assert found.call(b, [x, (2, 2)], {"strides": (2, 2)}, era).shape == shape
    asked = symbol("keras.backend.image_dim_ordering")
    assert asked is not None
    assert asked.call(b, [], {}, era) == {"channels_last": "tf", "channels_first": "th"}[layout]


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "shape"),
    [
        ("keras.backend.local_conv2d", [(2, 3, 5, 5), (16, 12, 4)], {"kernel_size": (2, 2), "strides": (1, 1)}, (2, 4, 4, 4)),
        ("keras.backend.local_conv", [(2, 3, 5), (4, 6, 4)], {"kernel_size": (2,), "strides": (1,), "output_shape": (4,)}, (2, 4, 4)),
        ("keras.ops.conv", [(2, 3, 5, 5), (2, 2, 3, 4)], {}, (2, 4, 4, 4)),
        ("keras.ops.max_pool", [(2, 3, 6, 6)], {"pool_size": 2}, (2, 3, 3, 3)),
        ("keras.ops.image.rgb_to_grayscale", [(2, 3, 5, 5)], {}, (2, 1, 5, 5)),
    ],
)
def test_channels_come_first_unless_a_call_says_otherwise_where_they_do_in_layers(
    name: str, args: list[Any], kwargs: dict[str, Any], shape: tuple[int, ...]
) -> None:
    b, era = Builder(), Era((3, 8) if ".ops." in name else (2, 15), True, layout="channels_first")
    x, *weights = (b.input(f"x{i}", given, "float32") for i, given in enumerate(args))
    found = symbol(name)
    assert found is not None
    assert found.call(b, [x, *(b.const(np.zeros(v.shape, np.float32)) for v in weights)], kwargs, era).shape == shape


def test_a_bias_goes_to_the_channels_where_layers_have_them() -> None:
    x, bias = np.zeros((1, 2, 2, 2), np.float32), np.array([1, 2], np.float32)
    found = symbol("keras.backend.bias_add")
    assert found is not None
    b = Builder()
    first = found.call(b, [b.const(x), b.const(bias)], {}, Era((2, 15), layout="channels_first")).array()
    last = found.call(b, [b.const(x), b.const(bias)], {}, Era((2, 15))).array()
    assert first[0, :, 0, 0].tolist() == last[0, 0, 0].tolist() == [1, 2]
    with pytest.raises(UnsupportedAttribute, match="data_format"):
        found.call(b, [b.const(x), b.const(bias)], {}, Era((2, 15), layout=None))


def test_only_tf_keras_has_the_steps_of_a_local_convolution_last() -> None:
    b = Builder()
    x, kernel = b.input("x", (2, 5, 5), "float32"), b.const(np.zeros((4, 10, 3), np.float32))
    args = [x, kernel, (2,), (1,), "channels_first"]
    assert call(b, "keras.backend.local_conv1d", *args, era="2.3.1").shape == (2, 4, 3)
    assert call(b, "keras.backend.local_conv1d", *args, era="2.11.0").shape == (2, 3, 4)


@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_named_operands_of_a_crossentropy_are_what_their_names_say(name: str) -> None:
    """Keras 1 had the output first; by names there is no first."""
    chances = np.array([[0.25, 0.75], [0.5, 0.5]], np.float32)
    target = np.array([1, 0], np.int64) if name.startswith("sparse") else np.array([[0, 1], [1, 0]], np.float32)
    function = f"keras.backend.{name}"
    (today,) = computed(lambda b, y, x: call(b, function, y, x, era="2.2.4"), target, chances)
    (named,) = computed(lambda b, y, x: call(b, function, target=y, output=x, era="1.2.2"), target, chances)
    (in_order,) = computed(lambda b, y, x: call(b, function, x, y, era="1.2.2"), target, chances)
    assert today.tolist() == named.tolist() == in_order.tolist()


@pytest.mark.parametrize(
    ("name", "args", "old", "new"),
    [
        ("pad_images", (1, 2, 6, 7), (1, 6, 7, 1), (1, 11, 13, 1)),
        ("crop_images", (1, 0, 2, 3), (1, 2, 3, 1), (1, 1, 1, 1)),
        ("resize", ((6, 6), "nearest", False, "channels_first"), (1, 4, 6, 6), None),
    ],
)
def test_arguments_without_names_have_the_order_of_their_release(name: str, args: Any, old: Any, new: Any) -> None:
    """Keras 3.4 put bottom and right before the size, 3.3 two arguments before the data_format."""
    b = Builder()
    x = b.input("x", (1, 4, 4, 1), "float32")
    assert call(b, f"keras.ops.image.{name}", x, *args, era="3.2.1").shape == old
    if new is not None:
        assert call(b, f"keras.ops.image.{name}", x, *args, era="3.4.0").shape == new
    with pytest.raises(UnsupportedAttribute, match="without names"):
        call(b, f"keras.ops.image.{name}", x, *args)


def test_the_blank_was_the_last_class() -> None:
    """Unless a call named one, up to Keras 3.3."""
    scores = np.eye(3, dtype=np.float32)[None, [0, 1, 2]]
    found = {}
    for release in ("3.3.3", "3.4.0"):

        def decoded(b: Builder, x: Value, release: str = release) -> Any:
            return call(b, "keras.ops.ctc_decode", x, b.const(np.array([3])), era=release)[0]

        (labels,) = computed(decoded, scores)
        found[release] = labels[0, 0].tolist()
    assert found == {"3.3.3": [0, 1, -1], "3.4.0": [1, 2, -1]}
    b = Builder()
    with pytest.raises(UnsupportedAttribute, match="without mask_index"):
        call(b, "keras.ops.ctc_decode", b.input("x", (1, 3, 3), "float32"), b.const(np.array([3])))


def test_patches_of_volumes_are_flat_in_place_of_the_channels() -> None:
    x = np.arange(2 * 4 * 4 * 4 * 3, dtype=np.float32).reshape(2, 4, 4, 4, 3)
    (y,) = computed(lambda b, v: call(b, "keras.ops.image.extract_patches_3d", v, 2, era="3.15.1"), x)
    assert y.shape == (2, 2, 2, 2, 24)
    assert y[1, 0, 1, 0].tolist() == x[1, 0:2, 2:4, 0:2].reshape(-1).tolist()


def test_images_of_other_dtypes_are_standardized_in_float32() -> None:
    b = Builder()
    x = b.input("x", (4, 4, 3), "float64")
    found, old = symbol("image.per_image_standardization"), symbol("compat.v1.image.per_image_standardization")
    assert found is not None
    assert old is not None
    assert found.call(b, [x], {}, Era((2, 15))).dtype == "float32"
    for function, era in ((found, None), (old, None)):
        with pytest.raises(UnsupportedAttribute, match="per_image_standardization of float64"):
            function.call(b, [x], {}, era)


def test_numpys_lengths_of_integers_are_of_float64() -> None:
    assert call(Builder(), "numpy.linalg.norm", np.full(6, 127, np.int8)).array() == np.linalg.norm(np.full(6, 127, np.int8))


@pytest.mark.parametrize(
    ("text", "version", "tf"),
    [("1.2.2", (1, 2, 2), False), ("2.2.4-tf", (2, 2, 4), True), ("2.3.1", (2, 3, 1), False), ("2.4.0", (2, 4, 0), True), ("3.3.3", (3, 3, 3), True)],
)  # fmt: skip
def test_an_era_is_what_a_file_states(text: str, version: tuple[int, ...], tf: bool) -> None:
    found = Era.of(text)
    assert found is not None
    assert (found.version, found.tf) == (version, tf)


def test_history_reaches_operations() -> None:
    """The old half turn of a matrix that is no square (Keras 3 up to 3.15)."""
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    b = Builder()
    told = Era((3, 8), True, lambda name, config: {**config, "half_turn": "by rows"} if name == "keras.ops.Rot90" else config)
    found = symbol("keras.ops.rot90")
    assert found is not None
    y = found.call(b, [b.const(rows)], {"k": 2}, told)
    assert y.array().tolist() != np.rot90(rows, 2).tolist()
    with pytest.raises(UnsupportedAttribute, match="changed from release to release"):
        found.call(b, [b.const(rows)], {"k": 2}, Era((3, 8), True))
