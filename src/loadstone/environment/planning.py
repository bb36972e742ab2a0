"""`plan`: which environment to make for a model, out of what is known of who saved it, its record, and the Pythons that are here.

Of several releases that fit it takes the newest of those that were out when the file was saved; of several Pythons one that fits what the file
says, then one that is installed, then the one that the release's versions were tried with. Names and versions come from the release table alone:
those of a record count where the table has them too, and all others are listed as `Named`.
"""

from __future__ import annotations

import platform as platform_
from collections.abc import Collection, Iterable, Mapping, Sequence

from loadstone.environment.pins import requirement
from loadstone.environment.present import normalized
from loadstone.environment.provenance import Provenance
from loadstone.environment.ranges import UNKNOWN, Range, Version, numbers, text
from loadstone.environment.record import Record
from loadstone.environment.releases import Release, installable, keras_of, release, releases
from loadstone.environment.requirements import Named, Plan
from loadstone.errors import LoadstoneError, MissingDependency
from loadstone.ir.records import replace

FRAMEWORKS = {"tensorflow": "tensorflow", "tensorflow-cpu": "tensorflow", "keras": "keras", "tf-keras": "tf_keras"}
KERAS_3 = (3,)
# The distribution that a library is: Keras 3 lies beside tf_keras, and standalone Keras may beside tf.keras, which TensorFlow tells.
_OF_KERAS: dict[str | None, tuple[str, ...]] = {"keras": ("keras",), "tf.keras": (), "tf_keras": ("tf-keras",)}
_TOOLS = ("pip", "setuptools", "wheel", "loadstone")
_LINUX_ONLY = ("tensorflow-io-gcs-filesystem", "triton")  # and all of NVIDIA's
_MACHINES = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "arm64", "aarch64": "aarch64"}
_SYSTEMS = {"linux": "linux", "darwin": "macos", "windows": "windows"}


def plan(
    who: Provenance,
    record: Record | None = None,
    *,
    asked: str | None = None,
    python: str | None = None,
    installed: Collection[str] = (),
    platform: str | None = None,
    named: Iterable[Named] = (),
    allow: Sequence[str] = (),
) -> Plan:
    """The environment to make.

    asked: "keras==2.2.4", where the caller knows it. python: one that the caller wants. installed: those that are here. platform: None for
    this one. named: what the model needs besides. allow: NAME==VERSION each, of what is named and not in the table.
    Raises LoadstoneError where nothing says which release it was, MissingDependency where the table has no environment of that kind,
    ValueError for an `allow` or `asked` that is no such.
    """
    notes: list[str] = []
    who = _with_record(who, record, notes)
    rows = [_asked(asked)] if asked else _candidates(who, notes)
    backend = who.backend if who.backend in rows[0].backends else rows[0].backends[0]
    chosen, lock_python = _chosen(rows, backend, who.python, python, installed, notes)
    beside = None if chosen.name == "tensorflow" else _beside(chosen, who, lock_python, notes)
    pins = dict(chosen.lock(lock_python, backend, beside) or {})
    tensorflow = (beside or release("tensorflow", chosen.tensorflow or ())) if backend == "tensorflow" else None
    where = platform or this_platform()
    if tensorflow is not None and lock_python not in tensorflow.wheels.get(where, ()):
        notes.append(f"There are no wheels of {tensorflow} for Python {lock_python} on {where}: this is for linux-x86_64.")
        where = "linux-x86_64"
    if where != "linux-x86_64":
        pins = _elsewhere(pins, tensorflow, where)
    if "tensorflow-cpu" in pins:
        notes.append("tensorflow-cpu is that release of TensorFlow without the libraries for GPUs.")
    more = [*_recorded(record, pins, lock_python), *named]
    more = list({one.name: one for one in reversed(more) if one.name not in pins or one.version not in ("", pins[one.name])}.values())[::-1]
    refused = record.other if record is not None else ()
    return Plan(
        chosen, lock_python, pins, where, backend, _library(chosen, who), tuple(notes), tuple(more), refused, _allowed(allow, more, pins)
    )


def this_platform() -> str:
    """ "linux-x86_64", "macos-arm64", "windows-x86_64" and so on; a machine that no release knows keeps its own name."""
    system, machine = platform_.system().lower(), platform_.machine().lower()
    return f"{_SYSTEMS.get(system, system)}-{_MACHINES.get(machine, machine)}"


def allowed(line: str) -> tuple[str, str]:
    """The name and version of an `--allow`: NAME==VERSION and nothing else. Raises ValueError with the reason."""
    if line != line.strip() or not line.isascii():
        raise ValueError("it is not NAME==VERSION")
    read = requirement(line)
    if read.pin is None or read.extras or "+" in read.pin or "!" in read.pin or "===" in line:
        raise ValueError("it is not NAME==VERSION")
    return read.name, read.pin


def _allowed(allow: Sequence[str], named: Sequence[Named], pins: dict[str, str]) -> dict[str, str]:
    """What was allowed, by name; each is something that the file names."""
    found: dict[str, str] = {}
    for line in allow:
        try:
            name, version = allowed(line)
        except ValueError as error:
            raise ValueError(f"{line!r} cannot be allowed: {error}") from None
        if pins.get(name) == version:
            continue
        if not any(one.name == name and one.version in ("", version) for one in named):
            listed = ", ".join(map(str, named)) or "nothing"
            raise ValueError(f"{line!r} cannot be allowed: the file names {listed} besides what the release table has")
        found[name] = version
    return found


def _asked(line: str) -> Release:
    """The release that the caller names: "tensorflow==2.3.4"."""
    name, version = allowed(line)
    row = release(FRAMEWORKS[name], numbers(version) or ()) if name in FRAMEWORKS else None
    if row is None or text(row.version) != version:
        raise ValueError(f"the release table has no {line!r}; it has {', '.join(sorted(set(FRAMEWORKS.values())))} by their full versions")
    return row


def _with_record(who: Provenance, record: Record | None, notes: list[str]) -> Provenance:
    """What the file says, with what its record says where the two agree."""
    if record is None:
        return who
    framework = record.framework
    python = numbers(record.python) if record.python else None
    library = who.library or (framework.library if framework is not None else None)
    return replace(
        who,
        library=library,
        keras=_narrowed(who.keras, _keras_in(record, library), notes),
        tensorflow=_narrowed(who.tensorflow, _versions(record, ("tensorflow", "tensorflow-cpu")), notes),
        python=Range(python[:2], python[:2]) if python and who.python.contains(python) else who.python,
        backend=who.backend or (framework.backend if framework is not None else None),
    )


def _candidates(who: Provenance, notes: list[str]) -> list[Release]:
    """The releases that fit, the best first."""
    library, keras, tensorflow = who.library, who.keras, who.tensorflow
    if library == "tensorflow.js":
        raise MissingDependency("TensorFlow.js wrote the file, which needs no Python", hint="loadstone convert makes a .keras file of it")
    if not keras.known and not tensorflow.known:
        raise LoadstoneError(
            "nothing says which release saved the model", hint="name one: --release tensorflow==2.3.4, --release keras==2.2.4"
        )
    if library == "tf_keras":
        found = [row for row in releases("tf_keras") if keras.contains(row.version)]
    elif library in ("keras", "loadstone") or (library is None and keras.known and not tensorflow.known):
        found = [row for row in releases("keras") if keras.contains(row.version)]
    else:
        fits = [(row, keras_of(row.version) or ()) for row in releases("tensorflow") if tensorflow.contains(row.version)]
        found = [row for row, inner in fits if (keras.contains(inner) if inner and inner < KERAS_3 else library != "tf.keras")]
    found = [row for row in reversed(found) if row.backends]
    if not found:
        wanted = f"{library or 'a framework'} (Keras {keras}, TensorFlow {tensorflow})"
        raise MissingDependency(f"the release table has no {wanted}", hint="name one: --release tensorflow==2.3.4")
    day = (who.date or "")[:10]
    then = [row for row in found if day and row.date <= day]
    if len(found) > 1:
        best = (then or found)[0]
        notes.append(f"Releases from {text(found[-1].version)} to {text(found[0].version)} fit what the file says; {best} is taken.")
    return [*then, *(row for row in found if row not in then)]


def _keras_in(record: Record, library: str | None) -> dict[str, str]:
    """The version of a library that a record states: of its framework, else of the distribution."""
    framework = record.framework
    if framework is not None and framework.library == library and framework.version:
        return {library: framework.version}
    return _versions(record, _OF_KERAS.get(library, ("keras", "tf-keras")))


def _versions(record: Record, names: Sequence[str]) -> dict[str, str]:
    return {name: record.everything[name] for name in names if name in record.everything}


def _narrowed(known: Range, said: Mapping[str, str], notes: list[str]) -> Range:
    """The range, or the version of the record where it does not contradict that."""
    for name, stated in said.items():
        version = numbers(stated)
        if version is None:
            continue
        if known.contains(version):
            return Range(version, version)
        notes.append(f"The record names {name} {stated}, but the file itself says {known}.")
    return known


def _chosen(
    rows: list[Release], backend: str, fits: Range, asked: str | None, installed: Collection[str], notes: list[str]
) -> tuple[Release, str]:
    """The release and its Python."""
    rows = [row for row in rows if row.locked(backend)] or rows[:1]
    choices = [(row, _pythons(row, backend, fits, asked, notes if row is rows[0] else [])) for row in rows]
    choices = [(row, pythons) for row, pythons in choices if pythons]
    if not choices:
        have = ", ".join(rows[0].locked(backend))
        raise MissingDependency(f"{rows[0]} has no environment for Python {asked}", hint=f"it has one for Python {have}")
    row, pythons = next(((row, found) for row, found in choices if set(found) & set(installed)), choices[0])
    if row is not choices[0][0] and row.version[:2] != choices[0][0].version[:2]:
        notes.append(f"{row} is taken because a Python for it is installed.")
    here = [python for python in pythons if python in installed] or pythons
    return row, row.python if row.python in here else here[-1]


def _pythons(row: Release, backend: str, fits: Range, asked: str | None, notes: list[str]) -> list[str]:
    """The Pythons that a release can have, oldest first: those that the file says, where the table has one of them."""
    have = list(row.locked(backend))
    if asked is not None:
        return [python for python in have if python == asked]
    said = [python for python in have if fits.contains(_number(python))] if fits.known else have
    if not said and have:
        notes.append(f"The file says Python {fits}, and the table has {row} for Python {', '.join(have)}.")
    return said or have


def _number(python: str) -> Version:
    major, _, minor = python.partition(".")
    return int(major), int(minor)


def _beside(row: Release, who: Provenance, python: str, notes: list[str]) -> Release | None:
    """Another TensorFlow beside Keras than the row's own: the newest that the file says; None where the row's own is one of those, or none is."""
    own = row.tensorflow
    if own is None or not who.tensorflow.known or who.tensorflow.contains(own):
        return None
    fits = [other for other in releases("tensorflow") if who.tensorflow.contains(other.version) and python in other.locked()]
    if not fits:
        notes.append(f"The file says TensorFlow {who.tensorflow}, which the table does not have for Python {python}.")
        return None
    return fits[-1]


def _library(row: Release, who: Provenance) -> str:
    """Which library loads the model there: "keras", "tf.keras", "tf_keras" or "tensorflow"."""
    if row.name != "tensorflow":
        return row.name
    return "tf.keras" if who.library in ("tf.keras", "keras", "loadstone") or who.keras != UNKNOWN else "tensorflow"


def _elsewhere(pins: dict[str, str], tensorflow: Release | None, platform: str) -> dict[str, str]:
    """The pins for another platform than Linux x86-64, where the wheels have other names."""
    linux = platform.startswith("linux")
    found = {n: v for n, v in pins.items() if linux or (n not in _LINUX_ONLY and not n.startswith("nvidia-"))}
    if tensorflow is None:
        return found
    found.pop("tensorflow-cpu", None)
    found["tensorflow"] = text(tensorflow.version)
    if platform in tensorflow.through:
        found[tensorflow.through[platform]] = text(tensorflow.version)
    return dict(sorted(found.items()))


def _recorded(record: Record | None, pins: dict[str, str], python: str) -> list[Named]:
    """What a record has: a version that the table has too takes its place in `pins`, all else is named."""
    if record is None:
        return []
    known = installable() if (numbers(record.python) or ())[:2] == _number(python) else frozenset()
    why = f"the record says so ({record.by})"
    found = []
    for name, version in record.everything.items():
        name = normalized(name)
        if name in FRAMEWORKS or name in _TOOLS or pins.get(name) == version:
            continue
        if name in pins and (name, version) in known:
            pins[name] = version
        else:
            found.append(Named(name, version, why))
    return found
