"""`Record`: the environment in which a model was saved, as JSON inside of its file or beside it (`MODEL.loadstone.json`).

By default Python, platform, framework, the packages that model files depend on and the names of the custom objects; `Full` is what
`full=True` adds. Never user names, paths, host names or environment variables. There is no date in it: the same model saved twice in
the same environment gives the same bytes.

What is read is data of a stranger: sizes are limited, names and versions are what PEP 503 and PEP 440 allow and nothing more, and anything
else is CorruptFile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from loadstone.environment.reading import Reader
from loadstone.errors import CorruptFile, UnsupportedVersion
from loadstone.ir.records import dataclass, field

SUFFIX = ".loadstone.json"
TRAINING = "RecordEnvironment"  # who wrote those of the callback
MAX = 16 << 20  # bytes of one that is read
_KIND, _VERSION = "loadstone environment record", 1


@dataclass(frozen=True)
class Framework:
    """What the model was alive in: library "keras" (Keras 3, or standalone), "tf.keras", "tf_keras"; backend "tensorflow", "jax", "torch"."""

    library: str
    version: str = ""
    backend: str = ""
    backend_version: str = ""


@dataclass(frozen=True)
class Source:
    """What custom objects need of one module of the user's.

    module: its name. objects: names in the model's file of those that it defines. text: the definitions, "" where they cannot be had, and
    `why` says so. redacted: how many places of the text were replaced, because they held a path, a user name or the like.
    """

    module: str
    objects: tuple[str, ...] = ()
    text: str = ""
    why: str = ""
    redacted: int = 0


@dataclass(frozen=True)
class Full:
    """What `full=True` adds.

    distributions: all, version by normalized name. local: names of those that came from a path or a URL. needs: those of an index that the
    custom objects import. cpu: "model", "count", "features". gpus: models. cuda: "driver", "toolkit". commit: of the
    repository that the custom objects, or else the working folder, lie in.
    """

    distributions: Mapping[str, str] = field(default_factory=dict)
    local: tuple[str, ...] = ()
    cpu: Mapping[str, str] = field(default_factory=dict)
    gpus: tuple[str, ...] = ()
    cuda: Mapping[str, str] = field(default_factory=dict)
    commit: str = ""
    needs: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Record:
    """The environment of a model.

    by: who wrote the record: "save_model", "RecordEnvironment", "record" (the command, after the fact: it says where the file was, not who
    saved it) or "mlflow" (read from an MLflow folder). packages: version by normalized name. local: names of those that came from a path
    or URL. objects: names of the custom objects that a reader of the file has to supply. origin: of a model that loadstone had loaded from a
    file: "format", "library", "version", "backend" of that. other: what is asked for and is no version of a distribution (options, URLs, paths,
    ranges), each with its reason, for people to see: nothing acts on it.
    """

    by: str
    python: str = ""
    implementation: str = ""
    platform: Mapping[str, str] = field(default_factory=dict)
    framework: Framework | None = None
    packages: Mapping[str, str] = field(default_factory=dict)
    local: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    origin: Mapping[str, str] = field(default_factory=dict)
    loadstone: str = ""
    other: tuple[str, ...] = ()
    full: Full | None = None

    @property
    def everything(self) -> Mapping[str, str]:
        """All versions that are known, by normalized name."""
        return {**self.packages, **(self.full.distributions if self.full else {})}

    def to_dict(self) -> dict[str, Any]:
        """Plain data, in an order of its own; what is empty is left out."""
        plain: dict[str, Any] = _plain(self)
        return {"kind": _KIND, "version": _VERSION} | plain

    def to_json(self) -> str:
        """The text that is kept: the same for the same record."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=True) + "\n"


def _plain(value: Any) -> Any:
    """Records as dicts without what is empty, tuples as lists."""
    if hasattr(value, "__record__"):
        items = {name: getattr(value, name) for name in value.__record__}
        return {name: _plain(item) for name, item in items.items() if item not in ("", None, (), {}, 0)}
    if isinstance(value, Mapping):
        return {name: _plain(value[name]) for name in sorted(value)}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def parse(data: bytes, name: str = "the environment record") -> Record:
    """The record in JSON. name: for messages. Raises CorruptFile, UnsupportedVersion; fields that are not known are passed over."""
    if len(data) > MAX:
        raise CorruptFile(f"{name} has {len(data)} bytes, at most {MAX} are read")
    try:
        found = json.loads(data, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise CorruptFile(f"{name} is not JSON: {error}", where=name) from error
    if not isinstance(found, dict) or found.get("kind") != _KIND:
        raise CorruptFile(f'{name} should be an object whose "kind" is "{_KIND}"', where=name)
    if type(found.get("version")) is not int:
        raise CorruptFile(f"{name} has no version", where=name)
    if found["version"] != _VERSION:
        raise UnsupportedVersion(f"{name} is of version {found['version']}; read is version {_VERSION}", hint="a later loadstone wrote it")
    top = Reader(found, name)
    framework, full = top.inner("framework"), top.inner("full")
    return Record(
        by=top.line("by"),
        python=top.version("python"),
        implementation=top.line("implementation"),
        platform=top.words("platform"),
        framework=None if framework is None else _framework(framework),
        packages=top.versions("packages"),
        local=top.names("local"),
        objects=top.lines("objects"),
        origin=top.words("origin"),
        loadstone=top.version("loadstone"),
        other=top.lines("other"),
        full=None if full is None else _full(full),
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _framework(part: Reader) -> Framework:
    return Framework(part.line("library"), part.version("version"), part.line("backend"), part.version("backend_version"))


def _full(part: Reader) -> Full:
    return Full(
        distributions=part.versions("distributions"),
        local=part.names("local"),
        cpu=part.words("cpu"),
        gpus=part.lines("gpus"),
        cuda=part.words("cuda"),
        commit=part.commit("commit"),
        needs=part.versions("needs"),
        sources=tuple(
            Source(one.line("module"), one.lines("objects"), one.text("text"), one.line("why"), one.count("redacted"))
            for one in part.each("sources")
        ),
    )
