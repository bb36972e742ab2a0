"""Recurrent layers, wrappers, embeddings and masks against what each release computed (tests/golden/make_recurrent.py)."""

import json
from pathlib import Path

import numpy as np
import pytest

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.frontends.keras.config import read_model
from loadstone.ir import Layer, Model, Producer, Tensor
from loadstone.lowering.lower import lower
from loadstone.runtime.executor import Executor

GOLDEN = Path(__file__).parents[1] / "golden" / "recurrent"
TOLERANCE = {"float64": (1e-9, 1e-9), "float16": (1e-2, 5e-3), "bfloat16": (3e-2, 2e-2)}


class Goldens:
    """The cases of one release, their arrays unpacked when asked for."""

    def __init__(self, path: Path) -> None:
        packed = np.load(path)
        index = json.loads(packed["index"].tobytes())
        library, _, version = index["version"].rpartition("-")
        self.producer = Producer(library, "2.4.0" if version == "2.3.4" else version)  # TensorFlow 2.3 calls its Keras 2.4.0
        self.cases = index["cases"]
        self._packed = {"i": packed["integers"], "f": packed["floats"], "d": packed["doubles"] if "doubles" in packed else packed["floats"]}

    def array(self, entry: list) -> np.ndarray:
        kind, at, shape, dtype = entry
        flat = self._packed[kind][at : at + int(np.prod(shape, dtype=int))].astype(np.float64)
        if kind == "i" and "float" in dtype:
            flat = flat / 32
        return flat.reshape(shape).astype("float32" if dtype == "bfloat16" else dtype)


ALL = {path.stem: Goldens(path) for path in sorted(GOLDEN.glob("*.npz"))}


def load(goldens: Goldens, case: dict) -> Model:
    """The model of a case with its weights in place."""
    root = read_model(case["config"], goldens.producer)
    wanted = {path: Tensor.of(goldens.array(entry)) for path, entry in case["weights"].items()}
    _fill(root, "", wanted)
    assert not wanted, f"nobody took {list(wanted)}"
    return Model("golden", "", goldens.producer, root)


def _fill(layer: Layer, prefix: str, wanted: dict[str, Tensor]) -> None:
    inside = {inner.name: inner for inner in layer.layers()} if layer.graph is not None else layer.children
    for key, inner in inside.items():
        _fill(inner, f"{prefix}{key}/", wanted)
    for path in [path for path in wanted if path.startswith(prefix) and "/" not in path[len(prefix) :].replace("cells/", "")]:
        if not inside:
            layer.weights[path[len(prefix) :]] = wanted.pop(path)


@pytest.mark.parametrize(("release", "name"), [(release, name) for release, goldens in ALL.items() for name in goldens.cases])
def test_computes_what_the_release_computed(release: str, name: str) -> None:
    goldens = ALL[release]
    case = goldens.cases[name]
    executor = Executor(lower(load(goldens, case)))
    for given, expected in zip(case["inputs"], case["outputs"], strict=True):
        inputs = [goldens.array(entry).astype(spec.dtype, copy=False) for entry, spec in zip(given, executor.program.inputs, strict=True)]
        results = executor.run(inputs)
        assert len(results) == len(expected)
        for result, entry in zip(results, expected, strict=True):
            rtol, atol = TOLERANCE.get(entry[3], (1e-4, 1e-5))
            assert str(result.dtype) == entry[3]
            np.testing.assert_allclose(np.asarray(result, np.float64), goldens.array(entry), rtol, atol)


# -- what is refused, by name -----------------------------------------------------------------------------------------------


def chain(*layers: dict, shape: tuple = (5, 2), batch: int | None = None, version: str = "3.15.1") -> Model:
    """A Sequential model of layers, without weights."""
    entry = {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [batch, *shape], "dtype": "float32"}}
    config = {"class_name": "Sequential", "config": {"name": "m", "layers": [entry, *layers]}}
    return Model("golden", "", Producer("keras", version), read_model(config, Producer("keras", version)))


def layer(class_name: str, **config: object) -> dict:
    return {"class_name": class_name, "module": "keras.layers", "config": {"name": class_name.lower(), "trainable": True, **config}}


def with_weights(model: Model, **shapes: tuple[int, ...]) -> Model:
    for inner in model.root.walk() if model.root else ():
        if inner.class_name in ("GRU", "LSTM", "SimpleRNN"):
            inner.weights.update({name: Tensor.of(np.ones(shape, np.float32)) for name, shape in shapes.items()})
    return model


def test_a_stateful_layer_needs_a_fixed_batch() -> None:
    model = with_weights(chain(layer("SimpleRNN", units=3, stateful=True)), kernel=(2, 3), recurrent_kernel=(3, 3), bias=(3,))
    with pytest.raises(ModelError, match="a stateful SimpleRNN needs a fixed batch size"):
        lower(model)


def test_a_kernel_of_another_size_is_named() -> None:
    model = with_weights(chain(layer("LSTM", units=3)), kernel=(2, 9), recurrent_kernel=(3, 12), bias=(12,))
    with pytest.raises(ModelError, match=r"the kernel of a LSTM with 3 units has shape \(2, 9\), expected \(2, 12\)"):
        lower(model)


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(UnsupportedAttribute, match="LSTM with peephole=True"):
        lower(chain(layer("LSTM", units=3, peephole=True)))


def test_a_cell_that_is_none_is_refused() -> None:
    model = chain(layer("RNN", cell=layer("Dense", units=3, activation="linear", use_bias=True)))
    with pytest.raises(UnsupportedAttribute, match="a Dense inside a layer that takes SimpleRNNCell, LSTMCell, GRUCell"):
        lower(model)


def test_steps_that_see_each_other_need_a_known_number() -> None:
    model = chain(layer("TimeDistributed", layer=layer("GRU", units=3, stateful=True)), shape=(None, 4, 2), batch=2)
    with pytest.raises(UnsupportedAttribute, match="TimeDistributed around GRU, whose rows see each other, on a sequence of free length"):
        lower(model)


def test_the_reset_gate_of_old_files_comes_first() -> None:
    old, new = (chain(layer("GRU", units=3), version=version).root for version in ("2.4.0", "3.0.0"))
    assert old is not None and new is not None
    assert old.layers()[-1].config["reset_after"] is False
    assert "reset_after" not in new.layers()[-1].config


def test_each_direction_of_an_rnn_has_cells_of_its_own() -> None:
    wrapped = layer("Bidirectional", layer=layer("RNN", cell=layer("LSTMCell", units=3), return_sequences=True), merge_mode="sum")
    both = chain(wrapped, version="2.15.0").root
    assert both is not None
    forward, backward = both.layers()[-1].children.values()
    assert forward.children["cell"] is not backward.children["cell"]
    assert (forward.config.get("go_backwards", False), backward.config["go_backwards"]) == (False, True)
