"""`provenance`: which releases of Keras, TensorFlow and Python can have saved a file, and how that is known.

What a file states of itself is taken as it stands; what only its features say is a range that its true release lies in. Each rule is a
piece of `Evidence` and shows what it rests on. Nothing of a file is run and no weight is read.
"""

from __future__ import annotations

from loadstone.containers.source import Filepath
from loadstone.environment.ranges import UNKNOWN, Range, Version
from loadstone.ir.records import dataclass

__all__ = ["Evidence", "Provenance", "Range", "Version", "provenance"]


@dataclass(frozen=True)
class Evidence:
    """One thing that a file says about who saved it.

    about: "library", "keras", "tensorflow", "python", "backend", "date" or another thing. says: a phrase for people, with the place in the
    file. low, high: the releases that fit, both included, as in `Range`. certainty: "stated" (the file says so), "implied" (no other release
    writes this) or "likely".
    """

    about: str
    says: str
    low: Version | None = None
    high: Version | None = None
    certainty: str = "implied"


@dataclass(frozen=True)
class Provenance:
    """Who saved a file.

    library: "keras" (standalone, Keras 3 too), "tf.keras", "tf_keras", "tensorflow", "tensorflow.js" or "loadstone"; None where nothing tells.
    keras, tensorflow, python: the releases that can have been there. date: when it was saved, in ISO form, as far as known.
    """

    library: str | None = None
    keras: Range = UNKNOWN
    tensorflow: Range = UNKNOWN
    python: Range = UNKNOWN
    backend: str | None = None
    date: str | None = None
    evidence: tuple[Evidence, ...] = ()


def provenance(path: Filepath) -> Provenance:
    """Who saved the model at a path. Raises FileNotFoundError, or a LoadstoneError for what is no model."""
    return Provenance()
