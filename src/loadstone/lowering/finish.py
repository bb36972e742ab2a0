"""`finish`: what the rules emitted, through the passes and into a program."""

from __future__ import annotations

from loadstone.ir import Spec, Structure
from loadstone.ir.program import Program
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.passes import dtypes
from loadstone.lowering.passes.channels import fold_channels
from loadstone.lowering.passes.layout import merge_transposes
from loadstone.lowering.program import assemble, keep_needed


def finish(b: Builder, inputs: list[tuple[Spec, Value]], outputs: list[tuple[Spec, Value]], structure: Structure) -> Program:
    """The program for what the rules emitted: passes first."""
    values = [value for _, value in outputs]
    keep_needed(b, values)
    merge_transposes(b, values)
    fold_channels(b, values)
    dtypes.supported(b)
    return assemble(b, inputs, outputs, structure)
