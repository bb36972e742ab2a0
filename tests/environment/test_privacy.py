"""Names of users and machines, paths and environment variables are planted, and looked for in every byte that is written."""

import json
import os
import sys
from importlib import import_module, invalidate_caches

import numpy as np
import pytest

import loadstone
from loadstone.environment.kept import record_of
from loadstone.environment.private import Private
from tests.cli.test_commands import call

USER, HOST, SECRET = "zqplanteduser", "zqplantedhost", "zq-s3cr3t-value"
NEEDLES = [USER, HOST, SECRET, "ZQ_VARIABLE", "/home/", "zq_folder"]
SOURCE = '''
"""Layers of {user}."""
import os

import numpy as np

from zq_more import factor

DATA = "{home}/zq_folder/data.npz"  # on {host}.example.org, ask {user}@example.org
WINDOWS = "C:\\\\Users\\\\{user}\\\\x"
KEY = "{secret}"
URL = "https://{user}:pw@{host}/x"


class Twice:
    """By {user}, see /home/someone/else/notes.txt and ~/zq_folder/x."""

    def call(self, inputs):
        return inputs * factor() + 0 * len((DATA, WINDOWS, KEY, URL)) if os else np.abs(inputs)


def unused():
    return "not needed"
'''
MORE = """
PLACE = "file:///home/{user}/x"


def factor():
    return 2 if PLACE else 0


def other():
    return "not needed either"
"""


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """A home folder with a repository, modules and distributions of a user's own."""
    home = tmp_path / "home" / USER
    project = home / "zq_folder"
    (project / ".git").mkdir(parents=True)
    (project / ".git" / "HEAD").write_text(f"ref: refs/heads/{USER}/topic\n")
    (project / ".git" / "packed-refs").write_text(f"# pack-refs\n{'ab' * 20} refs/heads/{USER}/topic\n")
    for variable, value in (("HOME", home), ("USER", USER), ("LOGNAME", USER), ("HOSTNAME", HOST), ("ZQ_VARIABLE", SECRET)):
        monkeypatch.setenv(variable, str(value))
    monkeypatch.setattr("platform.node", lambda: f"{HOST}.example.org")
    words = {"user": USER, "host": HOST, "secret": SECRET, "home": home}
    (project / "zq_layers.py").write_text(SOURCE.format(**words))
    (project / "zq_more.py").write_text(MORE.format(**words))
    for name, url in (
        ("zq-project", {"url": f"file://{project}", "dir_info": {"editable": True}}),
        (f"{USER}-tools", {"url": f"file://{home}/tools"}),
        ("zq-fetched", {"url": f"https://{USER}:{SECRET}@{HOST}/x.git", "vcs_info": {"vcs": "git", "commit_id": "0" * 40}}),
    ):
        info = project / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        version = f"1.0+{USER}" if name == "zq-fetched" else "1.0"
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nAuthor: {USER}\n")
        (info / "direct_url.json").write_text(json.dumps(url))
    monkeypatch.syspath_prepend(project)
    monkeypatch.chdir(project)
    invalidate_caches()
    yield import_module("zq_layers")
    for name in ("zq_layers", "zq_more"):
        sys.modules.pop(name, None)


@pytest.fixture
def saved(planted, tmp_path):
    """A model with a custom object, loaded from a file in that home."""
    keras_config = {
        "module": None,
        "class_name": "Twice",
        "config": {"name": "twice", "trainable": True, "dtype": "float32"},
        "registered_name": "Twice",
    }
    inputs = {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [None, 3], "dtype": "float32", "name": "x"}}
    config = {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "m", "layers": [inputs, keras_config], "build_input_shape": [None, 3]},
    }
    import h5py

    path = tmp_path / "home" / USER / "zq_folder" / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs.update({"model_config": json.dumps(config), "keras_version": "3.15.1", "backend": "jax"})
        file.create_group("model_weights").attrs["layer_names"] = np.array([], "S1")
    return path, {"Twice": planted.Twice}


def contents(place):
    paths = [place, *place.rglob("*")] if place.is_dir() else [place]
    return b"".join(os.fsencode(path.name) + (path.read_bytes() if path.is_file() else b"") for path in paths)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", ["out.keras", "out.h5"])
def test_nothing_private_is_in_what_save_model_writes(name, full, saved, tmp_path):
    path, objects = saved
    model = loadstone.load_model(path, objects)
    loadstone.save_model(model, tmp_path / name, record="full" if full else True)
    data = contents(tmp_path / name).lower()
    assert not [needle for needle in (*NEEDLES, str(tmp_path), sys.prefix) if needle.lower().encode() in data]
    found = record_of(tmp_path / name)
    assert found.objects == ("Twice",)
    assert (found.full is not None) == full


@pytest.mark.parametrize("full", [(), ("--full",)])
def test_nothing_private_is_in_what_the_command_writes(full, saved, tmp_path):
    path, _ = saved
    done = call("record", path, "--custom", path.parent / "zq_layers.py", *full)
    assert done.exit_code == 0, done.output
    data = contents(path.with_name("model.h5.loadstone.json")).replace(b"model.h5.loadstone.json", b"").lower()
    assert not [needle for needle in (*NEEDLES, str(path.parent), sys.prefix) if needle.lower().encode() in data]


def test_a_full_record_has_what_rebuilds_the_objects(saved, tmp_path):
    path, objects = saved
    loadstone.save_model(loadstone.load_model(path, objects), tmp_path / "out.keras", record="full")
    full = record_of(tmp_path / "out.keras").full
    assert full.commit == "ab" * 20
    assert {name: full.distributions[name] for name in ("zq-project", "zq-fetched")} == {"zq-project": "1.0", "zq-fetched": "1.0"}
    assert f"{USER}-tools" not in full.distributions and set(full.local) >= {"zq-project", "zq-fetched"}
    texts = {source.module: source for source in full.sources}
    assert set(texts) == {"zq_layers", "zq_more"} and texts["zq_layers"].objects == ("Twice",)
    assert "class Twice" in texts["zq_layers"].text and "def factor" in texts["zq_more"].text
    assert not any("not needed" in source.text for source in full.sources)
    assert all(source.redacted for source in full.sources)
    assert list(full.needs) == ["numpy"]
    namespace = {"factor": lambda: 2}
    exec(texts["zq_layers"].text.replace("from zq_more import factor", ""), namespace)
    assert namespace["Twice"]().call(3) == 6


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ('open("/home/a/b.txt")', 'open("redacted")'),
        ("see ~/notes/x.md", "see redacted"),
        (r'"C:\Users\ann\x.py"', '"redacted"'),
        (r'"\\server\share\x"', '"redacted"'),
        ("https://ann:pw@example.org/x", "https://redacted/x"),
        ("https://ann:pw@box/x", "https://redacted@box/x"),
        ("ann@example.org", "redacted"),
        ("file:///home/a/x", "redacted"),
        ('"/home/a/x:/home/b/y;/srv/c/z"', '"redacted:redacted;redacted"'),
        ("# by Ann, on box7.lan", "# by redacted, on redacted.lan"),
        ("x = a / b / c", "x = a / b / c"),
        ("x = (a+b)/c/d", "x = (a+b)/c/d"),
        ("'dense/kernel:0'", "'dense/kernel:0'"),
        ("https://keras.io/api/layers/", "https://keras.io/api/layers/"),
        ("annotate(annual)", "annotate(annual)"),
    ],
)
def test_texts_are_cleaned(text, clean):
    assert Private(["ann", "box7"]).clean(text)[0] == clean


def test_names_of_nobody_in_particular_stay():
    assert Private(["root", "keras", "x"]).clean("import keras  # root x") == ("import keras  # root x", 0)
