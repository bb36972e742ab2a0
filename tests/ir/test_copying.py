"""Arrays in C order."""

from itertools import permutations

import numpy as np
import pytest

from loadstone.ir.copying import contiguous


@pytest.mark.parametrize("shape", [(300, 260), (3, 3, 130, 257), (2, 3, 2, 150, 140), (70_000, 1), (1, 70_000)])
@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "complex64"])
def test_permuted_arrays(shape, dtype):
    array = (np.arange(np.prod(shape)) % 251).astype(dtype).reshape(shape)
    for axes in permutations(range(array.ndim)):
        found = contiguous(array.transpose(axes))
        assert found.flags.c_contiguous
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array.transpose(axes))


@pytest.mark.parametrize(
    "array",
    [
        np.arange(400_000.0).reshape(400, 1000)[::2, ::3],
        np.arange(400_000.0).reshape(400, 1000)[::-1].T,
        np.broadcast_to(np.arange(1000.0), (300, 1000)).T,
        np.array([[b"a"] * 400] * 300, object).T,
        np.float32(3),
        np.zeros((0, 4)).T,
        np.arange(12.0).reshape(3, 4).T,
    ],
)
def test_any_other_array(array):
    found = contiguous(np.asarray(array))
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found.reshape(np.shape(array)), array)


def test_an_array_in_order_is_not_copied():
    array = np.zeros((300, 400), np.float32)
    assert np.shares_memory(contiguous(array), array)
