"""`loadstone stub`: code to fill in for the custom objects that a model needs."""

from __future__ import annotations

import click

from loadstone.cli.custom import custom as custom_option
from loadstone.cli.exits import EXIT_CODES

EPILOG = f"""\b
Examples:
  loadstone stub model.h5 > custom.py
  loadstone predict model.h5 --custom custom.py --input x.npy

{EXIT_CODES}"""


@click.command(epilog=EPILOG)
@click.argument("model", type=click.Path())
@custom_option
def stub(model: str, custom: dict[str, object] | None) -> None:
    """Print Python code for the custom objects that MODEL needs, with the options and weights that the file has.

    Fill in what each computes. What --custom has already is left out. Names from the file are data in the code.
    """
    from loadstone.api import inspect

    code = inspect(model, custom).stub()
    click.echo(code or "# The model needs no custom objects.", nl=not code)
