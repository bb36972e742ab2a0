"""What is here: Python, distributions, devices, the commit."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from loadstone.environment import hardware
from loadstone.environment.commit import commit_of
from loadstone.environment.present import present


def test_distributions_are_by_their_metadata():
    here = present()
    assert here.distributions["numpy"].version == version("numpy")
    assert here.version("numpy")[:2] == tuple(map(int, version("numpy").split(".")[:2]))
    assert here.version("no-such-package") is None
    assert here.python.startswith("{}.{}.".format(*sys.version_info))
    assert set(present(["numpy", "no-such-package"]).distributions) == {"numpy"}


def test_a_build_of_tensorflow_is_tensorflow(tmp_path, monkeypatch):
    for name, text in (
        ("tensorflow_gpu-1.15.0", "Name: tensorflow-gpu\nVersion: 1.15.0"),
        ("broken-1.dist-info", ""),
        ("a-1", "Name: x\nVersion: 2"),
    ):
        (tmp_path / f"{name}.dist-info").mkdir()
        (tmp_path / f"{name}.dist-info" / "METADATA").write_text(text)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    here = present()
    assert here.version("tensorflow") == (1, 15, 0)
    assert set(here.distributions) == {"tensorflow-gpu", "x"}


def test_a_commit_is_found_however_it_is_kept(tmp_path):
    inside = tmp_path / "repository" / "a" / "b"
    git = tmp_path / "repository" / ".git"
    inside.mkdir(parents=True)
    assert commit_of(str(tmp_path)) == ""
    (git / "refs" / "heads").mkdir(parents=True)
    assert commit_of(str(inside)) == ""  # nothing was committed
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "packed-refs").write_text(f"# pack-refs with: peeled\n{'a' * 40} refs/heads/main\n^{'c' * 40}\n")
    assert commit_of(str(inside)) == "a" * 40
    (git / "refs" / "heads" / "main").write_text("b" * 40 + "\n")
    assert commit_of(str(inside)) == "b" * 40
    (git / "HEAD").write_text("c" * 40 + "\n")
    assert commit_of(str(inside)) == "c" * 40
    for head in ("ref: refs/../../x", "nonsense", ""):
        (git / "HEAD").write_text(head)
        assert commit_of(str(inside)) == ""


def test_a_worktree_has_its_own_head(tmp_path):
    git = tmp_path / "repository" / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "refs" / "heads" / "topic").write_text("d" * 40)
    (git / "worktrees" / "w").mkdir(parents=True)
    (git / "worktrees" / "w" / "HEAD").write_text("ref: refs/heads/topic\n")
    (git / "worktrees" / "w" / "commondir").write_text("../..\n")
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / ".git").write_text(f"gitdir: {git / 'worktrees' / 'w'}\n")
    assert commit_of(str(tmp_path / "w")) == "d" * 40


def test_devices_are_read_without_their_serial_numbers(tmp_path):
    for number in (0, 1):
        folder = tmp_path / f"0000:0{number}:00.0"
        folder.mkdir()
        (folder / "information").write_text(f"Model: \t\t NVIDIA H200\nIRQ:   \t\t 1\nGPU UUID: \t GPU-{number}\n")
    assert hardware.gpus(str(tmp_path)) == ("NVIDIA H200", "NVIDIA H200")
    driver, toolkit = tmp_path / "version", tmp_path / "version.json"
    driver.write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\nGCC version: x\n")
    toolkit.write_text('{"cuda": {"name": "CUDA SDK", "version": "12.2.20230823"}}')
    assert hardware.cuda(str(driver), str(toolkit)) == {"driver": "535.104.05", "toolkit": "12.2.20230823"}
    driver.write_text("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build  (someone@somewhere)\n")
    toolkit.write_text('{"cuda": 1}')
    assert hardware.cuda(str(driver), str(toolkit)) == {"driver": "550.54.15"}
    assert hardware.cuda(str(tmp_path / "no"), str(tmp_path / "no")) == {}
    assert set(hardware.cpu()) <= {"model", "count", "features"}


def test_loading_a_model_needs_none_of_this():
    path = Path(__file__).parents[1] / "golden" / "keras-3.15.1" / "mlp.keras"
    code = "import loadstone, sys; loadstone.load_model(sys.argv[1]); print(*[name for name in sys.modules if '.environment' in name])"
    told = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True).stdout.split()
    assert not [name for name in told if name.startswith("loadstone.environment")]
