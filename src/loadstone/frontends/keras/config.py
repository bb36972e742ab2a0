"""Reads a Keras config (the JSON in `.keras` and `.h5` files) into layers in today's spelling.

`read_model` gives the root layer with its graph; every layer inside has its class name, config, dtype policy, children and
path, and no weights yet (`frontends.keras.weights_v3` and `weights_h5` fill them). Names that are not Keras' own are looked
up among the caller's objects; what is missing is collected there. No class or function named in the file is imported.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from loadstone.custom import CustomObjects, Given
from loadstone.custom.classes import is_plain_model
from loadstone.errors import MALFORMED, LoadstoneError, ModelError
from loadstone.frontends.keras import names
from loadstone.frontends.keras.callables import read_activation, stored_function
from loadstone.frontends.keras.functional import functional_graph, pipeline_graph, sequential_graph
from loadstone.frontends.keras.history import check_known, upgrade_layer
from loadstone.frontends.keras.history.environment import Environment, environment
from loadstone.frontends.keras.history.masks import mask_rules
from loadstone.frontends.keras.places import Places
from loadstone.frontends.keras.policy import part_policies, read_policy
from loadstone.frontends.keras.third_party import LIKE, ThirdParty, quantizer, with_clone
from loadstone.frontends.keras.third_party_parts import parts
from loadstone.ir import Graph, Layer, Producer, dtypes

_ACTIVATION_KEYS = ("activation", "recurrent_activation", "attention_activation")
_CHILD_KEYS = ("layer", "cell", "forward_layer", "backward_layer", "linear_model", "dnn_model")
_OPERATIONS = ("keras.src.ops", "keras.ops", "keras.src.activations")  # where operations are defined
_MODELS = ("Sequential", "Functional")


def read_model(config: dict[str, Any], producer: Producer, custom: CustomObjects | None = None, beside: str | None = None) -> Layer:
    """The root layer that a model's config describes: {"class_name": ..., "config": {...}}. beside is the folder of its file.

    Raises ModelError where the config contradicts itself, and UnsupportedVersion for a release whose history is not known.
    Missing custom objects are left in `custom.missing`.
    """
    custom = custom if custom is not None else CustomObjects()
    if not _is_only_the_users(config):
        check_known(producer)
    try:
        places = Places(config)
        custom.locate = places.locate
        config = _upgraded(config, producer)
        reader = _Reader(producer, custom, environment(config, producer), ThirdParty(config, producer), places, beside)
        return reader.layer(config, "", root=True)
    except LoadstoneError:
        raise
    except MALFORMED as error:
        raise ModelError(f"the config is not one that Keras writes: {type(error).__name__}: {error}") from error


def _upgraded(config: dict[str, Any], producer: Producer) -> dict[str, Any]:
    """A whole model of Keras 0 or 1, or with layers of them, in the spelling of Keras 2."""
    if producer.release >= (2, 3):  # which has none of those layers
        return config
    from loadstone.frontends.keras.history.keras_0 import is_keras_0, upgraded_config
    from loadstone.frontends.keras.history.keras_1 import upgraded_model

    upgraded: dict[str, Any] = upgraded_model(upgraded_config(config) if is_keras_0(config) else config, producer)
    return upgraded


class _Reader:
    """One read: the producer whose spelling the file has, the caller's objects, and layers that the file shares by id.

    environment is what the whole model says of the release and its settings, for configs that leave it out. places learns of
    every layer. beside is the folder of the model's file.
    """

    def __init__(
        self,
        producer: Producer,
        custom: CustomObjects,
        environment: Environment,
        third_party: ThirdParty,
        places: Places,
        beside: str | None = None,
    ) -> None:
        self.producer = producer
        self.custom = custom
        self.environment = environment
        self.third_party = third_party
        self.places = places
        self.beside = beside
        self._shared: dict[int, Layer] = {}
        self._opened: dict[str, Any] = {}  # SavedModels of layers

    def layer(self, stored: Any, prefix: str, root: bool = False) -> Layer:
        """The layer of one {"class_name", "config"} dict; prefix is the path of the model around it."""
        if not isinstance(stored, dict) or not isinstance(stored.get("class_name"), str) or not isinstance(stored.get("config"), dict):
            raise ModelError("a layer is described by a dict with class_name and config", where=prefix or "the root")
        shared = stored.get("shared_object_id")
        if shared is not None and shared in self._shared:
            return self._shared[shared]
        config, written = stored["config"], stored["class_name"].rpartition(">")[2]
        name = str(config.get("name") or stored.get("name") or _snake(written))
        path = f"{prefix}/{name}" if prefix else "" if root else name
        self.places.enter(path or name, stored)
        made = self._operation(stored, name, path) if not root and self._is_operation(stored) else self._known(stored, name, path)
        if shared is not None:
            self._shared[shared] = made
        return made

    def _is_operation(self, stored: dict[str, Any]) -> bool:
        """True for an operation node of Keras 3, such as {"module": "keras.src.ops.numpy", "class_name": "Add"}.

        HDF5 files leave the module out: there the name tells, and where a layer has it too the config, since layers' have
        `trainable` or `dtype`, and operations have neither.
        """
        module, class_name, config = stored.get("module"), stored["class_name"], stored["config"]
        if module:
            return str(module).startswith(_OPERATIONS)
        if self.producer.release < (3,) or class_name not in names.OPERATIONS or class_name in self.custom.objects:
            return False
        return "trainable" not in config and not (class_name in names.LAYERS and "dtype" in config)

    def _operation(self, stored: dict[str, Any], name: str, path: str) -> Layer:
        config = {k: v for k, v in stored["config"].items() if k != "name"}
        config = upgrade_layer(f"keras.ops.{stored['class_name']}", config, self.producer)
        return Layer(stored["class_name"], name, config, domain="keras.ops", path=path, module=stored.get("module"))

    def _known(self, stored: dict[str, Any], name: str, path: str) -> Layer:
        written = stored["class_name"]
        third = self.third_party.class_of(stored)
        class_name = third or names.ALIASES.get(written, written)
        own = third is not None or (
            stored.get("registered_name") in (None, "", written, class_name)
            and not _foreign(stored.get("module"))
            and not (class_name in names.KERAS_1 and self.producer.release >= (2, 3))
            and _as_keras_writes(stored)
        )
        unknown = not own or class_name not in names.LAYERS
        if unknown or third:
            module = stored.get("module") if unknown else None
            given = self.custom.find("layer", _sought(stored), written, module=module, elsewhere=not third)
        else:
            given = self.custom.get("layer", _sought(stored))
        if class_name in names.SAVED_MODELS and given is not None and isinstance(given.object, (str, os.PathLike)):
            given = None  # the place of its SavedModel
        own = own and given is None
        if given is not None and _is_model(stored["config"]) and is_plain_model(given.object):
            class_name, given = "Functional" if "input_layers" in stored["config"] else "Sequential", None
            own, unknown = True, False
        config = self.environment.completed(class_name, stored["config"]) if own else _own_config(stored["config"])
        config = upgrade_layer(LIKE.get(class_name, class_name), config, self.producer) if own else config
        config = self.third_party.completed(class_name, stored, config) if third and own else config
        parts = part_policies(class_name, config.get("dtype"), name) if own else {}
        layer = Layer(
            class_name=class_name,
            name=name,
            config={**config, "policies": parts} if parts else config,
            policy=read_policy(config.get("dtype"), path or name, name),
            trainable=bool(config.get("trainable", True)),
            build_config=stored.get("build_config") or {},
            path=path,
            module=stored.get("module"),
            registered=stored.get("registered_name"),
            given=given,
            masks=mask_rules(class_name, self.producer),
        )
        note = self._saved_model(layer) if own and class_name in names.SAVED_MODELS else ""
        if (unknown or note) and given is None:
            self.custom.miss("layer", _registered(stored), path or name, stored["config"], layer, layer.module, note)
        if given is None and (class_name in _MODELS and own or _is_model(config)):
            layer.graph = self._graph(layer)
            layer.config = {k: v for k, v in config.items() if k not in ("layers", "input_layers", "output_layers")}
        elif own and class_name == "InputLayer":
            _check_input(layer)
        elif own and class_name == "Lambda":
            layer.given = stored_function(layer, self.custom, self.producer, self.environment.layout)
        elif own and class_name in names.LAYERS:
            self._children(layer)
            self._activations(layer)
        return layer

    def _saved_model(self, layer: Layer) -> str:
        """Find and read the SavedModel of a layer; what is to be said where there is none."""
        from loadstone.frontends.keras.saved_models import attach

        return attach(layer, self.custom, self.beside, self._opened)

    def _graph(self, layer: Layer) -> Graph:
        where = layer.path or layer.name
        if layer.class_name == "Pipeline":
            return pipeline_graph(layer.config, lambda inner: self.layer(inner, layer.path))
        if "input_layers" not in layer.config:
            return sequential_graph(layer.config, lambda inner: self.layer(inner, layer.path), where, outermost=not layer.path)
        return functional_graph(layer.config, lambda inner: self.layer(inner, layer.path), where, self.producer.release)

    def _children(self, layer: Layer) -> None:
        """Layers inside a wrapper move from the config to `children`, under the attribute names of Keras."""
        for key in _CHILD_KEYS:
            inner = layer.config.get(key)
            if isinstance(inner, dict) and "class_name" in inner:
                layer.children[key] = self.layer(inner, layer.path)
                del layer.config[key]
        cells = layer.config.get("cells")
        if isinstance(cells, list):
            layer.children.update((f"cells/{i}", self.layer(cell, layer.path)) for i, cell in enumerate(cells))
            del layer.config["cells"]
        if layer.class_name == "Bidirectional":
            _both_directions(layer)
        if layer.class_name == "Addons>WeightNormalization":
            with_clone(layer, _copy(layer.children["layer"], layer.path))
        layer.children.update((attribute, self.layer(inner, layer.path)) for attribute, inner in parts(layer).items())

    def _activations(self, layer: Layer) -> None:
        """Activations become a name of `names.ACTIVATIONS`, a Layer (also a child), a Given, or None."""
        quantized = layer.class_name.startswith("qkeras>")
        for key in [key for key in layer.config if key in _ACTIVATION_KEYS or quantized and key.endswith("_quantizer")]:
            where = f"{layer.path or layer.name}.{key}"
            found = self._activation(quantizer(layer.config[key], where) if quantized else layer.config[key], where, layer)
            layer.config[key] = found
            if isinstance(found, Layer):
                layer.children[key] = found

    def _activation(self, stored: Any, where: str, layer: Layer) -> str | Layer | Given | None:
        if isinstance(stored, dict) and isinstance(stored.get("config"), dict) and stored.get("class_name") != "function":
            return self.layer(stored, layer.path)
        found = read_activation(stored, where, self.custom, hides=self.producer.release < (3,) or not layer.module)
        return self.third_party.activation(found, stored) if isinstance(found, str) else found


def _sought(stored: dict[str, Any]) -> str | None:
    """The name under which a custom class is sought first, and hides a built-in one.

    Files with registered names have none for built-in classes; the others have one name for all.
    """
    return stored.get("registered_name") if "registered_name" in stored else stored["class_name"]


def _registered(stored: dict[str, Any]) -> str:
    """The class name, with the package in front under which it was registered."""
    registered = stored.get("registered_name")
    package, _, name = registered.rpartition(">") if isinstance(registered, str) else ("", "", "")
    written: str = stored["class_name"]
    return f"{package}>{name}" if package and name == written else written


def _is_only_the_users(config: Any) -> bool:
    """True for a model of a class of the user's with no layers in its config: no release has a spelling of its own for it."""
    stored = config.get("config") if isinstance(config, dict) else None
    if not isinstance(stored, dict) or _is_model(stored):
        return False
    class_name, module = config.get("class_name"), config.get("module")
    if not isinstance(class_name, str) or not isinstance(module, (str, type(None))):
        return False
    known = class_name in names.LAYERS or class_name in names.ALIASES or class_name in (*_MODELS, "Graph", "Pipeline")
    return _foreign(module) or not known


def _own_config(config: dict[str, Any]) -> dict[str, Any]:
    """The config of a class that has no history here; what every layer has is spelt as today."""
    return {"batch_shape" if key == "batch_input_shape" else key: value for key, value in config.items()}


def _is_model(config: dict[str, Any]) -> bool:
    """True for the config of a Functional or Sequential model, under whatever class name."""
    layers = config.get("layers")
    return isinstance(layers, list) and bool(layers) and all(isinstance(layer, dict) and "class_name" in layer for layer in layers)


def _check_input(layer: Layer) -> None:
    """An InputLayer's shape and dtype, on which everything after it relies."""
    shape = layer.config.get("batch_shape")
    dtype = layer.config.setdefault("dtype", "float32")
    if not isinstance(shape, (list, tuple)) or not all(d is None or (isinstance(d, int) and d >= 0) for d in shape):
        raise ModelError(f"an InputLayer with batch_shape={shape!r}", where=layer.path)
    if not isinstance(dtype, str) or not dtypes.known(dtype):
        raise ModelError(f"an InputLayer with dtype={dtype!r}", where=layer.path)


def _both_directions(layer: Layer) -> None:
    """Bidirectional keeps one layer in its config and runs two: `forward_layer` and `backward_layer`.

    keras/src/layers/rnn/bidirectional.py: the backward layer is a copy with go_backwards turned around, unless it has a
    config of its own.
    """
    forward = layer.children.pop("layer", None) or layer.children.get("forward_layer")
    if forward is None:
        raise ModelError("a Bidirectional without a layer", where=layer.path)
    backward = layer.children.pop("backward_layer", None)
    if backward is None:
        config = {**forward.config, "go_backwards": not forward.config.get("go_backwards", False)}
        stem = forward.name.removeprefix("forward_")
        backward = Layer(
            forward.class_name,
            f"backward_{stem}",
            config,
            policy=forward.policy,
            trainable=forward.trainable,
            build_config=forward.build_config,
        )
        backward.path, backward.given = f"{layer.path}/{backward.name}", forward.given
        backward.children, backward.masks = {key: _copy(child, backward.path) for key, child in forward.children.items()}, forward.masks
    layer.children = {"forward_layer": forward, "backward_layer": backward}


def _copy(layer: Layer, prefix: str) -> Layer:
    """The same description as a layer of its own, with weights of its own."""
    made = replace(layer, path=f"{prefix}/{layer.name}", config=dict(layer.config), weights={})
    made.children = {key: _copy(child, made.path) for key, child in layer.children.items()}
    return made


def _as_keras_writes(stored: dict[str, Any]) -> bool:
    """False for a class that only shares its name with one of `keras.applications`."""
    options = names.APPLICATIONS.get(stored["class_name"])
    return options is None or options == {key for key in stored["config"] if key not in ("name", "trainable", "dtype", "batch_input_shape")}


def _foreign(module: str | None) -> bool:
    """True where a module that the file names is not Keras'."""
    if not module:
        return False
    return not module.startswith(("keras.", "tf_keras.", "tensorflow.", "keras_core.", "builtins")) and module != "keras"


def _snake(class_name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(class_name))
