"""`--custom FILE`: the Python file in which a user has the objects that a model needs (`tools.given`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def read(ctx: click.Context, option: click.Parameter | None, path: str | None) -> dict[str, Any] | None:
    if path is None:
        return None
    from loadstone.tools.given import NotADict, objects_of

    try:
        return objects_of(path)
    except OSError:
        raise
    except NotADict as error:
        raise click.BadParameter(str(error), ctx=ctx, param=option) from error
    except Exception as error:  # the code is the user's: anything may come out of it
        raise click.BadParameter(f"{path} raised {type(error).__name__}: {error}", ctx=ctx, param=option) from error


_HELP = "A Python file of yours with custom_objects, a dict, or with the functions and classes themselves; it is run."


def custom(command: Command) -> Command:
    """The option, for commands that load a model: `custom` becomes what `custom_objects=` takes."""
    return click.option("--custom", type=click.Path(exists=True, dir_okay=False), callback=read, metavar="FILE", help=_HELP)(command)


def custom_file(command: Command) -> Command:
    """The option, for commands whose other processes load models: `custom` is the path of the file."""
    return click.option("--custom", type=click.Path(exists=True, dir_okay=False), metavar="FILE", help=_HELP)(command)
