"""Operations of Keras 3 as functions of TensorFlow, which Keras 2 takes as layers (TFOpLambda) when a model is made of them.

A row is an operation that TensorFlow has under the same arguments, in the order of its call; the rest are functions of the tensors and the
operation's options.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from loadstone.errors import UnsupportedOps
from loadstone.ir import Layer

_ROWS = {
    "Absolute": "abs", "Abs": "abs", "Exp": "exp", "Log": "math.log", "Sqrt": "sqrt", "Square": "square", "Negative": "negative",
    "Sign": "sign", "Floor": "floor", "Ceil": "math.ceil", "Round": "round", "Sin": "sin", "Cos": "cos", "Tan": "tan", "Tanh": "tanh",
    "Sinh": "sinh", "Cosh": "cosh", "Arcsin": "asin", "Arccos": "acos", "Arctan": "atan", "Arcsinh": "asinh", "Arccosh": "acosh",
    "Arctanh": "atanh", "Log1p": "math.log1p", "Expm1": "math.expm1", "Reciprocal": "math.reciprocal", "Rsqrt": "math.rsqrt",
    "Erf": "math.erf", "Sigmoid": "sigmoid", "Relu": "nn.relu", "Relu6": "nn.relu6", "Softplus": "math.softplus",
    "Softsign": "nn.softsign", "Selu": "nn.selu", "Silu": "nn.silu", "LogicalNot": "logical_not", "Isnan": "math.is_nan",
    "Isinf": "math.is_inf", "Isfinite": "math.is_finite", "OnesLike": "ones_like", "ZerosLike": "zeros_like",
    "Add": "add", "Subtract": "subtract", "Multiply": "multiply", "TrueDivide": "divide", "Divide": "divide", "Power": "pow",
    "Maximum": "maximum", "Minimum": "minimum", "Greater": "greater", "GreaterEqual": "greater_equal", "Less": "less",
    "LessEqual": "less_equal", "Equal": "equal", "NotEqual": "not_equal", "LogicalAnd": "logical_and", "LogicalOr": "logical_or",
    "FloorDivide": "math.floordiv", "Mod": "math.floormod", "Arctan2": "atan2", "Where": "where", "Matmul": "matmul",
    "StopGradient": "stop_gradient",
}  # fmt: skip
_REDUCED = {"Mean": "reduce_mean", "Sum": "reduce_sum", "Max": "reduce_max", "Min": "reduce_min", "Prod": "reduce_prod"} | {
    "Any": "reduce_any", "All": "reduce_all", "Std": "math.reduce_std", "Var": "math.reduce_variance", "Logsumexp": "reduce_logsumexp",
}  # fmt: skip

Options = Mapping[str, Any]
Function = Callable[[Any, Sequence[Any], Options], Any]


def call(tf: Any, operation: Layer, args: Sequence[Any], kwargs: Options) -> Any:
    """What the operation gives for symbolic tensors of Keras 2. Raises UnsupportedOps where it is not among them."""
    options = {**operation.config, **kwargs}
    name = operation.class_name
    if name in _ROWS and not _odd(options):
        return _named(tf, _ROWS[name])(*(_promoted(tf, args) if len(args) == 2 else args))
    if name in _REDUCED:
        axis = options.get("axis", args[1] if len(args) > 1 else None)
        return _named(tf, _REDUCED[name])(args[0], axis=axis, keepdims=bool(options.get("keepdims")))
    if name in _FUNCTIONS:
        return _FUNCTIONS[name](tf, args, options)
    raise UnsupportedOps(
        f"Keras 2 has no operation {name}, and this one (at {operation.path}) has no form there", ops={name: (1, operation.path)},
        hint='to_keras(library="keras") makes a model of Keras 3, which has it',
    )  # fmt: skip


def known(operation: Layer) -> bool:
    """Whether an operation has a form in Keras 2."""
    return operation.class_name in _ROWS or operation.class_name in _REDUCED or operation.class_name in _FUNCTIONS


def _promoted(tf: Any, args: Sequence[Any]) -> list[Any]:
    """Whole numbers beside floats become floats, and floats the wider ones, as in Keras 3; also those that a layer makes tensors of."""
    kinds = [getattr(getattr(a, "dtype", None), "name", None) or type(a).__name__ for a in args]
    floats = {kind for kind in kinds if kind.startswith(("float", "bfloat"))}
    if not floats:
        return list(args)
    wide = _widest(floats - {"float"})
    return [
        a if kind in (wide, "float") or not ("int" in kind or kind in floats) else tf.cast(a, wide) if hasattr(a, "dtype") else float(a)
        for a, kind in zip(args, kinds, strict=True)
    ]


def _widest(floats: set[str]) -> str:
    """The dtype of a result of such dtypes; float32 of numbers without one, and of both kinds of half."""
    return "float64" if "float64" in floats else next(iter(floats)) if len(floats) == 1 else "float32"


def _odd(options: Options) -> bool:
    return any(value is not None for key, value in options.items() if key not in ("name", "dtype", "sparse"))


def _named(tf: Any, name: str) -> Any:
    for part in name.split("."):
        tf = getattr(tf, part)
    return tf


def _options(args: Sequence[Any], options: Options, *names: str) -> list[Any]:
    """Options by name, or by their place after the first tensor."""
    return [options.get(name, args[place] if len(args) > place else None) for place, name in enumerate(names, 1)]


def _axes(tf: Any, args: Sequence[Any], options: Options) -> Any:
    (axes,) = _options(args, options, "axes")
    return tf.transpose(args[0], perm=None if axes is None else list(axes))


def _shape(tf: Any, args: Sequence[Any], options: Options) -> Any:
    (shape,) = _options(args, options, "newshape")
    return tf.reshape(args[0], [-1 if size is None else size for size in shape])


def _squeezed(tf: Any, args: Sequence[Any], options: Options) -> Any:
    (axis,) = _options(args, options, "axis")
    return tf.squeeze(args[0], axis=axis)


def _split(tf: Any, args: Sequence[Any], options: Options) -> Any:
    sections, axis = _options(args, options, "indices_or_sections", "axis")
    if not isinstance(sections, int):
        raise UnsupportedOps("Keras 2 has no Split at places", ops={"Split": (1, "")})
    return tf.split(args[0], sections, axis=axis or 0)


def _clipped(tf: Any, args: Sequence[Any], options: Options) -> Any:
    low, high = _options(args, options, "x_min", "x_max")
    return tf.clip_by_value(args[0], low, high)


def _padded(tf: Any, args: Sequence[Any], options: Options) -> Any:
    width, mode, value = _options(args, options, "pad_width", "mode", "constant_values")
    return tf.pad(args[0], [list(pair) for pair in width], mode=(mode or "constant").upper(), constant_values=value or 0)


def _cast(tf: Any, args: Sequence[Any], options: Options) -> Any:
    (dtype,) = _options(args, options, "dtype")
    return tf.cast(args[0], dtype)


def _gelu(tf: Any, args: Sequence[Any], options: Options) -> Any:
    return tf.nn.gelu(args[0], approximate=options.get("approximate", True))


def _joined(function: str, default: int) -> Function:
    def join(tf: Any, args: Sequence[Any], options: Options) -> Any:
        axis = options.get("axis", args[1] if len(args) > 1 else None)
        return getattr(tf, function)(list(args[0]), axis=default if axis is None else axis)

    return join


def _of_axis(name: str, default: int | None = -1) -> Function:
    def apply(tf: Any, args: Sequence[Any], options: Options) -> Any:
        (axis,) = _options(args, options, "axis")
        return _named(tf, name)(args[0], axis=default if axis is None else axis)

    return apply


def _softmax(logarithm: bool) -> Function:
    def apply(tf: Any, args: Sequence[Any], options: Options) -> Any:
        """TensorFlow's own has no more than five axes."""
        (axis,) = _options(args, options, "axis")
        x, axis = args[0], -1 if axis is None else axis
        if len(getattr(x, "shape", None) or ()) <= 5:
            return (tf.nn.log_softmax if logarithm else tf.nn.softmax)(x, axis=axis)
        x = tf.subtract(x, tf.reduce_max(x, axis=axis, keepdims=True))
        parts = tf.exp(x)
        total = tf.reduce_sum(parts, axis=axis, keepdims=True)
        return tf.subtract(x, tf.math.log(total)) if logarithm else tf.divide(parts, total)

    return apply


def _spectra(tf: Any, args: Sequence[Any], options: Options) -> Any:
    """Two functions, each of which gives one of the parts (keras/src/backend/tensorflow/math.py)."""
    length, step, fft = (options[key] for key in ("sequence_length", "sequence_stride", "fft_length"))
    x, before, name = args[0], (fft - length) // 2, options.get("window", "hann")
    if not isinstance(name, (str, type(None))):
        raise UnsupportedOps("Keras 2 has no STFT whose window is given by its numbers", ops={"STFT": (1, "")})
    if options.get("center", True):
        x = tf.pad(x, [[0, 0]] * (len(x.shape) - 1) + [[fft // 2, fft // 2]], mode="REFLECT")

    def window(_: Any, dtype: Any = None) -> Any:
        found = tf.ones(length, dtype) if name is None else _named(tf, f"signal.{name}_window")(length, periodic=True, dtype=dtype)
        return tf.pad(found, [[before, fft - length - before]])

    found = tf.signal.stft(x, frame_length=fft, frame_step=step, fft_length=fft, window_fn=window)
    return [tf.math.real(found), tf.math.imag(found)]


def _item(tf: Any, args: Sequence[Any], options: Options) -> Any:
    key = args[1]
    return args[0][tuple(key) if isinstance(key, list) else key]


_FUNCTIONS: dict[str, Function] = {
    "Transpose": _axes,
    "Reshape": _shape,
    "Squeeze": _squeezed,
    "Split": _split,
    "Clip": _clipped,
    "Cast": _cast,
    "Pad": _padded,
    "Gelu": _gelu,
    "Concatenate": _joined("concat", -1),
    "Stack": _joined("stack", 0),
    "ExpandDims": _of_axis("expand_dims", None),
    "Softmax": _softmax(False),
    "LogSoftmax": _softmax(True),
    "GetItem": _item,
    "STFT": _spectra,
    "Take": lambda tf, args, options: tf.gather(args[0], args[1], axis=options.get("axis")),
    "Elu": lambda tf, args, options: tf.nn.elu(args[0]) * 1.0,
    "LeakyRelu": lambda tf, args, options: tf.nn.leaky_relu(args[0], alpha=options.get("negative_slope", 0.2)),
    "BroadcastTo": lambda tf, args, options: tf.broadcast_to(args[0], options.get("shape", args[-1])),
    "Einsum": lambda tf, args, options: tf.einsum(options["subscripts"], *(args[0] if isinstance(args[0], (list, tuple)) else args)),
}
