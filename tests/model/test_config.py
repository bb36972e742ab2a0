"""`get_config` and `to_json` are what Keras itself wrote into files of today, and read back to the same model."""

import json
import zipfile

import numpy as np
import pytest

import loadstone
from loadstone.frontends.keras.config import read_model
from loadstone.ir import Model as Description
from loadstone.ir import Producer
from loadstone.model.model import Model
from tests.conformance.goldens import golden, goldens

KERAS_3 = [g for g in goldens() if g.name.startswith("keras-3") and "custom" not in g.model and g.model != "shared_across_levels"]
TODAY = [g for g in KERAS_3 if g.name.startswith("keras-3.15.1") and g.path.suffix == ".keras"]
# Ids of one session, and what belongs to training or is not said by this release.
PASSING = ("shared_object_id", "compile_config", "build_config", "training", "shape")


def without_passing(config):
    if isinstance(config, dict):
        return {key: without_passing(value) for key, value in config.items() if key not in PASSING}
    return [without_passing(part) for part in config] if isinstance(config, list) else config


@pytest.mark.parametrize("golden", TODAY, ids=lambda golden: golden.name)
def test_a_config_of_today_is_given_back(golden):
    stored = json.loads(zipfile.ZipFile(golden.path).read("config.json"))
    assert without_passing(loadstone.load_model(golden.path).get_config()) == without_passing(stored["config"])


@pytest.mark.parametrize("golden", [g for g in KERAS_3 if "stateful" not in g.model], ids=lambda golden: golden.name)
def test_json_reads_back_to_the_same_model(golden):
    model = loadstone.load_model(golden.path)
    producer = Producer("keras", "3.15.1")
    root = read_model(json.loads(model.to_json()), producer)
    weights = {layer.path: layer.weights for layer in model._outline.root.walk()}
    for layer in root.walk():
        layer.weights = weights[layer.path]
    call = golden.calls[0]
    again = Model(Description("test", "again", producer, root)).predict(golden.inputs, batch_size=call.batch_size, verbose=0)
    np.testing.assert_equal(again, model.predict(golden.inputs, batch_size=call.batch_size, verbose=0))


def test_json_takes_the_options_of_dumps():
    model = loadstone.load_model(golden("keras-3.15.1", "mlp.keras").path)
    assert model.to_json(indent=2) == json.dumps(json.loads(model.to_json()), indent=2)
