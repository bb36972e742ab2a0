"""Functions of `tf` that are ops or other functions under another name: those of TensorFlow 1, of `tf.linalg`, of `tf.strings`.

https://www.tensorflow.org/api_docs/python/tf and https://www.tensorflow.org/versions/r1.15/api_docs/python/tf. What TensorFlow 1 has
under a name that later ones use otherwise is a rule of its own.
"""

from __future__ import annotations

from typing import Any

from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.rows import rows
from loadstone.lowering.tensorflow.symbols import Operand, alike, axes_of, rule, tensor, tf

OLD = {
    "batch_to_space_nd": "raw_ops.BatchToSpaceND input block_shape crops",
    "cholesky": "raw_ops.Cholesky input",
    "concat_v2": "concat values axis",
    "cross": "linalg.cross a b",
    "depth_to_space": "nn.depth_to_space input block_size data_format='NHWC'",
    "diag": "linalg.tensor_diag diagonal",
    "diag_part": "linalg.tensor_diag_part input",
    "dtypes.cast": "cast x dtype",
    "guarantee_const": "identity input",
    "lin_space": "linspace start stop num",
    "matrix_band_part": "raw_ops.MatrixBandPart input num_lower num_upper",
    "matrix_determinant": "raw_ops.MatrixDeterminant input",
    "matrix_diag": "linalg.diag diagonal",
    "matrix_diag_part": "linalg.diag_part input",
    "matrix_inverse": "raw_ops.MatrixInverse input adjoint=False",
    "matrix_set_diag": "linalg.set_diag input diagonal",
    "matrix_solve": "raw_ops.MatrixSolve matrix rhs adjoint=False",
    "matrix_transpose": "linalg.matrix_transpose a",
    "mul": "math.multiply x y",
    "neg": "math.negative x",
    "pack": "stack values axis=0",
    "reverse_v2": "reverse tensor axis",
    "saturate_cast": "dtypes.saturate_cast value dtype",
    "select": "raw_ops.Select condition t e",
    "space_to_depth": "nn.space_to_depth input block_size data_format='NHWC'",
    "sub": "math.subtract x y",
    "trace": "linalg.trace x",
    "unpack": "unstack value num=None axis=0",
    "contrib.layers.flatten": "keras.backend.batch_flatten inputs",
    "contrib.layers.softmax": "nn.softmax logits",
}
LINEAR = {
    "linalg.cholesky": "raw_ops.Cholesky input",
    "linalg.det": "raw_ops.MatrixDeterminant input",
    "linalg.expm": "raw_ops.MatrixExponential input",
    "linalg.eye": "eye num_rows num_columns=None batch_shape=None dtype='float32'",
    "linalg.inv": "raw_ops.MatrixInverse input adjoint=False",
    "linalg.logm": "raw_ops.MatrixLogarithm input",
    "linalg.qr": "raw_ops.Qr input full_matrices=False",
    "linalg.slogdet": "raw_ops.LogMatrixDeterminant input",
    "linalg.solve": "raw_ops.MatrixSolve matrix rhs adjoint=False",
    "linalg.sqrtm": "raw_ops.MatrixSquareRoot input",
    "linalg.transpose": "linalg.matrix_transpose a",
    "linalg.triangular_solve": "raw_ops.MatrixTriangularSolve matrix rhs lower=True adjoint=False",
    "math.add_v2": "math.add x y",
}
TEXT = {
    "strings.as_string": "raw_ops.AsString input precision=-1 scientific=False shortest=False width=-1 fill=''",
    "strings.join": "raw_ops.StringJoin inputs separator=''",
    "strings.length": "raw_ops.StringLength input unit='BYTE'",
    "strings.lower": "raw_ops.StringLower input encoding=''",
    "strings.regex_replace": "raw_ops.RegexReplace input pattern rewrite replace_global=True",
    "strings.substr": "raw_ops.Substr input pos len unit='BYTE'",
    "strings.to_hash_bucket_fast": "raw_ops.StringToHashBucketFast input num_buckets",
    "strings.to_number": "raw_ops.StringToNumber input out_type='float32'",
    "strings.upper": "raw_ops.StringUpper input encoding=''",
}
rows("", OLD)
rows("", LINEAR)
rows("", TEXT)
rows("", {"as_string": TEXT["strings.as_string"], "string_to_number": TEXT["strings.to_number"], "string_join": TEXT["strings.join"]})


@tf("Print")
def printed(b: Builder, input_: Operand, data: Any = None, message: Any = None, first_n: Any = None, summarize: Any = None) -> Value:
    """x: what a model prints is not part of what it gives."""
    return tensor(b, input_)


@tf("div")
def div(b: Builder, x: Operand, y: Operand) -> Value:
    """x / y as Python 2 has it: that of integers towards minus infinity."""
    one, other = alike(b, x, y)
    name = "raw_ops.RealDiv" if dtypes.is_float(one.dtype) else "math.floordiv"
    found: Value = rule(name).function(b, one, other)
    return found


@tf("batch_matmul")
def batch_matmul(b: Builder, x: Operand, y: Operand, adj_x: bool = False, adj_y: bool = False) -> Value:
    """Products of the matrices of the last two axes."""
    found: Value = rule("matmul").function(b, x, y, bool(adj_x), bool(adj_y))
    return found


@tf("linalg.logdet")
def logdet(b: Builder, matrix: Operand) -> Value:
    """The logarithm of a determinant that is positive."""
    found: Value = rule("raw_ops.LogMatrixDeterminant").function(b, matrix)[1]
    return found


@tf("linalg.svd", "svd")
def svd(b: Builder, tensor_: Operand, full_matrices: bool = False, compute_uv: bool = True) -> Value | list[Value]:
    """Singular values, and the matrices to their left and right: s, u, v."""
    found: list[Value] = rule("raw_ops.Svd").function(b, tensor_, bool(compute_uv), bool(full_matrices))
    return found if compute_uv else found[0]


@tf("linalg.eigh", "self_adjoint_eig")
def eigh(b: Builder, tensor_: Operand) -> list[Value]:
    """Eigenvalues in ascending order, and their vectors as columns."""
    found: list[Value] = rule("raw_ops.SelfAdjointEigV2").function(b, tensor_)
    return found


@tf("linalg.normalize")
def normalize(b: Builder, tensor_: Operand, ord: Operand = "euclidean", axis: Operand = None) -> list[Value]:
    """x over its norm, and the norm."""
    x = tensor(b, tensor_)
    length = rule("norm").function(b, x, ord, axis, True)
    return [b.Div(x, length), length]


@tf("linalg.global_norm", "global_norm")
def global_norm(b: Builder, t_list: list[Operand]) -> Value:
    """The length of all elements of some tensors."""
    total, *rest = (b.ReduceSum(b.Mul(x, x), keepdims=0) for x in alike(b, *t_list))
    for square in rest:
        total = b.Add(total, square)
    return b.Sqrt(total)


@tf("clip_by_norm")
def clip_by_norm(b: Builder, t: Operand, clip_norm: Operand, axes: Operand = None) -> Value:
    """x, made as short as clip_norm along axes where it is longer."""
    x = tensor(b, t)
    square = b.ReduceSum(b.Mul(x, x), b.ints(axes_of(axes, x.rank)), keepdims=1)
    length = b.Where(b.Greater(square, 0), b.Sqrt(b.Where(b.Greater(square, 0), square, 1)), square)
    bound = tensor(b, clip_norm, x.dtype)
    return b.Div(b.Mul(x, bound), b.Max(length, bound))
