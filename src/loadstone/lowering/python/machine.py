"""The walk of a function's instructions with tensors for its arguments.

A stack machine over the instructions of `custom.bytecode`, which mean the same for every release of Python. Conditions and loops run as
they are met, so that only what is known of a tensor (its shape, its dtype) can steer them. Nothing of Python itself is run but the
operations and functions in the tables of this package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from loadstone.custom.bytecode import Code
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era
from loadstone.lowering.python import collecting, operations
from loadstone.lowering.python.attributes import attribute
from loadstone.lowering.python.bounds import COSTLY_STEP, Steps
from loadstone.lowering.python.calls import Caller
from loadstone.lowering.python.frames import Frame, bound
from loadstone.lowering.python.names import attribute_of
from loadstone.lowering.python.objects import (
    MAX_DEPTH,
    MAX_ITEMS,
    CannotLift,
    Cell,
    Function,
    Living,
    Name,
    Variables,
)


class Machine:
    """Walks functions. All that it meets is bounded: a file's code may not run for ever."""

    def __init__(self, b: Builder, era: Era | None = None, masked: bool = False, variables: Variables | None = None) -> None:
        self.b = b
        self._caller = Caller(b, self.call, era, self._within, masked, variables)
        self.steps = Steps()
        self._depth = 0

    def call(self, function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """What a call gives: of a function that is walked, or of a name that means something."""
        if not isinstance(function, Function):
            self.steps.handle(function, args, kwargs)
            found = self._caller.call(function, list(args), dict(kwargs))
            self.steps.handle(found)
            return found
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CannotLift(f"more than {MAX_DEPTH} calls inside each other")
        try:
            return self._run(Frame(function, bound(function, args, kwargs), dict(function.cells)))
        finally:
            self._depth -= 1

    def is_copy(self, x: Value) -> bool:
        """True for a tensor that is one that the function was given, and was another one in Keras."""
        return self._caller.is_copy(x)

    @contextmanager
    def _within(self, b: Builder) -> Iterator[None]:
        """Have ops written by another builder for a while."""
        before = self.b
        self.b = self._caller.b = b
        try:
            yield
        finally:
            self.b = self._caller.b = before

    def _run(self, frame: Frame) -> Any:
        code, place = frame.function.code.instructions, 0
        while True:
            instruction = code[place]
            self.steps.take(COSTLY_STEP if instruction.op in _COSTLY else 1)
            if instruction.op == "RETURN":
                return frame.given if frame.function.code.is_generator else frame.stack.pop()
            step = _STEPS.get(instruction.op)
            if step is None:
                name = str(instruction.arg) if instruction.op == "UNSUPPORTED" else instruction.op
                raise CannotLift(_STATEMENTS.get(name, name))
            target = (self._grow if instruction.inplace else partial(step, self))(frame, instruction.arg)
            place = place + 1 if target is None else target

    # -- names ----------------------------------------------------------------------------------------------------------

    def _local(self, frame: Frame, name: str) -> None:
        cell = frame.cells.get(name)
        if name in frame.variables:
            frame.stack.append(frame.variables[name])
        elif cell is not None and cell.full:
            frame.stack.append(cell.value)
        else:
            raise CannotLift(f"the variable {name!r}, which has no value")

    def _store_local(self, frame: Frame, name: str) -> None:
        frame.variables[name] = frame.stack.pop()

    def _cell(self, frame: Frame, name: str) -> Cell:
        if name not in frame.cells:
            frame.cells[name] = Cell(frame.variables.pop(name), True) if name in frame.variables else Cell()
        return frame.cells[name]

    def _free(self, frame: Frame, name: str) -> None:
        cell = self._cell(frame, name)
        if not cell.full:
            raise CannotLift(f"the variable {name!r}, which has no value")
        frame.stack.append(cell.value)

    def _store_free(self, frame: Frame, name: str) -> None:
        cell = self._cell(frame, name)
        cell.value, cell.full = frame.stack.pop(), True

    def _global(self, frame: Frame, name: str) -> None:
        frame.stack.append(frame.variables[name] if name in frame.variables else frame.function.names(name))

    def _import(self, frame: Frame, what: tuple[str, Any, int]) -> None:
        path, names, level = what
        if level:
            raise CannotLift("a relative import")
        frame.stack.append(Name(path if names else path.partition(".")[0]))

    def _import_from(self, frame: Frame, name: str) -> None:
        frame.stack.append(attribute(frame.stack[-1], name))

    def _make_function(self, frame: Frame, parts: tuple[bool, bool, bool]) -> None:
        code = frame.stack.pop()
        has_defaults, has_keyword_defaults, has_closure = parts
        cells = frame.stack.pop() if has_closure else ()
        keyword_defaults = frame.stack.pop() if has_keyword_defaults else {}
        defaults = frame.stack.pop() if has_defaults else ()
        if not (isinstance(code, Code) and isinstance(cells, tuple) and isinstance(keyword_defaults, dict) and isinstance(defaults, tuple)):
            raise CannotLift("a function without code")
        shared = dict(zip(code.free, cells, strict=True))
        frame.stack.append(Function(code, frame.function.names, tuple(defaults), keyword_defaults, shared))

    # -- values ---------------------------------------------------------------------------------------------------------

    def _format(self, frame: Frame, what: tuple[Any, bool]) -> None:
        conversion, has_spec = what
        spec = frame.stack.pop() if has_spec else ""
        value = frame.stack.pop()
        if conversion or spec or not isinstance(value, (str, int, float)):
            raise CannotLift("text that is made of values")
        frame.stack.append(str(value))

    def _store_item(self, frame: Frame, _: Any) -> None:
        value, owner, key = frame.pop(3)
        self.steps.handle(value, key, owner if isinstance(owner, np.ndarray) else None)
        if isinstance(owner, np.ndarray):
            return operations.store(owner, key, value)
        if not isinstance(owner, (list, dict)) or isinstance(key, (Value, slice)):
            raise CannotLift(f"an assignment to a part of a {'tensor' if isinstance(owner, Value) else type(owner).__name__}")
        try:
            owner[key] = value
        except (TypeError, LookupError) as error:
            raise CannotLift(str(error)) from error
        return None

    def _binary(self, frame: Frame, symbol: str) -> None:
        x, y = frame.pop(2)
        self.steps.handle(x, y)
        found = operations.subscript(self.b, x, y) if symbol == "[]" else operations.binary(self.b, symbol, x, y)
        self.steps.handle(found)
        frame.stack.append(self._caller.note("", [x, y], found) if isinstance(x, Value) else found)

    def _grow(self, frame: Frame, symbol: str) -> None:
        """x += y and the like, which change a list or an array that others may hold."""
        if isinstance(frame.stack[-2], np.ndarray) and not operations.holds_tensor(frame.stack[-1]):
            x, y = frame.pop(2)
            self.steps.handle(x, y)
            operations.store(x, ..., operations.binary(self.b, symbol, x, y), same=True)
            return frame.stack.append(x)
        if symbol != "+" or not isinstance(frame.stack[-2], list):
            return self._binary(frame, symbol)
        more = self.items(frame.stack.pop())
        frame.stack[-1].extend(more)
        return collecting.check_length(frame.stack[-1])

    def _compare(self, frame: Frame, symbol: str) -> None:
        x, y = frame.pop(2)
        self.steps.handle(x, y)
        frame.stack.append(operations.compare(self.b, symbol, x, y))

    def _unary(self, frame: Frame, symbol: str) -> None:
        x = frame.stack.pop()
        self.steps.handle(x)
        frame.stack.append(not operations.truth(x) if symbol == "not" else operations.unary(self.b, symbol, x))

    def _attribute(self, frame: Frame, name: str) -> None:
        owner = frame.stack.pop()
        found = attribute_of(owner, name) if isinstance(owner, Living) else attribute(owner, name)
        transposed = name == "T" and isinstance(owner, Value)
        frame.stack.append(self.call(found, [], {}) if transposed else found)

    # -- calls ----------------------------------------------------------------------------------------------------------

    def _call(self, frame: Frame, what: tuple[int, tuple[str, ...]]) -> None:
        count, names = what
        named = frame.pop(len(names))
        args = frame.pop(count)
        frame.stack.append(self.call(frame.stack.pop(), args, dict(zip(names, named, strict=True))))

    def _call_unpacked(self, frame: Frame, has_kwargs: bool) -> None:
        kwargs = frame.stack.pop() if has_kwargs else {}
        args = self.items(frame.stack.pop())
        if not isinstance(kwargs, dict):
            raise CannotLift("a call with ** of something that is no dict")
        frame.stack.append(self.call(frame.stack.pop(), args, kwargs))

    def items(self, x: Any) -> list[Any]:
        """All items of something."""
        found = list(islice(collecting.iterate(x), MAX_ITEMS + 1))
        collecting.check_length(found)
        self.steps.handle(found)
        return found

    # -- order ----------------------------------------------------------------------------------------------------------

    def _jump_if(self, frame: Frame, what: tuple[str, int]) -> int | None:
        condition, target = what
        return target if _holds(frame.stack.pop(), condition) else None

    def _jump_or_pop(self, frame: Frame, what: tuple[str, int]) -> int | None:
        condition, target = what
        if _holds(frame.stack[-1], condition):
            return target
        frame.stack.pop()
        return None

    def _iterator(self, frame: Frame, _: Any) -> None:
        frame.stack.append(collecting.iterate(frame.stack.pop()))

    def _next(self, frame: Frame, target: int) -> int | None:
        for item in frame.stack[-1]:
            frame.stack.append(item)
            return None
        frame.stack.pop()
        return target

    def _swap(self, frame: Frame, n: int) -> None:
        frame.stack[-1], frame.stack[-n] = frame.stack[-n], frame.stack[-1]

    def _yield(self, frame: Frame, _: Any) -> None:
        frame.given.append(frame.stack[-1])
        frame.stack[-1] = None

    def _raise(self, frame: Frame, _: Any) -> None:
        kind = next((x.path.rpartition(".")[2] for x in reversed(frame.stack) if isinstance(x, Name)), "an error")
        raise CannotLift(f"{kind}, which it raises")


def _append_to_stack(_: Machine, frame: Frame, value: Any) -> None:
    frame.stack.append(value)


_STATEMENTS = {
    **dict.fromkeys(("SETUP_EXCEPT", "SETUP_FINALLY"), "a try statement"),
    **dict.fromkeys(("SETUP_WITH", "BEFORE_WITH", "LOAD_SPECIAL"), "a with statement"),
}
_COSTLY = {"BINARY", "CALL", "CALL_EX", "COMPARE", "UNARY", "UNPACK", "UNPACK_EX"}
_STEPS: dict[str, Callable[[Machine, Frame, Any], int | None]] = {
    "LOAD_CONST": _append_to_stack,
    "LOAD_LOCAL": Machine._local,
    "STORE_LOCAL": Machine._store_local,
    "DELETE_LOCAL": lambda _, frame, name: frame.variables.pop(name, None) and None,
    "LOAD_GLOBAL": Machine._global,
    "LOAD_FREE": Machine._free,
    "STORE_FREE": Machine._store_free,
    "LOAD_CLOSURE": lambda machine, frame, name: frame.stack.append(machine._cell(frame, name)),
    "LOAD_ATTR": Machine._attribute,
    "BINARY": Machine._binary,
    "COMPARE": Machine._compare,
    "UNARY": Machine._unary,
    "BUILD": collecting.build,
    "CONST_KEY_DICT": collecting.constant_keys,
    "FORMAT": Machine._format,
    "UNPACK": collecting.unpack,
    "UNPACK_EX": collecting.unpack_rest,
    "LIST_EXTEND": collecting.extend,
    "LIST_APPEND": collecting.append,
    "LIST_TO_TUPLE": lambda _, frame, __: frame.stack.append(tuple(frame.stack.pop())),
    "SET_ADD": collecting.add,
    "SET_UPDATE": collecting.add_all,
    "MAP_ADD": collecting.put,
    "DICT_UPDATE": collecting.put_all,
    "STORE_SUBSCR": Machine._store_item,
    "CALL": Machine._call,
    "CALL_EX": Machine._call_unpacked,
    "MAKE_FUNCTION": Machine._make_function,
    "IMPORT": Machine._import,
    "IMPORT_FROM": Machine._import_from,
    "POP": lambda _, frame, __: frame.stack.pop() and None,
    "COPY": lambda _, frame, n: frame.stack.append(frame.stack[-n]),
    "SWAP": Machine._swap,
    "JUMP": lambda _, __, target: int(target),
    "JUMP_IF": Machine._jump_if,
    "JUMP_IF_OR_POP": Machine._jump_or_pop,
    "GET_ITER": Machine._iterator,
    "FOR_ITER": Machine._next,
    "YIELD": Machine._yield,
    "RAISE": Machine._raise,
}


def _holds(x: Any, condition: str) -> bool:
    if condition in ("none", "not none"):
        return (x is None) == (condition == "none")
    return operations.truth(x) == (condition == "true")
