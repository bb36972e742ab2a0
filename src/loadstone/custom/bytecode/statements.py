"""Statements of a reduced graph: if, for, while, break, continue and return."""

from __future__ import annotations

import ast

from loadstone.custom.bytecode.decode import Instruction
from loadstone.custom.bytecode.expressions import once
from loadstone.custom.bytecode.graph import END, RETURN, Graph, Node
from loadstone.custom.bytecode.nodes import is_none, negated
from loadstone.custom.bytecode.paths import loops, postdominators, share_tests
from loadstone.custom.bytecode.places import Item, Iterator, Unstructured
from loadstone.ir.records import dataclass

MAX_DEPTH = 40


@dataclass(frozen=True)
class _Loop:
    """The loop around: where `continue` and `break` lead, and its nodes."""

    head: int
    exit: int | None
    nodes: frozenset[int]


def body(graph: Graph) -> list[ast.stmt]:
    """The statements of a function; a plain `return` at its end is left out."""
    share_tests(graph)
    statements = _Writer(graph).block(0, None, None, [], 0)
    last = statements[-1] if statements else None
    if isinstance(last, ast.Return) and last.value is not None and is_none(last.value):
        statements.pop()
    return statements or [ast.Pass()]


class _Writer:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.after = postdominators(graph)
        self.loops = loops(graph)
        self.written: set[int] = set()

    def block(self, at: int | None, follow: int | None, loop: _Loop | None, stack: list[ast.expr], depth: int) -> list[ast.stmt]:
        """Statements from node *at* until *follow* is reached."""
        found: list[ast.stmt] = []
        if depth > MAX_DEPTH:
            raise Unstructured("blocks nest deeply")
        while at != follow:
            if at is None or at == END:
                return found
            if at == RETURN:
                raise Unstructured("a return that is shared")
            if loop is not None and at in (loop.head, loop.exit):
                return [*found, ast.Continue() if at == loop.head else ast.Break()]
            if at in self.written:
                raise Unstructured("paths that meet again")
            self.written.add(at)
            node = self.graph.nodes[at]
            if node.kind == "for":
                statements, at = self._for(at, node, stack, depth)
            elif at in self.loops:
                statements, at = self._while(at, node, stack, depth)
            else:
                statements, at = self._straight(node, follow, loop, stack, depth)
            found += statements
        return found

    def _straight(
        self, node: Node, follow: int | None, loop: _Loop | None, stack: list[ast.expr], depth: int
    ) -> tuple[list[ast.stmt], int | None]:
        found = list(self.graph.straight.run(node.steps, stack))
        if node.kind == "jump":
            if node.next == RETURN:
                value = self.graph.straight.plain(stack.pop())
                once(value)
                return [*found, ast.Return(value)], END
            return found, node.next
        if node.kind != "cond":
            raise Unstructured("a value on two paths")
        test = self.graph.straight.plain(stack.pop())
        once(test)
        if any(isinstance(part, (ast.Call, ast.Yield, ast.NamedExpr)) for value in stack for part in ast.walk(value)):
            raise Unstructured("a branch amid an expression")
        statements, at = self._if(node, test, follow, loop, stack, depth)
        return found + statements, at

    def _if(
        self, node: Node, test: ast.expr, follow: int | None, loop: _Loop | None, stack: list[ast.expr], depth: int
    ) -> tuple[list[ast.stmt], int | None]:
        assert node.other is not None
        join = self._join(node, follow, loop)
        then, other = node.next, node.other
        head = loop.head if loop is not None else None
        if join == head is not None and head in (then, other):  # the rest of the loop's body is one of the branches
            if then == head == node.first:
                return [ast.If(test, [ast.Continue()], []), *self.block(other, join, loop, list(stack), depth + 1)], join
            test, then = (negated(test), other) if then == head else (test, then)
            return [ast.If(test, self.block(then, join, loop, list(stack), depth + 1) or [ast.Pass()], [])], join
        if (node.first == other and other != join) or then == join:  # what follows in the code is where the test fails
            then, other, test = other, then, negated(test)
        one = self.block(then, join, loop, list(stack), depth + 1)
        two = self.block(other, join, loop, list(stack), depth + 1)
        if not one and not two:
            return [ast.Expr(test)], join
        if one and isinstance(one[0], ast.Raise) and _is_assertion(one[0]):
            return [_assertion(test, one[0]), *two], join
        if not one:
            return [ast.If(negated(test), two, [])], join
        if two and _ends(one):
            return [ast.If(test, one, []), *two], join
        return [ast.If(test, one, two)], join

    def _join(self, node: Node, follow: int | None, loop: _Loop | None) -> int | None:
        """Where both branches meet again: the first node that every path behind passes, if it lies in the same loop."""
        number = next(number for number, other in self.graph.nodes.items() if other is node)
        join = self.after.get(number)
        if loop is not None and (join is None or join not in loop.nodes):
            return loop.head if follow == loop.head else follow
        return follow if join in (None, RETURN, END) else join

    def _for(self, number: int, node: Node, stack: list[ast.expr], depth: int) -> tuple[list[ast.stmt], int | None]:
        assert node.other is not None
        iterator = stack.pop() if stack else None
        if not isinstance(iterator, Iterator) or node.steps:
            raise Unstructured("a loop over no iterator")
        nodes = self.loops.get(number, frozenset({number}))
        leaving = self._leaving(nodes, number)
        leave = leaving if leaving is not None else node.other
        inner = _Loop(number, leave, nodes)
        statements = self.block(node.next, number, inner, [*stack, iterator, Item()], depth + 1)
        if statements and isinstance(statements[-1], ast.Continue):
            statements.pop()
        if not statements or not isinstance(statements[0], ast.Assign) or not isinstance(statements[0].value, Item):
            raise Unstructured("a loop without a variable")
        target = statements[0].targets[0]
        rest = [] if leave == node.other else self.block(node.other, leave, None, list(stack), depth + 1)
        return [ast.For(target, iterator.value, statements[1:] or [ast.Pass()], rest)], leave

    def _while(self, number: int, node: Node, stack: list[ast.expr], depth: int) -> tuple[list[ast.stmt], int | None]:
        nodes = self.loops[number]
        entry = list(stack)
        test: ast.expr = ast.Constant(True)
        start: int | None = number
        leave = self._leaving(nodes, None)
        if node.kind == "cond" and (node.next in nodes) != (node.other in nodes):
            probe = list(stack)
            try:
                pure = not self.graph.straight.run(node.steps, probe) and len(probe) == len(stack) + 1
            except Unstructured:
                pure = False
            if pure:
                inside = node.next in nodes
                test = self.graph.straight.plain(probe.pop())
                test = test if inside else negated(test)
                start, out = (node.next, node.other) if inside else (node.other, node.next)
                leaving = self._leaving(nodes, number)
                leave = leaving if leaving is not None else out
                inner = _Loop(number, leave, nodes)
                statements = self.block(start, number, inner, entry, depth + 1)
                rest = [] if leave == out else self.block(out, leave, None, list(stack), depth + 1)
                return [ast.While(test, _without_continue(statements), rest)], leave
        inner = _Loop(number, leave, nodes)
        found, at = self._straight(node, number, inner, entry, depth + 1)
        statements = found + self.block(at, number, inner, entry, depth + 1)
        return [ast.While(test, _without_continue(statements), [])], leave if leave is not None else END

    def _leaving(self, nodes: frozenset[int], head: int | None) -> int | None:
        """Where `break` leads: the one node outside that the loop jumps to and that more than ends of the function follow from."""
        before = self.graph.before()
        end = self.graph.nodes[head].other if head is not None else None
        end = end if end not in nodes else self.graph.nodes[head].next if head is not None else None
        last = max((self._lines(number)[1] for number in nodes), default=0)
        found: list[int] = []
        for number in sorted(nodes - {head}):
            for successor in self.graph.nodes[number].successors():
                while successor >= 0 and successor not in nodes and successor != end and len(before[successor]) == 1:
                    node = self.graph.nodes[successor]
                    if head is None and self._lines(successor)[0] > last > 0:  # behind the loop in the source
                        break
                    successor = node.next if node.kind == "jump" else RETURN
                if successor >= 0 and successor not in nodes:
                    found.append(successor)
        return end if end in found else found[0] if found else None

    def _lines(self, number: int) -> tuple[int, int]:
        """The first and the last line of a node."""
        lines = [step.line or 0 for step in self.graph.nodes[number].steps if isinstance(step, Instruction)] or [0]
        return lines[0], max(lines)


def _without_continue(statements: list[ast.stmt]) -> list[ast.stmt]:
    if statements and isinstance(statements[-1], ast.Continue):
        statements = statements[:-1]
    return statements or [ast.Pass()]


def _ends(statements: list[ast.stmt]) -> bool:
    """Whether nothing after these is reached."""
    last = statements[-1] if statements else None
    if isinstance(last, ast.If):
        return bool(last.orelse) and _ends(last.body) and _ends(last.orelse)
    return isinstance(last, (ast.Return, ast.Raise, ast.Continue, ast.Break))


def _is_assertion(statement: ast.Raise) -> bool:
    error = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
    few = not isinstance(statement.exc, ast.Call) or (len(statement.exc.args) <= 1 and not statement.exc.keywords)
    return isinstance(error, ast.Name) and error.id == "AssertionError" and few and statement.cause is None


def _assertion(test: ast.expr, statement: ast.Raise) -> ast.Assert:
    message = statement.exc.args[0] if isinstance(statement.exc, ast.Call) and statement.exc.args else None
    return ast.Assert(negated(test), message)
