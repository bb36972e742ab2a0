"""The environment files of an MLflow model: `MLmodel`, `python_env.yaml`, `conda.yaml` and `requirements.txt` as a `Record`.

https://mlflow.org/docs/latest/ml/model/#storage-format. YAML is read as plain data. A line of a requirements file is NAME==VERSION, or is
`Record.other`: listed with its reason and never acted on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from loadstone.containers import yaml
from loadstone.containers.source import Source
from loadstone.environment.pins import is_version, requirement
from loadstone.environment.ranges import numbers
from loadstone.environment.record import Framework, Record
from loadstone.errors import CorruptFile, LoadstoneError, one_line

MODEL = "MLmodel"
MAX = 1 << 20  # bytes of each file
MAX_LINES = 10_000
_ABOVE = 4  # folders between a model's file and its `MLmodel`: data/model/data/model.keras
_CONDA = re.compile(r"([A-Za-z0-9._-]+)\s*(={1,2})\s*([^\s=]+)(=[^\s=]+)?", re.ASCII)  # NAME=VERSION=BUILD


def folder_of(path: str) -> str | None:
    """The MLflow model that a path is or lies in."""
    folder = os.path.abspath(path)
    for _ in range(_ABOVE):
        if os.path.isfile(os.path.join(folder, MODEL)):
            return folder
        folder = os.path.dirname(folder)
    return None


def read(folder: str) -> Record:
    """What the environment files of an MLflow model say. Raises CorruptFile, UnsafeContent for files that are not what they should be."""
    model = _yaml(folder, MODEL)
    flavors = _dict(model, "flavors", MODEL)
    packages: dict[str, str] = {}
    other: list[str] = []
    for line in _lines(folder):
        try:
            wanted = requirement(line)
        except ValueError as error:
            other.append(f"{one_line(line)[:200]}: {error}")
            continue
        if wanted.pin is None or packages.setdefault(wanted.name, wanted.pin) != wanted.pin:
            other.append(f"{wanted}: it is not one version")
    listed = packages.pop("python", "")
    python = _python(flavors, _dict_of(_yaml(folder, "python_env.yaml"))) or listed
    return Record("mlflow", python, framework=_framework(flavors), packages=packages, other=tuple(dict.fromkeys(other)))


def _python(flavors: Mapping[str, Any], environment: Mapping[str, Any]) -> str:
    """The version of Python; a number in YAML is none, for 3.10 would be 3.1."""
    said = (_dict(flavors, "python_function", MODEL).get("python_version"), environment.get("python"))
    return next((text for text in said if isinstance(text, str) and is_version(text)), "")


def _framework(flavors: Mapping[str, Any]) -> Framework | None:
    """What the flavor of the framework says: `keras_version`, and which Keras it was."""
    flavor = _dict(flavors, "keras", MODEL) or _dict(flavors, "tensorflow", MODEL)
    version = flavor.get("keras_version", "")
    if not isinstance(version, str) or not is_version(version):
        return None
    of_tensorflow = "keras" not in flavors or str(flavor.get("keras_module", "")).startswith("tensorflow")
    backend = flavor.get("backend", flavor.get("keras_backend", ""))
    library = "tf.keras" if of_tensorflow and (numbers(version) or ()) < (3,) else "keras"
    return Framework(library, version, backend if backend in ("tensorflow", "jax", "torch", "theano", "cntk") else "")


def _lines(folder: str) -> Iterator[str]:
    """The requirements of both files: MLflow writes the same into requirements.txt and conda.yaml."""
    yield from _of_text(_text(folder, "requirements.txt") or "")
    listed = _dict_of(_yaml(folder, "conda.yaml")).get("dependencies", [])
    if not isinstance(listed, list) or len(listed) > MAX_LINES:
        raise CorruptFile("'dependencies' should be a list", where="conda.yaml")
    for item in listed:
        if isinstance(item, str):
            yield _of_conda(item.strip())
        elif isinstance(item, dict) and isinstance(item.get("pip"), list) and set(item) == {"pip"}:
            yield from (str(line) for line in item["pip"][:MAX_LINES])
        else:
            raise CorruptFile("a dependency should be a text, or a list of texts under 'pip'", where="conda.yaml")


def _of_conda(item: str) -> str:
    """A line of conda as one of pip: `numpy=1.26` is any 1.26, with a build or two signs it is that version."""
    pin = _CONDA.fullmatch(item)
    if pin is None:
        return item
    name, sign, version, build = pin.groups()
    exact = sign == "==" or build or version.count(".") > 1 or name == "python" or version.endswith("*")
    return f"{name}=={version}" if exact else f"{name}=={version}.*"


def _of_text(text: str) -> Iterator[str]:
    """The lines of a requirements file without comments; a line that goes on behind a backslash is one."""
    for count, line in enumerate(re.sub(r"\\\r?\n", " ", text).splitlines()):
        if count > MAX_LINES:
            raise CorruptFile(f"more than {MAX_LINES} lines", where="requirements.txt")
        stripped = re.sub(r"(^|\s)#.*$", "", line).strip()
        stripped = re.sub(r"(\s--hash=\w+:[0-9a-f]+)+$", "", stripped)
        if stripped:
            yield stripped


def _text(folder: str, name: str) -> str | None:
    place = os.path.join(folder, name)
    if not os.path.isfile(place):
        return None
    if os.path.getsize(place) > MAX:
        raise CorruptFile(f"{name} has more than {MAX} bytes", source=place)
    with open(place, "rb") as file:
        return file.read(MAX).decode("utf-8-sig", "replace")


def _yaml(folder: str, name: str) -> Any:
    place = os.path.join(folder, name)
    if not os.path.isfile(place):
        return {}
    if os.path.getsize(place) > MAX:
        raise CorruptFile(f"{name} has more than {MAX} bytes", source=place)
    try:
        return yaml.read(Source.open(place))
    except LoadstoneError as error:
        raise error.at(source=place) from None


def _dict(found: Any, name: str, where: str) -> dict[str, Any]:
    inner = _dict_of(found).get(name, {})
    if not isinstance(inner, dict):
        raise CorruptFile(f"{name!r} should be a mapping", where=where)
    return inner


def _dict_of(found: Any) -> dict[str, Any]:
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise CorruptFile("an environment file of MLflow should be a mapping")
    return found
