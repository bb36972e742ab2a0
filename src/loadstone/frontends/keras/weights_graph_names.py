"""Gives the layers of a model their weights from a TensorFlow checkpoint that has no objects, only the names of a graph's variables.

`tf.compat.v1.train.Saver` writes those: "dense_1/kernel", "bidirectional/forward_lstm/kernel". A layer's name is a scope of its weights;
a second model of one graph has the same names with higher numbers (`unique_layer_name` in tensorflow/python/keras/backend.py of 1.15).
So layers are matched by name; or, all those of one kind, by the order of their numbers where these are the same distance apart; or by
their shapes, where these tell them apart. What would be a guess is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from loadstone.errors import ModelError
from loadstone.frontends.keras.accounting import Account, shown
from loadstone.frontends.keras.variables import variables
from loadstone.frontends.keras.weights_h5 import GroupedWeights, Slot, finish, has_weights, legacy_order, top_layers
from loadstone.ir import Layer, Producer, Tensor

Place = tuple[str, int]  # the name of a layer without the number at its end, and that number
_OPTIMIZERS = re.compile(r"(training|sgd|rmsprop|adagrad|adadelta|adam|adamax|nadam|ftrl|tfoptimizer)(_\d+)?$", re.IGNORECASE)
_COUNTERS = re.compile(r"(beta[12]_power|global_step|save_counter|iterations?|lr|learning_rate|decay|momentum|rho)(_\d+)?$")
_METRICS = re.compile(r"(total|count|true_positives|true_negatives|false_positives|false_negatives|total_confusion_matrix)(_\d+)?$")


def assign(root: Layer, tensors: Mapping[str, Tensor], producer: Producer) -> dict[str, dict[str, Tensor]]:
    """Fill `weights` of every layer below root; gives back the tensors that belong to no layer, by kind.

    Raises MissingWeights or ModelError with all problems; ModelError with both sides where names, order and shapes do not tell
    which layer is which.
    """
    units = list({id(unit): unit for unit in _units(root)}.values())
    known = {unit.name for unit in units}
    extra: dict[str, dict[str, Tensor]] = {}
    of_layers: dict[str, Tensor] = {}
    for path, tensor in tensors.items():
        kind = _kind(path, tensors, known)
        (of_layers if kind is None else extra.setdefault(kind, {}))[path] = tensor
    pairs = _Matching(units, of_layers, producer).pairs()
    keyed = {_path(unit, path): of_layers[path] for unit, paths in pairs for path in paths}
    account = Account(keyed, producer)
    for unit, listed in pairs:
        states = _initial_states(unit, listed)
        extra.setdefault("states", {}).update({path: of_layers[path] for path in states})
        account.taken.update(_path(unit, path) for path in states)
        paths = [path for path in listed if path not in states]
        if _states_sides(unit, paths):
            ordered = sorted(paths, key=lambda path, unit=unit: _rank(unit, path, producer))  # type: ignore[misc]
            GroupedWeights(account, unit, unit.name, [_path(unit, path) for path in ordered]).fill()
        else:
            account.taken.update(_path(unit, path) for path in paths)
            account.problem(unit, None, f"names do not say which weights run forward and which backward: {', '.join(paths)}")
    for path in account.left():
        account.unused(path)
    finish(root, account)
    return {kind: found for kind, found in extra.items() if found}


def _kind(path: str, tensors: Mapping[str, Tensor], known: set[str]) -> str | None:
    """What a tensor is that belongs to no layer."""
    above, _, last = path.rpartition("/")
    first = path.partition("/")[0]
    if above in tensors:  # "dense/kernel/Adam", "batch_normalization_1/moving_mean/local_step"
        return "counters" if last.startswith(("biased", "local_step")) else "optimizer"
    if above and first not in known and _OPTIMIZERS.match(first):
        return "optimizer"
    if first == "metrics" and first not in known or not above and _METRICS.match(last):
        return "metrics"
    return "counters" if not above and _COUNTERS.match(last) else None


def _units(model: Layer) -> Iterator[Layer]:
    """The layers that have a scope of their own: those of models, and of models inside, wrapped or not."""
    for layer in top_layers(model):
        inner: Layer | None = layer
        while inner is not None and inner.graph is None:
            inner = next(iter(inner.children.values()), None) if len(inner.children) == 1 else None
        if inner is None:
            yield layer
        else:
            yield from _units(inner)


def _place(name: str) -> Place:
    found = re.fullmatch(r"(.+)_(0|[1-9]\d*)", name)
    return (found[1], int(found[2])) if found else (name, 0)


class _Matching:
    """The layers of an architecture beside the scopes of a checkpoint."""

    def __init__(self, units: list[Layer], tensors: Mapping[str, Tensor], producer: Producer) -> None:
        self.tensors = tensors
        self.producer = producer
        self.units = [unit for unit in units if has_weights(unit, producer)]
        self.bases = {_place(unit.name)[0]: unit.name.count("/") + 1 for unit in self.units}
        self.scopes: dict[Place, list[str]] = {}
        self.strangers: list[str] = []
        for path in tensors:
            place = self.scope(path)
            if place is None:
                self.strangers.append(path)
            else:
                self.scopes.setdefault(place, []).append(path)

    def scope(self, path: str) -> Place | None:
        """The first part of a name that is called like some layer."""
        parts = path.split("/")[:-1]
        for start in range(len(parts)):
            for length in sorted(set(self.bases.values()), reverse=True):
                place = _place("/".join(parts[start : start + length]))
                if place[0] in self.bases and start + length <= len(parts):
                    return place
        return None

    def pairs(self) -> list[tuple[Layer, list[str]]]:
        """Each layer and the tensors that are its own."""
        found: list[tuple[Layer, list[str]]] = []
        unclear = len({unit.name for unit in self.units}) < len(self.units) or bool(self.strangers)
        for base in self.bases:
            ours = sorted(((_place(unit.name)[1], unit) for unit in self.units if _place(unit.name)[0] == base), key=lambda pair: pair[0])
            theirs = sorted(number for name, number in self.scopes if name == base)
            chosen = self.chosen(base, ours, theirs)
            if chosen is None:
                unclear = True
            else:
                found += chosen
        if unclear:
            raise ModelError(f"which layer's weights the checkpoint has under which name is not clear:\n{self.sides()}", hint=_HINT)
        return found

    def chosen(self, base: str, ours: list[tuple[int, Layer]], theirs: list[int]) -> list[tuple[Layer, list[str]]] | None:
        """The layers with one base of names, beside scopes with that base: by number, by distance, by shape; None for neither."""
        certain = [(number, unit) for number, unit in ours if has_weights(unit, self.producer, surely=True) or _is_custom(unit)]
        numbers = dict(ours)
        if {number for number, _ in certain} <= set(theirs) <= set(numbers):
            return [(numbers[number], self.scopes[base, number]) for number in theirs]
        if len(certain) != len(theirs):
            return None
        if len({there - here for (here, _), there in zip(certain, theirs, strict=True)}) == 1:
            return [(unit, self.scopes[base, there]) for (_, unit), there in zip(certain, theirs, strict=True)]
        fitting = [(unit, [number for number in theirs if self.fits(unit, self.scopes[base, number])]) for _, unit in certain]
        if any(len(found) != 1 for _, found in fitting) or len({found[0] for _, found in fitting}) < len(fitting):
            return None
        return [(unit, self.scopes[base, found[0]]) for unit, found in fitting]

    def fits(self, unit: Layer, paths: Iterable[str]) -> bool:
        """True where a scope could be the layer's, by its shapes."""
        wanted = [slot.variable.shape for slot in legacy_order(unit, self.producer) if slot.variable.required]
        shapes = [self.tensors[path].shape for path in paths]
        return _is_custom(unit) or len(wanted) == len(shapes) and sorted(map(shown, wanted)) == sorted(map(shown, shapes)) or _open(wanted)

    def sides(self) -> str:
        ours = [f"{unit.name} {_shapes(slot.variable.shape for slot in legacy_order(unit, self.producer))}" for unit in self.units]
        theirs = [f"{path} {shown(tensor.shape)}" for path, tensor in self.tensors.items()]
        return f"  architecture: {_some(ours)}\n  checkpoint: {_some(theirs)}"


_HINT = "give the architecture that was saved with the checkpoint, or the .meta file beside it, which holds the whole graph"


def _is_custom(unit: Layer) -> bool:
    return any(variables(layer) is None for layer in unit.walk())


def _open(wanted: list[tuple[int | None, ...] | None]) -> bool:
    """True where a config does not tell the shapes, which then cannot rule anything out."""
    return any(shape is None or None in shape for shape in wanted)


def _shapes(shapes: Iterable[tuple[int | None, ...] | None]) -> str:
    return " ".join(map(shown, shapes))


def _some(texts: list[str]) -> str:
    return ", ".join(texts[:30]) + (f" and {len(texts) - 30} more" if len(texts) > 30 else "") or "nothing"


# weights of one layer


def _sides(unit: Layer) -> dict[str, Layer]:
    """The two layers of a Bidirectional somewhere in a wrapper, by how the scopes of their weights begin."""
    found = next((layer for layer in unit.walk() if layer.class_name == "Bidirectional"), None)
    return {} if found is None else {f"{name.partition('_')[0]}_": layer for name, layer in found.children.items()}


def _initial_states(unit: Layer, paths: list[str]) -> list[str]:
    """Variables without a name: states of recurrent layers, and the zeros of which Keras 2.2 made those of ConvLSTM2D."""
    recurrent = not _is_custom(unit) and any("stateful" in layer.config for layer in unit.walk())
    return [path for path in paths if recurrent and re.search(r"/Variable(_\d+)?$", path)]


def _states_sides(unit: Layer, paths: list[str]) -> bool:
    sides = tuple(_sides(unit))
    return not sides or all(any(part.startswith(sides) for part in path.split("/")[:-1]) for path in paths)


def _path(unit: Layer, path: str) -> str:
    """A weight's name under the names that the architecture has: its layer's, and those of the layers of a Bidirectional."""
    parts = path.split("/")
    for start, layer in _sides(unit).items():
        parts = [layer.name if part.startswith(start) else part for part in parts]
    return f"{unit.name}/{'/'.join(parts)}"


def _rank(unit: Layer, path: str, producer: Producer) -> tuple[object, ...]:
    """Where a weight stands among those of its layer: forward first, scopes and then names by their numbers, and as the layer lists them."""
    *above, last = path.split("/")
    slots: list[Slot] = legacy_order(unit, producer)
    side = next((place for place, start in enumerate(_sides(unit)) if any(part.startswith(start) for part in above)), 0)
    base, number = (last, 0) if any(last in slot.variable.last for slot in slots) else _place(last)
    listed = next((place for place, slot in enumerate(slots) if base in slot.variable.last), len(slots))
    return side, [_place(part) for part in above], number, listed, path
