"""What loadstone wants to reach against TensorFlow, as a table: measure -> model -> goal. "*" is every model, "mean" the geometric mean."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """A ratio (or a figure) that must be reached; at_most: that must not be exceeded."""

    value: float
    at_most: bool = False

    def met(self, value: float) -> bool:
        return value <= self.value if self.at_most else value >= self.value

    def __str__(self) -> str:
        return f"{'<=' if self.at_most else '>='} {self.value:g}"


COLD: dict[str, float] = {"mlp": 12, "lstm": 10, "mobilenetv2": 8, "resnet50": 6, "vgg16": 5}
ONE_THREAD = {
    "mlp": 15, "lstm": 7, "gru": 20, "conv1d": 3, "textcnn": 3, "mobilenetv2": 1.8, "efficientnetb0": 1.8,
    "resnet50": 1.3, "unet": 1.3, "transformer": 1.2,
}  # fmt: skip

AT_LEAST: dict[str, dict[str, float]] = {
    "cold start": COLD,
    "batch 1, one thread": ONE_THREAD,
    "batch 1, all cores": {"*": 1.0},
    "predict 1": {"*": 3.0},
    "predict 256": {"*": 1.1, "mean": 2.0},
    "batch 32": {"*": 1.0, "mean": 1.25},
    "batch 256": {"*": 1.0, "mean": 1.25},
}
AT_MOST: dict[str, dict[str, float]] = {
    "peak memory": {"mlp": 0.25, "vgg16": 0.6},
    "overhead": {"*": 15},  # microseconds of model(x) beyond the engine's own call
    "import": {"loadstone": 30},  # milliseconds beyond numpy
    "four processes": {"*": 2.5},  # memory of four, each with the same model, in sizes of the weights; unshared it is about 5
}
BETTER_ENGINE = {"batch 1, one thread", "batch 1, all cores", "batch 32", "batch 256"}  # the better engine counts; elsewhere the default


def goal_of(measure: str, model: str) -> Goal | None:
    """The goal of a model; forms of a measure ("cold start .h5") share theirs."""
    for table, at_most in ((AT_LEAST, False), (AT_MOST, True)):
        for name, goals in table.items():
            value = goals.get(model, goals.get("*") if model != "mean" else None) if measure.startswith(name) else None
            if value is not None:
                return Goal(value, at_most)
    return None
