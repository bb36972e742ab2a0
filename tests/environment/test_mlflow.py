"""The environment files of MLflow model folders."""

import pytest

from loadstone.environment.kept import record_of
from loadstone.environment.record import Framework
from loadstone.errors import CorruptFile, UnsafeContent

MODEL = """\
artifact_path: model
flavors:
  python_function:
    data: data
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.tensorflow
    python_version: 3.10.9
  tensorflow:
    code: null
    data: data
    keras_version: 2.12.0
    model_type: keras
    save_format: tf
mlflow_version: 2.3.0
run_id: 4f3a
utc_time_created: '2023-05-02 10:11:12.345678'
"""
REQUIREMENTS = """\
mlflow==2.3.0
cloudpickle==2.2.1
numpy==1.23.5  # of TensorFlow
tensorflow==2.12.0 \\
    --hash=sha256:00ff
"""
CONDA = """\
channels:
- conda-forge
dependencies:
- python=3.10.9
- pip<=22.3.1
- pip:
  - mlflow==2.3.0
  - tensorflow==2.12.0
name: mlflow-env
"""
PYTHON = """\
python: 3.10.9
build_dependencies:
- pip==22.3.1
dependencies:
- -r requirements.txt
"""


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "model"
    (place / "data" / "model").mkdir(parents=True)
    for name, text in (("MLmodel", MODEL), ("requirements.txt", REQUIREMENTS), ("conda.yaml", CONDA), ("python_env.yaml", PYTHON)):
        (place / name).write_text(text)
    return place


def test_the_files_are_one_record(folder):
    found = record_of(folder)
    assert (found.by, found.python) == ("mlflow", "3.10.9")
    assert found.packages == {"mlflow": "2.3.0", "cloudpickle": "2.2.1", "numpy": "1.23.5", "tensorflow": "2.12.0"}
    assert found.framework == Framework("tf.keras", "2.12.0")
    assert found.other == ("pip<=22.3.1: it is not one version",)


def test_a_model_inside_of_the_folder_has_its_record(folder):
    assert record_of(folder / "data" / "model").python == "3.10.9"


def test_conda_alone_is_enough(folder):
    for name in ("requirements.txt", "python_env.yaml"):
        (folder / name).unlink()
    (folder / "MLmodel").write_text("flavors:\n  keras:\n    keras_module: keras\n    keras_version: 2.2.4\n")
    found = record_of(folder)
    assert (found.python, found.packages["tensorflow"]) == ("3.10.9", "2.12.0")
    assert found.framework == Framework("keras", "2.2.4")


def test_one_sign_of_conda_is_a_range(folder):
    for name in ("requirements.txt", "python_env.yaml"):
        (folder / name).unlink()
    (folder / "MLmodel").write_text("flavors: {}\n")
    lines = ["python=3.10", "numpy=1.26", "scipy=1.11.4", "h5py==3.9", "keras=3.3=py310_0", "tensorflow=2.12.*"]
    (folder / "conda.yaml").write_text("dependencies:\n" + "".join(f"- {line}\n" for line in lines))
    found = record_of(folder)
    assert (found.python, found.packages) == ("3.10", {"scipy": "1.11.4", "h5py": "3.9", "keras": "3.3"})
    assert found.other == ("numpy==1.26.*: it is not one version", "tensorflow==2.12.*: it is not one version")


@pytest.mark.parametrize(
    ("flavor", "framework"),
    [
        ("keras:\n    keras_module: tensorflow.keras\n    keras_version: 2.4.0", Framework("tf.keras", "2.4.0")),
        ("keras:\n    backend: jax\n    keras_version: 3.3.3", Framework("keras", "3.3.3", "jax")),
        ("tensorflow:\n    keras_version: 3.5.0", Framework("keras", "3.5.0")),
        ("tensorflow:\n    saved_model_dir: x", None),
        ("keras:\n    keras_version: 'latest; rm'", None),
    ],
)
def test_the_flavor_says_which_keras(folder, flavor, framework):
    (folder / "MLmodel").write_text(f"flavors:\n  {flavor}\n")
    assert record_of(folder).framework == framework


def test_a_number_is_no_version_of_python(folder):
    (folder / "MLmodel").write_text("flavors: {python_function: {python_version: 3.10}}\n")
    (folder / "python_env.yaml").write_text("python: 3.10\n")
    assert record_of(folder).python == "3.10.9"  # of conda.yaml


def test_what_is_no_version_is_listed_and_not_among_the_packages(folder):
    lines = [
        "-e .",
        "--index-url https://x",
        "git+https://x/y",
        "x @ https://x/y.whl",
        "./z",
        "numpy>=1",
        "tensorflow==2.11.0",
        "a==1 b==2",
    ]
    (folder / "requirements.txt").write_text("\n".join(["tensorflow==2.12.0", *lines]))
    (folder / "conda.yaml").unlink()
    found = record_of(folder)
    assert found.packages == {"tensorflow": "2.12.0"}
    assert len(found.other) == len(lines) and all(line in said for line, said in zip(lines, found.other, strict=True))


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("MLmodel", "- 1", CorruptFile),
        ("MLmodel", "flavors: [1]", CorruptFile),
        ("MLmodel", "flavors: {keras: 1}", CorruptFile),
        ("MLmodel", "a: [", CorruptFile),
        ("MLmodel", "flavors: !!python/object/apply:os.system [id]", UnsafeContent),
        ("conda.yaml", "dependencies: x", CorruptFile),
        ("conda.yaml", "dependencies: [1]", CorruptFile),
        ("conda.yaml", "dependencies: [{pip: x}]", CorruptFile),
        ("conda.yaml", "dependencies: [{npm: [x]}]", CorruptFile),
        ("python_env.yaml", "[]", CorruptFile),
        ("requirements.txt", "a\n" * 20_000, CorruptFile),
        ("requirements.txt", "#" * (1 << 21), CorruptFile),
        ("MLmodel", "#" * (1 << 21), CorruptFile),
    ],
)
def test_malformed_files_are_typed_errors(folder, name, text, error):
    (folder / name).write_text(text)
    with pytest.raises(error):
        record_of(folder)
