"""Examples: inputs of a model with the outputs that belong to them, in an `.npz`; kept inside a file, or in a golden file beside.

Arrays are named `in/NAME` and `out/NAME` by the model's inputs and outputs. Golden files may name them plainly, where inputs and outputs
have no name in common, or by place: `in_0`, `out_0` .. or `x`, `y`, `x_0`, `y_0` .. .
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any
from zipfile import BadZipFile

import numpy as np

from loadstone.errors import CorruptFile, InputMismatch, VerificationError
from loadstone.ir import Spec, dtypes, flatten
from loadstone.ir.records import dataclass

Array = np.ndarray[Any, Any]
Arrays = dict[str, Array]
TOLERANCES = {"float64": (1e-9, 1e-9), "float32": (1e-4, 1e-5), "float16": (1e-2, 1e-2), "bfloat16": (3e-2, 3e-2)}
_BY_PLACE = (("in_", "out_"), ("x_", "y_"), ("x", "y"), ("input_", "output_"))
_TEXT, _ENDS = "#text", "#ends"  # strings of any bytes, which numpy keeps in no file: all in one, and where each ends


@dataclass(frozen=True)
class Example:
    """Inputs and outputs by name, in the order of the model's."""

    inputs: Arrays
    outputs: Arrays


@dataclass(frozen=True)
class Replay:
    """What became of an example: the largest difference of each output; apart are the outputs where it is more than is tolerated."""

    differences: dict[str, float]
    apart: frozenset[str]

    @property
    def agrees(self) -> bool:
        """True where all outputs are within the tolerance."""
        return not self.apart

    @property
    def largest(self) -> float:
        """The largest difference of all."""
        return max(self.differences.values(), default=0.0)


def example_of(inputs: Sequence[Spec], names: Sequence[str], given: Any, answer: Any) -> Example:
    """The example of data that a model was given in any form, and of what it answered.

    Raises InputMismatch where the data have not as many arrays as there are inputs.
    """
    arrays = [given[spec.name] for spec in inputs if spec.name in given] if isinstance(given, Mapping) else _listed(given, len(inputs))
    if len(arrays) != len(inputs):
        raise InputMismatch(f"an example for {len(inputs)} inputs has {len(arrays)} arrays")
    return Example({spec.name: _array(array) for spec, array in zip(inputs, arrays, strict=True)}, named(answer, names))


def _listed(given: Any, count: int) -> list[Any]:
    return list(given) if isinstance(given, (list, tuple)) and count > 1 else [given]


def _array(value: Any) -> Array:
    array = np.asarray(value)
    return array.astype(object) if array.dtype.kind in "SU" else array


def named(answer: Any, names: Sequence[str]) -> Arrays:
    """The arrays of an answer in flattened order: by the keys of a dict, else by `names`; a name seen before gets a number."""
    leaves = flatten(answer)
    keys = _paths(answer) if isinstance(answer, dict) else list(names)
    found: Arrays = {}
    for place, leaf in enumerate(leaves):
        name = keys[place] if len(keys) == len(leaves) else f"output_{place}"
        found[f"{name}_{place}" if name in found else name] = _array(leaf)
    return found


def _paths(answer: Any, above: str = "") -> list[str]:
    if isinstance(answer, dict):
        return [path for key in sorted(answer) for path in _paths(answer[key], f"{above}/{key}" if above else str(key))]
    if isinstance(answer, (list, tuple)):
        return [path for place, part in enumerate(answer) for path in _paths(part, f"{above}/{place}")]
    return [above]


# -- as a file ----------------------------------------------------------------------------------------------------------


def packed(example: Example) -> bytes:
    """The bytes of an `.npz` without pickles."""
    stored: Arrays = {}
    for part, arrays in (("in", example.inputs), ("out", example.outputs)):
        for name, array in arrays.items():
            if array.dtype == object:
                texts = [item if isinstance(item, bytes) else str(item).encode() for item in array.reshape(-1).tolist()]
                stored[f"{part}/{name}{_TEXT}"] = np.frombuffer(b"".join(texts), np.uint8)
                stored[f"{part}/{name}{_ENDS}"] = np.cumsum([len(text) for text in texts], dtype=np.int64).reshape(array.shape)
            else:
                stored[f"{part}/{name}"] = array
    buffer = io.BytesIO()
    np.savez(buffer, **stored)  # type: ignore[arg-type]  # names, not options
    return buffer.getvalue()


def arrays_of(data: bytes) -> Arrays:
    """The arrays of an `.npz` by name. Raises CorruptFile, also for arrays of Python objects."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            found = {name: np.asarray(file[name]) for name in file.files}
    except (ValueError, OSError, BadZipFile, EOFError, KeyError, AttributeError) as error:
        raise CorruptFile(f"an example should be an .npz file of plain arrays: {error}") from error
    for name in [name for name in found if name.endswith(_ENDS)]:
        stem, ends = name.removesuffix(_ENDS), found.pop(name)
        text = found.pop(f"{stem}{_TEXT}", np.zeros(0, np.uint8)).tobytes()
        starts = [0, *ends.reshape(-1).tolist()]
        strings = np.empty(ends.size, object)
        strings[:] = [text[start:end] for start, end in pairwise(starts)]
        found[stem] = strings.reshape(ends.shape)
    return found


def example_in(arrays: Mapping[str, Array], inputs: Sequence[Spec], outputs: Sequence[str]) -> Example:
    """The example that arrays by name are. Raises InputMismatch where their names tell neither names nor places."""
    specs = {spec.name: spec for spec in inputs}
    if any(name.startswith("in/") for name in arrays) and any(name.startswith("out/") for name in arrays):
        given = {name.removeprefix("in/"): array for name, array in arrays.items() if name.startswith("in/")}
        kept = {name.removeprefix("out/"): array for name, array in arrays.items() if name.startswith("out/")}
        if set(given) <= set(specs):
            return Example(_typed(given, specs), kept)
    if set(arrays) == {*specs, *outputs} and not set(specs) & set(outputs):
        return Example(_typed({name: arrays[name] for name in specs}, specs), {name: arrays[name] for name in outputs})
    for before, after in _BY_PLACE:
        first, last = (_by_place(arrays, start) for start in (before, after))
        if len(first) + len(last) == len(arrays) and len(first) <= len(specs) and last and first:
            return Example(_typed(dict(zip(specs, first, strict=False)), specs), _placed(last, outputs))
    wanted = f"in/NAME and out/NAME, or in_0 .. and out_0 ..; inputs are {', '.join(specs)}, outputs {', '.join(outputs)}"
    raise InputMismatch(f"the arrays {', '.join(sorted(arrays)) or '(none)'} do not tell which is which", hint=f"name them {wanted}")


def _by_place(arrays: Mapping[str, Array], start: str) -> list[Array]:
    numbered = {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
    if set(numbered) == {""}:
        return [numbered[""]]
    if set(numbered) != {str(place) for place in range(len(numbered))}:
        return []
    return [numbered[str(place)] for place in range(len(numbered))]


def _placed(arrays: Sequence[Array], outputs: Sequence[str]) -> Arrays:
    names = outputs if len(outputs) == len(arrays) else [f"output_{place}" for place in range(len(arrays))]
    return dict(zip(names, arrays, strict=True))


def _typed(arrays: Mapping[str, Array], specs: Mapping[str, Spec]) -> Arrays:
    """Two opaque bytes are bfloat16, which numpy keeps like that; text as the bytes that models take."""
    found: Arrays = {}
    for name in specs:
        if name in arrays:
            array = arrays[name]
            array = _bfloat16(array)
            found[name] = np.char.encode(array).astype(object) if array.dtype.kind == "U" else array
    return found


def _bfloat16(array: Array) -> Array:
    return array.view(dtypes.to_numpy("bfloat16")) if array.dtype == np.dtype("V2") else array


# -- replayed -----------------------------------------------------------------------------------------------------------


def replay(
    model: Callable[[Any], Any], names: Sequence[str], example: Example, rtol: float | None = None, atol: float | None = None
) -> Replay:
    """The example given to a model once more, and its outputs compared; by default with the tolerance of their type.

    Raises VerificationError where the model gives other outputs: more, of another shape, other strings.
    """
    given = example.inputs
    answer = named(model(given if len(given) > 1 else next(iter(given.values()))), names)
    if set(answer) != set(example.outputs):
        if len(answer) != len(example.outputs):
            raise VerificationError(f"the model has the outputs {', '.join(answer)}; those that were kept are {', '.join(example.outputs)}")
        answer = dict(zip(example.outputs, answer.values(), strict=True))
    found = {name: compared(answer[name], kept, name, rtol, atol) for name, kept in example.outputs.items()}
    return Replay({name: far for name, (far, _) in found.items()}, frozenset(name for name, (_, close) in found.items() if not close))


def compared(found: Array, kept: Array, name: str, rtol: float | None = None, atol: float | None = None) -> tuple[float, bool]:
    """The largest difference of an output from the one that was kept, and whether that is tolerated; by default as for its type.

    Raises VerificationError where their shapes differ.
    """
    found, kept = _bfloat16(found), _bfloat16(kept)
    if found.shape != kept.shape:
        raise VerificationError(f"output '{name}' has shape {found.shape}; the one that was kept has {kept.shape}")
    if found.dtype.kind in "OSU" or kept.dtype.kind in "OSU":
        same = [_bytes(a) == _bytes(b) for a, b in zip(found.reshape(-1).tolist(), kept.reshape(-1).tolist(), strict=True)]
        return (0.0, True) if all(same) else (float("inf"), False)
    usual = TOLERANCES.get(dtypes.of_numpy(found.dtype), (0.0, 0.0))
    if found.dtype.kind == "c":
        usual = TOLERANCES["float32" if found.dtype == np.complex64 else "float64"]
    largest, apart = distance(found, kept, usual[0] if rtol is None else rtol, usual[1] if atol is None else atol)
    return largest, not apart


def distance(found: Array, kept: Array, rtol: float = 0.0, atol: float = 0.0) -> tuple[float, bool]:
    """The largest difference of two arrays of numbers of one shape, and whether any is more than atol + rtol |kept|.

    Not-a-number is like itself alone, and so are the infinities. Without tolerance whole numbers are compared as such, however large.
    """
    wide = np.complex128 if "c" in (found.dtype.kind, kept.dtype.kind) else np.float64
    a, b = found.astype(wide), kept.astype(wide)
    exact = found.dtype.kind in "biu" and kept.dtype.kind in "biu" and not (rtol or atol)
    far = found != kept if exact else ~np.isclose(a, b, rtol, atol, equal_nan=True)
    unlike = (np.isnan(a) != np.isnan(b)).any() or (np.isinf(a) | np.isinf(b))[far].any()
    with np.errstate(invalid="ignore"):
        largest = float("inf") if unlike else float(np.nanmax(np.abs(a - b), initial=0.0))
    return (max(largest, 1.0) if exact and far.any() else largest), bool(far.any())


def _bytes(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def check(done: Replay) -> float:
    """The largest difference. Raises VerificationError where it is more than rounding."""
    if done.agrees:
        return done.largest
    parts = ", ".join(f"{name} by {difference:.3g}" for name, difference in done.differences.items())
    raise VerificationError(f"the model gives other outputs than were kept for its example: {parts}", difference=done.largest)
