"""The vocabulary of a lookup layer: from its config, or from the lines that its file keeps beside the weights.

keras/src/layers/preprocessing/index_lookup.py, `set_vocabulary` and `load_assets`. Tokens are bytes or integers.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from loadstone.errors import MissingWeights, ModelError
from loadstone.ir import Layer
from loadstone.ir.records import dataclass

Token = Any  # bytes or int


@dataclass(frozen=True)
class Vocabulary:
    """Tokens in the order of their indices, of which the first is `start`: below it are mask and unknown tokens.

    listed: the config has it, mask and unknown tokens included where `special` is true.
    """

    tokens: list[Token]
    start: int
    listed: bool = False
    special: bool = False

    @property
    def size(self) -> int:
        """How many indices there are."""
        return self.start + len(self.tokens)


def read_vocabulary(layer: Layer, lines: np.ndarray | None, mask: Any, unknown: Any, unknowns: int, integers: bool) -> Vocabulary:
    """The vocabulary of a layer. lines: the asset of the file, where it has one. mask: None where it has no index.

    unknowns is how many indices unknown tokens have. Raises MissingWeights or ModelError.
    """
    first = [] if mask is None else [mask]
    before = first + [unknown] * unknowns
    given = layer.config.get("vocabulary")
    if isinstance(given, str):
        raise MissingWeights(
            f"the vocabulary of this {layer.class_name} is the file {given!r}, which is not part of the model's file",
            hint="save the model again with the vocabulary as a list",
        )
    if given is not None:
        tokens, listed = [_token(item, integers) for item in _listed(given)], True
        expected = [_token(item, integers) for item in before]
    elif lines is not None:
        tokens, listed = [_of_line(line, integers) for line in _lines(lines)], False
        expected = [_of_line(str(item).encode(), integers) for item in before]
    elif layer.config.get("vocabulary_size") == len(before):
        return _checked(layer, Vocabulary([], len(before)))
    else:
        raise MissingWeights(
            f"the file has no vocabulary for this {layer.class_name}: HDF5 files do not keep what `adapt` learns",
            hint="save the model as .keras, or give the layer its vocabulary as a list",
        )
    special = tokens[: len(before)] == expected
    return _checked(layer, Vocabulary(tokens[len(before) :] if special else tokens, len(before), listed, special))


def _checked(layer: Layer, found: Vocabulary) -> Vocabulary:
    twice = [token for token, count in Counter(found.tokens).items() if count > 1]
    if twice:
        raise ModelError(f"tokens that the vocabulary of a {layer.class_name} has twice: {', '.join(map(repr, twice[:5]))}")
    size = layer.config.get("vocabulary_size")
    if size is not None and size != found.size:
        raise ModelError(f"a {layer.class_name} with vocabulary_size={size}, whose file has {found.size} tokens")
    return found


def _listed(given: Any) -> list[Any]:
    """Plain values, or an array as Keras serializes one."""
    if isinstance(given, dict) and given.get("class_name") in ("__numpy__", "__tensor__"):
        given = given["config"]["value"]
    return list(given)


def _token(item: Any, integers: bool) -> Token:
    if item is None:
        return None
    return int(item) if integers else item.encode() if isinstance(item, str) else item


def _lines(stored: np.ndarray) -> list[bytes]:
    """The lines of a text file, whichever system wrote it; none of an empty one."""
    lines = [bytes(line) for line in stored.reshape(-1).tolist()]
    if len(lines) > 1 and all(line.endswith(b"\r") for line in lines[:-1]):
        lines = [line.removesuffix(b"\r") for line in lines]
    return [] if lines == [b""] else lines


def _of_line(line: bytes, integers: bool) -> Token:
    """A token as it stands in a file; what is no integer where integers are due (the name of a token that is None) is kept."""
    if not integers:
        return line
    try:
        return int(line)
    except ValueError:
        return line
