"""The ways in which Keras writes a function into a config.

Keras 1 and early Keras 2: the marshalled code as text of single bytes (`raw_unicode_escape`). Keras 2: base64, alone or as [code, defaults,
closure] (keras/utils/generic_utils.py, func_dump). Keras 3: {"class_name": "__lambda__", "config": {"code", "defaults", "closure"}}
(keras/src/utils/python_utils.py and saving/serialization_lib.py).
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from loadstone.custom.bytecode.decode import Code, decode
from loadstone.custom.bytecode.marshal import MAX_BYTES
from loadstone.custom.bytecode.opcodes import Release
from loadstone.errors import CorruptFile
from loadstone.ir.records import dataclass

_BASE64 = re.compile(r"[A-Za-z0-9+/\s]+=*\s*")


@dataclass(frozen=True)
class StoredFunction:
    """A function of a config. defaults: of its last positional arguments. closure: the values of its free variables.

    Values are what JSON holds; None: nothing is stored for them.
    """

    code: Code
    defaults: tuple[Any, ...] | None
    closure: tuple[Any, ...] | None


def stored_function(value: Any, pythons: tuple[Release, Release] | None = None) -> StoredFunction:
    """The function in a config's *value* (Any: JSON) in any of Keras' forms. pythons: see `decode`.

    Raises CorruptFile where it is none of them or damaged.
    """
    defaults = closure = None
    if isinstance(value, dict) and value.get("class_name") == "__lambda__" and isinstance(value.get("config"), dict):
        config = value["config"]
        value, defaults, closure = config.get("code"), config.get("defaults"), config.get("closure")
    elif isinstance(value, (list, tuple)) and len(value) == 3:
        value, defaults, closure = value
    if not isinstance(value, str):
        raise CorruptFile(f"a stored function is a {type(value).__name__}, not the text of compiled code")
    code = decode(code_bytes(value), pythons)
    return StoredFunction(code, _values(defaults, "defaults"), _values(closure, "closure"))


def code_bytes(text: str) -> bytes:
    """The marshalled code in *text*: base64, or one character for each byte."""
    if len(text) > 2 * MAX_BYTES:
        raise CorruptFile(f"a stored function of {len(text)} characters")
    try:
        if _BASE64.fullmatch(text):
            return base64.b64decode("".join(text.split()), validate=True)
        return text.encode("raw_unicode_escape")
    except (binascii.Error, UnicodeEncodeError) as error:
        raise CorruptFile(f"a stored function is neither base64 nor bytes: {error}") from error


def _values(value: Any, what: str) -> tuple[Any, ...] | None:
    if isinstance(value, dict) and value.get("class_name") == "__tuple__":
        value = value.get("items")
    if value is None:
        return None
    if not isinstance(value, (list, tuple)):
        raise CorruptFile(f"the {what} of a stored function are a {type(value).__name__}")
    return tuple(value)
