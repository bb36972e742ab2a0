"""The paths of a function as a graph of straight code."""

from __future__ import annotations

import ast
from collections.abc import Callable

from loadstone.custom.bytecode.assignments import Straight
from loadstone.custom.bytecode.decode import Instruction
from loadstone.custom.bytecode.places import Below, Merged, Step, Unstructured
from loadstone.ir.records import dataclass, field

RETURN, END = -1, -2  # where paths end: with the value on the stack; without one
MAX_INSTRUCTIONS = 4000
MAX_WORK = 200_000


@dataclass(eq=False)
class Node:
    """Straight code and where it goes.

    kind: "jump" (next), "cond" (next where the value on the stack holds, other where not), "orpop" (next where it holds, or does not, as
    `holds` says, and the value stays; other without it) or "for" (next with an item, other at the end).
    """

    steps: list[Step] = field(default_factory=list)
    kind: str = "jump"
    next: int = END
    other: int | None = None
    holds: bool = True
    first: int | None = None  # of a condition, the successor that follows in the code
    line: int | None = None  # of its return

    def successors(self) -> list[int]:
        return [self.next] if self.other is None else [self.next, self.other]

    def redirect(self, old: int, new: int) -> None:
        self.next = new if self.next == old else self.next
        self.other = new if self.other == old else self.other
        self.first = new if self.first == old else self.first


class Graph:
    """The nodes of one function by number; 0 is the start."""

    def __init__(self, instructions: tuple[Instruction, ...], straight: Straight, is_lambda: bool, yields: bool = False) -> None:
        """yields: a generator expression, whose loops yield what it makes."""
        if len(instructions) > MAX_INSTRUCTIONS:
            raise Unstructured("a long function")
        self.straight, self.is_lambda, self.yields, self.work = straight, is_lambda, yields, 0
        self.nodes = _nodes(instructions)
        if not is_lambda:
            self._share_ends()
        self.thread()

    def before(self) -> dict[int, list[int]]:
        """The predecessors of each node."""
        self.work += len(self.nodes)
        if self.work > MAX_WORK:
            raise Unstructured("a function with many paths")
        found: dict[int, list[int]] = {number: [] for number in self.nodes}
        for number, node in self.nodes.items():
            for successor in node.successors():
                found.setdefault(successor, []).append(number)
        return found

    def _share_ends(self) -> None:
        """Python 3.10 and later copy a short `return` to each place that leads to it; copies have the same line."""
        tails: dict[tuple[int, str], list[Node]] = {}
        for node in self.nodes.values():
            size = _on_line(node)
            if node.next == RETURN and node.line is not None and size:
                text = repr([(step.op, step.arg) for step in node.steps[-size:]])  # type: ignore[union-attr]
                tails.setdefault((node.line, text), []).append(node)
        for nodes in tails.values():
            if len(nodes) > 1:
                size = _on_line(nodes[0])
                shared = max(self.nodes) + 1
                self.nodes[shared] = Node(nodes[0].steps[-size:], next=RETURN, line=nodes[0].line)
                for node in nodes:
                    del node.steps[-size:]
                    node.next, node.line = shared, None

    def thread(self) -> None:
        """Nodes that only jump are passed over, and nodes that nothing reaches are dropped."""
        for number, node in list(self.nodes.items()):
            if not number or node.steps or node.kind != "jump" or node.next in (number, END):
                continue
            for other in self.nodes.values():
                if node.next != RETURN or (other.kind in ("jump", "orpop") and number in other.successors()):
                    other.line = node.line if node.next == RETURN and other.kind == "jump" else other.line
                    other.redirect(number, node.next)
        reached, waiting = set(), [0]
        while waiting:
            number = waiting.pop()
            if number not in reached and number >= 0:
                reached.add(number)
                waiting += self.nodes[number].successors()
        self.nodes = {number: node for number, node in self.nodes.items() if number in reached}

    # What rules ask

    def value(self, node: Node, below: int = 0) -> ast.expr | None:
        """The one value that *node* adds to the stack, if that is all that it does; it may take *below* values (see `Below`)."""
        self.work += len(node.steps)
        stack: list[ast.expr] = [Below() for _ in range(below)]
        try:
            statements = self.straight.run(node.steps, stack)
            if statements or self.straight.chain or len(stack) != 1:
                return None
            return stack[0] if isinstance(stack[0], Below) else self.straight.plain(stack[0])
        except (Unstructured, IndexError):
            return None

    def alone(self, number: int | None, before: dict[int, list[int]], source: int) -> Node | None:
        """The node of this number, if only *source* leads to it."""
        if number is None or number <= 0 or before[number] != [source]:
            return None
        return self.nodes[number]

    def apply(self, node: Node, change: Callable[[list[ast.expr]], None]) -> None:
        node.steps.append(Merged(change))


def _on_line(node: Node) -> int:
    """How many of its last steps are on the line of its return."""
    count = 0
    for step in reversed(node.steps):
        if not isinstance(step, Instruction) or step.line != node.line:
            break
        count += 1
    return count


def _nodes(instructions: tuple[Instruction, ...]) -> dict[int, Node]:
    """Straight runs; each FOR_ITER, as the head of its loop, stands alone."""
    leaders = {0} | {step.target for step in instructions if step.target is not None}
    for index, step in enumerate(instructions):
        leaders |= {index, index + 1} if step.op == "FOR_ITER" else {index + 1} if step.op in _ENDS else set()
    order = sorted(leader for leader in leaders if leader < len(instructions))
    return {start: _node(instructions, start, end) for start, end in zip(order, [*order[1:], len(instructions)], strict=True)}


_ENDS = ("JUMP", "JUMP_IF", "JUMP_IF_OR_POP", "RETURN", "RAISE", "UNSUPPORTED")


def _node(instructions: tuple[Instruction, ...], start: int, end: int) -> Node:
    steps: list[Step] = list(instructions[start:end])
    last = instructions[end - 1]
    if last.op not in _ENDS and last.op != "FOR_ITER":
        return Node(steps, next=end)
    if last.op in ("RAISE", "UNSUPPORTED"):
        return Node(steps, next=END)
    del steps[-1]
    if last.op == "RETURN":
        return Node(steps, next=RETURN, line=last.line)
    if last.op == "JUMP":
        return Node(steps, next=last.arg)
    if last.op == "FOR_ITER":
        return Node(steps, "for", end, last.arg)
    condition, target = last.arg
    if last.op == "JUMP_IF_OR_POP":
        return Node(steps, "orpop", target, end, condition == "true")
    if condition in ("none", "not none"):  # the test is what holds where the code goes on
        op: ast.cmpop = ast.IsNot() if condition == "none" else ast.Is()
        steps.append(Merged(lambda stack: stack.append(ast.Compare(stack.pop(), [op], [ast.Constant(None)]))))
    holds, fails = (target, end) if condition == "true" else (end, target)
    return Node(steps, "cond", holds, fails, first=end)
