"""Layers whose computation is a SavedModel: KerasLayer of tensorflow_hub, TFSMLayer of Keras.

tensorflow_hub/keras_layer.py and module_v2.py of 0.16; keras/src/export/tfsm_layer.py of Keras 3.15 and, with the name ReloadedLayer,
tf_keras/src/export/export_lib.py.
The folder is found on the local disk (`saved_places`), or named by the caller: a path in `custom_objects` under the layer's name, the
handle or the class. It is read and never run. The layer has the variables of the SavedModel as its weights, in the order in which these
classes list them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from loadstone.containers.saved_model_folder import SavedModelFolder, is_folder, open_folder
from loadstone.containers.saved_model_proto import MetaGraph
from loadstone.containers.source import Source
from loadstone.custom import CustomObjects
from loadstone.errors import MALFORMED, LoadstoneError, ModelError, UnsupportedAttribute
from loadstone.frontends.keras.saved_places import search
from loadstone.frontends.tensorflow.restored import Restored, given_inputs, reordered
from loadstone.frontends.tensorflow.saved_model import read_meta_graph
from loadstone.frontends.tensorflow.version_1 import version_1_weights
from loadstone.ir import Layer, Module, Spec, Structure
from loadstone.ir.saved_function import SavedFunction, Variant

_HUB_SIGNATURE = _HUB_OUTPUT = "default"  # of a module for TensorFlow 1 (keras_layer.py)


Opened = dict[str, SavedModelFolder]  # by their places


def attach(layer: Layer, custom: CustomObjects, beside: str | None, opened: Opened) -> str:
    """Give a layer its function. What is to be said where there is no SavedModel, else "".

    beside is the folder of the model's file, opened what other layers of it have opened.
    Raises a LoadstoneError for a SavedModel that is damaged or does not have what the layer calls.
    """
    key = "handle" if layer.class_name == "KerasLayer" else "filepath"
    handle = layer.config.get(key)
    if not isinstance(handle, str):
        raise ModelError(f"a {layer.class_name} whose {key} is {handle!r:.100}", where=layer.path or layer.name)
    path = _given(layer, handle, custom)
    searched = search(handle, beside) if path is None else None
    path = path or (searched.folder if searched is not None else None)
    if path is None:
        looked = ", ".join(repr(place) for place in searched.places) if searched is not None and searched.places else "nowhere"
        return (
            f"its computation is the SavedModel {handle!r}, which is not on this disk (looked at: {looked}; nothing is downloaded); "
            f"give its folder: custom_objects={{{layer.name!r}: 'path/to/saved_model'}}"
        )
    try:
        if path not in opened:
            source = Source.open(path)
            if source.folder and not is_folder(source):
                raise ModelError("this folder holds no saved_model.pb")
            opened[path] = open_folder(source)
        layer.saved = replace(_function(layer, opened[path], path), sources=tuple(opened[path].sources))
    except LoadstoneError as error:
        error.at(where=f"{layer.path or layer.name}: the SavedModel {path!r}")
        raise
    except MALFORMED as error:
        where = f"{layer.path or layer.name}: the SavedModel {path!r}"
        raise ModelError(f"it is not one that TensorFlow writes: {type(error).__name__}: {error}", where=where) from error
    return ""


def is_path(thing: object) -> bool:
    """True for what names a folder."""
    return isinstance(thing, (str, os.PathLike))


def _given(layer: Layer, handle: str, custom: CustomObjects) -> str | None:
    """The path that the caller gave for the layer. Raises FileNotFoundError where nothing is there."""
    for name in (layer.path, layer.name, handle, layer.class_name):
        found = custom.get("layer", name)
        if found is not None and is_path(found.object):
            return os.fsdecode(found.object)
    return None


def _function(layer: Layer, found: SavedModelFolder, place: str) -> SavedFunction:
    hub = layer.class_name == "KerasLayer" and found.is_hub_module
    meta = _graph(found, hub)
    module = read_meta_graph(meta, found.variables, found.asset)
    if layer.class_name == "KerasLayer":
        return _hub_function(layer.config, meta, module, place, hub)
    return _endpoint(layer.config, meta, module, place)


def _graph(found: SavedModelFolder, hub: bool) -> MetaGraph:
    """The only graph; of a module for TensorFlow 1 the one without tags. (A config keeps no tags.)"""
    if not hub and len(found.graphs) == 1:
        return found.graphs[0]
    untagged = [graph for graph in found.graphs if not graph.tags]
    if hub and untagged:
        return untagged[0]
    tags = ", ".join(str(set(graph.tags) or "{}") for graph in found.graphs)
    raise ModelError(f"the layer does not say which graph of the SavedModel it means: their tags are {tags}")


def _hub_function(config: Mapping[str, Any], meta: MetaGraph, module: Module, place: str, hub: bool) -> SavedFunction:
    """What a KerasLayer calls: `__call__`, or a signature."""
    signature, as_dict, output_key = config.get("signature"), config.get("signature_outputs_as_dict"), config.get("output_key")
    arguments = dict(config.get("arguments") or {})
    if hub:
        signature = signature or _HUB_SIGNATURE
        output_key = output_key if as_dict else output_key or _HUB_OUTPUT
    if signature and bool(output_key is not None) == bool(as_dict):
        raise ModelError("a KerasLayer with a signature has either output_key or signature_outputs_as_dict")
    if not signature and as_dict:
        raise ModelError("a KerasLayer with signature_outputs_as_dict and no signature")
    shape = _output_shape(config["output_shape"]) if config.get("output_shape") else None
    if not meta.objects:
        if not signature:
            raise ModelError("a KerasLayer without a signature calls __call__, which a SavedModel of TensorFlow 1 does not have")
        variant = _version_1_signature(module, signature, arguments)
        return SavedFunction(module, (variant,), version_1_weights(meta), place, True, False, output_key, shape)
    restored = Restored(meta, module, "_func")
    trained = restored.listed("trainable_variables")
    listed = list(dict.fromkeys([*trained, *restored.listed("variables")]))
    weights = restored.weights(listed, frozenset(trained))
    if signature:
        variant = restored.signature(signature, arguments)
        return SavedFunction(restored.module, (variant,), weights, place, True, False, output_key, shape, restored.unlisted(weights))
    function = restored.function("__call__")
    if function is None:
        raise ModelError("a KerasLayer without a signature calls __call__, which the SavedModel does not have")
    trains = restored.parameters(function).has("training")
    if trains:
        arguments["training"] = False
    variants = tuple(restored.variants(function, arguments))
    return SavedFunction(restored.module, variants, weights, place, False, trains, output_key, shape, restored.unlisted(weights))


def _endpoint(config: Mapping[str, Any], meta: MetaGraph, module: Module, place: str) -> SavedFunction:
    """What a TFSMLayer calls: a function of the root, or a signature; its weights are what these have bound."""
    names = [config.get("call_endpoint", "serve"), *([config["call_training_endpoint"]] if config.get("call_training_endpoint") else [])]
    if not meta.objects:
        raise UnsupportedAttribute("a TFSMLayer of a SavedModel of TensorFlow 1")
    restored = Restored(meta, module, "_reloaded_obj")
    functions = [restored.function(name) for name in names]
    bound: list[int] = []
    for name, function in zip(names, functions, strict=True):
        if function is None and name in meta.objects[0].children:
            raise UnsupportedAttribute(f"an endpoint {name!r} that is no function of several graphs")
        bound += restored.bound([function]) if function is not None else restored.bound_by_signature(name)
    bound = list(dict.fromkeys(bound))
    trained = [number for number in bound if restored.trains(number)]
    weights = restored.weights([*trained, *(number for number in bound if number not in trained)], frozenset(trained))
    trains = len(names) > 1
    named = functions[0] is None
    variants = (restored.signature(names[0], {}),) if functions[0] is None else tuple(restored.variants(functions[0], {}))
    return SavedFunction(restored.module, variants, weights, place, named, trains, unlisted=restored.unlisted(weights))


def _version_1_signature(module: Module, name: str, arguments: Mapping[str, Any]) -> Variant:
    """A signature of TensorFlow 1; some of its inputs may be arguments of the layer."""
    if name not in module.signatures:
        raise ModelError(f"the SavedModel has no signature {name!r}: it has {', '.join(map(repr, module.signatures)) or 'none'}")
    graph = module.signatures[name]
    nodes = dict(sorted(zip(graph.input_structure, graph.inputs, strict=True)))
    places = list(graph.input_structure)
    by_name = reordered(graph, [places.index(key) for key in nodes])
    inputs = {key: Spec(key, node.attributes["shape"], node.attributes["dtype"]) for key, node in nodes.items() if key not in arguments}
    constants, order = given_inputs(arguments, {key: node.attributes["dtype"] for key, node in nodes.items()})
    return Variant(inputs, constants, (), lambda: reordered(by_name, order))


def _output_shape(stored: Any) -> Structure:
    """The structure of shapes, each a Spec that has nothing else (keras_layer.py, `_convert_nest_to_shapes`)."""
    if isinstance(stored, dict):
        return {key: _output_shape(value) for key, value in stored.items()}
    if isinstance(stored, int):
        return Spec("", (stored,), "")
    if isinstance(stored, (list, tuple)):
        if all(d is None or isinstance(d, int) for d in stored):
            return Spec("", tuple(stored), "")
        return [_output_shape(value) for value in stored]
    raise ModelError(f"an output_shape {stored!r:.100}")
