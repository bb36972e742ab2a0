"""TensorFlow checkpoints of the V1 format (before TensorFlow 0.12 the only one): one table, or one a shard, with everything in it.

The value of the empty key lists the tensors (SavedTensorSliceMeta), every other one is a slice of one of them
(tensorflow/core/util/saved_tensor_slice.proto).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from loadstone.containers import sstable, tensor_proto
from loadstone.containers.source import Source
from loadstone.containers.tensor_bundle import DTYPES, check_sizes, extents, joined, shape
from loadstone.containers.wire import content, fields, integer, text
from loadstone.errors import CorruptFile, UnsupportedVersion
from loadstone.ir import Tensor
from loadstone.ir.records import dataclass, field

Extent = list[tuple[int, int]]


@dataclass
class _Listed:
    """A tensor as the first entry lists it, and its slices."""

    shape: tuple[int, ...]
    dtype: str
    slices: list[tuple[Extent, memoryview]] = field(default_factory=list)


def begins(source: Source) -> bool:
    """True for a table whose first entry lists tensors (in a V2 index it counts data files)."""
    if not sstable.ends(source):
        return False
    key, value = next(sstable.read(source), (b"none", memoryview(b"")))
    return key == b"" and any(number == 1 and not isinstance(found, int) for number, found in fields(value))


def read(sources: Iterable[Source]) -> dict[str, Tensor]:
    """The tensors of a checkpoint, whose files are given."""
    listed: dict[str, _Listed] = {}
    for source in sources:
        for key, value in sstable.read(source):
            for number, found in fields(value):
                if key == b"" and number == 1:
                    _list(content(found), listed)
                elif number == 2:
                    _slice(content(found), listed)
    return {name: _tensor(name, entry) for name, entry in listed.items()}


def _list(meta: memoryview, listed: dict[str, _Listed]) -> None:
    for number, found in fields(meta):
        if number != 1:
            continue
        parts = dict(fields(content(found)))
        name, dtype = text(parts.get(1, memoryview(b""))), DTYPES.get(integer(parts.get(3, 0)))
        if dtype is None:
            raise UnsupportedVersion(f"a tensor of TensorFlow's type number {parts.get(3, 0)}", where=name)
        sizes = shape(content(parts[2])) if 2 in parts else ()
        check_sizes(sizes, name)
        listed.setdefault(name, _Listed(sizes, dtype))


def _slice(saved: memoryview, listed: dict[str, _Listed]) -> None:
    parts = dict(fields(saved))
    name = text(parts[1]) if 1 in parts else ""
    if name not in listed or 3 not in parts:
        raise CorruptFile("a slice of no tensor", where=name or None)
    listed[name].slices.append((extents(content(parts[2])) if 2 in parts else [], content(parts[3])))


def _tensor(name: str, entry: _Listed) -> Tensor:
    def values(extent: Extent, message: memoryview) -> np.ndarray:
        if len(extent) != len(entry.shape):
            raise CorruptFile(f"a slice of {len(extent)} axes of a tensor of shape {entry.shape}", where=name)
        sizes = tuple(size if length < 0 else length for size, (_, length) in zip(entry.shape, extent, strict=True))
        return tensor_proto.read(message, name, dtype=entry.dtype, sizes=sizes).numpy()

    def load() -> np.ndarray:
        return joined(entry.shape, entry.dtype, [(extent, values(extent, message)) for extent, message in entry.slices])

    return Tensor.lazy(entry.shape, entry.dtype, load, key=name)
