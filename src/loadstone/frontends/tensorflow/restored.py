"""Objects of a SavedModel as `tf.saved_model.load` restores them: which graphs a function of the root has, which variables are where.

tensorflow/python/saved_model/function_deserialization.py (`recreate_function`), load.py; saved_object_graph.proto. A function was traced
for each set of arguments that it was called with: tensors by type and shape, Python values as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from loadstone.containers.graph_proto import shape, type_name
from loadstone.containers.saved_model_proto import ConcreteFunction, MetaGraph, OtherSpec, TensorSpec, structured
from loadstone.containers.wire import content, fields, integer, text
from loadstone.errors import CorruptFile, ModelError, UnsupportedAttribute
from loadstone.frontends.tensorflow.objects import checkpoint_keys, concrete_graph, tensors_of, ways
from loadstone.ir import Graph, Module, Spec, Structure, Tensor, dtypes
from loadstone.ir.records import dataclass, replace
from loadstone.ir.saved_function import SavedWeight, Variant

_MISSING = object()
_CONVERTS = {"b": ("bool",), "i": (*dtypes.INTEGERS, *dtypes.FLOATS), "f": dtypes.FLOATS, "U": ("string",)}  # by numpy's kind


class Restored:
    """The objects of a SavedModel of TensorFlow 2. module is that of its graph, attribute what a layer calls the restored root."""

    def __init__(self, meta: MetaGraph, module: Module, attribute: str) -> None:
        self.meta = meta
        self.attribute = attribute
        self.paths = ways(meta.objects)
        self.keys = checkpoint_keys(self.paths, module.variables)
        by_path = {self.paths[number]: key for number, key in self.keys.items()}
        self.module = replace(module, stored=by_path.get, signatures={}, changed=frozenset())

    def function(self, name: str) -> int | None:
        """The number of a function that is an attribute of the root; None where there is none."""
        number = self.meta.objects[0].children.get(name)
        return number if number is not None and self._object(number).kind == "function" else None

    def parameters(self, function: int) -> Parameters:
        """The parameters of a function, without `self`."""
        spec = next((content(v) for n, v in fields(self._object(function).message) if n == 2), memoryview(b""))
        found = dict(fields(spec))
        told = structured(content(found[1])) if 1 in found else None
        if not isinstance(told, dict) or not isinstance(told.get("args"), list):
            raise CorruptFile("a function that does not say what its parameters are")
        names = [str(name) for name in told["args"]]
        if names and (integer(found.get(2, 0)) or names[0] == "self"):
            names = names[1:]
        defaults = told.get("defaults") or []
        known = dict(zip(names[len(names) - len(defaults) :], defaults, strict=False))
        return Parameters(
            names,
            [str(name) for name in told.get("kwonlyargs") or []],
            {**known, **(told.get("kwonlydefaults") or {})},
            bool(told.get("varkw")),
        )

    def concrete(self, function: int) -> list[tuple[str, ConcreteFunction]]:
        """The graphs of a function in the order in which they are tried."""
        names = self._object(function).texts(1)
        return [(name, self.meta.concrete_functions[name]) for name in names if name in self.meta.concrete_functions]

    def variants(self, function: int, given: Mapping[str, Any]) -> list[Variant]:
        """The graphs of a function that is called with an input and these arguments, those first that take them as they are."""
        parameters = self.parameters(function)
        bound = parameters.bind(given)
        found: dict[str, Variant] = {}
        for converts in (False, True):
            for name, concrete in self.concrete(function):
                constants: list[Tensor] = []
                if name not in found and _takes(concrete, bound, converts, constants):
                    read = concrete_graph(self.meta, self.module, self.paths, name)
                    found[name] = Variant(_specs(concrete.inputs[0][0]), tuple(constants), _shapes(concrete), read)
        return list(found.values())

    def listed(self, name: str) -> list[int]:
        """The variables in a list of the root, by their numbers; none where it has no such list."""
        number = self.meta.objects[0].children.get(name)
        if number is None:
            return []
        children = self._object(number).children
        if not all(key.isdecimal() for key in children):
            raise UnsupportedAttribute(f"a SavedModel whose {name} are no list")
        return [children[key] for key in sorted(children, key=int)]

    def unlisted(self, weights: Sequence[SavedWeight]) -> dict[str, str]:
        """The names in the checkpoint of variables that are none of these, by their ways from the layer."""
        listed = {weight.key for weight in weights}
        return {f"{self.attribute}/{self.paths[number]}": key for number, key in self.keys.items() if key not in listed}

    def bound(self, functions: Sequence[int]) -> list[int]:
        """The variables that the graphs of functions have bound, in that order."""
        bound = [number for function in functions for _, concrete in self.concrete(function) for number in concrete.bound]
        return [number for number in dict.fromkeys(bound) if self._object(number).kind == "variable"]

    def signature(self, name: str, given: Mapping[str, Any]) -> Variant:
        """The graph of a signature; given are inputs that are arguments of the layer."""
        function, concrete = self._signature(name)
        told = concrete.inputs[1] if isinstance(concrete.inputs, list) and len(concrete.inputs) == 2 else None
        if not isinstance(told, dict) or not all(isinstance(spec, TensorSpec) for spec in told.values()):
            raise UnsupportedAttribute(f"a signature {name!r} that does not take tensors by name")
        free = {key: Spec(key, spec.shape, spec.dtype) for key, spec in sorted(told.items()) if key not in given}
        read = concrete_graph(self.meta, self.module, self.paths, function)
        constants, order = given_inputs(given, {key: spec.dtype for key, spec in told.items()})
        return Variant(free, constants, _shapes(concrete), lambda: reordered(read(), order))

    def bound_by_signature(self, name: str) -> list[int]:
        """The variables that a signature has bound."""
        bound = self._signature(name)[1].bound
        return [number for number in dict.fromkeys(bound) if self._object(number).kind == "variable"]

    def _signature(self, name: str) -> tuple[str, ConcreteFunction]:
        number = self.meta.objects[0].children.get("signatures")
        children = self._object(number).children if number is not None else {}
        names = self._object(children[name]).texts(1) if name in children else []
        if not names or names[0] not in self.meta.concrete_functions:
            raise ModelError(f"the SavedModel has no signature {name!r}: it has {', '.join(map(repr, children)) or 'none'}")
        return names[0], self.meta.concrete_functions[names[0]]

    def trains(self, number: int) -> bool:
        """True for a variable that is trainable."""
        return bool(integer(dict(fields(self._object(number).message)).get(3, 0)))

    def weights(self, numbers: Sequence[int], trainable: frozenset[int]) -> tuple[SavedWeight, ...]:
        """Variables as weights of a layer, in the order given. A checkpoint of the layer has them below the root, and by names of their own."""
        found: list[SavedWeight] = []
        for place, number in enumerate(numbers):
            saved = self._object(number)
            if saved.kind != "variable" or number not in self.keys:
                raise UnsupportedAttribute(f"a SavedModel one of whose variables is a {saved.kind or 'nothing'} or in no checkpoint")
            parts = dict(fields(saved.message))
            name = text(parts[6]) if 6 in parts else ""
            found.append(
                SavedWeight(
                    label=f"{place}_{name or 'variable'}".replace("/", "_"),
                    name=name,
                    shape=shape(content(parts[2])) if 2 in parts else None,
                    dtype=type_name(integer(parts.get(1, 0))),
                    trainable=number in trainable,
                    key=self.keys[number],
                    attributes=(f"{self.attribute}/{self.paths[number]}",),
                )
            )
        names = [weight.name for weight in found]
        return tuple(replace(w, attributes=(*w.attributes, f"{w.name}:0")) if names.count(w.name) == 1 else w for w in found)

    def _object(self, number: int) -> Any:
        if number >= len(self.meta.objects):
            raise CorruptFile(f"object {number} of {len(self.meta.objects)}")
        return self.meta.objects[number]


@dataclass(frozen=True)
class Parameters:
    """The parameters of a function: positional ones, others, defaults by name, and whether it takes any other name."""

    names: list[str]
    others: list[str]
    defaults: Mapping[str, Any]
    any_name: bool

    def has(self, name: str) -> bool:
        """True for a parameter of this name."""
        return name in self.names or name in self.others

    def bind(self, given: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments behind the first, positional ones and others, with the defaults. Raises ModelError for one that is not known."""
        unknown = [name for name in given if not self.has(name)]
        if unknown and not self.any_name:
            raise ModelError(f"the function of the SavedModel has no parameter {', '.join(map(repr, unknown))}")
        known = {**self.defaults, **given}
        others = {name: known.get(name, _MISSING) for name in [*self.others, *unknown]}
        return [known.get(name, _MISSING) for name in self.names[1:]], others


def _takes(concrete: ConcreteFunction, bound: tuple[list[Any], dict[str, Any]], converts: bool, constants: list[Tensor]) -> bool:
    """Whether a graph is for these arguments behind the first; where it takes them as tensors, they are put into `constants`."""
    told = concrete.inputs
    if not (isinstance(told, list) and len(told) == 2 and isinstance(told[0], list) and isinstance(told[1], dict) and told[0]):
        return False
    args, others = bound
    if len(told[0]) != len(args) + 1 or set(told[1]) != set(others):
        return False
    pairs = [*zip(told[0][1:], args, strict=True), *((told[1][name], others[name]) for name in sorted(others))]
    return all(_fits(expected, value, converts, constants) for expected, value in pairs)


def _fits(expected: Any, value: Any, converts: bool, constants: list[Tensor]) -> bool:
    if isinstance(expected, TensorSpec):
        tensor = _tensor(value, expected) if converts and value is not _MISSING else None
        if tensor is None:
            return False
        constants.append(tensor)
        return True
    if isinstance(expected, dict) and isinstance(value, dict):
        return set(expected) == set(value) and all(_fits(expected[key], value[key], converts, constants) for key in sorted(expected))
    if isinstance(expected, list) and isinstance(value, (list, tuple)):
        return len(expected) == len(value) and all(_fits(e, v, converts, constants) for e, v in zip(expected, value, strict=True))
    return not isinstance(expected, OtherSpec) and bool(expected == value)


def _tensor(value: Any, expected: TensorSpec) -> Tensor | None:
    """A Python value as a tensor of the dtype that a graph takes; None where TensorFlow would not convert it, or to another shape."""
    if value is None or isinstance(value, dict):
        return None
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        return None
    told = expected.shape
    fits = told is None or len(told) == array.ndim and all(e in (None, s) for e, s in zip(told, array.shape, strict=True))
    return constant(value, expected.dtype) if fits and expected.dtype in _CONVERTS.get(array.dtype.kind, ()) else None


def given_inputs(given: Mapping[str, Any], types: Mapping[str, str]) -> tuple[tuple[Tensor, ...], list[int]]:
    """Tensors for inputs that are given by name, and the order of all: free ones first, both in the order of their names."""
    unknown = sorted(set(given) - set(types))
    if unknown:
        raise ModelError(f"the signature has no input {', '.join(map(repr, unknown))}")
    names = sorted(types)
    order = [names.index(name) for name in (*(n for n in names if n not in given), *sorted(given))]
    return tuple(constant(given[name], types[name]) for name in sorted(given)), order


def reordered(graph: Graph, order: Sequence[int]) -> Graph:
    """The same graph with its inputs in another order."""
    return Graph(graph.nodes, [graph.inputs[place] for place in order], graph.input_structure, graph.outputs)


def constant(value: Any, dtype: str) -> Tensor:
    """A Python value as a tensor; text as bytes."""
    if dtype != "string":
        return Tensor.of(value, dtype)
    return Tensor.of(_encoded(value), "string")


def _encoded(value: Any) -> Any:
    return [_encoded(item) for item in value] if isinstance(value, (list, tuple)) else str(value).encode()


def _specs(structure: Any) -> Structure:
    """The structure of an argument with a Spec for each tensor. Raises UnsupportedAttribute for other kinds of tensors."""
    if isinstance(structure, TensorSpec):
        return Spec(structure.name, structure.shape, structure.dtype)
    if isinstance(structure, dict):
        return {key: _specs(value) for key, value in structure.items()}
    if isinstance(structure, list):
        return [_specs(value) for value in structure]
    if isinstance(structure, OtherSpec):
        raise UnsupportedAttribute("a SavedModel that takes ragged or sparse tensors")
    return structure


def _shapes(concrete: ConcreteFunction) -> tuple[tuple[int | None, ...] | None, ...]:
    """The shapes that are told of the results, in flattened order. Raises UnsupportedAttribute for other kinds of tensors."""
    if any(isinstance(leaf, OtherSpec) for leaf in _leaves(concrete.outputs)):
        raise UnsupportedAttribute("a SavedModel that gives ragged or sparse tensors")
    return tuple(spec.shape for spec in tensors_of(concrete.outputs))


def _leaves(structure: Any) -> Iterator[Any]:
    if isinstance(structure, dict):
        structure = list(structure.values())
    if isinstance(structure, list):
        for part in structure:
            yield from _leaves(part)
    else:
        yield structure
