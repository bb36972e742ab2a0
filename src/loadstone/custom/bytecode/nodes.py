"""Parts of Python syntax: names, constants and operators as nodes of `ast`."""

from __future__ import annotations

import ast
import keyword
import re
from typing import Any

from loadstone.custom.bytecode.places import Unstructured

OPERATORS: dict[str, ast.operator] = {
    "+": ast.Add(), "-": ast.Sub(), "*": ast.Mult(), "/": ast.Div(), "classic/": ast.Div(), "//": ast.FloorDiv(), "%": ast.Mod(),
    "**": ast.Pow(), "@": ast.MatMult(), "<<": ast.LShift(), ">>": ast.RShift(), "&": ast.BitAnd(), "|": ast.BitOr(), "^": ast.BitXor(),
}  # fmt: skip


COMPARISONS: dict[str, ast.cmpop] = {
    "<": ast.Lt(), "<=": ast.LtE(), "==": ast.Eq(), "!=": ast.NotEq(), ">": ast.Gt(), ">=": ast.GtE(), "in": ast.In(),
    "not in": ast.NotIn(), "is": ast.Is(), "is not": ast.IsNot(),
}  # fmt: skip


UNARY: dict[str, ast.unaryop] = {"-": ast.USub(), "+": ast.UAdd(), "~": ast.Invert(), "not": ast.Not()}


_OPPOSITE = {ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}


# Nodes


def identifier(text: Any) -> str:
    """A name as source; what is no name is shown as a quoted text."""
    text = str(text)
    return text if text.isidentifier() and not keyword.iskeyword(text) and len(text) < 200 else f"`{text[:200]!a}`"


def dotted(text: str) -> str:
    return ".".join(map(identifier, text.split(".")))


def name(text: Any, context: ast.expr_context | None = None) -> ast.Name:
    """A variable; what `decode` adds to tell two of one name apart is left out."""
    return ast.Name(identifier(re.sub(r"@\d+$", "", str(text))), context or ast.Load())


def constant(value: Any) -> ast.expr:
    """A stored constant as an expression."""
    if isinstance(value, tuple):
        return ast.Tuple([constant(item) for item in value], ast.Load())
    if isinstance(value, list):
        return ast.List([constant(item) for item in value], ast.Load())
    if isinstance(value, (set, frozenset)):
        return ast.Set([constant(item) for item in sorted(value, key=repr)])
    if isinstance(value, dict):
        return ast.Dict([constant(key) for key in value], [constant(item) for item in value.values()])
    if isinstance(value, slice):
        ends = [None if end is None else constant(end) for end in (value.start, value.stop, value.step)]
        return ast.Slice(*ends)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and (value < 0 or repr(value) == "-0.0"):
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def negated(test: ast.expr) -> ast.expr:
    """The opposite of a condition, with as few `not` as it takes."""
    return _opposite(test) or ast.UnaryOp(ast.Not(), test)


def _opposite(test: ast.expr) -> ast.expr | None:
    """The opposite of a condition that is one without a `not`."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in _OPPOSITE:
        return ast.Compare(test.left, [_OPPOSITE[type(test.ops[0])]()], test.comparators)
    if isinstance(test, ast.BoolOp):
        values = [_opposite(value) for value in test.values]
        if None not in values:
            return ast.BoolOp(ast.Or() if isinstance(test.op, ast.And) else ast.And(), values)  # type: ignore[arg-type]
    return None


def joined(op: ast.boolop, left: ast.expr, right: ast.expr) -> ast.expr:
    """`left and right`, as one chain where right is one already."""
    same = isinstance(right, ast.BoolOp) and type(right.op) is type(op)
    return ast.BoolOp(op, [left, *(right.values if same else [right])])  # type: ignore[attr-defined]


def is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def same_place(target: ast.expr, value: ast.expr) -> bool:
    return ast.dump(target).replace("Store()", "Load()") == ast.dump(value)


def alias(text: str, word: str) -> ast.alias:
    return ast.alias(dotted(text), None if word == text else identifier(word))


def starred(value: ast.expr) -> ast.expr:
    return ast.Starred(value, ast.Load())


def display(kind: str, items: list[ast.expr]) -> ast.expr:
    if kind == "set":
        return ast.Set(items)
    return (ast.Tuple if kind == "tuple" else ast.List)(items, ast.Load())


def text_parts(value: ast.expr) -> list[ast.expr]:
    """What an f-string says at this place."""
    if isinstance(value, ast.JoinedStr):
        return value.values
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return [value]
    raise Unstructured("a part of an f-string")
