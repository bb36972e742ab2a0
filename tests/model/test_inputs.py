"""Kinds of data that no array package need be imported for, and what is said of those that do not fit."""

from array import array

import numpy as np
import pytest

from loadstone.errors import InputMismatch
from loadstone.ir import Spec
from loadstone.model.batches import batches, is_batched, unpack
from loadstone.model.inputs import Inputs

X = np.arange(6, dtype="float32").reshape(2, 3)


def inputs(*specs, structure=0):
    return Inputs(tuple(Spec(f"x{i}", *spec) for i, spec in enumerate(specs)), structure)


VECTOR = inputs(((None, 3), "float32"))
COLUMN = inputs(((None, 1), "float32"))
TEXT = inputs(((None,), "string"))


class Frame:
    """As a DataFrame or a Series: an array on demand, iterable, with a length."""

    def __init__(self, values, dtype=None):
        self.values = np.asarray(values, dtype)

    def __array__(self, dtype=None, copy=None):
        return self.values

    def __iter__(self):
        return iter("abc")

    def __len__(self):
        return len(self.values)


class Capsule:
    """As an array of another package that numpy knows through DLPack alone."""

    def __dlpack__(self, **options):
        return X.__dlpack__()

    def __dlpack_device__(self):
        return X.__dlpack_device__()


class Sparse:
    """As a matrix of scipy.sparse."""

    def toarray(self):
        return X


class Stubborn:
    """As a torch tensor that wants a gradient."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")


@pytest.mark.parametrize(
    "x",
    [
        Frame(X),
        Frame(X, object),
        Frame(X, "float64"),
        Capsule(),
        Sparse(),
        X.tolist(),
        memoryview(X),
        [Frame(X)],
        {"x0": Frame(X)},
        np.ma.array(X),
    ],
    ids=lambda x: type(x).__name__,
)
def test_takes_whatever_is_an_array(x):
    assert not is_batched(x)
    (found,) = VECTOR.samples(x)
    assert found.dtype == "float32"
    np.testing.assert_array_equal(found, X)


def test_takes_columns_of_a_table_by_name():
    columns = {"x0": Frame([1, 2]), "x1": array("d", [3, 4]), "unused": Frame([5, 6])}
    both = inputs(((None, 1), "float32"), ((None,), "float32"), structure=[0, 1])
    first, second = both.samples(columns)
    assert (first.shape, second.shape) == ((2, 1), (2,))


def test_nested_structures_go_by_their_keys():
    nested = inputs(*[((None,), "float32")] * 3, structure={"a": [0, 1], "b": {"c": 2}})
    found = nested.samples({"b": {"c": [3.0]}, "a": ([1.0], [2.0])})
    assert [float(part[0]) for part in found] == [1, 2, 3]
    assert [float(part[0]) for part in nested.samples([[1.0], [2.0], [3.0]])] == [1, 2, 3]


@pytest.mark.parametrize("x", [["a", "ö"], np.array(["a", "ö"]), np.array([b"a", "ö".encode()]), np.array(["a", "ö"], object)], ids=str)
def test_text_becomes_bytes(x):
    (found,) = TEXT.samples(x)
    assert found.tolist() == [b"a", "ö".encode()]


@pytest.mark.parametrize(
    ("model", "x", "said"),
    [
        (VECTOR, Stubborn(), "requires grad"),
        (VECTOR, [[1, 2, 3], [4, 5]], "is no array"),
        (VECTOR, [["a", "b", "c"]], "takes float32 and is given"),
        (VECTOR, Frame([[1, 2, None]], object), "given None"),
        (VECTOR, Frame([[1, 2, "3"]], object), "given '3', a str"),
        (VECTOR, np.zeros((1, 3), "datetime64[s]"), "datetime64"),
        (VECTOR, [X, X], "given 2 arrays"),
        (VECTOR, X[0], r"has shape \(None, 3\) and is given \(3,\)"),
        (VECTOR, None, "no data for input 'x0'"),
        (VECTOR, {"y": X}, r"no data for 'x0': the model's inputs are \['x0'\], given are \['y'\]"),
        (TEXT, [1, 2], "takes strings"),
        (TEXT, np.array([1, "a"], object), "given 1, a int"),
        (inputs(((None, 1), "float32"), ((None,), "float32"), structure=[0, 1]), X, "has 2 inputs and is given one"),
        (inputs(((None, 1), "float32"), ((None,), "float32"), structure=[0, 1]), [[1], [2, 3]], "different numbers of samples: x0 1, x1 2"),
        (inputs(((None,), "int8")), [127, 128], "takes int8, -128 to 127, and is given 127 to 128"),
    ],
)
def test_says_what_does_not_fit(model, x, said):
    with pytest.raises(InputMismatch, match=said):
        model.samples(x)


@pytest.mark.parametrize(("x", "hint"), [(X[0], "samples"), ([X, X], "numpy.stack"), (X + 1j, "numpy.abs")])
def test_hints_at_the_way_out(x, hint):
    with pytest.raises(InputMismatch) as error:
        VECTOR.samples(x)
    assert hint in error.value.hint


def test_arrays_that_fit_are_not_copied():
    assert VECTOR.samples(X)[0] is X


@pytest.mark.parametrize("x", [iter([X]), (X for _ in range(1)), range(3).__iter__()], ids=["iterator", "generator", "range"])
def test_iterators_are_batches(x):
    assert is_batched(x)


def test_a_batch_is_x_or_begins_with_it():
    assert [unpack(batch)[0] is X for batch in (X, (X,), (X, 1), (X, 1, 2), [X, 1])] == [True] * 5
    assert unpack([[1, 2], [3, 4]])[0] == [[1, 2], [3, 4]]
    with pytest.raises(InputMismatch, match="tuple of 4"):
        unpack((X, 1, 2, 3))


class Endless:
    """As a PyDataset without a length."""

    def __len__(self):
        raise TypeError("no length")

    def __getitem__(self, number):
        return (number,)


def test_data_without_an_end_need_steps():
    assert [x for x, _, _ in batches(Endless(), 3)] == [0, 1, 2]
    with pytest.raises(InputMismatch, match="steps="):
        next(batches(Endless(), None))


def test_data_that_end_early_warn():
    with pytest.warns(UserWarning, match="after 1 of 3 steps"):
        assert len(list(batches(iter([X]), 3))) == 1
    with pytest.raises(InputMismatch, match="no batch"):
        list(batches(iter([]), None))


def test_inputs_of_one_sample_may_broadcast_in_one_batch():
    both = inputs(((None, 1), "float32"), ((None, 1), "float32"), structure=[0, 1])
    assert [len(array) for array in both.one_batch([[[1.0]], [[2.0], [3.0]]])] == [1, 2]
