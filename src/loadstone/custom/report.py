"""The text of `MissingCustomObjects`: all that is missing, with Keras' own words, and a start to paste.

Names, places and configs come from the file and are shown as `repr` shows them, cut where they are long.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from loadstone.custom.objects import Missing
from loadstone.custom.stub import stub

LISTED = 50  # of a file that names thousands of objects, the first say enough
WEIGHTS = 40  # of an object with thousands of them
_SAVED_MODEL = "A SavedModel of this model, made where its code is, would need none: it keeps what such layers compute as a graph."


def message(missing: Sequence[Missing]) -> str:
    """One line for each missing object; Keras users search for "Unknown layer: 'Name'"."""
    count = "an object that is" if len(missing) == 1 else f"{len(missing)} objects that are"
    lines = [f"the file uses {count} not Keras' own, and nothing was given for it:", *map(_line, missing[:LISTED])]
    if len(missing) > LISTED:
        lines.append(f"  - and {len(missing) - LISTED} more")
    return "\n".join(lines)


def hint(missing: Sequence[Missing], instead: str = "") -> str:
    """What to do, with code to fill in. instead: what the file offers without the objects."""
    ways = "pass what is missing as custom_objects; functions and classes may be plain numpy, or the Keras ones that you trained with."
    if any(m.kind == "layer" and isinstance(m.config, dict) and isinstance(m.config.get("layers"), list) for m in missing):
        ways += "\nA model class that changes training alone may be given as loadstone.Functional."
    if any(m.kind == "layer" for m in missing):
        ways += f"\n{instead or _SAVED_MODEL}"
    return f"{ways} A start to fill in:\n\n{stub(missing[:LISTED])}"


def facts(missing: Missing) -> list[str]:
    """What is known of a missing object, a line each, the first with what it is and where: for `inspect`."""
    return _parts(missing)


def _line(missing: Missing) -> str:
    return "  - " + "; ".join(_parts(missing))


def _parts(missing: Missing) -> list[str]:
    paths = [path for path in missing.paths if path]
    parts = [f"Unknown {missing.kind}: {quoted(missing.name)} at {_places(missing.where)}" + (f" ({_places(paths)})" if paths else "")]
    if missing.module:
        parts.append(f"defined in {quoted(missing.module)}")
    if isinstance(missing.config, dict) and missing.config:
        parts.append(f"config {settings(missing.config)}")
    if missing.weights:
        shown = [f"{plain(name)} {shape}" for name, shape in missing.weights[:WEIGHTS]]
        more = len(missing.weights) - WEIGHTS
        parts.append("weights " + ", ".join(shown) + (f" and {more} more" if more > 0 else ""))
    if missing.note:
        parts.append(missing.note)
    if missing.near:
        parts.append(f"you passed {' and '.join(map(quoted, missing.near))}, the file says {quoted(missing.name)}")
    if missing.origins:
        parts.append(f"a name known from {' and '.join(missing.origins)}")
    return parts


def _places(where: Sequence[str]) -> str:
    shown = ", ".join(plain(place) for place in where[:5])
    return f"{shown} and {len(where) - 5} more" if len(where) > 5 else shown


def settings(config: dict[str, Any], most: int = 12) -> str:
    """units=6, scale=1.25: what tells one layer from another, without what every layer has."""
    own = [(key, value) for key, value in config.items() if key not in ("name", "trainable", "dtype", "layers")]
    shown = [f"{plain(key)}={quoted(value, 60)}" for key, value in own[:most]]
    return ", ".join(shown + (["..."] if len(own) > most else [])) or "empty"


def quoted(value: object, most: int = 200) -> str:
    """The repr of something from a file: one line, nothing unprintable, cut where it is long."""
    shown = repr(value)
    return shown if len(shown) <= most else f"{shown[: most - 3]}..."


def plain(text: object, most: int = 200) -> str:
    """As `quoted`, without the quotes."""
    return quoted(str(text), most + 2)[1:].removesuffix("'").removesuffix('"')


def listed(names: Iterable[str]) -> str:
    """'a', 'b' and 'c'."""
    *most, last = map(quoted, names)
    return f"{', '.join(most)} and {last}" if most else last
