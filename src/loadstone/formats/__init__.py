"""The saved-file formats, in the order in which they are tried, and the choice among them.

Content decides, never the name: a `.keras` file may be HDF5, and any file may be a model.
"""

from __future__ import annotations

from typing import Any

from loadstone.containers.source import Source
from loadstone.errors import UnrecognizedFormat
from loadstone.formats import (
    frozen_graph,
    keras_architecture,
    keras_h5,
    keras_v3,
    meta_graph,
    saved_model,
    tfjs_graph,
    tfjs_layers,
)
from loadstone.formats.format import Format, Match
from loadstone.formats.locating import located
from loadstone.ir import Model

__all__ = ["FORMATS", "Format", "Match", "detect", "located", "read_file"]

FORMATS: tuple[Format, ...] = (
    keras_v3.FORMAT,  # zip archives and folders, known by the config.json and weights in them
    keras_h5.FORMAT,  # HDF5: after keras_v3, whose folders hold HDF5 files too
    tfjs_layers.FORMAT,  # JSON with a topology
    tfjs_graph.FORMAT,  # JSON with nodes
    keras_architecture.FORMAT,  # JSON and YAML of any other model
    saved_model.FORMAT,  # a folder with saved_model.pb, or that file
    frozen_graph.FORMAT,  # a message whose first field is a node
    meta_graph.FORMAT,  # a message about a graph, then the graph: after frozen_graph, whose nodes begin alike
)


def detect(source: Source) -> Format:
    """The first format that knows these bytes.

    Raises UnrecognizedFormat, which says what the bytes are instead, or what a container's reader says of damaged ones.
    """
    for known in FORMATS:
        if known.detect(source) is not None:
            return known
    from loadstone.formats import unrecognized

    found = unrecognized.describe(source)
    tried = ", ".join(known.title for known in FORMATS)
    raise UnrecognizedFormat(f"this is {found.what}, not a model that can be opened (tried: {tried})", source=source.name, hint=found.hint)


def read_file(path: str, custom: Any = None) -> Model:
    """What is in a file or folder. custom: the reader's objects, for the frontend. Raises what `detect` and the format's reader do."""
    source = Source.open(path)
    return detect(source).read(source, custom, None)
