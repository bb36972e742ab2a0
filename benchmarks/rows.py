"""What was measured: a row for each measure and model, with its goal."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.goals import BETTER_ENGINE, goal_of

DEFAULT = "onnxruntime"
Round = dict[str, tuple[float, float]]  # seconds by the clock and of all processors, for each contestant


@dataclass
class Row:
    """One comparison.

    figures are what the goal is about, by engine: ratios above 1 where loadstone is faster; for memory and sizes the part of TensorFlow's;
    for what has no counterpart the figure itself. spread has the lowest and the highest of the rounds, cpu the ratio of processor time.
    ours and theirs are medians in `unit`.
    """

    measure: str
    model: str
    figures: dict[str, float]
    unit: str = ""
    ours: dict[str, float] = field(default_factory=dict)
    theirs: float | None = None
    spread: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    goal: str = ""
    met: bool | None = None

    def __post_init__(self) -> None:
        goal = goal_of(self.measure, self.model)
        if goal is not None:
            self.goal, self.met = str(goal), goal.met(self.figure)

    @property
    def figure(self) -> float:
        """That of the default engine; where the goal says so, of the better one."""
        if DEFAULT in self.figures and self.measure not in BETTER_ENGINE:
            return self.figures[DEFAULT]
        return max(self.figures.values())


def ratio_row(measure: str, model: str, rounds: Sequence[Round], theirs: str = "tensorflow") -> Row:
    """The median of the ratios inside each round, whose contestants were measured one right after the other."""
    engines = [name for name in rounds[0] if name != theirs]
    ratios = {engine: [each[theirs][0] / each[engine][0] for each in rounds] for engine in engines}
    return Row(
        measure,
        model,
        figures={engine: statistics.median(values) for engine, values in ratios.items()},
        unit="s",
        ours={engine: statistics.median(each[engine][0] for each in rounds) for engine in engines},
        theirs=statistics.median(each[theirs][0] for each in rounds),
        spread={engine: [min(values), max(values)] for engine, values in ratios.items()},
        cpu={engine: statistics.median(each[theirs][1] / max(each[engine][1], 1e-9) for each in rounds) for engine in engines},
    )


def with_means(rows: Iterable[Row]) -> list[Row]:
    """The rows by measure, in the order in which measures first came; ratios of three models and more end with their geometric mean."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.measure, []).append(row)
    for measure, group in groups.items():
        if len(group) > 2 and all(row.cpu for row in group):
            engines = dict.fromkeys(engine for row in group for engine in row.figures)
            means = {e: statistics.geometric_mean(row.figures[e] for row in group if e in row.figures) for e in engines}
            if measure in BETTER_ENGINE and len(means) > 1:
                means["better"] = statistics.geometric_mean(row.figure for row in group)
            group.append(Row(measure, "mean", means))
    return [row for group in groups.values() for row in group]
