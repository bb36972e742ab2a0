"""Bytes as numbers, fields and tensors: tensorflow/core/ops/parsing_ops.cc, decode_raw_op.cc, decode_padded_raw_op.cc."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from loadstone.errors import InputMismatch, ModelError, UnsupportedAttribute
from loadstone.ir import Node, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.complex_numbers import Complex, of_complex, together
from loadstone.lowering.tensorflow.symbols import Operand, tensor, tf
from loadstone.lowering.tensorflow.text_calls import as_bytes, call, of_each
from loadstone.lowering.tensorflow.walk import GraphWalk, Thing, graph_op
from loadstone.lowering.text import tensor_messages
from loadstone.lowering.text.arrays import LIMIT, flat, objects, within_limit
from loadstone.lowering.text.csv import Csv
from loadstone.lowering.text.numbers import number

# -- raw bytes --------------------------------------------------------------------------------------------------------


@tf("raw_ops.DecodeRaw")
def decode_raw(b: Builder, bytes_: Operand, out_type: str, little_endian: bool = True) -> Value:
    """The numbers that strings (...) of one length are made of: (..., n)."""
    x = tensor(b, bytes_)

    def decode(texts: np.ndarray) -> tuple[np.ndarray]:
        items = flat(texts)
        if len({len(item) for item in items}) > 1:
            raise InputMismatch("strings of several lengths decoded as numbers")
        return (_numbers(items, texts.shape, out_type, little_endian),)

    return call(b, "DecodeRaw", decode, [x], [((*x.shape, None), out_type)])[0]


@tf("raw_ops.DecodePaddedRaw")
def decode_padded_raw(b: Builder, input_bytes: Operand, fixed_length: Operand, out_type: str, little_endian: bool = True) -> Value:
    """The same of strings that are cut or filled with zeros to a length in bytes."""
    x, length = tensor(b, input_bytes), tensor(b, fixed_length)

    def decode(texts: np.ndarray, width: np.ndarray) -> tuple[np.ndarray]:
        size = int(flat(width)[0])
        if size <= 0:
            raise InputMismatch(f"strings of {size} bytes decoded as numbers")
        within_limit(size * texts.size, "a number of bytes")
        return (_numbers([item[:size].ljust(size, b"\x00") for item in flat(texts)], texts.shape, out_type, little_endian, size),)

    count = int(flat(length.array())[0]) // _itemsize(out_type) if length.const is not None else None
    return call(b, "DecodePaddedRaw", decode, [x, length], [((*x.shape, count), out_type)])[0]


def _itemsize(dtype: str) -> int:
    if not dtypes.known(dtype) or dtype == "string":
        raise UnsupportedAttribute(f"bytes decoded as {dtype}")
    return dtypes.to_numpy(dtype).itemsize


def _numbers(items: list[bytes], shape: Sequence[int], dtype: str, little_endian: bool, length: int | None = None) -> np.ndarray:
    size = length if length is not None else len(items[0]) if items else 0
    width = _itemsize(dtype)
    if size % width:
        raise InputMismatch(f"strings of {size} bytes decoded as numbers of {width}")
    raw = np.frombuffer(b"".join(items), np.uint8)
    part = width // 2 if dtype.startswith("complex") else width
    if not little_endian and part > 1:
        raw = np.ascontiguousarray(raw.reshape(-1, part)[:, ::-1])
    plain = raw.reshape(-1) != 0 if dtype == "bool" else raw.reshape(-1).view(dtypes.to_numpy(dtype))
    return plain.reshape(*shape, size // width)


@tf("raw_ops.DecodeCompressed")
def decode_compressed(b: Builder, bytes_: Operand, compression_type: str = "") -> Value:
    """Strings that were compressed by zlib or gzip, or not at all."""
    forms = {"": None, "ZLIB": zlib.MAX_WBITS, "GZIP": 16 + zlib.MAX_WBITS}
    if compression_type not in forms:
        raise ModelError(f"strings compressed by {compression_type!r}")
    bits = forms[compression_type]
    return tensor(b, bytes_) if bits is None else of_each(b, "DecodeCompressed", bytes_, lambda text: _inflated(text, bits))


def _inflated(text: bytes, bits: int) -> bytes:
    """All streams of a string, one behind the other."""
    found: list[bytes] = []
    while text:
        stream = zlib.decompressobj(bits)
        try:
            found.append(stream.decompress(text, LIMIT - sum(map(len, found))))
        except zlib.error as error:
            raise InputMismatch(f"a compressed string that is damaged: {error}") from error
        within_limit(sum(map(len, found)) + (1 if stream.unconsumed_tail else 0), "a number of bytes")
        if not stream.eof:
            raise InputMismatch("a compressed string that is cut off or too long")
        text = stream.unused_data
    return b"".join(found)


# -- fields -----------------------------------------------------------------------------------------------------------


@tf("raw_ops.DecodeCSV")
def decode_csv(
    b: Builder, records: Operand, record_defaults: list[Operand], OUT_TYPE: Sequence[str] = (), field_delim: str = ",",
    use_quote_delim: bool = True, na_value: str = "", select_cols: Sequence[int] = (),
) -> list[Value]:  # fmt: skip
    """A tensor for each column of lines (...); a default of no elements is none."""
    x, defaults = tensor(b, records), [tensor(b, default) for default in record_defaults]
    types = [default.dtype for default in defaults]
    if any(default.rank > 1 for default in defaults) or len(as_bytes(field_delim)) != 1 or list(select_cols) != sorted(set(select_cols)):
        raise ModelError("lines of CSV with options that contradict each other")
    form, none = Csv(as_bytes(field_delim), bool(use_quote_delim), tuple(select_cols)), as_bytes(na_value)

    def decode(lines: np.ndarray, *given: np.ndarray) -> list[np.ndarray]:
        rows = [form.fields(line) for line in flat(lines)]
        if any(len(row) != len(types) for row in rows):
            raise InputMismatch(f"a line of CSV that has not {len(types)} fields")
        return [
            _column([row[k] for row in rows], dtype, default, none).reshape(lines.shape)
            for k, (dtype, default) in enumerate(zip(types, given, strict=True))
        ]

    return call(b, "DecodeCSV", decode, [x, *defaults], [(x.shape, dtype) for dtype in types])


def _column(fields: list[bytes], dtype: str, default: np.ndarray, none: bytes) -> np.ndarray:
    def one(field: bytes) -> Any:
        if field and field != none:
            return field if dtype == "string" else number(field, dtype)
        if default.size != 1:
            raise InputMismatch("a field of CSV that is required and empty")
        return flat(default)[0]

    values = [one(field) for field in fields]
    return objects(values) if dtype == "string" else np.array(values, dtypes.to_numpy(dtype))


# -- tensors ----------------------------------------------------------------------------------------------------------


@tf("raw_ops.SerializeTensor")
def serialize_tensor(b: Builder, tensor_: Operand) -> Value:
    """A tensor as the bytes of a TensorProto."""
    x = tensor(b, tensor_)
    return call(b, "SerializeTensor", lambda array: (objects([tensor_messages.serialize(array, x.dtype)], ()),), [x], [((), "string")])[0]


@of_complex("SerializeTensor")
def serialize_complex(b: Builder, tensor_: Complex) -> Value:
    """The same of complex numbers."""
    return serialize_tensor(b, together(b, tensor_))


@graph_op("ParseTensor")
def parse_tensor(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing] | None:
    """The tensor of a TensorProto; how many axes it has must be known from the message or from the node."""
    (message,), dtype = inputs, node.attributes["out_type"]
    if message is None:
        return None
    told = (node.attributes.get("_output_shapes") or [None])[0]
    if message.const is not None:
        return [walk.b.const(tensor_messages.parse(flat(message.array())[0], dtype), dtype)]
    if told is None:
        raise UnsupportedAttribute("a tensor out of a message whose number of axes is not known")

    def parse(text: np.ndarray) -> tuple[np.ndarray]:
        found = tensor_messages.parse(flat(text)[0], dtype)
        if found.ndim != len(told) or any(d is not None and d != n for d, n in zip(told, found.shape, strict=True)):
            raise InputMismatch(f"a tensor of shape {found.shape} where {told} is told")
        return (found,)

    return call(walk.b, "ParseTensor", parse, [message], [(tuple(told), dtype)])
