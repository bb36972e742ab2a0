"""A stored function as Python source, for people to read: in reports and messages, never to be run.

Where the code has no shape that source stands for, its instructions are listed with labels. Names and texts from the file are quoted, so that
no control character comes out raw.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from loadstone.custom.bytecode.assignments import Straight
from loadstone.custom.bytecode.decode import Code, Instruction
from loadstone.custom.bytecode.graph import Graph
from loadstone.custom.bytecode.nodes import constant, identifier, name
from loadstone.custom.bytecode.places import Function, Unstructured
from loadstone.custom.bytecode.rules import reduce
from loadstone.custom.bytecode.statements import body
from loadstone.errors import printable

MAX_CHARACTERS = 20_000
MAX_NESTING = 12
_PROBLEMS = (Unstructured, RecursionError, ValueError, TypeError, AttributeError, KeyError, IndexError)


def source(code: Code, defaults: Sequence[Any] | None = None, closure: Sequence[Any] | None = None) -> str:
    """The function as source: `lambda x, axis=1: ...` or `def name(...):` with its statements.

    defaults: values of its last positional arguments. closure: values of its free variables, written as a comment.
    Never raises for what `decode` returns.
    """
    try:
        text = ast.unparse(ast.fix_missing_locations(_function(code, defaults)))
    except _PROBLEMS:
        text = _listing(code)
    if closure:
        pairs = zip(code.free, closure, strict=False)
        text += "\n# with " + ", ".join(f"{identifier(word)} = {_short(value)}" for word, value in pairs)
    text = printable(text)
    return text if len(text) <= MAX_CHARACTERS else text[:MAX_CHARACTERS] + "\n..."


def _function(code: Code, defaults: Sequence[Any] | None) -> ast.AST:
    values = tuple(constant(value) for value in defaults or ())
    function = Function(code, values, {})
    if code.name == "<lambda>":
        return _lambda(function, 0)
    return ast.Module([_def(function, code.name, 0)], [])


def _lambda(function: Function, depth: int) -> ast.expr:
    code = function.code
    if code.name != "<lambda>":
        raise Unstructured("a function as a value")
    statements = _body(code, depth, is_lambda=True)
    if len(statements) == 1 and isinstance(statements[0], ast.Return) and statements[0].value is not None:
        return ast.Lambda(_arguments(function), statements[0].value)
    if len(statements) == 1 and isinstance(statements[0], ast.Pass):
        return ast.Lambda(_arguments(function), ast.Constant(None))
    raise Unstructured("a lambda of statements")


def _def(function: Function, word: str, depth: int) -> ast.stmt:
    statements = [*_declarations(function.code), *_body(function.code, depth, is_lambda=False)]
    made: Any = ast.FunctionDef(identifier(word), _arguments(function), statements, [], None, None)
    made.type_params = []  # of Python 3.12 and later
    return made  # type: ignore[no-any-return]


def _declarations(code: Code) -> list[ast.stmt]:
    """Variables of other scopes that the function assigns."""
    shared = {step.arg for step in code.instructions if step.op == "STORE_FREE" and step.arg in code.free}
    globals_ = {step.arg for step in code.instructions if step.op == "STORE_GLOBAL"}
    made: list[ast.stmt] = [ast.Global(sorted(map(identifier, globals_)))] if globals_ else []
    return [*made, ast.Nonlocal(sorted(map(identifier, shared)))] if shared else made


def _body(code: Code, depth: int, is_lambda: bool) -> list[ast.stmt]:
    if depth > MAX_NESTING:
        raise Unstructured("functions nest deeply")
    straight = Straight(lambda inner: _lambda(inner, depth + 1), lambda inner, word: _def(inner, word, depth + 1))
    straight.comprehension = lambda inner, value: _comprehension(inner, value, depth + 1)
    graph = Graph(code.instructions, straight, is_lambda)
    reduce(graph)
    return body(graph)


def _comprehension(code: Code, value: ast.expr, depth: int) -> ast.expr:
    """A comprehension that is a function of its first iterator."""
    kinds: dict[str, Any] = {
        "<listcomp>": ast.ListComp,
        "<setcomp>": ast.SetComp,
        "<dictcomp>": ast.DictComp,
        "<genexpr>": ast.GeneratorExp,
    }
    if code.name not in kinds or len(code.arguments) != 1 or depth > MAX_NESTING:
        raise Unstructured("a call of a function over an iterator")
    straight = Straight(lambda inner: _lambda(inner, depth + 1), lambda inner, word: _def(inner, word, depth + 1))
    straight.comprehension = lambda inner, source: _comprehension(inner, source, depth + 1)
    steps = code.instructions
    if code.name == "<genexpr>" and steps[-2:] == (Instruction("LOAD_CONST"), Instruction("RETURN")):
        steps = (*steps[:-2], Instruction("RETURN"))
        if any(step.target == len(code.instructions) - 1 for step in code.instructions):
            raise Unstructured("the end of a generator")
    graph = Graph(steps, straight, is_lambda=True, yields=code.name == "<genexpr>")
    reduce(graph)
    made = body(graph)
    result: Any = made[0].value if len(made) == 1 and isinstance(made[0], ast.Return) else None
    if not isinstance(result, kinds[code.name]):
        raise Unstructured("a comprehension of another shape")
    first = result.generators[0]
    if not isinstance(first.iter, ast.Name) or first.iter.id != identifier(code.arguments[0]):
        raise Unstructured("a comprehension over something else")
    first.iter = value
    return result  # type: ignore[no-any-return]


def _arguments(function: Function) -> ast.arguments:
    code = function.code
    made = [ast.arg(identifier(word)) for word in code.arguments]
    split = code.positional + code.keyword_only
    rest = made[split:]
    words = code.arguments[code.positional : split]
    return ast.arguments(
        posonlyargs=made[: code.positional_only],
        args=made[code.positional_only : code.positional],
        vararg=rest.pop(0) if code.has_varargs else None,
        kwonlyargs=made[code.positional : split],
        kw_defaults=[function.kwdefaults.get(word) for word in words],
        kwarg=rest.pop(0) if code.has_varkeywords else None,
        defaults=list(function.defaults[-code.positional :] if code.positional else ()),
    )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


# Instructions, where there is no source


def _listing(code: Code, indent: str = "", depth: int = 0) -> str:
    head = f"{indent}def {identifier(code.name)}({', '.join(map(identifier, code.arguments))}):  # its instructions"
    targets = {step.target for step in code.instructions}
    lines = [head]
    for index, step in enumerate(code.instructions):
        label = f"L{index}:" if index in targets else ""
        lines.append(f"{indent}    {label:<6}{step.op}{_argument(step)}")
        inner = step.arg
        if isinstance(inner, Code) and depth < MAX_NESTING:
            lines.append(_listing(inner, indent + "    ", depth + 1))
        if len(lines) > 500:
            return "\n".join([*lines, f"{indent}    ..."])
    return "\n".join(lines)


def _argument(step: Instruction) -> str:
    if step.target is not None:
        return f" {step.arg[0] + ' ' if isinstance(step.arg, tuple) else ''}L{step.target}"
    if step.arg is None and step.op != "LOAD_CONST":
        return ""
    if isinstance(step.arg, Code):
        return f" {identifier(step.arg.name)}"
    named = isinstance(step.arg, str) and step.op not in ("LOAD_CONST", "BINARY", "UNARY", "COMPARE", "UNSUPPORTED")
    return f" {name(step.arg).id if named else _short(step.arg) if step.op == 'LOAD_CONST' else printable(step.arg)}"
