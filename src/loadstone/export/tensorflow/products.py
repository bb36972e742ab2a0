"""Products of matrices: MatMul, Gemm, Einsum, determinants."""

from __future__ import annotations

from loadstone.export.tensorflow.registry import onnx_op
from loadstone.export.tensorflow.writer import Term, Writer

_WIDER = {"bfloat16": "float32", "float16": "float32"}


@onnx_op("MatMul")
def matmul(w: Writer, x: Term, y: Term) -> Term:
    """Matrices in the last two axes; a vector is a row on the left and a column on the right."""
    if x.dtype != y.dtype:  # the result has the type of the first, and the precision of the wider
        wide = y.dtype if x.dtype in _WIDER else x.dtype
        return w.cast(_product(w, w.cast(x, wide), w.cast(y, wide)), x.dtype)
    if x.dtype in ("uint32", "uint64"):  # which TensorFlow from 2.9 on has no kernel for: the same bits, signed
        return w.cast(_product(w, w.cast(x, "int64"), w.cast(y, "int64")), x.dtype)
    return _product(w, x, y)


def _product(w: Writer, x: Term, y: Term) -> Term:
    left, right = x.rank == 1, y.rank == 1
    x, y = w.expand(x, 0) if left else x, w.expand(y, 1) if right else y
    made = _of_matrices(w, x, y)
    gone = [axis for axis, away in ((-2, left), (-1, right)) if away]
    return w.Squeeze(made, squeeze_dims=gone) if gone else made


def _of_matrices(w: Writer, x: Term, y: Term) -> Term:
    if x.rank == 2 and y.rank == 2:
        return w.MatMul(x, y)
    if y.rank > 2:
        return w.BatchMatMulV2(x, y)
    assert x.shape is not None and y.shape is not None  # one product of a matrix of all rows is faster than many
    rows, (n, m) = x.shape[:-1], y.shape
    if n is None or m is None or 0 in (n, m):
        return w.BatchMatMulV2(x, y)
    flat = w.MatMul(w.reshape(x, [-1, n]), y)
    known = [d for d in rows if d is not None]
    if len(rows) - len(known) <= 1 and 0 not in known:
        return w.reshape(flat, [*(-1 if d is None else d for d in rows), m])
    return w.reshape(flat, w.vector([w.shape(x, 0, x.rank - 1), m]))


@onnx_op("Gemm")
def gemm(
    w: Writer, x: Term, y: Term, c: Term | None = None, *, alpha: float = 1.0, beta: float = 1.0, transA: int = 0, transB: int = 0
) -> Term:
    """alpha * x @ y + beta * c."""
    made = w.MatMul(x, y, transpose_a=bool(transA), transpose_b=bool(transB))
    made = made if alpha == 1 else w.Mul(made, alpha)
    return made if c is None else w.AddV2(made, c if beta == 1 else w.Mul(c, beta))


@onnx_op("Einsum")
def einsum(w: Writer, *operands: Term, equation: str) -> Term:
    """Sums of products by letters; TensorFlow's op takes two operands, so more are multiplied one after the other."""
    left, result = equation.replace(" ", "").split("->")
    terms, given = left.split(","), list(operands)
    while len(given) > 2:
        needed = set("".join(terms[2:]) + result)
        both = "".join(dict.fromkeys(letter for letter in terms[0] + terms[1] if letter in needed))
        given = [w.Einsum(given[:2], equation=f"{terms[0]},{terms[1]}->{both}"), *given[2:]]
        terms = [both, *terms[2:]]
    return w.Einsum(given, equation=",".join(terms) + "->" + result)


@onnx_op("Det")
def determinant(w: Writer, x: Term) -> Term:
    """The determinant of each matrix."""
    return w.MatrixDeterminant(x)
