"""What each rule says about masks, against what each release does with them (tests/golden/make_masking.py)."""

import json
from pathlib import Path

import pytest

import loadstone.lowering.lower  # noqa: F401  (fills the registry)
from loadstone.frontends.keras.history.masks import DROPPED_BEFORE, mask_rules
from loadstone.ir import Layer, MaskRules, Producer
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.walk import Call
from loadstone.lowering.registry import keras_layer

TABLE = json.loads((Path(__file__).parents[1] / "golden" / "masking.json").read_text())
ON_LISTS = frozenset("Add Subtract Multiply Average Maximum Minimum Concatenate Dot Attention AdditiveAttention".split())


def producer(release: str) -> Producer:
    library, _, version = release.rpartition("-")
    return Producer(library, "2.4.0" if version == "2.3.4" else version)  # TensorFlow 2.3 calls its Keras 2.4.0


@pytest.mark.parametrize(
    ("release", "name"), [(release, name) for release, row in TABLE.items() for name in row if name in keras_layer.rules]
)
def test_rule_passes_masks_as_the_release_does(release: str, name: str) -> None:
    rule, rules, does = keras_layer.rules[name], mask_rules(name, producer(release)), TABLE[release][name]
    if rules.drops or rules.previous == "single" and name in ON_LISTS:
        assert does == "stop"
    elif rule.raw or callable(rule.masking):
        assert does in ("pass", "own", "stop")  # it depends on options; the goldens of recurrent layers run these
    else:
        assert rule.masking == does


def test_classes_with_masks_of_their_own_have_a_function() -> None:
    own = {name for row in TABLE.values() for name, does in row.items() if does == "own"} & set(keras_layer.rules)
    assert [name for name in sorted(own) if not (keras_layer.rules[name].raw or callable(keras_layer.rules[name].masking))] == []


def test_what_once_dropped_masks_passes_them_today() -> None:
    today = TABLE["keras-3.15.1"]
    assert {name: today[name] for name in DROPPED_BEFORE} == dict.fromkeys(DROPPED_BEFORE, "pass")


@pytest.mark.parametrize(
    ("version", "rules"),
    [
        ("2.15.0", MaskRules(argument="first", previous="given", inner=True)),
        ("3.3.3", MaskRules(previous="single", casts=True)),
        ("3.4.0", MaskRules(previous="first", casts=True)),
        ("3.11.0", MaskRules(previous="given", casts=True)),
        ("3.14.0", MaskRules()),
    ],
)
def test_eras_of_mask_passing(version: str, rules: MaskRules) -> None:
    assert mask_rules("Dense", Producer("keras", version)) == rules


def test_keras_3_fills_no_mask_in_where_two_arguments_hold_tensors() -> None:
    b = Builder()
    x, state, mask = b.input("x", (None, 4, 2), "float32"), b.input("h", (None, 3), "float32"), b.input("m", (None, 4), "bool")
    arguments, masks = {"sequences": x, "initial_state": [state]}, {"sequences": mask, "initial_state": [None]}
    today, before = (
        Call(Layer("GRU", "gru", {}, masks=rules), arguments, masks, None) for rules in (MaskRules(), MaskRules(argument="first"))
    )
    assert (today.mask, today.previous_mask) == (None, mask)
    assert (before.mask, before.previous_mask) == (mask, mask)
