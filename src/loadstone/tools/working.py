"""A process that does jobs for `tools.workers`: `python -m loadstone.tools.working OPTIONS` reads a job a line and answers a line, in JSON.

What libraries print goes nowhere near the answers. Its memory is limited by the system where that can be (RLIMIT_DATA: what is its own, not
what is mapped from files), so that a file that wants more gets an error and nobody else loses memory.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from loadstone.tools.given import objects_of

Job = Mapping[str, Any]


def _look(job: Job, custom: Mapping[str, Any] | None) -> Any:
    from loadstone.tools.looking import look

    return look(job, custom)


def _convert(job: Job, custom: Mapping[str, Any] | None) -> Any:
    from loadstone.tools.converting import convert_one

    return convert_one(job, custom)


DOES: dict[str, Callable[[Job, Mapping[str, Any] | None], Any]] = {"look": _look, "convert": _convert}


def main() -> None:
    """Do the jobs that standard input has, until it ends."""
    options = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what else prints
    custom = objects_of(options["custom"])
    from loadstone import api  # noqa: F401  (imported before memory is limited and time is taken)
    from loadstone.runtime import onnxruntime  # noqa: F401
    from loadstone.tools.profiling import memory

    limit_memory(options["memory"])
    _tell(answers, {"ready": True})
    for line in sys.stdin:
        job = json.loads(line)
        try:
            answer = {"answer": DOES[job["do"]](job, custom)}
        except MemoryError:
            answer = {"ended": "memory"}
        _tell(answers, {**answer, "memory": memory("RssAnon")})


def _tell(answers: TextIO, answer: Mapping[str, Any]) -> None:
    answers.write(json.dumps(answer, default=str) + "\n")
    answers.flush()


def limit_memory(size: int | None) -> None:
    """Let this process have so many bytes of its own and leave no core dumps; nothing where the system has no such limits."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if size is not None and sys.platform.startswith("linux"):
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))


if __name__ == "__main__":
    main()
