"""Straight code as expressions of Python: a symbolic stack.

Nothing is evaluated: values are nodes of `ast`. Where code does more than one expression after another can say, `Unstructured` is raised and
the caller shows the instructions instead.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from loadstone.custom.bytecode.decode import Code, Instruction
from loadstone.custom.bytecode.nodes import (
    COMPARISONS,
    OPERATORS,
    UNARY,
    constant,
    display,
    identifier,
    is_none,
    name,
    starred,
    text_parts,
)
from loadstone.custom.bytecode.places import Below, Function, Imported, Item, Iterator, Merged, Piece, Place, Step, Unstructured

MAX_WEIGHT = 10_000  # parts of one expression, copies counted each time


class Values:
    """Runs steps over a stack of expressions."""

    def __init__(self, lambdas: Callable[[Function], ast.expr], functions: Callable[[Function, str], ast.stmt]) -> None:
        self.lambdas, self.functions = lambdas, functions
        self.comprehension: Callable[[Code, ast.expr], ast.expr] | None = None

    def run(self, steps: Sequence[Step], stack: list[ast.expr]) -> list[ast.stmt]:
        """The statements of *steps*; *stack* becomes what they leave."""
        self.stack, self.steps, self.at = stack, steps, 0
        self.statements: list[ast.stmt] = []
        self.chain: list[ast.expr] = []
        self.pushed = 0
        while self.at < len(steps):
            step = steps[self.at]
            self.at += 1
            if isinstance(step, Merged):
                step.apply(self.stack)
            else:
                method = getattr(self, f"do_{step.op.lower()}", None)
                if method is None:
                    raise Unstructured(step.op)
                method(step.arg, step)
        return self.statements

    # The stack

    def pop(self) -> ast.expr:
        if not self.stack:
            raise Unstructured("an empty stack")
        return self.stack.pop()

    def value(self) -> ast.expr:
        return self.plain(self.pop())

    def plain(self, value: ast.expr) -> ast.expr:
        """A value as an expression of Python."""
        if isinstance(value, Function):
            return self.lambdas(value)
        if isinstance(value, Place) and not isinstance(value, Below):
            raise Unstructured(type(value).__name__)
        if isinstance(getattr(value, "value", None), Code):
            raise Unstructured("code as a value")
        return value

    def take(self, count: int) -> list[ast.expr]:
        return [self.value() for _ in range(count)][::-1]

    def push(self, value: ast.expr) -> None:
        self.pushed += 1
        value.order = self.pushed  # type: ignore[attr-defined]
        value.weight = _weight(value)  # type: ignore[attr-defined]
        self.stack.append(value)

    def state(self, statement: ast.stmt) -> None:
        """A statement is written: no value that was computed before it may still wait on the stack."""
        if any(not isinstance(value, (Iterator, Imported, Below, Piece, Item)) for value in self.stack):
            raise Unstructured("a statement amid an expression")
        once(statement)
        self.statements.append(statement)

    # Values

    def do_load_const(self, arg: Any, step: Instruction) -> None:
        self.push(constant(arg))

    def do_load_local(self, arg: Any, step: Instruction) -> None:
        self.push(name(arg))

    do_load_free = do_load_closure = do_load_local

    def do_load_global(self, arg: Any, step: Instruction) -> None:
        self.push(ast.Name(identifier(arg), ast.Load()))

    def do_load_attr(self, arg: Any, step: Instruction) -> None:
        if self.stack and isinstance(self.stack[-1], Imported):  # `import a.b as c` to Python 3.6
            return
        self.push(ast.Attribute(self.value(), identifier(arg), ast.Load()))

    def do_binary(self, arg: Any, step: Instruction) -> None:
        left, right = self.take(2)
        if arg == "[]":
            self.push(ast.Subscript(left, right, ast.Load()))
        else:
            made = ast.BinOp(left, OPERATORS[arg], right)
            made.inplace = step.inplace  # type: ignore[attr-defined]
            self.push(made)

    def do_unary(self, arg: Any, step: Instruction) -> None:
        self.push(ast.UnaryOp(UNARY[arg], self.value()))

    def do_compare(self, arg: Any, step: Instruction) -> None:
        left, right = self.take(2)
        self.push(ast.Compare(left, [COMPARISONS[arg]], [right]))

    def do_build(self, arg: Any, step: Instruction) -> None:
        kind, count = arg
        if kind == "dict":
            items = self.take(2 * count)
            self.push(ast.Dict(list(items[::2]), list(items[1::2])))
            return
        items = self.take(count)
        if kind == "slice":
            low, high = (None if is_none(end) else end for end in items[:2])
            self.push(ast.Slice(low, high, items[2] if count == 3 else None))
        elif kind == "string":
            self.push(ast.JoinedStr([part for item in items for part in text_parts(item)]))
        else:
            self.push(display(kind, items))

    def do_const_key_dict(self, arg: Any, step: Instruction) -> None:
        keys = self.value()
        values = self.take(arg)
        if not isinstance(keys, ast.Tuple) or len(keys.elts) != arg:
            raise Unstructured("keys of a dict")
        self.push(ast.Dict(list(keys.elts), list(values)))

    def do_format(self, arg: Any, step: Instruction) -> None:
        conversion, has_spec = arg
        spec = self.value() if has_spec else None
        value = self.value()
        number = ord(conversion) if conversion else -1
        layout = None if spec is None else ast.JoinedStr(text_parts(spec))
        inner = value.values[0] if isinstance(value, ast.JoinedStr) and len(value.values) == 1 else None
        if number == -1 and isinstance(inner, ast.FormattedValue) and inner.conversion != -1 and inner.format_spec is None:
            value, number = inner.value, inner.conversion
        self.push(ast.JoinedStr([ast.FormattedValue(value, number, layout)]))

    # Containers that grow

    def _grow(self, depth: int, items: Callable[[ast.expr], list[ast.expr] | None]) -> None:
        if not 0 < depth <= len(self.stack):
            raise Unstructured("a container is missing")
        target = self.stack[-depth]
        if not isinstance(target, (ast.List, ast.Set)):
            raise Unstructured("a container that is no display")
        made = type(target)(target.elts + (items(target) or []))
        if isinstance(made, ast.List):
            made.ctx = ast.Load()
        self.stack[-depth] = made

    def do_list_extend(self, arg: Any, step: Instruction) -> None:
        value = self.value()
        self._grow(arg, lambda target: list(value.elts) if isinstance(value, (ast.Tuple, ast.List, ast.Set)) else [starred(value)])

    do_set_update = do_list_extend

    def do_list_append(self, arg: Any, step: Instruction) -> None:
        value = self.value()
        if arg != 1:
            raise Unstructured("a loop that builds")
        self._grow(arg, lambda target: [value])

    do_set_add = do_list_append

    def do_dict_update(self, arg: Any, step: Instruction) -> None:
        value = self.value()
        if isinstance(value, ast.Dict):
            self._grow_dict(arg, value.keys, value.values)
        else:
            self._grow_dict(arg, [None], [value])

    def do_map_add(self, arg: Any, step: Instruction) -> None:
        key, value = self.take(2)
        if arg != 1:
            raise Unstructured("a loop that builds")
        self._grow_dict(arg, [key], [value])

    def _grow_dict(self, depth: int, keys: list[ast.expr | None], values: list[ast.expr]) -> None:
        if not 0 < depth <= len(self.stack) or not isinstance(self.stack[-depth], ast.Dict):
            raise Unstructured("a dict that is no display")
        target: Any = self.stack[-depth]
        self.stack[-depth] = ast.Dict(target.keys + keys, target.values + values)

    def do_list_to_tuple(self, arg: Any, step: Instruction) -> None:
        value = self.value()
        if not isinstance(value, ast.List):
            raise Unstructured("a tuple of a list")
        self.push(ast.Tuple(value.elts, ast.Load()))

    # Calls and functions

    def do_call(self, arg: Any, step: Instruction) -> None:
        count, names = arg
        args = [self.pop() for _ in range(count + len(names))][::-1]
        called = self.pop()
        if isinstance(called, Function) and [type(value) for value in args] == [Iterator] and self.comprehension is not None:
            self.push(self.comprehension(called.code, args[0].value))  # type: ignore[attr-defined]
            return
        plain = [self.plain(value) for value in args]
        keywords = [ast.keyword(identifier(word), value) for word, value in zip(names, plain[count:], strict=True)]
        self.push(ast.Call(self.plain(called), plain[:count], keywords))

    def do_call_ex(self, arg: Any, step: Instruction) -> None:
        kwargs = self.value() if arg else None
        args = self.value()
        positional = list(args.elts) if isinstance(args, (ast.Tuple, ast.List)) else [starred(args)]
        pairs: list[tuple[ast.expr | None, ast.expr]] = []
        if isinstance(kwargs, ast.Dict):
            pairs = list(zip(kwargs.keys, kwargs.values, strict=True))
        elif kwargs is not None:
            pairs = [(None, kwargs)]
        keywords = []
        for key, value in pairs:
            if key is not None and not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                raise Unstructured("names of keyword arguments")
            keywords.append(ast.keyword(None if key is None else identifier(key.value), value))
        self.push(ast.Call(self.value(), positional, keywords))

    def do_make_function(self, arg: Any, step: Instruction) -> None:
        code: Any = getattr(self.pop(), "value", None)
        if not isinstance(code, Code):
            raise Unstructured("a function without code")
        if arg[2]:
            self.pop()
        kwdefaults = self.value() if arg[1] else ast.Dict([], [])
        defaults = self.value() if arg[0] else ast.Tuple([], ast.Load())
        if not isinstance(defaults, ast.Tuple) or not isinstance(kwdefaults, ast.Dict):
            raise Unstructured("defaults of a function")
        words = [key.value if isinstance(key, ast.Constant) else None for key in kwdefaults.keys]
        self.push(Function(code, tuple(defaults.elts), dict(zip(map(str, words), kwdefaults.values, strict=True))))

    def do_yield(self, arg: Any, step: Instruction) -> None:
        self.push(ast.Yield(self.value()))

    def do_get_iter(self, arg: Any, step: Instruction) -> None:
        self.push(Iterator(self.value()))


def _weight(value: ast.AST) -> int:
    weight = 1
    for child in ast.iter_child_nodes(value):
        weight += getattr(child, "weight", 0) or _weight(child)
    if weight > MAX_WEIGHT:
        raise Unstructured("a large expression")
    return weight


def once(node: ast.AST) -> None:
    """Code that copies a value computes it once; source that says it twice would not."""
    seen = set()
    for part in ast.walk(node):
        if getattr(part, "copied", False):
            if id(part) in seen:
                raise Unstructured("a value that is used twice")
            seen.add(id(part))
