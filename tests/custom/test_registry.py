"""The registry, scopes, and what a load sees of them."""

import subprocess
import sys
from threading import Thread
from types import ModuleType, SimpleNamespace

import pytest

import loadstone
from loadstone.custom import CustomObjects, custom_object_scope, get_custom_objects, register_keras_serializable


@pytest.fixture
def registry():
    """The registry as it was is put back."""
    before = get_custom_objects().snapshot()
    yield get_custom_objects()
    get_custom_objects().clear()
    get_custom_objects().update(before)


def found(name, objects=None):
    given = CustomObjects(objects).find("layer", name)
    return None if given is None else given.object


def test_a_registered_class_is_found_by_its_registered_name_and_by_its_own(registry):
    @register_keras_serializable("my_package")
    class Mine:
        pass

    assert registry["my_package>Mine"] is Mine
    assert found("my_package>Mine") is found("Mine") is Mine
    assert found("other>Mine") is None


def test_the_name_may_be_chosen(registry):
    @register_keras_serializable(package="p", name="other")
    def function(x):
        return x

    assert registry["p>other"] is function


def test_a_name_registered_by_two_packages_is_neither(registry):
    registry.update({"a>Mine": 1, "b>Mine": 2})
    assert found("Mine") is None
    assert found("b>Mine") == 2


def test_the_argument_wins_over_scopes_and_scopes_over_the_registry(registry):
    registry["f"] = "registry"
    assert found("f") == "registry"
    with custom_object_scope({"f": "scope"}):
        assert found("f") == "scope"
        assert found("f", {"f": "argument"}) == "argument"
        with custom_object_scope({"g": "inner"}):
            assert (found("f"), found("g")) == ("scope", "inner")
    assert found("f") == "registry"


def test_a_package_name_is_found_under_the_plain_one():
    assert found("my_package>Mine", {"Mine": 1}) == 1


def test_a_load_keeps_its_snapshot(registry):
    custom = CustomObjects({"f": 1})
    registry["g"] = 2
    assert custom.find("layer", "g") is None


def test_another_thread_does_not_see_a_scope():
    seen = []
    with custom_object_scope({"f": 1}):
        thread = Thread(target=lambda: seen.append(found("f")))
        thread.start()
        thread.join()
    assert seen == [None]


def test_none_is_nothing():
    assert found("f", {"f": None}) is None


def test_the_names_are_public():
    assert loadstone.custom_object_scope is custom_object_scope
    assert loadstone.get_custom_objects is get_custom_objects
    assert loadstone.register_keras_serializable is register_keras_serializable


# -- registries of Keras, without Keras ---------------------------------------------------------------------------------


def module(monkeypatch, name, **values):
    made = ModuleType(name)
    vars(made).update(values)
    monkeypatch.setitem(sys.modules, name, made)


def test_what_keras_3_has_registered_is_found(monkeypatch):
    module(monkeypatch, "keras.src.saving.object_registration", GLOBAL_CUSTOM_OBJECTS={"my_package>Mine": 1, "f": 2, "none": None})
    state = SimpleNamespace(custom_objects_scope_dict={"f": "scope"})
    module(monkeypatch, "keras.src.backend.common.global_state", GLOBAL_STATE_TRACKER=state)
    assert found("my_package>Mine") == found("Mine") == 1
    assert found("f") == "scope"
    assert found("none") is None
    assert found("f", {"f": "given"}) == "given"


@pytest.mark.parametrize(
    "name", ["tf_keras.src.saving.object_registration", "keras.saving.object_registration", "keras.utils.generic_utils"]
)
def test_so_is_what_keras_2_has(monkeypatch, name):
    scope = SimpleNamespace(f="scope")
    module(monkeypatch, name, _GLOBAL_CUSTOM_OBJECTS={"my_package>Mine": 1, "f": 2}, _THREAD_LOCAL_CUSTOM_OBJECTS=scope)
    assert found("my_package>Mine") == 1
    assert found("f") == "scope"


def test_no_keras_is_imported_to_look():
    code = "import loadstone, sys; from loadstone.custom import CustomObjects; CustomObjects(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"keras", "tf_keras", "tensorflow"} & {name.partition(".")[0] for name in loaded}


def test_one_that_is_no_dict_is_nothing(monkeypatch):
    module(monkeypatch, "keras.src.saving.object_registration", GLOBAL_CUSTOM_OBJECTS=3)
    assert found("Mine") is None
