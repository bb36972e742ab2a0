"""Files that hold weights and no architecture, each kind of them, and files whose weights are used without the rest.

A kind is known by its content. What it gives is the tensors by name, in file order, and the way to put them into a model that was
read from elsewhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping

from loadstone.containers import checkpoint_v1, hdf5, npz, safetensors, sstable, tensor_bundle
from loadstone.containers import zip as archives
from loadstone.containers.hdf5_tree import Group
from loadstone.containers.source import Filepath, Source
from loadstone.errors import CorruptFile, LoadstoneError, UnrecognizedFormat, UnsupportedVersion
from loadstone.formats import tfjs_layers, unrecognized
from loadstone.formats.locating import latest_checkpoint
from loadstone.formats.reading import reading
from loadstone.formats.v3_files import Files, V3Weights, assets_of, files_of, of_hdf5, of_npz, of_shards, weights_of
from loadstone.formats.weights import Extra, Weights
from loadstone.frontends.keras import weights_checkpoint, weights_h5, weights_list, weights_named, weights_v3
from loadstone.ir import Layer, Producer, Tensor
from loadstone.ir.records import dataclass, replace

_LISTED = ("layer_names", "layer_names0")  # the second where the list is too long for one attribute
_ROOTS = {"layers", "_layer_checkpoint_dependencies", "vars", "optimizer"}


@dataclass(frozen=True)
class Kind:
    """One kind of file with weights: detect looks at content and does not raise; read gives what is in it."""

    title: str
    suffixes: tuple[str, ...]
    detect: Callable[[Source], bool]
    read: Callable[[Source], Weights]


def open_weights(filepath: Filepath, mmap: bool | None = None) -> Weights:
    """The weights in a file, in a folder, or under the name of a checkpoint.

    Raises FileNotFoundError, UnrecognizedFormat for a file of another kind, or what a container's reader says of a damaged one.
    """
    source = Source.open(_checkpoint(filepath), mmap=mmap)
    with reading(source):
        for kind in KINDS:
            if kind.detect(source):
                return kind.read(source)
        found = unrecognized.describe(source)
        raise UnrecognizedFormat(f"this is {found.what}, not weights of a Keras model", hint=found.hint)


def _checkpoint(filepath: Filepath) -> Filepath:
    """The index of the checkpoint that a path means: its name without an ending, any of its files, or the folder around it."""
    if not isinstance(filepath, (str, os.PathLike)):
        return filepath
    name = os.fsdecode(filepath)
    if os.path.isdir(name):
        return _latest(name) or name
    prefix = tensor_bundle.prefix_of(name) or name
    index = prefix + tensor_bundle.INDEX
    return (
        index if not name.endswith(tensor_bundle.INDEX) and (prefix != name or not os.path.exists(name)) and os.path.isfile(index) else name
    )


def _latest(folder: str) -> str | None:
    """The index of the newest checkpoint in a folder, as its file `checkpoint` says; or the only one."""
    found = sorted(entry for entry in os.listdir(folder) if entry.endswith(tensor_bundle.INDEX))
    last = latest_checkpoint(folder)
    for name in (last + tensor_bundle.INDEX, last) if last else ():
        if os.path.isfile(os.path.join(folder, name)):
            return os.path.join(folder, name)
    return os.path.join(folder, found[0]) if len(found) == 1 else None


# Keras' own HDF5 files


def _is_listed_hdf5(source: Source) -> bool:
    names = _attributes(source)
    return any(name in names for name in _LISTED) or "model_config" in names


def _read_listed_hdf5(source: Source) -> Weights:
    """Groups of layers with the lists `layer_names` and `weight_names`; or those of a whole model."""
    tree = hdf5.read(source)
    group = tree.groups.get("model_weights", tree)
    version, backend = (tree.text(name) or group.text(name) for name in ("keras_version", "backend"))

    def assign(root: Layer, producer: Producer) -> Extra:
        own = replace(producer, version=version.partition("-")[0] if version else producer.version, backend=backend or producer.backend)
        return weights_h5.assign(root, group, own, apart=True)

    return Weights(group.all_tensors(), assign, [source], version, backend)


def _is_keras_0(source: Source) -> bool:
    outline = _outline(source) if not source.folder and hdf5.begins(source) else None
    return outline is not None and ("nb_layers" in outline.attributes or outline.names == ["graph"])


def _read_keras_0(source: Source) -> Weights:
    """`layer_0/param_0`, `layer_0/param_1`, ... or, of a Graph, `graph/param_0`, ...: in order, without names."""
    found = hdf5.read(source).all_tensors()
    tensors = {path: found[path] for path in sorted(found, key=lambda path: [int(n) for n in re.findall(r"\d+", path)])}
    return Weights(tensors, lambda root, producer: weights_list.assign(root, tensors, producer), [source])


def _is_v3_hdf5(source: Source) -> bool:
    return hdf5.begins(source) and not source.folder and bool(_ROOTS & set(_outline(source).names))


def _v3(weights: V3Weights, assets: Mapping[str, Tensor] | None = None) -> Weights:
    def assign(root: Layer, producer: Producer) -> Extra:
        known = {layer.name for layer in root.walk()}
        called = weights.called if known.issuperset(weights.called.values()) else {}
        return weights_v3.assign(root, weights.tensors, producer, groups=weights.places, called=called, assets=assets)

    return Weights(weights.tensors, assign, weights.sources)


def _is_shards(source: Source) -> bool:
    return source.head(1) == b"{" and b'"weight_map"' in source.head(1 << 20)


def _read_shards(source: Source) -> Weights:
    folder, name = os.path.split(source.path or "")
    if not name:
        raise CorruptFile("the map of sharded weights is without the files that it names: give its path")
    around = Source.open(folder, mmap=source.mmap)
    return _v3(of_shards(Files(around.entries, around.member), name))


def _is_archive(source: Source) -> bool:
    if source.folder:
        return "config.json" in source.entries
    if not source.head(4).startswith(archives.SIGNATURES):
        return False
    try:
        return "config.json" in files_of(source).names
    except (LoadstoneError, OSError):
        return False


def _read_archive(source: Source) -> Weights:
    files = files_of(source)
    return _v3(weights_of(files), assets_of(files))


def _is_tfjs(source: Source) -> bool:
    return tfjs_layers.detect(source) is not None


# arrays of numpy


def _is_npz(source: Source) -> bool:
    if source.folder or not source.head(4).startswith(archives.SIGNATURES):
        return False
    try:
        names = archives.read(source).members
    except LoadstoneError:
        return False
    return bool(names) and all(name.endswith(".npy") for name in names)


def _read_npz(source: Source) -> Weights:
    """Keras' own layout, a dict for each place; or `numpy.savez(file, *model.get_weights())`."""
    found = npz.read(source)
    plain = {name: value for name, value in found.items() if isinstance(value, Tensor)}
    if len(plain) < len(found):
        return _v3(of_npz(source))
    order = sorted(plain, key=lambda name: (int(re.sub(r"\D", "", name) or -1), name)) if all(map(_NUMBERED.match, plain)) else []
    tensors = {name: plain[name] for name in order or plain}

    def assign(root: Layer, producer: Producer) -> Extra:
        if not order:
            raise UnsupportedVersion(f"arrays with names of their own ({', '.join(list(tensors)[:5])}): which weight each is, is not told")
        return weights_list.assign(root, tensors, producer)

    return Weights(tensors, assign, [source])


_NUMBERED = re.compile(r"arr_\d+$")


def _read_safetensors(source: Source) -> Weights:
    tensors, _ = safetensors.read(source)
    return Weights(tensors, lambda root, producer: weights_named.assign(root, tensors, producer), [source])


# checkpoints of TensorFlow


def _is_bundle(source: Source) -> bool:
    return sstable.ends(source) and not checkpoint_v1.begins(source)


def _read_bundle(source: Source) -> Weights:
    if source.path is None:
        raise CorruptFile("the index of a checkpoint is without its data files: give its path")
    bundle = tensor_bundle.read(source, tensor_bundle.shard_beside(source.path, source.mmap))
    return Weights(bundle.tensors, lambda root, producer: weights_checkpoint.assign(root, bundle.tensors, producer), bundle.sources)


def _read_checkpoint_v1(source: Source) -> Weights:
    """One file, or all shards of one (`model.ckpt-00000-of-00002`)."""
    shard = re.fullmatch(r"(.*-)\d{5}-of-(\d{5})", source.path or "")
    sources = [source]
    if shard:
        count = int(shard[2])
        sources = [Source.open(f"{shard[1]}{number:05d}-of-{count:05d}", mmap=source.mmap) for number in range(min(count, 10_000))]
    tensors = checkpoint_v1.read(sources)
    return Weights(tensors, lambda root, producer: weights_checkpoint.assign(root, tensors, producer), sources)


def _attributes(source: Source) -> Mapping[str, object]:
    return _outline(source).attributes if not source.folder and hdf5.begins(source) else {}


def _outline(source: Source) -> Group:
    try:
        return hdf5.outline(source)
    except LoadstoneError:
        return Group("", source.name, {})


KINDS: tuple[Kind, ...] = (
    Kind("Keras weights in HDF5 (.h5), or those of a whole model", (".h5", ".hdf5"), _is_listed_hdf5, _read_listed_hdf5),
    Kind("Keras 0 weights in HDF5 (.h5, .hdf5)", (".h5", ".hdf5"), _is_keras_0, _read_keras_0),
    Kind("Keras v3 weights in HDF5 (.weights.h5)", (".weights.h5",), _is_v3_hdf5, lambda source: _v3(of_hdf5([(source.name, source)]))),
    Kind("the map of sharded Keras v3 weights (.weights.json)", (".weights.json",), _is_shards, _read_shards),
    Kind("the weights of a Keras v3 archive or folder (.keras)", (".keras",), _is_archive, _read_archive),
    Kind("the weights of a TensorFlow.js layers model (model.json)", (".json",), _is_tfjs, tfjs_layers.read_weights),
    Kind("arrays of numpy: Keras v3 weights, or `get_weights()` in order (.npz)", (".npz",), _is_npz, _read_npz),
    Kind("safetensors, by the paths of layers (.safetensors)", (".safetensors",), safetensors.begins, _read_safetensors),
    Kind("TensorFlow checkpoint (V1)", (".ckpt",), checkpoint_v1.begins, _read_checkpoint_v1),
    Kind("TensorFlow checkpoint (.index and .data files)", (".index",), _is_bundle, _read_bundle),
)
