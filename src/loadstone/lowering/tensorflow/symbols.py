"""The table of TensorFlow's functions: a name of its API to the rule that lowers a call of it.

A rule is a function `(b, *arguments) -> Value` (or a structure of Values) whose parameters have the names of TensorFlow's own
function (https://www.tensorflow.org/api_docs/python/tf); a name that Python or a rule has taken ends in "_" (`b_`). Arguments are
Values, Python numbers and nested lists of both. TensorFlow does not promote: operands have one dtype, and only numbers that no
tensor is take the dtype of the tensor beside them.

Names are those that TensorFlow writes for a function, "math.add" or "reshape". "compat.v1.reshape" is the one of TensorFlow 1: the same
rule where it means the same, perhaps with its arguments in another order or by other names (`signatures`), else a rule of its own.
Functions that are random when a model predicts are known and refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, signature
from typing import Any, TypeVar

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering import index
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.elements import Element, elements
from loadstone.lowering.functions.era import TENSORFLOW_1, Era
from loadstone.lowering.tensorflow.signatures import orders, spellings
from loadstone.lowering.tensorflow.symbol import TAKEN as TAKEN
from loadstone.lowering.tensorflow.symbol import Symbol as Symbol

Function = TypeVar("Function", bound=Callable[..., Any])
Operand = Any  # a Value, a Python number, a numpy array or a nested list of them
KIND = "tensorflow"  # of these rules in the index
_RULES: dict[str, tuple[Callable[..., Any], Era | None]] = {}  # with the release whose function a rule that wants to know is
_SYMBOLS: dict[str, Symbol] = {}  # those of the rules that were asked for
_RANDOM = frozenset(
    """
    nn.dropout nn.experimental.general_dropout nn.experimental.stateless_dropout keras.backend.dropout keras.backend.random_normal
    keras.backend.random_uniform keras.backend.truncated_normal keras.backend.random_bernoulli keras.backend.random_binomial
    image.sample_distorted_bounding_box nn.fractional_avg_pool nn.fractional_max_pool nn.nce_loss nn.sampled_softmax_loss
    keras.backend.random_normal_variable keras.backend.random_uniform_variable compat.v1.nn.dropout multinomial random_crop random_gamma
    random_normal random_poisson random_shuffle random_uniform truncated_normal
    """.split()
) | frozenset(
    f"raw_ops.{op}"
    for op in """
    Multinomial ParameterizedTruncatedNormal RandomCrop RandomGamma RandomPoisson RandomPoissonV2 RandomShuffle RandomStandardNormal
    RandomUniform RandomUniformInt RiscRandomUniform RngReadAndSkip RngSkip SampleDistortedBoundingBox SampleDistortedBoundingBoxV2
    StatefulRandomBinomial StatefulStandardNormal StatefulStandardNormalV2 StatefulTruncatedNormal StatefulUniform StatefulUniformFullInt
    StatefulUniformInt TruncatedNormal XlaRngBitGenerator AllCandidateSampler FixedUnigramCandidateSampler LearnedUnigramCandidateSampler
    LogUniformCandidateSampler ThreadUnsafeUnigramCandidateSampler UniformCandidateSampler
    """.split()
)


def symbols() -> Mapping[str, Symbol]:
    """All functions by name."""
    index.load_all()
    return {name: _made(name) for name in _RULES}


def symbol(name: str) -> Symbol | None:
    """The function of a name; None where there is none."""
    if name.startswith("compat.v1."):
        _load_version_1(name.removeprefix("compat.v1."))
    elif name not in _RULES:
        _ = index.load(KIND, name) or index.load(KIND, f"math.{name}")
    return _made(name) if name in _RULES else None


def _load_version_1(name: str) -> None:
    """The rule that TensorFlow 1 alone has for a name, before that of all releases."""
    for spelling in dict.fromkeys((f"compat.v1.{name}", f"compat.v1.math.{name}", name, f"math.{name}")):
        if index.load(KIND, spelling):
            return


def rule(name: str) -> Symbol:
    """The function of a name that there is."""
    found = symbol(name)
    assert found is not None, name
    return found


def is_random(name: str) -> bool:
    """True for a function that draws numbers whenever it is called."""
    plain = name.removeprefix("compat.v1.")
    return name in _RANDOM or plain in _RANDOM or plain.startswith(("random.", "image.random_", "keras.random.", "numpy.random."))


def tf(*names: str) -> Callable[[Function], Function]:
    """Decorator: the function is the rule for these names, for those of `tf.math` also without "math.", and all in compat.v1."""

    def register(function: Function) -> Function:
        enter(function, *names)
        return function

    return register


def enter(function: Callable[..., Any], *names: str) -> None:
    """Put a rule into the table, for TensorFlow 1 too where that has none of its own."""
    for name in names:
        index.enter(KIND, name)
        plain = name.removeprefix("compat.v1.")
        assert name != plain or name not in _RULES, f"two rules for tf.{name}"
        for other in dict.fromkeys((plain, plain.removeprefix("math."))):
            if name != plain:
                _RULES[f"compat.v1.{other}"] = function, None
                continue
            _RULES[other] = function, None
            if not other.startswith(("keras.", "numpy.", "raw_ops.", "__")) and f"compat.v1.{other}" not in _RULES:
                _RULES[f"compat.v1.{other}"] = function, TENSORFLOW_1


def _made(name: str) -> Symbol:
    """The function of a name in the table, made when it is first asked for."""
    function, era = _RULES[name]
    found = _SYMBOLS.get(name)
    if found is None or found.function is not function:  # a rule of TensorFlow 1 may have come later
        found = _SYMBOLS[name] = _described(name, function, era)
    return found


def _described(name: str, function: Callable[..., Any], era: Era | None) -> Symbol:
    found = list(signature(function).parameters.values())[1:]
    dated = any(p.name == "era" and p.kind is Parameter.KEYWORD_ONLY for p in found)
    named = [p for p in found if p.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD) and not (dated and p.name == "era")]
    parameters = tuple(p.name.removesuffix("_") for p in named)
    ends = [k for k, p in enumerate(found) if p.kind in (Parameter.VAR_POSITIONAL, Parameter.KEYWORD_ONLY)]
    order = tuple(p.name.removesuffix("_") for p in found[: min(ends, default=len(found))] if p in named)
    required = tuple(p.name.removesuffix("_") for p in named if p.default is Parameter.empty)
    variadic = any(p.kind is Parameter.VAR_POSITIONAL for p in found)
    row, release = name if era is None else name.removeprefix("compat.v1."), 1 if name.startswith("compat.v1.") else 2
    order = orders(row, release) or order
    return Symbol(name, function, parameters, variadic, required, dated, order, spellings(row), era if dated else None)


# -- operands ---------------------------------------------------------------------------------------------------------


def tensor(b: Builder, x: Operand, dtype: str | None = None) -> Value:
    """An operand as `tf.convert_to_tensor` has it: numbers are float32, int32 or bool, unless a dtype is wanted."""
    if isinstance(x, Value):
        if dtype is not None and x.dtype != dtype:
            if x.const is None:
                raise ModelError(f"a tensor of {x.dtype} where one of {dtype} is wanted")
            return b.cast(x, dtype)
        return x
    if isinstance(x, (list, tuple)) and _holds_values(x):
        parts = [tensor(b, part, dtype) for part in x]
        like = next((part.dtype for part in parts if part.const is None), parts[0].dtype)
        rows = [b.unsqueeze(tensor(b, part, like), 0) for part in parts]
        return rows[0] if len(rows) == 1 else b.Concat(*rows, axis=0)
    array = np.asarray(x)
    if array.dtype.kind == "O" and not all(isinstance(item, (str, bytes)) for item in array.reshape(-1)):
        raise ModelError(f"a {type(x).__name__} where a tensor is wanted")
    if array.dtype.kind in "OUS" and array.size:
        words = [word.encode() if isinstance(word, str) else word for word in array.reshape(-1).tolist()]
        return b.const(np.asarray(words, object).reshape(array.shape), "string")
    natural = {"f": "float32", "i": "int32", "b": "bool"}.get(array.dtype.kind) if not isinstance(x, (np.ndarray, np.generic)) else None
    if natural == "int32" and array.size and (array.max() >= 2**31 or array.min() < -(2**31)):
        natural = "int64"
    if dtype is not None and dtype != "bool" and array.dtype.kind == "f" and dtype.startswith(("int", "uint")):
        raise ModelError(f"the number {x!r} beside a tensor of {dtype}")
    if natural in ("int32", "int64") and dtype is not None and dtype.startswith(("int", "uint")) and array.size:
        held = np.iinfo(dtype)
        if array.max() > held.max or array.min() < held.min:
            raise ModelError(f"the number {x!r} as {dtype}")
    return b.const(array, dtype or natural)


def _holds_values(x: Operand) -> bool:
    return isinstance(x, Value) or (isinstance(x, (list, tuple)) and any(_holds_values(part) for part in x))


def alike(b: Builder, *operands: Operand) -> list[Value]:
    """Operands as values of one dtype: that of the tensors among them, which must agree."""
    dtype = next((x.dtype for x in operands if isinstance(x, Value) and x.const is None), None)
    if dtype is None:
        dtype = next((x.dtype for x in operands if isinstance(x, Value)), None)
    if dtype is None:
        dtype = next((v.dtype for v in (tensor(b, x) for x in operands if _holds_values(x))), None)
    values = [tensor(b, x, dtype) for x in operands]
    return values if dtype is not None else [tensor(b, x, values[0].dtype) for x in values]


def number(x: Operand, what: str) -> Any:
    """A number, or a list of them, that must be known now: an axis, a size."""
    if isinstance(x, Value):
        if x.const is None:
            raise UnsupportedAttribute(f"{what} that is computed")
        return x.array().tolist()
    if isinstance(x, np.ndarray):
        return x.tolist()
    return [number(part, what) for part in x] if isinstance(x, (list, tuple)) else x


def axis_of(axis: Operand, rank: int, what: str = "an axis") -> int:
    """An axis counted from 0."""
    found = number(axis, what)
    found = found[0] if isinstance(found, list) and len(found) == 1 else found
    if not -max(rank, 1) <= int(found) < max(rank, 1):
        raise ModelError(f"axis {found} of a tensor of rank {rank}")
    return int(found) % max(rank, 1)


def axes_of(axis: Operand, rank: int) -> list[int]:
    """Axes counted from 0; all of them for None."""
    if axis is None:
        return list(range(rank))
    found = number(axis, "an axis")
    return [axis_of(a, rank) for a in (found if isinstance(found, list) else [found])]


def vector(b: Builder, x: Value) -> Value:
    """A scalar of integers as an int64 vector of one element."""
    return b.cast(b.reshape(x, [1]), "int64")


def lengths(b: Builder, shape: Operand) -> list[int | Value]:
    """A shape as the builder wants it: ints where known, else int64 vectors of one element.

    What was put together of known and computed lengths (`tf.concat`, `tf.stack`) is taken apart again.
    """
    if isinstance(shape, Value):
        return _taken_apart(b, shape if shape.rank else b.reshape(shape, [1]))
    found: list[int | Value] = []
    for d in shape if isinstance(shape, (list, tuple, np.ndarray)) else [shape]:
        if isinstance(d, Value):
            found += [int(d.array().reshape(-1)[0])] if d.const is not None else [vector(b, d)]
        else:
            found.append(-1 if d is None else int(d))
    return found


def _taken_apart(b: Builder, v: Value) -> list[int | Value]:
    found = elements(v)
    if found is None and v.const is not None:
        return [int(d) for d in v.array().reshape(-1)]
    if found is None:
        raise UnsupportedAttribute("a shape whose number of axes is computed")
    return [b.element(e) if isinstance(e, Element) else e for e in found]


def known(dims: Sequence[int | Value]) -> tuple[int | None, ...]:
    """Lengths as a shape."""
    return tuple(d if isinstance(d, int) and d != -1 else None for d in dims)
