"""StringLookup, IntegerLookup and TextVectorization: host calls over tables and tokens (`lowering.text`).

Semantics: keras/src/layers/preprocessing/index_lookup.py, text_vectorization.py. A vocabulary comes from the config or from the
assets of a `.keras` file; one that is a file of its own is refused, and never read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import MissingWeights, ModelError, UnsupportedAttribute
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Shape, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.categories import salt_of
from loadstone.lowering.registry import keras_layer
from loadstone.lowering.text.encoding import MODES, Encoding
from loadstone.lowering.text.lookup import NOWHERE, Forward, Hashed, Inverse, Lookup, Remainders
from loadstone.lowering.text.tokens import SPLIT, STANDARDIZE, Vectorizer
from loadstone.lowering.text.vocabulary import Vocabulary, read_vocabulary

_WEIGHTS = ("vocabulary?", "idf_weights?")
_TABLE = "max_tokens output_mode sparse pad_to_max_tokens vocabulary vocabulary_size idf_weights encoding numbers"
_LOOKUP = f"{_TABLE} invert num_oov_indices oov_token mask_token vocabulary_dtype oov_method salt"


@keras_layer("StringLookup", "IntegerLookup", weights=_WEIGHTS, options=_LOOKUP, autocast=False)
def index_lookup(b: Builder, layer: Layer, inputs: Value, vocabulary: Value | None = None, idf_weights: Value | None = None) -> Value:
    """Tokens (batch, ...) -> their indices, or vectors of them; indices -> tokens where `invert`."""
    config, integers = layer.config, layer.class_name == "IntegerLookup"
    if (inputs.dtype == "string") == (integers or bool(config.get("invert"))):
        raise ModelError(f"a {layer.class_name} is given {inputs.dtype} values")
    tokens = inputs if inputs.dtype == "string" else b.cast(inputs, "int64")
    mask, unknown, count = config.get("mask_token"), config.get("oov_token"), int(config.get("num_oov_indices", 1))
    mode = MODES.get(config.get("output_mode", "int"), config.get("output_mode", "int"))
    found = read_vocabulary(layer, _lines(vocabulary), mask if mode == "int" else None, unknown, count, integers)
    if config.get("invert"):
        inverse = _inverse(layer, found, mask, unknown, integers)
        return b.host(layer.class_name, Lookup(inverse), [tokens], [(inputs.shape, "int64" if integers else "string")])[0]
    forward = _forward(layer, found, mask, mode, integers)
    if mode == "int":
        dtype = layer.policy.compute if config.get("numbers") == "policy" else "int64"
        return b.cast(b.host(layer.class_name, Lookup(forward), [tokens], [(inputs.shape, "int64")])[0], dtype)
    encoding = _encoding(layer, found, mode, inputs.shape, idf_weights)
    result = (encoding.shape(inputs.shape), encoding.dtype)
    return b.host(layer.class_name, Lookup(forward, encoding), [tokens], [result])[0]


@keras_layer(
    "TextVectorization",
    weights=_WEIGHTS,
    options=f"{_TABLE} standardize split ngrams output_sequence_length ragged",
    autocast=False,
)
def text_vectorization(b: Builder, layer: Layer, inputs: Value, vocabulary: Value | None = None, idf_weights: Value | None = None) -> Value:
    """Texts (batch,) or (batch, 1) -> indices of their tokens (batch, tokens), or vectors (batch, size of the vocabulary)."""
    config, split = layer.config, layer.config.get("split", "whitespace")
    if inputs.dtype != "string":
        raise ModelError(f"a TextVectorization is given {inputs.dtype} values")
    if config.get("ragged"):
        raise UnsupportedAttribute("TextVectorization with ragged=True, whose result has rows of different lengths")
    _check_functions(layer)
    lead: Shape = inputs.shape
    if split is not None and inputs.rank > 1:
        if inputs.shape[-1] != 1:
            raise ModelError(f"a TextVectorization that splits texts is given a tensor of shape {inputs.shape}")
        lead, inputs = inputs.shape[:-1], b.squeeze(inputs, -1)
    mode = MODES.get(config.get("output_mode", "int"), config.get("output_mode", "int"))
    found = read_vocabulary(layer, _lines(vocabulary), "" if mode == "int" else None, "[UNK]", 1, False)
    forward, length, widths = _forward(layer, found, "", mode, False), config.get("output_sequence_length"), _widths(config.get("ngrams"))
    rows: Shape = (*lead, None) if split is not None else lead if widths is None else (*lead[:-1], None)
    encoding = None if mode == "int" else _encoding(layer, found, mode, rows, idf_weights)
    if encoding is not None and split is not None and (mode == "one_hot" or len(lead) != 1):
        raise UnsupportedAttribute(f"TextVectorization with split={split!r} and output_mode={mode!r} of a tensor of shape {lead}")
    dtype = "int64" if encoding is None else encoding.dtype
    shape = encoding.shape(rows) if encoding is not None else rows if length is None else (*rows[:-1], int(length))
    work = Vectorizer(config.get("standardize"), split, widths, forward, encoding, length)
    return b.host(layer.class_name, work, [inputs], [(shape, dtype)])[0]


def _lines(vocabulary: Value | None) -> np.ndarray | None:
    return None if vocabulary is None else vocabulary.array()


def _forward(layer: Layer, found: Vocabulary, mask: Any, mode: str, integers: bool) -> Forward:
    """The table from tokens to indices."""
    config, count = layer.config, int(layer.config.get("num_oov_indices", 1))
    first = found.start - count
    indices = {token: found.start + k for k, token in enumerate(found.tokens)}
    if mask is not None:
        indices[int(mask) if integers else str(mask).encode()] = 0 if mode == "int" else NOWHERE
    if count <= 1:
        return Forward(indices, first if count else None)
    if integers and config.get("oov_method", "floormod") == "floormod":
        return Forward(indices, Remainders(count, first))
    return Forward(indices, Hashed(count, first, salt_of(config.get("salt"))))


def _inverse(layer: Layer, found: Vocabulary, mask: Any, unknown: Any, integers: bool) -> Inverse:
    """The table from indices to tokens."""
    if unknown is None:
        raise UnsupportedAttribute(f"{layer.class_name} with invert=True and oov_token=None")
    tokens: dict[int, Any] = {found.start + k: token for k, token in enumerate(found.tokens)}
    if mask is not None:
        tokens[0] = int(mask) if integers else str(mask).encode()
    return Inverse(tokens, int(unknown) if integers else str(unknown).encode(), np.dtype(np.int64 if integers else object))


def _encoding(layer: Layer, found: Vocabulary, mode: str, shape: Shape, idf: Value | None) -> Encoding:
    """Vectors over the vocabulary."""
    config = layer.config
    depth = int(config["max_tokens"]) if config.get("pad_to_max_tokens") else found.size
    dtype = {"policy": layer.policy.compute, "float32": "float32"}.get(str(config.get("numbers")), "int64")
    squeezes = len(shape) > 1 and shape[-1] == 1
    if mode not in ("one_hot", "multi_hot", "count", "tf_idf"):
        raise UnsupportedAttribute(f"{layer.class_name} with output_mode={mode!r}")
    if mode != "tf_idf":
        return Encoding(mode, depth, dtype, squeezes)
    dtype = "float32" if dtype == "int64" else dtype
    weights = (_given_weights(layer, found, depth) if idf is None else idf.array()).astype(dtypes.to_numpy(dtype))
    if weights.shape != (depth,):
        raise ModelError(f"{depth} tokens, and idf_weights of shape {weights.shape}")
    return Encoding(mode, depth, dtype, squeezes, weights)


def _given_weights(layer: Layer, found: Vocabulary, depth: int) -> np.ndarray:
    """The weights of terms as the config lists them: unknown tokens have the mean, places of no token 0 (`set_vocabulary`)."""
    given = layer.config.get("idf_weights")
    if given is None:
        raise MissingWeights(f"the file has no idf_weights for this {layer.class_name}")
    values = np.asarray(given["config"]["value"] if isinstance(given, dict) else given)
    front = 0 if found.special else found.start
    padded = np.pad(values, (front, max(depth - front - len(values), 0)))
    padded[:front] = np.average(values)
    return padded


def _widths(given: Any) -> tuple[int, ...] | None:
    """The widths of n-grams: all up to a number, or those of a list."""
    if given is None:
        return None
    return tuple(range(1, given + 1)) if isinstance(given, int) else tuple(int(width) for width in given)


def _check_functions(layer: Layer) -> None:
    """Refuse functions of the user's, which compute with TensorFlow's strings."""
    for key, known in (("standardize", STANDARDIZE), ("split", (None, *SPLIT))):
        value = layer.config.get(key)
        if not isinstance(value, (str, type(None))) or value not in known:
            raise UnsupportedAttribute(f"TextVectorization with {key}={value!r}, a function of its own")
