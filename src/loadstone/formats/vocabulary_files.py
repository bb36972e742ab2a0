"""Vocabularies that a DenseFeatures keeps in files of their own: a column names the file by the path that it had where the model was made.

Only the last part of that path is looked for: in the folder of the model's file, and in the `assets` of a SavedModel. A column whose
file is there becomes one with a list, which means the same (tensorflow/python/feature_column/feature_column_v2.py of 2.15,
`VocabularyFileCategoricalColumn`); another one is left as it is, and refused by name when it is lowered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loadstone.containers.source import Source
from loadstone.errors import ModelError

_FILE, _LIST = "VocabularyFileCategoricalColumn", "VocabularyListCategoricalColumn"
_KEPT = ("key", "dtype", "default_value", "num_oov_buckets")
MAX_SIZE = 1 << 28


def with_vocabularies(config: dict[str, Any], source: Source | None) -> dict[str, Any]:
    """The config of a model with the vocabularies that lie beside its file as lists. Raises ModelError for one that does not fit."""
    if source is None or not (source.path or source.folder) or not any(_named(config)):
        return config
    return _inlined(config, source)  # type: ignore[no-any-return]


def _named(config: Any) -> Iterator[dict[str, Any]]:
    """The layers of a model, and of models inside, that have such columns."""
    inner = config.get("config") if isinstance(config, dict) else None
    if isinstance(inner, dict) and config.get("class_name") == "DenseFeatures" and _FILE in repr(inner):
        yield config
    for layer in inner.get("layers") or () if isinstance(inner, dict) else ():
        yield from _named(layer)


def _inlined(found: Any, source: Source) -> Any:
    if isinstance(found, list):
        return [_inlined(item, source) for item in found]
    if not isinstance(found, dict):
        return found
    if found.get("class_name") == _FILE and isinstance(found.get("config"), dict):
        return _column(found, source)
    return {key: _inlined(value, source) for key, value in found.items()}


def _column(column: dict[str, Any], source: Source) -> dict[str, Any]:
    config = column["config"]
    name = str(config["vocabulary_file"]).replace("\\", "/").rpartition("/")[2]
    file = _beside(name, source)
    if file is None:
        return column
    if file.size > MAX_SIZE:
        raise ModelError(f"the vocabulary of {file.size} bytes is longer than {MAX_SIZE}", where=file.name)
    lines = bytes(file.read()).replace(b"\r", b"").split(b"\n")  # TensorFlow drops every carriage return (core/lib/io/inputbuffer.cc)
    lines = lines[:-1] if lines[-1] == b"" else lines
    size = config.get("vocabulary_size")
    if size is not None and len(lines) < size:
        raise ModelError(f"the vocabulary has {len(lines)} lines, the column '{config['key']}' takes {size}", where=file.name)
    terms = [_term(line, config["dtype"], file.name) for line in lines[:size]]
    if len(set(terms)) < len(terms):
        raise ModelError("the vocabulary has a term twice, which TensorFlow refuses", where=file.name)
    return {**column, "class_name": _LIST, "config": {**{key: config[key] for key in _KEPT}, "vocabulary_list": terms}}


def _beside(name: str, source: Source) -> Source | None:
    """The file with that name that belongs to the model."""
    if name in ("", ".", ".."):
        return None
    if source.folder and f"assets/{name}" in source.files_below("assets"):
        return source.member(f"assets/{name}")
    around = source.beside() if source.path else None
    file = around.member(name) if around is not None and name in around.entries else None
    return None if file is None or file.folder else file


def _term(line: bytes, dtype: str, name: str) -> str | int:
    try:
        return line.decode() if dtype == "string" else int(line)
    except ValueError as error:
        raise ModelError(f"a term of the vocabulary is not {'text in UTF-8' if dtype == 'string' else 'a number'}", where=name) from error
