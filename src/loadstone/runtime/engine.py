"""What an engine is: something that compiles segments. `open_engine` knows them by name.

To add one, write a module with a class that has `name` and `compile`, and a row here. Weights, threads and error messages are the
engine's business; how arrays cross its border (`to_engine`, `from_engine`) is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

import numpy as np

from loadstone.errors import LoadstoneError
from loadstone.ir import Spec, dtypes
from loadstone.ir.program import Segment

if TYPE_CHECKING:
    from loadstone.runtime.costs import Cost


class Compiled(Protocol):
    """A compiled segment; any number of threads may call `run` at once.

    divides: a call may be divided among threads.
    """

    divides: bool

    def run(self, arrays: Sequence[np.ndarray], divided: bool = False) -> list[np.ndarray]:
        """Outputs in the segment's order, from inputs in the segment's order, as `to_engine` makes them.

        divided: nothing else is known to run, so this call may have all threads, if it `divides`; the bits are the same.
        """

    def child(self) -> Compiled | None:
        """What a child process may use of what its parent compiled, as long as nobody was running it; None: nothing."""

    def costs(self) -> list[Cost]:
        """What each op took in all calls so far; for a segment that was compiled while the engine was `profiled`, once, at the end."""


class Engine(Protocol):
    """Compiles segments.

    profiled: what is compiled from now on counts what each op takes, which makes it slower.
    """

    name: str
    profiled: bool

    def compile(self, segment: Segment, threads: int) -> Compiled:
        """Up to `threads` calls will run side by side, each on one thread, or one on all. Raises LoweringError where the engine lacks something."""


ENGINES = {"onnxruntime": "loadstone.runtime.onnxruntime", "openvino": "loadstone.runtime.openvino"}


def open_engine(name: str) -> Engine:
    """The engine of that name. Raises MissingDependency where its package is not installed."""
    if name not in ENGINES:
        raise ValueError(f"no engine is called {name!r}; there are {' and '.join(map(repr, ENGINES))}")
    engine: Callable[[], Engine] = import_module(ENGINES[name]).open
    return engine()


def to_engine(array: np.ndarray, spec: Spec) -> np.ndarray:
    """An array as engines take it: C-ordered, in native byte order, bfloat16 as float32, bytes as text of the same code points."""
    if spec.dtype == "string":
        texts = [v.decode("latin-1") if isinstance(v, bytes) else str(v).encode().decode("latin-1") for v in array.reshape(-1).tolist()]
        return np.array(texts, object).reshape(array.shape)
    return np.asarray(array, "float32" if spec.dtype in AS_FLOAT32 else dtypes.to_numpy(spec.dtype), order="C")


def from_engine(array: np.ndarray, spec: Spec) -> np.ndarray:
    """The way back: arrays in the dtype of the spec, strings as bytes."""
    if spec.dtype == "string":
        values = [v.encode("latin-1") for v in array.reshape(-1).tolist()]
        result = np.empty(len(values), object)
        result[:] = values
        return result.reshape(array.shape)
    return array.astype(dtypes.to_numpy(spec.dtype)) if spec.dtype in AS_FLOAT32 else array


AS_FLOAT32 = ("bfloat16",)  # what numpy lacks, engines' Python bindings do not take (`Segment`)


def explain(error: Exception, segment: Segment, kind: type[LoadstoneError], node: str | None) -> LoadstoneError:
    """An engine's exception as one of ours, with the layer that it happened in."""
    return kind(str(error).strip(), where=layer_of(node or "", segment) or node or None)


def layer_of(node: str, segment: Segment) -> str:
    """The layer that a node is of, "" for one that the engine added by itself; engines add suffixes to the names of nodes."""
    names = [name for name in segment.origins if node == name or node.startswith((f"{name}_", f"{name}/"))]
    return segment.origins[max(names, key=len)] if names else ""
