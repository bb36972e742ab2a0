"""A model of Keras 2 from a description, layer by layer: each is made once and called wherever the graph calls it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from loadstone.custom import Given
from loadstone.errors import UnsupportedOps
from loadstone.frontends.keras import operations_2, spelling_2
from loadstone.ir import Layer, Node, Output, Structure, Tensor, flatten, map_structure
from loadstone.live import curves_2, spectral_2
from loadstone.live.library import Library

_OF_TENSORFLOW = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer")
_RECURRENT = frozenset("RNN SimpleRNN LSTM GRU Bidirectional ConvLSTM1D ConvLSTM2D ConvLSTM3D".split())


class Calling:
    """One model in the making. objects: the caller's, by name."""

    def __init__(self, library: Library, objects: Mapping[str, Any]) -> None:
        self.keras: Any = library.package
        self.tf: Any = sys.modules["tensorflow"]
        self.objects = objects
        self.made: dict[int, Any] = {}

    def layer(self, layer: Layer) -> Any:
        """The living layer of a description, made when it is first met."""
        if id(layer) not in self.made:
            self.made[id(layer)] = self.model(layer) if layer.graph is not None else self.single(layer)
        return self.made[id(layer)]

    def model(self, layer: Layer) -> Any:
        """A Sequential or Functional model."""
        assert layer.graph is not None
        first = layer.layers()[0]
        if layer.class_name == "Sequential" and layer.graph is not None:
            live = self.keras.Sequential(name=layer.name)
            for inner in layer.layers():
                if inner.class_name != "InputLayer":
                    live.add(self.layer(inner))
                elif first.config.get("batch_shape") is not None:
                    live.add(self.entry(inner))
            return live
        tensors: dict[Node, list[Any]] = {}

        def moved(leaf: Any) -> Any:
            if isinstance(leaf, Output):
                return tensors[leaf.node][leaf.index]
            return leaf.numpy() if isinstance(leaf, Tensor) else leaf

        for node in layer.graph.nodes:
            assert node.layer is not None
            if node.layer.class_name == "InputLayer":
                tensors[node] = [self.placeholder(node.layer)]
            else:
                args, kwargs = map_structure(moved, (node.args, node.kwargs))
                tensors[node] = flatten(self.called(node, args, kwargs))
        inputs, outputs = (map_structure(moved, ends) for ends in (layer.graph.input_structure, layer.graph.outputs))
        return self.keras.Model(inputs, outputs, name=layer.name)

    def called(self, node: Node, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Structure:
        assert node.layer is not None
        if node.domain == "keras.ops":
            args, kwargs = map_structure(self.unmasked, (args, kwargs))
            return operations_2.call(self.tf, node.layer, args, kwargs)
        if node.op in _RECURRENT and args and isinstance(args[0], list) and len(args[0]) > 1:
            args, kwargs = (args[0][0],), {**kwargs, "initial_state": list(args[0][1:])}
        if node.op in _OF_TENSORFLOW:
            args, kwargs = _sliced(args), _sliced(kwargs)
        return self.layer(node.layer)(*args, **kwargs)

    def unmasked(self, x: Any) -> Any:
        """A tensor without its mask, which no operation of Keras 3 gives on: a function of TensorFlow does that of its first argument."""
        return x if getattr(x, "_keras_mask", None) is None else self.tf.where(True, x, x)

    def placeholder(self, layer: Layer) -> Any:
        shape = layer.config["batch_shape"]
        return self.keras.Input(shape=tuple(shape[1:]), batch_size=shape[0], dtype=layer.config["dtype"], name=layer.name)

    def entry(self, layer: Layer) -> Any:
        shape = layer.config["batch_shape"]
        return self.keras.layers.InputLayer(input_shape=tuple(shape[1:]), batch_size=shape[0], dtype=layer.config["dtype"], name=layer.name)

    # -- single layers -------------------------------------------------------------------------------------------------

    def single(self, layer: Layer) -> Any:
        if layer.given is not None and layer.class_name != "Lambda":
            return self.given(layer)
        if layer.class_name == "Lambda":
            return self.function(layer)
        if layer.class_name in _OF_TENSORFLOW:
            config = {"name": layer.name, **{key: value for key, value in layer.config.items() if key != "policies"}}
            return self.keras.layers.deserialize({"class_name": layer.class_name, "config": config})
        why = spelling_2.lack(layer, living=True)
        if why is not None:
            raise UnsupportedOps(
                f"{why} (at {layer.path})",
                ops={layer.class_name: (1, layer.path)},
                hint='to_keras(library="keras") makes a model of Keras 3',
            )
        config = spelling_2.arguments(layer, frozenset(self.objects))
        for key, value in config.items():
            if isinstance(value, tuple) and value and value[0] == "tf.nn":
                config[key] = getattr(self.tf.nn, value[1])
            elif isinstance(value, tuple) and value and value[0] == "keras 3":
                config[key] = curves_2.curve(self.tf, value[1])
            elif isinstance(value, Given):
                config[key] = value.object
        for key, child in layer.children.items():
            container, listed, _ = key.partition("/")
            if listed:
                config.setdefault(container, []).append(self.layer(child))
            elif layer.class_name == "Bidirectional":
                config["layer" if key == "forward_layer" else key] = self.one_way(child, key)
            else:
                config[key] = self.layer(child)
        with self.keras.utils.custom_object_scope(curves_2.by_name(self.tf)):  # Bidirectional makes its layers anew
            live = getattr(self.keras.layers, layer.class_name)(**config)
        if layer.class_name == "SpectralNormalization":
            spectral_2.build_by_itself(live, self.keras)
        return live

    def one_way(self, layer: Layer, key: str) -> Any:
        """A layer of a Bidirectional, which puts "forward_" or "backward_" before the name."""
        live = self.layer(layer)
        live._name = live.name.removeprefix(f"{key.partition('_')[0]}_")
        return live

    def function(self, layer: Layer) -> Any:
        """A Lambda layer of a function that the caller gave."""
        if layer.given is None:
            raise UnsupportedOps(
                f"the Lambda layer {layer.path!r} keeps compiled code, which is never run", ops={"Lambda": (1, layer.path)},
                hint="give its function in custom_objects under the layer's name",
            )  # fmt: skip
        arguments = layer.config.get("arguments") or {}
        return self.keras.layers.Lambda(layer.given.object, arguments=arguments, name=layer.name, dtype=layer.policy.name)

    def given(self, layer: Layer) -> Any:
        """A layer of the caller's class, from the config that the file has."""
        config = {key: value for key, value in layer.config.items() if key not in ("batch_input_shape", "batch_shape", "input_shape")}
        if "dtype" in config:
            config["dtype"] = layer.policy.name
        cls = layer.given.object
        return cls.from_config(config) if hasattr(cls, "from_config") else cls(**config)


def _sliced(stored: Any) -> Any:
    """Slices and ellipses, which JSON has as dicts."""
    if isinstance(stored, dict):
        if stored.get("class_name") == "__ellipsis__":
            return Ellipsis
        if set(stored) == {"start", "stop", "step"}:
            return slice(*(_sliced(stored[key]) for key in ("start", "stop", "step")))
        return {key: _sliced(part) for key, part in stored.items()}
    return type(stored)(map(_sliced, stored)) if isinstance(stored, (list, tuple)) else stored
