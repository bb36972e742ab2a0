"""The source of custom objects and of all that they need of the user's own modules, cut down to that; and the packages that it imports.

Nothing is imported or run: modules are those that the process has, and their text is parsed (`ast`). What an object needs is followed by
name: from its definition to the definitions of its module that it names, and through imports to other modules of the user's. A name that
only running tells (`globals()[..]`) is not found.
"""

from __future__ import annotations

import ast
import functools
import linecache
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from importlib import metadata
from types import CodeType
from typing import Any

from loadstone.environment.present import normalized
from loadstone.ir.records import dataclass, field

_KNOWN = (sys.stdlib_module_names | {"loadstone"}) - {"__main__"}  # whose version a record has anyway
Wanted = set[str | int | None]
MOST = 2 << 20  # characters of all texts


@dataclass(eq=False)
class Module:
    """A module of the user's. wanted: names and lines whose definitions are needed; None among them is all of it."""

    name: str
    file: str
    objects: list[str] = field(default_factory=list)
    wanted: Wanted = field(default_factory=set)
    text: str = ""
    why: str = ""


@dataclass(eq=False)
class Closure:
    """modules: by their files. needs: version by normalized name of the distributions that they import."""

    modules: dict[str, Module] = field(default_factory=dict)
    needs: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """Where the first module lies, "" where there is none on the disk."""
        return next((os.path.dirname(module.file) for module in self.modules.values() if os.path.isfile(module.file)), "")


def closure_of(objects: Mapping[str, Any]) -> Closure:
    """The sources that objects need, by the names that a model's file has for them."""
    found, owners = Closure(), _Owners()
    for name in sorted(objects):
        thing = _defined(objects[name])
        module = str(getattr(thing, "__module__", None) or "")
        if owners.is_public(module):
            found.needs.update(owners.needed(module))
            continue
        code = _code(thing)
        file = code.co_filename if code is not None else _file(module)
        entry = found.modules.setdefault(file or f"<{module}>", Module(module, file))
        entry.objects.append(name)
        whole = str(getattr(thing, "__qualname__", "")).partition(".")[0]
        entry.wanted.add(code.co_firstlineno if code is not None and not whole.isidentifier() else whole)
    left = list(found.modules.values())
    while left:
        one = left.pop()
        left += _cut(one, found, owners)
        if sum(len(other.text) for other in found.modules.values()) > MOST:
            one.text = ""
            for other in found.modules.values():
                other.why = other.why or ("" if other.text else "the sources are too long to be kept")
            break
    return found


def _cut(module: Module, found: Closure, owners: _Owners) -> list[Module]:
    """Cut the text of a module to what is wanted of it; the other modules that are to be cut again since more is wanted of them."""
    stored = bool(module.file) and module.file != "<string>"  # which is what was given to the interpreter itself, whoever asks
    lines = linecache.getlines(module.file) if stored else []
    try:
        with warnings.catch_warnings(action="ignore"):  # of escapes in strings, which its author has seen
            statements = ast.parse("".join(lines)).body
    except (SyntaxError, ValueError, RecursionError):
        statements = []
    if not statements:
        module.why = "its source is not at hand"
        return []
    kept = _needed(statements, module.wanted)
    if not kept:
        module.why = "its source does not say where it is defined"
    module.text = _text(kept, lines)
    again: list[Module] = []
    for name, wanted in _imports(kept, module.name):
        if owners.is_public(name):
            found.needs.update(owners.needed(name))
            continue
        for target, names in _targets(name, wanted):
            file = _file(target)
            if file:
                other = found.modules.setdefault(file, Module(target, file))
                if not names <= other.wanted:
                    other.wanted |= names
                    again.append(other)
    return again


def _needed(statements: list[ast.stmt], wanted: Wanted) -> list[ast.stmt]:
    """The statements of a module that define what is wanted and what that names, in file order."""
    if None in wanted:
        return statements
    definitions: dict[str, list[int]] = {}
    for number, statement in enumerate(statements):
        for name in _bound(statement):
            definitions.setdefault(name, []).append(number)
    kept: set[int] = set()
    left = [number for name in wanted if isinstance(name, str) for number in definitions.get(name, ())]
    left += [n for n, s in enumerate(statements) for line in wanted if isinstance(line, int) and _first(s) <= line <= (s.end_lineno or 0)]
    while left:
        number = left.pop()
        if number not in kept:
            kept.add(number)
            named = {node.id for node in ast.walk(statements[number]) if isinstance(node, ast.Name)}
            left += [other for name in named for other in definitions.get(name, ())]
    future = [n for n, s in enumerate(statements) if isinstance(s, ast.ImportFrom) and s.module == "__future__"]
    return [statements[number] for number in sorted({*kept, *(future if kept else ())})]


def _text(statements: list[ast.stmt], lines: list[str]) -> str:
    """The lines of statements, with the empty lines before each."""
    kept = {number for statement in statements for number in range(_first(statement), (statement.end_lineno or 0) + 1)}
    for number in sorted(kept):
        while number > 1 and number - 1 not in kept and not lines[number - 2].strip():
            number -= 1
            kept.add(number)
    return "".join(lines[number - 1] for number in sorted(kept)).strip("\n") + "\n" * bool(kept)


def _bound(statement: ast.AST) -> Iterator[str]:
    """The names that a statement defines in its module; those inside of `if` and `try`, with its `except`, too."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name
    elif isinstance(statement, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in statement.names)
    else:
        yield from (node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
        for part in ast.iter_child_nodes(statement):
            if isinstance(part, (ast.stmt, ast.ExceptHandler, ast.match_case)):
                yield from _bound(part)


def _imports(statements: list[ast.stmt], module: str) -> Iterator[tuple[str, Wanted]]:
    """Modules that statements import, and the names that they want of each; None is the module itself. What is not used is passed over."""
    nodes = [node for statement in statements for node in ast.walk(statement)]
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    for node in nodes:
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        aliases = [alias for alias in node.names if alias.name == "*" or (alias.asname or alias.name.partition(".")[0]) in used]
        if isinstance(node, ast.Import):
            yield from ((alias.name, Wanted({None})) for alias in aliases)
        elif aliases:
            package = str(getattr(sys.modules.get(module), "__package__", None) or "")
            above = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
            name = ".".join(part for part in (above if node.level else "", node.module or "") if part)
            if name and name != "__future__":
                yield name, {None if alias.name == "*" else alias.name for alias in aliases}


def _targets(name: str, wanted: Wanted) -> Iterator[tuple[str, Wanted]]:
    """`from a import b` wants b of a, or the module a.b."""
    inside = {part for part in wanted if isinstance(part, str) and f"{name}.{part}" in sys.modules}
    yield from ((f"{name}.{part}", Wanted({None})) for part in inside)
    if wanted - inside or not inside:
        yield name, wanted - inside


def _defined(given: Any) -> Any:
    """The class or function that an object is, or is of."""
    while isinstance(given, functools.partial):
        given = given.func
    given = getattr(given, "__wrapped__", given)
    return given if isinstance(given, type) or hasattr(given, "__code__") else type(given)


def _code(thing: Any) -> CodeType | None:
    """Compiled code of a function, or of a method that a class defines itself; it knows its file."""
    inside = [thing] if not isinstance(thing, type) else [getattr(value, "__func__", value) for value in vars(thing).values()]
    codes = [code for value in inside if isinstance(code := getattr(value, "__code__", None), CodeType)]
    own = [code for code in codes if not isinstance(thing, type) or code.co_qualname.startswith(f"{thing.__qualname__}.")]
    return next(iter(own), None)


def _file(module: str) -> str:
    file = getattr(sys.modules.get(module), "__file__", None)
    return file if isinstance(file, str) and file.endswith(".py") else ""


def _first(statement: ast.stmt) -> int:
    """The line where a statement begins, with its decorators."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(one.lineno for one in decorators)])


class _Owners:
    """Which distribution has a module. Those that were installed from a path are the user's own."""

    def __init__(self) -> None:
        self._by_package: Mapping[str, list[str]] | None = None

    def is_public(self, module: str) -> bool:
        """True for modules of Python itself and of what an index has."""
        top = module.partition(".")[0]
        return top in _KNOWN or bool(self.needed(module))

    def needed(self, module: str) -> dict[str, str]:
        """Version by normalized name of the distributions of a module; none for those that came from a path or URL."""
        if self._by_package is None:
            self._by_package = metadata.packages_distributions()
        found = {}
        for name in self._by_package.get(module.partition(".")[0], ()):
            one = metadata.distribution(name)
            if one.read_text("direct_url.json") is None:
                found[normalized(name)] = one.version
        return found
