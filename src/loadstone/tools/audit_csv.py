"""The rows of an audit as CSV: a row a model, lists with "; " between their items.

Names from files are data: a cell that a spreadsheet would take for a formula begins with an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from loadstone.errors import one_line
from loadstone.tools.audit import Row

COLUMNS = (
    "path", "weights", "kind", "what", "producer", "keras", "tensorflow", "python", "date", "status", "reason", "missing", "unsupported",
    "dangers", "warnings", "bytes", "seconds", "next",
)  # fmt: skip
_FORMULAS = ("=", "+", "-", "@")


def header() -> str:
    """The first line."""
    return _line(COLUMNS)


def line(row: Row) -> str:
    """The line of a row."""
    plain = row.to_dict()
    plain["missing"] = [missing["name"] for missing in row.missing]
    return _line(_cell(plain[name]) for name in COLUMNS)


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return f"{value:.6g}" if isinstance(value, float) else str(value)
    text = one_line("; ".join(map(str, value)) if isinstance(value, list) else value)
    return f"'{text}" if text.startswith(_FORMULAS) else text
