"""The layers of loadstone, checked: who may import whom, which layer owns which dependency, and what `import loadstone` costs."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src" / "loadstone"
GOLDEN = Path(__file__).parent / "golden"

MAY_IMPORT = {
    "__init__": "api model errors custom",
    "errors": "",
    "ir": "errors",
    "containers": "errors ir",
    "custom": "errors ir",
    "frontends": "errors ir containers custom",
    "formats": "errors ir containers frontends",
    "lowering": "errors ir custom",
    "runtime": "errors ir",
    "export": "errors ir containers custom formats lowering",
    "live": "errors ir custom frontends",
    "environment": "errors ir containers frontends formats custom lowering",
    "model": "errors ir formats custom lowering runtime export live environment",
    "api": "errors ir containers frontends formats custom lowering runtime export live environment model",
    "tensorflow": "api ir custom lowering runtime",
    "tools": "errors ir frontends runtime api model environment",
    "cli": "errors ir api model environment tools",
    "__main__": "cli",
}
HOME_OF = {  # third-party package -> the one place that imports it
    "h5py": "containers/hdf5.py",
    "yaml": "containers/yaml.py",
    "onnxruntime": "runtime",
    "re2": "lowering/text/regex.py",
    "PIL": "lowering/images/jpeg.py",
    "openvino": "runtime",
    "click": "cli",
    "keras": "live",
    "tf_keras": "live",
    "tensorflow": "live",
    "onnx": "nowhere",
    "pickle": "nowhere",
    "marshal": "nowhere",
}
DATA_FOLDERS = {"examples"}  # shipped files, no code
IMPORT_BUDGET = 15_000  # microseconds for `import loadstone`, numpy apart
HEAVY = {"h5py", "onnxruntime", "openvino", "ml_dtypes", "google", "rich", "click", "numpy", "keras", "tensorflow"}
SELDOM = {  # packages of the standard library that cost milliseconds and that a prediction can do without
    "concurrent", "difflib", "importlib.resources", "logging", "pathlib", "pkgutil", "subprocess", "tempfile", "textwrap", "zipfile",
}  # fmt: skip
STANDARD_DATACLASSES = {"ir/records.py", "custom/bytecode/units.py"}  # the latter for its slots


def imports(path: Path) -> set[str]:
    """Absolute dotted names imported anywhere in *path*, function bodies included."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path.name}:{node.lineno} has a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", sorted(SRC.rglob("*.py")), ids=lambda p: str(p.relative_to(SRC)))
def test_imports_follow_the_data(path):
    inside = path.relative_to(SRC)
    layer = inside.parts[0].removesuffix(".py")
    assert layer in MAY_IMPORT, f"{inside} is on no layer: add it to the table on purpose"
    for name in imports(path):
        package, _, rest = name.partition(".")
        if package == "loadstone":
            target = rest.split(".")[0] or "__init__"
            assert target in {layer, *MAY_IMPORT[layer].split()}, f"{inside} imports {name}"
        elif package in HOME_OF:
            assert str(inside).startswith(HOME_OF[package]), f"{inside} imports {name}"


@pytest.mark.parametrize("folder", sorted(path.name for path in SRC.iterdir() if path.is_dir() and path.name != "__pycache__"))
def test_a_folder_is_a_layer_or_data(folder):
    has_code = any((SRC / folder).rglob("*.py"))
    assert folder not in DATA_FOLDERS or not has_code, f"{folder} holds data, not code"
    assert not has_code or folder in MAY_IMPORT


@pytest.mark.parametrize("path", sorted(SRC.rglob("*.py")), ids=lambda p: str(p.relative_to(SRC)))
def test_records_are_made_quickly(path):
    """By `loadstone.ir.records`, which costs a twentieth of what the standard decorator does."""
    inside = path.relative_to(SRC).as_posix()
    assert inside in STANDARD_DATACLASSES or "dataclasses.dataclass" not in imports(path), f"{inside} imports dataclasses.dataclass"


def run(*arguments):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)


def test_importing_loadstone_loads_nothing_heavy():
    loaded = run("-c", "import loadstone, sys; print(*{name.partition('.')[0] for name in sys.modules})").stdout.split()
    assert not HEAVY & set(loaded)


def test_importing_loadstone_is_quick():
    """The best of three runs, by Python's own count of the import alone."""
    times = []
    for _ in range(3):
        report = run("-X", "importtime", "-c", "import numpy, loadstone").stderr
        times.append(int(re.search(r"\|\s*(\d+) \|\s+loadstone$", report, re.MULTILINE)[1]))
    assert min(times) < IMPORT_BUDGET


@pytest.mark.parametrize("name", ["keras-3.15.1/mlp.h5", "graphs/tensorflow-2.15/keras_convolution.zip"])
def test_a_first_prediction_imports_what_it_needs(name, tmp_path):
    """Beyond what numpy, h5py and onnxruntime import themselves."""
    script = """if True:
        import sys, numpy, h5py, onnxruntime
        before = set(sys.modules)
        import loadstone
        model = loadstone.load_model(sys.argv[1])
        model([numpy.zeros([d or 1 for d in spec.shape], spec.dtype) for spec in model.inputs])
        print(*sys.modules.keys() - before)
    """
    path = GOLDEN / name
    if path.suffix == ".zip":
        shutil.unpack_archive(path, tmp_path)
        path = next(tmp_path.rglob("saved_model.pb")).parent
    loaded = run("-c", script, str(path)).stdout.split()
    assert "loadstone.lowering.builder" in loaded
    assert not SELDOM & set(loaded)
