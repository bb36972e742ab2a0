"""What benchmarks say of numbers that are not TensorFlow's. They are no part of what is installed."""

import math

import pytest

warm = pytest.importorskip("benchmarks.warm")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_no_number_is_wrong(place):
    ours = [1.0, 2.0, 4.0]
    assert warm._difference(ours, [1.0, 2.0, 4.4]) == pytest.approx(0.1 / 1.1)
    ours[place] = math.nan
    assert warm._difference(ours, [1.0, 2.0, 4.0]) == math.inf
