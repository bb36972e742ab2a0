"""What each op of a segment costs, by the engine's own count.

onnxruntime writes a file of events when a session ends its profile, OpenVINO gives the counts of each call. Engines fuse ops: the cost
of a fused op is said of the layer whose name it kept, which may be the first or the last of those that it computes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from statistics import median
from typing import Any

from loadstone.ir.program import Segment
from loadstone.ir.records import dataclass
from loadstone.runtime.engine import layer_of


@dataclass(frozen=True)
class Cost:
    """An op as the engine runs it: its name and kind, the layer that it is of, seconds and how often it ran.

    seconds are those of all runs as if each had taken the median, since the first one warms up and others are interrupted.
    layer is "" for an op that the engine added or whose name it changed; after is the last layer that ran before it. bytes are those of
    its outputs in all runs, 0 where the engine does not say.
    """

    op: str
    kind: str
    layer: str
    after: str
    seconds: float
    calls: int
    bytes: int = 0


def of_nodes(runs: Iterable[tuple[str, str, float, int]], segment: Segment) -> list[Cost]:
    """The cost of each node, from (name, kind, seconds, bytes) of every run of one, in the order in which nodes first ran."""
    nodes: dict[tuple[str, str], list[tuple[float, int]]] = {}
    for name, kind, seconds, size in runs:
        nodes.setdefault((name, kind), []).append((seconds, size))
    found, after = [], ""
    for (name, kind), each in nodes.items():
        layer = layer_of(name, segment)
        typical = median(seconds for seconds, _ in each)
        found.append(Cost(name, kind, layer, after, typical * len(each), len(each), sum(size for _, size in each)))
        after = layer or after
    return found


def of_profile(path: str, segment: Segment) -> list[Cost]:
    """The costs in a profile of onnxruntime, which is removed.

    Events of category Node are named after the node and take microseconds:
    https://onnxruntime.ai/docs/performance/tune-performance/profiling-tools.html
    """
    try:
        with open(path, encoding="utf8") as file:
            events = json.load(file)
    finally:
        os.remove(path)
        os.rmdir(os.path.dirname(path))
    nodes = [event for event in events if event.get("cat") == "Node" and event["name"].endswith("_kernel_time")]
    return of_nodes(((_name(event), event["args"]["op_name"], event["dur"] * 1e-6, _size(event)) for event in nodes), segment)


def _name(event: dict[str, Any]) -> str:
    return str(event["name"]).removesuffix("_kernel_time").removeprefix("fused ")  # as Gemm and its activation are called


def _size(event: dict[str, Any]) -> int:
    return int(event["args"].get("output_size") or 0)


def profile_place() -> str:
    """Where onnxruntime shall write: the beginning of a file's name, in a folder of its own."""
    from tempfile import mkdtemp

    return os.path.join(mkdtemp(prefix="loadstone-profile-"), "profile")
