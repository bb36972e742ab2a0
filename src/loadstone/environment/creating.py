"""`create`: a plan as a folder with a Python of its own, and the proof that what it should have can be imported.

With uv where it is there and knows the Python, else venv (virtualenv for Python 2.7) and pip; with micromamba, mamba or conda where
the Python is not installed and one of them is. Exactly the lines of the plan are installed, with `--no-deps`: an installer never decides on anything.
Which index they come from is what the caller has configured.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from loadstone.environment.pythons import installed
from loadstone.environment.ranges import numbers, text
from loadstone.environment.releases import bootstrap
from loadstone.environment.requirements import Plan, requirements
from loadstone.errors import MissingDependency
from loadstone.ir.records import dataclass

CONDAS = ("micromamba", "mamba", "conda")
_OLDEST_OF_UV = (3, 8)
_TAIL = 1_500  # characters of an installer's complaint that an error repeats
_IMPORTS = """
import importlib, json, sys
found = {}
for name in sys.argv[1:]:
    module = importlib.import_module(name)
    found[name] = str(getattr(module, "__version__", ""))
print("\\n" + json.dumps(found))
"""

Say = Callable[[str], object]


@dataclass(frozen=True)
class Created:
    """An environment that was made. python: the file that starts it. versions: of what was imported there, by module."""

    folder: Path
    python: Path
    versions: Mapping[str, str]


def create(plan: Plan, folder: str | os.PathLike[str], say: Say = lambda line: None) -> Created:
    """Make the environment of a plan in a folder that is not there yet, or is empty.

    say is called with a line for each step. Raises FileExistsError, MissingDependency where the Python is not here, something cannot be
    installed, or cannot be imported then; what was made up to there is removed.
    """
    place = Path(folder).absolute()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise FileExistsError(f"an environment is made in a new folder, and this has something in it: {str(place)!r}")
    _possible(plan)
    try:
        python = _made(plan, place, say)
        (place / "requirements.txt").write_text(requirements(plan), encoding="utf8")
        say(f"importing {', '.join(modules(plan))}")
        versions = imported(plan, python)
    except BaseException:  # an interrupt too: half an environment would be taken for one
        shutil.rmtree(place, ignore_errors=True)  # what cannot be removed must not hide why there is something to remove
        raise
    return Created(place, python, versions)


def modules(plan: Plan) -> list[str]:
    """What has to be importable."""
    names = {"tensorflow": ["tensorflow"], "theano": ["theano"], "jax": ["jax"], "torch": ["torch"]}[plan.backend]
    library = {"keras": ["keras"], "tf_keras": ["tf_keras"]}.get(plan.library, [])
    return ["numpy", "h5py", *names, *library]


def imported(plan: Plan, python: Path) -> dict[str, str]:
    """Import what the plan is about, in its environment; the versions that the modules state. Raises MissingDependency."""
    done = run_python(plan, python, ["-c", _IMPORTS, *modules(plan)])
    if done.returncode:
        raise MissingDependency(
            f"what was installed cannot be imported: {_tail(done.stderr)}", hint="loadstone env MODEL --format dockerfile"
        )
    found: dict[str, str] = json.loads(done.stdout.strip().split("\n")[-1])
    wanted = {plan.release.name: text(plan.release.version)}
    for name, version in wanted.items():
        if name in found and numbers(found[name]) != numbers(version):
            raise MissingDependency(f"the environment has {name} {found[name]} and not {version}")
    return found


def run_python(plan: Plan, python: Path, arguments: Sequence[str], seconds: float | None = None) -> subprocess.CompletedProcess[str]:
    """Run the environment's Python, in an empty folder that is also its home, without the caller's settings of Python and Keras."""
    with tempfile.TemporaryDirectory() as folder:
        clean = {name: value for name, value in _clean().items() if not name.startswith(("KERAS_", "TF_", "THEANO_"))}
        own = {"HOME": folder, "USERPROFILE": folder, "KERAS_HOME": folder, "KERAS_BACKEND": plan.backend, "THEANORC": ""}
        own |= {
            "CUDA_VISIBLE_DEVICES": "-1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "PYTHONIOENCODING": "utf8",
            "THEANO_FLAGS": f"base_compiledir={folder}",
        }
        return subprocess.run(
            [str(python), "-s", *arguments],
            cwd=folder,
            env=clean | own,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )


def _possible(plan: Plan) -> None:
    """Raise MissingDependency where nothing here can make it."""
    from loadstone.environment.planning import this_platform

    if plan.platform != this_platform():
        raise MissingDependency(
            f"{plan.release} has no wheels for Python {plan.python} on {this_platform()}", hint="loadstone env MODEL --format dockerfile"
        )
    if plan.python not in installed() and not any(map(shutil.which, CONDAS)):
        here = ", ".join(sorted(installed(), key=lambda name: numbers(name) or ()))
        raise MissingDependency(
            f"Python {plan.python} is not installed here, and no conda either; there is {here}",
            hint=f"pyenv install {plan.python}, uv python install {plan.python}, or loadstone env MODEL --format dockerfile",
        )


def _made(plan: Plan, place: Path, say: Say) -> Path:
    """The environment with all that it has; the file of its Python."""
    source, number = installed().get(plan.python), numbers(plan.python) or ()
    uv = shutil.which("uv") if number >= _OLDEST_OF_UV else None
    tools = [f"{name}=={version}" for name, version in bootstrap(plan.python).items()]
    if source is None:
        conda = next(found for name in CONDAS if (found := shutil.which(name)) is not None)
        say(f"{Path(conda).name} creates {place} with Python {plan.python}")
        channels = ["--channel", "conda-forge", "--override-channels"]
        _run([conda, "create", "--yes", "--quiet", "--prefix", str(place), *channels, f"python={plan.python}", "pip"])
    elif uv is not None:
        say(f"uv creates {place} with {source}")
        _run([uv, "venv", "--quiet", "--python", source, str(place)])
    elif number < (3,):
        say(f"virtualenv creates {place} with {source}")
        _virtualenv(source, place)
    else:
        say(f"venv creates {place} with {source}")
        _run([source, "-m", "venv", str(place)])
    python = _python_of(place)
    if source is not None and uv is not None:
        install = [uv, "pip", "install", "--quiet", "--python", str(python), "--no-deps"]
    else:
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    say(f"installing {len(plan.lines)} distributions: {', '.join(plan.lines)}")
    _install(install, tools, [])
    _install(install, plan.lines, ["--no-build-isolation"])
    return python


def _install(command: list[str], lines: list[str], options: list[str]) -> None:
    """Install exactly these lines."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "requirements.txt"
        listed.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
        _run([*command, *options, "-r", str(listed)])


def _virtualenv(source: str, place: Path) -> None:
    """An environment for a Python before venv: by a virtualenv of the table, which is not kept."""
    with tempfile.TemporaryDirectory() as folder:
        _run([sys.executable, "-m", "venv", folder])
        python = str(_python_of(Path(folder)))
        lines = [f"{name}=={version}" for name, version in bootstrap("virtualenv").items()]
        _install([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"], lines, [])
        _run([python, "-m", "virtualenv", "--quiet", "--no-download", "--python", source, str(place)])


def _python_of(place: Path) -> Path:
    """The file that starts an environment's Python, by how venv and conda lay it out."""
    for inside in ("bin/python", "Scripts/python.exe", "python.exe"):
        if (place / inside).exists():
            return place / inside
    raise MissingDependency(f"there is no Python in {str(place)!r} although it was made without a complaint")


def _run(command: list[str]) -> None:
    """Run an installer. Raises MissingDependency with what it said."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=_clean(), check=False)
    if done.returncode:
        raise MissingDependency(f"{Path(command[0]).name} could not do its part: {_tail(done.stderr or done.stdout)}")


def _clean() -> dict[str, str]:
    """The environment variables of this process without those that point Python at something of its own."""
    drop = (
        "PYTHONPATH",
        "PYTHONHOME",
        "PYTHONSTARTUP",
        "VIRTUAL_ENV",
        "PIP_TARGET",
        "PIP_PREFIX",
        "PIP_USER",
        "PIP_REQUIREMENT",
        "CONDA_PREFIX",
    )
    return {name: value for name, value in os.environ.items() if name not in drop} | {"PYTHONNOUSERSITE": "1"}


def _tail(said: str) -> str:
    return said.strip()[-_TAIL:]
