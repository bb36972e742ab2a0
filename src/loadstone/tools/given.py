"""The Python file in which a user has the objects that a model needs. It is run, which is the user's own act."""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from typing import Any

_NAME = "loadstone_custom_objects"  # the module that the file's own classes and functions say they are from


class NotADict(TypeError):
    """custom_objects in the file is something else."""


def objects_of(path: str | None) -> dict[str, Any] | None:
    """The dict `custom_objects` of the file; where it has none, its own classes and functions by their names. None for no file.

    Raises whatever the file raises, NotADict where custom_objects is none.
    """
    if path is None:
        return None
    found = runpy.run_path(path, run_name=_NAME)
    given = found.get("custom_objects")
    if given is None:
        return {name: value for name, value in found.items() if callable(value) and getattr(value, "__module__", None) == _NAME}
    if not isinstance(given, Mapping):
        raise NotADict(f"custom_objects in {path} is a {type(given).__name__}, not a dict of names")
    return dict(given)
