"""ONNX files: a model for any runtime that reads them. Weights of large models lie in a file beside, `NAME.onnx.data`."""

from __future__ import annotations

import os
from collections.abc import Iterator

from loadstone.ir import Tensor
from loadstone.ir.program import External
from loadstone.lowering.block import Block
from loadstone.lowering.onnx import encode_model, weights_of

INSIDE = 1 << 30  # bytes of weights up to which a model is one file; a message of protobuf ends at 2 GiB
_ALIGNED = 4096


class OnnxFile:
    """An ONNX model: the bytes of the file, and the weights that lie beside it."""

    def __init__(self, block: Block, name: str, inside: int = INSIDE) -> None:
        """block as `lowering.onnx_file` gives it; name is that of the file."""
        self._weights: list[tuple[int, Tensor]] = []
        self._location, self._end = f"{os.path.basename(name)}.data", 0
        beside = sum(tensor.nbytes for tensor in weights_of(block).values()) > inside
        self.data = encode_model(block, self._place if beside else lambda name, tensor: None)

    def _place(self, name: str, tensor: Tensor) -> External:
        offset = -(-self._end // _ALIGNED) * _ALIGNED
        self._weights.append((offset, tensor))
        self._end = offset + tensor.nbytes
        return External(self._location, offset, tensor.nbytes)

    @property
    def has_weights(self) -> bool:
        """True where there is a second file."""
        return bool(self._weights)

    def weights(self) -> Iterator[bytes]:
        """The bytes of the second file, one weight after the other."""
        at = 0
        for offset, tensor in self._weights:
            yield b"\0" * (offset - at)
            array = tensor.numpy()
            yield array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
            at = offset + tensor.nbytes
