"""`loadstone convert`: a model of any release as a file that today's Keras opens, as ONNX or as a SavedModel."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from loadstone.cli.custom import custom as custom_option
from loadstone.cli.exits import EXIT_CODES
from loadstone.cli.onnx import onnx_options
from loadstone.errors import LoadstoneError, printable

if TYPE_CHECKING:
    from loadstone.model.comparison import Conversion

FORMATS = ("keras", "h5", "hdf5", "tf", "saved_model", "weights", "safetensors", "json", "onnx")
EPILOG = f"""\b
Examples:
  loadstone convert old.h5 new.keras
  loadstone convert model.json new.keras --weights weights.h5
  loadstone convert web/model.json new.h5 --no-overwrite
  loadstone convert saved_model/ model.onnx --signature serving_default
  loadstone convert old.h5 served/ --format saved_model --version 1
  loadstone convert frozen.pb model.onnx --inputs input:0 --outputs softmax:0
  loadstone convert model.h5 model.onnx --opset 17 --channels-first --shape image=1,224,224,3

{EXIT_CODES}"""


@click.command(epilog=EPILOG)
@click.argument("source", type=click.Path())
@click.argument("target", type=click.Path())
@click.option("--weights", type=click.Path(), help="A file or checkpoint with the weights, where SOURCE is an architecture.")
@click.option("--overwrite/--no-overwrite", default=True, help="Whether a file that is there already may be replaced.")
@click.option("--format", "save_format", type=click.Choice(FORMATS), help="What to write, where the suffix of TARGET does not say it.")
@click.option("--version", type=click.IntRange(0), help="Write a SavedModel into the folder TARGET/VERSION, as TensorFlow Serving expects.")
@click.option(
    "--library",
    default="keras",
    help="Which Keras is to open an .h5 file: keras (3) or tf_keras (2).",
    type=click.Choice(("keras", "tf_keras")),
)
@click.option("--strict", is_flag=True, help="Write nothing that a reader has to supply objects for, or could stumble over.")
@click.option("--signature", help="The signature of a SavedModel, for .onnx and SavedModels.")
@click.option("--tags", help="The tags of its graph, with commas between them, for .onnx and SavedModels.")
@click.option("--inputs", help="Names of tensors or layers at which the model begins, with commas between them, for .onnx and SavedModels.")
@click.option("--outputs", help="Names of tensors or layers at which it ends, for .onnx and SavedModels.")
@onnx_options
@custom_option
def convert(
    source: str,
    target: str,
    weights: str | None,
    overwrite: bool,
    save_format: str | None,
    version: int | None,
    library: str,
    strict: bool,
    signature: str | None,
    tags: str | None,
    inputs: str | None,
    outputs: str | None,
    custom: dict[str, object] | None,
    onnx: dict[str, Any],
) -> None:
    """Write SOURCE as TARGET, with the same predictions: a .keras, .h5, .weights.h5 or .json file of today's Keras, .safetensors or .onnx;
    a TARGET without a suffix is the folder of a SavedModel.

    The new file is read again and compared with the model on random data before it takes its place.
    """
    from loadstone.api import convert as converted
    from loadstone.model.progress import Progress

    bar = Progress("auto", None, "byte", stream=sys.stderr)
    try:
        chosen: dict[str, Any] = {"tags": _listed(tags), "inputs": _listed(inputs), "outputs": _listed(outputs)}
        chosen |= {"save_format": save_format, "version": version, "strict": strict, "progress": bar.update, "library": library}
        report = converted(
            source, target, weights=weights, overwrite=overwrite, signature=signature, custom_objects=custom, **chosen, **onnx
        )
    except LoadstoneError:
        raise
    except ValueError as error:  # a suffix that says nothing, names that the model does not have
        raise click.UsageError(str(error)) from error
    bar.finish()
    click.echo(table(report))
    for finding in report.findings:
        if finding.severity == "warning":
            click.echo(f"{finding.message} (at {finding.where})", err=True)


def table(report: Conversion) -> str:
    """What was written, and what whoever reads it has to know, a fact a line."""
    compared = "not compared" if report.difference is None else f"predictions differ by {report.difference:.2g} at most"
    rows = [("written", f"{report.path}: {report.bytes:,} bytes, {compared}")]
    for need in report.needs:
        place = f" at {', '.join(need.where[:3])}" if need.where else ""
        module = f" of {need.module}" if need.module else ""
        rows.append(("to supply", f"{need.kind} {need.name!r}{module}{place}{f' ({need.note})' if need.note else ''}"))
    rows += [("warning", line) for line in report.warnings]
    return "\n".join(f"{name:<11}{printable(text)}" for name, text in rows)


def _listed(names: str | None) -> list[str] | None:
    return None if names is None else [name.strip() for name in names.split(",")]
