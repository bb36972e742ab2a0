"""How ONNX files look from outside: names, shapes, opsets, layouts, what they say of themselves."""

import os
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import loadstone
from loadstone.containers import wire
from tests.cli.test_commands import call

GOLDEN = Path(__file__).parents[1] / "golden"
MLP, CNN, MULTI = (GOLDEN / "keras-3.15.1" / name for name in ("mlp.keras", "cnn.keras", "multi_io.keras"))
GRAPHS = GOLDEN / "graphs"


def opened(path):
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def fields(path):
    found = {}
    for number, value in wire.fields(Path(path).read_bytes()):
        found.setdefault(number, []).append(value)
    return found


def data_for(model, **shapes):
    random = np.random.default_rng(0)
    return [random.normal(size=[3 if d is None else d for d in spec.shape]).astype(spec.dtype) for spec in model.inputs]


def test_names_are_those_of_keras_and_the_batch_is_called_so(tmp_path):
    loadstone.convert(MULTI, tmp_path / "model.onnx")
    model, session = loadstone.load_model(MULTI), opened(tmp_path / "model.onnx")
    assert [value.name for value in session.get_inputs()] == model.input_names
    assert [value.name for value in session.get_outputs()] == model.output_names
    assert {value.shape[0] for value in (*session.get_inputs(), *session.get_outputs())} == {"batch"}


def test_other_free_lengths_have_names_of_their_own(tmp_path):
    loadstone.convert(GOLDEN / "keras-3.15.1/rnn.keras", tmp_path / "model.onnx")
    (value,) = opened(tmp_path / "model.onnx").get_inputs()
    assert value.shape == ["batch", "input_layer_dim1"]


def test_new_names(tmp_path):
    model = loadstone.load_model(MLP)
    loadstone.convert(MLP, tmp_path / "model.onnx", input_names=["x"], output_names={model.output_names[0]: "y"})
    (x,) = data_for(model)
    (y,) = opened(tmp_path / "model.onnx").run(["y"], {"x": x})
    np.testing.assert_allclose(y, model(x), rtol=1e-5, atol=1e-6)
    for wrong, match in (({"input_names": ["a", "b"]}, "2 names for 1"), ({"output_names": {"none": "y"}}, "has no output 'none'")):
        with pytest.raises(ValueError, match=match):
            loadstone.convert(MLP, tmp_path / "other.onnx", **wrong)
    with pytest.raises(ValueError, match="two inputs or outputs would be named 'same'"):
        loadstone.convert(MLP, tmp_path / "other.onnx", input_names=["same"], output_names=["same"])


def test_names_that_are_used_inside_are_given_up_there(tmp_path):
    model = loadstone.load_model(MLP)
    inside = model.layers[1].name
    loadstone.convert(MLP, tmp_path / "model.onnx", input_names=[f"{inside}/MatMul"])
    (x,) = data_for(model)
    np.testing.assert_allclose(opened(tmp_path / "model.onnx").run(None, {f"{inside}/MatMul": x})[0], model(x), rtol=1e-5, atol=1e-6)


def test_fixed_shapes(tmp_path):
    name = loadstone.load_model(MLP).input_names[0]
    width = loadstone.load_model(MLP).input_shape[1]
    report = loadstone.convert(MLP, tmp_path / "model.onnx", shapes={name: (1, width)})
    session = opened(tmp_path / "model.onnx")
    assert report.difference < 1e-6
    assert session.get_inputs()[0].shape == [1, width] and session.get_outputs()[0].shape[0] == 1
    for wrong, match in (({name: (1, width + 1)}, "does not fit"), ({name: (1,)}, "does not fit"), ({"none": (1,)}, "the model's inputs")):
        with pytest.raises(ValueError, match=match):
            loadstone.convert(MLP, tmp_path / "other.onnx", shapes=wrong)


def test_images_with_channels_first(tmp_path):
    model = loadstone.load_model(CNN)
    (x,) = data_for(model)
    for options in ({"channels_first": True}, {"channels_first": model.input_names}, {"channels_first": True, "opset": 13}):
        report = loadstone.convert(CNN, tmp_path / "model.onnx", **options)
        session = opened(tmp_path / "model.onnx")
        turned = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
        assert report.difference < 1e-5 and session.get_inputs()[0].shape[1:] == list(turned.shape[1:])
        np.testing.assert_allclose(session.run(None, {model.input_names[0]: turned})[0], model(x), rtol=1e-4, atol=1e-5)
    assert b"Transpose" not in next(bytes(value) for number, value in wire.fields(fields(tmp_path / "model.onnx")[7][0]) if number == 1)
    with pytest.raises(ValueError, match="no input of the model is an image"):
        loadstone.convert(MLP, tmp_path / "other.onnx", channels_first=True)
    with pytest.raises(ValueError, match="which has 2 axes"):
        loadstone.convert(MLP, tmp_path / "other.onnx", channels_first=loadstone.load_model(MLP).input_names)


@pytest.mark.parametrize("opset", range(13, 24))
def test_opsets(opset, tmp_path):
    for path in (MLP, CNN, GRAPHS / "tensorflow-1.15/conditions.zip"):
        report = loadstone.convert(path, tmp_path / "model.onnx", opset=opset)
        (imported,) = fields(report.path)[8]
        assert dict(wire.fields(imported))[2] == opset and report.difference < 1e-5


def test_an_opset_that_is_not_written_is_refused(tmp_path):
    with pytest.raises(ValueError, match="opset 12 is not written"):
        loadstone.convert(MLP, tmp_path / "model.onnx", opset=12)
    assert not os.listdir(tmp_path)


def test_options_of_onnx_are_refused_for_other_files(tmp_path):
    for options in ({"opset": 17}, {"channels_first": True}, {"external_data": True}, {"shapes": {}}):
        with pytest.raises(ValueError, match=r"for \.onnx files"):
            loadstone.convert(MLP, tmp_path / "model.keras", **options)
        with pytest.raises(ValueError, match=r"for \.onnx files"):
            loadstone.load_model(MLP).export(tmp_path / "model", **options)


def test_a_loaded_model_is_written_with_the_same_options(tmp_path):
    model = loadstone.load_model(CNN)
    options = {"opset": 17, "input_names": ["image"], "channels_first": True, "external_data": True}
    loadstone.convert(CNN, tmp_path / "model.onnx", **options)
    for folder in ("save", "export", "save_model"):
        (tmp_path / folder).mkdir()
    model.save(tmp_path / "save/model.onnx", **options)
    model.export(tmp_path / "export/model.onnx", format="onnx", **options)
    loadstone.save_model(model, tmp_path / "save_model/model.onnx", **options)
    for name in ("model.onnx", "model.onnx.data"):
        assert {(tmp_path / folder / name).read_bytes() for folder in ("save", "export", "save_model")} == {(tmp_path / name).read_bytes()}


def test_weights_beside_where_that_is_asked_for(tmp_path):
    report = loadstone.convert(CNN, tmp_path / "model.onnx", external_data=True)
    assert (tmp_path / "model.onnx.data").exists() and report.difference < 1e-5
    loadstone.convert(CNN, tmp_path / "model.onnx", external_data=False)
    assert not (tmp_path / "model.onnx.data").exists()


def test_a_file_says_where_it_is_from(tmp_path):
    loadstone.convert(MLP, tmp_path / "model.onnx")
    about = opened(tmp_path / "model.onnx").get_modelmeta()
    assert about.producer_name == "loadstone" and about.graph_name == loadstone.load_model(MLP).name
    assert "mlp.keras" in about.description and "3.15.1" in about.description and str(GOLDEN) not in about.description
    text = bytes(fields(tmp_path / "model.onnx")[3][0]).decode()
    assert text == loadstone.__version__


def test_everything_that_a_file_cannot_hold_is_named_at_once():
    from loadstone.lowering.block import Op
    from loadstone.lowering.builder import Builder
    from loadstone.lowering.onnx_file import _raise_refused

    b = Builder()
    x = b.input("x", (3,), "float32")
    before, keep = b.keep_state("counter", loadstone.load_weights(MLP)[next(iter(loadstone.load_weights(MLP)))])
    keep(before)
    b.block.ops += [Op("Hashing", [x], [x], {}, "host", "first"), Op("Lookup", [x], [x], {}, "host", "second")]
    with pytest.raises(loadstone.UnsupportedOps) as error:
        _raise_refused(b, {"BitwiseAnd": (1, "third")}, 17)
    for word in ("Hashing", "first", "Lookup", "second", "BitwiseAnd", "third", "opset 17", "counter", "state"):
        assert word in str(error.value)


def test_at_the_shell(tmp_path):
    model = loadstone.load_model(CNN)
    name, shape = model.input_names[0], model.input_shape
    fixed = f"{name}=2,{shape[1]},{shape[2]},{shape[3]}"
    options = ["--opset", 15, "--channels-first", "--input-names", f"{name}=image", "--output-names", "scores", "--shape", fixed]
    result = call("convert", CNN, tmp_path / "model.onnx", *options)
    assert result.exit_code == 0, result.output
    session = opened(tmp_path / "model.onnx")
    assert [(v.name, v.shape) for v in session.get_inputs()] == [("image", [2, shape[3], shape[1], shape[2]])]
    assert [v.name for v in session.get_outputs()] == ["scores"]
    for wrong in (["--shape", "a"], ["--shape", f"{name}=x"], ["--opset", 99], ["--input-names", "a,b=c"], ["--channels-first-of", "none"]):
        assert call("convert", CNN, tmp_path / "other.onnx", *wrong).exit_code == 2
    assert call("convert", CNN, tmp_path / "other.keras", "--opset", 15).exit_code == 2
    assert not (tmp_path / "other.onnx").exists()


@pytest.mark.parametrize("opset", [13, 17, 21, 23])
def test_files_are_valid_by_the_onnx_package(opset, tmp_path):
    onnx = pytest.importorskip("onnx")
    for path in (MLP, CNN, MULTI, GRAPHS / "tensorflow-1.15/conditions.zip"):
        report = loadstone.convert(path, tmp_path / "model.onnx", opset=opset)
        onnx.checker.check_model(report.path, full_check=True)
        onnx.shape_inference.infer_shapes(onnx.load(report.path), check_type=True, strict_mode=True, data_prop=True)
