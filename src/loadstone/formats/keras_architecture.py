"""Architectures without weights: the JSON of `model.to_json()` and the YAML of `model.to_yaml()`, with the weights in another file."""

from __future__ import annotations

import re
from typing import Any

from loadstone.containers import json, yaml
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile
from loadstone.formats.format import Format, Match
from loadstone.formats.reading import only_mapped, reading
from loadstone.formats.weights import Weights
from loadstone.ir import Model

_HEAD = 1 << 16
_YAML = re.compile(rb"^(class_name|config|class_mode|input_config):", re.MULTILINE)


def detect(source: Source) -> Match | None:
    """JSON or YAML with a class_name and a config."""
    if source.folder:
        return None
    head = source.head(_HEAD)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b'"{')):
        found = _is_config(source)
        return Match("JSON") if found else None
    return Match("YAML") if _YAML.search(head) else None


def read(source: Source, custom: Any = None, weights: Weights | None = None) -> Model:
    """The model with weights from elsewhere, if they are given. custom: the caller's objects, for the frontend."""
    from loadstone.formats.configs import read_config
    from loadstone.formats.producer import of_versions
    from loadstone.frontends.keras.history.doubts import doubts
    from loadstone.frontends.keras.history.keras_0 import is_keras_0

    with reading(source):
        found = stored(source)
        if not isinstance(found, dict) or not (isinstance(found.get("class_name"), str) or is_keras_0(found)):
            raise CorruptFile("an architecture has a class_name and a config")
        version = found.get("keras_version") or (weights.version if weights else None)
        backend = found.get("backend") or (weights.backend if weights else None)
        producer = of_versions(version, backend=backend, config=found, names=weights.tensors if weights else ())
        root = read_config(found, producer, custom, source)
        extra = {} if weights is None else weights.assign(root, producer)
        return Model(
            format=FORMAT.name,
            source=source.name,
            producer=producer,
            root=root,
            extra=extra,
            findings=doubts(root, producer),
            lacks="weights" if weights is None else None,
            unchanged=only_mapped([] if weights is None else weights.sources, root),
        )


def _is_config(source: Source) -> bool:
    """True for JSON with the keys of a config, damaged or not."""
    try:
        stored = _json(source)
    except CorruptFile:
        head = source.head(_HEAD)
        return b'"class_name"' in head and b'"config"' in head
    if not isinstance(stored, dict):
        return False
    from loadstone.frontends.keras.history.keras_0 import is_keras_0

    return {"class_name", "config"} <= set(stored) or is_keras_0(stored)


def stored(source: Source) -> Any:
    """The config as the file has it, whatever its form."""
    if source.head(_HEAD).lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b'"{')):
        return _json(source)
    return yaml.read(source)


def _json(source: Source) -> Any:
    """The JSON; a string that holds JSON once more, as `json.dump(model.to_json())` writes it, is unpacked."""
    stored = json.read(source, "the architecture")
    return json.read(Source.of_bytes(stored.encode(), source.name), "the architecture") if isinstance(stored, str) else stored


FORMAT = Format("keras_architecture", "Keras architecture (JSON or YAML) with weights apart", (".json", ".yaml"), detect, read)
