"""`.keras` archives and folders: `metadata.json` has the version of Keras and the time, `config.json` what each release writes.

keras/src/saving/saving_lib.py. The version stands there since the format is (Keras 2.11 on request). Archives note when a member was
packed, too: Keras gives the weights that time and the JSON none.
"""

from __future__ import annotations

import struct
from typing import Any

from loadstone.containers.source import Source
from loadstone.environment import of_configs, of_functions, of_hdf5, said
from loadstone.environment.evidence import Clues
from loadstone.errors import LoadstoneError
from loadstone.formats.v3_files import CONFIG, HDF5, files_of

METADATA = "metadata.json"
_EMPTY = (1980, 1, 1)  # the first day that a zip archive can name, and what it has where nobody gave one


def add(clues: Clues, source: Source) -> None:
    """Evidence from an archive or the folder that it was unpacked into."""
    files = files_of(source)
    metadata = files.json(METADATA) if METADATA in files.names else None
    if isinstance(metadata, dict):
        version, saved = metadata.get("keras_version"), metadata.get("date_saved")
        if isinstance(version, str):
            said.keras(clues, version, METADATA)
        if isinstance(saved, str):
            clues.of_date(saved.replace("@", "T", 1), f"{METADATA} has date_saved")
    config: Any = files.json(CONFIG)
    of_configs.add(clues, config, config.get("compile_config") if isinstance(config, dict) else None)
    of_functions.add(clues, config)
    if not clues.range("keras").exact:
        for name in HDF5:
            if name in files.names:
                of_hdf5.add(clues, files.open(name))
    packed = None if source.folder else _packed(source)
    if packed is not None:
        clues.of_date(packed, "a member of the archive was packed then", "implied")


def add_arrays(clues: Clues, source: Source) -> None:
    """Evidence from weights as an archive of numpy's arrays."""
    packed = _packed(source)
    if packed is not None:
        clues.of_date(packed, "a member of the archive was packed then", "implied")


def _packed(source: Source) -> str | None:
    """The newest time of a member, as ISO text in local time of the one who saved it; None where all have none."""
    import zipfile

    try:
        with source.file() as stream, zipfile.ZipFile(stream) as archive:
            times = [entry.date_time for entry in archive.infolist() if entry.date_time[:3] != _EMPTY]
    except (zipfile.BadZipFile, LoadstoneError, OSError, ValueError, struct.error):  # evidence less; readers say what is damaged
        return None
    if not times:
        return None
    year, month, day, hour, minute, second = max(times)
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
