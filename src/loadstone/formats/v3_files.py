"""Weights as Keras' v3 format keeps them, inside a `.keras` file or in files of their own: HDF5, npz, or HDF5 shards with a map.

keras/src/saving/saving_lib.py: `H5IOStore`, `NpzIOStore`, `ShardedH5IOStore`. The files may stand in a zip archive or in a folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from loadstone.containers import hdf5, json, npz
from loadstone.containers import zip as archives
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile, LoadstoneError, UnsupportedVersion
from loadstone.ir import Tensor
from loadstone.ir.records import dataclass, field

CONFIG, METADATA, ASSETS = "config.json", "metadata.json", "assets/"
HDF5 = ("model.weights.h5", "variables.h5")  # the second by tf.keras 2.11
NPZ, SHARDS = "model.weights.npz", "model.weights.json"


@dataclass(eq=False)
class Files:
    """The files of an archive or folder: a reader for each name."""

    names: tuple[str, ...]
    open: Callable[[str], Source]

    def json(self, name: str) -> Any:
        """A JSON file; CorruptFile where it is none."""
        return json.read(self.open(name), name)


@dataclass(eq=False)
class V3Weights:
    """The tensors of a file by path, the places that hold them, and the layer names that it notes for places."""

    tensors: dict[str, Tensor] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
    called: dict[str, str] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)


def files_of(source: Source) -> Files:
    """The files below the place where config.json is: the top, or the one folder that an archive was packed with."""
    if source.folder:
        return Files((*source.entries, *source.files_below(ASSETS)), source.member)
    archive = archives.read(source)
    tops = [
        name.removesuffix(CONFIG)
        for name in archive.members
        if name.rpartition("/")[2] == CONFIG and not name.startswith(("__MACOSX/", ASSETS))
    ]
    top = tops[0] if len(tops) == 1 else ""
    return Files(tuple(name.removeprefix(top) for name in archive.members if name.startswith(top)), lambda name: archive.open(top + name))


def weights_of(files: Files) -> V3Weights:
    """The weights in whichever form the file has them."""
    for name in HDF5:
        if name in files.names:
            return of_hdf5([(name, files.open(name))])
    if NPZ in files.names:
        return of_npz(files.open(NPZ))
    if SHARDS in files.names:
        return of_shards(files, SHARDS)
    raise CorruptFile(f"the model has no weights: none of {', '.join((*HDF5, NPZ, SHARDS))} is there")


def of_shards(files: Files, name: str) -> V3Weights:
    """Weights in the files that a map names, in order: {"weight_map": {"/layers/dense/vars": file or [files]}}."""
    stored = files.json(name)
    places = stored.get("weight_map") if isinstance(stored, dict) else None
    lists = [found if isinstance(found, list) else [found] for found in places.values()] if isinstance(places, dict) else []
    shards = list(dict.fromkeys(str(shard) for listed in lists for shard in listed))
    missing = [shard for shard in shards if shard not in files.names]
    if missing or not shards:
        raise CorruptFile(f"shards of the weights are missing: {', '.join(missing) or 'the map names none'}", where=name)
    return of_hdf5([(shard, files.open(shard)) for shard in shards])


def of_hdf5(parts: Iterable[tuple[str, Source]]) -> V3Weights:
    """Weights in HDF5: groups `.../vars` whose attribute `name` is the layer's name."""
    weights = V3Weights()
    for file, source in parts:
        try:
            tree = hdf5.read(source)
        except LoadstoneError as error:
            error.at(where=file)
            raise
        weights.sources.append(source)
        for path, tensor in tree.all_tensors().items():
            if path in weights.tensors:
                raise CorruptFile("two shards hold the same tensor", where=path)
            weights.tensors[path] = tensor
        for group in tree.walk():
            place, _, last = group.path.rpartition("/")
            name = group.text("name") if last == "vars" else None
            if last == "vars":
                weights.places.append(place)
            if name is not None:
                weights.called[place] = name
    return weights


def of_npz(source: Source) -> V3Weights:
    """Weights in npz: "layers/dense" -> {"0": array, ...}; "__root__" is the model itself."""
    weights = V3Weights(sources=[source])
    for key, value in npz.read(source).items():
        place = "" if key == "__root__" else key
        weights.places.append(place)
        items = value.items() if isinstance(value, dict) else [("", value)]
        for number, item in items:
            path = "/".join(part for part in (place, "vars", str(number)) if part)
            weights.tensors[path] = _tensor(item, path)
    return weights


def _tensor(value: Any, path: str) -> Tensor:
    """An array; or a pickled Keras variable, which holds one (Keras 3 pickles the whole object)."""
    if isinstance(value, Tensor):
        return value
    from loadstone.containers import pickled

    arrays = [value] if isinstance(value, np.ndarray) else value.arrays() if isinstance(value, pickled.Opaque) else []
    if len(arrays) != 1:
        raise UnsupportedVersion(f"weights in npz should be arrays, found {getattr(value, 'name', type(value).__name__)}", where=path)
    return Tensor.of(arrays[0], key=path)


def assets_of(files: Files) -> dict[str, Tensor]:
    """Files that layers keep beside their weights, by place: a `.txt` as its lines, anything else as its bytes."""
    found = {}
    for name in files.names:
        if name.startswith(ASSETS) and not name.endswith("/"):
            data = bytes(files.open(name).read())
            lines = data.split(b"\n") if name.endswith(".txt") else None
            values = np.frombuffer(data, np.uint8) if lines is None else np.array(lines, dtype=object)
            found[name.removeprefix(ASSETS)] = Tensor.of(values, key=name)
    return found
