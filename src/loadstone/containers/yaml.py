"""YAML as data: the safe loader, and the few Python tags that old Keras wrote, each read as the plain value that it stands for.

Tuples are lists, strings of Python 2 are strings, numpy arrays and numbers are lists and numbers. Nothing is imported or called: any
other tag is UnsafeContent.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from loadstone.containers.source import Source
from loadstone.errors import CorruptFile, UnsafeContent

if TYPE_CHECKING:
    import yaml

MAX_TEXT = 64 << 20
MAX_NODES = 1_000_000  # aliases expanded

_PREFIX = "tag:yaml.org,2002:python/"
_PLAIN = {"unicode": "str", "str": "str", "int": "int", "long": "int", "float": "float", "bool": "bool", "none": "null"}
_SCALARS = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
_ARRAYS = ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")
_LISTS = ("data_structures.ListWrapper", "data_structures.List", "builtins.list", "builtins.tuple", "__builtin__.list", "__builtin__.tuple")
_DICTS = ("builtins.dict", "__builtin__.dict", "collections.OrderedDict", "data_structures._DictWrapper")


def read(source: Source) -> Any:
    """The value of a document: dicts, lists and scalars. Raises CorruptFile, UnsafeContent."""
    import yaml

    if source.size > MAX_TEXT:
        raise CorruptFile(f"{source.size} bytes of YAML, at most {MAX_TEXT} are read", source=source.name)
    try:
        loader = _loader()(bytes(source.read()))
        try:
            node = loader.get_single_node()
            _count(node, {})
            return None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError) as error:
        raise CorruptFile(f"the YAML is damaged: {' '.join(str(error).split())[:300]}", source=source.name) from error


def _count(node: yaml.Node | None, counts: dict[int, int]) -> int:
    """How many nodes there are once every alias is followed."""
    import yaml

    if not isinstance(node, yaml.CollectionNode):
        return 1
    if id(node) not in counts:
        counts[id(node)] = MAX_NODES  # a node inside itself has no end
        pairs = node.value if isinstance(node, yaml.SequenceNode) else [part for pair in node.value for part in pair]
        counts[id(node)] = 1 + sum(_count(part, counts) for part in pairs)
    if counts[id(node)] > MAX_NODES:
        raise CorruptFile(f"the YAML has more than {MAX_NODES} nodes once its aliases are followed")
    return counts[id(node)]


def _loader() -> type[yaml.SafeLoader]:
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """The safe loader with constructors for what Keras wrote."""

    Loader.add_constructor(f"{_PREFIX}tuple", lambda loader, node: loader.construct_sequence(node, deep=True))
    Loader.add_constructor(f"{_PREFIX}dict", lambda loader, node: loader.construct_mapping(node, deep=True))
    Loader.add_constructor(f"{_PREFIX}list", lambda loader, node: loader.construct_sequence(node, deep=True))
    for name, kind in _PLAIN.items():
        Loader.add_constructor(f"{_PREFIX}{name}", getattr(Loader, f"construct_yaml_{kind}"))
    Loader.add_multi_constructor(f"{_PREFIX}name:", lambda loader, suffix, node: suffix)
    Loader.add_multi_constructor(f"{_PREFIX}object/apply:", _applied)
    Loader.add_multi_constructor(f"{_PREFIX}object/new:", _made)
    Loader.add_constructor(None, _refuse)
    return Loader


def _applied(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    """A Python call, where it only builds plain data; the value of that data."""
    import yaml

    if suffix.endswith((*_LISTS, *_DICTS, *_SCALARS, *_ARRAYS)) or suffix == "numpy.dtype":
        if isinstance(node, yaml.MappingNode):
            stored = loader.construct_mapping(node, deep=True)
            args, state = stored.get("args", []), stored.get("state")
        else:
            args, state = loader.construct_sequence(node, deep=True), None
        try:
            return _built(suffix, args, state)
        except (TypeError, ValueError, IndexError, KeyError) as error:
            raise CorruptFile(f"the YAML holds a damaged {suffix}: {error}") from error
    return _refuse(loader, node)


def _made(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    """An object that is filled, where it is a list or dict of TensorFlow 1.14's: the list or dict."""
    import yaml

    keys = {"data_structures._ListWrapper": "listitems", "data_structures._DictWrapper": "dictitems"}
    key = next((key for name, key in keys.items() if suffix.startswith("tensorflow.") and suffix.endswith(name)), None)
    if key is None or not isinstance(node, yaml.MappingNode):
        return _refuse(loader, node)
    items = loader.construct_mapping(node, deep=True).get(key)
    return items if items is not None else [] if key == "listitems" else {}


def _built(name: str, args: list[Any], state: Any) -> Any:
    if name.endswith(_LISTS):
        return list(args[0]) if args else []
    if name.endswith(_DICTS):
        return dict(args[0]) if args else {}
    if name == "numpy.dtype":
        order = state[1] if isinstance(state, list) and len(state) > 1 and state[1] in ("<", ">") else ""
        return {"dtype": order + str(args[0]).lstrip("<>|=")}
    if name.endswith(_SCALARS):
        return np.frombuffer(_bytes(args[1]), _dtype(args[0]))[0].item()
    _, shape, dtype, fortran, data = state
    if not isinstance(data, (bytes, str)):
        raise ValueError("an array of objects")
    return np.frombuffer(_bytes(data), _dtype(dtype)).reshape(shape, order="F" if fortran else "C").tolist()


def _dtype(stored: Any) -> np.dtype:
    dtype: np.dtype = np.dtype(stored["dtype"])
    if dtype.kind not in "fiub":
        raise ValueError(f"elements of type {dtype}")
    return dtype


def _bytes(data: bytes | str) -> bytes:
    return data.encode("latin1") if isinstance(data, str) else data


def _refuse(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    tag = json.dumps(node.tag.replace("tag:yaml.org,2002:", "!!"))
    raise UnsafeContent(
        f"the YAML asks for {tag}, which would run code when it is read in Python",
        where=f"line {node.start_mark.line + 1}" if node.start_mark else None,
        hint="only plain data is read; remove the line if the model does not need it",
    )
