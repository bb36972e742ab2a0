"""Where a layer stands in the JSON of its file: `$.config.layers[3]`, or `$.config.layers[3].config.activation` for its activation."""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 200


class Places:
    """The places of one config. Nothing is walked through before a place is asked for.

    config: as the file has it. A layer that history has spelt anew is found by its class and name, where one alone has both.
    """

    def __init__(self, config: Any) -> None:
        self._config = config
        self._layers: dict[str, Any] = {}
        self._paths: dict[int, str] | None = None
        self._named: dict[tuple[str, str], list[str]] = {}

    def enter(self, path: str, stored: Any) -> None:
        """A layer of this path is read from this dict."""
        self._layers.setdefault(path, stored)

    def locate(self, where: str) -> str:
        """The place of a layer, or of an option of one ("dense.activation"); "" where it is not known."""
        if where in self._layers:
            return self._of(self._layers[where])
        layer, _, option = where.rpartition(".")
        found = self._of(self._layers[layer]) if layer in self._layers else ""
        return f"{found}.config.{option}" if found else ""

    def _of(self, stored: Any) -> str:
        if self._paths is None:
            self._paths = {}
            self._walk(self._config, "$", 0)
        found = self._paths.get(id(stored))
        alike = self._named.get(_name(stored), [])
        return found if found is not None else alike[0] if len(alike) == 1 else ""

    def _walk(self, part: Any, path: str, depth: int) -> None:
        assert self._paths is not None
        if depth > MAX_DEPTH:
            return
        if isinstance(part, dict):
            if "class_name" in part:
                self._paths[id(part)] = path
                self._named.setdefault(_name(part), []).append(path)
            for key, value in part.items():
                self._walk(value, f"{path}.{key}" if str(key).isidentifier() else f"{path}[{str(key)!r}]", depth + 1)
        elif isinstance(part, list):
            for i, value in enumerate(part):
                self._walk(value, f"{path}[{i}]", depth + 1)


def _name(stored: dict[str, Any]) -> tuple[str, str]:
    config = stored.get("config")
    own = config.get("name") if isinstance(config, dict) else None
    return str(stored.get("class_name")), str(own or stored.get("name"))
