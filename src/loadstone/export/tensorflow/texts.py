"""TextVectorization: texts standardized, cut into tokens and looked up, with TensorFlow's own ops of strings.

keras/src/layers/preprocessing/text_vectorization.py; `lowering.text.tokens.Vectorizer` is the same in Python.
"""

from __future__ import annotations

from collections.abc import Sequence

from loadstone.export.tensorflow.emission import Emission
from loadstone.export.tensorflow.lookups import encoded, forward, weighed
from loadstone.export.tensorflow.registry import host_call
from loadstone.export.tensorflow.writer import Term, Writer
from loadstone.lowering.text.tokens import Vectorizer

_PUNCTUATION = r"[!\"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']"  # as Keras writes it


@host_call(Vectorizer)
def vectorize(w: Emission, call: Vectorizer, texts: Term) -> Term:
    """Texts (batch,), or tokens (..., n) that come cut -> indices of tokens (batch, tokens), or vectors."""
    texts = Term(_standardized(w, call.standardize, texts).output, texts.shape, "string")
    if call.split is None:
        texts = texts if call.widths is None else _runs(w, texts, call.widths)
        found = Term(forward(w, call.lookup, texts).output, texts.shape, "int64")
        if call.encoding is not None:
            return encoded(w, call.encoding, found)
        return found if call.length is None else _of_length(w, found, call.length)
    tokens, splits = _cut(w, call.split, texts)
    if call.widths is not None:
        tokens, splits = _ngrams(w, tokens, splits, call.widths)
    indices = Term(forward(w, call.lookup, Term(tokens.output, (None,), "string")).output, (None,), "int64")
    if call.encoding is not None:
        return weighed(w, call.encoding, _counts(w, indices, splits, call.encoding.depth))
    size = w.ints([-1, -1 if call.length is None else call.length])
    return w.RaggedTensorToTensor(size, indices, w.const(0), [splits], row_partition_types=["ROW_SPLITS"])


def _standardized(w: Writer, how: str | None, texts: Term) -> Term:
    if how in ("lower", "lower_and_strip_punctuation"):
        texts = w.StringLower(texts)
    if how in ("strip_punctuation", "lower_and_strip_punctuation"):
        texts = w.StaticRegexReplace(texts, pattern=_PUNCTUATION, rewrite="")
    return texts


def _runs(w: Writer, tokens: Term, widths: Sequence[int]) -> Term:
    """Tokens (..., n) -> their n-grams (..., m), as many in each row."""
    lead, count = w.shape(tokens, 0, -1), w.length(tokens, tokens.rank - 1)
    splits = w.Mul(w.range(w.AddV2(w.Prod(lead, w.ints([0], "int32")), 1)), count)
    found, _ = _ngrams(w, w.reshape(tokens, [-1]), splits, widths)
    made = [w.Maximum(w.Sub(count, width - 1), 0) for width in widths]
    dims = w.concat([lead, w.reshape(w.AddN(made), [1])], 0)
    return w.reshape(found, dims, (*(tokens.shape or ())[:-1], None))


def _cut(w: Writer, split: str, texts: Term) -> tuple[Term, Term]:
    """All tokens in a row, and where each text's begin, int64 (texts + 1,)."""
    flat = w.reshape(texts, [-1])
    if split == "character":
        starts, codes = w.ops("UnicodeDecode", flat, input_encoding="UTF-8", errors="replace")
        each = w.Range(w.const(0), w.AddV2(w.Size(codes, out_type="int64"), 1), w.const(1))
        return w.UnicodeEncode(codes, each, output_encoding="UTF-8"), starts
    places, tokens, size = w.ops("StringSplitV2", flat, w.const(b"", "string"))
    rows = w.squeeze(w.part(places, 1, 0, 1), 1)
    count = w.squeeze(w.part(size, 0, 0, 1), 0)
    return tokens, _splits(w, w.UnsortedSegmentSum(w.OnesLike(rows), rows, count))


def _splits(w: Writer, lengths: Term) -> Term:
    """0, and the sums of lengths up to each."""
    return w.concat([w.ints([0]), w.Cumsum(lengths, w.const(0, "int32"))], 0)


def _ngrams(w: Writer, tokens: Term, splits: Term, widths: Sequence[int]) -> tuple[Term, Term]:
    found = w.ops(
        "StringNGrams",
        tokens,
        splits,
        separator=" ",
        ngram_widths=list(widths),
        left_pad="",
        right_pad="",
        pad_width=0,
        preserve_short_sequences=False,
    )
    return found[0], found[1]


def _counts(w: Writer, indices: Term, splits: Term, depth: int) -> Term:
    """(texts, depth): how often each index is there."""
    count = w.Sub(w.Size(splits, out_type="int64"), 1)
    places = w.range(w.Size(indices, out_type="int64"))
    rows = w.Sub(w.UpperBound(w.expand(splits, 0), w.expand(places, 0), out_type="int64"), 1)
    rows = w.squeeze(rows, 0)
    inside = w.LogicalAnd(w.GreaterEqual(indices, 0), w.Less(indices, depth))
    marks = w.where(inside, w.AddV2(w.Mul(rows, depth), indices), -1)
    found = w.UnsortedSegmentSum(w.OnesLike(marks), marks, w.Mul(count, depth))
    return w.reshape(found, [-1, depth])


def _of_length(w: Writer, indices: Term, length: int) -> Term:
    """Rows cut to a length, or filled up with 0."""
    last = indices.rank - 1
    cut = w.part(indices, last, 0, length)
    missing = w.Sub(w.const(length), w.Minimum(w.length(indices, last), length))
    rows = [w.ints([0, 0])] * last + [w.Pack([w.const(0), missing], axis=0)]
    return w.Pad(cut, w.Pack(rows, axis=0))
