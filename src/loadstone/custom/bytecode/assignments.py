"""Straight code as statements of Python: what the symbolic stack of `expressions` leaves behind."""

from __future__ import annotations

import ast
from typing import Any

from loadstone.custom.bytecode.decode import Instruction
from loadstone.custom.bytecode.expressions import Values
from loadstone.custom.bytecode.nodes import alias, dotted, identifier, name, same_place
from loadstone.custom.bytecode.places import Below, Function, Imported, Item, Iterator, Piece, Place, Taken, Unpacking, Unstructured


class Straight(Values):
    """Runs steps over a stack of expressions."""

    # Moving values

    def do_copy(self, arg: Any, step: Instruction) -> None:
        if arg == 1 and self.at < len(self.steps) and self._is_store(self.at):
            self._store_copy()
            return
        if not 0 < arg <= len(self.stack):
            raise Unstructured("a copy")
        value = self.stack[-arg]
        if not isinstance(value, (ast.Name, ast.Constant, Place)):
            value.copied = True
        self.push(value)

    def _is_store(self, at: int) -> bool:
        step = self.steps[at] if at < len(self.steps) else None
        return isinstance(step, Instruction) and step.op in ("STORE_LOCAL", "STORE_FREE", "STORE_GLOBAL")

    def _store_copy(self) -> None:
        """`a = b = value`, where another target follows, or `(a := value)`."""
        step = self.steps[self.at]
        assert isinstance(step, Instruction)
        following = self.steps[self.at + 1] if self.at + 1 < len(self.steps) else None
        self.at += 1
        more = self._is_store(self.at) or (following == Instruction("COPY", 1) and self._is_store(self.at + 1))
        if more or (isinstance(following, Instruction) and following.op == "UNPACK"):
            self.chain.append(name(step.arg, ast.Store()))
        else:
            self.push(ast.NamedExpr(name(step.arg, ast.Store()), self.value()))

    def do_swap(self, arg: Any, step: Instruction) -> None:
        if not 1 < arg <= len(self.stack):
            raise Unstructured("a swap")
        self.stack[-1], self.stack[-arg] = self.stack[-arg], self.stack[-1]

    def do_pop(self, arg: Any, step: Instruction) -> None:
        value = self.pop()
        if isinstance(value, Imported) and value.taken:
            self.state(ast.ImportFrom(value.name, value.taken, max(value.level, 0)))
        elif not isinstance(value, (Iterator, Imported, Below)) and arg != "annotations":
            self.state(ast.Expr(self.plain(value)))

    # Statements

    def do_store_local(self, arg: Any, step: Instruction) -> None:
        self._store(name(arg, ast.Store()), str(arg))

    do_store_free = do_store_global = do_store_local

    def do_store_attr(self, arg: Any, step: Instruction) -> None:
        self._store(ast.Attribute(self.value(), identifier(arg), ast.Store()))

    def do_store_subscr(self, arg: Any, step: Instruction) -> None:
        container, index = self.take(2)
        self._store(ast.Subscript(container, index, ast.Store()))

    def do_delete_subscr(self, arg: Any, step: Instruction) -> None:
        container, index = self.take(2)
        self.state(ast.Delete([ast.Subscript(container, index, ast.Del())]))

    def do_delete_local(self, arg: Any, step: Instruction) -> None:
        self.state(ast.Delete([name(arg, ast.Del())]))

    def _store(self, target: ast.expr, word: str = "") -> None:
        value = self.pop()
        if isinstance(value, Piece):
            self._fill(value.whole, target, value.index)
        elif isinstance(value, Taken):
            value.module.taken.append(alias(value.name, word))
        elif isinstance(value, Imported):
            self._import(value, word)
        elif isinstance(value, Function) and value.code.name != "<lambda>":
            self.state(self.functions(value, word))
        elif isinstance(value, Item):
            self.state(ast.Assign([target], value))
        else:
            self._assign(target, self.plain(value))

    def _import(self, module: Imported, word: str) -> None:
        first = module.name.split(".")[0]
        if module.names is not None:
            raise Unstructured("a module in the place of its names")
        self.state(ast.Import([ast.alias(dotted(module.name), None if word == first else identifier(word))]))

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if self.stack and self.stack[-1] is value:  # `x[0] = y = value`: the next target takes the other copy
            self.chain.append(target)
            return
        if self.chain:
            targets, self.chain = [*self.chain, target], []
            self.state(ast.Assign(targets, value))
            return
        targets, values = [target], [value]
        while self.stack and not isinstance(self.stack[-1], Place) and self._is_store(self.at):  # `a, b = b, a`
            step = self.steps[self.at]
            assert isinstance(step, Instruction)
            self.at += 1
            targets.append(name(step.arg, ast.Store()))
            values.append(self.value())
        if len(targets) > 1:
            pairs = sorted(zip(targets, values, strict=True), key=lambda pair: getattr(pair[1], "order", 0))
            made = ast.Tuple([pair[0] for pair in pairs], ast.Store())
            self.state(ast.Assign([made], ast.Tuple([pair[1] for pair in pairs], ast.Load())))
        elif isinstance(value, ast.BinOp) and getattr(value, "inplace", False) and same_place(target, value.left):
            self.state(ast.AugAssign(target, value.op, value.right))  # type: ignore[arg-type]
        else:
            self.state(ast.Assign([target], value))

    def do_unpack(self, arg: Any, step: Instruction) -> None:
        self._unpack(arg, None)

    def do_unpack_ex(self, arg: Any, step: Instruction) -> None:
        self._unpack(arg[0] + 1 + arg[1], arg[0])

    def _unpack(self, count: int, star: int | None) -> None:
        value = self.pop()
        whole = Unpacking(value if isinstance(value, (Piece, Item)) else self.plain(value), count, star)
        if not count:
            self._fill(whole)
        for index in reversed(range(count)):
            self.push(Piece(whole, index))

    def _fill(self, whole: Unpacking, target: ast.expr | None = None, index: int = 0) -> None:
        if target is not None:
            if index != len(whole.targets):
                raise Unstructured("an unpacking out of order")
            starred = whole.star == len(whole.targets)
            whole.targets.append(ast.Starred(target, ast.Store()) if starred else target)
        if len(whole.targets) < whole.count:
            return
        made = ast.Tuple(whole.targets, ast.Store())
        if isinstance(whole.value, Piece):
            self._fill(whole.value.whole, made, whole.value.index)
        else:
            targets, self.chain = [*self.chain, made], []
            self.state(ast.Assign(targets, whole.value))

    def do_import(self, arg: Any, step: Instruction) -> None:
        self.push(Imported(*arg))

    def do_import_from(self, arg: Any, step: Instruction) -> None:
        module = self.stack[-1] if self.stack else None
        if not isinstance(module, Imported):
            raise Unstructured("a name of no module")
        self.push(Taken(module, arg) if module.names is not None else Imported(module.name, None, module.level))

    def do_raise(self, arg: Any, step: Instruction) -> None:
        values = self.take(arg)
        if arg > 2:
            raise Unstructured("a traceback that is raised")
        self.state(ast.Raise(*values))
