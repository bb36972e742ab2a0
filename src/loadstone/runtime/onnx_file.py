"""Runs an ONNX file as onnxruntime alone runs it, to see what others will get from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from loadstone.errors import InferenceError
from loadstone.ir import Spec
from loadstone.runtime.onnxruntime import package


class OnnxSession:
    """An ONNX file by its path."""

    def __init__(self, path: str) -> None:
        ort = package()
        options = ort.SessionOptions()
        options.log_severity_level = 4
        try:
            self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the binding's exceptions have no base of their own
            raise InferenceError(f"onnxruntime does not open the new file: {error}") from error
        self.inputs = [value.name for value in self._session.get_inputs()]
        self.input_specs = [_spec(value) for value in self._session.get_inputs()]
        self.output_specs = [_spec(value) for value in self._session.get_outputs()]
        about = self._session.get_modelmeta()
        self.name, self.producer, self.properties = about.graph_name, about.producer_name, dict(about.custom_metadata_map)

    def run(self, arrays: Mapping[str, np.ndarray]) -> list[Any]:
        """The outputs in order."""
        try:
            return list(self._session.run(None, {name: _given(arrays[name]) for name in self.inputs}))
        except Exception as error:  # the binding's exceptions have no base of their own
            raise InferenceError(f"onnxruntime does not run the new file: {error}") from error


_TYPES = {"float": "float32", "double": "float64"}  # others are called in ONNX as they are here


def _spec(value: Any) -> Spec:
    """Name, shape and dtype of an input or output: `tensor(float)`, ["batch", 3]."""
    kind = value.type.removeprefix("tensor(").removesuffix(")")
    return Spec(value.name, tuple(d if isinstance(d, int) else None for d in value.shape), _TYPES.get(kind, kind))


def _given(array: np.ndarray) -> np.ndarray:
    """Strings as text, as the binding wants them."""
    return np.vectorize(bytes.decode, otypes=[object])(array) if array.dtype == object and array.size else array
