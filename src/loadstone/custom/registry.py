"""The registry of custom objects and its scopes, as `keras.saving` has them.

    @loadstone.register_keras_serializable("my_package")
    class MyLayer: ...

    with loadstone.custom_object_scope({"my_activation": my_activation}):
        model = loadstone.load_model("model.h5")

Semantics: keras/src/saving/object_registration.py of Keras 3, with two differences: a scope is a context variable, so that
threads and tasks do not see each other's, and a class needs no `get_config` to be registered, since nothing is saved with it.
The registry is the only state of the process that loadstone keeps; each load takes a snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from threading import RLock
from typing import Any, TypeVar

T = TypeVar("T")


class Registry(MutableMapping[str, Any]):
    """A dict of custom objects that threads may share."""

    def __init__(self) -> None:
        self._objects: dict[str, Any] = {}
        self._lock = RLock()

    def __getitem__(self, name: str) -> Any:
        with self._lock:
            return self._objects[name]

    def __setitem__(self, name: str, value: Any) -> None:
        with self._lock:
            self._objects[name] = value

    def __delitem__(self, name: str) -> None:
        with self._lock:
            del self._objects[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.snapshot())

    def __len__(self) -> int:
        with self._lock:
            return len(self._objects)

    def __repr__(self) -> str:
        return f"Registry({self.snapshot()!r})"

    def snapshot(self) -> dict[str, Any]:
        """What is registered now."""
        with self._lock:
            return dict(self._objects)


_REGISTRY = Registry()
_SCOPE: ContextVar[Mapping[str, Any] | None] = ContextVar("loadstone_custom_objects", default=None)


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[T], T]:
    """Decorator: registers a class or function under "package>name" for every later load."""

    def register(registered: T) -> T:
        _REGISTRY[f"{package}>{name or getattr(registered, '__name__', type(registered).__name__)}"] = registered
        return registered

    return register


@contextmanager
def custom_object_scope(custom_objects: Mapping[str, Any]) -> Iterator[None]:
    """Loads inside the `with` find these objects too; an inner scope adds to the one around it."""
    token = _SCOPE.set({**(_SCOPE.get() or {}), **custom_objects})
    try:
        yield
    finally:
        _SCOPE.reset(token)


def get_custom_objects() -> Registry:
    """The registry itself: what is put into it is found by every later load."""
    return _REGISTRY


def visible(supplied: Mapping[str, Any] | None) -> dict[str, Any]:
    """A snapshot of all that a load can see: what it was given wins over scopes, scopes over the registry."""
    found = {**_REGISTRY.snapshot(), **(_SCOPE.get() or {}), **(supplied or {})}
    return {name: value for name, value in found.items() if value is not None}
