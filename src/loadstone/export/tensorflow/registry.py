"""The registry of rules: which function writes which op as nodes of TensorFlow.

A rule for an ONNX op is a function `(w, *inputs, attributes...) -> Term` (or a list of them): its positional parameters are the inputs
of the op in ONNX' order, None for one that is left out, its keywords the attributes by their ONNX names, with ONNX' defaults. An attribute
that it does not take is refused. `w.wanted` are the Values that the op makes. A rule for a Python call is found by the type of the record
that is called, and takes it first: `(w, record, *inputs)`; where that is a layer (`Builder.host(does=layer)`), by the name of its class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from inspect import Parameter, signature
from types import MappingProxyType
from typing import Any, TypeVar

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Op

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Rule:
    """How one op is written. attributes are the names of those that the function knows."""

    function: Callable[..., Any]
    attributes: frozenset[str]

    def check(self, op: Op) -> None:
        """Raise UnsupportedAttribute for an attribute that the rule does not know."""
        unknown = sorted(set(op.attributes) - self.attributes)
        if unknown:
            raise UnsupportedAttribute(f"{op.kind} with " + ", ".join(f"{name}={op.attributes[name]!r:.40}" for name in unknown))


_ONNX: dict[tuple[str, str], Rule] = {}
_CALLS: dict[type | str, Callable[..., Any]] = {}


def onnx_op(*kinds: str, domain: str = "") -> Callable[[Function], Function]:
    """Decorator: the function is the rule for these ONNX ops."""

    def register(function: Function) -> Function:
        named = frozenset(p.name for p in signature(function).parameters.values() if p.kind is Parameter.KEYWORD_ONLY)
        for kind in kinds:
            assert (domain, kind) not in _ONNX, f"two rules for {kind}"
            _ONNX[domain, kind] = Rule(function, named)
        return function

    return register


def host_call(*kinds: type | str) -> Callable[[Function], Function]:
    """Decorator: the function is the rule for Python calls of objects of this type, or of operations of this name."""

    def register(function: Function) -> Function:
        for kind in kinds:
            assert kind not in _CALLS, f"two rules for {kind}"
            _CALLS[kind] = function
        return function

    return register


def rule_for(op: Op) -> Callable[..., Any] | Rule | None:
    """The rule of an op; None where there is none."""
    _load_all()
    return _CALLS.get(kind_of(op)) if op.domain == "host" else _ONNX.get((op.domain, op.kind))


def does(op: Op) -> Any:
    """What a Python call computes: its function, or what says it."""
    return op.attributes.get("does", op.function)


def kind_of(op: Op) -> type | str:
    """By what the rule for a Python call is found: the type of its function, or the class of the layer that it stands for."""
    found = does(op)
    return found.class_name if isinstance(found, Layer) else type(found)


def onnx_rules() -> Mapping[tuple[str, str], Rule]:
    """All rules for ONNX ops, by domain and kind."""
    _load_all()
    return MappingProxyType(_ONNX)


@cache
def _load_all() -> None:
    import pkgutil

    package = import_module(__name__.rpartition(".")[0])
    for found in pkgutil.iter_modules(package.__path__):
        import_module(f"{package.__name__}.{found.name}")
