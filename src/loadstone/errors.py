"""Every exception that loadstone raises, and the tree that they form.

    LoadstoneError                      .source (file)  .where (path inside it)  .hint (what to do next)
      FormatError(ValueError)           the bytes are not what a reader needs
        UnrecognizedFormat              no reader knows them; says what they are
        CorruptFile                     a reader knows them, and they are damaged
        UnsupportedVersion              a release of the format that is not read
        UnsafeContent                   reading on would run or reach something
      ModelError(ValueError)            the description contradicts itself
        MissingWeights(KeyError)        a layer's weight is not in the file
        MissingCustomObjects            classes and functions that only the user has
        VerificationError               the model does not give the outputs that were kept for an example
      LoweringError(NotImplementedError)
        UnsupportedOps                  layers or ops that have no rule
        UnsupportedAttribute            options of a known layer or op that have no rule
      InferenceError(RuntimeError)
        InputMismatch(ValueError)       the data given do not fit the model's inputs
      MissingDependency(ImportError)    an optional package is needed

A message has four parts: what failed, where, expected against found, what to do. `source` and `where` are often known
only further up than the fact itself: `LoadstoneError.at` fills them in on the way.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self


class LoadstoneError(Exception):
    """Base of all errors raised on purpose.

    source: the file or folder that was being read. where: the path inside it (a layer, a key, an offset).
    hint: what the reader of the message can do next.
    """

    def __init__(self, message: str, *, source: object = None, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.source = None if source is None else str(source)
        self.where = where
        self.hint = hint

    def at(self, *, source: object = None, where: str | None = None) -> Self:
        """Fill in what the raiser could not know; what is already known stays."""
        if self.source is None and source is not None:
            self.source = str(source)
        if self.where is None:
            self.where = where
        return self

    def __str__(self) -> str:
        lines = [printable(self.message)]
        place = ", ".join(one_line(part) for part in (self.source, self.where) if part)
        if place:
            lines.append(f"  at: {place}")
        if self.hint:
            lines.append(f"  hint: {printable(self.hint)}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.__dict__.copy())


def _rebuild(kind: type[LoadstoneError], state: dict[str, object]) -> LoadstoneError:
    """Unpickle without calling the constructors, whose arguments differ."""
    error = kind.__new__(kind)
    error.__dict__.update(state)
    error.args = (state["message"],)
    return error


def printable(text: object) -> str:
    """Text from a file with its control characters escaped, newline and tab apart."""
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in str(text))


def one_line(text: object) -> str:
    """As `printable`, with newline and tab escaped as well: a name cannot look like another line."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


# What code that reads a description trips over where the description is not what any release writes.
MALFORMED = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, ZeroDivisionError, AssertionError, RecursionError)


class FormatError(LoadstoneError, ValueError):
    """The bytes are not what a reader needs."""


class UnrecognizedFormat(FormatError):
    """No reader knows these bytes; the message says what they look like."""


class CorruptFile(FormatError):
    """A known format, damaged, truncated or changed after loading."""


class UnsupportedVersion(FormatError):
    """A release of the format that is not read."""


class UnsafeContent(FormatError):
    """Reading on would run code or reach outside the file."""


class ModelError(LoadstoneError, ValueError):
    """The description of the model contradicts itself or its weights."""


class MissingWeights(ModelError, KeyError):
    """Weights that a layer needs are not in the file."""


class MissingCustomObjects(ModelError):
    """Classes or functions that only the user has; `missing` lists every one (see `loadstone.custom`)."""

    def __init__(self, message: str, *, missing: Iterable[object] = (), source: object = None, hint: str | None = None) -> None:
        super().__init__(message, source=source, hint=hint)
        self.missing = tuple(missing)


class VerificationError(ModelError):
    """The model does not give the outputs that were kept for an example, or there is none; `difference` is the largest one."""

    def __init__(self, message: str, *, difference: float | None = None, source: object = None, hint: str | None = None) -> None:
        super().__init__(message, source=source, hint=hint)
        self.difference = difference


class LoweringError(LoadstoneError, NotImplementedError):
    """The model is understood but cannot be compiled."""


class UnsupportedOps(LoweringError):
    """Layers or ops without a rule: `ops` maps each to (count, path of the first)."""

    def __init__(
        self, message: str, *, ops: dict[str, tuple[int, str]] | None = None, source: object = None, hint: str | None = None
    ) -> None:
        super().__init__(message, source=source, hint=hint)
        self.ops = dict(ops or {})


class UnsupportedAttribute(LoweringError):
    """An option of a known layer or op that no rule covers."""


class InferenceError(LoadstoneError, RuntimeError):
    """The model could not be run."""


class InputMismatch(InferenceError, ValueError):
    """The data do not fit the model's inputs."""


class MissingDependency(LoadstoneError, ImportError):
    """An optional package is needed; the message has the exact pip command."""
