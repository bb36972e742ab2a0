"""Places of a Gather without what makes negative ones count from the end, and the guard against those that are negative still.

Graphs of Keras 3 write `where(i < 0, i + n, i)`, and the rule of `tf.gather` turns what is negative then into a place that no tensor has.
ONNX's Gather counts places from -n to -1 from the end and refuses all others, which is the same.
"""

from __future__ import annotations

from loadstone.lowering.block import Op, Value
from loadstone.lowering.passes.rewriting import Rewriter, is_number, number, pairs


def gather(found: Rewriter, op: Op) -> Value | None:
    """Gather by places that were brought from the end to the front."""
    x, places = op.inputs
    if x is None or places is None or places.const is not None:
        return None
    length = x.shape[op.attributes.get("axis", 0) % max(x.rank, 1)]
    counted = _unguarded(found, places)
    given = None if length is None or counted is None else _from_the_end(found, counted, length)
    if given is None:
        return None
    result: Value = found.b.Gather(x, given, **op.attributes)
    return result


def _unguarded(found: Rewriter, places: Value) -> Value | None:
    """The places of which the negative ones became one that does not exist."""
    negative, beyond, rest = _where_negative(found, places)
    most = number(beyond)
    return rest if negative is rest and most is not None and most >= 2**31 - 1 else None


def _from_the_end(found: Rewriter, places: Value, length: int) -> Value | None:
    """The places of which the negative ones had a length added."""
    negative, moved, rest = _where_negative(found, places)
    total = found.maker(moved, "Add")
    same = total is not None and any(x is rest and is_number(y, length) for x, y in pairs(total))
    return rest if rest is not None and negative is rest and same else None


def _where_negative(found: Rewriter, value: Value) -> tuple[Value | None, Value | None, Value | None]:
    """The operands of Where(x < 0, y, z)."""
    op = found.maker(value, "Where")
    less = found.maker(op.inputs[0], "Less") if op is not None else None
    if op is None or less is None or number(less.inputs[1]) != 0:
        return None, None, None
    return less.inputs[0], op.inputs[1], op.inputs[2]
