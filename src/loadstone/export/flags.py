"""Which layers of a model train, in flags that say the same in every Keras.

Before Keras 3 a layer trained where all around it did too (`trainable_weights` of keras/engine/base_layer.py in tf.keras 2). Keras 3 asks
each layer, and of those around it the whole model alone (`trainable_variables` of keras/src/layers/layer.py).
"""

from __future__ import annotations

from loadstone.ir import Layer


def trains(root: Layer, inherits: bool) -> dict[int, bool]:
    """The flag of each layer of a model, by its id. inherits: the model is of a release before Keras 3.

    A layer that is called at several places trains where it does at one of them.
    """
    flags: dict[int, bool] = {}
    weights: dict[int, bool] = {}  # whether one of a layer's, or of those inside it, trains

    def enter(layer: Layer, around: bool) -> bool:
        flag = layer.trainable and around
        if flag > flags.get(id(layer), -1):
            flags[id(layer)] = flag
            inside = [enter(inner, flag if inherits else around) for inner in layer.layers()]
            flags[id(layer)] = flag or any(inside)
            weights[id(layer)] = any(inside) or (flag and bool(layer.weights))
        return weights[id(layer)]

    enter(root, root.trainable)
    return flags
