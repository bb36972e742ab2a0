"""Gives the layers of a model their weights from the `model_weights` group of a Keras HDF5 file.

Each layer of the outermost model has a group, in it a list `weight_names`: its trainable weights, then the others, those of
models inside included (keras/src/legacy/saving/legacy_h5_format.py). Keras reads them by order alone; the names say the same
once more, and both must agree. Where the order of some release is another one, the names decide, if they are unique.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from loadstone.containers.hdf5_tree import Group
from loadstone.errors import CorruptFile, ModelError
from loadstone.frontends.keras import names, third_party
from loadstone.frontends.keras.accounting import Account, fits
from loadstone.frontends.keras.cudnn import as_plain
from loadstone.frontends.keras.history.spatial import depth_multiplier_of
from loadstone.frontends.keras.keras_1_weights import as_today, note_gates, old_variables
from loadstone.frontends.keras.lora import lora_variables, merge_lora
from loadstone.frontends.keras.variable import Variable
from loadstone.frontends.keras.variables import variables
from loadstone.ir import Layer, Producer, Tensor
from loadstone.ir.records import dataclass

_TOP = "top_level_model_weights"


@dataclass(frozen=True)
class Slot:
    """A place for one weight: a variable of a layer somewhere inside."""

    layer: Layer
    variable: Variable


def assign(root: Layer, group: Group, producer: Producer, *, apart: bool = False) -> dict[str, dict[str, Tensor]]:
    """Fill `weights` of every layer below root; gives back the tensors that belong to no layer, by kind.

    apart: the weights are a file of their own, in which layers may be called otherwise than in the architecture.
    Raises MissingWeights or ModelError with all problems.
    """
    account = Account(group.all_tensors(), producer)
    if root.graph is None:
        for path in dict.fromkeys([*_listed(group), *account.tensors]):
            account.keep(root, path.partition(":")[0], path)
        return {}
    for layer, place in _places(root, group, account) if apart else _listed_places(root, group):
        GroupedWeights(account, layer, place, _weight_names(group.group(place), place)).fill()
    seeds = {path: tensor for path, tensor in account.left().items() if "seed_generator" in path}
    for path in account.left():
        if path not in seeds:
            account.unused(path)
    finish(root, account)
    return {"seeds": seeds} if seeds else {}


def finish(root: Layer, account: Account) -> None:
    """Raise all problems; bring weights that some releases keep otherwise into today's form."""
    for layer in root.walk():
        account.check_mode(layer)
        merge_lora(layer)
    account.settle()
    for layer in root.walk():
        as_today(layer, account.producer)
        if account.producer.release < (2,):
            account.check_shapes(layer)
    account.settle()
    for layer in list(root.walk()):
        as_plain(layer)
        third_party.as_plain(layer)
        depth_multiplier_of(layer)


def _listed(group: Group) -> Iterator[str]:
    """Paths of all weights in the order that the file lists: layer by layer, those of the model itself last."""
    for place in (*(group.strings("layer_names") or ()), _TOP):
        yield from _weight_names(group.group(place), place)


def _listed_places(root: Layer, group: Group) -> list[tuple[Layer, str]]:
    """Each layer of a whole file and its group, which has its name; up to Keras 2.2.2 configs did not name chains in a chain."""
    layers, listed = top_layers(root), group.strings("layer_names") or []
    if len(layers) == len(listed):
        pairs = list(zip(layers, listed, strict=True))
        if all(layer.name == place or layer.class_name == "Sequential" for layer, place in pairs):
            return pairs
    return [(layer, layer.name) for layer in layers]


def _places(root: Layer, group: Group, account: Account) -> list[tuple[Layer, str]]:
    """Each layer with weights and the group that has them: by name where all names are there, else by order, as Keras does.

    Raises ModelError where the two would differ, or where there are more of one than of the other.
    """
    order = group.strings("layer_names") or list(group.groups)
    listed = [name for name in order if (inner := group.group(name)) and inner.strings("weight_names")]
    layers = [layer for layer in top_layers(root) if has_weights(layer, account.producer)]
    certain = [layer for layer in layers if has_weights(layer, account.producer, surely=True)]
    names = [layer.name for layer in layers]
    if {layer.name for layer in certain} <= set(listed) <= set(names):
        layers = [layer for layer in layers if layer.name in listed]
        pairs = list(zip(layers, listed, strict=True))
        if any(layer.name != place for layer, place in pairs) and all(_alike(group, layer.name, place) for layer, place in pairs):
            raise ModelError(
                "the layers of the weights stand in another order than those of the architecture, and either order fits:\n"
                f"  architecture: {', '.join(names)}\n  weights: {', '.join(listed)}",
                hint="save both again from one model, or the whole model in one file",
            )
        return [(layer, layer.name) for layer in layers]
    layers = certain if len(certain) == len(listed) else layers
    if len(layers) != len(listed):
        raise ModelError(
            f"the architecture has {len(layers)} layers with weights, the file {len(listed)}:\n"
            f"  architecture: {', '.join(names)}\n  weights: {', '.join(listed)}",
            hint="the two files belong to different models",
        )
    return list(zip(layers, listed, strict=True))


def _alike(group: Group, one: str, other: str) -> bool:
    """True where the weights of two groups have the same shapes."""
    tensors = group.all_tensors()
    shapes = [[tensors[path].shape for path in _weight_names(group.group(name), name)] for name in (one, other)]
    return shapes[0] == shapes[1]


def has_weights(layer: Layer, producer: Producer, surely: bool = False) -> bool:
    """True where a file may have weights of the layer, or of one inside; surely: where it has to."""
    unknown = any(variables(inner) is None for inner in layer.walk())
    slots = legacy_order(layer, producer)
    return any(slot.variable.required for slot in slots) if surely else unknown or bool(slots)


def top_layers(model: Layer) -> list[Layer]:
    """`model.layers`: no operations, and not the input of a Sequential."""
    listed = [layer for layer in model.layers() if layer.domain == "keras"]
    starts = model.class_name == "Sequential" and listed and listed[0].class_name == "InputLayer"
    return listed[1:] if starts else listed


def listed_names(group: Group) -> Iterator[str]:
    """The names of all weights below `model_weights`, as the groups of layers list them."""
    return (name for inner in group.groups.values() for name in inner.strings("weight_names") or ())


def _weight_names(group: Group | None, place: str) -> list[str]:
    """Paths of a layer's weights below `model_weights`, in the order that the file lists."""
    if group is None:
        return []
    names = group.strings("weight_names") or []
    absent = [name for name in names if group.tensor(name) is None]
    if absent:
        raise CorruptFile(f"weights are listed that are not there: {', '.join(absent[:10])}", where=f"model_weights/{place}")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:  # Keras 3.0 to 3.2 could not go on where two weights of a layer have one name, and left the file as it was
        raise CorruptFile(f"weights are listed twice that the file has once: {', '.join(twice[:10])}", where=f"model_weights/{place}")
    return [f"{place}/{name}" for name in names]


class GroupedWeights:
    """One layer of the outermost model and the weights that its group lists."""

    def __init__(self, account: Account, layer: Layer, place: str, paths: list[str]) -> None:
        self.account = account
        self.layer = layer
        self.place = place
        self.paths = paths

    def fill(self) -> None:
        """Every slot its weight, by order or by name; problems go into the account."""
        if self.account.producer.release < (2,):
            note_gates(self.layer, self.paths)
        paths = self._custom(self.paths)
        slots = [slot for slot in legacy_order(self.layer, self.account.producer) if slot.variable.required or self._named(slot)]
        by_order = list(zip(slots, paths, strict=True)) if len(slots) == len(paths) else None
        if by_order and all(self._fits(*pair) for pair in by_order):
            for slot, path in by_order:
                if self.place == self.layer.name and self._contradicts(slot, path, slots):
                    self.account.problem(
                        slot.layer, slot.variable, f"its place in the file's order has {path}, the weight of another layer"
                    )
                self.account.fill(slot.layer, slot.variable, path)
            return
        by_name = self._by_name(slots, paths)
        if by_name is None:
            self._report(slots, paths)
        else:
            for slot, path in by_name:
                self.account.fill(slot.layer, slot.variable, path)

    def _custom(self, paths: list[str]) -> list[str]:
        """Weights of classes that only the user knows go to them; the others are left."""
        if variables(self.layer) is None:
            for path in paths:
                self.account.keep(self.layer, path[len(self.place) + 1 :].partition(":")[0], path)
            return []
        unknown = {layer.name: layer for layer in self.layer.walk() if variables(layer) is None}
        left = []
        for path in paths:
            parts = self._parts(path)
            owner = next((name for name in parts[:-1] if name in unknown), None)
            if owner is None:
                left.append(path)
            else:
                self.account.keep(unknown[owner], "/".join(parts[parts.index(owner) + 1 :]), path)
        if len(unknown) == 1 and not legacy_order(self.layer, self.account.producer):  # a wrapper writes its own name alone
            (only,) = unknown.values()
            for path in left:
                parts = self._parts(path)
                self.account.keep(only, "/".join(parts[1:] if parts[0] == self.layer.name else parts), path)
            return []
        return left

    def _parts(self, path: str) -> list[str]:
        """The parts of a weight's name: "lstm/lstm_cell/kernel:0" is lstm, lstm_cell, kernel."""
        return re.sub(r":\d+$", "", path[len(self.place) + 1 :]).split("/")

    def _named(self, slot: Slot) -> bool:
        """True where the file lists a weight that is called like this one."""
        return any(self._called(slot, path) for path in self.paths)

    def _called(self, slot: Slot, path: str) -> bool:
        """True where a name ends as the variable's does: "query/kernel" or, in early Keras 3, "kernel" alone."""
        parts = self._parts(path)
        last = parts[-1] if parts[-1] in slot.variable.last else re.sub(r"_\d+$", "", parts[-1])
        if self.account.producer.release < (2,):  # "dense_1_W", or a number where a variable had no name
            return last.endswith(tuple(f"_{name}" for name in slot.variable.last)) or last == "param" or last in slot.variable.last
        if slot.layer.class_name in names.THIRD_PARTY and last.endswith(tuple(f"_{name}" for name in slot.variable.last)):
            return True
        above = slot.variable.label.split("/")[:-1]
        return last in slot.variable.last and (not above or len(parts) == 1 or parts[-1 - len(above) : -1] == above)

    def _fits(self, slot: Slot, path: str) -> bool:
        return self._called(slot, path) and fits(self.account.tensors[path].shape, slot.variable.shape)

    def _contradicts(self, slot: Slot, path: str, slots: list[Slot]) -> bool:
        """True where a name has the name of another layer of this group, and not that of the slot's or of one around it.

        Up to TensorFlow 1.9 variables had numbers of their own: "dense/kernel" is the weight of a layer dense_1.
        """
        if self.account.producer.library == "tf.keras" and self.account.producer.release < (2, 2) and not self._all_named(slots):
            return False
        above = self._parts(path)[:-1]
        others = [other.layer for other in slots if other.layer is not slot.layer and slot.layer not in other.layer.walk()]
        return slot.layer.name not in above and any(other.name in above for other in others)

    def _all_named(self, slots: list[Slot]) -> bool:
        """True where each weight has the name of some layer of this group."""
        known = {slot.layer.name for slot in slots}
        return all(known.intersection(self._parts(path)[:-1]) for path in self.paths)

    def _by_name(self, slots: list[Slot], paths: list[str]) -> list[tuple[Slot, str]] | None:
        """Slots and weights paired by name, where that can be done in one way alone."""
        if len(slots) != len(paths):
            return None
        found = []
        for slot in slots:
            fitting = [path for path in paths if self._fits(slot, path)]
            names = {slot.layer.name, f"forward_{slot.layer.name}"}  # a Bidirectional layer renames the one that it is given
            own = [path for path in fitting if names & set(self._parts(path)[:-1])]
            chosen = fitting if len(fitting) == 1 else own
            if len(chosen) != 1:
                return None
            found.append((slot, chosen[0]))
        return found if len({path for _, path in found}) == len(found) else None

    def _report(self, slots: list[Slot], paths: list[str]) -> None:
        """What is missing and what is left, or what differs in shape."""
        if len(slots) == len(paths) and all(self._called(*pair) for pair in zip(slots, paths, strict=True)):
            for slot, path in zip(slots, paths, strict=True):
                self.account.fill(slot.layer, slot.variable, path)
            return
        waiting = list(paths)
        for slot in slots:
            fitting = next((path for path in waiting if self._fits(slot, path)), None)
            if fitting is None:
                self.account.lacks(slot.layer, slot.variable, paths)
            else:
                waiting.remove(fitting)
                self.account.taken.add(fitting)
        if not slots or len(slots) == len(paths) - len(waiting):
            self._count(slots, paths)

    def _count(self, slots: list[Slot], paths: list[str]) -> None:
        if len(slots) == len(paths):
            self.account.problem(self.layer, None, f"neither order nor names tell which weight is which: {', '.join(paths[:10])}")
        else:
            wanted = ", ".join(slot.variable.label for slot in slots) or "none"
            self.account.problem(self.layer, None, f"expected {len(slots)} weights ({wanted}), the file lists {len(paths)}")


def legacy_order(layer: Layer, producer: Producer) -> list[Slot]:
    """The weights of a layer and all inside in the order of HDF5 files: trainable ones first."""
    if producer.release >= (3,):
        slots = _all(layer, producer)
        if layer.trainable:
            slots = [slot for slot in slots if _trains(slot)] + [slot for slot in slots if not _trains(slot)]
    else:
        trainable, others = _split(layer, producer)
        slots = trainable + others
    return list({(id(slot.layer), slot.variable.label): slot for slot in reversed(slots)}.values())[::-1]


def trainable_order(root: Layer, producer: Producer) -> list[Slot]:
    """`trainable_weights` of a model in the order of that release, in which optimizers keep what they know of each."""
    if producer.release >= (3,):
        slots = [slot for slot in _all(root, producer) if _trains(slot)] if root.trainable else []
    else:
        slots = _split(root, producer)[0] if root.trainable else []
    once = list({(id(slot.layer), slot.variable.label): slot for slot in slots}.values())  # where it is met first
    return sorted(once, key=_old_name) if producer.release < (2,) else once


def _old_name(slot: Slot) -> str:
    """The name of a weight in Keras 1, which sorted them by it ("dense_1_W"; keras/engine/training.py of 1.2.2)."""
    weight = slot.layer.weights.get({"W": "kernel", "b": "bias"}.get(slot.variable.name, slot.variable.name))
    kept = "" if weight is None else weight.key.rpartition("/")[2].partition(":")[0]
    return kept if kept.endswith(f"_{slot.variable.name}") else f"{slot.layer.name}_{slot.variable.name}"


def _own(layer: Layer, producer: Producer) -> list[Slot]:
    """A layer's own weights as HDF5 has them: no second copies, and LoRA's matrices beside the kernel."""
    old = old_variables(layer, producer.release) if producer.release < (2,) else None
    if old is not None:
        return [Slot(layer, variable) for variable in old]
    found = [variable for variable in variables(layer) or [] if not variable.copy and variable.dtype != "string"]
    return [Slot(layer, variable) for variable in [*found, *lora_variables(layer, found)]]


def _all(layer: Layer, producer: Producer) -> list[Slot]:
    """`layer.weights` of Keras 3: own ones, then those of the layers inside."""
    return _own(layer, producer) + [slot for inner in _inside(layer) for slot in _all(inner, producer)]


def _trains(slot: Slot) -> bool:
    return slot.variable.trainable and slot.layer.trainable


def _inside(layer: Layer) -> list[Layer]:
    return top_layers(layer) if layer.graph is not None else list(layer.children.values())


def _split(layer: Layer, producer: Producer) -> tuple[list[Slot], list[Slot]]:
    """`trainable_weights` and `non_trainable_weights` of tf.keras 2 (keras/engine/base_layer.py, training.py)."""
    own, inside = _own(layer, producer), [_split(inner, producer) for inner in _inside(layer)]
    if layer.class_name == "LinearModel":  # a model, whose own weights come last
        own, inside = [], [*inside, (own, [])]
    trainable = [slot for slot in own if slot.variable.trainable] + [slot for slots, _ in inside for slot in slots]
    others = [slot for slot in own if not slot.variable.trainable]
    if layer.trainable:
        return trainable, others + [slot for _, slots in inside for slot in slots]
    if layer.graph is not None:
        return [], trainable + [slot for _, slots in inside for slot in slots] + others
    return [], own + [slot for pair in inside for slots in pair for slot in slots]
