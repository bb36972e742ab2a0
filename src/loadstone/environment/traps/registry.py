"""A trap: one known way in which a saved model fails or misleads, as a function that finds it in a file."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from loadstone.environment.diagnosis import Finding
from loadstone.environment.parts import Part, parts
from loadstone.environment.present import Present
from loadstone.environment.provenance import Provenance
from loadstone.environment.stored import Stored
from loadstone.environment.taken import Library, libraries
from loadstone.ir.records import dataclass, replace

# The modules with traps: a file is chosen a reader, then its classes are looked up, made, connected, filled and compiled.
ORDER = ("files", "saved_models", "classes", "arguments", "functions", "shapes", "weights", "training", "figures", "surroundings")

Check = Callable[["Case"], Iterator[Finding]]


class Case:
    """What traps look at. given: names of custom objects that the model needs, which a caller of any framework has to pass.

    problem: why loadstone cannot read or run it, "" where it can. unread: why its environment record cannot be read, "" where it can.
    """

    def __init__(
        self,
        stored: Stored,
        given: Mapping[str, str],
        provenance: Provenance,
        present: Present,
        problem: str = "",
        unread: str = "",
    ) -> None:
        self.stored, self.given, self.provenance, self.present = stored, given, provenance, present
        self.problem, self.unread = problem, unread
        self._parts: dict[str, list[Part]] = {}

    @property
    def path(self) -> str:
        """The file's path as a shell takes it."""
        return shlex.quote(self.stored.path)

    @property
    def is_keras_file(self) -> bool:
        """True for a file that Keras itself reads: HDF5, v3 or an architecture."""
        return self.stored.kind in ("keras_h5", "keras_v3", "keras_architecture")

    @cached_property
    def libraries(self) -> list[Library]:
        """Those whose readers would come as far as the config."""
        found = libraries()
        if self.stored.kind == "tf_saved_model":
            return [found["tf_keras"]] if self.stored.config else []
        return [found["keras3"], found["tf_keras"]] if self.is_keras_file else []

    def parts(self, library: str) -> list[Part]:
        """The model and its layers as a library would make them."""
        if library not in self._parts:
            self._parts[library] = list(parts(self.stored.config, library, self.reader(library)))
        return self._parts[library]

    def reader(self, library: str) -> str:
        """Which reader of a library gets the config."""
        return "old" if self.stored.kind in ("keras_h5", "tf_saved_model") else "new"

    def custom(self, name: str) -> bool:
        """True for the name of something that is the user's own."""
        return name in self.given or name.rpartition(">")[2] in self.given

    def converted(self, ending: str) -> str:
        """The command that writes the model anew under another ending."""
        stem = self.stored.name.rpartition(".")[0] or self.stored.name
        return f"loadstone convert {self.path} {shlex.quote((stem or 'model') + '_new' + ending)}"


@dataclass(frozen=True)
class Trap:
    """A trap. name: of its function. docs: the page that tells more, below docs/failures. check: what finds it."""

    name: str
    docs: str
    check: Check

    def findings(self, case: Case) -> Iterator[Finding]:
        """What it finds, each with the trap's name."""
        for finding in self.check(case):
            yield replace(finding, trap=self.name)


class Traps:
    """The traps in the order in which a framework would fall into them."""

    def __init__(self) -> None:
        self._traps: list[Trap] = []

    def __iter__(self) -> Iterator[Trap]:
        return iter(sorted(self._traps, key=lambda known: ORDER.index(known.check.__module__.rpartition(".")[2])))

    def __call__(self, docs: str = "") -> Callable[[Check], Check]:
        def register(check: Check) -> Check:
            self._traps.append(Trap(check.__name__, docs, check))
            return check

        return register


trap = Traps()


def python(code: str) -> str:
    """The command that runs a line of Python."""
    return f"python -c {shlex.quote(code)}"


def fix(case: Case, library: str) -> str:
    """The command that gives the library a file that it loads."""
    if library == "keras3":
        return case.converted(".keras")
    if library == "tf_keras":
        return python(f"import loadstone; loadstone.load_model({case.stored.path!r}).to_keras(library='tf_keras')")
    return served(case)


def served(case: Case) -> str:
    """The command that writes a SavedModel for TensorFlow Serving."""
    return case.converted("") + " --format tf --version 1"


def plain(value: Any) -> str:
    """A value from a file, short, for a message."""
    found = repr(value)
    return found if len(found) <= 80 else found[:77] + "..."
