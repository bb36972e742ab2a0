"""The config of a model as Keras 2 writes it into HDF5 files, which tf_keras and tf.keras from 2.4 read, and into `.keras` files.

tf_keras/src/engine/functional.py and node.py: a call is the list of the tensors of its first argument, each with all other arguments.
In `.keras` files each layer says besides where its class is from (saving/serialization_lib.py).
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from typing import Any

from loadstone.custom import Given
from loadstone.errors import UnsupportedOps
from loadstone.frontends.keras import spelling_2
from loadstone.ir import Layer, Node, Output, Structure, Tensor, map_structure

_OF_TENSORFLOW = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer")
_RECURRENT = frozenset("RNN SimpleRNN LSTM GRU Bidirectional ConvLSTM1D ConvLSTM2D ConvLSTM3D".split())
# The parameters after the first of layers that are called with several.
_PARAMETERS = {"MultiHeadAttention": ("value", "key"), "TextVectorization": (), "Lambda": ("mask", "training")}
_UNKNOWN = frozenset(["SpectralNormalization"])  # layers of Keras 2 that its readers of files do not know
_MODULES = {  # of classes that are not in keras.layers
    "Sequential": "keras",
    "Functional": "keras.src.engine.functional",
    "TFOpLambda": "keras.src.layers.core.tf_op_layer",
    "SlicingOpLambda": "keras.src.layers.core.tf_op_layer",
    "TensorFlowOpLayer": "keras.src.engine.base_layer",
}
_CURVES: dict[str, Any] = {  # functions of tf.nn, as what the library of activations has
    "silu": "swish",
    "relu6": {"class_name": "ReLU", "config": {"max_value": 6.0}},
    "leaky_relu": {"class_name": "LeakyReLU", "config": {"alpha": 0.2}},
}


def model_config(root: Layer, given: Collection[str] = (), *, modules: bool = False) -> dict[str, Any]:
    """{"class_name", "config"} of a model. given: names of the caller's objects. Raises UnsupportedOps for what Keras 2 does not have.

    modules: as in `.keras` files, with "module" and "registered_name".
    """
    return _Spelling(frozenset(given), modules).layer(root)


class _Spelling:
    def __init__(self, given: frozenset[str], modules: bool) -> None:
        self.given = given
        self.modules = modules

    def layer(self, layer: Layer) -> dict[str, Any]:
        """One layer or model, those inside it included."""
        spelt = self.of_class(layer)
        if not self.modules:
            return spelt
        name = spelt["class_name"]
        if layer.given is not None and layer.class_name != "Lambda":
            built = {"build_config": layer.build_config} if layer.build_config else {}
            return {"module": layer.module, **spelt, "class_name": name.rpartition(">")[2], "registered_name": name, **built}
        module = _MODULES.get(name, "keras.layers")
        return {"module": module, **spelt, "registered_name": name if module.startswith("keras.src") else None}

    def of_class(self, layer: Layer) -> dict[str, Any]:
        """{"class_name", "config"} of one."""
        if layer.graph is not None:
            return self.sequential(layer) if layer.class_name == "Sequential" else self.functional(layer)
        if layer.class_name == "InputLayer":
            config = {"batch_input_shape": list(layer.config["batch_shape"]), "dtype": layer.config["dtype"], "name": layer.name}
        elif layer.class_name in _OF_TENSORFLOW:
            kept = {key: value for key, value in layer.config.items() if key not in ("policies", "name", "trainable", "dtype")}
            config = {"name": layer.name, "trainable": layer.trainable, "dtype": layer.policy.name, **kept}
        elif layer.class_name == "Lambda":
            config = self.function(layer)
        elif layer.given is not None:
            config = {key: value for key, value in layer.config.items() if key not in ("batch_input_shape", "batch_shape", "input_shape")}
            config |= {"dtype": layer.policy.name} if "dtype" in config else {}
        else:
            config = self.own(layer)
        return {"class_name": layer.registered or layer.class_name, "config": _plain(config)}

    def own(self, layer: Layer) -> dict[str, Any]:
        """The arguments of a layer of Keras."""
        why = spelling_2.lack(layer)
        if layer.class_name in _UNKNOWN:
            why = f"Keras 2 reads {layer.class_name} from no file, its own among them"
        config = {} if why is not None else spelling_2.arguments(layer, self.given)
        for key, value in config.items():
            if isinstance(value, tuple) and value and value[0] == "tf.nn":
                config[key] = _CURVES.get(value[1])
                why = why if config[key] is not None else f"HDF5 files of Keras 2 have no {value[1]}"
            elif isinstance(value, Given):
                config[key] = value.name
        if why is not None:
            raise UnsupportedOps(
                f"{why} (at {layer.path})", ops={layer.class_name: (1, layer.path)}, hint="write it for Keras 3, or as a SavedModel"
            )
        if layer.class_name == "Embedding":
            config["embeddings_initializer"] = "uniform"  # by which readers know that input_dim is the layer's
        if layer.class_name == "MultiHeadAttention":
            config |= dict.fromkeys(("query_shape", "key_shape", "value_shape"))  # it builds itself when it is called
        for key, child in layer.children.items():
            container, listed, _ = key.partition("/")
            if listed:
                config.setdefault(container, []).append(self.layer(child))
            elif layer.class_name == "Bidirectional":
                side = key.partition("_")[0]
                spelt = self.layer(child)
                spelt["config"]["name"] = child.name.removeprefix(f"{side}_")
                config["layer" if key == "forward_layer" else key] = spelt
            else:
                config[key] = self.layer(child)
        return config

    def function(self, layer: Layer) -> dict[str, Any]:
        """A Lambda layer of a function that the caller gave."""
        if layer.given is None:
            raise UnsupportedOps(
                f"the Lambda layer {layer.path!r} keeps compiled code, which is never run", ops={"Lambda": (1, layer.path)},
                hint="give its function in custom_objects under the layer's name",
            )  # fmt: skip
        function = {"function": layer.given.name, "function_type": "function", "module": None}
        shape = {"output_shape": None, "output_shape_type": "raw", "output_shape_module": None}
        return {"name": layer.name, "dtype": layer.policy.name, "arguments": layer.config.get("arguments") or {}, **function, **shape}

    # -- models --------------------------------------------------------------------------------------------------------

    def sequential(self, layer: Layer) -> dict[str, Any]:
        listed = [inner for inner in layer.layers() if inner.class_name != "InputLayer" or inner.config.get("batch_shape") is not None]
        return {"class_name": "Sequential", "config": {"name": layer.name, "layers": [self.layer(inner) for inner in listed]}}

    def functional(self, layer: Layer) -> dict[str, Any]:
        assert layer.graph is not None
        calls: dict[int, list[Node]] = {}
        for node in sorted(layer.graph.nodes, key=lambda node: node.index):
            calls.setdefault(id(node.layer), []).append(node)
        places = {node: place + _counts_itself(node.layer) for nodes in calls.values() for place, node in enumerate(nodes)}

        def tensor(leaf: Any) -> Any:
            return [leaf.node.name, places[leaf.node], leaf.index] if isinstance(leaf, Output) else leaf

        layers = []
        for inner in layer.layers():
            nodes = [] if inner.class_name == "InputLayer" else calls.get(id(inner), [])
            layers.append({**self.layer(inner), "name": inner.name, "inbound_nodes": [_call(node, tensor) for node in nodes]})
        ends = [map_structure(tensor, ends) for ends in (layer.graph.input_structure, layer.graph.outputs)]
        inputs, outputs = [_plain([end] if _is_tensor(end) else end) for end in ends]
        return {
            "class_name": "Functional",
            "config": {"name": layer.name, "layers": layers, "input_layers": inputs, "output_layers": outputs},
        }


def _call(node: Node, tensor: Any) -> Any:
    """One call: the structure of its first argument, with the others beside each tensor."""
    args, kwargs = node.args, dict(node.kwargs)
    if not args:
        first = "query" if node.op == "MultiHeadAttention" else next(iter(kwargs))
        args = (kwargs.pop(first),)
    if node.op in _RECURRENT and isinstance(args[0], (list, tuple)) and len(args[0]) > 1:
        args, kwargs = (args[0][0],), {**kwargs, "initial_state": list(args[0][1:])}
    kwargs = {**dict(zip(_parameters(node), args[1:], strict=False)), **kwargs}
    others = _plain(map_structure(tensor, kwargs))

    def first_argument(leaf: Any) -> list[Any]:
        return [*tensor(leaf), others] if isinstance(leaf, Output) else ["_CONSTANT_VALUE", -1, _plain(leaf), others]

    found = map_structure(first_argument, args[0])
    single = not isinstance(args[0], (list, tuple, dict))
    return [found] if single and node.op not in _OF_TENSORFLOW else found


def _parameters(node: Node) -> tuple[str, ...]:
    layer = node.layer
    if node.op in _RECURRENT:
        return ("mask", "training", "initial_state")
    if layer is not None and layer.given is not None and node.op != "Lambda":
        return tuple(inspect.signature(layer.given.object.call).parameters)[2:]
    return _PARAMETERS.get(node.op, ())


def _counts_itself(layer: Layer | None) -> int:
    """A model inside is called once when it is made."""
    if layer is None or layer.graph is None:
        return 0
    return int(layer.class_name == "Functional" or layer.layers()[0].config.get("batch_shape") is not None)


def _is_tensor(end: Structure) -> bool:
    return isinstance(end, list) and len(end) == 3 and isinstance(end[0], str)


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Given):
        return value.name
    if isinstance(value, Tensor):
        return value.numpy().tolist()
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, bytes):
        return value.decode("utf8")
    if value is Ellipsis:
        return {"class_name": "__ellipsis__"}
    return value.tolist() if hasattr(value, "tolist") else value
