"""onnxruntime as the engine of a segment: the default.

A session runs on one thread: how onnxruntime divides an operation among threads changes the last bits of its results, and two
streams of rows on two threads are faster (`runtime.sharding`). Segments whose bits stay the same (`Segment.divisible`) have a second
session, on all threads, for calls that would leave threads idle; it is made at once, the other when it is needed. Weights are handed
over, never copied into the model's bytes: those that lie in a mapped file as external data by offset into that very file, others as
OrtValues.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Sequence
from copy import copy
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import ref

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
MOST_THREADS = 16  # for one call: more gain little, and `lowering.passes.division` was made for that many
_BLOCKED = ("x86_64", "amd64")  # processors whose convolutions run on blocks of channels
_TELEMETRY = "ORT_DISABLE_TELEMETRY"
_FATAL = 4  # log severity: errors reach the caller as exceptions, nothing is printed
_NODE = re.compile(r"(?:Name:'|[Nn]ode ?\(|node: *')([^')]+)")


class OnnxRuntime:
    """Compiles segments for the CPU."""

    name = "onnxruntime"
    profiled = False

    def compile(self, segment: Segment, threads: int) -> Session:
        """A session. Raises LoweringError where onnxruntime has no kernel."""
        return Session(segment, threads, self.profiled)


def open() -> OnnxRuntime:  # noqa: A001  (every engine module has this entrance)
    """The engine; onnxruntime is imported when the first segment is compiled."""
    return OnnxRuntime()


class Session:
    """A compiled segment: a session on one thread, one on several, or both."""

    def __init__(self, segment: Segment, threads: int = 1, profiled: bool = False) -> None:
        self._segment, self._threads, self._profiled = segment, threads, profiled
        self.divides = threads > 1 and not profiled and _divisible(segment)
        self._sessions: dict[bool, Any] = {}  # by whether they have several threads
        self._making = Lock()
        session = self._made(self.divides)
        self._inputs = [value.name for value in session.get_inputs()]
        self._outputs = [value.name for value in session.get_outputs()]

    def run(self, arrays: Sequence[np.ndarray], divided: bool = False) -> list[np.ndarray]:
        """The outputs of the segment, in its order."""
        session = self._sessions.get(divided and self.divides) or self._made(divided and self.divides)
        try:
            return session.run(self._outputs, dict(zip(self._inputs, arrays, strict=True)))  # type: ignore[no-any-return]
        except Exception as error:  # the binding's exceptions have no base of their own
            raise explain(error, self._segment, InferenceError, _node(error)) from error

    def costs(self) -> list[Cost]:
        """What each op took; for a session that was made to count it, once, at the end."""
        from loadstone.runtime.costs import of_profile

        return of_profile(self._sessions[False].end_profiling(), self._segment)

    def child(self) -> Session | None:
        """What ran on one thread; others have no threads in a forked child."""
        if False not in self._sessions:
            return None
        own = copy(self)
        own._sessions, own._making = {False: self._sessions[False]}, Lock()
        return own

    def _made(self, divided: bool) -> Any:
        with self._making:
            if divided not in self._sessions:
                self._sessions[divided] = _session(self._segment, self._threads, divided, self._profiled)
            return self._sessions[divided]


def _session(segment: Segment, threads: int, divided: bool, profiled: bool) -> Any:
    """A session of onnxruntime; threads read its weights, and run it where it is divided."""
    ort = package()
    placement = Placement()
    model = segment.encode(placement)
    options = ort.SessionOptions()
    options.intra_op_num_threads = min(threads, MOST_THREADS) if divided else 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL
    for key, value in _entries(segment, placement).items():
        options.add_session_config_entry(key, value)
    if profiled:
        from loadstone.runtime.costs import profile_place

        options.enable_profiling, options.profile_file_prefix = True, profile_place()
    values = _ortvalues(ort, placement.in_memory, threads)
    options.add_external_initializers(list(values), list(values.values()))
    try:
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"], disabled_optimizers=_unfit(segment))
    except Exception as error:  # the binding's exceptions have no base of their own
        raise explain(error, segment, LoweringError, _node(error)) from error
    if divided and hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=partial(_keep, ref(session)))
    return session


def _keep(session: ref[Any]) -> None:
    """Never free a session in a forked child: it would wait for its threads to end, which are not there."""
    kept = session()
    if kept is not None:
        import ctypes

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))


def _divisible(segment: Segment) -> bool:
    """True where several threads give the bits that one gives."""
    return segment.divisible and platform.machine().lower() in _BLOCKED and not (segment.packed and _unpacked(segment))


def _unpacked(segment: Segment) -> bool:
    """True for so many weights that a second, packed copy of them is not made."""
    return sum(tensor.nbytes for tensor in segment.weights.values()) > PREPACK_LIMIT


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
    if segment.kinds >= {"Relu", "Clip"} and segment.dtypes & {"float64", "int8", "int32"}:  # knows no lower bounds of these (1.32)
        found.append("FuseReluClip")
    return found


def _entries(segment: Segment, placement: Placement) -> dict[str, str]:
    """Session settings: https://github.com/microsoft/onnxruntime/blob/main/include/onnxruntime/core/session/onnxruntime_session_options_config_keys.h"""
    entries = {"session.intra_op.allow_spinning": "0", "session.inter_op.allow_spinning": "0"}
    if placement.folder:
        entries["session.model_external_initializers_file_folder_path"] = placement.folder
    if _unpacked(segment):
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
