"""`Stored`: what a file says in its own words, before any release's spelling is brought into today's. Nothing of it is run.

The frameworks go by a file's name, so that is kept; loadstone goes by its content. A file that is damaged or no model is described too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from loadstone import formats
from loadstone.containers import hdf5, json, yaml
from loadstone.containers import zip as archives
from loadstone.containers.saved_model_folder import GRAPH, TEXT, is_folder, open_folder
from loadstone.containers.saved_model_proto import MetaGraph
from loadstone.containers.source import Filepath, Source
from loadstone.containers.wire import content, fields, text
from loadstone.errors import LoadstoneError
from loadstone.formats import unrecognized
from loadstone.formats.format import METADATA
from loadstone.ir import Producer
from loadstone.ir.records import dataclass, field

Shape = tuple[int, ...]


@dataclass(frozen=True)
class KerasObject:
    """An object of Keras in a SavedModel. number: in the graph of objects. identifier: "_tf_keras_layer" and the like."""

    number: int
    identifier: str
    metadata: Mapping[str, Any]
    children: Mapping[str, int]


@dataclass(eq=False)
class Stored:
    """A file. kind: the name of its format, "weights" for weights without a model, "" for what is no model.

    what: a phrase for people. problem: why it could not be read. config, training: as the file has them. layers: the names and shapes of
    weights by layer, in file order (HDF5). places: where a v3 file keeps weights. objects: those of Keras in a SavedModel.
    metadata_file: a SavedModel has `keras_metadata.pb`.
    """

    path: str
    kind: str = ""
    what: str = ""
    problem: str = ""
    folder: bool = False
    zipped: bool = False
    size: int = 0
    config: Any = None
    training: Any = None
    version: str | None = None
    backend: str | None = None
    layers: dict[str, list[tuple[str, Shape]]] = field(default_factory=dict)
    places: tuple[str, ...] = ()
    graphs: list[MetaGraph] = field(default_factory=list)
    objects: list[KerasObject] = field(default_factory=list)
    entries: tuple[str, ...] = ()
    metadata_file: bool = False

    @property
    def name(self) -> str:
        """The last part of the path, by whose ending the frameworks choose a reader."""
        return os.path.basename(self.path.rstrip("/\\"))

    @property
    def release(self) -> tuple[int, ...]:
        """The Keras that it names, as numbers; () where it names none."""
        return Producer("", self.version).release


def stored(filepath: Filepath) -> Stored:
    """What is in a file. Raises FileNotFoundError; what is damaged or no model has a `problem`."""
    source = Source.open(formats.located(filepath))
    found = Stored(os.fsdecode(filepath) if isinstance(filepath, (str, os.PathLike)) else source.name, folder=source.folder)
    found.size = 0 if source.folder else source.size
    try:
        found.zipped = not source.folder and source.head(4).startswith(archives.SIGNATURES)
        known = formats.detect(source)
        found.kind, found.what = known.name, known.title
        _READERS.get(known.name, _nothing)(source, found)
    except LoadstoneError as error:
        found.problem = str(error.message)
        _without_model(source, found)
    return found


def _without_model(source: Source, found: Stored) -> None:
    """What the bytes are where they are no model."""
    if found.kind:
        return
    try:
        found.what = unrecognized.describe(source).what
        found.kind = "weights" if "weights" in found.what.lower() or "checkpoint" in found.what else ""
    except (LoadstoneError, OSError):
        found.what = "a damaged file"


def _nothing(source: Source, found: Stored) -> None:
    """A graph: what matters of it is read by those that ask."""


def _h5(source: Source, found: Stored) -> None:
    tree = hdf5.read(source)
    own = tree.groups.get("model_weights")
    found.config, found.training = (_json(tree.text(name)) for name in ("model_config", "training_config"))
    found.version = tree.text("keras_version") or (own.text("keras_version") if own else None)
    found.backend = tree.text("backend") or (own.text("backend") if own else None)
    for name in (own.strings("layer_names") or ()) if own else ():
        group = own.group(name) if own else None
        listed = (group.strings("weight_names") or ()) if group else ()
        tensors = ((weight, group.tensor(weight)) for weight in listed) if group else ()
        found.layers[name] = [(weight, tuple(tensor.shape)) for weight, tensor in tensors if tensor is not None]


def _v3(source: Source, found: Stored) -> None:
    from loadstone.formats.v3_files import CONFIG, files_of, weights_of

    files = files_of(source)
    found.entries = files.names
    found.config = files.json(CONFIG)
    metadata = files.json("metadata.json") if "metadata.json" in files.names else {}
    found.version = _word(metadata.get("keras_version")) if isinstance(metadata, dict) else None
    found.training = found.config.get("compile_config") if isinstance(found.config, dict) else None
    found.places = tuple(weights_of(files).tensors)


def _architecture(source: Source, found: Stored) -> None:
    is_json = source.head(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b'"'))
    found.config = json.read(source, "the architecture") if is_json else yaml.read(source)
    if isinstance(found.config, str):
        found.config = _json(found.config)
    found.what = f"architecture in {'JSON' if is_json else 'YAML'}, without weights"
    if isinstance(found.config, dict):
        found.version, found.backend = _word(found.config.get("keras_version")), _word(found.config.get("backend"))
        found.training = found.config.get("compile_config")


def _saved_model(source: Source, found: Stored) -> None:
    folder = open_folder(source)
    found.graphs, found.entries = folder.graphs, tuple(folder.folder.entries)
    found.metadata_file = METADATA in folder.folder.entries
    if is_folder(source):
        name = GRAPH if GRAPH in folder.folder.entries else TEXT
        found.size = folder.folder.member(name).size
    elif not source.folder:
        found.folder = True  # the graph in its folder: the frameworks are given the folder
    found.objects = list(_objects(folder.folder, folder.graphs[0]))
    root = next((thing for thing in found.objects if not thing.number), None)
    if root is not None and root.metadata:
        inner = root.metadata.get("model_config")
        found.config = (
            inner if isinstance(inner, dict) else {"class_name": root.metadata.get("class_name"), "config": root.metadata.get("config")}
        )
        found.training = root.metadata.get("training_config")
        found.version, found.backend = _word(root.metadata.get("keras_version")), _word(root.metadata.get("backend"))


def _objects(folder: Source, graph: MetaGraph) -> Iterator[KerasObject]:
    """The objects of Keras, with the metadata of the file beside the graph or of the graph itself."""
    beside: dict[int, str] = {}
    if METADATA in folder.entries:
        for number, node in fields(folder.member(METADATA).read()):
            if number == 1:
                parts = dict(fields(content(node)))
                at = parts.get(2, 0)
                beside[at if isinstance(at, int) else 0] = text(parts.get(5, memoryview(b"")))
    for number, thing in enumerate(graph.objects):
        if thing.kind != "user_object":
            continue
        parts = dict(fields(thing.message))
        identifier, own = (text(parts.get(n, memoryview(b""))) for n in (1, 3))
        if identifier.startswith("_tf_keras"):
            metadata = _json(beside.get(number) or own or None)
            yield KerasObject(number, identifier, metadata if isinstance(metadata, dict) else {}, thing.children)


def _word(found: Any) -> str | None:
    """A text, or a number that YAML made of one; None for anything else."""
    return str(found) if isinstance(found, (str, int, float)) else None


def _json(written: str | None) -> Any:
    """JSON as plain data; None for none, and for what is none: what reads the file says so."""
    if written is None:
        return None
    try:
        return json.read(Source.of_bytes(written.encode("utf8", "surrogatepass"), "config"), "the config")
    except LoadstoneError:
        return None


_READERS = {
    "keras_h5": _h5,
    "keras_v3": _v3,
    "keras_architecture": _architecture,
    "tf_saved_model": _saved_model,
}
