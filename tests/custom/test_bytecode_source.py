"""The source that is shown for a stored function is the one that was compiled."""

import ast
import base64
import json
import re
import sys
from pathlib import Path

import pytest

from loadstone.custom.bytecode import Code, Instruction, decode, of_live, source

GOLDEN = Path(__file__).parents[1] / "golden"
sys.path.insert(0, str(GOLDEN))
from bytecode_cases import CASES, results, world  # noqa: E402

sys.path.remove(str(GOLDEN))
RELEASES = {
    tuple(map(int, re.findall(r"\d+", path.stem))): json.loads(path.read_text("utf8")) for path in sorted((GOLDEN / "bytecode").iterdir())
}
SOURCES = {name: (text, calls) for name, _, text, calls in CASES}
SHOWN = [(release, name) for release, cases in sorted(RELEASES.items()) for name in cases]
# What compiled code does not tell apart from what is shown, by the reason.
FOLDED = {"constants": "10 ** 20 is stored as its value", "defaults_function": "a list that is iterated once is stored as a tuple"}
NOT_STORED = ("keyword_only", "keyword_only_function")  # defaults of keyword-only arguments
COPIED = {"condition_operand": (3, 10), "while_and": (3, 10), "long_body": (3, 10)}  # since this release the compiler copies code


class Normal(ast.NodeTransformer):
    """One spelling of what compiled code does not tell apart."""

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        node.body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        node.returns, last = None, node.body[-1]
        if isinstance(last, ast.Return) and ast.dump(last.value) == "Constant(value=None)" and len(node.body) > 1:
            node.body.pop()
        node.body = flat(node.body)
        return node

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_If(self, node):
        self.generic_visit(node)
        node.body, node.orelse = flat(node.body), flat(node.orelse)
        inner = node.body[0]
        if len(node.body) == 1 and isinstance(inner, ast.If) and not inner.orelse and not node.orelse:
            return ast.If(ast.BoolOp(ast.And(), [node.test, inner.test]), inner.body, [])
        return node

    def visit_For(self, node):
        self.generic_visit(node)
        node.body = flat(node.body)
        return node

    visit_While = visit_For

    def visit_comprehension(self, node):
        self.generic_visit(node)
        node.ifs = [ast.BoolOp(ast.And(), node.ifs)] if len(node.ifs) > 1 else node.ifs
        return node


def flat(body):
    """`else` after what does not go on is what follows."""
    found = []
    for node in body:
        ends = isinstance(node, ast.If) and isinstance(node.body[-1], (ast.Return, ast.Raise, ast.Continue, ast.Break))
        found += [ast.If(node.test, node.body, []), *node.orelse] if ends else [node]
    return found


def normal(text):
    nodes = list(ast.walk(ast.parse(text)))
    found = [node for node in nodes if isinstance(node, ast.FunctionDef) and node.name == "f"]
    found += [node for node in nodes if isinstance(node, ast.Lambda)]
    return ast.dump(Normal().visit(found[0]))


def shown(release, name):
    names = world()
    exec(compile(SOURCES[name][0], "case", "exec", 0, True), names)
    function = names.pop("f")
    text = source(decode(base64.b64decode(RELEASES[release][name][0])), function.__defaults__)
    return ("f = " + text if text.startswith("lambda") else text), function, names


@pytest.mark.parametrize(("release", "name"), SHOWN, ids=lambda value: value if isinstance(value, str) else f"{value[0]}.{value[1]}")
def test_the_source_is_what_was_compiled(release, name):
    if name in FOLDED or name in NOT_STORED or release >= COPIED.get(name, (9, 9)):
        pytest.skip("compiled code does not tell")
    assert normal(shown(release, name)[0]) == normal(SOURCES[name][0])


@pytest.mark.parametrize(("release", "name"), SHOWN, ids=lambda value: value if isinstance(value, str) else f"{value[0]}.{value[1]}")
def test_the_source_does_what_the_function_did(release, name):
    if release == (2, 7) and name == "comprehension_same_name":
        pytest.skip("comprehensions of Python 2 leave their variable behind")
    text, function, names = shown(release, name)
    for word, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        names[word] = cell.cell_contents
    scope = dict(names)
    exec(text, scope)
    scope["f"].__kwdefaults__ = function.__kwdefaults__
    expected = [result.replace("classic/", "/") for result in RELEASES[release][name][1]]
    assert results(scope["f"], SOURCES[name][1], names) == expected


def code_of(*steps, arguments=("x",), name="<lambda>", free=()):
    instructions = tuple(step if isinstance(step, Instruction) else Instruction(*step) for step in steps)
    return Code(name, None, len(arguments), 0, 0, arguments, False, False, False, free, (), (), 1, (3, 8), instructions)


def test_defaults_and_the_closure_are_shown():
    code = code_of(("LOAD_FREE", "k"), ("RETURN",), arguments=("x", "n"), free=("k",))
    assert source(code, (3,), (0.5,)) == "lambda x, n=3: k\n# with k = 0.5"


def test_names_that_are_no_names_are_quoted():
    text = source(code_of(("LOAD_GLOBAL", "a\x1b[2J b"), ("LOAD_ATTR", "if"), ("RETURN",)))
    assert text == "lambda x: `'a\\x1b[2J b'`.`'if'`"


def test_texts_with_control_characters_are_escaped():
    text = source(code_of(("LOAD_CONST", "\x1b]0;\u202e"), ("RETURN",), name="f\x07"))
    assert text.isascii() and text.replace("\n", "").isprintable()


def test_what_has_no_source_is_listed():
    code = code_of(("LOAD_LOCAL", "x"), ("JUMP_IF", ("true", 3)), ("UNSUPPORTED", "SETUP_WITH"), ("LOAD_LOCAL", "x"), ("RETURN",), name="f")
    assert source(code).splitlines() == [
        "def f(x):  # its instructions",
        "          LOAD_LOCAL x",
        "          JUMP_IF true L3",
        "          UNSUPPORTED SETUP_WITH",
        "    L3:   LOAD_LOCAL x",
        "          RETURN",
    ]


@pytest.mark.parametrize(
    "steps",
    [
        [("POP",), ("RETURN",)],
        [("JUMP", 0)],
        [("LOAD_LOCAL", "x"), ("JUMP_IF", ("true", 0)), ("JUMP", 0)],
        [("LOAD_LOCAL", "x"), ("SWAP", 9), ("RETURN",)],
        [("FOR_ITER", 0), ("JUMP", 0)],
        [("BUILD", ("tuple", 5)), ("RETURN",)],
        [("LOAD_CONST", code_of(("LOAD_CONST", 1), ("RETURN",))), ("RETURN",)],
        [step for _ in range(3000) for step in (("LOAD_LOCAL", "x"), ("UNARY", "-"), ("POP",))] + [("LOAD_CONST", 1), ("RETURN",)],
        [("LOAD_LOCAL", "x")] + [("UNARY", "-")] * 3000 + [("RETURN",)],
    ],
)
def test_any_code_is_shown(steps):
    assert source(code_of(*steps))


def test_copies_of_one_value_are_computed_once():
    call = [("LOAD_GLOBAL", "g"), ("CALL", (0, ()))]
    stored = [*call, ("COPY", 1), ("LOAD_LOCAL", "x"), ("LOAD_CONST", 0), ("STORE_SUBSCR",), ("STORE_LOCAL", "y")]
    assert source(code_of(*stored, ("LOAD_CONST",), ("RETURN",), name="f")) == "def f(x):\n    x[0] = y = g()"
    assert "its instructions" in source(code_of(*call, ("COPY", 1), ("BINARY", "+"), ("RETURN",)))


def test_a_generator_function_keeps_its_loop():
    def f(xs):
        for x in xs:
            yield x[0]

    assert source(of_live(f.__code__)) == "def f(xs):\n    for x in xs:\n        yield x[0]"


def test_a_deep_chain_of_conditions_is_shown_quickly():
    steps = [step for index in range(800) for step in (("LOAD_LOCAL", "x"), ("JUMP_IF", ("false", 2 * index + 2)))]
    assert source(code_of(*steps, ("LOAD_CONST", 1), ("RETURN",)))


def test_a_live_function_is_shown():
    assert source(of_live((lambda x, *, k=2: x[..., k:]).__code__)) == "lambda x, *, k: x[..., k:]"
