"""Which keys the `get_config` of each class of Keras writes in each release: `config_keys.json`.

Read from the sources of the releases by `tests/golden/make_config_keys.py`: for a class, the releases that have it; for a key, the
releases in which it is always there and those in which it may be. Standalone Keras has a column for each release up to 2.3.1 and one for
each minor of Keras 3; the Keras inside TensorFlow and tf_keras have one for each minor of TensorFlow.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from loadstone.environment.ranges import Version, numbers
from loadstone.ir.records import dataclass

_FILE = "config_keys.json"
_EVERYWHERE = frozenset({"name", "trainable"})  # keys that callers can give to any class


@dataclass(frozen=True)
class Column:
    """Releases whose configs have the same keys: of Keras for "keras", of TensorFlow for "tf.keras" and "tf_keras"."""

    library: str
    low: Version
    high: Version


@dataclass(frozen=True)
class Keys:
    """The keys of a class: bits are columns. known: that have the class; open_: whose keys were not all read; always, some: by key."""

    known: int
    open_: int
    always: Mapping[str, int]
    some: Mapping[str, int]

    @property
    def is_old_layer(self) -> bool:
        """True for a layer that standalone Keras had up to 2.0."""
        old = sum(1 << bit for bit, column in enumerate(columns()) if column.library == "keras" and column.high < (2, 1))
        return ("trainable" in self.some or "batch_input_shape" in self.some) and bool(self.known & old)

    def reasons(self, config: Mapping[str, Any]) -> list[tuple[str, int, bool]]:
        """(key, columns that it rules out, whether the config has it) for each key that rules out any."""
        found = [
            (key, out, True) for key in config if key not in _EVERYWHERE and (out := self.known & ~self.open_ & ~self.some.get(key, 0))
        ]
        return found + [(key, out, False) for key, columns in self.always.items() if key not in config and (out := columns)]


@cache
def columns() -> tuple[Column, ...]:
    """The columns in the order of their bits."""
    found = []
    for library, low, high in _table()["columns"]:
        first, last = numbers(low), numbers(high)
        assert first is not None and last is not None
        found.append(Column(library, first, last))
    return tuple(found)


def names() -> tuple[str, ...]:
    """The classes of the table."""
    return tuple(_table()["classes"])


def everything() -> int:
    """The bits of all columns."""
    return (1 << len(columns())) - 1


@cache
def keys_of(class_name: str) -> Keys | None:
    """The keys of a class; None for one that no release has."""
    row = _table()["classes"].get(class_name)
    if row is None:
        return None
    known = _bits(row["in"])
    always = {key: known if said == "*" else _bits(said.partition("|")[0]) for key, said in row["keys"].items()}
    some = {key: known if said == "*" else _bits(said.replace("|", ",")) for key, said in row["keys"].items()}
    return Keys(known, _bits(row.get("open", "")), always, some)


@cache
def _table() -> dict[str, Any]:
    with open(os.path.join(os.path.dirname(__file__), _FILE), encoding="utf8") as file:
        return json.load(file)  # type: ignore[no-any-return]


def _bits(runs: str) -> int:
    """ "0-2,5" as bits."""
    found = 0
    for run in filter(None, runs.split(",")):
        first, _, last = run.partition("-")
        found |= (1 << int(last or first) + 1) - (1 << int(first))
    return found
