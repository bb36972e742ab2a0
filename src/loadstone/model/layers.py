"""`LayerView`: a layer of a loaded model, to look at."""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np

from loadstone.ir import Layer, Policy
from loadstone.model.outline import Outline, Shape, Weight, count


class LayerView:
    """A layer: what it is, its config in today's spelling, its weights and shapes. Nothing of it can be changed."""

    def __init__(self, layer: Layer, outline: Outline) -> None:
        self._layer = layer
        self._outline = outline

    @property
    def name(self) -> str:
        return self._layer.name

    @property
    def class_name(self) -> str:
        """The class as today's Keras calls it, whatever the release that saved the file."""
        return self._layer.class_name

    @property
    def path(self) -> str:
        """Where the layer is in the model ("encoder/lstm")."""
        return self._layer.path

    @property
    def config(self) -> dict[str, Any]:  # a config holds whatever JSON and the caller's objects hold
        return dict(self._layer.config)

    def get_config(self) -> dict[str, Any]:
        """As `config`."""
        return self.config

    @property
    def trainable(self) -> bool:
        return self._layer.trainable

    @property
    def dtype_policy(self) -> Policy:
        return self._layer.policy

    @property
    def weights(self) -> list[Weight]:
        """The layer's weights and those of the layers inside, unread until their values are asked for."""
        return self._outline.weights(self._layer)

    @property
    def trainable_weights(self) -> list[Weight]:
        return [weight for weight in self.weights if weight.trainable]

    @property
    def non_trainable_weights(self) -> list[Weight]:
        return [weight for weight in self.weights if not weight.trainable]

    def get_weights(self) -> list[np.ndarray]:
        """The values of all weights, in the order of `weights`."""
        return [weight.numpy() for weight in self.weights]

    def count_params(self) -> int:
        """Number of parameters."""
        return count(self.weights)

    @property
    def input_shape(self) -> Shape | list[Shape | None] | None:
        """Shape that the layer was called on, a list where it took several tensors, None where it is not known."""
        return _alone(self._outline.input_shapes(self._layer))

    @property
    def output_shape(self) -> Shape | list[Shape | None] | None:
        """Shape that the layer's last call returned, a list where it returned several tensors, None where it is not known."""
        return _alone(self._outline.output_shapes(self._layer))

    @property
    def layers(self) -> list[LayerView]:
        """The layers of a nested model, or of a wrapper."""
        if self._layer.graph is None:
            return [LayerView(child, self._outline) for child in self._layer.children.values()]
        return views(self._outline.nested(self._layer))

    def get_layer(self, name: str | None = None, index: int | None = None) -> LayerView:
        """A layer of a nested model."""
        return find(self.layers, name, index)

    def __repr__(self) -> str:
        return f"<{self.class_name} '{self.name}': {self.count_params():,} parameters, output {self.output_shape}>"


def views(outline: Outline) -> list[LayerView]:
    """The layers of a model; operations such as `x + 1` are none, as in Keras."""
    return [LayerView(layer, outline) for layer in outline.layers if layer.domain == "keras"]


def find(layers: list[LayerView], name: str | None, index: int | None) -> LayerView:
    """A layer by its name or by its place. Raises ValueError as Keras does."""
    if (name is None) == (index is None):
        raise ValueError("get_layer takes a name or an index")
    if index is not None:
        if not -len(layers) <= index < len(layers):
            raise ValueError(f"there is no layer {index}: the model has {len(layers)}")
        return layers[index]
    found = next((layer for layer in layers if layer.name == name), None)
    if found is None:
        names = [layer.name for layer in layers]
        near = difflib.get_close_matches(str(name), names, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(map(repr, near))}? " if near else ""
        raise ValueError(f"no such layer: {name!r}. {hint}Existing layers are: {names}")
    return found


def _alone(shapes: list[Shape | None] | None) -> Shape | list[Shape | None] | None:
    return shapes[0] if shapes is not None and len(shapes) == 1 else shapes
