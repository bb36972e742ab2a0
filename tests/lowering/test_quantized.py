"""Quantized layers, adapters and dtype policies in the files of each release (tests/golden/make_quantized.py)."""

import pytest

from tests.lowering.golden_files import cases, families

ALL = families("quantized")


@pytest.mark.parametrize(("release", "name", "form"), cases("quantized"))
def test_predicts_what_the_release_predicted(release: str, name: str, form: str) -> None:
    ALL[release].check(name, form)
