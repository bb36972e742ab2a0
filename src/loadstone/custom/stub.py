"""Code to paste and fill in for what is missing.

What comes from the file enters the code as a checked identifier or as a `repr`, in comments as a `repr` that is one line.
"""

from __future__ import annotations

import keyword
from collections.abc import Sequence
from typing import Any

from loadstone.custom.objects import Missing

_TAKEN = frozenset(
    "self config inputs mask training call build weights set_weights compute_mask supports_masking "
    "np loadstone path model custom_objects NotImplementedError".split()
)
_BASE = ("name", "trainable", "dtype", "batch_input_shape", "batch_shape")
_SHOWN = 100  # characters of a value in a comment
_PLACES = 5  # places in a comment

_FUNCTION = """\
def {name}(x):
{comment}    # x is a numpy array; return an array of the same shape and dtype
    raise NotImplementedError
"""
_CLASS = """\
class {name}:
{comment}{weights}
    def __init__(self, {parameters}**config):
{settings}

    def call(self, inputs):
        # inputs is a numpy array with the batch first; return an array
        raise NotImplementedError
"""
_CALL = """\
custom_objects = {{
{given}}}
# loadstone.load_model(path, custom_objects=custom_objects), or on the command line: --custom FILE with this code
"""


def stub(missing: Sequence[Missing]) -> str:
    """Python source that defines one class or function for each missing object, and the dict `custom_objects` of them."""
    taken = set(_TAKEN)
    names = [(m, _identifier(m.name, "Layer" if m.kind == "layer" else "function", taken)) for m in missing]
    parts = [_class(m, name) if m.kind == "layer" else _function(m, name) for m, name in names]
    given = "".join(f"    {m.name!r}: {name},\n" for m, name in names)
    return "\n\n".join(["import numpy as np\n", *parts, _CALL.format(given=given)])


def _function(missing: Missing, name: str) -> str:
    return _FUNCTION.format(name=name, comment=_comment(missing))


def _class(missing: Missing, name: str) -> str:
    taken = set(_TAKEN)
    config = missing.config if isinstance(missing.config, dict) else {}
    options = [key for key in config if key not in _BASE and _usable(key, taken)][:30]
    taken |= set(options)
    weights = {_identifier(stored.replace("/", "_"), f"weight_{i}", taken): shape for i, (stored, shape) in enumerate(missing.weights)}
    return _CLASS.format(
        name=name,
        comment=_comment(missing),
        weights=f"    weights = {weights!r}  # become attributes\n" if weights else "",
        parameters="".join(f"{key}=None, " for key in options),
        settings="\n".join(f"        self.{key} = {key}  # {_cut(config[key])}" for key in options) or "        pass",
    )


def _comment(missing: Missing) -> str:
    return "".join(f"    # {missing.kind} at {_cut(place)}\n" for place in missing.where[:_PLACES])


def _cut(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."


def _usable(name: object, taken: set[str]) -> bool:
    identifier = isinstance(name, str) and name.isascii() and name.isidentifier() and not keyword.iskeyword(name)
    return identifier and not str(name).startswith("_") and name not in taken


def _identifier(name: str, otherwise: str, taken: set[str]) -> str:
    """The name where it is an identifier that is free, else a made one; it is taken then."""
    found, count = name, 0
    while not _usable(found, taken):
        found = f"{otherwise}_{count}" if count else otherwise
        count += 1
    taken.add(found)
    return found
