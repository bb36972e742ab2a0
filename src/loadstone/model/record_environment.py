"""`loadstone.RecordEnvironment()`: a Keras callback that puts an environment record beside each file that `ModelCheckpoint` saves.

It is a class of its own and no subclass of a Keras callback, so that one object serves Keras 3, tf_keras and tf.keras, none of which is
imported for it; it has what their `CallbackList` asks of a callback (keras/src/callbacks/callback_list.py; Keras 2: keras/src/callbacks.py).
"""

from __future__ import annotations

import glob
import os
import re
import string
import sys
import warnings
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

Stamp = tuple[int, ...]
_PARTS = re.compile(r"\.(index|data-\d+-of-\d+|part)$")  # of a checkpoint; and what is being written
_CALLERS = 8  # frames in which the list of callbacks is looked for


def _nothing(*arguments: Any, **named: Any) -> None:
    """A hook that is not used; Keras 3 asks for the mark to know that it need not wait."""


_nothing._is_default = True  # type: ignore[attr-defined]


class RecordEnvironment:
    """Writes `MODEL.loadstone.json` beside each file that a `ModelCheckpoint` of the same `fit` saves, once the epoch is over.

        model.fit(x, y, callbacks=[keras.callbacks.ModelCheckpoint("best.keras"), loadstone.RecordEnvironment()])

    full: whether the record has all distributions, the devices, the commit, and the sources of custom objects. filepath: where another
    callback saves, for those that have no `filepath` of their own; it may have fields in braces, as in "model-{epoch}.keras".

    The order of the callbacks does not matter. The files that are saved are not changed. Beside a file that training saves again, the
    record that this callback wrote before is replaced; any other file of that name is left as it is, with a warning.
    """

    async_safe = True  # for Keras 3
    _supports_tf_logs = True  # and for Keras 2: logs are not used
    _chief_worker_only = None

    def __init__(self, full: bool = False, filepath: str | os.PathLike[str] | None = None) -> None:
        self.full = full
        self.filepath = None if filepath is None else os.fspath(filepath)
        self.model: Any = None
        self.params: Any = None
        self._templates: list[str] = []
        self._seen: dict[str, Stamp] = {}
        self._texts: dict[tuple[str, ...], str] = {}  # by the objects that a file needs: weights beside a model need none

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("on_") and not name.endswith("_"):
            return _nothing
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def set_params(self, params: Any) -> None:
        """Keras tells how long training takes."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Keras tells which model is trained; the other callbacks are those of the list that tells it."""
        self.model = model
        beside = [getattr(one, "filepath", None) for one in _list_with(self, sys._getframe(1)) if one is not self]
        found = [os.fspath(path) for path in (self.filepath, *beside) if isinstance(path, (str, os.PathLike))]
        self._templates = [path for path in dict.fromkeys(found) if "://" not in path]

    def on_train_begin(self, logs: Any = None) -> None:
        """What is there already was not saved by this training."""
        self._seen, self._texts = dict(self._saved()), {}
        if not self._templates:
            warnings.warn(
                "RecordEnvironment sees no callback that saves files: it needs a ModelCheckpoint in the same list, or filepath=",
                stacklevel=2,
            )

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Callbacks that came later in the list have saved by now."""
        self._record()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Callbacks that came earlier in the list have saved by now."""
        self._record()

    def on_train_end(self, logs: Any = None) -> None:
        """All have."""
        self._record()

    def _implements_train_batch_hooks(self) -> bool:
        return False

    _implements_test_batch_hooks = _implements_predict_batch_hooks = _implements_train_batch_hooks

    def _saved(self) -> Iterator[tuple[str, Stamp]]:
        """Files, folders and names of checkpoints that the templates can mean, with what changes when they are saved again."""
        from loadstone.environment.record import SUFFIX

        for template in self._templates:
            pattern = _pattern(template)
            for path in glob.glob(pattern):
                if not path.endswith(SUFFIX) and not _PARTS.search(path):
                    yield path, _stamp(path)
            for index in glob.glob(f"{pattern}.index"):  # weights as a checkpoint of TensorFlow
                yield index.removesuffix(".index"), _stamp(index)

    def _record(self) -> None:
        for path, stamp in sorted(self._saved()):
            if self._seen.get(path) != stamp:
                self._seen[path] = stamp
                self._write(path)

    def _write(self, path: str) -> None:
        from loadstone.environment.kept import replace_beside
        from loadstone.model.recording import objects_of, of_training

        objects = objects_of(path)
        if objects not in self._texts:
            self._texts[objects] = of_training(self.model, objects, self.full).to_json()
        try:
            written = replace_beside(path, self._texts[objects])
        except OSError as error:  # training goes on
            warnings.warn(f"the environment record beside {path!r} cannot be written: {error}", stacklevel=3)
            return
        if not written:
            warnings.warn(f"beside {path!r} is a record of other origin, which is left as it is", stacklevel=3)


def _pattern(template: str) -> str:
    """A pattern of file names: any text for each field in braces."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        return glob.escape(template)
    return "".join(glob.escape(literal) + ("*" if field is not None else "") for literal, field, _, _ in parts)


def _stamp(path: str) -> Stamp:
    """Times and sizes of a file, or of a folder and the graph in it."""
    stamp: Stamp = ()
    for place in (path, os.path.join(path, "saved_model.pb")):
        try:
            status = os.stat(place)
        except OSError:
            continue
        stamp += (status.st_mtime_ns, status.st_size, status.st_ino)
    return stamp


def _list_with(callback: object, frame: FrameType | None) -> list[Any]:
    """The callbacks that a caller has in a list together with this one; Keras tells a callback of no other."""
    for _ in range(_CALLERS):
        if frame is None:
            break
        for holder in (frame.f_locals.get("self"), frame.f_locals.get("callbacks")):
            held = getattr(holder, "callbacks", holder)
            if isinstance(held, (list, tuple)) and any(one is callback for one in held):
                return list(held)
        frame = frame.f_back
    return []
