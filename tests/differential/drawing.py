"""Draws recipes of models (building.py) together with Keras, which says of every step what tensors it gives, or refuses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from hypothesis import strategies as st

from tests.differential.layer_options import LAYERS, Kind, Shape
from tests.differential.op_options import BINARY_OPERATORS, OPS, UNARY_OPERATORS

FLOATS, WHOLES = ("float32", "float16", "float64", "bfloat16"), ("int32", "int64", "uint8", "int8", "int16")
CHAINED = ("one", "one_state", "two_states")
POLICIES = ["float32"] * 12 + ["mixed_float16", "float64", "mixed_bfloat16", "float16"]
Options = dict[str, Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]


class Refused(Exception):
    """Keras takes no such step."""


class Keras(Protocol):
    """The worker: see worker.py."""

    version: str

    def ask(self, **command: Any) -> dict[str, Any]:
        """Its answer; raises Refused."""


class Drawing:
    """One model on its way."""

    def __init__(self, draw: Draw, keras: Keras, recipe: dict[str, Any], depth: int) -> None:
        self.draw, self.keras, self.recipe, self.depth = draw, keras, recipe, depth
        self.shapes: list[Shape] = []
        self.dtypes: list[str] = []
        self.starts: set[int] = set()
        self.used: set[int] = set()
        self.steps: dict[int, tuple[str, int]] = {}  # the step of a layer -> its class, its first tensor
        self.at = keras.ask(do="start", recipe=recipe, inside=depth > 0)["at"]

    # -- steps

    def add(self, step: dict[str, Any]) -> list[int]:
        """Places of the tensors that a step gives."""
        tensors = self.keras.ask(do="add", at=self.at, step=step)["tensors"]
        self.recipe["steps"].append(step)
        first = len(self.shapes)
        self.starts.update([first] if "input" in step else [])
        for shape, dtype in tensors:
            self.shapes.append(shape)
            self.dtypes.append(dtype)
        self.used.update(t["tensor"] for t in _tensors(step))
        return list(range(first, len(self.shapes)))

    def input(self, shape: Shape, dtype: str, high: int = 6) -> int:
        """A new input of a shape (batch included)."""
        unknown = [i for i, extent in enumerate(shape[1:]) if extent is not None and self.draw(st.integers(0, 7)) == 7]
        if len(unknown) == 1 and not self.depth and self.recipe["kind"] == "functional":
            size, hidden = shape[unknown[0] + 1], [None if i in unknown else e for i, e in enumerate(shape[1:])]
            return self.add({"input": hidden, "dtype": dtype, "size": size, "high": high})[0]
        return self.add({"input": list(shape[1:]), "dtype": dtype, "high": high})[0]

    def fresh(self, kind: Kind) -> int:
        """A new input for a layer."""
        rank = self.draw(st.sampled_from(kind.ranks))
        wide = st.integers(1, 7 if rank < 5 else 4)
        shape = [None, *(self.draw(wide) for _ in range(rank - 1))]
        return self.input(shape, self._dtype(kind))

    def _dtype(self, kind: Kind) -> str:
        if kind.dtypes == "int":
            return str(self.draw(st.sampled_from(WHOLES[:2])))
        if kind.dtypes == "any":
            return str(self.draw(st.sampled_from(["float32"] * 6 + list(FLOATS + WHOLES) + ["bool"])))
        return str(self.draw(st.sampled_from(["float32"] * 9 + list(FLOATS[1:]) + ["int32"])))

    def fits(self, kind: Kind, place: int) -> bool:
        """Whether a tensor has a rank and dtype that a layer takes."""
        floating = "float" in self.dtypes[place]
        return len(self.shapes[place]) in kind.ranks and (kind.dtypes == "any" or floating == (kind.dtypes == "float"))

    def choose(self, kind: Kind) -> int:
        """A tensor for a layer: one that is there (the newest first), or a new input."""
        there = [i for i in reversed(range(len(self.shapes))) if self.fits(kind, i)]
        if there and (self.recipe["kind"] == "sequential" or self.depth or self.draw(st.integers(0, 5)) < 5):
            return there[0] if self.recipe["kind"] == "sequential" else self.draw(st.sampled_from(there))
        if self.depth or (self.recipe["kind"] == "sequential" and self.shapes):
            raise Refused(f"no tensor fits {kind.ranks}")
        return self.fresh(kind)

    def alike(self, place: int, same: Callable[[Shape, Shape], bool] = lambda a, b: a == b) -> int:
        """A tensor of the same shape and dtype, perhaps the same."""
        shape, dtype = self.shapes[place], self.dtypes[place]
        there = [i for i in range(len(self.shapes)) if i != place and self.dtypes[i] == dtype and same(self.shapes[i], shape)]
        if there and self.draw(st.booleans()):
            return int(self.draw(st.sampled_from(there)))
        if None in shape[1:] or self.depth or self.draw(st.integers(0, 3)) == 0:
            return place
        return self.input(shape, dtype)

    def options(self, needed: Any, optional: Any, shape: Shape) -> dict[str, Any]:
        """Values of all needed options and of some of the others."""
        chosen = {}
        for key, strategy in needed.items():
            chosen[key] = self.draw(strategy(shape) if callable(strategy) else strategy)
        for key, strategy in optional.items():
            if self.draw(st.integers(0, 2)) == 2:
                chosen[key] = self.draw(strategy(shape) if callable(strategy) else strategy)
        return {**chosen.pop("**", {}), **chosen}

    # -- kinds of steps

    def layer(self) -> list[int]:
        """A layer of any class on tensors that fit it."""
        name = self.draw(st.sampled_from(sorted(LAYERS)))
        kind = LAYERS[name]
        if self.recipe["kind"] == "sequential" and kind.inputs not in CHAINED:
            raise Refused("one tensor after the other")
        place = self.choose(kind)
        config = self.options(kind.needed, kind.options, self.shapes[place])
        call = self.options({}, kind.call, self.shapes[place]) if self.recipe["kind"] == "functional" else {}
        args = getattr(self, "_" + kind.inputs)(place, call, config)
        at = len(self.recipe["steps"])
        made = self.add({"layer": name, "config": config, "args": args, "call": call})
        if not call and kind.inputs in CHAINED:
            self.steps[at] = (name, place)
        return made

    def function(self) -> list[int]:
        """A function of keras.ops."""
        if self.recipe["kind"] == "sequential":
            raise Refused("no operations in a chain")
        name = self.draw(st.sampled_from(sorted(OPS)))
        kind = OPS[name]
        place = self.choose(kind)
        call = self.options(kind.needed, kind.options, self.shapes[place])
        args = getattr(self, "_" + kind.inputs)(place, call, {})
        return self.add({"op": name, "args": args, "call": call})

    def operator(self) -> list[int]:
        """One of Python's operators."""
        if self.recipe["kind"] == "sequential":
            raise Refused("no operations in a chain")
        name = self.draw(st.sampled_from([*BINARY_OPERATORS, *UNARY_OPERATORS]))
        place = self.choose(Kind((1, 2, 3, 4), dtypes="any"))
        args = [{"tensor": place}] if name in UNARY_OPERATORS else self._operands(place, {}, {})
        return self.add({"operator": name, "args": args})

    def slice(self) -> list[int]:
        """A part of a tensor."""
        if self.recipe["kind"] == "sequential":
            raise Refused("no operations in a chain")
        place = self.choose(Kind((1, 2, 3, 4), dtypes="any"))
        edge = st.one_of(st.none(), st.integers(-4, 4))
        cut = st.tuples(edge, edge, st.sampled_from([None, 1, 2, -1])).map(list)
        part = st.one_of(st.just([None, None, None]), cut, st.integers(-2, 1))
        rest = [self.draw(part) for _ in self.shapes[place][1:]]
        parts = [self.draw(st.sampled_from([[None, None, None], [1, None, None], "..."])), *rest]
        if parts[0] == "...":
            parts[1:] = rest[-1:]
        if self.draw(st.integers(0, 4)) == 4:
            parts.insert(self.draw(st.integers(0, len(parts))), None)
        return self.add({"slice": parts, "args": [{"tensor": place}]})

    def again(self) -> list[int]:
        """A layer that is there, on another tensor or the same."""
        if not self.steps or self.recipe["kind"] == "sequential":
            raise Refused("no layer to share")
        at = self.draw(st.sampled_from(sorted(self.steps)))
        place = self.steps[at][1]
        return self.add({"again": at, "args": [{"tensor": self.alike(place)}]})

    def nested(self) -> list[int]:
        """A model as a layer."""
        if self.depth or self.recipe["kind"] == "sequential":
            raise Refused("deep enough")
        place = self.choose(Kind((2, 3, 4)))
        inner = {**self.recipe, "kind": self.draw(st.sampled_from(["functional", "sequential"])), "steps": []}
        inside = Drawing(self.draw, self.keras, inner, 1)
        try:
            inside.add({"input": self.shapes[place][1:], "dtype": self.dtypes[place]})
            inside.some(3)
        finally:
            self.keras.ask(do="end", at=inside.at)
        at = len(self.recipe["steps"])
        made = self.add({"model": inner, "args": [{"tensor": place}]})
        self.steps[at] = ("Model", place)
        return made

    # -- arguments of a layer whose first tensor is chosen

    def _one(self, place: int, call: Options, config: Options) -> list[Any]:
        return [{"tensor": place}]

    def _same(self, place: int, call: Options, config: Options) -> list[Any]:
        others = [self.alike(place) for _ in range(self.draw(st.integers(1, 2)))]
        return [[{"tensor": i} for i in (place, *others)]]

    def _two(self, place: int, call: Options, config: Options) -> list[Any]:
        return [[{"tensor": place}, {"tensor": self.alike(place)}]]

    def _one_state(self, place: int, call: Options, config: Options, count: int = 1) -> list[Any]:
        steps, units = self.shapes[place][1], config.get("units")
        if steps is not None and self._rarely():
            call["mask"] = {"tensor": self.input([None, steps], "bool")}
        if units and self._rarely():
            call["initial_state"] = [{"tensor": self.input([None, units], "float32")} for _ in range(count)]
        if self._rarely():
            call["training"] = False
        return [{"tensor": place}]

    def _two_states(self, place: int, call: Options, config: Options) -> list[Any]:
        return self._one_state(place, call, config, 2)

    def _rarely(self) -> bool:
        return not self.depth and self.recipe["kind"] == "functional" and self.draw(st.integers(0, 5)) == 5

    def _attention(self, place: int, call: Options, config: Options) -> list[Any]:
        places = [place, *(self.alike(place) for _ in range(self.draw(st.integers(1, 2))))]
        if None not in self.shapes[place][1:2] and self._rarely():
            masks = [{"tensor": self.input([None, self.shapes[i][1]], "bool")} for i in places]
            call["mask"] = masks if self.draw(st.booleans()) else [masks[0], None, *masks[2:]]
        return [[{"tensor": i} for i in places]]

    def _query_value(self, place: int, call: Options, config: Options) -> list[Any]:
        value = self.alike(place)
        if self.draw(st.booleans()):
            call["key"] = {"tensor": self.alike(value)}
        times = [self.shapes[i][1] for i in (place, value)]
        if len(self.shapes[place]) == 3 and None not in times and self._rarely():
            call["attention_mask"] = {"tensor": self.input([None, *times], "bool")}
        if len(self.shapes[place]) == 3 and None not in times and self._rarely():
            call["value_mask"] = {"tensor": self.input([None, times[1]], "bool")}
        return [{"tensor": place}, {"tensor": value}]

    def _operands(self, place: int, call: Options, config: Options) -> list[Any]:
        literals = st.sampled_from([2, 0.5, -1, 0, 1.5, True, 3])
        other = self.draw(st.one_of(st.just("tensor"), literals))
        operand = {"tensor": self._other_dtype(place)} if isinstance(other, str) else other
        both = [{"tensor": place}, operand]
        return both if isinstance(other, str) or self.draw(st.integers(0, 2)) else both[::-1]

    def _other_dtype(self, place: int) -> int:
        """A tensor that broadcasts with another, of any dtype."""
        shape = self.shapes[place]
        there = [i for i in range(len(self.shapes)) if len(self.shapes[i]) == len(shape) and _broadcast(self.shapes[i], shape)]
        if self.draw(st.booleans()) or None in shape[1:] or self.depth:
            return int(self.draw(st.sampled_from(there)))
        kept = [None, *(extent if self.draw(st.integers(0, 3)) else 1 for extent in shape[1:])]
        return self.input(kept, self._dtype(Kind((), dtypes="any")))

    def _product(self, place: int, call: Options, config: Options) -> list[Any]:
        shape = self.shapes[place]
        if len(shape) < 3 or None in shape[1:] or self.depth:
            raise Refused("no second matrix")
        columns = self.draw(st.integers(1, 4))
        return [{"tensor": place}, {"tensor": self.input([*shape[:-2], shape[-1], columns], self.dtypes[place])}]

    def _choice(self, place: int, call: Options, config: Options) -> list[Any]:
        other = self.draw(st.one_of(st.just(None), st.sampled_from([0, 1.5, -2])))
        second = {"tensor": self._other_dtype(place)} if other is None else other
        return [{"tensor": self._other_dtype(place)}, {"tensor": place}, second]

    def _complex(self, place: int, call: Options, config: Options) -> list[Any]:
        return [[{"tensor": place}, {"tensor": self.alike(place)}]]

    # -- the whole

    def some(self, most: int) -> None:
        """Up to `most` steps, then the outputs: what nothing uses, and perhaps more."""
        makers = [self.layer] * 8 + [self.function] * 4 + [self.operator, self.slice, self.again, self.nested]
        for _ in range(self.draw(st.integers(1, most))):
            for _ in range(3):
                try:
                    self.draw(st.sampled_from(makers))()
                    break
                except Refused:
                    continue
        made = [i for i in range(len(self.shapes)) if i not in self.starts]
        outputs = [i for i in made if i not in self.used]
        if not outputs:
            raise Refused("an empty model")
        if self.depth:
            outputs = outputs[-1:]
        elif self.recipe["kind"] == "functional" and self.draw(st.integers(0, 4)) == 4:
            outputs.append(self.draw(st.sampled_from(made)))
        self.recipe["outputs"] = outputs


def _tensors(value: Any) -> list[dict[str, int]]:
    """References to tensors among a step's arguments; a nested recipe has its own."""
    if isinstance(value, dict):
        if "tensor" in value:
            return [value]
        return [t for key, part in value.items() if key not in ("model", "config") for t in _tensors(part)]
    return [t for part in value for t in _tensors(part)] if isinstance(value, list) else []


def _broadcast(a: Shape, b: Shape) -> bool:
    return all(x == y or 1 in (x, y) for x, y in zip(a[1:], b[1:], strict=True))


@st.composite
def recipes(draw: Draw, keras: Keras) -> dict[str, Any]:
    """A recipe that Keras took, step by step."""
    recipe: dict[str, Any] = {
        "kind": draw(st.sampled_from(["functional"] * 4 + ["sequential"])),
        "policy": draw(st.sampled_from(POLICIES)),
        "batch": draw(st.sampled_from([2, 3, 1])),
        "seed": draw(st.integers(0, 999)),
        "steps": [],
    }
    if draw(st.integers(0, 15)) == 15:
        recipe.update(quantize=draw(st.sampled_from(["int8", "int4"])), policy="float32")
    Drawing(draw, keras, recipe, 0).some(draw(st.sampled_from([1, 1, 3, 8])))
    return recipe
