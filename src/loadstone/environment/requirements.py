"""`Plan`: the environment that a model was saved in, as one Python, exact versions and a platform; and its text for pip, conda and Docker.

All of it is out of the release table, so a plan is complete: it is installed without looking at what else the distributions ask for.
`planning` makes plans.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from loadstone.environment.pins import is_name, is_version
from loadstone.environment.releases import Release, bootstrap
from loadstone.errors import one_line
from loadstone.ir.records import dataclass, field

DOCKER_PLATFORM = {"linux-x86_64": "linux/amd64", "linux-aarch64": "linux/arm64"}
_WITH_COMPILERS = ("2.7", "3.5", "3.6", "3.7")  # Pythons for which some distributions have a source archive only


@dataclass(frozen=True)
class Named:
    """What the model itself or its record names and the release table does not have. version "" where none is named."""

    name: str
    version: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.name}=={self.version}" if self.version else self.name


@dataclass(frozen=True)
class Plan:
    """An environment to make.

    release: whose lock it is. python: "3.8". pins: every distribution with its exact version. platform: "linux-x86_64", one that the release
    has wheels for. notes: sentences on what is known and what was chosen. named: what the file names besides, which is not in `pins`
    unless it was allowed. refused: lines of the record that are no version of a distribution, for people to see.
    """

    release: Release
    python: str
    pins: Mapping[str, str]
    platform: str
    backend: str
    library: str
    notes: tuple[str, ...] = ()
    named: tuple[Named, ...] = ()
    refused: tuple[str, ...] = ()
    allowed: Mapping[str, str] = field(default_factory=dict)

    @property
    def all_pins(self) -> dict[str, str]:
        """What is installed: the table's, and what was allowed by name."""
        return {**self.pins, **self.allowed}

    @property
    def lines(self) -> list[str]:
        """NAME==VERSION of all that is installed, by name; each is checked once more for being that and nothing else."""
        found = []
        for name, version in sorted(self.all_pins.items()):
            assert is_name(name) and is_version(version), (name, version)
            found.append(f"{name}=={version}")
        return found


def requirements(plan: Plan) -> str:
    """requirements.txt, to be installed with `pip install --no-deps -r requirements.txt`."""
    tools = " ".join(f"{name}=={version}" for name, version in bootstrap(plan.python).items())
    head = [
        *_about(plan),
        f"Python {plan.python} on {plan.platform}, after: pip install {tools}",
        "pip install --no-deps --no-build-isolation -r requirements.txt",
    ]
    return "\n".join([*_comments(head), *plan.lines]) + "\n"


def conda(plan: Plan, name: str = "saved-model") -> str:
    """environment.yml for conda, mamba and micromamba: Python and pip from conda-forge, the rest from PyPI.

    name: of the environment; signs other than letters, digits, `-` and `_` become `-`.
    """
    safe = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_") else "-" for sign in name)[:60] or "saved-model"
    tools = bootstrap(plan.python)
    lines = [*_comments(_about(plan)), f"name: {safe}", "channels:", "  - conda-forge", "dependencies:", f"  - python={plan.python}"]
    lines += [f"  - {tool}={version}" for tool, version in tools.items()]
    lines += ["  - pip:", *(f"      - {line}" for line in plan.lines)]
    return "\n".join(lines) + "\n"


def dockerfile(plan: Plan) -> str:
    """A Dockerfile on the official Python images, for the platform that has wheels. The model is not copied into it."""
    image = f"python:{plan.python}" + ("" if plan.python in _WITH_COMPILERS else "-slim")
    platform = DOCKER_PLATFORM.get(plan.platform, "linux/amd64")
    tools = " ".join(f"{name}=={version}" for name, version in bootstrap(plan.python).items())
    install = " \\\n    ".join(["RUN pip install --no-cache-dir --no-deps --no-build-isolation", *plan.lines])
    lines = [*_comments(_about(plan)), f"FROM --platform={platform} {image}", f"RUN pip install --no-cache-dir {tools}", install]
    if plan.backend != "tensorflow" or plan.library == "keras":
        lines.append(f"ENV KERAS_BACKEND={plan.backend}")
    return "\n".join([*lines, "WORKDIR /work", 'CMD ["python"]']) + "\n"


def _about(plan: Plan) -> list[str]:
    """What the plan is, and what it leaves out, in sentences; names from a file are on one line each."""
    found = [f"The environment of {plan.release}; versions: {plan.release.source}.", *plan.notes]
    if left := [named for named in plan.named if named.name not in plan.allowed]:
        found.append("The file names these too; nothing installs them unless --allow NAME==VERSION says so:")
        found += [f"  {named}" + (f" ({named.why})" if named.why else "") for named in left]
    if plan.refused:
        found.append("The record has lines that are no NAME==VERSION, and nothing reads them:")
        found += [f"  {line}" for line in plan.refused]
    return found


def _comments(sentences: list[str]) -> list[str]:
    """Lines of comments; nothing in them can begin a line of its own."""
    found = []
    for sentence in sentences:
        plain, indent = one_line(sentence), len(sentence) - len(sentence.lstrip(" "))
        wrapped = textwrap.wrap(plain, 130, initial_indent="# ", subsequent_indent="# " + " " * indent) or ["#"]
        found += [line.replace("\\u2028", " ") for line in wrapped]
    return found
