"""What a version that a file states means: which library wrote it, and which TensorFlow that library belongs to.

The Keras inside TensorFlow has versions of its own (tensorflow/python/keras/__init__.py of each release; the keras package from 2.6 on):
"2.2.4-tf" is that of TensorFlow 1.13 to 2.1. Standalone Keras ended with 2.3.1, since 2.4 only hands on to tf.keras. tf_keras goes on with
Keras 2 beside Keras 3, from TensorFlow 2.16 on.
"""

from __future__ import annotations

from loadstone.environment.evidence import IMPLIED, STATED, Clues
from loadstone.environment.ranges import Version, numbers, text

# The version that the Keras of TensorFlow writes -> the first and last TensorFlow that has it, read in their wheels.
_INSIDE: dict[str, tuple[Version, Version]] = {
    "2.0.0-tf": ((1, 1, 0), (1, 1)),
    "2.0.2-tf": ((1, 2, 0), (1, 2)),
    "2.0.6-tf": ((1, 3, 0), (1, 3)),
    "2.0.8-tf": ((1, 4, 0), (1, 4)),
    "2.1.2-tf": ((1, 5, 0), (1, 5)),
    "2.1.3-tf": ((1, 6, 0), (1, 6)),
    "2.1.4-tf": ((1, 7, 0), (1, 7)),
    "2.1.5-tf": ((1, 8, 0), (1, 8)),
    "2.1.6-tf": ((1, 9, 0), (1, 12)),
    "2.2.4-tf": ((1, 13, 0), (2, 1)),
    "2.3.0-tf": ((2, 2, 0), (2, 2)),
    "2.4.0": ((2, 3, 0), (2, 4)),
    "2.5.0": ((2, 5, 0), (2, 5)),
}
_LAST_INSIDE = (2, 15)


def keras(clues: Clues, version: str, where: str) -> None:
    """A `keras_version` that stands somewhere in a file."""
    found = numbers(version)
    if found is None:
        clues.add("keras", f"{where} has keras_version {version!r}, which is no version", certainty=STATED)
        return
    clues.add("keras", f"{where} has keras_version {version!r}", found, found, STATED)
    inside = _INSIDE.get(version)
    if inside is not None or "-tf" in version:
        clues.of_library("tf.keras", f"the version {version!r} is of the Keras inside TensorFlow", STATED)
        if inside is not None:
            clues.add("tensorflow", f"its Keras is {version!r}", *inside)
    elif (2, 4) <= found < (3,):
        minor = found[:2]
        if minor <= _LAST_INSIDE:
            clues.of_library("tf.keras", f"Keras {text(minor)} is that of TensorFlow", STATED)
        else:
            clues.of_library("tf_keras", f"Keras {text(minor)} is the package tf_keras", STATED)
        clues.add("tensorflow", f"Keras {text(minor)} belongs to TensorFlow {text(minor)}", (*minor, 0), minor)
    else:
        clues.of_library("keras", f"Keras {text(found)} is the package keras", STATED)


def backend(clues: Clues, name: str, where: str) -> None:
    """A `backend` that stands somewhere in a file."""
    clues.of_backend(name, f"{where} has it")


def tensorflow(clues: Clues, version: str, git: str | None, where: str) -> None:
    """A `tensorflow_version` that stands in a graph, and the commit that it was built from."""
    found = numbers(version)
    if found is None:
        return
    built = f", built from {git}" if git and git != "unknown" else ""
    clues.add("tensorflow", f"{where} has tensorflow_version {version!r}{built}", found, found, STATED)


def keras_inside(version: Version) -> tuple[Version, Version] | None:
    """The Keras inside a TensorFlow, or the tf_keras beside it: the first and last version; None before 1.1, which had none."""
    minor = version[:2]
    if minor >= (2, 6):
        return (*minor, 0), minor
    for name, (low, high) in _INSIDE.items():
        if low[:2] <= minor <= high:
            release = numbers(name)
            assert release is not None
            return release, release
    return None


__all__ = ["IMPLIED", "STATED", "backend", "keras", "keras_inside", "tensorflow"]
