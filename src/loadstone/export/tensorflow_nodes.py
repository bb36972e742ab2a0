"""Calls of TensorFlow's own functions in models of tf.keras, as operations of today's Keras.

TFOpLambda and SlicingOpLambda name a function, TensorFlowOpLayer a node of a graph. What is not in the tables stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from loadstone.ir import Layer, Structure
from loadstone.lowering.tensorflow.symbols import Symbol, symbol

Arguments = Mapping[str, Any]
# The operation's class, the tensors of its call, and its options; None where the arguments have no word there.
Operation = tuple[str, Sequence[Structure], dict[str, Any]]
Build = Callable[[Arguments], Operation | None]

_UNARY = {
    "abs": "Absolute", "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "square": "Square", "negative": "Negative", "sign": "Sign",
    "floor": "Floor", "ceil": "Ceil", "round": "Round", "sin": "Sin", "cos": "Cos", "tan": "Tan", "tanh": "Tanh", "log1p": "Log1p",
    "expm1": "Expm1", "reciprocal": "Reciprocal", "rsqrt": "Rsqrt", "erf": "Erf", "sigmoid": "Sigmoid", "relu": "Relu", "relu6": "Relu6",
    "softplus": "Softplus", "softsign": "Softsign", "selu": "Selu", "silu": "Silu", "swish": "Silu", "logical_not": "LogicalNot",
}  # fmt: skip
_BINARY = {
    "add": "Add", "subtract": "Subtract", "sub": "Subtract", "multiply": "Multiply", "mul": "Multiply", "truediv": "TrueDivide",
    "divide": "TrueDivide", "realdiv": "TrueDivide", "pow": "Power", "maximum": "Maximum", "minimum": "Minimum", "greater": "Greater",
    "greater_equal": "GreaterEqual", "less": "Less", "less_equal": "LessEqual", "equal": "Equal", "not_equal": "NotEqual",
    "logical_and": "LogicalAnd", "logical_or": "LogicalOr", "floordiv": "FloorDivide",
}  # fmt: skip
_REDUCED = {"mean": "Mean", "sum": "Sum", "max": "Max", "min": "Min", "prod": "Prod", "any": "Any", "all": "All"}
# Nodes of a graph, by the function that they come from.
_NODES = {
    "AddV2": "add", "Add": "add", "Sub": "subtract", "Mul": "multiply", "RealDiv": "truediv", "Pow": "pow", "Maximum": "maximum",
    "Minimum": "minimum", "Greater": "greater", "GreaterEqual": "greater_equal", "Less": "less", "LessEqual": "less_equal", "Neg": "negative",
    "Exp": "exp", "Log": "log", "Sqrt": "sqrt", "Square": "square", "Abs": "abs", "Tanh": "tanh", "Sigmoid": "sigmoid", "Relu": "relu",
    "Rsqrt": "rsqrt", "Softplus": "softplus", "Mean": "reduce_mean", "Sum": "reduce_sum", "Max": "reduce_max", "Min": "reduce_min",
    "Prod": "reduce_prod", "ConcatV2": "concat", "Pack": "stack", "Reshape": "reshape", "ExpandDims": "expand_dims", "Squeeze": "squeeze",
    "Transpose": "transpose", "Softmax": "softmax", "ZerosLike": "zeros_like", "OnesLike": "ones_like", "Select": "where",
    "SelectV2": "where", "BatchMatMulV2": "matmul", "MatMul": "matmul", "StridedSlice": "strided_slice", "BiasAdd": "add", "Cast": "cast",
}  # fmt: skip

_TYPES = {
    "DT_FLOAT": "float32", "DT_DOUBLE": "float64", "DT_HALF": "float16", "DT_BFLOAT16": "bfloat16", "DT_BOOL": "bool", "DT_UINT8": "uint8",
    "DT_INT8": "int8", "DT_INT16": "int16", "DT_INT32": "int32", "DT_INT64": "int64",
}  # fmt: skip


def as_operation(
    layer: Layer, args: tuple[Structure, ...], kwargs: dict[str, Structure]
) -> tuple[Layer, tuple[Structure, ...], dict[str, Structure]] | None:
    """The operation that a call of such a layer is, and its arguments; None for other layers and for what has no operation."""
    if layer.class_name in ("TFOpLambda", "SlicingOpLambda"):
        found = _of_function(str(layer.config.get("function")), args, kwargs)
    elif layer.class_name == "TensorFlowOpLayer":
        found = _of_node(layer, args)
    else:
        return None
    if found is None:
        return None
    class_name, tensors, options = found
    name = layer.name.replace("/", "_")
    return Layer(class_name, name, options, domain="keras.ops", path=layer.path), tuple(tensors), {}


def _of_function(name: str, args: tuple[Structure, ...], kwargs: dict[str, Structure]) -> Operation | None:
    found = symbol(name)
    last = name.rpartition(".")[2]
    build = _build(last)
    if found is None or build is None or _of_version_1_alone(name, found):
        return None
    given = {found.spellings.get(key, key): value for key, value in kwargs.items() if value is not None and key != "name"}
    bound = {found.spellings.get(key, key): value for key, value in zip(found.order, args, strict=False)}
    return build({**bound, **given})


def _of_version_1_alone(name: str, found: Symbol) -> bool:
    """Whether TensorFlow 1 computes something else than TensorFlow 2 under this name."""
    today = symbol(name.removeprefix("compat.v1."))
    return found.era is not None or today is not None and today.function is not found.function


def _of_node(layer: Layer, args: tuple[Structure, ...]) -> Operation | None:
    node = layer.config["node_def"]
    node = json.loads(node) if isinstance(node, str) else node
    function = _NODES.get(node["op"])
    build = None if function is None else _build(function)
    if build is None or function is None:
        return None
    tensors = list(args[0]) if isinstance(args[0], (list, tuple)) else [args[0]]
    for place, value in sorted((int(place), value) for place, value in (layer.config.get("constants") or {}).items()):
        tensors.insert(place, value)
    attributes = {key: next(iter(value.values()), None) for key, value in node.get("attr", {}).items() if isinstance(value, dict)}
    if attributes.get("adj_x") or attributes.get("adj_y") or attributes.get("transpose_a") or attributes.get("transpose_b"):
        return None
    if function == "cast":
        dtype = _TYPES.get(str(attributes.get("DstT")))
        return None if dtype is None else build({"x": tensors[0], "dtype": dtype})
    if function == "concat":
        return build({"values": tensors[:-1], "axis": tensors[-1]})
    if function == "stack":
        return build({"values": tensors, "axis": int(attributes.get("axis") or 0)})
    if function == "squeeze":
        axes = [int(one) for one in (attributes.get("squeeze_dims") or {}).get("i", [])]
        return build({"x": tensors[0], "axis": axes or None})
    if function == "strided_slice":
        masks = {key: int(attributes.get(key) or 0) for key in _MASKS}
        return build({**dict(zip(("x", "begin", "end", "strides"), tensors, strict=True)), "masks": masks})
    names = ("x", "y", "z") if function != "where" else ("condition", "x", "y")
    return build({**dict(zip(names, tensors, strict=False)), "keepdims": bool(attributes.get("keep_dims"))})


_MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")


def _strided_slice(tensors: Sequence[Any], masks: Mapping[str, int]) -> Operation | None:
    """x[begin:end:stride] with bits for what is left out."""
    x, begin, end, strides = tensors
    if not all(isinstance(part, list) for part in (begin, end, strides)):
        return None
    key: list[Any] = []
    for bit, (first, last, step) in enumerate(zip(begin, end, strides, strict=True)):
        if masks["ellipsis_mask"] >> bit & 1:
            key.append(Ellipsis)
        elif masks["new_axis_mask"] >> bit & 1:
            key.append(None)
        elif masks["shrink_axis_mask"] >> bit & 1:
            key.append(first)
        else:
            key.append(slice(None if masks["begin_mask"] >> bit & 1 else first, None if masks["end_mask"] >> bit & 1 else last, step))
    return "GetItem", (x, tuple(key)), {}


def _build(name: str) -> Build | None:
    """How a function becomes an operation."""
    if name in _UNARY:
        return lambda given: (_UNARY[name], _tensors(given, 1), {})
    if name in _BINARY:
        return lambda given: (_BINARY[name], _tensors(given, 2), {})
    if name.startswith("reduce_") and name[7:] in _REDUCED:
        return lambda given: _reduction(name[7:], given)
    return _OTHERS.get(name)


def _tensors(given: Arguments, count: int) -> list[Any]:
    return [value for key, value in given.items() if key != "keepdims"][:count]


def _reduction(name: str, given: Arguments) -> Operation:
    axis = given.get("axis", given.get("y"))
    return _REDUCED[name], _tensors(given, 1), {"axis": axis, "keepdims": bool(given.get("keepdims"))}


def _matmul(given: Arguments) -> Operation | None:
    turned = any(given.get(key) for key in ("transpose_a", "transpose_b", "adjoint_a", "adjoint_b"))
    return None if turned else ("Matmul", _tensors(given, 2), {})


def _item(given: Arguments) -> Operation | None:
    x, spec = _tensors(given, 2)
    key = [_slice(part) for part in (spec if isinstance(spec, (list, tuple)) else [spec])]
    return "GetItem", (x, tuple(key) if isinstance(spec, (list, tuple)) else key[0]), {}


def _slice(part: Any) -> Any:
    if isinstance(part, dict) and set(part) == {"start", "stop", "step"}:
        return slice(part["start"], part["stop"], part["step"])
    return Ellipsis if isinstance(part, dict) and part.get("class_name") == "__ellipsis__" else part


def _with_axis(class_name: str, default: int) -> Build:
    return lambda given: (class_name, _tensors(given, 1), {"axis": given.get("axis", given.get("y", default))})


_OTHERS: dict[str, Build] = {
    "concat": _with_axis("Concatenate", -1),
    "stack": _with_axis("Stack", 0),
    "softmax": _with_axis("Softmax", -1),
    "log_softmax": _with_axis("LogSoftmax", -1),
    "expand_dims": _with_axis("ExpandDims", -1),
    "strided_slice": lambda given: _strided_slice([given[key] for key in ("x", "begin", "end", "strides")], given["masks"]),
    "squeeze": lambda given: ("Squeeze", _tensors(given, 1), {"axis": given.get("axis")}),
    "reshape": lambda given: ("Reshape", _tensors(given, 1), {"newshape": given.get("shape", given.get("y"))}),
    "transpose": lambda given: ("Transpose", _tensors(given, 1), {"axes": given.get("perm", given.get("y"))}),
    "cast": lambda given: ("Cast", _tensors(given, 1), {"dtype": given["dtype"]}),
    "matmul": _matmul,
    "getitem": _item,
    "where": lambda given: ("Where", _tensors(given, 3), {}),
    "zeros_like": lambda given: ("ZerosLike", _tensors(given, 1), {}),
    "ones_like": lambda given: ("OnesLike", _tensors(given, 1), {}),
    "clip_by_value": lambda given: ("Clip", _tensors(given, 1), {"x_min": given["clip_value_min"], "x_max": given["clip_value_max"]}),
}
