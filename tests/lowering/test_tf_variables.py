"""What variables begin with: what a module tells, what its saver restores, what its main op assigns."""

import numpy as np
import pytest

from loadstone.errors import MissingWeights
from loadstone.ir import Graph, Module, Node, Output, Spec, Tensor
from loadstone.lowering.finish import finish
from loadstone.lowering.tensorflow.lower import trace_graph
from loadstone.runtime import Executor
from tests.lowering.test_tf_tables import const, node, running, strings

SAVED = {"a-key": Tensor.of(np.float32(1)), "b-key": Tensor.of(np.float32(2)), "c-key": Tensor.of(np.float32(4))}


def variable(name):
    return Node("tf", "VarHandleOp", name, attributes={"dtype": "float32", "shape": (), "shared_name": name})


def assigned(values):
    """A graph that assigns to variables."""
    return Graph(running(*(node("AssignVariableOp", variable(name), value) for name, value in values.items())), [], {}, {})


def saver():
    """A graph that restores all of a, b and c."""
    keys = [f"{name}-key".encode() for name in "abc"]
    found = node(
        "RestoreV2", const("prefix", b""), const("names", strings(*keys)), const("slices", strings(b"", b"", b"")), dtypes=["float32"] * 3
    )
    ops = [node("AssignVariableOp", variable(name), Output(found, place)) for place, name in enumerate("abc")]
    return Graph(running(*ops), [], {}, {})


def read(names, **module):
    """What a signature reads from variables, in this order, by their names."""
    found = [node("ReadVariableOp", variable(name), dtype="float32") for name in names]
    graph = Graph(running(*found), [], {}, list(map(Output, found)))
    made = Module(lambda name: None, lambda name: {}, frozenset(), lambda *_: None, variables=SAVED, **module)
    walk, inputs, outputs = trace_graph(graph, made)
    walk.raise_problems(outputs)
    specs = [(Spec(name, y.shape, y.dtype), y) for name, y in zip(names, outputs, strict=True)]
    return dict(zip(names, map(float, Executor(finish(walk.b, inputs, specs, list(range(len(names))))).run([])), strict=True))


def test_where_the_module_tells_the_saver_does_not_run():
    told = {"a": "a-key", "b": "b-key"}.get
    assert read("ab", stored=told, restore=lambda: pytest.fail("it ran")) == {"a": 1, "b": 2}


def test_what_the_module_does_not_tell_is_restored():
    assert read("abc", stored={"a": "a-key"}.get, restore=saver) == {"a": 1, "b": 2, "c": 4}


def test_what_the_main_op_assigned_stays():
    start = [assigned({"a": const("seven", np.float32(7))})]
    assert read("ba", restore=saver, start=start) == {"a": 7, "b": 2}
    assert read("ab", restore=saver, start=start) == {"a": 7, "b": 2}


def test_without_a_value_a_variable_is_missing():
    with pytest.raises(MissingWeights, match="'d'"):
        read("ad", restore=saver)
