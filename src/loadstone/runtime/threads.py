"""How many threads this process may use."""

from __future__ import annotations

import os
from contextlib import suppress

CGROUP = "/sys/fs/cgroup"


def default_threads() -> int:
    """The CPUs that this process may run on, and no more than its container's quota: at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cgroup_quota(CGROUP)
    return max(1, allowed if quota is None else min(allowed, int(quota)))


def cgroup_quota(root: str) -> float | None:
    """CPUs that the control group grants, None where it sets no limit (or there is none).

    Version 2 has "quota period" in cpu.max, version 1 two files: https://docs.kernel.org/admin-guide/cgroup-v2.html
    """
    with suppress(OSError, ValueError):
        quota, period = _read(root, "cpu.max").split()
        return None if quota == "max" else int(quota) / int(period)
    with suppress(OSError, ValueError):
        limit = int(_read(root, "cpu", "cpu.cfs_quota_us"))
        return None if limit <= 0 else limit / int(_read(root, "cpu", "cpu.cfs_period_us"))
    return None


def _read(*path: str) -> str:
    with open(os.path.join(*path), encoding="ascii") as file:
        return file.read()
