"""Data out of a pickle stream without unpickling: opcodes are interpreted over plain values, nothing is imported or called.

Classes and functions named in the stream become `Opaque` records of a name, arguments and state; numpy arrays are the one
kind that is understood further. Opcodes: https://github.com/python/cpython/blob/main/Lib/pickletools.py. Needed for the
`.npz` weights that Keras writes, whose members are pickled dicts of arrays.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from loadstone.errors import CorruptFile, LoadstoneError, UnsupportedVersion
from loadstone.ir.records import dataclass, field

MAX_OPCODES = 2_000_000
MAX_DEPTH = 100
_MARK = object()
_SCALAR = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
_RECONSTRUCT = ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")


@dataclass(eq=False)
class Opaque:
    """An object that only code could make: `name` called with `args`, then given `state`.

    Where what was called is itself such an object (a `functools.partial`), it is the first of args.
    """

    name: str
    args: tuple[Any, ...] = ()
    state: Any = None

    def arrays(self) -> list[np.ndarray]:
        """Every array somewhere in it."""
        found: list[np.ndarray] = []
        waiting, seen = [self.args, self.state], set[int]()
        while waiting:
            value = waiting.pop()
            if id(value) in seen:
                continue
            seen.add(id(value))
            if isinstance(value, np.ndarray):
                found.append(value)
            elif isinstance(value, Opaque):
                waiting += [value.args, value.state]
            elif isinstance(value, dict):
                waiting += value.values()
            elif isinstance(value, (list, tuple)):
                waiting += value
        return found


def read(data: bytes, where: str = "") -> Any:
    """The value of a pickle stream: dicts, lists, tuples, numbers, text, bytes, arrays and Opaque records."""
    machine = _Machine()
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            if count > MAX_OPCODES:
                raise CorruptFile(f"more than {MAX_OPCODES} pickle opcodes", where=where)
            if opcode.name == "STOP":
                return _Values().of(machine.stack[-1])
            machine.step(opcode.name, argument)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, LoadstoneError):
            raise
        raise CorruptFile(f"a pickle stream is damaged: {type(error).__name__} {error}", where=where) from error
    raise CorruptFile("a pickle stream ends too early", where=where)


@dataclass
class _Machine:
    """The stack and memo of the pickle machine."""

    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def step(self, name: str, argument: Any) -> None:
        if name in _PUSH_ARGUMENT:
            self.stack.append(argument)
        elif name in _PUSH:
            self.stack.append(_PUSH[name]())
        elif name in _ACTIONS:
            _ACTIONS[name](self, argument)
        elif name not in ("PROTO", "FRAME"):
            raise UnsupportedVersion(f"pickle opcode {name} is not read")

    def since_mark(self) -> list[Any]:
        """The values above the last mark, which goes as well."""
        start = len(self.stack) - 1 - self.stack[::-1].index(_MARK)
        values = self.stack[start + 1 :]
        del self.stack[start:]
        return values

    def take(self, count: int) -> list[Any]:
        values = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return values

    def memoize(self, key: int | None) -> None:
        self.memo[len(self.memo) if key is None else key] = self.stack[-1]

    def make_global(self, module: Any, name: Any) -> None:
        self.stack.append(Opaque(f"{module}.{name}"))

    def call(self) -> None:
        made, args = self.take(2)
        plain = made.args == () and made.state is None
        self.stack.append(Opaque(made.name, tuple(args) if plain else (made, *args)))

    def build(self) -> None:
        state = self.stack.pop()
        if isinstance(self.stack[-1], Opaque):
            self.stack[-1].state = state

    def extend(self, values: list[Any]) -> None:
        self.stack[-1].extend(values)

    def make_dict(self, items: list[Any]) -> None:
        self.stack.append({})
        self.set_items(items)

    def set_items(self, items: list[Any]) -> None:
        self.stack[-1].update(zip(items[::2], items[1::2], strict=True))


_PUSH_ARGUMENT = frozenset(
    "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8 STRING BINSTRING"
    " SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8".split()
)
_PUSH: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_SET": list,
    "MARK": lambda: _MARK,
}
_ACTIONS: dict[str, Callable[[_Machine, Any], object]] = {
    "TUPLE": lambda m, _: m.stack.append(tuple(m.since_mark())),
    "TUPLE1": lambda m, _: m.stack.append(tuple(m.take(1))),
    "TUPLE2": lambda m, _: m.stack.append(tuple(m.take(2))),
    "TUPLE3": lambda m, _: m.stack.append(tuple(m.take(3))),
    "LIST": lambda m, _: m.stack.append(m.since_mark()),
    "FROZENSET": lambda m, _: m.stack.append(m.since_mark()),
    "DICT": lambda m, _: m.make_dict(m.since_mark()),
    "APPEND": lambda m, _: m.extend(m.take(1)),
    "APPENDS": lambda m, _: m.extend(m.since_mark()),
    "ADDITEMS": lambda m, _: m.extend(m.since_mark()),
    "SETITEM": lambda m, _: m.set_items(m.take(2)),
    "SETITEMS": lambda m, _: m.set_items(m.since_mark()),
    "POP": lambda m, _: m.stack.pop(),
    "POP_MARK": lambda m, _: m.since_mark(),
    "DUP": lambda m, _: m.stack.append(m.stack[-1]),
    "PUT": lambda m, key: m.memoize(key),
    "BINPUT": lambda m, key: m.memoize(key),
    "LONG_BINPUT": lambda m, key: m.memoize(key),
    "MEMOIZE": lambda m, _: m.memoize(None),
    "GET": lambda m, key: m.stack.append(m.memo[key]),
    "BINGET": lambda m, key: m.stack.append(m.memo[key]),
    "LONG_BINGET": lambda m, key: m.stack.append(m.memo[key]),
    "GLOBAL": lambda m, names: m.make_global(*names.split(" ", 1)),
    "STACK_GLOBAL": lambda m, _: m.make_global(*m.take(2)),
    "REDUCE": lambda m, _: m.call(),
    "NEWOBJ": lambda m, _: m.call(),
    "BUILD": lambda m, _: m.build(),
}


class _Values:
    """Records of numpy arrays become arrays, everywhere; what is shared is converted once."""

    def __init__(self) -> None:
        self._done: dict[int, Any] = {}
        self._kept: list[Any] = []

    def of(self, value: Any, depth: int = 0) -> Any:
        if depth > MAX_DEPTH:
            raise ValueError("values are nested too deep or contain themselves")
        if not isinstance(value, (dict, list, tuple, Opaque)):
            return value
        if id(value) not in self._done:
            self._kept.append(value)  # so that no other object gets its id
            self._done[id(value)] = self._convert(value, depth + 1)
        return self._done[id(value)]

    def _convert(self, value: Any, depth: int) -> Any:
        if isinstance(value, dict):
            return {key: self.of(inner, depth) for key, inner in value.items() if isinstance(key, (str, int))}
        if isinstance(value, (list, tuple)):
            return type(value)(self.of(inner, depth) for inner in value)
        if value.name in _RECONSTRUCT:
            return self.array(value.state, depth)
        if value.name in _SCALAR:
            return self.array((1, (), value.args[0], False, value.args[1]), depth)
        if value.name == "jax._src.array._reconstruct_array":
            return self.array(value.args[2], depth)
        return Opaque(value.name, self.of(value.args, depth), self.of(value.state, depth))

    def array(self, state: Any, depth: int) -> Any:
        """A numpy array from its pickled state (version, shape, dtype, column-major, bytes); an array of one object is that object."""
        _, shape, kind, column_major, raw = state
        if isinstance(raw, list):
            if shape != () or len(raw) != 1:
                raise ValueError("an array of objects")
            return self.of(raw[0], depth)
        dtype = _dtype(kind)
        if len(raw) != prod(shape) * dtype.itemsize:
            raise ValueError(f"an array of shape {shape} and type {dtype} in {len(raw)} bytes")
        return np.frombuffer(bytes(raw), dtype).reshape(shape, order="F" if column_major else "C")


def _dtype(record: Any) -> np.dtype:
    """The dtype of a record such as numpy.dtype("f4", False, True) with state (3, "<", ...)."""
    kind = record.args[0]
    if isinstance(kind, Opaque) and kind.name.startswith("ml_dtypes."):
        from loadstone.ir import dtypes

        return dtypes.to_numpy(kind.name.rpartition(".")[2])
    dtype = np.dtype(kind) if isinstance(kind, str) and kind[0] in "?bBhHiIlLqQefdgFDiufc" and len(kind) <= 4 else None
    if dtype is None or dtype.hasobject:
        raise ValueError(f"elements of type {kind!r}")
    return dtype.newbyteorder(record.state[1]) if record.state and record.state[1] in "<>" else dtype
