"""Graphs, checkpoints and archives of TensorFlow that are broken or made to harm: each gets its own error, and soon.

Files are written here field by field, as protobuf lies on the wire, or are goldens with something changed.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import time
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

import loadstone
from loadstone.containers.crc32c import crc32c
from loadstone.errors import CorruptFile, LoadstoneError, ModelError, UnrecognizedFormat, UnsafeContent, UnsupportedAttribute
from loadstone.lowering import builder

GOLDEN = Path(__file__).parents[1] / "golden" / "graphs"
FROZEN = (GOLDEN / "tensorflow-1.15" / "conditions_frozen.pb").read_bytes()
FLOAT, INT, BOOL = 1, 3, 10
LIMIT = 8  # seconds that a file may take on a busy machine


# -- writing messages -------------------------------------------------------------------------------------------------


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value & 2**64 - 1)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def type_(number: int) -> bytes:
    return field(6, number)


def shape(*sizes: int) -> bytes:
    return b"".join(field(2, field(1, size)) for size in sizes)


def tensor(dtype: int, sizes: tuple[int, ...], raw: bytes = b"", rest: bytes = b"") -> bytes:
    return field(8, field(1, dtype) + field(2, shape(*sizes)) + (field(4, raw) if raw else b"") + rest)


def node(name: str, op: str, *inputs: str, **attributes: bytes) -> bytes:
    told = b"".join(field(5, field(1, key) + field(2, value)) for key, value in attributes.items())
    return field(1, name) + field(2, op) + b"".join(field(3, text) for text in inputs) + told


def floating(name: str, op: str, *inputs: str, **attributes: bytes) -> bytes:
    return node(name, op, *inputs, T=type_(FLOAT), **attributes)


def ints(name: str, *values: int) -> bytes:
    return node(name, "Const", value=tensor(INT, (len(values),), struct.pack(f"<{len(values)}i", *values)), dtype=type_(INT))


def ones(name: str, *sizes: int) -> bytes:
    """A constant of one number."""
    return node(name, "Const", value=tensor(FLOAT, sizes, rest=field(5, struct.pack("<f", 1))), dtype=type_(FLOAT))


X = node("x", "Placeholder", dtype=type_(FLOAT), shape=field(7, shape(2)))


def graph(*nodes: bytes, functions: bytes = b"") -> bytes:
    library = field(2, functions) if functions else b""
    return b"".join(field(1, one) for one in (X, *nodes)) + library + field(4, field(1, 27))


def function(name: str, *nodes: bytes, result: str) -> bytes:
    """A function of one float."""
    argument = field(1, "x") + field(3, FLOAT), field(1, "y") + field(3, FLOAT)
    signature = field(1, name) + field(2, argument[0]) + field(3, argument[1])
    return field(1, field(1, signature) + b"".join(field(3, one) for one in nodes) + field(4, field(1, "y") + field(2, result)))


def call(name: str, of: str, x: str) -> bytes:
    one = field(1, field(6, FLOAT))
    return node(name, "PartitionedCall", x, f=field(10, field(1, of)), Tin=one, Tout=one)


def saved_model(meta: bytes, **files: bytes) -> bytes:
    """A zip archive of a SavedModel of one graph."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("saved_model.pb", field(1, 1) + field(2, field(1, field(4, "serve")) + meta))
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def objects(*of: bytes, functions: bytes = b"") -> bytes:
    return saved_model(field(2, graph()) + field(7, b"".join(field(1, one) for one in of) + functions))


def child(number: int, name: str) -> bytes:
    return field(1, field(1, number) + field(2, name))


# -- files ------------------------------------------------------------------------------------------------------------


def doubling_calls() -> bytes:
    """60 functions that each call the next one twice: 2**60 calls."""
    bodies = [function(f"f{i}", call("a", f"f{i + 1}", "x"), call("b", f"f{i + 1}", "a:output:0"), result="b:output:0") for i in range(60)]
    bodies.append(function("f60", floating("b", "Neg", "x"), result="b:y:0"))
    return graph(call("out", "f0", "x"), functions=b"".join(bodies))


def endless_calls() -> bytes:
    return graph(call("out", "f", "x"), functions=function("f", call("a", "f", "x"), result="a:output:0"))


def doubling_constants() -> bytes:
    joined = [node(f"c{i + 1}", "ConcatV2", f"c{i}", f"c{i}", "axis", T=type_(FLOAT), Tidx=type_(INT), N=field(3, 2)) for i in range(40)]
    axis = node("axis", "Const", value=tensor(INT, (), struct.pack("<i", 0)), dtype=type_(INT))
    return graph(ones("c0", 1 << 10), axis, *joined)


def filled() -> bytes:
    return graph(ints("d", 1 << 20, 1 << 20), ones("v"), floating("out", "Fill", "d", "v", index_type=type_(INT)))


def computed() -> bytes:
    """What is made when the model runs has a shape that is known before."""
    return graph(ints("d", 1 << 30, 1 << 10, 2), floating("out", "BroadcastTo", "x", "d", Tidx=type_(INT)))


def repeated_constants() -> bytes:
    return graph(*(ones(f"c{i}", 1 << 28) for i in range(8)), *(floating(f"o{i}", "Neg", f"c{i}") for i in range(8)))


def merges_in_merges() -> bytes:
    """Conditions whose branches both hold the condition before: 2**40 of them."""
    nodes = [ones("zero"), node("axis", "Const", value=tensor(INT, (1,), struct.pack("<i", 0)), dtype=type_(INT))]
    nodes += [floating("s", "Sum", "x", "axis", Tidx=type_(INT)), floating("p", "Less", "s", "zero"), floating("sw", "Switch", "x", "p")]
    before = "sw"
    for i in range(40):
        nodes += [floating(f"l{i}", "Add", before, "sw"), floating(f"r{i}", "Add", before, "sw:1")]
        nodes.append(floating(f"m{i}", "Merge", f"l{i}", f"r{i}", N=field(3, 2)))
        before = f"m{i}"
    return graph(*nodes, floating("out", "Identity", before))


def circling_condition() -> bytes:
    a, b = node("a", "Identity", "b", T=type_(BOOL)), node("b", "Identity", "a", T=type_(BOOL))
    return graph(a, b, floating("sw", "Switch", "x", "a"), floating("out", "Merge", "sw", "sw:1", N=field(3, 2)))


def loop_in_itself() -> bytes:
    nodes = [
        floating("e", "Enter", "x"),
        floating("m", "Merge", "e", "n"),
        node("c", "LoopCond", "less"),
        floating("less", "Less", "m", "ex"),
    ]
    nodes += [floating("sw", "Switch", "m", "c"), floating("n", "NextIteration", "ex"), floating("ex", "Exit", "sw")]
    return graph(*nodes, floating("out", "Neg", "ex"))


def half_a_loop() -> bytes:
    return graph(floating("sw", "Switch", "x"), floating("ex", "Exit", "sw"))


def deep_attribute() -> bytes:
    inner = b""
    for _ in range(10_000):
        inner = field(10, field(1, "f") + field(2, field(1, "k") + field(2, inner)))
    return graph(floating("out", "Neg", "x", more=inner))


def deep_structure() -> bytes:
    inner = b""
    for _ in range(5_000):
        inner = field(51, field(1, inner))
    concrete = field(2, field(1, "g") + field(2, field(3, inner)))
    return objects(child(1, "f"), field(6, field(1, "g")), functions=concrete)


def bound_elsewhere() -> bytes:
    concrete = field(2, field(1, "g") + field(2, field(2, 77)))
    meta = field(2, graph(functions=function("g", floating("b", "Neg", "x"), result="b:y:0")))
    return saved_model(meta + field(7, field(1, child(1, "f")) + field(1, field(6, field(1, "g"))) + concrete))


def long_ways() -> bytes:
    """50,000 objects in a row, whose ways from the root are 25 GB of text."""
    return objects(*(child(i + 1, "a" * 20) for i in range(50_000)))


def outside_asset() -> bytes:
    """A table of the lines of a file that is not below the folder."""
    table = node("t", "HashTableV2", key_dtype=type_(7), value_dtype=type_(9))
    path = node("path", "Const", value=tensor(7, (), rest=field(8, "path")), dtype=type_(7))
    told = {"key_index": field(3, -2), "value_index": field(3, -1), "vocab_size": field(3, -1)}
    fill = node("fill", "InitializeTableFromTextFileV2", "t", "path", **told)
    default = node("d", "Const", value=tensor(9, (), rest=field(10, 5)), dtype=type_(9))
    keys = node("k", "Const", value=tensor(7, (1,), rest=field(8, "root")), dtype=type_(7))
    find = node("out", "LookupTableFindV2", "t", "k", "d", Tin=type_(7), Tout=type_(9))
    info = field(1, "out:0") + field(2, 9)
    signature = field(5, field(1, "serving_default") + field(2, field(2, field(1, "y") + field(2, info))))
    start = field(4, field(1, "table_initializer") + field(2, field(1, field(1, "fill"))))
    asset = field(6, field(1, field(1, "path:0")) + field(2, "../../../../../../etc/passwd"))
    return field(2, graph(table, path, fill, default, keys, find)) + signature + start + asset


def nodes_text(inside: str) -> bytes:
    return f'node {{ name: "c" op: "Const" attr {{ key: "value" value {{ {inside} }} }} }}'.encode()


def pax_bomb() -> bytes:
    """A packed tar whose first header says that its own text has 100 MB."""
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 100 << 20
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1) as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(100):
            file.write(bytes(1 << 20))
    return buffer.getvalue()


HOSTILE = [
    (doubling_calls, UnsafeContent, "functions that call each other far more often than a model does"),
    (endless_calls, UnsafeContent, "functions inside functions, more than 100 of them"),
    (doubling_constants, UnsafeContent, "constants that grow to far more than the file has"),
    (filled, UnsafeContent, "constants that grow to far more than the file has"),
    (computed, UnsafeContent, r"a tensor of float32 and shape \(1073741824, 1024, 2\) inside the model"),
    (repeated_constants, UnsafeContent, "the constants of the graph have more than 4294967296 bytes"),
    (lambda: graph(ones("c", 1 << 40), floating("o", "Neg", "c")), UnsafeContent, r"a tensor of shape \(1099511627776,\) out of 1 values"),
    (lambda: graph(ones("c", *[1] * 300), floating("o", "Neg", "c")), CorruptFile, "a tensor of 300 axes"),
    (merges_in_merges, UnsafeContent, "whose loops and conditions cannot be told apart"),
    (circling_condition, ModelError, "a node of the graph depends on itself"),
    (loop_in_itself, ModelError, "a loop that is inside itself"),
    (half_a_loop, ModelError, "a Switch of 1 inputs"),
    (lambda: graph(floating("ex", "Exit", "gone")), ModelError, "the graph has no node 'gone'"),
    (lambda: graph(floating("o", "Neg", "x:" + "9" * 5_000)), ModelError, r"a reference to output 999999999\.\.\. of a node"),
    (lambda: graph(node("o", "Neg", "x", T=field(3, 1))), ModelError, "the attribute 'T' of a Neg should be of kind type, found 1"),
    (lambda: graph(call("out", "f", "x"), functions=function("f", result="gone:y:0")), ModelError, "the graph has no node 'gone'"),
    (deep_attribute, UnsafeContent, "attributes inside attributes, more than 32 of them"),
    (deep_structure, UnsafeContent, "arguments inside arguments, more than 64 of them"),
    (bound_elsewhere, CorruptFile, "a function has bound object 77 of 2"),
    (long_ways, UnsafeContent, "objects inside objects, whose names together have more than 67108864 characters"),
    (lambda: nodes_text('tensor { dtype: DT_FLOAT float_val: "x" }'), CorruptFile, "a field of another kind than float: b'x'"),
    (lambda: nodes_text("list { s: [" + "[" * 100_000), CorruptFile, "lists inside lists without end"),
    (lambda: b"#" * 100 + b"\n@", UnrecognizedFormat, "this is plain text that begins '####"),
    (lambda: nodes_text("i: 1") + b"\n" + b"#" * 100 + b"\n@", CorruptFile, "text that is no message, at character"),
    (pax_bomb, UnsafeContent, "an archive that unpacks to far more than it is"),
]


@pytest.mark.parametrize(
    ("make", "error", "words"), HOSTILE, ids=[getattr(make, "__name__", "") + f"_{i}" for i, (make, *_) in enumerate(HOSTILE)]
)
def test_graphs_made_to_harm(make, error, words, monkeypatch):
    monkeypatch.setattr(builder, "MAX_MADE", 1 << 26)  # bytes take time as well
    data = make()
    start = time.process_time()
    with pytest.raises(error, match=words):
        loadstone.load_model(data)
    assert time.process_time() - start < LIMIT


def test_an_asset_outside_the_folder_is_not_read(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(field(1, 1) + field(2, field(1, field(4, "serve")) + outside_asset()))
    with pytest.raises(ModelError, match="is not a name inside a folder"):
        loadstone.load_model(tmp_path)


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"f": {"i": 1e999}}, "a int that is none: inf"),
        ({"\ud800": {"i": 1}}, "a string that is none: '.ud800'"),
        ({"f": {"list": {"s": [3]}}}, "a bytes that is none: 3"),
    ],
)
def test_json_that_is_no_graph(attributes, words, tmp_path):
    stored = {
        "modelTopology": {"node": [{"name": "x", "op": "Placeholder", "attr": attributes}, {"name": "y", "op": "Neg", "input": ["x"]}]},
        "weightsManifest": [],
    }
    (tmp_path / "model.json").write_text(json.dumps(stored))
    with pytest.raises(CorruptFile, match=words):
        loadstone.load_model(tmp_path)


def test_a_manifest_does_not_lead_out_of_the_folder(tmp_path):
    weights = [{"paths": ["../../secret.bin"], "weights": [{"name": "c", "shape": [1], "dtype": "float32"}]}]
    stored = {"modelTopology": {"node": [{"name": "x", "op": "Placeholder"}]}, "weightsManifest": weights}
    (tmp_path / "model.json").write_text(json.dumps(stored))
    with pytest.raises(CorruptFile, match="is not a name inside a folder"):
        loadstone.load_model(tmp_path)


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ([3], "the manifest of the weights is damaged"),
        ([{"paths": ["w"]}], "the manifest of the weights is damaged: KeyError 'weights'"),
        ([{"paths": ["w"] * 1_000, "weights": []}], "the manifest lists a file twice"),
        ([{"paths": ["w"], "weights": [{"name": "c", "shape": [1] * 100, "dtype": "float32"}]}], "a tensor of 100 axes"),
        ([{"paths": ["w"], "weights": [{"name": "c", "shape": [1 << 40], "dtype": "string"}]}], "the weights end at byte 4"),
    ],
)
def test_manifests_that_lie(groups, words, tmp_path):
    stored = {"modelTopology": {"node": [{"name": "x", "op": "Placeholder"}]}, "weightsManifest": groups}
    (tmp_path / "model.json").write_text(json.dumps(stored))
    (tmp_path / "w").write_bytes(bytes(4))
    with pytest.raises(CorruptFile, match=words):
        loadstone.load_model(tmp_path)


def test_text_of_many_strings_and_numbers_too_large_is_read():
    text = (
        'node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }'
        'attr { key: "shape" value { shape { dim { size: 2 } } } } }'
        'node { name: "c" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } }'
        'attr { key: "value" value { tensor { dtype: DT_FLOAT tensor_shape { dim { size: 2 } } float_val: 1e300 float_val: 1 } } }'
        'attr { key: "_note" value { s: ' + '"ab" ' * 100_000 + "} } }"
        'node { name: "o" op: "Add" input: "c" input: "x" attr { key: "T" value { type: DT_FLOAT } } }'
    )
    start = time.process_time()
    model = loadstone.load_model(text.encode(), outputs="o")
    np.testing.assert_array_equal(model.predict(np.array([1, 2], "f")), [np.inf, 3])
    assert time.process_time() - start < LIMIT


# -- loops ------------------------------------------------------------------------------------------------------------


def loop(name: str, x: str, inside) -> list[bytes]:
    """A loop of TensorFlow 1 of two rounds, whose body is `-inside(x)`; gives `name/Exit_1`."""
    frame = {"frame_name": field(2, name)}
    number = tensor(INT, (), struct.pack("<i", 0)), tensor(INT, (), struct.pack("<i", 2)), tensor(INT, (), struct.pack("<i", 1))
    nodes = [node(f"{name}/{n}", "Const", value=v, dtype=type_(INT)) for n, v in zip(("i", "limit", "one"), number, strict=True)]
    for end, begin, dtype in (("", f"{name}/i", INT), ("_1", x, FLOAT)):
        nodes += [
            node(f"{name}/Enter{end}", "Enter", begin, T=type_(dtype), **frame),
            node(f"{name}/Merge{end}", "Merge", f"{name}/Enter{end}", f"{name}/Next{end}", T=type_(dtype), N=field(3, 2)),
            node(f"{name}/Switch{end}", "Switch", f"{name}/Merge{end}", f"{name}/Cond", T=type_(dtype)),
            node(f"{name}/Exit{end}", "Exit", f"{name}/Switch{end}", T=type_(dtype)),
        ]
    nodes += [node(f"{name}/{n}e", "Enter", f"{name}/{n}", T=type_(INT), is_constant=field(5, 1), **frame) for n in ("limit", "one")]
    nodes += [
        node(f"{name}/Less", "Less", f"{name}/Merge", f"{name}/limite", T=type_(INT)),
        node(f"{name}/Cond", "LoopCond", f"{name}/Less"),
    ]
    nodes += [node(f"{name}/Add", "Add", f"{name}/Switch:1", f"{name}/onee", T=type_(INT))]
    body, result = inside(f"{name}/Switch_1:1")
    nodes += [*body, floating(f"{name}/Neg", "Neg", result)]
    nodes += [
        node(f"{name}/Next", "NextIteration", f"{name}/Add", T=type_(INT)),
        floating(f"{name}/Next_1", "NextIteration", f"{name}/Neg"),
    ]
    return nodes


def nested(depth: int, x: str = "x") -> tuple[list[bytes], str]:
    if not depth:
        return [], x
    return loop(f"w{depth}", x, lambda inside: nested(depth - 1, inside)), f"w{depth}/Exit_1"


def test_loops_in_loops_are_read_in_little_time():
    nodes, result = nested(10)
    start = time.process_time()
    model = loadstone.load_model(graph(*nodes, floating("out", "Identity", result)), outputs="out")
    assert time.process_time() - start < LIMIT
    np.testing.assert_array_equal(model.predict(np.array([1, 2], "f")), [1, 2])


def test_more_loops_in_loops_than_an_engine_holds_are_refused():
    nodes, result = nested(35)
    with pytest.raises(UnsupportedAttribute, match=f"more than {builder.MAX_BODIES} conditions and loops inside each other"):
        loadstone.load_model(graph(*nodes, floating("out", "Identity", result)), outputs="out")
    nodes, result = nested(120)
    with pytest.raises(UnsafeContent, match=r"more than 100 loops|cannot be told apart"):
        loadstone.load_model(graph(*nodes, floating("out", "Identity", result)), outputs="out")


def test_a_loop_without_end_is_not_run_by_loading():
    always = node("always", "Const", value=tensor(BOOL, (), b"\1"), dtype=type_(BOOL))
    nodes = [always, ones("one", 2), floating("e", "Enter", "one"), floating("m", "Merge", "e", "n"), node("c", "LoopCond", "always")]
    nodes += [
        floating("sw", "Switch", "m", "c"),
        floating("g", "Neg", "sw:1"),
        floating("n", "NextIteration", "g"),
        floating("ex", "Exit", "sw"),
    ]
    start = time.process_time()
    assert loadstone.load_model(graph(*nodes), outputs="ex").output_shape == (2,)
    assert time.process_time() - start < LIMIT


def test_a_long_chain_is_no_recursion():
    nodes = [floating(f"n{i}", "Neg", f"n{i - 1}" if i else "x") for i in range(5_000)]
    assert loadstone.load_model(graph(*nodes)).predict(np.array([1, 2], "f")) == pytest.approx([1, 2])


# -- checkpoints ------------------------------------------------------------------------------------------------------


def table(*blocks: bytes, index: bytes) -> bytes:
    """A table of these blocks; index is the content of the index block, which points at them."""
    data = b"".join(map(sealed, (*blocks, index)))
    handle = varint(0) + varint(0) + varint(len(data) - len(sealed(index))) + varint(len(index))
    return data + handle.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")


def sealed(block: bytes) -> bytes:
    crc = crc32c(memoryview(block + b"\0"))
    return block + b"\0" + struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 2**32 - 1)


def entry(shared: int, key: bytes, value: bytes) -> bytes:
    return varint(shared) + varint(len(key)) + varint(len(value)) + key + value


END = struct.pack("<II", 0, 1)  # of a block: one restart point


def bundle(*entries: tuple[bytes, bytes]) -> bytes:
    """The index of a checkpoint."""
    block = b"".join(entry(0, key, value) for key, value in ((b"", field(1, 1)), *entries)) + END
    return table(block, index=entry(0, b"z", varint(0) + varint(len(block))) + END)


def growing_keys() -> bytes:
    block = b"".join(entry(i, b"a", b"") for i in range(50_000)) + END
    return table(block, index=entry(0, b"z", varint(0) + varint(len(block))) + END)


def one_block_often() -> bytes:
    block = entry(0, b"", field(1, 1)) + bytes(9_999) + END
    return table(block, index=b"".join(entry(0, b"%05d" % i, varint(0) + varint(len(block))) for i in range(5_000)) + END)


CHECKPOINTS = [
    (growing_keys, UnsafeContent, "keys of a table that unpack to more than 67108864 bytes"),
    (one_block_often, CorruptFile, "the blocks of the table lie over each other"),
    (
        lambda: bundle((b"v", field(1, FLOAT) + field(2, shape(1 << 40)) + field(5, 4))),
        CorruptFile,
        r"a float32 of shape \(1099511627776,\)",
    ),
    (lambda: bundle((b"v", field(1, FLOAT) + field(2, shape(*[1] * 100)) + field(5, 4))), CorruptFile, "a tensor of 100 axes"),
    (lambda: bundle((b"v", field(1, FLOAT) + field(2, shape(-1)) + field(5, 4))), CorruptFile, r"a tensor of 1 axes and shape \(-1,\)"),
    (
        lambda: bundle((b"v", field(1, 7) + field(2, shape(1 << 40)) + field(5, 4))),
        CorruptFile,
        r"strings of shape \(1099511627776,\) in 4 bytes",
    ),
    (
        lambda: bundle((b"v", field(1, FLOAT) + field(2, shape(1)) + field(3, 9) + field(5, 4))),
        CorruptFile,
        "a data file of the checkpoint is missing",
    ),
    (lambda: bundle((b"v", field(1, FLOAT) + field(4, 1 << 62) + field(5, 4))), CorruptFile, "lies outside the file"),
    (lambda: bundle((b"v", field(1, FLOAT) + field(2, shape(2)) + field(7, b"") * 2)), CorruptFile, "two slices of a tensor are one"),
]


@pytest.mark.parametrize(("make", "error", "words"), CHECKPOINTS)
def test_checkpoints_made_to_harm(make, error, words, tmp_path):
    (tmp_path / "m.index").write_bytes(make())
    (tmp_path / "m.data-00000-of-00001").write_bytes(bytes(64))
    start = time.process_time()
    with pytest.raises(error, match=words):
        loadstone.load_weights(tmp_path / "m")
    assert time.process_time() - start < LIMIT


# -- damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["tensorflow-1.15/conditions_frozen.pb", "tensorflow-1.15/mlp_frozen_text.pbtxt", "tensorflow-2.15/flows.zip"]
)
def test_random_damage_gives_a_typed_error_or_a_model(name):
    whole = (GOLDEN / name).read_bytes()
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            files = {member: archive.read(member) for member in archive.namelist() if not member.endswith("/")}
    else:
        files = {"": whole}
    random = np.random.default_rng(11)
    messages: list[str] = []
    graph_file = max(files, key=lambda member: (member.endswith(".pb"), len(files[member])))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(40):
            damaged = bytearray(files[graph_file])
            for position in random.integers(0, len(damaged), 3):
                damaged[position] ^= 1 << int(random.integers(8))
            data = bytes(damaged) if "" in files else packed({**files, graph_file: bytes(damaged)})
            try:
                loadstone.load_model(data)
            except LoadstoneError as error:
                messages.append(str(error))
    assert all(c.isprintable() or c in "\n\t" for c in "".join(messages))


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()
