"""Environment records of models: kept inside what `save_model` writes, written beside a file, and made for files that training writes.

What a record is and what it never holds: `environment.record`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from loadstone import formats
from loadstone.custom import CustomObjects, Missing
from loadstone.environment.framework import framework_of
from loadstone.environment.kept import write_beside
from loadstone.environment.making import record_here
from loadstone.environment.record import TRAINING, Framework, Record
from loadstone.errors import LoadstoneError, UnrecognizedFormat
from loadstone.formats.attached import KINDS, RECORD, attach
from loadstone.ir import Producer
from loadstone.model.strangers import needs_of

if TYPE_CHECKING:
    from loadstone.live.saving import LiveModel
    from loadstone.model.model import Model

FULL = "full"


def check(record: object) -> None:
    """Raise ValueError for what `record=` cannot be."""
    if record not in (True, False, FULL) or not isinstance(record, (bool, str)):
        raise ValueError(f"record={record!r}; it is True, False or {FULL!r}")


def keep(model: Model, made: str, kind: str, needs: tuple[Missing, ...], record: bool | str, framework: Framework | None = None) -> None:
    """Put the record of this process into a file that was just written of a loaded model; other kinds than whole models have no place.

    framework: that of the living model that the loaded one was made of. A SavedModel that was written back as it was has kept the record
    that it had, which says who made its graph; only a full one takes its place.
    """
    if record is True and kind == "saved_model" and os.path.isfile(os.path.join(made, RECORD.extra)):
        return
    if kind in KINDS and record:
        given = _wanted(getattr(model._compilation.host, "objects", {}), _names(needs))
        origin = {} if framework is not None else _origin(model._description.producer, model._description.format)
        _attach(made, kind, record_here("save_model", framework, _names(needs), origin, record == FULL, given))


def keep_live(live: LiveModel, made: str, kind: str, needs: tuple[Missing, ...], record: bool | str) -> None:
    """The same for a file of a living model."""
    if kind in KINDS and record:
        given = live.objects() if record == FULL else {}
        _attach(made, kind, record_here("save_model", framework_of(live.model), _names(needs), None, record == FULL, given))


def write(filepath: str, custom_objects: Mapping[str, Any] | None = None, full: bool = False) -> str:
    """Write the record of this process beside a model; the name of the new file.

    custom_objects: those of the model, whose sources a full record has. Raises FileNotFoundError, a LoadstoneError for what is no model,
    FileExistsError where there is a record.
    """
    custom = CustomObjects(alone=True)
    try:
        read = formats.read_file(os.fspath(formats.located(filepath)), custom)  # type: ignore[arg-type]
    except UnrecognizedFormat:
        if not filepath.lower().endswith(".onnx"):  # which needs nothing, and which we write and do not read
            raise
        return write_beside(filepath, record_here("record", None, (), {"format": "onnx"}, full))
    needs = _names(needs_of(custom.missing, read))
    return write_beside(
        filepath, record_here("record", None, needs, _origin(read.producer, read.format), full, _wanted(custom_objects or {}, needs))
    )


def of_training(model: Any, objects: Iterable[str], full: bool = False) -> Record:
    """The record for a file that training has just saved a living model as. objects: those that the file needs (`objects_of`)."""
    from loadstone.live.saving import LiveModel

    given = LiveModel(model).objects() if full else {}
    return record_here(TRAINING, framework_of(model), objects, None, full, given)


def objects_of(filepath: str) -> tuple[str, ...]:
    """Names of the objects that a stranger to a file has to supply; none of one that holds no model, as weights do."""
    custom = CustomObjects(alone=True)
    try:
        read = formats.read_file(filepath, custom)
    except (LoadstoneError, OSError):  # weights alone; and training goes on where a file cannot be read back
        return tuple(_names(custom.missing))
    return tuple(_names(needs_of(custom.missing, read)))


def _attach(made: str, kind: str, record: Record) -> None:
    attach(made, record.to_json().encode(), kind, RECORD)


def _wanted(given: Mapping[str, Any], needs: Iterable[str]) -> dict[str, Any]:
    """Those of the objects that a file needs; a process may have registered others."""
    names = {name.rpartition(">")[2] for name in needs}
    return {name: value for name, value in given.items() if name.rpartition(">")[2] in names}


def _names(needs: tuple[Missing, ...]) -> list[str]:
    return [missing.name for missing in needs]


def _origin(producer: Producer, format: str) -> dict[str, str]:
    """Who saved the file that a model was loaded from; never its name or place."""
    said = {"format": format, "library": producer.library, "version": producer.version, "backend": producer.backend}
    return {name: value for name, value in said.items() if value}
