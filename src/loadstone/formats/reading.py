"""What all readers of formats do alike: errors gain the file, and a file that was mapped must not change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from loadstone.containers.source import Source
from loadstone.errors import LoadstoneError
from loadstone.ir import Layer


@contextmanager
def reading(source: Source) -> Iterator[None]:
    """Errors raised inside say which file was read."""
    try:
        yield
    except LoadstoneError as error:
        error.at(source=source.name)
        raise


def only_mapped(sources: Iterable[Source], root: Layer | None = None) -> Callable[[], None] | None:
    """A check that no mapped source was rewritten, those of SavedModels inside a model included; None where nothing is mapped."""
    inside = [source for layer in (root.walk() if root is not None else ()) if layer.saved is not None for source in layer.saved.sources]
    mapped = [source for source in (*sources, *inside) if source.mapped]
    if not mapped:
        return None

    def unchanged() -> None:
        for source in mapped:
            source.check_unchanged()

    return unchanged


def without(weights: object, what: str) -> None:
    """Refuse weights for a file of a kind that cannot take others than its own."""
    if weights is not None:
        raise ValueError(f"weights= is for models of Keras and for .meta graphs; {what} has its own")
