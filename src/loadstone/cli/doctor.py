"""`loadstone doctor`: where a model loads, where not and why, and the command that answers it. Nothing of the file is run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from loadstone.cli.exits import EXIT_CODES, NEEDS_SOMETHING, WARNINGS
from loadstone.environment.targets import LOADS, TARGETS, TITLES
from loadstone.errors import LoadstoneError, one_line

if TYPE_CHECKING:
    from loadstone.environment.doctor import Diagnosis, Finding, Look

EPILOG = f"""\b
Examples:
  loadstone doctor old_model.h5
  loadstone doctor old_model.h5 --for keras3
  loadstone doctor saved_model --for tf-serving --json | jq .findings

The exit code tells of the target of --for, by default of loadstone: {NEEDS_SOMETHING} where the model does not load there, {WARNINGS} where
there are warnings.

{EXIT_CODES}"""
_STYLES = {"error": "red", "warning": "yellow", "note": "cyan"}


@click.command(epilog=EPILOG)
@click.argument("model", type=click.Path())
@click.option("--for", "target", type=click.Choice(TARGETS), help="Where the model is to be loaded; by default everywhere is looked at.")
@click.option("--json", "as_json", is_flag=True, help="Print the diagnosis as JSON.")
@click.pass_context
def doctor(ctx: click.Context, model: str, target: str | None, as_json: bool) -> None:
    """Say where MODEL loads and what is in the way.

    The saved environment stands beside the present one; each finding has its reason and the command that answers it. Works for every kind
    of file, damaged ones too; runs none of it.
    """
    from loadstone.environment.doctor import doctor as examine

    diagnosis = examine(model, target, look=_look)
    if as_json:
        click.echo(json.dumps(diagnosis.to_dict(), indent=2))
    else:
        _print(diagnosis)
    worst = diagnosis.severity(target)
    if worst in ("error", "warning"):
        ctx.exit(NEEDS_SOMETHING if worst == "error" else WARNINGS)


def _look(filepath: Any) -> Look:
    """What loadstone needs, as `inspect` finds it."""
    from loadstone.api import inspect
    from loadstone.environment.doctor import Look

    try:
        report = inspect(filepath)
    except (LoadstoneError, ValueError) as error:
        return Look({}, str(getattr(error, "message", error)))
    problems = [f"no rule for {name}, first at {paths[0]}" for name, paths in report.unsupported.items()] + list(report.problems)
    return Look({missing.name: missing.kind for missing in report.missing}, "; ".join(problems))


def _print(diagnosis: Diagnosis) -> None:
    """The diagnosis as tables."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=False)
    console.print(Text(f"{one_line(diagnosis.path)}: {one_line(diagnosis.what)}", style="bold"))
    verdicts = Table(box=None, show_header=False)
    for name, verdict in diagnosis.verdicts.items():
        style = "green" if verdict.result == LOADS else "red" if verdict.result == "fails" else "yellow"
        verdicts.add_row(TITLES[name], Text(verdict.result, style=style), Text(one_line(verdict.reason)))
    console.print(verdicts)
    if diagnosis.saved:
        surroundings = Table("", "saved", "here", box=None, header_style="bold")
        for name, value in diagnosis.saved.items():
            style = "yellow" if name in diagnosis.differs else ""
            surroundings.add_row(name, Text(one_line(value)), Text(one_line(diagnosis.present.get(name, "")), style=style))
        console.print(surroundings)
    for finding in diagnosis.findings:
        console.print(_finding(finding), soft_wrap=True)


def _finding(finding: Finding) -> object:
    from rich.text import Text

    found = Text("\n")
    found.append(finding.severity, style=_STYLES[finding.severity])
    found.append(f" for {', '.join(TITLES[name] for name in finding.targets)}: ")
    found.append(one_line(finding.title), style="bold")
    found.append(f"\n  {one_line(finding.reason)}")
    if finding.where:
        found.append(f"\n  at {one_line(finding.where)}")
    if finding.command:
        found.append(f"\n  run: {one_line(finding.command)}", style="green")
    return found
