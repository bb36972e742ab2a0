"""Functions of TensorFlow 1: what it computes otherwise under a name of today, and the orders and names of its arguments."""

from __future__ import annotations

import json
import lzma
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import Symbol, symbol, symbols
from tests.lowering.golden_models import families

MODELS = families("compat_v1")
SIGNATURES = Path(__file__).parents[1] / "golden" / "signatures"
# Names of today under which TensorFlow 1 has another function, or the same with arguments in an order that one call can have in both.
APART = """
    batch_to_space image.resize in_top_k losses.mean_squared_error math.in_top_k nn.in_top_k nn.sigmoid_cross_entropy_with_logits
    nn.softmax_cross_entropy_with_logits nn.sparse_softmax_cross_entropy_with_logits nn.space_to_batch nn.weighted_cross_entropy_with_logits
    space_to_batch
""".split()
# Names that TensorFlow 2 has as well, with a rule that is entered for TensorFlow 1: one function, one order.
SHARED = """
    math.unsorted_segment_mean matrix_square_root math.unsorted_segment_sqrt_n nn.batch_norm_with_global_normalization strings.reduce_join
    strings.regex_full_match strings.strip strings.to_hash_bucket strings.to_hash_bucket_strong
""".split()
# Where our rule takes a tensor in parts.
IN_PARTS = "edit_distance sets.size".split()


@pytest.mark.parametrize(("release", "name"), [(release, name) for release, goldens in MODELS.items() for name in goldens.cases])
def test_models_compute_what_the_release_computed(release: str, name: str) -> None:
    MODELS[release].check(name)


@cache
def signatures() -> list[tuple[str, str, dict[str, str]]]:
    """The release, what stands before a name in our table, and what functions take."""
    found: list[tuple[str, str, dict[str, str]]] = []
    for path in sorted(SIGNATURES.glob("*.json.xz")):
        stored: dict[str, Any] = json.loads(lzma.decompress(path.read_bytes()))
        old = "-1." in path.name
        found += [(path.name, "compat.v1." if old or owner != "tf" else "", functions) for owner, functions in stored.items()]
    return found


def _cases() -> list[Any]:
    return [pytest.param(i, id=f"{release}-{prefix}") for i, (release, prefix, _) in enumerate(signatures())]


@pytest.mark.parametrize("place", _cases())
def test_arguments_have_the_order_of_tensorflow(place: int) -> None:
    _, prefix, functions = signatures()[place]
    table = symbols()
    wrong = {}
    for name, taken in functions.items():
        found = table.get(prefix + name)
        if found is None or name in IN_PARTS:
            continue
        pairs = list(zip(taken.split(), found.order, strict=False))
        if any(ours not in (theirs, found.spellings.get(theirs)) and theirs != ours.removesuffix("_") for theirs, ours in pairs):
            wrong[name] = (taken, " ".join(found.order))
    assert not wrong


@pytest.mark.parametrize("place", _cases())
def test_first_arguments_can_be_named_as_tensorflow_names_them(place: int) -> None:
    _, prefix, functions = signatures()[place]
    table = symbols()
    unknown = {}
    for name, taken in functions.items():
        found = table.get(prefix + name)
        first = taken.split()[0]
        if found is not None and name not in IN_PARTS and first != "_sentinel" and not _knows(found, first):
            unknown[name] = (first, found.parameters)
    assert not unknown


def _knows(found: Symbol, key: str) -> bool:
    return found.variadic or found.spellings.get(key, key) in found.parameters


def test_functions_are_apart_exactly_where_a_call_can_mean_two_things() -> None:
    table = symbols()
    names = {name.removeprefix("compat.v1.") for name in table if name.startswith("compat.v1.")}
    apart = {name for name in names if name in table and table[name].function is not table[f"compat.v1.{name}"].function}
    assert apart == set(APART)


def test_what_tensorflow_2_has_too_is_not_taken_for_a_function_of_tensorflow_1() -> None:
    table = symbols()
    today = next(functions for release, prefix, functions in signatures() if not prefix)
    only_old = {name.removeprefix("compat.v1.") for name in table if name.startswith("compat.v1.")} - set(table)
    assert only_old & set(today) == set(SHARED)


@pytest.mark.parametrize("name", ["nn.softmax_cross_entropy_with_logits", "nn.sigmoid_cross_entropy_with_logits"])
def test_cross_entropies_of_tensorflow_1_want_names(name: str) -> None:
    found = symbol(f"compat.v1.{name}")
    assert found is not None
    b = Builder()
    x = b.input("x", [None, 3], "float32")
    with pytest.raises(UnsupportedAttribute, match="with 2 arguments"):
        found.call(b, [x, x], {})


def test_a_vector_of_conditions_is_refused_where_the_release_is_not_known() -> None:
    found = symbol("where")
    assert found is not None
    b = Builder()
    flags, x = b.input("flags", [3], "bool"), b.input("x", [3, 3], "float32")
    with pytest.raises(UnsupportedAttribute, match="vector of conditions"):
        found.call(b, [flags, x, x], {}, None)


def test_a_rule_of_tensorflow_1_comes_before_that_of_today_whatever_was_loaded() -> None:
    today, old = symbol("image.resize"), symbol("compat.v1.image.resize")
    assert today is not None
    assert old is not None
    assert old.function is not today.function


@pytest.mark.parametrize(
    ("name", "count", "same"),
    [("gather", 3, True), ("gather", 4, False), ("nn.conv2d", 4, True), ("nn.pool", 4, False), ("in_top_k", 0, False)],
)
def test_a_call_that_gives_few_arguments_without_names_means_the_same(name: str, count: int, same: bool) -> None:
    today, old = symbol(name), symbol(f"compat.v1.{name}")
    assert today is not None
    assert old is not None
    assert today.means(old, count) is same
