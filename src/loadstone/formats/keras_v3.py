"""`.keras` files: a zip archive, or the same unpacked into a folder, of config.json, metadata.json and weights.

Written by Keras 3 and by tf.keras from 2.12 on (2.11 on request), see keras/src/saving/saving_lib.py. The weights are HDF5,
npz, or HDF5 shards with a map.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from loadstone.containers import hdf5, npz, pickled
from loadstone.containers import zip as archives
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile, LoadstoneError, UnsupportedVersion
from loadstone.formats.format import Format, Match
from loadstone.formats.producer import of_versions, only_mapped
from loadstone.formats.reading import read_config, reading
from loadstone.frontends.keras.weights_v3 import assign
from loadstone.ir import Model, Tensor

CONFIG, METADATA, ASSETS = "config.json", "metadata.json", "assets/"
MAX_JSON = 256 << 20
_HDF5 = ("model.weights.h5", "variables.h5")  # the second by tf.keras 2.11
_NPZ, _SHARDS = "model.weights.npz", "model.weights.json"
_MARKS = (*_HDF5, _NPZ, _SHARDS, METADATA)


@dataclass(eq=False)
class _Files:
    """The files of an archive or folder: a reader for each name."""

    names: tuple[str, ...]
    open: Callable[[str], Source]

    def json(self, name: str) -> Any:
        """A JSON file; CorruptFile where it is none."""
        source = self.open(name)
        if source.size > MAX_JSON:
            raise CorruptFile(f"{source.size} bytes of JSON, at most {MAX_JSON} are read", where=name)
        try:
            return json.loads(bytes(source.read()))
        except (ValueError, RecursionError) as error:
            raise CorruptFile(f"{name} is not JSON: {error}", where=name) from error


@dataclass(eq=False)
class _Weights:
    """The tensors of a file by path, the places that hold them, and the layer names that it notes for places."""

    tensors: dict[str, Tensor] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
    called: dict[str, str] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)


def detect(source: Source) -> Match | None:
    """A zip archive or folder with config.json and weights or metadata; any damaged zip that begins like one."""
    if not source.folder and not source.head(4).startswith(archives.SIGNATURES):
        return None
    try:
        files = _files(source)
    except (LoadstoneError, OSError):
        begins = source.head(4096)
        return Match("damaged zip archive") if any(name.encode() in begins for name in (CONFIG, METADATA)) else None
    if CONFIG not in files.names or not any(mark in files.names for mark in _MARKS):
        return None
    kind = next((name for name in (*_HDF5, _NPZ, _SHARDS) if name in files.names), "no weights")
    return Match(f"{'folder' if source.folder else 'zip archive'} with {kind}")


def read(source: Source, custom: Any = None) -> Model:
    """The model, its weights assigned. custom: the caller's objects, for the frontend."""
    with reading(source):
        return _read(source, custom)


def _read(source: Source, custom: Any) -> Model:
    files = _files(source)
    config, metadata = files.json(CONFIG), files.json(METADATA) if METADATA in files.names else {}
    if not isinstance(config, dict) or not isinstance(metadata, dict):
        raise CorruptFile("config.json and metadata.json should hold objects")
    producer = of_versions(metadata.get("keras_version"), date=metadata.get("date_saved"), config=config)
    root = read_config(config, producer, custom)
    weights = _weights(files)
    extra = assign(root, weights.tensors, producer, groups=weights.places, called=weights.called, assets=_assets(files))
    return Model(
        format=FORMAT.name,
        source=source.name,
        producer=producer,
        root=root,
        training_config=config.get("compile_config"),
        extra=extra,
        unchanged=only_mapped(weights.sources),
    )


def _files(source: Source) -> _Files:
    """The files below the place where config.json is: the top, or the one folder that an archive was packed with."""
    if source.folder:
        return _Files((*source.entries, *source.files_below(ASSETS)), source.member)
    archive = archives.read(source)
    tops = [
        name.removesuffix(CONFIG)
        for name in archive.members
        if name.rpartition("/")[2] == CONFIG and not name.startswith(("__MACOSX/", ASSETS))
    ]
    top = tops[0] if len(tops) == 1 else ""
    return _Files(tuple(name.removeprefix(top) for name in archive.members if name.startswith(top)), lambda name: archive.open(top + name))


def _weights(files: _Files) -> _Weights:
    """The weights in whichever form the file has them."""
    for name in _HDF5:
        if name in files.names:
            return _of_hdf5([(name, files.open(name))])
    if _NPZ in files.names:
        return _of_npz(files.open(_NPZ))
    if _SHARDS in files.names:
        return _of_hdf5([(name, files.open(name)) for name in _shards(files)])
    raise CorruptFile(f"the model has no weights: none of {', '.join((*_HDF5, _NPZ, _SHARDS))} is there")


def _shards(files: _Files) -> list[str]:
    """The files that the map of a sharded model names, in order: {"weight_map": {"/layers/dense/vars": file or [files]}}."""
    stored = files.json(_SHARDS)
    shards: dict[str, None] = {}
    for found in stored.get("weight_map", {}).values() if isinstance(stored, dict) else ():
        shards.update(dict.fromkeys(found if isinstance(found, list) else [found]))
    missing = [str(name) for name in shards if name not in files.names]
    if missing or not shards:
        raise CorruptFile(f"shards of the weights are missing: {', '.join(missing) or 'the map names none'}", where=_SHARDS)
    return list(shards)


def _of_hdf5(parts: Iterable[tuple[str, Source]]) -> _Weights:
    """Weights in HDF5: groups `.../vars` whose attribute `name` is the layer's name."""
    weights = _Weights()
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


def _of_npz(source: Source) -> _Weights:
    """Weights in npz: "layers/dense" -> {"0": array, ...}; "__root__" is the model itself."""
    weights = _Weights(sources=[source])
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
    arrays = [value] if isinstance(value, np.ndarray) else value.arrays() if isinstance(value, pickled.Opaque) else []
    if len(arrays) != 1:
        raise UnsupportedVersion(f"weights in npz should be arrays, found {getattr(value, 'name', type(value).__name__)}", where=path)
    return Tensor.of(arrays[0], key=path)


def _assets(files: _Files) -> dict[str, Tensor]:
    """Files that layers keep beside their weights, by place: a `.txt` as its lines, anything else as its bytes."""
    found = {}
    for name in files.names:
        if name.startswith(ASSETS) and not name.endswith("/"):
            data = bytes(files.open(name).read())
            lines = data.split(b"\n") if name.endswith(".txt") else None
            values = np.frombuffer(data, np.uint8) if lines is None else np.array(lines, dtype=object)
            found[name.removeprefix(ASSETS)] = Tensor.of(values, key=name)
    return found


FORMAT = Format("keras_v3", "Keras v3 archive or folder (.keras)", (".keras",), detect, read)
