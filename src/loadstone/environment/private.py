"""What must not be told: names of users and machines, paths, values of environment variables; and texts without them.

Sources of custom objects are written by people and may hold any of it, so every text of a full record goes through `Private.clean`. Paths,
e-mail addresses and credentials in URLs go whatever machine they are of; names and values are those of this process.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress

REDACTED = "redacted"
_COMMON = frozenset(  # names of nobody in particular
    """
    root user users admin administrator ubuntu debian centos fedora runner jovyan docker nobody home app worker default vscode python
    localhost local localdomain linux windows container host main keras tensorflow model test tests work workspace build src
    """.split()
)
_PATHS = re.compile(
    r"""(?:(?<=[\s"'`(=,:;\[{<>|])|^)(?:
      /[\w.@+~-]+(?:/[\w.@+~%-]*)+          # /home/someone/x
    | (?<=["'])/[\w.@+~-]+(?=["'])          # "/data"
    | ~[\w.-]*/[\w./@+~%-]+                 # ~/x
    | [A-Za-z]:[\\/]{1,2}[\w.@+~ $-]+(?:[\\/]+[\w.@+~ $-]*)*  # C:\Users\someone
    | \\{2,4}[\w.$-]+(?:\\{1,2}[\w.$ -]+)+  # \\server\share
    )""",
    re.VERBOSE | re.MULTILINE,
)
_FILE_URL = re.compile(r"file:/+[^\s\"'<>]*", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s\"'<>]+@")
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_SHORTEST_NAME, _SHORTEST_VALUE = 2, 8  # characters


class Private:
    """names: of users and machines, which are found as whole words. values: any texts."""

    def __init__(self, names: Iterable[str] = (), values: Iterable[str] = ()) -> None:
        known = {name for name in names if len(name) >= _SHORTEST_NAME and name.lower() not in _COMMON}
        self._names = [re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", re.IGNORECASE) for name in sorted(known)]
        self._values = sorted({value for value in values if value}, key=lambda value: (-len(value), value))

    @classmethod
    def here(cls) -> Private:
        """What is private of this process."""
        return cls(_names(), _values())

    def clean(self, text: str) -> tuple[str, int]:
        """The text without it, and how many places were replaced by "redacted"."""
        count = 0
        for value in self._values:
            count += text.count(value)
            text = text.replace(value, REDACTED)
        for pattern in (_FILE_URL, _CREDENTIALS, _MAIL, _PATHS, *self._names):
            text, replaced = pattern.subn(f"{REDACTED}@" if pattern is _CREDENTIALS else REDACTED, text)
            count += replaced
        return text, count

    def names(self, text: str) -> bool:
        """True where the text has the name of a user or a machine in it."""
        return any(name.search(text) for name in self._names)


def _names() -> Iterator[str]:
    """Names of the user and of the machine, whole and without its domain."""
    for variable in ("USER", "LOGNAME", "USERNAME", "LNAME", "SUDO_USER", "HOSTNAME", "COMPUTERNAME", "USERDOMAIN"):
        yield os.environ.get(variable, "")
    yield os.path.basename(os.path.expanduser("~"))
    with suppress(ImportError, KeyError, AttributeError):  # no such user, or Windows
        import pwd

        entry = pwd.getpwuid(os.getuid())
        yield from (entry.pw_name, os.path.basename(entry.pw_dir), entry.pw_gecos.partition(",")[0])
    for host in (platform.node(), os.environ.get("HOSTNAME", "")):
        yield from (host, host.partition(".")[0])


def _values() -> Iterator[str]:
    """Values of environment variables, and folders of this process; not words that are names of modules, nor numbers."""
    folders = (os.path.expanduser("~"), os.getcwd(), sys.prefix, sys.base_prefix, *sys.path)
    yield from (folder for folder in folders if len(folder) > _SHORTEST_NAME and os.path.isabs(folder))
    for value in list(os.environ.values()):
        for part in {value, *value.split(os.pathsep)}:
            word = part.strip()
            if len(word) >= _SHORTEST_VALUE and not re.fullmatch(r"[\d.,:-]+", word) and word.replace("-", "_") not in _modules():
                yield word


def _modules() -> set[str]:
    return {name.partition(".")[0] for name in sys.modules} | set(sys.stdlib_module_names)
