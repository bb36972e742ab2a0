"""Small blocks for tests of the passes and the encoder: built with the builder, run with the executor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from loadstone.ir import Spec, Tensor
from loadstone.ir.program import Program
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.passes import dtypes
from loadstone.lowering.program import assemble, keep_needed
from loadstone.runtime import Executor


def program(build: Callable[..., Any], *inputs: tuple[Sequence[int | None], str], passes: bool = True) -> Program:
    """The program of `build(b, *values)`, which returns a value or several; inputs are (shape, dtype)."""
    b = Builder()
    values = [b.input(f"x{k}", shape, dtype) for k, (shape, dtype) in enumerate(inputs)]
    outputs = build(b, *values)
    outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    if passes:
        keep_needed(b, outputs)
        dtypes.supported(b)
    specs = [(Spec(v.name, v.shape, v.dtype), v) for v in values]
    results = [(Spec(f"y{k}", v.shape, v.dtype), v) for k, v in enumerate(outputs)]
    return assemble(b, specs, results, list(range(len(results))))


def run(build: Callable[..., Any], *arrays: np.ndarray, free: bool = True, passes: bool = True) -> list[np.ndarray]:
    """Outputs for these arrays; their first axis is free in the program."""
    from loadstone.ir import dtypes as names

    shapes = [((None, *a.shape[1:]) if free and a.ndim else a.shape, names.of_numpy(a.dtype)) for a in arrays]
    return Executor(program(build, *shapes, passes=passes), threads=1).run(list(arrays))


def weight(b: Builder, *shape: int, seed: int = 0, dtype: str = "float32") -> Value:
    """A constant of random numbers."""
    values = np.random.default_rng(seed).standard_normal(shape) * 0.3
    return b.weight(Tensor.of(values, dtype, key=f"w{seed}"))
