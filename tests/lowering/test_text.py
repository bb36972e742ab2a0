"""Layers of text, lookups, hashes and buckets against the releases that saved them."""

import pytest

from tests.lowering.golden_files import cases, families

ALL = families("text")


@pytest.mark.parametrize(("release", "name", "form"), cases("text"))
def test_predicts_what_the_release_predicted(release: str, name: str, form: str) -> None:
    ALL[release].check(name, form)
