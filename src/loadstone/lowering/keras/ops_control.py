"""Functions of `keras.ops` whose work is Python functions of the user's: loops, branches and maps. They are refused by name.

keras/src/ops/core.py, function.py: a file holds these functions by name or as bytecode, and neither is run here.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.registry import keras_op

_FUNCTIONS = {
    "AssociativeScan": "f",
    "Cond": "true_fn and false_fn",
    "ForiLoop": "body_fun",
    "Function": "a graph of its own",
    "JVP": "fun",
    "Map": "f",
    "Scan": "f",
    "Switch": "branches",
    "VectorizedMap": "function",
    "WhileLoop": "cond and body",
}
_OPTIONS = "name length reverse unroll axis lower upper body_fun cond body maximum_iterations function has_aux inputs outputs"


def _refused(name: str, functions: str) -> None:
    @keras_op(name, options=_OPTIONS, raw=True)
    def rule(walk: Any, layer: Layer, call: Any) -> Any:
        raise UnsupportedAttribute(f"{name}, which calls Python functions ({functions}): a model file holds none that can be run")


for _name, _functions in _FUNCTIONS.items():
    _refused(_name, _functions)
