"""Hashes of strings and tensors: tensorflow/core/ops/string_ops.cc, fingerprint_op.cc."""

from __future__ import annotations

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import Operand, tensor, tf
from loadstone.lowering.tensorflow.text_calls import call, number_of_each
from loadstone.lowering.text.arrays import flat, objects
from loadstone.lowering.text.fingerprints import buckets, farm, murmur

_SIGNED = 1 << 63


def _counted(num_buckets: int) -> int:
    if num_buckets < 1:
        raise ModelError(f"strings in {num_buckets} buckets")
    return int(num_buckets)


@tf("raw_ops.StringToHashBucketFast", "raw_ops._TensorToHashBucketFast")
def hash_bucket_fast(b: Builder, input_: Operand, num_buckets: int) -> Value:
    """The bucket of each string by FarmHash64, int64; integers count as what AsString makes of them."""
    x, count = tensor(b, input_), _counted(num_buckets)

    def hashed(array: np.ndarray) -> tuple[np.ndarray]:
        texts = array if array.dtype == object else objects((b"%d" % item for item in flat(array)), array.shape)
        return (buckets(texts, count),)

    return call(b, "StringToHashBucketFast", hashed, [x], [(x.shape, "int64")])[0]


@tf("raw_ops.StringToHashBucketStrong")
def hash_bucket_strong(b: Builder, input_: Operand, num_buckets: int, key: list[int]) -> Value:
    """The bucket of each string by SipHash with a key of two numbers, int64."""
    x, count = tensor(b, input_), _counted(num_buckets)
    if len(key) != 2:
        raise ModelError(f"a key of {len(key)} numbers, not 2")
    words = [int(k) % (2 * _SIGNED) for k in key]
    return call(b, "StringToHashBucketStrong", lambda array: (buckets(array, count, words),), [x], [(x.shape, "int64")])[0]


@tf("raw_ops.StringToHashBucket")
def hash_bucket(b: Builder, string_tensor: Operand, num_buckets: int) -> Value:
    """The bucket of each string by the oldest of the hashes, int64."""
    count = _counted(num_buckets)
    return number_of_each(b, "StringToHashBucket", string_tensor, lambda text: murmur(text) % count, "int64")


@tf("raw_ops.Fingerprint")
def fingerprint(b: Builder, data: Operand, method: Operand) -> Value:
    """The FarmHash64 of each row as 8 bytes: (n, 8), uint8. Rows of several strings are rows of their hashes."""
    x, how = tensor(b, data), tensor(b, method)
    if how.const is None or flat(how.array()) != [b"farmhash64"]:
        raise UnsupportedAttribute("fingerprints by another method than farmhash64")
    if x.rank == 0:
        raise ModelError("the fingerprints of the rows of a scalar")

    def prints(array: np.ndarray) -> tuple[np.ndarray]:
        rows = array.reshape(len(array), int(np.prod(array.shape[1:])))
        if array.dtype == object and rows.shape[1] == 1:
            texts = rows[:, 0]
        else:
            words = farm(rows).astype("<u8") if array.dtype == object else np.ascontiguousarray(rows)
            texts = objects(row.tobytes() for row in words)
        return (farm(texts).astype("<u8").view(np.uint8).reshape(len(array), 8),)

    return call(b, "Fingerprint", prints, [x], [((x.shape[0], 8), "uint8")])[0]
