"""`--custom FILE`: the Python file in which a user has the objects that a model needs. It is run, which is the user's own act."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
_NAME = "loadstone_custom_objects"  # the module that the file's own classes and functions say they are from


def _read(ctx: click.Context, option: click.Parameter, path: str | None) -> dict[str, Any] | None:
    """The dict `custom_objects` of the file; where it has none, its own classes and functions by their names."""
    if path is None:
        return None
    try:
        found = runpy.run_path(path, run_name=_NAME)
    except OSError:
        raise
    except Exception as error:  # the code is the user's: anything may come out of it
        raise click.BadParameter(f"{path} raised {type(error).__name__}: {error}", ctx=ctx, param=option) from error
    given = found.get("custom_objects")
    if given is None:
        return {name: value for name, value in found.items() if callable(value) and getattr(value, "__module__", None) == _NAME}
    if not isinstance(given, Mapping):
        raise click.BadParameter(f"custom_objects in {path} is a {type(given).__name__}, not a dict of names", ctx=ctx, param=option)
    return dict(given)


def custom(command: Command) -> Command:
    """The option, for commands that load a model: `custom` becomes what `custom_objects=` takes."""
    return click.option(
        "--custom",
        type=click.Path(exists=True, dir_okay=False),
        callback=_read,
        metavar="FILE",
        help="A Python file of yours with custom_objects, a dict, or with the functions and classes themselves; it is run.",
    )(command)
