"""Random models in which loadstone and Keras differed once (tests/differential): now they are the same."""

import pytest

from tests.lowering.golden_models import families

ALL = families("differential")


@pytest.mark.parametrize(("release", "name"), [(release, name) for release, goldens in ALL.items() for name in goldens.cases])
def test_computes_what_the_release_computed(release: str, name: str) -> None:
    ALL[release].check(name)
