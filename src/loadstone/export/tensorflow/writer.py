"""The writer: rules call it to add nodes of TensorFlow to a graph.

`w.Conv2D(x, kernel, strides=[1, 2, 2, 1], padding="SAME")` adds a node of that op; positional arguments are inputs, keywords attributes.
Attributes that inputs tell (types, how many there are) are filled in, and so are defaults (`ir.tf_ops`). Numbers among the inputs become
constants of the type of the first tensor beside them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from loadstone.ir import Graph, Node, Output, Tensor, dtypes, tf_ops
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Shape, Value

DOMAIN = "tf"
_NUMBERS = frozenset("AddV2 Sub Mul FloorDiv FloorMod TruncateDiv Minimum Maximum Neg".split())  # of numbers they make a number


@dataclass(frozen=True)
class Term:
    """A tensor in the graph: an output of a node, its shape (None where nobody says) and its type.

    A constant has its values in `tensor`, and no node as long as no other takes it; label says what it is to its layer ("kernel").
    """

    output: Output | None
    shape: Shape | None
    dtype: str
    tensor: Tensor | None = None
    label: str = ""

    @property
    def rank(self) -> int:
        """Number of axes."""
        assert self.shape is not None
        return len(self.shape)

    def ints(self) -> list[int] | None:
        """The whole numbers of a constant; None for what is computed."""
        return None if self.tensor is None else [int(v) for v in self.tensor.numpy().reshape(-1)]


Operand = Term | int | float | bool
Given = Operand | Sequence[Term]


class Writer:
    """Adds nodes to one graph.

    wanted are the Values that the op makes which is being written; origin is the path of its layer.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.inputs: list[Node] = []
        self.wanted: list[Value] = []
        self.origin = ""
        self._names: dict[str, int] = {}
        self._constants: dict[tuple[Any, ...], Output] = {}
        self._made: dict[object, Term] = {}
        self._kept: list[Tensor] = []  # that others know by their address

    # -- nodes ----------------------------------------------------------------------------------------------------

    def __getattr__(self, op: str) -> Callable[..., Term]:
        if not op[:1].isupper():
            raise AttributeError(op)
        return lambda *inputs, **attributes: self.op(op, *inputs, **attributes)

    def op(self, op: str, *inputs: Given, out_shape: Shape | None = None, name: str | None = None, **attributes: Any) -> Term:
        """Add a node and give its first output. out_shape is that output's, where it is known."""
        node, types = self._node(op, inputs, attributes, name)
        if op in _NUMBERS and all(x.shape == () for x in inputs if isinstance(x, Term)):
            out_shape = ()
        return Term(Output(node, 0), out_shape, types[0] if types else "")

    def ops(self, op: str, *inputs: Given, **attributes: Any) -> list[Term]:
        """Add a node and give all its outputs."""
        node, types = self._node(op, inputs, attributes, None)
        return [Term(Output(node, k), None, dtype) for k, dtype in enumerate(types)]

    def _node(self, op: str, inputs: Sequence[Given], attributes: dict[str, Any], name: str | None) -> tuple[Node, list[str]]:
        definition = tf_ops.definition(op)
        assert definition is not None, op
        like = next((x.dtype for x in inputs if isinstance(x, Term)), "float32")
        given = [x if isinstance(x, (Term, list, tuple)) else self.const(x, like) for x in inputs]
        assert len(given) == len(definition.inputs), f"{op} takes {len(definition.inputs)} inputs, {len(given)} given"
        told: dict[str, Any] = {}
        for argument, value in zip(definition.inputs, given, strict=True):
            types = [term.dtype for term in value] if isinstance(value, (list, tuple)) else [value.dtype]
            if argument.several:
                told[argument.several] = len(types) if argument.type else types
            if argument.type and types:
                told[argument.type] = types[0]
        complete = {a.name: a.default for a in definition.attributes if a.optional} | told | attributes
        missing = [a.name for a in definition.attributes if a.name not in complete]
        assert not missing, f"{op} without {missing}"
        args = tuple(self.placed(term) for value in given for term in (value if isinstance(value, (list, tuple)) else [value]))
        node = Node(DOMAIN, op, self.unique(name or f"{self.origin}/{op}"), args, attributes=complete)
        self.nodes.append(node)
        return node, _types(op, complete)

    def unique(self, stem: str) -> str:
        """A name for a node that TensorFlow takes and no other node has."""
        stem = re.sub(r"[^A-Za-z0-9_./\\-]", "_", stem).lstrip("_/\\-") or "node"
        key = stem.lower()  # TensorFlow tells names apart by case, file systems may not
        count = self._names[key] = self._names.get(key, -1) + 1
        return self.unique(f"{stem}_{count}") if count else stem

    @contextmanager
    def writing(self, origin: str, wanted: Sequence[Value]) -> Iterator[None]:
        """What is added inside belongs to this layer, for these values."""
        before = self.origin, self.wanted
        self.origin, self.wanted = origin, list(wanted)
        try:
            yield
        finally:
            self.origin, self.wanted = before

    def placeholder(self, name: str, shape: Shape | None, dtype: str) -> Term:
        """A new input of the graph."""
        attributes = {"dtype": dtype, "shape": shape, "default": None}
        node = Node(DOMAIN, "Placeholder", self.unique(name), attributes=attributes)
        self.nodes.append(node)
        self.inputs.append(node)
        return Term(Output(node, 0), shape, dtype)

    def graph(self, input_structure: Any, outputs: Any) -> Graph:
        """The graph that is written, with these names of its inputs and this structure of outputs."""
        return Graph(self.nodes, self.inputs, input_structure, outputs)

    # -- constants ------------------------------------------------------------------------------------------------

    def const(self, values: object, dtype: str | None = None) -> Term:
        """A constant; Python's floats are float32, its ints int64 unless `dtype` says otherwise."""
        if dtype is None and not isinstance(values, (np.ndarray, np.generic)):
            dtype = {"f": "float32", "i": "int64", "b": "bool"}.get(np.asarray(values).dtype.kind)
        return self.constant(Tensor.of(values, dtype))

    def constant(self, tensor: Tensor, label: str = "") -> Term:
        """A constant of a tensor's values."""
        return Term(None, tensor.shape, tensor.dtype, tensor, label)

    def placed(self, term: Term) -> Output:
        """The output of a term; a constant gets a node now, equal small ones the same."""
        if term.output is not None:
            return term.output
        tensor = term.tensor
        assert tensor is not None
        small = tensor.known and tensor.size <= 64 and tensor.dtype != "string"
        key = (tensor.dtype, tensor.shape, tensor.numpy().tobytes()) if small else (id(tensor),)
        if key not in self._constants:
            self._constants[key] = self.place(term)
            self._kept.append(tensor)
        return self._constants[key]

    def kept(self, key: object, tensor: Tensor, make: Callable[[Tensor], Term]) -> Term:
        """What `make` makes of a tensor, once for each key."""
        if key not in self._made:
            self._made[key] = make(tensor)
            self._kept.append(tensor)
        return self._made[key]

    def place(self, term: Term) -> Output:
        """A node for a constant."""
        assert term.tensor is not None
        attributes = {"value": term.tensor, "dtype": term.dtype}
        node = Node(DOMAIN, "Const", self.unique(f"{self.origin}/{term.label or 'Const'}"), attributes=attributes)
        self.nodes.append(node)
        return Output(node, 0)

    def ints(self, values: Sequence[int], dtype: str = "int64") -> Term:
        """A vector of whole numbers, as axes, shapes and indices are."""
        return self.const(np.asarray(values, dtypes.to_numpy(dtype)).reshape(-1))

    # -- small things that most rules want -------------------------------------------------------------------------

    def cast(self, x: Term, dtype: str) -> Term:
        """x as another type: towards zero to integers, non-zero to bool."""
        return x if x.dtype == dtype else self.op("Cast", x, DstT=dtype, out_shape=x.shape)

    def transpose(self, x: Term, perm: Sequence[int]) -> Term:
        """x with its axes in the order `perm`."""
        if list(perm) == list(range(len(perm))):
            return x
        shape = None if x.shape is None else tuple(x.shape[axis] for axis in perm)
        return self.op("Transpose", x, self.ints(perm, "int32"), out_shape=shape)

    def reverse(self, x: Term, *axes: int) -> Term:
        """x with the elements along these axes in the opposite order."""
        return self.op("ReverseV2", x, self.ints(axes, "int32"), out_shape=x.shape)

    def expand(self, x: Term, axis: int) -> Term:
        """x with a new axis of length 1, counted in the result."""
        shape = None if x.shape is None else (*x.shape[:axis], 1, *x.shape[axis:])
        return self.op("ExpandDims", x, self.const(axis, "int32"), out_shape=shape)

    def squeeze(self, x: Term, *axes: int) -> Term:
        """x without these axes, whose length is 1."""
        shape = None if x.shape is None else tuple(d for axis, d in enumerate(x.shape) if axis not in axes)
        return self.op("Squeeze", x, squeeze_dims=list(axes), out_shape=shape) if axes else x

    def reshape(self, x: Term, dims: Sequence[int] | Term, shape: Shape | None = None) -> Term:
        """x in another shape."""
        if not isinstance(dims, Term):
            shape = shape if shape is not None else tuple(None if d == -1 else d for d in dims)
            dims = self.ints(dims)
        return self.op("Reshape", x, dims, out_shape=shape)

    def shape(self, x: Term, start: int = 0, end: int | None = None) -> Term:
        """Lengths of x along some axes as a vector of int64; a constant where they are known."""
        assert x.shape is not None
        dims = x.shape[start:end]
        if None not in dims:
            return self.ints([d or 0 for d in dims])
        whole = self.op("Shape", x, out_type="int64", out_shape=(len(x.shape),))
        if len(dims) == len(x.shape):
            return whole
        return Term(self.part(whole, 0, start, start + len(dims)).output, (len(dims),), "int64")

    def length(self, x: Term, axis: int) -> Term:
        """The length of one axis, int64 ()."""
        assert x.shape is not None
        known = x.shape[axis]
        return self.const(known, "int64") if known is not None else self.squeeze(self.shape(x, axis, axis + 1), 0)

    def vector(self, dims: Sequence[int | Term]) -> Term:
        """An int64 vector of numbers that are known and of terms (int64, () or vectors)."""
        if all(isinstance(d, int) for d in dims):
            return self.ints([d for d in dims if isinstance(d, int)])
        parts: list[Term] = []
        for d in dims:
            part = self.ints([d]) if isinstance(d, int) else self.reshape(d, [1]) if d.shape == () else d
            parts.append(part)
        return parts[0] if len(parts) == 1 else self.concat(parts, 0)

    def concat(self, parts: Sequence[Term], axis: int) -> Term:
        """Tensors one behind the other along an axis."""
        return self.op("ConcatV2", list(parts), self.const(axis, "int32")) if len(parts) > 1 else parts[0]

    def part(self, x: Term, axis: int, start: int | Term, end: int | Term | None, step: int = 1) -> Term:
        """x[start:end:step] along one axis; terms are vectors of one int64."""
        front = (1 << axis) - 1  # of the axes before, everything
        bits = 1 << axis
        zeros = [0] * axis
        return self.op(
            "StridedSlice",
            x,
            self.vector([*zeros, start]),
            self.vector([*zeros, 0 if end is None else end]),
            self.ints([*[1] * axis, step]),
            begin_mask=front,
            end_mask=front | (bits if end is None else 0),
        )

    def where(self, condition: Term, yes: Operand, no: Operand) -> Term:
        """One where the condition holds, the other elsewhere."""
        like = next(v.dtype for v in (yes, no) if isinstance(v, Term))
        yes, no = (v if isinstance(v, Term) else self.const(v, like) for v in (yes, no))
        return self.op("SelectV2", condition, yes, no)

    def range(self, count: Term) -> Term:
        """0, 1, ... up to before a count, int64."""
        return self.op("Range", self.const(0), count, self.const(1), out_shape=(None,))


def _types(op: str, attributes: dict[str, Any]) -> list[str]:
    """The types of the outputs of a node."""
    definition = tf_ops.definition(op)
    assert definition is not None
    return [dtype for argument in definition.outputs for dtype in argument.dtypes(attributes)]
