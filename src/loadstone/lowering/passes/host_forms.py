"""Python calls that have a form in ONNX after all, for files: slower or larger than what the call does, and as exact.

A call says what it computes by its attribute `does` (`Builder.host`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from loadstone.lowering.block import Block, Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.fourier import Frames

LONGEST = 4096  # samples of a frame: a matrix of as many rows and half as many columns, twice
Form = Callable[[Builder, Op, Any], Sequence[Value]]


def spectra(b: Builder, op: Op, how: Frames) -> Sequence[Value]:
    """Real and imaginary part of the spectra of the frames of x (..., samples), as products in float64: `keras.fourier.stft`."""
    x = op.inputs[0]
    assert x is not None
    signal, last = b.cast(x, "float64"), x.rank - 1
    if how.centre:
        pads = [how.fft // 2 if axis == last else 0 for axis in range(x.rank)]
        length = None if x.shape[-1] is None else x.shape[-1] + how.fft // 2 * 2
        signal = b.op("Pad", signal, b.ints(pads * 2), mode="reflect", out_shape=(*x.shape[:-1], length))
    starts = b.Add(b.Sub(b.vector([b.dim(signal, last)]), how.fft), how.step)
    count = b.reshape(b.Max(b.Div(b.Max(starts, 0), how.step), 0), [])
    first = b.Mul(b.Range(b.const(0, "int64"), count, b.const(1, "int64")), how.step)
    places = b.Add(b.unsqueeze(first, 1), b.ints(list(range(how.fft))))
    frames = b.Gather(signal, places, axis=last)
    window = how.weights()
    turns = np.outer(np.arange(how.fft), np.arange(how.fft // 2 + 1)) % how.fft * (2 * np.pi / how.fft)
    weight = np.ones((how.fft, 1)) if window is None else window[:, None]
    parts = (np.cos(turns) * weight, -np.sin(turns) * weight)
    return [b.cast(b.MatMul(frames, b.const(part, "float64")), output.dtype) for part, output in zip(parts, op.outputs, strict=True)]


FORMS: dict[type, Form] = {Frames: spectra}


def write_out(b: Builder) -> None:
    """Put these forms in the place of calls, in the builder's block and the blocks inside."""
    _block(b, b.block)


def _block(b: Builder, block: Block) -> None:
    ops, block.ops = block.ops, []
    for op in ops:
        for body in op.bodies():
            _block(b, body)
        does = op.attributes.get("does") if op.domain == "host" else None
        form = FORMS.get(type(does))
        if form is None or (isinstance(does, Frames) and does.fft > LONGEST):
            block.ops.append(op)
            continue
        inner = Builder(block, b)
        with inner.scope(op.origin):
            results = form(inner, op, does)
            block.ops += [Op("Identity", [result], [output], {}, "", op.origin) for result, output in zip(results, op.outputs, strict=True)]
