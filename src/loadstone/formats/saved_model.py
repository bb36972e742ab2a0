"""SavedModel folders: `saved_model.pb` with graphs and signatures, `variables/` with a checkpoint, `assets/` with files.

https://www.tensorflow.org/guide/saved_model; written by TensorFlow 1.0 and later, by Keras, by Estimators. A folder may hold several
graphs, which tags tell apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from loadstone.containers.source import Source
from loadstone.errors import LoadstoneError
from loadstone.formats.format import METADATA, Format, KerasView, Match
from loadstone.formats.reading import only_mapped, reading, without
from loadstone.formats.weights import Weights
from loadstone.ir import Model, Module, Producer

if TYPE_CHECKING:
    from loadstone.containers.saved_model_folder import SavedModelFolder
    from loadstone.containers.saved_model_proto import MetaGraph

_GRAPHS = frozenset({"saved_model.pb", "saved_model.pbtxt"})
_HEAD = b"\x08\x01\x12"  # the schema's version, then the first graph
_TEXT_HEAD = (b"saved_model_schema_version", b"meta_graphs")


def detect(source: Source) -> Match | None:
    """A folder with a saved_model.pb, that file, or an archive of such a folder."""
    if source.folder:
        return Match("a folder") if _GRAPHS.intersection(source.entries) else None
    head = source.head(64)
    if head.startswith((_HEAD, *_TEXT_HEAD)):
        return Match("the graph in its folder")
    try:
        from loadstone.containers import archives

        found = any(archives.folder_of(source, name) is not None for name in _GRAPHS)
        return Match("an archive of the folder") if found else None
    except LoadstoneError:
        return None


def read(source: Source, custom: Any = None, weights: Weights | None = None) -> Model:
    """The module of the graph that serves; others by their tags."""
    without(weights, "a SavedModel")
    from loadstone.containers.saved_model_folder import open_folder

    with reading(source):
        found = open_folder(source)
        served = _served(found.graphs)
        view = _view(found, served, custom)
        tagged = {graph.tags: _reader(found, graph, graph is served, view) for graph in found.graphs}
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
            unchanged=only_mapped(found.sources, view.root),
        )


def _view(found: SavedModelFolder, graph: MetaGraph, custom: Any) -> KerasView:
    """The layers of the model, where it is one of tf.keras."""
    if METADATA not in found.folder.entries and (not graph.objects or b"_tf_keras_" not in bytes(graph.objects[0].message)):
        return KerasView()
    from loadstone.formats.keras_view import keras_view

    return keras_view(found.folder, graph, found.variables, custom)


def _served(graphs: list[MetaGraph]) -> MetaGraph:
    """The graph to use where no tags are asked for: of "serve" alone, else the first with it, else the first."""
    alone = [graph for graph in graphs if graph.tags == ("serve",)]
    some = [graph for graph in graphs if "serve" in graph.tags]
    return [*alone, *some, *graphs][0]


def _reader(found: SavedModelFolder, graph: MetaGraph, served: bool, view: KerasView) -> Callable[[], Module]:
    def read_module() -> Module:
        from loadstone.containers.origin import Origin
        from loadstone.frontends.tensorflow.saved_model import read_meta_graph

        module = read_meta_graph(graph, found.variables, found.asset)
        module.origin = Origin(graph.graph, lambda: graph.graph_message, graph, found.variables, found, served, view.root)
        return module

    return read_module


FORMAT = Format("tf_saved_model", "TensorFlow SavedModel", (), detect, read)
