"""Messages of TensorFlow written as text or JSON, as the bytes that they stand for.

Only the fields that are read are in the table; others are passed over. Text: https://protobuf.dev/reference/protobuf/textformat-spec/;
JSON: https://protobuf.dev/programming-guides/json/. Numbers are those of the .proto files in tensorflow/core/framework and protobuf.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from loadstone.containers import wire
from loadstone.containers.graph_proto import TYPES
from loadstone.errors import CorruptFile

MAX_DEPTH = 100
_ATTRIBUTES = "map AttrValue"
_LIST = {"s": (2, "bytes"), "i": (3, "int"), "f": (4, "float"), "b": (5, "bool"), "type": (6, "type"), "shape": (7, "TensorShapeProto"),
         "tensor": (8, "TensorProto"), "func": (9, "NameAttrList")}  # fmt: skip
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "GraphDef": {"node": (1, "NodeDef"), "library": (2, "FunctionDefLibrary"), "versions": (4, "VersionDef")},
    "VersionDef": {"producer": (1, "int"), "min_consumer": (2, "int")},
    "NodeDef": {"name": (1, "string"), "op": (2, "string"), "input": (3, "string"), "device": (4, "string"), "attr": (5, _ATTRIBUTES)},
    "AttrValue": {
        "list": (1, "ListValue"), "s": (2, "bytes"), "i": (3, "int"), "f": (4, "float"), "b": (5, "bool"), "type": (6, "type"),
        "shape": (7, "TensorShapeProto"), "tensor": (8, "TensorProto"), "placeholder": (9, "string"), "func": (10, "NameAttrList"),
    },
    "ListValue": _LIST,
    "NameAttrList": {"name": (1, "string"), "attr": (2, _ATTRIBUTES)},
    "TensorShapeProto": {"dim": (2, "Dim"), "unknown_rank": (3, "bool")},
    "Dim": {"size": (1, "int"), "name": (2, "string")},
    "TensorProto": {
        "dtype": (1, "type"), "tensor_shape": (2, "TensorShapeProto"), "version_number": (3, "int"), "tensor_content": (4, "bytes"),
        "float_val": (5, "float"), "double_val": (6, "double"), "int_val": (7, "int"), "string_val": (8, "bytes"),
        "scomplex_val": (9, "float"), "int64_val": (10, "int"), "bool_val": (11, "bool"), "dcomplex_val": (12, "double"),
        "half_val": (13, "int"), "uint32_val": (16, "int"), "uint64_val": (17, "int"),
    },
    "FunctionDefLibrary": {"function": (1, "FunctionDef")},
    "FunctionDef": {
        "signature": (1, "OpDef"), "node_def": (3, "NodeDef"), "ret": (4, "map string"), "attr": (5, _ATTRIBUTES), "control_ret": (6, "map string"),
    },
    "OpDef": {
        "name": (1, "string"), "input_arg": (2, "ArgDef"), "output_arg": (3, "ArgDef"), "is_stateful": (17, "bool"), "control_output": (20, "string"),
    },
    "ArgDef": {"name": (1, "string"), "type": (3, "type"), "type_attr": (4, "string"), "number_attr": (5, "string"), "type_list_attr": (6, "string")},
    "SavedModel": {"saved_model_schema_version": (1, "int"), "meta_graphs": (2, "MetaGraphDef")},
    "MetaGraphDef": {
        "meta_info_def": (1, "MetaInfoDef"), "graph_def": (2, "GraphDef"), "saver_def": (3, "SaverDef"), "collection_def": (4, "map CollectionDef"),
        "signature_def": (5, "map SignatureDef"), "asset_file_def": (6, "AssetFileDef"), "object_graph_def": (7, "SavedObjectGraph"),
    },
    "MetaInfoDef": {"tags": (4, "string"), "tensorflow_version": (5, "string"), "tensorflow_git_version": (6, "string")},
    "SaverDef": {"filename_tensor_name": (1, "string"), "save_tensor_name": (2, "string"), "restore_op_name": (3, "string")},
    "CollectionDef": {"node_list": (1, "NodeList"), "bytes_list": (2, "BytesList")},
    "NodeList": {"value": (1, "string")},
    "BytesList": {"value": (1, "bytes")},
    "SignatureDef": {"inputs": (1, "map TensorInfo"), "outputs": (2, "map TensorInfo"), "method_name": (3, "string")},
    "TensorInfo": {"name": (1, "string"), "dtype": (2, "type"), "tensor_shape": (3, "TensorShapeProto"), "coo_sparse": (4, "CooSparse")},
    "CooSparse": {"values_tensor_name": (1, "string"), "indices_tensor_name": (2, "string"), "dense_shape_tensor_name": (3, "string")},
    "AssetFileDef": {"tensor_info": (1, "TensorInfo"), "filename": (2, "string")},
    "SavedObjectGraph": {"nodes": (1, "SavedObject"), "concrete_functions": (2, "map SavedConcreteFunction")},
    "SavedObject": {
        "children": (1, "ObjectReference"), "user_object": (4, "Nothing"), "asset": (5, "SavedAsset"), "function": (6, "SavedFunction"),
        "variable": (7, "SavedVariable"), "bare_concrete_function": (8, "SavedBare"), "constant": (9, "SavedConstant"), "resource": (10, "Nothing"),
    },
    "Nothing": {},
    "ObjectReference": {"node_id": (1, "int"), "local_name": (2, "string")},
    "SavedAsset": {"asset_file_def_index": (1, "int")},
    "SavedFunction": {"concrete_functions": (1, "string")},
    "SavedBare": {"concrete_function_name": (1, "string")},
    "SavedConstant": {"operation": (1, "string")},
    "SavedVariable": {"dtype": (1, "type"), "shape": (2, "TensorShapeProto"), "trainable": (3, "bool"), "name": (6, "string")},
    "SavedConcreteFunction": {"bound_inputs": (2, "int")},
}  # fmt: skip
_TYPE_NUMBERS = {
    **{f"DT_{name.upper()}": number for number, name in TYPES.items()},
    "DT_FLOAT": 1, "DT_DOUBLE": 2, "DT_HALF": 19, "DT_INVALID": 0,
}  # fmt: skip
_TYPE_NUMBERS |= {f"{name}_REF": number + 100 for name, number in _TYPE_NUMBERS.items()}


def of_text(text: str, message: str) -> bytes:
    """The bytes of a message in text format. Raises CorruptFile."""
    tokens = _Tokens(text)
    return _text_fields(tokens, message, None, 0)


def of_json(value: Any, message: str, depth: int = 0) -> bytes:
    """The bytes of a message as JSON (already parsed). Raises CorruptFile."""
    if not isinstance(value, dict) or depth > MAX_DEPTH:
        raise CorruptFile(f"a {message} that is no JSON object")
    parts = []
    fields = _MESSAGES[message]
    for key, found in value.items():
        field = fields.get(key) or fields.get(re.sub("[A-Z]", lambda m: "_" + m[0].lower(), key))
        if field is None or found is None:
            continue
        number, kind = field
        if kind.startswith("map "):
            if not isinstance(found, dict):
                raise CorruptFile(f"the map {key} of a {message} is no JSON object")
            entries = ((name, _json_value(one, kind[4:], depth)) for name, one in found.items())
            parts += [
                wire.delimited(number, wire.delimited(1, _json_value(name, "string", depth)) + _field(2, kind[4:], one))
                for name, one in entries
            ]
        else:
            parts += [_field(number, kind, _json_value(one, kind, depth)) for one in (found if isinstance(found, list) else [found])]
    return b"".join(parts)


def _json_value(value: Any, kind: str, depth: int) -> Any:
    if kind in _MESSAGES:
        return of_json(value, kind, depth + 1)
    try:
        if kind == "bytes":
            return base64.b64decode(value)
        if kind == "string":
            return str(value).encode()
        if kind == "type":
            return _TYPE_NUMBERS[value] if isinstance(value, str) else int(value)
        if kind == "bool":
            return int(bool(value))
        return float(value) if kind in ("float", "double") else int(value)
    except (ValueError, TypeError, KeyError, OverflowError, binascii.Error) as error:
        raise CorruptFile(f"a {kind} that is none: {value!r:.60}") from error


# -- text -------------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""\s*+(?:\#[^\n]*+\s*+)*+(?:
    (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<word>-?[A-Za-z_.+0-9][A-Za-z_0-9.+\-/]*|-)|(?P<mark>[{}<>\[\]:,;]))""",
    re.VERBOSE | re.DOTALL,
)
_REST = re.compile(r"\s*+(?:#[^\n]*+\s*+)*+\Z")


class _Tokens:
    """The tokens of a text: kind ("string", "word", "mark") and what stands there."""

    def __init__(self, text: str) -> None:
        self._found = self._all(text)
        self.next: tuple[str, str] | None = None
        self.move()

    def _all(self, text: str) -> Iterator[tuple[str, str]]:
        at = 0
        end = len(text.rstrip())
        while at < end:
            match = _TOKEN.match(text, at)
            if match is None:
                if _REST.match(text, at):
                    return
                raise CorruptFile(f"text that is no message, at character {at}: {text[at : at + 20]!r}")
            at = match.end()
            kind = match.lastgroup or ""
            yield kind, match[kind]

    def move(self) -> tuple[str, str] | None:
        """The token that was next; the one behind it is next now."""
        before = self.next
        self.next = next(self._found, None)
        return before

    def take(self, mark: str) -> bool:
        """True where a mark was next; it is passed."""
        if self.next == ("mark", mark):
            self.move()
            return True
        return False


def _text_fields(tokens: _Tokens, message: str | None, end: str | None, depth: int) -> bytes:
    """The fields up to a closing mark; message None where they are passed over."""
    if depth > MAX_DEPTH:
        raise CorruptFile("messages inside messages without end")
    parts = []
    while (found := tokens.next) is not None and not (end is not None and found == ("mark", end)):
        tokens.move()
        kind, name = found
        if (kind, name) == ("mark", "["):  # an extension or an Any: passed over
            while tokens.next is not None and not tokens.take("]"):
                tokens.move()
            _text_value(tokens, None, depth)
            continue
        if kind != "word":
            raise CorruptFile(f"text that is no message: {name!r:.60} where a field's name belongs")
        number, inside = _MESSAGES[message].get(name, (0, "")) if message is not None else (0, "")
        for value in _text_value(tokens, inside or None, depth):
            if inside:
                parts.append(wire.delimited(number, value) if inside.startswith("map ") else _field(number, inside, value))
        if not tokens.take(","):
            tokens.take(";")
    if end is not None and not tokens.take(end):
        raise CorruptFile("text that is cut off inside a message")
    return b"".join(parts)


def _text_value(tokens: _Tokens, kind: str | None, depth: int) -> list[Any]:
    """The values of one field, already in the form that `_field` takes; kind None where they are passed over."""
    if depth > MAX_DEPTH:
        raise CorruptFile("lists inside lists without end")
    colon = tokens.take(":")
    for opening, closing in (("{", "}"), ("<", ">")):
        if tokens.take(opening):
            return [_text_message(tokens, kind, closing, depth)]
    if tokens.take("["):
        values = []
        while not tokens.take("]"):
            if tokens.next is None:
                raise CorruptFile("text that is cut off inside a list")
            values += _text_value(tokens, kind, depth + 1)
            tokens.take(",")
        return values
    found = tokens.move()
    if found is None or found[0] == "mark":
        raise CorruptFile("text that is no message: a field without a value" if colon else "text that is cut off")
    if found[0] == "string":
        strings = [found[1]]
        while tokens.next is not None and tokens.next[0] == "string":
            strings.append(tokens.next[1])
            tokens.move()
        return [b"".join(_unescaped(one[1:-1]) for one in strings)]
    return [_scalar(found[1], kind)]


def _text_message(tokens: _Tokens, kind: str | None, closing: str, depth: int) -> bytes:
    if kind is not None and kind.startswith("map "):
        return _text_entry(tokens, kind[4:], closing, depth)
    return _text_fields(tokens, kind if kind in _MESSAGES else None, closing, depth + 1)


def _text_entry(tokens: _Tokens, kind: str, closing: str, depth: int) -> bytes:
    parts = []
    while tokens.next is not None and not tokens.take(closing):
        found = tokens.move()
        number, inside = (1, "string") if found == ("word", "key") else (2, kind)
        parts += [_field(number, inside, value) for value in _text_value(tokens, inside, depth + 1)]
        if not tokens.take(","):
            tokens.take(";")
    return b"".join(parts)


def _scalar(word: str, kind: str | None) -> Any:
    try:
        if kind == "type":
            return int(word) if word.lstrip("-").isdecimal() else _TYPE_NUMBERS[word]
        if kind == "bool":
            return int(word in ("true", "True", "t", "1"))
        if kind in ("float", "double"):
            return float(word.rstrip("fF") if word.lower().lstrip("-+") not in ("inf", "infinity", "nan") else word)
        return int(word, 0) if kind == "int" else word.encode()
    except (ValueError, KeyError) as error:
        raise CorruptFile(f"text that is no message: {word!r:.60} where a {kind} belongs") from error


_ESCAPE = re.compile(rb"\\([0-7]{1,3}|[xX][0-9a-fA-F]{1,2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


def _unescaped(text: str) -> bytes:
    """A string with its escapes resolved, as bytes."""

    def one(match: re.Match[bytes]) -> bytes:
        code = match[1]
        if code[:1] in b"01234567":
            return bytes([int(code, 8) & 255])
        if code[:1] in b"xX" and len(code) > 1:
            return bytes([int(code[1:], 16)])
        if code[:1] in b"uU" and len(code) > 4:
            return chr(int(code[1:], 16)).encode("utf8", "replace")
        return _PLAIN.get(code, code)

    return _ESCAPE.sub(one, text.encode("utf8", "surrogateescape"))


# -- bytes ------------------------------------------------------------------------------------------------------------


def _field(number: int, kind: str, value: Any) -> bytes:
    if isinstance(value, bytes) is (kind in ("float", "double", "int", "bool", "type")):
        raise CorruptFile(f"a field of another kind than {kind}: {value!r:.60}")
    if kind == "float":
        return wire.single(number, value)
    if kind == "double":
        return wire.double(number, value)
    if kind in ("int", "bool", "type"):
        return wire.number(number, value)
    return wire.delimited(number, value)
