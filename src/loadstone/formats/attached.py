"""What is kept inside of a model's file beside the model, in a place that other readers look past: an example, and the environment record.

* `.keras`: a member of the archive or a file of the folder. Keras reads the members that it knows (keras/src/saving/saving_lib.py).
  In a file of Keras 2: bytes of the archive beside its members. With more than three members Keras 2 unpacks it while it reads, where
  `zipfile` of Python 3.12 and 3.13.0 loses its place ("reached end of file").
* HDF5: a dataset in a group of its own. Keras reads `model_weights` and `optimizer_weights` alone.
* SavedModel: a file in `assets.extra`, which TensorFlow keeps for this (https://www.tensorflow.org/guide/saved_model).
* ONNX: a property of the model's metadata (`ModelProto.metadata_props`), text as it is and bytes in base64; added at the end of the file,
  as protobuf allows.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterator, Mapping

from loadstone.containers import hdf5, json, wire
from loadstone.containers import zip as archives
from loadstone.containers.saved_model_folder import GRAPH, TEXT, in_archive
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile
from loadstone.formats.v3_files import CONFIG, METADATA
from loadstone.ir.records import dataclass

KINDS = ("keras", "h5", "saved_model", "onnx")  # as `export.kinds` calls them
_FOLDER = "assets.extra"
_PROPERTIES = 14  # of a ModelProto: StringStringEntryProto


@dataclass(frozen=True)
class Place:
    """Where something is kept. name, suffix: of the file or the dataset. most: bytes of one that is read. title: for messages."""

    name: str
    suffix: str
    most: int
    title: str
    text: bool = False

    @property
    def file(self) -> str:
        """The name of a file or member."""
        return f"{self.name}.{self.suffix}"

    @property
    def extra(self) -> str:
        """The file in a SavedModel."""
        return f"{_FOLDER}/{self.file}"

    @property
    def dataset(self) -> str:
        """The dataset in HDF5."""
        return f"{self.name}/{self.suffix}"


EXAMPLE = Place("loadstone_example", "npz", 1 << 28, "an example")
RECORD = Place("loadstone_record", "json", 1 << 24, "an environment record", text=True)


def attach(path: str, data: bytes, kind: str, place: Place) -> None:
    """Put data into a file or folder that was just written. Raises ValueError for a kind that has no place for it."""
    if kind == "saved_model" or (kind == "keras" and os.path.isdir(path)):
        name = os.path.join(path, *(place.extra if kind == "saved_model" else place.file).split("/"))
        os.makedirs(os.path.dirname(name), exist_ok=True)
        with open(name, "wb") as file:
            file.write(data)
    elif kind == "keras" and _is_of_keras_2(path):
        archives.add_aside(path, place.file, data)
    elif kind == "keras":
        archives.add(path, place.file, data)
    elif kind == "h5":
        hdf5.add_bytes(path, place.dataset, data)
    elif kind == "onnx":
        with open(path, "ab") as file:
            file.write(_property(data, place))
    else:
        raise ValueError(f"{place.title} is for whole models: .keras, .h5, SavedModel and .onnx")


def found(source: Source, place: Place) -> bytes | None:
    """What is kept in a file of any kind; None where there is nothing. Raises CorruptFile."""
    if source.folder:
        return _in_folder(source, place)
    if source.head(4).startswith(archives.SIGNATURES):
        members = archives.read(source)
        if CONFIG in members.members:
            aside = members.aside(place.file)
            if aside is not None:
                return _limited(aside, place)
            return _member(members, place) if place.file in members.members else None
        return _in_folder(in_archive(source), place)
    if hdf5.begins(source):
        tensor = hdf5.read(source).tensor(place.dataset)
        if tensor is not None and (tensor.dtype != "uint8" or tensor.nbytes > place.most):
            raise CorruptFile(f"{place.title} should be the bytes of a .{place.suffix} file", source=source.name, where=place.name)
        return None if tensor is None else tensor.numpy().tobytes()
    folder = in_archive(source) or (source.beside() if os.path.basename(source.name) in (GRAPH, TEXT) else None)
    if folder is not None:
        return _in_folder(folder, place)
    return _in_onnx(source, place) if source.head(1) == b"\x08" else None


def _is_of_keras_2(path: str) -> bool:
    """Whether the metadata of a `.keras` file names a release of before 3."""
    source = Source.open(path)
    members = archives.read(source)
    metadata = json.read(members.open(METADATA), METADATA) if METADATA in members.members else None
    return isinstance(metadata, dict) and str(metadata.get("keras_version")).startswith("2.")


def of_property(properties: Mapping[str, str], place: Place) -> bytes | None:
    """What is kept among the properties of an ONNX model. Raises CorruptFile."""
    try:
        if place.name not in properties:
            return None
        value = properties[place.name]
        return value.encode() if place.text else b64decode(value, validate=True)
    except (Error, ValueError) as error:
        raise CorruptFile(f"{place.title} should be in base64: {error}", where=place.name) from error


def _in_folder(folder: Source | None, place: Place) -> bytes | None:
    if folder is None:
        return None
    if place.extra in folder.files_below(_FOLDER):
        return _limited(folder.member(place.extra), place)
    return _limited(folder.member(place.file), place) if place.file in folder.entries else None


def _member(members: archives.Archive, place: Place) -> bytes:
    if members.members[place.file].size > place.most:
        raise CorruptFile(f"{place.title} of {members.members[place.file].size} bytes", source=members.source.name, where=place.file)
    return members.read(place.file)


def _limited(file: Source, place: Place) -> bytes:
    if file.size > place.most:
        raise CorruptFile(f"{place.title} of {file.size} bytes", where=file.name)
    return bytes(file.read())


def _property(data: bytes, place: Place) -> bytes:
    value = data if place.text else b64encode(data)
    return wire.delimited(_PROPERTIES, wire.string(1, place.name) + wire.delimited(2, value))


def _in_onnx(source: Source, place: Place) -> bytes | None:
    """The property of a ModelProto, which says first which version of the format it is; None for bytes that are none."""
    try:
        pairs = [dict(wire.fields(entry)) for entry in _entries(source, place)]
        properties = {wire.text(pair.get(1, memoryview(b""))): pair.get(2, memoryview(b"")) for pair in pairs}
        wanted = {name: wire.text(value) for name, value in properties.items() if name == place.name}
    except CorruptFile:
        return None
    return of_property(wanted, place)


def _entries(source: Source, place: Place) -> Iterator[memoryview]:
    """The properties of a message in a source; the other fields, large as they may be, are not read."""
    at, most = 0, place.most * 2  # in base64
    while at < source.size:
        head = source.read(at, min(20, source.size - at))
        tag, used = wire.varint(head, 0)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            _, used = wire.varint(head, used)
            at += used
            continue
        if kind != 2:
            raise CorruptFile("no field of a ModelProto")
        length, used = wire.varint(head, used)
        if number == _PROPERTIES and length <= most:
            yield source.read(at + used, length)
        at += used + length
