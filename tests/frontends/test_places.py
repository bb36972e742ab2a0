"""Where layers stand in the JSON of their file."""

from loadstone.frontends.keras.places import Places

DENSE = {"class_name": "Dense", "config": {"name": "dense", "activation": "bent"}}
INNER = {"class_name": "Sequential", "config": {"name": "inner", "layers": [DENSE, {"class_name": "Mine", "config": {"name": "mine"}}]}}
MODEL = {"class_name": "Functional", "config": {"name": "net", "layers": [{"class_name": "Mine", "config": {"name": "mine"}}, INNER]}}


def located(path, stored, where=None):
    places = Places(MODEL)
    places.enter(path, stored)
    return places.locate(where or path)


def test_a_layer_is_found_in_models_inside_models():
    assert located("", MODEL) == "$"
    assert located("inner", INNER) == "$.config.layers[1]"
    assert located("inner/dense", DENSE) == "$.config.layers[1].config.layers[0]"


def test_an_option_is_found_below_its_layer():
    assert located("inner/dense", DENSE, "inner/dense.activation") == "$.config.layers[1].config.layers[0].config.activation"


def test_a_name_with_a_dot_is_no_option():
    assert located("a.b", DENSE) == "$.config.layers[1].config.layers[0]"


def test_a_layer_that_is_spelt_anew_is_found_by_class_and_name():
    assert located("dense", {"class_name": "Dense", "config": {"name": "dense", "units": 3}}) == "$.config.layers[1].config.layers[0]"


def test_but_not_where_two_have_both():
    assert located("mine", {"class_name": "Mine", "config": {"name": "mine"}}) == ""


def test_what_is_not_there_has_no_place():
    assert located("other", {"class_name": "Other", "config": {}}) == ""
    assert located("dense", DENSE, "other.activation") == ""


def test_keys_that_are_no_names_are_quoted():
    config = {"class_name": "A", "config": {"a b'\n": {"class_name": "B", "config": {}}}}
    places = Places(config)
    places.enter("b", config["config"]["a b'\n"])
    assert places.locate("b") == """$.config["a b'\\n"]"""
