"""Functions that are another one under a name of their own, with parameters of their own: a row in a table.

A row is `name: "target parameters"`, where the parameters are those of the function in their order, "axis=-1" with what it is unless given,
"dim|axis=-1" where releases named it differently. They are handed on in that order, to a name of TensorFlow's or to a rule.
"""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Callable, Mapping
from inspect import Parameter, Signature
from typing import Any

from loadstone.errors import ModelError
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import TAKEN, enter, rule

Rule = Callable[..., Any]


def rows(prefix: str, table: Mapping[str, str]) -> None:
    """Enter functions that are functions of `tf` by other names."""
    for name, row in table.items():
        target, *parameters = row.split()
        enter(forwarded(target, parameters), f"{prefix}{name}")


def forwarded(target: str, parameters: list[str]) -> Rule:
    """A rule that calls that of another name."""

    def function(b: Builder, *values: Any) -> Any:
        return rule(target).function(b, *values)

    return renamed(function, *parameters)


def renamed(function: Rule, *parameters: str) -> Rule:
    """The same rule, which takes its operands by these names."""
    names, defaults = [], {}
    for parameter in parameters:
        name, equals, default = parameter.partition("=")
        names.append(name.split("|"))
        if equals:
            defaults[names[-1][0]] = literal_eval(default)

    def wrapper(b: Builder, *args: Any, **kwargs: Any) -> Any:
        values = list(args)
        if len(args) > len(names):
            raise ModelError(f"{len(args)} arguments where there are {len(names)}")
        given = {key.removesuffix("_"): value for key, value in kwargs.items()}
        for spellings in names[len(args) :]:
            found = [given.pop(name) for name in spellings if name in given]
            if len(found) > 1 or not found and spellings[0] not in defaults:
                raise ModelError(f"{' or '.join(spellings)} given {len(found)} times")
            values.append(found[0] if found else defaults[spellings[0]])
        if given:
            raise ModelError(f"{', '.join(sorted(given))} given twice")
        return function(b, *values)

    wrapper.__name__, wrapper.__doc__ = getattr(function, "__name__", "rule"), function.__doc__
    wrapper.__signature__ = _signature(names, defaults)  # type: ignore[attr-defined]
    return wrapper


def _signature(names: list[list[str]], defaults: dict[str, Any]) -> Signature:
    """First names can be given in order; further spellings by name alone."""
    first = [
        Parameter(
            _free(spelt[0]), Parameter.POSITIONAL_OR_KEYWORD, default=defaults.get(spelt[0], Parameter.empty if len(spelt) == 1 else None)
        )
        for spelt in names
    ]
    others = [Parameter(_free(name), Parameter.KEYWORD_ONLY, default=None) for spelt in names for name in spelt[1:]]
    builder = Parameter("b", Parameter.POSITIONAL_ONLY)
    return _relaxed([builder, *first, *others])


def _free(name: str) -> str:
    """A name that rules have taken ends in "_", as in rules that are written out."""
    return f"{name}_" if name in TAKEN else name


def _relaxed(parameters: list[Parameter]) -> Signature:
    """Python wants parameters with a default behind those without; the order counts here, and what must be given is checked above."""
    return Signature(parameters, __validate_parameters__=False)


def entered_as(function: Rule, parameters: list[tuple[str, bool]], dated: bool = False) -> Rule:
    """The function with a signature: names, "*" before one that takes all that follow, and whether each may be left out."""
    found = [Parameter("b", Parameter.POSITIONAL_ONLY)]
    for name, optional in parameters:
        kind = Parameter.VAR_POSITIONAL if name.startswith("*") else Parameter.POSITIONAL_OR_KEYWORD
        found.append(Parameter(_free(name.lstrip("*")), kind, default=None if optional else Parameter.empty))
    if dated:
        found.append(Parameter("era", Parameter.KEYWORD_ONLY, default=None))
    function.__signature__ = _relaxed(found)  # type: ignore[attr-defined]
    return function
