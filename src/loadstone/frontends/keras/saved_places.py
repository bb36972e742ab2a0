"""Where on the local disk the SavedModel lies that a layer names. Nothing is downloaded, and no host is asked.

tensorflow_hub keeps what it downloaded under `TFHUB_CACHE_DIR`, or in the folder `tfhub_modules` of the system's temporary ones, in a
folder named by the SHA-1 of the handle (tensorflow_hub/compressed_module_resolver.py, resolver.py); kagglehub under `KAGGLEHUB_CACHE` or
`~/.cache/kagglehub` by owner, model, framework, variation and version (kagglehub/cache.py, config.py).
"""

from __future__ import annotations

import hashlib
import os
import re

from loadstone.ir.records import dataclass

_GRAPHS = ("saved_model.pb", "saved_model.pbtxt")
_KAGGLE = re.compile(
    r"https?://(?:www\.)?kaggle\.com/models/(?P<owner>[\w.-]+)/(?P<model>[\w.-]+)/(?:frameworks/)?(?P<framework>[\w.-]+)"
    r"/(?:variations/)?(?P<variation>[\w.-]+)/(?:versions/)?(?P<version>\d+)/?"
)


@dataclass(frozen=True)
class Search:
    """What was found: the folder (None where there is none), and the places that were looked at."""

    folder: str | None
    places: tuple[str, ...]


def search(handle: str, beside: str | None) -> Search:
    """The folder of a handle: a path, relative to the folder `beside` (that of the model's file) or to the current one, or a URL."""
    places = list(dict.fromkeys(_of_url(handle) if "://" in handle else _of_path(handle, beside)))
    return Search(next((place for place in places if holds_one(place)), None), tuple(places))


def holds_one(folder: str) -> bool:
    """True for a folder with the graph of a SavedModel."""
    return any(os.path.isfile(os.path.join(folder, name)) for name in _GRAPHS)


def _of_path(handle: str, beside: str | None) -> list[str]:
    if not handle or "\0" in handle or handle.replace("\\", "/").startswith("//"):  # a share would be another computer
        return []
    if os.path.isabs(handle):
        return [handle]
    folders = [beside, os.getcwd()] if beside else [os.getcwd()]
    return [os.path.normpath(os.path.join(folder, handle)) for folder in folders]


def _of_url(handle: str) -> list[str]:
    import tempfile

    cache = os.environ.get("TFHUB_CACHE_DIR") or os.path.join(tempfile.gettempdir(), "tfhub_modules")
    digest = hashlib.sha1(handle.encode("utf8", "surrogateescape"), usedforsecurity=False).hexdigest()
    return [os.path.join(cache, digest), *_of_kaggle(handle)]


def _of_kaggle(handle: str) -> list[str]:
    """The place in kagglehub's cache. Handles and URLs write the framework in different cases."""
    found = _KAGGLE.fullmatch(handle.partition("?")[0])
    if found is None or {".", ".."} & set(found.groups()):
        return []
    cache = os.environ.get("KAGGLEHUB_CACHE") or os.path.join(os.path.expanduser("~"), ".cache", "kagglehub")
    model = os.path.join(cache, "models", found["owner"], found["model"])
    spelt = [entry for entry in (os.listdir(model) if os.path.isdir(model) else ()) if entry.lower() == found["framework"].lower()]
    return [os.path.join(model, entry, found["variation"], found["version"]) for entry in spelt or [found["framework"]]]
