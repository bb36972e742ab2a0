"""Writes a model's description as the config that today's Keras saves: the reverse of `frontends.keras.config`.

Layers must be such as today's Keras has (`export.today` brings others there). What history wrote into configs for old behaviour has no
word there and is left out: whether that changes numbers is for the caller to compare.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from loadstone.custom import Given
from loadstone.errors import UnsupportedOps
from loadstone.frontends.keras import names
from loadstone.frontends.keras.keras_3_names import ARGUMENTS, OPERATIONS, RELEASE
from loadstone.ir import Layer, Node, Output, Policy, Structure, Tensor, map_structure

Shape = tuple[int | None, ...]
Typed = Callable[[Output], tuple[Shape | None, str]]  # shape and dtype of a tensor

__all__ = ["RELEASE", "lack", "model_config"]

_COMMON = frozenset("name trainable dtype activity_regularizer".split())
# What changes numbers whatever the data.
NO_WORD = frozenset("backend coordinates counts_padding masked merged_masks output_size states statistics step_masks zeros_masked".split())
_OF_OTHERS = frozenset("addons_lisht addons_rrelu addons_snake crelu gelu_tanh hard_sigmoid_2 sparsemax".split())  # it has no name for them
_CURVES = {"sparsemax_3": "sparsemax"}  # and one that computes something of its own under a name of others
_RECURRENT = frozenset("RNN SimpleRNN LSTM GRU Bidirectional ConvLSTM1D ConvLSTM2D ConvLSTM3D".split())
_PLACED = ("batch_input_shape", "batch_shape", "policies")  # the input of a first layer, which stands before it now
_REGULARIZERS = {"L1L2": ("l1", "l2"), "L1": ("l1",), "L2": ("l2",)}


def model_config(root: Layer, typed: Typed, given: Collection[str] = ()) -> dict[str, Any]:
    """{"module", "class_name", "config", ...} of a model. Raises UnsupportedOps for layers that today's Keras does not have.

    given: names of the caller's objects; regularizers and constraints of other names are left out.
    """
    return _Spelling(typed, given).layer(root)


def lack(layer: Layer) -> str | None:
    """What today's Keras does not have: the class, or an option of it. None for what it has, for models, and for classes of the user's."""
    if layer.domain == "keras.ops":
        return None if layer.module or layer.class_name in OPERATIONS else layer.class_name
    if layer.graph is not None or layer.given is not None or layer.class_name == "Lambda":
        return None
    taken = ARGUMENTS.get(names.WRITTEN.get(layer.class_name, layer.class_name))
    lost_words = NO_WORD.difference((taken or "").split())
    options = [key for key in layer.config if key in lost_words or (key == "padding" and layer.config[key] in ("half", "full"))]
    lost = next((f" with {key}={layer.config[key]!r}" for key in options), "")
    options = [key for key, value in layer.config.items() if key.endswith("activation") and isinstance(value, str) and value in _OF_OTHERS]
    lost = next((f" with {key}={layer.config[key]!r}" for key in options), lost)
    return None if taken is not None and not lost else f"{layer.class_name}{lost}"


class _Spelling:
    def __init__(self, typed: Typed, given: Collection[str]) -> None:
        self.typed = typed
        self.given = given

    def layer(self, layer: Layer) -> dict[str, Any]:
        """One layer or model, those inside it included."""
        if layer.domain == "keras.ops":
            module, taken = OPERATIONS.get(layer.class_name, (layer.module, layer.config))
            config = {"name": layer.name, **{key: plain(value) for key, value in layer.config.items() if key in taken}}
            return {"module": layer.module or module, "class_name": layer.class_name, "config": config, "registered_name": layer.class_name}
        if layer.graph is not None:
            return self.model(layer)
        if layer.class_name == "Lambda":
            return self.function(layer)
        if layer.given is not None:
            return self.custom(layer)
        lost = lack(layer)
        if lost is not None:
            raise UnsupportedOps(
                f"Keras {RELEASE} has no {lost}, and this one (at {layer.path}) cannot be made of what it has",
                ops={layer.class_name: (1, layer.path)},
            )
        written = names.WRITTEN.get(layer.class_name, layer.class_name)
        config = self.config(layer, ARGUMENTS[written].split())
        return {"module": "keras.layers", "class_name": layer.class_name, "config": config, "registered_name": None}

    def function(self, layer: Layer) -> dict[str, Any]:
        """A Lambda layer of a function with a name, or of code that a release of Keras 3 kept."""
        stored = layer.config.get("function")
        if layer.given is not None:
            stored = plain(layer.given)
        elif not isinstance(stored, dict) or "class_name" not in stored:
            raise UnsupportedOps(
                f"the Lambda layer {layer.path!r} keeps compiled code as Keras 2 did, which Keras {RELEASE} does not read",
                ops={"Lambda": (1, layer.path)},
                hint="give its function in custom_objects under the layer's name: the new file then names it",
            )
        known = [key for key in ("output_shape", "mask", "arguments") if layer.config.get(key) is not None]
        config = {"name": layer.name, "trainable": layer.trainable, "dtype": dtype_policy(layer), "function": plain(stored)}
        config.update((key, plain(layer.config[key])) for key in known)
        return {"module": "keras.layers", "class_name": "Lambda", "config": config, "registered_name": None}

    def custom(self, layer: Layer) -> dict[str, Any]:
        """A class that only the user knows, with its config as the file had it."""
        registered = layer.registered or layer.class_name
        config = {key: plain(value) for key, value in layer.config.items() if key not in _PLACED}
        if "dtype" in config:
            config["dtype"] = dtype_policy(layer)
        stored = {"module": layer.module, "class_name": registered.rpartition(">")[2], "config": config, "registered_name": registered}
        return {**stored, "build_config": layer.build_config} if layer.build_config else stored

    def config(self, layer: Layer, arguments: Iterable[str]) -> dict[str, Any]:
        """The arguments of a layer that today's Keras knows."""
        known = {*arguments, *_COMMON} if "**" in arguments else set(arguments)
        config: dict[str, Any] = {"name": layer.name, "trainable": layer.trainable, "dtype": dtype_policy(layer)}
        config = {key: value for key, value in config.items() if key in known}
        if layer.class_name == "InputLayer":
            config = {"name": layer.name, "batch_shape": plain(layer.config["batch_shape"]), "dtype": layer.config["dtype"]}
        for key, value in layer.config.items():
            if key in config or key not in known or key.endswith("_initializer"):
                continue
            if key.endswith(("_regularizer", "_constraint")):
                config[key] = training_part(value, key, self.given)
            else:
                value = _CURVES.get(value, value) if key.endswith("activation") and isinstance(value, str) else value
                config[key] = self.layer(value) if isinstance(value, Layer) else plain(value)
        for key, child in layer.children.items():
            container, in_list, _ = key.partition("/")
            if in_list:
                config.setdefault(container, []).append(self.layer(child))
            else:
                config[_ATTRIBUTES.get((layer.class_name, key), key)] = self.layer(child)
        return config

    def model(self, layer: Layer) -> dict[str, Any]:
        """A Sequential or Functional model."""
        assert layer.graph is not None
        if layer.class_name == "Sequential":
            listed = [inner for inner in layer.layers() if inner.class_name != "InputLayer" or inner.config.get("batch_shape") is not None]
            config = {"name": layer.name, "trainable": layer.trainable, "layers": [self.layer(inner) for inner in listed]}
            return {"module": "keras", "class_name": "Sequential", "config": config, "registered_name": None}
        calls: dict[int, list[Node]] = {}
        for node in sorted(layer.graph.nodes, key=lambda node: node.index):
            calls.setdefault(id(node.layer), []).append(node)
        layers = []
        for inner in layer.layers():
            nodes = [] if inner.class_name == "InputLayer" else calls.get(id(inner), [])
            layers.append({**self.layer(inner), "name": inner.name, "inbound_nodes": [self.call(node) for node in nodes]})
        config = {
            "name": layer.name,
            "trainable": layer.trainable,
            "layers": layers,
            "input_layers": map_structure(_end, layer.graph.input_structure),
            "output_layers": map_structure(_end, layer.graph.outputs),
        }
        return {"module": "keras.src.models.functional", "class_name": "Functional", "config": config, "registered_name": "Functional"}

    def call(self, node: Node) -> dict[str, Any]:
        """One call: its arguments, with tensors by the call that made them."""
        args, kwargs = node.args, node.kwargs
        if node.op in _RECURRENT and isinstance(args[0], (list, tuple)) and len(args[0]) > 1:  # Keras 2 listed initial states as inputs
            args, kwargs = (args[0][0],), {**kwargs, "initial_state": list(args[0][1:])}
        if node.domain == "keras.ops" and node.op == "GetItem" and isinstance(args[1], (list, tuple)):
            args = (args[0], self.whole(args[0], args[1]))
        return {"args": [self.argument(arg) for arg in args], "kwargs": {key: self.argument(arg) for key, arg in kwargs.items()}}

    def whole(self, x: Structure, key: Sequence[Any]) -> Sequence[Any]:
        """A key with an ellipsis written out, which HDF5 files of today's Keras cannot hold."""
        shape = self.typed(x)[0] if isinstance(x, Output) else None
        places = [place for place, part in enumerate(key) if part is Ellipsis]
        if len(places) != 1 or shape is None:
            return key
        rest = len(shape) - sum(part is not None for part in key) + 1
        return (*key[: places[0]], *[slice(None)] * rest, *key[places[0] + 1 :])

    def argument(self, structure: Structure) -> Any:
        return plain(map_structure(lambda leaf: self.tensor(leaf) if isinstance(leaf, Output) else leaf, structure))

    def tensor(self, leaf: Output) -> dict[str, Any]:
        shape, dtype = self.typed(leaf)
        history = [leaf.node.name, leaf.node.index, leaf.index]
        config = {"shape": None if shape is None else list(shape), "dtype": dtype, "keras_history": history}
        return {"class_name": "__keras_tensor__", "config": config}


# Attributes that hold a layer, where the argument has another name.
_ATTRIBUTES = {("Bidirectional", "forward_layer"): "layer"}


def _end(leaf: Output) -> list[Any]:
    """An input or output of a model. Keras 3 counts the calls of a Functional model inside from 1 here, and nowhere else."""
    layer = leaf.node.layer
    inside = layer is not None and layer.graph is not None and layer.class_name == "Functional"
    return [leaf.node.name, leaf.node.index + inside, leaf.index]


def dtype_policy(layer: Layer) -> Any:
    """The policy of a layer; the file's own words where they are those of Keras 3."""
    stored = layer.config.get("dtype")
    if isinstance(stored, dict) and "registered_name" in stored and stored.get("class_name") != "Policy":
        return stored
    policy: Policy = layer.policy
    return {"module": "keras", "class_name": "DTypePolicy", "config": {"name": policy.name}, "registered_name": None}


def training_part(stored: Any, key: str, given: Collection[str] = ()) -> Any:
    """A regularizer or constraint of Keras' own in today's words; one of the caller's as it is; None for another.

    key: the option that it stands in. given: names of the caller's objects.
    """
    if isinstance(stored, str):
        return stored if stored in given else None
    if not isinstance(stored, dict):
        return None
    name, config = stored.get("class_name"), stored.get("config")
    registered = stored.get("registered_name")
    if "registered_name" in stored and isinstance(config, (dict, str)):
        return stored
    if name in given or (isinstance(config, str) and config in given):
        return {"module": stored.get("module"), "class_name": name, "config": config, "registered_name": registered or name}
    if not isinstance(config, dict):
        return None
    if key.endswith("_regularizer") and name in _REGULARIZERS:
        options = {option: float(config[option]) for option in _REGULARIZERS[name] if config.get(option) is not None}
        return {"module": "keras.regularizers", "class_name": name, "config": options, "registered_name": None}
    if key.endswith("_constraint") and name in ("MaxNorm", "NonNeg", "UnitNorm", "MinMaxNorm"):
        return {"module": "keras.constraints", "class_name": name, "config": config, "registered_name": None}
    return None


def plain(value: Any) -> Any:
    """A value as JSON has it: tuples are lists, constants and slices are spelt as Keras does."""
    if isinstance(value, Given):  # a function
        module = getattr(value.object, "__module__", None)
        return {"module": module, "class_name": "function", "config": value.name, "registered_name": value.name}
    if isinstance(value, Tensor):
        array = value.numpy()
        return {"class_name": "__numpy__", "config": {"value": array.tolist(), "dtype": value.dtype}}
    if isinstance(value, slice):
        parts = {key: plain(getattr(value, key)) for key in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": parts}
    if value is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(value, bytes):
        return {"class_name": "__bytes__", "config": {"value": value.decode("latin1")}}
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return value.item() if hasattr(value, "item") and getattr(value, "shape", None) == () else value
