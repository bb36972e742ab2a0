"""Jobs for many files in processes of their own, so that one file that is broken, huge or hostile costs an answer and nothing else.

Each process does one job after the other (`tools.working`). A job that takes too long ends with its process, and one that wants more memory
than it may have is refused it by the system; the next job gets a new process. Answers come in the order of the jobs, and only so many jobs
are given out ahead of an answer that is awaited, so that memory is bounded however many there are.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from queue import SimpleQueue
from tempfile import TemporaryFile
from threading import BoundedSemaphore, Event, Lock, Thread, Timer
from typing import IO, Any

from loadstone.errors import InferenceError, one_line
from loadstone.ir.records import dataclass
from loadstone.runtime.threads import CGROUP, default_threads

AHEAD = 256  # jobs given out before the oldest of them is answered
LEAST_MEMORY = 1 << 30
START = 120.0  # seconds for a process to start
JOBS_OF_A_PROCESS = 500
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Limits:
    """jobs: how many processes; by default one for each CPU that may be used. seconds: how long one file may take. memory: bytes that a
    process may have for itself (Linux alone can say so); by default all have half of the machine's together, and 1 GiB each at least."""

    jobs: int | None = None
    seconds: float | None = 120.0
    memory: int | None = None

    def settled(self) -> Limits:
        """With what the defaults come to on this machine."""
        jobs = self.jobs or default_threads()
        if self.memory is not None:
            return Limits(jobs, self.seconds, self.memory)
        whole = machine_memory()
        return Limits(jobs, self.seconds, None if whole is None else max(LEAST_MEMORY, whole // 2 // jobs))


@dataclass(frozen=True)
class Ended:
    """A job without an answer. why: "time", "memory" or "crash"; what: in words."""

    why: str
    what: str


def answers(jobs: Iterable[Mapping[str, Any]], limits: Limits, custom: str | None = None) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """Each job with its answer or `Ended`, in order. custom: a Python file with custom objects, which each process runs.

    Raises InferenceError where no process can be started, and what the iteration over jobs raises.
    """
    limits = limits.settled()
    work = _Work(iter(jobs), limits, custom)
    threads = [Thread(target=work.go_on, daemon=True) for _ in range(limits.jobs or 1)]
    try:
        for thread in threads:
            thread.start()
        yield from work.in_order(len(threads))
    finally:
        work.stop()
        for thread in threads:
            thread.join()


class _Work:
    """What the threads share, each of which has one process."""

    def __init__(self, jobs: Iterator[Mapping[str, Any]], limits: Limits, custom: str | None) -> None:
        self._jobs, self._limits, self._custom = jobs, limits, custom
        self._lock, self._stopped = Lock(), Event()
        self._ahead = BoundedSemaphore(AHEAD)
        self._done: SimpleQueue[tuple[int, Any, Any]] = SimpleQueue()
        self._count = 0
        self._workers: list[_Worker] = []

    def go_on(self) -> None:
        """Do jobs until there are no more."""
        worker = _Worker(self._limits, self._custom)
        self._workers.append(worker)
        try:
            while (given := self._next()) is not None:
                number, job = given
                self._done.put((number, job, worker.ask(job)))
        except BaseException as error:  # noqa: BLE001  (raised where the answers are awaited)
            self._done.put((-1, None, error))
        finally:
            worker.close()
            self._done.put((-1, None, None))

    def _next(self) -> tuple[int, Mapping[str, Any]] | None:
        self._ahead.acquire()
        with self._lock:
            job = None if self._stopped.is_set() else next(self._jobs, None)
            if job is None:
                self._ahead.release()
                return None
            self._count += 1
            return self._count - 1, job

    def in_order(self, threads: int) -> Iterator[tuple[Mapping[str, Any], Any]]:
        """The answers, those that came early kept until it is their turn."""
        early: dict[int, tuple[Any, Any]] = {}
        turn = 0
        while threads or early:
            number, job, answer = self._done.get()
            if number < 0:
                if answer is not None:
                    raise answer
                threads -= 1
                continue
            early[number] = (job, answer)
            while turn in early:
                yield early.pop(turn)
                turn += 1
                self._ahead.release()

    def stop(self) -> None:
        """End all that is going on."""
        self._stopped.set()
        for worker in self._workers:
            worker.kill()
        with suppress(ValueError):  # those who wait for their turn
            for _ in range(AHEAD):
                self._ahead.release()


class _Worker:
    """One process, made when it is first needed and again after it ended."""

    def __init__(self, limits: Limits, custom: str | None) -> None:
        self._limits = limits
        self._options = json.dumps({"memory": limits.memory, "custom": None if custom is None else os.path.abspath(custom)})
        self._process: subprocess.Popen[str] | None = None
        self._log: IO[bytes] | None = None
        self._late, self._killed, self._done = False, False, 0

    def ask(self, job: Mapping[str, Any]) -> Any:
        """The answer to a job, or `Ended`."""
        if self._process is None:
            self._start()
        line = self._line(json.dumps(job) + "\n", self._limits.seconds)
        if not line.endswith("\n"):  # it ended, maybe in the middle of its answer
            return self._ended()
        found = json.loads(line)
        self._done += 1
        big = self._limits.memory is not None and (found.get("memory") or 0) > self._limits.memory // 2
        if self._late or "ended" in found or big or self._done >= JOBS_OF_A_PROCESS:
            self.close()  # what memory it has does not come back
        return Ended("memory", self._too_much()) if "ended" in found else found["answer"]

    def _start(self) -> None:
        self._log = TemporaryFile()  # noqa: SIM115  (closed with the process)
        environment = {**os.environ, **dict.fromkeys(_ONE_THREAD, "1")}
        command = [sys.executable, "-P", "-m", "loadstone.tools.working", self._options]
        self._done, self._late = 0, False
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
            encoding="ascii",
            start_new_session=True,  # who interrupts the command interrupts it alone, and it ends them
        )
        if self._killed:
            self._process.kill()
        if not self._line("", START):
            said = self._said()
            self.close()
            raise InferenceError(f"a process for the files could not be started: {said}")

    def _line(self, request: str, seconds: float | None) -> str:
        """What it answers; "" where it ended."""
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        timer = None if seconds is None else Timer(seconds, self._expire, [process])
        if timer is not None:
            timer.start()
        try:
            process.stdin.write(request)
            process.stdin.flush()
            return process.stdout.readline()
        except OSError:
            return ""
        finally:
            if timer is not None:
                timer.cancel()
                timer.join()  # an end that is on its way is of this job, not of the next

    def _expire(self, process: subprocess.Popen[str]) -> None:
        self._late = True
        process.kill()

    def _ended(self) -> Ended:
        """Why a process is no more."""
        process, late = self._process, self._late
        assert process is not None
        code, said = process.wait(), self._said()
        self.close()
        if late:
            return Ended("time", f"it took longer than {self._limits.seconds:g} seconds")
        if "MemoryError" in said or "bad_alloc" in said or code == -getattr(signal, "SIGKILL", 9):
            return Ended("memory", self._too_much())
        name = signal.strsignal(-code) if code < 0 else f"exit code {code}"
        return Ended("crash", f"the process that opened it ended: {name}")

    def _too_much(self) -> str:
        size = self._limits.memory
        return "it needs more memory than there is" if size is None else f"it needs more than {size / (1 << 30):.3g} GiB of memory"

    def _said(self) -> str:
        """The last line of its standard error."""
        if self._log is None:
            return ""
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - 4096))
        return one_line((self._log.read().decode("utf8", "replace").strip().splitlines() or ["it said nothing"])[-1][:500])

    def kill(self) -> None:
        """End it at once, from another thread."""
        self._killed, process = True, self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    if pipe is not None:
                        pipe.close()
            process.wait()
        if self._log is not None:
            self._log.close()
            self._log = None


def machine_memory(root: str = CGROUP) -> int | None:
    """Bytes of memory that this machine or its control group has; None where nothing says it."""
    found = []
    for path in (("memory.max",), ("memory", "memory.limit_in_bytes")):
        with suppress(OSError, ValueError), open(os.path.join(root, *path), encoding="ascii") as file:
            found.append(int(file.read()))
    with suppress(AttributeError, OSError, ValueError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min((size for size in found if size > 0), default=None)
