"""The commit that a folder is at, read from `.git`; git is not run, and names of branches are not told."""

from __future__ import annotations

import os
import re

_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)
_MOST = 16 << 20  # bytes of packed-refs


def commit_of(folder: str) -> str:
    """The commit of the repository that a folder lies in, "" where there is none (https://git-scm.com/docs/gitrepository-layout)."""
    place = _repository(os.path.realpath(folder))
    if place is None:
        return ""
    head = _line(os.path.join(place, "HEAD"))
    if _HASH.fullmatch(head):
        return head
    reference = re.fullmatch(r"ref: (refs/[^\0]{1,1000})", head)
    if reference is None or ".." in reference[1].split("/"):
        return ""
    common = _line(os.path.join(place, "commondir"))
    folders = (place, os.path.normpath(os.path.join(place, common))) if common else (place,)  # of a worktree
    for store in folders:
        found = _line(os.path.join(store, *reference[1].split("/")))
        if _HASH.fullmatch(found):
            return found
    return next((found for store in folders if (found := _packed(os.path.join(store, "packed-refs"), reference[1]))), "")


def _repository(folder: str) -> str | None:
    """The `.git` of a folder or of one above it; a file there names another folder, as worktrees and submodules have it."""
    while True:
        place = os.path.join(folder, ".git")
        if os.path.isdir(place):
            return place
        if os.path.isfile(place):
            named = _line(place).removeprefix("gitdir: ")
            return os.path.normpath(os.path.join(folder, named)) if named else None
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def _packed(name: str, reference: str) -> str:
    try:
        with open(name, encoding="utf8", errors="replace") as file:
            for line in file.read(_MOST).splitlines():
                found, _, named = line.partition(" ")
                if named == reference and _HASH.fullmatch(found):
                    return found
    except OSError:  # most repositories have none
        pass
    return ""


def _line(name: str) -> str:
    try:
        with open(name, encoding="utf8", errors="replace") as file:
            return file.readline(4096).rstrip("\r\n")
    except OSError:
        return ""
