"""How a command ends: its exit code, and the error that a person reads instead of a traceback."""

from __future__ import annotations

from typing import Any

import click

from loadstone.errors import InferenceError, LoadstoneError, LoweringError, MissingCustomObjects, MissingDependency

EXIT_CODES = """\b
Exit codes:
  0  done
  1  the file cannot be read: missing, damaged, not a model, or contradicting itself
  2  the command line is wrong
  3  the model needs something: custom objects, layers that are not supported, a package
  4  the data do not fit the model, or it could not be run
  5  doctor, audit: what there is loads, with warnings
"""

NEEDS_SOMETHING = 3
WARNINGS = 5

# The first row whose type fits decides; everything else of ours is 1.
CODE_OF: tuple[tuple[type[Exception], int], ...] = (
    (MissingCustomObjects, NEEDS_SOMETHING),
    (LoweringError, NEEDS_SOMETHING),
    (MissingDependency, NEEDS_SOMETHING),
    (InferenceError, 4),
    (LoadstoneError, 1),
    (OSError, 1),
)


def exit_code(error: Exception) -> int:
    """The exit code that stands for this error."""
    return next(code for kind, code in CODE_OF if isinstance(error, kind))


class Commands(click.Group):
    """A group whose commands report the errors raised on purpose by name; any other is a bug and keeps its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # `loadstone summary model.h5 | head`: click ends quietly
            raise
        except (LoadstoneError, OSError) as error:
            click.echo(f"loadstone: {type(error).__name__}: {error}", err=True)
            ctx.exit(exit_code(error))
