"""When the datasets of an HDF5 file were written, where the file notes it.

An object header may have a message "Object Modification Time", seconds since 1970 (IV.A.2.s of the format). h5py before 3.0 had HDF5
write one for each dataset, h5py 3 does not.
"""

from __future__ import annotations

import numpy as np

from loadstone.containers.hdf5_headers import Headers, Message
from loadstone.containers.hdf5_values import Unusual, damage_is_unusual
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile

_MODIFIED = 0x12


def newest(source: Source) -> int | None:
    """The last time of any object, in seconds since 1970; None where none is noted, or the headers are of another version."""
    try:
        with damage_is_unusual(source):
            headers = _Times(source)
            root = headers.root()
            headers.group(root, headers.messages(root), "", lambda path, dtype: lambda: np.empty(0))
    except (Unusual, CorruptFile):
        return None
    return max(headers.times, default=None)


class _Times(Headers):
    """Headers of which the times are kept."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.times: list[int] = []

    def messages(self, address: int) -> list[Message]:
        """The messages of an object header, as ever."""
        found = super().messages(address)
        self.times += [int.from_bytes(data[4:8], "little") for kind, data in found if kind == _MODIFIED and len(data) >= 8 and data[0] == 1]
        return found
