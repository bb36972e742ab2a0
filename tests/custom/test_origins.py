"""The table of public packages and what they define."""

import pytest

from loadstone.custom.origins import _NICKNAMES, origins, rows


@pytest.mark.parametrize("package", rows())
def test_every_row_is_found(package):
    names = rows()[package]
    assert names
    assert len(set(names)) == len(names)
    for name in names:
        assert name.isidentifier()
        assert package in origins(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("InstanceNormalization", ("keras_contrib", "tensorflow_addons")),
        ("GroupNorm", ("keras_contrib", "tensorflow_addons")),
        ("CRF", ("keras_contrib", "tensorflow_addons")),
        ("Capsule", ("keras_contrib",)),
        ("KerasLayer", ("tensorflow_hub",)),
        ("NobodyKnowsIt", ()),
    ],
)
def test_where_a_name_is_from(name, expected):
    assert origins(name) == expected


def test_a_registered_package_says_it_all():
    assert origins("CRF", "Addons") == ("tensorflow_addons",)


def test_every_nickname_is_of_a_known_name():
    assert all(origins(name) for name in _NICKNAMES.values())
