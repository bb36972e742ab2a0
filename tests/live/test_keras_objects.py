"""Where a user's Keras objects are found, which Keras runs them, and what it does with their weights."""

import importlib
import json
import sys
from types import ModuleType

import numpy as np
import pytest

import loadstone
from loadstone.custom import CustomObjects
from loadstone.errors import ModelError
from loadstone.live.library import library_of
from tests.custom.building import Built, layer, sequential, x
from tests.custom.test_files import FOLDER, golden
from tests.golden.custom_objects import get
from tests.live.libraries import LIBRARIES, subclass

pytestmark = pytest.mark.filterwarnings("default")  # the frameworks' own


@pytest.fixture(scope="module", params=LIBRARIES)
def keras(request):
    return importlib.import_module(request.param)


# -- registries of Keras -----------------------------------------------------------------------------------------------

MODEL = sequential(layer("Mine"))


@pytest.fixture
def mine(keras):
    """A class that the test registers; the registry as it was is put back."""
    registry = keras.utils.get_custom_objects()
    before = dict(registry)
    yield subclass(keras, call=lambda self, inputs: inputs * 3)
    registry.clear()
    registry.update(before)


def test_a_class_that_is_registered_in_keras_is_found(keras, mine):
    keras.utils.register_keras_serializable("my_package", "Mine")(mine)
    np.testing.assert_allclose(Built(MODEL, {}, None)(x(4, 3)), 3 * x(4, 3), rtol=1e-6)
    stored = {"module": "m", "class_name": "Mine", "config": {"name": "a"}, "registered_name": "my_package>Mine"}
    np.testing.assert_allclose(Built(sequential(stored), {}, None, "3.15.1")(x(4, 3)), 3 * x(4, 3), rtol=1e-6)


def test_one_of_another_package_is_another(keras, mine):
    keras.utils.register_keras_serializable("my_package", "Mine")(mine)
    stored = {"module": "m", "class_name": "Mine", "config": {"name": "a"}, "registered_name": "other_package>Mine"}
    with pytest.raises(loadstone.MissingCustomObjects):
        Built(sequential(stored), {}, None, "3.15.1")


def test_so_is_one_of_an_active_scope_of_keras(keras, mine):
    with keras.utils.custom_object_scope({"Mine": mine}):
        np.testing.assert_allclose(Built(MODEL, {}, None)(x(4, 3)), 3 * x(4, 3), rtol=1e-6)
    with pytest.raises(loadstone.MissingCustomObjects):
        Built(MODEL, {}, None)


def test_what_the_caller_gives_wins_over_keras(keras, mine):
    keras.utils.get_custom_objects()["Mine"] = mine
    np.testing.assert_allclose(Built(MODEL, {}, {"Mine": lambda a: a + 1})(x(4, 3)), x(4, 3) + 1, rtol=1e-6)


def test_a_registry_of_keras_hides_nothing_that_is_known(keras, mine):
    keras.utils.get_custom_objects().update({"Dense": mine, "Addons>Maxout": mine})
    custom = CustomObjects(None)
    assert custom.get("layer", "Dense") is None
    assert custom.find("layer", "Addons>Maxout", elsewhere=False) is None


# -- which Keras, and which framework -------------------------------------------------------------------------------------


def test_the_library_is_that_of_the_classs_base(keras):
    library = library_of(subclass(keras))
    assert library is not None
    assert library.title.startswith(keras.__name__)
    assert library.title.endswith(library.backend) or not library.is_keras_3


def test_its_backend_stays_as_it_is(keras):
    if not hasattr(keras, "config"):
        pytest.skip("one backend alone")
    before = keras.config.backend()
    Built(MODEL, {}, {"Mine": subclass(keras, call=lambda self, inputs: keras.ops.sin(inputs))})(x(4, 3))
    assert keras.config.backend() == before


def other(keras):
    """A framework that this Keras does not run on: a module of that name whose functions take their own tensors."""
    backend = keras.config.backend() if hasattr(keras, "config") else "tensorflow"
    name = "torch" if backend != "torch" else "tensorflow"
    module = ModuleType(name)

    def sin(tensor):
        raise TypeError(f"this is no tensor of {name}")

    sin.__module__ = name
    module.sin = sin
    return name, module, backend


def test_a_class_that_computes_with_another_framework_is_told_both_names(keras):
    name, framework, backend = other(keras)

    def call(self, inputs):
        return framework.sin(inputs)

    with pytest.raises(ModelError) as raised:
        Built(MODEL, {}, {"Mine": subclass(keras, call=call)})
    assert f"computes with {name}, and its Keras runs on {backend}: its call raised TypeError" in str(raised.value)
    assert f"KERAS_BACKEND={name}" in raised.value.hint
    assert isinstance(raised.value.__cause__, TypeError)
    assert raised.value.where == "mine"


def test_so_is_one_that_imports_it_inside(keras, monkeypatch):
    name, framework, backend = other(keras)
    monkeypatch.setitem(sys.modules, name, framework)
    made = {}
    exec(f"def call(self, inputs):\n    import {name}\n    return {name}.sin(inputs)", made)
    with pytest.raises(ModelError, match=f"computes with {name}, and its Keras runs on {backend}"):
        Built(MODEL, {}, {"Mine": subclass(keras, call=made["call"])})


def test_to_mention_another_framework_is_no_mistake(keras):
    _, framework, _ = other(keras)

    def call(self, inputs):
        return framework.sin(inputs) if self.name == "never" else inputs * 2

    np.testing.assert_allclose(Built(MODEL, {}, {"Mine": subclass(keras, call=call)})(x(4, 3)), 2 * x(4, 3), rtol=1e-6)


# -- weights ------------------------------------------------------------------------------------------------------------


def scaled(keras, saved=None):
    """A layer with one weight and one inside; saved: its own way of keeping the first."""

    class Scaled(keras.layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight(name="scale", shape=(input_shape[-1],), initializer="ones")
            self.inner = keras.layers.Dense(2, name="inner")
            self.inner.build(input_shape)
            self.built = True

        def call(self, inputs):
            return self.inner(inputs * self.scale)

        def compute_output_shape(self, input_shape):
            return (*input_shape[:-1], 2)

        if saved:

            def save_own_variables(self, store):
                store["half"] = np.asarray(self.scale) / 2

            def load_own_variables(self, store):
                self.scale.assign(2 * np.asarray(store["half"]))

    return Scaled


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("own", [False, True], ids=["plain", "load_own_variables"])
def test_weights_are_loaded_as_the_class_says(keras, tmp_path, suffix, own):
    cls = scaled(keras, own)
    model = keras.Sequential([keras.Input((3,)), cls(name="scaled")])
    model.layers[-1].set_weights([np.float32([1, 2, 3]), x(3, 2), np.float32([4, 5])])
    model.save(tmp_path / f"model.{suffix}")
    expected = model.predict(x(4, 3), verbose=0)
    loaded = loadstone.load_model(tmp_path / f"model.{suffix}", custom_objects={"Scaled": cls})
    np.testing.assert_allclose(loaded.predict(x(4, 3), verbose=0), expected, rtol=1e-5, atol=1e-6)


# -- whole models -------------------------------------------------------------------------------------------------------

WHOLE = sorted(path for path in FOLDER.glob("*/whole*") if path.suffix in (".keras", ".h5", ".index"))
ARCHITECTURE = {"class_name": "Net", "config": {"units": 3}, "build_config": {"input_shape": [None, 5]}}


@pytest.mark.parametrize("path", WHOLE, ids=[f"{path.parent.name}/{path.name}" for path in WHOLE])
def test_a_subclassed_model_runs_as_a_whole(keras, path):
    """From what its release could write: a file with all, or weights, for which the architecture says class, config and shape."""
    net = get(keras)["Net"]
    if path.stem == "whole":
        if path.suffix == ".h5":
            net.input_shape = (None, 5)
        model = loadstone.load_model(path, custom_objects={"Net": net})
    else:
        model = loadstone.load_model(json.dumps(ARCHITECTURE).encode(), custom_objects={"Net": net}, weights=path)
    inputs, expected = golden(path.parent / "whole")
    np.testing.assert_allclose(model.predict(inputs, verbose=0), expected, rtol=1e-4, atol=1e-5)
