"""`provenance`: which releases of Keras, TensorFlow and Python can have saved a file, and how that is known.

What a file states of itself is taken as it stands; what only its features say is a range that its true release lies in. Each rule is a
piece of `Evidence` and shows what it rests on. Nothing of a file is run and no weight is read.
"""

from __future__ import annotations

from typing import Any

from loadstone import formats
from loadstone.containers import hdf5
from loadstone.containers.source import Filepath, Source
from loadstone.environment.evidence import LIKELY, Clues, Evidence
from loadstone.environment.ranges import UNKNOWN, Range, Version
from loadstone.errors import MALFORMED, CorruptFile, LoadstoneError, UnrecognizedFormat
from loadstone.formats.reading import reading
from loadstone.ir.records import dataclass

__all__ = ["Evidence", "Provenance", "Range", "Version", "provenance"]


@dataclass(frozen=True)
class Provenance:
    """Who saved a file.

    library: "keras" (standalone, Keras 3 too), "tf.keras", "tf_keras", "tensorflow" or "tensorflow.js"; None where nothing tells.
    keras, tensorflow, python: the releases that can have been there. date: when it was saved, in ISO form, as far as known.
    """

    library: str | None = None
    keras: Range = UNKNOWN
    tensorflow: Range = UNKNOWN
    python: Range = UNKNOWN
    backend: str | None = None
    date: str | None = None
    evidence: tuple[Evidence, ...] = ()

    def lines(self) -> list[str]:
        """What is known, a line for each thing, with what it rests on."""
        found = []
        for about, title in _TITLES.items():
            told = getattr(self, about)
            because = [one.says for one in self.evidence if one.about == about and one.certainty != LIKELY]
            if told.known:
                found.append(f"{title} {told}: {'; '.join(because[:2])}")
        if self.date is not None:
            found.append(next(one.says for one in self.evidence if one.about == "date"))
        return found

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        ranges = {about: {"low": told.low, "high": told.high, "exact": told.exact, "text": str(told)} for about, told in self._ranges()}
        evidence = [{"about": e.about, "says": e.says, "low": e.low, "high": e.high, "certainty": e.certainty} for e in self.evidence]
        return {"library": self.library, **ranges, "backend": self.backend, "date": self.date, "evidence": evidence}

    def _ranges(self) -> list[tuple[str, Range]]:
        return [(about, getattr(self, about)) for about in _TITLES]


_TITLES = {"keras": "Keras", "tensorflow": "TensorFlow", "python": "Python"}


def provenance(path: Filepath) -> Provenance:
    """Who saved the model, the weights or the checkpoint at a path.

    Raises FileNotFoundError, UnrecognizedFormat for what is none of them, or another LoadstoneError for a damaged file.
    """
    try:
        source = Source.open(formats.located(path))
        formats.detect(source)
    except (FileNotFoundError, UnrecognizedFormat):  # weights alone, or the name of a checkpoint
        clues = Clues()
        _weights(clues, path)
        return of_clues(clues)
    return of_source(source)


def of_source(source: Source) -> Provenance:
    """Who saved a model that is open; UnrecognizedFormat for weights and checkpoints."""
    clues = Clues()
    with reading(source):
        try:
            _READERS[formats.detect(source).name](clues, source)
        except LoadstoneError:
            raise
        except MALFORMED as error:
            raise CorruptFile(f"what the file says of itself is damaged: {type(error).__name__} {error}") from error
    return of_clues(clues)


def of_clues(clues: Clues) -> Provenance:
    """What the clues come to."""
    ranges = {about: clues.range(about) for about in ("keras", "tensorflow", "python")}
    return Provenance(clues.library, **ranges, backend=clues.backend, date=clues.date, evidence=tuple(clues.evidence))


def _hdf5(clues: Clues, source: Source) -> None:
    from loadstone.environment import of_hdf5

    of_hdf5.add(clues, source)


def _archive(clues: Clues, source: Source) -> None:
    from loadstone.environment import of_archives

    of_archives.add(clues, source)


def _architecture(clues: Clues, source: Source) -> None:
    from loadstone.environment import of_architectures
    from loadstone.formats import keras_architecture

    of_architectures.add(clues, keras_architecture.stored(source))


def _javascript(clues: Clues, source: Source) -> None:
    from loadstone.containers import json
    from loadstone.environment import of_javascript

    of_javascript.add(clues, json.read(source.member("model.json") if source.folder else source, "model.json"))


def _saved_model(clues: Clues, source: Source) -> None:
    from loadstone.containers import saved_model_folder
    from loadstone.environment import of_graphs

    folder, message = saved_model_folder.message_of(source)
    of_graphs.add_saved_model(clues, message, folder.entries)


def _meta_graph(clues: Clues, source: Source) -> None:
    from loadstone.containers.saved_model_proto import MetaGraph
    from loadstone.environment import of_graphs

    clues.of_library("tensorflow", "a graph with its checkpoint", LIKELY)
    of_graphs.add_meta_graph(clues, MetaGraph(source.read()), "the .meta file")


def _graph(clues: Clues, source: Source) -> None:
    from loadstone.containers import graph_proto
    from loadstone.environment import of_graphs
    from loadstone.formats import frozen_graph

    message = frozen_graph.message(source)
    of_graphs.add_graph(clues, graph_proto.graph(message), message)


_READERS: dict[str, Any] = {
    "keras_v3": _archive,
    "keras_h5": _hdf5,
    "tfjs_layers": _javascript,
    "tfjs_graph": _javascript,
    "keras_architecture": _architecture,
    "tf_saved_model": _saved_model,
    "tf_frozen_graph": _graph,
    "tf_meta_graph": _meta_graph,
}


def _weights(clues: Clues, path: Filepath) -> None:
    """Files with weights alone."""
    from loadstone.containers import checkpoint_v1, sstable
    from loadstone.environment import of_archives, of_checkpoints
    from loadstone.formats import weights_files

    weights = weights_files.open_weights(path)
    first = weights.sources[0] if weights.sources else Source.open(path)
    if hdf5.begins(first):
        for source in weights.sources[:1]:
            _hdf5(clues, source)
    elif first.head(4).startswith(b"PK"):
        of_archives.add_arrays(clues, first)
    elif sstable.ends(first) or any(source.name.rpartition(".")[2].startswith("data-") for source in weights.sources):
        of_checkpoints.add(clues, dict(weights.tensors), checkpoint_v1.begins(first))
