"""The sources that custom objects need: by name through their modules, and no further."""

import functools
import sys
from importlib import import_module, invalidate_caches

import pytest

from loadstone.environment.sources import closure_of

MAIN = """\
from __future__ import annotations

import math
import numpy as np
import yaml
from zq_package.inner import helper as h, never
from zq_package import table

LIMIT = 3
OTHER = 4

if LIMIT > 2:
    BIG = True
else:
    BIG = False


def decorate(thing):
    return thing


@decorate
class Layer:
    def call(self, x):
        from zq_package.late import late

        return np.clip(h(x), 0, LIMIT) if BIG else late(table.ROWS)


class Other(Layer):
    def call(self, x):
        return yaml.dump(x)


square = lambda x: x * LIMIT
"""


@pytest.fixture
def modules(tmp_path, monkeypatch):
    package = tmp_path / "zq_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "inner.py").write_text("from .deeper import deep\n\ndef helper(x):\n    return deep(x)\n\ndef never():\n    pass\n")
    (package / "deeper.py").write_text("def deep(x):\n    return x\n\ndef deeper(x):\n    return x\n")
    (package / "late.py").write_text("def late(x):\n    return x\n")
    (package / "table.py").write_text("ROWS = 1\nCOLUMNS = 2\n")
    (tmp_path / "zq_main.py").write_text(MAIN)
    monkeypatch.syspath_prepend(tmp_path)
    invalidate_caches()
    yield import_module("zq_main")
    for name in [name for name in sys.modules if name.startswith("zq_")]:
        del sys.modules[name]


def texts(objects):
    found = closure_of(objects)
    return {module.name: module.text for module in found.modules.values()}, found


def test_what_a_class_names_is_kept(modules):
    kept, found = texts({"Layer": modules.Layer})
    assert set(kept) == {"zq_main", "zq_package.inner", "zq_package.deeper", "zq_package.table"}  # late was never imported
    for part in ("@decorate\nclass Layer", "def decorate", "LIMIT = 3", "if LIMIT > 2", "import numpy as np", "from __future__"):
        assert part in kept["zq_main"]
    assert "OTHER" not in kept["zq_main"] and "yaml" not in kept["zq_main"] and "class Other" not in kept["zq_main"]
    assert "never" not in kept["zq_package.inner"] and "def deeper" not in kept["zq_package.deeper"]
    assert set(found.needs) == {"numpy"}


def test_a_lambda_is_found_by_its_line(modules):
    kept, _ = texts({"square": modules.square})
    assert kept == {"zq_main": "from __future__ import annotations\n\nLIMIT = 3\n\n\nsquare = lambda x: x * LIMIT\n"}


def test_what_is_given_may_be_an_instance_or_a_partial(modules):
    kept, found = texts({"one": modules.Other(), "two": functools.partial(modules.decorate, 1)})
    assert "class Other" in kept["zq_main"] and "def decorate" in kept["zq_main"]
    assert found.modules[modules.__file__].objects == ["one", "two"]


def test_what_an_index_has_needs_no_source():
    import numpy

    kept, found = texts({"clip": numpy.clip, "dumps": __import__("json").dumps})
    assert kept == {} and set(found.needs) == {"numpy"}


def test_an_object_without_source_is_said_to_have_none():
    namespace = {"__name__": "zq_typed"}
    exec("class Typed:\n    def call(self, x):\n        return x\n", namespace)
    _, found = texts({"Typed": namespace["Typed"]})
    assert [(module.text, module.why) for module in found.modules.values()] == [("", "its source is not at hand")]


def test_what_an_except_defines_is_found(tmp_path, monkeypatch):
    text = (
        "try:\n    import zq_fast as fast\nexcept ImportError:\n    def slow(x):\n        return x\n\n\ndef use(x):\n    return slow(x)\n"
    )
    (tmp_path / "zq_either.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    invalidate_caches()
    kept, _ = texts({"use": import_module("zq_either").use})
    del sys.modules["zq_either"]
    assert kept == {"zq_either": text}


def test_sources_that_are_too_long_are_said_to_be(modules, monkeypatch):
    monkeypatch.setattr("loadstone.environment.sources.MOST", 100)
    _, found = texts({"Layer": modules.Layer})
    assert all(module.text or module.why == "the sources are too long to be kept" for module in found.modules.values())
    assert not any(module.text for module in found.modules.values() if module.name == "zq_main")


def test_nothing_is_imported(modules):
    before = set(sys.modules)
    closure_of({"Layer": modules.Layer})
    assert "zq_package.late" not in set(sys.modules) - before
