"""What doctor says of files that real releases wrote, and of configs cut down to one trap each."""

import json
import shlex
from pathlib import Path

import pytest

from loadstone.environment.doctor import Look, doctor
from loadstone.environment.record import Record
from loadstone.environment.taken import libraries
from loadstone.environment.targets import FAILS, LOADS, TARGETS, WRONG
from loadstone.environment.traps import TRAPS
from loadstone.environment.traps.registry import ORDER

GOLDEN = Path(__file__).parents[1] / "golden"

# file, then what happened to it in Keras 3.15 and in tf_keras 2.21
REAL = [
    ("keras-3.15.1/mlp.h5", LOADS, FAILS),
    ("keras-3.15.1/mlp.keras", LOADS, FAILS),
    ("tf.keras-2.3.4/mlp.keras", FAILS, LOADS),  # HDF5 under that name
    ("tf.keras-2.3.4/cnn.h5", FAILS, LOADS),  # groups
    ("tf.keras-2.13.1/cnn.keras", FAILS, FAILS),  # module paths; weights by checkpoint dependencies
    ("tf.keras-2.15.1/custom_activation.h5", LOADS, FAILS),  # a function as an object
    ("keras_2/keras-2.1.6-tensorflow-states.h5", FAILS, LOADS),  # states among the inputs
    ("keras_2/keras-2.0.4-tensorflow-masked-time.h5", FAILS, FAILS),  # Embedding(dtype="int32")
    ("keras_2/keras-2.1.3-stacked-states.h5", FAILS, FAILS),  # GRUCell(reset_after=True)
    ("keras_2/tf.keras-1.10.1-separable.h5", FAILS, FAILS),  # depth_multiplier
    ("keras_1/keras-1.0.8-theano-merged-dot.h5", FAILS, FAILS),
    ("graphs/tensorflow-1.15/mlp_frozen.pb", FAILS, FAILS),
]


@pytest.mark.parametrize(("name", "keras_3", "tf_keras"), REAL, ids=[row[0] for row in REAL])
def test_what_really_happened(name, keras_3, tf_keras):
    found = doctor(GOLDEN / name).verdicts
    assert (found["keras3"].result, found["tf_keras"].result) == (keras_3, tf_keras)


def layer(name, config, module=None):
    return {"class_name": name, "config": config, **({"module": module} if module else {})}


def architecture(tmp_path, *layers, module="keras"):
    """The JSON of a Sequential as Keras 3 and tf.keras 2.13 and later write it."""
    path = tmp_path / "model.json"
    path.write_text(json.dumps({"module": module, "class_name": "Sequential", "config": {"name": "s", "layers": list(layers)}}))
    return path


CODE = layer("__lambda__", {"code": "4wAAAA==", "defaults": None, "closure": None})
INPUT = layer("InputLayer", {"batch_shape": [None, 4], "dtype": "float32", "name": "x"}, "keras.layers")
CASES = {
    "batch_shape_in_keras_2": ("tf_keras", INPUT),
    "groups_of_convolutions": ("keras3", layer("DepthwiseConv2D", {"kernel_size": [2, 2], "groups": 1}, "keras.layers")),
    "time_major": ("keras3", layer("LSTM", {"units": 2, "time_major": False}, "keras.layers")),
    "arguments_of_keras_1": ("keras3", layer("Dense", {"output_dim": 2, "init": "uniform"}, "keras.layers")),
    "first_layer_with_a_shape": ("keras3", layer("Dense", {"units": 2, "batch_input_shape": [None, 4]}, "keras.layers")),
    "arguments_not_taken": ("keras3", layer("Attention", {"causal": False}, "keras.layers")),
    "arguments_missing": ("tf_keras", layer("Dense", {"output_dim": 2}, "keras.layers")),
    "initializers": (
        "keras3",
        layer("Dense", {"units": 2, "kernel_initializer": {"class_name": "Zeros", "config": {"dtype": "float32"}}}, "keras.layers"),
    ),
    "dtype_policies": ("keras3", layer("Dense", {"units": 2, "dtype": layer("Policy", {"name": "mixed_float16"})}, "keras.layers")),
    "integers_from_a_float_layer": ("keras3", layer("Hashing", {"num_bins": 3, "dtype": "float32"}, "keras.layers")),
    "activations": ("keras3", layer("Activation", {"activation": "log_softmax_v2"}, "keras.layers")),
    "class_not_there": ("tf_keras", layer("RMSNormalization", {}, "keras.layers")),
    "module_not_there": ("keras3", layer("LocallyConnected1D", {"filters": 1, "kernel_size": [1]}, "keras.layers")),
    "module_not_named": ("keras3", layer("TimeDistributed", {"layer": layer("Dense", {"units": 2})}, "keras.layers")),
    "slashes_in_names": ("keras3", layer("Dense", {"units": 2, "name": "a/b"}, "keras.layers")),
    "vocabularies_that_are_elsewhere": ("keras3", layer("StringLookup", {"vocabulary": None}, "keras.layers")),
    "layers_for_gpus": ("tf_keras", layer("CuDNNLSTM", {"units": 2}, "keras.layers")),
    "reset_after_not_said": ("keras3", layer("GRU", {"units": 2}, "keras.layers")),
    "lambda_in_safe_mode": (
        "keras3",
        layer("Lambda", {"function": CODE}, "keras.layers"),
    ),
    "lambda_by_name": ("keras3", layer("Lambda", {"function": "normalize"}, "keras.layers")),
}


@pytest.mark.parametrize("name", CASES)
def test_a_trap_is_found_where_it_is(name, tmp_path):
    target, cause = CASES[name]
    found = doctor(architecture(tmp_path, INPUT, cause), target, look=lambda path: Look())
    mine = [finding for finding in found.findings if finding.trap == name]
    assert mine, [finding.title for finding in found.findings]
    assert mine[0].severity == "error" and mine[0].reason
    assert found.verdicts[target].result == FAILS


def test_hard_sigmoid_changes_numbers():
    """The file of Keras 2 loads in Keras 3 and gives other numbers."""
    found = [finding for finding in doctor(GOLDEN / "keras_2/keras-2.0.2-masked-steps.h5").findings if finding.trap == "hard_sigmoid"]
    assert found and found[0].wrong and found[0].targets == ("keras3",)


def test_bilinear_upsampling_of_keras_2_2_is_wrong_in_both():
    found = doctor(GOLDEN / "keras_2/keras-2.2.4-upsampled.h5").verdicts
    assert WRONG in (found["keras3"].result, found["tf_keras"].result)


def test_a_plain_model_has_nothing_in_the_way(tmp_path):
    dense = layer("Dense", {"units": 2, "activation": "relu"}, "keras.layers")
    assert doctor(architecture(tmp_path, INPUT, dense), "keras3").verdicts["keras3"].result == LOADS


NO_MODELS = {
    "empty.h5": b"",
    "page.h5": b"<!doctype html><html>404</html>",
    "cut.keras": b"PK\x03\x04config.json",
    "x.h5": b"\x89HDF\r\n\x1a\n\0\0",
}


@pytest.mark.parametrize(("name", "content"), NO_MODELS.items(), ids=NO_MODELS)
def test_what_is_no_model_fails_everywhere(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    found = doctor(tmp_path / name)
    assert {verdict.result for verdict in found.verdicts.values()} == {FAILS}
    assert found.severity() == "error" and str(found)


def test_weights_alone_are_told_as_such():
    found = doctor(GOLDEN / "apart/keras-3.15.1/chain/sharded.weights.json")
    assert found.verdicts["loadstone"].result == FAILS
    assert "weights" in found.findings[0].title


def test_a_path_cannot_become_a_command(tmp_path):
    path = tmp_path / "a'; rm -rf $HOME; '.h5"
    path.write_bytes((GOLDEN / "tf.keras-2.3.4/cnn.h5").read_bytes())
    for finding in doctor(path).findings:
        assert not {"rm", "-rf", "$HOME", ";"} & set(shlex.split(finding.command)), finding.command


def test_plain_data_is_json():
    found = doctor(GOLDEN / "tf.keras-2.3.4/cnn.h5")
    plain = json.loads(json.dumps(found.to_dict()))
    assert set(plain["verdicts"]) == set(TARGETS)
    assert plain["saved"]["keras"] == "2.4.0" and plain["present"]["python"]


@pytest.mark.parametrize("name", ["tf.keras-2.15.1/custom_compiled.h5", "keras-3.15.1/custom_compiled.keras"])
def test_a_metric_of_the_user_is_told(name):
    found = [finding for finding in doctor(GOLDEN / name).findings if finding.trap == "training_objects_of_the_user"]
    assert found and "my_custom" in found[0].title and "compile=False" in found[0].command


@pytest.fixture
def recorded(tmp_path):
    """A model of tf_keras with a record beside it."""
    path = tmp_path / "m.json"
    path.write_text(json.dumps({"class_name": "Sequential", "config": [], "keras_version": "2.17.0", "backend": "tensorflow"}))
    record = Record("save_model", "3.11.4", packages={"keras": "3.4.1", "tf-keras": "2.17.0", "numpy": "1.26.4"})
    (tmp_path / "m.json.loadstone.json").write_text(record.to_json())
    return path


def test_what_the_file_states_goes_before_its_record(recorded):
    saved = doctor(recorded).saved
    assert (saved["library"], saved["keras"], saved["tf-keras"], saved["numpy"]) == ("tf_keras", "2.17.0", "2.17.0", "1.26.4")


def test_a_damaged_record_is_said(recorded):
    recorded.with_name("m.json.loadstone.json").write_text("{")
    found = [finding for finding in doctor(recorded).findings if finding.trap == "record_not_read"]
    assert found and found[0].severity == "note" and "not JSON" in found[0].reason


@pytest.mark.parametrize("version", [7, 2.1, True, [], {}, None])
def test_a_version_that_is_no_text_is_no_crash(version, tmp_path):
    path = tmp_path / "m.json"
    path.write_text(json.dumps({"class_name": "Sequential", "config": [], "keras_version": version, "backend": version}))
    assert str(doctor(path))


def test_a_function_behind_discretization_of_2_4_has_another_dtype(tmp_path):
    buckets = {"class_name": "Discretization", "name": "d", "config": {"bins": [0.0]}, "inbound_nodes": [[["x", 0, 0, {}]]]}
    cast = {"class_name": "TensorFlowOpLayer", "name": "c", "config": {}, "inbound_nodes": [[["d", 0, 0, {}]]]}
    for layers, count in (([buckets, cast], 1), ([cast], 0), (7, 0), ([buckets, {**cast, "inbound_nodes": True}], 0)):
        config = {"class_name": "Functional", "config": {"name": "m", "layers": layers}, "keras_version": "2.4.0"}
        (tmp_path / "m.json").write_text(json.dumps(config))
        found = doctor(tmp_path / "m.json", "tf_keras", look=lambda path: Look()).findings
        assert sum(finding.trap == "casts_of_buckets" for finding in found) == count


def test_nodes_that_are_no_list_are_no_crash(tmp_path):
    takes = {"class_name": "Dense", "name": "b", "config": {"units": 1}, "inbound_nodes": [[["a", 0, 0, {}]]]}
    layers = [{"class_name": "InputLayer", "name": "a", "config": {}, "inbound_nodes": True}, takes]
    config = {"name": "m", "layers": layers, "input_layers": [["a", 0, 0]], "output_layers": [["b", 0, 0]]}
    (tmp_path / "m.json").write_text(json.dumps({"class_name": "Functional", "config": config}))
    assert str(doctor(tmp_path / "m.json", look=lambda path: Look()))


def test_an_unknown_target_is_refused():
    with pytest.raises(ValueError, match="target"):
        doctor(GOLDEN / "tf.keras-2.3.4/cnn.h5", "caffe")


def test_every_module_of_traps_has_its_place():
    assert {trap.check.__module__.rpartition(".")[2] for trap in TRAPS} == set(ORDER)
    names = [trap.name for trap in TRAPS]
    assert len(names) == len(set(names))


def test_the_data_of_the_libraries_is_whole():
    for library in libraries().values():
        assert {"units", "activation"} <= library.signature("layers", "Dense").arguments
        assert library.signature("layers", "Dense").required == ("units",)
        assert library.holds("keras.layers", "Dense") and "relu" in library.functions["activations"]
        assert "learning_rate" in library.signature("optimizers", "adam").arguments
