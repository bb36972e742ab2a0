"""The signatures of TensorFlow's ops: names of inputs and outputs, attributes with their types and defaults.

The table `tf_ops.tsv` has a line for each op that some release of TensorFlow registers (tensorflow/core/ops/*.cc); the script
`tests/golden/make_tf_ops.py` writes it. A line is read when its op is first asked for.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from loadstone.errors import ModelError
from loadstone.ir.records import dataclass


@dataclass(frozen=True)
class Argument:
    """An input or output. several names the attribute that says how many tensors it stands for: a number, or a list of types.

    type names the attribute that says its dtype; fixed is the dtype where all nodes have the same.
    """

    name: str
    several: str = ""
    type: str = ""
    fixed: str = ""

    def dtypes(self, attributes: Mapping[str, Any]) -> list[str]:
        """The dtype of each tensor that it stands for in a node; "" where the attributes do not tell."""
        several = attributes.get(self.several) if self.several else 1
        if isinstance(several, list):
            return [str(dtype) for dtype in several]
        return [self.fixed or str(attributes.get(self.type) or "")] * (several if isinstance(several, int) else 0)


@dataclass(frozen=True)
class Attribute:
    """kind is TensorFlow's: "int", "type", "list(shape)" ...; optional where there is a default."""

    name: str
    kind: str
    optional: bool
    default: Any = None


@dataclass(frozen=True)
class Definition:
    """An op as TensorFlow registers it; stateful where running it twice is not running it once."""

    name: str
    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...]
    attributes: tuple[Attribute, ...]
    stateful: bool

    @property
    def told_by_inputs(self) -> frozenset[str]:
        """The attributes whose values follow from the inputs: their types and how many there are."""
        return frozenset(name for argument in self.inputs for name in (argument.several, argument.type) if name)

    def grouped(self, inputs: Sequence[Any], attributes: dict[str, Any]) -> list[Any]:
        """The inputs of a node by argument: one each, a list for an argument of several."""
        found, rest = [], list(inputs)
        for argument in self.inputs:
            count = counted(argument, attributes)
            found.append(rest[:count] if argument.several else rest[0])
            rest = rest[count:]
        return found


def counted(argument: Argument, attributes: dict[str, Any]) -> int:
    """How many tensors an argument stands for in a node."""
    if not argument.several:
        return 1
    value = attributes.get(argument.several)
    if not isinstance(value, (int, list)):
        raise ModelError(f"a node whose attribute {argument.several!r} should say how many {argument.name} it has, found {value!r:.60}")
    return value if isinstance(value, int) else len(value)


@cache
def definition(op: str) -> Definition | None:
    """The signature of an op; None for one that no release of TensorFlow has."""
    line = _lines().get(op)
    if line is None:
        return None
    inputs, outputs, attributes, stateful = json.loads(line)
    return Definition(
        op,
        tuple(Argument(*parts) for parts in inputs),
        tuple(Argument(*parts) for parts in outputs),
        tuple(Attribute(name, kind, bool(default), _plain(default[0]) if default else None) for name, kind, *default in attributes),
        bool(stateful),
    )


@cache
def _lines() -> dict[str, str]:
    with open(os.path.join(os.path.dirname(__file__), "tf_ops.tsv"), encoding="utf8") as table:
        return dict(line.split("\t", 1) for line in table.read().splitlines())


def _plain(default: Any) -> Any:
    """A default as `frontends.tensorflow` reads an attribute: shapes are tuples."""
    if isinstance(default, dict):
        return None if default["shape"] is None else tuple(None if d == -1 else d for d in default["shape"])
    return default
