"""One op of TensorFlow as a program of its own, run on arrays."""

import numpy as np

from loadstone.ir import Spec, dtypes
from loadstone.lowering.builder import Builder
from loadstone.lowering.finish import finish
from loadstone.lowering.lower import lower  # noqa: F401  (fills the tables of rules)
from loadstone.lowering.tensorflow.raw import call_raw
from loadstone.runtime import Executor


def strings(*items):
    array = np.empty(len(items), object)
    array[:] = items
    return array


def run_op(op, arrays, constants=(), **attributes):
    """The outputs of an op for arrays, which are inputs of the program, and further inputs that are constant."""
    b = Builder()
    inputs = [b.input(f"x{k}", a.shape, dtypes.of_numpy(a.dtype)) for k, a in enumerate(arrays)]
    outputs = call_raw(b, op, [*inputs, *(b.const(c, dtypes.of_numpy(np.asarray(c).dtype)) for c in constants)], attributes)
    feeds = [(Spec(v.name, v.shape, v.dtype), v) for v in inputs]
    program = finish(b, feeds, [(Spec(f"y{k}", v.shape, v.dtype), v) for k, v in enumerate(outputs)], list(range(len(outputs))))
    return Executor(program).run(list(arrays))
