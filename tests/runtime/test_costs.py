"""Which layer an engine's op is said to be of, and what is left of a profile."""

import json
import tempfile

import pytest

from loadstone import load_model
from loadstone.ir.program import Segment
from loadstone.runtime import open_engine
from loadstone.runtime.costs import of_nodes, of_profile
from loadstone.runtime.process import segments
from tests.runtime.budget import FOLDER, ran

SEGMENT = Segment((), (), {}, lambda place: b"", origins={"a/Conv": "a", "a/Conv#1": "a/inner", "b/Add": "b"})


def test_names_with_what_engines_add_to_them_are_of_the_layer():
    names = ["a/Conv_nchwc", "a/Conv#1/Fusion/", "b/Add", "b/Added"]
    assert [cost.layer for cost in of_nodes([(name, "X", 1.0, 0) for name in names], SEGMENT)] == ["a", "a/inner", "b", ""]


def test_an_op_of_nobody_comes_after_a_layer():
    first, second, third = of_nodes([("Reorder", "Reorder", 1.0, 0), ("b/Add", "Add", 1.0, 0), ("Gelu", "BiasGelu", 1.0, 0)], SEGMENT)
    assert (first.layer, first.after) == ("", "")
    assert (second.layer, second.after) == ("b", "")
    assert (third.layer, third.after) == ("", "b")


def test_runs_count_as_the_median():
    (cost,) = of_nodes([("b/Add", "Add", seconds, 10) for seconds in (9.0, 1.0, 2.0)], SEGMENT)
    assert (cost.seconds, cost.calls, cost.bytes) == (6.0, 3, 30)


def test_the_profile_is_removed(tmp_path):
    path = tmp_path / "own" / "profile.json"
    path.parent.mkdir()
    args = {"op_name": "Add", "output_size": "8"}
    events = [{"cat": "Session"}, {"cat": "Node", "name": "b/Add_kernel_time", "dur": 5, "args": args}]
    path.write_text(json.dumps(events), "utf8")
    (cost,) = of_profile(str(path), SEGMENT)
    assert (cost.op, cost.kind, cost.layer, cost.bytes) == ("b/Add", "Add", "b", 8)
    assert cost.seconds == pytest.approx(5e-6)
    assert not path.parent.exists()


def test_onnxruntime_leaves_nothing_behind(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    costs = ran("lstm")
    assert [cost.layer for cost in costs if cost.kind == "LSTM"] == ["lstm", "lstm_1"]
    assert all(cost.calls == 1 and cost.seconds > 0 for cost in costs)
    assert not list(tmp_path.iterdir())


def test_openvino_counts_every_call():
    pytest.importorskip("openvino")
    import numpy as np

    with load_model(FOLDER / "mlp.keras") as model:
        (segment,) = segments(model._program.steps)
    engine = open_engine("openvino")
    engine.profiled = True
    compiled = engine.compile(segment, 1)
    for _ in range(3):
        compiled.run([np.zeros((2, 30), np.float32)])
    assert {cost.calls for cost in compiled.costs()} == {3}


def test_what_was_compiled_without_counting_has_no_costs():
    pytest.importorskip("openvino")
    with load_model(FOLDER / "mlp.keras") as model:
        (segment,) = segments(model._program.steps)
    assert open_engine("openvino").compile(segment, 1).costs() == []
