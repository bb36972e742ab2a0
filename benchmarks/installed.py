"""Bytes of installed packages and of all that they need: installed.py NAME...; names that are not installed are left out."""

import re
import sys
from importlib import metadata


def closure(names):
    """The distributions by name."""
    found, waiting = {}, list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # for another system, or another name of the same
            continue
        needed = [line for line in found[name].requires or [] if "extra ==" not in line]
        waiting += [re.match(r"[\w.-]+", line)[0] for line in needed]
    return found


files = {}
for distribution in closure(sys.argv[1:]).values():
    files.update({str(distribution.locate_file(file)): file.size or 0 for file in distribution.files or []})
print(sum(files.values()))
