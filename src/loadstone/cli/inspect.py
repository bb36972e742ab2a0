"""`loadstone inspect`: what a file is, without running or compiling anything of it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import click

from loadstone.cli.exits import EXIT_CODES

EPILOG = f"""\b
Examples:
  loadstone inspect unknown_file
  loadstone inspect model.h5 --json | jq .producer

{EXIT_CODES}"""


@click.command(epilog=EPILOG)
@click.argument("path", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def inspect(path: str, as_json: bool) -> None:
    """Say what PATH is; run nothing of it.

    Format, who saved it, inputs and outputs, layers, custom objects that it needs, and what else was noticed.
    """
    from loadstone.api import inspect as report_on

    report = report_on(path)
    if as_json:
        click.echo(json.dumps(report.to_dict(), indent=2, default=str))
        return
    for title, lines in _sections(report):
        if lines:
            click.echo(f"{title + ':':<16}{lines[0]}")
            for line in lines[1:]:
                click.echo(f"{'':<16}{line}")


def _sections(report: Any) -> list[tuple[str, list[str]]]:
    """Titles with their lines, empty ones included. report: what `loadstone.inspect` returns."""
    counts = Counter(layer.class_name for layer in report.layers)
    return [
        ("format", [str(report.format)]),
        ("saved by", [str(report.producer)]),
        ("inputs", [f"{spec.name} {spec.shape} {spec.dtype}" for spec in report.inputs]),
        ("outputs", [f"{spec.name} {spec.shape} {spec.dtype}" for spec in report.outputs]),
        ("layers", [", ".join(f"{name} x {count}" if count > 1 else name for name, count in counts.items())] if counts else []),
        ("custom objects", [str(name) for name in report.custom_objects]),
        ("findings", [str(finding) for finding in report.findings] or ["no known danger found"]),
    ]
