"""Calls of functions as data: what goes into a golden file and comes out of it again."""

import json

import numpy as np


class Tensor:
    """An argument that flows: its values, and its shape with None for free lengths."""

    def __init__(self, array, shape=None):
        self.array = np.asarray(array)
        self.shape = list((None,) + self.array.shape[1:] if shape is None and self.array.ndim else shape or ())


def described(argument, tensors):
    """An argument as JSON has it; tensors are put into the list, and named by their places in it."""
    if isinstance(argument, Tensor):
        tensors.append(argument)
        return {"tensor": len(tensors) - 1}
    if isinstance(argument, np.ndarray):
        return {"array": packed(argument)}
    if isinstance(argument, dict):
        return {key: described(value, tensors) for key, value in argument.items()}
    if isinstance(argument, tuple):
        return {"tuple": [described(part, tensors) for part in argument]}
    return [described(part, tensors) for part in argument] if isinstance(argument, list) else argument


def rebuilt(argument, tensors):
    """The argument again, with these tensors."""
    if isinstance(argument, dict):
        if set(argument) == {"tensor"}:
            return tensors[argument["tensor"]]
        if set(argument) == {"array"}:
            return unpacked(argument["array"])
        if set(argument) == {"tuple"}:
            return tuple(rebuilt(part, tensors) for part in argument["tuple"])
        return {key: rebuilt(value, tensors) for key, value in argument.items()}
    return [rebuilt(part, tensors) for part in argument] if isinstance(argument, list) else argument


def packed(x):
    """An array, or a plain answer, as JSON has it."""
    if isinstance(x, (np.ndarray, np.generic)):
        flat = np.asarray(x).reshape(-1)
        if x.dtype.kind in "OSU":
            return {"dtype": "object", "shape": list(x.shape), "data": [v.decode() if isinstance(v, bytes) else str(v) for v in flat]}
        data = [float(str(v)) for v in flat] if x.dtype.kind == "f" else flat.tolist()  # as few digits as tell it
        return {"dtype": x.dtype.name, "shape": list(x.shape), "data": data}
    try:
        json.dumps(x)
    except TypeError:
        x = [None if d is None else int(d) for d in x]
    return {"plain": list(x) if isinstance(x, tuple) else x}


def unpacked(x):
    """The array or answer again."""
    if "plain" in x:
        return x["plain"]
    return np.asarray(x["data"], x["dtype"]).reshape(x["shape"])


def numbers(*shape, seed=0, dtype="float32", low=-1.0, high=1.0):
    """Numbers of a seed between two bounds."""
    x = np.random.RandomState(seed).uniform(low, high, shape)
    return np.round(x, 2).astype(dtype) if "float" in dtype else np.round(x * 8).astype(dtype)


def cases(prefix=""):
    """A list of calls, empty, and the function that puts one into it."""
    found = []

    def note(name, *args, **kwargs):
        found.append((prefix + name, list(args), kwargs))

    return found, note


X = numbers(3, 4, 5)
FLAT = numbers(3, 6)
INT = numbers(3, 4, dtype="int32")
FLAGS = numbers(3, 4) > 0
