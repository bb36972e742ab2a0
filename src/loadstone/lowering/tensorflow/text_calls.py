"""Host calls over strings, as the rules of text ops make them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from loadstone.lowering.block import Shape, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import Operand, tensor
from loadstone.lowering.text.arrays import counted, each


def call(
    b: Builder, name: str, function: Callable[..., Sequence[np.ndarray]], inputs: Sequence[Value], results: Sequence[tuple[Shape, str]]
) -> list[Value]:
    """A call whose results depend on its inputs alone."""
    return list(b.host(name, function, inputs, results, pure=True))


def of_each(b: Builder, name: str, strings: Operand, function: Callable[[bytes], bytes]) -> Value:
    """Another string of each."""
    x = tensor(b, strings)
    return call(b, name, each(function), [x], [(x.shape, "string")])[0]


def number_of_each(b: Builder, name: str, strings: Operand, function: Callable[[bytes], Any], dtype: str) -> Value:
    """A number of each string."""
    x = tensor(b, strings)
    return call(b, name, counted(function, dtype), [x], [(x.shape, dtype)])[0]


def as_bytes(attribute: str | bytes) -> bytes:
    """A string attribute: bytes that may be anything."""
    return attribute if isinstance(attribute, bytes) else attribute.encode("utf8", "surrogateescape")
