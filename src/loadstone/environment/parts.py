"""`Part`: a layer, model or cell of a config, with the way by which a library would make it.

Keras 3 has two readers. The old one, for HDF5, looks classes up by their bare names; the new one goes by the `module` beside the class. It
takes the new one for whatever stands inside wrappers, whichever file it is. tf_keras reads HDF5 and SavedModels with its old reader all
the way down.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loadstone.ir.records import dataclass

MAX_DEPTH = 100
MODELS = ("Sequential", "Functional", "Model")
# The options that hold layers, by class; these are made by the new reader of Keras 3.
_INNER = ("layer", "backward_layer", "forward_layer", "cell")


@dataclass(eq=False)
class Part:
    """One thing to be made. reader: "old" or "new". config: a copy as the library's constructor gets it. place: in the config.

    wrapped: it stands in a wrapper or is a cell. first: it is the first layer of a Sequential. root: it is the model.
    """

    class_name: str
    config: Any
    reader: str
    place: str
    stored: Mapping[str, Any]
    wrapped: bool = False
    first: bool = False
    root: bool = False
    parent: Part | None = None

    @property
    def name(self) -> str:
        """The layer's name, or its place."""
        found = self.config.get("name") if isinstance(self.config, Mapping) else None
        return found if isinstance(found, str) else self.place

    @property
    def module(self) -> str | None:
        """The module that the config names; None where it names none."""
        found = self.stored.get("module")
        return found if isinstance(found, str) else None

    @property
    def inner(self) -> list[Any]:
        """The configs of a model's layers."""
        found = self.config.get("layers") if isinstance(self.config, Mapping) else self.config
        return found if isinstance(found, list) else []

    @property
    def is_model(self) -> bool:
        """True for a model of layers."""
        layered = isinstance(self.config, Mapping) and isinstance(self.config.get("layers"), list)
        return self.class_name in MODELS or (layered and "input_layers" in self.config)


def parts(config: Any, library: str, reader: str) -> Iterator[Part]:
    """The model and all in it, outermost first. library: "keras3" or "tf_keras"; reader: the one for the model itself."""
    if isinstance(config, Mapping) and isinstance(config.get("class_name"), str):
        yield from _walk(config, library, reader, "$", None, 0)


def _walk(stored: Mapping[str, Any], library: str, reader: str, place: str, parent: Part | None, depth: int) -> Iterator[Part]:
    if depth > MAX_DEPTH:
        return
    config = stored.get("config")
    if isinstance(config, Mapping):
        config = dict(config)
    part = Part(str(stored.get("class_name")), config, reader, place, stored, parent=parent, root=parent is None)
    if library == "keras3" and reader == "old" and isinstance(config, dict):
        _as_keras_3(part.class_name, config)
    yield part
    if part.is_model:
        for number, inner in enumerate(part.inner):
            if isinstance(inner, Mapping) and "class_name" in inner:
                beneath = _reader_below(inner, library, reader)
                where = f"{place}.config{'.layers' if isinstance(config, dict) else ''}[{number}]"
                for found in _walk(inner, library, beneath, where, part, depth + 1):
                    found.first = found.first or (found.parent is part and not number)
                    yield found
    elif isinstance(config, dict):
        for key, inner in _wrapped(config):
            beneath = "new" if library == "keras3" else _reader_below(inner, library, reader)
            for found in _walk(inner, library, beneath, f"{place}.config.{key}", part, depth + 1):
                found.wrapped = True
                yield found


def _reader_below(inner: Mapping[str, Any], library: str, reader: str) -> str:
    """Which reader makes the layers of a model."""
    if library == "tf_keras" and reader == "old":
        return "old"  # the scope of the old reader holds for everything below it
    return "new" if "module" in inner else "old"


def _wrapped(config: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key in _INNER:
        inner = config.get(key)
        if isinstance(inner, Mapping) and "class_name" in inner:
            yield key, inner
    for key in ("cells", "layers"):
        for number, inner in enumerate(config[key] if isinstance(config.get(key), list) else []):
            if isinstance(inner, Mapping) and "class_name" in inner:
                yield f"{key}[{number}]", inner


_GONE_FROM_LAMBDAS = ("module", "function_type", "output_shape_type", "output_shape_module")


def _as_keras_3(class_name: str, config: dict[str, Any]) -> None:
    """What the old reader of Keras 3 does to a layer's config before anything else (keras/src/legacy/saving/saving_utils.py)."""
    shape = config.pop("batch_input_shape", None)
    if shape is not None:
        config["batch_shape" if class_name == "InputLayer" else "input_shape"] = shape
    axis = config.pop("axis", None)
    if isinstance(axis, list) and len(axis) == 1 or isinstance(axis, (int, float)):
        config["axis"] = axis
    if class_name == "Lambda":
        for key in _GONE_FROM_LAMBDAS:
            config.pop(key, None)
