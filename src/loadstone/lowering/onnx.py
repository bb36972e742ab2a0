"""Encodes a block as the bytes of an ONNX model, without the onnx package.

Field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto (ModelProto and below). Fields are written
in the order of their numbers except that `opset_import` comes first, as readers that stream expect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import index
from typing import Any

import numpy as np

from loadstone.ir import Tensor, dtypes
from loadstone.ir.program import External, Placement
from loadstone.ir.records import dataclass, field
from loadstone.lowering.block import ML, ML_OPSET, OPSET, Block, Op, Value
from loadstone.lowering.protobuf import delimited, integer, single, string

IR_VERSION = 10
INLINE = 1024  # bytes up to which a weight is always written into the model
INLINE_KNOWN = 1 << 16  # the same for integers that a rule made: shapes may depend on them, and engines read those at build time
AS_FLOAT32 = ("bfloat16",)  # types of inputs and outputs that engines' Python bindings lack


@dataclass(frozen=True)
class Labels:
    """What a model says of itself: versions, the name of the graph, text for people.

    axes are names of free lengths by input or output: one for each axis, None where its length is known.
    """

    opset: int = OPSET
    ir_version: int = IR_VERSION
    producer_version: str = ""
    graph: str = "loadstone"
    doc: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    axes: Mapping[str, Sequence[str | None]] = field(default_factory=dict)


def encode_model(block: Block, place: Placement, segment: bool = False, labels: Labels | None = None) -> bytes:
    """ModelProto of a whole graph.

    As the `segment` of a program, what crosses its border is spelt as `ir.program.Segment` says; otherwise the model is
    what the block says, which must be in the opset of the labels.
    """
    labels = labels or Labels()
    encoder = _Encoder(segment, labels.axes)
    initializers = encoder.initializers(block, place)
    graph = encoder.graph(encoder.with_border(block) if segment else block, labels.graph, initializers)
    head = integer(1, labels.ir_version) + string(2, "loadstone")
    head += b"".join(string(at, text) for at, text in ((3, labels.producer_version), (6, labels.doc)) if text)
    opsets = b"".join(delimited(8, string(1, domain) + integer(2, number)) for domain, number in _opsets(block, labels.opset).items())
    properties = b"".join(delimited(14, string(1, key) + string(2, value)) for key, value in labels.properties.items())
    return head + opsets + delimited(7, graph) + properties


def _opsets(block: Block, own: int) -> dict[str, int]:
    """The versions of the ops by domain."""
    found = {"": own}
    for op in block.ops:
        found |= {ML: ML_OPSET} if op.domain == ML else {}
        for body in op.bodies():
            found |= _opsets(body, own)
    return found


def weights_of(block: Block) -> dict[str, Tensor]:
    """The constants that `encode_model` asks a place for, by name, inner blocks included."""
    return {v.name: v.const for v in _constants(block) if v.const is not None and not _inline(v.const)}


def _inline(tensor: Tensor) -> bool:
    small = INLINE_KNOWN if tensor.known and dtypes.is_integer(tensor.dtype) else INLINE
    return tensor.nbytes <= small or tensor.dtype == "string"


def _constants(block: Block) -> Iterable[Value]:
    """Constants used in a block and the blocks inside, once each; all are declared in the outermost graph."""
    found: dict[str, Value] = {}

    def visit(inner: Block) -> None:
        for op in inner.ops:
            for value in op.inputs:
                if value is not None and value.const is not None:
                    found.setdefault(value.name, value)
            for body in op.bodies():
                visit(body)
        for value in inner.outputs:
            if value.const is not None:
                found.setdefault(value.name, value)

    visit(block)
    return found.values()


class _Encoder:
    """Encodes graphs inside graphs; knows which names it gave, and how text is written."""

    def __init__(self, segment: bool, axes: Mapping[str, Sequence[str | None]]) -> None:
        self._segment, self._axes = segment, axes
        self._passed = 0

    def with_border(self, block: Block) -> Block:
        """The block between casts, where it takes or gives a type of `AS_FLOAT32`."""
        inputs, outputs, first, last = [], [], [], []
        for value in block.inputs:
            outside = value if value.dtype not in AS_FLOAT32 else Value(self._name(value), value.shape, "float32")
            inputs.append(outside)
            if outside is not value:
                first.append(Op("Cast", [outside], [value], {"to": dtypes.to_onnx(value.dtype)}))
        for value in block.outputs:
            outside = value if value.dtype not in AS_FLOAT32 else Value(self._name(value), value.shape, "float32")
            outputs.append(outside)
            if outside is not value:
                last.append(Op("Cast", [value], [outside], {"to": dtypes.to_onnx("float32")}))
        return Block([*first, *block.ops, *last], inputs, outputs)

    def _name(self, value: Value) -> str:
        """A name for another form of a value, used nowhere else: inner graphs must not hide names of outer ones."""
        self._passed += 1
        return f"{value.name}@{self._passed}"

    def initializers(self, block: Block, place: Placement) -> bytes:
        parts = []
        for value in _constants(block):
            assert value.const is not None
            external = None if _inline(value.const) else place(value.name, value.const)
            parts.append(delimited(5, self._tensor(value.name, value.const, external)))
        return b"".join(parts)

    def graph(self, block: Block, name: str, initializers: bytes = b"") -> bytes:
        nodes = [delimited(1, self._node(op)) for op in block.ops]
        made, given = {v.name for op in block.ops for v in op.outputs}, set[str]()
        outputs = []
        for value in block.outputs:
            if value.name not in made or value.name in given:  # ONNX wants each output made by a node of its own
                passed = Value(self._name(value), value.shape, value.dtype)
                nodes.append(delimited(1, self._node(Op("Identity", [value], [passed], {}))))
                value = passed
            given.add(value.name)
            outputs.append(delimited(12, _value_info(value, self._axes.get(value.name))))
        inputs = [delimited(11, _value_info(value, self._axes.get(value.name))) for value in block.inputs]
        return b"".join([*nodes, string(2, name), initializers, *inputs, *outputs])

    def _node(self, op: Op) -> bytes:
        taken = max(
            (i + 1 for i, v in enumerate(op.inputs) if v is not None), default=0
        )  # onnxruntime 1.32 crashes on an empty name at the end
        inputs = b"".join(string(1, "" if v is None else v.name) for v in op.inputs[:taken])
        outputs = b"".join(string(2, v.name) for v in op.outputs)
        attributes = b"".join(delimited(5, self._attribute(name, value)) for name, value in op.attributes.items())
        name = string(3, op.outputs[0].name) if op.outputs else b""
        return inputs + outputs + name + string(4, op.kind) + attributes + (string(7, op.domain) if op.domain else b"")

    def _attribute(self, name: str, value: Any) -> bytes:
        head = string(1, name)
        if isinstance(value, Block):
            return head + delimited(6, self.graph(value, name)) + integer(20, 5)
        if isinstance(value, Tensor):
            return head + delimited(5, self._tensor("", value, None)) + integer(20, 4)
        if isinstance(value, str):
            return head + string(4, value) + integer(20, 3)
        if isinstance(value, float):
            return head + single(2, value) + integer(20, 1)
        if isinstance(value, int):
            return head + integer(3, int(value)) + integer(20, 2)
        values = list(value)
        if values and all(isinstance(v, str) for v in values):
            return head + b"".join(string(9, v) for v in values) + integer(20, 8)
        if any(isinstance(v, float) for v in values):
            return head + b"".join(single(7, v) for v in values) + integer(20, 6)
        return head + b"".join(integer(8, index(v)) for v in values) + integer(20, 7)

    def _tensor(self, name: str, tensor: Tensor, external: External | None) -> bytes:
        head = b"".join(integer(1, d) for d in tensor.shape) + integer(2, dtypes.to_onnx(tensor.dtype))
        named = string(8, name) if name else b""
        if external is not None:
            entries = {"location": external.location, "offset": str(external.offset), "length": str(external.length or tensor.nbytes)}
            data = b"".join(delimited(13, string(1, k) + string(2, v)) for k, v in entries.items())
            return head + named + data + integer(14, 1)
        array = tensor.numpy()
        if tensor.dtype == "string":
            return head + b"".join(delimited(6, self._text(v)) for v in array.reshape(-1).tolist()) + named
        return head + named + delimited(9, _raw(array, tensor.dtype))

    def _text(self, value: object) -> bytes:
        """Bytes as an ONNX string; in a segment each byte is a code point, so that any bytes can pass."""
        text = value if isinstance(value, bytes) else str(value).encode()
        return text.decode("latin-1").encode() if self._segment else text


def _raw(array: np.ndarray, dtype: str) -> bytes:
    """`raw_data`: C order, little endian; two elements of 4 bits a byte, the first in the low half."""
    if dtype not in ("int4", "uint4"):
        return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    halves = np.append(array.reshape(-1).astype(np.int8).view(np.uint8) & 15, np.uint8(0))
    return (halves[: array.size + array.size % 2].reshape(-1, 2) @ np.array([1, 16], np.uint8)).astype(np.uint8).tobytes()


def _value_info(value: Value, axes: Sequence[str | None] | None = None) -> bytes:
    """ValueInfoProto; free lengths get a name of their own each where none is given, so that engines assume nothing of them."""
    dims = []
    for axis, length in enumerate(value.shape):
        name = (None if axes is None else axes[axis]) or f"{value.name}_{axis}"
        dims.append(delimited(1, string(2, name) if length is None else integer(1, length)))
    shape = delimited(2, b"".join(dims))
    tensor_type = integer(1, dtypes.to_onnx(value.dtype)) + shape
    return string(1, value.name) + delimited(2, delimited(1, tensor_type))
