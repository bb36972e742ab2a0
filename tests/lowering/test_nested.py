"""Models in models, structures, wrappers, cells and masks in the files of each release (tests/golden/make_nested.py)."""

import pytest

from tests.lowering.golden_files import cases, families

ALL = families("nested")


@pytest.mark.parametrize(("release", "name", "form"), cases("nested"))
def test_predicts_what_the_release_predicted(release: str, name: str, form: str) -> None:
    ALL[release].check(name, form)
