"""Writes what was measured as tables: text while it is measured, markdown for the documentation.

python -m benchmarks.report RESULT.json [PAGE.md]      prints the tables, or puts them between the two marks of the page
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.rows import Row

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
ABSOLUTE = {"overhead": "us", "import": "ms"}  # measures whose figures are no ratios
SCALES = {"s": ((1.0, "s"), (1e-3, "ms"), (0.0, "us")), "B": ((1 << 30, "GB"), (0.0, "MB"))}
SIZES = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "GB": 1 << 30, "MB": 1 << 20}


def line(row: Row) -> str:
    """A row as it is shown during a run."""
    cells = []
    for engine, figure in row.figures.items():
        spread = "[{:.2f}..{:.2f}]".format(*row.spread[engine]) if engine in row.spread else ""
        cpu = f"CPU {row.cpu[engine]:.2f}x" if engine in row.cpu else ""
        ours = amount(row.ours[engine], row.unit) if engine in row.ours else ""
        name = "" if engine == "loadstone" else engine
        cells.append(f"{name:<11} {shown(row, figure):>9} {spread:<16} {cpu:<11} {ours:>9}")
    theirs = f"of {amount(row.theirs, row.unit)}" if row.theirs is not None else ""
    return f"{row.measure:<24} {row.model:<21} {'  '.join(cells)} {theirs:<11} {_verdict(row)}".rstrip()


def markdown(result: dict[str, Any]) -> str:
    """A table for each measure, under a line that says what was measured on what."""
    rows = [Row(**row) for row in result["rows"]]
    parts = [f"{result['machine']}; {'; '.join(result['versions'])}; {result['when']}. Command: `{result['command']}`."]
    for measure in dict.fromkeys(row.measure for row in rows):
        group = [row for row in rows if row.measure == measure]
        engines = list(dict.fromkeys(engine for row in group for engine in row.figures if engine != "better"))
        head = ["model", *engines, *(f"{engine} CPU" for engine in engines if group[0].cpu), "loadstone", "TensorFlow", "goal", ""]
        body = [_cells(row, engines, bool(group[0].cpu)) for row in group]
        table = [head, ["---"] * len(head), *body]
        parts.append("\n".join([f"### {measure[0].upper()}{measure[1:]}", "", *(f"| {' | '.join(cells)} |" for cells in table)]))
    return "\n\n".join(parts) + "\n"


def _cells(row: Row, engines: list[str], with_cpu: bool) -> list[str]:
    figures = [shown(row, row.figures[engine]) + _spread(row, engine) if engine in row.figures else "" for engine in engines]
    cpu = [f"{row.cpu[engine]:.2f}x" if engine in row.cpu else "" for engine in engines if with_cpu]
    ours = " / ".join(amount(value, row.unit) for value in row.ours.values())
    theirs = amount(row.theirs, row.unit) if row.theirs is not None else ""
    better = f" (better: {row.figures['better']:.2f}x)" if "better" in row.figures else ""
    return [row.model + better, *figures, *cpu, ours, theirs, row.goal, {True: "ok", False: "short", None: ""}[row.met]]


def _spread(row: Row, engine: str) -> str:
    return " ({:.3g} to {:.3g})".format(*row.spread[engine]) if engine in row.spread else ""


def shown(row: Row, figure: float) -> str:
    unit = next((unit for measure, unit in ABSOLUTE.items() if row.measure == measure), "x")
    return f"{figure:.1f} {unit}" if unit != "x" else f"{figure:.2f}x"


def amount(value: float, unit: str) -> str:
    """5.3 ms."""
    name = next(name for least, name in SCALES[unit] if value >= least)
    return f"{value / SIZES[name]:.3g} {name}"


def _verdict(row: Row) -> str:
    return "" if row.met is None else f"goal {row.goal} {'ok' if row.met else 'SHORT'}"


def main() -> int:
    text = markdown(json.loads(Path(sys.argv[1]).read_text("utf8")))
    if len(sys.argv) < 3:
        print(text)
        return 0
    page = Path(sys.argv[2])
    before, _, rest = page.read_text("utf8").partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        print(f"{page} has not the marks {BEGIN} and {END}", file=sys.stderr)
        return 1
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", "utf8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
