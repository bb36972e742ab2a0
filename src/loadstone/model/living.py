"""`Model.to_keras`: from the description to a real `keras.Model` that predicts and trains on."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from loadstone.custom import CustomObjects
from loadstone.custom.hosting import Host
from loadstone.errors import LoweringError, ModelError, UnsupportedOps
from loadstone.ir import Layer
from loadstone.ir import Model as Description
from loadstone.live import Hosts, building, compiling
from loadstone.live.installed import choose
from loadstone.live.library import Library, library_of
from loadstone.model.comparison import same_predictions
from loadstone.model.training_objects import foreign_object, foreign_objects

if TYPE_CHECKING:
    from loadstone.model.model import Model


def to_keras(model: Model, compile: bool, library: str | None, custom_objects: Mapping[str, Any] | None) -> Any:
    """The living model; see `Model.to_keras`."""
    description = model._description
    if description.root is None:
        raise LoweringError(
            "a graph of TensorFlow has no layers that a Keras model could be made of", hint="write it as a SavedModel or as .onnx"
        )
    objects = {**getattr(model._compilation.host, "objects", {}), **(custom_objects or {})}
    layers = list(description.root.walk())
    chosen = choose(library, [layer.given.object for layer in layers if layer.given is not None])
    compiled = compile and model._compilation.compiled and bool(description.training_config)
    _check_given(layers, chosen)
    lost = _lost(description, objects, compiled)
    host = model._compilation.host if not custom_objects else Hosts(objects, getattr(model._compilation.host, "evaluate", None))
    root, config = _spelt(description, chosen, host, objects)
    live, pairs = building.build(chosen, config, root, _named(root, objects))
    coarsest = next((dtype for dtype in ("bfloat16", "float16") if any(layer.policy.compute == dtype for layer in layers)), "")
    with _at_rest(model) as one:
        same_predictions(one, lambda data: building.predict(chosen, live, root, data), what=chosen.title, computed=coarsest)
    compiling.reset(live)
    if _is_one_class(description.root):
        live = live.get_layer(description.root.name)
    if compiled:
        compiling.compile_as_saved(chosen, live, description, pairs, objects)
    if lost:
        warnings.warn(f"{chosen.title} model without what was not given: {', '.join(lost)}", stacklevel=3)
    return live


@contextmanager
def _at_rest(model: Model) -> Iterator[Model]:
    """The model; where it has states another one of it, so that those of this one stay as they are."""
    from loadstone.model.model import Model

    if not any(layer.config.get("stateful") for layer in model._description.root.walk()):  # type: ignore[union-attr]
        yield model
        return
    with Model(model._description, model._compilation) as other:
        yield other


def _spelt(
    description: Description, library: Library, host: Host | None, objects: Mapping[str, Any]
) -> tuple[Layer, dict[str, Any] | None]:
    """The layers in the library's form; for Keras 3 the config too."""
    if not library.is_keras_3:
        from loadstone.export.keras_2 import for_keras_2

        root, custom = for_keras_2(description, host, living=True), CustomObjects(objects)
        for layer in root.walk():
            layer.config = _known(layer.config, custom)
        return root, None
    from loadstone.export.convert import KerasFile

    file = KerasFile(description, host, include_optimizer=False)
    for finding in file.shared:
        warnings.warn(f"{library.title}: {finding.message}", stacklevel=4)
    return file.root, _known(file.config, CustomObjects(objects))


def _is_one_class(root: Layer) -> bool:
    """True for a class of the caller's that is the whole model, around which loading put a graph."""
    made = [layer for layer in root.layers() if layer.class_name != "InputLayer"]
    return len(made) == 1 and made[0].given is not None and made[0].name == root.name


def _known(config: Any, custom: CustomObjects) -> Any:
    """The config without regularizers and constraints that nobody has."""
    if isinstance(config, list):
        return [_known(part, custom) for part in config]
    if not isinstance(config, dict):
        return config
    kept = {}
    for key, value in config.items():
        kind = key.rpartition("_")[2]
        foreign = foreign_object(kind, value) if kind in ("regularizer", "constraint") and "_" in key else None
        kept[key] = None if foreign is not None and custom.find(kind, foreign) is None else _known(value, custom)
    return kept


def _check_given(layers: list[Layer], library: Library) -> None:
    """Raise UnsupportedOps where a layer of the caller's is none of this Keras."""
    foreign: dict[str, tuple[int, str]] = {}
    for layer in layers:
        if layer.given is None or layer.class_name == "Lambda":
            continue
        own = library_of(layer.given.object)
        if own is None or own.package is not library.package:
            count, first = foreign.get(layer.class_name, (0, layer.path))
            foreign[layer.class_name] = (count + 1, first)
    if foreign:
        raise UnsupportedOps(
            f"{', '.join(map(repr, foreign))} was given as something that is no layer of {library.title}", ops=foreign,
            hint="give to_keras its class in custom_objects when loading: one that inherits from keras.layers.Layer of that library",
        )  # fmt: skip


def _lost(description: Description, objects: Mapping[str, Any], compiled: bool) -> list[str]:
    """What only training needs and nothing was given for: raised with all of it where the model is compiled."""
    custom = CustomObjects(objects)
    lost = []
    for kind, name, where in foreign_objects(description):
        if kind == "initializer" or custom.find(kind, name) is not None:
            continue
        if compiled or where.partition(".")[0] != "training_config":
            lost.append(f"{kind} {name!r} at {where}")
            custom.miss(kind, name, where)
    if compiled and lost:
        try:
            custom.raise_missing(description.source)
        except ModelError as error:
            error.hint = f"give them in custom_objects; to_keras(compile=False) goes without. {error.hint or ''}"
            raise
    return lost


def _named(root: Layer, objects: Mapping[str, Any]) -> dict[str, Any]:
    """Every object under the names that the config has for it."""
    named = dict(objects)
    for layer in root.walk():
        if layer.given is not None:
            named.update(dict.fromkeys({layer.registered or layer.class_name, layer.class_name, layer.given.name}, layer.given.object))
        for value in layer.config.values():
            if hasattr(value, "kind") and hasattr(value, "object"):
                named[value.name] = value.object
    return named
