"""Runs a program: its steps in order over named arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.ir.program import Program, Segment
from loadstone.runtime.onnxruntime import Session


class Executor:
    """A compiled program. `run` takes arrays in the order of the program's inputs and gives those of its outputs."""

    def __init__(self, program: Program, threads: int = 2) -> None:
        self.program = program
        self._steps = [(step, Session(step, threads) if isinstance(step, Segment) else None) for step in program.steps]
        self._constants = {name: tensor.numpy() for name, tensor in program.constants.items()}

    def run(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        """Outputs of one batch."""
        arrays: dict[str, Any] = {**self._constants, **dict(zip(self.program.feeds, inputs, strict=True))}
        for step, session in self._steps:
            if isinstance(step, Segment):
                assert session is not None
                results = session.run({spec.name: arrays[spec.name] for spec in step.inputs})
                arrays.update(zip((spec.name for spec in step.outputs), results, strict=True))
            else:
                arrays.update(zip(step.outputs, step.function(*(arrays[name] for name in step.inputs)), strict=True))
        return [arrays[name] for name in self.program.fetches]
