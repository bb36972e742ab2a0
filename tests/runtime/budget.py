"""What small models cost in ops and copied bytes, counted in the engine's optimised graph; figures that no busy machine changes.

`python -m tests.runtime.budget` writes budget.json anew. Do that when a graph became better, or when it had to become worse on purpose.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from loadstone import load_model
from loadstone.runtime import open_engine
from loadstone.runtime.costs import Cost
from loadstone.runtime.process import segments

FOLDER = Path(__file__).parents[1] / "golden" / "budget"
BUDGET = Path(__file__).with_name("budget.json")
MODELS = sorted(path.stem for path in FOLDER.glob("*.keras"))
SAMPLES = 2
COPYING = {"Cast", "Concat", "Expand", "Identity", "Pad", "ReorderInput", "ReorderOutput", "Slice", "Split", "Tile", "Transpose"}


def ran(name: str) -> list[Cost]:
    """The ops of one call with SAMPLES samples, in the order in which they ran."""
    with load_model(FOLDER / f"{name}.keras") as model:
        (segment,) = segments(model._program.steps)
        engine = open_engine("onnxruntime")
        engine.profiled = True
        compiled = engine.compile(segment, 1)
        compiled.run([np.zeros([d or SAMPLES for d in spec.shape], spec.dtype) for spec in segment.inputs])
        return compiled.costs()


def counted(costs: list[Cost]) -> dict[str, Any]:
    """How many ops of each kind ran, and how many bytes those wrote that only bring data into another place or form."""
    kinds = Counter(cost.kind for cost in costs for _ in range(cost.calls))
    return {"ops": dict(sorted(kinds.items())), "copied": sum(cost.bytes for cost in costs if cost.kind in COPYING)}


if __name__ == "__main__":
    BUDGET.write_text(json.dumps({name: counted(ran(name)) for name in MODELS}, indent=1) + "\n", "utf8")
