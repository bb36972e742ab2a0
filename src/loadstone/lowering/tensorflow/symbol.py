"""One function of TensorFlow's API, and how a call of it becomes a call of its rule.

A call gives arguments in TensorFlow's order, by TensorFlow's names, and some that say nothing about what is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir.records import dataclass, field
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era

TAKEN = frozenset({"b", "input", "type"})  # names of parameters that end in "_" in rules
_IGNORED = frozenset(
    "name validate_indices parallel_iterations swap_memory back_prop seed layout use_cudnn_on_gpu a_is_sparse b_is_sparse".split()
)


@dataclass(frozen=True)
class Symbol:
    """One function: its rule, and the names of its arguments.

    parameters: those of the rule. order: what the arguments are that a call gives without names, with those that a rule has no use for
    ("name"). variadic: the rule takes any further ones. required: what a call must give. spellings: further names of parameters. dated: the
    rule wants to know the release of Keras whose function it is (`lowering.functions.era`); era: it is always this one.
    """

    name: str
    function: Callable[..., Any]
    parameters: tuple[str, ...]
    variadic: bool = False
    required: tuple[str, ...] = ()
    dated: bool = False
    order: tuple[str, ...] = ()
    spellings: Mapping[str, str] = field(default_factory=dict)
    era: Era | None = None

    @property
    def title(self) -> str:
        """The name as users know it."""
        return self.name if self.name.startswith(("keras.", "numpy.")) else f"tf.{self.name}"

    def means(self, other: Symbol, count: int) -> bool:
        """Whether a call with so many arguments without names is the same to both functions."""
        first, second = ([symbol.spellings.get(key, key) for key in symbol.order[:count]] for symbol in (self, other))
        return self.function is other.function and first == second

    def call(self, b: Builder, args: Sequence[Any], kwargs: Mapping[str, Any], era: Any = None) -> Any:
        """What a call gives. Raises UnsupportedAttribute for an argument that the rule does not know, ModelError for one that is missing.

        era is the release of Keras that the call was written for, where it is known.
        """
        if len(args) > len(self.order) and not self.variadic:
            raise UnsupportedAttribute(f"{self.title} with {len(args)} arguments")
        given: dict[str, Any] = {}
        for key, value in [*zip(self.order, args, strict=False), *kwargs.items()]:
            known = self.spellings.get(key, key)
            if key in kwargs and key in self.order[: len(args)] or value is not None and given.get(known) is not None:
                raise ModelError(f"{self.title} is given {known} twice")
            if known in self.parameters:
                given[known] = self._plain(value) if value is not None else given.get(known)
            elif value is not None and (key not in _IGNORED or key == "name" and not isinstance(value, str)):
                raise UnsupportedAttribute(f"{self.title} with {key}={value!r}")
        missing = [key for key in self.required if key not in given]
        if missing:
            raise ModelError(f"{self.title} without {', '.join(missing)}")
        first = [given.pop(key) for key in self._in_front(len(args))]
        rest = [self._plain(value) for value in args[len(self.order) :]]
        named = {f"{key}_" if key in TAKEN else key: value for key, value in given.items()}
        if self.dated:
            named["era"] = era if self.era is None else self.era
        return self.function(b, *first, *rest, **named)

    def _in_front(self, count: int) -> list[str]:
        """The first parameters that a call of so many arguments gives, as far as they have the order of the rule's."""
        found = []
        for key, parameter in zip(self.order[:count], self.parameters, strict=False):
            if self.spellings.get(key, key) != parameter:
                break
            found.append(parameter)
        return found

    def _plain(self, value: Any) -> Any:
        """An argument; a dtype of numpy's or Python's as its name. `float` is float32 for TensorFlow (`tf.as_dtype`)."""
        if value is float and not self.name.startswith("numpy."):
            return "float32"
        if value is float or value is int or value is bool or isinstance(value, type) and issubclass(value, np.generic):
            return np.dtype(value).name
        return value.name if isinstance(value, np.dtype) else value
