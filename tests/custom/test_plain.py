"""Plain classes as layers."""

import numpy as np
import pytest

from loadstone.errors import InferenceError, InputMismatch, ModelError
from tests.custom.building import Built, dense, layer, sequential, x

W, B = np.arange(6, dtype="float32").reshape(3, 2), np.float32([0.5, -1])
STORED = {"mine": {"w": W, "b": B}}
MODEL = sequential(layer("Mine", scale=2.0))


class Mine:
    weights = ("w", "b")

    def __init__(self, scale, **config):
        self.scale = scale

    def call(self, inputs):
        return inputs @ self.w * self.scale + self.b


def run(made, weights=STORED, model=MODEL, array=None):
    array = x(4, 3) if array is None else array
    return Built(model, weights, {"Mine": made})(array)


EXPECTED = x(4, 3) @ W * 2 + B


def test_weights_become_attributes_by_name():
    np.testing.assert_allclose(run(Mine, {"mine": {"b": B, "w": W}}), EXPECTED, rtol=1e-6)


def test_and_by_position_where_the_file_has_other_names():
    np.testing.assert_allclose(run(Mine, {"mine": {"0": W, "1": B}}), EXPECTED, rtol=1e-6)


def test_the_layers_own_name_in_front_of_a_weight_is_left_out():
    np.testing.assert_allclose(run(Mine, {"mine": {"mine/b": B, "mine/w": W}}), EXPECTED, rtol=1e-6)


def test_shapes_are_checked_where_they_are_declared():
    class Declared(Mine):
        weights = {"w": (None, 2), "b": (2,)}

    class Wrong(Mine):
        weights = {"w": (None, 4), "b": (2,)}

    np.testing.assert_allclose(run(Declared), EXPECTED, rtol=1e-6)
    with pytest.raises(ModelError, match=r"weight w has shape \(3, 2\), the class says \(None, 4\)"):
        run(Wrong)


def test_set_weights_takes_them_in_file_order():
    class Setting(Mine):
        weights = ()

        def set_weights(self, weights):
            self.w, self.b = weights

    np.testing.assert_allclose(run(Setting), EXPECTED, rtol=1e-6)


def test_weights_that_nobody_takes_are_an_error():
    class Forgetful(Mine):
        weights = ("w",)

    with pytest.raises(ModelError, match=r"declares 1 weights \(w\), the file has 2: w \(3, 2\), b \(2,\)"):
        run(Forgetful)


def test_weights_that_the_file_lacks_are_an_error():
    with pytest.raises(ModelError, match=r"the file has 0: none"):
        run(Mine, {})


def test_from_config_is_used_where_there_is_one():
    class Made(Mine):
        @classmethod
        def from_config(cls, config):
            assert config["name"] == "mine"
            return cls(config["scale"])

    np.testing.assert_allclose(run(Made), EXPECTED, rtol=1e-6)


def test_build_gets_the_input_shape():
    class Built_(Mine):
        def build(self, input_shape):
            assert input_shape == (None, 3)
            self.length = input_shape[-1]

        def call(self, inputs):
            return super().call(inputs) * self.length

    np.testing.assert_allclose(run(Built_), EXPECTED * 3, rtol=1e-6)


def test_config_that_the_class_does_not_take_is_an_error():
    class Small(Mine):
        def __init__(self):
            self.scale = 1

    with pytest.raises(ModelError, match="does not take scale of the layer's config"):
        run(Small)


def test_an_instance_is_copied_for_each_layer():
    class Both(Mine):
        pass

    model = sequential(layer("Mine", "one"), layer("Mine", "two"))
    instance = Both(1.0)
    square = np.eye(3, dtype="float32")
    got = run(instance, {"one": {"w": square * 2, "b": B[:1]}, "two": {"w": square * 3, "b": B[1:]}}, model)
    np.testing.assert_allclose(got, (x(4, 3) * 2 + B[0]) * 3 + B[1], rtol=1e-6)
    assert not hasattr(instance, "w")


def test_dunder_call_will_do():
    class Callable:
        def __init__(self, **config):
            pass

        def __call__(self, inputs):
            return inputs + 1

    np.testing.assert_allclose(run(Callable, {}), x(4, 3) + 1)


def test_the_compute_dtype_is_that_of_the_layer():
    class Same:
        def __init__(self, **config):
            pass

        def call(self, inputs):
            assert inputs.dtype == np.float16
            return inputs

    model = sequential({"class_name": "Mine", "config": {"name": "mine", "dtype": "float16"}})
    assert run(Same, {}, model).dtype == np.float16


def test_training_is_passed_and_false():
    class Trains:
        def __init__(self, **config):
            pass

        def call(self, inputs, training=None):
            assert training is False
            return inputs

    run(Trains, {})


def test_free_lengths_stay_free():
    class Turned:
        def __init__(self, **config):
            pass

        def call(self, inputs):
            return np.concatenate([inputs, inputs], 1).transpose(0, 2, 1)

    model = sequential(layer("Mine"), shape=(None, None, 3))
    built = Built(model, {}, {"Mine": Turned})
    assert built.program.outputs[0].shape == (None, 3, None)
    assert built(x(2, 5, 3)).shape == (2, 3, 10)


def test_several_outputs_are_several_outputs():
    config = {
        "name": "net",
        "layers": [
            {
                "class_name": "InputLayer",
                "name": "x",
                "config": {"name": "x", "batch_shape": [None, 4], "dtype": "float32"},
                "inbound_nodes": [],
            },
            {**layer("Mine"), "name": "mine", "inbound_nodes": [[["x", 0, 0, {}]]]},
            {**dense(1), "name": "dense", "inbound_nodes": [[["mine", 0, 1, {}]]]},
        ],
        "input_layers": [["x", 0, 0]],
        "output_layers": [["mine", 0, 0], ["dense", 0, 0]],
    }

    class Halves:
        def __init__(self, **config):
            pass

        def call(self, inputs):
            return np.split(inputs, 2, -1)

    weights = {"dense": {"kernel": np.ones((2, 1), "float32"), "bias": np.zeros(1, "float32")}}
    first, second = Built({"class_name": "Functional", "config": config}, weights, {"Mine": Halves})(x(3, 4))
    np.testing.assert_allclose(first, x(3, 4)[:, :2])
    np.testing.assert_allclose(second, x(3, 4)[:, 2:].sum(1, keepdims=True), rtol=1e-6)


class Fails:
    """Fails for the numbers of a test, not for zeros."""

    def __init__(self, **config):
        pass

    def call(self, inputs):
        if inputs.any():
            raise KeyError("no such thing")
        return inputs


def test_an_exception_says_which_layer_and_keeps_its_cause():
    built = Built(MODEL, {}, {"Mine": Fails})
    with pytest.raises(InferenceError, match="layer 'mine' \\(Mine\\) raised KeyError: 'no such thing'") as raised:
        built(x(4, 3))
    assert isinstance(raised.value.__cause__, KeyError)
    assert raised.value.where == "mine"


def test_an_exception_while_loading_is_the_models():
    class Broken(Fails):
        def call(self, inputs):
            raise KeyError("never")

    with pytest.raises(ModelError, match=r"cannot be tried on zeros: .*KeyError: 'never'"):
        run(Broken, {})


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (lambda a: a[:, :2], r"shape \(4, 2\), expected \(any, 3\)"),
        (lambda a: a > 0, "returned bool, expected float32"),
        (lambda a: [a, a], "returned 2 arrays, 1"),
    ],
)
def test_what_it_returns_is_what_it_returned_for_zeros(wrong, text):
    class Changes(Fails):
        def call(self, inputs):
            return wrong(inputs) if inputs.any() else inputs

    built = Built(MODEL, {}, {"Mine": Changes})
    with pytest.raises(InferenceError, match=text) as raised:
        built(x(4, 3))
    assert not isinstance(raised.value, InputMismatch)


def test_a_wider_float_is_cast():
    class Wide(Fails):
        def call(self, inputs):
            return inputs + np.sqrt(2.0) if not inputs.any() else inputs.astype("float64")

    assert run(Wide, {}).dtype in (np.float32, np.float64)


def test_something_that_is_no_layer_is_an_error():
    with pytest.raises(ModelError, match="'Mine' was given as a int, which is no layer"):
        run(3, {})


# -- masks ------------------------------------------------------------------------------------------------------------

MASKED = sequential(layer("Masking", mask_value=0.0), layer("Mine"), layer("Other"), shape=(None, 4, 2))


class Sees:
    """Counts the steps that the mask keeps."""

    def __init__(self, **config):
        pass

    def call(self, inputs, mask=None):
        kept = np.ones(inputs.shape[:2]) if mask is None else mask
        return kept.sum(1, keepdims=True).astype("float32")


def passing(**said):
    return type("Mine", (Fails,), {"call": lambda self, inputs: inputs, **said})


def masked():
    array = x(3, 4, 2)
    array[0, 1] = array[2] = 0
    return array


@pytest.mark.parametrize(("supports", "counted"), [(True, [3, 4, 0]), (False, [4, 4, 4])])
def test_a_mask_goes_on_where_the_class_says_so(supports, counted):
    built = Built(MASKED, {}, {"Mine": passing(supports_masking=supports), "Other": Sees})
    np.testing.assert_array_equal(built(masked())[:, 0], counted)


def test_compute_mask_makes_the_mask():
    def compute_mask(self, inputs, mask):
        return mask & (np.arange(4) > 0)

    built = Built(MASKED, {}, {"Mine": passing(compute_mask=compute_mask), "Other": Sees})
    np.testing.assert_array_equal(built(masked())[:, 0], [2, 3, 0])


def test_a_mask_is_not_lost_by_oversight():
    with pytest.raises(ModelError, match="does not say what becomes of it"):
        Built(MASKED, {}, {"Mine": passing(), "Other": Sees})


def test_a_layer_of_tensorflows_private_keras_is_refused():
    base = type("Layer", (), {"__module__": "tensorflow.python.keras.engine.base_layer"})
    with pytest.raises(ModelError, match=r"inherits from tensorflow\.python\.keras"):
        Built(sequential(layer("Mine")), {}, {"Mine": type("Mine", (base,), {"call": lambda self, inputs: inputs})})
