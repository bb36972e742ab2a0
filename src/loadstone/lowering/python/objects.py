"""What a walked function handles besides tensors (`Value`) and Python's own numbers, strings, tuples, lists and dicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from loadstone.custom.bytecode import Code
from loadstone.errors import UnsupportedAttribute
from loadstone.ir.records import dataclass, field
from loadstone.lowering.block import Value

MAX_DEPTH = 50  # calls inside calls
MAX_NAME = 500
MAX_ITEMS = 100_000  # of a list, a string, an array


class CannotLift(UnsupportedAttribute):
    """The function does something that has no place in a graph."""


@dataclass(frozen=True)
class Name:
    """A dotted name of a package that functions know: a module, a function, a class or a constant in it."""

    path: str

    def part(self, name: str) -> Name:
        """A name inside this one."""
        if len(self.path) > MAX_NAME:
            raise CannotLift(f"a name of more than {MAX_NAME} characters")
        return Name(f"{self.path}.{name}")

    def __str__(self) -> str:
        return self.path


class DType(str):
    """A dtype: its name, which may also be called and asked for its `name`."""

    __slots__ = ()


class Shape(tuple[Any, ...]):
    """A shape: None where a length is free."""

    __slots__ = ()


class Fields(list[Any]):
    """Several results that also have names, as those of `tf.nn.top_k` have."""

    __slots__ = ("names",)

    def __init__(self, names: tuple[str, ...], values: Sequence[Any]) -> None:
        super().__init__(values)
        self.names = names


class Callback:
    """A walked function as one of Python over tensors, which `inside(b)` has its ops written elsewhere: into the body of a loop."""

    def __init__(self, call: Callable[..., Any], within: Callable[[Any], AbstractContextManager[None]]) -> None:
        self._call, self._within = call, within

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(args, kwargs)

    def inside(self, b: Any) -> AbstractContextManager[None]:
        """While this lasts, the function's ops go to another builder."""
        return self._within(b)


class Variables:
    """The variables that a Lambda of TensorFlow 1.15 keeps, in the order in which its function makes them.

    A variable that is made under a name that was there before, None among them, is the one that was made first
    (tensorflow/python/keras/layers/core.py of 1.15, `_variable_creator`).
    """

    def __init__(self, kept: Sequence[Value]) -> None:
        self._left, self._made = list(kept), dict[Any, Value]()

    def take(self, name: Any, wanted: Value) -> Value:
        """The variable that a call of this name gives, which would begin as *wanted*."""
        if name not in self._made:
            if not self._left or (self._left[0].shape, self._left[0].dtype) != (wanted.shape, wanted.dtype):
                raise CannotLift(f"a variable of {wanted.dtype} and shape {wanted.shape}, which is not the one that the file keeps")
            self._made[name] = self._left.pop(0)
        return self._made[name]

    def check(self) -> None:
        """Raise CannotLift where the function has not made all."""
        if self._left:
            raise CannotLift(f"{len(self._left)} weights of the layer that it does not make")


@dataclass(eq=False)
class Cell:
    """A variable that a function shares with those inside it."""

    value: Any = None
    full: bool = False


@dataclass(frozen=True, eq=False)
class Function:
    """A function with what belongs to it. names finds its globals; it raises CannotLift for those that nobody knows."""

    code: Code
    names: Callable[[str], Any]
    defaults: tuple[Any, ...] = ()
    keyword_defaults: Mapping[str, Any] = field(default_factory=dict)
    cells: Mapping[str, Cell] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Method:
    """A method of something, not yet called."""

    owner: Any
    name: str


@dataclass(frozen=True, eq=False)
class Partial:
    """A function with some of its arguments: a bound method has its object."""

    function: Any
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Living:
    """An object of the running Python, of a class of the user's."""

    object: Any


@dataclass(frozen=True)
class Drawn:
    """What a function gives that draws numbers whenever the model runs, and all that is made of it.

    It must not reach the function's result, which `K.in_train_phase` sees to.
    """

    path: str

    def __str__(self) -> str:
        return f"{self.path}, which draws numbers whenever the model runs"
