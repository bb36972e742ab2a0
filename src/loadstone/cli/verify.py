"""`loadstone verify`: does a model still give the outputs that were kept for it?"""

from __future__ import annotations

import json

import click

from loadstone.cli.custom import custom as custom_option
from loadstone.cli.exits import EXIT_CODES
from loadstone.errors import LoadstoneError

EPILOG = f"""\b
Examples:
  loadstone verify model.keras
  loadstone verify frozen.pb --golden golden.npz --rtol 1e-3
  loadstone verify model.onnx --json

\b
The example is the one that save_model(..., example=x) kept in the file, or a
golden file: an .npz with arrays in/NAME and out/NAME by the model's inputs and
outputs, by those names alone, or by place: in_0, out_0 or x, y, x_0, y_0.

{EXIT_CODES}
\b
Here 1 also says that the outputs are others, or that there is no example.
"""


@click.command(epilog=EPILOG)
@click.argument("model", type=click.Path())
@click.option("--golden", type=click.Path(), help="An .npz with inputs and outputs, in place of what the file holds.")
@click.option("--rtol", type=click.FloatRange(min=0), help="Relative tolerance.  [default: by the type of each output]")
@click.option("--atol", type=click.FloatRange(min=0), help="Absolute tolerance.  [default: by the type of each output]")
@click.option("--signature", help="The signature of a SavedModel that the golden file is for.")
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
@custom_option
@click.pass_context
def verify(
    ctx: click.Context,
    model: str,
    golden: str | None,
    rtol: float | None,
    atol: float | None,
    signature: str | None,
    as_json: bool,
    custom: dict[str, object] | None,
) -> None:
    """Replay the example that MODEL holds, or that of a golden file, and compare its outputs."""
    from loadstone.tools.verify import verify as verified

    options = {} if signature is None else {"signature": signature}
    try:
        done = verified(model, golden, custom, rtol, atol, **options)
    except LoadstoneError:
        raise
    except ValueError as error:  # a signature for a file that has none
        raise click.UsageError(str(error)) from error
    if as_json:
        click.echo(
            json.dumps({"agrees": done.agrees, "largest": done.largest, "differences": done.differences, "apart": sorted(done.apart)})
        )
    else:
        for name, far in done.differences.items():
            click.echo(f"{name}: differs by {far:.3g} at most{', more than is tolerated' if name in done.apart else ''}")
        click.echo("The outputs agree." if done.agrees else "The model gives other outputs.")
    if not done.agrees:
        ctx.exit(1)
