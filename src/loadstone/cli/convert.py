"""`loadstone convert`: a model of any release as a file that today's Keras opens."""

from __future__ import annotations

import click

from loadstone.cli.exits import EXIT_CODES
from loadstone.errors import LoadstoneError

EPILOG = f"""\b
Examples:
  loadstone convert old.h5 new.keras
  loadstone convert model.json new.keras --weights weights.h5
  loadstone convert web/model.json new.h5 --no-overwrite

{EXIT_CODES}"""


@click.command(epilog=EPILOG)
@click.argument("source", type=click.Path())
@click.argument("target", type=click.Path())
@click.option("--weights", type=click.Path(), help="A file or checkpoint with the weights, where SOURCE is an architecture.")
@click.option("--overwrite/--no-overwrite", default=True, help="Whether a file that is there already may be replaced.")
def convert(source: str, target: str, weights: str | None, overwrite: bool) -> None:
    """Write SOURCE as TARGET: a .keras, .h5, .weights.h5 or .json file of today's Keras, with the same predictions.

    The new file is read again and compared with the model on random data before it takes its place.
    """
    from loadstone.api import convert as converted

    try:
        report = converted(source, target, weights=weights, overwrite=overwrite)
    except LoadstoneError:
        raise
    except ValueError as error:  # a suffix that says nothing
        raise click.UsageError(str(error)) from error
    compared = "not compared" if report.difference is None else f"predictions differ by {report.difference:.2g} at most"
    click.echo(f"{report.path}: {report.bytes:,} bytes, {compared}")
    for finding in report.findings:
        if finding.severity == "warning":
            click.echo(f"{finding.message} (at {finding.where})", err=True)
