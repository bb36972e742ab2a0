"""Core, activation, merging, reshaping, regularization and attention layers against what each release computed (make_core.py)."""

import pytest

from tests.lowering.golden_models import families

ALL = families("core")


@pytest.mark.parametrize(("release", "name"), [(release, name) for release, goldens in ALL.items() for name in goldens.cases])
def test_computes_what_the_release_computed(release: str, name: str) -> None:
    ALL[release].check(name)
