"""TensorFlow.js layers models: `model.json` with the config and a manifest of the weights, whose bytes lie in files beside it.

Written by `tensorflowjs_converter` and by `model.save()` in JavaScript (tfjs-layers/src/models.ts, tfjs-core/src/io/io_utils.ts). Weights
may be quantized: uint8 and uint16 with a scale and a minimum, or float16.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np

from loadstone.containers import json
from loadstone.containers.source import Source
from loadstone.containers.tensor_bundle import check_sizes
from loadstone.errors import MALFORMED, CorruptFile, LoadstoneError, UnsupportedVersion
from loadstone.formats.format import Format, Match
from loadstone.formats.reading import only_mapped, reading
from loadstone.formats.weights import Extra, Weights
from loadstone.ir import Layer, Model, Producer, Tensor, dtypes

MODEL = "model.json"
_WRITTEN_IN_JAVASCRIPT = "2.2.4"  # the release of Keras whose layers tfjs-layers has


def detect(source: Source) -> Match | None:
    """JSON with the topology of a layers model and a manifest, or the folder around it."""
    if source.folder:
        return detect(source.member(MODEL)) if MODEL in source.entries else None
    if not source.head(1 << 10).lstrip().startswith(b"{") or b'"modelTopology"' not in bytes(source.read()):
        return None
    try:
        stored = json.read(source, MODEL)
    except CorruptFile:
        head = source.head(1 << 16)
        return Match("damaged JSON") if b'"modelTopology"' in head and b'"class_name"' in head else None
    return Match("JSON with a manifest of weights") if _config(stored) is not None else None


def read(source: Source, custom: Any = None, weights: Weights | None = None) -> Model:
    """The model, its weights assigned. custom: the caller's objects, for the frontend. weights: those to use in place of its own."""
    from loadstone.formats.configs import read_config

    with reading(source):
        stored = json.read(source.member(MODEL) if source.folder else source, MODEL)
        config, topology = _config(stored), stored["modelTopology"]
        if config is None:
            raise CorruptFile("the model has no topology of layers")
        producer = _producer(topology, config)
        root = read_config(config, producer, custom, source)
        found = weights or read_weights(source)
        return Model(
            format=FORMAT.name,
            source=source.name,
            producer=producer,
            root=root,
            training_config=topology.get("training_config") or stored.get("trainingConfig"),
            extra=found.assign(root, producer),
            unchanged=only_mapped(found.sources, root),
        )


def read_weights(source: Source) -> Weights:
    """The weights that the manifest lists, by name, in its order."""
    file = source.member(MODEL) if source.folder else source
    manifest = json.read(file, MODEL).get("weightsManifest")
    if not isinstance(manifest, list) or file.path is None:
        raise CorruptFile("the model has no manifest of its weights" if file.path else "the weights lie beside the file: give its path")
    around = source if source.folder else file.beside()
    try:
        tensors, sources = _listed(manifest, around)
    except LoadstoneError:
        raise
    except MALFORMED as error:
        raise CorruptFile(f"the manifest of the weights is damaged: {type(error).__name__} {error}") from error
    return Weights(tensors, lambda root, producer: _assign(root, tensors, producer), sources)


def _listed(manifest: list[Any], around: Source) -> tuple[dict[str, Tensor], list[Source]]:
    """The weights by name, and the files that hold them, each listed once."""
    tensors: dict[str, Tensor] = {}
    sources: list[Source] = []
    opened: set[str] = set()
    for group in manifest:
        paths = [str(path) for path in group["paths"]]
        if len({*opened, *paths}) < len(opened) + len(paths):
            raise CorruptFile(f"the manifest lists a file twice: {paths}")
        opened.update(paths)
        files = [around.member(path) for path in paths]
        sources += files
        for name, tensor in _group(group["weights"], _Bytes(files)):
            if name in tensors:
                raise CorruptFile("two weights have the same name", where=name)
            tensors[name] = tensor
    return tensors, sources


def _assign(root: Layer, tensors: dict[str, Tensor], producer: Producer) -> Extra:
    from loadstone.frontends.keras import weights_named

    return weights_named.assign(root, tensors, producer)


def _producer(topology: Any, config: Any) -> Producer:
    """Who wrote the layers: a Keras whose file was converted, or TensorFlow.js, whose layers are those of Keras 2.2."""
    version = str(topology.get("keras_version") or "")
    if not version or version.startswith("tfjs"):
        return Producer("tfjs-layers", _WRITTEN_IN_JAVASCRIPT, "tensorflow")
    from loadstone.formats.producer import of_versions

    return of_versions(version, backend=topology.get("backend"), config=config)


def _config(stored: Any) -> dict[str, Any] | None:
    """The config of the model; None for JSON of another kind, a graph model among them."""
    topology = stored.get("modelTopology") if isinstance(stored, dict) else None
    if not isinstance(topology, dict):
        return None
    config = topology.get("model_config", topology)
    return config if isinstance(config, dict) and {"class_name", "config"} <= set(config) else None


class _Bytes:
    """Files one after the other."""

    def __init__(self, files: list[Source]) -> None:
        self.files = files
        self.size = sum(file.size for file in files)

    def tensor(self, offset: int, shape: tuple[int, ...], dtype: str, key: str) -> Tensor:
        """Numbers at an offset: mapped where they lie in one file."""
        length, numpy_dtype = prod(shape) * dtypes.itemsize(dtype), dtypes.to_numpy(dtype)
        start = offset
        for file in self.files:
            if start + length <= file.size:
                return file.tensor(start, shape, numpy_dtype, dtype, key)
            if start < file.size:
                break
            start -= file.size
        return Tensor.lazy(shape, dtype, lambda: np.frombuffer(self.read(offset, length, key), numpy_dtype).reshape(shape), key=key)

    def read(self, offset: int, length: int, key: str) -> bytes:
        if offset + length > self.size:
            raise CorruptFile(f"the weights end at byte {self.size}, {length} are expected at {offset}", where=key)
        parts = []
        for file in self.files:
            begin, end = max(offset, 0), min(offset + length, file.size)
            if begin < end:
                parts.append(bytes(file.read(begin, end - begin)))
            offset -= file.size
        return b"".join(parts)


def _group(listed: Any, data: _Bytes) -> Iterator[tuple[str, Tensor]]:
    """The weights of one group of files, which lie there without gaps."""
    offset = 0
    for entry in listed:
        name, shape, dtype = str(entry["name"]), tuple(entry["shape"]), str(entry["dtype"])
        if not all(isinstance(size, int) and size >= 0 for size in shape):
            raise CorruptFile(f"a weight of shape {shape}", where=name)
        check_sizes(shape, name)
        if dtype == "string":
            tensor, length = _strings(data, offset, shape, name)
        else:
            quantization = entry.get("quantization") or {}
            stored = str(quantization.get("dtype", dtype))
            if not dtypes.known(stored) or not dtypes.known(dtype):
                raise UnsupportedVersion(f"a weight of type {stored}", where=name)
            length = prod(shape) * dtypes.itemsize(stored)
            if offset + length > data.size:
                raise CorruptFile(f"the weights end at byte {data.size}, {length} are expected at {offset}", where=name)
            tensor = data.tensor(offset, shape, stored, name)
            tensor = tensor.map(_unpacked(quantization, dtype, name), dtype=dtype) if quantization else tensor
        offset += length
        yield name, tensor
    if offset != data.size:
        raise CorruptFile(f"the manifest lists {offset} bytes of weights, the files have {data.size}")


def _unpacked(quantization: dict[str, Any], dtype: str, name: str) -> Callable[[np.ndarray], np.ndarray]:
    """The numbers that quantized ones stand for: q * scale + min as JavaScript computes it, or float16 as it is.

    tfjs-core/src/io/io_utils.ts, `decodeWeights`. Raises UnsupportedVersion for what it refuses as well.
    """
    stored = quantization.get("dtype")
    if stored == "float16" and dtype == "float32":
        return lambda array: array.astype(np.float32)
    if stored not in ("uint8", "uint16") or dtype not in ("float32", "int32"):
        raise UnsupportedVersion(f"a weight of type {dtype} that is stored as {stored}", where=name)
    scale, low = float(quantization["scale"]), float(quantization["min"])
    if dtype == "int32":
        return lambda array: np.floor(array * scale + low + 0.5).astype(np.int32)
    return lambda array: (array * scale + low).astype(np.float32)


def _strings(data: _Bytes, offset: int, shape: tuple[int, ...], name: str) -> tuple[Tensor, int]:
    """Each a length of four bytes and that many bytes; and how long they are together."""
    found, start = [], offset
    for _ in range(prod(shape)):
        size = int.from_bytes(data.read(offset, 4, name), "little")
        found.append(data.read(offset + 4, size, name))
        offset += 4 + size
    array = np.empty(len(found), object)
    array[:] = found
    return Tensor.of(array.reshape(shape), key=name), offset - start


FORMAT = Format("tfjs_layers", "TensorFlow.js layers model (model.json)", (".json",), detect, read)
