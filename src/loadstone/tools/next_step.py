"""What to do next about a model of an audit: the command, with paths as a shell takes them."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loadstone.tools.audit import Row

_TODAYS = ("keras_v3", "tf_saved_model", "tf_frozen_graph", "tf_meta_graph", "tfjs_graph")  # those that need no other form


def next_step(row: Row, hint: str = "") -> str:
    """The command; "" where there is nothing to do, or no command does it. hint: of the error."""
    path = quoted(row.path)
    weights = f" --weights {quoted(row.weights)}" if row.weights else ""
    kinds = {cause.kind for cause in row.causes}
    stem = re.sub(r"\.(h5|hdf5|keras|json|ya?ml|pb|pbtxt|meta|index|zip)$", "", os.path.normpath(row.path), flags=re.IGNORECASE)
    if row.status == "loads":
        return "" if row.kind in _TODAYS else f"loadstone convert {path} {quoted(stem + '_new.keras')}{weights}"
    if "object" in kinds:
        return f"loadstone stub {path} > {quoted(stem + '_objects.py')}"
    if "weights" in kinds:
        return f"loadstone convert {path} {quoted(stem + '_new.keras')} --weights WEIGHTS"
    if "architecture" in kinds:
        return f"loadstone convert ARCHITECTURE {quoted(stem + '_new.keras')} --weights {path}"
    if "package" in kinds:
        found = re.search(r"pip install \S+", hint)
        return found[0] if found else ""
    if "argument" in kinds or row.status == "unsupported" and row.kind in ("tf_meta_graph", "tf_frozen_graph"):
        return f"loadstone inspect {path}"  # which says what there is: some part of it may do
    if row.status == "unsupported":
        return f"loadstone env {path} --create {quoted(stem + '_env')}"
    if kinds & {"time", "memory"}:
        return f"loadstone audit {path} {'--timeout 1200' if 'time' in kinds else '--memory 32G'}"
    if any("Git LFS" in cause.name for cause in row.causes):
        return f"git lfs pull --include {quoted(os.path.basename(row.path))}"
    return "" if row.status in ("other", "unreadable") else f"loadstone doctor {path}"


def quoted(path: str) -> str:
    """A path as one word of a shell; what cannot be shown is escaped as bash, zsh and ksh read it."""
    path = f"./{path}" if path.startswith("-") else path
    if path.isprintable():
        return shlex.quote(path)
    escaped = "".join(c if c.isprintable() and c not in "\\'" else "".join(f"\\x{byte:02x}" for byte in os.fsencode(c)) for c in path)
    return f"$'{escaped}'"
