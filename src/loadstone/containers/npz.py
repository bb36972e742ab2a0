"""Arrays in `.npz` archives and `.npy` files: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.

Headers are parsed as literals; arrays of objects, which numpy would unpickle, are read as data (`containers.pickled`).
"""

from __future__ import annotations

import ast
import struct
from math import prod
from typing import Any

import numpy as np

from loadstone.containers import zip as archives
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile, UnsupportedVersion
from loadstone.ir import Tensor, dtypes

SIGNATURE = b"\x93NUMPY"
MAX_HEADER = 1 << 16


def read(source: Source) -> dict[str, Tensor | Any]:
    """The members of an archive by name: a Tensor, or what a pickled object holds (a value of any kind)."""
    archive = archives.read(source)
    return {name.removesuffix(".npy"): read_array(archive.open(name), name) for name in archive.members}


def read_array(source: Source, key: str) -> Tensor | Any:
    """One `.npy`: a lazy Tensor, with a Region where the bytes can be used as they are; or a pickled value."""
    header, start = _header(source, key)
    if header["descr"] == "|O":
        from loadstone.containers import pickled

        return pickled.read(bytes(source.read(start)), key)
    dtype, shape = _dtype(header["descr"], key), header["shape"]
    if prod(shape) * dtype.itemsize != source.size - start:
        raise CorruptFile(
            f"an array declares {prod(shape) * dtype.itemsize} bytes and has {source.size - start}", source=source.name, where=key
        )
    name = dtypes.of_numpy(dtype) if dtype.kind != "V" else "bfloat16"
    if not header["fortran_order"]:
        return source.tensor(start, shape, dtype, name, key)
    turned = source.tensor(start, shape[::-1], dtype, name, key)
    return turned.map(lambda array: array.T, shape)


def _header(source: Source, key: str) -> tuple[dict[str, Any], int]:
    """The header dict and where the values begin."""
    head = source.head(12)
    if not head.startswith(SIGNATURE) or len(head) < 10:
        raise CorruptFile("not a numpy array", source=source.name, where=key)
    if head[6] not in (1, 2, 3):
        raise UnsupportedVersion(f"version {head[6]} of the .npy format", source=source.name, where=key)
    wide = head[6] > 1
    length = struct.unpack_from("<I" if wide else "<H", head, 8)[0]
    start = (12 if wide else 10) + length
    if length > MAX_HEADER:
        raise CorruptFile(f"a header of {length} bytes", source=source.name, where=key)
    text = bytes(source.read(start - length, length)).decode("utf8" if head[6] == 3 else "latin1")
    try:
        header = ast.literal_eval(text.strip())
        shape_is_plain = all(type(size) is int and size >= 0 for size in header["shape"]) and isinstance(header["shape"], tuple)
        if not shape_is_plain or not isinstance(header["descr"], str) or not isinstance(header["fortran_order"], bool):
            raise ValueError(text)
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError) as error:
        raise CorruptFile("a damaged .npy header", source=source.name, where=key) from error
    return header, start


def _dtype(descr: str, key: str) -> np.dtype:
    """The dtype of a descr such as "<f4"; two opaque bytes are bfloat16, the one type of that size that numpy lacks."""
    try:
        dtype = np.dtype(descr)
    except TypeError as error:
        raise CorruptFile(f"{descr!r} is no type of elements", where=key) from error
    if dtype.hasobject or (not dtypes.known(dtypes.of_numpy(dtype)) and descr not in ("|V2", "<V2")) or dtype.kind in "SU":
        raise UnsupportedVersion(f"elements of type {descr!r} are not read", where=key)
    return dtype
