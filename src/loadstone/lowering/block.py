"""Values, ops and blocks: the small graph language that the builder writes and the ONNX encoder reads.

The names of ops, inputs and attributes are those of ONNX (https://onnx.ai/onnx/operators/), domain "" and opset `OPSET`; in files, which hold
no Python calls, a lookup table is an op of domain `ML`.
Two private domains are taken out before anything is encoded: "host" (a Python call over arrays, `HostOp`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from loadstone.ir import Tensor
from loadstone.ir.records import dataclass, field

ML, ML_OPSET = "ai.onnx.ml", 2
OPSET = 21  # the newest that onnxruntime 1.24 and openvino 2025 both read

Dim = int | None
Shape = tuple[Dim, ...]


@dataclass(eq=False)
class Value:
    """A tensor in the graph: ONNX name, shape (None where free), dtype name, and its values where they are constant.

    elements is what is known of the elements of a small vector of integers (`lowering.elements`).
    """

    name: str
    shape: Shape
    dtype: str
    const: Tensor | None = None
    elements: Any = None

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def array(self) -> np.ndarray:
        """The values of a constant, now; for small ones that shapes depend on."""
        assert self.const is not None, f"{self.name} is not constant"
        return self.const.numpy()


@dataclass(eq=False)
class Op:
    """One ONNX node. An input None is an optional one left out. origin is the path of the layer it came from."""

    kind: str
    inputs: list[Value | None]
    outputs: list[Value]
    attributes: dict[str, Any]
    domain: str = ""
    origin: str = ""
    function: Callable[..., Any] | None = None  # of a host op: arrays in, tuple of arrays out

    def bodies(self) -> list[Block]:
        """The blocks of control flow ops."""
        return [a for a in self.attributes.values() if isinstance(a, Block)]


@dataclass(eq=False)
class Block:
    """Ops in running order with the values that enter and leave: a whole graph, or the body of an If, Loop or Scan."""

    ops: list[Op] = field(default_factory=list)
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
