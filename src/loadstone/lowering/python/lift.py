"""A function lifted into the graph: what it computes of tensors, as ops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from loadstone.custom.bytecode import StoredFunction
from loadstone.errors import MALFORMED
from loadstone.ir import map_structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era
from loadstone.lowering.python.machine import Machine
from loadstone.lowering.python.names import global_name, meaning
from loadstone.lowering.python.objects import CannotLift, Cell, Drawn, Function, Variables
from loadstone.lowering.tensorflow.symbols import tensor


def lift_stored(
    b: Builder,
    stored: StoredFunction,
    given: Mapping[str, Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    era: Era | None = None,
    masked: bool = False,
    optional: bool = False,
    variables: Sequence[Value] = (),
) -> Any:
    """What a function in a file gives for these arguments, as a structure of Values.

    given: what its global names stand for. masked: the tensors have masks, which layers inside might heed. optional: it may
    give None, as a function that makes a mask. variables: those that the file keeps for it.

    Raises CannotLift, or another LoweringError or ModelError, for what has no place in a graph.
    """
    code = stored.code
    closure = dict(zip(code.free, (Cell(meaning(value), True) for value in stored.closure or ()), strict=False))
    defaults = tuple(meaning(value) for value in stored.defaults or ())
    return _lifted(
        b, Function(code, lambda name: global_name(name, given), defaults, {}, closure), args, kwargs, era, masked, optional, variables
    )


def lift_live(b: Builder, function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """The same for a function of the running Python."""
    return _lifted(b, meaning(function), args, kwargs, None)


def _lifted(
    b: Builder,
    function: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    era: Era | None,
    masked: bool = False,
    optional: bool = False,
    variables: Sequence[Value] = (),
) -> Any:
    kept = Variables(variables) if variables else None
    try:
        machine = Machine(b, era, masked, kept)
        found = machine.call(function, args, kwargs)
        if kept is not None:
            kept.check()
        if optional and found is None:
            return None
        made = _result(b, found)
        return map_structure(lambda x: b.op("Identity", x, out_shape=x.shape) if machine.is_copy(x) else x, made) if masked else made
    except (*MALFORMED, MemoryError) as error:  # a rule was given what its author did not think of
        raise CannotLift(f"a call that fails with {type(error).__name__}: {error}") from error


def _result(b: Builder, x: Any) -> Any:
    """What a function returns, as tensors."""
    if isinstance(x, (list, tuple)):
        return [_result(b, part) for part in x]
    if isinstance(x, dict):
        return {key: _result(b, part) for key, part in x.items()}
    if not isinstance(x, (Value, bool, int, float, np.ndarray, np.generic)):
        raise CannotLift(str(x) if isinstance(x, Drawn) else f"a result of type {type(x).__name__}")
    return tensor(b, x)
