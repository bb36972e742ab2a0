"""Checkpoints of TensorFlow 1 with their graph: `NAME.meta` (a MetaGraphDef) beside the files of the checkpoint `NAME`.

Written by `tf.train.Saver.save`; tensorflow/core/protobuf/meta_graph.proto. What predicts is chosen by the names of tensors.
"""

from __future__ import annotations

from typing import Any

from loadstone.containers.source import Source
from loadstone.containers.wire import fields, varint
from loadstone.errors import CorruptFile, LoadstoneError
from loadstone.formats.format import Format, Match
from loadstone.formats.locating import META
from loadstone.formats.reading import only_mapped, reading
from loadstone.formats.weights import Weights
from loadstone.ir import Model, Producer


def detect(source: Source) -> Match | None:
    """A message that begins with what is told of a graph: ops, tags, the release that wrote it."""
    head = source.head(1 << 16)
    if source.folder or head[:1] != b"\n":
        return None
    try:
        length, start = varint(memoryview(head), 1)
        info = source.read(start, min(length, source.size - start))
        first = next(iter(fields(info)), None)
        known = (
            first is not None
            and first[0] in (1, 2, 3, 4, 5, 6)
            and _is_info(info)
            and source.read(start + length, 1)[0] in (0x12, 0x1A, 0x22)
        )
    except (LoadstoneError, ValueError, IndexError):
        return None
    return Match("a graph with what belongs to it") if known else None


def _is_info(info: memoryview) -> bool:
    """True for a MetaInfoDef: its ops are messages, its release text."""
    numbers = {number for number, _ in fields(info)}
    return bool(numbers & {2, 5}) and numbers <= set(range(1, 9))


def read(source: Source, custom: Any = None, weights: Weights | None = None) -> Model:
    """The graph with the variables of the checkpoint beside it, or of `weights`."""
    from loadstone.containers.origin import Origin
    from loadstone.containers.saved_model_proto import MetaGraph
    from loadstone.frontends.tensorflow.saved_model import read_meta_graph

    with reading(source):
        meta = MetaGraph(source.read())
        found = weights or _checkpoint(source)
        module = read_meta_graph(meta, found.tensors, _no_asset)
        module.origin = Origin(meta.graph, lambda: meta.graph_message, meta, found.tensors)
        return Model(
            format=FORMAT.name,
            source=source.name,
            producer=Producer("tensorflow", meta.version),
            module=module,
            unchanged=only_mapped([source, *found.sources]),
        )


def _checkpoint(source: Source) -> Weights:
    if source.path is None or not source.path.endswith(META):
        raise CorruptFile(
            "a graph without its checkpoint: give its path", hint='or the checkpoint: load_model("graph.meta", weights="model.ckpt")'
        )
    from loadstone.formats import weights_files

    return weights_files.open_weights(source.path.removesuffix(META), source.mmap)


def _no_asset(name: str) -> bytes:
    raise CorruptFile("a file that the graph reads is not beside its checkpoint", where=name)


FORMAT = Format("tf_meta_graph", "TensorFlow checkpoint with its graph (.meta)", (META,), detect, read)
