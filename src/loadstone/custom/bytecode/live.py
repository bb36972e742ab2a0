"""The code of a function of the running Python, in the form that stored code has."""

from __future__ import annotations

import sys
from typing import Any

from loadstone.custom.bytecode.decode import Code, read_as
from loadstone.custom.bytecode.marshal import RawCode, code_of_fields
from loadstone.custom.bytecode.opcodes import OPCODES
from loadstone.errors import UnsupportedVersion

_LOCAL, _CELL, _FREE = 0x20, 0x40, 0x80


def of_live(code: Any) -> Code:
    """What a code object does (`function.__code__`; Any, since only its attributes are read).

    Raises UnsupportedVersion under a Python that is newer than the tables here.
    """
    release = sys.version_info[:2]
    if release not in OPCODES:
        raise UnsupportedVersion(f"code of Python {release[0]}.{release[1]} is not read")
    return read_as(_raw(code), release)


def _raw(code: Any) -> RawCode:
    """Locals come first, then cells that are no locals, then free variables (Python/assemble.c, compute_localsplus_info)."""
    names, cells, free = code.co_varnames, code.co_cellvars, code.co_freevars
    own = [name for name in cells if name not in names]
    kinds = [_LOCAL | (_CELL if name in cells else 0) for name in names] + [_CELL] * len(own) + [_FREE] * len(free)
    plain = "argcount posonlyargcount kwonlyargcount stacksize flags code names name qualname firstlineno linetable exceptiontable"
    stored = {name: getattr(code, f"co_{name}") for name in plain.split()}
    stored["consts"] = tuple(_raw(value) if hasattr(value, "co_code") else value for value in code.co_consts)
    return code_of_fields("3.11", {**stored, "localsplus": (*names, *own, *free), "kinds": bytes(kinds)})
