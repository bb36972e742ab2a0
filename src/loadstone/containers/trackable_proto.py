"""The graph of objects in a checkpoint: TrackableObjectGraph (tensorflow/core/protobuf/trackable_object_graph.proto)."""

from __future__ import annotations

from loadstone.containers.wire import content, fields, integer, text
from loadstone.errors import CorruptFile
from loadstone.ir import Tensor
from loadstone.ir.records import dataclass, field

OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH"  # the tensor that holds it


@dataclass(eq=False)
class TrackableObject:
    """An object: its attributes that are objects, by number, and the keys of its own values in the checkpoint."""

    children: dict[str, int] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)


def objects(stored: Tensor) -> list[TrackableObject]:
    """The objects of a checkpoint; the first is the root. Raises CorruptFile."""
    if stored.dtype != "string" or stored.shape:
        raise CorruptFile(f"the objects of the checkpoint are a {stored.dtype} of shape {stored.shape}", where=OBJECTS)
    found = []
    for number, node in fields(bytes(stored.numpy()[()])):
        if number == 1:
            made = TrackableObject()
            for part, value in fields(content(node)):
                if part == 1:
                    child = dict(fields(content(value)))
                    made.children[text(child.get(2, memoryview(b"")))] = integer(child.get(1, 0))
                elif part == 2:
                    attribute = dict(fields(content(value)))
                    made.keys.append(text(attribute.get(3, memoryview(b""))))
            found.append(made)
    if not found or any(not 0 <= child < len(found) for made in found for child in made.children.values()):
        raise CorruptFile("the objects of the checkpoint refer to one that is not there")
    return found
