"""History of Keras configs: dated functions that turn an old spelling into today's.

Each `@upgrade` takes the class name and the config of one layer and returns both in the spelling after the change. A change
applies to files of releases before it; `upgrade_layer` runs all that apply, oldest first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loadstone.errors import UnsupportedVersion
from loadstone.ir import Producer
from loadstone.ir.records import dataclass

Config = dict[str, Any]
Change = Callable[[Config], Config]


@dataclass(frozen=True)
class Dated:
    """A change of spelling: for which classes, before which release of Keras, and how; since a later one too, where that went back."""

    before: tuple[int, ...]
    since: tuple[int, ...]
    classes: frozenset[str]
    change: Change

    def applies(self, class_name: str, release: tuple[int, ...]) -> bool:
        """Whether it concerns a class in files of a release."""
        return (release < self.before or release >= self.since) and (not self.classes or class_name in self.classes)


OLDEST = (0, 2)  # the changes since then are all here, and files were compared with what their release predicts

_CHANGES: list[Dated] = []


def check_known(producer: Producer) -> None:
    """Raise UnsupportedVersion for a release whose spelling and defaults are not known in full: its numbers could be others."""
    if producer.release < OLDEST:
        raise UnsupportedVersion(
            f"the file was saved by Keras {producer.version or 'of an unknown release'}, and nothing in it tells its spelling",
            hint="load it in its own release and save it from Keras 2.2",
        )


def upgrade(before: str, classes: str = "", since: str = "1000") -> Callable[[Change], Change]:
    """Decorator: the function upgrades configs of these classes (all, where none are named) of releases before `before`, and from `since`."""

    def register(function: Change) -> Change:
        first, last = (tuple(map(int, release.split("."))) for release in (since, before))
        _CHANGES.append(Dated(last, first, frozenset(classes.split()), function))
        _CHANGES.sort(key=lambda dated: dated.before)
        return function

    return register


def upgrade_layer(class_name: str, config: Config, producer: Producer) -> Config:
    """The config in today's spelling; the argument is left as it is."""
    config = dict(config)
    for dated in _CHANGES:
        if dated.applies(class_name, producer.release):
            config = dated.change(config)
    return config


from loadstone.frontends.keras.history import core, images, keras_2, operations, recurrent, spatial, text  # noqa: E402,F401  (fills the list)
