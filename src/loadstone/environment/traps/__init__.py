"""The known traps, one function each, in the order in which a framework falls into them: file, classes, arguments, weights, training, numbers.

Importing this package registers them all.
"""

from loadstone.environment.traps import (  # noqa: F401  (they register themselves)
    arguments,
    classes,
    figures,
    files,
    functions,
    saved_models,
    shapes,
    surroundings,
    training,
    weights,
)
from loadstone.environment.traps.registry import Case, Trap, trap

__all__ = ["TRAPS", "Case", "Trap"]

TRAPS = trap
