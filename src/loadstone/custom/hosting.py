"""Layers that run as Python: what lowering asks of them, and what every call of them is checked for.

Lowering describes a call (`Call`) and gets a `Hosted`: what the call returns, and a function over numpy arrays. Making it from
what the user supplied is the work of `custom.plain` (no framework) and `live` (Keras layers).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from loadstone.errors import InferenceError, LoadstoneError
from loadstone.ir import Layer, MaskRules, Structure, dtypes, flatten, leaves, map_structure
from loadstone.ir.program import Program
from loadstone.ir.records import dataclass, field

Shape = tuple[int | None, ...]
Arrays = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Tensor:
    """A tensor that a call takes or returns: shape (None where free), dtype name, and the number of its array.

    mask is the number of the array that holds its mask, None where it has none, and mask_shape that array's shape.
    """

    shape: Shape
    dtype: str
    array: int
    mask: int | None = None
    mask_shape: Shape = ()


@dataclass(frozen=True)
class Call:
    """A call of a layer: arguments are structures with `Tensor` and plain leaves.

    arrays is how many arrays it takes; rules say how masks travelled in the release that wrote the file.
    """

    args: tuple[Structure, ...]
    kwargs: dict[str, Structure]
    training: bool
    arrays: int
    where: str = ""
    rules: MaskRules = field(default_factory=MaskRules)

    def tensors(self) -> list[Tensor]:
        """All tensors, in flattened order."""
        return list(leaves((self.args, self.kwargs), Tensor))

    @property
    def first(self) -> Structure:
        """The first argument."""
        return self.args[0] if self.args else next(iter(self.kwargs.values()), None)

    def fill(self, arrays: Sequence[Any]) -> tuple[tuple[Structure, ...], dict[str, Structure]]:
        """The arguments with arrays in their places."""
        args, kwargs = map_structure(lambda leaf: arrays[leaf.array] if isinstance(leaf, Tensor) else leaf, (self.args, self.kwargs))
        return args, kwargs

    def masks(self, arrays: Sequence[Any]) -> Structure:
        """The masks of the first argument in its structure; None where no tensor of it has one."""
        if all(leaf.mask is None for leaf in leaves(self.first, Tensor)):
            return None
        return map_structure(lambda leaf: arrays[leaf.mask] if isinstance(leaf, Tensor) and leaf.mask is not None else None, self.first)

    def mask_argument(self, arrays: Sequence[Any]) -> Structure:
        """What fills a parameter `mask` that the call leaves out."""
        holding = sum(1 for argument in (*self.args, *self.kwargs.values()) if any(leaves(argument, Tensor)))
        return None if self.rules.argument == "only" and holding != 1 else self.masks(arrays)

    def previous_mask(self, arrays: Sequence[Any]) -> Structure:
        """What `compute_mask` starts from."""
        given = self.fill(arrays)[1].get("mask")
        if given is not None and self.rules.previous == "given":
            return given
        return None if self.rules.previous == "single" and not isinstance(self.first, Tensor) else self.masks(arrays)


@dataclass(frozen=True)
class Hosted:
    """A call made ready. outputs is a structure of `Tensor`s (array counts what `function` returns, masks after outputs).

    plain: the function that is called and nothing else happens, with what it takes besides the arguments of the call; None: more happens.
    """

    outputs: Structure
    function: Callable[..., Arrays]
    plain: tuple[Callable[..., Any], Mapping[str, Any]] | None = None


class Host(Protocol):
    """Makes calls of given layers ready. evaluate runs a program now; None: nothing here can."""

    evaluate: Callable[[Program, Sequence[np.ndarray]], list[np.ndarray]] | None

    def __call__(self, layer: Layer, call: Call) -> Hosted: ...


@dataclass(frozen=True)
class Returned:
    """What user code returned: the outputs as a structure of arrays, and their masks in flattened order."""

    outputs: Structure
    masks: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        missing = len(flatten(self.outputs)) - len(self.masks)
        object.__setattr__(self, "masks", list(self.masks) + [None] * missing)


def hosted(name: str, call: Call, outputs: Structure, run: Callable[..., Returned]) -> Hosted:
    """A call that runs user code: whatever that raises, or returns other than `outputs` says, is an InferenceError.

    run takes the arrays of the call. A float of another width is cast, as a Keras layer's policy does; every other dtype is
    the user's to get right.
    """
    expected: list[Tensor] = flatten(outputs)

    def function(*arrays: np.ndarray) -> Arrays:
        returned = guarded(name, call.where, run, *arrays)
        values = flatten(returned.outputs)
        if len(values) != len(expected):
            raise InferenceError(f"{name} returned {len(values)} arrays, {len(expected)} were expected", where=call.where)
        checked = [_checked(name, call.where, value, spec.shape, spec.dtype) for value, spec in zip(values, expected, strict=True)]
        for mask, spec in zip(returned.masks, expected, strict=True):
            if (mask is None) != (spec.mask is None):
                raise InferenceError(f"{name} gave {'no' if mask is None else 'a'} mask, unlike at loading", where=call.where)
            if mask is not None:
                checked.append(_checked(name, call.where, np.asarray(mask).astype(bool), spec.mask_shape, "bool"))
        return tuple(checked)

    return Hosted(outputs, function)


def guarded(name: str, where: str, function: Callable[..., Any], *arrays: Any) -> Any:
    """What user code returns; what it raises, as an InferenceError that says where."""
    try:
        return function(*arrays)
    except LoadstoneError as error:
        error.at(where=where)
        raise
    except Exception as error:  # the code is the user's: anything may come out of it
        raise InferenceError(f"{name} raised {type(error).__name__}: {error}", where=where) from error


def _checked(name: str, where: str, value: np.ndarray, shape: Shape, dtype: str) -> np.ndarray:
    given = dtypes.of_numpy(value.dtype)
    if given != dtype and dtypes.is_float(given) and dtypes.is_float(dtype):
        value, given = value.astype(dtypes.to_numpy(dtype)), dtype
    if given != dtype:
        raise InferenceError(f"{name} returned {given}, expected {dtype}", where=where, hint=f"return result.astype('{dtype}')")
    if value.ndim != len(shape) or any(want not in (None, have) for want, have in zip(shape, value.shape, strict=True)):
        shown = ", ".join("any" if d is None else str(d) for d in shape)
        raise InferenceError(f"{name} returned an array of shape {value.shape}, expected ({shown})", where=where)
    return value


def to_array(value: Any) -> np.ndarray:
    """A numpy array of whatever array or tensor user code returns (torch's leave their graph and device first)."""
    if callable(getattr(value, "detach", None)):
        value = value.detach().cpu()
    array = np.asarray(value)
    if array.dtype == object and not all(isinstance(item, (bytes, str)) for item in array.flat):
        raise TypeError(f"a {type(value).__name__} is no array")
    return array
