"""`Present`: what is here: Python, platform and installed distributions, by their metadata; none of them is imported.

Never a user name, path, host name or environment variable: `platform.node()`, the build strings of Python and of the kernel, and the places
of distributions are not asked for.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from typing import Any

from loadstone.environment.ranges import Version, numbers
from loadstone.ir.records import dataclass

NAMES = (  # what a record has by default, where it is installed
    *("numpy", "h5py", "protobuf", "ml-dtypes", "onnxruntime"),
    *("keras", "tf-keras", "keras-core", "tensorflow", "jax", "jaxlib", "torch", "openvino"),
    *("tensorflow-cpu", "tensorflow-gpu", "tensorflow-intel", "tensorflow-macos", "tf-nightly", "theano"),
    *("tensorflow-hub", "tensorflow-text", "tensorflow-addons", "tensorflow-probability", "keras-hub", "keras-nlp", "keras-cv"),
)
TENSORFLOW = ("tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-intel", "tensorflow-macos", "tf-nightly")


@dataclass(frozen=True)
class Distribution:
    """An installed distribution. name: as it calls itself. local: it came from a path or a URL, so no index has this very one."""

    name: str
    version: str
    local: bool = False


@dataclass(frozen=True)
class Present:
    """What is here. platform: "system", "machine" and, where known, "libc" and "os". distributions: by normalized names."""

    python: str
    implementation: str
    platform: Mapping[str, str]
    distributions: Mapping[str, Distribution]

    def version(self, name: str) -> Version | None:
        """The release of a distribution as numbers; None where it is not here. "tensorflow" is any of its builds."""
        for known in TENSORFLOW if name == "tensorflow" else (normalized(name),):
            if known in self.distributions:
                return numbers(self.distributions[known].version)
        return None


def present(names: Iterable[str] | None = None) -> Present:
    """What is here. names: the distributions to look for; None lists all that are installed, which takes longer."""
    found = _all() if names is None else _named(names)
    return Present(python(), platform.python_implementation(), _platform(), dict(sorted(found, key=lambda pair: pair[0])))


def python() -> str:
    """The version of this Python: "3.11.7", "3.15.0rc1"."""
    return platform.python_version().rstrip("+")


def normalized(name: str) -> str:
    """A distribution's name as indexes compare it: lower case, one hyphen for any run of `-`, `_` and `.` (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _named(names: Iterable[str]) -> Iterator[tuple[str, Distribution]]:
    for name in names:
        try:
            found = _described(metadata.distribution(name))
        except (metadata.PackageNotFoundError, OSError, ValueError):  # not here, or a broken installation: nothing to tell of it
            continue
        if found is not None:
            yield normalized(name), found


def _all() -> Iterator[tuple[str, Distribution]]:
    """Every distribution on the path; of several with one name the first is the one that is imported."""
    seen: set[str] = set()
    for one in metadata.distributions():
        try:
            found = _described(one)
        except (OSError, ValueError):  # a broken installation: the others are told all the same
            continue
        if found is not None and normalized(found.name) not in seen:
            seen.add(normalized(found.name))
            yield normalized(found.name), found


def _described(one: metadata.Distribution) -> Distribution | None:
    """None for metadata without a name or version, as a broken installation leaves them."""
    about: Any = one.metadata
    name, version = about.get("Name"), about.get("Version")
    if not isinstance(name, str) or not isinstance(version, str):
        return None
    return Distribution(name.strip(), version.strip(), one.read_text("direct_url.json") is not None)


def _platform() -> dict[str, str]:
    """System and machine; on Linux the C library, which wheels depend on, and the distribution."""
    found = {"system": platform.system(), "machine": platform.machine()}
    if platform.system() == "Linux":
        libc = " ".join(part for part in platform.libc_ver() if part)
        found |= {"libc": libc} if libc else {}
        try:
            release = platform.freedesktop_os_release()
        except OSError:
            return found
        return found | {"os": " ".join(part for part in (release.get("ID", ""), release.get("VERSION_ID", "")) if part)}
    version = platform.mac_ver()[0] or platform.win32_ver()[0]
    return found | ({"os": version} if version else {})
