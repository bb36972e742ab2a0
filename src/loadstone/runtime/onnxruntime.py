"""onnxruntime as the engine of a segment.

Weights are handed over as OrtValues over the arrays that hold them, so nothing is copied into the model's bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime as ort

from loadstone.ir import Tensor
from loadstone.ir.program import External, Segment


class Session:
    """A compiled segment. `run` is thread-safe."""

    def __init__(self, segment: Segment, threads: int) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        weights: dict[str, np.ndarray] = {}

        def place(name: str, tensor: Tensor) -> External | None:
            weights[name] = tensor.numpy()
            return External("memory", 0, weights[name].nbytes)

        model = segment.encode(place)
        self._alive = weights
        options.add_external_initializers(list(weights), [ort.OrtValue.ortvalue_from_numpy(w) for w in weights.values()])
        self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._outputs = [spec.name for spec in segment.outputs]

    def run(self, arrays: dict[str, Any]) -> list[Any]:
        """The outputs of the segment, in its order."""
        return self._session.run(self._outputs, arrays)
