"""Text cut into tokens as TextVectorization does, over object arrays of bytes.

keras/src/layers/preprocessing/text_vectorization.py and the operations of TensorFlow that it calls: lower case and white space are
those of ASCII, characters those of UTF-8.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence

import numpy as np

from loadstone.ir.records import dataclass
from loadstone.lowering.text.encoding import Encoding
from loadstone.lowering.text.lookup import Forward

_PUNCTUATION = string.punctuation.encode()

STANDARDIZE: dict[str | None, Callable[[bytes], bytes]] = {
    None: lambda text: text,
    "lower": bytes.lower,
    "strip_punctuation": lambda text: text.translate(None, _PUNCTUATION),
    "lower_and_strip_punctuation": lambda text: text.lower().translate(None, _PUNCTUATION),
}
SPLIT: dict[str, Callable[[bytes], list[bytes]]] = {
    "whitespace": bytes.split,
    "character": lambda text: [letter.encode() for letter in text.decode("utf-8", "replace")],
}


def ngrams(tokens: list[bytes], widths: Sequence[int]) -> list[bytes]:
    """All runs of tokens of each width, joined by spaces, one width after the other."""
    return [b" ".join(tokens[at : at + width]) for width in widths for at in range(len(tokens) - width + 1)]


@dataclass(frozen=True)
class Vectorizer:
    """Texts -> indices, or vectors where there is an encoding.

    split None: each string is a token, those along the last axis belong together. Else each string is a text of its own.
    length: rows of indices are cut or filled with 0 to it; without one, to the longest row of the batch.
    """

    standardize: str | None
    split: str | None
    widths: Sequence[int] | None
    lookup: Forward
    encoding: Encoding | None
    length: int | None

    def __call__(self, texts: np.ndarray) -> tuple[np.ndarray]:
        clean = STANDARDIZE[self.standardize]
        flat = [clean(text) for text in texts.reshape(-1).tolist()]
        if self.split is None:
            return (self._tokens(_objects(flat).reshape(texts.shape)),)
        cut = SPLIT[self.split]
        return (self._ragged([self._grams(cut(text)) for text in flat], texts.shape),)

    def _grams(self, tokens: list[bytes]) -> list[bytes]:
        return tokens if self.widths is None else ngrams(tokens, self.widths)

    def _tokens(self, tokens: np.ndarray) -> np.ndarray:
        """Tokens (..., n) as they come."""
        if self.widths is not None:
            lead = tokens.shape[:-1]
            rows = [self._grams(row) for row in tokens.reshape(-1, tokens.shape[-1]).tolist()] if tokens.size else []
            tokens = _objects([token for row in rows for token in row]).reshape(*lead, len(rows[0]) if rows else 0)
        indices = self.lookup(tokens)
        if self.encoding is not None:
            return self.encoding(indices)
        if self.length is None:
            return indices
        indices = indices[..., : self.length]
        return np.pad(indices, [(0, 0)] * (indices.ndim - 1) + [(0, self.length - indices.shape[-1])])

    def _ragged(self, rows: list[list[bytes]], lead: tuple[int, ...]) -> np.ndarray:
        """Rows of tokens, as many as `lead` says."""
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        indices = self.lookup(_objects([token for row in rows for token in row]))
        places = np.repeat(np.arange(len(rows)), lengths)
        if self.encoding is not None:
            return self.encoding.tally(indices, places, lead)
        width = self.length if self.length is not None else max(lengths.tolist(), default=0)
        within = np.arange(len(indices)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        result, fits = np.zeros((len(rows), width), np.int64), within < width
        result[places[fits], within[fits]] = indices[fits]
        return result.reshape(*lead, width)


def _objects(items: list[bytes]) -> np.ndarray:
    array = np.empty(len(items), object)
    array[:] = items
    return array
