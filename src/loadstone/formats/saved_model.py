"""SavedModel folders: `saved_model.pb` with graphs and signatures, `variables/` with a checkpoint, `assets/` with files.

https://www.tensorflow.org/guide/saved_model; written by TensorFlow 1.0 and later, by Keras, by Estimators. A folder may hold several
graphs, which tags tell apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from loadstone.containers.source import Source
from loadstone.errors import CorruptFile, LoadstoneError
from loadstone.formats.format import METADATA, Format, KerasView, Match
from loadstone.formats.reading import only_mapped, reading
from loadstone.formats.weights import Weights
from loadstone.ir import Model, Module, Producer, Tensor

if TYPE_CHECKING:
    from loadstone.containers.saved_model_proto import MetaGraph

GRAPH, TEXT = "saved_model.pb", "saved_model.pbtxt"
_HEAD = b"\x08\x01\x12"  # the schema's version, then the first graph
_TEXT_HEAD = (b"saved_model_schema_version", b"meta_graphs")
MAX_ASSET = 1 << 30


def detect(source: Source) -> Match | None:
    """A folder with a saved_model.pb, that file, or an archive of such a folder."""
    if source.folder:
        return Match("a folder") if {GRAPH, TEXT} & set(source.entries) else None
    head = source.head(64)
    if head.startswith((_HEAD, *_TEXT_HEAD)):
        return Match("the graph in its folder")
    try:
        return Match("an archive of the folder") if _in_archive(source) is not None else None
    except LoadstoneError:
        return None


def read(source: Source, custom: Any = None, weights: Weights | None = None) -> Model:
    """The module of the graph that serves; others by their tags."""
    from loadstone.containers.saved_model_proto import meta_graphs

    with reading(source):
        folder = source if source.folder else _in_archive(source) or source.beside()
        file = folder.member(GRAPH if GRAPH in folder.entries else TEXT) if folder.files is not None or source.folder else source
        graphs = list(meta_graphs(_message(file)))
        if not graphs:
            raise CorruptFile("a SavedModel without a graph")
        variables, sources = _variables(folder)
        tagged = {graph.tags: _reader(folder, graph, variables) for graph in graphs}
        served = _served(graphs)
        view = _view(folder, served, variables, custom)
        return Model(
            format=FORMAT.name,
            source=source.name,
            producer=view.producer or Producer("tensorflow", served.version),
            root=view.root,
            training_config=view.training_config,
            extra=dict(view.extra or {}),
            findings=[view.finding] if view.finding is not None else [],
            module=tagged[served.tags](),
            tagged=tagged,
            unchanged=only_mapped([file, *sources]),
        )


def _view(folder: Source, graph: MetaGraph, variables: Mapping[str, Tensor], custom: Any) -> KerasView:
    """The layers of the model, where it is one of tf.keras."""
    if METADATA not in folder.entries and (not graph.objects or b"_tf_keras_" not in bytes(graph.objects[0].message)):
        return KerasView()
    from loadstone.formats.keras_view import keras_view

    return keras_view(folder, graph, variables, custom)


def _in_archive(source: Source) -> Source | None:
    from loadstone.containers import archives

    return archives.folder_of(source, GRAPH) or archives.folder_of(source, TEXT)


def _message(file: Source) -> memoryview:
    """The bytes of a SavedModel; those that text stands for."""
    if not file.head(64).startswith(_TEXT_HEAD):
        return file.read()
    from loadstone.containers import proto_schema

    return memoryview(proto_schema.of_text(bytes(file.read()).decode("utf8", "surrogateescape"), "SavedModel"))


def _served(graphs: list[MetaGraph]) -> MetaGraph:
    """The graph to use where no tags are asked for: of "serve" alone, else the first with it, else the first."""
    alone = [graph for graph in graphs if graph.tags == ("serve",)]
    some = [graph for graph in graphs if "serve" in graph.tags]
    return [*alone, *some, *graphs][0]


def _reader(folder: Source, graph: MetaGraph, variables: Mapping[str, Tensor]) -> Callable[[], Module]:
    def asset(name: str) -> bytes:
        file = folder.member(f"assets/{name}")
        if file.size > MAX_ASSET:
            raise CorruptFile(f"an asset of {file.size} bytes", where=name)
        return bytes(file.read())

    def read_module() -> Module:
        from loadstone.frontends.tensorflow.saved_model import read_meta_graph

        return read_meta_graph(graph, variables, asset)

    return read_module


def _variables(folder: Source) -> tuple[dict[str, Tensor], list[Source]]:
    """The tensors of the checkpoint in the folder; none where there is no checkpoint."""
    from loadstone.containers import tensor_bundle

    index = "variables/variables.index"
    if index not in folder.files_below("variables"):
        return {}, []
    file = folder.member(index)
    bundle = tensor_bundle.read(file, lambda ending: folder.member(f"variables/variables{ending}"))
    return bundle.tensors, bundle.sources


FORMAT = Format("tf_saved_model", "TensorFlow SavedModel", (), detect, read)
