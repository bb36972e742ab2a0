"""`loadstone summary`: the layers of a model, also of one that needs something before it runs."""

from __future__ import annotations

import json

import click

from loadstone.cli.custom import custom as custom_option
from loadstone.cli.exits import EXIT_CODES

EPILOG = f"""\b
Examples:
  loadstone summary model.h5
  loadstone summary model.keras --json | jq '.layers[].class_name'

{EXIT_CODES}"""
SHOWN = ("name", "class_name", "inputs", "outputs", "layers", "parameters", "trainable_parameters", "custom_objects", "unsupported")


@click.command(epilog=EPILOG)
@click.argument("model", type=click.Path())
@click.option("--expand-nested", is_flag=True, help="Show the layers inside nested models.")
@click.option("--show-trainable", is_flag=True, help="Show which layers are trainable.")
@click.option("--line-length", type=click.IntRange(min=40), help="Width of the table.")
@click.option("--json", "as_json", is_flag=True, help="Print layers and totals as JSON; a layer has null for a shape that is not known.")
@custom_option
def summary(
    model: str, expand_nested: bool, show_trainable: bool, line_length: int | None, as_json: bool, custom: dict[str, object] | None
) -> None:
    """Show the layers of MODEL, shapes and sizes."""
    from loadstone.api import inspect

    report = inspect(model, custom)
    if as_json:
        facts = report.to_dict()
        click.echo(json.dumps({key: facts[key] for key in SHOWN}, indent=2, default=str))
        return
    report.summary(line_length=line_length, expand_nested=expand_nested, show_trainable=show_trainable)
    if not report.runs:
        click.echo(f"The model needs something before it runs: loadstone inspect {model}", err=True)
