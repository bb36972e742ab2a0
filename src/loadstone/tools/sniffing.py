"""What a file may be, by its name and its first bytes alone, so that a folder of thousands is sorted quickly and nothing is parsed.

Whoever opens the file decides; here it is only told which files are worth opening.
"""

from __future__ import annotations

import os
import re

from loadstone.ir.records import dataclass

HEAD = 1 << 16
MAX_TEXT = 256 << 20  # bytes of JSON or YAML that may be an architecture
# Names that say "a model": such a file has an answer even where its bytes say something else.
MODELS = (".h5", ".hdf5", ".keras", ".pb", ".ckpt", ".tflite", ".onnx", ".pt", ".pth", ".safetensors", ".weights.json")
_CHECKPOINT = re.compile(r"\.ckpt-\d+$")
_NOT_IN_ARCHIVES = (".npz", ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".jar", ".whl", ".apk", ".egg", ".pt", ".pth")
_HDF5 = b"\x89HDF\r\n\x1a\n"
_USERBLOCKS = (512, 1024, 2048, 4096, 8192)
_TEXT = (".json", ".yaml", ".yml")
_CONFIG = re.compile(rb'"class_name\\?"|^class_name:|^(config|class_mode|input_config):', re.MULTILINE)
_KERAS_0 = re.compile(rb'"(class_mode|input_config|node_config)\\?"')
_JAVASCRIPT = (b'"modelTopology"', b'"weightsManifest"')


@dataclass(frozen=True)
class Seen:
    """What a file may be. kind: "hdf5", "archive", "architecture", "graph", "arrays", "other", or "" for what is no model. named: its name
    says that it is a model."""

    kind: str
    named: bool = False


def named(name: str) -> bool:
    """True for a name that says "a model"."""
    lower = name.lower()
    return lower.endswith(MODELS) or _CHECKPOINT.search(lower) is not None


def sniff(path: str, size: int) -> Seen:
    """What a regular file may be. One that cannot be read is what its name says."""
    name = os.path.basename(path)
    lower, is_named = name.lower(), named(name)
    try:
        with open(path, "rb", buffering=0) as file:
            head = file.read(HEAD if lower.endswith(_TEXT) else 16384) or b""
    except OSError:
        return Seen("other" if is_named else "", is_named)
    kind = _kind(head, lower, size) or ("other" if is_named else "")
    return Seen(kind, is_named or kind == "other")


def _kind(head: bytes, lower: str, size: int) -> str:
    if lower.endswith((".npz", ".safetensors")):
        return "arrays"
    if head.startswith(_HDF5) or any(head[at : at + 8] == _HDF5 for at in _USERBLOCKS):
        return "hdf5"
    if head.startswith(b"PK"):
        models = lower.endswith((".keras", ".zip")) or b"config.json" in head or b"saved_model.pb" in head
        return "archive" if models and not lower.endswith(_NOT_IN_ARCHIVES) else ""
    if lower.endswith((".tar", ".tar.gz", ".tgz")) and (head.startswith(b"\x1f\x8b") or head[257:262] == b"ustar"):
        return "archive"
    if head[4:8] == b"TFL3" or (head[:1] == b"\x80" and b"keras" in head and not lower.endswith((".pt", ".pth"))):
        return "other"  # TensorFlow Lite, a pickled model
    if lower.endswith((".pb", ".pbtxt")) or (lower.endswith(".meta") and head[:1] == b"\n"):
        return "graph"
    if size <= MAX_TEXT and (lower.endswith(_TEXT) or head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"):
        return _text(head)
    return ""


def _text(head: bytes) -> str:
    """JSON or YAML."""
    if any(mark in head for mark in _JAVASCRIPT):
        return "graph"
    if _CONFIG.search(head) or _KERAS_0.search(head):
        return "architecture"
    return "other" if b'"weight_map"' in head and b"weights.h5" in head else ""
