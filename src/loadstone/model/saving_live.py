"""`save_model` of a live Keras model: its own library saves it, and the file is read again for the report."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from loadstone import formats
from loadstone.custom import CustomObjects
from loadstone.custom.whole import as_graph
from loadstone.environment.framework import framework_of
from loadstone.errors import LoadstoneError
from loadstone.export.placing import size, staged
from loadstone.ir import Finding
from loadstone.ir.records import replace
from loadstone.live import Hosts
from loadstone.live.saving import LiveModel
from loadstone.model.comparison import Conversion
from loadstone.model.keeping import keep_live
from loadstone.model.model import Compilation, Model
from loadstone.model.recording import keep_live as keep_record
from loadstone.model.strangers import needs_of, refuse, warnings_of
from loadstone.runtime.executor import run_once

if TYPE_CHECKING:
    from loadstone.model.saving import Wishes

_PARTS = ("weights", "legacy_weights", "safetensors", "json")  # which say nothing without the rest


def save_live(model: Any, target: str, kind: str, overwrite: bool, wishes: Wishes) -> Conversion:
    """Write a Keras model. What its library does not write is made of a file that it does."""
    live = LiveModel(model)
    without = not wishes.include_optimizer and kind == "keras"  # which Keras does not leave out of it
    other = wishes.library != "keras" and live.library.is_keras_3
    if without or other or not live.writes(kind, wishes.zipped):
        return _by_ourselves(live, target, kind, overwrite, wishes)
    with staged(target, overwrite) as made:
        live.save(made, kind, wishes.include_optimizer, wishes.signatures, wishes.zipped)
        report = _report(live, made, kind, target)
        if wishes.example is not None:
            keep_live(live, made, kind, wishes.example)
        keep_record(live, made, kind, report.needs, wishes.record)
        report = replace(report, bytes=size(made))
        if wishes.strict:
            refuse(report.needs, report.warnings)
    return report


def _by_ourselves(live: LiveModel, target: str, kind: str, overwrite: bool, wishes: Wishes) -> Conversion:
    """A file of the library's own, in a folder that is no more afterwards, is loaded and written as the kind that is wanted."""
    from tempfile import TemporaryDirectory

    from loadstone.model.saving import save

    with TemporaryDirectory(prefix="loadstone-") as folder:
        path = os.path.join(folder, f"model.{live.first}")
        live.save(path, live.first, wishes.include_optimizer)
        custom = CustomObjects(live.objects())
        description = formats.read_file(path, custom)
        custom.raise_missing(live.title)
        description.source = live.title
        host = Hosts(custom.objects, run_once)
        with Model(as_graph(description, host), Compilation(host=host)) as loaded:
            return save(
                loaded,
                target,
                overwrite,
                "weights" if kind == "legacy_weights" else kind,
                None,
                replace(wishes, framework=framework_of(live.model)),
            )


def _report(live: LiveModel, made: str, kind: str, target: str) -> Conversion:
    """What a stranger finds in the file that the library wrote."""
    total = size(made)
    if kind in _PARTS:
        return Conversion(target, total, None, kind=kind)
    stranger = CustomObjects(alone=True)
    try:
        read = formats.read_file(made, stranger)
    except LoadstoneError as error:
        return Conversion(target, total, None, (Finding("warning", f"loadstone does not read the file: {error.message}"),), kind=kind)
    if kind == "saved_model":  # its graph needs nothing
        return Conversion(target, total, None, tuple(read.findings), kind=kind)
    root = formats.read_file(made, CustomObjects(live.objects())).root if stranger.missing else read.root
    return Conversion(target, total, None, tuple(read.findings), needs_of(stranger.missing, read), warnings_of(root), kind)
