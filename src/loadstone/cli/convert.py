"""`loadstone convert`: a model of any release as a file that today's Keras opens, or as ONNX."""

from __future__ import annotations

import click

from loadstone.cli.custom import custom as custom_option
from loadstone.cli.exits import EXIT_CODES
from loadstone.errors import LoadstoneError

EPILOG = f"""\b
Examples:
  loadstone convert old.h5 new.keras
  loadstone convert model.json new.keras --weights weights.h5
  loadstone convert web/model.json new.h5 --no-overwrite
  loadstone convert saved_model/ model.onnx --signature serving_default
  loadstone convert frozen.pb model.onnx --inputs input:0 --outputs softmax:0

{EXIT_CODES}"""


@click.command(epilog=EPILOG)
@click.argument("source", type=click.Path())
@click.argument("target", type=click.Path())
@click.option("--weights", type=click.Path(), help="A file or checkpoint with the weights, where SOURCE is an architecture.")
@click.option("--overwrite/--no-overwrite", default=True, help="Whether a file that is there already may be replaced.")
@click.option("--signature", help="The signature of a SavedModel, for .onnx.")
@click.option("--tags", help="The tags of its graph, with commas between them, for .onnx.")
@click.option("--inputs", help="Names of tensors or layers at which the model begins, with commas between them, for .onnx.")
@click.option("--outputs", help="Names of tensors or layers at which it ends, for .onnx.")
@custom_option
def convert(
    source: str,
    target: str,
    weights: str | None,
    overwrite: bool,
    signature: str | None,
    tags: str | None,
    inputs: str | None,
    outputs: str | None,
    custom: dict[str, object] | None,
) -> None:
    """Write SOURCE as TARGET: a .keras, .h5, .weights.h5 or .json file of today's Keras, or an .onnx file, with the same predictions.

    The new file is read again and compared with the model on random data before it takes its place.
    """
    from loadstone.api import convert as converted

    try:
        chosen = {"tags": _listed(tags), "inputs": _listed(inputs), "outputs": _listed(outputs)}
        report = converted(source, target, weights=weights, overwrite=overwrite, signature=signature, custom_objects=custom, **chosen)
    except LoadstoneError:
        raise
    except ValueError as error:  # a suffix that says nothing
        raise click.UsageError(str(error)) from error
    compared = "not compared" if report.difference is None else f"predictions differ by {report.difference:.2g} at most"
    click.echo(f"{report.path}: {report.bytes:,} bytes, {compared}")
    for finding in report.findings:
        if finding.severity == "warning":
            click.echo(f"{finding.message} (at {finding.where})", err=True)


def _listed(names: str | None) -> list[str] | None:
    return None if names is None else [name.strip() for name in names.split(",")]
