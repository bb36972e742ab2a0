"""The public names, and what `load_model` and `inspect` promise."""

import io
import json
import pickle  # noqa: TID251  (of a Model, by its user)
import subprocess
import sys
import warnings

import numpy as np
import pytest

import loadstone
from tests.conformance.goldens import golden, goldens

MLP = golden("keras-3.15.1", "mlp.keras")
KERAS_2 = golden("tf.keras-2.15.1", "mlp.h5")


def close(model, given):
    np.testing.assert_allclose(model.predict(given.inputs, verbose=0), given.calls[0].outputs, rtol=1e-4, atol=1e-5)


# -- names ------------------------------------------------------------------------------------------------------------


def test_every_public_name_is_there():
    for name in loadstone.__all__:
        assert getattr(loadstone, name) is not None
    assert set(loadstone.__all__) <= set(dir(loadstone))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="load_modle"):
        loadstone.load_modle  # noqa: B018


def test_import_loads_nothing_heavy():
    heavy = "h5py onnxruntime openvino rich click keras tensorflow ml_dtypes pandas"
    code = f"import sys, loadstone; print([name for name in '{heavy}'.split() if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


# -- load_model -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [MLP, KERAS_2], ids=lambda given: given.name)
def test_takes_a_path_bytes_or_a_file(given):
    data = given.path.read_bytes()
    close(loadstone.load_model(given.path), given)
    close(loadstone.load_model(str(given.path)), given)
    close(loadstone.load_model(data), given)
    close(loadstone.load_model(io.BytesIO(data)), given)
    with given.path.open("rb") as file:
        close(loadstone.load_model(file), given)


def test_keras_arguments_have_keras_places():
    close(loadstone.load_model(MLP.path, None, True, True), MLP)


def test_an_unlisted_keyword_is_a_type_error():
    with pytest.raises(TypeError, match="safe"):
        loadstone.load_model(MLP.path, safe=True)


@pytest.mark.parametrize("name", ["signature", "tags"])
def test_what_has_no_meaning_for_a_full_model_is_refused(name):
    with pytest.raises(ValueError, match=f"{name}= is for"):
        loadstone.load_model(MLP.path, **{name: "x"})


def test_a_missing_path_is_a_file_not_found_error():
    with pytest.raises(FileNotFoundError, match=r"nowhere\.keras"):
        loadstone.load_model("nowhere.keras")


def test_errors_know_the_file(tmp_path):
    path = tmp_path / "not_a_model.h5"
    path.write_text("<!DOCTYPE html><html></html>")
    with pytest.raises(loadstone.UnrecognizedFormat) as error:
        loadstone.load_model(path)
    assert str(path) in str(error.value)


def test_a_file_rewritten_after_loading_gives_no_other_numbers(tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(MLP.path.read_bytes())
    model = loadstone.load_model(path, mmap=True)
    path.write_bytes(MLP.path.read_bytes())
    with pytest.raises(loadstone.CorruptFile, match="rewritten after loading"):
        model.predict(MLP.inputs)
    with pytest.raises(loadstone.CorruptFile):
        model(MLP.inputs)
    with pytest.raises(loadstone.CorruptFile):
        model.get_weights()


def test_begins_and_ends_at_named_layers():
    whole = loadstone.load_model(MLP.path)
    names = [layer.name for layer in whole.layers]
    first = loadstone.load_model(MLP.path, outputs=names[1])
    rest = loadstone.load_model(MLP.path, inputs=names[1])
    np.testing.assert_allclose(rest(first(MLP.inputs)), whole(MLP.inputs), rtol=1e-6)
    both = loadstone.load_model(MLP.path, outputs={"middle": names[1], "end": names[-1]})(MLP.inputs)
    np.testing.assert_array_equal(both["middle"], first(MLP.inputs))
    with pytest.raises(ValueError, match=f"did you mean '{names[1]}'"):
        loadstone.load_model(MLP.path, outputs=names[1] + "x")


def test_a_model_pickles():
    for given in (MLP.path, MLP.path.read_bytes()):
        model = loadstone.load_model(given)
        again = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(again(MLP.inputs), model(MLP.inputs))
    part = model.submodel(model.layers[0].name)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(part))(MLP.inputs), part(MLP.inputs))


def test_a_finding_that_can_change_numbers_warns_once(monkeypatch):
    from loadstone import formats
    from loadstone.ir import Finding

    class Format:
        def read(self, source, custom, weights):
            description = real.read(source, custom, weights)
            description.findings += [Finding("warning", "numbers may differ", "dense"), Finding("info", "nothing")]
            return description

    real = next(known for known in formats.FORMATS if known.name == "keras_v3")
    monkeypatch.setattr(formats, "detect", lambda source: Format())
    with pytest.warns(UserWarning, match="numbers may differ"):
        model = loadstone.load_model(MLP.path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(MLP.inputs, verbose=0)
    assert [finding.severity for finding in model.findings] == ["warning", "info"]


# -- custom objects ---------------------------------------------------------------------------------------------------


def test_missing_custom_objects_are_named_with_near_misses():
    given = golden("keras-3.15.1", "custom_activation.keras")
    with pytest.raises(loadstone.MissingCustomObjects) as error:
        loadstone.load_model(given.path, custom_objects={"my_activation": np.tanh})
    assert "my_custom_activation" in str(error.value)
    assert "my_activation" in str(error.value)
    assert [missing.name for missing in error.value.missing] == ["my_custom_activation"]


def test_a_scope_reaches_a_load():
    given = golden("tf.keras-2.15.1", "custom_activation.h5")
    with loadstone.custom_object_scope({"my_custom_activation": lambda x: x / (1 + np.exp(-1.5 * x)) + np.float32(0.1)}):
        close(loadstone.load_model(given.path), given)


def test_training_objects_never_stop_a_load():
    given = golden("keras-3.15.1", "custom_compiled.keras")
    model = loadstone.load_model(given.path)
    close(model, given)
    assert "my_custom_loss" in json.dumps(model.training_config)
    with pytest.raises(loadstone.ModelError, match="my_custom_metric"):
        model.evaluate(given.inputs, np.zeros((7, 1)))


# -- inspect ----------------------------------------------------------------------------------------------------------


def test_inspect_says_what_a_file_is():
    report = loadstone.inspect(golden("tf.keras-2.15.1", "mlp.h5").path)
    assert (report.format, report.producer.library, report.producer.version) == ("keras_h5", "tf.keras", "2.15.0")
    assert [spec.shape for spec in report.inputs] == [(None, 5)]
    assert [spec.shape for spec in report.outputs] == [(None, 3)]
    assert [row.class_name for row in report.layers].count("Dense") == 4
    assert report.runs
    assert "no known danger found" in str(report)


def test_inspect_names_what_is_missing_and_goes_on():
    report = loadstone.inspect(golden("keras-3.15.1", "custom_layer.keras").path)
    assert report.custom_objects == ["MyScale"]
    assert not report.runs
    assert "MyScale" in str(report)
    printed = []
    report.summary(print_fn=printed.append)
    assert "MyScale" in printed[0]
    assert "?" in printed[0]


@pytest.mark.parametrize(
    "given", [g for g in goldens() if g.name != "keras-3.15.1/shared_across_levels.keras"], ids=lambda given: given.name
)
def test_a_report_is_plain_data(given):
    report = loadstone.inspect(given.path)
    again = json.loads(json.dumps(report.to_dict()))
    assert again["parameters"] == report.parameters
    assert {"format", "producer", "inputs", "outputs", "layers", "findings", "custom_objects", "unsupported"} <= set(again)
    assert report.source in str(report)


def test_inspect_reads_no_weights(monkeypatch):
    from loadstone.ir import Tensor

    def refuse(self):
        raise AssertionError(f"{self.key} was read")

    monkeypatch.setattr(Tensor, "numpy", refuse)
    for release, name in (("keras-3.15.1", "mlp.keras"), ("tf.keras-2.15.1", "cnn.h5"), ("tf.keras-2.3.4", "mlp.keras")):
        assert loadstone.inspect(golden(release, name).path).parameters > 0
