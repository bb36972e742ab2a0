"""Which weights belong to which architecture, by the names of their files: `model.json` and `model_weights.h5`.

Names are compared by their words, without those that only say what a file is. Where one architecture lies in a folder, weights of other
names may be its own too; whether they fit is only seen when they are loaded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from loadstone.ir.records import dataclass

CHOICES = 8  # files with weights that are tried for an architecture
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_ENDINGS = re.compile(r"(\.(weights|h5|hdf5|hdf|he5|keras|json|ya?ml|index|npz|safetensors|ckpt|architecture|arch))+$", re.IGNORECASE)
_ONLY_SAY_WHAT = frozenset(
    "model models weight weights architecture arch config json yaml yml ckpt checkpoint keras hdf params best final last latest new h5 cp".split()
)


@dataclass(frozen=True)
class Choice:
    """A file that may hold the weights of an architecture. sure: its name says so. size: bytes of it and what belongs to it."""

    path: str
    sure: bool
    size: int = 0


@dataclass(frozen=True)
class Pair:
    """An architecture that weights may belong to. choices: the files that may hold its weights, likeliest first. sure: the names say so.
    size: bytes of the architecture."""

    architecture: str
    choices: tuple[Choice, ...]
    sure: bool
    size: int = 0


Architectures = Mapping[str, tuple[int, tuple[Choice, ...]]]


def words(path: str) -> frozenset[str]:
    """What the name of a file says besides what kind of file it is."""
    stem = _ENDINGS.sub("", os.path.basename(path))
    return frozenset(word.lower() for word in _WORD.findall(stem)) - _ONLY_SAY_WHAT


def weights_for(architectures: Mapping[str, int], weights: Mapping[str, int]) -> dict[str, tuple[int, tuple[Choice, ...]]]:
    """For each architecture of a folder its size, and the files of that folder which may hold its weights; files are given with sizes."""
    of_weights = [(path, words(path)) for path in weights]
    found = {}
    for architecture, size in architectures.items():
        own = words(architecture)
        sure = [Choice(path, True, weights[path]) for path, names in of_weights if names == own]
        others = [Choice(path, False, weights[path]) for path, names in of_weights if names != own and not path.lower().endswith(".npz")]
        found[architecture] = (size, tuple((sure + (others if len(architectures) == 1 else []))[:CHOICES]))
    return found


def pairs_for(path: str, here: Architectures, above: Architectures) -> tuple[Pair, ...]:
    """The architectures that a file with weights may belong to: of its own folder and of the one above, as `weights_for` gives them."""
    own = words(path)
    folder = words(os.path.basename(os.path.dirname(path)))
    by_name = [Pair(architecture, choices, True, size) for architecture, (size, choices) in here.items() if words(architecture) == own]
    by_name += [
        Pair(architecture, choices, True, size) for architecture, (size, choices) in above.items() if words(architecture) in (own, folder)
    ]
    alone = [Pair(architecture, choices, False, size) for architecture, (size, choices) in here.items()] if len(here) == 1 else []
    return tuple((by_name or alone)[:CHOICES])
