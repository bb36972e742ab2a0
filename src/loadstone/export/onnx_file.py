"""ONNX files: a model for any runtime that reads them. Weights of large models lie in a file beside, `NAME.onnx.data`.

Only ops of the standard are in them, none of onnxruntime's own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version

import numpy as np

from loadstone.custom.hosting import Host
from loadstone.ir import Model, Spec, Tensor, dtypes
from loadstone.ir.program import External
from loadstone.lowering.block import OPSET, Block
from loadstone.lowering.onnx import AS_FLOAT32, Labels, encode_model, weights_of
from loadstone.lowering.onnx_file import Names, OnnxOptions, Port, onnx_graph
from loadstone.lowering.passes.layout import inverse
from loadstone.lowering.passes.opsets import IR_VERSIONS, check_opset

INSIDE = 1 << 30  # bytes of weights up to which a model is one file; a message of protobuf ends at 2 GiB
_ALIGNED = 4096


class OnnxFile:
    """An ONNX model: the bytes of the file, and the weights that lie beside it.

    inputs and outputs say how the model's own are found in it; they are empty where only a block is known.
    """

    def __init__(
        self,
        block: Block,
        name: str,
        inside: int = INSIDE,
        labels: Labels | None = None,
        ports: tuple[Sequence[Port], Sequence[Port]] = ((), ()),
    ) -> None:
        """block as `lowering.onnx_file` gives it; name is that of the file. Weights of more bytes than `inside` lie beside it."""
        self.inputs, self.outputs = ports
        self._weights: list[tuple[int, Tensor]] = []
        self._location, self._end = f"{os.path.basename(name)}.data", 0
        beside = sum(tensor.nbytes for tensor in weights_of(block).values()) > inside
        self.data = encode_model(block, self._place if beside else lambda name, tensor: None, labels=labels or Labels())

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

    @property
    def specs(self) -> list[Spec]:
        """The inputs as the model takes them, with the lengths that the file has."""
        return [port.spec for port in self.inputs]

    def feeds(self, arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """What the file takes for the model's inputs in order."""
        given = {port.name: (array, port) for port, array in zip(self.inputs, arrays, strict=True)}
        return {name: _turned(_typed(array, "float32", port), port, back=True) for name, (array, port) in given.items()}

    def results(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """What the model gives for the file's outputs in order."""
        return [_typed(_turned(array, port), port.spec.dtype, port) for port, array in zip(self.outputs, arrays, strict=True)]

    def fetched(self, arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """What the file gives where the model gives these outputs in order: the way back of `results`."""
        given = {port.name: (array, port) for port, array in zip(self.outputs, arrays, strict=True)}
        return {name: _turned(_typed(array, "float32", port), port, back=True) for name, (array, port) in given.items()}


def _typed(array: np.ndarray, dtype: str, port: Port) -> np.ndarray:
    return array.astype(dtypes.to_numpy(dtype)) if port.spec.dtype in AS_FLOAT32 else array


def _turned(array: np.ndarray, port: Port, back: bool = False) -> np.ndarray:
    if port.perm is None:
        return array
    return np.ascontiguousarray(np.transpose(array, inverse(port.perm) if back else port.perm))


def options_of(
    opset: int | None = None,
    input_names: Names | None = None,
    output_names: Names | None = None,
    shapes: Mapping[str, Sequence[int | None]] | None = None,
    channels_first: bool | Sequence[str] = False,
) -> OnnxOptions:
    """What a caller asked for, over what is usual. Raises ValueError for an opset that is not written."""
    if opset is not None:
        check_opset(opset)
    wished = [channels_first] if isinstance(channels_first, str) else channels_first
    return OnnxOptions(OPSET if opset is None else opset, input_names, output_names, shapes or {}, wished)


def onnx_file(model: Model, host: Host | None, name: str, options: OnnxOptions | None = None, beside: bool | None = None) -> OnnxFile:
    """A model as a file of this name. beside: whether weights lie in a second file; None for models that are large.

    Raises what `lowering.onnx_file.onnx_graph` raises.
    """
    options = options or OnnxOptions()
    graph = onnx_graph(model, host, options)
    release = version("loadstone")
    saved = " ".join(part for part in (model.producer.library, model.producer.version) if part)
    labels = Labels(
        opset=options.opset,
        ir_version=IR_VERSIONS[options.opset],
        producer_version=release,
        graph=model.root.name if model.root is not None else os.path.splitext(os.path.basename(name))[0],
        doc=f"{os.path.basename(model.source)} ({model.format}, saved by {saved}), converted by loadstone {release}",
        axes=graph.axes,
    )
    return OnnxFile(graph.block, name, INSIDE if beside is None else 0 if beside else 1 << 62, labels, (graph.inputs, graph.outputs))
