"""`loadstone summary`: the layers of a model."""

from __future__ import annotations

import json

import click

from loadstone.cli.exits import EXIT_CODES

EPILOG = f"""\b
Examples:
  loadstone summary model.h5
  loadstone summary model.keras --json | jq '.layers[].class_name'

{EXIT_CODES}"""


@click.command(epilog=EPILOG)
@click.argument("model", type=click.Path())
@click.option("--expand-nested", is_flag=True, help="Show the layers inside nested models.")
@click.option("--show-trainable", is_flag=True, help="Show which layers are trainable.")
@click.option("--line-length", type=click.IntRange(min=40), help="Width of the table.")
@click.option("--json", "as_json", is_flag=True, help="Print layers and totals as JSON.")
def summary(model: str, expand_nested: bool, show_trainable: bool, line_length: int | None, as_json: bool) -> None:
    """Show the layers of MODEL, shapes and sizes."""
    from loadstone.api import load_model

    loaded = load_model(model)
    if not as_json:
        loaded.summary(line_length=line_length, expand_nested=expand_nested, show_trainable=show_trainable)
        return
    layers = [
        {
            "name": layer.name,
            "class_name": layer.class_name,
            "output_shape": layer.output_shape,
            "params": layer.count_params(),
            "trainable": layer.trainable,
        }
        for layer in loaded.layers
    ]
    click.echo(json.dumps({"name": loaded.name, "layers": layers, "params": loaded.count_params()}, indent=2))
