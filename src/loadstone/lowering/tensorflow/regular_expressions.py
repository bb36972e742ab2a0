"""Regular expressions: tensorflow/core/ops/string_ops.cc, in the syntax of RE2 (https://github.com/google/re2/wiki/Syntax)."""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import Operand, tensor, tf
from loadstone.lowering.tensorflow.text_calls import as_bytes, call, number_of_each, of_each
from loadstone.lowering.text import regex
from loadstone.lowering.text.arrays import counted, each, flat


@tf("raw_ops.StaticRegexReplace")
def static_regex_replace(b: Builder, input_: Operand, pattern: str, rewrite: str, replace_global: bool = True) -> Value:
    """Strings with what fits a pattern replaced, everywhere or once."""
    return of_each(b, "RegexReplace", input_, regex.replacing(as_bytes(pattern), as_bytes(rewrite), bool(replace_global)))


@tf("raw_ops.RegexReplace")
def regex_replace(b: Builder, input_: Operand, pattern: Operand, rewrite: Operand, replace_global: bool = True) -> Value:
    """The same with pattern and rewrite as tensors."""
    x, patterns, rewrites = tensor(b, input_), tensor(b, pattern), tensor(b, rewrite)
    if patterns.const is not None and rewrites.const is not None:
        return of_each(b, "RegexReplace", x, regex.replacing(_text(patterns.array()), _text(rewrites.array()), bool(replace_global)))

    def replace(texts: np.ndarray, one: np.ndarray, other: np.ndarray) -> Any:
        return each(regex.replacing(_text(one), _text(other), bool(replace_global)))(texts)

    return call(b, "RegexReplace", replace, [x, patterns, rewrites], [(x.shape, "string")])[0]


@tf("raw_ops.StaticRegexFullMatch")
def static_regex_full_match(b: Builder, input_: Operand, pattern: str) -> Value:
    """Whether strings fit a pattern as a whole."""
    return number_of_each(b, "RegexFullMatch", input_, regex.full_match(as_bytes(pattern)), "bool")


@tf("raw_ops.RegexFullMatch")
def regex_full_match(b: Builder, input_: Operand, pattern: Operand) -> Value:
    """The same with the pattern as a tensor."""
    x, patterns = tensor(b, input_), tensor(b, pattern)
    if patterns.const is not None:
        return number_of_each(b, "RegexFullMatch", x, regex.full_match(_text(patterns.array())), "bool")

    def match(texts: np.ndarray, one: np.ndarray) -> Any:
        return counted(regex.full_match(_text(one)), "bool")(texts)

    return call(b, "RegexFullMatch", match, [x, patterns], [(x.shape, "bool")])[0]


def _text(array: np.ndarray) -> bytes:
    return bytes(flat(array)[0])
