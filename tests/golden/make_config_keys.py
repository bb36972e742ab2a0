"""Writes `environment/config_keys.json`: the keys that `get_config` of each class of Keras writes, by reading the sources of its releases.

    python tests/golden/make_config_keys.py FOLDER

FOLDER has the unpacked packages by release: `keras-2.2.4`, `tf_keras-2.16.0`, `tensorflow-1.15.0`, with the package somewhere inside.
A key is "always" there where a statement of `get_config`, or of the one that it calls by `super()`, writes it in any case; it is "some" times
there where that depends. Keys in a loop or with computed names make a class "open".
"""

import ast
import json
import re
import sys
from pathlib import Path

TARGET = Path(__file__).parents[2] / "src" / "loadstone" / "environment" / "config_keys.json"
ELSEWHERE = {
    "backend", "ops", "utils", "applications", "datasets", "callbacks", "trainers", "distribution", "tests", "test", "testing", "saving",
    "legacy_tf_layers", "legacy_rnn", "export", "distribute", "benchmarks", "wrappers", "api", "_tf_keras", "integration_test", "tools",
    "visualization", "metrics", "losses", "premade", "feature_column", "protobuf", "random", "tree", "mixed_precision", "dtensor",
}  # fmt: skip
FILES = {"__init__.py", "backend.py", "metrics.py", "losses.py", "callbacks.py", "data_adapter.py"}
# Bases, tests, and classes whose `get_config` goes round their base.
LEFT_OUT = re.compile(
    r"Test|Callback|^Base|Mixin|Wrapper$|Model$|Network$|^Layer$|^Functional$|^Sequential$|^Operation$|Saveable|^Graph$|^CuDNN"
)
LIBRARIES = ("keras", "tf.keras", "tf_keras")


class Reading:
    """What the body of one `get_config` writes."""

    def __init__(self, methods):
        self.methods, self.seen = methods, set()
        self.always, self.some, self.removed, self.open, self.calls_base = set(), set(), set(), False, False

    def body(self, statements, certain):
        for statement in statements:
            if id(statement) in self.seen:
                continue
            self.seen.add(id(statement))
            self.statement(statement, certain)

    def statement(self, node, certain):
        if isinstance(node, ast.Assign):
            target = node.targets[0]
            if not isinstance(target, ast.Subscript):
                self.value(node.value, certain)
            elif isinstance(target.value, ast.Name):
                self.key(target.slice, certain)
        elif isinstance(node, (ast.Expr, ast.Return)) and node.value is not None:
            self.value(node.value, certain)
        elif isinstance(node, ast.If):
            self.body(node.body, False)
            self.body(node.orelse, False)
        elif isinstance(node, (ast.For, ast.While)):
            self.body(node.body, False)
        elif isinstance(node, ast.With):
            self.body(node.body, certain)
        elif isinstance(node, ast.Try):
            self.body(node.body, False)
            for handler in node.handlers:
                self.body(handler.body, False)
        elif isinstance(node, ast.Delete):
            for target in node.targets:
                if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                    self.removed.add(target.slice.value)

    def key(self, node, certain):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            (self.always if certain else self.some).add(node.value)
        else:
            self.open = True

    def value(self, node, certain):
        """A value that becomes a part of the config."""
        if isinstance(node, ast.Dict):
            for key in node.keys:
                if key is not None:
                    self.key(key, certain)
        elif isinstance(node, ast.Call):
            self.call(node, certain)
        elif isinstance(node, ast.BinOp):
            self.value(node.left, certain)
            self.value(node.right, certain)
        elif isinstance(node, ast.IfExp):
            self.value(node.body, False)
            self.value(node.orelse, False)
        elif isinstance(node, ast.DictComp):
            self.open = True

    def call(self, node, certain):
        function = node.func
        name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
        if name in ("dict", "update", "list", "OrderedDict"):
            for keyword in node.keywords if name in ("dict", "update") else ():
                if keyword.arg:
                    (self.always if certain else self.some).add(keyword.arg)
            for argument in node.args:
                self.value(argument, certain)
        elif name == "pop" and node.args and isinstance(node.args[0], ast.Constant):
            self.removed.add(node.args[0].value)
        elif name == "items":
            self.value(function.value, certain)
        elif name == "get_config":
            self.calls_base = True
        elif isinstance(getattr(function, "value", None), ast.Name) and function.value.id == "self" and name in self.methods:
            self.body(self.methods[name].body, certain)


class Package:
    """The classes of one release."""

    def __init__(self, root):
        self.classes, self.known = {}, {}
        for path in sorted(root.rglob("*.py")):
            inside = path.relative_to(root)
            if set(inside.parts[:-1]) & ELSEWHERE or path.name in FILES or path.name.endswith("_test.py"):
                continue
            try:
                tree = ast.parse(path.read_text("utf8"))
            except SyntaxError:  # of Python 2
                continue
            for node in tree.body:
                if isinstance(node, ast.ClassDef):
                    self.classes.setdefault(node.name, []).append((path, node))

    def all(self):
        return {name: found for name in self.classes if re.match(r"[A-Z][A-Za-z0-9]*$", name) and any((found := self.of(name))[:2])}

    def of(self, name):
        """(always, some, open) of a class; of those of one name together."""
        found = [self.one(path, node) for path, node in self.classes[name]]
        return together([one for one in found if one[0] or one[1]] or found)

    def one(self, path, node):
        place = (path, node.name, node.lineno)
        if place in self.known:
            return self.known[place]
        self.known[place] = (set(), set(), True)
        bases = [self.base(path, node, base) for base in node.bases]
        always = set().union(*(base[0] for base in bases))
        some = set().union(*(base[1] for base in bases))
        open_ = any(base[2] for base in bases)
        methods = {method.name: method for method in node.body if isinstance(method, ast.FunctionDef)}
        if "get_config" in methods:
            reading = Reading(methods)
            reading.body(methods["get_config"].body, True)
            if not reading.calls_base:
                always, some, open_ = set(), set(), False
            branches = [part for part in methods["get_config"].body if isinstance(part, ast.If)]
            early = any(isinstance(part, ast.Return) for branch in branches for part in ast.walk(branch))
            always, some = (always, some | reading.always) if early else (always | reading.always, some)
            some |= reading.some | (always & reading.removed)
            always -= reading.removed
            open_ = open_ or reading.open
        self.known[place] = (always, some - always, open_)
        return self.known[place]

    def base(self, path, node, base):
        name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
        found = [one for one in self.classes.get(name, []) if one[1] is not node]
        near = [one for one in found if one[0] == path] or found
        return together([self.one(*one) for one in near]) if near else (set(), set(), False)


def together(found):
    always = set.intersection(*(one[0] for one in found))
    return always, set().union(*(one[0] | one[1] for one in found)) - always, any(one[2] for one in found)


def main(folder):
    groups = {}
    for release in sorted(Path(folder).iterdir()):
        name, _, version = release.name.rpartition("-")
        if (column := column_of(name, numbers(version))) is not None:
            groups.setdefault(column, []).append(Package(root_of(release, name)).all())
    order = sorted(groups, key=lambda column: (LIBRARIES.index(column[0]), column[1]))
    names = sorted({name for packages in groups.values() for package in packages for name in package})
    rows = {name: row(name, [groups[column] for column in order]) for name in names if not LEFT_OUT.search(name)}
    lines = [
        f"{json.dumps(name)}: {json.dumps(found, separators=(',', ':'))}"
        for name, found in rows.items()
        if found.get("open") != found["in"]
    ]
    columns = [[library, text(low), text(high)] for library, low, high in order]
    TARGET.write_text('{"columns": ' + json.dumps(columns) + ',\n"classes": {\n' + ",\n".join(lines) + "\n}}\n")


def column_of(name, version):
    """(library, first, last) of the column of a release; None for one that hands on to another."""
    minor = version[:2]
    if name == "keras" and version < (2, 4):
        return "keras", version, version
    if name == "keras" and (2, 4) <= version < (2, 6) or name == "tensorflow" and version >= (2, 6):
        return None
    library = "tf.keras" if name == "tensorflow" or name == "keras" and version < (3,) else name
    return library, (*minor, 0), minor


def root_of(release, name):
    """The folder of the package with the most files."""
    wanted = ("python", "keras") if name == "tensorflow" else (name,)
    found = [path for path in release.rglob(wanted[-1]) if path.is_dir() and path.parts[-len(wanted) :] == wanted]
    root = max(found, key=lambda path: sum(1 for _ in path.rglob("*.py")))
    return root / "src" if (root / "src").is_dir() else root


def row(name, columns):
    """A class in all columns: bits as runs of their numbers."""
    known, open_, always, some = set(), set(), {}, {}
    for bit, packages in enumerate(columns):
        found = [package[name] for package in packages if name in package]
        if found:
            all_, others, is_open = together(found)
            known.add(bit)
            open_ |= {bit} if is_open else set()
            for key in all_:
                always.setdefault(key, set()).add(bit)
            for key in others:
                some.setdefault(key, set()).add(bit)
    keys = {}
    for key in sorted({*always, *some}):
        here, there = always.get(key, set()), some.get(key, set())
        keys[key] = "*" if here == known else runs(here) + (f"|{runs(there)}" if there else "")
    return {"in": runs(known)} | ({"open": runs(open_)} if open_ else {}) | {"keys": keys}


def runs(bits):
    """{0, 1, 2, 5} as "0-2,5"."""
    found = []
    for bit in sorted(bits):
        if found and found[-1][1] == bit - 1:
            found[-1][1] = bit
        else:
            found.append([bit, bit])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def numbers(version):
    return tuple(int(part) for part in version.split("."))


def text(version):
    return ".".join(map(str, version))


if __name__ == "__main__":
    main(sys.argv[1])
