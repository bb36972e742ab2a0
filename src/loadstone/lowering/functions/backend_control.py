"""Control flow of `keras.backend`, and its questions about the session: phases, loops over known lengths, `floatx`.

Semantics: keras/backend/tensorflow_backend.py of Keras 1.2.2 to 2.3.1, keras/backend.py of 2.15. Functions of the user's come as Python
callables of Values. A loop is written out, step by step; where the number of steps is not known it is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import flatten, map_structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era, agreed
from loadstone.lowering.functions.formats import comes_first, configured
from loadstone.lowering.tensorflow.symbols import Operand, alike, enter, number, tensor, tf

MOST_STEPS = 1024  # of a loop that is written out

# -- choice -----------------------------------------------------------------------------------------------------------


@tf("keras.backend.switch")
def switch(b: Builder, condition: Operand, then_expression: Any, else_expression: Any, *, era: Era | None = None) -> Any:
    """The one or the other, as a whole or element by element; a condition of fewer axes decides on what lies behind its last one.

    A vector of conditions is one for each row with TensorFlow 1 alone; with TensorFlow 2 it would broadcast along the last axis.
    """
    flag = b.cast(tensor(b, condition), "bool")
    if flag.const is not None and not flag.rank:
        return _value(then_expression if flag.array() else else_expression)
    then, other = _value(then_expression), _value(else_expression)
    deep = flag.rank == 1 and any(tensor(b, x).rank > 1 for x in flatten(then))
    if deep and not agreed("keras.backend.switch by a vector of conditions", era, lambda e: e.tensorflow_1):
        raise UnsupportedAttribute("keras.backend.switch by a vector of conditions with TensorFlow 2")
    return chosen_of(b, flag, then, other, "keras.backend.switch")


def chosen_of(b: Builder, flag: Value, then: Any, other: Any, what: str) -> Any:
    """The one structure of tensors or the other."""
    pairs = list(zip(flatten(then), flatten(other), strict=True))
    chosen = iter([_chosen(b, flag, alike(b, x, y), what) for x, y in pairs])
    return map_structure(lambda _: next(chosen), then)


def _chosen(b: Builder, flag: Value, pair: list[Value], what: str) -> Value:
    then, other = pair
    if then.rank != other.rank or any(None not in (m, n) and m != n for m, n in zip(then.shape, other.shape, strict=True)):
        raise UnsupportedAttribute(f"{what} between tensors of shapes {then.shape} and {other.shape}")
    if flag.rank > then.rank:
        raise ModelError(f"{what} by a condition of shape {flag.shape} between tensors of shape {then.shape}")
    return b.Where(b.unsqueeze(flag, *range(flag.rank, then.rank)) if flag.rank else flag, then, other)


def _value(expression: Any) -> Any:
    return expression() if callable(expression) else expression


@tf("keras.backend.in_train_phase")
def in_train_phase(b: Builder, x: Any, alt: Any, training: Any = None) -> Any:
    """alt: models predict here."""
    _not_training("in_train_phase", training)
    return _value(alt)


@tf("keras.backend.in_test_phase")
def in_test_phase(b: Builder, x: Any, alt: Any, training: Any = None) -> Any:
    """x: models predict here."""
    _not_training("in_test_phase", training)
    return _value(x)


def _not_training(name: str, training: Any) -> None:
    if training is not None and (isinstance(training, Value) and training.const is None or number(training, "training")):
        raise UnsupportedAttribute(f"keras.backend.{name} with training={training!r}")


# -- loops ------------------------------------------------------------------------------------------------------------


@tf("keras.backend.map_fn")
def map_fn(b: Builder, fn: Callable[..., Any], elems: Any, name: Any = None, dtype: Any = None) -> Any:
    """The function of each slice along the first axis, side by side."""
    return mapped(b, fn, elems, "keras.backend.map_fn")


@tf("keras.backend.foldl")
def foldl(b: Builder, fn: Callable[..., Any], elems: Any, initializer: Any = None, name: Any = None) -> Any:
    """fn(fn(fn(initializer, first), second), ...); without one it starts with the first slice."""
    return _folded(fn, steps_of(b, elems, "keras.backend.foldl"), initializer)


@tf("keras.backend.foldr")
def foldr(b: Builder, fn: Callable[..., Any], elems: Any, initializer: Any = None, name: Any = None) -> Any:
    """The same from the last slice to the first."""
    return _folded(fn, steps_of(b, elems, "keras.backend.foldr")[::-1], initializer)


def _folded(fn: Callable[..., Any], parts: list[Any], initializer: Any) -> Any:
    if initializer is None:
        initializer, parts = parts[0], parts[1:]
    for part in parts:
        initializer = fn(initializer, part)
    return initializer


@tf("keras.backend.rnn")
def rnn(
    b: Builder, step_function: Callable[..., Any], inputs: Any, initial_states: Any, go_backwards: Any = False, mask: Any = None,
    constants: Any = None, unroll: Any = False, input_length: Any = None, time_major: Any = False, zero_output_for_mask: Any = False,
    return_all_outputs: Any = True,
) -> tuple[Any, Any, list[Any]]:  # fmt: skip
    """The step function over (batch, time, ...), in order: the last output, all outputs (batch, time, ...) and the last states."""
    if mask is not None:
        raise UnsupportedAttribute("keras.backend.rnn with a mask")
    turned = inputs if time_major else map_structure(lambda x: _exchanged(b, tensor(b, x)), inputs)
    states, outputs = tuple(initial_states), []
    parts = steps_of(b, turned, "keras.backend.rnn")
    for part in parts[::-1] if go_backwards else parts:
        output, found = step_function(part, (*states, *(constants or ())))
        outputs.append(output)
        states = tuple(found)
    every = outputs if return_all_outputs else outputs[-1:]
    joined = stacked(b, every)
    if not time_major:
        joined = map_structure(lambda x: _exchanged(b, x), joined)
    return outputs[-1], joined, list(states)


def _exchanged(b: Builder, x: Value) -> Value:
    return b.transpose(x, [1, 0, *range(2, x.rank)])


def mapped(b: Builder, fn: Callable[..., Any], elems: Any, what: str) -> Any:
    """The function of each slice along the first axis, side by side; of an axis whose length is free, the body of a Scan."""
    whole = map_structure(lambda x: tensor(b, x), elems)
    inside = getattr(fn, "inside", None)
    scanned = flatten(whole)
    if inside is None or any(not x.rank or x.shape[0] is not None for x in scanned):
        return stacked(b, [fn(part) for part in steps_of(b, whole, what)])
    body = b.inner()
    slices = [body.input(body.unique("step"), x.shape[1:], x.dtype) for x in scanned]
    rest = iter(slices)
    with inside(body):
        found = fn(map_structure(lambda _: next(rest), whole))
    made = [tensor(body, x) for x in flatten(found)]
    body.block.outputs = [body._emit("Identity", [x], {}, 1)[0] for x in made]
    results = iter(b.ops("Scan", *scanned, outputs=len(made), body=body.block, num_scan_inputs=len(scanned)))
    return map_structure(lambda _: next(results), found)


def steps_of(b: Builder, elems: Any, what: str) -> list[Any]:
    """Slices along the first axis, of a tensor or a structure of them."""
    whole = map_structure(lambda x: tensor(b, x), elems)
    found = {x.shape[0] if x.rank else None for x in flatten(whole)}
    length = next(iter(found)) if len(found) == 1 else None
    if length is None or not 0 < length <= MOST_STEPS:
        raise UnsupportedAttribute(f"{what} over an axis of length {length}")
    return [map_structure(partial(_step, b, i), whole) for i in range(length)]


def _step(b: Builder, place: int, x: Value) -> Value:
    return b.squeeze(b.slice(x, 0, place, place + 1), 0)


def stacked(b: Builder, parts: list[Any]) -> Any:
    """Structures of tensors side by side, along a new first axis."""
    columns = zip(*([tensor(b, x) for x in flatten(part)] for part in parts), strict=True)
    joined = iter(
        [b.Concat(*(b.unsqueeze(x, 0) for x in column), axis=0) if len(parts) > 1 else b.unsqueeze(column[0], 0) for column in columns]
    )
    return map_structure(lambda _: next(joined), parts[0])


# -- questions --------------------------------------------------------------------------------------------------------

ANSWERS: dict[str, Any] = {
    "epsilon": 1e-7,
    "floatx": "float32",
    "learning_phase": 0,
    "set_learning_phase": None,
    "clear_session": None,
    "manual_variable_initialization": None,
    "set_epsilon": None,
    "set_floatx": None,
}


def _answer(name: str, answer: Any) -> Any:
    def function(b: Builder, value: Any = None) -> Any:
        told = ANSWERS.get(name.removeprefix("set_"))
        if name.startswith("set_") and value != told:
            raise UnsupportedAttribute(f"keras.backend.{name}({value!r}) inside a function")
        return answer

    return function


for _name, _found in ANSWERS.items():
    enter(_answer(_name, _found), f"keras.backend.{_name}")


@tf("keras.backend.image_data_format")
def image_data_format(b: Builder, *, era: Era | None = None) -> str:
    """Where the channels of images are."""
    return configured(era)


@tf("keras.backend.image_dim_ordering")
def image_dim_ordering(b: Builder, *, era: Era | None = None) -> str:
    """The same in the words of Keras 1."""
    return "th" if comes_first(configured(era)) else "tf"


@tf("keras.backend.set_image_data_format", "keras.backend.set_image_dim_ordering")
def set_image_data_format(b: Builder, value: Any, *, era: Era | None = None) -> None:
    """Nothing, where it says what was so before."""
    if value not in (configured(era), "th" if comes_first(configured(era)) else "tf"):
        raise UnsupportedAttribute(f"keras.backend.set_image_data_format({value!r}) inside a function")


@tf("keras.backend.backend")
def backend(b: Builder, *, era: Era | None = None) -> str:
    """What the file says, else TensorFlow, whose functions these are."""
    return "tensorflow" if era is None or era.backend is None else era.backend


@tf("keras.backend.is_keras_tensor", "keras.backend.is_tensor")
def is_keras_tensor(b: Builder, x: Any) -> bool:
    """Whether it is a tensor that flows through the model."""
    return isinstance(x, Value)


@tf("keras.backend.is_placeholder")
def is_placeholder(b: Builder, x: Any) -> bool:
    """False: a function is called on what layers give."""
    return False


@tf("keras.backend.get_value")
def get_value(b: Builder, x: Operand) -> np.ndarray:
    """The numbers of a constant."""
    y = tensor(b, x)
    if y.const is None:
        raise UnsupportedAttribute("keras.backend.get_value of a tensor that is computed")
    return y.array()
