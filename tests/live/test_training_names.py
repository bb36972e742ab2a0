"""The table of what Keras has for training, against the Keras that is installed: nothing of its own is taken for a user's."""

import importlib

import pytest

from loadstone.model.training_objects import foreign_object
from tests.live.libraries import LIBRARIES

pytestmark = pytest.mark.filterwarnings("default")  # the frameworks' own

MODULES = {
    "initializers": "initializer",
    "regularizers": "regularizer",
    "constraints": "constraint",
    "losses": "loss",
    "metrics": "metric",
    "optimizers": "optimizer",
    "optimizers.schedules": "learning rate schedule",
}
NO_OBJECTS = frozenset(
    "get serialize deserialize Initializer Regularizer Constraint Loss Metric Optimizer OptimizerMap LearningRateSchedule Reduction".split()
)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", MODULES)
def test_every_name_of_keras_is_its_own(library, name):
    found = importlib.import_module(library)
    for part in name.split("."):
        found = getattr(found, part)
    names = [key for key in dir(found) if not key.startswith("_") and callable(getattr(found, key)) and key not in NO_OBJECTS]
    assert len(names) > 3
    assert [key for key in names if foreign_object(MODULES[name], key) is not None] == []
    classes = [{"class_name": key, "config": {}, "registered_name": None} for key in names]
    assert [stored for stored in classes if foreign_object(MODULES[name], stored) is not None] == []
