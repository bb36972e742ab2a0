"""Marshalled data read as data: every kind of value, releases that are not at hand, and damage."""

import base64
import json
import random
import re
import struct
import sys
from pathlib import Path

import pytest

from loadstone.custom.bytecode import Code, decode, read, source, stored_function, versions
from loadstone.custom.bytecode.opcodes import OPCODES
from loadstone.errors import CorruptFile, UnsupportedVersion

FOLDER = Path(__file__).parents[1] / "golden" / "bytecode"
GOLDEN = {tuple(map(int, re.findall(r"\d+", path.stem))): json.loads(path.read_text("utf8")) for path in sorted(FOLDER.iterdir())}


def number(value):
    return struct.pack("<i", value)


def text(value):
    return b"u" + number(len(value.encode())) + value.encode()


def data(value):
    return b"s" + number(len(value)) + value


def items(*values):
    return b"(" + number(len(values)) + b"".join(values)


def constant(value):
    if value is None:
        return b"N"
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if isinstance(value, str):
        return text(value)
    if isinstance(value, float):
        return b"g" + struct.pack("<d", value)
    if isinstance(value, tuple):
        return items(*map(constant, value))
    return b"i" + number(value)


def code(steps, consts=(), names=(), args=("x",), release=(3, 4), flags=0x43, free=(), stack=20, name="<lambda>"):
    """A code object of Python 3.4 to 3.7 out of (instruction, argument) pairs."""
    numbers = {name: number for number, name in OPCODES[release].items()}
    body = b""
    for step, arg in steps:
        body += bytes([numbers[step]]) + (struct.pack("<H", arg) if numbers[step] >= 90 else b"")
    head = b"".join(map(number, (len(args), 0, len(args), stack, flags)))
    tuples = [items(*map(constant, part)) for part in (consts, names, args, free, ())]
    return b"c" + head + data(body) + b"".join(tuples) + text("f.py") + text(name) + number(1) + data(b"")


def ops(found):
    return [(step.op, step.arg) for step in found.instructions]


def with_constant(stored):
    return code([("LOAD_CONST", 0), ("RETURN_VALUE", 0)], (stored,))


VALUES = {
    "none": (b"N", None),
    "true": (b"T", True),
    "false": (b"F", False),
    "ellipsis": (b".", ...),
    "int": (b"i\xfe\xff\xff\xff", -2),
    "int64": (b"I" + struct.pack("<q", -(1 << 40)), -(1 << 40)),
    "long": (b"l" + struct.pack("<iHHH", -3, 1, 2, 3), -(1 + (2 << 15) + (3 << 30))),
    "text float": (b"f\x052.5e3", 2500.0),
    "float": (b"g" + struct.pack("<d", 0.1), 0.1),
    "text complex": (b"x\x011\x012", 1 + 2j),
    "complex": (b"y" + struct.pack("<dd", 1, -2), 1 - 2j),
    "bytes": (data(b"\xff"), b"\xff"),
    "unicode": (text("é"), "é"),
    "interned": (b"t" + number(2) + "é".encode(), "é"),
    "ascii": (b"a" + number(1) + b"q", "q"),
    "interned ascii": (b"A" + number(1) + b"q", "q"),
    "short ascii": (b"z\x01q", "q"),
    "short interned ascii": (b"Z\x01q", "q"),
    "surrogate": (b"u" + number(3) + b"\xed\xa0\x80", "\ud800"),
    "tuple": (items(b"N", b"T"), (None, True)),
    "small tuple": (b")\x02NT", (None, True)),
    "nested tuple": (items(items(b"N")), ((None,),)),
    "frozenset": (b">" + number(2) + b"NT", frozenset([None, True])),
    "slice": (b":" + b"i" + number(1) + b"NN", slice(1, None, None)),
    "reference": (b"(" + number(2) + b"\xe9" + number(7) + b"r" + number(0), (7, 7)),
    "reference to a tuple": (b"\xa9\x02\xa9\x01N" + b"r" + number(1), ((None,), (None,))),
}


@pytest.mark.parametrize("kind", VALUES)
def test_values_of_every_kind(kind):
    stored, expected = VALUES[kind]
    found = decode(with_constant(stored)).instructions[0].arg
    assert found == expected and type(found) is type(expected)


def test_text_of_python_2_is_text_where_it_is_ascii():
    body = base64.b64decode(GOLDEN[2, 7]["cast_text"][0])
    assert ("LOAD_CONST", "float32") in ops(decode(body))
    damaged = body.replace(b"float32", b"float\xff2")
    assert ("LOAD_CONST", b"float\xff2") in ops(decode(damaged))


@pytest.mark.parametrize(
    ("stored", "phrase"),
    [
        (b"", "no code object"),
        (b"i\x00\x00\x00\x00", "no code object"),
        (with_constant(b"q"), "unknown type 'q'"),
        (with_constant(b"N") + b"N", "left over"),
        (with_constant(b"r" + number(0)), "reference 0 of 0"),
        (with_constant(b"\xa8" + number(1) + b"r" + number(0)), "reference 0 of 1"),
        (with_constant(b"(" + number(1 << 30)), "a length of"),
        (with_constant(b"l" + number(100_000)), "an integer of 100000 digits"),
        (with_constant(b"(\x01\x00\x00\x00" * 200 + b"N"), "nest deeper"),
        (with_constant(b"[" + number(0))[:-30], "expected"),
        (with_constant(b">" + number(1) + b"[" + number(0)), "unhashable"),
        (with_constant(b"z\x01\xff"), "ascii"),
        (with_constant(b"f\x01q"), "float"),
    ],
)
def test_damage_is_named(stored, phrase):
    with pytest.raises(CorruptFile, match=re.escape(phrase)):
        decode(stored)


def test_references_that_multiply_are_counted():
    doubled = b"\xa9\x02NN"
    for index in range(40):
        doubled = b"\xa9\x02" + doubled + b"r" + number(40 - index)
    with pytest.raises(CorruptFile):
        decode(with_constant(doubled))


@pytest.mark.parametrize(
    ("steps", "phrase"),
    [
        ([("LOAD_CONST", 5), ("RETURN_VALUE", 0)], "counts to 5 where there are 1"),
        ([("LOAD_FAST", 1), ("RETURN_VALUE", 0)], "counts to 1"),
        ([("LOAD_GLOBAL", 0), ("RETURN_VALUE", 0)], "counts to 0"),
        ([("POP_TOP", 0)], "the stack runs empty"),
        ([("LOAD_CONST", 0)], "does not end with a return"),
        ([("LOAD_CONST", 0)] * 30 + [("RETURN_VALUE", 0)], "the stack is higher than 20"),
        ([("JUMP_ABSOLUTE", 1)], "no instruction begins"),
        ([("LOAD_FAST", 0), ("POP_JUMP_IF_FALSE", 9), ("LOAD_FAST", 0), ("LOAD_FAST", 0), ("RETURN_VALUE", 0)], "different heights"),
        ([("LOAD_CONST", 0), ("MAKE_FUNCTION", 0), ("RETURN_VALUE", 0)], "made without code"),
        ([("BREAK_LOOP", 0)], "outside of loops"),
    ],
)
def test_code_that_no_compiler_writes_is_refused(steps, phrase):
    with pytest.raises(CorruptFile, match=phrase):
        decode(code(steps, (None,)))


def test_a_lambda_of_python_3_4():
    body = code(
        [("LOAD_FAST", 0), ("LOAD_CONST", 0), ("BINARY_TRUE_DIVIDE", 0), ("LOAD_CONST", 1), ("BINARY_SUBTRACT", 0), ("RETURN_VALUE", 0)],
        (255.0, 0.5),
    )
    assert versions(read(body)[0]) == ((3, 4), (3, 5)) and source(decode(body)) == "lambda x: x / 255.0 - 0.5"


CALLED = [("LOAD_GLOBAL", 0), ("LOAD_CONST", 0)]  # f and 1


def test_keywords_stand_between_their_values_to_python_3_5():
    steps = [*CALLED, ("LOAD_CONST", 1), ("LOAD_FAST", 0), ("CALL_FUNCTION", 0x101), ("RETURN_VALUE", 0)]
    assert source(decode(code(steps, (1, "axis"), ("f",)))) == "lambda x: f(1, axis=x)"


@pytest.mark.parametrize(
    ("release", "order"),
    [((3, 4), ["axis", "star", "mapping"]), ((3, 5), ["star", "axis", "mapping"])],
)
def test_starred_calls_of_python_3_4_and_3_5(release, order):
    parts = {"axis": [("LOAD_CONST", 1), ("LOAD_CONST", 2)], "star": [("LOAD_FAST", 0)], "mapping": [("LOAD_FAST", 1)]}
    steps = [*CALLED, *[step for part in order for step in parts[part]], ("CALL_FUNCTION_VAR_KW", 0x101), ("RETURN_VALUE", 0)]
    body = code(steps, (1, "axis", 2), ("f",), ("x", "k"), release)
    assert versions(read(body)[0]) == (release,)
    assert source(decode(body)) == "lambda x, k: f(1, *x, axis=2, **k)"


@pytest.mark.parametrize(
    ("name", "keywords", "shown"),
    [("CALL_FUNCTION_VAR", 0, "f(1, *x)"), ("CALL_FUNCTION_KW", 0, "f(1, **x)"), ("CALL_FUNCTION_KW", 1, "f(1, axis=2, **x)")],
)
def test_other_starred_calls_to_python_3_5(name, keywords, shown):
    pairs = [("LOAD_CONST", 1), ("LOAD_CONST", 2)] * keywords
    body = code([*CALLED, *pairs, ("LOAD_FAST", 0), (name, keywords << 8 | 1), ("RETURN_VALUE", 0)], (1, "axis", 2), ("f",))
    assert source(decode(body)) == f"lambda x: {shown}"


def test_several_stars_of_python_3_5():
    steps = [("LOAD_GLOBAL", 0), ("LOAD_FAST", 0), ("LOAD_CONST", 0), ("BUILD_TUPLE", 1), ("LOAD_FAST", 1), ("BUILD_TUPLE_UNPACK", 3)]
    steps += [("LOAD_FAST", 2), ("LOAD_FAST", 3), ("BUILD_MAP_UNPACK_WITH_CALL", 0x202), ("CALL_FUNCTION_VAR_KW", 0), ("RETURN_VALUE", 0)]
    body = code(steps, (1,), ("f",), tuple("xypq"), (3, 5))
    assert source(decode(body)) == "lambda x, y, p, q: f(*x, 1, *y, **p, **q)"


def test_dicts_of_python_3_4_and_3_5():
    store = [("BUILD_MAP", 1), ("LOAD_FAST", 0), ("LOAD_CONST", 0), ("STORE_MAP", 0), ("RETURN_VALUE", 0)]
    build = [("LOAD_CONST", 0), ("LOAD_FAST", 0), ("BUILD_MAP", 1), ("RETURN_VALUE", 0)]
    assert source(decode(code(store, ("a",)))) == source(decode(code(build, ("a",), release=(3, 5)))) == "lambda x: {'a': x}"


def test_functions_of_python_3_4_with_defaults_annotations_and_a_closure():
    inner = code([("LOAD_DEREF", 0), ("RETURN_VALUE", 0)], args=("y",), free=("x",))
    steps = [("LOAD_CONST", 0), ("LOAD_CONST", 1), ("LOAD_CONST", 2), ("LOAD_CONST", 3), ("LOAD_CONST", 4), ("LOAD_CLOSURE", 0)]
    steps += [("BUILD_TUPLE", 1), ("LOAD_CONST", 5), ("LOAD_CONST", 6)]
    steps += [("EXTENDED_ARG", 2), ("MAKE_CLOSURE", 0x101), ("RETURN_VALUE", 0)]
    found = decode(code(steps, (7, "k", 8, 9, ("y",), inner, "<lambda>"), free=("x",)))
    assert ops(found)[-2:] == [("MAKE_FUNCTION", (True, True, True)), ("RETURN", None)]
    assert [step.arg for step in found.instructions if step.op == "LOAD_CONST"][:2] == [7, "k"]


def test_loops_of_python_3_4():
    steps = [("SETUP_LOOP", 21), ("LOAD_FAST", 0), ("GET_ITER", 0), ("FOR_ITER", 13), ("STORE_FAST", 0)]
    steps += [("LOAD_FAST", 0), ("POP_JUMP_IF_FALSE", 7), ("BREAK_LOOP", 0), ("JUMP_ABSOLUTE", 7), ("POP_BLOCK", 0)]
    steps += [("LOAD_FAST", 0), ("RETURN_VALUE", 0)]
    found = decode(code(steps, name="f"))
    assert source(found) == "def f(x):\n    for x in x:\n        if x:\n            break\n    return x"


def test_a_hint_chooses_among_releases():
    body = base64.b64decode(GOLDEN[3, 7]["scale"][0])
    assert decode(body).python == (3, 6) and decode(body, ((3, 7), (3, 9))).python == (3, 7)
    assert decode(body, ((3, 9), (3, 9))).python == (3, 6)  # a hint that nothing fits says nothing


def test_releases_that_disagree_are_refused(monkeypatch):
    one = decode(base64.b64decode(GOLDEN[3, 7]["scale"][0]))
    two = decode(base64.b64decode(GOLDEN[3, 7]["mean"][0]))
    monkeypatch.setattr(sys.modules["loadstone.custom.bytecode.decode"], "_readings", lambda raw: ({(3, 6): one, (3, 7): two}, {}))
    with pytest.raises(UnsupportedVersion, match=r"different things to Python 3\.6, 3\.7"):
        decode(base64.b64decode(GOLDEN[3, 7]["scale"][0]))


def test_forms_in_which_keras_stores_functions():
    plain = base64.b64decode(GOLDEN[3, 7]["default"][0])
    encoded = base64.encodebytes(plain).decode()
    for value in (
        encoded,
        plain.decode("raw_unicode_escape"),
        [encoded, [1], None],
        {"class_name": "__lambda__", "config": {"code": encoded, "defaults": [1], "closure": None}},
    ):
        assert stored_function(value).code.arguments == ("x", "axis")
    assert stored_function([encoded, [1], [2]]).defaults == (1,)
    with pytest.raises(CorruptFile, match="not the text of compiled code"):
        stored_function({"class_name": "function", "config": "relu"})


SAMPLE = [
    (release, name) for release, cases in sorted(GOLDEN.items()) for index, name in enumerate(sorted(cases)) if index % 9 == release[1] % 9
]


@pytest.mark.parametrize(("release", "name"), SAMPLE, ids=lambda value: value if isinstance(value, str) else f"{value[0]}.{value[1]}")
def test_damaged_code_is_refused_or_read(release, name):
    rng = random.Random(f"{release} {name}")
    whole = base64.b64decode(GOLDEN[release][name][0])
    tries = [whole[:size] for size in rng.sample(range(len(whole)), 15)]
    for _ in range(30):
        damaged = bytearray(whole)
        for _ in range(rng.choice((1, 2, 20))):
            damaged[rng.randrange(len(damaged))] = rng.choice((0, 255, ord("r"), ord("("), rng.randrange(256)))
        tries.append(bytes(damaged))
    for damaged in tries:
        try:
            found = decode(damaged)
        except (CorruptFile, UnsupportedVersion):
            continue
        assert isinstance(found, Code) and source(found)


@pytest.mark.parametrize("release", sorted(OPCODES))
def test_tables_name_each_number_once(release):
    assert len(set(OPCODES[release].values())) == len(OPCODES[release]) and max(OPCODES[release]) < 256


def test_long_code_is_refused_quickly():
    steps = [("LOAD_CONST", 0)] * 300 + [("DUP_TOP_TWO", 0)] * 300 + [("BUILD_LIST", 900), ("RETURN_VALUE", 0)]
    assert decode(code(steps, (None,), stack=1000)).instructions
    with pytest.raises(CorruptFile):
        decode(code([("LOAD_CONST", 0), ("POP_TOP", 0)] * 20_000, (None,)))


def test_expressions_that_multiply_are_listed():
    doubled = [step for _ in range(60) for step in (("DUP_TOP", 0), ("BINARY_ADD", 0))]
    found = decode(code([("LOAD_FAST", 0), *doubled, ("RETURN_VALUE", 0)]))
    assert "its instructions" in source(found)


def test_functions_within_functions_are_read():
    inner = code([("LOAD_FAST", 0), ("RETURN_VALUE", 0)])
    for _ in range(25):
        inner = code([("LOAD_CONST", 0), ("LOAD_CONST", 1), ("MAKE_FUNCTION", 0), ("RETURN_VALUE", 0)], (inner, "<lambda>"))
    assert source(decode(inner))
