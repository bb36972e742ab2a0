"""Makes a graph of straight code smaller, until only statements branch.

Conditional expressions, `and` and `or`, chained comparisons and comprehensions are jumps in compiled code. Each rule here recognises one of them
and puts an expression in its place.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from loadstone.custom.bytecode.decode import Instruction
from loadstone.custom.bytecode.graph import RETURN, Graph, Node
from loadstone.custom.bytecode.nodes import joined, negated
from loadstone.custom.bytecode.places import Below, Item, Iterator, Step, Unstructured


def reduce(graph: Graph) -> None:
    """Apply the rules until none does."""
    changed = True
    while changed:
        changed = False
        for number in sorted(graph.nodes, reverse=True):
            if number in graph.nodes:
                before = graph.before()
                changed |= any(rule(graph, number, graph.nodes[number], before) for rule in RULES)
        graph.thread()


# Rules. Each looks at one node and the ones behind it, and answers whether it changed the graph.

Before = dict[int, list[int]]


def _sequence(graph: Graph, number: int, node: Node, before: Before) -> bool:
    """Code that goes on in one way, and is reached in no other."""
    follower = graph.alone(node.next, before, number) if node.kind == "jump" else None
    if follower is None or follower.kind == "for" or follower is node:
        return False
    node.steps += follower.steps
    node.kind, node.next, node.other, node.holds = follower.kind, follower.next, follower.other, follower.holds
    node.first, node.line = follower.first, follower.line
    return True


def _conditions(graph: Graph, number: int, node: Node, before: Before) -> bool:
    """Two conditions one after another, of which one place is reached from both: `and`, `or`."""
    if node.kind != "cond":
        return False
    for holds, number_after, shared in ((True, node.next, node.other), (False, node.other, node.next)):
        after = graph.alone(number_after, before, number)
        if after is None or after.kind not in ("cond", "orpop") or after is node:
            continue
        goes = (after.next, after.other) if after.kind == "cond" or after.holds else (after.other, after.next)  # where it holds, where not
        flip = after.kind == "cond" and after.first == after.other  # the code goes on where it fails: `not` is written there
        goes = goes[::-1] if flip else goes
        if shared not in goes or goes[0] == goes[1]:
            continue
        keeps = goes.index(shared) == 0  # shared is reached where the second holds
        if after.kind == "orpop" and shared != after.other:
            continue
        value = graph.value(after)
        if value is None:
            return False
        op = ast.Or() if keeps else ast.And()
        plain = holds != keeps  # first holds and leads on: `and`; first fails and leads on: `or`
        graph.apply(node, _join(op, negated(value) if flip else value, plain))
        node.kind, node.next, node.other, node.holds = after.kind, after.next, after.other, after.holds
        node.first = after.first
        if flip:
            node.next, node.other = goes  # type: ignore[assignment]
        return True
    return False


def _join(op: ast.boolop, value: ast.expr, plain: bool) -> Callable[[list[ast.expr]], None]:
    def change(stack: list[ast.expr]) -> None:
        left = stack.pop()
        stack.append(joined(op, left if plain else negated(left), value))

    return change


def _or_pop(graph: Graph, number: int, node: Node, before: Before) -> bool:
    """A value that stays where it decides, another one else: `and`, `or` as values."""
    after = graph.alone(node.other, before, number) if node.kind == "orpop" else None
    if after is None or after.kind != "jump" or after.next != node.next or after is node:
        return False
    value = graph.value(after)
    if value is None:
        return False
    graph.apply(node, _join(ast.Or() if node.holds else ast.And(), value, True))
    node.kind, node.other, node.line = "jump", None, after.line
    return True


def _conditional(graph: Graph, number: int, node: Node, before: Before) -> bool:
    """Two values, one for each outcome: `x if c else y`, also where each is a condition with the same outcomes."""
    if node.kind != "cond":
        return False
    one, two = graph.alone(node.next, before, number), graph.alone(node.other, before, number)
    if one is None or two is None or one.kind != two.kind or one.successors() != two.successors() or one.kind not in ("jump", "cond"):
        return False
    if one.next == RETURN and not graph.is_lambda and (one.line is None or one.line != two.line):
        return False
    first, second = graph.value(one), graph.value(two)
    if first is None or second is None:
        return False
    otherwise, pair = node.first == node.other, (first, second)

    def change(stack: list[ast.expr]) -> None:
        test = stack.pop()
        stack.append(ast.IfExp(negated(test), *pair[::-1]) if otherwise else ast.IfExp(test, *pair))

    graph.apply(node, change)
    node.kind, node.next, node.other, node.first, node.line = one.kind, one.next, one.other, one.first, one.line
    return True


def _copied_end(graph: Graph, number: int, node: Node, before: Before) -> bool:
    """Two values that go on in copies of the same code to the end of the function: the code is shared again."""
    one, two = graph.alone(node.next, before, number), graph.alone(node.other, before, number)
    if node.kind != "cond" or one is None or two is None or (one.kind, one.next, two.kind, two.next) != ("jump", RETURN) * 2:
        return False
    if graph.value(one) is not None and graph.value(two) is not None:
        return False
    most = min(len(one.steps), len(two.steps)) - 1
    same = next((size for size in range(most) if one.steps[-1 - size] != two.steps[-1 - size]), max(most, 0))
    for size in range(same, 0, -1):
        if all(graph.value(Node(part.steps[:-size])) is not None for part in (one, two)):
            fresh = max(graph.nodes) + 1
            graph.nodes[fresh] = Node(one.steps[-size:], next=RETURN, line=one.line)
            for part in (one, two):
                del part.steps[-size:]
                part.next, part.line = fresh, None
            return True
    return False


def _chain(graph: Graph, number: int, node: Node, before: Before) -> bool:
    """`a < b < c`: b stays below the first result, and is dropped where that decides."""
    if node.kind == "orpop" and not node.holds:
        drop, after, dropped = graph.nodes.get(node.next), graph.alone(node.other, before, number), 2
    elif node.kind == "cond" and node.other is not None:
        drop, after, dropped = graph.nodes.get(node.other), graph.alone(node.next, before, number), 1
    else:
        return False
    if drop is None or after is None or after.kind != ("jump" if dropped == 2 else "cond"):
        return False
    end = after.next if dropped == 2 else after.other
    if drop.steps[:dropped] != [Instruction("SWAP", 2), Instruction("POP")][-dropped:] or not _leads(graph, drop, dropped, end):
        return False
    value = graph.value(after, below=1)
    if not isinstance(value, ast.Compare) or not isinstance(value.left, Below):
        return False
    ops, values = value.ops, value.comparators

    def change(stack: list[ast.expr]) -> None:
        first, middle = stack.pop(), stack.pop()
        if not isinstance(first, ast.Compare) or first.comparators[-1] is not middle:
            raise Unstructured("a comparison that is no chain")
        stack.append(ast.Compare(first.left, [*first.ops, *ops], [*first.comparators, *values]))

    graph.apply(node, change)
    node.kind, node.next, node.other, node.first, node.line = after.kind, after.next, after.other, after.first, after.line
    return True


def _leads(graph: Graph, node: Node, skip: int, end: int | None) -> bool:
    """Whether *node* after its first steps is the same as to go on at *end*; compilers copy short ends of functions."""
    if node.kind != "jump" or end is None:
        return False
    if len(node.steps) == skip:
        return node.next == end
    copy = graph.nodes.get(end)
    return copy is not None and copy.kind == "jump" and copy.next == node.next and copy.steps == node.steps[skip:]


def _comprehension(graph: Graph, number: int, node: Node, before: Before) -> bool:
    """A loop that only builds a list, set or dict, or yields: the iterator and the empty container below it become one value."""
    if node.kind != "for" or node.steps:
        return False
    made = _Loop(graph, number, before).read()
    if made is None:
        return False
    kind, element, generators, inside = made
    outside = [source for source in before[number] if source not in inside]
    if len(outside) != 1 or not set(inside) <= set(graph.nodes) or graph.nodes[outside[0]].kind != "jump":
        return False
    if kind == "yield" and (outside != [0] or not graph.yields):  # an inner loop, or a function that yields
        return False
    entry = graph.nodes[outside[0]]

    def change(stack: list[ast.expr]) -> None:
        iterator = stack.pop()
        if kind != "yield":
            empty = stack.pop()
            parts: Any = empty.keys if isinstance(empty, ast.Dict) else empty.elts if isinstance(empty, (ast.List, ast.Set)) else None
            if parts != [] or type(empty) is not _CONTAINERS[kind]:
                raise Unstructured("a loop that adds to a container")
        source = iterator.value if isinstance(iterator, Iterator) else iterator
        first = ast.comprehension(generators[0].target, source, generators[0].ifs, 0)
        stack.append(_MAKE[kind](element, [first, *generators[1:]]))

    graph.apply(entry, change)
    assert node.other is not None
    entry.next = node.other
    return True


_CONTAINERS: dict[str, type] = {"LIST_APPEND": ast.List, "SET_ADD": ast.Set, "MAP_ADD": ast.Dict}


_MAKE: dict[str, Callable[[Any, Any], ast.expr]] = {
    "LIST_APPEND": lambda element, generators: ast.ListComp(element[0], generators),
    "SET_ADD": lambda element, generators: ast.SetComp(element[0], generators),
    "MAP_ADD": lambda element, generators: ast.DictComp(element[0], element[1], generators),
    "yield": lambda element, generators: ast.GeneratorExp(element[0], generators),
}


class _Loop:
    """Follows the one path through nested loops to what they add."""

    def __init__(self, graph: Graph, number: int, before: Before) -> None:
        self.graph, self.before = graph, before
        self.heads = [number]
        self.inside: list[int] = []
        self.generators: list[ast.comprehension] = []

    def read(self) -> tuple[str, list[ast.expr], list[ast.comprehension], list[int]] | None:
        at: int = self.graph.nodes[self.heads[0]].next
        stack: list[ast.expr] = [Item()]
        source: ast.expr = ast.Constant(None)
        opened = False  # whether this loop has its target
        while True:
            node = self.graph.nodes.get(at)
            if node is None or at in self.heads or at in self.inside or len(self.inside) > 100:
                return None
            if not set(self.before[at]) <= {*self.heads, *self.inside}:
                return None
            self.inside.append(at)
            added = _addition(node)
            steps = node.steps[: -len(added)] if added else node.steps
            try:
                statements = self.graph.straight.run(steps, stack)
            except Unstructured:
                return None
            if not opened:
                if len(statements) != 1 or not isinstance(statements[0], ast.Assign) or not isinstance(statements[0].value, Item):
                    return None
                self.generators.append(ast.comprehension(statements[0].targets[0], source, [], 0))
                opened = True
            elif statements:
                return None
            head = self.heads[-1]
            if added:
                return self._end(node, added, stack) if node.next == head else None
            if node.kind == "cond" and head in (node.next, node.other) and len(stack) == 1:
                test = self.graph.straight.plain(stack.pop())
                self.generators[-1].ifs.append(test if node.other == head else negated(test))
                at = node.next if node.other == head else node.other  # type: ignore[assignment]
                continue
            inner = self.graph.nodes.get(node.next)
            if node.kind != "jump" or inner is None or inner.kind != "for" or inner.other != head or inner.steps or len(stack) != 1:
                return None
            if not isinstance(stack[0], Iterator):
                return None
            source, stack, opened = stack[0].value, [Item()], False
            self.heads.append(node.next)
            self.inside.append(node.next)
            at = inner.next

    def _end(self, node: Node, added: list[Step], stack: list[ast.expr]) -> Any:
        last = added[0]
        assert isinstance(last, Instruction)
        kind = "yield" if last.op == "YIELD" else last.op
        values = [self.graph.straight.plain(value) for value in stack]
        if len(values) != (2 if kind == "MAP_ADD" else 1) or (kind != "yield" and last.arg != len(self.heads) + 1):
            return None
        return kind, values, self.generators, [*self.inside, self.heads[0]]


def _addition(node: Node) -> list[Step]:
    """The steps at its end that add to what a comprehension builds."""
    if node.kind != "jump" or not node.steps:
        return []
    last = node.steps[-1]
    if isinstance(last, Instruction) and last.op in _CONTAINERS and last.arg > 1:
        return [last]
    if last == Instruction("POP") and len(node.steps) > 1 and node.steps[-2] == Instruction("YIELD"):
        return node.steps[-2:]
    return []


RULES = (_sequence, _or_pop, _conditional, _copied_end, _chain, _conditions, _comprehension)
