"""`loadstone profile`: where the time of a model goes, and which ops cost most."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, BinaryIO

import click

from loadstone.cli.custom import custom_file, read
from loadstone.cli.exits import EXIT_CODES
from loadstone.errors import one_line

if TYPE_CHECKING:
    from rich.text import Text

    from loadstone.tools.profile import OpCost, Profile

EPILOG = f"""\b
Examples:
  loadstone profile model.h5
  loadstone profile model.keras --batch-size 32 --engine openvino --threads 2
  loadstone profile saved_model/ --input x.npy --json | jq '.ops[0]'

\b
A new Python process opens the model and predicts, so imports count. The parts
add up to the time of its first prediction; what one part needs in the middle
of another (an import while the file is read) counts for itself. The costs of
ops are the engine's own count, in a second opening; what it fused is said of
the layer whose name it kept.

{EXIT_CODES}"""
TITLES = {
    "start": "start of Python",
    "import": "imports",
    "read": "read the file",
    "lower": "lower to ONNX",
    "build": "build the engine's session",
    "load": "other loading",
    "first prediction": "first prediction",
}


@click.command(epilog=EPILOG)
@click.argument("model", type=click.Path())
@click.option("--input", "-i", "source", type=click.File("rb"), help="Data, as for predict, as one batch.  [default: random numbers]")
@click.option("--drop", multiple=True, metavar="NAME", help="Leave this column or key of the data out; can be given several times.")
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    help="Samples to predict at once.  [default: all of --input, else 1 or what the model is made for]",
)
@click.option("--engine", type=click.Choice(["onnxruntime", "openvino"]), default="onnxruntime", show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="How many at most.  [default: what the process may use]")
@click.option("--json", "as_json", is_flag=True, help="Print times (seconds), sizes (bytes) and ops as JSON.")
@custom_file
@click.pass_context
def profile(
    ctx: click.Context,
    model: str,
    source: BinaryIO | None,
    drop: tuple[str, ...],
    batch_size: int | None,
    engine: str,
    threads: int | None,
    as_json: bool,
    custom: str | None,
) -> None:
    """Show what MODEL costs: time to open it and to predict, memory, the ten costliest ops."""
    from loadstone.tools.profile import profile as profiled

    objects, data = read(ctx, None, custom), None
    if source is not None:
        from loadstone.api import inspect
        from loadstone.cli.predict import data_of

        data = data_of(source.read(), inspect(model, objects).inputs, drop)
    found = profiled(model, data, custom, engine=engine, threads=threads, rows=batch_size)
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=2))
    else:
        _show(found)


def _show(found: Profile) -> None:
    """Tables of the parts and of the ops, with the steady prediction and the memory between them."""
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    console = Console(highlight=False)
    threads = "" if found.threads is None else f", {found.threads} threads"
    parts = Table("A new process", Column("Time", justify="right"), Column("", justify="right"))
    for part, seconds in found.seconds.items():
        parts.add_row(TITLES[part], _time(seconds), f"{seconds / found.total:.0%}")
        for package, of_it in found.imports.items() if part == "import" else ():
            parts.add_row(Text(f"  {package}", "dim"), Text(_time(of_it), "dim"), Text(f"{of_it / found.total:.0%}", "dim"))
    parts.add_section()
    parts.add_row("to the first prediction", _time(found.total), "")
    console.print(Text(f"{one_line(found.model)} on {found.engine}{threads}, batches of {found.rows}", "bold"), soft_wrap=True)
    console.print(parts)
    rate = f"{found.rows / found.steady:,.0f} samples a second"
    console.print(f"Later predictions: {_time(found.steady)} in the median of {found.calls}, {_time(found.fastest)} at best; {rate}")
    sizes = {"peak": found.peak, "private": found.private, "weights": found.weights}
    console.print("Memory: " + ", ".join(f"{name} {size / (1 << 20):,.1f} MB" for name, size in sizes.items() if size is not None))
    if found.ops:
        table = Table(Column("Layer", overflow="fold"), "Op", Column("Name", overflow="fold"), Column("Time", justify="right"), "Share")
        for op in found.ops:
            table.add_row(_layer(op), Text(one_line(op.kind)), Text(one_line(op.op)), _time(op.seconds), f"{op.share:.0%}")
        console.print(table)


def _layer(op: OpCost) -> Text:
    from rich.text import Text

    return Text(one_line(op.layer)) if op.layer else Text(f"after {one_line(op.after)}" if op.after else "", "dim")


def _time(seconds: float) -> str:
    for least, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= least:
            return f"{seconds / least:.3g} {unit}" if seconds < 100 * least else f"{seconds / least:.0f} {unit}"
    return f"{seconds * 1e6:.3g} us" if seconds < 1e-4 else f"{seconds * 1e6:.0f} us"
