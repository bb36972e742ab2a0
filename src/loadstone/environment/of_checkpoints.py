"""Checkpoints of TensorFlow, which name no release: what their format, their graph of objects and their names tell.

The second format came with TensorFlow 0.12. Checkpoints by objects have a TrackableObjectGraph: `tf.train.Checkpoint` and Keras write it
since 1.9, with `has_checkpoint_values` since 2.8. Optimizers keep their variables as `_variables` since Keras 2.11.
"""

from __future__ import annotations

from collections.abc import Iterable

from loadstone.containers.trackable_proto import OBJECTS
from loadstone.containers.wire import content, fields, text
from loadstone.environment.evidence import IMPLIED, LIKELY, Clues
from loadstone.ir import Tensor

_HAS_VALUES = 5  # the field has_checkpoint_values of an object


def add(clues: Clues, tensors: dict[str, Tensor], version_1: bool) -> None:
    """Evidence from a checkpoint."""
    clues.of_library("tensorflow", "a checkpoint of TensorFlow", LIKELY)
    if version_1:
        clues.add("tensorflow", "a checkpoint of the first format, which TensorFlow 1 wrote by default up to 0.11", None, None, LIKELY)
        return
    clues.add("tensorflow", "a checkpoint of the second format, which TensorFlow 0.12 brought", (0, 12, 0))
    if OBJECTS not in tensors:
        clues.add("tensorflow", "its variables are by name, as TensorFlow 1 keeps them", None, None, LIKELY)
        return
    graph = bytes(tensors[OBJECTS].numpy()[()])
    children, values = _told(graph)
    if values:
        clues.add("tensorflow", "its objects have 'has_checkpoint_values', which TensorFlow 2.8 brought", (2, 8, 0))
    else:
        clues.add("tensorflow", "its objects lack 'has_checkpoint_values', which TensorFlow 2.8 brought", (1, 5, 0), (2, 7))
    of_keras(clues, children, tensors)


def of_keras(clues: Clues, children: frozenset[str], names: Iterable[str]) -> None:
    """What the names of objects say of the Keras that saved them."""
    if any(child.startswith("layer_with_weights-") for child in children):
        clues.add("tensorflow", "its objects have 'layer_with_weights-0', which TensorFlow 1.9 brought", (1, 9, 0), None, IMPLIED)
    if any("optimizer/_variables/" in name for name in names):
        clues.add("keras", "its optimizer has '_variables', which Keras 2.11 brought", (2, 11, 0))
        clues.add("tensorflow", "its optimizer has '_variables', which Keras 2.11 brought", (2, 11, 0))
    elif any("/.OPTIMIZER_SLOT/" in name for name in names):
        clues.add("tensorflow", "its optimizer has slots, as those before 2.11 and the legacy ones", None, None, LIKELY)


def _told(graph: bytes) -> tuple[frozenset[str], bool]:
    """The names of children, and whether objects say that they have values."""
    children: set[str] = set()
    values = False
    for number, node in fields(graph):
        for part, value in fields(content(node)) if number == 1 else ():
            values |= part == _HAS_VALUES
            if part == 1:
                children.add(text(dict(fields(content(value))).get(2, memoryview(b""))))
    return frozenset(children), values
