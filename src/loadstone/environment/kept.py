"""Where a record is found, and where one is written that is not inside of the model's file.

Inside of a file or a SavedModel (`formats.attached`), beside it as `MODEL.loadstone.json`, or as the environment files of the MLflow folder
that it lies in. What was written together with the model goes before what came later.
"""

from __future__ import annotations

import os

from loadstone import formats
from loadstone.containers import tensor_bundle
from loadstone.containers.source import Filepath, Source
from loadstone.environment import mlflow
from loadstone.environment.record import MAX, SUFFIX, TRAINING, Record, parse
from loadstone.errors import LoadstoneError
from loadstone.formats.attached import RECORD, found


def record_of(filepath: Filepath) -> Record | None:
    """The environment record of a model; None where there is none.

    Raises FileNotFoundError where there is no model, CorruptFile or UnsupportedVersion for a record that is not what it should be.
    """
    name = os.fsdecode(filepath) if isinstance(filepath, (str, os.PathLike)) else None
    prefix = None if name is None else tensor_bundle.prefix_of(name)
    if name is None or os.path.exists(name) or not os.path.exists(name + tensor_bundle.INDEX):  # the name of a checkpoint is no file
        try:
            inside = _inside(filepath)
        except LoadstoneError as error:
            raise error.at(source=name) from None
        if inside is not None or name is None:
            return inside
    for place in (name, prefix):
        if place is not None and os.path.isfile(beside_of(place)):
            return read_beside(beside_of(place))
    folder = mlflow.folder_of(name)
    return None if folder is None else mlflow.read(folder)


def beside_of(filepath: str | os.PathLike[str]) -> str:
    """Where the record beside a file or folder is: `MODEL.loadstone.json`."""
    return os.fsdecode(filepath).rstrip("/\\") + SUFFIX


def read_beside(filepath: str) -> Record:
    """The record in a file of its own. Raises CorruptFile, UnsupportedVersion."""
    try:
        with open(filepath, "rb") as file:
            return parse(file.read(MAX + 1), os.path.basename(filepath))
    except LoadstoneError as error:
        raise error.at(source=filepath) from None


def write_beside(filepath: str | os.PathLike[str], record: Record) -> str:
    """Write the record beside a model; the name of the new file. Raises FileExistsError where there is one: nothing is overwritten."""
    place = beside_of(filepath)
    data = record.to_json().encode()
    try:
        with open(place, "xb") as file:
            file.write(data)
    except FileExistsError:
        raise FileExistsError(f"there is a record already, and it is left as it is: {place!r}") from None
    return place


def replace_beside(filepath: str, text: str) -> bool:
    """Write a record beside a file that was saved again: in place of one that `RecordEnvironment` wrote; False where there is another file."""
    place = beside_of(filepath)
    data = text.encode()
    if os.path.lexists(place):
        try:
            with open(place, "rb") as file:
                there = file.read(MAX + 1)
            if there == data:
                return True
            if parse(there).by != TRAINING:
                return False
        except LoadstoneError:
            return False
    new = f"{place}.{os.getpid()}.part"
    with open(new, "xb") as file:
        file.write(data)
    os.replace(new, place)
    return True


def _inside(filepath: Filepath) -> Record | None:
    """What is kept in the file; a file that cannot be read has none, and who opens it for its model says so."""
    source = Source.open(formats.located(filepath), mmap=True)
    try:
        data = found(source, RECORD)
    except LoadstoneError as error:
        if RECORD.name in (error.where or ""):
            raise
        return None
    return None if data is None else parse(data)
