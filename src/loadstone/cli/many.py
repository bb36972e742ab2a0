"""`loadstone convert ... --into DIR`: many models, and a table of what came of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from loadstone.cli.exits import CODE_OF
from loadstone.cli.limits import progress
from loadstone.errors import one_line

if TYPE_CHECKING:
    from loadstone.tools.converting import Converted
    from loadstone.tools.workers import Limits

WORST = (1, 4, 3)
SHOWN = 500  # rows of the table that are kept; failures are all counted


def convert_many(
    sources: tuple[str, ...], into: str, to: str, custom: str | None, overwrite: bool, limits: Limits, options: Mapping[str, Any]
) -> int:
    """Write them all; the exit code."""
    from loadstone.tools.converting import convert_all

    kept: list[Converted] = []
    done, failed, codes = 0, 0, set[int]()
    with progress("looking for models") as told:
        for one in convert_all(sources, into, to, custom=custom, overwrite=overwrite, limits=limits, **options):
            done += 1
            if one.error:
                failed += 1
                codes.add(code_of(one))
            if len(kept) < SHOWN or one.error and len(kept) < 2 * SHOWN:
                kept.append(one)
            told(f"{done:,} models, {failed:,} failed")
    if not done:
        click.echo("no model found", err=True)
        return 1
    _show(kept)
    click.echo(f"{done - failed:,} of {done:,} written into {one_line(into)}" + (f"; {failed:,} failed" if failed else ""))
    return next((code for code in WORST if code in codes), 0)


def code_of(one: Converted) -> int:
    """The exit code that stands for a failure."""
    kind = one.kind or Exception
    return next((code for known, code in CODE_OF if issubclass(kind, known)), 1)


def _show(rows: list[Converted]) -> None:
    """The table."""
    from rich import filesize
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    folded = [Column(title, overflow="fold") for title in ("Model", "Written as")]
    table = Table(*folded, Column("Size", justify="right"), "Differs by", Column("", overflow="fold"), box=None, header_style="bold")
    for row in rows:
        if row.error:
            first = row.reason.partition("\n")[0].partition(" (tried: ")[0]
            table.add_row(Text(one_line(row.source)), "", "", "", Text(one_line(f"{row.error}: {first}"), "red"))
            continue
        notes = ([f"needs {', '.join(row.needs)}"] if row.needs else []) + list(row.warnings)
        differs = "not compared" if row.difference is None else f"{row.difference:.2g}"
        cells = [Text(one_line(text)) for text in (row.source, row.target, filesize.decimal(row.bytes), differs)]
        table.add_row(*cells, Text(one_line("; ".join(notes)), "yellow"))
    Console(highlight=False).print(table)
