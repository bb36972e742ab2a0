"""Example data inside a model's file: an `.npz` in a place that other readers look past.

* `.keras`: a member of the archive or a file of the folder. Keras reads the members that it knows (keras/src/saving/saving_lib.py).
* HDF5: a dataset in a group of its own. Keras reads `model_weights` and `optimizer_weights` alone.
* SavedModel: a file in `assets.extra`, which TensorFlow keeps for this (https://www.tensorflow.org/guide/saved_model).
* ONNX: a property of the model's metadata (`ModelProto.metadata_props`), in base64; added at the end of the file, as protobuf allows.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Mapping

from loadstone.containers import hdf5, wire
from loadstone.containers import zip as archives
from loadstone.containers.saved_model_folder import GRAPH, TEXT, in_archive
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile
from loadstone.formats.v3_files import CONFIG

NAME = "loadstone_example"
FILE = f"{NAME}.npz"
EXTRA = f"assets.extra/{FILE}"
MAX = 1 << 28  # bytes of one that is read


def attach(path: str, data: bytes, kind: str) -> None:
    """Put an example into a file or folder that was just written. kind: as `export.kinds` calls it.

    Raises ValueError for a kind that has no place for it.
    """
    if kind == "saved_model" or (kind == "keras" and os.path.isdir(path)):
        place = os.path.join(path, *(EXTRA if kind == "saved_model" else FILE).split("/"))
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(data)
    elif kind == "keras":
        archives.add(path, FILE, data)
    elif kind == "h5":
        hdf5.add_bytes(path, f"{NAME}/npz", data)
    elif kind == "onnx":
        with open(path, "ab") as file:
            file.write(_property(data))
    else:
        raise ValueError("example= is for whole models: .keras, .h5, SavedModel and .onnx")


def found(source: Source) -> bytes | None:
    """The example in a file of any kind but ONNX; None where there is none. Raises CorruptFile."""
    if source.folder:
        folder: Source | None = source
    elif source.head(4).startswith(archives.SIGNATURES):
        members = archives.read(source)
        if CONFIG in members.members:
            return _limited(members.open(FILE)) if FILE in members.members else None
        folder = in_archive(source)
    elif hdf5.begins(source):
        tensor = hdf5.read(source).tensor(f"{NAME}/npz")
        if tensor is not None and (tensor.dtype != "uint8" or tensor.nbytes > MAX):
            raise CorruptFile("an example should be the bytes of an .npz file", source=source.name, where=NAME)
        return None if tensor is None else tensor.numpy().tobytes()
    else:
        folder = in_archive(source) or (source.beside() if os.path.basename(source.name) in (GRAPH, TEXT) else None)
    if folder is None:
        return None
    place = EXTRA if EXTRA in folder.files_below("assets.extra") else FILE
    present = place == EXTRA or FILE in folder.entries
    return _limited(folder.member(place)) if present else None


def _limited(file: Source) -> bytes:
    if file.size > MAX:
        raise CorruptFile(f"an example of {file.size} bytes", where=file.name)
    return bytes(file.read())


def _property(data: bytes) -> bytes:
    """`ModelProto.metadata_props` (14): a StringStringEntryProto."""
    return wire.delimited(14, wire.string(1, NAME) + wire.delimited(2, b64encode(data)))


def of_property(properties: Mapping[str, str]) -> bytes | None:
    """The example among the properties of an ONNX model. Raises CorruptFile."""
    try:
        return b64decode(properties[NAME], validate=True) if NAME in properties else None
    except (Error, ValueError) as error:
        raise CorruptFile(f"an example should be in base64: {error}", where=NAME) from error
