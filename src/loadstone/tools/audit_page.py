"""The rows of an audit as one HTML page that needs nothing else: a table to sort and filter, with what the models have in common above it.

The page is written as rows come: the part that is known only at the end is last in the file and first on the screen. All that comes from
files is escaped, and the page forbids its reader any script and style but its own (Content-Security-Policy with their hashes) and any
connection.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib.resources import files
from typing import TextIO

from loadstone.errors import one_line
from loadstone.tools.audit import STATUSES, Row, Summary

COLUMNS = {  # name: title
    "path": "Model",
    "kind": "Kind",
    "producer": "Saved by",
    "status": "Here",
    "reason": "Why not",
    "missing": "Needs",
    "dangers": "Elsewhere dangerous",
    "bytes": "Size",
    "seconds": "Seconds",
    "next": "Next",
}
_NUMBERS = ("bytes", "seconds")
CAUSES = 1000  # shown


class Page:
    """A page that is being written."""

    def __init__(self, file: TextIO, title: str) -> None:
        self._file = file
        style, script = _part("audit.css"), _part("audit.js")
        policy = f"default-src 'none'; style-src 'sha256-{_hash(style)}'; script-src 'sha256-{_hash(script)}'; base-uri 'none'; form-action 'none'"
        heads = "".join(
            f'<th data-kind="{"number" if name in _NUMBERS else "text"}"><button>{text}</button></th>' for name, text in COLUMNS.items()
        )
        choices = "".join(f'<option value="{escape(name)}">{escape(name)}: {escape(text)}</option>' for name, text in STATUSES.items())
        self._script = script
        file.write(
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
            f'<meta name="viewport" content="width=device-width"><title>{_text(title)}</title><style>{style}</style></head><body>\n'
            f"<h1>{_text(title)}</h1>\n"
            '<main><p class="tools"><input type="search" id="filter" placeholder="Filter: words that a row must have" aria-label="Filter"> '
            f'<select id="status" aria-label="Status"><option value="">all</option>{choices}</select> <output id="shown"></output></p>\n'
            f'<table id="rows"><thead><tr>{heads}</tr></thead><tbody>\n'
        )

    def add(self, row: Row) -> None:
        """Write a row."""
        path = row.path if row.weights is None else f"{row.path} with {row.weights}"
        needs = [missing["name"] for missing in row.missing] or list(row.unsupported)
        more = [*row.warnings, *(f"versions {', '.join(row.versions)}" for _ in row.versions[:1])]
        cells = {
            "path": _text(path),
            "kind": _text(row.what or row.kind),
            "producer": _text(row.producer),
            "status": _text(row.status),
            "reason": _text("; ".join([row.reason, *more] if row.reason else more)),
            "missing": _text(", ".join(needs)),
            "dangers": _text("; ".join(row.dangers)),
            "bytes": _size(row.bytes),
            "seconds": "" if row.seconds is None else f"{row.seconds:.2f}",
            "next": f"<code>{_text(row.next)}</code>" if row.next else "",
        }
        values = {"bytes": f"{row.bytes}", "seconds": "-1" if row.seconds is None else f"{row.seconds:.6f}"}
        written = "".join(
            f'<td data-v="{values[name]}">{cell}</td>' if name in values else f"<td>{cell}</td>" for name, cell in cells.items()
        )
        self._file.write(f'<tr class="{_text(row.status.replace(" ", "-"))}" data-s="{_text(row.status)}">{written}</tr>\n')

    def end(self, summary: Summary) -> None:
        """Write what the rows have in common, and what makes the table move."""
        counts = "".join(
            f"<li><b>{count:,}</b> {_text(name)}</li>" for name, count in sorted(summary.statuses.items(), key=lambda item: -item[1])
        )
        causes = "".join(
            f'<tr><td data-v="{count}">{count:,}</td><td>{_text(cause.title(count))}</td><td>{_text(path)}</td>'
            f"<td><code>{_text(step)}</code></td></tr>\n"
            for cause, count, path, step in summary.causes[:CAUSES]
        )
        self._file.write(
            "</tbody></table></main>\n<header>"
            f"<p>{summary.rows:,} models, {_size(summary.bytes)}; {summary.dangerous:,} would run or reach something in other programs</p>"
            f"<ul>{counts}</ul>"
        )
        if causes:
            heads = '<th data-kind="number"><button>Models</button></th>' + "".join(
                f'<th data-kind="text"><button>{text}</button></th>' for text in ("Cause", "First of them", "Next")
            )
            self._file.write(f"<table><thead><tr>{heads}</tr></thead><tbody>\n{causes}</tbody></table>")
        self._file.write(f"</header>\n<script>{self._script}</script></body></html>\n")


def _text(text: object) -> str:
    return escape(one_line(text), quote=True)


def _part(name: str) -> str:
    return (files("loadstone.tools") / name).read_text("utf8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _size(count: int) -> str:
    """Bytes for people."""
    size, unit = float(count), "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
