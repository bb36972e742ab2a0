"""A graph of a SavedModel as an `ir.Module`: its signatures, what runs before them, variables and assets.

tensorflow/cc/saved_model/loader.cc says what a loader does: the restore op of the saver, then the main op. Objects that TensorFlow 2
saves without signatures have functions, which are signatures here (`objects`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from loadstone.containers.graph_proto import GraphDef, NodeDef
from loadstone.containers.saved_model_proto import MetaGraph, SignatureDef, TensorInfo
from loadstone.errors import ModelError
from loadstone.frontends.tensorflow.graph import placeholder, read_graph
from loadstone.frontends.tensorflow.module import Lazily, module
from loadstone.frontends.tensorflow.objects import functions_as_signatures, positions, stored_names, told_by_objects
from loadstone.frontends.tensorflow.references import Ref, parse
from loadstone.ir import Graph, Module, Node, Tensor

INIT = "__saved_model_init_op"
_NOT_SIGNATURES = (INIT, "__saved_model_train_op")
_MAIN_OPS = ("saved_model_main_op", "legacy_init_op")
_TABLES = "table_initializer"


def read_meta_graph(meta: MetaGraph, variables: Mapping[str, Tensor], asset: Callable[[str], bytes]) -> Module:
    """The module of a graph. variables are the tensors of its checkpoint, asset gives a file of the folder `assets` by its name."""
    names = {name: definition for name, definition in meta.signatures.items() if name not in _NOT_SIGNATURES}
    named = not meta.objects and not meta.saver[1]
    if named:
        from loadstone.frontends.tensorflow.version_1 import by_name

        variables = by_name(meta, variables)
    assets = {tensor: _reader(asset, file) for tensor, file in meta.assets.items()}
    restores = bool(meta.saver[1] and variables) and any(node.name == parse(meta.saver[1]).name for node in meta.graph.nodes)
    late = restores and told_by_objects(meta, variables)
    found = module(
        meta.graph,
        start=[*([_restoring(meta)] if restores and not late else []), *_main(meta)],
        restore=(lambda: _restoring(meta)) if late else None,
        variables=variables,
        assets=assets | {parse(tensor).name: reader for tensor, reader in assets.items()},
        files=tuple(sorted(set(meta.assets.values()))),
        stored=(lambda name: name if name in variables else None) if named else stored_names(meta, variables),
        signatures=Lazily({name: _signature(meta, name, definition) for name, definition in names.items()}),
    )
    return found if names else functions_as_signatures(meta, found)


def _reader(asset: Callable[[str], bytes], file: str) -> Callable[[], bytes]:
    return lambda: asset(file)


def _signature(meta: MetaGraph, name: str, definition: SignatureDef) -> Callable[[], Graph]:
    return lambda: signature_graph(
        meta.graph, name, definition, positions(meta, {key: info.name for key, info in definition.inputs.items()})
    )


def signature_graph(graph: GraphDef, name: str, definition: SignatureDef, order: Sequence[str] = ()) -> Graph:
    """The part of a graph that a signature names. order is that of its inputs; that of their names without it."""
    nodes = {node.name: node for node in graph.nodes}
    inputs: dict[str, tuple[Ref, Node]] = {}
    for key, info in sorted(definition.inputs.items(), key=lambda item: (order.index(item[0]) if item[0] in order else 0, item[0])):
        for part, tensor in _parts(key, info):
            if parse(tensor).name not in nodes:
                raise ModelError(f"signature {name!r} names a tensor {tensor!r} that the graph does not have")
            inputs[part] = (parse(tensor), placeholder(part, *_told(nodes[parse(tensor).name], info), definition.defaults.get(part)))
    outputs = {part: parse(tensor) for key, info in definition.outputs.items() for part, tensor in _parts(key, info)}
    return read_graph(graph, inputs, outputs)


def _parts(key: str, info: TensorInfo) -> Iterator[tuple[str, str]]:
    """The tensors of an input or output: one, or those that a tensor of another kind is made of, as "key/0" and so on."""
    if not info.parts:
        yield key, info.name
    for number, tensor in enumerate(info.parts):
        yield f"{key}/{number}", tensor


def _told(node: NodeDef, info: TensorInfo) -> tuple[str, tuple[int | None, ...] | None]:
    """Dtype and shape of an input: those of its placeholder for a part of something."""
    if not info.parts:
        return info.dtype, info.shape
    return node.attributes.get("dtype", info.dtype), node.attributes.get("shape")


def _restoring(meta: MetaGraph) -> Graph:
    """What the saver restores."""
    filename, restore = meta.saver
    inputs = {filename: (parse(filename), placeholder(filename, "string", ()))} if filename else {}
    return read_graph(meta.graph, inputs, {}, [parse(restore).name])


def _main(meta: MetaGraph) -> Iterator[Graph]:
    """What initializes the rest."""
    main = list(_main_ops(meta))
    if main:
        nodes = {node.name for node in meta.graph.nodes}
        fed = {tensor: (parse(tensor), placeholder(tensor, "string", ())) for tensor in meta.assets if parse(tensor).name in nodes}
        yield read_graph(meta.graph, fed, {}, [name for name in main if name in nodes])


def _main_ops(meta: MetaGraph) -> Iterator[str]:
    """Names of the nodes that initialize what no checkpoint has: tables."""
    if INIT in meta.signatures:
        yield from (parse(info.name).name for info in meta.signatures[INIT].outputs.values())
        return
    for collection in _MAIN_OPS:
        if meta.collections.get(collection):
            yield from (parse(name).name for name in meta.collections[collection] if isinstance(name, str))
            return
    yield from (parse(name).name for name in meta.collections.get(_TABLES, ()) if isinstance(name, str))
