"""SavedModels that are written, read again by loadstone; tests/interop/check_saved_model.py opens them in TensorFlow."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

import loadstone
from loadstone.containers import graph_writing, saved_model_writing
from loadstone.containers.graph_writing import attribute
from loadstone.containers.saved_model_proto import SignatureDef, TensorInfo
from loadstone.containers.saved_model_writing import PREDICT
from loadstone.errors import MissingWeights, ModelError
from loadstone.export.saved_model import is_written_back, write_back, write_saved_model, written_names
from loadstone.ir import Graph, Output
from tests.export import saved_model_cases as cases

GRAPHS = Path(__file__).parents[1] / "golden" / "graphs"
GOLDENS = sorted(str(path.relative_to(GRAPHS).with_suffix("")) for path in GRAPHS.glob("*/*.npz"))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "model"
    module = cases.module()
    write_saved_model(str(folder), module, module.signatures)
    return folder


def test_a_made_module_predicts_as_it_is_described(written):
    model = loadstone.load_model(written, signature="serving_default")
    for call in (1, 2):
        found = model({"x": cases.X, "a": cases.WORDS})
        np.testing.assert_allclose(found["y"], -8 * (cases.X @ cases.KERNEL + call))
        assert found["i"].tolist() == [10, 0] and found["same"].tolist() == cases.X.tolist()


def test_every_signature_is_there_with_its_names_and_shapes(written):
    model = loadstone.load_model(written, signature="serving_default")
    assert set(model.signatures) == {"serving_default", "product"}
    assert [(spec.name, spec.shape, spec.dtype) for spec in model.inputs] == [("x", (None, 2), "float32"), ("a", (None,), "string")]
    assert [(spec.name, spec.shape) for spec in model.outputs] == [("i", (None,)), ("same", (None, 2)), ("y", (None, 3))]
    np.testing.assert_allclose(model.signatures["product"](x=cases.X)["output_0"], cases.X @ cases.KERNEL)


def test_variables_lie_in_the_checkpoint_and_assets_beside(written):
    found = loadstone.load_weights(written / "variables" / "variables")
    assert found["variables/0/.ATTRIBUTES/VARIABLE_VALUE"].numpy().tolist() == cases.KERNEL.tolist()
    assert found["variables/2/.ATTRIBUTES/VARIABLE_VALUE"].numpy().tolist() == [b"one"]
    assert (written / "assets" / "vocabulary.txt").read_bytes() == b"p\nz\n"


def test_a_variable_without_a_value_is_named(tmp_path):
    module = cases.module()
    module.variables = {}
    with pytest.raises(MissingWeights, match="'dense/kernel' has no value"):
        write_saved_model(str(tmp_path / "model"), module, {"serving_default": cases.product()})


def test_an_attribute_that_is_missing_is_named(tmp_path):
    x = cases.placeholder("x", "float32", (None,))
    y = cases.op("Neg", "y", x)
    with pytest.raises(ModelError, match=r"a Neg that does not say what type|without its attribute 'T'"):
        write_saved_model(str(tmp_path / "model"), cases.module(), {"f": Graph([x, y], [x], {"x": Output(x)}, {"y": Output(y)})})


def test_what_runs_first_may_only_fill_tables(tmp_path):
    module = cases.module()
    value = cases.const("value", 1.0, "float32")
    handle = cases.variable((), "count")
    module.start = [Graph([handle, value, cases.op("AssignVariableOp", "set", handle, value, dtype="float32")], [], {}, [])]
    with pytest.raises(ModelError, match="runs before any signature"):
        write_saved_model(str(tmp_path / "model"), module, module.signatures)


def filled_from(*paths):
    """A module with a table for each of these names of files, and a signature that gives what all say of words."""
    module = cases.module()
    words, other = cases.placeholder("words", "string", (None,)), cases.const("other", -1, "int64")
    nodes, outputs, start = [words, other], {}, []
    for place, path in enumerate(paths):
        nodes.append(cases.table(f"table_{place}"))
        nodes.append(cases.op("LookupTableFindV2", f"find_{place}", nodes[-1], words, other, Tin="string", Tout="int64"))
        outputs[f"of_{place}"] = Output(nodes[-1], 0, (None,))
        table, file = cases.table(f"table_{place}"), cases.const(path, b"", "string")
        start += [table, file, cases.op("InitializeTableFromTextFileV2", f"fill_{place}", table, file, key_index=-2, value_index=-1)]
    module.assets = {path: lambda path=path: f"none\n{path}\n".encode() for path in paths}
    module.start, module.signatures = (
        [Graph(start, [], {}, [])],
        {"serving_default": Graph(nodes, [words], {"words": Output(words)}, outputs)},
    )
    return module


@pytest.mark.parametrize("paths", [("one", "two", "one"), ("a/b", "a_b"), ("a_b", "a/b", "a_b")])
def test_each_table_is_filled_from_its_own_file(paths, tmp_path):
    module = filled_from(*paths)
    write_saved_model(str(tmp_path / "model"), module, module.signatures)
    assert len(list((tmp_path / "model" / "assets").iterdir())) == len(set(paths))
    found = loadstone.load_model(tmp_path / "model")({"words": np.array([path.encode() for path in paths], object)})
    for place, path in enumerate(paths):
        assert found[f"of_{place}"].tolist() == [1 if path == other else -1 for other in paths]


def test_a_table_that_is_filled_twice_is_refused(tmp_path):
    module = cases.module()
    module.start = [cases.start(), cases.start()]
    with pytest.raises(ModelError, match="'words' is filled 2 times"):
        write_saved_model(str(tmp_path / "model"), module, module.signatures)


# -- written back -----------------------------------------------------------------------------------------------------


def golden(case, folder):
    """The model of a golden, loaded, with its inputs and outputs by name."""
    found = GRAPHS / case
    file = next(path for path in found.parent.glob(f"{found.name}.*") if path.suffix != ".npz")
    with np.load(f"{found}.npz") as arrays:
        inputs, outputs = ({key[len(kind) :]: arrays[key] for key in arrays.files if key.startswith(kind)} for kind in ("in/", "out/"))
    if "checkpoint" in case:
        zipfile.ZipFile(file).extractall(folder)
        file = folder
    cut = "checkpoint" in case or file.suffix != ".zip"
    arguments = {"inputs": list(inputs), "outputs": list(outputs)} if cut else {"signature": "add" if "counter" in case else None}
    return loadstone.load_model(file, **arguments), inputs, outputs


def named(found, names):
    """Results by the names that a cut model's tensors have as a signature's outputs."""
    results = found if isinstance(found, dict) else dict(zip(names, found if isinstance(found, list) else [found], strict=True))
    return {key_of(name): array for name, array in results.items()}


def key_of(name):
    return name.removesuffix(":0").replace("/", "_").replace(":", "_")


@pytest.mark.parametrize("case", GOLDENS)
def test_a_graph_that_is_written_back_predicts_the_same(case, tmp_path):
    model, inputs, outputs = golden(case, tmp_path / "source")
    before = named(model(inputs), outputs)
    assert is_written_back(model._description)
    write_back(str(tmp_path / "model"), model._description)
    again = loadstone.load_model(tmp_path / "model")
    names = {key_of(spec.name): spec.name for spec in again.inputs}
    after = named(again({names[key_of(name)]: array for name, array in inputs.items()}), outputs)
    assert set(after) == set(before)
    for name, array in before.items():
        assert after[name].dtype == array.dtype and np.array_equal(after[name], array)


def test_a_saved_model_that_was_read_whole_is_copied(tmp_path):
    source = tmp_path / "source"
    zipfile.ZipFile(GRAPHS / "tensorflow-2.15" / "words.zip").extractall(source)
    (source / "assets.extra").mkdir()
    model = loadstone.load_model(source)
    write_back(str(tmp_path / "model"), model._description)
    assert {path.name for path in (tmp_path / "model").iterdir()} == {path.name for path in source.iterdir()}
    assert (tmp_path / "model" / "assets.extra").is_dir()
    files = {path.relative_to(source): path.read_bytes() for path in source.rglob("*") if path.is_file()}
    assert {path.relative_to(tmp_path / "model"): path.read_bytes() for path in (tmp_path / "model").rglob("*") if path.is_file()} == files


def test_layers_that_were_cut_are_not_the_graph_any_more(tmp_path):
    model = loadstone.load_model(GRAPHS / "tensorflow-2.15" / "keras_convolution.zip")
    assert model.layers and is_written_back(model._description)
    cut = model.submodel(outputs=model.layers[1].name)
    assert not is_written_back(cut._description)
    with pytest.raises(ModelError, match="not read from a graph"):
        write_back(str(tmp_path / "model"), cut._description)


def test_a_chosen_signature_is_the_default_one(tmp_path):
    model = loadstone.load_model(GRAPHS / "tensorflow-2.15" / "counter.zip", signature="get")
    write_back(str(tmp_path / "model"), model._description)
    again = loadstone.load_model(tmp_path / "model")
    assert set(again.signatures) == {"serving_default", "add", "get"}
    assert float(again({})) == float(model({}))


def test_a_graph_that_was_chosen_by_its_tags_is_alone(tmp_path):
    model = loadstone.load_model(GRAPHS / "tensorflow-1.15" / "mlp.zip", tags=["gpu", "train"], signature="again")
    write_back(str(tmp_path / "model"), model._description)
    again = loadstone.load_model(tmp_path / "model", tags=["gpu", "train"])
    assert set(again.signatures) == {"serving_default", "again", "other"}


def test_cut_tensors_have_names_that_are_arguments(tmp_path):
    x = graph_writing.node("in/x", "Placeholder", (), {"dtype": attribute("float32", "type"), "shape": attribute((None,), "shape")})
    ends = [graph_writing.node(f"end/{op}", op, ["in/x"], {"T": attribute("float32", "type")}) for op in ("Neg", "Abs")]
    (tmp_path / "frozen.pb").write_bytes(graph_writing.graph([x, *ends], [], 134))
    model = loadstone.load_model(tmp_path / "frozen.pb", inputs="in/x:0", outputs={"second": "end/Neg:0", "first": "end/Abs"})
    assert written_names(model._description) == (["in_x"], ["first", "second"])
    model = loadstone.load_model(tmp_path / "frozen.pb", inputs="in/x:0", outputs=["end/Neg:0", "end/Abs"])
    assert written_names(model._description) == (["in_x"], ["end_Neg", "end_Abs"])
    write_back(str(tmp_path / "model"), model._description)
    found = loadstone.load_model(tmp_path / "model")({"in_x": np.array([1, -2], np.float32)})
    assert {name: array.tolist() for name, array in found.items()} == {"end_Neg": [-1, 2], "end_Abs": [1, 2]}


def test_keras_learning_phase_is_off_by_default(tmp_path):
    phase = graph_writing.node("bn/keras_learning_phase", "Placeholder", (), {"dtype": attribute("bool", "type")})
    x = graph_writing.node("x", "Placeholder", (), {"dtype": attribute("float32", "type"), "shape": attribute((None,), "shape")})
    both = [graph_writing.node("not", "LogicalNot", ["bn/keras_learning_phase"])]
    both.append(graph_writing.node("cast", "Cast", ["not"], {"SrcT": attribute("bool", "type"), "DstT": attribute("float32", "type")}))
    both.append(graph_writing.node("y", "Mul", ["x", "cast"], {"T": attribute("float32", "type")}))
    (tmp_path / "frozen.pb").write_bytes(graph_writing.graph([phase, x, *both], [], 134))
    model = loadstone.load_model(tmp_path / "frozen.pb")
    write_back(str(tmp_path / "model"), model._description)
    again = loadstone.load_model(tmp_path / "model")
    assert again(np.ones(2, np.float32)).tolist() == [1, 1]
    assert {node.op for node in again._description.module.origin.graph.nodes if node.name == "bn/keras_learning_phase"} == {
        "PlaceholderWithDefault"
    }


def test_it_is_off_where_another_signature_is_chosen_too(tmp_path):
    """A SavedModel of two signatures, whose graph has a phase that neither gives."""
    phase = graph_writing.node("keras_learning_phase", "Placeholder", (), {"dtype": attribute("bool", "type")})
    x = graph_writing.node("x", "Placeholder", (), {"dtype": attribute("float32", "type"), "shape": attribute((None,), "shape")})
    cast = graph_writing.node(
        "y", "Cast", ["keras_learning_phase"], {"SrcT": attribute("bool", "type"), "DstT": attribute("float32", "type")}
    )
    ends = [graph_writing.node(op, op, ["x", "y"], {"T": attribute("float32", "type")}) for op in ("Mul", "AddV2")]
    infos = {name: TensorInfo(f"{name}:0", "float32", (None,)) for name in ("x", "Mul", "AddV2")}
    found = {key: SignatureDef({"x": infos["x"]}, {"y": infos[op]}, PREDICT) for key, op in (("serving_default", "Mul"), ("sum", "AddV2"))}
    graph = saved_model_writing.nested(2, [graph_writing.graph([phase, x, cast, *ends], [], 134)])
    chunks = [saved_model_writing.info(("serve",), "1.15.0"), *graph, saved_model_writing.signatures(found)]
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "saved_model.pb").write_bytes(b"".join(saved_model_writing.saved_model([chunks])))
    write_back(str(tmp_path / "model"), loadstone.load_model(tmp_path / "source", signature="sum")._description)
    again = loadstone.load_model(tmp_path / "model")
    assert again(np.ones(2, np.float32)).tolist() == [1, 1]
    (node,) = [node for node in again._description.module.origin.graph.nodes if node.name == "keras_learning_phase"]
    assert node.op == "PlaceholderWithDefault"
