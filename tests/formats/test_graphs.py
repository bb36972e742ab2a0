"""SavedModels, checkpoints with their graph and frozen graphs against the TensorFlow that wrote them (golden/make_graphs.py)."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

import loadstone
from loadstone.errors import InputMismatch, ModelError, UnsafeContent

GOLDEN = Path(__file__).parents[1] / "golden" / "graphs"
CASES = sorted(path.relative_to(GOLDEN) for path in GOLDEN.glob("*/*.npz"))


def golden(case):
    """The path of a golden without its suffix -> the file, inputs and outputs by name."""
    found = GOLDEN / case
    file = next(path for path in found.parent.glob(f"{found.name}.*") if path.suffix != ".npz")
    with np.load(f"{found}.npz") as arrays:
        groups = [{key.partition("/")[2]: arrays[key] for key in arrays.files if key.startswith(f"{kind}/")} for kind in ("in", "out")]
    return file, *groups


def unpacked(file, folder):
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
    return folder


def as_dict(results, names):
    return results if isinstance(results, dict) else dict(zip(names, results if isinstance(results, list) else [results], strict=True))


def compare(got, wanted):
    assert set(got) == set(wanted)
    for name, want in wanted.items():
        array = got[name]
        if want.dtype.kind == "U":
            assert [v.decode() for v in array.reshape(-1)] == want.reshape(-1).tolist()
        else:
            assert array.dtype == want.dtype and array.shape == want.shape
            np.testing.assert_allclose(array, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", [str(case.with_suffix("")) for case in CASES])
def test_gives_what_the_release_gave(case, tmp_path):
    file, inputs, outputs = golden(case)
    path = unpacked(file, tmp_path) if "checkpoint" in case else file
    if file.suffix == ".zip" and "checkpoint" not in case:
        model = loadstone.load_model(path, signature="add" if "counter" in case else None)
        compare(as_dict(model(inputs), outputs), outputs)
    else:
        model = loadstone.load_model(path, inputs=list(inputs), outputs=list(outputs))
        compare(as_dict(model(inputs), list(outputs)), outputs)


def test_a_checkpoint_is_found_by_any_of_its_names(tmp_path):
    for kind, members in {"v2": (".meta", ".index", ".data-00000-of-00001", ""), "v1": (".meta", "")}.items():
        file, inputs, outputs = golden(f"tensorflow-1.15/mlp_checkpoint_{kind}")
        folder = unpacked(file, tmp_path / kind)
        for member in members:
            model = loadstone.load_model(folder / f"model.ckpt-7{member}")
            np.testing.assert_allclose(model(inputs), outputs["y:0"], rtol=1e-5)


def test_variables_are_listed_without_a_graph(tmp_path):
    folder = unpacked(golden("tensorflow-1.15/mlp_checkpoint_v2")[0], tmp_path)
    found = loadstone.load_weights(folder / "model.ckpt-7")
    assert {name: tensor.shape for name, tensor in found.items()} == {"bias": (3,), "kernel": (4, 3)}


def test_a_saved_model_is_a_folder_its_graph_or_an_archive(tmp_path):
    file, inputs, outputs = golden("tensorflow-1.15/mlp")
    folder = unpacked(file, tmp_path / "saved")
    archives = [shutil.make_archive(str(tmp_path / kind), kind, tmp_path, "saved") for kind in ("zip", "tar", "gztar", "bztar", "xztar")]
    for path in (folder, folder / "saved_model.pb", *archives):
        np.testing.assert_allclose(loadstone.load_model(path)(inputs), outputs["y"], rtol=1e-5)


def test_versions_of_a_served_model_are_the_highest(tmp_path):
    file, inputs, outputs = golden("tensorflow-1.15/mlp")
    unpacked(file, tmp_path / "2")
    unpacked(golden("tensorflow-1.15/partitioned")[0], tmp_path / "10")
    assert loadstone.load_model(tmp_path).output_shape == (None, 6)
    shutil.rmtree(tmp_path / "10")
    np.testing.assert_allclose(loadstone.load_model(tmp_path)(inputs), outputs["y"], rtol=1e-5)


def test_tags_choose_the_graph_and_signature_what_of_it_runs():
    file, inputs, outputs = golden("tensorflow-1.15/mlp")
    with pytest.raises(ValueError, match=r"no graph with the tags other; its graphs have: serve; (gpu, train|train, gpu)"):
        loadstone.load_model(file, tags="other")
    with pytest.raises(ModelError, match="several signatures: again, other"):
        loadstone.load_model(file, tags=["train", "gpu"])
    with pytest.raises(ValueError, match="no signature 'nothing'; it has 'again', 'other'"):
        loadstone.load_model(file, tags=["gpu", "train"], signature="nothing")
    model = loadstone.load_model(file, tags=["gpu", "train"], signature="again")
    np.testing.assert_allclose(model(inputs), outputs["y"], rtol=1e-5)


def test_a_counter_counts_in_all_signatures():
    model = loadstone.load_model(golden("tensorflow-2.15/counter")[0], signature="add")
    assert [float(model({"by": 2.0})["count"]) for _ in range(3)] == [2, 4, 6]
    assert float(model.signatures["get"]()["count"]) == 6
    np.testing.assert_allclose(model.signatures["add"](by=1)["table"], [16, 32, 48])
    assert float(model.signatures["get"]()["count"]) == 7
    model.reset_states()
    assert float(model.signatures["get"]()["count"]) == 0


def test_a_signature_knows_what_its_inputs_are_by_default():
    file, inputs, outputs = golden("tensorflow-2.21/defaults")
    model = loadstone.load_model(file)
    assert [spec.optional for spec in model.inputs] == [False, True] and model.input_names == ["x", "scale"]
    rows = np.tile(inputs["x"], (20, 1))
    for given in (rows, {"x": rows}):
        np.testing.assert_array_equal(model.predict(given), np.tile(outputs["y"], (20, 1)))
    np.testing.assert_array_equal(model.predict({"x": rows, "scale": 3.0}), rows * 3)
    np.testing.assert_array_equal(model.signatures["serving_default"](x=rows, scale=3.0)["y"], rows * 3)
    with pytest.raises(InputMismatch, match="'x'"):
        model.predict({"scale": 3.0})


def test_state_is_assigned_in_conditions_and_loops():
    model = loadstone.load_model(golden("tensorflow-2.15/steps")[0])
    found = [model({"by": by, "n": n}) for by, n in ((3.0, 4), (-1.0, 0), (1.0, 3), (1.0, 0))]
    assert [float(step["total"]) for step in found] == [6.0, 3.0, 6.0, 7.0]
    assert [int(step["count"]) for step in found] == [6, 100, 103, 103]


def test_layers_and_graph_of_a_keras_model_agree():
    for name in ("recurrent", "convolution"):
        file, inputs, outputs = golden(f"tensorflow-2.15/keras_{name}")
        model = loadstone.load_model(file)
        assert len(model.layers) > 2 and model.producer.library == "tf.keras"
        (signature,) = model.signatures.values()
        graph = loadstone.load_model(file, signature="serving_default")
        assert graph.layers == []
        for results in (model(inputs["x"]), graph(inputs["x"]), next(iter(signature(**{signature.inputs[0].name: inputs["x"]}).values()))):
            np.testing.assert_allclose(results, outputs["y"], rtol=1e-4, atol=1e-5)


def test_a_custom_layer_runs_without_its_code():
    file, inputs, outputs = golden("tensorflow-2.15/keras_custom_layer")
    np.testing.assert_allclose(loadstone.load_model(file).predict(inputs["x"]), outputs["y"], rtol=1e-4, atol=1e-5)


def test_inspect_tells_of_signatures_ops_and_assets():
    report = loadstone.inspect(golden("tensorflow-1.15/tables")[0])
    assert report.runs and report.class_name == "SavedModel" and report.assets == ("words.txt",)
    (signature,) = report.signatures
    assert signature.name == "serving_default" and [spec.name for spec in signature.inputs] == ["words"]
    assert signature.ops["LookupTableFindV2"] == 2 and "ids (None,) int64" in str(report)
    assert report.to_dict()["signatures"][0]["outputs"][0]["dtype"] == "int64"


def test_summary_of_a_graph_shows_signatures_and_ops(capsys):
    loadstone.load_model(golden("tensorflow-1.15/mlp")[0]).summary()
    shown = capsys.readouterr().out
    assert "serving_default" in shown and "MatMul" in shown and "15" in shown


def test_inputs_and_outputs_are_tensors_of_the_graph():
    file, inputs, outputs = golden("tensorflow-1.15/mlp_frozen")
    model = loadstone.load_model(file)
    assert model.input_names == ["x"] and model.output_names == ["y"]
    np.testing.assert_allclose(model.predict(inputs["x:0"]), outputs["y:0"], rtol=1e-5)
    inner = loadstone.load_model(file, inputs="MatMul", outputs={"sum": "add:0", "end": "y"})
    found = inner(np.ones((2, 3), np.float32))
    np.testing.assert_allclose(np.maximum(found["sum"], 0), found["end"])
    with pytest.raises(ValueError, match="no tensor 'yy'; did you mean 'y'"):
        loadstone.load_model(file, outputs="yy")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_graph_that_is_cut_off_is_a_typed_error(part, tmp_path):
    for name in ("mlp", "conditions"):
        folder = unpacked(golden(f"tensorflow-1.15/{name}")[0], tmp_path / name)
        data = (folder / "saved_model.pb").read_bytes()
        (folder / "saved_model.pb").write_bytes(data[: int(len(data) * part)])
        with pytest.raises(loadstone.LoadstoneError):
            loadstone.load_model(folder)


def test_an_archive_that_unpacks_to_far_more_is_refused(tmp_path):
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"\0" * (60 << 20))
    with pytest.raises(UnsafeContent, match="unpacks to far more"):
        loadstone.load_model(shutil.make_archive(str(tmp_path / "bomb"), "gztar", tmp_path, "saved"))


@pytest.mark.parametrize("name", ["tensorflow-2.15/plain.zip", "tensorflow-1.15/mlp_frozen.pb"])
def test_weights_of_another_file_are_refused(name):
    weights = GOLDEN.parent / "keras-3.15.1" / "mlp.h5"
    with pytest.raises(ValueError, match="has its own"):
        loadstone.load_model(GOLDEN / name, weights=weights)
