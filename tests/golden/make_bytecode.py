"""Makes tests/golden/bytecode/python-<release>.json: each case of bytecode_cases.py as this Python compiles it, and what calls give.

Run it with a Python of 2.7 or 3.4 and later: `python make_bytecode.py [FOLDER]`. The code is stored as Keras 2 does (base64 of marshal).
"""

import base64
import json
import marshal  # noqa: TID251  (this is who writes it)
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from bytecode_cases import CASES, results, world

RELEASE = sys.version_info[:2]


def main(folder):
    found = {}
    for name, since, source, calls in CASES:
        if since <= RELEASE:
            names = world()
            exec(compile(source, "case", "exec", 0, True), names)
            code = base64.b64encode(marshal.dumps(names["f"].__code__)).decode("ascii")
            found[name] = [code, results(names["f"], calls, world_of(names))]
    path = os.path.join(folder, "python-%d.%d.json" % RELEASE)
    with open(path, "w") as file:
        file.write("{\n" + ",\n".join(json.dumps(name) + ": " + json.dumps(found[name]) for name in sorted(found)) + "\n}\n")


def world_of(names):
    """The globals of a call: those of the case, without its function."""
    return {name: names[name] for name in names if name != "f"}


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "bytecode"))
