"""JSON files, within a limit; damaged ones are a typed error."""

from __future__ import annotations

import json
from typing import Any

from loadstone.containers.source import Source
from loadstone.errors import CorruptFile

MAX_TEXT = 256 << 20


def read(source: Source, name: str) -> Any:
    """The value of a file. name: what messages call it. Raises CorruptFile."""
    if source.size > MAX_TEXT:
        raise CorruptFile(f"{source.size} bytes of JSON, at most {MAX_TEXT} are read", where=name)
    try:
        return json.loads(bytes(source.read()))
    except (ValueError, RecursionError) as error:
        raise CorruptFile(f"{name} is not JSON: {error}", where=name) from error
