"""`loadstone diff`: what is not the same in two models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from loadstone.cli.custom import custom as custom_option
from loadstone.cli.exits import EXIT_CODES
from loadstone.errors import one_line

if TYPE_CHECKING:
    from loadstone.tools.diff import Difference

PARTS = ("environment", "architecture", "config", "weights", "signatures", "training", "predictions")
EPILOG = f"""\b
Examples:
  loadstone diff old.h5 new.keras
  loadstone diff model.h5 saved_model/ --only weights --only predictions
  loadstone diff model.keras model.onnx --data inputs.npz --rtol 1e-3
  loadstone diff a.h5 b.h5 --json | jq .changes

\b
Layers are paired by name and place. Weights must be alike to the last bit, and
predictions within the tolerance of their type, unless --rtol or --atol say
otherwise. Who saved the files is shown and makes no model another.

{EXIT_CODES}
\b
Here 0 says that the models are the same, and 1 also that they are not.
"""


@click.command(epilog=EPILOG)
@click.argument("a", type=click.Path())
@click.argument("b", type=click.Path())
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Look at this part alone; can be given several times.")
@click.option("--ignore", multiple=True, type=click.Choice(PARTS), help="Show this part, and do not let it decide.")
@click.option("--data", type=click.Path(), help="An .npz of inputs by name for the predictions.  [default: random numbers]")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random numbers.")
@click.option("--rtol", type=click.FloatRange(min=0), help="Relative tolerance of weights and predictions.")
@click.option("--atol", type=click.FloatRange(min=0), help="Absolute tolerance of weights and predictions.")
@click.option("--json", "as_json", is_flag=True, help="Print the changes as JSON.")
@custom_option
@click.pass_context
def diff(
    ctx: click.Context,
    a: str,
    b: str,
    only: tuple[str, ...],
    ignore: tuple[str, ...],
    data: str | None,
    seed: int,
    rtol: float | None,
    atol: float | None,
    as_json: bool,
    custom: dict[str, object] | None,
) -> None:
    """Compare the models A and B: architecture, config, weights, signatures, training config, predictions."""
    from loadstone.tools.diff import diff as difference

    parts = only or PARTS
    counted = [part for part in parts if part not in ignore and part != "environment"]
    found = difference(a, b, custom, parts=parts, counted=counted, data=data, seed=seed, rtol=rtol, atol=atol)
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=2, default=str))
    else:
        _show(found)
    if not found.same:
        ctx.exit(1)


def _show(found: Difference) -> None:
    """A table of the changes, and what was compared."""
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    console = Console(highlight=False)
    if found.changes:
        table = Table("", "Part", *(Column(title, overflow="fold") for title in ("Where", "A", "B")), "Differs by")
        marks = {"added": Text("+", "green"), "removed": Text("-", "red"), "changed": Text("~", "yellow")}
        for change in found.changes:
            far = "" if change.difference is None else f"{change.difference:.3g}"
            table.add_row(marks[change.kind], change.part, Text(one_line(change.where)), _cell(change.a), _cell(change.b), far)
        console.print(table)
    for part, what in found.compared.items():
        console.print(Text(one_line(f"{part}: {what}")), soft_wrap=True)
    console.print("The models are the same." if found.same else "The models are not the same.")


def _cell(value: Any) -> Any:
    from rich.text import Text

    return Text("" if value is None else one_line(value if isinstance(value, str) else json.dumps(value, default=str)))
