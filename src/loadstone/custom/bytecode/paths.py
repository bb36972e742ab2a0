"""How the nodes of a graph lie to each other: what every path passes, loops, and tests that a compiler has written twice."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from loadstone.custom.bytecode.graph import END, RETURN, Graph, Node


def share_tests(graph: Graph) -> None:
    """Python 3.10 and later test the condition of a while again at the end of its body; here both are one node at its head."""
    for number, node in sorted(graph.nodes.items()):
        if node.kind != "cond" or node.other is None:
            continue
        copies = [
            other
            for other_number, other in graph.nodes.items()
            if other is not node and other.kind == "cond" and {other.next, other.other} == {node.next, node.other} and other_number > number
        ]
        for other in copies:
            test = _test(graph, node)
            if test is None or test != _test(graph, other) or (other.next != node.next):
                continue
            split = _split(graph, number, node)
            if split is None:
                continue
            tail = _tail(graph, other)
            del other.steps[len(other.steps) - tail :]
            other.kind, other.next, other.other, other.first = "jump", split, None, None
            node = graph.nodes[split]


def _tail(graph: Graph, node: Node) -> int:
    """How many of its last steps make the condition: the fewest that give one value out of nothing."""
    for count in range(1, len(node.steps) + 1):
        if graph.value(Node(node.steps[len(node.steps) - count :])) is not None:
            return count
    return 0


def _test(graph: Graph, node: Node) -> str | None:
    tail = _tail(graph, node)
    value = graph.value(Node(node.steps[len(node.steps) - tail :])) if tail else None
    return None if value is None else ast.dump(value)


def _split(graph: Graph, number: int, node: Node) -> int | None:
    """The condition of a node as a node of its own."""
    tail = _tail(graph, node)
    if len(node.steps) == tail:
        return number
    fresh = max(graph.nodes) + 1
    graph.nodes[fresh] = Node(node.steps[len(node.steps) - tail :], "cond", node.next, node.other, first=node.first)
    del node.steps[len(node.steps) - tail :]
    node.kind, node.next, node.other, node.first = "jump", fresh, None, None
    return fresh


def postdominators(graph: Graph) -> dict[int, int | None]:
    """For each node the nearest one that every path from it to an end passes."""
    numbers = [*graph.nodes, RETURN, END]
    every = set(numbers)
    found: dict[int, set[int]] = {number: {number} if number < 0 else set(every) for number in numbers}
    changed = True
    while changed:
        changed = False
        graph.before()
        for number, node in graph.nodes.items():
            ways = [found[successor] for successor in node.successors()]
            now = set.intersection(*ways) | {number}
            if now != found[number]:
                found[number], changed = now, True
    return {number: max(found[number] - {number}, key=lambda other: len(found[other]), default=None) for number in graph.nodes}


def loops(graph: Graph) -> dict[int, frozenset[int]]:
    """The nodes of each natural loop by its head."""
    dominators = _dominators(graph)
    before = graph.before()
    found: dict[int, set[int]] = {}
    for number, node in graph.nodes.items():
        for head in node.successors():
            if head >= 0 and head in dominators[number]:
                nodes = found.setdefault(head, {head})
                waiting = [number]
                while waiting:
                    inner = waiting.pop()
                    if inner not in nodes:
                        nodes.add(inner)
                        waiting += before[inner]
    return {head: frozenset(nodes) for head, nodes in found.items()}


def _dominators(graph: Graph) -> dict[int, set[int]]:
    before = graph.before()
    found: dict[int, set[int]] = {number: set(graph.nodes) for number in graph.nodes}
    found[0] = {0}
    changed = True
    while changed:
        changed = False
        graph.before()
        for number in graph.nodes:
            if number:
                ways: Iterable[set[int]] = [found[source] for source in before[number]]
                now = set.intersection(*ways) | {number}
                if now != found[number]:
                    found[number], changed = now, True
    return found
