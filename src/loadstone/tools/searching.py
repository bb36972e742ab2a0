"""The models below some paths, one `Place` for each: a SavedModel folder, an unzipped `.keras`, the versions of a served model, a checkpoint
with its graph and an architecture with its weights are one place each.

Folders are read one at a time, in the order of names, and nothing but the first bytes of files is looked at. Links are followed, each
folder once. Not looked into: folders of version control, of Python's caches and of virtual environments.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from loadstone.ir.records import dataclass, field, replace
from loadstone.tools.pairing import Architectures, Choice, Pair, pairs_for, weights_for
from loadstone.tools.sniffing import Seen, named, sniff

_SKIPPED = frozenset((".git", ".hg", ".svn", "__pycache__", "node_modules"))
_GRAPHS = ("saved_model.pb", "saved_model.pbtxt", "saved_model.cpb")
_OF_SAVED_MODELS = frozenset((*_GRAPHS, "keras_metadata.pb", "fingerprint.pb", "tfhub_module.pb", "variables", "assets", "assets.extra"))
_OF_ARCHIVES = re.compile(r"(config|metadata)\.json|model(_\d+)?\.weights\.(h5|npz|json)|assets")
_OF_CHECKPOINTS = re.compile(r"(?P<name>.+?)(\.index|\.meta|\.data-\d{5}-of-\d{5})")
_SHARD = re.compile(r"(?P<name>.+)_\d{5}\.weights\.h5")


@dataclass(frozen=True)
class Place:
    """Where a model may be. root: the folder of the caller's that it was found below. asked: the caller named it. named: its name says that
    it is a model; what is neither asked for nor named, and turns out to be none, is passed over.

    size: bytes of all that belongs to it. choices: for an architecture, the files that may hold its weights. pairs: for weights, the
    architectures that they may belong to. versions: of a served model. problem: why it cannot be looked at.
    """

    path: str
    root: str = ""
    size: int = 0
    asked: bool = False
    named: bool = False
    choices: tuple[Choice, ...] = ()
    pairs: tuple[Pair, ...] = ()
    versions: tuple[str, ...] = ()
    problem: str = ""


def places(paths: Iterable[str], recursive: bool = False, without: str | os.PathLike[str] | None = None) -> Iterator[Place]:
    """The models at the paths: files, folders that are models, and models in folders; with recursive those in folders of theirs as well.

    without: a folder that is not looked into.
    """
    seen: set[tuple[int, int]] = set()
    if without is not None:
        status = os.stat(without)
        seen.add((status.st_dev, status.st_ino))
    for folder, group in groupby(paths, lambda path: None if os.path.isdir(path) else os.path.dirname(path)):
        if folder is not None:
            yield from _asked(folder, list(group))
            continue
        for path in group:
            yield from _Search(path, recursive, seen).folder(path, {})


def _asked(folder: str, paths: list[str]) -> Iterator[Place]:
    """Files of one folder that the caller named. Those beside them may be their weights, or their architectures."""
    names = {os.path.basename(path) for path in paths}
    found: dict[str, Place] = {}
    if any(os.path.isfile(path) for path in paths):
        for place in _Search(folder, False, set()).folder(folder or os.curdir, {}):
            if os.path.dirname(place.path) == (folder or os.curdir) and os.path.basename(place.path) in names:
                found[os.path.basename(place.path)] = place
    for path in paths:
        place = found.get(os.path.basename(path), Place(path, size=os.path.getsize(path) if os.path.isfile(path) else 0))
        # weights have an answer of their own where their architecture was not asked for
        pairs = (pair if os.path.basename(pair.architecture) in names else replace(pair, choices=()) for pair in place.pairs)
        yield replace(place, path=path, root=folder, asked=True, named=True, pairs=tuple(pairs))


@dataclass(eq=False)
class _Listed:
    """What a folder holds: sizes of its files by name, its folders, and what of both belongs to a model that was found."""

    files: dict[str, int] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)


class _Search:
    """The search below one folder of the caller's."""

    def __init__(self, root: str, recursive: bool, seen: set[tuple[int, int]]) -> None:
        self._root, self._recursive, self._seen = root, recursive, seen

    def folder(self, path: str, above: Architectures) -> Iterator[Place]:
        """The models in a folder. above: the architectures of the folder around it."""
        waiting: list[tuple[str, Architectures, bool]] = [(path, above, True)]
        while waiting:
            here, above, whole = waiting.pop()
            try:
                status = os.stat(here)
                if (status.st_dev, status.st_ino) in self._seen:
                    continue
                self._seen.add((status.st_dev, status.st_ino))
                listed = _list(here)
            except OSError as error:
                yield Place(here, self._root, asked=here == path, named=True, problem=f"{error.strerror or error}")
                continue
            if "pyvenv.cfg" in listed.files and here != path:
                continue
            yield from self._folders(here, listed)
            if not whole:
                continue
            architectures: dict[str, tuple[int, tuple[Choice, ...]]] = {}
            yield from self._files(here, listed, above, architectures)
            inner = [name for name in reversed(listed.folders) if name not in listed.taken and name not in _SKIPPED]
            waiting += [(os.path.join(here, name), architectures, self._recursive) for name in inner]

    def _folders(self, here: str, listed: _Listed) -> Iterator[Place]:
        """The folder itself, where it is a model or holds the versions of one."""
        entries = {*listed.files, *listed.folders}
        if entries & set(_GRAPHS):
            own = entries & _OF_SAVED_MODELS
            listed.taken |= own
            yield self._place(here, _bytes(here, listed, own), True)
        elif "config.json" in listed.files and any(name != "config.json" and _OF_ARCHIVES.fullmatch(name) for name in listed.files):
            own = {name for name in entries if _OF_ARCHIVES.fullmatch(name)}
            listed.taken |= own
            yield self._place(here, _bytes(here, listed, own), any("weights" in name for name in own))
        else:
            versions = [name for name in listed.folders if name.isdecimal() and _is_saved_model(os.path.join(here, name))]
            if versions:
                listed.taken |= set(versions)
                versions.sort(key=int)
                yield Place(here, self._root, _bytes(here, listed, versions), named=True, versions=tuple(versions))

    def _files(
        self, here: str, listed: _Listed, above: Architectures, architectures: dict[str, tuple[int, tuple[Choice, ...]]]
    ) -> Iterator[Place]:
        """The models that are files; fills in the architectures among them."""
        found = dict(_checkpoints(listed))
        shards = {f"{shard['name']}.weights.json" for name in listed.files if (shard := _SHARD.fullmatch(name))} & set(listed.files)
        listed.taken |= {name for name in listed.files if (shard := _SHARD.fullmatch(name)) and f"{shard['name']}.weights.json" in shards}
        sniffed: dict[str, Seen] = {}
        for name, size in listed.files.items():
            if name not in listed.taken:
                seen = sniff(os.path.join(here, name), size)
                if seen.kind:
                    sniffed[name] = seen
        configs = {name: listed.files[name] for name, seen in sniffed.items() if seen.kind == "architecture"}
        weights = {name: listed.files[name] for name, seen in sniffed.items() if seen.kind in ("hdf5", "arrays") or name in shards}
        weights |= {name: size for name, (size, has_graph) in found.items() if not has_graph}
        architectures |= weights_for(*({os.path.join(here, name): size for name, size in files.items()} for files in (configs, weights)))
        chosen = {choice.path for _, choices in architectures.values() for choice in choices if choice.sure}
        for name in sorted({*sniffed, *found}):
            path = os.path.join(here, name)
            if name in found:
                size, has_graph = found[name]
                yield self._place(path, size, True, pairs=() if has_graph else pairs_for(path, architectures, above))
            elif sniffed[name].kind == "arrays" and name.lower().endswith(".npz"):
                if path in chosen:  # other arrays of numpy are data
                    yield self._place(path, listed.files[name], False, pairs=pairs_for(path, architectures, above))
            else:
                pairs = pairs_for(path, architectures, above) if name in weights else ()
                size = listed.files[name]
                yield self._place(path, size, sniffed[name].named, choices=architectures.get(path, (0, ()))[1], pairs=pairs)
        for name in listed.others:
            if named(name):
                yield self._place(os.path.join(here, name), 0, True)

    def _place(self, path: str, size: int, is_named: bool, choices: tuple[Choice, ...] = (), pairs: tuple[Pair, ...] = ()) -> Place:
        return Place(path, self._root, size, False, is_named, choices, pairs)


def _list(folder: str) -> _Listed:
    """What a folder holds, in the order of names. others: neither files nor folders, and links to nothing."""
    listed = _Listed()
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            try:
                if entry.is_dir():
                    listed.folders.append(entry.name)
                elif entry.is_file():
                    listed.files[entry.name] = entry.stat().st_size
                else:
                    listed.others.append(entry.name)
            except OSError:  # a link to itself
                listed.others.append(entry.name)
    return listed


def _checkpoints(listed: _Listed) -> Iterator[tuple[str, tuple[int, bool]]]:
    """Checkpoints of TensorFlow: the file that stands for each, with the bytes of all its files and whether it has a graph."""
    groups: dict[str, list[str]] = {}
    for name in listed.files:
        if name not in listed.taken and (found := _OF_CHECKPOINTS.fullmatch(name)):
            groups.setdefault(found["name"], []).append(name)
    for prefix, names in groups.items():
        if "ckpt" not in prefix and "checkpoint" not in listed.files and not any(".data-" in name for name in names):
            continue  # other programs have .meta and .index files too
        has_graph = prefix + ".meta" in names
        if has_graph and prefix in listed.files:
            names.append(prefix)  # a checkpoint of the first format
        listed.taken |= {*names, "checkpoint", "graph.pbtxt"}
        main = next((prefix + ending for ending in (".meta", ".index") if prefix + ending in names), names[0])
        yield main, (sum(listed.files[name] for name in names), has_graph)


def _is_saved_model(folder: str) -> bool:
    return any(os.path.isfile(os.path.join(folder, name)) for name in _GRAPHS)


def _bytes(folder: str, listed: _Listed, names: Iterable[str]) -> int:
    """Bytes of files and folders by their names."""
    whole = 0
    for name in names:
        if name in listed.files:
            whole += listed.files[name]
            continue
        for inner, _, files in os.walk(os.path.join(folder, name)):
            for file in files:
                try:
                    whole += os.lstat(os.path.join(inner, file)).st_size
                except OSError:
                    continue
    return whole
