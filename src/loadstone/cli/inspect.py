"""`loadstone inspect`: what a file is, with nothing of it run and no weight read."""

from __future__ import annotations

import json

import click

from loadstone.cli.custom import custom as custom_option
from loadstone.cli.exits import EXIT_CODES, NEEDS_SOMETHING

EPILOG = f"""\b
Examples:
  loadstone inspect unknown_file
  loadstone inspect model.h5 --json | jq .producer
  loadstone inspect model.h5 --check > /dev/null || echo "does not run here"

{EXIT_CODES}"""


@click.command(epilog=EPILOG)
@click.argument("path", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--check", is_flag=True, help=f"End with {NEEDS_SOMETHING} where the model needs something before it runs.")
@custom_option
@click.pass_context
def inspect(ctx: click.Context, path: str, as_json: bool, check: bool, custom: dict[str, object] | None) -> None:
    """Say what PATH is; run nothing of it.

    Format, who saved it, inputs and outputs, layers, custom objects that it needs, and what else was noticed.
    """
    from loadstone.api import inspect as report_on

    report = report_on(path, custom)
    click.echo(json.dumps(report.to_dict(), indent=2, default=str) if as_json else str(report))
    if check and not report.runs:
        ctx.exit(NEEDS_SOMETHING)
