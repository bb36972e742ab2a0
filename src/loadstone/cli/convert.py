"""`loadstone convert`: models of any release as files that today's Keras opens, as ONNX or as SavedModels."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from loadstone.cli.custom import custom_file, read
from loadstone.cli.exits import EXIT_CODES
from loadstone.cli.limits import limits as limits_of_a_file
from loadstone.cli.onnx import onnx_options
from loadstone.errors import LoadstoneError, printable

if TYPE_CHECKING:
    from loadstone.model.comparison import Conversion
    from loadstone.tools.workers import Limits

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
  loadstone convert *.h5 saved_model/ --to keras --into new/
  loadstone convert models/ --to onnx --into onnx/ --jobs 4

\b
With --into each SOURCE is a model or a folder of models, which keep their
place below it; an architecture is written with the weights that belong to
it by their names. Each is written in a process of its own with a limit on time
and memory, and one that fails stops nothing. The exit code is that of the
worst failure: 1, then 4, then 3.

{EXIT_CODES}"""


@click.command(epilog=EPILOG)
@click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="SOURCE... [TARGET]")
@click.option("--into", type=click.Path(file_okay=False), metavar="DIR", help="Write every SOURCE into this folder, under its own name.")
@click.option("--weights", type=click.Path(), help="A file or checkpoint with the weights, where SOURCE is an architecture.")
@click.option(
    "--overwrite/--no-overwrite",
    default=None,
    help="Whether a file that is there already may be replaced.  [default: yes, with --into no]",
)
@click.option(
    "--to",
    "--format",
    "save_format",
    type=click.Choice(FORMATS),
    help="What to write, where the suffix of TARGET does not say it.  [default with --into: keras]",
)
@click.option("--version", type=click.IntRange(0), help="Write a SavedModel into the folder TARGET/VERSION, as TensorFlow Serving expects.")
@click.option(
    "--library",
    default="keras",
    help="Which Keras is to open a .keras or .h5 file: keras (3) or tf_keras (2).",
    type=click.Choice(("keras", "tf_keras")),
)
@click.option("--strict", is_flag=True, help="Write nothing that a reader has to supply objects for, or could stumble over.")
@click.option("--signature", help="The signature of a SavedModel, for .onnx and SavedModels.")
@click.option("--tags", help="The tags of its graph, with commas between them, for .onnx and SavedModels.")
@click.option("--inputs", help="Names of tensors or layers at which the model begins, with commas between them, for .onnx and SavedModels.")
@click.option("--outputs", help="Names of tensors or layers at which it ends, for .onnx and SavedModels.")
@onnx_options
@limits_of_a_file(600)
@custom_file
@click.pass_context
def convert(
    ctx: click.Context,
    paths: tuple[str, ...],
    into: str | None,
    weights: str | None,
    overwrite: bool | None,
    save_format: str | None,
    version: int | None,
    library: str,
    strict: bool,
    signature: str | None,
    tags: str | None,
    inputs: str | None,
    outputs: str | None,
    custom: str | None,
    onnx: dict[str, Any],
    limits: Limits,
) -> None:
    """Write SOURCE as TARGET, with the same predictions: a .keras, .h5, .weights.h5 or .json file of today's Keras, .safetensors or .onnx;
    a TARGET without a suffix is the folder of a SavedModel. With --into DIR any number of SOURCEs are written, each by itself.

    The new file is read again and compared with the model on random data before it takes its place.
    """
    objects = read(ctx, None, custom)
    if into is not None:
        from loadstone.cli.many import convert_many

        if weights is not None:
            raise click.UsageError("--weights is for one SOURCE; with --into, architectures are written with the weights beside them")
        options: dict[str, Any] = {"tags": _listed(tags), "inputs": _listed(inputs), "outputs": _listed(outputs), "signature": signature}
        options |= {"version": version, "strict": strict, "library": library, **onnx}
        ctx.exit(convert_many(paths, into, save_format or "keras", custom, bool(overwrite), limits, options))
    if len(paths) != 2:
        raise click.UsageError("one SOURCE and one TARGET, or any number of SOURCEs with --into DIR")
    source, target = paths
    from loadstone.api import convert as converted
    from loadstone.model.progress import Progress

    bar = Progress("auto", None, "byte", stream=sys.stderr)
    try:
        chosen: dict[str, Any] = {"tags": _listed(tags), "inputs": _listed(inputs), "outputs": _listed(outputs)}
        chosen |= {"save_format": save_format, "version": version, "strict": strict, "progress": bar.update, "library": library}
        chosen |= {"weights": weights, "overwrite": overwrite is not False, "signature": signature, "custom_objects": objects}
        report = converted(source, target, **chosen, **onnx)
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
