"""The registry of rules: which function lowers which layer, and what it declares about it.

A rule is a function `(b, layer, *tensors, weights..., options of the call...) -> Value` (or a structure of Values). Its
parameters have the names of Keras' own `call`; weights come as keyword arguments under the names in `weights`
("bias?" may be absent). What a rule does not declare is refused: config keys outside `options`, call arguments
that are no parameter of the function, weights it does not name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from inspect import signature
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.ir.records import dataclass, field
from loadstone.lowering import index

# Config keys that cannot change what a layer computes at inference, whatever their value.
_TRAINING_ONLY = frozenset("name trainable dtype seed batch_input_shape batch_shape input_shape quantization_config".split())
_TRAINING_ONLY_ENDINGS = ("_initializer", "_regularizer", "_constraint")


def training_only(key: str) -> bool:
    """True for a config key that no rule needs to know."""
    return key in _TRAINING_ONLY or key.endswith(_TRAINING_ONLY_ENDINGS)


Function = TypeVar("Function", bound=Callable[..., Any])
Masking = Literal["pass", "stop"] | Callable[..., Any]


@dataclass(frozen=True)
class Rule:
    """How one class is lowered.

    masking: "pass" (the layer supports masking: its outputs carry the mask of its first argument), "stop" (the outputs
    have no mask), or a function `(b, layer, call) -> mask structure` as Keras' compute_mask, where `call` is a `Call`.
    weights: ("*",) takes all that there are, as a list `weights`.
    autocast: float inputs and weights are cast to the policy's compute dtype first, as Keras' Layer.__call__ does;
    "inputs" casts inputs alone. raw: the rule takes (walk, layer, call) and does the rest itself (wrappers).
    """

    name: str
    function: Callable[..., Any]
    weights: tuple[str, ...] = ()
    options: frozenset[str] = frozenset()
    masking: Masking = "stop"
    autocast: bool | Literal["inputs"] = True
    raw: bool = False

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of what the function takes, but for `*rest` and `**rest`."""
        found = signature(self.function).parameters.items()
        return tuple(name for name, p in found if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))


@dataclass
class Registry:
    """Rules by name; modules fill it when they are imported, which they are when a rule of theirs is asked for."""

    kind: str
    _rules: dict[str, Rule] = field(default_factory=dict)

    @property
    def rules(self) -> Mapping[str, Rule]:
        """All rules by name."""
        index.load_all()
        return MappingProxyType(self._rules)

    def get(self, name: str) -> Rule | None:
        """The rule of a name; None where there is none."""
        if name not in self._rules:
            index.load(self.kind, name)
        return self._rules.get(name)

    def __contains__(self, name: str) -> bool:
        return name in self._rules or index.has(self.kind, name)

    def __getitem__(self, name: str) -> Rule:
        found = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def __call__(self, *names: str, weights: tuple[str, ...] = (), options: str = "", **declared: Any) -> Callable[[Function], Function]:
        """Decorator: the function is the rule for these names. options is a string of config keys."""

        def register(function: Function) -> Function:
            for name in names:
                assert name not in self._rules, f"two rules for {name}"
                index.enter(self.kind, name)
                self._rules[name] = Rule(name, function, tuple(weights), frozenset(options.split()), **declared)
            return function

        return register


def check_options(layer: Layer, rule: Rule) -> None:
    """Raise UnsupportedAttribute where the config has an option that the rule does not declare."""
    unknown = sorted(key for key in set(layer.config) - rule.options if layer.domain != "keras" or not training_only(key))
    if unknown:
        shown = ", ".join(f"{key}={layer.config[key]!r}" for key in unknown)
        raise UnsupportedAttribute(f"{layer.class_name} with {shown}")


keras_layer = Registry("keras_layer")
keras_op = Registry("keras_op")
