"""`loadstone audit`: where a collection of models stands: a row for each, and what those that do not load have in common."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import click

from loadstone.cli.custom import custom_file
from loadstone.cli.custom import read as custom_objects
from loadstone.cli.exits import EXIT_CODES, NEEDS_SOMETHING, WARNINGS
from loadstone.cli.limits import limits as limits_of_a_file
from loadstone.cli.limits import progress
from loadstone.errors import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadstone.tools.audit import Row, Summary
    from loadstone.tools.workers import Limits

EPILOG = f"""\b
Examples:
  loadstone audit models/ --recursive
  loadstone audit models/ --recursive --html audit.html
  loadstone audit *.h5 saved_model/ --json | jq '.causes[].title'
  loadstone audit models/ -r --custom layers.py --csv > audit.csv

\b
Each model is loaded, in a process beside this one with limits on time and
memory, so that no file stops the others. A row is a model: a SavedModel
folder, an unzipped .keras, the versions of a served model, a checkpoint with
its graph and an architecture with its weights are one row each. --json prints
one document, {{"models": [...], "causes": [...], "totals": {{...}}}}, with a line
for each model as soon as it is known.

The exit code is that of the worst row: 1 where a file cannot be read, is no
model or is damaged, or there is no model at all; 4 where one took more time
or memory than it may; {NEEDS_SOMETHING} where one needs something; {WARNINGS} where all load, some
with warnings. Models of other programs (.tflite, .onnx ...) do not count.

{EXIT_CODES}"""
SHOWN = 200  # rows of the table for people
CAUSES = 50
WIDE = 160  # columns of a terminal that has room for commands
_WORST = {
    "damaged": 1,
    "no model": 1,
    "unreadable": 1,
    "crash": 1,
    "limit": 4,
    "needs": NEEDS_SOMETHING,
    "unsupported": NEEDS_SOMETHING,
}
_STYLES = {"loads": "green", "needs": "yellow", "unsupported": "yellow", "limit": "yellow", "other": "dim"}


@click.command(epilog=EPILOG)
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option("--recursive", "-r", is_flag=True, help="Look into the folders of folders too.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows and what they have in common as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the rows as CSV.")
@click.option("--html", "page", type=click.Path(dir_okay=False), metavar="FILE", help="Write a page with a table to sort and filter.")
@limits_of_a_file(120)
@custom_file
@click.pass_context
def audit(
    ctx: click.Context,
    paths: tuple[str, ...],
    recursive: bool,
    as_json: bool,
    as_csv: bool,
    page: str | None,
    custom: str | None,
    limits: Limits,
) -> None:
    """Say of every model at PATHS what it is, who saved it, and whether it loads here or why not.

    PATHS are files, folders that are models, and folders with models in them.
    """
    from loadstone.tools.audit import Summary
    from loadstone.tools.audit import audit as rows_of

    if as_json and as_csv:
        raise click.UsageError("--json and --csv both go to standard output: choose one")
    custom_objects(ctx, None, custom)  # what is wrong with it is wrong for every model
    summary = Summary()
    with ExitStack() as stack:
        shown = None if as_json or as_csv else _Table()
        outlets = [shown.add if shown is not None else _json() if as_json else _csv()]
        if page is not None:
            outlets.append(stack.enter_context(_html(page, summary, paths)))
        with progress("looking for models") as told:
            for row in rows_of(paths, recursive=recursive, custom=custom, limits=limits):
                summary.add(row)
                for outlet in outlets:
                    outlet(row)
                told(f"{summary.rows:,} models, {summary.loaded:,} load")
        if as_json:
            click.echo(f"\n], {json.dumps(summary.to_dict())[1:]}")
        elif shown is not None:
            shown.show(summary)
    if page is not None:
        click.echo(f"written: {one_line(page)}", err=True)
    if not summary.rows:
        click.echo("no model found" + ("" if recursive else "; --recursive looks into folders of folders"), err=True)
    ctx.exit(exit_code(summary))


def exit_code(summary: Summary) -> int:
    """The exit code of the worst row."""
    if not summary.rows:
        return 1
    return next((code for status, code in _WORST.items() if summary.statuses.get(status)), WARNINGS if summary.warned else 0)


def _json() -> Callable[[Row], None]:
    """Rows as they come, in one document."""
    separators = chain(["\n"], repeat(",\n"))

    def add(row: Row) -> None:
        click.echo(next(separators) + json.dumps(row.to_dict()), nl=False)

    click.echo('{"models": [', nl=False)
    return add


def _csv() -> Callable[[Row], None]:
    from loadstone.tools.audit_csv import header, line

    click.echo(header(), nl=False)
    return lambda row: click.echo(line(row), nl=False)


@contextmanager
def _html(path: str, summary: Summary, paths: tuple[str, ...]) -> Iterator[Callable[[Row], None]]:
    """A page that takes its place when it is whole."""
    from loadstone.tools.audit_page import Page

    made = f"{path}.part"
    try:
        with open(made, "w", encoding="utf8", newline="\n") as file:
            page = Page(file, f"Models in {', '.join(paths[:3])}{' ...' if len(paths) > 3 else ''}")
            yield page.add
            page.end(summary)
        os.replace(made, path)
    finally:
        with suppress(FileNotFoundError):
            os.remove(made)


class _Table:
    """The table for people: the first rows that do not load, and others while there is room."""

    def __init__(self) -> None:
        self._failed: list[tuple[int, Row]] = []
        self._others: list[tuple[int, Row]] = []
        self._count = 0

    def add(self, row: Row) -> None:
        """Keep a row if it can be shown."""
        kept = self._others if row.status in ("loads", "other") else self._failed
        if len(kept) < SHOWN:
            kept.append((self._count, row))
        self._count += 1

    def show(self, summary: Summary) -> None:
        """Print it, and what the rows have in common."""
        from rich import filesize
        from rich.console import Console
        from rich.table import Column, Table
        from rich.text import Text

        console = Console(highlight=False)
        if not summary.rows:
            return
        kept = sorted((self._failed + self._others)[:SHOWN], key=lambda numbered: numbered[0])
        wide = console.width >= WIDE
        titles = ("Model", "Kind", "Saved by", "Size", "Seconds", "Here", *(("Next",) if wide else ()))
        table = Table(*(Column(title, overflow="fold") for title in titles), box=None, header_style="bold")
        for _, row in kept:
            seconds = "" if row.seconds is None else f"{row.seconds:.2f}"
            cells = [
                _text(_name(row)),
                _text(row.kind),
                _text(row.producer),
                Text(filesize.decimal(row.bytes)),
                Text(seconds),
                _status(row),
            ]
            table.add_row(*cells, *((_text(row.next, "dim"),) if wide else ()))
        console.print(table)
        if summary.rows > len(kept):
            console.print(f"... and {summary.rows - len(kept):,} more: --html FILE, --csv and --json have all")
        console.print()
        for cause, count, path, step in summary.causes[:CAUSES]:
            console.print(_text(cause.title(count), "bold"), soft_wrap=True)
            console.print(_text(f"  {'first ' if count > 1 else ''}{path}", "dim"), soft_wrap=True)
            if step:
                console.print(_text(f"  run: {step}", "green"), soft_wrap=True)
        if len(summary.causes) > CAUSES:
            console.print(f"... and {len(summary.causes) - CAUSES:,} causes more")
        counts = ", ".join(f"{count:,} {status}" for status, count in sorted(summary.statuses.items(), key=lambda item: -item[1]))
        console.print(f"{summary.rows:,} model{'' if summary.rows == 1 else 's'}: {counts}", style="bold")


def _text(text: str, style: str = "") -> Any:
    from rich.text import Text

    return Text(one_line(text), style)


def _name(row: Row) -> str:
    return row.path if row.weights is None else f"{row.path} + {os.path.basename(row.weights)}"


def _status(row: Row) -> Any:
    """Whether it loads, and below it why not and what else matters."""
    found = _text(row.status, _STYLES.get(row.status, "red"))
    names = ", ".join(missing["name"] for missing in row.missing[:5]) or ", ".join(row.unsupported[:5])
    more = [names or ("" if row.loads else row.reason[:200])] + [f"dangers elsewhere: {len(row.dangers)}"] * bool(row.dangers)
    more += [f"warnings: {len(row.warnings)}"] * bool(row.warnings)
    for text in filter(None, more):
        found.append(f"\n{one_line(text)}", "dim")
    return found
