"""A module made by hand: variables, tables from constants and from a file, a loop, a condition, a counter, two signatures."""

import numpy as np

from loadstone.ir import FunctionName, Graph, Module, Node, Output, Tensor

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)
X, WORDS = np.array([[1, 2], [3, 4]], np.float32), np.array([b"p", b"z"], object)


def op(kind, name, *args, **attributes):
    taken = tuple(arg if isinstance(arg, Output) else Output(arg) for arg in args)
    return Node("tf", kind, name, taken, attributes=attributes)


def const(name, value, dtype):
    return op("Const", name, dtype=dtype, value=Tensor.of(value, dtype))


def placeholder(name, dtype, shape):
    return op("Placeholder", name, dtype=dtype, shape=shape, default=None)


def variable(shape, name):
    return op("VarHandleOp", name.rpartition("/")[2], dtype="float32", shape=shape, shared_name=name)


def table(name):
    return op("HashTableV2", name, key_dtype="string", value_dtype="int64", shared_name=name)


def loop():
    """v doubled three times, as the graphs of a condition and of a body."""
    i, v = placeholder("i", "int32", ()), placeholder("v", "float32", None)
    three = const("three", 3, "int32")
    less = op("Less", "less", i, three, T="int32")
    condition = Graph([i, v, three, less], [i, v], [Output(i), Output(v)], [Output(less)])
    j, w = placeholder("i", "int32", ()), placeholder("v", "float32", None)
    one, two = const("one", 1, "int32"), const("two", 2.0, "float32")
    following, doubled = op("AddV2", "following", j, one, T="int32"), op("Mul", "doubled", w, two, T="float32")
    body = Graph([j, w, one, two, following, doubled], [j, w], [Output(j), Output(w)], [Output(following), Output(doubled)])
    return condition, body


def branch(kind):
    v = placeholder("v", "float32", None)
    result = op(kind, "result", v, T="float32")
    return Graph([v, result], [v], [Output(v)], [Output(result)])


def serving():
    """y = -8 * (x @ kernel + the number of the call), i = words[a] + lines[a], same = x."""
    x, a = placeholder("x", "float32", (None, 2)), placeholder("a", "string", (None,))
    kernel, count = variable((2, 3), "dense/kernel"), variable((), "count")
    nodes = [x, a, kernel, count]

    def add(*parts, **attributes):
        nodes.append(op(*parts, **attributes))
        return nodes[-1]

    read = add("ReadVariableOp", "read", kernel, dtype="float32")
    product = add("MatMul", "product", x, read, T="float32", transpose_a=False, transpose_b=False)
    nodes += [one := const("one", 1.0, "float32")]
    add("AssignAddVariableOp", "up", count, one, dtype="float32")
    counted = add("ReadVariableOp", "counted", count, dtype="float32")
    y = add("AddV2", "y", product, counted, T="float32")
    nodes += [words := table("words"), lines := table("lines"), other := const("other", -1, "int64")]
    found = [add("LookupTableFindV2", "find", one, a, other, Tin="string", Tout="int64") for one in (words, lines)]
    i = add("AddV2", "i", *found, T="int64")
    nodes += [zero := const("zero", 0, "int32"), true := const("true", True, "bool")]
    condition, body = loop()
    twice = add("While", "while", zero, y, T=["int32", "float32"], cond=condition, body=body)
    functions = {"then_branch": FunctionName("negative"), "else_branch": FunctionName("positive")}
    chosen = add("If", "if", true, Output(twice, 1), Tcond="bool", Tin=["float32"], Tout=["float32"], **functions)
    outputs = {"y": Output(chosen, 0, (None, 3)), "i": Output(i, 0, (None,)), "same": Output(x, 0, (None, 2))}
    return Graph(nodes, [x, a], {"x": Output(x), "a": Output(a)}, outputs)


def product():
    """The product alone."""
    x, kernel = placeholder("x", "float32", (None, 2)), variable((2, 3), "dense/kernel")
    read = op("ReadVariableOp", "read", kernel, dtype="float32")
    result = op("MatMul", "product", x, read, T="float32")
    return Graph([x, kernel, read, result], [x], {"x": Output(x)}, [Output(result, 0, (None, 3))])


def start():
    """What fills the tables."""
    words, keys, values = table("words"), const("keys", [b"p", b"q"], "string"), const("values", [10, 20], "int64")
    lines, path = table("lines"), const("vocabulary", b"", "string")
    filled = op("LookupTableImportV2", "fill", words, keys, values, Tin="string", Tout="int64")
    read = op("InitializeTableFromTextFileV2", "fill_lines", lines, path, key_index=-2, value_index=-1)
    return Graph([words, keys, values, filled, lines, path, read], [], {}, [])


def module():
    functions = {"negative": branch("Neg"), "positive": branch("Abs")}
    variables = {"dense/kernel": Tensor.of(KERNEL), "count": Tensor.of(np.float32(0)), "notes": Tensor.of([b"one"], "string")}
    return Module(
        functions.__getitem__,
        lambda name: {},
        frozenset(functions),
        lambda inputs, outputs: product(),
        start=[start()],
        variables=variables,
        stored=lambda name: name,
        assets={"vocabulary": lambda: b"p\nz\n"},
        signatures={"serving_default": serving(), "product": product()},
        trainable=frozenset({"dense/kernel"}),
    )
