"""Functions, conditions and loops: PartitionedCall, If, Case, While, and their ONNX forms If and Loop.

tensorflow/core/ops/functional_ops.cc. A condition that is known now, and a loop that never runs, leave no trace. Shapes of a loop's
variables are what holds for every round: the body is walked again with wider ones until they stay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import FunctionName, Graph, Node, flatten
from loadstone.ir.records import dataclass, replace
from loadstone.lowering.block import Shape, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.lists import TensorList, Written, differ_in_size, same_size, size_of, written, written_alike
from loadstone.lowering.tensorflow.recurrences import recognized
from loadstone.lowering.tensorflow.rounds import Rounds
from loadstone.lowering.tensorflow.variables import value_of
from loadstone.lowering.tensorflow.walk import GraphWalk, Thing, graph_op

MAX_ROUNDS = 8  # walks through a body until the shapes of its variables stay


@graph_op("PartitionedCall", "StatefulPartitionedCall", "RemoteCall")
def call(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """A function where it is called."""
    return walk.function(node.attributes["f"], inputs)


def truth(walk: GraphWalk, x: Value) -> Value:
    """Whether a condition holds: a number unless it is 0, a text unless it is empty, a tensor unless it has no elements."""
    b = walk.b
    if x.rank:
        return b.Greater(b.Size(x), b.const(0))
    if x.dtype == "string":
        raise UnsupportedAttribute("a condition that is text")
    return b.cast(x, "bool")


@graph_op("If", "StatelessIf")
def condition(walk: GraphWalk, node: Node, inputs: list[Thing]) -> Sequence[Thing] | None:
    """One of two functions."""
    if inputs[0] is None:
        return None
    holds = truth(walk, value_of(walk, inputs[0]))
    branches = [node.attributes["then_branch"], node.attributes["else_branch"]]
    if holds.const is not None:
        return walk.function(branches[0 if bool(holds.array()) else 1], inputs[1:])
    return branch(walk, holds, branches[0], branches[1], inputs[1:])


@graph_op("Case", "StatelessCase")
def case(walk: GraphWalk, node: Node, inputs: list[Thing]) -> Sequence[Thing] | None:
    """One of several functions by a number; the last for a number that none has."""
    if inputs[0] is None:
        return None
    index, branches = value_of(walk, inputs[0]), node.attributes["branches"]
    if index.const is not None:
        place = int(index.array())
        return walk.function(branches[place if 0 <= place < len(branches) else -1], inputs[1:])
    return _case(walk, index, list(enumerate(branches)), inputs[1:])


def _case(walk: GraphWalk, index: Value, branches: list[tuple[int, Any]], inputs: list[Thing]) -> Sequence[Thing] | None:
    (place, first), *rest = branches
    if not rest:
        return walk.function(first, inputs)
    return branch(walk, walk.b.Equal(index, place), first, lambda: _case(walk, index, rest, inputs), inputs)


def branch(walk: GraphWalk, holds: Value, one: Any, other: Any, inputs: list[Thing]) -> Sequence[Thing] | None:
    """An ONNX If; each branch is a function's name, a graph, or what gives the results itself."""
    before = walk.b.states_now()
    built: list[tuple[Builder, Sequence[Thing] | None]] = []
    ends: list[dict[str, Value]] = []
    for function in (one, other):
        walk.b.set_states(before)
        built.append(_body(walk, function, inputs))
        ends.append(walk.b.states_now())
    walk.b.set_states(before)
    now = walk.b.states_now()
    assigned = [key for key, value in now.items() if any(end.get(key, value) is not value for end in ends)]
    results = [None if things is None else [*things, *(end.get(key, now[key]) for key in assigned)]
               for (_, things), end in zip(built, ends, strict=True)]  # fmt: skip
    if any(things is None or any(thing is None for thing in things) for things in results):
        return None
    if [len(things) for things in results if things is not None] not in ([n, n] for n in range(10_000)):
        raise ModelError("the branches of a condition have different numbers of results")
    kept = list(zip(*(things for things in results if things is not None), strict=True))
    merges = [_merge([builder for builder, _ in built], *pair) for pair in kept]
    flows = [flow for merge in merges for flow in merge.flows]
    for one_value, other_value in flows:
        _check_alike(one_value, other_value)
    if not flows:
        return [pair[0] for pair in kept]
    for (builder, _), outputs in zip(built, zip(*flows, strict=True), strict=True):
        builder.block.outputs = _made_inside(builder, outputs)
    values = iter(walk.b.ops("If", holds, outputs=len(flows), then_branch=built[0][0].block, else_branch=built[1][0].block))
    found = [merge.result(walk.b, [next(values) for _ in merge.flows]) for merge in merges]
    given = len(found) - len(assigned)
    walk.b.set_states({**now, **dict(zip(assigned, found[given:], strict=True))})
    return found[:given]


@dataclass(frozen=True)
class _Merge:
    """What two branches give in one place: the tensors that flow out of each, and what they make outside."""

    flows: list[tuple[Thing, Thing]]
    result: Callable[[Builder, list[Value]], Thing]


def _merge(builders: Sequence[Builder], one: Thing, other: Thing) -> _Merge:
    if one is other:
        return _Merge([], lambda b, values: one)
    if not (isinstance(one, TensorList) and isinstance(other, TensorList)):
        return _Merge([(one, other)], lambda b, values: values[0])
    pair = (one, other)
    if differ_in_size(one, other):
        first, second = (size_of(b, thing) for b, thing in zip(builders, pair, strict=True))
        return _Merge([(first, second)], lambda b, values: replace(one, size=values[0]))
    if written_alike(one, other):
        places = [place for place, _ in one.written]
        inner = [(a, b) for (_, a), (_, b) in zip(one.written, other.written, strict=True)]
        return _Merge(inner, lambda b, values: replace(one, written=tuple(zip(places, values, strict=True))))
    whole, second = (thing.whole(b) for b, thing in zip(builders, pair, strict=True))
    return _Merge([(whole, second)], lambda b, values: one.of(b, values[0], not same_size(one, other)))


def _check_alike(one: Thing, other: Thing) -> None:
    """Raise UnsupportedAttribute for two results that no one tensor can be."""
    if not (isinstance(one, Value) and isinstance(other, Value)):
        raise UnsupportedAttribute("a condition whose branches give different variables, tables or lists")
    if one.dtype != other.dtype or one.rank != other.rank:
        raise UnsupportedAttribute(f"a condition that gives {one.dtype} of shape {one.shape} or {other.dtype} of shape {other.shape}")


def _made_inside(builder: Builder, outputs: Sequence[Value]) -> list[Value]:
    """Outputs of a body, each of an op of its own."""
    return [builder._emit("Identity", [value], {}, 1)[0] for value in outputs]


def _body(walk: GraphWalk, function: Any, inputs: list[Thing]) -> tuple[Builder, Sequence[Thing] | None]:
    outer = walk.inner()
    try:
        return walk.b, function() if callable(function) else walk.function(function, inputs)
    finally:
        walk.b = outer


# -- loops ------------------------------------------------------------------------------------------------------------


@graph_op("While", "StatelessWhile")
def loop(walk: GraphWalk, node: Node, inputs: list[Thing]) -> Sequence[Thing] | None:
    """A function for as long as another holds."""
    if any(thing is None for thing in inputs):
        return None
    carried: list[str] = []  # states that the loop assigns: more variables of it
    count, before = len(inputs), walk.b.states_now()
    shapes: list[Shape | None] = [thing.shape if isinstance(thing, Value) else None for thing in inputs]
    sized: set[int] = set()  # lists whose lengths the loop changes
    for _ in range(MAX_ROUNDS):
        noted = walk.noted()
        attempt = _Loop(walk, node, inputs, shapes, carried, sized)
        if not attempt.known:
            read = attempt.read()
            if not read:
                return None
            walk.forget(noted)
            shapes = [read.get(place, shape) for place, shape in enumerate(shapes)]
            inputs = [_with_element(thing, shape) for thing, shape in zip(inputs, shapes, strict=True)]
            continue
        if attempt.assigned:
            carried += attempt.assigned
            now = walk.b.states_now()
            inputs = [*inputs[:count], *(now[key] for key in carried)]
            shapes = [*attempt.shapes[:count], *(now[key].shape for key in carried)]
            continue
        if attempt.resized() - sized:
            sized |= attempt.resized()
            continue
        if attempt.shapes == shapes:
            found = attempt.emit()
            walk.b.set_states({**before, **walk.b.states_now(), **dict(zip(carried, found[count:], strict=True))})
            return found[:count]
        shapes = attempt.shapes
        inputs = [_with_element(thing, shape) for thing, shape in zip(inputs, shapes, strict=True)]
    raise ModelError("a loop whose variables change their shapes without end")


def _with_element(thing: Thing, shape: Shape | None) -> Thing:
    """A list that is a variable of a loop knows what the loop writes into it."""
    return replace(thing, element=shape[1:]) if isinstance(thing, TensorList) and shape is not None and thing.stacked is None else thing


class _Loop:
    """One walk through a loop: its variables in a builder of their own, and what the body makes of them.

    shapes are those of the variables that are tensors, and of the lists that are variables of the loop as a whole. carried are states of
    the Model that the loop assigns, its last variables; assigned those that turned out besides. sized are the places of lists whose
    lengths it changes. known is false where something in the loop cannot be lowered.
    """

    def __init__(
        self, walk: GraphWalk, node: Node, inputs: list[Thing], shapes: list[Shape | None], carried: list[str], sized: set[int]
    ) -> None:
        self.walk, self.inputs, self.node, self.shapes, self.sized = walk, inputs, node, shapes, sized
        outer, before = walk.inner(), walk.b.states_now()
        self.b, self.carried, self.assigned = walk.b, carried, list[str]()
        self.results: list[Thing] = []
        given = len(inputs) - len(carried)
        try:
            self.count = self.b.input("round", (), "int64")
            self.holds = self.b.input("holds", (), "bool")
            same = _passed_on(walk, node.attributes["body"]) & set(range(given))
            self.inside = [
                thing if i in same and _is_known(thing) else self._variable(thing, shape, i in sized)
                for i, (thing, shape) in enumerate(zip(inputs, shapes, strict=True))
            ]
            begin = {**before, **dict(zip(carried, self.inside[given:], strict=True))}
            walk.b.set_states(begin)
            self.results = walk.function(node.attributes["body"], self.inside[:given])
            ends = [None] if None in self.results else walk.function(node.attributes["cond"], self.results)
            self.known = ends[0] is not None
            if not self.known:
                return
            self.again = truth(walk, value_of(walk, ends[0]))
            now = walk.b.states_now()
            unchanged = {key: start for key, (start, _, _) in walk.b.state.items()} | begin
            self.assigned = [key for key, value in now.items() if key not in carried and value is not unchanged[key]]
            self.results = [*self.results, *(now[key] for key in carried)]
        finally:
            walk.b = outer
            walk.b.set_states(before)
        self.rounds = list(zip(inputs, self.inside, self.results, strict=True))
        self.shapes = [self._shape(place, shape) for place, shape in enumerate(shapes)]

    def read(self) -> dict[int, Shape]:
        """The lists that are read in the loop though nothing is known of them, and the shapes that they have as variables of it."""
        found = {}
        for place, thing in enumerate(self.inside):
            if isinstance(thing, TensorList) and thing.stacked is None and thing.noticed.read:
                element = thing.element if thing.noticed.element is None else thing.noticed.element
                if element is not None:
                    found[place] = (None, *element)
        return found

    def resized(self) -> set[int]:
        """The lists that are variables of the loop and have another length after a round."""
        return {
            place
            for place, (_, inside, after) in enumerate(self.rounds)
            if isinstance(inside, TensorList)
            and isinstance(after, TensorList)
            and inside.stacked is not None
            and not same_size(inside, after)
        }

    def _variable(self, thing: Thing, shape: Shape | None, sized: bool = False) -> Thing:
        """What the body sees of a variable."""
        if isinstance(thing, Value):
            assert shape is not None
            return Value(self.b.unique("variable"), shape, thing.dtype)
        if not isinstance(thing, TensorList):
            return thing
        state = thing.stacked.shape if shape is None and thing.stacked is not None else shape
        return thing.inside(self.b, (None, *state[1:]) if state is not None and sized else state, sized)

    def _shape(self, place: int, shape: Shape | None) -> Shape | None:
        """The shape of a variable that holds before and after a round."""
        before, inside, after = self.rounds[place]
        if isinstance(after, Value):
            return None if shape is None else _wider(shape, after.shape)
        if not isinstance(after, TensorList) or after is inside:
            return shape
        if inside.stacked is None:
            asked = inside.noticed.length and not same_size(inside, after)
            if not asked and written(after, self.rounds, self.b.block.ops) is not None:
                return None
            element = before.element if after.element is None else after.element
            if element is None:
                raise UnsupportedAttribute("a list that a loop changes, and whose elements have no known shape")
            return (None, *element)  # as a variable of the loop, then
        return _wider(shape or inside.stacked.shape, after.whole(self.b).shape)

    def emit(self) -> list[Thing]:
        """The Loop and what it gives; a variable that the body passes on as it is stays outside."""
        walk, outer = self.walk, self.walk.b
        first = truth(
            walk, value_of(walk, walk.function(self.node.attributes["cond"], self.inputs[: len(self.inputs) - len(self.carried)])[0])
        )
        if first.const is not None and not bool(first.array()):
            return list(self.inputs)
        recurrent = self._recurrent()
        if recurrent is not None:
            return recurrent
        flows: list[tuple[Value, Value, Value]] = []  # before, inside, after
        passed: list[tuple[Value, Value]] = []  # inside, before
        lists: dict[int, Written] = {}
        places: dict[int, int] = {}  # of a variable among the flows
        for i, (before, inside, after) in enumerate(self.rounds):
            if isinstance(before, TensorList) and isinstance(after, TensorList):
                element = written(after, self.rounds, self.b.block.ops)
                if element is not None:
                    lists[i] = element
                elif inside.stacked is not None and after is not inside:
                    places[i] = len(flows)
                    flows.append((before.whole(outer), inside.stacked, after.whole(self.b)))
                elif inside.stacked is not None and inside is not before:
                    passed.append((inside.stacked, before.whole(outer)))
            elif isinstance(before, Value) and isinstance(after, Value):
                if inside is before and after is before:
                    continue
                if after is inside:
                    passed.append((inside, before))
                else:
                    places[i] = len(flows)
                    flows.append((before, inside, after))
            elif after is not inside:
                raise UnsupportedAttribute("a loop that exchanges variables, tables or lists")
        ends = {id(after): k for k, (_, _, after) in enumerate(flows)}
        scans = {i: element.element for i, element in lists.items() if element.place is None or id(element.element) not in ends}
        results = self._emit(first, flows, passed, list(scans.values()))
        found: list[Thing] = []
        for i, (before, _, _) in enumerate(self.rounds):
            if i in lists:
                scan = results[len(flows) + list(scans).index(i)] if i in scans else None
                grown = self.rounds[i][2].size is not self.rounds[i][1].size
                found.append(self._list(replace(before, grows=True) if grown else before, lists[i], scan, results, ends))
            elif i in places:
                result = results[places[i]]
                found.append(before.of(outer, result, i in self.sized) if isinstance(before, TensorList) else result)
            else:
                found.append(before)
        return found

    def _recurrent(self) -> list[Thing] | None:
        """What the loop gives where it is an LSTM, a GRU or a simple RNN, by the node that computes it; None for any other loop."""
        outer = self.walk.b
        variables = {i: r for i, r in enumerate(self.rounds) if all(isinstance(thing, Value) for thing in r)}
        lists = {i: written(r[2], self.rounds, self.b.block.ops) for i, r in enumerate(self.rounds) if isinstance(r[2], TensorList)}
        changed = {i: element for i, element in lists.items() if self.rounds[i][2] is not self.rounds[i][1]}
        others = [r for i, r in enumerate(self.rounds) if i not in variables and i not in changed]
        if any(before is not after and inside is not after for before, inside, after in others):
            return None
        rounds = Rounds(outer, self.b, variables, self.again)
        found = recognized(rounds)
        if found is None or any(e is None or e.element is not rounds.after[found.states[0]] for e in changed.values()):
            return None
        outputs, last = found.run(outer, rounds.before)
        steps = outer.dim(outputs, 0)
        count = outer.const(steps) if isinstance(steps, int) else outer.reshape(steps, [])
        results = {**dict(zip(found.states, last, strict=True))}
        results |= {place: outer.cast(count, rounds.before[place].dtype) for place in found.counters}
        for place, element in changed.items():
            before = self.rounds[place][0]
            assert element is not None
            results[place] = before.of(outer, outputs) if element.place is None else before.put(outer, element.place, last[0])
        return [results.get(i, before) for i, (before, _, _) in enumerate(self.rounds)]

    def _emit(
        self, first: Value, flows: list[tuple[Value, Value, Value]], passed: list[tuple[Value, Value]], scans: list[Value]
    ) -> Sequence[Value]:
        """The Loop: the variables that change, and what each round gives to be stacked."""
        if not flows and not scans:
            return ()
        outer, body = self.walk.b, self.b.block
        body.inputs = [self.count, self.holds, *(inside for _, inside, _ in flows)]
        body.ops[:0] = [_passed(inside, before) for inside, before in passed]
        body.outputs = _made_inside(self.b, [self.again, *(after for _, _, after in flows), *scans])
        starts = [outer.cast(before, inside.dtype) for before, inside, _ in flows]
        return outer.ops("Loop", None, first, *starts, outputs=len(flows) + len(scans), body=body)

    def _list(self, before: TensorList, element: Written, scan: Value | None, results: Sequence[Value], ends: dict[int, int]) -> TensorList:
        """A list after the loop that wrote it."""
        outer = self.walk.b
        if element.place is None:
            assert scan is not None
            return before.filled(outer, scan)
        last = results[ends[id(element.element)]] if scan is None else outer.Gather(scan, outer.const(-1), axis=0)
        return before.put(outer, element.place, last)


def _is_known(thing: Thing) -> bool:
    """True for a tensor, and a list that is one."""
    return isinstance(thing, Value) or isinstance(thing, TensorList) and thing.stacked is not None


def _passed_on(walk: GraphWalk, body: FunctionName | Graph) -> set[int]:
    """The variables that a body gives back as it takes them: what is known of them outside is known inside."""
    graph = body if isinstance(body, Graph) else walk.module.function(body.name)
    found = set()
    for place, leaf in enumerate(flatten(graph.outputs)):
        node = leaf.node
        while node.op == "Identity" and len(node.args) == 1:
            node = node.args[0].node
        if place < len(graph.inputs) and node is graph.inputs[place]:
            found.add(place)
    return found


def _passed(inside: Value, before: Value) -> Any:
    """The variable inside a loop that is what it was before it."""
    from loadstone.lowering.block import Op

    return Op("Identity", [before], [inside], {})


def _wider(shape: Shape, after: Shape) -> Shape:
    """The lengths that hold for both."""
    if len(shape) != len(after):
        raise UnsupportedAttribute(f"a loop whose variable has shape {shape} before a round and {after} after it")
    return tuple(d if d == e else None for d, e in zip(shape, after, strict=True))
