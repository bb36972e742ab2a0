"""The machine for regular expressions: its limits, and that it is RE2's equal where that is installed."""

import random

import numpy as np
import pytest

from loadstone.errors import InferenceError, InputMismatch, MissingDependency
from loadstone.lowering.text import re2_machine, regex
from loadstone.lowering.text.re2_machine import compile_pattern
from tests.lowering.raw_ops import run_op, strings

TEXTS = [
    *(t.encode() for t in ("", "a", "ab", "aab abc", "é", "aéb ñ", "a\nb\nc", " k K S s\u212a\u017f", "abcabc", "12 ab_-.", "a.a.")),
    b"a\xffb",
    b"\xc3a\xe9\x80",
    b"\xed\xa0\x80",
]
ATOMS = r"a|b|c|[ab]|[^a]|.|\d|\w|\s|\W|é|[é-ñ]|^|$|\b|\A|\z|[[:alpha:]]|k|S|\x{e9}|\n|[^\d]|[a-c-]|\Qa.\E|\.|(?i:K)|(?m:^)|-|_|\_|(?s:.)".split(
    "|"
)
REPEATS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?", "{2,}"]


def pattern(draw, depth):
    kind = draw.random()
    if depth == 0 or kind < 0.35:
        return draw.choice(ATOMS)
    if kind < 0.55:
        return pattern(draw, depth - 1) + pattern(draw, depth - 1)
    if kind < 0.75:
        return f"({pattern(draw, depth - 1)})"
    if kind < 0.85:
        return f"{pattern(draw, depth - 1)}|{pattern(draw, depth - 1)}"
    return f"(?:{pattern(draw, depth - 1)}){draw.choice(REPEATS)}"


def places(text):
    """Where characters begin."""
    return [k for k in range(len(text) + 1) if k == len(text) or text[k] & 0xC0 != 0x80]


@pytest.mark.parametrize("seed", range(8))
def test_finds_what_re2_finds(seed):
    re2 = pytest.importorskip("re2", reason="google-re2 is not installed")
    draw, options = random.Random(seed), re2.Options()
    options.log_errors = False
    for _ in range(60):
        text = pattern(draw, 4).encode()
        try:
            wanted = re2.compile(text, options)
        except re2.error:
            with pytest.raises(InputMismatch):
                compile_pattern(text)
            continue
        machine, whole = compile_pattern(text), compile_pattern(text, whole=True)
        for subject in TEXTS:
            find = machine.finder(subject)
            for start in places(subject) if subject.decode(errors="ignore").encode() == subject else [0]:
                found = wanted.search(subject, start)
                spans = None if found is None else tuple(found.span(k) for k in range(wanted.groups + 1))
                assert find(start) == spans, (text, subject, start)
            assert (whole.finder(subject, anchored=True)(0) is not None) == (wanted.fullmatch(subject) is not None), (text, subject)


def test_replaces_the_same_with_and_without_re2(monkeypatch):
    pytest.importorskip("re2", reason="google-re2 is not installed")
    cases = [(b"a*", b"-"), (rb"(\w)(\d)?", rb"<\2\1>"), (b"", b"|"), (rb"\b", b"#"), (rb"[^a]", b""), (rb"x", rb"\1"), (rb"a", rb"q\x")]
    for one, other in cases:
        for everywhere in (True, False):
            fast = [regex.replacing(one, other, everywhere)(text) for text in TEXTS]
            with monkeypatch.context() as patch:
                patch.setattr(regex, "_re2", lambda pattern: None)
                assert [regex.replacing(one, other, everywhere)(text) for text in TEXTS] == fast


@pytest.mark.parametrize(
    "wrong",
    [
        b"(",
        b")",
        b"a**",
        b"*a",
        b"[b-a]",
        b"a{3,2}",
        b"a{1001}",
        rb"\8",
        rb"\1",
        b"[[:nope:]]",
        b"(?P<n>a)(?P<n>b)",
        b"(?<=a)",
        b"\xff",
        b"[a",
    ],
)
def test_patterns_that_re2_does_not_take(wrong):
    with pytest.raises(InputMismatch):
        compile_pattern(wrong)


@pytest.mark.parametrize("known", [rb"\pN", rb"\B", rb"\C", "(?i)é".encode()])
def test_what_is_left_to_re2_says_what_to_install(known):
    with pytest.raises(MissingDependency, match="google-re2") as caught:
        compile_pattern(known)
    assert caught.value.hint == 'pip install "loadstone[re2]"'


@pytest.mark.parametrize("wild", [rb"(a*)*b", rb"(a|a)*b", rb"(a|aa)+$", rb"a*a*a*a*a*b", rb"(.*)(.*)(.*)(.*)(.*)x"])
def test_no_pattern_hangs(wild):
    assert compile_pattern(wild).finder(b"a" * 2000)(0) is None or wild.endswith(b"$")


def test_patterns_and_texts_have_limits():
    with pytest.raises(InputMismatch, match="too large"):
        compile_pattern(b"(((a{1000}){1000}){1000}){1000}")
    with pytest.raises(InputMismatch, match="too deep"):
        compile_pattern(b"(" * 10_000)


def test_a_pattern_that_comes_with_the_data_may_be_wrong():
    with pytest.raises(InferenceError, match="the regular expression"):
        run_op("RegexReplace", [strings(b"a"), np.array(b"(", object), np.array(b"", object)])


@pytest.mark.parametrize(("pattern", "text"), [(b"[^x]*c", b"b" * 5000), (b"a.*b|a", b"a" * 200)])
def test_what_would_take_long_is_left_to_re2(pattern, text, monkeypatch):
    monkeypatch.setattr(regex, "_re2", lambda pattern: None)
    monkeypatch.setattr(re2_machine, "MAX_WORK", 10_000)
    with pytest.raises(MissingDependency, match="steps over"):
        regex.replacing(pattern, b"", True)(text)
