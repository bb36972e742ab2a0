"""A SavedModel folder: its graphs, the tensors of its checkpoint, its assets (https://www.tensorflow.org/guide/saved_model)."""

from __future__ import annotations

from collections.abc import Mapping

from loadstone.containers.saved_model_proto import MetaGraph, meta_graphs
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile
from loadstone.ir import Tensor
from loadstone.ir.records import dataclass

GRAPH, TEXT = "saved_model.pb", "saved_model.pbtxt"
TEXT_HEAD = (b"saved_model_schema_version", b"meta_graphs")
HUB = "tfhub_module.pb"  # beside the graph of a module for TensorFlow 1 (tensorflow_hub/native_module.py)
MAX_ASSET = 1 << 30


@dataclass(frozen=True, eq=False)
class SavedModelFolder:
    """What a folder holds. variables are the tensors of its checkpoint by name, sources the files whose bytes are in use."""

    folder: Source
    graphs: list[MetaGraph]
    variables: Mapping[str, Tensor]
    sources: list[Source]

    @property
    def is_hub_module(self) -> bool:
        """True for a module of tensorflow_hub for TensorFlow 1."""
        return HUB in self.folder.entries

    def asset(self, name: str) -> bytes:
        """A file of the folder `assets`. Raises CorruptFile for one that is too large."""
        file = self.folder.member(f"assets/{name}")
        if file.size > MAX_ASSET:
            raise CorruptFile(f"an asset of {file.size} bytes", where=name)
        return bytes(file.read())


def is_folder(source: Source) -> bool:
    """True for a folder with the graph of a SavedModel."""
    return source.folder and bool({GRAPH, TEXT} & set(source.entries))


def in_archive(source: Source) -> Source | None:
    """The folder in an archive of one; None where there is none."""
    from loadstone.containers import archives

    return archives.folder_of(source, GRAPH) or archives.folder_of(source, TEXT)


def open_folder(source: Source) -> SavedModelFolder:
    """The SavedModel of a folder, of the graph in it, or of an archive of the folder. Raises CorruptFile for one without a graph."""
    folder, file = _parts(source)
    graphs = list(meta_graphs(_message(file)))
    if not graphs:
        raise CorruptFile("a SavedModel without a graph")
    variables, sources = _variables(folder)
    return SavedModelFolder(folder, graphs, variables, [file, *sources])


def message_of(source: Source) -> tuple[Source, memoryview]:
    """The folder of a SavedModel, and the message in it, with nothing else of it read."""
    folder, file = _parts(source)
    return folder, _message(file)


def _parts(source: Source) -> tuple[Source, Source]:
    """The folder and the file with the graph."""
    folder = source if source.folder else in_archive(source) or source.beside()
    inside = folder.files is not None or source.folder
    return folder, folder.member(GRAPH if GRAPH in folder.entries else TEXT) if inside else source


def _message(file: Source) -> memoryview:
    """The bytes of a SavedModel; those that text stands for."""
    if not file.head(64).startswith(TEXT_HEAD):
        return file.read()
    from loadstone.containers import proto_schema

    return memoryview(proto_schema.of_text(bytes(file.read()).decode("utf8", "surrogateescape"), "SavedModel"))


def _variables(folder: Source) -> tuple[dict[str, Tensor], list[Source]]:
    """The tensors of the checkpoint in the folder; none where there is no checkpoint."""
    from loadstone.containers import tensor_bundle

    index = "variables/variables.index"
    if index not in folder.files_below("variables"):
        return {}, []
    file = folder.member(index)
    bundle = tensor_bundle.read(file, lambda ending: folder.member(f"variables/variables{ending}"))
    return bundle.tensors, bundle.sources
