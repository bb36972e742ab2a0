"""Functions of `tf` that take functions, and some that only look: cond, map_fn, scan, folds, masks.

Semantics: tensorflow/python/ops/map_fn.py, functional_ops.py, cond.py and array_ops.py. A loop is written out step by step, where the
number of steps is known; both branches of a condition are computed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import map_structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.backend_control import MOST_STEPS, chosen_of, mapped, stacked, steps_of
from loadstone.lowering.tensorflow.symbols import Operand, number, rule, tensor, tf


@tf("cond")
def cond(b: Builder, pred: Operand, true_fn: Any = None, false_fn: Any = None, fn1: Any = None, fn2: Any = None, strict: Any = None) -> Any:
    """What the one or the other function gives."""
    flag, one, other = tensor(b, pred), true_fn or fn1, false_fn or fn2
    if flag.rank or flag.dtype != "bool":
        raise ModelError(f"tf.cond by a tensor of {flag.dtype} and shape {flag.shape}")
    if flag.const is not None:
        return one() if flag.array() else other()
    return chosen_of(b, flag, one(), other(), "tf.cond")


@tf("map_fn", "vectorized_map")
def map_fn(
    b: Builder, fn: Callable[..., Any], elems: Any, dtype: Any = None, parallel_iterations: Any = None, infer_shape: Any = True,
    fn_output_signature: Any = None, fallback_to_while_loop: Any = True, warn: Any = True,
) -> Any:  # fmt: skip
    """The function of each slice along the first axis, side by side."""
    return mapped(b, fn, elems, "tf.map_fn")


@tf("scan")
def scan(
    b: Builder, fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: Any = None, back_prop: Any = True,
    swap_memory: Any = False, infer_shape: Any = True, reverse: Any = False,
) -> Any:  # fmt: skip
    """What the function makes of what it made and each slice, side by side; without a start, the first slice is the first of them."""
    parts, outputs = steps_of(b, elems, "tf.scan"), []
    parts = parts[::-1] if reverse else parts
    last = initializer
    for part in parts:
        last = part if last is None else fn(last, part)
        outputs.append(last)
    return stacked(b, outputs[::-1] if reverse else outputs)


def _fold(name: str) -> Any:
    def function(b: Builder, fn: Callable[..., Any], elems: Any, initializer: Any = None) -> Any:
        return rule(f"keras.backend.{name}").function(b, fn, elems, initializer)

    return function


tf("foldl")(_fold("foldl"))
tf("foldr")(_fold("foldr"))


@tf("while_loop")
def while_loop(
    b: Builder, cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, shape_invariants: Any = None,
    maximum_iterations: Operand = None,
) -> Any:  # fmt: skip
    """The body as long as the condition holds, which must be known without running the model."""
    values = map_structure(lambda x: tensor(b, x), list(loop_vars) if isinstance(loop_vars, (list, tuple)) else [loop_vars])
    most = MOST_STEPS if maximum_iterations is None else int(number(maximum_iterations, "maximum_iterations"))
    for step in range(MOST_STEPS + 1):
        flag = tensor(b, cond(*values))
        if flag.const is None:
            raise UnsupportedAttribute("tf.while_loop with a condition that is computed")
        if not flag.array() or step == most:
            return values if isinstance(loop_vars, (list, tuple)) else values[0]
        found = body(*values)
        values = map_structure(lambda x: tensor(b, x), list(found) if isinstance(found, (list, tuple)) else [found])
    raise UnsupportedAttribute(f"tf.while_loop of more than {MOST_STEPS} steps")


@tf("boolean_mask")
def boolean_mask(b: Builder, tensor_: Operand, mask: Operand, axis: Operand = None) -> Value:
    """The slices of x along its first axes where the mask holds, in one row."""
    x, flags = tensor(b, tensor_), tensor(b, mask)
    at = 0 if axis is None else int(number(axis, "an axis"))
    if at or not flags.rank or flags.rank > x.rank or flags.dtype != "bool":
        raise UnsupportedAttribute(f"tf.boolean_mask of shape {flags.shape} over a tensor of shape {x.shape} with axis={axis}")
    places = rule("where").function(b, flags)
    made: Value = rule("gather_nd").function(b, x, places)
    return made


@tf("batch_gather")
def batch_gather(b: Builder, params: Operand, indices: Operand) -> Any:
    """The slices that the last axis of indices names, row by row."""
    places = tensor(b, indices)
    return rule("gather").call(b, [params, places], {"axis": places.rank - 1, "batch_dims": places.rank - 1})


@tf("is_tensor")
def is_tensor(b: Builder, x: Any) -> bool:
    """Whether it is a tensor."""
    return isinstance(x, Value)


@tf("print")
def print_nothing(b: Builder, *inputs: Any) -> None:
    """Nothing: what a model prints is not part of what it gives."""
