"""An ONNX file as something that predicts, as onnxruntime alone runs it: for comparisons, not a `Model`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from loadstone.errors import InputMismatch
from loadstone.formats.attached import EXAMPLE, of_property
from loadstone.ir import Spec, dtypes
from loadstone.runtime.onnx_file import OnnxSession


class OnnxModel:
    """What a file of any origin gives: inputs, outputs, predictions."""

    def __init__(self, path: str) -> None:
        """Raises InferenceError where onnxruntime does not open it."""
        self._session = OnnxSession(path)
        self.name, self.producer = self._session.name, self._session.producer
        self.inputs: list[Spec] = self._session.input_specs
        self.outputs: list[Spec] = self._session.output_specs

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs in order."""
        return [spec.name for spec in self.outputs]

    @property
    def example(self) -> bytes | None:
        """The example that the file keeps in its metadata."""
        return of_property(self._session.properties, EXAMPLE)

    def __call__(self, x: Any) -> dict[str, np.ndarray]:
        """Outputs by name, for an array or arrays by name or in order. Floats are cast to the input's type."""
        if not isinstance(x, Mapping):
            arrays = x if isinstance(x, (list, tuple)) and len(self.inputs) > 1 else [x]
            if len(arrays) != len(self.inputs):
                raise InputMismatch(f"{len(arrays)} arrays for {len(self.inputs)} inputs")
            x = {spec.name: array for spec, array in zip(self.inputs, arrays, strict=True)}
        missing = [spec.name for spec in self.inputs if spec.name not in x]
        if missing:
            raise InputMismatch(f"no array for the inputs {', '.join(missing)}")
        feeds = {spec.name: _cast(np.asarray(x[spec.name]), spec.dtype) for spec in self.inputs}
        return dict(zip(self.output_names, map(_bytes, self._session.run(feeds)), strict=True))


def _cast(array: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "string":
        return np.array([item.encode() if isinstance(item, str) else item for item in array.reshape(-1).tolist()], object).reshape(
            array.shape
        )
    return array.astype(dtypes.to_numpy(dtype), copy=False)


def _bytes(array: np.ndarray) -> np.ndarray:
    """Strings as models give them."""
    return np.vectorize(str.encode, otypes=[object])(array) if array.dtype == object and array.size else array
