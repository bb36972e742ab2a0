"""Operations on odd dtypes, fixed numbers of samples and numbers that stand for tensors, against the releases that computed them."""

import pytest

from tests.lowering.golden_models import families

ALL = families("odd_ops")


@pytest.mark.parametrize(("release", "name"), [(release, name) for release, goldens in ALL.items() for name in goldens.cases])
def test_computes_what_the_release_computed(release: str, name: str) -> None:
    ALL[release].check(name)
