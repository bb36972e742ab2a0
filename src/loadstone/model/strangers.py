"""What a file asks of a reader who has it and nothing else: objects to supply, and what is odd about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loadstone.custom import Given, Missing
from loadstone.custom.classes import keras_layer_of, overrides
from loadstone.custom.report import message
from loadstone.errors import MissingCustomObjects, ModelError
from loadstone.ir import Layer, Model
from loadstone.model.training_objects import foreign


def needs_of(missing: tuple[Missing, ...], read: Model) -> tuple[Missing, ...]:
    """What a reader has to supply. missing: what was missed when the file was read without any object, as `read`."""
    training = [
        Missing(kind, name.rpartition(">")[2], (where,), note="for training alone") for (kind, name), where in foreign(read).items()
    ]
    return (*missing, *training)


def warnings_of(root: Layer | None) -> tuple[str, ...]:
    """What is odd about the layers of a file, each thing once."""
    return tuple(dict.fromkeys(line for layer in (root.walk() if root is not None else ()) for line in _of_layer(layer)))


def refuse(needs: tuple[Missing, ...], warnings: tuple[str, ...]) -> None:
    """Raise MissingCustomObjects or ModelError where there is anything that a stranger could stumble over."""
    if needs:
        raise MissingCustomObjects(f"{message(needs)}\nstrict=True: nothing was written", missing=needs)
    if warnings:
        lines = "\n".join(f"  - {line}" for line in warnings)
        raise ModelError(f"a reader of the file could stumble over this (strict=True: nothing was written):\n{lines}")


def _of_layer(layer: Layer) -> Iterator[str]:
    place = layer.path or layer.name
    if layer.class_name == "Lambda":
        stored = layer.config.get("function")
        code = isinstance(stored, (list, tuple)) or (isinstance(stored, Mapping) and stored.get("class_name") == "__lambda__")
        if layer.given is None and code:
            yield f"the Lambda layer {place!r} keeps compiled Python: Keras opens it with safe_mode=False alone, on the same Python"
    for given in (layer.given, *layer.config.values()):
        if isinstance(given, Given):
            yield from _of_object(given)


def _of_object(given: Given) -> Iterator[str]:
    supplied, name = given.object, given.name.rpartition(">")[2]
    own = getattr(supplied, "__name__", None)
    if isinstance(own, str) and own != name and not isinstance(supplied, type):
        shown = "a lambda expression" if own == "<lambda>" else f"the function {own!r}"
        yield f"{given.name!r} is {shown}: a reader has to supply it under the name of the file"
    elif isinstance(own, str) and own != name:
        yield f"{given.name!r} is the class {own!r}: a reader has to supply it under the name of the file"
    if _keeps_nothing(supplied):
        yield f"{given.name!r} has no get_config: a Keras that has opened the file cannot save it again"


def _keeps_nothing(supplied: Any) -> bool:
    """True for a Keras class with arguments of its own and no `get_config`."""
    return (
        isinstance(supplied, type)
        and keras_layer_of(supplied) is not None
        and overrides(supplied, "__init__")
        and not overrides(supplied, "get_config")
    )
