"""TensorFlow.js graph models: `model.json` with a GraphDef as JSON and a manifest of the weights, which are the graph's constants.

Written by `tensorflowjs_converter --output_format=tfjs_graph_model` (tfjs-converter/src/executors/graph_model.ts).
"""

from __future__ import annotations

from typing import Any

from loadstone.containers import json
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile
from loadstone.formats.format import Format, Match
from loadstone.formats.reading import only_mapped, reading
from loadstone.formats.tfjs_layers import MODEL, read_weights
from loadstone.formats.weights import Weights
from loadstone.ir import Model, Producer

SIGNATURE = "serving_default"


def detect(source: Source) -> Match | None:
    """JSON with the topology of a graph, or the folder around it."""
    if source.folder:
        return detect(source.member(MODEL)) if MODEL in source.entries else None
    if not source.head(1 << 10).lstrip().startswith(b"{") or b'"modelTopology"' not in bytes(source.read()):
        return None
    try:
        topology = json.read(source, MODEL).get("modelTopology")
    except CorruptFile:
        return None
    return Match("JSON with a manifest of weights") if isinstance(topology, dict) and isinstance(topology.get("node"), list) else None


def read(source: Source, custom: Any = None, weights: Weights | None = None) -> Model:
    """The graph with its weights."""
    from loadstone.containers.origin import Origin
    from loadstone.frontends.tensorflow.javascript import graph_of, message_of, signature_of
    from loadstone.frontends.tensorflow.module import module
    from loadstone.frontends.tensorflow.saved_model import signature_graph

    with reading(source):
        stored = json.read(source.member(MODEL) if source.folder else source, MODEL)
        found = weights or read_weights(source)
        graph = graph_of(stored["modelTopology"], found.tensors)
        told = signature_of(stored)
        origin = Origin(graph, lambda: message_of(stored["modelTopology"], found.tensors))
        signatures = {} if told is None else {SIGNATURE: signature_graph(graph, SIGNATURE, told)}
        return Model(
            format=FORMAT.name,
            source=source.name,
            producer=Producer("tensorflow", _version(stored)),
            module=module(graph, signatures=signatures, origin=origin),
            unchanged=only_mapped(found.sources),
        )


def _version(stored: Any) -> str | None:
    said = str(stored.get("generatedBy") or "")
    return said if said and said[0].isdecimal() else None


FORMAT = Format("tfjs_graph", "TensorFlow.js graph model (model.json)", (".json",), detect, read)
