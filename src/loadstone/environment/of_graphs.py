"""SavedModels, `.meta` graphs and graphs alone: what TensorFlow writes of itself, and which ops and attributes its releases have.

MetaInfoDef has `tensorflow_version` and `tensorflow_git_version`; GraphDef has the version of its format (`producer`), which frozen graphs of
TensorFlow 1 leave out. An op writes all attributes that its release knows, so that one that is there is of that release or later, and one
that no node of a common op has is of an earlier. Objects of Keras in a SavedModel are by `_tf_keras_...` identifiers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from loadstone.containers.graph_proto import GraphDef, NodeDef
from loadstone.containers.saved_model_proto import MetaGraph, meta_graphs
from loadstone.containers.wire import content, fields, integer, text
from loadstone.environment import graph_releases, said
from loadstone.environment.evidence import IMPLIED, LIKELY, Clues
from loadstone.environment.ranges import Version, numbers
from loadstone.environment.ranges import text as shown

MAX_NODES = 200_000
_KERAS = b"_tf_keras_"


def add_saved_model(clues: Clues, message: memoryview, names: Iterable[str]) -> None:
    """Evidence from a SavedModel and the files beside it."""
    for graph in meta_graphs(message):
        add_meta_graph(clues, graph, "saved_model.pb")
        _of_keras(clues, graph, "keras_metadata.pb" in names)
    clues.of_library("tensorflow", "a SavedModel", LIKELY)
    if "fingerprint.pb" in names:
        clues.add("tensorflow", "it has a fingerprint.pb, which TensorFlow 2.11 brought", (2, 11, 0))
    if "keras_metadata.pb" in names:
        clues.add("tensorflow", "it has a keras_metadata.pb, which TensorFlow 2.5 brought", (2, 5, 0))


def add_meta_graph(clues: Clues, graph: MetaGraph, where: str) -> None:
    """Evidence from a graph with what is told of it."""
    info = next((content(v) for n, v in fields(graph.message) if n == 1), memoryview(b""))
    git = next((text(v) for n, v in fields(info) if n == 6), None)
    if graph.version is not None:
        said.tensorflow(clues, graph.version, git, where)
    add_producer(clues, graph.graph_message, where)


def add_producer(clues: Clues, graph: memoryview, where: str) -> int:
    """Evidence from the version of the graph's format; 0 where it has none."""
    versions = next((content(v) for n, v in fields(graph) if n == 4), memoryview(b""))
    producer = integer(dict(fields(versions)).get(1, 0))
    if producer:
        low, high = graph_releases.of_producer(producer)
        clues.add("tensorflow", f"{where} has graph version {producer}", low, high)
    return producer


def add_graph(clues: Clues, graph: GraphDef, message: memoryview) -> None:
    """Evidence from a graph alone: its version, else its ops."""
    clues.of_library("tensorflow", "a graph of TensorFlow")
    if add_producer(clues, message, "the graph"):
        return
    nodes = list(graph.nodes[:MAX_NODES])
    for function in graph.functions.values():
        nodes += function.nodes
    add_ops(clues, _attributes(nodes))


def add_ops(clues: Clues, used: Mapping[str, Mapping[str, tuple[int, int]]]) -> None:
    """Evidence from ops: {op: {attribute: (nodes that have it, nodes)}}; the entry "" counts the nodes."""
    newest: tuple[Version, str] | None = None
    oldest: tuple[Version, str] | None = None
    for op, attributes in used.items():
        since = graph_releases.since(op)
        if since is not None:
            newest = max(newest or (since, op), (since, op))
        for attribute, release in graph_releases.attributes_since(op).items():
            have, nodes = attributes.get(attribute, (0, attributes[""][1]))
            if have:
                newest = max(newest or (release, ""), (release, f"{op}.{attribute}"))
            elif nodes and op in graph_releases.COMPLETE:
                oldest = min(oldest or (release, f"{op}.{attribute}"), (release, f"{op}.{attribute}"))
    if newest is not None:
        clues.add("tensorflow", f"the graph has {newest[1]}, which TensorFlow {shown(newest[0])} brought", newest[0])
    if oldest is not None:
        high = graph_releases.before(oldest[0])
        clues.add("tensorflow", f"no node has {oldest[1]}, which TensorFlow {shown(oldest[0])} brought", None, high)


def _attributes(nodes: list[NodeDef]) -> dict[str, dict[str, tuple[int, int]]]:
    """How many nodes of each op have each attribute."""
    counts, have = Counter[str](), dict[str, Counter[str]]()
    for node in nodes:
        counts[node.op] += 1
        if graph_releases.attributes_since(node.op):
            have.setdefault(node.op, Counter()).update(node.stored.keys())
    return {op: {"": (count, count)} | {name: (found, count) for name, found in have.get(op, {}).items()} for op, count in counts.items()}


def _of_keras(clues: Clues, graph: MetaGraph, metadata: bool) -> None:
    """Which Keras the objects of a SavedModel are of."""
    objects = next((content(v) for n, v in fields(graph.message) if n == 7), memoryview(b""))
    if not metadata and _KERAS not in bytes(objects):
        return
    version = numbers(graph.version or "")
    if version is None:
        return
    inside = said.keras_inside(version)
    package = version[:2] > (2, 15)
    clues.of_library("tf_keras" if package else "tf.keras", "its objects are layers of Keras 2", IMPLIED)
    if inside is not None:
        of = "tf_keras beside" if package else "the Keras of"
        clues.add("keras", f"its objects are of {of} TensorFlow {shown(version[:2])}", *inside)
