"""What an HDF5 file holds, as a tree: groups, attributes and lazy tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from loadstone.errors import CorruptFile
from loadstone.ir import Tensor
from loadstone.ir.records import dataclass, field

MAX_DEPTH = 200
MAX_OBJECTS = 1_000_000


@dataclass(eq=False)
class Group:
    """A group: attributes, groups and tensors by name, in the order that h5py iterates them.

    path is "" for the root, else "model_weights/dense". Attributes are str, bytes, numbers or numpy arrays.
    """

    path: str
    source: str
    attributes: dict[str, Any] = field(default_factory=dict)  # whatever HDF5 can hold in an attribute
    groups: dict[str, Group] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    def text(self, name: str) -> str | None:
        """A string attribute, None where there is none; CorruptFile where it is no text."""
        value = self.attributes.get(name)
        if value is None:
            return None
        if isinstance(value, np.ndarray) and value.size == 1:
            value = value.reshape(-1)[0]
        return self._decoded(value, name)

    def strings(self, name: str) -> list[str] | None:
        """A list of strings; lists over 64 KB are stored in numbered attributes (`weight_names0`, `weight_names1`, ...)."""
        parts = [self.attributes[name]] if name in self.attributes else []
        while name not in self.attributes and f"{name}{len(parts)}" in self.attributes:
            parts.append(self.attributes[f"{name}{len(parts)}"])
        if not parts:
            return None
        return [self._decoded(item, name) for part in parts for item in np.asarray(part).reshape(-1).tolist()]

    def group(self, path: str) -> Group | None:
        """The group below this one, None where there is none."""
        found: Group | None = self
        for part in path.split("/"):
            found = found.groups.get(part) if found else None
        return found

    def tensor(self, path: str) -> Tensor | None:
        """The tensor below this one, None where there is none."""
        *parents, name = path.split("/")
        owner = self.group("/".join(parents)) if parents else self
        return owner.tensors.get(name) if owner else None

    def walk(self) -> Iterator[Group]:
        """This group and all below, parents first."""
        yield self
        for group in self.groups.values():
            yield from group.walk()

    def all_tensors(self) -> dict[str, Tensor]:
        """Every tensor below, by its path from this group, in file order."""
        start = len(self.path) + 1 if self.path else 0
        found = {}
        for name in self.names:
            if name in self.tensors:
                found[f"{self.path}/{name}"[start:] if self.path else name] = self.tensors[name]
            else:
                inner = self.groups[name]
                found.update({f"{inner.path[start:]}/{path}": tensor for path, tensor in inner.all_tensors().items()})
        return found

    def _decoded(self, value: object, name: str) -> str:
        if isinstance(value, bytes):
            try:
                return value.decode("utf8")
            except UnicodeDecodeError as error:
                raise CorruptFile(f"attribute {name!r} is not UTF-8: {error}", source=self.source, where=self.path) from error
        if isinstance(value, str):
            return value
        raise CorruptFile(f"attribute {name!r} should be text, found {type(value).__name__}", source=self.source, where=self.path)
