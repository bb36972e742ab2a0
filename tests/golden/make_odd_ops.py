"""Makes tests/golden/odd_ops/<release>.npz: operations on odd dtypes, fixed numbers of samples and numbers that stand for tensors.

Run it with the Python of each release: `python make_odd_ops.py [FOLDER [PART OF A NAME ...]]`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from golden_cases import K, case, main, numbers

O = K.ops  # noqa: E741


def on(function, *arrays):
    """A model of a function of one tensor for each array, whose numbers of samples are fixed."""
    starts = [K.Input(batch_shape=a.shape, dtype=a.dtype.name) for a in arrays]
    results = function(*starts)
    return K.Model(starts, list(results) if isinstance(results, (list, tuple)) else results), list(arrays)


def parts(radius, angle):
    z = O.polar(radius, angle)
    return [O.real(z), O.imag(z), O.real(O.conj(z)), O.imag(O.conjugate(z))]


WHOLE, OTHER = numbers(2, 3, dtype="int64"), numbers(2, 3, seed=1, dtype="int64")
case("parts-of-complex-numbers", hasattr(O, "polar"))(lambda: on(parts, numbers(2, 4) + 1, numbers(2, 4, seed=3)))
case("squeeze")(lambda: on(lambda x: O.squeeze(x), numbers(1, 3, 1, 2)))
case("shifts", hasattr(O, "left_shift"))(lambda: on(lambda x: [O.left_shift(x, 2), O.right_shift(x, 1)], numbers(2, 3, dtype="int16")))
case("floats-of-int64", hasattr(O, "hypot"))(lambda: on(lambda x, y: [O.heaviside(x, y), O.hypot(x, y)], WHOLE, OTHER))
case("einsum-of-a-number")(lambda: on(lambda x: O.einsum(",ij->ij", 3.0, x), numbers(2, 3)))
case("moments-beyond-float16")(lambda: on(lambda x: [*O.moments(x, [1])], (numbers(2, 4) * 60000).astype("float16")))
case("normalize-whole", hasattr(O, "normalize"))(lambda: on(lambda x: O.normalize(x, axis=None), numbers(2, 4)))

if __name__ == "__main__":
    main("odd_ops")
