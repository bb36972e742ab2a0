"""`Model`: a loaded model with the methods that a Keras user's hands look for."""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.ir import Model as Description
from loadstone.ir import flatten, map_structure
from loadstone.lowering.lower import lower
from loadstone.runtime.executor import Executor


class Model:
    """A loaded model."""

    def __init__(self, description: Description) -> None:
        self._ir = description
        self._program = lower(description)
        self._executor = Executor(self._program)

    @property
    def inputs(self) -> list[Any]:
        return list(self._program.inputs)

    @property
    def outputs(self) -> list[Any]:
        return list(self._program.outputs)

    def predict(self, x: Any, batch_size: int | None = None, verbose: Any = "auto", steps: int | None = None) -> Any:
        """Outputs for all of x, in batches."""
        arrays = self._arrays(x)
        size = batch_size or 32
        parts = [self._executor.run([a[i : i + size] for a in arrays]) for i in range(0, len(arrays[0]), size)]
        outputs = [np.concatenate(group) for group in zip(*parts, strict=True)]
        return map_structure(lambda i: outputs[i], self._program.output_structure)

    def __call__(self, x: Any) -> Any:
        outputs = self._executor.run(self._arrays(x))
        return map_structure(lambda i: outputs[i], self._program.output_structure)

    def _arrays(self, x: Any) -> list[np.ndarray]:
        given = [x[spec.name] for spec in self._program.inputs] if isinstance(x, dict) else flatten(x) if isinstance(x, (list, tuple)) else [x]
        return [np.asarray(a).astype(spec.dtype) for a, spec in zip(given, self._program.inputs, strict=True)]
