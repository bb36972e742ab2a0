"""`loadstone predict`: a model, data from a file, predictions into a file."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click

from loadstone.cli.exits import EXIT_CODES

EPILOG = f"""\b
Examples:
  loadstone predict model.h5 --input x.npy --output y.npy
  loadstone predict fraud.keras --input transactions.csv --drop id --output fraud.csv
  echo '[[1, 2, 3]]' | loadstone predict model.h5 --input - --output -

\b
Data are told apart by their content. CSV: columns go by input name (`amount`, or
`image[0,0]` for an input of several values); where the model has one input and
no column bears its name, the columns are its values in order. JSON: an array,
an object of arrays by input name, or an array of objects, one a row.

{EXIT_CODES}"""


@click.command(epilog=EPILOG)
@click.argument("model", type=click.Path())
@click.option("--input", "-i", "source", required=True, type=click.File("rb"), help="Data: .npy, .npz, .csv or .json; - is standard input.")
@click.option(
    "--output",
    "-o",
    "target",
    default="-",
    show_default=True,
    help="File for the predictions, .npy, .npz, .csv or .json; - is standard output.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["npy", "npz", "csv", "json"]),
    help="Format of the predictions.  [default: by suffix; json for -]",
)
@click.option("--drop", multiple=True, metavar="NAME", help="Leave this column or key of the data out; can be given several times.")
@click.option("--batch-size", type=click.IntRange(min=1), help="Samples to run at once.  [default: 32]")
def predict(model: str, source: BinaryIO, target: str, kind: str | None, drop: tuple[str, ...], batch_size: int | None) -> None:
    """Run MODEL on data from a file."""
    from loadstone.api import load_model
    from loadstone.cli.answers import WRITERS
    from loadstone.cli.tables import read_inputs

    kind = kind or ("json" if target == "-" else Path(target).suffix.lower().removeprefix("."))
    if kind not in WRITERS:
        raise click.UsageError(
            f"--output {target}: the suffix is none of {', '.join(f'.{name}' for name in WRITERS)}; --format decides without it"
        )
    loaded = load_model(model)
    answer = loaded.predict(read_inputs(source.read(), loaded.inputs, drop), batch_size=batch_size, verbose=0)
    try:
        content = WRITERS[kind](answer, loaded.output_names)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    with click.open_file(target, "wb") as file:
        file.write(content)
