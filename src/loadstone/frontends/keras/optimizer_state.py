"""The state of an optimizer as every release keeps it, and in the order in which today's does.

`read` makes of `ir.Model.extra["optimizer"]` an `OptimizerState`: for each trainable weight the slots by today's names. Files list them
by order alone, which `optimizer_slots` knows. Checkpoints of the optimizers before 2.11 name the weight that a slot belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from loadstone.frontends.keras import optimizers
from loadstone.frontends.keras.keras_1_weights import as_today, old_variables
from loadstone.frontends.keras.optimizer_slots import DEPENDING, Unreadable, is_placeholder, layout, shape_of
from loadstone.frontends.keras.weights_h5 import Slot, trainable_order
from loadstone.ir import Layer, Model, Tensor
from loadstone.ir.records import dataclass, field, replace

_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_SLOT = "/.OPTIMIZER_SLOT/"
_NUMBERED = re.compile(r"_?optimizer/(?:vars|_variables)/([0-9]+)")
# What the slots of optimizers before 2.11 are called there.
_V2_NAMES = {
    "m": "momentum", "v": "velocity", "vhat": "velocity_hat", "momentum": "momentum", "rms": "velocity", "mg": "average_gradient",
    "accumulator": "accumulator", "accum_grad": "accumulated_grad", "accum_var": "accumulated_delta_var", "linear": "linear",
}  # fmt: skip

Row = dict[str, Tensor]


@dataclass(frozen=True)
class OptimizerState:
    """What an optimizer has learnt, by today's names.

    rows: the slots of each trainable weight ({"momentum": ..., "velocity": ...}) in the order of the file's release; weights: the
    description's tensor of each row, None where that is not known (layers of the caller's). scalars: "u_product" of Nadam, before 2.11
    "momentum_cache"; "step_counter" and "dynamic_scale" of a LossScaleOptimizer, whose inner optimizer the rest is about.
    """

    iterations: Tensor | None
    learning_rate: Tensor | None
    rows: tuple[Row, ...]
    weights: tuple[Tensor | None, ...]
    scalars: Mapping[str, Tensor] = field(default_factory=dict)

    def of(self, weight: Tensor) -> Row | None:
        """The slots of a weight of the description; None where it has none."""
        return next((row for row, own in zip(self.rows, self.weights, strict=True) if own is weight), None)


def read(model: Model) -> OptimizerState | None:
    """The state that a file holds; None where it holds none. Raises Unreadable with the reason."""
    stored = model.extra.get("optimizer") or {}
    tensors = {name: tensor for name, tensor in stored.items() if not name.endswith("_CHECKPOINTABLE_OBJECT_GRAPH")}
    config = optimizers.stored_in(model.training_config or {})
    if not tensors and model.format == "keras_v3" and isinstance(config, Mapping) and _is_legacy(model, config):
        raise Unreadable("tf.keras keeps nothing of a legacy optimizer in .keras files")
    if not tensors or model.root is None:
        return None
    if not isinstance(config, Mapping):
        raise Unreadable("the file does not say which optimizer it belongs to")
    return _Reading(model, config, tensors).run()


def _is_legacy(model: Model, config: Mapping[str, Any]) -> bool:
    return optimizers.era(model.producer, config.get("config") or {}) == "v2"


def as_they_lie(model: Model, weights: Sequence[Tensor | None] | None) -> list[Tensor] | None:
    """All variables of the file's optimizer in order, for one of the same class and family whose class alone knows which is for what.

    weights: those of the description that it trains, in order. None where the file's order is another; layers of the caller's do not
    tell theirs, and weights is None where the caller does not know it either.
    """
    assert model.root is not None
    if model.producer.release >= (3,) and not _lies_as_today(model, weights):
        return None
    if weights is not None and all(variables_known(layer) for layer in model.root.walk()):
        places = trainable_order(model.root, model.producer)
        order = [tensor for place in places if (tensor := place.layer.weights.get(place.variable.name))]
        if len(weights) != len(order) or any(one is not other for one, other in zip(weights, order, strict=True)):
            return None
    stored = {
        name.removesuffix(_VALUE): t for name, t in (model.extra.get("optimizer") or {}).items() if not name.endswith("_OBJECT_GRAPH")
    }
    numbered = {int(found[1]): tensor for name, tensor in stored.items() if (found := _NUMBERED.fullmatch(name))}
    if not numbered:
        return list(stored.values())
    first = [t for name, t in stored.items() if name.endswith("/_iterations") and 0 not in numbered]
    return first + [numbered[number] for number in sorted(numbered)]


def _lies_as_today(model: Model, weights: Sequence[Tensor | None] | None) -> bool:
    """Whether a file of Keras 3 has the order of today's.

    Up to 3.9 the product of Nadam lay before its momenta, and averages beside gathered gradients; up to 3.12 Muon kept less for weights
    of three axes.
    """
    config = optimizers.stored_in(model.training_config or {})
    if not isinstance(config, Mapping):
        return True
    name, options = optimizers.class_name(config), config.get("config") or {}
    if name == "LossScaleOptimizer":
        inner = options.get("inner_optimizer") or {}
        name, options = optimizers.class_name(inner), inner.get("config") or {}
    if model.producer.release < (3, 10) and (name == "Nadam" or (options.get("use_ema") and options.get("gradient_accumulation_steps"))):
        return False
    if name != "Muon" or model.producer.release >= (3, 13):
        return True
    return weights is not None and all(weight is not None and len(weight.shape) != 3 for weight in weights)


class _Reading:
    def __init__(self, model: Model, config: Mapping[str, Any], tensors: dict[str, Tensor]) -> None:
        assert model.root is not None
        self.model, self.root = model, model.root
        self.tensors = tensors
        self.era = optimizers.era(model.producer, config.get("config") or {})
        self.class_name = optimizers.class_name(config)
        self.options: Mapping[str, Any] = config.get("config") or {}
        self.before_3_10 = model.producer.release < (3, 10)
        self.scaled = self.class_name == "LossScaleOptimizer"
        if self.scaled:
            inner = self.options.get("inner_optimizer") or self.options.get("optimizer") or {}
            self.class_name, self.options = optimizers.class_name(inner), inner.get("config") or {}
            self.era = optimizers.era(model.producer, self.options)
        known = all(variables_known(layer) for layer in self.root.walk())
        self.order = trainable_order(self.root, model.producer) if known else None
        self.shapes = None if self.order is None else [_shape(place) for place in self.order]

    def run(self) -> OptimizerState | None:
        if all(tensor.shape == () for tensor in self.tensors.values()) and self.one():
            return None  # it has not taken a step yet
        if any(_SLOT in name or name.endswith(f"/iter{_VALUE}") for name in self.tensors):
            return self.of_slots()
        return self.of_list()

    # -- checkpoints of the optimizers before 2.11 -------------------------------------------------------------------

    def of_slots(self) -> OptimizerState:
        rows: dict[str, Row] = {}
        single: dict[str, Tensor] = {}
        for name, tensor in self.tensors.items():
            place, found, slot = name.removesuffix(_VALUE).partition(_SLOT)
            if found:
                rows.setdefault(place, {})[self.slot(slot.rpartition("/")[2])] = tensor
            else:
                single[place.rpartition("/")[2]] = tensor
        weights: dict[str, Tensor] = {}
        for layer in self.root.walk():
            weights.update((tensor.key.removesuffix(_VALUE), tensor) for tensor in layer.weights.values() if not tensor.mapped)
        scalars = {}
        if "good_steps" in single and "current_loss_scale" in single:
            scalars = {"step_counter": single["good_steps"], "dynamic_scale": single["current_loss_scale"]}
        if "momentum_cache" in single:
            scalars["momentum_cache"] = single["momentum_cache"]
        return OptimizerState(
            single.get("iter"), single.get("learning_rate"), tuple(rows.values()), tuple(weights.get(place) for place in rows), scalars
        )

    def slot(self, name: str) -> str:
        if name not in _V2_NAMES:
            raise Unreadable(f"the slot {name!r} is not known")
        return "norm" if (name, self.class_name) == ("v", "Adamax") else _V2_NAMES[name]

    # -- lists -------------------------------------------------------------------------------------------------------

    def of_list(self) -> OptimizerState:
        listed, scales, rate = self.listed()
        scalars = dict(scales)
        rest = list(listed)
        iterations = rest.pop(0) if rest and rest[0].shape == () else None
        if self.era == "keras_3":
            if rest and not isinstance(self.options.get("learning_rate"), Mapping):
                rate = rest.pop(0)
            place = self.product(rest) if self.class_name == "Nadam" else None
            if place is not None:
                scalars["u_product"] = rest.pop(place)
        elif rest and rest[0].shape == () and len(rest) % self.per_weight():
            scalar = rest.pop(0)  # the cache of momenta in Nadam before 2.11
            if self.class_name == "Nadam":
                scalars["momentum_cache"] = scalar
        if self.era == "keras" and self.class_name == "Adam" and not self.options.get("amsgrad"):
            rest = self.without_hats(rest)
        shapes = self.counted(rest)
        rows: list[Row] = [{} for _ in shapes]
        for (slot, weight), tensor in zip(self.kept(shapes), rest, strict=True):
            rows[weight][slot] = tensor
        if self.order is None:
            return OptimizerState(iterations, rate, tuple(rows), (None,) * len(rows), scalars)
        return OptimizerState(iterations, rate, *_as_today(self.order, rows, self.model), scalars)

    def listed(self) -> tuple[list[Tensor], dict[str, Tensor], Tensor | None]:
        """The variables in order; those of a LossScaleOptimizer; the learning rate where it lies apart."""
        if all(name.endswith(_VALUE) for name in self.tensors):  # a checkpoint, of tf.keras from 2.11
            single = {name.removesuffix(_VALUE).rpartition("/")[2]: t for name, t in self.tensors.items() if "/_variables/" not in name}
            numbers = {int(name.removesuffix(_VALUE).rpartition("/")[2]): t for name, t in self.tensors.items() if "/_variables/" in name}
            first = [single["_iterations"]] if "_iterations" in single and 0 not in numbers else []
            return first + [numbers[n] for n in sorted(numbers)], {}, single.get("_learning_rate")
        if all("/vars/" in name for name in self.tensors):  # `.keras`
            places: dict[str, dict[int, Tensor]] = {}
            for name, tensor in self.tensors.items():
                place, _, number = name.rpartition("/vars/")
                places.setdefault(place, {})[int(number)] = tensor
            inner = next((place for place in places if place.endswith("inner_optimizer")), None)
            own = [places[place][n] for place in places if place != inner for n in sorted(places[place])]
            if inner is None:
                return own, {}, None
            return [places[inner][n] for n in sorted(places[inner])], self.scales(own), None
        found = list(self.tensors.values())
        if self.scaled and self.era == "keras_3":
            return found[4:], self.scales(found), None
        return found, {}, None

    def scales(self, own: Sequence[Tensor]) -> dict[str, Tensor]:
        """iteration, learning_rate, step_counter, dynamic_scale."""
        return {"step_counter": own[2], "dynamic_scale": own[3]} if len(own) >= 4 and self.era == "keras_3" else {}

    def product(self, rest: Sequence[Tensor]) -> int | None:
        """Which variable is the product of the momenta of Nadam: the last; up to Keras 3.9 that before the momenta."""
        numbers = [place for place, tensor in enumerate(rest) if tensor.shape == ()]
        if self.before_3_10:
            return numbers[0] if len(numbers) == 1 else None
        return len(rest) - 1 if numbers and numbers[-1] == len(rest) - 1 else None

    def kept(self, shapes: Sequence[tuple[int, ...]]) -> list[tuple[str, int]]:
        return layout(self.class_name, self.options, self.era, shapes, self.before_3_10)

    def per_weight(self) -> int:
        """How many variables there are besides scalars, or for each weight where the number of weights is not known."""
        return max(self.one() if self.shapes is None else len(self.kept(self.shapes)), 1)

    def one(self) -> int:
        """How many there are for one weight."""
        return len(self.kept([(1,)]))

    def without_hats(self, rest: list[Tensor]) -> list[Tensor]:
        """Keras 2.1.3 to 2.3 keep a third variable for each weight, of one element where it is not used."""
        third = len(rest) // 3
        unused = len(rest) % 3 == 0 and third and all(tensor.shape == (1,) for tensor in rest[2 * third :])
        return rest[: 2 * third] if unused and (self.order is None or len(self.order) == third) else rest

    def counted(self, rest: Sequence[Tensor]) -> Sequence[tuple[int, ...]]:
        """The shapes of the weights that the variables are for; where the weights are not known, that of the first variable of each."""
        if self.shapes is not None:
            wanted = len(self.kept(self.shapes))
            if len(rest) != wanted:
                count = f"the file has {len(rest)} variables of {self.class_name}"
                raise Unreadable(f"{count}, which has {wanted} for the {len(self.shapes)} weights that are trained")
            return self.shapes
        one = self.one()
        if self.class_name in DEPENDING or (rest and not one) or (one and len(rest) % one):
            raise Unreadable(f"the weights that the {len(rest)} variables of {self.class_name} are for are not known")
        return [()] * (len(rest) // one if one else 0)


def _shape(place: Slot) -> tuple[int, ...]:
    tensor = place.layer.weights.get(place.variable.name)
    return () if tensor is None else tensor.shape


def variables_known(layer: Layer) -> bool:
    """False for a layer whose class tells nothing about the order of its weights: one of the caller's."""
    return layer.graph is not None or layer.given is None


def _as_today(order: Sequence[Slot], rows: Sequence[Row], model: Model) -> tuple[tuple[Row, ...], tuple[Tensor | None, ...]]:
    """Rows by today's weights: Keras 1 kept some otherwise, and slots change their layout as the weights do."""
    release = model.producer.release
    slots = dict.fromkeys(slot for row in rows for slot in row)
    shadows: dict[tuple[int, str], Layer] = {}
    layers = {id(place.layer): place.layer for place in order}
    for layer in layers.values():
        for slot in slots:
            shadows[id(layer), slot] = replace(layer, weights={}, non_trainable=frozenset())
    for place, row in zip(order, rows, strict=True):
        for slot, tensor in row.items():
            shadows[id(place.layer), slot].weights[place.variable.name] = tensor
    found: list[Row] = []
    weights: list[Tensor | None] = []
    for layer in layers.values():
        for slot in slots:
            shadow = shadows[id(layer), slot]
            for variable in old_variables(layer, release) or () if release < (2,) else ():
                shadow.weights.setdefault(variable.name, Tensor.of(np.zeros(1, np.float32)))
            if release < (2,) or model.producer.backend == "theano":
                as_today(shadow, model.producer)
        for name, weight in layer.weights.items():
            row = {slot: shadows[id(layer), slot].weights[name] for slot in slots if name in shadows[id(layer), slot].weights}
            if row and name not in layer.non_trainable:
                usable = all(tensor.shape == shape_of(slot, weight.shape) for slot, tensor in row.items())
                changed = weight.mapped and not (release < (2,) or model.producer.backend == "theano")
                found.append(row)
                weights.append(weight if usable and not changed else None)
    return tuple(found), tuple(weights)


def todays(state: OptimizerState, optimizer: Mapping[str, Any], weights: Sequence[tuple[str, Tensor]]) -> Iterator[tuple[str, Tensor]]:
    """(name, tensor) of each variable of today's optimizer, in the order in which Keras 3 keeps them.

    optimizer: as `optimizers.upgrade` spelt it. weights: (path, tensor) of the model's trainable weights in today's order, the tensors those
    of the description that the state was read from. Raises Unreadable where the state is not known for one of them.
    """
    config = optimizer["config"]
    name = str(config.get("name") or optimizer["class_name"].lower())
    if optimizer["class_name"] == "LossScaleOptimizer":
        yield f"{name}/iteration", _scalar(state.iterations, 0, "int64")
        yield f"{name}/learning_rate", Tensor.of(np.float32(0))
        yield f"{name}/step_counter", _scalar(state.scalars.get("step_counter"), 0, "int64")
        yield f"{name}/dynamic_scale", _scalar(state.scalars.get("dynamic_scale"), config.get("initial_scale", 2.0**15), "float32")
        yield from todays(state, config["inner_optimizer"], weights)
        return
    yield f"{name}/iteration", _scalar(state.iterations, 0, "int64")
    if not isinstance(config.get("learning_rate"), Mapping):
        yield f"{name}/learning_rate", _scalar(state.learning_rate, config.get("learning_rate", 0.001), "float32")
    for path, slot, tensor in slots(state, optimizer["class_name"], config, "keras_3", weights):
        yield f"{name}/{path.replace('/', '_')}_{slot}", tensor
    if optimizer["class_name"] == "Nadam":
        yield f"{name}/u_product", state.scalars.get("u_product") or nadam_product(state, config)


def slots(
    state: OptimizerState, class_name: str, config: Mapping[str, Any], era: str, weights: Sequence[tuple[str, Tensor]]
) -> Iterator[tuple[str, str, Tensor]]:
    """(path of the weight, slot, tensor) in the order in which the optimizers of an era keep them; see `todays`."""
    rows = [state.of(tensor) for _, tensor in weights]
    for slot, weight in layout(class_name, config, era, [tensor.shape for _, tensor in weights]):
        path, tensor = weights[weight]
        row, wanted = rows[weight], shape_of(slot, tensor.shape)
        if is_placeholder(slot, tensor.shape):
            yield path, slot, Tensor.of(np.float32(0))
            continue
        if row is None or slot not in row or row[slot].shape != wanted:
            raise Unreadable(f"the file has no {slot} for the weight {path}")
        yield path, slot, row[slot]


def nadam_product(state: OptimizerState, config: Mapping[str, Any]) -> Tensor:
    """The product of all momenta so far, which tf.keras did not keep in lists."""
    steps = 0 if state.iterations is None else int(state.iterations.numpy())
    u = float(config.get("beta_1", 0.9)) * (1.0 - 0.5 * 0.96 ** np.arange(1, steps + 1, dtype=np.float64))
    return Tensor.of(np.float32(np.prod(u)))


def _scalar(tensor: Tensor | None, default: float, dtype: str) -> Tensor:
    return Tensor.of(np.asarray(default, dtype)) if tensor is None else Tensor.of(tensor.numpy().astype(dtype))
