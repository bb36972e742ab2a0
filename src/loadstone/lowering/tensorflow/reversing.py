"""Axes turned round: all of them that flags name, or the first elements of each sample.

Semantics: tensorflow/core/kernels/reverse_op.cc, reverse_sequence_op.cc.
"""

from __future__ import annotations

from loadstone.errors import ModelError
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_shape import flipped
from loadstone.lowering.tensorflow.symbols import Operand, axis_of, tensor, tf


@tf("raw_ops.Reverse")
def reverse(b: Builder, tensor_: Operand, dims: Operand) -> Value:
    """x backwards along the axes whose flag is set."""
    x, flags = tensor(b, tensor_), tensor(b, dims)
    if flags.const is not None:
        axes = [axis for axis, flag in enumerate(flags.array().reshape(-1).tolist()) if flag]
        return flipped(b, x, axes) if axes else x
    for axis in range(x.rank):
        x = b.Where(b.reshape(b.slice(flags, 0, axis, axis + 1), []), flipped(b, x, [axis]), x)
    return x


@tf("reverse_sequence", "raw_ops.ReverseSequence")
def reverse_sequence(
    b: Builder, input_: Operand, seq_lengths: Operand, seq_axis: Operand = None, batch_axis: Operand = None, seq_dim: Operand = None,
    batch_dim: Operand = 0,
) -> Value:  # fmt: skip
    """x with the first n elements of each sample backwards; n is the sample's length."""
    x, counts = tensor(b, input_), b.cast(tensor(b, seq_lengths), "int64")
    along, samples = (
        axis_of(seq_dim if seq_axis is None else seq_axis, x.rank),
        axis_of(batch_dim if batch_axis is None else batch_axis, x.rank),
    )
    if along == samples or x.rank < 2:
        raise ModelError(f"a reversal of a tensor of shape {x.shape} along axis {along} with samples along axis {samples}")
    order = [samples, along, *(k for k in range(x.rank) if k not in (samples, along))]
    back = [order.index(k) for k in range(x.rank)]
    return b.transpose(b.ReverseSequence(b.transpose(x, order), counts, batch_axis=0, time_axis=1), back)
