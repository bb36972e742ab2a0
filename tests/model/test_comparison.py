"""Comparisons of what was written with the model: what differs is seen whatever the numbers beside it are."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from loadstone import formats
from loadstone.custom import CustomObjects
from loadstone.errors import ModelError
from loadstone.ir import Spec
from loadstone.model.comparison import paddings, same_predictions, telling, tries
from loadstone.model.examples import distance
from loadstone.model.model import Model

MASKED = Path(__file__).parents[1] / "golden" / "keras-3.15.1" / "rnn_masking.keras"


class Answers:
    """A model that gives one array."""

    inputs = (Spec("x", (None, 2), "float32"),)
    _description = SimpleNamespace(root=None)

    def __init__(self, array):
        self.array = array

    def __call__(self, data):
        return self.array


def compared(one, other):
    return same_predictions(Answers(one), Answers(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.float32([np.inf, 1]), np.float32([np.inf, 5])),  # beside an infinity
        (np.float32([-np.inf, 1]), np.float32([3, 1])),  # in place of one
        (np.int64([2**60, 1]), np.int64([2**60 + 1, 1])),  # in the last bit of a large whole number
        (np.int64([20_000]), np.int64([20_001])),  # one class of many
        (np.complex64([1 + 1j]), np.complex64([1 + 2j])),  # in the imaginary part
        (np.float32([np.nan, 1]), np.float32([0, 1])),
        (np.array([True]), np.array([False])),
    ],
)
def test_other_numbers_are_seen(one, other):
    with pytest.raises(ModelError, match="other numbers"):
        compared(one, other)


def test_rounding_is_none():
    assert compared(np.float32([np.inf, np.nan, 1000]), np.float32([np.inf, np.nan, 1000.001])) < 0.01
    assert compared(np.int64([2**60]), np.int64([2**60])) == 0


def test_a_difference_of_large_whole_numbers_is_told():
    assert distance(np.int64([2**60 + 1]), np.int64([2**60])) == (1.0, True)
    assert distance(np.int64([100]), np.int64([101]), rtol=0.1) == (1.0, False)


def test_an_answer_without_finite_numbers_tells_nothing():
    assert not telling([np.ones(2), np.float32([np.nan, np.inf])])
    assert not telling(np.float32([1, 1e33]))
    assert telling({"a": np.array([b"text"], object), "b": np.zeros((0, 2)), "c": np.float32([np.nan, 1])})


def test_a_number_of_samples_that_one_input_has_is_tried_for_the_others():
    specs = [Spec("a", (2, 8), "float32"), Spec("b", (None, None), "float32")]
    found = [[array.shape for array in data] for data in tries(specs)]
    assert found[:2] == [[(2, 8), (3, 16)], [(2, 8), (2, 16)]]
    assert len(list(tries(specs[1:]))) == 6


def masking(value):
    """A model that takes steps of this number off."""
    description = formats.read_file(str(MASKED), CustomObjects(alone=True))
    for layer in description.root.walk():
        if layer.class_name == "Masking":
            layer.config["mask_value"] = value
    return Model(description)


def test_masks_are_seen_whatever_they_take_off():
    assert -1.0 in paddings(masking(-1.0))
    assert same_predictions(masking(-1.0), masking(-1.0)) == 0
    with pytest.raises(ModelError, match="other numbers"):
        same_predictions(masking(-1.0), masking(-2.0))


@pytest.mark.parametrize("dtype", ["float32", "int32", "string"])
def test_padding_is_at_the_end_at_the_beginning_and_all(dtype):
    (values,) = next(tries([Spec("a", (None, 8), dtype)], padding=0.0))
    padded = values == (b"" if dtype == "string" else 0)
    assert not padded[0, 0] and padded[0, -1]
    assert padded[1, 6] and not padded[1, [5, 7]].any()
    assert padded[2].all()
