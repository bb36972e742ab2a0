"""Texts as code points: tensorflow/core/ops/string_ops.cc, `Unicode*`."""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import Operand, tensor, tf
from loadstone.lowering.tensorflow.text_calls import call, of_each
from loadstone.lowering.text.unicode import Reader, Writer, codec, script

_OUTPUTS = ("UTF-8", "UTF-16-BE", "UTF-32-BE")


def _known(name: str) -> str:
    found = codec(name)
    if found is None:
        raise UnsupportedAttribute(f"texts in the encoding {name!r}")
    return found


def _checked(errors: str) -> str:
    if errors not in ("strict", "replace", "ignore"):
        raise ModelError(f"texts decoded with errors={errors!r}")
    return errors


@tf("raw_ops.UnicodeDecodeWithOffsets")
def decode_with_offsets(
    b: Builder, input_: Operand, input_encoding: str, errors: str = "replace", replacement_char: int = 65533,
    replace_control_characters: bool = False, Tsplits: str = "int64",
) -> list[Value]:  # fmt: skip
    """Row splits (n + 1,), code points of all n strings in a row, int32, and where in their strings they begin, int64."""
    x = tensor(b, input_)
    reader = Reader(_known(input_encoding), _checked(errors), int(replacement_char), bool(replace_control_characters))

    def decode(texts: np.ndarray) -> Any:
        starts, codes, places = reader.decode(texts)
        return starts.astype(Tsplits), codes, places

    count = None if None in x.shape else int(np.prod([d or 0 for d in x.shape])) + 1
    return call(b, "UnicodeDecode", decode, [x], [((count,), Tsplits), ((None,), "int32"), ((None,), "int64")])


@tf("raw_ops.UnicodeDecode")
def decode(
    b: Builder, input_: Operand, input_encoding: str, errors: str = "replace", replacement_char: int = 65533,
    replace_control_characters: bool = False, Tsplits: str = "int64",
) -> list[Value]:  # fmt: skip
    """Row splits and code points."""
    found = decode_with_offsets(b, input_, input_encoding, errors, replacement_char, replace_control_characters, Tsplits)
    return found[:2]


@tf("raw_ops.UnicodeEncode")
def encode(
    b: Builder, input_values: Operand, input_splits: Operand, output_encoding: str, errors: str = "replace",
    replacement_char: int = 65533,
) -> Value:  # fmt: skip
    """A string for each row of code points."""
    values, starts = tensor(b, input_values), tensor(b, input_splits)
    if output_encoding not in _OUTPUTS:
        raise ModelError(f"texts encoded as {output_encoding!r}")
    writer = Writer(_known(output_encoding), _checked(errors), int(replacement_char))
    count = None if starts.shape[0] is None else starts.shape[0] - 1
    return call(b, "UnicodeEncode", lambda v, s: (writer.encode(v, s),), [values, starts], [((count,), "string")])[0]


@tf("raw_ops.UnicodeTranscode")
def transcode(
    b: Builder, input_: Operand, input_encoding: str, output_encoding: str, errors: str = "replace", replacement_char: int = 65533,
    replace_control_characters: bool = False,
) -> Value:  # fmt: skip
    """Strings in another encoding."""
    if output_encoding not in _OUTPUTS:
        raise ModelError(f"texts encoded as {output_encoding!r}")
    reader = Reader(_known(input_encoding), _checked(errors), int(replacement_char), bool(replace_control_characters))
    to = _known(output_encoding)
    return of_each(b, "UnicodeTranscode", input_, lambda text: reader.transcode(text, to))


@tf("raw_ops.UnicodeScript")
def unicode_script(b: Builder, input_: Operand) -> Value:
    """The number of the script that code points belong to, as ICU counts them; -1 where there is none."""
    x = tensor(b, input_)
    return call(b, "UnicodeScript", lambda codes: (script(codes),), [x], [(x.shape, "int32")])[0]
