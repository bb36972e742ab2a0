"""Golden outputs of single layers (tests/golden/make_spatial.py), and how to run one case of them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from loadstone.custom import CustomObjects
from loadstone.frontends.keras.config import read_model
from loadstone.ir import Layer, Producer, Spec, Tensor, flatten
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.walk import Traced, Walk
from loadstone.lowering.lower import finish
from loadstone.runtime.executor import Executor

GOLDEN = Path(__file__).parents[1] / "golden"


@dataclass(frozen=True)
class Case:
    """One call of one layer by one release, and what it gave."""

    producer: Producer
    what: dict[str, Any]
    output: np.ndarray

    @property
    def title(self) -> str:
        """A name for the test."""
        return f"{self.producer.library}-{self.producer.version}-{self.what['class_name']}-{self.what['number']}"

    def layer(self) -> Layer:
        """The layer as the frontend reads it, with its weights."""
        what, batch = self.what, ("batch_shape" if self.producer.release >= (3,) else "batch_input_shape")
        inputs = {"class_name": "InputLayer", "config": {"name": "x", "dtype": what["dtype"], batch: [None, *what["shown"]]}}
        layers = [inputs, {"class_name": what["class_name"], "config": what["config"], "module": "keras.layers"}]
        root = read_model({"class_name": "Sequential", "config": {"name": "model", "layers": layers}}, self.producer, CustomObjects())
        layer = root.layers()[-1]
        for name, shape in what["weights"]:
            array = values(what["number"], name, shape, "int32" if name == "count" else "float32")
            layer.weights[name] = Tensor.of(array, "int64" if name == "count" else layer.policy.variable)
        return layer

    def inputs(self) -> list[np.ndarray]:
        """x, and the mask if there is one."""
        what, rows = self.what, self.what["batch"]
        given = [values(what["number"], "x", [rows, *what["shape"]], what["dtype"])]
        if what["mask"]:
            steps = what["shape"][1 if what["config"].get("data_format") == "channels_first" else 0]
            given.append(values(what["number"], "mask", [rows, steps], "bool"))
        return given


def cases(pattern: str, root: Path = GOLDEN) -> Iterator[Case]:
    """The cases of all releases that have such a file ("spatial.npz")."""
    for path in sorted(root.glob(f"*/{pattern}")):
        library, _, version = path.parent.name.rpartition("-")
        release = version if library == "keras" else _KERAS_OF.get(version, version)
        with np.load(path) as file:
            outputs = file["outputs"]
            for what in json.loads(file["cases"].tobytes()):
                size = int(np.prod(what["result_shape"]))
                yield Case(Producer(library, release), what, outputs[what["start"] : what["start"] + size].reshape(what["result_shape"]))


def run(case: Case) -> np.ndarray:
    """What the layer gives here for the inputs of a case, which the graph knows no more of than the release did."""
    layer, arrays, b = case.layer(), case.inputs(), Builder()
    shapes = [case.what["shown"], [None] * (arrays[-1].ndim - 1)]
    inputs = [b.input(name, [None, *shape], array.dtype.name) for name, shape, array in zip("xm", shapes, arrays, strict=False)]
    walk = Walk(b)
    call = {} if case.producer.release >= (3,) else dict(case.what["call"])  # Keras 3 predicts with training=False, whatever a call says
    outputs = walk.call(layer, (Traced(*inputs),), call)
    walk.raise_problems()
    (y,) = [leaf.value for leaf in flatten(outputs)]
    program = finish(b, [(Spec(v.name, v.shape, v.dtype), v) for v in inputs], [(Spec("y", y.shape, y.dtype), y)], 0)
    (result,) = Executor(program).run(arrays)
    assert all(known in (None, length) for known, length in zip(y.shape, result.shape, strict=True)), (
        f"{y.shape} was inferred, {result.shape} came"
    )
    return np.asarray(result)


_KERAS_OF = {"2.3.4": "2.4.0"}  # what tf.keras of that TensorFlow writes as keras_version


def values(number: int, name: str, shape: list[int], dtype: str) -> np.ndarray:
    """The numbers of a weight or input, as make_spatial.py makes them."""
    random = np.random.RandomState(number * 1000003 + zlib.crc32(name.encode()) % 1000003)
    if dtype.startswith(("int", "uint")):
        return random.randint(0, 256 if dtype == "uint8" else 50, shape).astype(dtype)
    if dtype == "bool":
        return random.rand(*shape) < 0.6
    drawn = random.standard_normal(shape)
    if name.startswith("kernel") or name.endswith("kernel"):
        drawn = drawn / np.sqrt(max(np.prod(shape[:-1]), 1))
    if "variance" in name or "stddev" in name:
        drawn = np.abs(drawn) + 0.1
    return drawn.astype(np.float32)
