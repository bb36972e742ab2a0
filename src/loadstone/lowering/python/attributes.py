"""Attributes of what a walked function handles: the shape of a tensor, the methods of a list, the parts of a package.

Nothing is asked of a Python object itself but what stands in the tables here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.python.objects import CannotLift, Drawn, DType, Fields, Method, Name, Shape

# methods that tensors of TensorFlow, arrays of numpy and those of JAX have, by the function that they are
TENSOR_METHODS = {
    **{
        name: f"numpy.{name}"
        for name in (
            "all any argmax argmin argsort clip cumprod cumsum diagonal dot flatten max mean min prod ravel repeat reshape round sort "
            "squeeze std sum swapaxes take trace transpose var".split()
        )
    },
    "astype": "astype",
    "copy": "identity",
    "get_shape": "",
    "set_shape": "",
    "eval": "",
    "numpy": "",
    "__getitem__": "",
}
_METHODS: dict[type, frozenset[str]] = {
    list: frozenset("append extend insert pop reverse index count copy sort".split()),
    tuple: frozenset("index count".split()),
    dict: frozenset("get items keys values update copy pop setdefault".split()),
    str: frozenset("format lower upper strip startswith endswith split join".split()),
    set: frozenset("add union".split()),
    np.ndarray: frozenset(
        "all any argmax argmin astype copy cumsum flatten item max mean min prod ravel reshape std sum tolist transpose".split()
    ),
    np.generic: frozenset("astype item tolist".split()),
}
_CONSTANTS: dict[str, Any] = {
    "math.pi": math.pi, "math.e": math.e, "math.inf": math.inf, "math.nan": math.nan, "math.tau": math.tau,
    "numpy.pi": np.pi, "numpy.e": np.e, "numpy.inf": np.inf, "numpy.nan": np.nan, "numpy.newaxis": None, "numpy.Inf": np.inf,
    "numpy.NINF": -np.inf, "numpy.infty": np.inf, "tensorflow.newaxis": None,
    "numpy.float": DType("float64"), "numpy.int": DType("int64"), "numpy.bool": DType("bool"), "numpy.bool_": DType("bool"),
    "numpy.double": DType("float64"), "numpy.single": DType("float32"), "numpy.half": DType("float16"),
    "tensorflow.double": DType("float64"), "tensorflow.half": DType("float16"), "tensorflow.bool": DType("bool"),
    "tensorflow.string": DType("string"),
    **{f"tensorflow{way}.image.ResizeMethod.{name}": name.partition("_")[0].lower()
       for way in ("", ".compat.v1") for name in ("AREA", "BICUBIC", "BILINEAR", "NEAREST_NEIGHBOR", "LANCZOS3", "LANCZOS5", "GAUSSIAN")},
}  # fmt: skip
_WITH_DTYPES = ("tensorflow", "numpy", "tensorflow.dtypes", "tensorflow.compat.v1", "jax.numpy", "torch")
_NUMBERS = frozenset("float16 float32 float64 bfloat16 int8 int16 int32 int64 uint8 uint16 uint32 uint64 complex64 complex128".split())


def attribute(owner: Any, name: str) -> Any:
    """owner.name."""
    if isinstance(owner, Name):
        return of_package(owner, name)
    if isinstance(owner, Value):
        return _of_tensor(owner, name)
    if isinstance(owner, Shape):
        return _of_shape(owner, name)
    if isinstance(owner, DType):
        return _of_dtype(owner, name)
    if isinstance(owner, Drawn):
        raise CannotLift(str(owner))
    if name == "value" and (owner is None or isinstance(owner, int)):
        return owner  # a length of TensorFlow 1 knows its number
    if isinstance(owner, (np.ndarray, np.generic)) and name in ("shape", "ndim", "size", "T", "dtype"):
        return DType(dtypes.of_numpy(owner.dtype)) if name == "dtype" else getattr(owner, name)
    if isinstance(owner, slice) and name in ("start", "stop", "step"):
        return getattr(owner, name)
    if isinstance(owner, Fields) and name in owner.names:
        return owner[owner.names.index(name)]
    for kind, known in _METHODS.items():
        if isinstance(owner, kind) and name in known:
            return Method(owner, name)
    raise CannotLift(f"the attribute {name!r} of a {type(owner).__name__}")


def of_package(owner: Name, name: str) -> Any:
    """A part of a package: a constant, a dtype, or a name that means something when it is called."""
    path = f"{owner.path}.{name}"
    if path in _CONSTANTS:
        return _CONSTANTS[path]
    if owner.path in _WITH_DTYPES and name in _NUMBERS:
        return DType(name)
    return owner.part(name)


def _of_tensor(x: Value, name: str) -> Any:
    if name in ("shape", "_keras_shape"):
        return Shape(x.shape)
    if name in ("ndim", "rank"):
        return x.rank
    if name == "dtype":
        return DType(x.dtype)
    if name == "T":
        return Method(x, "transpose")  # called at once, see `calls`
    if name in TENSOR_METHODS:
        return Method(x, name)
    raise CannotLift(f"the attribute {name!r} of a tensor")


def _of_shape(shape: Shape, name: str) -> Any:
    if name in ("ndims", "rank"):
        return len(shape)
    if name == "dims":
        return list(shape)
    if name in ("as_list", "num_elements", "is_fully_defined", "index", "count"):
        return Method(shape, name)
    raise CannotLift(f"the attribute {name!r} of a shape")


def _of_dtype(dtype: DType, name: str) -> Any:
    if name in ("name", "as_numpy_dtype", "base_dtype"):
        return DType(dtype)
    if name in ("is_floating", "is_integer"):
        return dtypes.is_float(dtype) if name == "is_floating" else dtypes.is_integer(dtype)
    if name in ("min", "max") and str(dtype) in _NUMBERS:
        array = dtypes.to_numpy(dtype)
        return getattr(np.iinfo(array) if dtypes.is_integer(dtype) else np.finfo(array), name).item()
    raise CannotLift(f"the attribute {name!r} of a dtype")
