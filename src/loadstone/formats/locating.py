"""Which file or folder a path means: the path itself, or for the parts of a checkpoint the graph beside it, for served versions the last."""

from __future__ import annotations

import os
import re

from loadstone.containers import tensor_bundle
from loadstone.containers.source import Filepath

META = ".meta"


def located(filepath: Filepath) -> Filepath:
    """What to open for a path.

    The name of a checkpoint, any of its files, or the folder around it: its `.meta`, where there is one. A folder of numbered versions, as
    TensorFlow Serving wants it: the highest.
    """
    if not isinstance(filepath, (str, os.PathLike)):
        return filepath
    name = os.fsdecode(filepath)
    if os.path.isdir(name):
        return _in_folder(name) or filepath
    prefix = tensor_bundle.prefix_of(name) or name
    beside = prefix + META
    if os.path.isfile(beside) and (prefix != name or not os.path.exists(name) or _is_version_1(name)):
        return beside
    return filepath


def _is_version_1(name: str) -> bool:
    """True for the one file of a checkpoint of the first format, whose graph lies beside it under the same name."""
    from loadstone.containers import checkpoint_v1
    from loadstone.containers.source import Source

    return os.path.isfile(name) and checkpoint_v1.begins(Source.open(name))


def _in_folder(folder: str) -> str | None:
    entries = os.listdir(folder)
    versions = [entry for entry in entries if entry.isdecimal() and os.path.isfile(os.path.join(folder, entry, "saved_model.pb"))]
    if versions and not any(os.path.isfile(os.path.join(folder, name)) for name in ("saved_model.pb", "saved_model.pbtxt")):
        return os.path.join(folder, max(versions, key=int))
    graphs = sorted(entry for entry in entries if entry.endswith(META))
    if not graphs or any(entry.startswith("saved_model.") for entry in entries):
        return None
    last = latest_checkpoint(folder)
    chosen = [entry for entry in graphs if last is not None and entry == last + META]
    return os.path.join(folder, (chosen or graphs)[0]) if chosen or len(graphs) == 1 else None


def latest_checkpoint(folder: str) -> str | None:
    """The name of the newest checkpoint, as the file `checkpoint` of the folder says it."""
    listed = os.path.join(folder, "checkpoint")
    if not os.path.isfile(listed) or os.path.getsize(listed) >= 1 << 20:
        return None
    with open(listed, encoding="utf8", errors="replace") as file:
        said = re.search(r'^model_checkpoint_path: "([^"]+)"', file.read(), re.MULTILINE)
    return re.split(r"[/\\]", said[1])[-1] if said else None
