"""The Pythons that are installed: on the PATH, and where pyenv and uv keep theirs. Each was started once, so that a broken one is not counted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_ASK = "import sys; print('%d.%d ' % sys.version_info[:2] + (sys.subversion[0] if sys.version_info[0] < 3 else sys.implementation.name))"
_NAME = re.compile(r"python\d\.\d+(\.exe)?")
_SECONDS = 20


@cache
def installed() -> dict[str, str]:
    """CPythons by version, "3.8", each with the file that starts it. The one that runs this is among them."""
    found = {f"{sys.version_info[0]}.{sys.version_info[1]}": sys.executable}
    for place in _places():
        version = _version(place)
        if version is not None:
            found.setdefault(version, place)
    return found


def _places() -> Iterator[str]:
    """Files that may be a Python, the likelier ones first; of pyenv's the newest patch first."""
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions"
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local" / "share" / "uv" / "python")
    for folder in sorted((folder for root in (pyenv, uv) if root.is_dir() for folder in root.iterdir()), key=_order, reverse=True):
        inside = [folder / "bin" / "python", folder / "bin" / "python3", folder / "python.exe"]
        yield from (str(place) for place in inside[:3] if place.is_file())
    for entry in dict.fromkeys(os.environ.get("PATH", "").split(os.pathsep)):
        try:
            names = sorted(os.listdir(entry or "."))
        except OSError:
            continue
        yield from (os.path.join(entry, name) for name in names if _NAME.fullmatch(name))


def _order(folder: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", folder.name)[:3]))


def _version(place: str) -> str | None:
    """The version of a CPython, None for what does not start and for other Pythons."""
    try:
        asked = subprocess.run([place, "-E", "-s", "-c", _ASK], capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    version, _, kind = asked.stdout.strip().partition(" ")
    return version if asked.returncode == 0 and kind.lower() == "cpython" else None
