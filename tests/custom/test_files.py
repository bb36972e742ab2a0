"""Files of real releases that need the caller's objects: given in numpy they load and predict what the release predicted."""

import json
from pathlib import Path

import numpy as np
import pytest

import loadstone
from tests.custom.numpy_objects import OBJECTS

FOLDER = Path(__file__).parents[1] / "golden" / "custom"
FILES = sorted(path for path in FOLDER.glob("*/*") if path.suffix in (".h5", ".keras") and not path.stem.startswith("whole"))
IDS = [f"{path.parent.name}/{path.name}" for path in FILES]
TEXTS = [path for path in FILES if path.stem == "text"]


def golden(path):
    """Inputs and outputs, as `predict` took and gave them."""
    with np.load(path.with_suffix(".npz")) as arrays:
        meta = json.loads(str(arrays["meta"]))
        inputs, outputs = meta["inputs"], meta["outputs"]
        return tuple([arrays[key] for key in part] if isinstance(part, list) else arrays[part] for part in (inputs, outputs))


def assert_same(model, path):
    inputs, expected = golden(path)
    got = model.predict(inputs, verbose=0)
    pairs = zip(got, expected, strict=True) if isinstance(expected, list) else [(got, expected)]
    for one, other in pairs:
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_it_loads_and_predicts(path):
    assert_same(loadstone.load_model(path, custom_objects=OBJECTS), path)


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_its_summary_shows_the_custom_layers(path):
    lines = []
    loadstone.load_model(path, custom_objects=OBJECTS).summary(print_fn=lambda line, *_, **__: lines.append(line))
    text = "\n".join(lines)
    assert "attend" in text if path.stem == "pairs" else "gate" in text


@pytest.mark.parametrize("path", TEXTS, ids=[f"{path.parent.name}/{path.name}" for path in TEXTS])
def test_all_that_is_missing_is_named_at_once(path):
    """The loss and the metric, which only training needs, are not among it; nor is what was given."""
    with pytest.raises(loadstone.MissingCustomObjects) as raised:
        loadstone.load_model(path, custom_objects={"Bent": OBJECTS["bent"], "MaskedMean": OBJECTS["MaskedMean"]})
    missing = {m.name: m for m in raised.value.missing}
    by_name = {"double"} if path.parent.name.startswith("keras") else set()  # elsewhere the file has the code of the Lambda
    assert set(missing) == {"Gate", "Scale", "bent"} | by_name
    assert missing["bent"].near == ("Bent",)
    assert missing["bent"].where == ("bent.activation", "again.activation")
    assert [shape for _, shape in missing["Gate"].weights] == [(4, 5), (5,), (4, 5), (5,), (5, 5)]
    assert [shape for _, shape in missing["Scale"].weights] == [(4,), (4,)]
    assert str(path) in str(raised.value)


def test_registered_objects_are_found(request):
    path = FOLDER / "keras-3.15.1" / "text.keras"
    given = dict(OBJECTS)
    scale = given.pop("Scale")
    with loadstone.custom_object_scope({"my_package>Scale": scale}):
        assert_same(loadstone.load_model(path, custom_objects=given), path)


def test_an_object_of_another_name_is_refused():
    path = FOLDER / "tf.keras-2.8.4" / "text.h5"
    with pytest.raises(ValueError, match="Unknown activation function: 'bent'"):
        loadstone.load_model(path, custom_objects={**OBJECTS, "bent": None, "other": OBJECTS["bent"]})


def test_weights_of_other_shapes_than_the_class_declares_are_refused():
    class Square(OBJECTS["Attend"]):
        weights = {"kernel": (3, 3)}

    with pytest.raises(loadstone.ModelError, match=r"weight kernel has shape \(4, 2\), the class says \(3, 3\)"):
        loadstone.load_model(FOLDER / "tf.keras-2.3.4" / "pairs.h5", custom_objects={**OBJECTS, "Attend": Square})
