"""What a caller hands to a model, as arrays in the order, dtypes and ranks of its inputs.

Keras' rules (keras/src/models/functional.py, `_standardize_inputs`, `_adjust_input_rank`; keras/src/layers/input_spec.py), each
row of them asked of Keras itself in tests/model/test_inputs_as_keras.py. No package is imported to recognise its types.

Stricter than Keras where Keras computes nonsense without a word: fixed dimensions of 1 are checked, and so are numbers that an
integer input cannot hold, and imaginary parts. More lenient: nested lists, object arrays of numbers, any order of a dict.
"""

from __future__ import annotations

from array import array as Buffer  # noqa: N812  (numpy knows it by its memory alone)
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from loadstone.errors import InputMismatch
from loadstone.ir import Graph, Spec, Structure, dtypes, flatten, map_structure
from loadstone.ir.records import dataclass

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Inputs:
    """The inputs of a model: their specs, and the structure of its call, whose leaves count into the specs."""

    specs: tuple[Spec, ...]
    structure: Structure

    def one_batch(self, x: Any) -> list[Array]:
        """One array for each input, to be computed at once; an input of one sample may broadcast, if the layers do.

        x: whatever the caller has (see the module). Raises InputMismatch.
        """
        if isinstance(x, np.ndarray) and len(self.specs) == 1:  # what most calls are
            return [_fitted(x, self.specs[0])]
        found = dict(self._matched(x, self.structure))
        return [_fitted(found[i], spec) for i, spec in enumerate(self.specs)]

    def samples(self, x: Any) -> list[Array]:
        """One array for each input, all with the same number of samples. Raises InputMismatch."""
        arrays = self.one_batch(x)
        counts = {len(array) for array in arrays if array.ndim}
        if len(counts) > 1:
            sizes = ", ".join(f"{spec.name} {len(array)}" for spec, array in zip(self.specs, arrays, strict=True))
            raise InputMismatch(f"the inputs have different numbers of samples: {sizes}")
        return arrays

    @property
    def batch_size(self) -> int | None:
        """The number of samples that the model is made for, None where it is free."""
        return next((spec.shape[0] for spec in self.specs if spec.shape and spec.shape[0] is not None), None)

    def _matched(self, x: Any, structure: Structure) -> list[tuple[int, Any]]:
        """Pairs of (number of the input, what was given for it)."""
        leaves = flatten(structure)
        if isinstance(x, Mapping):
            return self._by_key(x, structure, leaves)
        if isinstance(structure, (list, tuple)) and isinstance(x, (list, tuple)) and len(structure) == len(x) > 1:
            return [pair for part, inner in zip(x, structure, strict=True) for pair in self._matched(part, inner)]
        if len(leaves) == 1:
            return [(leaves[0], _only(x, self.specs[leaves[0]]))]
        if isinstance(x, (list, tuple)) and len(x) == len(leaves):
            return list(zip(leaves, x, strict=True))
        given = f"{len(x)} of them" if isinstance(x, (list, tuple)) else "one"
        raise InputMismatch(
            f"the model has {len(leaves)} inputs and is given {given}",
            hint=f"pass a list in the order, or a dict by the names {self._names(leaves)}",
        )

    def _by_key(self, x: Mapping[Any, Any], structure: Structure, leaves: list[int]) -> list[tuple[int, Any]]:
        if isinstance(structure, dict) and set(structure) <= set(x):
            return [pair for key in structure for pair in self._matched(x[key], structure[key])]
        names = self._names(leaves)
        missing = [name for name in names if name not in x]
        if missing:
            raise InputMismatch(f"no data for {', '.join(map(repr, missing))}: the model's inputs are {names}, given are {list(x)}")
        return [(i, x[self.specs[i].name]) for i in leaves]

    def _names(self, leaves: Sequence[int]) -> list[str]:
        return [self.specs[i].name for i in leaves]


@dataclass(frozen=True)
class GraphInputs(Inputs):
    """The inputs of a graph: its names are those of tensors, with or without ":0", and nothing is cast that loses by it.

    Some signatures say what an input is where it is not given (TensorFlow 2.16, `SignatureDef.defaults`).
    """

    defaults: Mapping[str, Array]

    @classmethod
    def of(cls, graph: Graph, specs: tuple[Spec, ...]) -> GraphInputs:
        """The inputs of a graph, whose specs these are."""
        told = {spec.name: node.attributes.get("default") for spec, node in zip(specs, graph.inputs, strict=True)}
        defaults = {name: default.numpy() for name, default in told.items() if default is not None}
        return cls(specs, {spec.name: i for i, spec in enumerate(specs)}, defaults)

    def one_batch(self, x: Any) -> list[Array]:
        """One array for each input. Raises InputMismatch."""
        if isinstance(x, Mapping):
            x = {**self.defaults, **{self._key(name): value for name, value in x.items()}}
        elif isinstance(x, (list, tuple)) and len(x) == len(self.specs) > 1:
            x = {spec.name: value for spec, value in zip(self.specs, x, strict=True)}
        elif len(self.defaults) == len(self.specs) - 1 > 0:
            x = {**self.defaults, next(spec.name for spec in self.specs if spec.name not in self.defaults): x}
        found = dict(self._matched(x, self.structure))
        return [_lossless(found[i], spec) for i, spec in enumerate(self.specs)]

    def _key(self, name: Any) -> Any:
        names = set(self.structure) if isinstance(self.structure, dict) else set()
        others = (name, f"{name}:0", str(name).removesuffix(":0"))
        return next((other for other in others if other in names), name)


def _lossless(x: Any, spec: Spec) -> Array:
    """x as an array of the input's dtype, whose values are those that were given. Python's own numbers have no dtype to lose."""
    array = _array(x, spec)
    if spec.shape is not None and (
        array.ndim != len(spec.shape) or any(want is not None and want != have for want, have in zip(spec.shape, array.shape, strict=True))
    ):
        raise InputMismatch(f"input '{spec.name}' has shape {spec.shape} and is given {array.shape}")
    result = _cast(array, spec)
    plain = not isinstance(x, (np.ndarray, np.generic)) and not hasattr(x, "__array__")
    if spec.dtype == "string" or array.dtype == result.dtype or plain and result.dtype.kind in "fc":
        return result
    if array.dtype.kind == "f" and result.dtype.kind == "f":  # numpy makes float64 of everything
        return result
    if not np.array_equal(array, result):
        raise InputMismatch(f"input '{spec.name}' takes {spec.dtype} and is given {array.dtype} that does not fit into it")
    return result


def is_array(x: Any) -> bool:
    """True for what is one array, whatever package made it; lists are none."""
    return isinstance(x, (np.ndarray, np.generic, memoryview, Buffer)) or any(
        hasattr(x, name) for name in ("__array__", "__dlpack__", "toarray")
    )


def _only(x: Any, spec: Spec) -> Any:
    """What is given for the one input of a model: x, or the one array in a list."""
    if not isinstance(x, (list, tuple)) or not any(map(is_array, x)):
        return x
    if len(x) == 1:
        return x[0]
    if all(is_array(part) and np.ndim(part) == 0 for part in x):
        return x
    raise InputMismatch(
        f"the model has one input, '{spec.name}', and is given {len(x)} arrays",
        hint="numpy.stack(samples) makes one array of many samples",
    )


def _fitted(x: Any, spec: Spec) -> Array:
    """x as an array of the input's dtype and rank. An axis of 1 at the end is added or removed as Keras does."""
    array = _array(x, spec)
    if spec.shape is not None:
        rank, shape = len(spec.shape), array.shape
        if array.ndim == rank + 1 and shape[-1] == 1:
            array = array[..., 0]
        elif array.ndim == rank - 1 and array.ndim > 0 and spec.shape[-1] == 1:
            array = array[..., None]
        wrong = array.ndim != rank or any(
            want is not None and want != have for want, have in zip(spec.shape[1:], array.shape[1:], strict=True)
        )
        if wrong:
            raise InputMismatch(f"input '{spec.name}' has shape {spec.shape} and is given {shape}", hint=_hint(shape, spec.shape))
    return _cast(array, spec)


def _hint(given: tuple[int, ...], expected: tuple[int | None, ...]) -> str | None:
    if given == () or len(given) == len(expected) - 1 and all(want in (None, have) for want, have in zip(expected[1:], given, strict=True)):
        return "the first axis is the samples: x[None] is a batch of one"
    return None


def _array(x: Any, spec: Spec) -> Array:
    """x as a numpy array of whatever dtype it has."""
    if x is None:
        raise InputMismatch(f"no data for input '{spec.name}'")
    try:
        if isinstance(x, np.ndarray):
            return x
        if not hasattr(x, "__array__") and hasattr(x, "__dlpack__"):
            return np.from_dlpack(x)
        return np.asarray(x.toarray() if hasattr(x, "toarray") and not hasattr(x, "__array__") else x)
    except (ValueError, TypeError, RuntimeError, BufferError) as error:  # what array packages raise from their conversions
        raise InputMismatch(f"input '{spec.name}' is given a {type(x).__name__} that is no array: {error}") from error


def _cast(array: Array, spec: Spec) -> Array:
    """The array in the input's dtype; InputMismatch where values have no meaning in it."""
    kind, target = array.dtype.kind, dtypes.to_numpy(spec.dtype)
    if spec.dtype == "string":
        return _strings(array, spec)
    if kind == "O":
        return _cast(_numbers(array, spec), spec)
    if kind in "SUMmT" or array.dtype.names:
        raise InputMismatch(f"input '{spec.name}' takes {spec.dtype} and is given {array.dtype.name}")
    if array.dtype == target:
        return array
    if kind == "c" and target.kind != "c" and array.imag.any():
        raise InputMismatch(f"input '{spec.name}' takes {spec.dtype} and is given complex numbers", hint="x.real or numpy.abs(x)")
    if dtypes.is_integer(spec.dtype):
        _check_range(array, spec)
    with np.errstate(over="ignore"):
        return (array.real if kind == "c" and target.kind != "c" else array).astype(target)


def _check_range(array: Array, spec: Spec) -> None:
    """Keras wraps what an integer input cannot hold, and so reads another row of an Embedding; here it is an error."""
    if array.dtype.kind == "b" or not array.size:
        return
    limits = np.iinfo(dtypes.to_numpy(spec.dtype)) if spec.dtype not in ("int4", "uint4") else None
    low, high = (int(limits.min), int(limits.max)) if limits else (-8, 7) if spec.dtype == "int4" else (0, 15)
    values = array.real if array.dtype.kind == "c" else array
    least, most = values.min(), values.max()
    if not (least > low - 1 and most < high + 1):  # fractions are cut off towards zero; a comparison with nan is false
        raise InputMismatch(f"input '{spec.name}' takes {spec.dtype}, {low} to {high}, and is given {least} to {most}")


def _numbers(array: Array, spec: Spec) -> Array:
    """An object array whose elements are all numbers, as numbers."""
    bad = next((item for item in array.reshape(-1) if not isinstance(item, (bool, int, float, complex, np.number, np.bool_))), None)
    if bad is not None or (array.size and any(item is None for item in array.reshape(-1))):
        raise InputMismatch(f"input '{spec.name}' takes {spec.dtype} and is given {bad!r}, a {type(bad).__name__}")
    return np.array(array.tolist()).reshape(array.shape)


def _strings(array: Array, spec: Spec) -> Array:
    """Text as UTF-8 bytes in an object array."""
    if array.dtype.kind not in "OSUT":
        raise InputMismatch(f"input '{spec.name}' takes strings and is given {array.dtype.name}")
    flat = [item.encode() if isinstance(item, str) else item for item in array.reshape(-1).tolist()]
    bad = next((item for item in flat if not isinstance(item, bytes)), None)
    if bad is not None or any(item is None for item in flat):
        raise InputMismatch(f"input '{spec.name}' takes strings and is given {bad!r}, a {type(bad).__name__}")
    result = np.empty(len(flat), object)
    result[:] = flat
    return result.reshape(array.shape)


def counted(structure: Structure) -> Structure:
    """The same structure with the numbers of its leaves, in flattened order."""
    numbers = iter(range(len(flatten(structure))))
    return map_structure(lambda _: next(numbers), structure)
