"""Every way to hand data to a model, beside what Keras itself does with it (tests/golden/make_inputs.py asked it)."""

import json
from pathlib import Path

import numpy as np
import pytest

from loadstone.errors import InputMismatch
from loadstone.frontends.keras.config import read_model
from loadstone.ir import Model as Description
from loadstone.ir import Producer
from loadstone.model.model import Model

GOLDEN = Path(__file__).parents[1] / "golden"
RELEASES = {"keras-3.15.1": "keras", "tf.keras-2.15.1": "tf.keras"}

# What Keras computes without a word though it has no meaning, and is refused here.
STRICTER = {
    "vector predict r(4, 3) + 1j": "imaginary parts are dropped",
    "column predict r(4, 2)": "a fixed dimension of 1 is not checked",
    "column predict r(1, 4)": "a fixed dimension of 1 is not checked",
    "image predict r(4, 2, 2, 3)": "a fixed dimension of 1 is not checked",
    "ids predict np.array([[1, 2], [3, 2**31 + 5]])": "wraps around to another row",
    "ids predict np.array([[1, 2], [3, 2**40]])": "wraps around to another row",
    "ids predict np.array([[np.nan, 1.0]])": "not a number becomes a number",
    "bytes predict np.array([[1, 256], [-1, 5]])": "wraps around",
    "bytes predict np.array([[1.9, 300.0]])": "wraps around",
    "sequential predict r(4, 2)": "a wrong dimension meets no layer that minds",
    # tf.keras 2 checked the rank only for what the model has in common with the data.
    "vector predict r(3)": "rank",
    "vector call r(3)": "rank",
    "vector predict r(4, 3, 2)": "rank",
    "vector predict r(4, 3, 1, 1)": "rank",
    "scalar predict r(4, 2)": "rank",
    "matrix predict r(4, 2)": "rank",
    "image predict r(2, 2)": "rank",
    "free predict r(4)": "rank",
    "sequential predict r(3)": "rank",
}
# What Keras refuses and has one meaning only, so that it is taken here; some of it one of the two releases takes as well.
LENIENT = {
    "vector predict r(4, 3).astype(object)",
    "vector predict r(4, 3).tolist()",
    "vector call r(4, 3).tolist()",
    "vector predict r(0, 3)",
    "vector predict gen([r(2, 3), r(3, 3)])",
    "vector predict gen([[r(2, 3)], [r(3, 3)]])",
    "vector predict gen([{'x': r(2, 3)}, {'x': r(3, 3)}])",
    "vector predict iter([(r(2, 3),), (r(3, 3),)])",
    "column predict r(4).tolist()",
    "column call [1.0, 2.0]",
    "ids predict [[1, 2], [3, 4]]",
    "sequential predict r(4, 3).tolist()",
    "sequential call r(4, 3).tolist()",
    "two predict [r(4, 3).tolist(), r(4, 2).tolist()]",
    "two predict gen([([r(2, 3), r(2, 2)],), ([r(3, 3), r(3, 2)],)])",
    "two_keyed predict [r(4, 2), r(4, 3)]",
}


def r(*shape):
    return np.arange(int(np.prod(shape)), dtype="float32").reshape(shape) - 2


def gen(batches):
    yield from batches


class sequence:
    """As keras.utils.PyDataset."""

    def __init__(self, batches):
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, i):
        return self.batches[i]


class batch:
    """x with a batch size."""

    def __init__(self, x, size):
        self.x, self.size = x, size


def cases():
    for release in RELEASES:
        golden = json.loads((GOLDEN / release / "inputs.json").read_text())
        for case in golden["cases"]:
            yield pytest.param(release, case, id=f"{release} {case['model']} {case['method']} {case['x']}")


@pytest.fixture(scope="module")
def models():
    made = {}

    def model(release, name):
        if (release, name) not in made:
            producer = Producer(RELEASES[release], release.rpartition("-")[2])
            config = json.loads((GOLDEN / release / "inputs.json").read_text())["models"][name]
            made[release, name] = Model(Description("test", name, producer, read_model(config, producer)))
        return made[release, name]

    return model


def ask(model, method, expression):
    x = eval(expression)
    size = None
    if isinstance(x, batch):
        x, size = x.x, x.size
    if method == "predict":
        return model.predict(x, batch_size=size, verbose=0)
    if method == "steps":
        return model.predict(x, steps=2, verbose=0)
    return model.predict_on_batch(x) if method == "on_batch" else model(x)


def described(answer):
    if isinstance(answer, dict):
        return {key: described(value) for key, value in answer.items()}
    if isinstance(answer, (list, tuple)):
        return [described(part) for part in answer]
    array = np.asarray(answer)
    values = array.reshape(-1).tolist() if array.size <= 24 else [float(array.sum())]
    return {"dtype": str(array.dtype), "shape": list(array.shape), "values": [repr(v) for v in values]}


@pytest.mark.filterwarnings("ignore:the data ended")
@pytest.mark.parametrize(("release", "case"), list(cases()))
def test_takes_what_keras_takes(models, release, case):
    key = f"{case['model']} {case['method']} {case['x']}"
    model = models(release, case["model"])
    if "error" in case and key not in LENIENT or "answer" in case and key in STRICTER:
        with pytest.raises(InputMismatch):
            ask(model, case["method"], case["x"])
    else:
        answer = described(ask(model, case["method"], case["x"]))
        assert "error" in case or answer == case["answer"]
