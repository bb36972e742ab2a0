"""`loadstone predict`: a model, data from a file, predictions into a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from loadstone.cli.custom import custom as custom_option
from loadstone.cli.exits import EXIT_CODES
from loadstone.errors import UnrecognizedFormat

if TYPE_CHECKING:
    from loadstone.cli.tables import Inputs
    from loadstone.ir import Spec

EPILOG = f"""\b
Examples:
  loadstone predict model.h5 --input x.npy --output y.npy
  loadstone predict fraud.keras --input transactions.csv --drop id --output fraud.csv
  loadstone predict estimator/ --input examples.tfrecord --output scores.json
  echo '[[1, 2, 3]]' | loadstone predict model.h5 --input - --output -

\b
Data are told apart by their content. CSV: columns go by input name (`amount`, or
`image[0,0]` for an input of several values); where the model has one input and
no column bears its name, the columns are its values in order. JSON: an array,
an object of arrays by input name, or an array of objects, one a row. TFRecord
files are for models that take serialized examples.

{EXIT_CODES}"""


@click.command(epilog=EPILOG)
@click.argument("model", type=click.Path())
@click.option(
    "--input", "-i", "source", required=True, type=click.File("rb"), help="Data: .npy, .npz, .csv, .json or TFRecord; - is standard input."
)
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
@custom_option
def predict(
    model: str,
    source: BinaryIO,
    target: str,
    kind: str | None,
    drop: tuple[str, ...],
    batch_size: int | None,
    custom: dict[str, object] | None,
) -> None:
    """Run MODEL on data from a file: .npy, .npz, JSON, CSV, or TFRecord for a model that parses records."""
    from loadstone.api import load_model
    from loadstone.cli.answers import WRITERS

    kind = kind or ("json" if target == "-" else Path(target).suffix.lower().removeprefix("."))
    if kind not in WRITERS:
        raise click.UsageError(
            f"--output {target}: the suffix is none of {', '.join(f'.{name}' for name in WRITERS)}; --format decides without it"
        )
    loaded = load_model(model, custom)
    answer = loaded.predict(data_of(source.read(), loaded.inputs, drop), batch_size=batch_size, verbose=0)
    try:
        content = WRITERS[kind](answer, loaded.output_names)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    with click.open_file(target, "wb") as file:
        file.write(content)


def data_of(content: bytes, specs: Sequence[Spec], drop: Sequence[str]) -> Inputs:
    """The model's inputs; records where the model takes one input of strings and the file is TFRecord."""
    from loadstone.api import read_records
    from loadstone.cli.tables import read_inputs

    if len(specs) == 1 and specs[0].dtype == "string":
        import numpy as np

        try:
            return np.array(read_records(content), object)
        except UnrecognizedFormat:
            pass
    return read_inputs(content, specs, drop)
