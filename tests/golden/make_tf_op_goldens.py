"""Writes tests/golden/tf_ops/FAMILY.npz: frozen graphs of a few nodes with the inputs and the outputs that TensorFlow gave.

    python make_tf_op_goldens.py FAMILY ...      with a Python that has TensorFlow 2.21

What the graphs are is written in tf_ops_cases/FAMILY.py: a function `cases(tf, np)` that yields `(name, function, inputs)` or
`(name, function, inputs, shapes)`. function takes a tensor for each input and returns one or a list of them; inputs are arrays;
shapes are what the graph is told of them, with None for a free length and None alone for a free rank: one graph for what is given.
"""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def frozen(tf, function, arrays, shapes):
    """Bytes of the frozen graph, names of its inputs and outputs, and the outputs for the arrays."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    specs = [tf.TensorSpec(shape, tf.as_dtype(a.dtype) if a.dtype != object else tf.string, name=f"x{i}")
             for i, (a, shape) in enumerate(zip(arrays, shapes))]  # fmt: skip
    concrete = tf.function(function, input_signature=specs).get_concrete_function()
    graph = convert_variables_to_constants_v2(concrete, lower_control_flow=False)
    outputs = graph(*[tf.constant(a) for a in arrays])
    outputs = [o.numpy() for o in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]
    return graph.graph.as_graph_def().SerializeToString(), [t.name for t in graph.inputs], [t.name for t in graph.outputs], outputs


def packed(array):
    """An array as a golden holds it: strings as lists of their bytes in hexadecimal, bfloat16 as its bits."""
    array = np.asarray(array)
    if array.dtype.kind in "OSU":
        flat = [v.encode() if isinstance(v, str) else bytes(v) for v in array.reshape(-1).tolist()]
        return np.asarray(json.dumps({"shape": array.shape, "strings": [v.hex() for v in flat]}))
    if array.dtype.kind == "V":
        return np.asarray(json.dumps({"shape": array.shape, "dtype": array.dtype.name, "bytes": array.tobytes().hex()}))
    return array


def write(family):
    import tensorflow as tf

    spec = importlib.util.spec_from_file_location(family, HERE / "tf_ops_cases" / f"{family}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    entries = {}
    for name, function, inputs, *shapes in module.cases(tf, np):
        assert f"{name}/graph" not in entries, name
        arrays = [np.asarray(a) for a in inputs]
        try:
            graph, ins, outs, results = frozen(tf, function, arrays, shapes[0] if shapes else [a.shape for a in arrays])
        except Exception as error:
            raise RuntimeError(f"{family}: {name}") from error
        entries[f"{name}/graph"] = np.frombuffer(graph, np.uint8)
        entries[f"{name}/names"] = np.asarray(json.dumps({"inputs": ins, "outputs": outs}))
        entries |= {f"{name}/in_{i}": packed(a) for i, a in enumerate(arrays)}
        entries |= {f"{name}/out_{i}": packed(a) for i, a in enumerate(results)}
    np.savez_compressed(HERE / "tf_ops" / f"{family}.npz", **entries)
    print(f"{family}: {sum(key.endswith('/graph') for key in entries)} cases")


if __name__ == "__main__":
    for family in sys.argv[1:]:
        write(family)
