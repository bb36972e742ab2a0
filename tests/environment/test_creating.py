"""How an environment is made, with installers that only write down what they were told; and a model run in one that has a small Keras."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from loadstone.environment import creating
from loadstone.environment.creating import Created, create, imported
from loadstone.environment.planning import plan
from loadstone.environment.provenance import Provenance, Range
from loadstone.environment.record import Record
from loadstone.environment.releases import bootstrap, installable
from loadstone.environment.running import Job, executes, kind_of, run_model
from loadstone.errors import InferenceError, MissingDependency

TF_2_8 = Provenance("tf.keras", tensorflow=Range((2, 8, 4), (2, 8, 4)))
KERAS_1 = Provenance("keras", keras=Range((1, 2, 2), (1, 2, 2)), backend="tensorflow", python=Range((2, 7), (2, 7)))


@pytest.fixture
def told(monkeypatch):
    """What installers were told: commands, with the lines of requirements files in place of their names."""
    commands = []

    def run(command):
        if "-r" in command:
            at = command.index("-r") + 1
            command = [*command[:at], *Path(command[at]).read_text().splitlines()]
        elif "install" not in command:
            place = Path(command[command.index("--prefix") + 1] if "--prefix" in command else command[-1])
            (place / "bin").mkdir(parents=True, exist_ok=True)
            (place / "bin" / "python").touch()
        commands.append(command)

    monkeypatch.setattr(creating, "_run", run)
    monkeypatch.setattr(creating, "imported", lambda plan, python: {"tensorflow": "2.8.4"})
    monkeypatch.setattr(creating, "installed", lambda: {"3.8": "/python3.8", "2.7": "/python2.7"})
    monkeypatch.setattr(creating.shutil, "which", lambda name: None)
    monkeypatch.setattr("loadstone.environment.planning.this_platform", lambda: "linux-x86_64")
    return commands


def lines(commands):
    return {line for command in commands if "-r" in command for line in command[command.index("-r") + 1 :]}


def test_venv_and_pip_install_the_lines_of_the_plan_and_nothing_else(told, tmp_path):
    made = plan(TF_2_8, installed=["3.8"])
    created = create(made, tmp_path / "env")
    assert told[0] == ["/python3.8", "-m", "venv", str(tmp_path / "env")]
    assert all("--no-deps" in command for command in told[1:])
    assert lines(told) == {*made.lines, *(f"{name}=={version}" for name, version in bootstrap("3.8").items())}
    assert created.python == tmp_path / "env" / "bin" / "python"
    assert "tensorflow-cpu==2.8.4" in (tmp_path / "env" / "requirements.txt").read_text()


def test_uv_where_it_is(told, tmp_path, monkeypatch):
    monkeypatch.setattr(creating.shutil, "which", lambda name: "/uv" if name == "uv" else None)
    create(plan(TF_2_8, installed=["3.8"]), tmp_path / "env")
    assert told[0][:2] == ["/uv", "venv"]
    assert all(command[:3] == ["/uv", "pip", "install"] and "--no-deps" in command for command in told[1:])


def test_conda_where_the_python_is_not_installed(told, tmp_path, monkeypatch):
    monkeypatch.setattr(creating.shutil, "which", lambda name: "/micromamba" if name == "micromamba" else None)
    create(plan(TF_2_8, python="3.9"), tmp_path / "env")
    assert told[0][0] == "/micromamba" and "python=3.9" in told[0] and "--override-channels" in told[0]


def test_python_2_7_by_virtualenv(told, tmp_path):
    create(plan(KERAS_1, installed=["2.7"]), tmp_path / "env")
    assert any("virtualenv" in command and command[-1] == str(tmp_path / "env") for command in told)
    assert "keras==1.2.2" in lines(told)


def test_a_python_that_is_not_here_is_said(told, tmp_path):
    with pytest.raises(MissingDependency, match=r"Python 3\.9 is not installed here") as caught:
        create(plan(TF_2_8, python="3.9"), tmp_path / "env")
    assert "pyenv install 3.9" in caught.value.hint and not told and not (tmp_path / "env").exists()


def test_a_folder_with_something_in_it_is_left_alone(told, tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(FileExistsError):
        create(plan(TF_2_8, installed=["3.8"]), tmp_path)
    assert (tmp_path / "mine").read_text() == "x" and not told


def test_what_could_not_be_imported_is_removed(told, tmp_path, monkeypatch):
    def fails(plan, python):
        raise MissingDependency("no")

    monkeypatch.setattr(creating, "imported", fails)
    with pytest.raises(MissingDependency):
        create(plan(TF_2_8, installed=["3.8"]), tmp_path / "env")
    assert not (tmp_path / "env").exists()


@pytest.mark.parametrize(
    "asked", ["evil==1.0", "tensorflow==99.0", "numpy==0.0.1", "-e .", "--index-url https://x/", "a\nb==1", "x @ file:///x"]
)
def test_a_record_installs_nothing_of_its_own(told, tmp_path, asked):
    name, _, version = asked.partition("==")
    packages = {name: version} if version and "\n" not in name else {}
    record = Record("save_model", "3.8.18", packages=packages, other=(asked,))
    create(plan(TF_2_8, record, installed=["3.8"]), tmp_path / "env")
    pins = {tuple(line.split("==")) for line in lines(told)}
    assert pins <= installable()


# -- running ------------------------------------------------------------------------------------------------------------

FAKE_KERAS = """
import numpy as np
__version__ = "2.2.4"

class Model:
    def predict(self, x):
        if x.dtype == object:
            return np.append(x, np.array([b"\\0"], object))
        return [x * 2, np.array([["a"], ["b"]], object)]

class models:
    @staticmethod
    def load_model(path, compile=True):
        if "broken" in path:
            raise ValueError("Unknown layer: X")
        assert compile is False and open(path).read() == "weights"
        return Model()
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A plan of Keras 2.2.4, and an environment with a Keras of a few lines in place of it."""
    place = tmp_path_factory.mktemp("env")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    packages = next((place / "lib").glob("python*/site-packages"))
    (packages / "numpy.pth").write_text(str(Path(np.__file__).parents[1]))
    for name in ("keras", "tensorflow"):
        (packages / name).mkdir()
        (packages / name / "__init__.py").write_text(FAKE_KERAS)
    made = plan(Provenance("keras", keras=Range((2, 2, 4), (2, 2, 4))), platform="linux-x86_64")
    return made, Created(place, place / "bin" / "python", {})


def test_a_model_is_run_by_its_framework(environment, tmp_path):
    (tmp_path / "m.h5").write_text("weights")
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    (_, doubled), (_, texts) = run_model(*environment, Job(str(tmp_path / "m.h5"), "keras", {"x": x}))
    assert (doubled == 2 * x).all() and texts.tolist() == [[b"a"], [b"b"]]


@pytest.mark.parametrize("texts", [[b"a\0", b"", b"\0\0"], [], ["\u00e4"]])
def test_texts_arrive_byte_for_byte(environment, tmp_path, texts):
    (tmp_path / "m.h5").write_text("weights")
    ((_, found),) = run_model(*environment, Job(str(tmp_path / "m.h5"), "keras", {"x": np.array(texts, object)}))
    assert found.tolist() == [*(text if isinstance(text, bytes) else text.encode() for text in texts), b"\0"]


def test_what_the_framework_says_is_in_the_error(environment, tmp_path):
    with pytest.raises(InferenceError, match="Unknown layer: X"):
        run_model(*environment, Job(str(tmp_path / "broken.h5"), "keras", {"x": np.zeros((1, 1))}))


def test_the_import_check_compares_the_version(environment):
    made, created = environment
    assert imported(made, created.python)["keras"] == "2.2.4"
    other = plan(Provenance("keras", keras=Range((2, 2, 5), (2, 2, 5))), platform="linux-x86_64")
    with pytest.raises(MissingDependency, match=r"has keras 2\.2\.4 and not 2\.2\.5"):
        imported(other, created.python)


def test_no_setting_of_the_caller_reaches_it(environment, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("TF_XLA_FLAGS", "x")
    code = "import os, json; print(json.dumps(dict(os.environ)))"
    seen = json.loads(creating.run_python(environment[0], environment[1].python, ["-c", code]).stdout)
    assert seen["KERAS_BACKEND"] == "tensorflow" and "PYTHONPATH" not in seen and "TF_XLA_FLAGS" not in seen
    assert seen["HOME"] != str(Path.home())


def test_what_would_be_executed_is_said():
    made = plan(TF_2_8, platform="linux-x86_64")
    assert "tensorflow 2.8.4 runs its own load_model" in executes(made, "keras")[0]
    assert "lambda_1" in executes(made, "keras", ["lambda_1"])[1]
    assert "tf.saved_model.load" in executes(made, kind_of("tf_saved_model"))[0]
    with pytest.raises(MissingDependency):
        kind_of("tfjs_layers")


def test_the_script_runs_on_old_pythons():
    """No syntax that Python 2.7 lacks, as far as a parser of today can tell."""
    text = (Path(creating.__file__).parent / "original.py.txt").read_text()
    assert text.isascii() and not any(sign in text for sign in ('f"', "f'", "nonlocal", ":=", "yield from", " -> "))
    compile(text, "original.py", "exec")
