"""The Kerases that are installed, 3 and tf_keras. A module that imports this is skipped where there is none."""

import importlib.util
from importlib.metadata import version

import pytest

LIBRARIES = [
    name for name in ("keras", "tf_keras") if importlib.util.find_spec(name) and (name != "keras" or not version(name).startswith("2."))
]
if not LIBRARIES:
    pytest.skip("no Keras is installed", allow_module_level=True)


def subclass(keras, **methods):
    """A layer of the user's."""
    return type("Scale", (keras.layers.Layer,), {"get_config": lambda self: {}, **methods})
