"""Fourier transforms and spectrograms against what each release of Keras 3 computed (tests/golden/make_signals.py)."""

import pytest

from tests.lowering.golden_models import families

ALL = families("signals")


@pytest.mark.parametrize(("release", "name"), [(release, name) for release, goldens in ALL.items() for name in goldens.cases])
def test_computes_what_the_release_computed(release: str, name: str) -> None:
    ALL[release].check(name)
