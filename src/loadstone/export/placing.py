"""Files and folders that take their place at once: whoever looks sees the whole old one or the whole new one, whatever happens meanwhile.

What is new is made in a hidden folder beside its place (`.NAME.*.part`), is brought to the disk (`fsync`), and is then renamed. A file
is renamed over the old one. A folder cannot be: on Linux both names are exchanged in one step (`renameat2`, RENAME_EXCHANGE); elsewhere
the old folder is renamed to `.NAME.*.old` and the new one to its place, and `recover`, with which every save begins, puts the old one
back where a process ended between the two. A process that is killed leaves its hidden folder, which the next save to that place removes.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_AT_FDCWD, _NOREPLACE, _EXCHANGE = -100, 1, 2  # linux/fcntl.h, linux/fs.h
_UNABLE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)  # an old kernel, or a file system that cannot
# What a folder that holds a model may hold; another file in it is the user's, and is not to be lost with the model.
_OF_MODELS = frozenset(
    """
    saved_model.pb saved_model.pbtxt variables assets assets.extra keras_metadata.pb fingerprint.pb debug keras.json
    loadstone_example.npz loadstone_record.json config.json metadata.json model.weights.h5 model.weights.npz model.weights.json .DS_Store
    """.split()
)


@contextmanager
def staged(target: str, overwrite: bool = True) -> Iterator[str]:
    """A path of the same name in a hidden folder beside a place: what is there at the end, file or folder, takes the place.

    Files beside it in the hidden folder are moved first, so that a file that refers to them finds them. overwrite: False raises
    FileExistsError where something is in the place, at the beginning or at the end. Where anything raises, all is as it was.
    """
    place = os.path.realpath(target)
    folder, name = os.path.split(place)
    recover(place)
    check_free(place, overwrite)
    existed = os.path.isdir(folder)
    os.makedirs(folder, exist_ok=True)
    hidden, lock = _hidden(folder, name)
    try:
        made = os.path.join(hidden, "new", name)
        os.mkdir(os.path.dirname(made))
        yield made
        _on_disk(os.path.dirname(made))
        for other in sorted(os.listdir(os.path.dirname(made))):
            if other != name:
                os.replace(os.path.join(hidden, "new", other), os.path.join(folder, other))
        if os.path.isdir(made):
            _place_folder(made, place, overwrite)
        else:
            _place_file(made, place, overwrite)
        _sync(folder)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
        if lock is not None:
            os.close(lock)
        if not existed and not os.listdir(folder):
            os.rmdir(folder)


def size(path: str) -> int:
    """Bytes of a file, or of all files in a folder."""
    if not os.path.isdir(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(inner, name)) for inner, _, names in os.walk(path) for name in names)


def check_free(place: str, overwrite: bool, as_folder: bool | None = None) -> None:
    """Raise FileExistsError where something is in a place that must not go; as_folder: whether a folder is to come there, if it is known."""
    if not os.path.lexists(place):
        return
    if not overwrite:
        raise FileExistsError(f"there is something already: {place!r}")
    if os.path.isdir(place):
        foreign = sorted(set(os.listdir(place)) - _OF_MODELS)
        if foreign:
            raise FileExistsError(f"the folder {place!r} holds more than a model, which would be lost: {', '.join(foreign[:5])}")
    if as_folder is not None and os.path.isdir(place) != as_folder:
        there, new = ("a file", "a folder") if as_folder else ("a folder", "a file")
        raise FileExistsError(f"there is {there} where {new} is to be: {place!r}")


def recover(place: str) -> None:
    """Finish or undo what a process that was killed left half done beside a place, and remove what it left."""
    place = os.path.realpath(place)
    folder, name = os.path.split(place)
    hidden = re.compile(re.escape(f".{name}.") + r"\w+\.(part|old)")
    beside = sorted(entry for entry in os.listdir(folder) if hidden.fullmatch(entry)) if os.path.isdir(folder) else []
    for entry in beside:
        path, kind = os.path.join(folder, entry).rsplit(".", 1)
        if os.path.exists(f"{path}.part") and not _removed(f"{path}.part"):
            continue  # that save goes on
        if kind == "old" and not os.path.lexists(place):
            os.rename(f"{path}.old", place)
        elif kind == "old":
            shutil.rmtree(f"{path}.old", ignore_errors=True)


# -- the hidden folder --------------------------------------------------------------------------------------------------


def _hidden(folder: str, name: str) -> tuple[str, int | None]:
    """A new hidden folder and a lock on it, which says that its process lives: the system takes it from one that is no more."""
    from tempfile import mkdtemp

    while True:
        hidden = mkdtemp(dir=folder, prefix=f".{name}.", suffix=".part")
        if sys.platform == "win32":
            return hidden, None
        import fcntl

        try:
            lock = os.open(hidden, os.O_RDONLY)
        except FileNotFoundError:
            continue  # another process took it for one that was left, before the lock was there
        with suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.isdir(hidden):
            return hidden, lock
        os.close(lock)


def _removed(path: str) -> bool:
    """Remove a hidden folder whose process is no more, as far as the lock tells; False where it lives."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        lock = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path, ignore_errors=True)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(lock)


# -- on the disk, and to its place -------------------------------------------------------------------------------------


def _on_disk(folder: str) -> None:
    """All files and folders in a folder are written out."""
    for inner, folders, files in os.walk(folder):
        for name in (*files, *folders):
            _sync(os.path.join(inner, name))
    _sync(folder)


def _sync(path: str) -> None:
    if os.path.islink(path) or os.path.isdir(path) and sys.platform == "win32":
        return  # where folders cannot be opened
    file = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system that cannot
            os.fsync(file)
    finally:
        os.close(file)


def _place_file(made: str, place: str, overwrite: bool) -> None:
    if os.path.isfile(place):
        shutil.copymode(place, made)
    check_free(place, overwrite, as_folder=False)
    if overwrite or not _renamed(made, place, _NOREPLACE):
        os.replace(made, place)


def _place_folder(made: str, place: str, overwrite: bool) -> None:
    check_free(place, overwrite, as_folder=True)
    if not os.path.lexists(place):
        os.rename(made, place)
    elif not _renamed(made, place, _EXCHANGE):  # where it did, the old folder is now hidden, and goes with the rest
        old = f"{os.path.dirname(os.path.dirname(made)).removesuffix('.part')}.old"
        os.rename(place, old)
        try:
            os.rename(made, place)
        except OSError:
            os.rename(old, place)
            raise
        shutil.rmtree(old, ignore_errors=True)


def _renamed(one: str, other: str, how: int) -> bool:
    """True where Linux has renamed; False where it cannot do it in this way. Raises OSError where it could, and did not."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None  # glibc 2.28, musl 1.2
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), how) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNABLE:
        return False
    raise OSError(number, os.strerror(number), other)
