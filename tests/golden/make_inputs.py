"""Ask one Keras release how it takes each kind of input: run this file with the Python that has that release.

    python tests/golden/make_inputs.py

Writes tests/golden/<producer>-<version>/inputs.json: configs of models without weights, and for each case the outputs of
`predict` or of the call, or the error. tests/model/test_inputs_as_keras.py evaluates the same expressions.
"""

import json
import os
import re
import types
from pathlib import Path

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np
import tensorflow as tf

KERAS3 = tuple(int(part) for part in tf.__version__.split(".")[:2]) >= (2, 16)
if KERAS3:
    import keras
else:
    keras = tf.keras
RELEASE = ("keras-" + keras.__version__) if KERAS3 else ("tf.keras-" + tf.__version__)
HERE = Path(__file__).parent
BATCH = "batch_shape" if KERAS3 else "batch_input_shape"


def inputs(**specs):
    return {name: keras.Input(shape, name=name, dtype=dtype) for name, (shape, dtype) in specs.items()}


def same(x):
    """x through a layer that changes nothing."""
    return keras.layers.Activation("linear", name=x.name.split(":")[0].split("/")[0] + "_out")(x)


def models():
    """Models that give back what they were given, after Keras' handling of inputs."""
    one = {
        "vector": ((3,), "float32"),
        "column": ((1,), "float32"),
        "scalar": ((), "float32"),
        "matrix": ((2, 3), "float32"),
        "image": ((2, 2, 1), "float32"),
        "free": ((None,), "float32"),
        "ids": ((2,), "int32"),
        "bytes": ((2,), "uint8"),
        "half": ((3,), "float16"),
        "double": ((3,), "float64"),
        "flags": ((2,), "bool"),
    }
    for name, spec in one.items():
        x = inputs(x=spec)["x"]
        yield name, keras.Model(x, same(x))
    x = keras.Input((3,), name="x")
    yield "listed", keras.Model([x], [same(x)])
    x = keras.Input((3,), name="x")
    yield "keyed", keras.Model({"x": x}, {"y": same(x)})
    yield "sequential", keras.Sequential([keras.Input((3,), name="x"), keras.layers.Activation("linear")])
    yield "fixed", keras.Sequential([keras.Input(**{"batch_shape": (2, 3)}, name="x"), keras.layers.Activation("linear")])
    two = inputs(b=((3,), "float32"), a=((2,), "float32"))
    yield "two", keras.Model([two["b"], two["a"]], [same(two["b"]), same(two["a"])])
    two = inputs(b=((3,), "float32"), a=((2,), "float32"))
    yield "two_keyed", keras.Model(two, {"q": same(two["b"]), "p": same(two["a"])})
    two = inputs(b=((3,), "float32"), a=((2,), "float32"))
    yield "two_in_tuple", keras.Model((two["b"], two["a"]), (same(two["b"]), same(two["a"])))


# model, method, expression over np, r (rows of a shape), and the helpers below. One case a line.
CASES = """
vector predict r(4, 3)
vector predict r(40, 3)
vector predict r(4, 3).astype('float64')
vector predict r(4, 3).astype('float16')
vector predict r(4, 3).astype('int64')
vector predict r(4, 3) > 0
vector predict r(4, 3).astype('uint8')
vector predict r(4, 3).astype('>f4')
vector predict r(3, 4).T
vector predict r(4, 3)[::-1]
vector predict r(4, 3).astype(object)
vector predict [r(4, 3)]
vector predict (r(4, 3),)
vector predict {'x': r(4, 3)}
vector predict {'y': r(4, 3)}
vector predict {'x': r(4, 3), 'y': r(4, 3)}
vector predict {'x': r(4, 2)}
vector predict [r(4, 3), r(4, 3)]
vector predict r(4, 3).tolist()
vector predict [r(4, 3).tolist()]
vector predict list(r(4, 3))
vector predict r(4, 2)
vector predict r(4, 4)
vector predict r(3)
vector predict r(4, 3, 1)
vector predict r(4, 3, 2)
vector predict r(4, 1, 3)
vector predict r(4, 3, 1, 1)
vector predict r(0, 3)
vector predict np.float32(1)
vector predict 1.0
vector predict None
vector predict 'text'
vector predict np.array([['a', 'b', 'c']])
vector predict np.array([['1', '2', '3']])
vector predict r(4, 3) + 1j
vector predict np.array([[np.nan, np.inf, 1e300]])
vector predict gen([(r(2, 3),), (r(3, 3),)])
vector predict gen([(r(2, 3), r(2, 1)), (r(3, 3), r(3, 1))])
vector predict gen([(r(2, 3), r(2, 1), r(2)), (r(3, 3), r(3, 1), r(3))])
vector predict gen([r(2, 3), r(3, 3)])
vector predict gen([[r(2, 3)], [r(3, 3)]])
vector predict gen([({'x': r(2, 3)},), ({'x': r(3, 3)},)])
vector predict gen([{'x': r(2, 3)}, {'x': r(3, 3)}])
vector predict gen([])
vector predict iter([(r(2, 3),), (r(3, 3),)])
vector predict sequence([(r(2, 3),), (r(3, 3),)])
vector predict sequence([(r(2, 3), r(2, 1)), (r(3, 3), r(3, 1))])
vector predict sequence([r(2, 3), r(3, 3)])
vector predict sequence([[r(2, 3), r(2, 1)], [r(3, 3), r(3, 1)]])
vector predict sequence([{'x': r(2, 3)}, {'x': r(3, 3)}])
vector call r(4, 3)
vector call r(4, 3).astype('float64')
vector call r(4, 3).astype('int64')
vector call [r(4, 3)]
vector call {'x': r(4, 3)}
vector call {'y': r(4, 3)}
vector call {'x': r(4, 3), 'y': r(4, 3)}
vector call r(4, 3).tolist()
vector call r(3)
vector call r(4, 3, 1)
vector call r(4, 2)
vector call r(0, 3)
vector on_batch r(40, 3)
vector on_batch [r(4, 3)]
column predict r(4, 1)
column predict r(4)
column predict r(4, 2)
column predict r(4, 1, 1)
column predict r(1, 4)
column predict r(4).tolist()
column predict {'x': r(4)}
column predict [r(4)]
column predict gen([(r(2),), (r(3),)])
column call r(4)
column call r(4, 1, 1)
column call [1.0, 2.0]
scalar predict r(4)
scalar predict r(4, 1)
scalar predict r(4, 2)
scalar call r(4, 1)
matrix predict r(4, 2, 3)
matrix predict r(4, 2, 3, 1)
matrix predict r(4, 3)
matrix predict r(4, 2)
matrix predict r(4, 3, 2)
matrix predict r(2, 3)
image predict r(4, 2, 2)
image predict r(4, 2, 2, 1)
image predict r(4, 2, 2, 3)
image predict r(4, 2, 2, 1, 1)
image predict r(2, 2)
free predict r(4, 3)
free predict r(4)
free predict r(4, 1)
free predict r(4, 3, 1)
free predict r(4, 0)
free predict gen([(r(2, 3),), (r(3, 3),)])
ids predict np.array([[1, 2], [3, 4]])
ids predict np.array([[1.0, 2.0], [3.0, 4.0]])
ids predict np.array([[1.7, -1.7], [3.2, 4.9]])
ids predict np.array([[1, 2], [3, 2**31 + 5]])
ids predict np.array([[1, 2], [3, 2**40]])
ids predict np.array([[True, False]])
ids predict np.array([[1, 2]], 'uint8')
ids predict np.array([[np.nan, 1.0]])
ids predict np.array([['1', '2']])
ids predict [[1, 2], [3, 4]]
ids call np.array([[1, 2], [3, 4]])
ids call np.array([[1.7, -1.7]], 'float32')
bytes predict np.array([[1, 255]])
bytes predict np.array([[1, 256], [-1, 5]])
bytes predict np.array([[1.9, 300.0]])
half predict r(2, 3).astype('float64')
half predict np.array([[1e10, 1.0, 65519.0]])
double predict r(2, 3)
double predict r(2, 3).astype('float64') / 3
flags predict np.array([[True, False]])
flags predict np.array([[2, 0]])
flags predict np.array([[0.5, 0.0]])
listed predict r(4, 3)
listed predict [r(4, 3)]
listed predict {'x': r(4, 3)}
listed call r(4, 3)
listed call [r(4, 3)]
keyed predict {'x': r(4, 3)}
keyed predict r(4, 3)
keyed predict [r(4, 3)]
keyed predict {'x': r(4, 3), 'y': r(4, 3)}
keyed predict {'y': r(4, 3)}
keyed call {'x': r(4, 3)}
keyed call r(4, 3)
sequential predict r(4, 3)
sequential predict [r(4, 3)]
sequential predict {'x': r(4, 3)}
sequential predict {'y': r(4, 3)}
sequential predict r(4, 3, 1)
sequential predict r(3)
sequential predict r(4, 2)
sequential predict r(4, 3).tolist()
sequential call r(4, 3).tolist()
sequential call r(4, 3)
fixed predict r(2, 3)
fixed predict r(4, 3)
fixed predict r(5, 3)
fixed predict batch(r(4, 3), 2)
fixed predict batch(r(5, 3), 2)
fixed predict batch(r(4, 3), 4)
fixed call r(2, 3)
fixed call r(3, 3)
two predict [r(4, 3), r(4, 2)]
two predict (r(4, 3), r(4, 2))
two predict [r(4, 2), r(4, 3)]
two predict {'a': r(4, 2), 'b': r(4, 3)}
two predict {'b': r(4, 3), 'a': r(4, 2)}
two predict {'a': r(4, 2)}
two predict {'a': r(4, 2), 'b': r(4, 3), 'c': r(4, 1)}
two predict {'a': r(4, 2), 'c': r(4, 3)}
two predict [r(4, 3)]
two predict r(4, 3)
two predict [r(4, 3), r(5, 2)]
two predict [r(4, 3), r(4, 2), r(4, 1)]
two predict [r(4, 3).tolist(), r(4, 2).tolist()]
two predict gen([([r(2, 3), r(2, 2)],), ([r(3, 3), r(3, 2)],)])
two predict gen([((r(2, 3), r(2, 2)), r(2, 1))])
two predict gen([(r(2, 3), r(2, 2))])
two predict gen([({'a': r(2, 2), 'b': r(2, 3)}, r(2, 1))])
two predict sequence([((r(2, 3), r(2, 2)), r(2, 1))])
two call [r(4, 3), r(4, 2)]
two call {'a': r(4, 2), 'b': r(4, 3)}
two_keyed predict {'a': r(4, 2), 'b': r(4, 3)}
two_keyed predict {'b': r(4, 3), 'a': r(4, 2)}
two_keyed predict [r(4, 2), r(4, 3)]
two_keyed predict [r(4, 3), r(4, 2)]
two_keyed predict {'a': r(4, 2), 'b': r(4, 3), 'c': r(4, 1)}
two_keyed predict {'a': r(4, 2)}
two_keyed call {'a': r(4, 2), 'b': r(4, 3)}
two_keyed call [r(4, 3), r(4, 2)]
two_in_tuple predict (r(4, 3), r(4, 2))
two_in_tuple predict [r(4, 3), r(4, 2)]
two_in_tuple predict {'a': r(4, 2), 'b': r(4, 3)}
vector steps r(10, 3)
vector steps gen([(r(2, 3),)] * 4)
vector steps gen([(r(2, 3),)])
vector steps sequence([(r(2, 3),)] * 4)
"""


def r(*shape):
    """Numbers in order, some of them negative: they show where they went."""
    return np.arange(int(np.prod(shape)), dtype="float32").reshape(shape) - 2


def gen(batches):
    yield from batches


def sequence(batches):
    base = keras.utils.PyDataset if KERAS3 else keras.utils.Sequence

    def body(namespace):
        namespace["__len__"] = lambda self: len(batches)
        namespace["__getitem__"] = lambda self, i: batches[i]

    return types.new_class("Batches", (base,), {}, body)()


class Batched:
    def __init__(self, x, size):
        self.x, self.size = x, size


def batch(x, size):
    return Batched(x, size)


def ask(net, method, x):
    size = None
    net.predict_function = None  # traced anew: a function that has seen other shapes checks less
    if isinstance(x, Batched):
        x, size = x.x, x.size
    if method == "predict":
        return net.predict(x, batch_size=size, verbose=0)
    if method == "steps":
        return net.predict(x, steps=2, verbose=0)
    if method == "on_batch":
        return net.predict_on_batch(x)
    return net(x)


def described(answer):
    if isinstance(answer, dict):
        return {key: described(value) for key, value in answer.items()}
    if isinstance(answer, (list, tuple)):
        return [described(part) for part in answer]
    array = np.asarray(answer)
    values = array.reshape(-1).tolist() if array.size <= 24 else [float(array.sum())]
    return {"dtype": str(array.dtype), "shape": list(array.shape), "values": [repr(v) for v in values]}


def main():
    nets = dict(models())
    cases = []
    for line in CASES.strip().splitlines():
        name, method, expression = line.split(" ", 2)
        case = {"model": name, "method": method, "x": expression}
        try:
            case["answer"] = described(ask(nets[name], method, eval(expression)))
        except Exception as error:
            text = re.sub(r'File "[^"]*/site-packages/', 'File "', " ".join(str(error).split()))  # not where it is installed here
            case["error"] = type(error).__name__ + ": " + text[:160]
        cases.append(case)
    configs = {name: {"class_name": type(net).__name__, "config": net.get_config()} for name, net in nets.items()}
    folder = HERE / RELEASE
    folder.mkdir(exist_ok=True)
    text = json.dumps({"release": RELEASE, "models": configs, "cases": cases}, indent=0, default=str)
    (folder / "inputs.json").write_text(text + "\n")
    for case in cases:
        print(case["model"], case["method"], case["x"], "->", case.get("error") or json.dumps(case["answer"])[:140])


if __name__ == "__main__":
    main()
