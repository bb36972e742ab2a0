"""Frozen graphs of TensorFlow: one GraphDef in which variables are constants (`.pb`, `freeze_graph`, `convert_variables_to_constants`)."""

from __future__ import annotations

import re
from typing import Any

from loadstone.containers.source import Source
from loadstone.containers.wire import varint
from loadstone.errors import CorruptFile
from loadstone.formats.format import Format, Match
from loadstone.formats.reading import only_mapped, reading, without
from loadstone.formats.weights import Weights
from loadstone.ir import Model, Producer

_HEAD = 1 << 12
_OP = re.compile(r"_?[A-Z][A-Za-z0-9_>.]*")
_TEXT = re.compile(rb"\s*+(?:#[^\n]*+\s*+)*+(node\s*(\{|<|:)|library\s*\{|versions\s*\{\s*producer)")


def detect(source: Source) -> Match | None:
    """A message whose first field is a node: a name, and what an op is called."""
    if source.folder:
        return None
    head = source.head(_HEAD)
    if _TEXT.match(head):
        return Match("text")
    op = _first_op(head)
    return Match("a graph of nodes") if op is not None and _OP.fullmatch(op) else None


def _first_op(head: bytes) -> str | None:
    """The op of the first node in the first bytes of a GraphDef."""
    view, at = memoryview(head), 0
    try:
        for tag in (0x0A, 0x0A, 0x12):
            if view[at] != tag:
                return None
            length, start = varint(view, at + 1)
            at = start if tag == 0x0A and at == 0 else start + length
        return bytes(view[start:at]).decode("ascii")
    except (IndexError, UnicodeDecodeError, CorruptFile):
        return None


def message(source: Source) -> memoryview:
    """The bytes of a GraphDef; those that text stands for."""
    if not _TEXT.match(source.head(_HEAD)):
        return source.read()
    from loadstone.containers import proto_schema

    return memoryview(proto_schema.of_text(bytes(source.read()).decode("utf8", "surrogateescape"), "GraphDef"))


def read(source: Source, custom: Any = None, weights: Weights | None = None) -> Model:
    """The graph; what predicts is chosen by the names of its tensors."""
    without(weights, "a frozen graph")
    from loadstone.containers import graph_proto
    from loadstone.containers.origin import Origin
    from loadstone.frontends.tensorflow.cutting import start_of
    from loadstone.frontends.tensorflow.module import module

    with reading(source):
        stored = message(source)
        graph = graph_proto.graph(stored)
        return Model(
            format=FORMAT.name,
            source=source.name,
            producer=Producer("tensorflow"),
            module=module(graph, start=list(start_of(graph)), origin=Origin(graph, lambda: stored)),
            unchanged=only_mapped([source]),
        )


FORMAT = Format(
    name="tf_frozen_graph",
    title="frozen TensorFlow graph (.pb, .pbtxt)",
    suffixes=(".pb", ".pbtxt"),
    detect=detect,
    read=read,
)
