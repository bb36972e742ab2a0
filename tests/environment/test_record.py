"""Environment records: what they hold, where they are kept, and that they are read strictly."""

import hashlib
import json
import os
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

import loadstone
from loadstone.environment.kept import beside_of, read_beside, record_of, write_beside
from loadstone.environment.making import record_here
from loadstone.environment.present import NAMES, present
from loadstone.environment.record import MAX, Framework, Full, Record, Source, parse
from loadstone.errors import CorruptFile, UnsupportedVersion
from loadstone.formats import keras_h5
from loadstone.formats.attached import EXAMPLE, RECORD, attach
from tests.cli.test_commands import call

GOLDEN = Path(__file__).parents[1] / "golden" / "keras-3.15.1"
WHOLE = Record(
    "save_model",
    "3.11.7",
    "CPython",
    {"system": "Linux", "machine": "x86_64"},
    Framework("keras", "3.15.1", "jax", "0.4.30"),
    {"numpy": "2.0.2", "torch": "2.1.0+cpu"},
    ("torch",),
    ("Attention", "mine>Loss"),
    {"format": "keras_h5", "version": "2.2.4-tf"},
    "0.1.0",
    (),
    Full(
        {"numpy": "2.0.2"},
        (),
        {"count": "2"},
        ("NVIDIA H200",),
        {"driver": "535.1"},
        "0" * 40,
        {"numpy": "2.0.2"},
        (Source("m", ("A",), "x\n"),),
    ),
)


@pytest.fixture(scope="module")
def model():
    return loadstone.load_model(GOLDEN / "mlp.keras")


def changed(**changes):
    return json.dumps({**WHOLE.to_dict(), **changes}).encode()


def test_a_record_is_read_as_it_was_written():
    assert parse(WHOLE.to_json().encode()) == WHOLE
    assert parse(Record("record").to_json().encode()) == Record("record")


def test_what_is_empty_is_left_out():
    assert Record("record", "3.11.7").to_dict() == {
        "kind": "loadstone environment record",
        "version": 1,
        "by": "record",
        "python": "3.11.7",
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"kind": "loadstone environment record"}',
        b'{"kind": "loadstone environment record", "version": true}',
        b'{"kind": "loadstone environment record", "version": NaN}',
        b'{"kind": "loadstone environment record", "version": 1, "version": 1}',
        changed(python=3.1),
        changed(python="3.11; import os"),
        changed(python="3.11\n-e ."),
        changed(packages=["numpy"]),
        changed(packages={"numpy": 1}),
        changed(packages={"numpy": ""}),
        changed(packages={"numpy": "1.0\nevil==1"}),
        changed(packages={"numpy": "1.0 --index-url https://x"}),
        changed(packages={"numpy": "@ https://x/y.whl"}),
        changed(packages={"-e git+https://x": "1.0"}),
        changed(packages={"--index-url": "1.0"}),
        changed(packages={"numpy\nevil": "1.0"}),
        changed(packages={"a_b": "1.0", "a-b": "2.0"}),
        changed(packages={f"p{number}": "1" for number in range(20_001)}),
        changed(local=["../x"]),
        changed(local="numpy"),
        changed(objects=["a\nb"]),
        changed(objects=["a" * 1001]),
        changed(framework="keras"),
        changed(framework={"version": "latest"}),
        changed(full={"commit": "main"}),
        changed(full={"sources": ["x"]}),
        changed(full={"sources": [{"text": 1}]}),
        changed(full={"sources": [{"module": "m", "redacted": -1}]}),
        changed(full={"distributions": {"x y": "1"}}),
    ],
)
def test_a_malformed_record_is_a_corrupt_file(data):
    with pytest.raises(CorruptFile):
        parse(data)


def test_a_later_version_is_said_to_be_one():
    with pytest.raises(UnsupportedVersion, match="version 2"):
        parse(changed(version=2))


def test_fields_of_later_writers_are_passed_over():
    assert parse(changed(later={"a": [1]})) == WHOLE


def test_a_large_record_is_refused_before_it_is_parsed(tmp_path):
    with pytest.raises(CorruptFile, match="at most"):
        parse(b" " * (MAX + 1))
    (tmp_path / "m.h5.loadstone.json").write_bytes(b" " * (MAX + 9))
    with pytest.raises(CorruptFile, match="at most"):
        read_beside(str(tmp_path / "m.h5.loadstone.json"))


# -- inside of files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["new.keras", "new.h5", "new", "new.onnx"])
def test_save_model_keeps_a_record_in_the_file(name, model, tmp_path):
    report = loadstone.save_model(model, tmp_path / name)
    found = record_of(tmp_path / name)
    assert (found.by, found.loadstone, found.full) == ("save_model", loadstone.__version__, None)
    assert found.packages["numpy"] == np.__version__ and found.packages["h5py"] == h5py.__version__
    assert found.origin == {"format": "keras_v3", "library": "keras", "version": "3.15.1"}
    assert report.bytes == sum(path.stat().st_size for path in [tmp_path / name, *(tmp_path / name).rglob("*")] if path.is_file())
    if name != "new.onnx":
        assert loadstone.load_model(tmp_path / name).count_params() == model.count_params()
        loadstone.save_model(model, tmp_path / name)  # over what has a record


def test_each_kind_has_its_place(model, tmp_path):
    for name in ("new.keras", "new.h5", "new"):
        loadstone.save_model(model, tmp_path / name)
    loadstone.save_model(model, tmp_path / "unzipped", save_format="keras", zipped=False)
    with zipfile.ZipFile(tmp_path / "new.keras") as archive:
        assert parse(archive.read("loadstone_record.json")).by == "save_model"
    with h5py.File(tmp_path / "new.h5") as file:
        assert parse(file["loadstone_record/json"][()].tobytes()).by == "save_model"
    for place in ("new/assets.extra/loadstone_record.json", "unzipped/loadstone_record.json"):
        assert read_beside(str(tmp_path / place)).by == "save_model"
    assert record_of(tmp_path / "unzipped").by == "save_model"


def test_the_same_model_is_the_same_bytes(model, tmp_path):
    digests = set()
    for _ in range(2):
        loadstone.save_model(model, tmp_path / "new.h5", record="full")
        loadstone.save_model(model, tmp_path / "new.onnx", record="full")
        digests.add(hashlib.sha256((tmp_path / "new.h5").read_bytes() + (tmp_path / "new.onnx").read_bytes()).digest())
    assert len(digests) == 1


def test_a_member_of_an_archive_bears_no_time(model, tmp_path):
    loadstone.save_model(model, tmp_path / "new.keras")
    with zipfile.ZipFile(tmp_path / "new.keras") as archive:
        assert archive.getinfo("loadstone_record.json").date_time == (1980, 1, 1, 0, 0, 0)


def test_no_record_where_none_is_wanted(model, tmp_path):
    loadstone.save_model(model, tmp_path / "new.h5", record=False)
    model.save(tmp_path / "new.keras", record=False)
    assert record_of(tmp_path / "new.h5") is record_of(tmp_path / "new.keras") is None
    with pytest.raises(ValueError, match="record='all'"):
        loadstone.save_model(model, tmp_path / "new.h5", record="all")


def test_a_full_record_has_all_distributions(model, tmp_path):
    loadstone.save_model(model, tmp_path / "new.keras", record="full")
    found = record_of(tmp_path / "new.keras")
    assert found.full is not None and {"pytest", "numpy"} <= set(found.full.distributions)
    assert found.everything["pytest"] == pytest.__version__
    assert int(found.full.cpu["count"]) > 0


def test_a_record_larger_than_an_attribute_can_be_goes_into_hdf5(model, tmp_path):
    loadstone.save_model(model, tmp_path / "new.h5", record=False)
    large = Record("save_model", full=Full(sources=(Source("m", (), "x = 1\n" * 50_000),)))
    attach(str(tmp_path / "new.h5"), large.to_json().encode(), "h5", RECORD)
    assert record_of(tmp_path / "new.h5") == large
    assert loadstone.load_model(tmp_path / "new.h5").count_params() == model.count_params()


def test_the_reader_of_hdf5_knows_what_we_keep():
    assert set(keras_h5._OURS) == {EXAMPLE.name, RECORD.name}


def test_a_saved_model_that_is_written_back_keeps_its_record(model, tmp_path):
    loadstone.save_model(model, tmp_path / "one", record=False)
    attach(str(tmp_path / "one"), WHOLE.to_json().encode(), "saved_model", RECORD)
    again = loadstone.load_model(tmp_path / "one")
    again.save(tmp_path / "two")
    assert record_of(tmp_path / "two") == WHOLE
    again.save(tmp_path / "two", record="full")
    assert record_of(tmp_path / "two").full.distributions != WHOLE.full.distributions
    assert record_of(tmp_path / "one") == WHOLE


@pytest.mark.parametrize("name", ["new.keras", "new.h5", "new", "new.onnx"])
def test_a_damaged_record_inside_is_told_and_the_model_still_loads(name, model, tmp_path):
    loadstone.save_model(model, tmp_path / name, record=False)
    kind = {"": "saved_model"}.get(Path(name).suffix, Path(name).suffix[1:])
    attach(str(tmp_path / name), b"{}", kind, RECORD)
    with pytest.raises(CorruptFile) as error:
        record_of(tmp_path / name)
    assert name in str(error.value)
    if kind != "onnx":
        loadstone.load_model(tmp_path / name)


def test_what_is_too_large_or_of_another_type_is_told(model, tmp_path):
    loadstone.save_model(model, tmp_path / "new.keras", record=False)
    with zipfile.ZipFile(tmp_path / "new.keras", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("loadstone_record.json", b" " * (RECORD.most + 1))
    loadstone.save_model(model, tmp_path / "new.h5", record=False)
    with h5py.File(tmp_path / "new.h5", "a") as file:
        file["loadstone_record/json"] = np.ones(3)
    loadstone.save_model(model, tmp_path / "new", record=False)
    (tmp_path / "new" / "assets.extra").mkdir()
    (tmp_path / "new" / "assets.extra" / "loadstone_record.json").write_bytes(b" " * (RECORD.most + 1))
    for name in ("new.keras", "new.h5", "new"):
        with pytest.raises(CorruptFile):
            record_of(tmp_path / name)


# -- beside files -------------------------------------------------------------------------------------------------------


def test_the_command_writes_beside_and_changes_nothing(tmp_path):
    data = (GOLDEN / "mlp.keras").read_bytes()
    (tmp_path / "m.keras").write_bytes(data)
    done = call("record", tmp_path / "m.keras")
    assert done.exit_code == 0 and done.output.strip().endswith("m.keras.loadstone.json")
    found = record_of(tmp_path / "m.keras")
    assert (found.by, found.python) == ("record", present(NAMES).python)
    assert (tmp_path / "m.keras").read_bytes() == data
    before = (tmp_path / "m.keras.loadstone.json").read_bytes()
    again = call("record", tmp_path / "m.keras", "--full")
    assert again.exit_code == 1 and "left as it is" in again.stderr
    assert (tmp_path / "m.keras.loadstone.json").read_bytes() == before


def test_the_command_is_for_models(tmp_path):
    (tmp_path / "x.h5").write_bytes(b"no model")
    assert call("record", tmp_path / "x.h5").exit_code == 1
    assert call("record", tmp_path / "none.h5").exit_code == 1
    assert os.listdir(tmp_path) == ["x.h5"]


def test_onnx_files_and_folders_have_records_beside(model, tmp_path):
    for name in ("new.onnx", "folder"):
        loadstone.save_model(model, tmp_path / name, record=False)
        assert call("record", f"{tmp_path / name}/" if name == "folder" else tmp_path / name).exit_code == 0
        assert record_of(tmp_path / name).by == "record"
        assert (tmp_path / f"{name}.loadstone.json").exists()


def test_what_was_saved_with_the_model_goes_first(model, tmp_path):
    loadstone.save_model(model, tmp_path / "new.h5")
    write_beside(tmp_path / "new.h5", Record("record", "2.7.18"))
    assert record_of(tmp_path / "new.h5").by == "save_model"


def test_a_damaged_record_beside_is_told(model, tmp_path):
    loadstone.save_model(model, tmp_path / "new.h5", record=False)
    Path(beside_of(tmp_path / "new.h5")).write_text('{"kind": 1}')
    with pytest.raises(CorruptFile, match=r"new\.h5\.loadstone\.json"):
        record_of(tmp_path / "new.h5")


def test_names_of_missing_objects_are_recorded(tmp_path):
    here = record_here("record", objects=["A", "b>C", "A", "x\ny"])
    assert here.objects == ("A", "b>C", "x\\ny")
    assert parse(here.to_json().encode()) == here


def test_a_file_that_is_no_model_has_no_record(tmp_path):
    (tmp_path / "x.bin").write_bytes(b"\x08" + os.urandom(50))
    (tmp_path / "y.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(50))
    assert record_of(tmp_path / "x.bin") is record_of(tmp_path / "y.h5") is None
    with pytest.raises(FileNotFoundError):
        record_of(tmp_path / "none")
