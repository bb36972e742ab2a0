"""The processor and the NVIDIA devices, as the system tells them in `/proc`; nothing is run, and no serial numbers are read."""

from __future__ import annotations

import glob
import json
import os
import platform
import re

_TELLING = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "sve")
_MOST = 1 << 20  # bytes of one file


def cpu() -> dict[str, str]:
    """Its "model", the "count" of what this process may use, and those of its "features" that kernels are chosen by."""
    text = _text("/proc/cpuinfo")
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", text, re.MULTILINE)
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0
    found = {
        "model": " ".join((model[1] if model else platform.processor()).split()),
        "count": str(usable),
        "features": " ".join(name for name in _TELLING if flags and name in flags[1].split()),
    }
    return {name: value for name, value in found.items() if value}


def gpus(place: str = "/proc/driver/nvidia/gpus") -> tuple[str, ...]:
    """The models of NVIDIA devices."""
    texts = [_text(name) for name in sorted(glob.glob(os.path.join(place, "*", "information")))]
    return tuple(found[1].strip() for text in texts if (found := re.search(r"^Model:\s*(.+)$", text, re.MULTILINE)))


def cuda(driver: str = "/proc/driver/nvidia/version", toolkit: str = "/usr/local/cuda/version.json") -> dict[str, str]:
    """The versions of the "driver" and of the "toolkit" that the system has; what pip installed is among the distributions."""
    found = {}
    said = re.search(r"Kernel Module.*?\s([0-9]+(?:\.[0-9]+)+)\s", _text(driver))
    if said:
        found["driver"] = said[1]
    try:
        version = json.loads(_text(toolkit))["cuda"]["version"]
    except (ValueError, KeyError, TypeError):
        return found
    return found | ({"toolkit": version} if isinstance(version, str) and re.fullmatch(r"[0-9.]{1,20}", version) else {})


def _text(name: str) -> str:
    try:
        with open(name, encoding="utf8", errors="replace") as file:
            return file.read(_MOST)
    except OSError:
        return ""
