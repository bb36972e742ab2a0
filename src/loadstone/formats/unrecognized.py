"""What bytes are that no format knows, in words, and what to do about it.

Each row looks at the first bytes, the last or the names in a container. The order matters where one kind contains another:
a PyTorch file is a zip, a TF.js model is JSON.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable
from typing import Any

from loadstone.containers import hdf5
from loadstone.containers import zip as archives
from loadstone.containers.archives import as_folder
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile
from loadstone.ir.records import dataclass

HEAD = 65536
_WEIGHTS = 'give the architecture as well: load_model("model.json", weights="weights.h5"); load_weights() lists what is in it'


@dataclass(frozen=True)
class Found:
    """What a source is ("a Git LFS pointer"), and what the reader of the message can do."""

    what: str
    hint: str | None = None


def describe(source: Source) -> Found:
    """What a source is. Raises what a container's reader raises where it is a damaged zip archive or HDF5 file, or a bomb."""
    if source.folder:
        return _folder(source)
    if source.size == 0:
        return Found("an empty file", "the download or the copy was cut off before its first byte")
    head = source.head(HEAD)
    if head.startswith(archives.SIGNATURES):
        return _archive(source)
    if hdf5.begins(source):
        return _hdf5(source)
    if (packed := _tar(source)) is not None:
        return packed
    tail = bytes(source.read(max(0, source.size - 8)))
    for found, known in _BINARIES:
        if known(head, tail):
            return found
    text = _text(head)
    return _binary(source, head) if text is None else _of_text(text, source)


def _starts(*signatures: bytes) -> Callable[[bytes, bytes], bool]:
    return lambda head, _: head.startswith(signatures)


def _at(offset: int, signature: bytes) -> Callable[[bytes, bytes], bool]:
    return lambda head, _: head[offset : offset + len(signature)] == signature


_TORCH_MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # a pickled long that torch.save wrote before 1.6
_PICKLE = "a pickle can run any code when it is loaded; save the model with the framework's own format instead"
_UNPACK = "unpack it first"
_BINARIES: tuple[tuple[Found, Callable[[bytes, bytes], bool]], ...] = (
    (Found("a PyTorch file (before 1.6)", "export it to ONNX with torch and run that"), lambda head, _: _TORCH_MAGIC in head[:32]),
    (
        Found("a Python pickle", _PICKLE),
        lambda head, tail: head[:1] == b"\x80" and head[1:2] in (b"\2", b"\3", b"\4", b"\5") and tail[-1:] == b".",
    ),
    (Found("a Python pickle packed by joblib", _PICKLE), lambda head, _: head[:1] == b"\x80" and b"joblib" in head[:400]),
    (Found("a TensorFlow Lite model (.tflite)", "run it with a TensorFlow Lite interpreter"), _at(4, b"TFL3")),
    (Found("a safetensors file: weights without a model", _WEIGHTS), lambda head, _: head[8:10] == b'{"' and head[4:8] == b"\0\0\0\0"),
    (Found("a GGUF file", "run it with llama.cpp"), _starts(b"GGUF")),
    (Found("a GGML file", "run it with llama.cpp"), _starts(b"lmgg", b"ggjt", b"fmgg")),
    (Found("a numpy array (.npy)"), _starts(b"\x93NUMPY")),
    (Found("a checkpoint index of TensorFlow (.index)", _WEIGHTS), lambda _, tail: tail == bytes.fromhex("57fb808b247547db")),
    (Found("a gzip archive", _UNPACK), _starts(b"\x1f\x8b")),
    (Found("a bzip2 archive", _UNPACK), _starts(b"BZh")),
    (Found("an xz archive", _UNPACK), _starts(b"\xfd7zXZ\0")),
    (Found("a zstd archive", _UNPACK), _starts(b"\x28\xb5\x2f\xfd")),
    (Found("a 7-Zip archive", _UNPACK), _starts(b"7z\xbc\xaf\x27\x1c")),
    (Found("a RAR archive", _UNPACK), _starts(b"Rar!")),
    (Found("a tar archive", _UNPACK), _at(257, b"ustar")),
    (Found("a MATLAB file"), _starts(b"MATLAB 5.0")),
    (Found("a PDF document"), _starts(b"%PDF")),
    (Found("a PNG image"), _starts(b"\x89PNG")),
    (Found("a JPEG image"), _starts(b"\xff\xd8\xff")),
    (Found("a Windows program"), _starts(b"MZ")),
    (Found("a Linux program"), _starts(b"\x7fELF")),
    (Found("a SQLite database"), _starts(b"SQLite format 3\0")),
    (Found("a Parquet file"), _starts(b"PAR1")),
    (
        Found("an ONNX model", "run it with onnxruntime itself"),
        lambda head, _: head[:1] == b"\x08" and head[2:3] in (b"\x12", b"\x3a", b"\x42", b"J"),
    ),
    (
        Found("the graph of a TensorFlow checkpoint (.meta), damaged or cut off", "copy or download it again"),
        lambda head, _: head[:1] == b"\n" and b"\x12\x05serve" in head[:512],
    ),
    (
        Found("weights of Darknet (.weights)", "convert the model with the tools of that project"),
        _starts(b"\0\0\0\0\2\0\0\0", b"\0\0\0\0\1\0\0\0"),
    ),
)


def _folder(source: Source) -> Found:
    names = set(source.entries)
    if not names:
        return Found("an empty folder")
    if "saved_model.cpb" in names:
        return Found(
            "a TensorFlow SavedModel in chunks (saved_model.cpb)", "save it again with TensorFlow, in less than 2 GB, as one saved_model.pb"
        )
    if _is_orbax(names) or any(_is_orbax({*_inside(source, name)}) for name in sorted(names)[-1:] if name.isdecimal()):
        return Found("an Orbax checkpoint, whose arrays lie in a database of their own (OCDBT or Zarr)", _ORBAX)
    if "checkpoint" in names or any(name.endswith(".index") for name in names):
        return Found("a folder with TensorFlow checkpoints", _WEIGHTS)
    if "pytorch_model.bin" in names or any(name.endswith(".safetensors") for name in names):
        return Found("a folder with a PyTorch or Transformers model", "export it to ONNX with its own library")
    if names and all(name.isdecimal() for name in names):
        return Found("a folder with numbered versions of a model", f"open one of them: {', '.join(sorted(names)[-3:])}")
    return Found(f"a folder without a model: {_listed(sorted(names))}", "open the file or the folder with the model itself")


_ORBAX = "restore it where Orbax is installed, and save the model as .keras, or model.save_weights('model.weights.h5')"


def _is_orbax(names: set[str]) -> bool:
    """The files of one step, or of one tree of arrays in it (orbax/checkpoint/_src/path/step.py, _src/metadata/tree.py)."""
    tree = "_METADATA" in names and bool({"manifest.ocdbt", "_sharding", "_strings.json", "commit_success.txt", "d"} & names)
    return tree or "_CHECKPOINT_METADATA" in names or "manifest.ocdbt" in names


def _inside(source: Source, name: str) -> list[str]:
    """The names in a folder of a folder."""
    return [file.split("/")[1] for file in source.files_below(name)]


def _archive(source: Source) -> Found:
    """A zip archive, by the names in it."""
    names = sorted(archives.read(source).members)
    if any(name.endswith("data.pkl") for name in names):
        return Found("a PyTorch file", "export it to ONNX with torch and run that")
    if names and all(name.endswith(".npy") for name in names):
        return Found("arrays of numpy (.npz): weights without a model", _WEIGHTS)
    if "[Content_Types].xml" in names:
        return Found("an office document")
    models = [name for name in names if name.endswith((".keras", ".h5", ".hdf5"))]
    if models:
        return Found(f"a zip archive with {_listed(models)} in it", _UNPACK)
    return Found(f"a zip archive with {_listed(names)}" if names else "an empty zip archive")


def _tar(source: Source) -> Found | None:
    """A tar archive, by the names in it; None for what is none, or is packed in another way. Raises UnsafeContent."""
    try:
        folder = as_folder(source)
    except CorruptFile:
        return None
    names = sorted(folder.files or ()) if folder is not None else []
    return Found(f"a tar archive with {_listed(names)}", _UNPACK) if names else None


def _hdf5(source: Source) -> Found:
    """HDF5 without a `model_config`."""
    root = hdf5.outline(source)
    if "layer_names" in root.attributes or "layer_names0" in root.attributes:
        return Found("weights of a Keras model without the model (HDF5)", _WEIGHTS)
    if "nb_layers" in root.attributes or root.names == ["graph"]:
        return Found("weights of a Keras 0.x model without the model (HDF5)", _WEIGHTS)
    if {"layers", "_layer_checkpoint_dependencies", "vars", "optimizer"} & set(root.names):
        return Found("weights of a Keras model without the model (.weights.h5)", _WEIGHTS)
    if "model_weights" in root.names:
        return Found("a Keras HDF5 file without its config", "the attribute model_config was lost; save the model again")
    return Found(f"an HDF5 file of another kind, with {_listed(root.names)}" if root.names else "an empty HDF5 file")


def _text(head: bytes) -> str | None:
    """The bytes as text, None where they are none."""
    if b"\0" in head:
        return None
    for cut in range(4):  # the last character may be cut in two
        try:
            text = head[: len(head) - cut].decode("utf-8-sig")
        except UnicodeDecodeError:
            continue
        return text if all(c.isprintable() or c in string.whitespace for c in text[:2000]) else None
    return None


def _of_text(text: str, source: Source) -> Found:
    start = text.lstrip()
    lower = start[:500].lower()
    if start.startswith("version https://git-lfs.github.com/spec/"):
        return Found("a Git LFS pointer", "the model itself was not downloaded: run `git lfs pull`, or download the file from the site")
    if lower.startswith(("<!doctype html", "<html", "<head")) or "<html" in lower:
        return Found(
            "an HTML page", "the download gave a web page (an error, a login or the page about the file): download the file itself"
        )
    if start.startswith("model_checkpoint_path:"):
        return Found("the list of checkpoints of TensorFlow (a file called checkpoint)", _WEIGHTS)
    if start.startswith("<"):
        what = "an OpenVINO model (.xml)" if "<net " in lower else "an XML document"
        return Found(what, "a failed download often is one" if what.startswith("an XML") else None)
    if start.startswith(("{", "[")) and not re.match(r"\[[a-z]+\]", start):
        return _json(source)
    if re.match(r"\[(net|network)\]", start):
        return Found("a Darknet config (.cfg)", "convert the model with the tools of that project")
    return Found(f"plain text that begins {start[:40]!r}" if start else "blank text")


def _json(source: Source) -> Found:
    try:
        stored: Any = json.loads(bytes(source.read()))
    except (ValueError, RecursionError):
        return Found("JSON that is damaged or cut off")
    keys = set(stored) if isinstance(stored, dict) else set()
    if {"modelTopology", "weightsManifest"} & keys:
        return Found("a TF.js model (model.json) without layers and without a graph", "copy or download it again")
    if "weight_map" in keys:
        return Found("the map of sharded weights without the model", _WEIGHTS)
    return Found(f"JSON with {_listed(sorted(map(str, keys)))}" if keys else "JSON")


def _binary(source: Source, head: bytes) -> Found:
    """Unknown bytes; a checkpoint's data file has no mark but its usual name."""
    if re.search(r"\.data-\d{5}-of-\d{5}$", source.name):
        return Found("the data of a TensorFlow checkpoint", _WEIGHTS)
    return Found(
        f"a file of unknown kind, whose first bytes are {head[:8].hex(' ')}", "is it the file that the framework saved, whole and unpacked?"
    )


def _listed(names: list[str] | tuple[str, ...]) -> str:
    """The first names, and how many more."""
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
