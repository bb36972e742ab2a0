"""`loadstone record`: the environment of this process, written beside a model."""

from __future__ import annotations

import click

from loadstone.cli.custom import custom as custom_option
from loadstone.cli.exits import EXIT_CODES

EPILOG = f"""\b
Examples:
  loadstone record model.h5
  loadstone record model.keras --full --custom layers.py

\b
It writes MODEL.loadstone.json. The model is not changed, and a file that is
there already is not overwritten. The record never has names of users or
machines, paths or environment variables.

{EXIT_CODES}"""


@click.command(epilog=EPILOG)
@click.argument("model", type=click.Path())
@click.option("--full", is_flag=True, help="All distributions, the devices, the commit, and the sources of the objects of --custom.")
@custom_option
def record(model: str, full: bool, custom: dict[str, object] | None) -> None:
    """Write beside MODEL which environment this is, for who has to rebuild it.

    To be run where the model was saved. Python, platform, versions of the packages that model files depend on, and the names of the custom
    objects that the model needs.
    """
    from loadstone.model.recording import write

    click.echo(write(model, custom, full))
