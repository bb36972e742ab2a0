"""SavedModel folders, written without TensorFlow (https://www.tensorflow.org/guide/saved_model).

`write_saved_model` takes graphs in our own words and writes what `tf.saved_model.save` would: a function for each signature, resource
variables, a graph of objects, a saver. `write_back` writes a model that was read from a graph of TensorFlow: copied where nothing
changed. Both fill a folder that is new or empty; to let it take its place at once is for the caller (`export.placing`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping

from loadstone.containers import saved_model_writing, tensor_bundle_writing
from loadstone.containers.origin import Origin
from loadstone.containers.saved_model_folder import GRAPH, TEXT
from loadstone.containers.saved_model_writing import Chunks
from loadstone.containers.source import Source
from loadstone.errors import ModelError
from loadstone.ir import Graph, Model, Module, Tensor, leaves

_BESIDE = ("keras_metadata.pb", "fingerprint.pb", "tfhub_module.pb", "variables", "assets", "assets.extra", "debug")
_DEFAULT = "serving_default"
_AT_ONCE = 1 << 24  # bytes of a file that are copied in one step


def write_saved_model(folder: str, module: Module, signatures: Mapping[str, Graph]) -> None:
    """Write `saved_model.pb`, `variables/` and `assets/` into a folder; tag "serve", for TensorFlow 1.15 and 2.

    signatures are graphs by name ("serving_default", one for each method). Inputs of a graph are Placeholder nodes; `input_structure` is a
    dict, whose keys are the names of the inputs, and `outputs` one of the outputs (of a list they are "output_0" and so on). Shapes are
    those of the placeholders and of the outputs (`Output.shape`), None where free. Nodes have all attributes that their ops do not have a
    default for, types such as T too, and those of calls `Tin` and `Tout`.
    A variable is a VarHandleOp node (dtype, shape, shared_name) in every graph of a signature that uses it, and an argument of functions;
    `module.variables` has its value under its shared_name ("dense/kernel"), `module.trainable` the names of those that training changes.
    A table is a node such as HashTableV2 with a shared_name; graphs of `module.start` fill it (LookupTableImportV2, InitializeTableV2 from
    Const nodes; InitializeTableFromTextFileV2 from a Const whose name `module.assets` has). Functions that nodes call are
    `module.function(name)`, or an `ir.Graph` as an attribute. Nodes that change something run in the order of the graph.

    Raises ModelError for what a graph lacks, MissingWeights for a variable without a value, OSError.
    """
    from loadstone.export.saved_model_graph import meta_graph
    from loadstone.export.saved_model_parts import Parts

    parts = Parts(module)
    _write_graphs(folder, [meta_graph(parts, signatures)])
    _write_variables(folder, parts.variables)
    _write_assets(folder, parts.files)


def is_written_back(model: Model) -> bool:
    """True for a model that `write_back` takes: a graph of TensorFlow, or layers of a SavedModel just as they were read."""
    origin = model.module.origin if model.module is not None else None
    if origin is None or model.root is None:
        return origin is not None
    inside = [node.layer for node in model.root.graph.nodes] if model.root.graph is not None else []
    return origin.layers is not None and any(layer is origin.layers for layer in (model.root, *inside))


def write_back(folder: str, model: Model) -> None:
    """Write a model that was read from a graph of TensorFlow as a SavedModel.

    A SavedModel that was read whole is copied file by file: signatures, functions, variables, assets, tags, objects and metadata of Keras
    stay as they are. Of one that was loaded with `tags=` the graph with these is written. A signature that was chosen by `signature=` is
    "serving_default" now (and keeps its name too); what `inputs=` and `outputs=` cut is the one signature of the same graph, whose objects
    are left out. Frozen graphs, `.meta` with a checkpoint and graphs of TensorFlow.js become SavedModels of the kind that
    `tf.compat.v1.saved_model.simple_save` writes, with the graph as it is. Keras' learning phase, which no signature gives, becomes a
    placeholder that is False by default: the graph that predicts.

    Raises ModelError for a model of another kind (`is_written_back`), CorruptFile where a file was rewritten since, OSError.
    """
    module = model.module
    if not is_written_back(model) or module is None:
        raise ModelError("this model was not read from a graph of TensorFlow")
    origin: Origin = module.origin
    if origin.folder is None:
        from loadstone.export.saved_model_back import version_1

        _write_graphs(folder, [version_1(origin, module, _graph(model))])
        if origin.variables:
            _write_variables(folder, origin.variables)
        return
    _copy(origin.folder.folder, folder, _BESIDE)
    written = _changed(origin, model)
    if written is None:
        _copy_file(origin.folder.sources[0], os.path.join(folder, _graph_file(origin)))
    else:
        _write_graphs(folder, written)


def written_names(model: Model) -> tuple[list[str], list[str]] | None:
    """What `write_back` calls the inputs of a graph, in their order, and its outputs, in flattened order; None where they keep their names."""
    module, graph = model.module, model.graph
    if module is None or model.root is not None or graph is None or module.origin is None:
        return None
    if module.origin.folder is not None and any(graph is module.signatures[name] for name in module.signatures):
        return None
    from loadstone.export.saved_model_back import signature_of

    found = signature_of(module.origin.graph, graph)
    keys = {info.name: key for key, info in found.outputs.items()}
    return list(found.inputs), [keys[graph.tensors[leaf]] for leaf in leaves(graph.outputs)]


def _graph(model: Model) -> Graph:
    if model.graph is None:
        raise ModelError("no part of the graph was chosen to be written")
    return model.graph


def _graph_file(origin: Origin) -> str:
    from loadstone.containers.saved_model_folder import TEXT_HEAD

    assert origin.folder is not None
    return TEXT if origin.folder.sources[0].head(64).startswith(TEXT_HEAD) else GRAPH


def _changed(origin: Origin, model: Model) -> list[Chunks] | None:
    """The graphs of a SavedModel as it was loaded; None where they are as they were."""
    from loadstone.export import saved_model_back as back

    module, meta = model.module, origin.meta
    assert module is not None and meta is not None and origin.folder is not None
    name = next((name for name in module.signatures if model.graph is not None and module.signatures[name] is model.graph), None)
    if model.root is None and model.graph is not None and name is None:
        return [back.version_1(origin, module, model.graph)]
    if model.root is None and name in meta.signatures and name != _DEFAULT and len(module.signatures) > 1:
        return [back.chosen(meta, name)]
    graphs = origin.folder.graphs if origin.served else [meta]
    if any(back.phases(graph.graph) for graph in graphs):
        return [back.predicting(graph) for graph in graphs]
    return None if origin.served else [[meta.message]]


# -- files ------------------------------------------------------------------------------------------------------------


def _write_graphs(folder: str, graphs: Iterable[Chunks]) -> None:
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, GRAPH), "wb") as file:
        file.writelines(saved_model_writing.saved_model(graphs))


def _write_variables(folder: str, tensors: Mapping[str, Tensor]) -> None:
    os.makedirs(os.path.join(folder, "variables"), exist_ok=True)
    tensor_bundle_writing.write(os.path.join(folder, "variables", "variables"), tensors)


def _write_assets(folder: str, files: Mapping[str, Callable[[], bytes]]) -> None:
    for name, read in files.items():
        os.makedirs(os.path.join(folder, "assets"), exist_ok=True)
        with open(os.path.join(folder, "assets", name), "wb") as file:
            file.write(read())


def _copy(source: Source, folder: str, names: Iterable[str]) -> None:
    """Copy files and folders out of a folder, or an archive of one; folders may be empty."""
    for name in set(source.entries).intersection(names):
        inside = source.files_below(name)
        if not inside and source.files is None and source.member(name).folder:
            os.makedirs(os.path.join(folder, name), exist_ok=True)
            continue
        for path in inside or [name]:
            _copy_file(source.member(path), os.path.join(folder, *path.split("/")))


def _copy_file(source: Source, target: str) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as file:
        for at in range(0, source.size, _AT_ONCE):
            file.write(source.read(at, min(_AT_ONCE, source.size - at)))
