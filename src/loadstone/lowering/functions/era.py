"""The release of Keras that a call was written for, where a function of one name meant different things in different releases.

A file states it as `keras_version`: "1.2.2", "2.2.4", "2.2.4-tf" (tf.keras of TensorFlow 1.13 to 2.1), "2.4.0", "3.3.3". Rules that
depend on it take it as `era`; None is an unknown one, for which a rule refuses what releases do not agree on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.ir.records import dataclass

Config = dict[str, Any]


@dataclass(frozen=True)
class Era:
    """A release of Keras.

    tf: it is tf.keras, which from 2.4 on is the one Keras there is. upgrade: the config of an operation of Keras 3, by the name of its
    class, as today's Keras would have it. backend: "theano" or another, where it is known. layout: where `keras.backend` had channels;
    None: nobody knows.
    """

    version: tuple[int, ...]
    tf: bool = False
    upgrade: Callable[[str, Config], Mapping[str, Any]] | None = None
    backend: str | None = None
    layout: str | None = "channels_last"

    def __post_init__(self) -> None:
        object.__setattr__(self, "tf", self.tf or self.version >= (2, 4))

    @property
    def tensorflow_1(self) -> bool | None:
        """Whether `tf` was TensorFlow 1; None where both were in use beside this release ("2.2.4-tf" is TensorFlow 1.13 to 2.1)."""
        between = (2, 2) if self.tf else (2, 3)
        return None if self.version[:2] == between else self.version[:2] < between

    @classmethod
    def of(cls, keras_version: str | None, backend: str | None = None) -> Era | None:
        """The release of a `keras_version`, perhaps with a backend; None where that is no version."""
        number, _, tail = (keras_version or "").partition("-")
        parts = [part for part in number.split(".")[:3] if part.isdecimal()]
        version = tuple(map(int, parts))
        layout = None if version < (2,) else "channels_last"
        return cls(version, tail == "tf", backend=backend, layout=layout) if len(version) > 1 else None


TENSORFLOW_1 = Era((2, 1), tf=True)  # what is called by the name that TensorFlow 1 has for it


def agreed(what: str, era: Era | None, told: Callable[[Era], bool | None]) -> bool:
    """What `told` says of the release. Raises UnsupportedAttribute where the release is not known, or does not tell."""
    found = None if era is None else told(era)
    if found is None:
        raise UnsupportedAttribute(f"{what}, which releases of Keras compute differently, where the release is not known")
    return found
