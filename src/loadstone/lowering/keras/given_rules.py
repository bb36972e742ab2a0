"""Rules that the caller supplied (`custom.rules`), as rules of the registry."""

from __future__ import annotations

from collections.abc import Mapping

from loadstone.custom import Given
from loadstone.custom.rules import LayerRule
from loadstone.custom.weights import counted, weights_of
from loadstone.errors import LoadstoneError, ModelError
from loadstone.ir import Layer, Tensor
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.registry import Rule


def given_rule(layer: Layer) -> Rule | None:
    """The rule that was given for a layer; None where something else was, or nothing."""
    found = None if layer.given is None else layer.given.object
    if not isinstance(found, LayerRule):
        return None
    options = frozenset({*found.options.split(), "autocast"})
    autocast = found.autocast if layer.config.get("autocast", True) else False
    return Rule(layer.class_name, found.function, found.weights, options, found.masking, autocast)


def given_weights(layer: Layer, rule: Rule) -> Mapping[str, Tensor]:
    """The layer's tensors under the names that its rule declares: by name, or by place where the file counts them."""
    stored = weights_of(layer)
    names = [name.rstrip("?") for name in rule.weights]
    if set(stored) <= set(names) and not counted(list(stored)):
        return stored
    if len(stored) != len(names):
        have = ", ".join(f"{name} {tensor.shape}" for name, tensor in stored.items()) or "none"
        raise ModelError(f"the rule for {layer.class_name} declares the weights {', '.join(names) or 'none'}; the file has {have}")
    return dict(zip(names, stored.values(), strict=True))


def note(b: Builder, layer: Layer) -> None:
    """A rule that does not say that it keeps samples apart keeps them together."""
    if layer.given is not None and not layer.given.object.samples_apart:
        b.together.append(layer.path or layer.name)


def given_activation(b: Builder, x: Value, given: Given) -> Value:
    """An activation by a rule that was given for its name: a tensor of the same shape and dtype. Raises ModelError for another."""
    rule: LayerRule = given.object
    layer = Layer("Activation", given.name, {}, given=given)
    note(b, layer)
    try:
        y = rule.function(b, layer, x)
    except LoadstoneError:
        raise
    except Exception as error:  # the code is the user's: anything may come out of it
        raise ModelError(f"the rule {given.name!r} raised {type(error).__name__}: {error}", where=b.origin) from error
    if not isinstance(y, Value) or y.shape != x.shape or y.dtype != x.dtype:
        found = f"{y.shape} {y.dtype}" if isinstance(y, Value) else type(y).__name__
        raise ModelError(f"the rule {given.name!r} made {found} of {x.shape} {x.dtype}; an activation keeps both", where=b.origin)
    return y
