"""The progress bar of `predict` and `evaluate`, as Keras' `verbose` asks for it.

"auto" shows one on a terminal once the work has taken a second, and nothing anywhere else; 1 always shows it (where it is no
terminal: its last state alone); 2 writes one line at the end; 0 is silent.
"""

from __future__ import annotations

import sys
import time
from typing import Literal, TextIO

Verbose = Literal["auto", 0, 1, 2] | bool

PATIENCE = 1.0  # seconds before "auto" shows anything
INTERVAL = 0.1
WIDTH = 20


class Progress:
    """One bar. `total` None: nobody knows how much there is."""

    def __init__(self, verbose: Verbose | str, total: int | None, unit: str = "step", stream: TextIO | None = None) -> None:
        if verbose not in ("auto", 0, 1, 2):
            raise ValueError(f"verbose is 'auto', 0, 1 or 2, not {verbose!r}")
        self._stream = sys.stdout if stream is None else stream
        self._live = self._stream is not None and self._stream.isatty()
        self._verbose = verbose
        self._total = total
        self._unit = unit
        self._start = time.monotonic()
        self._shown = 0.0
        self._done = 0

    def update(self, done: int, total: int | None = None) -> None:
        """`done` of all are done."""
        self._done, self._total = done, self._total if total is None else total
        now = time.monotonic()
        patient = self._verbose == "auto" and now - self._start < PATIENCE
        if self._live and self._verbose in ("auto", 1) and not patient and now - self._shown >= INTERVAL:
            self._shown = now
            self._stream.write("\r" + self._line(now))
            self._stream.flush()

    def finish(self, text: str = "") -> None:
        """All is done; text is put behind the last line."""
        wanted = self._verbose in (1, 2) or (self._verbose == "auto" and self._shown)
        if wanted and self._stream is not None:
            self._total = self._done
            self._stream.write(("\r" if self._live else "") + self._line(time.monotonic()) + text + "\n")
            self._stream.flush()

    def _line(self, now: float) -> str:
        seconds = now - self._start
        if self._total is None:
            return f"{self._done}/Unknown {seconds:.0f}s"
        share = self._done / max(self._total, 1)
        filled = int(WIDTH * share)
        bar = "" if self._verbose == 2 else " " + "━" * filled + "-" * (WIDTH - filled)
        counts = f"{self._done:>{len(str(self._total))}}/{self._total}"
        if self._done >= self._total:
            return f"{counts}{bar} {seconds:.0f}s {_duration(seconds / max(self._total, 1))}/{self._unit}"
        left = seconds / max(self._done, 1) * (self._total - self._done)
        return f"{counts}{bar} {_duration(left)} left"


def _duration(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"
