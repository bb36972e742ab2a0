"""OpenVINO as the engine of a segment: optional, chosen with `engine="openvino"`.

It reads the same ONNX as onnxruntime. What is set against its defaults: float32 stays float32 (its CPU default is bfloat16 where
the processor has it), each stream has one thread, and calls take an infer request each from a pool, since a compiled model is not
thread-safe. Its CPU device computes float16 in float32, float64 in float32 and int64 in int32: the second is refused, the third
checked at every call. Forms of ops that it computes wrongly are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from loadstone.errors import InferenceError, LoweringError, MissingDependency, UnsupportedOps
from loadstone.ir import Tensor, dtypes
from loadstone.ir.program import External, Segment
from loadstone.runtime.engine import explain

if TYPE_CHECKING:
    from loadstone.runtime.costs import Cost

# Ends of `Segment.unusual`, found by comparing each op with onnxruntime on OpenVINO 2026.4: recurrent layers ignore their lengths; of two
# over one sequence of fixed length, the first gives its outputs in another order of axes; pads are not those of a computed value.
_WRONG = "with lengths", "beside another over one sequence", "with a computed value", "of unsigned integers"
_REFUSED = ("float64", "string", "complex64", "complex128", "uint64")
_INT32 = np.iinfo(np.int32)
_NODE = re.compile(r"[Nn]ode (?:name: )?'?([^'\s]+)'?|'([^']+)'")


class OpenVino:
    """Compiles segments for the CPU."""

    name = "openvino"
    profiled = False

    def __init__(self, package: Any) -> None:
        self._core = package.Core()
        _ = package.Tensor(
            np.zeros(1, np.float32)
        ).data  # two threads that are the first to read one at the same time would wait for each other

    def compile(self, segment: Segment, threads: int) -> CompiledModel:
        """A compiled model. Raises LoweringError where OpenVINO's reader or device lacks something."""
        refused = [dtype for dtype in _REFUSED if dtype in segment.dtypes]
        if refused:
            ops = dict.fromkeys(refused, (1, ""))
            raise UnsupportedOps(
                f"OpenVINO's CPU device does not compute in {', '.join(refused)}", ops=ops, hint='engine="onnxruntime" does'
            )
        wrong = {form: (1, where) for form, where in segment.unusual.items() if form.endswith(_WRONG)}
        if wrong:
            places = ", ".join(f"{form} (first at {where})" for form, (_, where) in wrong.items())
            raise UnsupportedOps(f"OpenVINO gives other numbers for {places}", ops=wrong, hint='engine="onnxruntime" computes them')
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "EXECUTION_MODE_HINT": "ACCURACY",
            "NUM_STREAMS": threads,
            "INFERENCE_NUM_THREADS": threads,
            "ENABLE_CPU_PINNING": False,
        }
        if self.profiled:
            settings["PERF_COUNT"] = True
        placement = _Placement()
        encoded = segment.encode(placement)
        try:
            model = self._core.read_model(encoded, b"")
            compiled = self._core.compile_model(model, "CPU", settings)
        except Exception as error:  # OpenVINO raises RuntimeError and its own kinds, which share no other base
            found = _NODE.search(str(error))
            raise explain(error, segment, LoweringError, (found[1] or found[2]) if found else None) from error
        return CompiledModel(segment, compiled, placement.arrays, self.profiled)


def open() -> OpenVino:  # noqa: A001  (every engine module has this entrance)
    """The engine. Raises MissingDependency where the package is not installed."""
    try:
        import openvino
    except ImportError as error:
        raise MissingDependency("the openvino engine needs the openvino package", hint='pip install "loadstone[openvino]"') from error
    return OpenVino(openvino)


class CompiledModel:
    """A compiled segment with its infer requests."""

    divides = False

    def __init__(self, segment: Segment, compiled: Any, arrays: list[np.ndarray], profiled: bool = False) -> None:
        self._segment, self._compiled = segment, compiled
        self._arrays = arrays  # the compiled model points into them
        self._idle: list[Any] = []
        self._counts: list[Any] | None = [] if profiled else None

    def child(self) -> None:
        """Nothing: its threads do not go with a forked child."""

    def run(self, arrays: Sequence[np.ndarray], divided: bool = False) -> list[np.ndarray]:
        """The outputs of the segment, in its order."""
        for array, spec in zip(arrays, self._segment.inputs, strict=True):
            if spec.dtype in ("int64", "uint32") and array.size and not _INT32.min <= array.min() <= array.max() <= _INT32.max:
                raise InferenceError(
                    f"OpenVINO computes {spec.dtype} in 32 bits, and {spec.name!r} has larger numbers", hint='engine="onnxruntime"'
                )
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._compiled.create_infer_request()
        try:
            results = request.infer(list(arrays))
            if self._counts is not None:
                self._counts += request.profiling_info
            return [results[k] for k in range(len(self._segment.outputs))]
        except Exception as error:  # OpenVINO raises RuntimeError and its own kinds, which share no other base
            raise explain(error, self._segment, InferenceError, None) from error
        finally:
            self._idle.append(request)

    def costs(self) -> list[Cost]:
        """What each op took; for a model that was compiled to count it."""
        from loadstone.runtime.costs import of_nodes

        counts = [(count.node_name, count.node_type, count.real_time.total_seconds(), 0) for count in self._counts or []]
        return of_nodes([count for count in counts if count[2]], self._segment)


class _Placement:
    """Weights stay where they are in memory, mapped files included: OpenVINO reads them by address."""

    def __init__(self) -> None:
        self.arrays: list[np.ndarray] = []

    def __call__(self, name: str, tensor: Tensor) -> External | None:
        if dtypes.to_numpy(tensor.dtype).kind not in "fiub":
            return None
        array = np.ascontiguousarray(tensor.numpy())
        if array.dtype.kind in "iu" and array.size and not _INT32.min <= array.min() <= array.max() <= _INT32.max:
            raise UnsupportedOps(
                f"OpenVINO computes {tensor.dtype} in 32 bits, and {name} has larger numbers", ops={tensor.dtype: (1, name)}
            )
        self.arrays.append(array)
        return External("*/_ORT_MEM_ADDR_/*", array.ctypes.data, array.nbytes)
