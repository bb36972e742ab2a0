"""Operations of Keras 3 in the graph of a model as layers that Keras 2 keeps for them: a TFOpLambda for each function of TensorFlow.

`operations_2` says which functions an operation is. It is given a TensorFlow that notes what is called, and how
(tf_keras/src/layers/core/tf_op_layer.py). There the mask of the first argument goes on to the result, which no operation of Keras 3 has:
it ends at a tf.where whose first argument is a constant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

from loadstone.errors import UnsupportedOps
from loadstone.frontends.keras import operations_2
from loadstone.ir import Graph, Layer, Node, Output, Structure, map_structure

Typed = Callable[[Output], tuple[tuple[int | None, ...] | None, str]]  # shape and dtype
Masked = Callable[[Output], bool]
Parameters = Callable[[str], tuple[str, ...] | None]  # the names of a function's parameters; None for one that is not read again


_EITHER_WAY = frozenset(["add", "multiply", "maximum", "minimum", "math.multiply"])


def with_functions(root: Layer, typed: Typed, masked: Masked, parameters: Parameters) -> None:
    """Put layers in place of the operations of every model inside. Raises UnsupportedOps for one that TensorFlow has in no such form."""
    for layer in list(root.walk()):
        if layer.graph is not None and any(_operation(node) is not None for node in layer.graph.nodes):
            layer.graph = _Rewritten(layer.graph, typed, masked, parameters).graph()
            layer.class_name = "Functional"


class _Rewritten:
    """One graph in the making."""

    def __init__(self, graph: Graph, typed: Typed, masked: Masked, parameters: Parameters) -> None:
        self.old = graph
        self.typed = typed
        self.masked = masked
        self.parameters = parameters
        operations = {id(node.layer) for node in graph.nodes if _operation(node) is not None}
        self.listed = [layer for layer in graph.layers() if id(layer) not in operations]
        self.names = {layer.name for layer in self.listed}
        self.nodes: list[Node] = []
        self.made: dict[Node, Node] = {}

    def graph(self) -> Graph:
        for node in self.old.nodes:
            operation = _operation(node)
            if operation is not None:
                self.made[node] = self.functions(node, operation)
            else:
                args, kwargs = map_structure(self.moved, (node.args, node.kwargs))
                self.made[node] = replace(node, args=args, kwargs=kwargs)
                self.nodes.append(self.made[node])
        inputs = [self.made[node] for node in self.old.inputs]
        ends = [map_structure(self.moved, ends) for ends in (self.old.input_structure, self.old.outputs)]
        return Graph(self.nodes, inputs, ends[0], ends[1], self.listed)

    def moved(self, leaf: Any) -> Any:
        return replace(leaf, node=self.made[leaf.node], shape=None) if isinstance(leaf, Output) else leaf

    def functions(self, node: Node, layer: Layer) -> Node:
        """The call of the last of the functions that an operation is."""

        def operand(leaf: Any) -> Any:
            if not isinstance(leaf, Output):
                return leaf
            found = _Tensor(self, layer, self.moved(leaf), *self.typed(leaf))
            if self.masked(leaf):
                found = _Tensor(self, layer, self.call("where", layer, (True, found, found), {}, "_unmasked").output, *self.typed(leaf))
            return found

        args, kwargs = map_structure(operand, (node.args, node.kwargs))
        last = operations_2.call(_Function(self, layer, ""), layer, args, kwargs)
        if not isinstance(last, _Tensor):
            kind = layer.class_name
            raise UnsupportedOps(
                f"HDF5 files of Keras 2 have no {kind} (at {layer.path})", ops={kind: (1, layer.path)},
                hint='model.to_keras(library="tf_keras") makes a living model of it',
            )  # fmt: skip
        return last.output.node

    def call(self, function: str, operation: Layer, args: tuple[Any, ...], kwargs: dict[str, Any], suffix: str = "") -> _Tensor:
        """Note one call of a function: all but its first argument by name."""
        if function in _EITHER_WAY and not isinstance(args[0], _Tensor) and len(args) == 2:
            args = args[::-1]  # a number that comes first becomes a tensor of its own dtype
        other = next((arg for arg in args if isinstance(arg, _Tensor) and hasattr(arg, "dtype")), None)
        if type(args[0]) in (int, float) and other is not None and other.dtype.name not in ("int32", "float32", "bool"):
            zeros = self.call("zeros_like", operation, (other,), {}, "_zeros")
            args = (self.call("add", operation, (zeros, args[0]), {}, "_number"), *args[1:])
        parameters = self.parameters(function)
        if parameters is None or any(callable(value) for value in kwargs.values()):
            raise UnsupportedOps(
                f"{operation.class_name} calls tf.{function}, which no file holds (at {operation.path})",
                ops={operation.class_name: (1, operation.path)},
                hint='model.to_keras(library="tf_keras") makes a living model of it',
            )
        named = {**dict(zip(parameters[1:], args[1:], strict=False)), **kwargs}
        first, named = map_structure(lambda leaf: leaf.output if isinstance(leaf, _Tensor) else leaf, (args[0], named))
        plain = f"{operation.name}{suffix}"
        name = next(name for number in count() if (name := f"{plain}_{number}" if number else plain) not in self.names)
        self.names.add(name)
        kind = "SlicingOpLambda" if function == "__operators__.getitem" else "TFOpLambda"
        layer = Layer(kind, name, {"function": function}, path=operation.path)
        self.nodes.append(Node("keras", kind, name, (first,), named, layer))
        self.listed.append(layer)
        return _Tensor(self, operation, Output(self.nodes[-1]))


def _operation(node: Node) -> Layer | None:
    """The operation that a call is: Keras 2 has the logarithm of softmax as a function alone."""
    layer = node.layer
    if layer is None or node.domain == "keras.ops":
        return layer
    if layer.class_name == "Activation" and layer.config.get("activation") == "log_softmax":
        return Layer("LogSoftmax", layer.name, {"axis": -1}, domain="keras.ops", path=layer.path)
    return None


class _Function:
    """A name of TensorFlow: what is under it, and its call."""

    def __init__(self, graph: _Rewritten, operation: Layer, name: str) -> None:
        self._graph, self._operation, self._name = graph, operation, name

    def __getattr__(self, name: str) -> _Function:
        return _Function(self._graph, self._operation, f"{self._name}.{name}".lstrip("."))

    def __call__(self, *args: Any, **kwargs: Any) -> _Tensor:
        return self._graph.call(self._name, self._operation, args, kwargs)


class _Dtype:
    def __init__(self, name: str) -> None:
        self.name = name


class _Tensor:
    """A tensor of the graph as an operand of an operation."""

    def __init__(
        self, graph: _Rewritten, operation: Layer, output: Output, shape: tuple[int | None, ...] | None = None, dtype: str | None = None
    ) -> None:
        self.output, self.shape = output, shape
        self._graph, self._operation = graph, operation
        if dtype is not None:
            self.dtype = _Dtype(dtype)

    def __getitem__(self, key: Any) -> _Tensor:
        parts = [_part(part) for part in (key if isinstance(key, tuple) else (key,))]
        return self._graph.call("__operators__.getitem", self._operation, (self, parts), {})

    def __mul__(self, other: Any) -> _Tensor:
        return self._graph.call("math.multiply", self._operation, (self, other), {})


def _part(part: Any) -> Structure:
    """A part of a key as Keras 2 keeps it."""
    return {"start": part.start, "stop": part.stop, "step": part.step} if isinstance(part, slice) else part
