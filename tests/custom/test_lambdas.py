"""Lambda layers with the code of their functions, as six releases of Keras under five Pythons stored it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import loadstone

FOLDER = Path(__file__).parents[1] / "golden/lambdas"
FILES = sorted(path.name for path in FOLDER.iterdir() if path.suffix in (".h5", ".keras"))
# what a file does not say: the layout that Keras 1 was configured with, and which TensorFlow "2.2.4-tf" was
UNTOLD = {"keras-1.2.2.h5": ["pool"], "tensorflow-1.15.0.h5": ["tf_resize"]}


def golden(file):
    with np.load(FOLDER / f"{file.rpartition('.')[0]}.npz") as stored:
        arrays = dict(stored)
    return ({name.removeprefix(kind): array for name, array in arrays.items() if name.startswith(kind)} for kind in ("in/", "out/"))


@pytest.mark.parametrize("file", FILES)
def test_each_function_computes_what_it_did(file):
    inputs, wanted = golden(file)
    assert len(wanted) > 80
    told = [name for name in wanted if name not in UNTOLD.get(file, ())]
    given = {f"f_{name}": lambda x: x for name in UNTOLD.get(file, ())}
    model = loadstone.load_model(FOLDER / file, custom_objects=given, outputs=[f"f_{name}" for name in told])
    results = model.predict({spec.name: inputs[spec.name] for spec in model.inputs})
    for name, result in zip(told, results, strict=True):
        assert result.shape == wanted[name].shape and result.dtype == wanted[name].dtype, name
        np.testing.assert_allclose(result, wanted[name], rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(("file", "name"), [(file, name) for file, names in UNTOLD.items() for name in names])
def test_what_the_file_does_not_tell_is_refused_with_the_source(file, name):
    with pytest.raises(loadstone.MissingCustomObjects, match=f"Unknown function: 'f_{name}'") as caught:
        loadstone.load_model(FOLDER / file)
    assert [missing.name for missing in caught.value.missing] == [f"f_{name}"]
    assert "lambda x: " in str(caught.value) and "custom_objects" in str(caught.value)
