"""`evaluate`: loss and metrics of a model on data, as Keras reports them.

keras/src/trainers/trainer.py of Keras 3: each batch gives one loss (the sum over outputs, plus the regularization of trainable
weights), and their mean weighted by samples is reported; metrics run through all batches.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from loadstone.errors import InputMismatch, ModelError
from loadstone.ir import Graph, Layer, Node, Output, flatten
from loadstone.ir import Model as Description
from loadstone.model import batches
from loadstone.model.losses import Array, reduced
from loadstone.model.metrics import Metric
from loadstone.model.outline import Outline
from loadstone.model.progress import Progress
from loadstone.model.training import Training, read_training

if TYPE_CHECKING:
    from loadstone.model.model import Model

Step = tuple[
    list[Array], list[Array | None], list[Array | None], list[Array | None]
]  # of each output: predictions, logits, labels, weights
_REGULARIZED = {"kernel": "kernel", "bias": "bias", "recurrent": "recurrent_kernel", "gamma": "gamma", "beta": "beta"}
_REGULARIZED |= {"depthwise": "depthwise_kernel", "pointwise": "pointwise_kernel", "embeddings": "embeddings", "alpha": "alpha"}


def evaluate(model: Model, x: Any, y: Any, weights: Any, batch_size: int | None, steps: int | None, bar: Progress) -> dict[str, float]:
    """Results by name, in the order in which Keras lists them. Raises ModelError, InputMismatch."""
    outline = model._outline
    names = labels_of(outline)
    training = _training(model, names)
    penalty = regularization(outline)
    runner, logits = _with_logits(model)
    results = _Results(names, training, penalty)
    for number, step in enumerate(_steps(runner, logits, names, x, y, weights, batch_size, steps), 1):
        results.update(*step)
        bar.update(number)
    bar.finish()
    return results.named()


def labels_of(outline: Outline) -> list[str]:
    """What losses and metrics call the outputs: keys of a dict of outputs, else the names of their layers."""
    structure = outline.graph.outputs
    if isinstance(structure, Mapping):
        if any(not isinstance(leaf, Output) for leaf in structure.values()):
            raise ModelError("evaluate is for outputs that are one, a list or a dict; these are nested deeper")
        return sorted(structure)
    return [leaf.node.name for leaf in flatten(structure)]


def _training(model: Model, names: list[str]) -> Training:
    config = model.training_config
    if config is None or not model._compilation.compiled:
        why = (
            "the model was loaded with compile=False"
            if config is not None
            else "the file has no training config: it was saved before compile"
        )
        raise ModelError(f"there is nothing to evaluate: {why}", hint="compute losses and metrics from what predict returns")
    for leaf in flatten(model._outline.graph.outputs):
        if model._outline.masked(leaf):
            raise ModelError(f"output '{leaf.node.name}' carries a mask, which losses and metrics would have to follow: evaluate cannot")
    return read_training(config, names)


class _Results:
    """Running results."""

    def __init__(self, names: list[str], training: Training, penalty: float) -> None:
        self.names = names
        self.training = training
        self.penalty = penalty
        self.samples = 0
        self.total = 0.0
        self.losses = [0.0] * len(names)
        self.metrics: list[list[Metric]] = []

    def update(self, predicted: list[Array], logits: list[Array | None], labels: list[Array | None], weights: list[Array | None]) -> None:
        """One batch."""
        rows = len(predicted[0])
        self.samples += rows
        total = self.penalty
        if not self.metrics:
            self.metrics = [
                [metric.make(y, p) for metric in metrics] if y is not None else []
                for metrics, y, p in zip(self.training.metrics, labels, predicted, strict=True)
            ]
        for i, (p, x, y, w) in enumerate(zip(predicted, logits, labels, weights, strict=True)):
            loss = self.training.losses[i]
            if y is None:
                continue
            if loss is not None:
                value = _value(loss, p, x, y, w)
                self.losses[i] += value * rows
                total += value * loss.weight
            for metric, spec in zip(self.metrics[i], self.training.metrics[i], strict=True):
                metric.update(y, p, w if spec.weighted else None, x)
        self.total += total * rows

    def named(self) -> dict[str, float]:
        """loss, then metrics and losses of single outputs, as `Trainer._flatten_metrics_in_order` lists them."""
        found = {"loss": self.total / self.samples}
        several = len(self.names) > 1
        if several and sum(loss is not None for loss in self.training.losses) > 1:
            rows = zip(self.names, self.training.losses, self.losses, strict=True)
            found.update({f"{name}_loss": total / self.samples for name, loss, total in rows if loss is not None})
        later: dict[str, float] = {}
        for name, specs, metrics in zip(self.names, self.training.metrics, self.metrics, strict=True):
            for spec, metric in zip(specs, metrics, strict=False):
                stem = f"{name}_" if several and not spec.name.startswith(f"{name}_") else ""  # tf.keras 2 stores it with the name
                key = _unused(stem + spec.name, f"{stem}weighted_{spec.name}", spec.weighted, {**found, **later})
                later[key] = float(metric.result())
        return {**found, **(dict(sorted(later.items())) if several else later)}


def _unused(name: str, weighted_name: str, weighted: bool, taken: Mapping[str, float]) -> str:
    """A name that no metric has yet, numbered as Keras numbers them."""
    if name not in taken:
        return name
    stem = weighted_name if weighted else name
    if weighted and stem not in taken:
        return stem
    number = 1
    while f"{stem}_{number}" in taken:
        number += 1
    return f"{stem}_{number}"


def _value(loss: Any, p: Array, logits: Array | None, y: Array, weights: Array | None) -> float:
    function = loss.choose(y, p)
    extra = {"logits": logits} if function.logits else {}
    try:
        return reduced(np.asarray(function.function(y, p, **loss.options, **extra)), weights, loss.reduction)
    except ValueError as error:  # numpy: shapes that do not go together
        raise InputMismatch(f"labels of shape {y.shape} do not fit predictions of shape {p.shape}: {error}") from error


# -- data -------------------------------------------------------------------------------------------------------------


def _steps(
    runner: Model, logits: list[int | None], names: list[str], x: Any, y: Any, weights: Any, batch_size: int | None, steps: int | None
) -> Iterator[Step]:
    if batches.is_batched(x):
        if y is not None or weights is not None:
            raise InputMismatch("batches hold their own labels and weights: y and sample_weight are for arrays")
        for data, labels, heavy in batches.batches(x, steps):
            outputs = runner._executor.run(runner._inputs.samples(data))
            yield (*_split(outputs, logits), _per_output(labels, names, "labels"), _per_output(heavy, names, "sample_weight", spread=True))
        return
    arrays = runner._inputs.samples(x)
    rows = len(arrays[0])
    size = runner._batch_size(batch_size, rows, steps)
    taken = min(rows, size * steps) if steps is not None else rows
    outputs = runner._executor.predict([array[:taken] for array in arrays], size)
    columns = (*_split(outputs, logits), _per_output(y, names, "labels"), _per_output(weights, names, "sample_weight", spread=True))
    wrong = [len(part) for part in columns[2] + columns[3] if part is not None and len(part) != rows]
    if wrong or not rows:
        raise InputMismatch(f"x has {rows} samples, labels or weights have {wrong[0]}" if wrong else "there are no samples")
    for number in range(math.ceil(taken / size)):
        rows_of = slice(number * size, min((number + 1) * size, taken))
        predicted, before, labels, heavy = ([None if part is None else part[rows_of] for part in column] for column in columns)
        yield [part for part in predicted if part is not None], before, labels, heavy


def _split(outputs: list[Array], logits: list[int | None]) -> tuple[list[Array], list[Array | None]]:
    """Predictions and logits, as float32, out of what the runner gives."""
    return [_floats(part) for part in outputs[: len(logits)]], [None if at is None else _floats(outputs[at]) for at in logits]


def _floats(array: Any) -> Array:
    return np.asarray(array).astype(np.float32, copy=False)


def _per_output(given: Any, names: list[str], what: str, spread: bool = False) -> list[Array | None]:
    """Labels or weights of each output as float32. One array of weights may be for all (`spread`)."""
    if given is None:
        return [None] * len(names)
    if isinstance(given, Mapping):
        if set(given) - set(names):
            raise InputMismatch(f"{what} are given for {sorted(given)}; the outputs are {names}")
        return [None if given.get(name) is None else _floats(given[name]) for name in names]
    if len(names) == 1:
        only = given[0] if isinstance(given, (list, tuple)) and len(given) == 1 and np.ndim(given[0]) else given
        return [_floats(only)]
    if isinstance(given, (list, tuple)) and len(given) == len(names):
        return [None if part is None else _floats(part) for part in given]
    if spread and np.ndim(given) == 1:
        return [_floats(given)] * len(names)
    raise InputMismatch(f"{what} should be {len(names)} arrays, in a list or a dict by the names {names}")


# -- logits -----------------------------------------------------------------------------------------------------------


def _with_logits(model: Model) -> tuple[Model, list[int | None]]:
    """The model with the logits of its outputs besides, and where each output's are; None where it has none.

    Files of other backends than TensorFlow compute crossentropies from probabilities. A model with state stays what it is.
    """
    from loadstone.model.model import Model

    outline, graph = model._outline, model._outline.graph
    leaves: list[Output] = flatten(graph.outputs)
    twins = {i: twin for i, leaf in enumerate(leaves) if (twin := _linear(leaf, model)) is not None}
    if not twins or model._program.states or model.producer.backend in ("jax", "torch", "numpy"):
        return model, [None] * len(leaves)
    order = list(twins)
    outputs = leaves + [Output(twins[i]) for i in order]
    listed = graph.layers() + [node.layer for node in twins.values() if node.layer is not None]
    more = Graph([*graph.nodes, *twins.values()], graph.inputs, graph.input_structure, outputs, listed)
    root = dataclasses.replace(outline.root, graph=more, class_name="Functional")
    description: Description = dataclasses.replace(model._description, root=root, findings=[])
    return Model(description, model._compilation), [len(leaves) + order.index(i) if i in twins else None for i in range(len(leaves))]


def _linear(leaf: Output, model: Model) -> Node | None:
    """The call of the layer that gives an output, without its softmax or sigmoid."""
    layer = leaf.node.layer
    if layer is None or layer.given is not None or layer.graph is not None or leaf.index or layer.policy.compute != "float32":
        return None
    if layer.class_name == "Softmax" and layer.domain == "keras" and layer.config.get("axis", -1) == -1 and not leaf.node.kwargs:
        twin = Layer("Activation", f"{layer.name}_logits", {"activation": "linear"}, path=f"{layer.path}_logits")
    elif layer.config.get("activation") in ("softmax", "sigmoid") and "recurrent_activation" not in layer.config:
        twin = dataclasses.replace(layer, name=f"{layer.name}_logits", config={**layer.config, "activation": "linear"})
    else:
        return None
    return dataclasses.replace(leaf.node, op=twin.class_name, name=twin.name, layer=twin)


# -- regularization ---------------------------------------------------------------------------------------------------


def regularization(outline: Outline) -> float:
    """The sum of the penalties on weights. Raises ModelError where a regularizer is not built in.

    Keras 3 counts trainable weights alone, tf.keras 2 all.
    """
    total, lacking = 0.0, []
    everything = outline.description.producer.release < (3,)
    counted = {id(weight.tensor) for weight in outline.weights() if weight.trainable or everything}
    for layer in outline.root.walk():
        for key, stored in layer.config.items():
            if not key.endswith("_regularizer") or not stored:
                continue
            tensor = layer.weights.get(_REGULARIZED.get(key.removesuffix("_regularizer"), ""))
            factors = _factors(stored)
            if factors is None or (tensor is None and key != "bias_regularizer"):
                lacking.append(f"  - {key} of {layer.path}: {stored}")
            elif tensor is not None and id(tensor) in counted:
                values = tensor.numpy().astype(np.float64)
                total += factors[0] * float(np.abs(values).sum()) + factors[1] * float(np.square(values).sum())
        if layer.class_name == "ActivityRegularization" and (layer.config.get("l1") or layer.config.get("l2")):
            lacking.append(f"  - the ActivityRegularization layer {layer.path}")
    if lacking:
        raise ModelError(
            "the loss has parts that evaluate does not have:\n" + "\n".join(lacking),
            hint="predict works; compute the loss from its outputs",
        )
    return total


def _factors(stored: Any) -> tuple[float, float] | None:
    """Of an L1, L2 or L1L2 regularizer."""
    if isinstance(stored, str):
        return {"l1": (0.01, 0.0), "l2": (0.0, 0.01), "l1_l2": (0.01, 0.01)}.get(stored)
    if not isinstance(stored, Mapping) or stored.get("class_name") not in ("L1", "L2", "L1L2"):
        return None
    config = stored.get("config") or {}
    return float(config.get("l1") or 0.0), float(config.get("l2") or 0.0)
