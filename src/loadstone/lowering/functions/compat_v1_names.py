"""Functions that TensorFlow 1 alone has, or has by another name, and that are an op or a function of today: a row each.

https://www.tensorflow.org/versions/r1.15/api_docs/python/tf. What needs sparse tensors, variables, files or queues is left out.
"""

from __future__ import annotations

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.rows import rows
from loadstone.lowering.tensorflow.symbols import Operand, alike, rule, tensor, tf

TENSORS = {
    "arg_max": "math.argmax input dimension output_type='int64'",
    "arg_min": "math.argmin input dimension output_type='int64'",
    "check_numerics": "identity tensor message=None",
    "div_no_nan": "math.divide_no_nan x y",
    "inv": "math.reciprocal x",
    "manip.batch_to_space_nd": "raw_ops.BatchToSpaceND input block_shape crops",
    "manip.gather_nd": "gather_nd params indices",
    "manip.reshape": "reshape tensor shape",
    "manip.reverse": "reverse tensor axis",
    "manip.roll": "roll input shift axis",
    "manip.scatter_nd": "scatter_nd indices updates shape",
    "manip.space_to_batch_nd": "raw_ops.SpaceToBatchND input block_shape paddings",
    "manip.tile": "tile input multiples",
    "matrix_square_root": "raw_ops.MatrixSquareRoot input",
    "matrix_triangular_solve": "raw_ops.MatrixTriangularSolve matrix rhs lower=True adjoint=False",
    "qr": "raw_ops.Qr input full_matrices=False",
    "sparse_matmul": "matmul a b transpose_a=False transpose_b=False",
    "sparse_segment_mean": "sparse.segment_mean data indices segment_ids num_segments=None",
    "sparse_segment_sqrt_n": "sparse.segment_sqrt_n data indices segment_ids num_segments=None",
    "sparse_segment_sum": "sparse.segment_sum data indices segment_ids num_segments=None",
    "sparse_to_dense": "raw_ops.SparseToDense sparse_indices output_shape sparse_values default_value=0",
    "verify_tensor_all_finite": "identity t|x msg|message=None",
}
TEXT = {
    "decode_base64": "raw_ops.DecodeBase64 input",
    "encode_base64": "raw_ops.EncodeBase64 input pad=False",
    "regex_replace": "raw_ops.RegexReplace input pattern rewrite replace_global=True",
    "string_strip": "raw_ops.StringStrip input",
    "string_to_hash_bucket": "raw_ops.StringToHashBucket string_tensor|input num_buckets",
    "string_to_hash_bucket_fast": "raw_ops.StringToHashBucketFast input num_buckets",
    "string_to_hash_bucket_strong": "raw_ops.StringToHashBucketStrong input num_buckets key",
    "strings.regex_full_match": "raw_ops.RegexFullMatch input pattern",
    "strings.strip": "raw_ops.StringStrip input",
    "strings.to_hash_bucket": "raw_ops.StringToHashBucket string_tensor|input num_buckets",
    "strings.to_hash_bucket_strong": "raw_ops.StringToHashBucketStrong input num_buckets key",
    "substr": "raw_ops.Substr input pos len unit='BYTE'",
}
NETWORKS = {
    "nn.avg_pool_v2": "nn.avg_pool input ksize strides padding data_format=None",
    "nn.batch_norm_with_global_normalization": "raw_ops.BatchNormWithGlobalNormalization t|input m|mean v|variance beta gamma variance_epsilon "
    "scale_after_normalization",
    "nn.max_pool_v2": "nn.max_pool input ksize strides padding data_format=None",
}
for _table in (TENSORS, TEXT, NETWORKS):
    rows("compat.v1.", _table)


@tf("compat.v1.where_v2")
def where_v2(b: Builder, condition: Operand, x: Operand = None, y: Operand = None) -> Value:
    """`tf.where` of TensorFlow 2: a vector of conditions is one for each place of the last axis."""
    if x is None and y is None:
        places: Value = rule("raw_ops.Where").function(b, condition)
        return places
    return b.Where(tensor(b, condition), *alike(b, x, y))


@tf("compat.v1.clip_by_average_norm")
def clip_by_average_norm(b: Builder, t: Operand, clip_norm: Operand) -> Value:
    """x, made shorter where its length over the number of its elements is more than clip_norm."""
    x = tensor(b, t)
    bound, count = tensor(b, clip_norm, x.dtype), b.cast(b.Size(x), x.dtype)
    rate = b.Mul(b.Reciprocal(b.Sqrt(b.ReduceSum(b.Mul(x, x), keepdims=0))), count)
    return b.Mul(b.Mul(x, bound), b.Min(rate, b.Div(b.const(1, x.dtype), bound)))


@tf("compat.v1.self_adjoint_eigvals")
def self_adjoint_eigvals(b: Builder, tensor_: Operand) -> Value:
    """Eigenvalues in ascending order."""
    found: list[Value] = rule("raw_ops.SelfAdjointEigV2").function(b, tensor_)
    return found[0]


@tf("compat.v1.reduce_join", "compat.v1.strings.reduce_join")
def reduce_join(
    b: Builder, inputs: Operand, axis: Operand = None, keep_dims: bool | None = None, separator: str = "", name: str | None = None,
    reduction_indices: Operand = None, keepdims: bool | None = None,
) -> Value:  # fmt: skip
    """Strings along axes in one, along all of them from the last unless they are given."""
    x = tensor(b, inputs)
    axes = reduction_indices if axis is None else axis
    axes = list(range(x.rank))[::-1] if axes is None else axes
    found: Value = rule("raw_ops.ReduceJoin").function(b, x, axes, bool(keep_dims or keepdims), separator)
    return found


@tf("compat.v1.unsorted_segment_mean", "compat.v1.math.unsorted_segment_mean")
def unsorted_segment_mean(b: Builder, data: Operand, segment_ids: Operand, num_segments: Operand) -> Value:
    """The mean of the slices of each segment; zeros for one that is empty."""
    total, count = _segments(b, data, segment_ids, num_segments)
    return b.Div(total, count)


@tf("compat.v1.unsorted_segment_sqrt_n", "compat.v1.math.unsorted_segment_sqrt_n")
def unsorted_segment_sqrt_n(b: Builder, data: Operand, segment_ids: Operand, num_segments: Operand) -> Value:
    """The sum of the slices of each segment over the root of their number."""
    total, count = _segments(b, data, segment_ids, num_segments)
    return b.Div(total, b.Sqrt(count))


def _segments(b: Builder, data: Operand, segment_ids: Operand, num_segments: Operand) -> tuple[Value, Value]:
    """The sums, and how many slices each is of, at least 1."""
    x, places = tensor(b, data), tensor(b, segment_ids)
    if not dtypes.is_float(x.dtype):
        raise UnsupportedAttribute(f"means of segments of {x.dtype}")
    add = rule("math.unsorted_segment_sum").function
    total = add(b, x, places, num_segments)
    count = b.Max(add(b, b.full(b.dims(places), 1, x.dtype), places, num_segments), 1)
    return total, b.unsqueeze(count, *range(1, total.rank))
