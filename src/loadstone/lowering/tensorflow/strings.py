"""Strings split, joined, cut and counted: tensorflow/core/ops/string_ops.cc. Strings are bytes; all of it is host calls."""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering import shapes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.complex_numbers import Complex, of_complex, together
from loadstone.lowering.tensorflow.symbols import Operand, axes_of, tensor, tf
from loadstone.lowering.tensorflow.text_calls import as_bytes, call, number_of_each, of_each
from loadstone.lowering.text import strings, unicode
from loadstone.lowering.text.arrays import flat, objects
from loadstone.lowering.text.numbers import Format, read_numbers
from loadstone.lowering.text.summaries import summary

_WIDEST = 1 << 16  # of a number as text
_SPARSE = [((None, 2), "int64"), ((None,), "string"), ((2,), "int64")]


# -- splitting and joining --------------------------------------------------------------------------------------------


@tf("raw_ops.StringSplit")
def string_split(b: Builder, input_: Operand, delimiter: Operand, skip_empty: bool = True) -> list[Value]:
    """Parts of strings (n,) between any bytes of a delimiter, as a sparse matrix."""

    def split(texts: np.ndarray, between: np.ndarray) -> Any:
        return strings.split_at(texts, flat(between)[0], bool(skip_empty))

    return call(b, "StringSplit", split, [tensor(b, input_), tensor(b, delimiter)], _SPARSE)


@tf("raw_ops.StringSplitV2")
def string_split_v2(b: Builder, input_: Operand, sep: Operand, maxsplit: int = -1) -> list[Value]:
    """Parts of strings (n,) between separators, or between white space where that is empty, as a sparse matrix."""

    def split(texts: np.ndarray, between: np.ndarray) -> Any:
        return strings.split_by(texts, flat(between)[0], int(maxsplit))

    return call(b, "StringSplitV2", split, [tensor(b, input_), tensor(b, sep)], _SPARSE)


@tf("raw_ops.StringJoin")
def string_join(b: Builder, inputs: list[Any], separator: str = "") -> Value:
    """Strings of several tensors joined; scalars are for every place."""
    parts, between = [tensor(b, x) for x in inputs], as_bytes(separator)
    full = [x.shape for x in parts if x.rank]
    shape = shapes.refine(full[0], full[0]) if full else ()
    for other in full[1:]:
        shape = shapes.refine(shape, other)
    return call(b, "StringJoin", lambda *arrays: (strings.join(arrays, between),), parts, [(shape, "string")])[0]


@tf("raw_ops.ReduceJoin")
def reduce_join(b: Builder, inputs: Operand, reduction_indices: Operand, keep_dims: bool = False, separator: str = "") -> Value:
    """Strings joined over axes, in the order in which the axes are given."""
    x, between = tensor(b, inputs), as_bytes(separator)
    axes = axes_of(reduction_indices, x.rank)
    if len(set(axes)) < len(axes):
        raise ModelError(f"strings joined twice over one of the axes {axes}")
    kept = tuple(1 if k in axes else d for k, d in enumerate(x.shape) if keep_dims or k not in axes)

    def join(array: np.ndarray) -> tuple[np.ndarray]:
        joined = strings.reduce_join(array, axes, between)
        return (joined.reshape([1 if k in axes else d for k, d in enumerate(array.shape)]) if keep_dims else joined,)

    return call(b, "ReduceJoin", join, [x], [(kept, "string")])[0] if axes else x


@tf("raw_ops.UnsortedSegmentJoin")
def unsorted_segment_join(b: Builder, inputs: Operand, segment_ids: Operand, num_segments: Operand, separator: str = "") -> Value:
    """Slices that have one id joined, as many as there are segments."""
    x, ids, count, between = tensor(b, inputs), tensor(b, segment_ids), tensor(b, num_segments), as_bytes(separator)
    length = int(flat(count.array())[0]) if count.const is not None else None

    def join(array: np.ndarray, places: np.ndarray, number_: np.ndarray) -> tuple[np.ndarray]:
        return (strings.segment_join(array, places, int(flat(number_)[0]), between),)

    return call(b, "UnsortedSegmentJoin", join, [x, ids, count], [((length, *x.shape[ids.rank :]), "string")])[0]


@tf("raw_ops.StringNGrams")
def string_ngrams(
    b: Builder, data: Operand, data_splits: Operand, separator: str, ngram_widths: list[int], left_pad: str, right_pad: str,
    pad_width: int, preserve_short_sequences: bool,
) -> list[Value]:  # fmt: skip
    """Runs of tokens (n,) in each row that the splits say, joined; and the splits of the runs."""
    tokens, starts = tensor(b, data), tensor(b, data_splits)
    if any(not 0 < width <= _WIDEST for width in ngram_widths):
        raise UnsupportedAttribute(f"n-grams of widths {list(ngram_widths)}")
    grams = strings.Grams(
        as_bytes(separator), tuple(ngram_widths), as_bytes(left_pad), as_bytes(right_pad), min(int(pad_width), _WIDEST),
        bool(preserve_short_sequences),
    )  # fmt: skip
    return call(b, "StringNGrams", grams, [tokens, starts], [((None,), "string"), (starts.shape, starts.dtype)])


# -- letters ----------------------------------------------------------------------------------------------------------


@tf("raw_ops.StringLower")
def string_lower(b: Builder, input_: Operand, encoding: str = "") -> Value:
    """Small letters: of ASCII, or of all Unicode where the encoding is "utf-8"."""
    return of_each(b, "StringLower", input_, unicode.lower if _is_utf8(encoding) else bytes.lower)


@tf("raw_ops.StringUpper")
def string_upper(b: Builder, input_: Operand, encoding: str = "") -> Value:
    """Capital letters: of ASCII, or of all Unicode where the encoding is "utf-8"."""
    return of_each(b, "StringUpper", input_, unicode.upper if _is_utf8(encoding) else bytes.upper)


def _is_utf8(encoding: str) -> bool:
    if encoding not in ("", "utf-8"):
        raise UnsupportedAttribute(f"letters of the encoding {encoding!r}")
    return encoding == "utf-8"


@tf("raw_ops.StringStrip")
def string_strip(b: Builder, input_: Operand) -> Value:
    """Strings without the white space on both sides."""
    return of_each(b, "StringStrip", input_, lambda text: text.strip(strings.SPACE))


@tf("raw_ops.StringLength")
def string_length(b: Builder, input_: Operand, unit: str = "BYTE") -> Value:
    """How many bytes or characters there are, int32."""
    return number_of_each(b, "StringLength", input_, strings.characters if _by_character(unit) else len, "int32")


@tf("raw_ops.Substr")
def substr(b: Builder, input_: Operand, pos: Operand, len_: Operand, unit: str = "BYTE") -> Value:
    """Parts of strings, counted in bytes or characters; the operands broadcast."""
    x, places, counts = tensor(b, input_), tensor(b, pos), tensor(b, len_)
    by_character = _by_character(unit)

    def cut(texts: np.ndarray, positions: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray]:
        return (strings.substr(texts, positions, lengths, by_character),)

    shape = shapes.broadcast(x.shape, places.shape, counts.shape)
    return call(b, "Substr", cut, [x, places, counts], [(shape, "string")])[0]


def _by_character(unit: str) -> bool:
    if unit not in ("BYTE", "UTF8_CHAR"):
        raise UnsupportedAttribute(f"strings counted in units of {unit!r}")
    return unit == "UTF8_CHAR"


@tf("raw_ops.EncodeBase64")
def encode_base64(b: Builder, input_: Operand, pad: bool = False) -> Value:
    """Strings as web-safe base64."""
    return of_each(b, "EncodeBase64", input_, strings.encode_base64(bool(pad)))


@tf("raw_ops.DecodeBase64")
def decode_base64(b: Builder, input_: Operand) -> Value:
    """Strings that were web-safe base64."""
    return of_each(b, "DecodeBase64", input_, strings.decode_base64)


# -- numbers ----------------------------------------------------------------------------------------------------------


@tf("raw_ops.AsString")
def as_string(
    b: Builder, input_: Operand, precision: int = -1, scientific: bool = False, shortest: bool = False, width: int = -1, fill: str = ""
) -> Value:
    """Numbers as text, by the formats of C."""
    x = tensor(b, input_)
    real = dtypes.is_float(x.dtype) or x.dtype.startswith("complex")
    if fill not in ("", " ", "+", "-", "0", "#") or scientific and shortest or max(precision, width) > _WIDEST:
        raise UnsupportedAttribute(f"numbers as text with {fill=}, {width=}, {precision=}, {scientific=}, {shortest=}")
    if not real and x.dtype != "string" and (scientific or shortest or precision >= 0):
        raise UnsupportedAttribute(f"numbers of {x.dtype} as text with the options of floats")
    form = Format(int(width), int(precision), fill, "g" if shortest else "e" if scientific else "f")
    return call(b, "AsString", form.write, [x], [(x.shape, "string")])[0]


@of_complex("AsString")
def as_string_of_complex(
    b: Builder, input_: Complex, precision: int = -1, scientific: bool = False, shortest: bool = False, width: int = -1, fill: str = ""
) -> Value:
    """Complex numbers as text, in brackets."""
    return as_string(b, together(b, input_), precision, scientific, shortest, width, fill)


@tf("raw_ops.StringToNumber")
def string_to_number(b: Builder, string_tensor: Operand, out_type: str = "float32") -> Value:
    """Text as numbers."""
    x = tensor(b, string_tensor)
    return call(b, "StringToNumber", lambda texts: (read_numbers(texts, out_type),), [x], [(x.shape, out_type)])[0]


@tf("raw_ops.StringFormat")
def string_format(b: Builder, inputs: list[Any], template: str = "%s", placeholder: str = "%s", summarize: int = 3) -> Value:
    """A text with tensors in the places of the placeholder."""
    pieces = as_bytes(template).split(as_bytes(placeholder))
    values = [tensor(b, x) for x in inputs]
    if len(pieces) != len(values) + 1:
        raise ModelError(f"a template with {len(pieces) - 1} places for {len(values)} tensors")

    def fill(*arrays: np.ndarray) -> tuple[np.ndarray]:
        shown = [summary(array, int(summarize)) for array in arrays]
        return (objects([b"".join(part for pair in zip(pieces, [*shown, b""], strict=True) for part in pair)], ()),)

    return call(b, "StringFormat", fill, values, [((), "string")])[0]
