"""What a saved-file format is: its name, how its bytes are known, and how they are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from loadstone.containers.source import Source
from loadstone.formats.weights import Weights
from loadstone.ir import Finding, Layer, Model, Producer, Tensor
from loadstone.ir.records import dataclass

# The second argument of `read` is the caller's custom objects (`loadstone.custom.CustomObjects` or None), which formats hand
# through to the frontend without looking at them: the type is not theirs to import. The third are weights in a file of their own.
Read = Callable[[Source, Any, Weights | None], Model]


@dataclass(frozen=True)
class Match:
    """A format recognizes a source. what says in which form, for people ("zip archive with HDF5 weights")."""

    what: str


@dataclass(frozen=True)
class Format:
    """One saved-file format.

    detect looks at content, never at the name, and never raises: a damaged file of this format is a Match, and `read` then
    says what is wrong. suffixes are the usual ones, for documentation and for writing.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    detect: Callable[[Source], Match | None]
    read: Read


METADATA = "keras_metadata.pb"  # beside the graph of a SavedModel that tf.keras wrote


@dataclass(frozen=True)
class KerasView:
    """The model as layers, or why there is none (finding)."""

    root: Layer | None = None
    producer: Producer | None = None
    training_config: dict[str, Any] | None = None
    extra: Mapping[str, dict[str, Tensor]] | None = None
    finding: Finding | None = None
