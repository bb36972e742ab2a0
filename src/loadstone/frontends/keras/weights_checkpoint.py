"""Gives the layers of a model their weights from a TensorFlow checkpoint that tf.keras wrote (`save_weights` in the "tf" format).

A checkpoint that was written from objects holds their graph: what attribute of an object is which other one, and under which key a
variable's value lies (tensorflow/core/protobuf/trackable_object_graph.proto). A model's layers are its attributes `layer-0`,
`layer-1`, ... and, once more, those with weights `layer_with_weights-0`, ... (keras/engine/functional.py of 2.15,
`_layer_checkpoint_dependencies`); a layer's weights are attributes by their own names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from loadstone.containers.trackable_proto import OBJECTS, TrackableObject, objects
from loadstone.frontends.keras import weights_graph_names
from loadstone.frontends.keras.accounting import Account
from loadstone.frontends.keras.variable import Variable
from loadstone.frontends.keras.variables import variables
from loadstone.frontends.keras.weights_h5 import finish, has_weights, top_layers
from loadstone.ir import Layer, Producer, Tensor
from loadstone.ir.saved_function import SavedFunction

VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"  # behind the attributes that lead to a variable
_CONFIG = "/.ATTRIBUTES/OBJECT_CONFIG_JSON"  # of the object, which TensorFlow 1.12 kept beside its variables
_WEIGHTED, _ANY = "layer_with_weights-", "layer-"


def assign(root: Layer, tensors: Mapping[str, Tensor], producer: Producer) -> dict[str, dict[str, Tensor]]:
    """Fill `weights` of every layer below root; gives back the tensors that belong to no layer, by kind.

    tensors are keyed as the checkpoint has them; one without objects has the names of variables alone. Raises MissingWeights or
    ModelError with all problems.
    """
    if OBJECTS not in tensors:
        return weights_graph_names.assign(root, tensors, producer)
    account = Account({name: tensor for name, tensor in tensors.items() if name != OBJECTS and not name.endswith(_CONFIG)}, producer)
    if root.graph is None:
        for path in account.tensors:
            if _kind(path) is None:
                account.keep(root, path.removesuffix(VALUE), path)
    else:
        walk = _Walk(account, objects(tensors[OBJECTS]))
        walk.model(root, walk.top())
    extra: dict[str, dict[str, Tensor]] = {}
    for path, tensor in account.left().items():
        kind = _kind(path)
        if kind:
            extra.setdefault(kind, {})[path] = tensor
        else:
            account.unused(path)
    finish(root, account)
    return extra


def _kind(path: str) -> str | None:
    """What a tensor that belongs to no layer is."""
    parts = path.split("/")
    if "optimizer" in parts[0] or ".OPTIMIZER_SLOT" in parts:
        return "optimizer"
    if parts[0] == "save_counter" or "num_documents" in parts:
        return "counters"
    if {"_random_generator", "_generator", "_rng"} & set(parts):
        return "seeds"
    return "metrics" if "keras_api" in parts or parts[0] in ("metrics", "compiled_metrics", "loss_tracker") else None


class _Walk:
    """One walk over the model and the objects of the checkpoint side by side."""

    def __init__(self, account: Account, objects: list[TrackableObject]) -> None:
        self.account = account
        self.objects = objects

    def top(self) -> int:
        """The model: the first object, or what a `tf.train.Checkpoint` has as its only model."""
        found = [i for i in (0, *self.objects[0].children.values()) if any(name.startswith(_ANY) for name in self.objects[i].children)]
        return found[0] if found else 0

    def model(self, layer: Layer, at: int) -> None:
        """The layers of a model, by their place among all; or among those with weights, where only these are there."""
        listed = top_layers(layer)
        children = self.objects[at].children
        count = sum(name.startswith(_ANY) for name in children)
        if count:  # TensorFlow 1 counts the input of a Sequential
            first = int(layer.class_name == "Sequential" and count == len(listed) + 1)
            if count != len(listed) + first:
                self.account.problem(layer, None, f"the architecture has {len(listed)} layers, the checkpoint {count}")
                return
            places = {f"{_ANY}{number}": inner for number, inner in enumerate(listed, first)}
        else:
            weighted = [inner for inner in listed if has_weights(inner, self.account.producer)]
            places = {f"{_WEIGHTED}{number}": inner for number, inner in enumerate(weighted)}
        for name, inner in places.items():
            self.layer(inner, children.get(name))

    def layer(self, layer: Layer, at: int | None) -> None:
        """One layer: its own weights, its children, its graph."""
        own = variables(layer)
        if own is None:
            for path, key in self.below(at):
                self.account.keep(layer, path, key)
            return
        for variable in own:
            if not variable.copy:
                self.variable(layer, variable, at)
        if layer.saved is not None:
            self.unlisted(layer, layer.saved, at)
        if layer.graph is not None and at is not None:
            self.model(layer, at)
        for attribute, child in layer.children.items():
            self.layer(child, self.child(at, attribute))

    def unlisted(self, layer: Layer, saved: SavedFunction, at: int | None) -> None:
        """Variables of a SavedModel that are no weights of the layer: a checkpoint has them as well, with what they hold now."""
        found: dict[str, Tensor] = {}
        for way, name in saved.unlisted.items():
            here = self.find(at, way)
            for key in self.objects[here].keys if here is not None else ():
                tensor, before = self.account.tensors.get(key), saved.module.variables[name]
                if tensor is not None and (tensor.shape, tensor.dtype) == (before.shape, before.dtype):
                    found[name] = tensor
                    self.account.taken.add(key)
        if found:
            module = replace(saved.module, variables={**saved.module.variables, **found})
            layer.saved = replace(saved, module=module)

    def variable(self, layer: Layer, variable: Variable, at: int | None) -> None:
        if variable.dtype == "string":
            self.vocabulary(layer, variable, at)
            return
        for place in _places(variable):
            found = self.find(at, place)
            keys = [] if found is None else [key for key in self.objects[found].keys if key in self.account.tensors]
            if keys:
                self.account.fill(layer, variable, keys[0])
                return
        if variable.required:
            self.account.lacks(layer, variable, [key for _, key in self.below(at)])

    def vocabulary(self, layer: Layer, variable: Variable, at: int | None) -> None:
        """The keys of a lookup table in the order of their values; the tables in which `adapt` counted are of no use."""
        for path, key in self.below(at):
            if not path.endswith(("-keys", "-values")):
                continue
            self.account.taken.add(key)
            if path.endswith("_table-keys") and not layer.config.get("vocabulary"):
                values = self.account.tensors[key.removesuffix("keys") + "values"]
                layer.weights[variable.name] = _ordered(self.account.tensors[key], values)

    def child(self, at: int | None, attribute: str) -> int | None:
        """The object of a layer inside a layer: "forward_layer", "cell/cells/0"."""
        for place in (attribute, f"cell/{attribute}", f"_{attribute}"):
            found = self.find(at, place)
            if found is not None:
                return found
        return None

    def find(self, at: int | None, place: str) -> int | None:
        if at is not None and place in self.objects[at].children:  # "word_embedding/embedding_weights" of a DenseFeatures
            return self.objects[at].children[place]
        for part in place.split("/"):
            at = None if at is None else self.objects[at].children.get(part)
        return at

    def below(self, at: int | None, path: str = "", met: set[int] | None = None) -> Iterator[tuple[str, str]]:
        """Path and key of every value at an object and deeper."""
        met = set() if met is None else met
        if at is None or at in met:
            return
        met.add(at)
        for key in self.objects[at].keys:
            for name in (key, f"{key}-keys", f"{key}-values"):  # the second and third are of a lookup table
                if name in self.account.tensors:
                    yield path + name.removeprefix(key), name
        for name, child in self.objects[at].children.items():
            yield from self.below(child, f"{path}/{name}" if path else name, met)


def _places(variable: Variable) -> Iterable[str]:
    """Where a weight may stand below its layer: "kernel", "cell/kernel", "_query_dense/kernel"."""
    for path in variable.paths:
        above = path.partition("vars/")[0]
        for prefix in (above, f"_{above}") if above else ("",):
            yield from (f"{prefix}{last}" for last in variable.last)


def _ordered(keys: Tensor, values: Tensor) -> Tensor:
    """The terms as text, as a file with a vocabulary has them."""

    def load(array: np.ndarray) -> np.ndarray:
        ordered = array[np.argsort(values.numpy(), kind="stable")]
        return ordered if keys.dtype == "string" else np.array([str(term).encode() for term in ordered.tolist()], object)

    return keys.map(load, dtype="string")
