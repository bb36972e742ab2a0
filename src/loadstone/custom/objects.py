"""Custom objects: what the caller supplied, looked up as Keras looks it up, and the list of what is missing."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from loadstone.errors import MissingCustomObjects


@dataclass(frozen=True)
class Given:
    """An object that the caller supplied for a name in the file. kind: "layer", "activation", "function" ..."""

    kind: str
    name: str
    object: Any


@dataclass(frozen=True)
class Missing:
    """A name in the file that nothing stands for: its kind, where it is used, and its stored config."""

    kind: str
    name: str
    where: str
    config: Any = None
    near: tuple[str, ...] = ()


@dataclass
class CustomObjects:
    """A snapshot of the caller's objects by name. What `find` does not find is remembered; `raise_missing` names all of it."""

    objects: Mapping[str, Any] = field(default_factory=dict)
    missing: list[Missing] = field(default_factory=list)

    def find(self, kind: str, *names: str | None, where: str, config: Any = None) -> Given | None:
        """What is supplied under the first of these names (a registered name "package>name" also under "name")."""
        candidates = [n for name in names if name for n in (name, name.rpartition(">")[2])]
        for name in candidates:
            if name in self.objects:
                return Given(kind, name, self.objects[name])
        near = difflib.get_close_matches(candidates[-1], self.objects, n=3, cutoff=0.5)
        self.missing.append(Missing(kind, candidates[-1], where, config, tuple(near)))
        return None

    def raise_missing(self) -> None:
        """Raise MissingCustomObjects with every name that was not found, once each."""
        if not self.missing:
            return
        unique = list({(m.kind, m.name): m for m in self.missing}.values())
        lines = []
        for m in unique:
            near = f"; did you mean {', '.join(map(repr, m.near))}?" if m.near else ""
            lines.append(f"  - Unknown {m.kind}: '{m.name}' at {m.where}{near}")
        given = ", ".join(f"'{m.name}': ..." for m in unique)
        raise MissingCustomObjects(
            "the file uses objects that are not Keras' own:\n" + "\n".join(lines),
            missing=unique,
            hint=f"loadstone.load_model(path, custom_objects={{{given}}})",
        )
