"""Who saved a file: the true release of every golden lies in the range, and each rule by itself."""

import json
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

import loadstone
from loadstone.containers.wire import delimited, number, string
from loadstone.environment import config_keys, graph_releases, of_checkpoints, of_configs, of_functions, of_graphs, of_javascript, said
from loadstone.environment.evidence import Clues
from loadstone.environment.provenance import Provenance, provenance
from loadstone.environment.ranges import Range, numbers
from loadstone.errors import UnrecognizedFormat

GOLDEN = Path(__file__).parents[1] / "golden"
_RELEASE = re.compile(r"(?:^|/)(keras|tf\.keras|tf_keras|tensorflow)-(\d[\d.]*\d)(?=[-/])")


NUMBERS = ("evaluations.json", "inputs.json", "summaries.json")  # what models beside them gave, and no models


def goldens():
    """Files whose path names the release that wrote them; the last such name counts."""
    for path in sorted(GOLDEN.rglob("*")):
        told = _RELEASE.findall(path.relative_to(GOLDEN).as_posix())
        if path.name in NUMBERS:
            continue
        if told and path.suffix in (".h5", ".keras", ".json", ".yaml", ".pb", ".pbtxt", ".index") and path.is_file():
            yield path, told[-1]


CASES = list(goldens())


@pytest.mark.parametrize(("path", "release"), CASES, ids=[path.relative_to(GOLDEN).as_posix() for path, _ in CASES])
def test_the_true_release_lies_in_the_range(path, release):
    found = provenance(path)
    library, version = release
    true = numbers(version)
    about = found.keras if library == "keras" else found.tensorflow
    assert about.contains(true), found
    assert not (library == "keras" and found.library in ("tf.keras", "tf_keras")), found


@pytest.mark.parametrize("release", ["1.15", "2.15", "2.21"])
def test_saved_models_state_their_tensorflow(release, tmp_path):
    for archive in sorted((GOLDEN / "graphs" / f"tensorflow-{release}").glob("*.zip")):
        if "checkpoint" in archive.stem:
            continue
        folder = tmp_path / archive.stem
        shutil.unpack_archive(archive, folder)
        found = provenance(next(folder.rglob("saved_model.pb")).parent)
        assert found.tensorflow.exact and found.tensorflow.low[:2] == numbers(release)
        if "keras" in archive.stem:
            assert (found.library, str(found.keras)) == ("tf.keras", "2.15.0 to 2.15")


def keras(version):
    clues = Clues()
    said.keras(clues, version, "the file")
    return clues.library, str(clues.range("keras")), str(clues.range("tensorflow"))


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.0.8", ("keras", "1.0.8", "unknown")),
        ("2.2.4", ("keras", "2.2.4", "unknown")),
        ("2.1.6-tf", ("tf.keras", "2.1.6", "1.9.0 to 1.12")),
        ("2.2.4-tf", ("tf.keras", "2.2.4", "1.13.0 to 2.1")),
        ("2.3.0-tf", ("tf.keras", "2.3.0", "2.2.0 to 2.2")),
        ("2.4.0", ("tf.keras", "2.4.0", "2.3.0 to 2.4")),
        ("2.13.1", ("tf.keras", "2.13.1", "2.13.0 to 2.13")),
        ("2.17.0", ("tf_keras", "2.17.0", "2.17.0 to 2.17")),
        ("3.16.0.dev2026102704", ("keras", "3.16.0", "unknown")),
        ("nonsense", (None, "unknown", "unknown")),
    ],
)
def test_a_version_says_which_library_it_is_of(version, expected):
    assert keras(version) == expected


def configured(*configs, version=None):
    clues = Clues()
    if version is not None:
        said.keras(clues, version, "the file")
    of_configs.add(clues, *configs)
    return clues


def model(*layers):
    return {"class_name": "Sequential", "config": [{"class_name": name, "config": config} for name, config in layers]}


RAGGED = ("InputLayer", {"name": "x", "batch_input_shape": [None, 3], "dtype": "float32", "sparse": False, "ragged": False})
PLAIN = ("InputLayer", {"name": "x", "batch_input_shape": [None, 3], "dtype": "float32", "sparse": False})


def test_inputs_say_whether_they_are_ragged_in_tensorflow_1_15_and_from_2_1_on():
    assert str(configured(model(RAGGED), version="2.2.4-tf").range("tensorflow")) == "1.15.0 to 2.1"
    assert str(configured(model(PLAIN), version="2.2.4-tf").range("tensorflow")) == "1.13.0 to 2.0"


def test_old_keys_are_of_keras_1():
    dense = {"name": "d", "trainable": True, "output_dim": 2, "init": "glorot_uniform", "activation": "linear", "input_dim": 3}
    dense |= dict.fromkeys(("W_regularizer", "b_regularizer", "activity_regularizer", "W_constraint", "b_constraint"))
    without, with_bias = (configured(model(("Dense", config))).range("keras") for config in (dense, dense | {"bias": True}))
    assert without.high < (1, 0, 3) and with_bias.low > (1, 0, 1) and with_bias.high == (1, 2, 2)


def test_keras_3_is_told_by_its_inputs():
    layer = {"module": "keras.layers", "registered_name": None, "class_name": "InputLayer"}
    keys = {"batch_shape": [None, 3], "dtype": "float32", "sparse": False, "name": "x"}
    whole = lambda config: {"module": "keras", "class_name": "Sequential", "config": {"layers": [layer | {"config": config}]}}  # noqa: E731
    assert str(configured(whole(keys)).range("keras")) == "3.0.0 to 3.8"
    assert configured(whole(keys)).library == "keras"
    assert str(configured(whole(keys | {"ragged": False})).range("keras")) == "3.9.0 to 3.12"
    assert configured(whole(keys | {"ragged": False, "optional": False})).range("keras").low == (3, 13, 0)


def test_classes_of_others_say_nothing():
    foreign = ("MultiHeadAttention", {"name": "a", "trainable": True, "head_num": 3, "history_only": False})
    assert configured(model(foreign)).evidence == []
    registered = {"module": "mine", "class_name": "Dense", "registered_name": "mine>Dense", "config": {"nb": 1}}
    assert configured({"class_name": "Sequential", "config": {"layers": [registered]}}).evidence == []


def test_an_edited_config_does_not_move_what_is_stated():
    edited = model(("Dense", {"name": "d", "output_dim": 3, "units": 3, "quantization_config": None}))
    assert str(configured(edited, version="2.2.4").range("keras")) == "2.2.4"


def test_a_stated_version_wins_over_what_is_implied():
    clues = Clues()
    clues.add("keras", "it looks so", (2, 0, 0), (2, 3))
    clues.add("keras", "it says so", (1, 2, 2), (1, 2, 2), "stated")
    assert str(clues.range("keras")) == "1.2.2"


@pytest.mark.parametrize(
    ("producer", "expected"),
    [
        (21, "1.0.0 to 1.1"),
        (27, "1.11.0 to 1.13"),
        (38, "1.14.0 to 1.14"),
        (134, "1.15.0 to 1.15"),
        (175, "2.1.0 to 2.2"),
        (440, "2.3.0 to 2.3"),
    ],
)
def test_graph_versions_are_those_of_releases(producer, expected):
    assert str(Range(*graph_releases.of_producer(producer))) == expected


def test_graph_versions_between_releases_lie_between_them():
    assert str(Range(*graph_releases.of_producer(1700))) == "2.15.0 to 2.16"
    assert str(Range(*graph_releases.of_producer(25))) == "1.5.0 to 1.6"
    assert str(Range(*graph_releases.of_producer(60))) == "1.14.0 to 2.0"  # an early 2.0, as 1.15 came after it
    assert str(Range(*graph_releases.of_producer(125))) == "1.15.0 to 2.0"
    assert graph_releases.of_producer(5) == (None, (0, 12))
    assert graph_releases.of_producer(10**6)[1] is None


def test_ops_and_their_attributes_are_of_releases():
    clues = Clues()
    of_graphs.add_ops(clues, {"Conv2D": {"": (2, 2), "dilations": (2, 2)}})
    assert str(clues.range("tensorflow")) == "1.5.0 to 1.13"
    clues = Clues()
    of_graphs.add_ops(clues, {"FusedBatchNormV3": {"": (1, 1)}})
    assert clues.range("tensorflow").low == (1, 14, 0)


def test_a_graph_of_nodes_is_read_to_its_version(tmp_path):
    node = delimited(1, string(1, "x") + string(2, "Placeholder"))
    (tmp_path / "graph.pb").write_bytes(node + delimited(4, number(1, 440)))
    found = provenance(tmp_path / "graph.pb")
    assert (found.library, str(found.tensorflow)) == ("tensorflow", "2.3.0 to 2.3")


@pytest.mark.parametrize("python", ["2.7", "3.6", "3.8", "3.11", "3.13"])
def test_compiled_functions_are_of_a_python(python):
    stored = json.loads((GOLDEN / "bytecode" / f"python-{python}.json").read_text())
    codes = [entry for entry in _texts(stored) if len(entry) > 60][:5]
    told = [of_functions.pythons(code) for code in codes]
    assert any(told)
    for found in filter(None, told):
        assert numbers(python) in found


def _texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def test_javascript_says_what_made_and_what_converted():
    clues = Clues()
    of_javascript.add(
        clues,
        {"format": "layers-model", "generatedBy": "keras v2.2.4", "convertedBy": "TensorFlow.js Converter v1.2.1", "modelTopology": {}},
    )
    assert (clues.library, str(clues.range("keras")), str(clues.range("converter"))) == ("keras", "2.2.4", "1.2.1")
    clues = Clues()
    of_javascript.add(clues, {"generatedBy": "TensorFlow.js tfjs-layers v1.0.2", "modelTopology": {"keras_version": "tfjs-layers 1.0.2"}})
    assert (clues.library, str(clues.range("keras"))) == ("tensorflow.js", "unknown")


def test_optimizers_have_their_variables_since_keras_2_11():
    clues = Clues()
    of_checkpoints.of_keras(clues, frozenset({"layer_with_weights-0"}), ["optimizer/_variables/1/.ATTRIBUTES/VARIABLE_VALUE"])
    assert str(clues.range("tensorflow")) == "2.11.0 or later"


def test_archives_say_when_a_member_was_packed(tmp_path):
    path = tmp_path / "weights.npz"
    np.savez(path, np.zeros(3))
    with zipfile.ZipFile(tmp_path / "dated.npz", "w") as archive, zipfile.ZipFile(path) as plain:
        archive.writestr(zipfile.ZipInfo("arr_0.npy", (2021, 4, 5, 6, 7, 8)), plain.read("arr_0.npy"))
    assert provenance(tmp_path / "dated.npz").date == "2021-04-05T06:07:08"


def test_datasets_of_old_h5py_have_times():
    found = provenance(GOLDEN / "keras_1" / "keras-1.2.2-tensorflow-activations.h5")
    assert found.date is None or re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", found.date)


def test_what_is_no_model_is_refused(tmp_path):
    (tmp_path / "text").write_text("nothing")
    with pytest.raises(UnrecognizedFormat):
        provenance(tmp_path / "text")
    with pytest.raises(FileNotFoundError):
        provenance(tmp_path / "absent")


def test_inspect_shows_who_saved_it_with_evidence():
    report = loadstone.inspect(GOLDEN / "keras-3.15.1" / "activations.keras")
    assert isinstance(report.provenance, Provenance)
    assert "Keras 3.15.1: metadata.json has keras_version '3.15.1'" in str(report)
    plain = json.loads(json.dumps(report.to_dict(), default=str))
    assert plain["provenance"]["keras"] == {"low": [3, 15, 1], "high": [3, 15, 1], "exact": True, "text": "3.15.1"}
    assert plain["provenance"]["evidence"][0]["certainty"] == "stated"


def test_the_table_of_keys_is_well_formed():
    columns = config_keys.columns()
    assert len(columns) < 128 and {column.library for column in columns} == {"keras", "tf.keras", "tf_keras"}
    for library in ("keras", "tf.keras", "tf_keras"):
        lows = [column.low for column in columns if column.library == library]
        assert lows == sorted(lows) and len(set(lows)) == len(lows)
    for name in config_keys.names():
        keys = config_keys.keys_of(name)
        assert keys.known and not keys.known & ~config_keys.everything()
        for key, bits in keys.some.items():
            assert not bits & ~keys.known and not keys.always[key] & ~bits, (name, key)


def test_ranges():
    whole = Range((2, 3, 0), (2, 4))
    assert whole.contains((2, 4, 4)) and whole.contains((2, 3)) and not whole.contains((2, 5)) and not whole.contains((2, 2, 9))
    assert whole.meet(Range((2, 4, 1), None)) == Range((2, 4, 1), (2, 4))
    assert whole.meet(Range((2, 5, 0), None)) is None
    assert Range((2, 4, 0), (2, 4)).meet(Range(None, (2, 4, 1))) == Range((2, 4, 0), (2, 4, 1))
    assert str(Range((3, 0, 0), None)) == "3.0.0 or later" and str(Range(None, (0, 3))) == "0.3 or earlier"
    assert Range((2, 15, 0), (2, 15, 0)).exact and not Range((2, 15), (2, 15)).exact
    assert numbers("2.2.0-rc2") == (2, 2, 0) and numbers("2.16.0.dev1") == (2, 16, 0) and numbers("x") is None
