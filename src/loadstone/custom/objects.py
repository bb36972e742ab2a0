"""Custom objects of one load: what the caller supplied, looked up as Keras looks it up, and the list of what is missing.

Keras 3 finds a class by its registered name and a function by its name (keras/src/saving/serialization_lib.py,
`_retrieve_class_or_fn`); HDF5 files and tf.keras 2 have one name for both, and there a custom object also hides a built-in one
of that name (keras/src/legacy/saving/serialization.py). Beyond Keras, "package>Name" is found under "Name" as well, and
"Name" under the one registered "package>Name", so that it does not matter how the model was saved; so is the place where the
file says that it was defined ("my_package.layers>Name", "my_package.layers.Name"). What an imported Keras has registered is found last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from loadstone.custom.elsewhere import registered
from loadstone.custom.origins import origins
from loadstone.custom.registry import visible
from loadstone.custom.weights import weights_of
from loadstone.errors import MissingCustomObjects
from loadstone.ir import Layer
from loadstone.ir.records import dataclass


@dataclass(frozen=True)
class Given:
    """An object that the caller supplied for a name in the file. kind: "layer", "activation function", "function"."""

    kind: str
    name: str
    object: Any


@dataclass(frozen=True)
class Missing:
    """A name in the file that nothing stands for.

    kind "layer", "activation function" or "function"; where lists every place; config is the stored config of the first one.
    weights has one (name, shape) for each of its tensors in the file, in file order, None for a length that differs between
    the places. near are names that were supplied and look like it. module is where the file says the class was defined, and
    note what else is to be said. paths are the places as paths into the file's JSON ("$.config.layers[3]"), "" where that is
    spelt anew; origins the public packages that have something of this name.
    """

    kind: str
    name: str
    where: tuple[str, ...]
    config: Any = None
    weights: tuple[tuple[str, tuple[int | None, ...]], ...] = ()
    near: tuple[str, ...] = ()
    module: str | None = None
    note: str = ""
    paths: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Sought:
    kind: str
    name: str
    where: str
    config: Any
    layer: Layer | None
    module: str | None
    note: str
    package: str


class CustomObjects:
    """A snapshot of the objects that a load can see. What `miss` was told is remembered; `raise_missing` names all of it.

    objects: all by name, those that the caller passed first, then those of scopes, then the registry. supplied: the former alone.
    elsewhere: what an imported Keras has registered, which hides nothing that loadstone knows itself. alone: nothing but what was
    passed is seen, as by a process that has registered nothing.
    """

    def __init__(self, objects: Mapping[str, Any] | None = None, *, alone: bool = False) -> None:
        self.supplied = dict(objects or {})
        self.objects: Mapping[str, Any] = self.supplied if alone else visible(objects)
        self.elsewhere: Mapping[str, Any] = {} if alone else registered()
        self.locate: Callable[[str], str] = lambda where: ""  # the frontend knows where a place is in the file
        self._sought: list[_Sought] = []
        self._used: set[str] = set()

    def get(self, kind: str, name: str | None) -> Given | None:
        """What stands under exactly this name; this may hide a built-in object."""
        if not isinstance(name, str) or name not in self.objects:
            return None
        self._used.add(name)
        return Given(kind, name, self.objects[name])

    def find(self, kind: str, *names: str | None, module: str | None = None, elsewhere: bool = True) -> Given | None:
        """What stands under the first of these names that has something, with or without its package or module.

        module: where the file says that it was defined. elsewhere: whether what a Keras has registered counts.
        """
        placed = _placed(names, module)
        packaged = any(">" in name for name in names if isinstance(name, str))
        for name in placed:
            given = self.get(kind, name) or self.get(kind, _alike(name, self.objects, packaged))
            if given is not None:
                return given
        for name in placed if elsewhere else ():
            key = name if name in self.elsewhere else _alike(name, self.elsewhere, packaged)
            if key in self.elsewhere:
                return Given(kind, str(key), self.elsewhere[str(key)])
        return None

    def miss(
        self,
        kind: str,
        name: str,
        where: str,
        config: Any = None,
        layer: Layer | None = None,
        module: str | None = None,
        note: str = "",
    ) -> None:
        """Remember that nothing was found under a name. layer: what cannot run without it; its weights, once read, are reported."""
        package, _, own = name.rpartition(">")
        self._sought.append(_Sought(kind, own, where, config, layer, module, note, package))

    @property
    def missing(self) -> tuple[Missing, ...]:
        """Every name that was not found, once each, in file order."""
        groups: dict[tuple[str, str], list[_Sought]] = {}
        for sought in self._sought:
            groups.setdefault((sought.kind, sought.name), []).append(sought)
        unused = [name for name in self.objects if name not in self._used]
        passed = [name for name in unused if name in self.supplied]
        alone = tuple(passed) if len(passed) == len(groups) == 1 else ()
        return tuple(_merged(group, _near(group[0].name, unused) or alone, self.locate) for group in groups.values())

    def raise_missing(self, source: object = None, instead: str = "") -> None:
        """Raise MissingCustomObjects with every name that was not found. instead: what the file offers without them."""
        missing = self.missing
        if missing:
            from loadstone.custom.report import hint, message

            raise MissingCustomObjects(message(missing), missing=missing, source=source, hint=hint(missing, instead))


def _placed(names: tuple[str | None, ...], module: str | None) -> list[str]:
    """The names in the order in which they are tried, those with the module in front of the bare one last."""
    known = [name for name in names if isinstance(name, str) and name]
    bare = known[-1].rpartition(">")[2] if known else ""
    return known + ([f"{module}>{bare}", f"{module}.{bare}"] if module and bare else [])


def _alike(name: str, objects: Mapping[str, Any], packaged: bool) -> str | None:
    """ "package>Name" is "Name"; "Name" is "package>Name" or "module.Name" where one alone has it and the file names no package."""
    if ">" in name:
        return name.rpartition(">")[2]
    if packaged:
        return None
    found = [key for key in objects if key.endswith((f">{name}", f".{name}"))]
    return found[0] if len(found) == 1 else None


def _merged(group: list[_Sought], near: tuple[str, ...], locate: Callable[[str], str]) -> Missing:
    first = group[0]
    places = tuple(dict.fromkeys(s.where for s in group))
    weights = [[(name, tensor.shape) for name, tensor in weights_of(s.layer).items()] for s in group if s.layer is not None]
    return Missing(
        kind=first.kind,
        name=first.name,
        where=places,
        config=first.config,
        weights=_common(weights),
        near=near,
        module=first.module,
        note="; ".join(dict.fromkeys(s.note for s in group[:10] if s.note)),
        paths=tuple(locate(place) for place in places),
        origins=origins(first.name, first.package),
    )


def _common(weights: list[list[tuple[str, tuple[int, ...]]]]) -> tuple[tuple[str, tuple[int | None, ...]], ...]:
    """The weights of all layers of one class, a length that differs as None; those of the first where they differ in more."""
    if not weights:
        return ()
    common: list[tuple[str, tuple[int | None, ...]]] = list(weights[0])
    for other in weights[1:]:
        if [(name, len(shape)) for name, shape in other] != [(name, len(shape)) for name, shape in common]:
            return tuple(weights[0])
        pairs = zip(common, other, strict=True)
        common = [(name, tuple(a if a == b else None for a, b in zip(one, two, strict=True))) for (name, one), (_, two) in pairs]
    return tuple(common)


def _near(name: str, unused: list[str]) -> tuple[str, ...]:
    """Names that nothing in the file used and that look like this one."""
    from difflib import get_close_matches

    folded = {_fold(key): key for key in unused}
    return tuple(folded[match] for match in get_close_matches(_fold(name), folded, n=3, cutoff=0.6))


def _fold(name: str) -> str:
    return name.rpartition(">")[2].replace("_", "").casefold()
