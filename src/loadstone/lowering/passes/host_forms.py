"""Python calls that have a form in ONNX after all, for files: slower or larger than what the call does, and as exact.

A call says what it computes by its attribute `does`, or by being a record of that itself (`Builder.host`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from loadstone.lowering.block import Block, Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.fourier import Frames
from loadstone.lowering.passes.host_counts import bins, distinct
from loadstone.lowering.passes.host_spectra import coefficients, spectra, spectrogram, transform
from loadstone.lowering.passes.host_tables import find, lookup, present
from loadstone.lowering.tensorflow.audio import Coefficients, Spectrogram
from loadstone.lowering.tensorflow.counting import Bins
from loadstone.lowering.tensorflow.fourier import Transform
from loadstone.lowering.tensorflow.uniques import Distinct
from loadstone.lowering.text.lookup import Lookup, Present
from loadstone.lowering.text.tables import Find

Form = Callable[[Builder, Op, Any], Sequence[Value] | None]
FORMS: dict[type, Form] = {  # a form gives None for a call that has none after all
    Bins: bins,
    Coefficients: coefficients,
    Distinct: distinct,
    Find: find,
    Frames: spectra,
    Lookup: lookup,
    Present: present,
    Spectrogram: spectrogram,
    Transform: transform,
}


def write_out(b: Builder) -> None:
    """Put these forms in the place of calls, in the builder's block and the blocks inside."""
    _block(b, b.block)


def _block(b: Builder, block: Block) -> None:
    ops, block.ops = block.ops, []
    for op in ops:
        for body in op.bodies():
            _block(b, body)
        does = op.attributes.get("does", op.function) if op.domain == "host" else None
        inner, start = Builder(block, b), len(block.ops)
        with inner.scope(op.origin):
            results = FORMS[type(does)](inner, op, does) if type(does) in FORMS else None
        if results is None:
            block.ops[start:] = [op]
        else:
            block.ops += [Op("Identity", [result], [output], {}, "", op.origin) for result, output in zip(results, op.outputs, strict=True)]
