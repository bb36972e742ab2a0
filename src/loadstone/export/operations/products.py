"""Products of matrices, and sums of products."""

from __future__ import annotations

from loadstone.export.operations.table import onnx
from loadstone.export.operations.translation import Operand, Translation, has
from loadstone.ir import Output
from loadstone.lowering.block import Op, Value


@onnx("MatMul")
def _matmul(t: Translation, op: Op) -> Output:
    return t("Matmul", *_pair(t, op.inputs[0], op.inputs[1]))


def _pair(t: Translation, one: Value | None, other: Value | None) -> list[Operand]:
    """Two operands, a tensor of the model among them."""
    found = [t.operand(one), t.operand(other)]
    return found if any(isinstance(operand, Output) for operand in found) else [t.tensor(one), found[1]]


@onnx("Gemm")
def _gemm(t: Translation, op: Op) -> Output:
    """alpha * A @ B + beta * C, each of A and B turned around if so wanted."""
    one, other = t.tensor(op.inputs[0]), t.operand(op.inputs[1])
    one = t("Transpose", one, axes=[1, 0]) if op.attributes.get("transA") else one
    if op.attributes.get("transB"):
        other = t("Transpose", t.tensor(op.inputs[1]), axes=[1, 0])
    y = t("Matmul", one, other)
    alpha, beta = op.attributes.get("alpha", 1.0), op.attributes.get("beta", 1.0)
    y = y if alpha == 1 else t("Multiply", y, alpha)
    if not has(op, 2):
        return y
    return t("Add", y, t.operand(op.inputs[2]) if beta == 1 else t("Multiply", t.tensor(op.inputs[2]), beta))


@onnx("Einsum")
def _einsum(t: Translation, op: Op) -> Output:
    operands = [t.operand(value) for value in op.inputs]
    if not any(isinstance(operand, Output) for operand in operands):
        operands[0] = t.tensor(op.inputs[0])
    return t("Einsum", *operands, subscripts=op.attributes["equation"].replace(" ", ""))


@onnx("Det")
def _det(t: Translation, op: Op) -> Output:
    return t("Det", t.tensor(op.inputs[0]))
