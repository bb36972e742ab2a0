"""Images in operations and layers against what each release of Keras 3 computed (tests/golden/make_images.py)."""

import pytest

from tests.lowering.golden_models import families

ALL = families("images")


@pytest.mark.parametrize(("release", "name"), [(release, name) for release, goldens in ALL.items() for name in goldens.cases])
def test_computes_what_the_release_computed(release: str, name: str) -> None:
    ALL[release].check(name)
