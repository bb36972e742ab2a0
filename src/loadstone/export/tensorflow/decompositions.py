"""Decompositions of matrices in place of the Python calls of `keras.ops`: TensorFlow has a kernel for each.

keras/src/backend/tensorflow/linalg.py. Half precision is computed in float32, as Keras does.
"""

from __future__ import annotations

from collections.abc import Callable

from loadstone.export.tensorflow.registry import host_call
from loadstone.export.tensorflow.writer import Term, Writer
from loadstone.ir import Layer

_ONE = {"Inv": "MatrixInverse", "Det": "MatrixDeterminant", "Lgamma": "Lgamma", "I0": "BesselI0"}


def _wide(w: Writer, x: Term) -> Term:
    return w.cast(x, "float32") if x.dtype in ("float16", "bfloat16") else x


def _row(op: str) -> Callable[..., Term]:
    return lambda w, layer, x: w.cast(w.op(op, _wide(w, x)), x.dtype)


for _name, _op in _ONE.items():
    host_call(_name)(_row(_op))


@host_call("Gammainc")
def gammainc(w: Writer, layer: Layer, a: Term, x: Term) -> Term:
    """The regularized lower incomplete gamma function."""
    return w.cast(w.Igamma(_wide(w, a), _wide(w, x)), a.dtype)


@host_call("Cholesky")
def cholesky(w: Writer, layer: Layer, x: Term) -> Term:
    """The lower factor, or the upper one."""
    y, n = w.Cholesky(x), x.rank
    return w.transpose(y, [*range(n - 2), n - 1, n - 2]) if layer.config.get("upper") else y


@host_call("CholeskyInverse")
def cholesky_inverse(w: Writer, layer: Layer, x: Term) -> Term:
    """The inverse of the matrix that has this factor."""
    a, upper = _wide(w, x), bool(layer.config.get("upper"))
    identity = w.MatrixSetDiag(w.ZerosLike(a), w.OnesLike(w.MatrixDiagPart(a)))
    y = w.MatrixTriangularSolve(a, identity, lower=not upper)
    product = w.BatchMatMulV2(y, y, adj_y=True) if upper else w.BatchMatMulV2(y, y, adj_x=True)
    return w.cast(product, x.dtype)


@host_call("Eigh")
def eigh(w: Writer, layer: Layer, x: Term) -> list[Term]:
    """Eigenvalues and eigenvectors of symmetric matrices."""
    return w.ops("SelfAdjointEigV2", x, compute_v=True)


@host_call("Qr")
def qr(w: Writer, layer: Layer, x: Term) -> list[Term]:
    """Q and R."""
    made = w.ops("Qr", _wide(w, x), full_matrices=layer.config.get("mode") == "complete")
    return [w.cast(y, x.dtype) for y in made]


@host_call("Solve", "SolveTriangular")
def solve(w: Writer, layer: Layer, a: Term, y: Term) -> Term:
    """The x of a x = y, for matrices or vectors y."""
    vector = y.rank == a.rank - 1
    left, right = _wide(w, a), _wide(w, w.expand(y, y.rank) if vector else y)
    if layer.class_name == "Solve":
        x = w.MatrixSolve(left, right)
    else:
        x = w.MatrixTriangularSolve(left, right, lower=bool(layer.config.get("lower")))
    return w.cast(w.Squeeze(x, squeeze_dims=[-1]) if vector else x, a.dtype)


@host_call("SVD")
def singular_values(w: Writer, layer: Layer, x: Term) -> Term:
    """The singular values, largest first."""
    return w.ops("Svd", x, compute_uv=False)[0]


@host_call("Norm")
def singular_norm(w: Writer, layer: Layer, x: Term) -> Term:
    """The sum, the largest or the smallest of the singular values."""
    order = layer.config.get("ord")
    y = w.op(
        "Sum" if order == "nuc" else "Max" if order == 2 else "Min", w.ops("Svd", _wide(w, x), compute_uv=False)[0], w.ints([-1], "int32")
    )
    return w.cast(y, x.dtype)


@host_call("Slogdet")
def slogdet(w: Writer, layer: Layer, x: Term) -> list[Term]:
    """The signs of determinants and the logarithms of their sizes."""
    return w.ops("LogMatrixDeterminant", x)
