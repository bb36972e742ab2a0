"""The builder: rules call it to emit ONNX, and it knows every value's shape and dtype at once.

`b.Conv(x, w, strides=[2, 2])` emits a node of that name; positional arguments are inputs, keywords are attributes, and
what the op returns has its shape and dtype inferred (`lowering.shapes`). Where all inputs are constants nothing is
emitted: the result is a constant again, computed when (and if) it is needed (`lowering.fold`). Python numbers among the
inputs become constants of the dtype of the first tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np

from loadstone.errors import UnsafeContent, UnsupportedAttribute
from loadstone.ir import Tensor, dtypes
from loadstone.ir.program import Program
from loadstone.lowering import fold, shapes
from loadstone.lowering.block import Block, Dim, Op, Shape, Value
from loadstone.lowering.elements import Element, infer

MAX_BYTES = 8 << 30  # of a tensor whose shape is known
MAX_MADE = 1 << 30  # bytes of constants that are made of other constants,
MADE_A_BYTE = 32  # and as many for each byte of the weights
MAX_BODIES = 28  # bodies inside bodies: protobuf reads 100 messages inside each other, and each body is three
Operand = Value | int | float | bool | None
Evaluate = Callable[[Program, Sequence[np.ndarray]], list[np.ndarray]]


class Builder:
    """Emits ops into a block.

    Everything that belongs to the whole program (names, state, host calls) is shared with the builders of inner blocks.
    """

    def __init__(self, block: Block | None = None, parent: Builder | None = None) -> None:
        self.block = Block() if block is None else block
        self.evaluate: Evaluate | None = None if parent is None else parent.evaluate  # runs a program now, to try what a rule made
        self.depth: int = 0 if parent is None else parent.depth + 1
        self._budget: dict[str, int] = {"made": 0, "weights": 0} if parent is None else parent._budget
        self.inside = parent is not None  # of a loop or a condition
        self.together: list[str] = [] if parent is None else parent.together  # layers that may mix the samples of a batch
        self.state: dict[str, tuple[Value, Value, Tensor]] = {} if parent is None else parent.state
        self._names: dict[str, int] = {} if parent is None else parent._names
        self._weights: dict[int, Value] = {} if parent is None else parent._weights
        self._scope: list[str] = [] if parent is None else parent._scope
        self._makers: dict[str, Op] = {} if parent is None else parent._makers

    # -- values ---------------------------------------------------------------------------------------------------

    def input(self, name: str, shape: Sequence[Dim], dtype: str) -> Value:
        """A new input of the block."""
        value = Value(self.unique(name), tuple(shape), dtype)
        self.block.inputs.append(value)
        return value

    def const(self, values: object, dtype: str | None = None) -> Value:
        """A small constant that a rule makes; Python floats are float32 and ints int64 unless `dtype` says otherwise."""
        if dtype is None and not isinstance(values, (np.ndarray, np.generic)):
            kind = np.asarray(values).dtype.kind
            dtype = {"f": "float32", "i": "int64", "b": "bool"}.get(kind)
        tensor = Tensor.of(values, dtype)
        return Value(self.unique("c"), tensor.shape, tensor.dtype, tensor)

    def ints(self, values: Sequence[int]) -> Value:
        """A vector of int64, as ONNX wants axes, shapes and indices."""
        return self.const(np.asarray(values, np.int64).reshape(-1))

    def weight(self, tensor: Tensor) -> Value:
        """The constant for a tensor of the file; the same tensor gives the same value."""
        if id(tensor) not in self._weights:
            self._budget["weights"] += tensor.nbytes
            self._weights[id(tensor)] = Value(self.unique(tensor.key or "w"), tensor.shape, tensor.dtype, tensor)
        return self._weights[id(tensor)]

    def weight_input(self, name: str, tensor: Tensor) -> Value:
        """A new input of the block that stands for a tensor of the file from now on: nothing is computed of its values."""
        self._weights[id(tensor)] = self.input(name, tensor.shape, tensor.dtype)
        return self._weights[id(tensor)]

    def unique(self, stem: str) -> str:
        """A name not used before."""
        count = self._names[stem] = self._names.get(stem, -1) + 1
        return f"{stem}#{count}" if count else stem

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Names and origins of what is emitted inside begin with `name`."""
        self._scope.append(name)
        try:
            yield
        finally:
            self._scope.pop()

    @property
    def origin(self) -> str:
        """The path of the layer being lowered."""
        return self._scope[-1] if self._scope else ""

    # -- ops ------------------------------------------------------------------------------------------------------

    def op(self, kind: str, *inputs: Operand, out_shape: Shape | None = None, **attributes: Any) -> Value:
        """Emit a node with one output, or fold it. `out_shape` refines the inferred shape."""
        operands, attributes = self._operands(kind, inputs), {k: v for k, v in attributes.items() if v is not None}
        folded = fold.fold(kind, operands, attributes, self._spend)
        if folded is not None:
            return Value(self.unique("c"), folded.shape, folded.dtype, folded)
        known = infer(kind, operands, attributes)
        if known is not None and all(isinstance(e, int) for e in known):
            return self._known(kind, operands, attributes, known)
        result = self._emit(kind, operands, attributes, 1, out_shape)[0]
        if known is not None:
            result.elements = tuple(Element(result, i) if e is None else e for i, e in enumerate(known))
        return result

    def _known(self, kind: str, operands: list[Value | None], attributes: dict[str, Any], values: Sequence[Any]) -> Value:
        """The constant that an op gives whose elements are all known."""
        ((shape, dtype),) = shapes.infer(kind, operands, attributes, 1)
        return self.const(np.asarray(values, dtypes.to_numpy(dtype)).reshape([len(values)] if len(shape) else []), dtype)

    def element(self, found: Element) -> Value:
        """One element of a vector, as an int64 vector of its own."""
        wide = self.cast(found.vector, "int64")
        return self.slice(wide, 0, found.index, found.index + 1) if found.vector.rank else self.reshape(wide, [1])

    def ops(self, kind: str, *inputs: Operand, outputs: int, **attributes: Any) -> tuple[Value, ...]:
        """Emit a node with several outputs."""
        return self._emit(kind, self._operands(kind, inputs), {k: v for k, v in attributes.items() if v is not None}, outputs)

    def _emit(
        self, kind: str, operands: list[Value | None], attributes: dict[str, Any], outputs: int, out_shape: Shape | None = None
    ) -> tuple[Value, ...]:
        specs = shapes.infer(kind, operands, attributes, outputs)
        if out_shape is not None:
            specs = [(shapes.refine(specs[0][0], out_shape), specs[0][1])]
        for shape, dtype in specs:
            if None not in shape and prod(d or 0 for d in shape) * dtypes.itemsize(dtype) > MAX_BYTES:
                raise UnsafeContent(f"a tensor of {dtype} and shape {shape} inside the model", where=self.origin or None)
        results = [Value(self.unique(f"{self.origin}/{kind}"), shape, dtype) for shape, dtype in specs]
        self._append(Op(kind, operands, results, attributes, origin=self.origin))
        return tuple(results)

    def _spend(self, count: int) -> None:
        """Raise UnsafeContent where constants made of constants are far more than the weights of the file."""
        self._budget["made"] += count
        if self._budget["made"] > MAX_MADE + MADE_A_BYTE * self._budget["weights"]:
            raise UnsafeContent("constants that grow to far more than the file has", where=self.origin or None)

    def _append(self, op: Op) -> None:
        self.block.ops.append(op)
        self._makers.update((value.name, op) for value in op.outputs)

    def maker(self, value: Value) -> Op | None:
        """The op that was emitted for a value, here or around; None for an input or a constant."""
        return self._makers.get(value.name)

    def filling(self, value: Value) -> float | None:
        """The number that a tensor holds everywhere, where that is known; its shape may be known only at run time."""
        op = self.maker(value)
        if op is not None and op.kind == "Expand" and op.inputs[0] is not None:
            return self.filling(op.inputs[0])
        if value.const is None or not value.const.known or value.const.size != 1:
            return None
        return float(value.array().reshape(-1)[0])

    def __getattr__(self, kind: str) -> Callable[..., Value]:
        if not kind[:1].isupper():
            raise AttributeError(kind)
        return lambda *inputs, **attributes: self.op(kind, *inputs, **attributes)

    def _operands(self, kind: str, inputs: Sequence[Operand]) -> list[Value | None]:
        """Inputs with Python's numbers as constants of the dtype of the first tensor beside them."""
        if kind == "Where":  # its condition has a dtype of its own
            return [*self._operands("", inputs[:1]), *self._operands("", inputs[1:])]
        like = next((v.dtype for v in inputs if isinstance(v, Value)), None)
        return [v if v is None or isinstance(v, Value) else self.const(v, like) for v in inputs]

    def host(
        self,
        name: str,
        function: Callable[..., Any],
        inputs: Sequence[Value],
        results: Sequence[tuple[Shape, str]],
        pure: bool = False,
        does: object = None,
    ) -> tuple[Value, ...]:
        """A Python call over numpy arrays as a step of the program; `function(*arrays)` returns a tuple of arrays.

        pure: the results depend on the inputs alone, so that a call of constants in memory is made at once. does says what the function
        computes, for who writes it in another language: a record or a layer; without it that is the function itself.
        """
        if pure and all(v.const is not None and v.const.known for v in inputs):
            arrays = function(*(v.array() for v in inputs))
            return tuple(self.const(array, dtype) for array, (_, dtype) in zip(arrays, results, strict=True))
        outputs = [Value(self.unique(f"{self.origin}/{name}"), shape, dtype) for shape, dtype in results]
        self._append(Op(name, list(inputs), outputs, {} if does is None else {"does": does}, "host", self.origin, function))
        return tuple(outputs)

    def inner(self) -> Builder:
        """A builder for the body of an If, Loop or Scan of this one; pass its `block` as the attribute."""
        if self.depth >= MAX_BODIES:
            raise UnsupportedAttribute(f"more than {MAX_BODIES} conditions and loops inside each other", where=self.origin or None)
        return Builder(Block(), self)

    def keep_state(self, name: str, initial: Tensor) -> tuple[Value, Callable[[Value], None]]:
        """A state of the Model that lives from call to call: its value now, and a function that sets the next one.

        Who asks for a name again gets what was set last.
        """
        key = f"state/{name}"
        if key not in self.state:
            fresh = Value(self.unique(key), initial.shape, initial.dtype)
            self.state[key] = (fresh, fresh, initial)
        before, now, _ = self.state[key]

        def keep(after: Value) -> None:
            self.state[key] = (before, after, initial)

        return now, keep

    def states_now(self) -> dict[str, Value]:
        """What each state will be after all that was emitted so far, by its key."""
        return {key: now for key, (_, now, _) in self.state.items()}

    def set_states(self, values: Mapping[str, Value]) -> None:
        """What states will be from now on; those that are not named are what they were before the program runs."""
        for key, (before, _, initial) in self.state.items():
            self.state[key] = (before, values.get(key, before), initial)

    # -- shapes ---------------------------------------------------------------------------------------------------

    def dim(self, x: Value, axis: int) -> int | Value:
        """The length of an axis: an int where known, else an int64 vector of one element."""
        length = x.shape[axis]
        if length is not None:
            return length
        axis %= x.rank
        shape = self.op("Shape", x, start=axis, end=axis + 1)
        assert isinstance(shape, Value)
        return shape

    def dims(self, x: Value) -> list[int | Value]:
        """The lengths of all axes, as `dim` gives them."""
        return [self.dim(x, axis) for axis in range(x.rank)]

    def vector(self, dims: Sequence[int | Value]) -> Value:
        """An int64 vector from ints and one-element vectors, as shape inputs want."""
        if all(isinstance(d, int) for d in dims):
            return self.ints([d for d in dims if isinstance(d, int)])
        parts = [d if isinstance(d, Value) else self.ints([d]) for d in dims]
        return parts[0] if len(parts) == 1 else self.op("Concat", *parts, axis=0)

    def reshape(self, x: Value, dims: Sequence[int | Value], out_shape: Shape | None = None) -> Value:
        """x in another shape; one dim may be -1, and one that is not an int is written as -1 where that is free."""
        dims = list(dims)
        free = [i for i, d in enumerate(dims) if not isinstance(d, int) or d == -1]
        if out_shape is None:
            out_shape = tuple(d if isinstance(d, int) and d != -1 else None for d in dims)
        if len(free) == 1 and prod(d for d in dims if isinstance(d, int) and d != -1) != 0:
            dims[free[0]] = -1
        if tuple(dims) == x.shape:
            return x
        # A length of 0 is none of x; with -1 beside lengths that are known only at run time it stays so, as engines refuse both together.
        exact = 0 in dims or -1 not in dims and any(isinstance(d, Value) for d in dims)
        return self.op("Reshape", x, self.vector(dims), out_shape=out_shape, allowzero=1 if exact else None)

    # -- small things that most rules want -------------------------------------------------------------------------

    def cast(self, x: Value, dtype: str) -> Value:
        """x as another dtype, by ONNX Cast (towards zero to integers, non-zero to bool)."""
        return x if x.dtype == dtype else self.op("Cast", x, to=dtypes.to_onnx(dtype))

    def transpose(self, x: Value, perm: Sequence[int]) -> Value:
        """x with its axes in the order `perm`."""
        if list(perm) == list(range(x.rank)):
            return x
        return self.op("Transpose", x, perm=list(perm))

    def unsqueeze(self, x: Value, *axes: int) -> Value:
        """x with new axes of length 1 at these places of the result."""
        return self.op("Unsqueeze", x, self.ints(axes)) if axes else x

    def squeeze(self, x: Value, *axes: int) -> Value:
        """x without these axes, whose length is 1."""
        return self.op("Squeeze", x, self.ints(axes)) if axes else x

    def slice(self, x: Value, axis: int, start: int, end: int | None = None, step: int = 1) -> Value:
        """x[start:end:step] along one axis, with Python's meaning of negative numbers."""
        limit = (2**63 - 1 if step > 0 else -(2**63)) if end is None else end
        return self.op("Slice", x, self.ints([start]), self.ints([limit]), self.ints([axis]), self.ints([step]))

    def pad(
        self, x: Value, axes: Sequence[int], before: Sequence[int | Value], after: Sequence[int | Value], value: float | bool = 0
    ) -> Value:
        """x with `value` before and after the elements along some axes; negative numbers crop.

        All axes are written out: with the optional input `axes` onnxruntime's transpose optimizer reads and writes out of bounds
        (1.32, segmentation faults).
        """
        places = dict(zip((axis % x.rank for axis in axes), zip(before, after, strict=True), strict=True))
        pads = [places.get(axis, (0, 0))[side] for side in (0, 1) for axis in range(x.rank)]
        shape = tuple(None if axis in places else length for axis, length in enumerate(x.shape))
        return self.op(
            "Pad", x, self.vector(pads), self.const(b"" if x.dtype == "string" and value == 0 else value, x.dtype), out_shape=shape
        )

    def split(self, x: Value, parts: int, axis: int) -> list[Value]:
        """x in equal parts along an axis whose length is known."""
        length = x.shape[axis]
        assert length is not None and length % parts == 0
        size = length // parts
        return [self.slice(x, axis, i * size, (i + 1) * size) for i in range(parts)]

    def zeros(self, dims: Sequence[int | Value], dtype: str) -> Value:
        """Zeros of a shape that may be known only at run time."""
        return self.full(dims, 0, dtype)

    def full(self, dims: Sequence[int | Value], value: float | bool | bytes, dtype: str) -> Value:
        """One value everywhere, in a shape that may be known only at run time; 0 is the empty string among strings."""
        value = b"" if dtype == "string" and value == 0 else value
        if all(isinstance(d, int) for d in dims):
            lengths = [d for d in dims if isinstance(d, int)]
            self._spend(prod(lengths) * dtypes.itemsize(dtype))
            return self.const(np.full(lengths, value, dtypes.to_numpy(dtype)), dtype)
        shape = tuple(d if isinstance(d, int) else None for d in dims)
        return self.op("Expand", self.const(value, dtype), self.vector(dims), out_shape=shape)
