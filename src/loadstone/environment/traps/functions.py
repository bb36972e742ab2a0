"""Traps of functions: activations by name, Lambda layers with compiled code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loadstone.custom import bytecode
from loadstone.custom.bytecode.stored import code_bytes
from loadstone.environment.diagnosis import Finding
from loadstone.environment.traps.classes import own
from loadstone.environment.traps.registry import Case, fix, trap
from loadstone.errors import LoadstoneError

_ACTIVATIONS = ("activation", "recurrent_activation", "inner_activation")
PYTHONS = ((3, 10), (3, 11), (3, 12), (3, 13))  # that TensorFlow 2.21, and with it tf_keras 2.21, has wheels for


@trap(docs="functions-by-name")
def activations(case: Case) -> Iterator[Finding]:
    """Names of functions that are not Keras' own: TensorFlow's internal ones and those of later releases."""
    for library in case.libraries:
        if case.stored.kind == "tf_saved_model":
            continue
        known = library.functions["activations"]
        for part in own(case, library):
            found = [part.config.get(key) for key in _ACTIVATIONS] if isinstance(part.config, Mapping) else []
            names = [value for value in map(_name, found) if value is not None]
            name = next((value for value in names if value not in known and not case.custom(value)), None)
            if name is not None:
                reason = f"{library.title} has no activation {name!r}; the file has the name that the function had in its own library."
                yield Finding(
                    "error",
                    (library.name,),
                    f"the activation {name} is not known",
                    reason,
                    fix(case, library.name),
                    part.place,
                    "Could not interpret activation function identifier",
                )
                break


@trap(docs="functions-by-name")
def functions_as_objects(case: Case) -> Iterator[Finding]:
    """tf.keras 2.13 and later write a function of the user's as an object; the old reader of tf_keras takes that for a class."""
    if case.reader("tf_keras") != "old" or case.stored.kind == "tf_saved_model":
        return
    for library in case.libraries:
        if library.name != "tf_keras":
            continue
        for part in own(case, library):
            found = [part.config.get(key) for key in _ACTIVATIONS] if isinstance(part.config, Mapping) else []
            if any(isinstance(value, Mapping) and value.get("class_name") == "function" for value in found):
                yield Finding(
                    "error",
                    ("tf_keras",),
                    f"{part.class_name} has a function of the user's as an object",
                    "tf_keras writes it so into HDF5 and cannot read it back from there; a .keras file of the same model it can.",
                    fix(case, "tf_keras"),
                    part.place,
                    "Unknown activation function: 'function'",
                )
                return


@trap(docs="functions-by-name")
def words_that_are_functions(case: Case) -> Iterator[Finding]:
    """The old reader of Keras 3 replaces any text in a config that is the name of a function of keras.layers: `score_mode="dot"`."""
    for library in case.libraries:
        if library.name != "keras3":
            continue
        for part in own(case, library):
            if part.reader != "old" or not isinstance(part.config, Mapping):
                continue
            for key, value in part.config.items():
                if key != "name" and isinstance(value, str) and value in library.functions["layers"]:
                    reason = f"{key}={value!r} is also the name of the function keras.layers.{value}, which is put in its place."
                    yield Finding(
                        "error",
                        ("keras3",),
                        f"{part.class_name} has the word {value}",
                        reason,
                        fix(case, "keras3"),
                        part.place,
                        f"Error when deserializing class '{part.class_name}'",
                    )
                    return


@trap(docs="lambdas")
def lambda_in_safe_mode(case: Case) -> Iterator[Finding]:
    """Code in the file: Keras 3 refuses it always, tf_keras in JSON and in the v3 format."""
    for library in case.libraries:
        if case.stored.kind == "tf_saved_model" or library.name == "tf_keras" and case.stored.kind == "keras_h5":
            continue
        for part in own(case, library):
            if part.class_name == "Lambda" and _code(part.config) is not None:
                message = (
                    "Requested the deserialization of a `Lambda` layer"
                    if library.name == "keras3"
                    else "Requested the deserialization of a Lambda layer with a Python `lambda` inside it"
                )
                reason = "It keeps a function as compiled Python, run with safe_mode=False alone. loadstone reads it and runs nothing."
                yield Finding("error", (library.name,), "a Lambda layer with code", reason, fix(case, library.name), part.place, message)
                break


@trap(docs="lambdas")
def lambda_of_another_python(case: Case) -> Iterator[Finding]:
    """Compiled code is understood by the Python that compiled it alone."""
    for library in case.libraries:
        if library.name != "tf_keras" or case.stored.kind != "keras_h5":
            continue
        for part in own(case, library):
            code = _code(part.config) if part.class_name == "Lambda" else None
            if code is None:
                continue
            known = code_releases(part.config)
            if known & set(PYTHONS):
                words = " or ".join(".".join(map(str, release)) for release in sorted(known))
                yield Finding(
                    "warning",
                    ("tf_keras",),
                    f"a Lambda layer that Python {words} compiled",
                    "tf_keras loads it under that Python alone, and runs its code.",
                    fix(case, "keras3"),
                    part.place,
                )
            else:
                words = " or ".join(".".join(map(str, release)) for release in sorted(known)) or "an unknown Python"
                reason = f"The code was compiled by Python {words}; no Python that tf_keras runs on reads it."
                yield Finding(
                    "error",
                    ("tf_keras",),
                    "a Lambda layer of another Python",
                    reason,
                    fix(case, "keras3"),
                    part.place,
                    "bad marshal data (unknown type code)",
                )
            return


@trap(docs="lambdas")
def lambda_by_name(case: Case) -> Iterator[Finding]:
    """A Lambda of a named function: only its name is in the file."""
    for library in case.libraries:
        if library.name != "keras3":
            continue
        for part in own(case, library):
            function = part.config.get("function") if part.class_name == "Lambda" and isinstance(part.config, Mapping) else None
            if isinstance(function, str) and not case.custom(function):
                yield Finding(
                    "error",
                    ("keras3",),
                    f"a Lambda layer of the function {function}",
                    "The file has its name alone.",
                    fix(case, "keras3"),
                    part.place,
                    "'str' object is not callable",
                )
                return


def _name(value: Any) -> str | None:
    """The name of a function in either form: as text, or as an object of the class "function"."""
    if isinstance(value, Mapping) and value.get("class_name") == "function":
        value = value.get("config")
    return value if isinstance(value, str) else None


def _code(config: Any) -> Any:
    """The compiled function of a Lambda; None where there is none."""
    function = config.get("function") if isinstance(config, Mapping) else None
    if isinstance(function, list) and function and isinstance(function[0], str):
        return function
    if isinstance(function, Mapping) and function.get("class_name") == "__lambda__":
        return function
    return None


def code_releases(config: Mapping[str, Any]) -> set[tuple[int, int]]:
    """The Pythons that can have compiled a Lambda's function; none where its code is not read."""
    value = _code(config)
    text = value.get("config", {}).get("code") if isinstance(value, Mapping) else value[0]
    try:
        return (
            {release for raw in bytecode.read(code_bytes(text)) for release in bytecode.versions(raw)} if isinstance(text, str) else set()
        )
    except LoadstoneError:
        return set()
