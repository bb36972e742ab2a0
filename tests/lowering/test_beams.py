"""GatherTree, which TensorFlow's own releases lack: numbers of tf.contrib.seq2seq 1.15."""

import numpy as np
import pytest

from loadstone.errors import InferenceError
from loadstone.lowering.tensorflow.beams import gathered

STEPS = np.int32([[[8, 9], [3, 8]], [[8, 0], [5, 3]], [[9, 9], [5, 7]], [[6, 0], [4, 7]], [[8, 1], [6, 2]]])  # (time, batch, beams)
PARENTS = np.int32([[[0, 1], [0, 1]], [[1, 0], [1, 0]], [[0, 1], [1, 0]], [[0, 1], [0, 1]], [[0, 1], [1, 1]]])
GIVEN = {
    (5, 3): [[[9, 8], [3, 8]], [[9, 0], [3, 5]], [[9, 9], [5, 7]], [[9, 9], [9, 9]], [[9, 9], [9, 9]]],
    (4, 0): [[[9, 8], [9, 9]], [[9, 0], [9, 9]], [[9, 9], [9, 9]], [[9, 9], [9, 9]], [[9, 9], [9, 9]]],
    (9, 5): [[[9, 8], [8, 8]], [[9, 0], [5, 5]], [[9, 9], [7, 7]], [[9, 9], [7, 7]], [[9, 9], [6, 2]]],
}


@pytest.mark.parametrize("lengths", GIVEN)
def test_beams_are_followed_from_their_ends(lengths):
    (found,) = gathered(STEPS, PARENTS, np.int32(lengths), np.int32(9))
    assert found.dtype == np.int32
    assert found.tolist() == GIVEN[lengths]


def test_a_parent_that_is_no_beam_is_an_error():
    with pytest.raises(InferenceError, match="none of 2 beams"):
        gathered(STEPS, PARENTS + 2, np.int32([4, 4]), np.int32(9))
