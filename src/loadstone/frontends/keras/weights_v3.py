"""Gives the layers of a model their weights from a `.keras` file (the v3 format).

The writer walks the attributes of the model, so a tensor's path says where it was found:
`layers/dense_1/vars/0` is the first variable of the second Dense (keras/src/saving/saving_lib.py). In a list, objects go by
their class in snake case with a counter; releases differ in what they count (`_NUMBERINGS`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from loadstone.errors import UnsupportedOps
from loadstone.frontends.keras import names, third_party
from loadstone.frontends.keras.accounting import Account
from loadstone.frontends.keras.variable import Variable
from loadstone.frontends.keras.variables import variables
from loadstone.ir import Layer, Producer, Tensor

LISTS = ("layers", "_layer_checkpoint_dependencies")  # attributes of a model that hold its layers, today's first
_METRICS = (
    "metrics",
    "_metrics",
    "compile_metrics",
    "_compile_metrics",
    "compiled_metrics",
    "_loss_tracker",
    "loss",
    "_compile_loss",
    "compiled_loss",
)
_OPTIMIZERS = ("optimizer", "_optimizer")
_SEEDS = ("seed_generator", "_random_generator", "random_generator", "generator")

Extra = dict[str, dict[str, Tensor]]


def assign(
    root: Layer,
    tensors: Mapping[str, Tensor],
    producer: Producer,
    *,
    groups: Iterable[str] = (),
    called: Mapping[str, str] | None = None,
    assets: Mapping[str, Tensor] | None = None,
) -> Extra:
    """Fill `weights` of every layer below root; gives back the tensors that belong to no layer, by kind.

    tensors are keyed by path ("layers/dense/vars/0"), assets likewise ("layers/text_vectorization/vocabulary.txt").
    groups are the places that the file has, those without tensors included; called is the layer name that the file notes
    for a place (Keras 3.6 and later). Raises MissingWeights or ModelError with all problems.
    """
    return _Walk(tensors, producer, groups, called or {}, assets or {}).run(root)


def of_optimizer(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those of the optimizer among the tensors of a file, by path."""
    return {path: tensor for path, tensor in tensors.items() if path.partition("/")[0] in _OPTIMIZERS}


def stored(root: Layer, keras_2: bool = False) -> Iterator[tuple[str, Tensor]]:
    """Every weight of a model with the path at which today's Keras keeps it, each once; assets end in `.txt`.

    keras_2: the path at which tf_keras does, which looks for the weights of a shared layer at each of its places.
    """
    yield from _stored(root, "", None if keras_2 else set())


def _stored(layer: Layer, place: str, met: set[int] | None) -> Iterator[tuple[str, Tensor]]:
    """met: the layers that were written; None for Keras 2."""
    if met is not None:
        if id(layer) in met:
            return
        met.add(id(layer))
    own = variables(layer)
    if own is None:
        yield from _stored_custom(layer, place)
    for variable in own or ():
        owner = layer.children.get("layer", layer) if variable.copy else layer
        if variable.name in owner.weights:  # TextVectorization keeps the weights of its lookup layer at both places
            first = variable.paths[-1:] if met is None and layer.class_name == "MultiHeadAttention" else variable.paths[:1]
            for path in [path for path in variable.paths if path.endswith("idf_weights")] or first:
                yield _join(place, path), owner.weights[variable.name]
    listed: dict[str, list[Layer]] = {}
    if layer.graph is not None:
        listed[LISTS[0]] = [inner for inner in layer.layers() if inner.domain == "keras"]
        if layer.class_name == "Sequential" and listed[LISTS[0]][0].class_name == "InputLayer":
            del listed[LISTS[0]][0]
    for attribute, child in layer.children.items():
        container, in_list, _ = attribute.partition("/")
        if in_list:
            listed.setdefault(container, []).append(child)
        else:
            yield from _stored(child, _join(place, attribute), met)
    for container, inner in listed.items():
        used: dict[str, int] = {}
        for one in inner:
            yield from _stored(one, _counted(_join(place, container), snake(names.WRITTEN.get(one.class_name, one.class_name)), used), met)


def _stored_custom(layer: Layer, place: str) -> Iterator[tuple[str, Tensor]]:
    """The weights of a class that only the user knows, at the places below its own that the file had; by number from a list."""
    placed = all("vars" in tensor.key.split("/") for tensor in layer.weights.values())
    listed = [name.removeprefix(f"{layer.name}/") for name in layer.weights]
    if not placed and any("/" in name for name in listed):
        raise UnsupportedOps(
            f"a .keras file keeps weights of classes inside yours ({', '.join(listed[:5])}) by attributes, which the file read does not tell",
            ops={layer.class_name: (1, layer.path)},
            hint="write it as .h5",
        )
    for number, (name, tensor) in enumerate(layer.weights.items()):
        above, _, last = name.rpartition("/") if placed else ("", "", str(number))
        yield _join(_join(place, f"{above}/vars" if above else "vars"), last), tensor


class _Walk(Account):
    """One walk over the model, in the writer's order: an object is written where it is met first."""

    def __init__(
        self,
        tensors: Mapping[str, Tensor],
        producer: Producer,
        groups: Iterable[str],
        called: Mapping[str, str],
        assets: Mapping[str, Tensor],
    ) -> None:
        plain = {path.replace("\\", "/"): tensor for path, tensor in tensors.items()}  # written on Windows
        super().__init__({**plain, **{path.replace("\\", "/"): tensor for path, tensor in assets.items()}}, producer)
        self.weights = plain
        self.called = {place.replace("\\", "/"): name for place, name in called.items()}
        self.places = {place for path in (*plain, *(f"{group}/".replace("\\", "/") for group in groups)) for place in _parents(path)}
        self.met: set[int] = set()
        self.first: dict[int, str] = {}  # where each of them was met
        self.written: dict[tuple[str, str], list[Layer]] = {}

    def run(self, root: Layer) -> Extra:
        self.layer(root, "")
        extra: Extra = {}
        for path, tensor in self.left().items():
            kind = self.kind(path)
            if kind:
                extra.setdefault(kind, {})[path] = tensor
            else:
                self.unused(path)
        self.settle()
        for layer in list(root.walk()):
            third_party.as_plain(layer)
        return extra

    def kind(self, path: str) -> str | None:
        """What a tensor that belongs to no layer is."""
        parts = path.split("/")
        if path not in self.weights:
            return "assets"
        if parts[0] in _OPTIMIZERS:
            return "optimizer"
        if parts[0] in _METRICS:
            return "metrics"
        return "seeds" if any(part in _SEEDS for part in parts) else None

    def layer(self, layer: Layer, place: str) -> None:
        """A layer at its place: its own variables, its children, the layers of its graph."""
        if id(layer) in self.met:
            self.again(layer, place)
            return
        self.met.add(id(layer))
        self.first[id(layer)] = place
        self.written.setdefault((layer.class_name, layer.name), []).append(layer)
        own = variables(layer)
        if own is None:
            self.custom(layer, place)
            return
        self.check_mode(layer)
        for variable in self.counted(layer, own):
            found = [path for path in (_join(place, path) for path in variable.paths) if path in self.tensors]
            if found:
                self.fill(layer, variable, found[0])
                self.taken.update(found)  # TextVectorization writes what its lookup layer has once more
            elif variable.required:
                self.lacks(layer, variable, self.below(place))
        self.take_over(layer, place)
        if layer.graph is not None:
            self.model(layer, place)
        self.children(layer, place)

    def again(self, layer: Layer, place: str) -> None:
        """What a file holds once more of a layer that was met elsewhere, as one does that was saved of a model with copies of it."""
        first = self.first.get(id(layer), place)
        for path in self.below(place) if place != first and place in self.places else ():
            other = self.weights.get(first + path.removeprefix(place))
            if other is not None and np.array_equal(other.numpy(), self.weights[path].numpy()):
                self.taken.add(path)

    def take_over(self, layer: Layer, place: str) -> None:
        """The kernel that a wrapper keeps for the layer inside."""
        inside, path = third_party.kernel_inside(layer), _join(place, "vars/1")
        if inside is not None and path in self.tensors:
            owner, name = inside
            self.fill(owner, next(variable for variable in variables(owner) or () if variable.name == name), path)

    def counted(self, layer: Layer, own: list[Variable]) -> list[Variable]:
        """The variables that a layer keeps itself: one that a wrapper keeps does not count."""
        if not layer.weights:
            return own
        left = [variable for variable in own if variable.name not in layer.weights]
        return [replace(variable, paths=counts.paths) for variable, counts in zip(left, own, strict=False)]

    def model(self, layer: Layer, place: str) -> None:
        """The layers of a model. Operations are no layers; the input of a Sequential is not in its list."""
        listed = [inner for inner in layer.layers() if inner.domain == "keras"]
        if layer.class_name == "Sequential" and listed and listed[0].class_name == "InputLayer":
            del listed[0]
        container = next((found for found in (_join(place, name) for name in LISTS) if found in self.places), _join(place, LISTS[0]))
        for inner, where in self.numbered(listed, container):
            said = self.called.get(where)
            if said is not None and said != inner.name and id(inner) not in self.met:
                self.problem(inner, None, f"the file calls the layer at {where} '{said}'")
            twin = self.twin(inner)
            if twin is not None and where not in self.places:
                self.share(twin, inner)
            self.layer(inner, where)

    def children(self, layer: Layer, place: str) -> None:
        """Layers inside a layer, by the attribute that holds them."""
        listed: dict[str, list[Layer]] = {}
        for attribute, child in layer.children.items():
            container, in_list, _ = attribute.partition("/")
            if in_list:
                listed.setdefault(container, []).append(child)
            else:
                places = [_join(place, attribute), _join(place, f"cell/{attribute}")]
                if attribute == "dnn_model":  # of a WideDeepModel, which is met first in the list of its layers
                    places.append(_join(place, f"layers/{self.stem(child, _join(place, 'layers'))}"))
                self.layer(child, next((found for found in places if found in self.places), places[0]))
        for container, inner in listed.items():
            for child, where in self.numbered(inner, _join(place, container)):
                self.layer(child, where)

    def custom(self, layer: Layer, place: str) -> None:
        """A class that only the user knows keeps everything below its place, its own variables first."""
        start = len(place) + 1 if place else 0
        for path in sorted(self.below(place), key=_reading_order):
            if place or not self.kind(path):
                name = "/".join(part for part in path[start:].split("/") if part != "vars")
                self.keep(layer, name, path)

    def twin(self, layer: Layer, before: Iterable[Layer] = ()) -> Layer | None:
        """A layer that was written elsewhere and is this one, by all that the config says.

        A layer of two models, one inside the other, is written where it is met first, and listed in the configs of both.
        """
        if id(layer) in self.met:
            return None
        written = self.written.get((layer.class_name, layer.name), [])
        alike = [other for other in (*written, *before) if other is not layer and _alike(layer, other)]
        return alike[0] if len(alike) == 1 else None

    def share(self, twin: Layer, layer: Layer) -> None:
        """A layer and all inside get the weights of its twin."""
        for one, other in zip(twin.walk(), layer.walk(), strict=True):
            other.weights, other.non_trainable = dict(one.weights), one.non_trainable
            self.met.add(id(other))

    def below(self, place: str) -> list[str]:
        """The tensors at a place and deeper that nobody took."""
        return [path for path in self.weights if path not in self.taken and (not place or path.startswith(f"{place}/"))]

    def numbered(self, layers: list[Layer], container: str) -> list[tuple[Layer, str]]:
        """Each layer of a list with its place: by the first way of counting that gives the places that the file has."""
        met, twins = self.elsewhere(layers)
        ways = [
            (list(way(self, layers, container, old)), old) for old in (met, met | twins) for way in _numberings(self.producer, container)
        ]

        def fitting(way: tuple[list[tuple[Layer, str]], set[int]]) -> int:
            placed, old = way
            return sum(1 if where in self.places else -1 if id(layer) not in old else 0 for layer, where in placed)

        return max(ways, key=fitting)[0]

    def elsewhere(self, layers: list[Layer]) -> tuple[set[int], set[int]]:
        """The layers of a list that are written elsewhere by their turn: those that are surely the same, and twins."""
        met, twins = set(), set()
        inside: dict[int, Layer] = {}
        for layer in layers:
            if id(layer) in self.met or id(layer) in inside:
                met.add(id(layer))
            elif self.twin(layer, inside.values()) is not None:
                twins.add(id(layer))
            inside.update((id(inner), inner) for inner in layer.walk())
        return met, twins

    def stem(self, layer: Layer, container: str) -> str:
        """The class in snake case, by the one of its names that the file has."""
        spelt = [layer.class_name.rpartition(">")[2], *(old for old, new in names.ALIASES.items() if new == layer.class_name)]
        stems = [snake(name) for name in spelt]
        stems += [f"private{stem}" for stem in stems if stem.startswith("_")]  # tf.keras
        return next((stem for stem in stems if _join(container, stem) in self.places), stems[0])


Numbering = Callable[[_Walk, list[Layer], str, set[int]], Iterator[tuple[Layer, str]]]  # the last: layers written elsewhere


def _count_all(walk: _Walk, layers: list[Layer], container: str, met: set[int]) -> Iterator[tuple[Layer, str]]:
    """Keras 3: every layer of the list counts."""
    used: dict[str, int] = {}
    for layer in layers:
        yield layer, _counted(container, walk.stem(layer, container), used)


def _count_new(walk: _Walk, layers: list[Layer], container: str, met: set[int]) -> Iterator[tuple[Layer, str]]:
    """tf.keras 2.14, in that dict, and 2.15: layers that were written elsewhere before are passed over."""
    used: dict[str, int] = {}
    for layer in layers:
        if id(layer) in met:
            yield layer, _join(container, "")
        else:
            yield layer, _counted(container, walk.stem(layer, container), used)


def _count_twice(walk: _Walk, layers: list[Layer], container: str, met: set[int]) -> Iterator[tuple[Layer, str]]:
    """tf.keras 2.12 and 2.13: a dict in which each layer with weights stands twice (`_layer_checkpoint_dependencies`)."""
    used: dict[str, int] = {}
    for layer in layers:
        where = _counted(container, walk.stem(layer, container), used)
        if any(variables(inner) for inner in layer.walk()) if id(layer) in met else walk.below(where):
            _counted(container, walk.stem(layer, container), used)
        yield layer, where


def _counted(container: str, stem: str, used: dict[str, int]) -> str:
    used[stem] = number = used.get(stem, -1) + 1
    return _join(container, f"{stem}_{number}" if number else stem)


def _numberings(producer: Producer, container: str) -> tuple[Numbering, ...]:
    """The ways of counting that can have made a list, the likeliest first."""
    if container.endswith(LISTS[1]):
        return (_count_new,) if producer.release >= (2, 14) else (_count_twice,)
    return (_count_new, _count_all) if producer.library == "tf.keras" else (_count_all, _count_new)


def snake(class_name: str) -> str:
    """Keras' own snake case: "Conv2DTranspose" is "conv2d_transpose", "ReLU" is "re_lu"."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", class_name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _alike(one: Layer, other: Layer) -> bool:
    """True where nothing in two descriptions differs."""
    if (one.class_name, one.name) != (other.class_name, other.name):
        return False
    ones, others = list(one.walk()), list(other.walk())
    return len(ones) == len(others) and all(_description(a) == _description(b) for a, b in zip(ones, others, strict=True))


def _description(layer: Layer) -> tuple[str, str, str]:
    """Class, name and config; the ids of objects that the writer met before stand at the second one alone."""
    config = {key: value for key, value in layer.config.items() if not isinstance(value, Layer)}
    return layer.class_name, layer.name, re.sub(r", 'shared_object_id': \d+", "", repr(config))


def _reading_order(path: str) -> tuple[tuple[int, int, str], ...]:
    """Own variables before those of inner layers, numbers as numbers."""
    parts = path.split("/")
    return tuple((0 if part == "vars" else 1, int(part) if part.isdecimal() else 0, part) for part in parts)


def _parents(path: str) -> Iterator[str]:
    """All places above a tensor: "a/b/vars/0" is at "a/b/vars", "a/b", "a"."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _join(place: str, name: str) -> str:
    return f"{place}/{name}" if place else name
