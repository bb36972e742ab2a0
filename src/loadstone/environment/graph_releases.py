"""Which releases of TensorFlow write a version of the graph's format, and which brought an op or an attribute: `graph_releases.json`.

The versions are TF_GRAPH_DEF_VERSION of tensorflow/core/public/version.h in the wheels, the ops and attributes those of their generated
Python functions (tensorflow/python/ops/gen_*_ops.py); `tests/golden/make_graph_releases.py` writes the file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from loadstone.environment.ranges import Version, numbers

# Ops that Python code makes with every attribute; rewriters and converters make others with those that they need.
COMPLETE = frozenset(
    "Conv2D DepthwiseConv2dNative MatMul BatchMatMul BatchMatMulV2 Placeholder ResizeBilinear ResizeNearestNeighbor MaxPool "
    "Conv2DBackpropInput FusedBatchNormV3 FusedBatchNorm SparseToDense TensorArrayV3 Unique While StridedSlice".split()
)


def of_producer(producer: int) -> tuple[Version | None, Version | None]:
    """The releases that can have written a graph version: those that have it, else those around it, for builds between releases.

    Around it by version and not by release: 1.15 is younger than 2.0, and has the higher one.
    """
    known = _producers()
    same = [release for release, version in known.items() if version == producer]
    if same:
        return (*same[0], 0), same[-1]
    below = max(((version, release) for release, version in known.items() if version < producer), default=None)
    above = min(((version, release) for release, version in known.items() if version > producer), default=None)
    if below is None or above is None:
        return (*below[1], 0) if below else None, above[1] if above else None
    low, high = sorted((below[1], above[1]))
    return (*low, 0), high


def since(op: str) -> Version | None:
    """The first minor release with an op; None for one of the first release that is known, or that none has."""
    found = _ops().get(op)
    return (*found, 0) if found else None


def attributes_since(op: str) -> Mapping[str, Version]:
    """The first release of the attributes that an op got later than it was made."""
    return _attributes().get(op, {})


def before(release: Version) -> Version | None:
    """The last minor release before one."""
    earlier = [known for known in _producers() if known < release[:2]]
    return max(earlier) if earlier else None


@cache
def _producers() -> dict[Version, int]:
    return {_version(release): version for release, version in _table()["producers"].items()}


@cache
def _ops() -> dict[str, Version]:
    return {op: _version(release) for release, ops in _table()["ops"].items() for op in ops}


@cache
def _attributes() -> dict[str, dict[str, Version]]:
    found: dict[str, dict[str, Version]] = {}
    for release, names in _table()["attributes"].items():
        for name in names:
            op, _, attribute = name.partition(".")
            found.setdefault(op, {})[attribute] = (*_version(release), 0)
    return found


def _version(release: str) -> Version:
    found = numbers(release)
    assert found is not None
    return found


@cache
def _table() -> dict[str, Any]:
    with open(os.path.join(os.path.dirname(__file__), "graph_releases.json"), encoding="utf8") as file:
        return json.load(file)  # type: ignore[no-any-return]
