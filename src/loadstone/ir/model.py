"""What a format's `read` returns: the model, who saved it, and what reading noticed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from loadstone.ir.graph import Graph, Layer
from loadstone.ir.module import Module
from loadstone.ir.records import dataclass, field
from loadstone.ir.tensor import Tensor


@dataclass(frozen=True)
class Producer:
    """Who saved the file, as far as it says: library "keras" (standalone or Keras 3) or "tf.keras"; version "2.15.0"."""

    library: str
    version: str | None = None
    backend: str | None = None
    date: str | None = None

    @property
    def release(self) -> tuple[int, ...]:
        """The version as numbers, () where unknown: (2, 15, 0)."""
        return _numbers(self.version or "")


@lru_cache(maxsize=64)
def _numbers(version: str) -> tuple[int, ...]:
    found = []
    for part in version.replace("-", ".").split("."):
        if not part.isdecimal():
            break
        found.append(int(part))
    return tuple(found)


@dataclass(frozen=True)
class Finding:
    """Something that reading noticed. severity "info", "warning" (can change numbers) or "danger" (would run code)."""

    severity: str
    message: str
    where: str = ""


@dataclass(eq=False)
class Model:
    """A model as read from a file, before anything is compiled.

    root is the outermost layer (its graph is the model) for layered models; for graphs of TensorFlow, graph is the one that predicts
    and module what it needs; tagged are the modules of a file that holds several, by their tags.
    training_config is what `compile` was given, as the file has it. extra holds tensors that belong to no layer, by kind
    ("optimizer", "metrics", "seeds", "counters"), each name -> tensor. lacks names what the file leaves to another one.
    """

    format: str
    source: str
    producer: Producer
    root: Layer | None = None
    graph: Graph | None = None
    module: Module | None = None
    tagged: Mapping[tuple[str, ...], Callable[[], Module]] = field(default_factory=dict)
    training_config: dict[str, Any] | None = None
    extra: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    lacks: str | None = None
    unchanged: Any = None  # callable that raises CorruptFile once the mapped source was rewritten; None where nothing is mapped
