"""A subclassed model: one layer of the caller's that is the whole model."""

from __future__ import annotations

from typing import Any

from loadstone.custom.classes import predicts_in_its_own_way
from loadstone.custom.hosting import Call, Host, Tensor
from loadstone.custom.rules import is_rule
from loadstone.errors import ModelError
from loadstone.ir import Graph, Layer, Model, Node, Output, Structure, flatten, map_structure
from loadstone.ir.records import dataclass


def as_graph(model: Model, host: Host) -> Model:
    """The model with a root that only the caller knows as the one call of a graph; any other model as it is.

    The outputs are what that call returns, or a single unknown one where the class is missing. Raises ModelError where it is
    given and neither the file nor its class says what shape the inputs have (HDF5 files never do; a class may with `input_shape`).
    """
    root = model.root
    if root is None or root.graph is not None:
        return model
    if root.given is not None and predicts_in_its_own_way(root.given.object):
        raise ModelError(f"{root.class_name} has its own way to predict, which is not its call", where=root.name)
    if root.given is not None and is_rule(root.given.object):
        raise ModelError(f"{root.class_name} is a whole model, which a rule cannot stand for", where=root.name, hint="give a class")
    shapes = _read(root.build_config.get("input_shape", root.build_config.get("shapes_dict", _declared(root))))
    found: list[_Shape] = [shape for shape in flatten(shapes) if isinstance(shape, _Shape)]
    if len(found) != len(flatten(shapes)):
        if root.given is not None:
            raise ModelError(
                f"{root.class_name} is a model class of your own, and the file does not say what shape its input has",
                where=root.name,
                hint="give the class an attribute input_shape, such as (None, 28, 28, 1), or save it as .keras after it was called once",
            )
        shapes = found = []
    root.path = root.path or root.name
    inputs = [_input(shape, number, root) for number, shape in enumerate(found, 1)]
    arguments = _each(shapes, [Output(node) for node in inputs])
    node = Node("keras", root.class_name, root.name, (arguments,), layer=root)
    outputs: Structure = Output(node)
    if root.given is not None:
        tensors = [Tensor(shape.dims, root.policy.compute, i) for i, shape in enumerate(found)]
        returned = host(root, Call((_each(shapes, tensors),), {}, False, len(found), root.path)).outputs
        outputs = map_structure(lambda spec: Output(node, spec.array), returned)
    listed = [entry.layer for entry in inputs if entry.layer is not None] + [root]
    graph = Graph([*inputs, node], inputs, arguments, outputs, listed)
    model.root = Layer("Functional", root.name, {}, graph=graph, policy=root.policy, trainable=root.trainable)
    return model


@dataclass(frozen=True)
class _Shape:
    dims: tuple[int | None, ...]


def _read(stored: Any) -> Structure:
    """The structure of input shapes that the model was built with (keras/src/layers/layer.py, `get_build_config`)."""
    if isinstance(stored, dict):
        return {key: _read(value) for key, value in stored.items()}
    if isinstance(stored, (list, tuple)):
        if stored and all(isinstance(d, (int, type(None))) for d in stored):
            return _Shape(tuple(stored))
        return [_read(value) for value in stored]
    return stored


def _declared(root: Layer) -> Any:
    """The shapes that the user's own class declares as an attribute; `input_shape` of Keras' classes is a property, which is none."""
    given = None if root.given is None else root.given.object
    cls = given if isinstance(given, type) else type(given)
    found = next((vars(base)["input_shape"] for base in cls.__mro__ if "input_shape" in vars(base)), None)
    return found if isinstance(found, (list, tuple, dict)) else None


def _each(structure: Structure, values: list[Any]) -> Structure:
    each = iter(values)
    return map_structure(lambda _: next(each), structure)


def _input(shape: _Shape, number: int, root: Layer) -> Node:
    name = f"input_{number}"
    layer = Layer("InputLayer", name, {"batch_shape": [None, *shape.dims[1:]], "dtype": root.policy.compute}, path=name)
    return Node("keras", "InputLayer", name, layer=layer)
