"""Files that name or hold code: nothing of it runs, nothing that they name is imported, and nothing is shown raw.

The code here would leave a file behind, or end the process, if anything ran it.
"""

from __future__ import annotations

import base64
import builtins
import codecs
import json
import marshal  # noqa: TID251 - written here, never loaded
import sys
import unicodedata
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import loadstone
from loadstone.cli import main
from loadstone.errors import LoadstoneError
from tests.custom import files
from tests.custom.building import dense, layer, sequential
from tests.hostile.test_hostile_graphs import field

GRAPHS = Path(__file__).parents[1] / "golden" / "graphs" / "tensorflow-2.15"
PAYLOAD = "__import__('pathlib').Path('it_ran').touch() or __import__('os')._exit(7)"
MASK = np.zeros(3, "float32")
ARRAYS = {"kernel": np.eye(3, dtype="float32"), "bias": MASK}


# -- stored code --------------------------------------------------------------------------------------------------------


def bytecode(source: str) -> str:
    """A function as Keras dumps it (keras/src/utils/python_utils.py, `func_dump`)."""
    code = compile(source, "f", "eval").co_consts[0]
    return codecs.encode(marshal.dumps(code), "base64").decode()


SOURCES = {
    "payload": f"lambda x: {PAYLOAD}",
    "default": f"lambda x, y=1: x if {PAYLOAD} else y",
    "builtins": "lambda x: eval('1') or exec('2') or open('it_ran', 'w')",
    "attributes": "lambda x: x.__class__.__mro__[1].__subclasses__()",
    "inner": f"lambda x: (lambda: {PAYLOAD})()",
}


def lambda_2(source, name="stored"):
    """As tf.keras writes it."""
    return layer("Lambda", name, function=[bytecode(source), None, None], function_type="lambda", module="os", arguments={})


def lambda_3(source, name="stored"):
    """As Keras 3 writes it."""
    function = {"class_name": "__lambda__", "config": {"code": bytecode(source), "defaults": None, "closure": None}}
    config = {"name": name, "trainable": True, "dtype": "float32", "function": function, "arguments": {}}
    return {"module": "keras.layers", "class_name": "Lambda", "config": config, "registered_name": None}


def nested(inner):
    found = sequential(inner)
    found["config"]["name"] = "inner"
    return found


def places(stored):
    """The stored function in every place that a file has for it."""
    return {
        "alone": stored,
        "nested": nested(stored),
        "twice": nested(nested(stored)),
        "time_distributed": layer("TimeDistributed", "wrapper", layer=stored),
        "bidirectional": layer("Bidirectional", "wrapper", layer=stored, merge_mode="concat"),
        "cell": layer("RNN", "wrapper", cell=stored),
        "activation": dense(3, stored),
        "mask": {**stored, "config": {**stored["config"], "mask": stored["config"]["function"]}},
    }


PLACES = list(places(lambda_2("lambda x: x")))


def refusing(function):
    """The function for Python's own use, such as reading a compiled module; loadstone must not call it."""

    def call(*args, **kwargs):
        caller = sys._getframe(1).f_globals.get("__name__", "")  # ir.records compiles the methods of our own classes
        assert "loadstone" not in caller or caller == "loadstone.ir.records", f"asked to run {args!r:.200}"
        return function(*args, **kwargs)

    return call


@pytest.fixture
def quiet(tmp_path, monkeypatch):
    """An empty folder to run in. At the end nothing was left there, and no code was asked to run or to be imported."""
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)

    for module, name in ((marshal, "loads"), (builtins, "eval"), (builtins, "exec"), (builtins, "compile")):
        monkeypatch.setattr(module, name, refusing(getattr(module, name)))
    yield tmp_path
    assert not list(tmp_path.iterdir())
    loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
    assert not loaded & {"evil_of_a_file", "keras", "tf_keras", "tensorflow"}


def every_way(data):
    """Whatever a user may do with a file that they do not trust; what is shown."""
    shown = []
    for way in (
        lambda: loadstone.load_model(data),
        lambda: loadstone.load_model(data, safe_mode=False),
        lambda: str(loadstone.inspect(data)) + loadstone.inspect(data).stub() + json.dumps(loadstone.inspect(data).to_dict(), default=str),
        lambda: loadstone.inspect(data).summary(print_fn=lambda line, *_, **__: shown.append(line)),
    ):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                shown.append(str(way()))
        except LoadstoneError as error:
            shown.append(str(error))
    return "\n".join(shown)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_stored_functions_never_run(quiet, place, source):
    for data in (
        files.h5(sequential(places(lambda_2(source))[place])),
        files.h5(sequential(places(lambda_3(source))[place]), version="3.15.1"),
        files.keras(sequential(places(lambda_3(source))[place])),
    ):
        every_way(data)
        with pytest.raises(LoadstoneError):
            loadstone.load_model(data, safe_mode=False)


@pytest.mark.parametrize(
    "code",
    ["", "4wEAAAA=", "not base64 \u20ac", base64.b64encode(b"c" * 10_000).decode(), base64.b64encode(b"\xf3" + b"\xff" * 64).decode()],
    ids=["empty", "cut", "text", "long", "broken"],
)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_code_is_a_typed_error(quiet, place, code):
    stored = layer("Lambda", "stored", function=[code, None, None], function_type="lambda", arguments={})
    with pytest.raises(LoadstoneError):
        loadstone.load_model(files.h5(sequential(places(stored)[place])))


def saved_model(tmp_path, config):
    """A SavedModel whose Keras metadata say that it has these layers."""
    folder = tmp_path / "saved"
    with zipfile.ZipFile(GRAPHS / "keras_convolution.zip") as file:
        file.extractall(folder)
    (metadata,) = folder.rglob("keras_metadata.pb")
    stored = {
        "class_name": "Functional",
        "keras_version": "2.15.0",
        "backend": "tensorflow",
        "config": config["config"],
        "model_config": config,
    }
    node = field(2, 0) + field(3, "root") + field(4, "_tf_keras_network") + field(5, json.dumps(stored))
    metadata.write_bytes(field(1, node))
    return metadata.parent


@pytest.mark.parametrize("place", PLACES)
def test_metadata_of_a_saved_model_never_run(tmp_path, monkeypatch, place):
    """Its graph is what runs; the metadata are read, and no more."""
    path = saved_model(tmp_path, sequential(places(lambda_2(SOURCES["payload"]))[place]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(marshal, "loads", refusing(marshal.loads))
    every_way(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["saved"]


# -- names of code that is elsewhere --------------------------------------------------------------------------------------

GADGETS = [
    ("os", "system"),
    ("subprocess", "Popen"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("evil_of_a_file", "Evil"),
    ("keras.utils", "get_file"),
    ("keras.src.utils.file_utils", "get_file"),
    ("keras.models", "load_model"),
    ("keras.saving", "load_model"),
    ("tensorflow.io", "read_file"),
    ("tensorflow.python.framework.load_library", "load_op_library"),
    ("keras.config", "enable_unsafe_deserialization"),
    ("keras.src.saving.serialization_lib", "enable_unsafe_deserialization"),
    ("importlib", "import_module"),
    ("pickle", "loads"),
    ("numpy", "load"),
]


@pytest.mark.parametrize(("module", "name"), GADGETS, ids=[".".join(gadget) for gadget in GADGETS])
def test_nothing_that_a_file_names_is_imported_or_called(quiet, monkeypatch, module, name):
    folder = quiet.parent / "modules"
    folder.mkdir(exist_ok=True)
    (folder / "evil_of_a_file.py").write_text("raise SystemExit('imported')", "utf8")
    monkeypatch.syspath_prepend(folder)
    options = {"name": "gadget", "fname": "it_ran", "origin": "http://127.0.0.1:9/x", "command": "touch it_ran"}
    as_class = {"module": module, "class_name": name, "config": options, "registered_name": name}
    as_function = {"module": module, "class_name": "function", "config": name, "registered_name": name}
    gadget = {
        "layer": as_class,
        "activation": dense(3, as_function),
        "activation class": dense(3, as_class),
        "lambda": {**lambda_3("lambda x: x"), "config": {**lambda_3("lambda x: x")["config"], "function": as_function}},
        "in a wrapper": layer("TimeDistributed", "wrapper", layer=as_class),
        "initializer": layer("Mine", "mine", kernel_initializer=as_class, weights=as_function),
    }
    for stored in gadget.values():
        for data in (files.keras(sequential(stored)), files.h5(sequential(stored), version="3.15.1"), files.h5(sequential(stored))):
            every_way(data)
            with pytest.raises(LoadstoneError):
                loadstone.load_model(data, safe_mode=False)


def test_a_gadget_is_a_missing_object(quiet):
    stored = {
        "module": "keras.utils",
        "class_name": "get_file",
        "config": {"name": "x", "origin": "http://x"},
        "registered_name": "get_file",
    }
    with pytest.raises(loadstone.MissingCustomObjects, match="Unknown layer: 'get_file'"):
        loadstone.load_model(files.keras(sequential(stored)))


def test_what_training_names_is_not_called_either(quiet):
    training = {
        "loss": {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"},
        "optimizer": {"module": "subprocess", "class_name": "Popen", "config": {"args": "touch it_ran"}, "registered_name": "Popen"},
    }
    model = loadstone.load_model(files.h5(sequential(dense(3)), {"dense": ARRAYS}, training))
    assert {finding.message.partition(" is")[0] for finding in model.findings} == {"the loss 'system'", "the optimizer 'Popen'"}


# -- names that are more than names -------------------------------------------------------------------------------------

NAMES = [
    "'); import os; os.system('touch it_ran') #",
    '"""\nimport os\nos.system("touch it_ran")\n"""',
    "a\nimport os",
    "a\r\nb",
    "\x1b]0;owned\x07\x1b[2J",
    "\x1b[31mred\x1b[0m",
    "\x9b31m",
    "safe\u202egpj.exe",
    "\u2028import os",
    "\x00",
    "[bold red]markup[/]",
    "{0.__class__}",
    "%s%s%n",
    "x" * 5000,
    "../../etc/passwd",
]


def terminal(text):
    """Characters that a terminal or an editor does not show as what they are; newline and tab apart."""
    return sorted({char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs") and char not in "\n\t"})


@pytest.mark.parametrize("name", NAMES, ids=[repr(name)[:24] for name in NAMES])
def test_names_are_shown_as_data(quiet, name):
    own = {"module": name, "class_name": name, "config": {"name": name, name: name, "units": [name]}, "registered_name": f"{name}>{name}"}
    training = {"loss": name, "metrics": [name], "optimizer_config": {"class_name": name, "config": {}}}
    models = {
        "layer": own,
        "activation": dense(3, name, name),
        "lambda": layer("Lambda", name, function=name, function_type="function", module=name, arguments={}),
        "class": layer(name, name, **{name: name}),
        "initializer": {**dense(3), "config": {**dense(3)["config"], "kernel_initializer": {"class_name": name, "config": {}}}},
        "model": {"class_name": name, "config": {"name": name, "layers": [dense(3)]}},
    }
    for stored in models.values():
        for data in (files.keras(sequential(stored), training=training), files.keras({**sequential(stored), "class_name": name})):
            shown = every_way(data)
            assert terminal(shown) == []


@pytest.mark.parametrize("name", NAMES, ids=[repr(name)[:24] for name in NAMES])
def test_the_commands_show_nothing_raw(tmp_path, name):
    path = tmp_path / "model.keras"
    own = {"module": name, "class_name": name, "config": {"name": name, name: name}, "registered_name": name}
    path.write_bytes(files.keras(sequential(own, layer("Activation", f"d{name}", activation=name))))
    for arguments in (
        ["inspect", path],
        ["inspect", path, "--json"],
        ["summary", path],
        ["stub", path],
        ["predict", path, "--input", path],
    ):
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert terminal(result.output) == []
        if arguments[0] == "stub":
            compile(result.output, "stub", "exec")


def test_a_stub_of_many_names_is_code_of_nothing_but_definitions(quiet):
    stored = [
        {"module": "m", "class_name": name, "config": {"name": f"l{i}", name: name}, "registered_name": name}
        for i, name in enumerate(NAMES)
    ]
    code = loadstone.inspect(files.keras(sequential(*stored))).stub()
    made: dict[str, object] = {}
    exec(code, made)
    assert set(made["custom_objects"]) == set(NAMES)
    assert len([value for value in made.values() if isinstance(value, type)]) == len(NAMES)


def test_a_deep_file_does_not_exhaust_the_stack(quiet):
    stored = dense(3)
    for _ in range(300):
        stored = nested(stored)
    every_way(files.keras(sequential(stored)))
    config: dict[str, object] = {}
    for _ in range(300):
        config = {"a": config, "class_name": "Mine", "config": {}}
    every_way(files.keras(sequential(layer("Mine", "mine", deep=config))))
