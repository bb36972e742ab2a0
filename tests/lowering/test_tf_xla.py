"""XLA's ops where TensorFlow cannot run them for a golden file, and what of them is refused."""

import numpy as np
import pytest

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import FunctionName, Graph, Module, Node, Output
from loadstone.lowering.tensorflow.lower import lower_graph  # noqa: F401 - fills the table
from loadstone.lowering.tensorflow.raw import call_raw
from loadstone.lowering.tensorflow.walk import GraphWalk
from loadstone.lowering.tensorflow.xla_numbers import DOT, numbers_of
from tests.lowering.programs import run

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def one_op(name, count=2):
    """A function of one op."""
    inputs = [Node("tf", "Placeholder", f"x{i}") for i in range(count)]
    made = Node("tf", name, "y", tuple(Output(node, 0) for node in inputs))
    return Graph([*inputs, made], inputs, [Output(node, 0) for node in inputs], [Output(made, 0)])


def node(b, name, *inputs, functions=None, wanted=slice(None), **attributes):
    """Outputs of one node by its rule of the walk."""
    module = Module((functions or {}).get, lambda name: {}, frozenset(functions or {}), lambda inputs, outputs: None)
    walk = GraphWalk(b, module)
    results = walk.call(Node("tf", name, name, attributes=attributes), list(inputs))
    walk.raise_problems([None] if results is None else results[wanted])
    return results[wanted]


def test_a_condition_takes_one_of_two_functions():
    functions = {"one": one_op("Neg", 1), "other": one_op("Square", 1)}
    attributes = {"then_branch": FunctionName("one"), "else_branch": FunctionName("other")}
    for flag, want in ((True, -X), (False, X * X)):
        (got,) = run(lambda b, c, x: node(b, "XlaIf", c, x, functions=functions, **attributes)[0], np.asarray(flag), X)
        np.testing.assert_array_equal(got, want)


def test_there_is_one_replica():
    (got,) = run(lambda b, x: b.Add(b.cast(x, "int32"), call_raw(b, "XlaReplicaId", [], {})[0]), X)
    np.testing.assert_array_equal(got, X.astype(np.int32))


def test_eigenvalues_and_singular_values():
    a = X[:, :2] + X[:, :2].T
    (got,) = run(lambda b, x: node(b, "XlaSelfAdjointEig", x, wanted=slice(1), lower=True)[0], a)
    np.testing.assert_allclose(got, np.linalg.eigvalsh(a), rtol=1e-5)
    (got,) = run(lambda b, x: node(b, "XlaSvd", x, wanted=slice(1))[0], X)
    np.testing.assert_allclose(got, np.linalg.svd(X, compute_uv=False), rtol=1e-5)


def test_vectors_of_xla_are_refused():
    with pytest.raises(UnsupportedAttribute, match="the vectors of XlaSvd"):
        run(lambda b, x: node(b, "XlaSvd", x)[1], X)


def test_a_program_in_stablehlo_is_refused():
    with pytest.raises(UnsupportedAttribute, match=r"StableHLO.*native_serialization=False"):
        run(lambda b, x: node(b, "XlaCallModule", x)[0], X)


def test_a_reducer_that_is_not_known_is_refused_by_name():
    functions = {"take_away": one_op("Sub")}
    attributes = {"reducer": FunctionName("take_away"), "dimensions_to_reduce": [0]}
    with pytest.raises(UnsupportedAttribute, match="XlaReduce with the function 'take_away'"):
        run(lambda b, x: node(b, "XlaReduce", x, b.const(0.0), functions=functions, **attributes)[0], X)


def test_dimension_numbers_may_be_packed_or_not():
    for raw in (b"\x0a\x02\x01\x02\x12\x01\x00", b"\x08\x01\x08\x02\x10\x00"):
        assert numbers_of(raw.decode("utf8", "surrogateescape"), DOT) == {
            "lhs_contracting": [1, 2],
            "rhs_contracting": [0],
            "lhs_batch": [],
            "rhs_batch": [],
        }


@pytest.mark.parametrize("raw", [b"\x0a", b"\x0a\x05\x01", b"\x08\xff\xff", b"\x0d\x00\x00\x00\x00", b"\x08" + b"\xff" * 11])
def test_dimension_numbers_that_are_none(raw):
    with pytest.raises(ModelError, match="dimension numbers"):
        numbers_of(raw, DOT)
