"""`loadstone env`: the environment that a model was saved in, as text for pip, conda or Docker, or made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from loadstone.cli.exits import EXIT_CODES
from loadstone.errors import one_line

if TYPE_CHECKING:
    from loadstone.environment.creating import Created
    from loadstone.environment.requirements import Plan
    from loadstone.model.report import Report

EPILOG = f"""\b
Examples:
  loadstone env model.h5 > requirements.txt
  loadstone env model.h5 --format dockerfile > Dockerfile
  loadstone env saved_model/ --release tensorflow==2.3.4 --format conda
  loadstone env model.h5 --create old/
  loadstone env model.h5 --create old/ --run-model --golden golden.npz
  loadstone env model.h5 --create old/ --allow tensorflow-addons==0.17.1

\b
Only names and versions of loadstone's own release table are installed. What the
file or its record names besides is listed; each needs its own --allow.
--run-model is the one option with which code of the file can run: the
framework that saved it loads it. What would be executed is said before.

{EXIT_CODES}"""


@click.command(epilog=EPILOG)
@click.argument("model", type=click.Path())
@click.option(
    "--format",
    "kind",
    type=click.Choice(["requirements", "conda", "dockerfile"]),
    default="requirements",
    show_default=True,
    help="What to print.",
)
@click.option(
    "--release", metavar="NAME==VERSION", help="The release to rebuild, where the file leaves several: tensorflow, keras or tf_keras."
)
@click.option("--python", metavar="X.Y", help="The Python to rebuild it with.")
@click.option(
    "--create", "folder", type=click.Path(), metavar="DIR", help="Make the environment in a new folder, and import what it should have."
)
@click.option("--allow", multiple=True, metavar="NAME==VERSION", help="Install this too, which the file names; can be given several times.")
@click.option("--run-model", is_flag=True, help="Then load the model there with the framework that saved it, and predict.")
@click.option("--weights", type=click.Path(), help="For --run-model: the file with the weights, where MODEL is an architecture.")
@click.option("--input", "source", type=click.File("rb"), help="For --run-model: data, as for predict; zeros without.")
@click.option("--golden", type=click.File("rb"), help="For --run-model: an .npz with inputs and the outputs that are expected.")
@click.pass_context
def env(
    ctx: click.Context,
    model: str,
    kind: str,
    release: str | None,
    python: str | None,
    folder: str | None,
    allow: tuple[str, ...],
    run_model: bool,
    weights: str | None,
    source: BinaryIO | None,
    golden: BinaryIO | None,
) -> None:
    """Say in which environment MODEL was saved, or make it.

    Without --create it prints a file that recreates it: requirements.txt, environment.yml or a Dockerfile. Nothing of the model is run.
    """
    from loadstone.environment.requirements import conda, dockerfile, requirements
    from loadstone.tools.rebuilding import planned

    if folder is None and run_model:
        raise click.UsageError("--run-model needs --create DIR")
    if not run_model and (source or golden or weights):
        raise click.UsageError("--input, --golden and --weights are for --run-model")
    try:
        where = None if folder else "linux-x86_64"
        plan, report = planned(model, release=release, python=python, allow=allow, platform=where, here=folder is not None)
    except ValueError as error:
        from loadstone.errors import LoadstoneError

        if isinstance(error, LoadstoneError):
            raise
        raise click.UsageError(one_line(error)) from error
    if folder is None:
        made = conda(plan, Path(model).stem) if kind == "conda" else dockerfile(plan) if kind == "dockerfile" else requirements(plan)
        click.echo(made, nl=False)
        return
    created = _created(plan, folder)
    if run_model:
        ctx.exit(_run(plan, created, model, report, weights, source, golden))


def _created(plan: Plan, folder: str) -> Created:
    """Make it, with a line on standard error for each step."""
    from loadstone.environment.creating import create

    for note in (*plan.notes, *(f"not installed without --allow {named}" for named in plan.named if named.name not in plan.allowed)):
        click.echo(one_line(note), err=True)
    created = create(plan, folder, lambda line: click.echo(one_line(line), err=True))
    click.echo(f"{created.python}: {', '.join(f'{name} {version}' for name, version in created.versions.items())}")
    return created


def _run(
    plan: Plan, created: Created, model: str, report: Report | None, weights: str | None, source: BinaryIO | None, golden: BinaryIO | None
) -> int:
    """Run the model there; the exit code."""
    from loadstone.cli.tables import read_inputs
    from loadstone.environment.running import executes, kind_of
    from loadstone.errors import MissingDependency
    from loadstone.tools.rebuilding import functions_of, outcome

    if report is None:
        raise MissingDependency("loadstone cannot read the file, so it does not know its inputs", hint="leave --run-model out")
    for sentence in executes(plan, kind_of(report.format), functions_of(report)):
        click.echo(one_line(sentence), err=True)
    given: Any = read_inputs(source.read(), report.inputs) if source else None
    found = outcome(plan, created, model, report, weights=weights, given=given, golden=golden.read() if golden else None)
    for name, value in found.outputs:
        click.echo(f"output {one_line(name)} {value.shape} {value.dtype}".replace("output  ", "output "))
    for what, differences in found.compared.items():
        largest = max(differences.values(), default=0.0)
        apart = found.apart[what]
        said = f"differs from {what} at {', '.join(map(one_line, apart))}" if apart else f"agrees with {what}"
        click.echo(f"{said}; largest difference {largest:.3g}")
    return 0 if found.agrees else 4
