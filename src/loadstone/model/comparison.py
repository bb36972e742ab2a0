"""Two models that should be one: their predictions on the same random data, compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from loadstone.custom import Missing
from loadstone.errors import InferenceError, ModelError
from loadstone.ir import Finding, Spec, dtypes, flatten
from loadstone.ir.records import dataclass
from loadstone.model.examples import distance
from loadstone.model.model import Model

_SAMPLES = 3
_EXPLODED = 1e30  # steps that multiply what they are given: two ways of rounding end anywhere
_LENGTHS = (16, 33, 64)  # tried where an axis is free
_TOLERANCES = {"float16": (2e-2, 2e-2), "bfloat16": (5e-2, 5e-2), "float64": (1e-6, 1e-8)}


@dataclass(frozen=True)
class Conversion:
    """A file that was written, as a stranger finds it.

    difference: the largest one between the predictions of both models; None where none could be made. needs: what a reader has to supply
    as custom objects (name, module, kind, where), that for training alone last. warnings: what else a reader may stumble over. findings:
    what reading the model and changing its training config noticed. kind: "keras", "h5", "weights", "legacy_weights", "safetensors",
    "json", "onnx" or "saved_model". files: the file or folder, and what lies beside it (the weights of a large ONNX model).
    """

    path: str
    bytes: int
    difference: float | None
    findings: tuple[Finding, ...] = ()
    needs: tuple[Missing, ...] = ()
    warnings: tuple[str, ...] = ()
    kind: str = ""
    files: tuple[str, ...] = ()


def same_predictions(
    one: Model, other: Callable[[list[Any]], Any], inputs: list[Spec] | None = None, *, what: str = "the new file", computed: str = ""
) -> float | None:
    """The largest difference of the predictions on data that both take, padded ones too for masks; None where no data was found.

    other is a model, or what gives its outputs for a list of inputs; inputs are those that it takes, if not all that the model does.
    what: its name for messages. computed: the coarsest dtype that layers compute in, where another engine rounds otherwise.
    Raises ModelError where they differ by more than rounding.
    """
    found = [
        difference
        for padding in (None, *paddings(one))
        if (difference := _on_random_data(one, other, inputs or one.inputs, padding, what, computed)) is not None
    ]
    return max(found, default=None)


def _on_random_data(
    one: Model, other: Callable[[list[Any]], Any], inputs: list[Spec], padding: float | None, what: str, computed: str
) -> float | None:
    """The same on data of one kind."""
    for data in tries(inputs, padding=padding):
        try:
            answer = one(data)
        except (InferenceError, ValueError):
            continue  # not data for this model: the next may be
        if not telling(answer):
            continue
        expected, got = flatten(answer), flatten(other(data))
        if len(got) != len(expected):
            raise ModelError(f"{what} gives {len(got)} outputs, the model {len(expected)}")
        return max(_difference(np.asarray(a), np.asarray(b), what, computed) for a, b in zip(expected, got, strict=True))
    return None


def paddings(model: Model) -> tuple[float, ...]:
    """The values by which layers of a model tell padding from data."""
    root = model._description.root
    found: dict[float, None] = {}
    for layer in root.walk() if root is not None else ():
        if layer.class_name == "Masking":
            value = layer.config.get("mask_value", 0.0)
            found[float(value) if isinstance(value, (int, float)) else 0.0] = None
        elif layer.config.get("mask_zero") or (layer.graph is not None and any("mask" in node.kwargs for node in layer.graph.nodes)):
            found[0.0] = None
    return tuple(found)


def telling(answer: Any) -> bool:
    """False for an answer of which nothing can be said: with an output that has no finite number, or explodes."""
    arrays = [np.asarray(part) for part in flatten(answer)]
    floats = [array[np.isfinite(array)] for array in arrays if array.dtype.kind == "f" and array.size]
    return all(array.size and float(np.abs(array).max()) < _EXPLODED for array in floats)


def _difference(one: np.ndarray, other: np.ndarray, what: str, computed: str) -> float:
    if one.shape != other.shape:
        raise ModelError(f"{what} gives an output of shape {other.shape}, the model one of {one.shape}")
    if one.dtype.kind in "OSU":
        if not (one == other).all():
            raise ModelError(f"{what} gives other strings than the model")
        return 0.0
    rtol, atol = _TOLERANCES.get(computed or dtypes.of_numpy(one.dtype), (1e-4, 1e-5))
    if one.dtype.kind in "biu":
        rtol = atol = 0.0
    else:
        size = np.abs(one.astype(np.complex128 if one.dtype.kind == "c" else np.float64))
        atol *= float(np.max(size, initial=1.0, where=np.isfinite(size)))
    largest, apart = distance(other, one, rtol, atol)
    if apart:
        raise ModelError(f"{what} would predict other numbers than the model (by up to {largest:.3g})")
    return largest


def tries(inputs: list[Spec], seed: int = 0, padding: float | None = None) -> Iterator[list[Any]]:
    """Data for the inputs: numbers with zeros among them, then small whole numbers, with several lengths of free axes.

    Where some have a number of samples and others do not, these may need the same one. padding: what some of the steps of each are.
    """
    random = np.random.default_rng(seed)
    heads = [spec.shape[0] for spec in inputs if spec.shape]
    rows = dict.fromkeys([_SAMPLES, *(head for head in heads if head is not None and None in heads)])
    for length in _LENGTHS:
        for whole in (False, True):
            for samples in rows:
                data = [_array(spec, samples, length, whole, random) for spec in inputs]
                yield data if padding is None else [_padded(array, padding, random) for array in data]


def _array(spec: Spec, samples: int, length: int, whole: bool, random: np.random.Generator) -> np.ndarray:
    shape = [length if size is None else size for size in spec.shape or ()]
    if shape and (spec.shape or ())[0] is None:
        shape[0] = samples
    if spec.dtype == "string":
        return np.array(random.choice([b"a", b"the cat", b"", b"b c"], shape), object)
    if dtypes.is_float(spec.dtype) and not whole:
        values = random.normal(size=shape)
        if len(shape) > 1 and shape[0]:
            values[0, random.integers(shape[1] // 2, shape[1] + 1) :] = 0  # what a mask takes off, another part of each input
        return values.astype(dtypes.to_numpy(spec.dtype))
    return random.integers(0, 3, shape).astype(dtypes.to_numpy(spec.dtype))


def _padded(values: np.ndarray, padding: float, random: np.random.Generator) -> np.ndarray:
    """Of the first sample the last steps are padding, of the second the first ones and one in the middle, of the third all."""
    if values.ndim < 2 or (values.dtype.kind in "iu" and padding):
        return values
    values, steps = values.copy(), values.shape[1]
    filling: Any = b"" if values.dtype == object else padding
    values[values == (b"" if values.dtype == object else 0)] = b"a" if values.dtype == object else 1
    for sample in range(0, len(values), 3):
        values[sample, random.integers(min(1, steps), steps + (steps < 2)) :] = filling
    for sample in range(1, len(values), 3):
        values[sample, : random.integers(0, steps // 2 + 1)] = filling
        values[sample, steps * 3 // 4 : steps * 3 // 4 + (steps > 2)] = filling
    values[2::3] = filling
    return values
