"""JPEG files against what TensorFlow decoded (golden/make_jpegs.py); Pillow is optional."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from loadstone.errors import InferenceError, MissingDependency
from loadstone.lowering.images import jpeg
from tests.lowering.raw_ops import run_op

GOLDEN = Path(__file__).parents[1] / "golden" / "jpegs.npz"


@cache
def stored():
    with np.load(GOLDEN) as file:
        return {key: file[key] for key in file.files}


def file_of(name):
    return np.array(stored()[f"{name}/file"].tobytes(), object)


@pytest.mark.parametrize("key", [key for key in stored() if key.count("/") == 3])
def test_decodes_what_tensorflow_decoded(key):
    """The accurate transform is the same; the fast one differs by levels: by 1 or 2 in the mean, 11 at most."""
    pytest.importorskip("PIL")
    name, channels, ratio, method = key.split("/")
    (found,) = run_op("DecodeJpeg", [file_of(name)], channels=int(channels), ratio=int(ratio), dct_method=method)
    wanted = stored()[key]
    assert found.shape == wanted.shape and found.dtype == wanted.dtype
    difference = np.abs(found.astype(int) - wanted)
    assert difference.max() <= (0 if method == "INTEGER_ACCURATE" else 12)
    assert difference.mean() <= 2.5


@pytest.mark.parametrize("name", ["color", "fine", "gray"])
def test_a_part_is_that_of_the_whole(name):
    """But for the colors at its edges, which TensorFlow makes without those beyond."""
    pytest.importorskip("PIL")
    window = np.array([5, 17, 11, 13], np.int32)
    (found,) = run_op("DecodeAndCropJpeg", [file_of(name)], [window], dct_method="INTEGER_ACCURATE")
    assert np.abs(found.astype(int) - stored()[f"{name}/crop"]).max() <= (4 if name == "color" else 0)


@pytest.mark.parametrize("name", ["color", "progressive", "gray"])
def test_the_shape_needs_no_package(name):
    assert run_op("ExtractJpegShape", [file_of(name)])[0].tolist() == stored()[f"{name}/shape"].tolist()


def test_says_what_to_install(monkeypatch):
    monkeypatch.setattr(jpeg, "_package", lambda: (_ for _ in ()).throw(MissingDependency("JPEG images need the pillow package")))
    with pytest.raises(MissingDependency, match="pillow"):
        run_op("DecodeJpeg", [file_of("color")])


@pytest.mark.parametrize("cut", [2, 100, 400])
def test_a_file_that_is_cut_off_is_an_error(cut):
    pytest.importorskip("PIL")
    data = np.array(file_of("color").item()[:-cut], object)
    with pytest.raises(InferenceError, match="JPEG"):
        run_op("DecodeJpeg", [data])


def test_a_size_beyond_all_limits_is_an_error_before_anything_is_decoded():
    head = b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01\xff\xda"
    with pytest.raises(InferenceError, match="65535 x 65535"):
        run_op("ExtractJpegShape", [np.array(head, object)])
