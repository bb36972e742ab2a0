"""The progress bar shows where Keras users expect one, and nowhere else."""

import io

import pytest

from loadstone.model import progress
from loadstone.model.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """Time that passes when it is told to."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def run(verbose, stream, clock, seconds=10.0, steps=5, total=5):
    bar = Progress(verbose, total, stream=stream)
    for step in range(1, steps + 1):
        clock[0] += seconds / steps
        bar.update(step)
    bar.finish()
    return stream.getvalue()


def test_auto_shows_on_a_terminal_what_takes_long(clock):
    shown = run("auto", Terminal(), clock)
    assert "1/5" in shown
    assert shown.endswith("5/5 ━━━━━━━━━━━━━━━━━━━━ 10s 2s/step\n")


def test_auto_is_silent_where_it_is_quick(clock):
    assert run("auto", Terminal(), clock, seconds=0.5) == ""


def test_auto_is_silent_in_a_log(clock):
    assert run("auto", io.StringIO(), clock) == ""


def test_one_shows_in_any_case_and_once_in_a_log(clock):
    assert "\r" in run(1, Terminal(), clock, seconds=0.5)
    assert run(True, io.StringIO(), clock, seconds=0.05) == "5/5 ━━━━━━━━━━━━━━━━━━━━ 0s 10ms/step\n"


def test_two_is_one_line_at_the_end(clock):
    assert run(2, Terminal(), clock).count("5/5") == 1
    assert "━" not in run(2, io.StringIO(), clock)


def test_zero_is_silent(clock):
    assert run(0, Terminal(), clock) == ""


def test_an_unknown_length_is_said(clock):
    shown = run(1, Terminal(), clock, total=None)
    assert "2/Unknown" in shown
    assert "5/5" in shown
