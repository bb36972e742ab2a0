"""Lambda layers keep the compiled code of a function: which Pythons can have compiled it (custom/bytecode reads it as data)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loadstone.environment.evidence import Clues
from loadstone.environment.ranges import text
from loadstone.errors import LoadstoneError

MAX_FUNCTIONS = 20  # a few say as much as many


def add(clues: Clues, config: Any) -> None:
    """Evidence from the functions in a config (Any: JSON)."""
    for count, (name, stored) in enumerate(_functions(config)):
        if count == MAX_FUNCTIONS:
            return
        found = pythons(stored)
        if found:
            compiled = text(found[0]) if len(found) == 1 else f"{text(found[0])} to {text(found[-1])}"
            clues.add("python", f"the compiled function of layer {name!r} is of Python {compiled}", found[0], found[-1])


def pythons(stored: Any) -> list[tuple[int, int]]:
    """The Pythons that can have compiled the function in a config's value (Any: JSON), oldest first; [] where it has none."""
    from loadstone.custom.bytecode import marshal
    from loadstone.custom.bytecode.decode import versions
    from loadstone.custom.bytecode.stored import code_bytes

    if isinstance(stored, dict) and isinstance(stored.get("config"), dict):
        stored = stored["config"].get("code")
    elif isinstance(stored, (list, tuple)) and stored:
        stored = stored[0]
    if not isinstance(stored, str):
        return []
    try:
        return sorted({release for raw in marshal.read(code_bytes(stored)) for release in versions(raw)})
    except LoadstoneError:  # no code of a Python that is known: it says nothing of who saved it
        return []


def _functions(config: Any) -> Iterator[tuple[str, Any]]:
    """Layer name and value of each stored function."""
    stack = [config]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            inner = part.get("config")
            if part.get("class_name") == "Lambda" and isinstance(inner, dict):
                for key, kind in (("function", "function_type"), ("mask", "mask_type"), ("output_shape", "output_shape_type")):
                    if inner.get(kind, "lambda") == "lambda" and inner.get(key) is not None and _is_code(inner, key):
                        yield str(inner.get("name", "lambda")), inner[key]
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)


def _is_code(config: dict[str, Any], key: str) -> bool:
    value = config[key]
    return (
        key == "function" or (isinstance(value, (list, tuple)) and len(value) == 3 and isinstance(value[0], str)) or isinstance(value, dict)
    )
