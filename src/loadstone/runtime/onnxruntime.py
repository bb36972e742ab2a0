"""onnxruntime as the engine of a segment: the default.

Every session runs on one thread: how onnxruntime divides an operation among threads changes the last bits of its results, and two
sessions' worth of rows on two threads are faster (`runtime.sharding`). Weights are handed over, never copied into the model's
bytes: those that lie in a mapped file as external data by offset into that very file, others as OrtValues.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from loadstone.errors import InferenceError, LoweringError
from loadstone.ir import Tensor, dtypes
from loadstone.ir.program import External, Segment
from loadstone.runtime.engine import explain
from loadstone.runtime.sharding import Streams

if TYPE_CHECKING:
    from loadstone.runtime.costs import Cost

PREPACK_LIMIT = 200 << 20  # bytes of weights above which a second, packed copy of them costs more than it gains
MUCH = 32 << 20  # bytes of weights that are worth more than one thread
_TELEMETRY = "ORT_DISABLE_TELEMETRY"
_FATAL = 4  # log severity: errors reach the caller as exceptions, nothing is printed
_NODE = re.compile(r"(?:Name:'|[Nn]ode ?\(|node: *')([^')]+)")


class OnnxRuntime:
    """Compiles segments for the CPU."""

    name = "onnxruntime"
    survives_fork = True  # a session has no threads of its own
    profiled = False

    def compile(self, segment: Segment, threads: int) -> Session:
        """A session. Raises LoweringError where onnxruntime has no kernel."""
        return Session(segment, threads, self.profiled)


def open() -> OnnxRuntime:  # noqa: A001  (every engine module has this entrance)
    """The engine; onnxruntime is imported when the first segment is compiled."""
    return OnnxRuntime()


class Session:
    """A compiled segment."""

    def __init__(self, segment: Segment, threads: int = 1, profiled: bool = False) -> None:
        ort = package()
        placement = Placement()
        model = segment.encode(placement)
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _FATAL
        for key, value in _entries(segment, placement).items():
            options.add_session_config_entry(key, value)
        if profiled:
            from loadstone.runtime.costs import profile_place

            options.enable_profiling, options.profile_file_prefix = True, profile_place()
        values = _ortvalues(ort, placement.in_memory, threads)
        options.add_external_initializers(list(values), list(values.values()))
        self._segment = segment
        try:
            self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"], disabled_optimizers=_unfit(segment))
        except Exception as error:  # the binding's exceptions have no base of their own
            raise explain(error, segment, LoweringError, _node(error)) from error
        self._inputs = [value.name for value in self._session.get_inputs()]
        self._outputs = [value.name for value in self._session.get_outputs()]

    def run(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The outputs of the segment, in its order."""
        try:
            return self._session.run(self._outputs, dict(zip(self._inputs, arrays, strict=True)))  # type: ignore[no-any-return]
        except Exception as error:  # the binding's exceptions have no base of their own
            raise explain(error, self._segment, InferenceError, _node(error)) from error

    def costs(self) -> list[Cost]:
        """What each op took; for a session that was made to count it, once, at the end."""
        from loadstone.runtime.costs import of_profile

        return of_profile(self._session.end_profiling(), self._segment)


class Placement:
    """Where each weight of a segment shall lie: in its file, or in memory.

    onnxruntime takes external data only below one folder: the root of the first mapped file, of its real path, since links that
    leave the folder are refused too. Tensors of a file under another root (another drive) are read into memory.
    """

    def __init__(self) -> None:
        self.folder = ""
        self.in_memory: dict[str, Tensor] = {}

    def __call__(self, name: str, tensor: Tensor) -> External | None:
        region = tensor.region
        if region is not None and region.length == tensor.nbytes and sys.byteorder == "little":
            drive, path = os.path.splitdrive(os.path.realpath(region.path))
            self.folder = self.folder or drive + os.sep
            if drive + os.sep == self.folder:
                return External(path.lstrip(os.sep).replace(os.sep, "/"), region.offset, region.length)
        if tensor.dtype != "bfloat16" and dtypes.to_numpy(tensor.dtype).kind not in "fiub":
            return None
        self.in_memory[name] = tensor
        return External("memory", 0, tensor.nbytes)


def package() -> Any:
    """The package, imported with its reports home turned off.

    onnxruntime 1.29 and later send telemetry by default, and the thread that does so hangs a forked child when it exits (1.32).
    Only this variable at the first import prevents it; it is taken back at once.
    """
    if "onnxruntime" in sys.modules or _TELEMETRY in os.environ:
        import onnxruntime as ort
    else:
        os.environ[_TELEMETRY] = "1"
        try:
            import onnxruntime as ort
        finally:
            del os.environ[_TELEMETRY]
    return ort


def _unfit(segment: Segment) -> list[str]:
    """Optimizers of onnxruntime that a segment must be kept from."""
    found = []
    # ends the process where MatMul takes a Cast of a Transpose (1.24 to 1.32); makes an op without a float64 kernel (1.25)
    if segment.kinds >= {"Transpose", "MatMul"} and ("Cast" in segment.kinds or "float64" in segment.dtypes):
        found.append("MatmulTransposeFusion")
    if "float64" in segment.dtypes and "Sigmoid" in segment.kinds:  # makes an op without a float64 kernel of x * sigmoid(x) (to 1.28)
        found.append("QuickGeluFusion")
    return found


def _entries(segment: Segment, placement: Placement) -> dict[str, str]:
    """Session settings: https://github.com/microsoft/onnxruntime/blob/main/include/onnxruntime/core/session/onnxruntime_session_options_config_keys.h"""
    entries = {"session.intra_op.allow_spinning": "0", "session.inter_op.allow_spinning": "0"}
    if placement.folder:
        entries["session.model_external_initializers_file_folder_path"] = placement.folder
    if sum(tensor.nbytes for tensor in segment.weights.values()) > PREPACK_LIMIT:
        entries["session.disable_prepacking"] = "1"
    return entries


def _ortvalues(ort: Any, tensors: dict[str, Tensor], threads: int) -> dict[str, Any]:
    """The values by name. Where there is much to read and to transpose, threads do so side by side."""
    waiting, made = list(tensors.items()), {}

    def work() -> None:
        while waiting:
            try:
                name, tensor = waiting.pop()
            except IndexError:  # another thread has taken the last
                return
            made[name] = _ortvalue(ort, tensor)

    streams = Streams(threads if sum(tensor.nbytes for tensor in tensors.values()) > MUCH else 1)
    streams.spread(work, threads)
    streams.close()
    return made


def _ortvalue(ort: Any, tensor: Tensor) -> Any:
    """The values as onnxruntime takes them; it copies them when the session is made."""
    array = np.ascontiguousarray(tensor.numpy()).reshape(tensor.shape)
    if tensor.dtype == "bfloat16":
        return ort.OrtValue.ortvalue_from_numpy_with_onnx_type(array.view(np.uint16), dtypes.to_onnx("bfloat16"))
    return ort.OrtValue.ortvalue_from_numpy(array)


def _node(error: Exception) -> str | None:
    """The name of the node that a message is about."""
    found = _NODE.search(str(error))
    return found[1] if found else None
