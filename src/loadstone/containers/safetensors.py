"""safetensors: eight bytes with the length of a JSON header, the header, then the bytes of all tensors.

Format: https://github.com/huggingface/safetensors#format. The header has `{"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}`
for each name, offsets counted from the end of the header, and texts under `__metadata__`. Tensors are C-ordered and little-endian, follow
each other without holes, and are mapped where the file is.
"""

from __future__ import annotations

import json as text
import struct
from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np

from loadstone.containers import json
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile, LoweringError, UnsupportedVersion
from loadstone.ir import Tensor, dtypes

SUFFIX = ".safetensors"
MAX_HEADER = 100_000_000  # bytes, as in the original
_LENGTH = struct.Struct("<Q")
_NAMES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8",
    "BOOL": "bool", "C64": "complex64",
}  # fmt: skip
_OF = {dtype: name for name, dtype in _NAMES.items()}
_METADATA = "__metadata__"


def begins(source: Source) -> bool:
    """True for a length that fits and a JSON object behind it."""
    if source.folder or source.size < 10:
        return False
    head = source.head(9)
    length = _LENGTH.unpack(head[:8])[0]
    return bool(head[8:] == b"{" and 2 <= length <= min(MAX_HEADER, source.size - 8))


def read(source: Source) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors in the order of their bytes, and the metadata. Raises CorruptFile or UnsupportedVersion."""
    length = _LENGTH.unpack(source.read(0, 8))[0]
    if not 2 <= length <= min(MAX_HEADER, source.size - 8):
        raise CorruptFile(f"the header should have {length} bytes, the file has {source.size}", source=source.name)
    header = json.read(source.part(8, length, "the header"), "the header")
    if not isinstance(header, dict):
        raise CorruptFile("the header should hold an object", source=source.name)
    metadata = header.pop(_METADATA, None) or {}
    if not isinstance(metadata, dict):
        raise CorruptFile("the metadata should be an object", source=source.name, where=_METADATA)
    found: list[tuple[int, int, str, Tensor]] = []
    for name, entry in header.items():
        begin, end, shape, dtype = _entry(name, entry, source)
        tensor = source.tensor(8 + length + begin, shape, _in_file(dtype), dtype, name)
        found.append((begin, end, name, tensor))
    found.sort(key=lambda part: part[:2])
    at = 0
    for begin, end, name, _ in found:
        if begin != at:
            raise CorruptFile(f"the bytes of a tensor should begin at {at}, found {begin}", source=source.name, where=name)
        at = end
    if 8 + length + at != source.size:
        raise CorruptFile(f"{8 + length + at} bytes are accounted for, the file has {source.size}", source=source.name)
    return {name: tensor for _, _, name, tensor in found}, {str(key): str(value) for key, value in metadata.items()}


def _entry(name: str, entry: Any, source: Source) -> tuple[int, int, tuple[int, ...], str]:
    """Where a tensor begins and ends, its shape and dtype."""
    parts = [entry.get(key) if isinstance(entry, dict) else None for key in ("data_offsets", "shape", "dtype")]
    offsets, shape, code = parts
    whole = [value for value in (offsets, shape) if isinstance(value, list) and all(type(n) is int and n >= 0 for n in value)]
    if len(whole) != 2 or len(whole[0]) != 2 or not isinstance(code, str):
        raise CorruptFile("a tensor is described by dtype, shape and data_offsets", source=source.name, where=name)
    if code not in _NAMES:
        raise UnsupportedVersion(f"a tensor of type {code}; known are {', '.join(_NAMES)}", source=source.name, where=name)
    begin, end = whole[0]
    expected = prod(whole[1]) * dtypes.itemsize(_NAMES[code])
    if end - begin != expected:
        raise CorruptFile(f"a tensor of {expected} bytes has {end - begin}", source=source.name, where=name)
    return begin, end, tuple(whole[1]), _NAMES[code]


def _in_file(dtype: str) -> np.dtype:
    """How the elements lie in the file; void for types that numpy does not have itself."""
    found = dtypes.to_numpy(dtype)
    return np.dtype(f"V{found.itemsize}") if found.isbuiltin != 1 else found.newbyteorder("<")


def write(path: str, tensors: Mapping[str, Tensor], metadata: Mapping[str, str], told: Callable[[int], None] = lambda size: None) -> None:
    """A new file with these tensors by name, one read at a time. Raises LoweringError for types that the format does not have."""
    odd = sorted({tensor.dtype for tensor in tensors.values()} - set(_OF))
    if odd:
        raise LoweringError(f"safetensors has no tensors of type {', '.join(odd)}", hint="write them as .weights.h5")
    header: dict[str, Any] = {_METADATA: dict(metadata)} if metadata else {}
    at = 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": _OF[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + tensor.nbytes]}
        at += tensor.nbytes
    encoded = text.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)  # so that tensors are aligned
    with open(path, "wb") as file:
        file.write(_LENGTH.pack(len(encoded)) + encoded)
        for tensor in tensors.values():
            array = np.ascontiguousarray(tensor.numpy())
            little = array.astype(array.dtype.newbyteorder("<"), copy=False) if array.dtype.isbuiltin == 1 else array
            file.write(little.reshape(-1).view(np.uint8).data)
            told(tensor.nbytes)
