"""A Bidirectional whose outputs at masked steps are no zeros, as up to Keras 2.3, made of recurrent layers of today.

Today's Bidirectional shows zeros there whatever its layers say; they alone give what they gave at the step before. Turning the sequence
around again loses the mask, which a third layer shows: a SimpleRNN of one unit that gives 1, and 0 at masked steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from loadstone.ir import Graph, Layer, Node, Output, Structure, Tensor


def apart(layer: Layer, given: tuple[int | None, ...] | None) -> Layer:
    """The model of both directions under the layer's name; the layer itself where that is not the same.

    given: the shape of its input (batch, time, n).
    """
    forward, backward = layer.children.get("forward_layer"), layer.children.get("backward_layer")
    merge = layer.config.get("merge_mode", "concat")
    if layer.config.get("zeros_masked") != "never" or merge is None or given is None or given[-1] is None:
        return layer
    if (
        forward is None
        or backward is None
        or "units" not in forward.config
        or not forward.config.get("return_sequences")
        or forward.config.get("return_state")
    ):
        return layer
    chain = _Calls(layer, given)
    one = chain.call(chain.named(forward, "forward"), chain.x)
    other = chain.call(chain.named(backward, "backward"), chain.x)
    both = chain.merged(str(merge), one, chain.operation("Flip", other, axis=1))
    shown = chain.operation("Squeeze", chain.call(_shown(chain, given[-1]), chain.x), axis=-1)
    width = int(forward.config["units"]) * (2 if merge == "concat" else 1)
    passing = _Calls(layer, (*given[:2], width), "_masked")
    passed = passing.ended(passing.call(passing.made("Identity", "passed"), passing.x), f"{layer.name}_masked")
    return chain.ended(chain.call(passed, both, mask=chain.operation("Cast", shown, dtype="bool")), layer.name)


def _shown(chain: _Calls, features: int) -> Layer:
    """1 at each step of (batch, time, features), 0 where it is masked."""
    weights = {"kernel": np.zeros((features, 1)), "recurrent_kernel": np.zeros((1, 1)), "bias": np.ones(1)}
    config = {"units": 1, "activation": "linear", "use_bias": True, "return_sequences": True, "zero_output_for_mask": True}
    made = chain.made("SimpleRNN", "shown", **config)
    made.weights = {name: Tensor.of(array.astype(np.float32)) for name, array in weights.items()}
    made.trainable = False
    return made


class _Calls:
    """A Functional model in the making, whose layers have names that begin with that of the layer it stands for."""

    def __init__(self, layer: Layer, given: Sequence[int | None], suffix: str = "") -> None:
        self.layer, self.stem = layer, f"{layer.name}{suffix}"
        entry = Layer("InputLayer", f"{self.stem}_input", {"batch_shape": list(given), "dtype": layer.policy.compute})
        self.nodes = [Node("keras", "InputLayer", entry.name, layer=entry)]
        self.x = Output(self.nodes[0])

    def named(self, inner: Layer, name: str) -> Layer:
        return replace(inner, name=f"{self.stem}_{name}", path=f"{self.layer.path}/{self.stem}_{name}")

    def made(self, class_name: str, name: str, **config: Any) -> Layer:
        return self.named(Layer(class_name, name, config, policy=self.layer.policy), name)

    def operation(self, class_name: str, x: Structure, **config: Any) -> Output:
        number = sum(node.domain == "keras.ops" for node in self.nodes)
        return self.call(Layer(class_name, f"{self.stem}_{class_name.lower()}_{number}", config, domain="keras.ops"), x)

    def merged(self, mode: str, one: Output, other: Output) -> Output:
        """Both directions together; masks change no numbers here."""
        if mode == "concat":
            return self.operation("Concatenate", [one, other], axis=-1)
        if mode == "ave":
            return self.call(self.made("Average", "merged"), [one, other])
        inner = Layer({"sum": "Add", "mul": "Multiply"}[mode], f"{self.stem}_merged", {}, domain="keras.ops")
        self.nodes.append(Node(inner.domain, inner.class_name, inner.name, (one, other), layer=inner))
        return Output(self.nodes[-1])

    def call(self, inner: Layer, x: Structure, **kwargs: Structure) -> Output:
        self.nodes.append(Node(inner.domain, inner.class_name, inner.name, (x,), kwargs, inner))
        return Output(self.nodes[-1])

    def ended(self, end: Output, name: str) -> Layer:
        listed = [node.layer for node in self.nodes if node.layer is not None]
        graph = Graph(self.nodes, [self.nodes[0]], self.x, end, listed)
        return Layer("Functional", name, {}, graph=graph, trainable=self.layer.trainable, path=self.layer.path)
