"""XlaSelfAdjointEig and XlaSvd: eigenvalues and singular values, as Python steps.

The vectors that belong to them are refused: their signs are those of XLA's own Jacobi sweeps, and other algorithms give others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Node
from loadstone.lowering.tensorflow.symbols import tensor
from loadstone.lowering.tensorflow.walk import GraphWalk, Thing, graph_op

Array = np.ndarray[Any, Any]


@graph_op("XlaSelfAdjointEig")
def xla_self_adjoint_eig(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing] | None:
    """Eigenvalues in ascending order of symmetric matrices (..., n, n), of which one triangle is read: (..., n)."""
    lower = bool(node.attributes["lower"])
    return _values(walk, node, inputs, lambda a: np.linalg.eigvalsh(a, "L" if lower else "U"), 2)


@graph_op("XlaSvd")
def xla_svd(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing] | None:
    """Singular values in descending order of matrices (..., m, n): (..., min(m, n))."""
    return _values(walk, node, inputs, lambda a: np.linalg.svd(a, compute_uv=False), 3)


def _values(walk: GraphWalk, node: Node, inputs: list[Thing], function: Callable[[Array], Any], outputs: int) -> list[Thing] | None:
    if inputs[0] is None:
        return None
    x = tensor(walk.b, inputs[0])
    rows, columns = x.shape[-2:]
    many = None if rows is None or columns is None else min(rows, columns)
    results = [((*x.shape[:-2], many), x.dtype)]
    values = walk.b.host(node.op, lambda a: (np.asarray(function(a), a.dtype),), [x], results)[0]
    refused = UnsupportedAttribute(f"the vectors of {node.op}, whose signs are those of XLA's own algorithm")
    walk.problems.append(refused.at(where=node.name))
    return [values, *[None] * (outputs - 1)]
