"""`.keras` files: a zip archive, or the same unpacked into a folder, of config.json, metadata.json and weights.

Written by Keras 3 and by tf.keras from 2.12 on (2.11 on request), see keras/src/saving/saving_lib.py. The weights are HDF5,
npz, or HDF5 shards with a map.
"""

from __future__ import annotations

from typing import Any

from loadstone.containers import zip as archives
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile, LoadstoneError
from loadstone.formats.format import Format, Match
from loadstone.formats.reading import only_mapped, reading
from loadstone.formats.v3_files import CONFIG, HDF5, METADATA, NPZ, SHARDS, V3Weights, assets_of, files_of, weights_of
from loadstone.formats.weights import Weights
from loadstone.ir import Model

_MARKS = (*HDF5, NPZ, SHARDS, METADATA)


def detect(source: Source) -> Match | None:
    """A zip archive or folder with config.json and weights or metadata; any damaged zip that begins like one."""
    if not source.folder and not source.head(4).startswith(archives.SIGNATURES):
        return None
    try:
        files = files_of(source)
    except (LoadstoneError, OSError):
        begins = source.head(4096)
        return Match("damaged zip archive") if any(name.encode() in begins for name in (CONFIG, METADATA)) else None
    if CONFIG not in files.names or not any(mark in files.names for mark in _MARKS):
        return None
    kind = next((name for name in (*HDF5, NPZ, SHARDS) if name in files.names), "no weights")
    return Match(f"{'folder' if source.folder else 'zip archive'} with {kind}")


def read(source: Source, custom: Any = None, weights: Weights | None = None) -> Model:
    """The model, its weights assigned. custom: the caller's objects, for the frontend. weights: those to use in place of its own."""
    with reading(source):
        return _read(source, custom, weights)


def _read(source: Source, custom: Any, weights: Weights | None) -> Model:
    from loadstone.formats.configs import read_config
    from loadstone.formats.producer import of_versions
    from loadstone.frontends.keras.weights_v3 import assign, of_optimizer

    files = files_of(source)
    config, metadata = files.json(CONFIG), files.json(METADATA) if METADATA in files.names else {}
    if not isinstance(config, dict) or not isinstance(metadata, dict):
        raise CorruptFile("config.json and metadata.json should hold objects")
    producer = of_versions(metadata.get("keras_version"), date=metadata.get("date_saved"), config=config)
    root = read_config(config, producer, custom, source)
    own = weights_of(files) if weights is None or any(name in files.names for name in (*HDF5, NPZ, SHARDS)) else V3Weights()
    if weights is None:
        extra = assign(root, own.tensors, producer, groups=own.places, called=own.called, assets=assets_of(files))
    else:
        extra = weights.assign(root, producer)
        extra.setdefault("optimizer", of_optimizer(own.tensors))  # a file of weights may have one that has learnt as much as they
    return Model(
        format=FORMAT.name,
        source=source.name,
        producer=producer,
        root=root,
        training_config=config.get("compile_config"),
        extra=extra,
        unchanged=only_mapped([*own.sources, *(weights.sources if weights else ())], root),
    )


FORMAT = Format("keras_v3", "Keras v3 archive or folder (.keras)", (".keras",), detect, read)
