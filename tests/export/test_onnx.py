"""ONNX files: what onnxruntime alone makes of them is what the model predicts."""

import io
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import loadstone
from loadstone.errors import LoweringError, UnsupportedOps
from loadstone.export.onnx_file import OnnxFile, options_of
from loadstone.lowering.onnx_file import onnx_block
from tests.lowering.golden_files import families

GOLDEN = Path(__file__).parents[1] / "golden"
GRAPHS = GOLDEN / "graphs"


def outputs_of(path, **inputs):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return dict(zip([value.name for value in session.get_outputs()], session.run(None, inputs), strict=True))


@pytest.mark.parametrize("name", ["keras-3.15.1/mlp.keras", "keras-3.15.1/mlp.h5"])
def test_layers_become_a_file(name, tmp_path):
    report = loadstone.convert(GOLDEN / name, tmp_path / "model.onnx")
    model = loadstone.load_model(GOLDEN / name)
    x = np.random.default_rng(0).normal(size=(4, *model.input_shape[1:])).astype("float32")
    found = outputs_of(report.path, **{model.input_names[0]: x})
    assert report.difference < 1e-6 and list(found) == model.output_names
    np.testing.assert_allclose(found[model.output_names[0]], model.predict(x), rtol=1e-5, atol=1e-6)


def test_graphs_keep_the_names_of_their_signature(tmp_path):
    loadstone.convert(GRAPHS / "tensorflow-1.15/mlp.zip", tmp_path / "model.onnx", signature="serving_default")
    with np.load(GRAPHS / "tensorflow-1.15/mlp.npz") as golden:
        np.testing.assert_allclose(outputs_of(tmp_path / "model.onnx", x=golden["in/x"])["y"], golden["out/y"], rtol=1e-5)


def test_control_flow_is_kept(tmp_path):
    with np.load(GRAPHS / "tensorflow-1.15/conditions.npz") as golden:
        loadstone.convert(GRAPHS / "tensorflow-1.15/conditions.zip", tmp_path / "model.onnx")
        found = outputs_of(tmp_path / "model.onnx", x=golden["in/x"])
        for name in ("y", "loop", "outer", "inside"):
            np.testing.assert_allclose(found[name], golden[f"out/{name}"], rtol=1e-5)


def test_weights_of_large_models_lie_beside(tmp_path):
    path = GOLDEN / "keras-3.15.1/cnn.keras"
    model = loadstone.load_model(path)
    file = OnnxFile(onnx_block(model._description), "model.onnx", inside=0)
    (tmp_path / "model.onnx").write_bytes(file.data)
    (tmp_path / "model.onnx.data").write_bytes(b"".join(file.weights()))
    assert file.has_weights and len(file.data) < path.stat().st_size
    x = np.ones((2, *model.input_shape[1:]), "float32")
    (found,) = outputs_of(tmp_path / "model.onnx", **{model.input_names[0]: x}).values()
    np.testing.assert_allclose(found, model.predict(x), rtol=1e-5, atol=1e-6)


def test_what_onnx_cannot_hold_is_refused_by_name(tmp_path):
    with pytest.raises(UnsupportedOps, match="StringToHashBucketFast"):
        loadstone.convert(GRAPHS / "tensorflow-1.15/tables.zip", tmp_path / "model.onnx")
    with pytest.raises(LoweringError, match="state"):
        loadstone.convert(GRAPHS / "tensorflow-2.15/counter.zip", tmp_path / "model.onnx", signature="add")
    with pytest.raises(LoweringError, match="no layers"):
        loadstone.convert(GRAPHS / "tensorflow-1.15/mlp.zip", tmp_path / "model.keras")
    with pytest.raises(ValueError, match="signature= is for"):
        loadstone.convert(GOLDEN / "keras-3.15.1/mlp.h5", tmp_path / "model.keras", signature="x")
    assert list(tmp_path.iterdir()) == []


TEXT = families("text")
LOOKUPS = [
    (release, case)
    for release in ("keras-3.15.1", "tf.keras-2.3.4")
    for case in TEXT[release].index
    if case.startswith(("string", "integer"))
]


@pytest.mark.parametrize(("release", "case"), LOOKUPS)
def test_lookup_layers_are_tables_of_the_standard(release, case):
    files = TEXT[release]
    form = next(iter(files.index[case]["outputs"]))
    model = loadstone.load_model(files.members[f"{case}.{form}"])
    if case.startswith("string") and "num_oov_indices=" in case:
        with pytest.raises(UnsupportedOps, match=r"StringLookup.*Python call"):  # by the hash of the text
            model.onnx_file("model.onnx")
        return
    file = model.onnx_file("model.onnx", options_of(13))
    arrays = np.load(io.BytesIO(files.members[f"{case}.npz"]))
    given = arrays["input_0"]
    texts = given.dtype.kind in "SO"
    x = given.astype(object) if texts else given.astype(model.inputs[0].dtype)
    session = onnxruntime.InferenceSession(file.data, providers=["CPUExecutionProvider"])
    fed = np.vectorize(bytes.decode, otypes=[object])(x) if texts else x
    (found,) = file.results(session.run(None, file.feeds([fed])))
    expected = arrays[f"{form}_0"]
    if found.dtype == object:
        assert [item.encode() for item in found.reshape(-1)] == expected.reshape(-1).tolist()
    else:
        np.testing.assert_allclose(found.astype("float64"), expected.astype("float64"), rtol=1e-6)
