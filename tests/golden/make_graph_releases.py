"""Writes `environment/graph_releases.json`: the graph version, the new ops and the new attributes of each minor release of TensorFlow.

    python tests/golden/make_graph_releases.py FOLDER

FOLDER has a folder for each release, named for it ("1.15.0"), with the unpacked wheel: `core/public/version.h` and `python/ops/gen_*_ops.py`.
Attributes count from the second release on; an argument of a generated function is one where `ir/tf_ops.tsv` has it as such.
"""

import ast
import json
import re
import sys
from pathlib import Path

SRC = Path(__file__).parents[2] / "src" / "loadstone"
TARGET = SRC / "environment" / "graph_releases.json"
_HELPERS = ("apply_op", "_apply_op_helper")


def main(folder):
    minors = {}
    for release in sorted(Path(folder).iterdir(), key=lambda path: numbers(path.name)):
        minors.setdefault(".".join(release.name.split(".")[:2]), []).append(release)
    producers, ops, attributes, have = {}, {}, {}, {}
    known = signatures()
    for minor, releases in minors.items():
        producers[minor] = max(producer(release) for release in releases)
        found = {}
        for release in releases:
            for op, names in arguments(release).items():
                found.setdefault(op, set()).update(names)
        new = {f"{op}.{name}" for op, names in found.items() if op in have for name in names - have[op] if name in known.get(op, ())}
        attributes[minor] = sorted(new)
        ops[minor] = sorted(set(found) - set(have)) if have else []
        for op, names in found.items():
            have.setdefault(op, set()).update(names)
    parts = {"ops": {k: v for k, v in ops.items() if v}, "attributes": {k: v for k, v in attributes.items() if v}}
    TARGET.write_text(
        '{\n"producers": ' + json.dumps(producers) + "".join(f',\n"{name}": {rows(part)}' for name, part in parts.items()) + "\n}\n"
    )


def rows(part):
    return "{\n" + ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in part.items()) + "\n}"


def producer(release):
    header = next(path for path in release.rglob("version.h") if path.parent.name == "public")
    return int(re.search(r"#define TF_GRAPH_DEF_VERSION\s+(\d+)", header.read_text())[1])


def arguments(release):
    """The keywords of the call that makes each op, in the generated functions of a release."""
    found = {}
    for path in release.rglob("gen_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _HELPERS and isinstance(node.args[0], ast.Constant):
                found.setdefault(node.args[0].value, set()).update(k.arg for k in node.keywords if k.arg and k.arg != "name")
    return found


def signatures():
    """The attributes of each op."""
    lines = (line.partition("\t") for line in (SRC / "ir" / "tf_ops.tsv").read_text().splitlines())
    return {op: {attribute[0] for attribute in json.loads(rest)[2]} for op, _, rest in lines}


def numbers(version):
    return tuple(int(part) for part in version.split("."))


if __name__ == "__main__":
    main(sys.argv[1])
