"""`finish`: what the rules emitted, through the passes and into a program."""

from __future__ import annotations

from typing import NamedTuple

from loadstone.ir import Spec, Structure
from loadstone.ir.program import Program
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.passes import dtypes
from loadstone.lowering.passes.channels import fold_channels
from loadstone.lowering.passes.formula_rules import spell_shorter
from loadstone.lowering.passes.layout import merge_transposes
from loadstone.lowering.passes.planes import lines_as_planes, means_as_pools
from loadstone.lowering.program import assemble, keep_needed


class Emitted(NamedTuple):
    """What the rules emitted for a model: the builder, and the model's inputs and outputs. The leaves of structure count the outputs."""

    b: Builder
    inputs: list[tuple[Spec, Value]]
    outputs: list[tuple[Spec, Value]]
    structure: Structure


def finish(b: Builder, inputs: list[tuple[Spec, Value]], outputs: list[tuple[Spec, Value]], structure: Structure) -> Program:
    """The program for what the rules emitted: passes first."""
    values = [value for _, value in outputs]
    optimize(b, values)
    lines_as_planes(b, values)
    means_as_pools(b)
    return assemble(b, inputs, outputs, structure)


def optimize(b: Builder, values: list[Value]) -> None:
    """The passes, in order. values are the outputs."""
    keep_needed(b, values)
    spell_shorter(b, values)
    merge_transposes(b, values)
    fold_channels(b, values)
    dtypes.supported(b)
