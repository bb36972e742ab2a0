"""Tables that are filled before a signature runs, and what is refused."""

import numpy as np
import pytest

from loadstone.errors import InferenceError, LoadstoneError, MissingWeights, ModelError, UnsupportedOps
from loadstone.ir import Graph, Module, Node, Output, Spec, Tensor, dtypes
from loadstone.lowering.finish import finish
from loadstone.lowering.tensorflow.lower import trace_graph
from loadstone.runtime import Executor
from tests.lowering.raw_ops import strings

KEYS, VALUES = strings(b"a", b"b", b"c"), np.array([10, 20, 30])


def const(name, array):
    array = np.asarray(array)
    return Node("tf", "Const", name, attributes={"value": Tensor.of(array), "dtype": dtypes.of_numpy(array.dtype)})


def table(op="HashTableV2", key="string", value="int64", name="words", args=(), **more):
    return Node(
        "tf", op, "node", tuple(map(Output, args)), attributes={"key_dtype": key, "value_dtype": value, "shared_name": name, **more}
    )


def node(op, *args, **attributes):
    return Node("tf", op, op.lower(), tuple(Output(a) if isinstance(a, Node) else a for a in args), attributes=attributes)


def running(*nodes):
    """A graph of these nodes and those that they take."""
    order = []

    def add(one):
        for leaf in one.args:
            add(leaf.node)
        if one not in order:
            order.append(one)

    for one in nodes:
        add(one)
    return order


def filled(make, op="LookupTableImportV2", keys=KEYS, values=VALUES):
    return Graph(running(node(op, make(), const("keys", keys), const("values", values))), [], {}, {})


def lookup(start, make, asked, default=-1, op="LookupTableFindV2", variables=None, assets=None, extra=()):
    """What a signature finds in a table of a module that starts with these graphs."""
    x = Node("tf", "Placeholder", "x", attributes={"dtype": dtypes.of_numpy(asked.dtype), "shape": asked.shape})
    find = node(op, make(), x, const("default", default))
    graph = Graph([x, *extra, *running(find)], [x], {"x": Output(x)}, {"y": Output(find)})
    module = Module(lambda name: None, lambda name: {}, frozenset(), lambda *_: None, start, variables or {}, assets=assets or {})
    walk, inputs, outputs = trace_graph(graph, module)
    walk.raise_problems(outputs)
    program = finish(walk.b, inputs, [(Spec("y", outputs[0].shape, outputs[0].dtype), outputs[0])], 0)
    return Executor(program).run([asked])[0]


ASKED = strings(b"b", b"", b"c", b"a")


@pytest.mark.parametrize("op", ["LookupTableImport", "LookupTableImportV2", "InitializeTable", "InitializeTableV2"])
@pytest.mark.parametrize("kind", ["HashTable", "HashTableV2"])
def test_a_table_is_shared_by_its_name(op, kind):
    found = lookup([filled(lambda: table(kind), op)], lambda: table(kind), ASKED)
    assert found.tolist() == [20, -1, 30, 10]


def test_a_checkpoint_fills_a_table():
    def make():
        return table("MutableHashTableV2")

    names = [const("prefix", b""), const("names", strings(b"t-keys", b"t-values")), const("slices", strings(b"", b""))]
    restore = node("RestoreV2", *names, dtypes=["string", "int64"])
    imported = node("LookupTableImportV2", make(), Output(restore, 0), Output(restore, 1))
    stored = {"t-keys": Tensor.of(KEYS), "t-values": Tensor.lazy((3,), "int64", lambda: VALUES)}
    start = [Graph(running(imported), [], {}, {})]
    assert lookup(start, make, ASKED, variables=stored).tolist() == [20, -1, 30, 10]
    with pytest.raises(LoadstoneError, match="in no checkpoint"):
        lookup(start, make, ASKED)


def test_what_is_inserted_at_the_start_is_kept():
    def make():
        return table("MutableHashTableV2")

    start = [filled(make, "LookupTableInsertV2"), filled(make, "LookupTableInsertV2", strings(b"b", b"z"), np.array([7, 8]))]
    assert lookup(start, make, strings(b"a", b"b", b"z", b"y")).tolist() == [10, 7, 8, -1]


def test_a_mutable_table_may_be_empty():
    assert lookup([], lambda: table("MutableHashTableV2"), ASKED).tolist() == [-1] * 4


def test_a_dense_table_has_keys_that_stand_for_nothing():
    empty, deleted = const("empty", np.int64(-1)), const("deleted", np.int64(-2))

    def make():
        return table("MutableDenseHashTableV2", "int64", "float32", args=[empty, deleted], value_shape=(2,))

    values = np.arange(8, dtype=np.float32).reshape(4, 2)
    start = [filled(make, keys=np.array([[-1], [5], [-2], [6]]), values=values)]
    asked, default = np.array([6, 5, 9]), np.array([9, 9], np.float32)
    assert lookup(start, make, asked, default).tolist() == [[6, 7], [2, 3], [9, 9]]
    with pytest.raises(InferenceError, match="empty place"):
        lookup(start, make, np.array([-1]), default)


def test_keys_may_be_vectors():
    empty, deleted = const("empty", np.array([0, 0])), const("deleted", np.array([-1, -1]))

    def make():
        return table("MutableDenseHashTableV2", "int64", "int64", args=[empty, deleted], value_shape=())

    start = [filled(make, "LookupTableInsertV2", np.array([[1, 2], [3, 4]]), np.array([12, 34]))]
    assert lookup(start, make, np.array([[3, 4], [1, 3], [1, 2]])).tolist() == [34, -1, 12]


TEXT = b"apple\t3\t0.5\r\nbanana\t5\t1.5\ncherry\t-7\t2\n"


@pytest.mark.parametrize(
    ("types", "options", "asked", "found"),
    [
        (("string", "int64"), {"key_index": -2, "value_index": -1}, strings(b"banana\t5\t1.5", b"banana"), [1, -1]),
        (("string", "int64"), {"key_index": 0, "value_index": -1, "offset": 4}, strings(b"cherry", b"apple"), [6, 4]),
        (("int64", "string"), {"key_index": -1, "value_index": 0}, np.array([2, 9]), [b"cherry", b"?"]),
        (("string", "float32"), {"key_index": 0, "value_index": 2}, strings(b"banana", b"cherry"), [1.5, 2.0]),
        (("string", "int32"), {"key_index": 0, "value_index": 1, "offset": 1}, strings(b"cherry", b"x"), [-6, -1]),
        (("string", "int64"), {"key_index": 0, "value_index": 1, "vocab_size": 2}, strings(b"cherry", b"banana"), [-1, 5]),
    ],
)
def test_a_text_file_fills_a_table(types, options, asked, found):
    def make():
        return table("HashTableV2", *types)

    attributes = {"vocab_size": -1, "delimiter": "\t", "offset": 0, **options}
    fill = node("InitializeTableFromTextFileV2", make(), const("asset", np.array(b"words.txt", object)), **attributes)
    default = np.array(b"?", object) if types[1] == "string" else np.array(-1, types[1])
    start = [Graph(running(fill), [], {}, {})]
    assert lookup(start, make, asked, default, assets={"asset": lambda: TEXT}).tolist() == found
    with pytest.raises(MissingWeights, match="not part of the model"):
        lookup(start, make, asked, default)


@pytest.mark.parametrize(
    ("text", "options", "why"),
    [
        (b"a\n\nb\n", {}, "line 1 .* empty"),
        (b"a\nb\n", {"vocab_size": 3}, "a vocabulary of 3 from a file of 2"),
        (b"a\nb\n", {"key_index": 2}, "columns"),
        (b"a\na\n", {}, "two values for one key"),
        (b"a\nb\n", {"value_index": 0}, "no number of int64"),
    ],
)
def test_text_files_that_fill_no_table(text, options, why):
    attributes = {"key_index": -2, "value_index": -1, "vocab_size": -1, "delimiter": "\t", "offset": 0, **options}
    fill = node("InitializeTableFromTextFileV2", table(), const("asset", np.array(b"words.txt", object)), **attributes)
    with pytest.raises(LoadstoneError, match=why):
        lookup([Graph(running(fill), [], {}, {})], table, ASKED, assets={"asset": lambda: text})


def test_a_table_that_nothing_fills_is_an_error():
    with pytest.raises(MissingWeights, match="'words' is empty"):
        lookup([], table, ASKED)


def test_two_values_for_one_key_are_an_error():
    with pytest.raises(LoadstoneError, match="two values for one key"):
        lookup([filled(table, keys=strings(b"a", b"a"), values=np.array([1, 2]))], table, ASKED)


def test_two_tables_of_one_name_are_an_error():
    with pytest.raises(ModelError, match="two tables of one name"):
        lookup([filled(table)], lambda: table(value="int32"), ASKED, np.int32(0))


@pytest.mark.parametrize("op", ["LookupTableInsertV2", "LookupTableRemoveV2"])
def test_what_a_signature_changes_is_refused(op):
    def make():
        return table("MutableHashTableV2")

    change = node(op, make(), *([const("k", KEYS)] if "Remove" in op else [const("k", KEYS), const("v", VALUES)]))
    with pytest.raises(UnsupportedOps, match="changes a table whenever the model runs"):
        lookup([], make, ASKED, extra=running(change))
