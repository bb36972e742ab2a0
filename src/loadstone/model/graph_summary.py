"""`summary()` of a graph of TensorFlow: its signatures with what they take and give, the ops in them, and its size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from loadstone.errors import one_line
from loadstone.ir import Spec
from loadstone.model.graph_outline import GraphOutline
from loadstone.model.outline import count

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

MOST_OPS = 12  # kinds of ops that are shown
QUIET = frozenset("Const Identity NoOp Placeholder ReadVariableOp VarHandleOp PartitionedCall StatefulPartitionedCall IdentityN".split())


def tables(outline: GraphOutline) -> Iterator[Table]:
    """One table of the signatures, one of the ops."""
    from rich.table import Table
    from rich.text import Text

    rows = outline.rows()
    first = Table("Signature", "Takes", "Gives", show_lines=True)
    for row in rows:
        first.add_row(Text(one_line(row.name or "(the graph)")), _specs(row.inputs), _specs(row.outputs))
    yield first
    ops = sum((row.ops for row in rows), start=rows[0].ops.__class__()) if len(rows) > 1 else rows[0].ops
    shown = [(op, number) for op, number in ops.most_common() if op not in QUIET]
    second = Table("Op", "Count", "Runs here")
    lacking = {op for row in rows for op in row.unsupported}
    for op, number in sorted(shown[:MOST_OPS], key=lambda pair: (-pair[1], pair[0])):
        second.add_row(Text(one_line(op)), str(number), "no" if op in lacking else "yes")
    for op in sorted(lacking - {op for op, _ in shown[:MOST_OPS]}):
        second.add_row(Text(one_line(op)), str(ops[op]), "no")
    rest = len(shown) - MOST_OPS
    if rest > 0:
        second.add_row(f"and {rest} more kinds", str(sum(number for _, number in shown[MOST_OPS:])), "")
    yield second


def totals(outline: GraphOutline) -> tuple[int, int]:
    """Number of parameters and their bytes."""
    weights = outline.weights()
    return count(weights), sum(weight.bits for weight in weights) // 8


def _specs(specs: tuple[Spec, ...]) -> Text:
    from rich.text import Text

    return Text("\n").join(Text(f"{one_line(spec.name)} {spec.shape if spec.shape is not None else '?'} {spec.dtype}") for spec in specs)
