"""Calls of TensorFlow's raw ops by the rules of the symbol table: a node's inputs and attributes as the arguments of a function.

An attribute that a rule does not take is ignored where the inputs tell it (their types, how many there are) or where it has its
default; any other is an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import tf_ops
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import Symbol, symbol

# Attributes under the names of the rules' parameters.
_RENAMED = {"DstT": "dtype", "squeeze_dims": "axis"}
# Attributes that say how to compute, not what.
_HOW = frozenset(
    "use_cudnn_on_gpu parallel_iterations swap_memory allow_small cudnn_enable container shared_name message validate_indices "
    "validate_shape use_locking bad_indices_policy lower_using_switch_merge Truncate fast name seed layout".split()
)


def raw_symbol(op: str) -> Symbol | None:
    """The rule of an op."""
    return symbol(f"raw_ops.{op}")


def call_raw(b: Builder, op: str, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> list[Any]:
    """The outputs of an op that has a rule, in order. Raises UnsupportedAttribute."""
    found = raw_symbol(op)
    assert found is not None, op
    return call_symbol(b, found, op, inputs, attributes)


def call_symbol(b: Builder, symbol: Symbol, op: str, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> list[Any]:
    """The outputs of an op by this rule."""
    definition = tf_ops.definition(op)
    assert definition is not None, op
    given = dict(attributes)
    kwargs: dict[str, Any] = {}
    for attribute in definition.attributes:
        name = attribute.name
        if name not in given:
            continue
        key = name if name in symbol.parameters else _RENAMED.get(name, name)
        if key in symbol.parameters:
            kwargs[key] = given[name]
        elif not (name in definition.told_by_inputs or name in _HOW or attribute.optional and given[name] == attribute.default):
            raise UnsupportedAttribute(f"{op} with {name}={given[name]!r}")
    results = symbol.call(b, definition.grouped(inputs, given), kwargs)
    return list(results) if isinstance(results, (list, tuple)) else [results]
