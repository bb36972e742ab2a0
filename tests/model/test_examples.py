"""Examples: kept inside files, read back, replayed; and golden files beside."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

import loadstone
from loadstone.errors import CorruptFile, InputMismatch, VerificationError
from loadstone.formats.attached import EXAMPLE, attach
from loadstone.ir import Spec, flatten
from loadstone.model.examples import Example, arrays_of, example_in, example_of, packed, replay
from loadstone.tools.verify import verify
from tests.cli.test_commands import call

GOLDEN = Path(__file__).parents[1] / "golden" / "keras-3.15.1"
SPECS = [Spec("a", (None, 2), "float32"), Spec("b", (None,), "string")]
A, B = np.ones((2, 2), "float32"), np.array([b"x\0", b""], object)


@pytest.fixture
def model():
    return loadstone.load_model(GOLDEN / "mlp.keras")


def data_for(model):
    return np.random.default_rng(0).normal(size=(3, *model.input_shape[1:])).astype("float32")


@pytest.mark.parametrize("name", ["new.keras", "new.h5", "new.onnx"])
def test_an_example_is_kept_in_the_file_and_replayed(name, model, tmp_path):
    x = data_for(model)
    report = loadstone.save_model(model, tmp_path / name, example=x)
    assert verify(tmp_path / name).largest < 1e-6
    assert report.bytes == (tmp_path / name).stat().st_size
    assert call("verify", tmp_path / name, "--signature", "other").exit_code == 2  # such files have none
    if not name.endswith(".onnx"):
        again = loadstone.load_model(tmp_path / name, verify=True)
        np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5, atol=1e-6)
    assert call("verify", tmp_path / name).exit_code == 0


def test_in_a_file_for_keras_2_it_lies_beside_the_members(model, tmp_path):
    loadstone.save_model(model, tmp_path / "new.keras", library="tf_keras", example=data_for(model))
    with zipfile.ZipFile(tmp_path / "new.keras") as file:
        assert len(file.namelist()) == 3  # with more, Keras 2 unpacks it
    assert verify(tmp_path / "new.keras").largest < 1e-6


@pytest.mark.parametrize("source", [GOLDEN / "mlp.keras", GOLDEN.parent / "graphs/tensorflow-2.15/plain.zip"], ids=["layers", "graph"])
def test_a_saved_model_keeps_it_among_its_extra_files(source, tmp_path):
    model = loadstone.load_model(source)
    x = {spec.name: np.random.default_rng(0).normal(size=[d or 3 for d in spec.shape]).astype(spec.dtype) for spec in model.inputs}
    report = loadstone.save_model(model, tmp_path / "served", version=1, example=x)
    assert (tmp_path / "served/1/assets.extra/loadstone_example.npz").exists()
    assert report.bytes == sum(path.stat().st_size for path in Path(report.path).rglob("*") if path.is_file())
    again = loadstone.load_model(tmp_path / "served/1", verify=True)
    assert verify(tmp_path / "served/1").largest < 1e-5 and call("verify", tmp_path / "served/1").exit_code == 0
    for want, got in zip(flatten(model(x)), flatten(again(x)), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    example = example_of(again.inputs, again.output_names, x, again(x))
    wrong = Example(example.inputs, {name: array + np.ones_like(array) for name, array in example.outputs.items()})
    attach(report.path, packed(wrong), "saved_model", EXAMPLE)
    with pytest.raises(VerificationError):
        loadstone.load_model(tmp_path / "served/1", verify=True)


def test_a_folder_of_keras_keeps_it_as_a_file(model, tmp_path):
    loadstone.save_model(model, tmp_path / "folder", save_format="keras", zipped=False, example=data_for(model))
    assert (tmp_path / "folder" / "loadstone_example.npz").exists()
    assert verify(tmp_path / "folder").agrees


def test_an_example_has_an_array_for_each_input():
    with pytest.raises(InputMismatch, match="2 inputs has 1 arrays"):
        example_of(SPECS, ["y"], {"a": A}, A)


def test_an_onnx_file_of_another_layout_keeps_it_in_that(tmp_path):
    model = loadstone.load_model(GOLDEN / "cnn.keras")
    model.save(tmp_path / "new.onnx", input_names=["image"], channels_first=True, example=data_for(model))
    assert verify(tmp_path / "new.onnx").largest < 1e-5


def test_a_stateful_model_keeps_what_it_answers_first(tmp_path):
    model = loadstone.load_model(GOLDEN / "stateful_lstm_7.keras")
    x = np.ones([d or 1 for d in model.input_shape], "float32")
    model(x)
    state = model(x)
    loadstone.save_model(model, tmp_path / "new.keras", example=x)
    again = loadstone.load_model(tmp_path / "new.keras", verify=True)
    first = again(x)
    assert not np.allclose(first, state)
    np.testing.assert_array_equal(loadstone.load_model(tmp_path / "new.keras")(x), first)


def test_other_numbers_are_told(model, tmp_path):
    x = data_for(model)
    loadstone.save_model(model, tmp_path / "new.keras")
    attach(
        str(tmp_path / "new.keras"), packed(example_of(model.inputs, model.output_names, x, model(x) + np.float32(0.25))), "keras", EXAMPLE
    )
    with pytest.raises(VerificationError, match=r"by 0\.25") as error:
        loadstone.load_model(tmp_path / "new.keras", verify=True)
    assert error.value.difference == pytest.approx(0.25) and "new.keras" in str(error.value)
    result = call("verify", tmp_path / "new.keras")
    assert result.exit_code == 1 and "more than is tolerated" in result.output
    assert call("verify", tmp_path / "new.keras", "--atol", 0.3).exit_code == 0
    assert loadstone.load_model(tmp_path / "new.keras")  # who does not ask is not told


def test_a_file_without_an_example(model, tmp_path):
    for path in (GOLDEN / "mlp.keras", GOLDEN / "mlp.h5"):
        with pytest.raises(VerificationError, match="no example"):
            loadstone.load_model(path, verify=True)
    assert call("verify", GOLDEN / "mlp.h5").exit_code == 1
    with pytest.raises(ValueError, match="verify=True is for the model"):
        loadstone.load_model(GOLDEN / "mlp.keras", verify=True, outputs=model.layers[0].name)
    with pytest.raises(ValueError, match="example= is for whole models"):
        loadstone.save_model(model, tmp_path / "new.weights.h5", example=data_for(model))


def test_a_damaged_example_is_a_corrupt_file(model, tmp_path):
    loadstone.save_model(model, tmp_path / "new.keras")
    attach(str(tmp_path / "new.keras"), b"PK\x03\x04 and nothing more", "keras", EXAMPLE)
    with pytest.raises(CorruptFile, match=r"\.npz"):
        loadstone.load_model(tmp_path / "new.keras", verify=True)
    pickled = np.array([{"a": 1}], object)
    np.savez(tmp_path / "pickled.npz", **{"in/a": pickled, "out/y": pickled})
    with pytest.raises(CorruptFile, match="plain arrays"):
        arrays_of((tmp_path / "pickled.npz").read_bytes())


def test_strings_of_any_bytes_and_bfloat16_come_back():
    import ml_dtypes

    half = np.array([1.5, -2], ml_dtypes.bfloat16)
    found = example_in(arrays_of(packed(Example({"a": A, "b": B}, {"y": B, "z": half}))), SPECS, ["y", "z"])
    np.testing.assert_array_equal(found.inputs["a"], A)
    assert found.inputs["b"].tolist() == B.tolist() == found.outputs["y"].tolist()
    assert replay(lambda x: {"y": B, "z": half}, ["y", "z"], found).differences == {"y": 0.0, "z": 0.0}


@pytest.mark.parametrize(
    "arrays",
    [
        {"in/a": A, "in/b": B, "out/y": A, "out/z": A},
        {"a": A, "b": B, "y": A, "z": A},
        {"in_0": A, "in_1": B, "out_0": A, "out_1": A},
        {"x_0": A, "x_1": B, "y_0": A, "y_1": A},
    ],
    ids=lambda arrays: next(iter(arrays)),
)
def test_golden_files_name_arrays_in_several_ways(arrays):
    found = example_in(arrays, SPECS, ["y", "z"])
    assert list(found.inputs) == ["a", "b"] and list(found.outputs) == ["y", "z"]


def test_x_and_y_are_the_input_and_the_output():
    found = example_in({"x": A, "y": A}, SPECS[:1], ["out"])
    assert list(found.inputs) == ["a"] and list(found.outputs) == ["out"]


def test_arrays_that_do_not_tell_which_is_which():
    for arrays in ({}, {"a": A}, {"first": A, "second": A}, {"in_0": A, "in_2": A, "out_0": A}):
        with pytest.raises(InputMismatch, match="which is which"):
            example_in(arrays, SPECS, ["y", "z"])


def test_golden_files_at_the_shell(model, tmp_path):
    x = data_for(model)
    np.savez(tmp_path / "golden.npz", x=x, y=model(x))
    assert "agree" in call("verify", GOLDEN / "mlp.h5", "--golden", tmp_path / "golden.npz").output
    np.savez(tmp_path / "golden.npz", x=x, y=model(x) + 1)
    assert call("verify", GOLDEN / "mlp.h5", "--golden", tmp_path / "golden.npz", "--json").exit_code == 1
    np.savez(tmp_path / "golden.npz", x=x)
    assert call("verify", GOLDEN / "mlp.h5", "--golden", tmp_path / "golden.npz").exit_code == 4
    np.savez(tmp_path / "golden.npz", x=x, y=model(x)[:1])
    assert call("verify", GOLDEN / "mlp.h5", "--golden", tmp_path / "golden.npz").exit_code == 1
