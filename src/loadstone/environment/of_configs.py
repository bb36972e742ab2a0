"""Which releases can have written a config: each class had other keys in each release (`config_keys`).

A key that a release's class does not write rules that release out, as does the lack of one that it always writes, and a release without
the class is ruled out too where the class is an old one, whose name nobody else would have taken. A config that no release's class of
that name fits is of somebody else's class and says nothing; where no release is left for all of them, the config was edited and says
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loadstone.environment import config_keys
from loadstone.environment.config_keys import Column
from loadstone.environment.evidence import Clues
from loadstone.environment.ranges import Range

MAX_LAYERS = 5000  # the rest of a larger model is of the same classes
OWN_KEYS = 3  # a class with fewer keys of its own may be anybody's of that name
_COMMON = frozenset({"name", "trainable", "dtype", "batch_input_shape"})
_MODELS = frozenset({"Sequential", "Functional", "Model", "Graph"})
_LIBRARIES = {"keras": "Keras", "tf.keras": "TensorFlow", "tf_keras": "tf_keras"}


def add(clues: Clues, *configs: Any) -> None:
    """Evidence from a model's config and its training config (Any: JSON), within what is known already."""
    _modules(clues, configs)
    columns = config_keys.columns()
    left = _possible(clues, columns)
    reasons: list[tuple[str, str, bool, int]] = []
    for class_name, key, present, out in _facts(configs):
        if left & out:
            reasons.append((class_name, key, present, left & out))
            left &= ~out
    if not left or not reasons:
        return
    _tell(clues, columns, left, reasons)


def _tell(clues: Clues, columns: tuple[Column, ...], left: int, reasons: list[tuple[str, str, bool, int]]) -> None:
    """The ranges that the columns left make, each with the keys that bound it."""
    kept = [column for bit, column in enumerate(columns) if left >> bit & 1]
    libraries = list(dict.fromkeys(column.library for column in kept))
    why = "; ".join(_reason(*reason[:3]) for reason in reasons[:4]) + (f" and {len(reasons) - 4} more" if len(reasons) > 4 else "")
    if len(libraries) == 1:
        clues.of_library(libraries[0], f"its config has the keys of {_LIBRARIES[libraries[0]]} ({why})")
    if "keras" not in libraries:
        clues.add("tensorflow", f"its config: {why}", min(column.low for column in kept), max(column.high for column in kept))
    ranges = [_keras(column) for column in kept]
    if all(one is not None for one in ranges):
        lows, highs = [one.low for one in ranges if one and one.low], [one.high for one in ranges if one and one.high]
        clues.add("keras", f"its config: {why}", min(lows), max(highs, key=lambda high: (*high, 1 << 30)))


def _reason(class_name: str, key: str, present: bool) -> str:
    if not key:
        return f"the class {class_name}"
    return f"{class_name} has {key!r}" if present else f"{class_name} lacks {key!r}"


def _keras(column: Column) -> Range | None:
    """The versions of Keras in a column."""
    from loadstone.environment.said import keras_inside

    if column.library == "keras":
        return Range(column.low, column.high)
    inside = keras_inside(column.low)
    return None if inside is None else Range(*inside)


def _possible(clues: Clues, columns: tuple[Column, ...]) -> int:
    """The columns that fit what the file states."""
    keras, tensorflow = clues.range("keras"), clues.range("tensorflow")
    found = 0
    for bit, column in enumerate(columns):
        inside = _keras(column)
        fits = clues.library in (None, column.library) and (inside is None or keras.meet(inside) is not None)
        if fits and column.library != "keras":
            fits = tensorflow.meet(Range(column.low, column.high)) is not None
        found |= fits << bit
    return found


def _facts(configs: tuple[Any, ...]) -> Iterator[tuple[str, str, bool, int]]:
    """(class, key, whether it is there, columns ruled out) of every object in the configs; key "" for the class itself."""
    seen: set[tuple[str, frozenset[str]]] = set()
    for class_name, config in _objects(configs):
        signature = (class_name, frozenset(config))
        keys = config_keys.keys_of(class_name) if signature not in seen else None
        seen.add(signature)
        if keys is None:
            continue
        reasons = keys.reasons(config)
        fitting = keys.known
        for _, out, _ in reasons:
            fitting &= ~out
        if fitting:
            if len(set(config) - _COMMON) >= OWN_KEYS and keys.is_old_layer:
                yield class_name, "", True, config_keys.everything() & ~keys.known
            for key, out, present in reasons:
                yield class_name, key, present, out


def _objects(configs: tuple[Any, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Class and config of every object inside that is no model and is of Keras itself."""
    stack: list[Any] = list(configs)
    count = 0
    while stack and count < MAX_LAYERS * 10:
        part = stack.pop()
        if isinstance(part, dict):
            name, inner, module = part.get("class_name"), part.get("config"), part.get("module")
            if isinstance(name, str) and isinstance(inner, dict) and name not in _MODELS and _of_keras(part, module):
                count += 1
                yield name, inner
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)


def _of_keras(part: dict[str, Any], module: Any) -> bool:
    """False where an object says that it is of another package."""
    if module is None:
        return not part.get("registered_name") and ">" not in str(part["class_name"])
    return isinstance(module, str) and module.split(".")[0] in ("keras", "tf_keras") and ".ops" not in module


def _modules(clues: Clues, configs: tuple[Any, ...]) -> None:
    """Where the model's own class is from says which library wrote it (keras/src/saving/serialization_lib.py)."""
    config = configs[0] if configs else None
    module = config.get("module") if isinstance(config, dict) else None
    if not isinstance(module, str):
        return
    if module.startswith("tf_keras"):
        clues.of_library("tf_keras", f"the module of its class is {module!r}")
    elif module.startswith(("keras.src.models", "keras.models")) or module == "keras":
        if clues.library in (None, "keras") and '"batch_shape"' in str(config).replace("'", '"'):
            clues.of_library("keras", f"the module of its class is {module!r}, and inputs have 'batch_shape'")
            clues.add("keras", f"the module of its class is {module!r}, and inputs have 'batch_shape'", (3, 0, 0), None)
    elif module.startswith("keras.src.engine"):
        clues.of_library("tf.keras", f"the module of its class is {module!r}")
        clues.add("keras", f"the module of its class is {module!r}", (2, 13, 0), (2,))
