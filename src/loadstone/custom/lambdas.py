"""Functions that Lambda layers hold as compiled code: read, never run. What they compute is found by walking their code.

A file keeps the code of a function and not what its global names stood for. Keras looks them up in the module that makes Lambda layers;
authors have `import tensorflow as tf` and `from keras import backend as K` in front of theirs, so these names mean that. Where somebody
meant something else by such a name, the walk meets a number or a function where it has a package, and ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from loadstone.errors import MissingCustomObjects
from loadstone.ir import Layer, Producer
from loadstone.ir.records import dataclass, field

if TYPE_CHECKING:
    from loadstone.custom.bytecode import Code, StoredFunction

PACKAGES = {
    "tf": "tensorflow",
    "tensorflow": "tensorflow",
    "K": "keras.backend",
    "backend": "keras.backend",
    "keras": "keras",
    "np": "numpy",
    "numpy": "numpy",
    "math": "math",
    "ops": "keras.ops",
    "layers": "keras.layers",
    "activations": "keras.activations",
    "KL": "keras.layers",
    "KTF": "keras.backend",
    "ktf": "tensorflow",
    "functools": "functools",
    "itertools": "itertools",
    "operator": "operator",
    "partial": "functools.partial",
}
BUILTINS = frozenset(
    "abs all any bool dict divmod enumerate filter float getattr hasattr int isinstance iter len list map max min next pow print range "
    "reduce reversed round set slice sorted str sum tuple xrange zip".split()
)
ERRORS = frozenset(
    "ArithmeticError AssertionError AttributeError Exception ImportError IndexError KeyError NotImplementedError RuntimeError TypeError "
    "ValueError ZeroDivisionError".split()
)
_VALUES = frozenset({"True", "False", "None"})  # names in Python 2


@dataclass(frozen=True)
class StoredLambda:
    """The functions of a Lambda layer. mask: the one that makes the mask of its output; None: there is none.

    given: what the caller supplied for global names that they use. producer: the Keras that saved them. upgrade: the config of an
    operation of that Keras, by "keras.ops.Name", as today's has it. layout: where `keras.backend` had channels; None: nobody knows.
    """

    function: StoredFunction
    mask: StoredFunction | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    producer: Producer | None = None
    upgrade: Callable[[str, dict[str, Any]], Mapping[str, Any]] | None = None
    layout: str | None = "channels_last"


def shown(function: StoredFunction) -> str:
    """The function as Python would write it."""
    from loadstone.custom.bytecode.source import source

    return source(function.code, function.defaults, function.closure)


def source_of(layer: Layer) -> str:
    """The source of the function that a Lambda layer keeps as code; "" for any other layer."""
    return shown(layer.function.function) if isinstance(layer.function, StoredLambda) else ""


def refusal(layer: Layer, function: StoredFunction, reason: str) -> MissingCustomObjects:
    """The error for a function that cannot become part of a graph: with its source, and under the name by which another can be given."""
    from loadstone.custom.objects import Missing

    note = f"its code cannot become part of a graph: {reason}. It is\n{shown(function)}"
    return MissingCustomObjects(note, missing=(Missing("function", layer.name, (layer.path or layer.name,), note=note),))


def unknown_names(code: Code) -> list[str]:
    """Global names in a function whose meaning nobody knows, in the order of their use."""
    known = PACKAGES.keys() | BUILTINS | ERRORS | _VALUES
    return list(dict.fromkeys(name for name in _globals(code) if name not in known))


def _globals(code: Code) -> Iterator[str]:
    from loadstone.custom.bytecode import Code

    for step in code.instructions:
        if step.op == "LOAD_GLOBAL":
            yield step.arg
        elif step.op == "LOAD_CONST" and isinstance(step.arg, Code):
            yield from _globals(step.arg)
