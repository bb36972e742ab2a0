"""Files and folders that take their place at once, and what is left when a process is killed meanwhile."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loadstone.export import placing
from loadstone.export.placing import recover, staged
from tests.export.killing import KINDS, kill

KILLS = 4  # of each kind of file; `python -m tests.export.killing 200` for more


def write(path: str, text: str) -> None:
    if os.path.basename(path) == "model":
        os.makedirs(os.path.join(path, "variables"))
        Path(path, "saved_model.pb").write_text(text)
    else:
        Path(path).write_text(text)


def save(target: Path, text: str, then: Callable[[], object] = lambda: None, overwrite: bool = True) -> None:
    with staged(str(target), overwrite) as made:
        write(made, text)
        then()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_killing_a_save_leaves_the_old_or_the_new(name: str, tmp_path: Path) -> None:
    found = kill(tmp_path / name, KILLS)
    assert sum(found.values()) == KILLS
    with staged(str(tmp_path / name)) as made:  # and what the killed ones left is gone
        (os.mkdir if name in ("folder", "model") else os.mknod)(made)
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", ["model.h5", "model"])
def test_whatever_is_raised_leaves_all_as_it_was(name: str, tmp_path: Path) -> None:
    target = tmp_path / "there" / name
    with pytest.raises(ZeroDivisionError):
        save(target, "new", lambda: 1 / 0)
    assert not os.listdir(tmp_path)
    with staged(str(target)) as made:
        write(made, "old")
    with pytest.raises(ZeroDivisionError):
        save(target, "new", lambda: 1 / 0)
    assert os.listdir(target.parent) == [name]
    assert (target / "saved_model.pb" if target.is_dir() else target).read_text() == "old"


@pytest.mark.parametrize("name", ["model.h5", "model"])
@pytest.mark.parametrize("exchange", [True, False])
def test_the_new_replaces_the_old(name: str, exchange: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not exchange:  # a system that cannot exchange two names
        monkeypatch.setattr(placing, "_renamed", lambda *arguments: False)
    target = tmp_path / name
    for text in ("old", "new"):
        with staged(str(target)) as made:
            write(made, text)
    assert (target / "saved_model.pb" if target.is_dir() else target).read_text() == "new"
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", ["model.h5", "model"])
def test_a_place_that_is_taken_may_be_refused(name: str, tmp_path: Path) -> None:
    target = tmp_path / name
    with pytest.raises(FileExistsError):
        save(target, "new", lambda: write(str(target), "somebody was quicker"), overwrite=False)
    assert (target / "saved_model.pb" if target.is_dir() else target).read_text() == "somebody was quicker"
    with pytest.raises(FileExistsError):
        save(target, "new", lambda: pytest.fail("it begins"), overwrite=False)
    assert os.listdir(tmp_path) == [name]


def test_a_folder_with_files_of_the_user_s_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "thesis.txt").write_text("precious")
    with pytest.raises(FileExistsError, match=r"thesis\.txt"):
        save(tmp_path / "model", "new", lambda: pytest.fail("it begins"))


def test_a_folder_takes_no_file_s_place_and_a_file_no_folder_s(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("a file")
    with pytest.raises(FileExistsError, match="there is a file"):
        save(tmp_path / "model", "new")
    (tmp_path / "other.h5").mkdir()
    with pytest.raises(FileExistsError, match="there is a folder"):
        save(tmp_path / "other.h5", "new")


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.h5").write_text("old")
    (tmp_path / "link.h5").symlink_to("real.h5")
    with staged(str(tmp_path / "link.h5")) as made:
        write(made, "new")
    assert (tmp_path / "link.h5").is_symlink()
    assert (tmp_path / "real.h5").read_text() == "new"


def test_the_mode_of_a_file_stays(tmp_path: Path) -> None:
    target = tmp_path / "model.h5"
    target.write_text("old")
    target.chmod(0o640)
    with staged(str(target)) as made:
        write(made, "new")
    assert target.stat().st_mode & 0o777 == 0o640


def test_what_lay_between_two_renames_is_put_back(tmp_path: Path) -> None:
    """As a process leaves it that was killed between them, where two names cannot be exchanged."""
    (tmp_path / ".model.abc123.old" / "variables").mkdir(parents=True)
    (tmp_path / ".model.abc123.old" / "saved_model.pb").write_text("old")
    (tmp_path / ".model.v2.abc123.old").mkdir()  # of another place
    recover(str(tmp_path / "model"))
    assert sorted(os.listdir(tmp_path)) == [".model.v2.abc123.old", "model"]
    assert (tmp_path / "model" / "saved_model.pb").read_text() == "old"


def test_a_save_that_goes_on_is_left_alone(tmp_path: Path) -> None:
    target = str(tmp_path / "model.h5")
    with staged(target) as made:
        write(made, "first")
        with staged(target) as other:
            write(other, "second")
    assert Path(target).read_text() == "first"
    assert os.listdir(tmp_path) == ["model.h5"]
