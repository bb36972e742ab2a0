"""What commands that work on many files share: options for how many at once and what each may take, as `limits`; and how far it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def size(ctx: click.Context, option: click.Parameter, text: str | None) -> int | None:
    """`500M`, `4G`, or bytes."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if not found or not float(found[1]):
        raise click.BadParameter(f"{text!r} is not a size, as 500M or 4G", ctx=ctx, param=option)
    return int(float(found[1]) * _UNITS[found[2].upper()])


def limits(seconds: float) -> Callable[[Command], Command]:
    """The options, for a command that takes `limits`; seconds are those that a file may take by default."""

    def options(command: Command) -> Command:
        @wraps(command)
        def taken(*arguments: Any, jobs: int | None, timeout: float, memory: int | None, **others: Any) -> Any:
            from loadstone.tools.workers import Limits

            return command(*arguments, limits=Limits(jobs, timeout or None, memory), **others)

        found: Any = taken
        for option in (
            click.option(
                "--memory",
                callback=size,
                metavar="SIZE",
                help="What the process of a file may take, as 4G.  [default: half of all, shared]",
            ),
            click.option(
                "--timeout", type=click.FloatRange(min=0), default=seconds, show_default=True, help="Seconds for one file; 0 for no end."
            ),
            click.option("--jobs", type=click.IntRange(min=1), help="How many files at once.  [default: the CPUs that may be used]"),
        ):
            found = option(found)
        return found  # type: ignore[no-any-return]

    return options


@contextmanager
def progress(first: str) -> Iterator[Callable[[str], None]]:
    """A line on a terminal that says how far it is; what is given is called with what it is to say. Elsewhere nothing is shown."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda said: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(first)
        yield lambda said: bar.update(task, description=escape(said))
