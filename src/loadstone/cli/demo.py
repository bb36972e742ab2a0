"""`loadstone demo`: the example that is shipped: a fraud detection model, its summary, and its predictions."""

from __future__ import annotations

import csv
from importlib.resources import as_file, files

import click

from loadstone.cli.exits import EXIT_CODES

EPILOG = f"""\b
Example:
  loadstone demo --file fraud.keras

{EXIT_CODES}"""


@click.command(epilog=EPILOG)
@click.option(
    "--file",
    "name",
    type=click.Choice(["fraud.h5", "fraud.keras"]),
    default="fraud.h5",
    show_default=True,
    help="The file to load: saved by tf.keras 2.15 (.h5) or Keras 3.15 (.keras).",
)
def demo(name: str) -> None:
    """Run the fraud detection example.

    Loads a model that Keras saved, shows its summary, and rates the transactions of a CSV.
    """
    from loadstone.api import load_model
    from loadstone.cli.tables import read_inputs

    with as_file(files("loadstone") / "examples" / "fraud") as folder:
        table = (folder / "transactions.csv").read_text("utf8")
        keras_says = [float(row["fraud"]) for row in csv.DictReader((folder / f"{name}.csv").read_text("utf8").splitlines())]
        model = load_model(folder / name)
        click.echo(f'model = loadstone.load_model("{name}")\nmodel.summary()\n')
        model.summary()
        click.echo('\nmodel.predict(...) of "transactions.csv", beside what Keras itself predicted:\n')
        fraud = model.predict(read_inputs(table.encode(), model.inputs, drop=["id"]), verbose=0)[:, 0]
    header, *rows = csv.reader(table.splitlines())
    _print_row([*header, "fraud", "Keras"])
    for row, ours, theirs in zip(rows, fraud, keras_says, strict=True):
        _print_row([*row, f"{ours:.1%}", f"{theirs:.1%}"])
    click.echo(f"\nLargest difference from Keras: {max(abs(fraud - keras_says)):.1g}")


def _print_row(cells: list[str]) -> None:
    click.echo("  ".join(f"{cell:>12}" for cell in cells))
