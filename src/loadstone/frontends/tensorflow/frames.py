"""Control flow of TensorFlow 1 as If and While: what Switch, Merge, Enter, Exit, NextIteration and LoopCond stand for.

tensorflow/python/ops/control_flow_ops.py (1.15) writes them; http://download.tensorflow.org/paper/white_paper_tf_control_flow_implementation_2017_11_1.pdf
says what they mean. A loop is found from one of its Exits: all Switches of its LoopCond are its variables, `Merge(Enter, NextIteration)`
each. A condition is found from its Merge: the Switches behind its two inputs say which value it depends on. The nodes in between
become the graphs of a body or a branch; what they take from outside becomes an argument.
"""

from __future__ import annotations

from collections import ChainMap, deque
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from loadstone.containers.graph_proto import NodeDef
from loadstone.errors import ModelError, UnsafeContent
from loadstone.frontends.tensorflow.references import Ref, parse
from loadstone.ir import Graph, Node, Output
from loadstone.ir.records import dataclass

if TYPE_CHECKING:
    from loadstone.frontends.tensorflow.graph import Scope

_SWITCH, _MERGE, _ENTER, _EXIT, _NEXT = (frozenset((name, f"Ref{name}")) for name in "Switch Merge Enter Exit NextIteration".split())

MAX_NESTED = 100  # loops and conditions inside each other
MAX_STEPS = 100_000  # from node to node before it is given up to find what belongs to what,
STEPS_A_NODE = 100  # and as many more for each node of the graph


@dataclass(frozen=True)
class Variable:
    """A variable of a loop: the nodes that hold it, where it comes from, and what its next value is."""

    merge: str
    switch: str
    enter: Ref
    following: Ref


@dataclass(frozen=True)
class Loop:
    """A loop: the node by which it is known, its variables, and the value that says whether to go on."""

    name: str
    variables: tuple[Variable, ...]
    condition: Ref


class Consumers:
    """Loops and conditions of a graph by the nodes that belong to them."""

    def __init__(self, nodes: Mapping[str, NodeDef]) -> None:
        self.nodes = nodes
        self._steps = MAX_STEPS + STEPS_A_NODE * len(nodes)
        self._values: dict[str, Ref] = {}
        self._predicates: dict[str, tuple[Ref, list[int]]] = {}

    def step(self, count: int = 1) -> None:
        """Count nodes that are looked at. Raises UnsafeContent for a graph that is made to be looked at again and again."""
        self._steps -= count
        if self._steps < 0:
            raise UnsafeContent(f"a graph of {len(self.nodes)} nodes whose loops and conditions cannot be told apart in reasonable time")

    def node(self, name: str) -> NodeDef:
        """A node by its name."""
        if name not in self.nodes:
            raise ModelError(f"the graph has no node {name!r}")
        return self.nodes[name]

    @cached_property
    def switches(self) -> dict[str, list[NodeDef]]:
        """The Switches by the node of the value that they depend on."""
        found: dict[str, list[NodeDef]] = {}
        for node in self.nodes.values():
            if node.op in _SWITCH:
                found.setdefault(self._depends_on(node).name, []).append(node)
        return found

    @cached_property
    def exits(self) -> dict[str, list[NodeDef]]:
        """The Exits by the node that they take."""
        found: dict[str, list[NodeDef]] = {}
        for node in self.nodes.values():
            if node.op in _EXIT:
                found.setdefault(source(node).name, []).append(node)
        return found

    def _depends_on(self, switch: NodeDef) -> Ref:
        """The value that a Switch depends on, behind any Identity."""
        if switch.name not in self._values:
            ref, seen = source(switch, 1), set[str]()
            while self.node(ref.name).op == "Identity":
                self.step()
                if ref.name in seen:
                    raise ModelError("a node of the graph depends on itself", where=ref.name)
                seen.add(ref.name)
                ref = source(self.nodes[ref.name])
            self._values[switch.name] = ref
        return self._values[switch.name]

    def loop(self, leave: NodeDef) -> Loop:
        """The loop that an Exit leaves."""
        switch = self.node(source(leave).name)
        if switch.op not in _SWITCH:
            raise ModelError("an Exit that leaves no loop", where=leave.name)
        condition = self.node(self._depends_on(switch).name)
        variables = []
        for one in self.switches[condition.name]:
            merge = self.node(source(one).name)
            sources = [self.node(parse(text).name) for text in merge.inputs if not text.startswith("^")]
            enter = next((s for s in sources if s.op in _ENTER), None)
            following = next((s for s in sources if s.op in _NEXT), None)
            if enter is None or following is None:
                raise ModelError("a loop whose variable has no Enter or no NextIteration", where=merge.name)
            variables.append(Variable(merge.name, one.name, source(enter), source(following)))
        return Loop(condition.name, tuple(variables), source(condition))

    def predicate(self, merge: NodeDef) -> tuple[Ref, list[int]]:
        """What a Merge depends on, and for each of its inputs the output of the Switches behind it: 0 where that is false."""
        if merge.name not in self._predicates:
            self._predicates[merge.name] = self._predicate(merge)
        return self._predicates[merge.name]

    def _predicate(self, merge: NodeDef) -> tuple[Ref, list[int]]:
        sides = [self._switch_behind(parse(text)) for text in merge.inputs if not text.startswith("^")]
        found = [side for side in sides if side is not None]
        if not found or len(sides) != 2:
            raise ModelError("a Merge without Switches before it", where=merge.name)
        shared = [{name for name, _ in side} for side in found]
        common = set.intersection(*shared) if len(found) == 2 else shared[0]
        name = min(common or shared[0], key=lambda n: next(i for i, (other, _) in enumerate(found[0]) if other == n))
        branches = [next((branch for other, branch in side if other == name), None) if side else None for side in sides]
        one, other = branches
        if one is None:
            one = 1 - other if other is not None else 0
        if other is None or other == one:
            other = 1 - one
        return self._depends_on(self.switches[name][0]), [one, other]

    def _switch_behind(self, ref: Ref) -> list[tuple[str, int]] | None:
        """The Switches before an input of a Merge that belong to its own condition: (the value they depend on, their output)."""
        found: list[tuple[str, int]] = []
        seen: set[tuple[str, int, int]] = set()
        queue = deque([(ref, 0)])
        while queue:
            self.step()
            now, depth = queue.popleft()
            node = self.nodes.get(now.name)
            key = (now.name, now.index if node is not None and node.op in _SWITCH else 0, depth)
            if node is None or key in seen:
                continue
            seen.add(key)
            if node.op in _SWITCH and not self._is_loop_switch(node):
                if depth == 0:
                    found.append((self._depends_on(node).name, now.index))
                    continue
                depth -= 1
            elif node.op in _MERGE and not self._is_loop_merge(node):
                depth += 1
            if node.op in _EXIT:
                loop = self.loop(node)
                queue += [(variable.enter, depth) for variable in loop.variables]
            elif node.op not in _NEXT:
                queue += [(parse(text), depth) for text in node.inputs]
        return found or None

    def _is_loop_switch(self, node: NodeDef) -> bool:
        return self.node(self._depends_on(node).name).op == "LoopCond"

    def _is_loop_merge(self, node: NodeDef) -> bool:
        return any(self.node(parse(text).name).op in _NEXT for text in node.inputs if not text.startswith("^"))


def source(node: NodeDef, place: int = 0) -> Ref:
    """What a node takes at a place. Raises ModelError."""
    if place >= len(node.inputs):
        raise ModelError(f"a {node.op} of {len(node.inputs)} inputs", where=node.name)
    return parse(node.inputs[place])


def is_structured(node: NodeDef) -> bool:
    """True for a node that ends a loop or a condition."""
    return node.op in _EXIT or node.op in _MERGE


def needs(node: NodeDef, scope: Scope) -> list[Ref] | None:
    """What must be made before a node that ends a loop or a condition; None for any other node."""
    if node.op in _EXIT:
        return _loop_region(scope.consumers.loop(node), scope).taken
    if node.op in _MERGE:
        predicate, _ = scope.consumers.predicate(node)
        return [predicate, *(ref for region in _branch_regions(node, predicate, scope) for ref in region.taken)]
    return None


@dataclass
class Region:
    """Nodes between some outputs and the results wanted of them.

    starts are the outputs where the region begins, by the reference that stands for each inside: (that, what is given for it outside).
    taken are the references to what lies outside.
    """

    starts: dict[Ref, Ref]
    wanted: list[Ref]
    inside: set[str]
    taken: list[Ref]


def _region(scope: Scope, starts: dict[Ref, Ref], wanted: list[Ref]) -> Region:
    """Follows the wanted references back to the starts; a node is inside if it depends on a start."""
    names = {ref.name for ref in starts}
    inside: dict[str, bool] = dict.fromkeys(names, True)
    for ref in wanted:
        _mark(scope, ref, starts, inside)
    marked = {name for name, depends in inside.items() if depends}
    taken: dict[Ref, None] = {}
    used = [*wanted, *(ref for name in marked - names for ref in _sources(scope.nodes[name], scope))]
    for ref in used:
        if ref in starts:
            taken[starts[ref]] = None
        elif not ref.control and ref.name not in marked:
            taken[ref] = None
    return Region(starts, wanted, marked, list(taken))


def _mark(scope: Scope, ref: Ref, starts: dict[Ref, Ref], inside: dict[str, bool]) -> None:
    stack = [(ref.name, False)]
    open_: set[str] = set()
    while stack:
        scope.consumers.step()
        name, ready = stack.pop()
        if name in inside:
            continue
        node = scope.nodes.get(name)
        if node is None or Ref(name) in scope.feeds and ref.output:
            inside[name] = False
            continue
        sources = _sources(node, scope)
        if ready:
            inside[name] = any(source in starts or inside.get(source.name, False) for source in sources)
            continue
        if name in open_:
            continue
        open_.add(name)
        stack.append((name, True))
        stack += [(source.name, False) for source in sources if source not in starts and source.name not in inside]


def _sources(node: NodeDef, scope: Scope) -> list[Ref]:
    """What a node takes, a loop or a condition as one."""
    if node.op in _EXIT:
        return _loop_region(scope.consumers.loop(node), scope).taken
    return [parse(text) for text in node.inputs]


def _loop_region(loop: Loop, scope: Scope) -> Region:
    """The condition and the body of a loop, which take the same things from outside. Found once."""
    if loop.name not in scope.loops:
        if loop.name in scope.searched:
            raise ModelError("a loop that is inside itself", where=loop.name)
        scope.searched.add(loop.name)
        if scope.depth + len(scope.searched) > MAX_NESTED:
            raise UnsafeContent(f"more than {MAX_NESTED} loops inside each other", where=loop.name)
        starts: dict[Ref, Ref] = {}
        for variable in loop.variables:
            starts[Ref(variable.merge)] = variable.enter
            starts[Ref(variable.switch, 1)] = variable.enter
        wanted = [loop.condition, *(variable.following for variable in loop.variables)]
        starts |= _constant_enters(scope, wanted, starts)
        scope.loops[loop.name] = _region(scope, starts, wanted)
        scope.searched.remove(loop.name)
    return scope.loops[loop.name]


def _constant_enters(scope: Scope, wanted: list[Ref], starts: dict[Ref, Ref]) -> dict[Ref, Ref]:
    """The Enters behind some references that bring what the loop only reads."""
    found: dict[Ref, Ref] = {}
    seen: set[str] = {ref.name for ref in starts}
    queue = [ref.name for ref in wanted]
    while queue:
        scope.consumers.step()
        name = queue.pop()
        node = scope.nodes.get(name)
        if node is None or name in seen:
            continue
        seen.add(name)
        if node.op in _ENTER:
            found[Ref(name)] = source(node)
        elif node.op in _EXIT:
            inner = scope.consumers.loop(node)
            queue += [variable.enter.name for variable in inner.variables]
            queue += [ref.name for ref in _loop_region(inner, scope).taken]
        else:
            queue += [parse(text).name for text in node.inputs]
    return found


def _branch_regions(merge: NodeDef, predicate: Ref, scope: Scope) -> list[Region]:
    """The two branches of a condition, in the order of the inputs of its Merge."""
    _, branches = scope.consumers.predicate(merge)
    data = [parse(text) for text in merge.inputs if not text.startswith("^")]
    regions = []
    for ref, branch in zip(data, branches, strict=True):
        starts = {Ref(switch.name, branch): source(switch) for switch in scope.consumers.switches[predicate.name]}
        regions.append(_region(scope, starts, [ref]))
    return regions


def finish(node: NodeDef, scope: Scope) -> None:
    """Make the While that an Exit leaves, or the If that a Merge ends; what they need is made."""
    if node.op in _EXIT:
        _finish_loop(node, scope)
    else:
        _finish_condition(node, scope)


def _without_outer_controls(scope: Scope, region: Region) -> Mapping[str, NodeDef]:
    """The nodes inside; they wait for nothing outside, which has run before."""
    found = {}
    for name in region.inside:
        node = scope.nodes[name]
        inputs = tuple(text for text in node.inputs if not text.startswith("^") or text[1:] in region.inside)
        found[name] = node.with_inputs(inputs)
    around = scope.nodes if isinstance(scope.nodes, ChainMap) else ChainMap(dict(scope.nodes))
    return around.new_child(found)


def _finish_loop(leave: NodeDef, scope: Scope) -> None:
    loop = scope.consumers.loop(leave)
    region = _loop_region(loop, scope)
    # one argument for each variable, though two may begin with the same tensor; then what is only read
    starts = [Ref(variable.merge) for variable in loop.variables]
    outer = [variable.enter for variable in loop.variables]
    reading: dict[Ref, list[Ref]] = {}  # what is only read, and the references to it inside
    for inside in _read_only(region, loop):
        reading.setdefault(region.starts[inside], []).append(inside)
    begun = set(outer)
    only_read = [ref for ref in region.taken if ref not in begun or ref in reading]
    arguments = _arguments(len(starts) + len(only_read))
    feeds: dict[Ref, Output] = {}
    for variable, argument in zip(loop.variables, arguments, strict=False):
        for ref in (Ref(variable.merge), Ref(variable.switch, 1)):
            feeds[ref] = Output(argument)
        for name in (variable.merge, variable.switch):
            feeds[Ref(name, control=True)] = Output(argument)
    for ref, argument in zip(only_read, arguments[len(starts) :], strict=True):
        feeds[ref] = Output(argument)
        for inside in reading.get(ref, ()):
            feeds[inside] = feeds[Ref(inside.name, control=True)] = Output(argument)
    condition = _graph_of(scope, region, feeds, arguments, [loop.condition])
    body = _graph_of(scope, region, feeds, arguments, [variable.following for variable in loop.variables])
    body.outputs += [Output(argument) for argument in arguments[len(starts) :]]
    given = tuple(scope.found(ref) for ref in [*outer, *only_read])
    made = Node("tf", "While", leave.name, args=given, attributes={"cond": condition, "body": body})
    scope.add(made)
    for index, variable in enumerate(loop.variables):
        for one in scope.consumers.exits.get(variable.switch, ()):
            scope.virtual[Ref(one.name)] = scope.virtual[Ref(one.name, control=True)] = Output(made, index)


def _read_only(region: Region, loop: Loop) -> list[Ref]:
    """The references inside a loop to what it only reads."""
    names = {name for variable in loop.variables for name in (variable.merge, variable.switch)}
    return [ref for ref in region.starts if ref.name not in names]


def _arguments(count: int) -> list[Node]:
    from loadstone.frontends.tensorflow.graph import placeholder

    return [placeholder(f"argument_{i}", "", None) for i in range(count)]


def _graph_of(scope: Scope, region: Region, feeds: dict[Ref, Output], arguments: list[Node], wanted: list[Ref]) -> Graph:
    from loadstone.frontends.tensorflow.graph import Scope

    if scope.depth >= MAX_NESTED:
        raise UnsafeContent(f"more than {MAX_NESTED} loops and conditions inside each other")
    scope.consumers.step(len(region.inside) + len(feeds))
    inner = Scope(_without_outer_controls(scope, region), dict(feeds), scope.functions, depth=scope.depth + 1)
    inner._consumers = scope.consumers
    inner.make(wanted)
    return Graph([*arguments, *inner.order], arguments, [Output(a) for a in arguments], [inner.found(ref) for ref in wanted])


def _finish_condition(merge: NodeDef, scope: Scope) -> None:
    predicate, branches = scope.consumers.predicate(merge)
    regions = _branch_regions(merge, predicate, scope)
    taken = list(dict.fromkeys(ref for region in regions for ref in region.taken))
    graphs: dict[int, Graph] = {}
    for region, branch in zip(regions, branches, strict=True):
        arguments = _arguments(len(taken))
        by_outer = {ref: Output(argument) for ref, argument in zip(taken, arguments, strict=True)}
        feeds = dict(by_outer)
        for inside, outside in region.starts.items():
            if outside in by_outer:
                feeds[inside] = feeds[Ref(inside.name, control=True)] = by_outer[outside]
        graphs[branch] = _graph_of(scope, region, feeds, arguments, region.wanted)
    given = (scope.found(predicate), *(scope.found(ref) for ref in taken))
    attributes = {"then_branch": graphs[1], "else_branch": graphs[0], "Tout": [merge.attributes.get("T")]}
    made = Node("tf", "If", merge.name, args=given, attributes=attributes)
    scope.add(made)
    scope.virtual[Ref(merge.name)] = Output(made)
